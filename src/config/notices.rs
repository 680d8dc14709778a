//! What gaitkeeper.toml sets of the night: `[nightly]`, `[notify]` and `[metrics]`. Secrets are named, never held.

use std::fmt;
use std::path::PathBuf;

use super::{Secret, Surroundings, file};
use crate::error::{Error, Result};

/// Where Slack's web API is.
pub const SLACK_API: &str = "https://slack.com/api/";

/// `[nightly]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nightly {
    /// One alert in so many publishes is read, 1 to 1,000,000; `budget = "1/1000"`.
    pub one_in: u32,
    /// Folder of the exports; below the archive where it is relative.
    pub exports: PathBuf,
    /// Formats that are written; every one where none is named.
    pub formats: Vec<String>,
    /// Export folders that are kept, 1 to 10,000; 0 keeps all.
    pub keep: usize,
    /// Nights over which the alert rate is compared with the budget, 1 to 1,000.
    pub rate_nights: usize,
    /// Files and folders that say what others say of releases; below the working directory where they are relative.
    pub corroborate: Vec<String>,
}

impl Default for Nightly {
    fn default() -> Self {
        Self {
            one_in: 1000,
            exports: PathBuf::from("exports"),
            formats: Vec::new(),
            keep: 90,
            rate_nights: 30,
            corroborate: Vec::new(),
        }
    }
}

/// `[notify]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notify {
    /// Send a message after a night without findings too.
    pub quiet_nights: bool,
    /// Who is told of findings.
    pub findings: Channels,
    /// Who is told that a night failed, in whole or in part; `[notify.operations]`.
    pub operations: Channels,
}

/// Ways to reach somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channels {
    /// `slack`.
    pub slack: Option<Slack>,
    /// `webhook`.
    pub webhook: Option<Webhook>,
    /// `mail`.
    pub mail: Option<Mail>,
}

/// A Slack channel: an incoming webhook, or a token of an app with a channel to write into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slack {
    /// Address of the incoming webhook, which is a secret.
    pub url: Option<SecretSource>,
    /// Token of the app, with the scope `chat:write`.
    pub token: Option<SecretSource>,
    /// Channel for the token, by its id or name.
    pub channel: Option<String>,
    /// Base address of the web API, [`SLACK_API`] unless set.
    pub api_url: Option<String>,
}

/// An address that takes JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Webhook {
    /// The address, which may be a secret.
    pub url: Option<SecretSource>,
    /// Key that signs what is sent: `whsec_` and base64 of 24 to 64 bytes (Standard Webhooks).
    pub secret: Option<SecretSource>,
}

/// A mail server and whom to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Host name of the server.
    pub server: String,
    /// Port, 1 to 65535.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Login name, where the server wants one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretSource>,
    /// Sender.
    pub from: String,
    /// Receivers, at least one.
    pub to: Vec<String>,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            server: String::new(),
            port: 587,
            security: Security::StartTls,
            user: None,
            password: None,
            from: String::new(),
            to: Vec::new(),
        }
    }
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// Begun in the clear and then protected; nothing is sent before (RFC 3207).
    #[default]
    StartTls,
    /// Protected from the first byte (RFC 8314).
    Tls,
    /// Not protected: only to this machine itself.
    None,
}

impl Security {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::StartTls, Self::Tls, Self::None];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }
}

/// `[metrics]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// File that a collector reads; none is written unless set.
    pub textfile: Option<PathBuf>,
}

/// Where a secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In this environment variable.
    Env(String),
    /// In this file, whole but for blanks around it; relative to the working directory.
    File(PathBuf),
}

impl SecretSource {
    /// The secret itself.
    ///
    /// # Errors
    /// The variable is not set, or the file is not there, unreadable or empty. The error never shows the secret.
    pub fn read(&self, surroundings: &Surroundings) -> Result<Secret> {
        let text = match self {
            Self::Env(name) => surroundings.var(name).map(str::to_owned).ok_or_else(|| {
                Error::usage(format!("the environment variable {name} is not set")).remedy(format!(
                    "set {name} where the program is started (for systemd: EnvironmentFile=), or name a file instead"
                ))
            })?,
            Self::File(path) => {
                let path = surroundings.cwd.join(path);
                file::read(&path)?.ok_or_else(|| {
                    Error::usage("there is no such file, and a secret was to be in it")
                        .file(&path)
                        .remedy("write the secret into it, readable for its owner alone")
                })?
            }
        };
        let text = text.trim();
        if text.is_empty() || text.contains(|c: char| c.is_control()) {
            return Err(Error::usage(format!("{self} holds no secret of one line"))
                .remedy("put the secret there as it was given, without line ends in it"));
        }
        Ok(Secret::new(text))
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}
