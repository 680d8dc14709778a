//! `gaitkeeper-gate.toml`: what was accepted of each lock file. Sorted, one line a release, so that a change of it
//! reads like a change of code.
//!
//! ```toml
//! version = 1
//! [locks."package-lock.json".hosts]
//! npm = ["https://registry.example"]
//! [locks."package-lock.json".releases]
//! "pkg:npm/a@1.0.0" = { accepted = "2026-05-20T00:00:00.000Z", integrity = ["sha512-..."] }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use crate::acquire::lists::MAX_BYTES;
use crate::archive::files;
use crate::error::{Error, Result};
use crate::report::gate::Reason;

/// Version of the form.
const VERSION: u32 = 1;

/// What was accepted, by the name of the lock file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snapshot {
    version: u32,
    #[serde(default)]
    pub(super) locks: BTreeMap<String, Lock>,
}

/// What was accepted of one lock file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lock {
    /// Entries that are no releases.
    pub(super) entries: BTreeSet<String>,
    /// Hosts, by registry.
    pub(super) hosts: BTreeMap<String, BTreeSet<String>>,
    /// Releases, by purl.
    pub(super) releases: BTreeMap<String, Held>,
}

/// One accepted release.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Held {
    /// When it was accepted first.
    pub(super) accepted: String,
    /// Its hashes then.
    pub(super) integrity: BTreeSet<String>,
    /// What spoke against it then.
    pub(super) despite: BTreeSet<String>,
    /// How rare it was then, where it was an alert: one in so many publishes.
    pub(super) alert_one_in: Option<u64>,
}

impl Held {
    /// It was accepted although this spoke against it.
    pub(super) fn despite(&self, reason: Reason) -> bool {
        reason.lasts() && self.despite.contains(reason.name())
    }
}

impl Snapshot {
    /// Reads a snapshot; an empty one where there is none yet.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = match fs::metadata(path).and_then(|about| {
            if about.len() > MAX_BYTES as u64 {
                return Err(std::io::Error::other("it is larger than 64 MB"));
            }
            fs::read_to_string(path)
        }) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(files::unreadable(path, &error)),
        };
        let damaged = |what: String| {
            Error::tool(format!("is no snapshot of a gate: {what}"))
                .file(path)
                .remedy("restore it from version control, or resolve its merge conflict")
        };
        let read: Self = toml::from_str(&text).map_err(|e| {
            let place = e.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let error = damaged(e.message().to_owned());
            place.map_or(error.clone(), |line| error.place(format!("line {line}")))
        })?;
        if read.version != VERSION {
            return Err(Error::tool(format!(
                "is a snapshot of version {}, this program knows version {VERSION}",
                read.version
            ))
            .file(path)
            .remedy("update gaitkeeper"));
        }
        let unknown = read.locks.values().flat_map(|lock| lock.releases.values()).flat_map(|one| &one.despite);
        if let Some(name) = unknown.into_iter().find(|name| Reason::of_name(name).is_none()) {
            return Err(damaged(format!("`{name}` in `despite` is no reason")));
        }
        Ok(read)
    }

    /// Writes the snapshot, all or nothing.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        files::replace(path, self.text().as_bytes())
    }

    fn text(&self) -> String {
        let mut out = format!(
            "# What `gaitkeeper gate --update` accepted. Review a change of this file like a change of code.\n\
             version = {VERSION}\n"
        );
        for (name, lock) in &self.locks {
            let table = format!("locks.{}", quoted(name));
            if !lock.entries.is_empty() {
                let _ = writeln!(out, "\n[{table}]\nentries = [");
                for entry in &lock.entries {
                    let _ = writeln!(out, "    {},", quoted(entry));
                }
                out.push_str("]\n");
            }
            if !lock.hosts.is_empty() {
                let _ = writeln!(out, "\n[{table}.hosts]");
                for (registry, hosts) in &lock.hosts {
                    let _ = writeln!(out, "{} = {}", quoted(registry), list(hosts));
                }
            }
            let _ = writeln!(out, "\n[{table}.releases]");
            for (purl, one) in &lock.releases {
                let mut fields = format!("accepted = {}, integrity = {}", quoted(&one.accepted), list(&one.integrity));
                if !one.despite.is_empty() {
                    let _ = write!(fields, ", despite = {}", list(&one.despite));
                }
                if let Some(one_in) = one.alert_one_in {
                    let _ = write!(fields, ", alert_one_in = {one_in}");
                }
                let _ = writeln!(out, "{} = {{ {fields} }}", quoted(purl));
            }
        }
        out
    }
}

/// A string of TOML on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if crate::error::is_unsafe(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(items: &BTreeSet<String>) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}
