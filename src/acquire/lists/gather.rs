//! What the readers of lists find, checked and bounded as it comes in.

use std::collections::{BTreeMap, BTreeSet};

use super::integrity::Integrity;
use super::{LeftOut, List, MAX_ENTRIES, Wanted};
use crate::error::{Error, Result, is_unsafe};
use crate::names::package_name_fault;

/// The registry of Python's packages.
pub(super) const PYPI: &str = "pypi";
/// The registry of Rust's packages.
pub(super) const CARGO: &str = "cargo";
/// The registry of Ruby's packages.
pub(super) const GEM: &str = "gem";

/// The entry is a part of what the file describes.
pub(super) const OWN: &str = "a package of the project itself";
/// The entry is a link to a folder.
pub(super) const LINK: &str = "a link to a folder";
/// The entry comes from a folder or a file.
pub(super) const FOLDER: &str = "from a file or folder, not from a registry";
/// The entry comes from a version-control system.
pub(super) const GIT: &str = "from a source repository, not from a registry";
/// The entry comes from a web address.
pub(super) const ADDRESS: &str = "from an address, not from a registry";
/// The entry came inside another package.
pub(super) const BUNDLED: &str = "bundled inside another package";
/// The entry sets the tool that reads the file.
pub(super) const OPTION: &str = "an option of pip, which names no package";
/// The entry comes from a source of a kind that is not known here.
pub(super) const UNKNOWN: &str = "from a source of a kind that is not known here";
/// The entry's text or shape is none of the format's.
pub(super) const UNREADABLE: &str = "cannot be read as an entry of this format";

/// Longest version that is taken up, in bytes.
const LONGEST_VERSION: usize = 256;
/// Longest text of an entry that is shown, in bytes.
const LONGEST_SHOWN: usize = 256;

/// One package and version, in the order of the list.
type Key = (&'static str, String, Option<String>);

/// What is known of a package and version so far.
#[derive(Default)]
struct Held {
    integrity: Vec<String>,
    hosts: BTreeSet<String>,
    /// Entries without a usable hash that nothing has added one to.
    unhashed: bool,
}

/// Collects the entries of one file.
#[derive(Default)]
pub(super) struct Gather {
    wanted: BTreeMap<Key, Held>,
    left_out: Vec<LeftOut>,
    entries: usize,
}

impl Gather {
    /// Takes up a package, or leaves it out where its name or version cannot be one.
    pub(super) fn want(&mut self, registry: &'static str, name: &str, version: Option<&str>, integrity: Integrity) {
        let shown = || version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"));
        if let Some(fault) = name_fault(registry, name) {
            return self.leave(&shown(), format!("its name cannot be one: {fault}"));
        }
        if let Some(fault) = version.and_then(version_fault) {
            return self.leave(&shown(), format!("its version cannot be one: {fault}"));
        }
        if let Some(faulty) = integrity.faulty {
            self.leave(&shown(), format!("taken up without the hash `{faulty}`, which is malformed"));
        }
        if self.counts() {
            let held = self.wanted.entry(key(registry, name, version)).or_default();
            held.unhashed |= integrity.kept.is_empty();
            held.integrity.extend(integrity.kept);
        }
    }

    /// Adds hashes to a package that has been taken up; does nothing where it has not.
    pub(super) fn add(&mut self, registry: &'static str, name: &str, version: &str, integrity: Integrity) {
        if let Some(held) = self.wanted.get_mut(&key(registry, name, Some(version))) {
            held.unhashed &= integrity.kept.is_empty();
            held.integrity.extend(integrity.kept);
            if let Some(faulty) = integrity.faulty {
                let reason = format!("taken up without the hash `{faulty}`, which is malformed");
                self.leave(&format!("{name}@{version}"), reason);
            }
        }
    }

    /// Says where a package that has been taken up was downloaded; what is no web address says nothing.
    pub(super) fn downloaded(
        &mut self,
        registry: &'static str,
        name: &str,
        version: Option<&str>,
        address: Option<&str>,
    ) {
        const MOST: usize = 16;
        if let Some(host) = address.and_then(host)
            && let Some(held) = self.wanted.get_mut(&key(registry, name, version))
            && held.hosts.len() < MOST
        {
            held.hosts.insert(host);
        }
    }

    /// Leaves an entry out.
    pub(super) fn leave(&mut self, entry: &str, reason: impl Into<String>) {
        self.leave_from(entry, reason, None);
    }

    /// Leaves an entry out that comes from an address.
    pub(super) fn leave_from(&mut self, entry: &str, reason: impl Into<String>, address: Option<&str>) {
        if self.counts() {
            let shown = |text: &str| clip(&without_credentials(text));
            self.left_out.push(LeftOut { entry: shown(entry), reason: reason.into(), address: address.map(shown) });
        }
    }

    /// The versions of a package that have been taken up.
    pub(super) fn versions<'a>(&'a self, registry: &'static str, name: &str) -> impl Iterator<Item = &'a str> {
        let first = key(registry, name, None);
        let name = first.1.clone();
        self.wanted
            .range(first..)
            .take_while(move |((registry_, name_, _), _)| *registry_ == registry && *name_ == name)
            .filter_map(|((_, _, version), _)| version.as_deref())
    }

    /// Counts an entry; false once there are too many.
    fn counts(&mut self) -> bool {
        self.entries = self.entries.saturating_add(1);
        self.entries <= MAX_ENTRIES
    }

    /// The list, in order.
    pub(super) fn finish(self) -> Result<List> {
        if self.entries > MAX_ENTRIES {
            return Err(Error::tool(format!("holds more than {MAX_ENTRIES} entries"))
                .remedy("hand in the lists of the project's parts one by one"));
        }
        let wanted = self.wanted.into_iter().map(|((registry, name, version), held)| {
            let Held { mut integrity, hosts, unhashed } = held;
            integrity.sort_unstable();
            integrity.dedup();
            Wanted { registry, name, version, integrity, unhashed, hosts: hosts.into_iter().collect() }
        });
        Ok(List { wanted: wanted.collect(), left_out: self.left_out })
    }
}

fn key(registry: &'static str, name: &str, version: Option<&str>) -> Key {
    let name = if registry == PYPI { python_name(name) } else { name.to_owned() };
    (registry, name, version.map(str::to_owned))
}

/// A Python package name as PEP 503 normalises it.
pub(super) fn python_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.push(c.to_ascii_lowercase()),
        }
    }
    normal
}

/// Why a name cannot be one in this registry. npm's old names may hold nearly anything.
fn name_fault(registry: &str, name: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let strict = registry == PYPI || registry == CARGO || registry == GEM;
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    package_name_fault(name).or_else(|| {
        if strict && !name.chars().all(plain) {
            Some("it holds characters that the registry does not allow")
        } else if registry == PYPI && !(edge(name.chars().next()) && edge(name.chars().next_back())) {
            Some("it does not begin and end with a letter or a digit")
        } else {
            None
        }
    })
}

/// Why a version cannot be one.
fn version_fault(version: &str) -> Option<&'static str> {
    if version.is_empty() {
        Some("it is empty")
    } else if version.len() > LONGEST_VERSION {
        Some("it is longer than 256 bytes")
    } else if version.contains(is_unsafe) {
        Some("it holds control characters")
    } else {
        None
    }
}

/// Scheme and host of a web address, `https://host` or `https://host:port`: `None` for anything else. What stands
/// before a `+` says how it is read (`registry+https:`).
fn host(address: &str) -> Option<String> {
    let address = address
        .split_once("://")
        .map_or(address, |(scheme, _)| &address[scheme.rfind('+').map_or(0, |plus| plus + 1)..]);
    let url = url::Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
}

/// A text cut to what can be shown.
pub(super) fn clip(text: &str) -> String {
    if text.len() <= LONGEST_SHOWN {
        return text.to_owned();
    }
    let end = (0..=LONGEST_SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// A text without the user and password of the addresses in it: what is left out is shown and stored.
fn without_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut safe = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part.find(|c: char| matches!(c, '/' | '?' | '#') || c.is_whitespace()).unwrap_or(part.len());
        let start = part[..authority].rfind('@').map_or(0, |at| at + 1);
        safe.push_str("://");
        safe.push_str(&part[start..]);
    }
    safe
}
