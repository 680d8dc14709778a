//! What people concluded about publishes: a CSV table with the columns `registry`, `package`, `version` and
//! `verdict` (benign, malicious or unsure); further columns, such as `reason`, are for people.
//!
//! A verdict has no time. Whoever scores a past history with verdicts uses what is known today: a backtest with
//! verdicts says what a desk's conclusions change, and is no measure of what would have been found then.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use rustc_hash::FxHashMap;

use super::files;
use super::history::History;
use super::vocabulary::Sym;
use crate::error::{Error, Result, line_of};

/// A conclusion about one publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its owner's work.
    Benign,
    /// Somebody else's.
    Malicious,
    /// Looked at without a conclusion: as if there were no verdict.
    Unsure,
}

impl Verdict {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        VERDICTS.iter().find(|(_, verdict)| *verdict == self).map_or("", |(name, _)| name)
    }
}

impl FromStr for Verdict {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        VERDICTS.iter().find(|(name, _)| *name == text).map(|(_, verdict)| *verdict).ok_or_else(|| {
            Error::tool(format!("`{text}` is not a verdict")).remedy("write benign, malicious or unsure")
        })
    }
}

/// Verdicts as they are written.
const VERDICTS: [(&str, Verdict); 3] =
    [("benign", Verdict::Benign), ("malicious", Verdict::Malicious), ("unsure", Verdict::Unsure)];
/// Columns that a table must have.
const COLUMNS: [&str; 4] = ["registry", "package", "version", "verdict"];

/// Verdicts by registry, package and version.
pub type ByRelease = FxHashMap<[Sym; 3], Verdict>;

/// A table of verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Verdicts by registry, package and version.
    pub rows: BTreeMap<[String; 3], Verdict>,
    /// Rows that a later row about the same release replaced.
    pub replaced: usize,
}

impl Verdicts {
    /// Reads a table; of several rows about one release the last one holds.
    ///
    /// # Errors
    /// When it cannot be read, is no CSV table, lacks a column, or has a row with an empty cell or another verdict;
    /// the row is named by its line.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|e| files::unreadable(path, &e))?;
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let broken = |e: csv::Error| {
            let line = line_of(text, e.position());
            let error = Error::tool(format!("no table of verdicts: {e}")).file(path).place(format!("line {line}"));
            error.remedy("give a CSV table in UTF-8 with a header and as many cells in every row")
        };
        let header = table.headers().map_err(broken)?.clone();
        let mut places = [0; COLUMNS.len()];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            *place = header.iter().position(|column| column == name).ok_or_else(|| {
                Error::tool(format!("the column `{name}` is missing"))
                    .file(path)
                    .place("line 1")
                    .remedy(format!("a table of verdicts has the columns {}", COLUMNS.join(", ")))
            })?;
        }
        let mut verdicts = Self::default();
        for record in table.records() {
            let record = record.map_err(broken)?;
            let line = line_of(text, record.position());
            let [registry, package, version, verdict] = places.map(|at| record.get(at).unwrap_or_default());
            let wrong = |what: String| Error::tool(what).file(path).place(format!("line {line}"));
            if let Some(name) =
                COLUMNS.iter().zip([registry, package, version]).find_map(|(n, c)| c.is_empty().then_some(n))
            {
                return Err(wrong(format!("`{name}` is empty"))
                    .remedy("name the release as the archive does, for example npm,axios,1.14.1,malicious"));
            }
            let verdict: Verdict = verdict.parse().map_err(|e: Error| e.file(path).place(format!("line {line}")))?;
            let release = [registry, package, version].map(str::to_owned);
            verdicts.replaced += usize::from(verdicts.rows.insert(release, verdict).is_some());
        }
        Ok(verdicts)
    }

    /// The verdicts about publishes that a history holds, and how many of the table are about none of them.
    #[must_use]
    pub fn within(&self, history: &History) -> (ByRelease, usize) {
        let named = self.rows.iter().filter_map(|(release, verdict)| {
            let [registry, package, version] = release.each_ref().map(|text| history.words.find(text));
            Some(([registry?, package?, version?], *verdict))
        });
        let mut asked: ByRelease = named.collect();
        let held: rustc_hash::FxHashSet<[Sym; 3]> = history
            .events
            .iter()
            .map(|e| [e.registry, e.package, e.version])
            .filter(|r| asked.contains_key(r))
            .collect();
        asked.retain(|release, _| held.contains(release));
        let unknown = self.rows.len() - asked.len();
        (asked, unknown)
    }
}
