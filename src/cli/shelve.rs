//! Options of `shelve`.

use std::path::PathBuf;

use clap::Args;

/// Options of `shelve`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = HELP)]
pub struct Shelve {
    /// Event table to put on the shelf, in the order of time (.parquet)
    #[arg(long, value_name = "FILE", requires = "scores", required_unless_present = "compact")]
    pub events: Option<PathBuf>,
    /// What `sweep --out` wrote of this table
    #[arg(long, value_name = "FILE", requires = "events")]
    pub scores: Option<PathBuf>,
    /// Folder of the shelf: it is made, or added to
    #[arg(long, value_name = "DIR")]
    pub shelf: PathBuf,
    /// Join what several tables brought of each package, and give back the space
    #[arg(long)]
    pub compact: bool,
    /// Folder for what does not fit into memory: some 35 bytes a publish [default: the system's]
    #[arg(long, value_name = "DIR")]
    pub work: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

const HELP: &str = "Puts the publishes of a registry on a shelf by package, so that `gaitkeeper investigate PKG@VERSION --shelf DIR` reads \
what the release depends on and no more, however large the registry is. A later table, with its scores, is added to what is there.

Examples:
  gaitkeeper sweep --events registry.parquet --habits habits --out scores.parquet
  gaitkeeper shelve --events registry.parquet --scores scores.parquet --shelf shelf
  gaitkeeper investigate left-pad@1.3.0 --shelf shelf
  gaitkeeper shelve --shelf shelf --compact      now and then, after many nights";
