//! `nightly`, `config` and `notify`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::desk::Desk;
use super::output::Others;
use super::review::Quiet;
use super::{Fetching, argument};
use crate::detect::calibration::Budget;

/// What the help of `nightly` ends with.
pub const NIGHTLY_HELP: &str =
    "For cron or a timer. Settings are in gaitkeeper.toml: [nightly], [notify], [metrics]. A run that was ended before \
its time is finished by the next one, and nothing is sent twice.

Exit codes: 0 done, 10 findings at or above --fail-on, 4 done, but a registry, a receiver or a place to write failed, \
5 another nightly is running on this archive, 1 the tool failed, 2 wrong usage, 3 the archive is empty.

Examples:
  gaitkeeper nightly --archive ./archive
  gaitkeeper nightly --archive ./archive --no-fetch --dry-run";

/// Options of `nightly`.
#[derive(Debug, Args)]
pub struct Nightly {
    /// Beginning of the first night: a time, or 30d, 12h before now. Later nights judge what came since the last one
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub since: String,
    /// Alerts that you are willing to read, as a share of publishes [default: nightly.budget, which is 1/1000]
    #[arg(long, value_name = "SHARE", value_parser = argument::<Budget>)]
    pub budget: Option<Budget>,
    /// Exit with 10 when a finding of the night is at least this rare, for example 1/10000
    #[arg(long, value_name = "SHARE", value_parser = argument::<Budget>)]
    pub fail_on: Option<Budget>,
    /// Judge what the archive holds; for archives that `watch` keeps up to date
    #[arg(long)]
    pub no_fetch: bool,
    /// Fetch nothing, remember nothing, send nothing: show what would be sent
    #[arg(long)]
    pub dry_run: bool,
    /// How to fetch.
    #[command(flatten)]
    pub fetching: Fetching,
    /// Whom to ask.
    #[command(flatten)]
    pub others: Others,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
    /// What is kept quiet.
    #[command(flatten)]
    pub quiet: Quiet,
}

/// Options of `config`.
#[derive(Debug, Args)]
pub struct Config {
    /// What to do.
    #[command(subcommand)]
    pub action: ConfigAction,
}

/// What can be done with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Write a gaitkeeper.toml with every key and its default; what is there is left alone
    #[command(after_help = "Example: gaitkeeper config init")]
    Init {
        /// File to write
        #[arg(value_name = "FILE", default_value = "gaitkeeper.toml")]
        file: PathBuf,
    },
    /// Say every problem at once, and what is in effect and from where
    #[command(after_help = "Example: gaitkeeper config check --config gaitkeeper.toml")]
    Check {
        /// Configuration instead of ./gaitkeeper.toml
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Show the hash of what is in effect, as reports of nights hold it; secrets are not in it
    #[command(after_help = "Example: gaitkeeper config hash")]
    Hash {
        /// Configuration instead of ./gaitkeeper.toml
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Options of `notify`.
#[derive(Debug, Args)]
pub struct Notify {
    /// What to do.
    #[command(subcommand)]
    pub action: NotifyAction,
}

/// What can be done with channels.
#[derive(Debug, Subcommand)]
pub enum NotifyAction {
    /// Send a test message to every configured channel
    #[command(after_help = "Example: gaitkeeper notify test")]
    Test {
        /// Configuration instead of ./gaitkeeper.toml
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}
