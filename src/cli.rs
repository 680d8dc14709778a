//! The command line: definitions only. Every list of choices comes from a table.

pub mod desk;
mod measure;
pub mod output;
mod signatures;
mod tokens;
pub mod train;

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use self::desk::Desk;
pub use self::measure::{Backtest, Evaluate, Survey};
use self::output::{Others, Output, Schema};
pub use self::signatures::{LogOptions, Rekor, RekorAction, RekorLookup, RekorMonitor, TrustOptions, Verify};
pub use self::tokens::{Tokens, TokensAction};
use crate::acquire::lists::LISTS;
use crate::detect::calibration::Budget;
use crate::error::{Error, printable};
use crate::names::{PackageId, ReleaseId};
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
  gaitkeeper pull --archive ./archive axios         fetch a package's history, and watch it from now on
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
    /// Never open a network connection
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
    /// Fetch the publish history of packages and maintainers, and keep them on the watch list
    #[command(
        after_help = "Without names everything on the watch list is fetched; what did not change costs one short \
        answer. The npm registry is found as npm finds it: --registry, environment, gaitkeeper.toml, .npmrc, npm config.

Examples:
  gaitkeeper pull --archive ./archive axios @scope/name pkg:cargo/serde
  gaitkeeper pull --archive ./archive --from-lock ./package-lock.json
  gaitkeeper pull --archive ./archive                                   everything on the watch list"
    )]
    Pull(Pull),
    /// Follow the registry: new publishes of the watch list are fetched and scored as they appear
    #[command(
        after_help = "With --feed (or registries.npm.feed in gaitkeeper.toml) npm's replication feed says what changed; \
        without it, and for other registries, every package is asked again at intervals. Ends on Ctrl-C or SIGTERM."
    )]
    Watch(Watch),
    /// Show or change which packages and maintainers are watched
    Watchlist(Watchlist),
    /// Say what the configured registries can and cannot support
    Doctor(Doctor),
    /// Look after the archive
    Archive(ArchiveDesk),
    /// Verify a Sigstore document: signature, certificate, transparency log, and what it is about
    #[command(
        after_help = "Takes npm attestation documents, `npm audit signatures --json --include-attestations`, PyPI \
        provenance objects, RubyGems attestations and plain bundles; or a release, whose document comes from your \
        archive or its registry. A valid signature says who signed, never that the owner meant it.

Exit codes: 0 verified, 10 refused, 3 there is no attestation, 1 the tool failed.

Examples:
  gaitkeeper verify attestations.json --purl pkg:npm/sigstore@2.0.0 --digest sha512:HEX
  gaitkeeper verify sigstore@2.0.0 --archive ./archive"
    )]
    Verify(Verify),
    /// Ask the transparency log: what else was signed, and does it keep its promises
    #[command(arg_required_else_help = true)]
    Rekor(Rekor),
    /// Take up what only an owner knows of its tokens, and say which to rotate
    #[command(arg_required_else_help = true)]
    Tokens(Tokens),
    /// Put registry documents and event tables into your archive
    #[command(after_help = "Takes full packuments (plain, gzip, zstd) and event tables (Parquet, CSV). \
        Nothing that is stored is changed; a version that is known keeps what was seen at its publish.")]
    Import(Import),
    /// List the signals, or explain one
    Signals(Signals),
    /// List the columns of an event table
    Columns,
    /// Print the JSON Schema of what programs read
    Schema(Schema),
    /// Score a whole history, with known attacks merged in, each event from what came before it
    Backtest(Backtest),
    /// Measure how many known takeovers are found at an alert budget, beside the rules that others use
    Evaluate(Evaluate),
    /// Measure on a history how often things happen: the priors of a model
    Survey(Survey),
    /// Learn a model from a history and documented attacks
    Train(train::Train),
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
    /// Where to.
    #[command(flatten)]
    pub to: Output,
    /// Whom to ask.
    #[command(flatten)]
    pub others: Others,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
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
    /// Whom to ask.
    #[command(flatten)]
    pub others: Others,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
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

/// Options of `watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Where from.
    #[command(flatten)]
    pub reach: Reach,
    /// Alerts that you are willing to read, as a share of publishes
    #[arg(long, value_name = "SHARE", default_value = "1/1000", value_parser = argument::<Budget>)]
    pub budget: Budget,
    /// How to write
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "jsonl"], default_value = "text")]
    pub format: String,
    /// Look once, then end
    #[arg(long)]
    pub once: bool,
    /// Whom to trust.
    #[command(flatten)]
    pub trust: TrustOptions,
    /// Leave attestation documents for a later run
    #[arg(long)]
    pub no_attestations: bool,
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
    Add(Selection),
    /// Stop watching packages and maintainers, or a whole project; what was fetched stays
    Remove(Selection),
    /// Show what is watched, for which projects
    List {
        /// Only this project
        #[arg(long, value_name = "NAME")]
        project: Option<String>,
        /// How to write
        #[arg(long, value_name = "FORMAT", value_parser = ["text", "jsonl"], default_value = "text")]
        format: String,
    },
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Where registries are.
    #[command(flatten)]
    pub reach: Reach,
    /// Package that the registry is tried with [default: one of the watch list]
    #[arg(long, value_name = "PACKAGE", value_parser = argument::<PackageId>)]
    pub package: Option<PackageId>,
}

/// Options of `archive`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct ArchiveDesk {
    /// What to do.
    #[command(subcommand)]
    pub action: ArchiveAction,
}

/// What can be done to an archive.
#[derive(Debug, Subcommand)]
pub enum ArchiveAction {
    /// Say what it holds
    Info,
    /// Merge the segments of events into one, which is faster to read
    Compact,
    /// Write its events to a table, or one stored document as it was served
    Export {
        /// File to write (.parquet or .csv for events)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The newest document of this package instead of events
        #[arg(long, value_name = "PACKAGE", value_parser = argument::<PackageId>)]
        document: Option<PackageId>,
    },
    /// Read everything, and say what is damaged
    Verify,
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
