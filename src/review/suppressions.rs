//! Findings that are kept quiet: `suppressions.toml`, with who answers for it, why, and until which day, as cargo-vet
//! keeps audits. What is suppressed fails nothing and is in every report.

mod reader;

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use chrono::{DateTime, NaiveDate};

use crate::archive::files;
use crate::detect::alert::Finding;
use crate::error::{Error, Result, printable};
use crate::names::PackageId;
use crate::report::view::{Standing, Suppressed, Suppression, View};

/// The file's name in an archive.
pub const FILE: &str = "suppressions.toml";
/// Days before its end in which a suppression is announced to end.
const NOTICE: i64 = 14;

/// What is kept quiet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One version.
    Version(PackageId, String),
    /// Every version of a package, of those to come too.
    Package(PackageId),
    /// Every publish of an account of a registry.
    Actor(String, String),
}

impl Scope {
    /// Does it cover this publish?
    #[must_use]
    pub fn covers(&self, registry: &str, package: &str, version: &str, actor: &str) -> bool {
        let is = |id: &PackageId| id.registry == registry && id.name == package;
        match self {
            Self::Version(id, one) => is(id) && one == version,
            Self::Package(id) => is(id),
            Self::Actor(of, name) => of == registry && name == actor,
        }
    }

    /// Does it cover what nobody has seen yet?
    #[must_use]
    pub fn is_wide(&self) -> bool {
        !matches!(self, Self::Version(..))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(id, version) => {
                write!(f, "{} {}@{}", printable(&id.registry), printable(&id.name), printable(version))
            }
            Self::Package(id) => write!(f, "{} {}, all versions", printable(&id.registry), printable(&id.name)),
            Self::Actor(registry, name) => write!(f, "{} account {}", printable(registry), printable(name)),
        }
    }
}

/// One suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it keeps quiet.
    pub scope: Scope,
    /// Who answers for it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When it was made.
    pub created: NaiveDate,
    /// The last day on which it holds.
    pub until: NaiveDate,
    /// Its line in the file, from 1.
    pub line: usize,
}

impl Entry {
    /// Whether it holds on a day.
    #[must_use]
    pub fn holds(&self, day: NaiveDate) -> bool {
        day <= self.until
    }

    /// Days that it still holds after this one; negative once it has ended.
    #[must_use]
    pub fn days_left(&self, day: NaiveDate) -> i64 {
        (self.until - day).num_days()
    }

    /// Does it cover this finding, whether or not it still holds?
    #[must_use]
    pub fn covers(&self, finding: &Finding) -> bool {
        let release = &finding.release;
        self.scope.covers(&release.registry, &release.package, &release.version, &finding.actor)
    }

    /// The same for a report.
    #[must_use]
    pub fn told(&self) -> Suppression {
        Suppression {
            who: self.who.clone(),
            why: self.why.clone(),
            until: self.until.to_string(),
            scope: self.scope.to_string(),
        }
    }

    /// What every report says of it on a day.
    pub fn standing(&self, day: NaiveDate) -> impl Iterator<Item = Standing> {
        let ended = !self.holds(day);
        let ending = !ended && self.days_left(day) <= NOTICE;
        let wide = !ended && self.scope.is_wide();
        [(wide, Standing::Wide), (ending, Standing::Ending), (ended, Standing::Ended)]
            .into_iter()
            .filter_map(|(is, standing)| is.then_some(standing))
    }

    fn block(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut lines = vec!["[[suppression]]".to_owned()];
        let mut put = |key: &str, value: String| lines.push(format!("{key} = {value}"));
        match &self.scope {
            Scope::Version(id, version) => {
                put("registry", quoted(&id.registry));
                put("package", quoted(&id.name));
                put("version", quoted(version));
            }
            Scope::Package(id) => {
                put("registry", quoted(&id.registry));
                put("package", quoted(&id.name));
                put("all-versions", "true".to_owned());
            }
            Scope::Actor(registry, name) => {
                put("registry", quoted(registry));
                put("actor", quoted(name));
            }
        }
        put("who", quoted(&self.who));
        put("why", quoted(&self.why));
        put("created", self.created.to_string());
        put("until", self.until.to_string());
        lines.join("\n") + "\n"
    }
}

/// The day of a time in milliseconds, in UTC.
#[must_use]
pub fn day_of(millis: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(millis).map_or(NaiveDate::MAX, |time| time.date_naive())
}

/// A day as it is written, `2026-12-31`.
///
/// # Errors
/// When it is none.
pub fn day(text: &str) -> Result<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| {
        Error::usage(format!("`{text}` is not a day")).remedy("write it as 2026-12-31; it is the last day that counts")
    })
}

/// Reads a file of suppressions.
///
/// # Errors
/// When it cannot be read, or is wrong: every problem with its line.
pub fn read(path: &Path) -> Result<Vec<Entry>> {
    let text = fs::read_to_string(path).map_err(|e| files::unreadable(path, &e))?;
    parse(&text).map_err(|e| e.file(path))
}

/// Reads the text of a file of suppressions.
///
/// # Errors
/// When it is wrong: every problem with its line.
pub fn parse(text: &str) -> Result<Vec<Entry>> {
    reader::parse(text).map_err(|problems| reader::error(&problems))
}

/// Adds one suppression to a file, behind what it holds, and makes the file where there is none.
///
/// # Errors
/// When the file is wrong already, when it has the same one with the same or a later end, when the new one is wrong, or
/// when the file cannot be written.
pub fn add(path: &Path, entry: &Entry) -> Result<()> {
    let block = entry.block();
    parse(&block).map_err(|e| e.remedy("correct the options; nothing was written"))?;
    let failed = |e: std::io::Error| files::unwritable(path, &e);
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed)?;
    // Two at once would not see each other's.
    file.lock().map_err(failed)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|e| files::unreadable(path, &e))?;
    let held = parse(&text).map_err(|e| e.file(path))?;
    if let Some(same) = held.iter().find(|held| held.scope == entry.scope && held.until >= entry.until) {
        return Err(Error::usage(format!("{} is kept quiet until {} already", same.scope, same.until))
            .file(path)
            .place(format!("line {}", same.line))
            .remedy("nothing needs to be added; to end it sooner, edit the file"));
    }
    let gap = if text.is_empty() {
        ""
    } else if text.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let written = file.write_all(format!("{gap}{block}").as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|e| {
        // Half an entry would make the whole file unreadable.
        let _ = file.set_len(text.len() as u64);
        failed(e)
    })
}

/// Takes what is kept quiet on this day out of the findings, and notes what every report has to say.
pub fn apply(entries: &[Entry], today: NaiveDate, view: &mut View) {
    let findings = std::mem::take(&mut view.findings);
    for finding in findings {
        match entries.iter().find(|entry| entry.holds(today) && entry.covers(&finding)) {
            Some(entry) => view.suppressed.push(Suppressed { finding, by: entry.told() }),
            None => view.findings.push(finding),
        }
    }
    let shown = |id: &str| view.findings.iter().any(|f| f.campaign.as_ref().is_some_and(|of| of.id == id));
    let campaigns = std::mem::take(&mut view.campaigns);
    view.campaigns = campaigns.into_iter().filter(|campaign| shown(&campaign.id)).collect();
    for entry in entries {
        view.standing.extend(entry.standing(today).map(|standing| (standing, entry.told())));
    }
}
