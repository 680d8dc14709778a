//! The command line: definitions only. Every list of choices comes from a table.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use crate::detect::calibration::Budget;
use crate::error::{Error, printable};
use crate::names::ReleaseId;
use crate::report::FORMATS;

/// Recognises a package maintainer by gait: scores every publish by how unlike its maintainer it is.
#[derive(Debug, Parser)]
#[command(
    name = "gaitkeeper",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "Examples:
  gaitkeeper score                                  unusual publishes in the data that comes with the program
  gaitkeeper investigate echarts-for-react@3.0.7    one version: why, and what happened around it
  gaitkeeper import --archive ./archive axios.json  put a registry document into an archive of your own
  gaitkeeper score --archive ./archive --since 7d   and score its last week

Exit codes: 0 clean, 1 the tool failed, 2 wrong usage, 3 nothing or not enough to judge,
10 findings at or above --fail-on.")]
pub struct Cli {
    /// What to do, and the options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Directory of your archive; without it the data in the box is used, read-only
    #[arg(long, global = true, value_name = "DIR", env = "GAITKEEPER_ARCHIVE")]
    pub archive: Option<PathBuf>,
    /// Model file instead of the one that comes with the program
    #[arg(long, global = true, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Never open a network connection (no command of this version does)
    #[arg(long, global = true)]
    pub offline: bool,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_parser = ["auto", "always", "never"], default_value = "auto")]
    pub color: String,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the publishes of a window that do not look like their maintainer
    Score(Score),
    /// Explain one version, and show what happened around it
    #[command(after_help = "Example: gaitkeeper investigate pkg:npm/%40scope/name@1.2.3")]
    Investigate(Investigate),
    /// Put registry documents and event tables into your archive
    #[command(after_help = "Takes full packuments (plain, gzip, zstd) and event tables (Parquet, CSV). \
        Nothing that is stored is changed; a version that is known keeps what was seen at its publish.")]
    Import(Import),
    /// List the signals, or explain one
    Signals(Signals),
    /// List the columns of an event table
    Columns,
    /// Score a whole history, with known attacks merged in, each event from what came before it
    Backtest(Backtest),
    /// Measure how many known takeovers are found at an alert budget, beside the rules that others use
    Evaluate(Evaluate),
    /// Measure on a history how often things happen: the priors of a model
    Survey(Survey),
}

/// Options of `score`.
#[derive(Debug, Args)]
pub struct Score {
    /// End of the window, inclusive; a date is its first moment, UTC [default: the newest event]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Beginning of the window: a time, or 30d, 12h before its end
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub since: String,
    /// Only this package (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub package: Vec<String>,
    /// Only this publisher (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub actor: Vec<String>,
    /// Alerts that you are willing to read, as a share of publishes
    #[arg(long, value_name = "SHARE", default_value = "1/1000", value_parser = argument::<Budget>)]
    pub budget: Budget,
    /// List every publish of the window, not only the unusual ones
    #[arg(long)]
    pub all: bool,
    /// How to write
    #[arg(long, value_name = "FORMAT", value_parser = formats(), default_value = FORMATS[0].id)]
    pub format: String,
    /// Exit with 10 when a listed publish is at least this rare, for example 1/10000
    #[arg(long, value_name = "SHARE", value_parser = argument::<Budget>)]
    pub fail_on: Option<Budget>,
}

/// Options of `investigate`.
#[derive(Debug, Args)]
pub struct Investigate {
    /// PKG@VERSION or a purl
    #[arg(value_name = "RELEASE", value_parser = argument::<ReleaseId>)]
    pub release: ReleaseId,
    /// How to write
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "jsonl"], default_value = "text")]
    pub format: String,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Packuments and event tables
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Options of `signals`.
#[derive(Debug, Args)]
pub struct Signals {
    /// One signal
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// How to write the table
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "markdown"], default_value = "text")]
    pub format: String,
}

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

/// Reads an argument; what is wrong with it is said with its remedy.
fn argument<T: FromStr<Err = Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: Error| match &e.remedy {
        Some(remedy) => format!("{e}\nhelp: {}", printable(remedy)),
        None => e.to_string(),
    })
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(FORMATS.iter().map(|f| clap::builder::PossibleValue::new(f.id).help(f.about)))
}
