//! Options of the commands that measure on a whole history.

use std::path::PathBuf;

use clap::Args;

use super::desk::Desk;

/// Options of `backtest`.
#[derive(Debug, Args)]
pub struct Backtest {
    /// Event table (Parquet or CSV)
    #[arg(long, value_name = "FILE")]
    pub events: PathBuf,
    /// Table of attacks (Parquet: the same columns, campaign, instance, fold)
    #[arg(long, value_name = "FILE")]
    pub attacks: Option<PathBuf>,
    /// The run whose attacks take part
    #[arg(long, value_name = "N", default_value_t = 0, requires = "attacks")]
    pub fold: i64,
    /// Scores, one row an event (.csv or .parquet)
    #[arg(long, value_name = "FILE")]
    pub scores: PathBuf,
    /// Surprise of every signal at every event, in bits (.parquet)
    #[arg(long, value_name = "FILE")]
    pub surprises: Option<PathBuf>,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
}

/// Options of `evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Event table (Parquet or CSV)
    #[arg(long, value_name = "FILE")]
    pub events: PathBuf,
    /// Table of attacks
    #[arg(long, value_name = "FILE")]
    pub attacks: PathBuf,
    /// List of incidents (CSV) that says when malicious versions were reported or removed
    #[arg(long, value_name = "FILE")]
    pub incidents: Option<PathBuf>,
    /// Write plots as well: one self-contained page (.html)
    #[arg(long, value_name = "FILE")]
    pub plots: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `survey`.
#[derive(Debug, Args)]
pub struct Survey {
    /// Event table (Parquet or CSV)
    #[arg(long, value_name = "FILE")]
    pub events: PathBuf,
}
