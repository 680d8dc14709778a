//! What others say of releases: OSV records, and tables of verdicts from rebuilders and scanners. Shown beside a
//! finding, never part of its score.
//!
//! A table is CSV in UTF-8 with a header: `purl` with a version, or `registry`, `package` and `version`; `verdict` or
//! `result`; and if there are `source` (else the file's name) and `note`. Records are in [`osv`].

pub mod osv;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::files;
use super::history::History;
use super::vocabulary::{Sym, Vocabulary};
use crate::error::{Error, Result, line_of};
use crate::names::ReleaseId;

/// Verdicts that speak against a release. Whatever else is said (a failed rebuild, a vulnerability) is shown as it
/// stands and accuses nobody.
const AGAINST: [&str; 4] = ["malicious", "malware", "compromised", "suspicious"];

/// What one of the others says of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// Who says it: `OSV` and the record, or what the table names.
    pub source: String,
    /// The verdict, in their word.
    pub verdict: String,
    /// More about it; may be empty.
    pub note: String,
}

impl Claim {
    /// It calls the release malicious.
    #[must_use]
    pub fn accuses(&self) -> bool {
        let verdict = self.verdict.trim();
        AGAINST.iter().any(|word| verdict.eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.verdict, self.source)?;
        if !self.note.is_empty() {
            write!(f, ": {}", self.note)?;
        }
        write!(f, ")")
    }
}

/// What the others say of the publishes of one history, and what of their words was of no use.
#[derive(Clone, Debug, Default)]
pub struct Corroboration {
    /// Rows of tables, and affected packages of records.
    pub rows: usize,
    /// Of them, about no publish of the history.
    pub unmatched: usize,
    /// Records that were withdrawn.
    pub withdrawn: usize,
    /// Affected packages with a range of versions that could not be worked out.
    pub ranges_unread: usize,
    /// Files of a folder that are no record, with the reason of the first.
    pub files_unread: (usize, Option<String>),
    claims: BTreeMap<[Sym; 3], Vec<Claim>>,
}

impl Corroboration {
    /// Reads files and folders. A folder is searched for `.json` records at any depth; what is none is counted.
    ///
    /// # Errors
    /// When a file that was named cannot be read, or is neither a record nor such a table; a row is named by its line.
    pub fn read(paths: &[impl AsRef<Path>], history: &History) -> Result<Self> {
        let mut desk = Desk { words: &history.words, known: known(history), found: Self::default() };
        for path in paths {
            let path = path.as_ref();
            if path.is_dir() {
                osv::folder(path, &mut desk)?;
                continue;
            }
            let bytes = std::fs::read(path).map_err(|e| files::unreadable(path, &e))?;
            let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
            if bytes.trim_ascii_start().starts_with(b"{") || bytes.trim_ascii_start().starts_with(b"[") {
                osv::file(bytes, &mut desk).map_err(|e| e.file(path))?;
            } else {
                table(bytes, path, &mut desk)?;
            }
        }
        let mut found = desk.found;
        for claims in found.claims.values_mut() {
            claims.sort();
            claims.dedup();
        }
        Ok(found)
    }

    /// What is said of a release.
    #[must_use]
    pub fn about(&self, registry: Sym, package: Sym, version: Sym) -> &[Claim] {
        self.claims.get(&[registry, package, version]).map_or(&[], Vec::as_slice)
    }
}

/// Releases of a history by registry and [`key`] of their package.
type Known = BTreeMap<(String, String), Vec<[Sym; 3]>>;

/// Where claims are laid beside the history.
struct Desk<'h> {
    words: &'h Vocabulary,
    known: Known,
    found: Corroboration,
}

impl Desk<'_> {
    /// Takes a claim about those versions of a package that `is_meant` chooses.
    fn take(&mut self, registry: &str, package: &str, claim: &Claim, is_meant: impl Fn(&str) -> bool) {
        self.found.rows += 1;
        let releases = self.known.get(&(registry.to_owned(), key(registry, package)));
        let mut matched = false;
        for release in releases.into_iter().flatten().filter(|release| is_meant(self.words.text(release[2]))) {
            matched = true;
            self.found.claims.entry(*release).or_default().push(claim.clone());
        }
        self.found.unmatched += usize::from(!matched);
    }
}

fn known(history: &History) -> Known {
    let words = &history.words;
    let mut releases: Vec<[Sym; 3]> = history.events.iter().map(|e| [e.registry, e.package, e.version]).collect();
    releases.sort_unstable();
    releases.dedup();
    let mut known = Known::new();
    for [registry, package, version] in releases {
        let name = words.text(registry);
        let key = (name.to_owned(), key(name, words.text(package)));
        known.entry(key).or_default().push([registry, package, version]);
    }
    known
}

/// What makes two names one package: `PyPI` takes case and separators for nothing (PEP 503).
fn key(registry: &str, package: &str) -> String {
    if registry != "pypi" {
        return package.to_owned();
    }
    let lower = package.to_lowercase().replace(['_', '.'], "-");
    lower.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn table(bytes: &[u8], path: &Path, desk: &mut Desk) -> Result<()> {
    const REMEDY: &str = "give OSV records (JSON), or a CSV table in UTF-8 with the columns purl (or registry, package and \
                          version), verdict (or result), and if you like source and note";
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let broken = |e: csv::Error| {
        let line = line_of(bytes, e.position());
        Error::tool(format!("neither OSV records nor a table: {e}"))
            .file(path)
            .place(format!("line {line}"))
            .remedy(REMEDY)
    };
    let header = rows.headers().map_err(broken)?.clone();
    let column =
        |names: &[&str]| names.iter().find_map(|name| header.iter().position(|h| h.eq_ignore_ascii_case(name)));
    let missing =
        |name: &str| Error::tool(format!("the column `{name}` is missing")).file(path).place("line 1").remedy(REMEDY);
    let purl = column(&["purl"]);
    let parts = ["registry", "package", "version"].map(|name| (name, column(&[name])));
    if purl.is_none()
        && let Some((name, _)) = parts.iter().find(|(_, at)| at.is_none())
    {
        return Err(missing(if parts.iter().all(|(_, at)| at.is_none()) { "purl" } else { name }));
    }
    let verdict = column(&["verdict", "result"]).ok_or_else(|| missing("verdict"))?;
    let (source, note) = (column(&["source"]), column(&["note"]));
    let file_name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    for record in rows.records() {
        let record = record.map_err(broken)?;
        let line = line_of(bytes, record.position());
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let wrong = |error: Error| error.file(path).place(format!("line {line}"));
        let release = match cell(purl) {
            "" => {
                let [registry, package, version] = parts.map(|(_, at)| cell(at).to_owned());
                ReleaseId { registry, package, version }
            }
            text => text.parse().map_err(|e: Error| wrong(Error::tool(e.to_string()).remedy(REMEDY)))?,
        };
        let verdict = cell(Some(verdict));
        let cells = [&*release.registry, &*release.package, &*release.version, verdict];
        if let Some((_, name)) =
            cells.iter().zip(["registry", "package", "version", "verdict"]).find(|(cell, _)| cell.is_empty())
        {
            return Err(wrong(Error::tool(format!("`{name}` is empty")).remedy(REMEDY)));
        }
        let source = match cell(source) {
            "" => &file_name,
            named => named,
        };
        let claim = Claim { source: source.to_owned(), verdict: verdict.to_owned(), note: cell(note).to_owned() };
        desk.take(&release.registry, &release.package, &claim, |version| version == release.version);
    }
    Ok(())
}
