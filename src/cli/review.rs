//! Options of `review` and `suppressions`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::desk::Desk;
use crate::detect::calibration::Budget;
use crate::names::PackageId;

/// Options of `review`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = "Example: gaitkeeper review serve --archive ./shop --since 7d")]
pub struct Review {
    /// What to do.
    #[command(subcommand)]
    pub action: ReviewAction,
}

/// Where alerts are decided.
#[derive(Debug, Subcommand)]
pub enum ReviewAction {
    /// Serve the queue of alerts to a browser on this machine, and keep the verdicts that are given there
    #[command(after_help = "Prints an address with a token; open it in a browser. Ends on Ctrl-C or SIGTERM.
Only this machine can reach it. From another one: ssh -L 8000:127.0.0.1:8000 HOST, with --port 8000.

Example: gaitkeeper review serve --archive ./shop --since 7d")]
    Serve(Serve),
    /// Write the queue and every verdict to a table for a spreadsheet
    #[command(
        after_help = "Fill in the columns `verdict` (benign, malicious, unsure) and `reason`, and import the file.

Example: gaitkeeper review export --archive ./shop queue.csv"
    )]
    Export {
        /// File to write (CSV)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Which publishes.
        #[command(flatten)]
        window: Window,
    },
    /// Record what was filled in or changed in an exported table
    #[command(
        after_help = "Nothing is recorded unless every row can be read. Rows that somebody decided otherwise in \
        the meantime are listed and left; --mine records them nevertheless, --theirs passes over them.

Example: gaitkeeper review import --archive ./shop queue.csv --dry-run"
    )]
    Import(Import),
}

/// Options of `review serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Which publishes.
    #[command(flatten)]
    pub window: Window,
    /// Port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Address to serve at; only one of this machine's own (127.0.0.1, ::1) is taken
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// In whose name verdicts are recorded [default: your login]
    #[arg(long, value_name = "NAME", env = "GAITKEEPER_REVIEWER")]
    pub reviewer: Option<String>,
}

/// Options of `review import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Table that `review export` wrote, as your spreadsheet saved it (CSV, UTF-8)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Say what would be recorded, and record nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where somebody decided otherwise in the meantime, record what the table says
    #[arg(long, conflicts_with = "theirs")]
    pub mine: bool,
    /// Where somebody decided otherwise in the meantime, leave it
    #[arg(long)]
    pub theirs: bool,
    /// In whose name verdicts are recorded where the table names nobody [default: your login]
    #[arg(long, value_name = "NAME", env = "GAITKEEPER_REVIEWER")]
    pub reviewer: Option<String>,
}

/// Which publishes are looked at.
#[derive(Clone, Debug, Args)]
pub struct Window {
    /// End of the window, inclusive; a date is its first moment, UTC [default: the newest event]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Beginning of the window: a time, or 30d, 12h before its end
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub since: String,
    /// Alerts that you are willing to read, as a share of publishes
    #[arg(long, value_name = "SHARE", default_value = "1/1000", value_parser = super::argument::<Budget>)]
    pub budget: Budget,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
    /// What is kept quiet.
    #[command(flatten)]
    pub quiet: Quiet,
}

/// What is kept quiet.
#[derive(Clone, Debug, Args)]
pub struct Quiet {
    /// Suppressions (TOML) instead of suppressions.toml in the archive's folder; see gaitkeeper suppressions
    #[arg(long, value_name = "FILE")]
    pub suppressions: Option<PathBuf>,
}

/// Options of `suppressions`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = "Example: gaitkeeper suppressions list --archive ./shop")]
pub struct Suppressions {
    /// What to do.
    #[command(subcommand)]
    pub action: SuppressionsAction,
}

/// What can be done with suppressions.
#[derive(Debug, Subcommand)]
pub enum SuppressionsAction {
    /// Keep findings about a version, a package or an account quiet until a day
    #[command(after_help = "Examples:
  gaitkeeper suppressions add --package axios --version 1.14.1 --why pinned --until 2026-12-31
  gaitkeeper suppressions add --actor release-bot --why \"new runner\" --until 2026-12-31")]
    Add(Add),
    /// Say what each one keeps quiet in a window, which match nothing, and which have ended
    #[command(after_help = "Example: gaitkeeper suppressions check --archive ./shop --since 90d")]
    Check(Window),
    /// List them
    #[command(after_help = "Example: gaitkeeper suppressions list --archive ./shop")]
    List(Quiet),
}

/// Options of `suppressions add`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("scope").required(true).args(["package", "actor"]))]
pub struct Add {
    /// Package: npm names (axios, @scope/name), pypi:requests, or a purl
    #[arg(long, value_name = "PACKAGE", value_parser = super::argument::<PackageId>)]
    pub package: Option<PackageId>,
    /// The version of the package
    #[arg(long, value_name = "VERSION", requires = "package", conflicts_with = "all_versions")]
    pub version: Option<String>,
    /// Every version of the package, also of those to come: named in every report
    #[arg(long, requires = "package")]
    pub all_versions: bool,
    /// Every publish of this account: named in every report
    #[arg(long, value_name = "ACCOUNT")]
    pub actor: Option<String>,
    /// Registry of the account
    #[arg(long, value_name = "REGISTRY", default_value = crate::names::NPM, conflicts_with = "package")]
    pub registry: String,
    /// Why it is to be quiet
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// The last day on which it is, UTC (2026-12-31)
    #[arg(long, value_name = "DATE")]
    pub until: String,
    /// Who answers for it [default: your login]
    #[arg(long, value_name = "NAME", env = "GAITKEEPER_REVIEWER")]
    pub who: Option<String>,
    /// What is kept quiet.
    #[command(flatten)]
    pub quiet: Quiet,
}
