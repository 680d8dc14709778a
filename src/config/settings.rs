//! gaitkeeper.toml: its keys, defaults and limits.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::address;
use super::file;
use super::notices::{Metrics, Nightly, Notify};
use super::{Surroundings, toml_file};
use crate::error::{Error, Result};

/// Name of the file that is looked for in the working directory.
pub const FILE: &str = "gaitkeeper.toml";

/// gaitkeeper.toml. Unknown keys are errors; all problems are reported at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Registries by id (`npm`, `pypi`, `cargo`, `gem`).
    pub registries: BTreeMap<String, RegistryConfig>,
    /// How the network is used.
    pub network: Network,
    /// What a night does.
    pub nightly: Nightly,
    /// Who is told.
    pub notify: Notify,
    /// What a collector of figures reads.
    pub metrics: Metrics,
}

/// `[registries.ID]`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RegistryConfig {
    /// Base address.
    pub url: Option<String>,
    /// Base address of the change feed; npm only.
    pub feed: Option<String>,
    /// Most requests a second, 1 to 1000.
    pub requests_per_second: Option<u32>,
}

impl fmt::Debug for RegistryConfig {
    /// Addresses without the user info that may stand in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryConfig")
            .field("url", &self.url.as_deref().map(address::shown))
            .field("feed", &self.feed.as_deref().map(address::shown))
            .field("requests_per_second", &self.requests_per_second)
            .finish()
    }
}

/// `[network]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Whom an operator can write to about these requests: an address or a page, sent in the User-Agent. Cargo's
    /// registry asks for one.
    pub contact: Option<String>,
    /// Requests at a time, 1 to 64.
    pub connections: usize,
    /// Seconds without progress after which a request is given up, 1 to 3600.
    pub timeout_seconds: u64,
    /// Tries a request, the first included, 1 to 20.
    pub attempts: u32,
    /// Pause before the second try in milliseconds; it doubles with each further one. At most 10 minutes.
    pub first_pause_ms: u64,
    /// Least pause in milliseconds after a registry has asked for fewer requests. At most an hour.
    pub throttle_pause_ms: u64,
    /// Largest document in MiB, unpacked, 1 to 1024.
    pub max_document_mb: u64,
    /// Pauses in milliseconds before a document older than the feed says is asked for again: at most ten, each at
    /// most an hour.
    pub stale_pauses_ms: Vec<u64>,
    /// Seconds between two looks at a change feed, 1 to 3600.
    pub feed_seconds: u64,
    /// Seconds between two looks at a registry without a change feed, 1 to 86400.
    pub poll_seconds: u64,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            contact: None,
            connections: 16,
            timeout_seconds: 60,
            attempts: 5,
            first_pause_ms: 500,
            throttle_pause_ms: 60_000,
            max_document_mb: 64,
            stale_pauses_ms: vec![10_000, 30_000, 120_000],
            feed_seconds: 10,
            poll_seconds: 300,
        }
    }
}

impl Config {
    /// Reads the file that `--config` names, else gaitkeeper.toml in the working directory, else takes the defaults.
    ///
    /// # Errors
    /// A named file is not there, a file cannot be read or is over 1 MiB, or as [`Config::parse`].
    pub fn load(path: Option<&Path>, surroundings: &Surroundings) -> Result<Self> {
        let chosen = surroundings.cwd.join(path.unwrap_or(Path::new(FILE)));
        match file::read(&chosen)? {
            Some(text) => Self::parse(&text, path.unwrap_or(&chosen)),
            None if path.is_some() => Err(Error::usage("there is no such file")
                .file(&chosen)
                .remedy("name another with --config, or leave --config out to use the defaults")),
            None => Ok(Self::default()),
        }
    }

    /// Reads the text of a gaitkeeper.toml; `path` is named in errors.
    ///
    /// # Errors
    /// Anything is wrong with it: syntax, unknown keys, wrong types, values out of range, unusable addresses. One
    /// error lists everything, each with its line and key.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        toml_file::parse(text).map_err(|problems| toml_file::error(&problems).file(path))
    }

    /// A file with every key, commented, whose values are the defaults.
    #[must_use]
    pub fn template() -> &'static str {
        include_str!("template.toml")
    }
}
