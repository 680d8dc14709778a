//! Options of `sweep`.

use std::path::PathBuf;

use clap::Args;

use super::argument;
use crate::detect::calibration::Budget;

/// Options of `sweep`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = HELP)]
pub struct Sweep {
    /// Event table to judge, in the order of time (.parquet)
    #[arg(long, value_name = "FILE")]
    pub events: PathBuf,
    /// Write the score and the p-value of every publish to this table (.parquet)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Count publishes that are at least this rare
    #[arg(long, value_name = "SHARE", default_value = "1/1000", value_parser = argument::<Budget>)]
    pub budget: Budget,
    /// List so many of them, the rarest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
    /// Folder for what does not fit into memory: some 200 bytes a publish [default: the system's]
    #[arg(long, value_name = "DIR")]
    pub work: Option<PathBuf>,
    /// Folder where what was learnt is kept: a later table goes on from there, and costs what it brings
    #[arg(long, value_name = "DIR")]
    pub habits: Option<PathBuf>,
    /// The table is the whole history: learn it again in place of what is kept in --habits
    #[arg(long, requires = "habits")]
    pub rebuild: bool,
    /// Tables before this one, in their order: learnt first where --habits holds nothing that can be gone on with
    #[arg(long, value_name = "FILE", requires = "habits", conflicts_with = "rebuild", num_args = 1..)]
    pub history: Vec<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

const HELP: &str =
    "Judges every publish of a table from what came before it, however large the table is: it is read once and \
parted on disk, by account and by package. Scores and p-values are those that `score` and `backtest` give. What people \
concluded is not taken up, and nothing is explained: ask `investigate` about one release. Where --history names \
the tables before this one, habits that are missing, damaged, or of another version or model are learnt from them \
first.

Examples:
  gaitkeeper sweep --events registry.parquet --out scores.parquet
  gaitkeeper sweep --events registry.parquet --budget 1/10000 --top 50
  gaitkeeper sweep --events registry.parquet --habits habits   keep what it taught
  gaitkeeper sweep --events night.parquet --habits habits      and go on from there
  gaitkeeper sweep --events night.parquet --habits habits --history registry.parquet";
