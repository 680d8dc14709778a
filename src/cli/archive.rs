//! `doctor` and `archive`: what registries and the archive are like.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Reach, argument};
use crate::names::PackageId;

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
    #[command(after_help = "Example: gaitkeeper archive info --archive ./archive")]
    Info,
    /// Merge the segments of events into one, which is faster to read
    #[command(after_help = "Example: gaitkeeper archive compact --archive ./archive")]
    Compact,
    /// Write its events to a table, or one stored document as it was served
    #[command(after_help = "Examples:
  gaitkeeper archive export --archive ./archive events.parquet
  gaitkeeper archive export --archive ./archive axios.json --document axios")]
    Export {
        /// File to write (.parquet or .csv for events)
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The newest document of this package instead of events
        #[arg(long, value_name = "PACKAGE", value_parser = argument::<PackageId>)]
        document: Option<PackageId>,
    },
    /// Read everything, and say what is damaged
    #[command(after_help = "Example: gaitkeeper archive verify --archive ./archive")]
    Verify,
}
