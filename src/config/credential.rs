//! Secrets, and the only addresses that each may be sent to.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};

/// A secret that never prints itself: `Debug` and `Display` show `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret out of sight.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A part of the web: one host, one port, everything under one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Unencrypted http is in the scope too. It is only where the address that the credential was configured
    /// with is itself http, or where the host is this machine and no address says https.
    pub plain: bool,
    /// Host in its normal form: lower case, punycode, IPv6 in brackets.
    pub host: String,
    /// Port, or `None` for the default port of the scheme that is asked with.
    pub port: Option<u16>,
    /// Path prefix; begins and ends in `/`.
    pub path: String,
}

impl Scope {
    /// What lies at and below an address, with its scheme and port.
    pub(super) fn under(url: &Url) -> Option<Self> {
        let mut path = url.path().to_owned();
        if !path.ends_with('/') {
            path.push('/');
        }
        Some(Self {
            plain: url.scheme() == "http",
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default(),
            path,
        })
    }

    /// Whether an address is in the scope as far as host, port and path go.
    pub(super) fn covers(&self, url: &Url) -> bool {
        let default_port = if url.scheme() == "http" { 80 } else { 443 };
        url.host_str() == Some(self.host.as_str())
            && url.port_or_known_default() == Some(self.port.unwrap_or(default_port))
            && url.path().strip_prefix(&self.path).is_some_and(|rest| !climbs(rest))
    }

    /// Whether an address is on the same host and port, whatever its path.
    pub(super) fn same_origin(&self, url: &Url) -> bool {
        Self { path: "/".to_owned(), ..self.clone() }.covers(url)
    }
}

/// Whether a path holds `..` once a server has decoded its slashes: it could then leave the scope.
fn climbs(path: &str) -> bool {
    let decoded = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    decoded.split(['/', '\\']).any(|segment| segment == "..")
}

/// A credential and the only addresses it may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Where it may be sent.
    pub scope: Scope,
    /// Whole value of the `Authorization` header: `Bearer ...` or `Basic ...`.
    pub header: Secret,
    /// Where it was found, such as `~/.npmrc, line 3`. Never the secret.
    pub origin: String,
}

impl Credential {
    /// Whether it may be sent to an address: same host, same port, under the same path (on a segment boundary),
    /// and encrypted unless [`Scope::plain`]. Ask again for the target of every redirect.
    #[must_use]
    pub fn applies_to(&self, url: &Url) -> bool {
        let encrypted_enough = match url.scheme() {
            "https" => true,
            "http" => self.scope.plain,
            _ => false,
        };
        encrypted_enough && self.scope.covers(url)
    }

    /// Whether a document holds the secret, as it was sent or decoded. Shorter ones than eight bytes are
    /// too common to tell.
    #[must_use]
    pub fn is_in(&self, document: &[u8]) -> bool {
        const SHORTEST: usize = 8;
        let sent = self.header.reveal().split_once(' ').map_or(self.header.reveal(), |(_, secret)| secret);
        let decoded = STANDARD.decode(sent).unwrap_or_default();
        let password = decoded.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
        [sent.as_bytes(), password]
            .into_iter()
            .any(|secret| secret.len() >= SHORTEST && memchr::memmem::find(document, secret).is_some())
    }
}

/// The header value that carries a user and a password.
pub(super) fn basic(user: &[u8], password: &[u8]) -> Secret {
    let pair = [user, b":", password].concat();
    Secret::new(format!("Basic {}", STANDARD.encode(pair)))
}

/// Whether text can stand in a header after the scheme's name: printable ASCII without blanks.
pub(super) fn fits_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether an address is on this machine, so that its traffic needs no encryption.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
