//! The text of a file of suppressions, collecting every problem on the way.

use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, Scope, day};
use crate::error::{Error, printable};
use crate::names::PackageId;

/// Bytes of a text at most.
const LONGEST: usize = 1_000;
/// The table whose entries a file holds.
const TABLE: &str = "suppression";
const KEYS: [&str; 9] = ["registry", "package", "version", "all-versions", "actor", "who", "why", "created", "until"];

/// Something wrong, with its line from 1.
pub(super) struct Problem {
    line: usize,
    what: String,
}

/// Reads the text; every problem, in the order of the lines, if there are any.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, problems: Vec::new() };
    for error in errors {
        let what = format!("is not valid TOML: {}", error.message());
        reader.report(&error.span().unwrap_or_default(), what);
    }
    let mut entries = Vec::new();
    // What recovery made of broken syntax would give problems that are none.
    if reader.problems.is_empty() {
        for (key, value) in root.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                (TABLE, DeValue::Array(tables)) => {
                    entries = tables.iter().filter_map(|table| reader.entry(table)).collect();
                }
                (TABLE, _) => reader.report(&key.span(), format!("`{TABLE}` is no list: write [[{TABLE}]]")),
                (other, _) => {
                    let what = format!("`{}` is not known; a suppression begins with [[{TABLE}]]", printable(other));
                    reader.report(&key.span(), what);
                }
            }
        }
    }
    if reader.problems.is_empty() {
        return Ok(entries);
    }
    reader.problems.sort_by_key(|problem| problem.line);
    Err(reader.problems)
}

/// All problems as one error.
pub(super) fn error(problems: &[Problem]) -> Error {
    let lines: Vec<(usize, &str)> = problems.iter().map(|p| (p.line, p.what.as_str())).collect();
    Error::of_lines(&lines).remedy("correct these lines; gaitkeeper suppressions add --help shows what an entry says")
}

struct Reader<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

/// What an entry says, as far as it can be read.
#[derive(Default)]
struct Said {
    texts: [Option<String>; 6],
    all_versions: Option<bool>,
    created: Option<NaiveDate>,
    until: Option<NaiveDate>,
}

/// Keys that hold texts, in the order of [`Said::texts`].
const TEXTS: [&str; 6] = ["registry", "package", "version", "actor", "who", "why"];

impl Reader<'_> {
    fn line(&self, at: &Range<usize>) -> usize {
        self.text.as_bytes()[..at.start.min(self.text.len())].split(|byte| *byte == b'\n').count()
    }

    fn report(&mut self, at: &Range<usize>, what: String) {
        let line = self.line(at);
        self.problems.push(Problem { line, what });
    }

    fn entry(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Entry> {
        let at = value.span();
        let before = self.problems.len();
        let Some(table) = value.get_ref().as_table() else {
            self.report(&at, format!("is no table: write [[{TABLE}]]"));
            return None;
        };
        let mut said = Said::default();
        for (key, value) in table {
            self.key(key.get_ref().as_ref(), &key.span(), value, &mut said);
        }
        let Said { texts: [registry, package, version, actor, who, why], all_versions, created, until } = said;
        // A key that is there and wrong has been told.
        let clean = self.problems.len() == before;
        if clean {
            for (name, missing) in [
                ("registry", registry.is_none()),
                ("who", who.is_none()),
                ("why", why.is_none()),
                ("created", created.is_none()),
                ("until", until.is_none()),
            ] {
                if missing {
                    self.report(&at, format!("`{name}` is missing"));
                }
            }
            if let (Some(created), Some(until)) = (created, until)
                && until < created
            {
                self.report(&at, format!("`until` ({until}) is before `created` ({created})"));
            }
        }
        let registry = registry?;
        let named = |name: String| PackageId { registry: registry.clone(), name };
        let scope = match (package, version, all_versions == Some(true), actor) {
            (Some(package), Some(version), false, None) => Some(Scope::Version(named(package), version)),
            (Some(package), None, true, None) => Some(Scope::Package(named(package))),
            (None, None, false, Some(actor)) => Some(Scope::Actor(registry.clone(), actor)),
            _ => None,
        };
        if scope.is_none() && clean {
            self.report(
                &at,
                "it is not clear what is kept quiet: write `package` and `version`, `package` and \
                 `all-versions = true`, or `actor` alone"
                    .to_owned(),
            );
        }
        if self.problems.len() > before {
            return None;
        }
        let line = self.line(&at);
        Some(Entry { scope: scope?, who: who?, why: why?, created: created?, until: until?, line })
    }

    fn key(&mut self, name: &str, at: &Range<usize>, value: &Spanned<DeValue<'_>>, said: &mut Said) {
        if let Some(slot) = TEXTS.iter().position(|text| *text == name) {
            match value.get_ref().as_str() {
                Some(text) if text.trim().is_empty() => self.report(at, format!("`{name}` is empty")),
                Some(text) if text.len() > LONGEST => {
                    self.report(at, format!("`{name}` has {} bytes, {LONGEST} are the most", text.len()));
                }
                Some(text) => said.texts[slot] = Some(text.trim().to_owned()),
                None => self.report(at, format!("`{name}` is not a text in quotation marks")),
            }
            return;
        }
        match (name, value.get_ref()) {
            ("all-versions", DeValue::Boolean(all)) => said.all_versions = Some(*all),
            ("all-versions", _) => self.report(at, "`all-versions` is not true or false".to_owned()),
            ("created" | "until", value) => {
                let text = match value {
                    DeValue::Datetime(date) => Some(date.to_string()),
                    DeValue::String(text) => Some(text.to_string()),
                    _ => None,
                };
                match text.as_deref().and_then(|text| day(text).ok()) {
                    Some(date) if name == "created" => said.created = Some(date),
                    Some(date) => said.until = Some(date),
                    None => self.report(at, format!("`{name}` is not a day such as 2026-12-31")),
                }
            }
            _ => {
                let short: String = name.chars().take(60).collect();
                self.report(at, format!("`{}` is not known; known are {}", printable(&short), KEYS.join(", ")));
            }
        }
    }
}
