//! The command line: definitions only. Every list of choices comes from a table.

mod archive;
pub mod desk;
pub mod gate;
mod help;
pub mod investigate;
pub mod manual;
pub mod mcp;
mod measure;
pub mod night;
pub mod output;
pub mod review;
pub mod shelve;
mod signatures;
pub mod simulate;
pub mod sweep;
mod tokens;
pub mod train;

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

pub use self::archive::{ArchiveAction, ArchiveDesk, Doctor};
use self::desk::Desk;
pub use self::investigate::Investigate;
pub use self::measure::{Backtest, Evaluate, Survey};
use self::output::{Others, Output, Schema};
pub use self::signatures::{LogOptions, Rekor, RekorAction, RekorLookup, RekorMonitor, TrustOptions, Verify};
pub use self::tokens::{Tokens, TokensAction};
use crate::acquire::lists::LISTS;
use crate::detect::calibration::{Budget, Volume};
use crate::error::{Error, printable};
use crate::names::PackageId;
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
  gaitkeeper score                                  unusual publishes in the data in the box
  gaitkeeper investigate echarts-for-react@3.0.7    one version: why, and what happened around it
  gaitkeeper pull --archive ./archive axios         fetch a package's history, and watch it
  gaitkeeper score --archive ./archive --since 7d   and score its last week

Exit codes: 0 clean, 1 the tool failed, 2 wrong usage, 3 nothing or not enough to judge, \
4 a night was finished and something around it failed, 5 another nightly is running, 10 findings at or above --fail-on.")]
pub struct Cli {
    /// What to do, and the options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Where help lists the options of every command.
const FOR_ALL: &str = "Options of every command";

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Directory of your archive; without it the data in the box is used, read-only
    #[arg(long, global = true, help_heading = FOR_ALL, value_name = "DIR", env = "GAITKEEPER_ARCHIVE")]
    pub archive: Option<PathBuf>,
    /// Model file instead of the one that comes with the program
    #[arg(long, global = true, help_heading = FOR_ALL, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Never open a network connection
    #[arg(long, global = true, help_heading = FOR_ALL)]
    pub offline: bool,
    /// Print results and errors only
    #[arg(long, short, global = true, help_heading = FOR_ALL)]
    pub quiet: bool,
    /// When to colour
    #[arg(long, global = true, help_heading = FOR_ALL, value_name = "WHEN", default_value = "auto")]
    #[arg(value_parser = ["auto", "always", "never"])]
    pub color: String,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the publishes of a window that do not look like their maintainer
    #[command(after_help = help::SCORE)]
    Score(Score),
    /// Explain one version, and show what happened around it
    #[command(after_help = help::INVESTIGATE)]
    Investigate(Investigate),
    /// Check a lock file before it is installed: alerts, young releases, hashes and hosts
    Gate(gate::Gate),
    /// Serve assistants over the Model Context Protocol: alerts, releases, timelines
    Mcp(mcp::Mcp),
    /// Fetch the publish history of packages and maintainers, and keep them on the watch list
    #[command(after_help = help::PULL)]
    Pull(Pull),
    /// Follow the registry: new publishes of the watch list are fetched and scored as they appear
    #[command(
        after_help = "With --feed (or registries.npm.feed in gaitkeeper.toml) npm's replication feed says what changed; \
        without it, and for other registries, every package is asked again at intervals. Ends on Ctrl-C or SIGTERM.

Example: gaitkeeper watch --archive ./archive --format jsonl"
    )]
    Watch(Watch),
    /// Fetch the watch list, judge what is new since the last night, write exports, and tell
    #[command(after_help = night::NIGHTLY_HELP)]
    Nightly(night::Nightly),
    /// Make, check and show gaitkeeper.toml
    #[command(arg_required_else_help = true, after_help = "Example: gaitkeeper config check")]
    Config(night::Config),
    /// Try the channels that findings are told through
    #[command(arg_required_else_help = true, after_help = "Example: gaitkeeper notify test")]
    Notify(night::Notify),
    /// Show or change which packages and maintainers are watched
    #[command(after_help = "Example: gaitkeeper watchlist list --archive ./archive")]
    Watchlist(Watchlist),
    /// Say what the configured registries can and cannot support
    #[command(after_help = "Example: gaitkeeper doctor --package axios")]
    Doctor(Doctor),
    /// Look after the archive
    #[command(after_help = "Example: gaitkeeper archive info --archive ./archive")]
    Archive(ArchiveDesk),
    /// Verify a Sigstore document: signature, certificate, transparency log, and what it is about
    #[command(after_help = help::VERIFY)]
    Verify(Verify),
    /// Ask the transparency log: what else was signed, and does it keep its promises
    #[command(
        arg_required_else_help = true,
        after_help = "Example: gaitkeeper rekor monitor --archive ./archive --email release-manager@project.example"
    )]
    Rekor(Rekor),
    /// Take up what only an owner knows of its tokens, and say which to rotate
    #[command(
        arg_required_else_help = true,
        after_help = "Example: gaitkeeper tokens report --archive ./archive --policy 30"
    )]
    Tokens(Tokens),
    /// Put registry documents and event tables into your archive
    #[command(after_help = "Takes full packuments (plain, gzip, zstd) and event tables (Parquet, CSV). \
        Nothing that is stored is changed; a version that is known keeps what was seen at its publish. \
        `gaitkeeper columns` says what a table holds, and which columns it must have.

Example: gaitkeeper import --archive ./archive packument.json.gz history.parquet")]
    Import(Import),
    /// Decide alerts: at a desk in your browser, or in a spreadsheet; verdicts stay in the archive
    Review(review::Review),
    /// Keep findings quiet, by name, with a reason and until a day; none is ever left out of a report
    Suppressions(review::Suppressions),
    /// List the signals, or explain one
    #[command(after_help = "Examples:
  gaitkeeper signals
  gaitkeeper signals new-ref-shape")]
    Signals(Signals),
    /// List the columns of an event table
    #[command(after_help = "Example: gaitkeeper columns")]
    Columns,
    /// Print the JSON Schema of what programs read
    #[command(after_help = "Example: gaitkeeper schema findings")]
    Schema(Schema),
    /// Score a whole history, with known attacks merged in, each event from what came before it
    #[command(after_help = "Example: gaitkeeper backtest --events history.parquet --scores scores.parquet")]
    Backtest(Backtest),
    /// Measure how many known takeovers are found at an alert budget, beside the rules that others use
    #[command(
        after_help = "Example: gaitkeeper evaluate --events data/history.parquet --attacks data/attacks.parquet --json"
    )]
    Evaluate(Evaluate),
    /// Measure on a history how often things happen: the priors of a model
    #[command(after_help = "Example: gaitkeeper survey --events data/history.parquet")]
    Survey(Survey),
    /// Make a registry that never was, of any size, with habits like those of a real one
    Simulate(simulate::Simulate),
    /// Judge every publish of a registry's history, however large
    Sweep(sweep::Sweep),
    /// Put a registry's publishes on a shelf, where `investigate` finds one at once
    Shelve(shelve::Shelve),
    /// Learn a model from a history and documented attacks
    Train(train::Train),
    /// Write completions for a shell
    Completions(manual::Completions),
    /// Write manual pages, one for each command
    Man(manual::Man),
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
    /// Alerts that you are willing to read: a share of publishes (1/1000, 0.1%), or by the day (5/day)
    #[arg(long, value_name = "BUDGET", default_value = "1/1000", value_parser = argument::<Volume>)]
    pub budget: Volume,
    /// List every publish of the window, not only the unusual ones
    #[arg(long)]
    pub all: bool,
    /// How to write
    #[arg(long, value_name = "FORMAT", value_parser = formats(), default_value = FORMATS[0].id)]
    pub format: String,
    /// Exit with 10 when a listed publish is at least this rare, for example 1/10000
    #[arg(long, value_name = "SHARE", value_parser = argument::<Budget>)]
    pub fail_on: Option<Budget>,
    /// Where to.
    #[command(flatten)]
    pub to: Output,
    /// Whom to ask.
    #[command(flatten)]
    pub others: Others,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
    /// What is kept quiet.
    #[command(flatten)]
    pub quiet: review::Quiet,
}

/// Where registries are found.
#[derive(Debug, Args)]
pub struct Reach {
    /// Address of the npm registry, or of another as pypi=URL, cargo=URL, gem=URL (may be repeated)
    #[arg(long, value_name = "URL")]
    pub registry: Vec<String>,
    /// Address of npm's replication feed
    #[arg(long, value_name = "URL", env = "GAITKEEPER_NPM_FEED")]
    pub feed: Option<String>,
    /// Configuration instead of ./gaitkeeper.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How documents are fetched.
#[derive(Debug, Args)]
pub struct Fetching {
    /// Where from.
    #[command(flatten)]
    pub reach: Reach,
    /// Whom to trust.
    #[command(flatten)]
    pub trust: TrustOptions,
    /// Leave attestation documents for a later run
    #[arg(long)]
    pub no_attestations: bool,
}

/// Which packages and maintainers are meant.
#[derive(Debug, Args)]
pub struct Selection {
    /// Packages: npm names (axios, @scope/name), pypi:requests, or purls (pkg:cargo/serde)
    #[arg(value_name = "PACKAGE", value_parser = argument::<PackageId>)]
    pub packages: Vec<PackageId>,
    /// Every package of this npm account (may be repeated)
    #[arg(long, value_name = "ACCOUNT")]
    pub maintainer: Vec<String>,
    /// Every package of a lock file or SBOM (may be repeated)
    #[arg(long, value_name = "FILE", long_help = lock_help())]
    pub from_lock: Vec<PathBuf>,
    /// Project that wants them [default: the lock file's folder, else `default`; for `remove`: every project]
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
}

/// Options of `pull`.
#[derive(Debug, Args)]
pub struct Pull {
    /// What to fetch.
    #[command(flatten)]
    pub selection: Selection,
    /// How.
    #[command(flatten)]
    pub fetching: Fetching,
}

/// Options of `watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// How to fetch.
    #[command(flatten)]
    pub fetching: Fetching,
    /// Alerts that you are willing to read: a share of publishes (1/1000, 0.1%), or by the day (5/day)
    #[arg(long, value_name = "BUDGET", default_value = "1/1000", value_parser = argument::<Volume>)]
    pub budget: Volume,
    /// How to write
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "jsonl"], default_value = "text")]
    pub format: String,
    /// Look once, then end
    #[arg(long)]
    pub once: bool,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
    /// What is kept quiet.
    #[command(flatten)]
    pub quiet: review::Quiet,
}

/// Options of `watchlist`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct Watchlist {
    /// What to do.
    #[command(subcommand)]
    pub action: WatchlistAction,
}

/// What can be done to the watch list.
#[derive(Debug, Subcommand)]
pub enum WatchlistAction {
    /// Watch packages and maintainers, without fetching them yet
    #[command(after_help = "Example: gaitkeeper watchlist add --archive ./archive axios pkg:cargo/serde")]
    Add(Selection),
    /// Stop watching packages and maintainers, or a whole project; what was fetched stays
    #[command(after_help = "Example: gaitkeeper watchlist remove --archive ./archive --project shop")]
    Remove(Selection),
    /// Show what is watched, for which projects
    #[command(after_help = "Example: gaitkeeper watchlist list --archive ./archive --format jsonl")]
    List {
        /// Only this project
        #[arg(long, value_name = "NAME")]
        project: Option<String>,
        /// How to write
        #[arg(long, value_name = "FORMAT", value_parser = ["text", "jsonl"], default_value = "text")]
        format: String,
    },
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
    /// The signal to explain
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// How to write the table
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "markdown"], default_value = "text")]
    pub format: String,
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

fn lock_help() -> String {
    let files: Vec<&str> = LISTS.iter().map(|list| list.files).collect();
    format!("Every package of a lock file or SBOM (may be repeated). Read are {}", files.join(", "))
}
