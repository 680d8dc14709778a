//! Options of `gate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::argument;
use super::desk::Desk;
use crate::detect::calibration::Budget;

/// What an imperfection of an entry leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Consequence {
    /// It is counted.
    Allow,
    /// It is listed.
    Warn,
    /// It is listed, and the command ends with 10.
    Fail,
}

/// Which young releases are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HoldFor {
    /// Every one that is younger than the cool-down
    All,
    /// Those that are not a quiet release by a usual publisher
    Unusual,
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// What fails
    Fail,
    /// That, and what is only warned of
    Warn,
    /// Every release of the lock file
    All,
}

/// Options of `gate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Gate {
    /// Lock file or SBOM, of the kinds that `pull --from-lock` reads
    #[arg(value_name = "LOCKFILE")]
    pub lock_file: PathBuf,
    /// Fail on releases that are at least this rare for their maintainer
    #[arg(long, value_name = "SHARE", default_value = "1/1000", value_parser = argument::<Budget>)]
    pub fail_on: Budget,
    /// Only warn of alerts that are older than this and still public
    #[arg(long, value_name = "SPAN", default_value = "365d")]
    pub fail_within: String,
    /// Warn of releases that are at least this rare [default: of none]
    #[arg(long, value_name = "SHARE", value_parser = argument::<Budget>)]
    pub warn_on: Option<Budget>,
    /// Hold releases that are younger than this (3d, 12h, 0d for none)
    #[arg(long, value_name = "SPAN", default_value = "3d")]
    pub cooldown: String,
    /// Which young releases are held
    #[arg(long, value_name = "WHICH", value_enum, default_value = "all")]
    pub cooldown_for: HoldFor,
    /// What releases lead to that cannot be judged: not in the archive, without history, no longer public
    #[arg(long, value_name = "POLICY", value_enum, default_value = "warn")]
    pub unjudged: Consequence,
    /// What entries lead to that have no hash, no version, or come from a repository or an address
    #[arg(long, value_name = "POLICY", value_enum, default_value = "fail")]
    pub unpinned: Consequence,
    /// When the check is made; a date is its first moment, UTC. Later publishes are not known [default: now]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// What was accepted before [default: gaitkeeper-gate.toml beside the lock file]
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Write what passes into the snapshot, and drop from it what is no longer locked
    #[arg(long)]
    pub update: bool,
    /// With --update: accept this release or entry, as it is listed, whatever speaks against it (may be repeated)
    #[arg(long, value_name = "RELEASE", requires = "update")]
    pub accept: Vec<String>,
    /// What to list
    #[arg(long, value_name = "WHAT", value_enum, default_value = "warn")]
    pub show: Show,
    /// How to write
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "jsonl", "markdown"], default_value = "text")]
    pub format: String,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
}

const EXAMPLES: &str = "Every locked version is judged as `score` judges it, from what its archive knows, without the \
network. The archive should know the lock file: `pull --from-lock` it first.

A verdict of `malicious` always fails; `benign` answers an alert and lifts the cool-down. What --update wrote into \
gaitkeeper-gate.toml, a file to commit and to review like code, must keep its hashes and its hosts; an alert that was \
accepted there by name passes until something makes it rarer.

Exit codes: 0 passed, 10 something fails, 3 the file locks nothing, 1 the tool failed.

Examples:
  gaitkeeper pull --archive ./archive --from-lock package-lock.json
  gaitkeeper gate --archive ./archive package-lock.json
  gaitkeeper gate --archive ./archive package-lock.json --cooldown 7d --cooldown-for unusual
  gaitkeeper gate --archive ./archive package-lock.json --update --accept size-sensor@1.0.4
  gaitkeeper gate --archive ./archive Cargo.lock --format markdown";
