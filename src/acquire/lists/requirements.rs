//! pip's requirement files: `name==version ; marker --hash=sha256:...`, one a line.
//!
//! Sources: the requirements file format page of pip's documentation; PEP 508 for requirements; PEP 440 for
//! versions. Included files are not followed: they are left out, to be named on their own.

use std::borrow::Cow;

use super::gather::{ADDRESS, FOLDER, GIT, Gather, OPTION, PYPI, UNREADABLE};
use super::integrity::Integrity;
use super::{List, ListFormat, head};
use crate::error;

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "requirements",
    files: "requirements*.txt, requirements*.in, constraints*.txt",
    recognises: |name, text| {
        let lower = name.to_ascii_lowercase();
        let stem = lower.strip_suffix(".txt").or_else(|| lower.strip_suffix(".in"));
        stem.is_some_and(|stem| stem.contains("requirements") || stem.starts_with("constraints"))
            || head(text).lines().any(|line| line.trim_start().starts_with("--hash=sha256:"))
    },
    read,
};

/// The version comparisons of PEP 440, longer ones first.
const COMPARISONS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

fn read(text: &str) -> error::Result<List> {
    let mut gather = Gather::default();
    for line in logical_lines(text) {
        let line = without_comment(&line).trim();
        if line.starts_with('-') {
            take_option(&mut gather, line);
        } else if !line.is_empty() {
            take_requirement(&mut gather, line);
        }
    }
    gather.finish()
}

/// The lines of a file, with those that end in `\` joined to the next; a comment ends what it continues.
fn logical_lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let first = lines.next()?;
        let Some(start) = continued(first) else { return Some(Cow::Borrowed(first)) };
        let mut joined = start.to_owned();
        for line in lines.by_ref() {
            let more = continued(line);
            joined.push(' ');
            joined.push_str(more.unwrap_or(line).trim_start());
            if more.is_none() {
                break;
            }
        }
        Some(Cow::Owned(joined))
    })
}

fn continued(line: &str) -> Option<&str> {
    line.strip_suffix('\\').filter(|_| !line.trim_start().starts_with('#'))
}

/// A comment begins the line or follows a blank: addresses hold `#` too.
fn without_comment(line: &str) -> &str {
    let mut after_blank = true;
    for (at, c) in line.char_indices() {
        if c == '#' && after_blank {
            return &line[..at];
        }
        after_blank = c.is_whitespace();
    }
    line
}

/// Leaves a line of options out. Values are shown only of those that name files: others may hold credentials.
fn take_option(gather: &mut Gather, line: &str) {
    let end = line.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(line.len());
    let short = ["-r", "-c", "-e"].iter().find(|option| line.starts_with(**option) && !line.starts_with("--"));
    match short.copied().unwrap_or(&line[..end]) {
        "-r" | "--requirement" | "-c" | "--constraint" => {
            gather.leave(line, "includes another file, which is not followed: name that file too");
        }
        "-e" | "--editable" => gather.leave(line, "an editable install from a folder or a repository"),
        option => gather.leave(option, OPTION),
    }
}

fn take_requirement(gather: &mut Gather, line: &str) {
    let (requirement, options) = split_options(line);
    match parse(requirement) {
        Ok((name, version)) => gather.want(PYPI, name, version, hashes(options)),
        Err(reason) => gather.leave(requirement, reason),
    }
}

/// A requirement and the options behind it, which begin with the first word that begins with `-`.
fn split_options(line: &str) -> (&str, &str) {
    let mut after_blank = false;
    for (at, c) in line.char_indices() {
        if c == '-' && after_blank {
            return (line[..at].trim_end(), &line[at..]);
        }
        after_blank = c.is_whitespace();
    }
    (line, "")
}

/// The hashes among the options of a requirement: `--hash=kind:hex` or `--hash kind:hex`.
fn hashes(options: &str) -> Integrity {
    let mut words = options.split_whitespace();
    let mut integrity = Integrity::default();
    while let Some(word) = words.next() {
        let hash = if word == "--hash" { words.next() } else { word.strip_prefix("--hash=") };
        integrity = integrity.prefixed(hash);
    }
    integrity
}

/// Name and pinned version of a requirement, or why it names no package of a registry.
fn parse(requirement: &str) -> Result<(&str, Option<&str>), &'static str> {
    if let Some(reason) = path_or_address(requirement) {
        return Err(reason);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let (name, rest) = requirement.split_at(requirement.find(|c| !plain(c)).unwrap_or(requirement.len()));
    if name.is_empty() {
        return Err(UNREADABLE);
    }
    let mut rest = rest.trim_start();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']').ok_or(UNREADABLE)?.1.trim_start();
    }
    if let Some(address) = rest.strip_prefix('@') {
        return Err(path_or_address(address.trim_start()).unwrap_or(ADDRESS));
    }
    let specifiers = rest.split(';').next().unwrap_or_default().trim();
    let specifiers = match specifiers.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')').ok_or(UNREADABLE)?,
        None => specifiers,
    };
    Ok((name, pinned(specifiers)?))
}

/// The version that `==` or `===` fixes; other comparisons fix none.
fn pinned(specifiers: &str) -> Result<Option<&str>, &'static str> {
    let mut pin = None;
    for specifier in specifiers.split(',').map(str::trim).filter(|specifier| !specifier.is_empty()) {
        let comparison = COMPARISONS.iter().find(|comparison| specifier.starts_with(**comparison)).ok_or(UNREADABLE)?;
        let version = specifier[comparison.len()..].trim();
        if version.is_empty() || version.contains(char::is_whitespace) {
            return Err(UNREADABLE);
        }
        if !matches!(*comparison, "==" | "===") || version.ends_with(".*") {
            continue;
        }
        if pin.is_some_and(|pin| pin != version) {
            return Err("pins two versions at once");
        }
        pin = Some(version);
    }
    Ok(pin)
}

/// Why a requirement that is a path or an address comes from no registry.
fn path_or_address(requirement: &str) -> Option<&'static str> {
    const FILES: [&str; 6] = [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"];
    let target = requirement.split_whitespace().next().unwrap_or_default();
    if ["git+", "hg+", "svn+", "bzr+"].iter().any(|start| target.starts_with(start)) {
        Some(GIT)
    } else if target.starts_with("file:") || target.starts_with(['.', '/', '~']) {
        Some(FOLDER)
    } else if target.split(['@', ';', '[', '=']).next().is_some_and(|start| start.contains("://")) {
        Some(ADDRESS)
    } else if !requirement.contains('@') && FILES.iter().any(|ending| target.ends_with(ending)) {
        Some(FOLDER)
    } else {
        None
    }
}
