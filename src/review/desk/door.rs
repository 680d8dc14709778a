//! Who may come in: a browser on this machine that was given the address the program printed.
//!
//! Any page of the web may make a browser send requests to this machine. So the name in `Host` must be one of this
//! desk's own (else a name that was made to point here could read everything), the token of the printed address is
//! exchanged for a cookie that no script reads and no other site's page can use, and what changes something carries a
//! secret of the page that it was sent from, and comes from that page.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST, ORIGIN};

use crate::error::{Error, Result};

/// The door of one running desk.
pub struct Door {
    hosts: Vec<String>,
    token: String,
    session: String,
    csrf: String,
    cookie: String,
}

impl Door {
    /// A door with new secrets for a desk at this address.
    ///
    /// # Errors
    /// When the address is reachable from other machines, or the system gives no random bytes.
    pub fn new(address: SocketAddr) -> Result<Self> {
        loopback(address)?;
        let port = address.port();
        Ok(Self {
            hosts: vec![address.to_string(), format!("localhost:{port}")],
            token: secret()?,
            session: secret()?,
            csrf: secret()?,
            // Cookies know no ports: two desks at once would overwrite each other's.
            cookie: format!("gaitkeeper-desk-{port}"),
        })
    }

    /// The address to open.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.hosts[0], self.token)
    }

    /// What forms carry.
    #[must_use]
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// Is the request meant for this desk, and not for a name that was made to point at it?
    #[must_use]
    pub fn is_addressed(&self, headers: &HeaderMap) -> bool {
        one(headers, HOST.as_str()).is_some_and(|host| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)))
    }

    /// Does the request come with the cookie of this desk?
    #[must_use]
    pub fn is_let_in(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(name, value)| name == self.cookie && same(value, &self.session))
    }

    /// The cookie for who comes with the token.
    #[must_use]
    pub fn admit(&self, token: &str) -> Option<String> {
        same(token, &self.token).then(|| format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie, self.session))
    }

    /// Was a form sent from a page of this desk? The browser says from where, if it says anything, and the form
    /// carries the secret.
    #[must_use]
    pub fn is_own_form(&self, headers: &HeaderMap, csrf: &str) -> bool {
        let from_here = match headers.get(ORIGIN) {
            None => true,
            Some(origin) => self.hosts.iter().any(|host| origin.as_bytes() == format!("http://{host}").as_bytes()),
        };
        let same_site = one(headers, "sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
        from_here && same_site && same(csrf, &self.csrf)
    }
}

/// Refuses an address that other machines can reach.
///
/// # Errors
/// When it is not one of this machine's own.
pub fn loopback(address: SocketAddr) -> Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(Error::usage(format!("{} can be reached from other machines, and the desk is for this one", address.ip()))
        .remedy("use 127.0.0.1 or ::1; from another machine, forward the port: ssh -L 8000:127.0.0.1:8000 HOST"))
}

/// The only value of a header; `None` where there is none, or several.
fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Compares secrets in a time that does not tell how much of one was right: hashes compare in constant time.
fn same(given: &str, secret: &str) -> bool {
    blake3::hash(given.as_bytes()) == blake3::hash(secret.as_bytes())
}

fn secret() -> Result<String> {
    use std::fmt::Write;
    let mut bytes = [0u8; 24];
    getrandom::fill(&mut bytes).map_err(|e| Error::tool(format!("the system gives no random bytes: {e}")))?;
    Ok(bytes.iter().fold(String::with_capacity(48), |mut text, byte| {
        // A string takes every character.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
