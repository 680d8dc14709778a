//! The syntax of .npmrc files, as npm's own reader takes it.
//!
//! The format is that of the `ini` package: `key = value` lines, comments from `;` or `#` at the start of a line
//! or unescaped within a value, `\` before `;`, `#` or `\`, quoted values as JSON strings, sections in brackets.
//! npm has no settings in sections. `${VAR}` and `${VAR?}` are replaced from the environment as npm does.

use std::collections::BTreeMap;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Line number, from 1.
    pub line: usize,
    /// Key, as yet with its `${VAR}`.
    pub key: String,
    /// Value, as yet with its `${VAR}`; `None` for a key without `=`.
    pub value: Option<String>,
}

/// The settings outside sections, in the order of the file, and the lines that are none.
pub(super) fn entries(text: &str) -> (Vec<Entry>, Vec<usize>) {
    let text = text.replace("\r\n", "\n");
    let (mut entries, mut malformed) = (Vec::new(), Vec::new());
    let mut in_section = false;
    for (index, line) in text.split(['\n', '\r']).enumerate() {
        let start = line.trim_start();
        if start.is_empty() || start.starts_with([';', '#']) {
            continue;
        }
        if line.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']')).is_some_and(|n| !n.contains(']')) {
            in_section = true;
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (line, None),
        };
        if key.is_empty() {
            malformed.push(index + 1);
        } else if !in_section {
            entries.push(Entry { line: index + 1, key: plain(key), value: value.map(plain) });
        }
    }
    (entries, malformed)
}

/// What a key or value stands for: without quotes, escapes and trailing comment.
fn plain(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        if !(text.starts_with(quote) && text.ends_with(quote)) {
            continue;
        }
        // Single quotes are taken off first; what they held may again be a JSON string.
        let inner = if quote == '"' { text } else { text.get(1..text.len().max(2) - 1).unwrap_or_default() };
        return serde_json::from_str::<String>(inner).unwrap_or_else(|_| inner.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ';' | '#' => break,
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ';' | '#')) => out.push(escaped),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            _ => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// Text with its variables replaced, and the names of those that are not set. `${VAR}` of such a one stays as it
/// is, `${VAR?}` is empty. An odd number of backslashes before `$` keeps the text.
pub(super) fn interpolate(text: &str, env: &BTreeMap<String, String>) -> (String, Vec<String>) {
    let (mut out, mut unset) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(dollar) = rest.find("${") {
        let before = &rest[..dollar];
        let after = &rest[dollar + 2..];
        let Some(end) = after.find(['$', '{', '}', '?']).filter(|end| *end > 0) else {
            out.push_str(&rest[..dollar + 2]);
            rest = after;
            continue;
        };
        let (name, tail) = after.split_at(end);
        let (optional, tail) = match tail.strip_prefix('?') {
            Some(tail) => (true, tail),
            None => (false, tail),
        };
        let Some(tail) = tail.strip_prefix('}') else {
            out.push_str(&rest[..dollar + 2]);
            rest = after;
            continue;
        };
        let kept = before.trim_end_matches('\\');
        let escapes = before.len() - kept.len();
        out.push_str(kept);
        out.extend(std::iter::repeat_n('\\', escapes / 2));
        let whole = &rest[dollar..rest.len() - tail.len()];
        match env.get(name) {
            _ if escapes % 2 == 1 => out.push_str(whole),
            Some(value) => out.push_str(value),
            None if optional => {}
            None => {
                out.push_str(whole);
                unset.push(name.to_owned());
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    (out, unset)
}
