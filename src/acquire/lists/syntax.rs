//! JSON, YAML and TOML documents, read through a seed; what is malformed is refused with its place.

use serde::de::DeserializeSeed;
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Options};

use crate::error::{Error, Result};

/// Longest message of a parser that is passed on, in characters: it may quote the document.
const LONGEST_MESSAGE: usize = 300;

/// Most separators (`=`, `,`, `[`, line ends) of a TOML document: its parser builds a tree, which takes some
/// hundred bytes for each. The largest real lock files have less than a million.
const MAX_TOML_PARTS: usize = 4_000_000;

/// Most values of a YAML document: 200,000 packages with forty each.
const MAX_YAML_NODES: usize = 8_000_000;

/// Reads a JSON document. `remake` is the command that writes such a file anew.
pub(super) fn json<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S, remake: &str) -> Result<S::Value> {
    let mut source = serde_json::Deserializer::from_str(text);
    seed.deserialize(&mut source).and_then(|value| source.end().map(|()| value)).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let what = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
        malformed("JSON", what, Some((line, column)), remake)
    })
}

/// Reads a TOML document.
pub(super) fn toml<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S, remake: &str) -> Result<S::Value> {
    let parts = text.bytes().filter(|byte| matches!(byte, b'=' | b',' | b'[' | b'\n')).count();
    if parts > MAX_TOML_PARTS {
        return Err(Error::tool(format!("the document has more than {MAX_TOML_PARTS} parts"))
            .remedy("no lock file has that many: check where the file comes from"));
    }
    toml::Deserializer::parse(text).and_then(|source| seed.deserialize(source)).map_err(|error| {
        let place = error.span().map(|span| line_and_column(text, span.start));
        malformed("TOML", error.message(), place, remake)
    })
}

/// Reads one YAML document, which begins on the line `first_line` of its file (the first is 1).
pub(super) fn yaml<'de, S: DeserializeSeed<'de>>(
    text: &'de str,
    first_line: usize,
    seed: S,
    remake: &str,
) -> Result<S::Value> {
    serde_saphyr::with_deserializer_from_str_with_options(text, yaml_options(), |source| seed.deserialize(source))
        .map_err(|error| {
            let found = error.location().map(|place| (place.line(), place.column()));
            let message = error.to_string();
            let message = message.lines().next().unwrap_or_default();
            let again = found.map(|(line, column)| format!(" at line {line}, column {column}")).unwrap_or_default();
            let what = message.strip_suffix(&again).unwrap_or(message);
            let place = found.and_then(|(line, column)| {
                Some((first_line - 1 + usize::try_from(line).ok()?, usize::try_from(column).ok()?))
            });
            malformed("YAML", what, place, remake)
        })
}

/// Bounds for documents of strangers. Package managers write neither aliases nor merge keys into lock files.
fn yaml_options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 2 * MAX_YAML_NODES,
            max_nodes: MAX_YAML_NODES,
            max_depth: 64,
            flow_nesting_limit: 64,
            max_aliases: 100,
            max_anchors: 100,
            max_recorded_anchor_events: 10_000,
            max_recorded_anchor_bytes: 1 << 20,
            max_merge_keys: 0,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 10_000,
            max_replay_stack_depth: 8,
            max_alias_expansions_per_anchor: 100,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        with_snippet: false,
    }
}

/// Line and column, both from 1, of a byte of `text`.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let end = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (ended, last) =
        text[..end].rsplit_once('\n').map_or((0, &text[..end]), |(lines, last)| (lines.split('\n').count(), last));
    (ended + 1, last.chars().count() + 1)
}

fn malformed(format: &str, what: &str, place: Option<(usize, usize)>, remake: &str) -> Error {
    let what: String = what.chars().take(LONGEST_MESSAGE).collect();
    let error = Error::tool(format!("cannot be read as {format}: {what}")).remedy(damaged(remake));
    match place {
        Some((line, column)) => error.place(format!("line {line} column {column}")),
        None => error,
    }
}

/// The remedy for a file that cannot be read.
pub(super) fn damaged(remake: &str) -> String {
    format!("the file is damaged, cut short or half merged: restore it, or write it anew with {remake}")
}

/// The refusal of a document that is well formed but of another kind.
pub(super) fn other_kind(expected: &str, missing: &str, remake: &str) -> Error {
    Error::tool(format!("is not {expected}: it has no {missing}"))
        .remedy(format!("check that the file has the name of its format, or write it anew with {remake}"))
}
