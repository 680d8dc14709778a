//! Records of the Open Source Vulnerability format (OSV schema 1.7), as the databases of advisories and of malicious
//! packages publish them: one record, a list, an answer with `vulns`, or a folder of them.
//!
//! A record speaks of the versions that it lists and of those in its ranges. A range from `0` without an end is every
//! version; other ranges are worked out where the registry orders versions as semver does (npm, Cargo), and
//! counted as not read elsewhere.

use std::fs;
use std::path::Path;

use semver::Version;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Claim, Desk};
use crate::archive::files;
use crate::error::{Error, Result};

/// Registries by their ecosystem; what follows a colon or a dot in an ecosystem is left out (Cargo's is called like a host).
const ECOSYSTEMS: [(&str, &str); 4] = [("npm", "npm"), ("PyPI", "pypi"), ("crates", "cargo"), ("RubyGems", "gem")];
/// Registries that order versions as semver does.
const SEMVER: [&str; 2] = ["npm", "cargo"];
/// The weakness "embedded malicious code", which advisories of malware name.
const EMBEDDED_MALICIOUS_CODE: &str = "CWE-506";

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    affected: Option<Vec<Affected>>,
    #[serde(default)]
    database_specific: Option<Specific>,
}

#[derive(Default, Deserialize)]
struct Specific {
    #[serde(default)]
    cwe_ids: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(default)]
    package: Option<Package>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    ranges: Option<Vec<Range>>,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    vulns: Vec<&'a RawValue>,
}

/// Reads every `.json` file below a folder; those that are no record are counted, with the reason of the first.
pub(super) fn folder(path: &Path, desk: &mut Desk) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(path)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .map_err(|e| files::unreadable(path, &e))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(|e| files::unreadable(&entry.path(), &e))?);
        // A link could lead round in a circle.
        if kind.is_dir() {
            folder(&path, desk)?;
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
            let read = fs::read(&path).map_err(|e| files::unreadable(&path, &e));
            if let Err(e) = read.and_then(|bytes| file(&bytes, desk).map_err(|e| e.file(&path))) {
                let (count, first) = &mut desk.found.files_unread;
                *count += 1;
                first.get_or_insert_with(|| e.to_string());
            }
        }
    }
    Ok(())
}

/// Reads one document. What is wrong with it is found before anything of it is taken.
pub(super) fn file(bytes: &[u8], desk: &mut Desk) -> Result<()> {
    let records: std::result::Result<Vec<Record>, serde_json::Error> = if bytes.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(bytes)
    } else if let Ok(answer) = serde_json::from_slice::<Answer>(bytes) {
        answer.vulns.iter().map(|raw| serde_json::from_str(raw.get())).collect()
    } else {
        serde_json::from_slice(bytes).map(|record| vec![record])
    };
    let records = records.map_err(|e| {
        Error::tool(format!("no OSV record: {e}"))
            .remedy("give a record as osv.dev publishes it, a list of them, or a folder")
    })?;
    for record in &records {
        take(record, desk);
    }
    Ok(())
}

fn take(record: &Record, desk: &mut Desk) {
    if record.withdrawn.is_some() {
        desk.found.withdrawn += 1;
        return;
    }
    let malicious = std::iter::once(&record.id).chain(record.aliases.iter().flatten()).any(|id| id.starts_with("MAL-"))
        || record.database_specific.as_ref().is_some_and(Specific::names_malicious_code);
    let claim = Claim {
        source: format!("OSV {}", record.id),
        verdict: if malicious { "malicious" } else { "vulnerable" }.to_owned(),
        note: record.summary.clone().unwrap_or_default(),
    };
    for affected in record.affected.iter().flatten() {
        let Some(package) = &affected.package else { continue };
        let ecosystem = package.ecosystem.split([':', '.']).next().unwrap_or_default();
        let registry = ECOSYSTEMS.iter().find(|(name, _)| *name == ecosystem).map_or(ecosystem, |(_, id)| *id);
        let listed = |version: &str| affected.versions.iter().flatten().any(|v| v == version);
        let ranges: Vec<&Range> = affected.ranges.iter().flatten().filter(|range| range.kind != "GIT").collect();
        let readable = |range: &Range| range.is_everything() || SEMVER.contains(&registry) && range.is_ordered();
        if ranges.iter().any(|range| !readable(range)) && affected.versions.as_ref().is_none_or(Vec::is_empty) {
            desk.found.ranges_unread += 1;
        }
        desk.take(registry, &package.name, &claim, |version| {
            listed(version) || ranges.iter().any(|range| readable(range) && range.holds(version))
        });
    }
}

impl Specific {
    fn names_malicious_code(&self) -> bool {
        let names = self.cwe_ids.as_ref().and_then(serde_json::Value::as_array);
        names.into_iter().flatten().any(|id| id == EMBEDDED_MALICIOUS_CODE)
    }
}

impl Range {
    /// From the beginning, without an end.
    fn is_everything(&self) -> bool {
        !self.events.is_empty() && self.events.iter().all(|event| event.introduced.as_deref() == Some("0"))
    }

    /// Every border is a version of semver.
    fn is_ordered(&self) -> bool {
        self.events.iter().all(|event| event.border().is_some_and(|border| order(border).is_some()))
    }

    /// The evaluation of the OSV schema: the last border at or before a version decides.
    fn holds(&self, version: &str) -> bool {
        if self.is_everything() {
            return true;
        }
        let Ok(version) = Version::parse(version) else { return false };
        let mut borders: Vec<(Version, &Event)> =
            self.events.iter().filter_map(|event| Some((order(event.border()?)?, event))).collect();
        borders.sort_by(|a, b| a.0.cmp(&b.0));
        let mut inside = false;
        for (border, event) in borders {
            let passed = if event.last_affected.is_some() { border < version } else { border <= version };
            if passed {
                inside = event.introduced.is_some();
            }
        }
        inside
    }
}

impl Event {
    fn border(&self) -> Option<&str> {
        [&self.introduced, &self.fixed, &self.last_affected, &self.limit]
            .into_iter()
            .flatten()
            .next()
            .map(String::as_str)
    }
}

/// A border as a version; `0` is before all.
fn order(border: &str) -> Option<Version> {
    if border == "0" { Version::parse("0.0.0-0").ok() } else { Version::parse(border).ok() }
}
