//! Addresses of registries as people write them, made safe: checked, ending in `/`, without user info.

use url::Url;

use super::credential::{Credential, Scope, basic, is_loopback};
use super::{PYPI, Surroundings};
use crate::error::{Error, Result, printable};

/// The longest address that is read, in bytes.
const LONGEST: usize = 4096;

/// An address, where it was found, and what was written in it besides.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// http or https; ends in `/`; no user info, query or fragment.
    pub url: Url,
    /// Where it was found, as people are told.
    pub found: String,
    /// The user info that stood in it.
    pub login: Option<Credential>,
}

impl Address {
    /// What a user should know before asking there.
    pub fn warning(&self) -> Option<String> {
        (self.url.scheme() == "http" && !is_loopback(&self.url)).then(|| {
            format!("{} ({}) is not encrypted: answers can be forged on the way", self.url, printable(&self.found))
        })
    }
}

/// Reads the address of a registry.
///
/// # Errors
/// It is no http or https address with a host, or holds blanks, a query or a fragment. The error never shows
/// user info or a query.
pub(super) fn parse(registry: &str, text: &str, found: &str) -> Result<Address> {
    let mut url = checked(text).map_err(|error| Error { what: format!("{found}: {}", error.what), ..error })?;
    let login = login(&url, found);
    // Neither can fail: the address has a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut path = url.path().trim_end_matches('/').to_owned();
    if registry == PYPI
        && let Some(before) = path.strip_suffix("/simple")
    {
        path.truncate(before.len());
    }
    path.push('/');
    url.set_path(&path);
    let login =
        login.map(|header| Credential { scope: Scope { path: url.path().to_owned(), ..header.scope }, ..header });
    Ok(Address { url, found: found.to_owned(), login })
}

/// The address that the text is, as yet with its user info.
fn checked(text: &str) -> Result<Url> {
    const REMEDY: &str = "write the whole address, for example https://registry.example/";
    let wrong = |what: String| Err(Error::usage(what).remedy(REMEDY));
    let text = text.trim();
    let shown = shown(text);
    if text.is_empty() {
        return wrong("the address is empty".to_owned());
    }
    if text.len() > LONGEST {
        return wrong(format!("the address is longer than {LONGEST} bytes"));
    }
    // The parser would drop line breaks and tabs silently, and another host could come out.
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return wrong(format!("`{shown}` holds blanks or control characters"));
    }
    let Ok(url) = Url::parse(text) else {
        return wrong(format!("`{shown}` is no address"));
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong(format!("`{shown}` is not an http or https address"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return wrong(format!("`{shown}` names no host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong(format!("`{shown}` has a query or a fragment, which the address of a registry has not"));
    }
    Ok(url)
}

/// The credential that the user info in an address makes.
fn login(url: &Url, found: &str) -> Option<Credential> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    Some(Credential {
        scope: Scope::under(url)?,
        header: basic(&percent_decoded(url.username()), &percent_decoded(url.password().unwrap_or_default())),
        origin: found.to_owned(),
    })
}

/// The bytes that percent-encoded text stands for; a `%` without two hexadecimal digits stands for itself.
fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            out.push(high * 16 + low);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    out
}

/// An address as an error may show it: without user info, query and fragment. Of text that cannot be taken apart
/// and could hold any of them only the scheme is shown.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 100;
    if let Ok(mut url) = Url::parse(text)
        && url.has_host()
    {
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        return url.as_str().chars().take(MOST).collect();
    }
    if text.contains(['@', '?', '#', '%']) {
        return match text.split_once("://") {
            Some((scheme, _)) if scheme.len() <= 10 && scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                format!("{scheme}://...")
            }
            _ => "...".to_owned(),
        };
    }
    printable(&text.chars().take(MOST).collect::<String>())
}

/// The first variable of the given names that is set, with its name as people are told.
pub(super) fn from_env(s: &Surroundings, registry: &str, name: &str) -> Option<Result<Address>> {
    s.var(name).map(|value| parse(registry, value, &format!("environment {name}")))
}
