//! Options that say which publishes teach what is usual.

use std::path::PathBuf;

use clap::Args;

/// What was concluded about alerts.
#[derive(Clone, Debug, Args)]
pub struct Desk {
    /// Conclusions about publishes (CSV: registry,package,version,verdict[,reason]; benign, malicious or unsure):
    /// malicious ones teach nothing, benign ones at once. They have no time: the past is judged as known today. About
    /// the same release they go before those that `gaitkeeper review` keeps in the archive, which are read anyway
    #[arg(long, value_name = "FILE")]
    pub verdicts: Option<PathBuf>,
    /// Judge as if the archive held no verdicts
    #[arg(long)]
    pub no_stored_verdicts: bool,
    /// Keep alerts without a verdict from teaching their package for 30 days. For desks that give verdicts within days:
    /// without them what an owner changed is alerted again and again
    #[arg(long)]
    pub hold_alerts: bool,
}
