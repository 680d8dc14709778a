//! Cells as spreadsheets save them: whichever separator, line end and order of columns, and with the apostrophe that
//! keeps a text from being taken for something else.

use std::fs;
use std::path::Path;

use super::COLUMNS;
use crate::archive::files;
use crate::error::{Error, Result, line_of, printable};

/// Columns that an import cannot do without.
const NEEDED: [&str; 6] = ["registry", "package", "version", "verdict", "reason", "decided_at"];
/// Bytes of a table at most: a hundred thousand rows with long reasons.
const LARGEST: u64 = 256 * 1024 * 1024;

/// A table that was read.
#[derive(Debug, Default)]
pub struct Table {
    pub(super) rows: Vec<Cells>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Cells {
    /// Its line in the file, from 1.
    pub line: u64,
    texts: [String; COLUMNS.len()],
}

impl Cells {
    /// The cell of a column; empty where the table has no such column.
    pub(super) fn get(&self, column: &str) -> &str {
        COLUMNS.iter().position(|name| *name == column).map_or("", |at| &self.texts[at])
    }
}

/// Reads a table from a file.
///
/// # Errors
/// As [`read_bytes`], and when the file cannot be read.
pub fn read(path: &Path) -> Result<Table> {
    let length = fs::metadata(path).map_err(|e| files::unreadable(path, &e))?.len();
    if length > LARGEST {
        return Err(Error::tool(format!("has {length} bytes, {LARGEST} are the most"))
            .file(path)
            .remedy("is this the table that gaitkeeper review export wrote?"));
    }
    let bytes = fs::read(path).map_err(|e| files::unreadable(path, &e))?;
    read_bytes(&bytes).map_err(|e| e.file(path))
}

/// Reads a table: CSV in UTF-8 with a header, separated by comma, semicolon or tab.
///
/// # Errors
/// When it is in another encoding, lacks a column, has one twice, or has a row with more cells than columns.
pub fn read_bytes(bytes: &[u8]) -> Result<Table> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes[..e.valid_up_to()].split(|byte| *byte == b'\n').count();
        Error::tool("is not in UTF-8")
            .place(format!("line {line}"))
            .remedy("save it as \"CSV UTF-8\" (Excel), or choose Unicode (UTF-8) as character set (LibreOffice)")
    })?;
    // Excel writes, and hides, a first line that names the separator.
    let (separator, text, skipped) = match text.split_once('\n') {
        Some((first, rest)) if first.trim_end().len() == 5 && first.starts_with("sep=") => {
            (first.as_bytes()[4], rest, 1)
        }
        _ => (likely(text), text, 0),
    };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut records = reader.records();
    let broken = |e: csv::Error| {
        let line = line_of(text.as_bytes(), e.position()) + skipped;
        Error::tool(format!("no table: {e}")).place(format!("line {line}")).remedy("save it as CSV again")
    };
    let header = records.next().transpose().map_err(broken)?.unwrap_or_default();
    let places = places(&header)?;
    let mut table = Table::default();
    for record in records {
        let record = record.map_err(broken)?;
        let line = line_of(text.as_bytes(), record.position()) + skipped;
        if let Some(cell) = record.iter().skip(header.len()).find(|cell| !cell.trim().is_empty()) {
            let start: String = cell.chars().take(40).collect();
            return Err(Error::tool(format!("`{}` stands beyond the last column", printable(&start)))
                .place(format!("line {line}, cell {}", header.len() + 1))
                .remedy("a cell with the separator in it stands in quotation marks"));
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let texts =
            places.map(|at| at.and_then(|at| record.get(at)).map_or_else(String::new, |cell| plain(cell).to_owned()));
        table.rows.push(Cells { line, texts });
    }
    Ok(table)
}

/// Where each column stands in the header.
fn places(header: &csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()]> {
    let names: Vec<String> = header.iter().map(|name| plain(name.trim()).to_lowercase()).collect();
    let mut missing: Vec<&str> = NEEDED.into_iter().filter(|name| !names.iter().any(|n| n == name)).collect();
    if !missing.is_empty() {
        missing.dedup();
        return Err(Error::tool(format!("the columns {} are missing", missing.join(", ")))
            .place("line 1")
            .remedy("keep the first row of the table that gaitkeeper review export wrote; columns may be moved"));
    }
    let twice = COLUMNS.into_iter().find(|column| names.iter().filter(|name| name == column).count() > 1);
    if let Some(column) = twice {
        return Err(Error::tool(format!("the column `{column}` is there twice"))
            .place("line 1")
            .remedy("rename one of them: what is to be recorded must be clear"));
    }
    Ok(COLUMNS.map(|column| names.iter().position(|name| name == column)))
}

/// The separator that the header is cut by: the one that stands in it most often outside of quotation marks.
fn likely(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let outside: String = header.split('"').step_by(2).collect();
    let count = |separator: u8| outside.bytes().filter(|byte| *byte == separator).count();
    let mut best = b',';
    for separator in [b';', b'\t'] {
        if count(separator) > count(best) {
            best = separator;
        }
    }
    best
}

/// Whether a spreadsheet would take a text for a formula, a number or a date, or would eat its apostrophe.
fn is_taken_for_more(text: &str) -> bool {
    let like_a_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ':' | '/' | '-' | '+' | 'e' | 'E' | 'T' | 'Z'));
    like_a_number || text.starts_with(['=', '+', '-', '@', '\t', '\r', '\''])
}

/// A printable text as a cell: with an apostrophe before it where a spreadsheet would make something else of it.
pub(super) fn guarded(text: &str) -> String {
    if is_taken_for_more(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text of a cell, without the apostrophe that [`guarded`] put before it; the spreadsheet may have eaten it.
fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_taken_for_more(rest)).unwrap_or(cell)
}
