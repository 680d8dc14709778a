//! `investigate`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::argument;
use super::desk::Desk;
use super::output::Others;
use crate::error::Error;
use crate::names::{PackageId, ReleaseId};

/// Options of `investigate`.
#[derive(Debug, Args)]
pub struct Investigate {
    /// PKG@VERSION or a purl; PKG alone lists its versions with their scores
    #[arg(value_name = "RELEASE", value_parser = argument::<Asked>, required_unless_present = "from_bundle")]
    pub asked: Option<Asked>,
    /// How to write
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "jsonl"], default_value = "text")]
    pub format: String,
    /// Write it as a page with pictures, too: one file that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Pack the evidence as a ZIP file, too: documents, events, model, scores, page, and a list of them
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Judge again what is in a bundle, from the bundle alone
    #[arg(long, value_name = "FILE", conflicts_with_all = ["asked", "bundle", "archive", "model", "verdicts", "hold_alerts"])]
    pub from_bundle: Option<PathBuf>,
    /// Look on the shelf that `gaitkeeper shelve` made of a whole registry, instead of in an archive; verdicts and
    /// what others found are not taken up there
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from_bundle", "verdicts", "hold_alerts", "corroborate"])]
    pub shelf: Option<PathBuf>,
    /// Whom to ask.
    #[command(flatten)]
    pub others: Others,
    /// What was concluded.
    #[command(flatten)]
    pub desk: Desk,
}

/// What is to be looked at.
#[derive(Clone, Debug)]
pub enum Asked {
    /// One version.
    Release(ReleaseId),
    /// A package: its versions.
    Package(PackageId),
}

impl FromStr for Asked {
    type Err = Error;

    /// Reads a release, or else a package.
    fn from_str(text: &str) -> Result<Self, Error> {
        ReleaseId::from_str(text)
            .map(Self::Release)
            .or_else(|error| PackageId::from_str(text).map(Self::Package).map_err(|_| error))
    }
}
