//! Options of `simulate`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::engine::simulate::worms::WORMS;

/// Options of `simulate`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = HELP)]
pub struct Simulate {
    /// Write so many publishes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), required_unless_present_any = ["fit", "check"])]
    pub events: Option<u64>,
    /// Seed of every choice: the same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// File to write: an event table (.parquet), or habits with --fit (.toml)
    #[arg(long, value_name = "FILE", required_unless_present = "check")]
    pub out: Option<PathBuf>,
    /// Let worms strike, and write what they publish into this table of attacks (.parquet)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fit", "check"])]
    pub attacks: Option<PathBuf>,
    /// Worm of the table of attacks (may be repeated) [default: all, each in a run of its own]
    #[arg(long, value_name = "NAME", requires = "attacks", value_parser = worms())]
    pub worm: Vec<String>,
    /// Day on which the simulated history ends, UTC; the habits' years move with it [default: the habits' last day]
    #[arg(long, value_name = "DATE", conflicts_with_all = ["fit", "check"])]
    pub until: Option<String>,
    /// Habits instead of those that come with the program (made with --fit)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fit", "check"])]
    pub habits: Option<PathBuf>,
    /// Measure the habits of this event table and write them to --out
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "against"])]
    pub fit: Option<PathBuf>,
    /// Compare what was simulated with this event table
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// Compare this event table, simulated before, instead of simulating one
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with_all = ["events", "fit", "out"])]
    pub check: Option<PathBuf>,
}

fn worms() -> PossibleValuesParser {
    PossibleValuesParser::new(WORMS.iter().map(|w| PossibleValue::new(w.id).help(w.about)))
}

const HELP: &str = "Accounts live, share packages, publish in acts of one or many, adopt provenance and trusted \
publishing, and fall silent as the accounts of a real history do; who they are is made up. The number of accounts and \
packages grows with the number of publishes. With --attacks worms take some of them over.

Examples:
  gaitkeeper simulate --events 1000000 --seed 7 --out events.parquet
  gaitkeeper simulate --events 1000000 --out e.parquet --attacks a.parquet   with every worm
  gaitkeeper evaluate --events e.parquet --attacks a.parquet                 is it found?
  gaitkeeper simulate --events 100000 --out e.parquet --against h.parquet    how like is it?
  gaitkeeper simulate --check e.parquet --against h.parquet                  the same, later
  gaitkeeper simulate --fit h.parquet --out registry.toml                    other habits";
