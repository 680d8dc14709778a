//! Where registries and credentials are found, and what gaitkeeper.toml sets.
//!
//! No address of any registry is built in: each comes from the command line, the environment,
//! gaitkeeper.toml or the settings of the registry's own client, in that order. [`Addresses`] answers
//! where to ask, [`Credential`] what may be sent there, [`Config`] holds gaitkeeper.toml. Nothing here reads the
//! process's environment or starts a program by itself: [`Surroundings`] hands both in.

mod address;
mod addresses;
mod cargo;
mod credential;
mod effective;
mod file;
mod notices;
mod npm;
mod npmrc;
mod programs;
mod settings;
mod toml_file;
mod toml_night;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use addresses::{Addresses, Endpoint};
pub use credential::{Credential, Scope, Secret};
pub use effective::places;
pub use notices::{Channels, Mail, Metrics, Nightly, Notify, SLACK_API, SecretSource, Security, Slack, Webhook};
pub use settings::{Config, FILE, Network, RegistryConfig};

use crate::names::NPM;

/// Id of the Python registry.
pub const PYPI: &str = "pypi";
/// Id of the Rust registry.
pub const CARGO: &str = "cargo";
/// Id of the Ruby registry.
pub const GEM: &str = "gem";

/// Every registry id that an address can be given for, in the order in which they are listed to people.
pub const REGISTRY_IDS: [&str; 4] = [NPM, PYPI, CARGO, GEM];

/// What the program's surroundings say, handed in.
#[derive(Clone)]
pub struct Surroundings {
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// The user's home folder, if there is one.
    pub home: Option<PathBuf>,
    /// Working directory, absolute.
    pub cwd: PathBuf,
    /// Runs a program (name, arguments, working directory) and gives the trimmed standard output of a successful
    /// run, else `None`. The caller bounds its time.
    pub run: fn(program: &str, args: &[&str], cwd: &Path) -> Option<String>,
}

impl Surroundings {
    /// A variable that is set and not empty.
    fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path as it is shown to people: the home folder is `~`.
    fn shown(&self, path: &Path) -> String {
        let inside =
            self.home.as_deref().filter(|home| home.parent().is_some()).and_then(|h| path.strip_prefix(h).ok());
        match inside {
            Some(rest) => Path::new("~").join(rest).display().to_string(),
            None => path.display().to_string(),
        }
    }
}

impl fmt::Debug for Surroundings {
    /// Without the environment, which holds secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("home", &self.home).field("cwd", &self.cwd).finish_non_exhaustive()
    }
}

/// The id among [`REGISTRY_IDS`] that is spelled like `text`.
fn registry_id(text: &str) -> Option<&'static str> {
    REGISTRY_IDS.into_iter().find(|id| *id == text)
}

/// The candidate that `text` was most likely meant to be, if any is close.
fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
        return None;
    }
    candidates
        .into_iter()
        .map(|name| (strsim::osa_distance(text, name), name))
        .filter(|(distance, name)| distance * 2 <= name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
