//! `verify` and `rekor`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Reach, argument};
use crate::names::ReleaseId;

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A document (FILE), or a release (PKG@VERSION or a purl)
    #[arg(value_name = "FILE|PKG@VERSION")]
    pub subject: String,
    /// Digest of the file that it must be about, sha256:HEX or sha512:HEX
    #[arg(long, value_name = "ALG:HEX")]
    pub digest: Option<String>,
    /// Release that it must be about
    #[arg(long, value_name = "PURL")]
    pub purl: Option<String>,
    /// Whom to trust.
    #[command(flatten)]
    pub trust: TrustOptions,
    /// Where registries are.
    #[command(flatten)]
    pub reach: Reach,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

/// Whose signatures count.
#[derive(Clone, Debug, Default, Args)]
pub struct TrustOptions {
    /// Sigstore trusted root instead of the public one that comes with the program
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Keys of the npm registry instead of npm's own that come with the program
    #[arg(long, value_name = "FILE")]
    pub npm_keys: Option<PathBuf>,
}

/// Options of `rekor`.
#[derive(Debug, Args)]
pub struct Rekor {
    /// What to do.
    #[command(subcommand)]
    pub action: RekorAction,
}

/// What the log can be asked.
#[derive(Debug, Subcommand)]
pub enum RekorAction {
    /// List what else was signed over a file, or by an identity; a miss proves nothing
    #[command(after_help = "Example: gaitkeeper rekor lookup --archive ./archive sigstore@2.0.0")]
    Lookup(RekorLookup),
    /// Check that the logs only grew since the last look, and look for signatures that no publish explains
    #[command(
        after_help = "Findings are orphan signatures, foreign signatures over published files, publishes that the \
        log does not know, and a log that was rewound or shows two histories.

Exit codes: 0 nothing new, 10 new findings, 1 the log could not be asked.

Example: gaitkeeper rekor monitor --archive ./archive"
    )]
    Monitor(RekorMonitor),
}

/// Options of `rekor lookup`.
#[derive(Debug, Args)]
pub struct RekorLookup {
    /// Releases, whose digests your archive or their registry knows
    #[arg(value_name = "PKG@VERSION", value_parser = argument::<ReleaseId>)]
    pub releases: Vec<ReleaseId>,
    /// Digest of a file, sha256:HEX or sha512:HEX (may be repeated)
    #[arg(long, value_name = "ALG:HEX")]
    pub digest: Vec<String>,
    /// Address that a person signs with (may be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub email: Vec<String>,
    /// Identity in the certificate, exactly as it stands there (may be repeated)
    #[arg(long, value_name = "URI")]
    pub subject: Vec<String>,
    /// Which log.
    #[command(flatten)]
    pub log: LogOptions,
    /// Where registries are.
    #[command(flatten)]
    pub reach: Reach,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `rekor monitor`.
#[derive(Debug, Args)]
pub struct RekorMonitor {
    /// Address that a watched person signs with (may be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub email: Vec<String>,
    /// Watched identity in certificates, exactly as it stands there (may be repeated)
    #[arg(long, value_name = "URI")]
    pub subject: Vec<String>,
    /// Entries fetched at most in this run; the next run goes on
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub most: usize,
    /// Which log.
    #[command(flatten)]
    pub log: LogOptions,
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

/// Which transparency log is asked.
#[derive(Debug, Args)]
pub struct LogOptions {
    /// One log of the trusted root, by name or address; with =URL it is asked there [default: all of them]
    #[arg(long, value_name = "LOG[=URL]")]
    pub log: Option<String>,
    /// Whom to trust.
    #[command(flatten)]
    pub trust: TrustOptions,
}
