//! The lock file of Yarn 1: a form of its own, told by indentation.
//!
//! A line without indentation lists what a package is asked for as (`"a@^1", a@~1.2:`), the lines at two blanks
//! below it are its properties, deeper ones are its dependencies.

use super::super::gather::{Gather, UNREADABLE};
use super::super::integrity::Integrity;
use super::super::npm_spec::{downloaded_elsewhere, elsewhere, split};
use super::super::{List, syntax};
use super::REMAKE;
use crate::error::{self, Error};
use crate::names::NPM;

/// Most patterns that one package is asked for as; the largest projects have some dozens.
const MAX_PATTERNS: usize = 10_000;

struct Entry<'a> {
    patterns: Vec<String>,
    version: Option<&'a str>,
    resolved: Option<&'a str>,
    integrity: Option<&'a str>,
}

pub(super) fn read(text: &str) -> error::Result<List> {
    let mut gather = Gather::default();
    let mut open: Option<Entry> = None;
    for (index, line) in text.lines().enumerate() {
        let refused = |what: &str| {
            Error::tool(format!("is not valid yarn.lock text: {what}"))
                .place(format!("line {}", index + 1))
                .remedy(syntax::damaged(REMAKE))
        };
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        match line.len() - line.trim_start_matches(' ').len() {
            0 => {
                if let Some(entry) = open.take() {
                    take(&mut gather, &entry);
                }
                let patterns = content.strip_suffix(':').and_then(patterns);
                let patterns =
                    patterns.ok_or_else(|| refused("expected what a package is asked for as, and a colon"))?;
                open = Some(Entry { patterns, version: None, resolved: None, integrity: None });
            }
            2 => {
                let entry = open.as_mut().ok_or_else(|| refused("a property without a package"))?;
                let (name, value) = content.split_once(' ').unwrap_or((content, ""));
                let value = Some(value.trim().trim_matches('"'));
                match name {
                    "version" => entry.version = value,
                    "resolved" => entry.resolved = value,
                    "integrity" => entry.integrity = value,
                    _ => {}
                }
            }
            _ if open.is_none() => return Err(refused("a property without a package")),
            _ => {}
        }
    }
    if let Some(entry) = open {
        take(&mut gather, &entry);
    }
    gather.finish()
}

/// The patterns of a line, quoted or not, with commas between.
fn patterns(line: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = line;
    loop {
        let end = if rest.starts_with('"') { quoted_length(rest)? } else { rest.find(',').unwrap_or(rest.len()) };
        let (pattern, tail) = rest.split_at(end);
        let pattern =
            if pattern.starts_with('"') { serde_json::from_str(pattern).ok()? } else { pattern.trim().to_owned() };
        if pattern.is_empty() || found.len() == MAX_PATTERNS {
            return None;
        }
        found.push(pattern);
        match tail.strip_prefix(',') {
            Some(tail) => rest = tail.trim_start(),
            None if tail.is_empty() => return Some(found),
            None => return None,
        }
    }
}

/// Bytes of the string that begins `text`, with its quotes.
fn quoted_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn take(gather: &mut Gather, entry: &Entry) {
    let Some(first) = entry.patterns.first() else { return };
    if let Some(reason) = entry.patterns.iter().find_map(|pattern| asked(pattern).err()) {
        return gather.leave_from(first, reason, entry.resolved);
    }
    if let Some(reason) = entry.resolved.and_then(downloaded_elsewhere) {
        return gather.leave_from(first, reason, entry.resolved);
    }
    let mut names = entry.patterns.iter().filter_map(|pattern| asked(pattern).ok());
    match names.next() {
        Some(name) if names.all(|other| other == name) => {
            gather.want(NPM, name, entry.version, Integrity::default().sri(entry.integrity));
            gather.downloaded(NPM, name, entry.version, entry.resolved);
        }
        _ => gather.leave(first, "names several packages at once"),
    }
}

/// The package that a pattern asks for, `name@range` or `alias@npm:name@range`, or why it names none.
fn asked(pattern: &str) -> Result<&str, &'static str> {
    let (name, range) = split(pattern).ok_or(UNREADABLE)?;
    match range.strip_prefix("npm:") {
        Some(real) => Ok(split(real).map_or(real, |(name, _)| name)),
        None => elsewhere(range).map_or(Ok(name), Err),
    }
}
