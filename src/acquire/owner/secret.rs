//! Secrets, recognised and shortened. What is left of one names it and opens nothing.

use std::borrow::Cow;

/// How tokens begin, and how many letters and digits at least follow at once. From the documentation of their issuers:
/// GitHub ("About authentication to GitHub", token formats), npm (`npm_` and 36), RubyGems (`rubygems_` and 48).
const SOLID: &[(&str, usize)] =
    &[("npm_", 24), ("ghp_", 24), ("gho_", 24), ("ghu_", 24), ("ghs_", 24), ("ghr_", 24), ("rubygems_", 24)];
/// The same of tokens that hold `-` and `_` too: GitHub's fine-grained ones, GitLab's, PyPI's (a macaroon in base64).
const BROKEN_UP: &[(&str, usize)] = &[("github_pat_", 20), ("glpat-", 16), ("pypi-AgE", 24)];
/// Length of a token of Cargo's registry, which begins with [`CARGO`].
const CARGO_LENGTH: usize = 35;
const CARGO: &str = "cio";

/// Characters kept of the beginning and of the end of a secret.
const KEPT: (usize, usize) = (8, 4);
/// Longest text in a token's place that is no secret: older inventories show the first 6 characters.
const LONGEST_HINT: usize = 16;
/// Longest text with marks of masking that stays as it is.
const LONGEST_MASKED: usize = 20;

/// What an inventory shows of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// At most [`KEPT`] of it.
    pub text: String,
    /// It was there as a whole.
    pub is_whole: bool,
}

/// What may be kept of the text in a token's place; nothing where it says nothing (`[REDACTED]`).
pub(super) fn shown(text: &str) -> Option<Shown> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('[') {
        return None;
    }
    let length = text.chars().count();
    let is_marked = text.contains("...") || text.contains(['…', '*']);
    let (limit, is_whole) = if is_marked { (LONGEST_MASKED, false) } else { (LONGEST_HINT, length > LONGEST_HINT) };
    let text = if length > limit { shortened(text) } else { text.to_owned() };
    Some(Shown { text, is_whole })
}

/// A text in which no known token stands whole: of each only the first 8 and the last 4 characters stay.
#[must_use]
pub fn scrubbed(text: &str) -> Cow<'_, str> {
    if !words(text).any(|word| secret_in(word).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for word in words(text) {
        match secret_in(word) {
            None => out.push_str(word),
            Some(from) => {
                out.push_str(&word[..from]);
                out.push_str(&shortened(&word[from..]));
            }
        }
    }
    Cow::Owned(out)
}

/// The text in pieces: the runs of characters that tokens are made of, and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(|c| !is_part(c)).flat_map(|piece| {
        let end = piece.trim_end_matches(|c| !is_part(c)).len();
        let (word, rest) = piece.split_at(end);
        [word, rest]
    })
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// Where in a word a whole token begins.
fn secret_in(word: &str) -> Option<usize> {
    if word.len() == CARGO_LENGTH && word.starts_with(CARGO) && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Some(0);
    }
    let places = |(beginning, least): &(&'static str, usize), is_solid: bool| {
        let least = *least;
        let is_whole = move |(at, found): &(usize, &str)| {
            let rest = word[at + found.len()..].bytes();
            let length = if is_solid {
                rest.take_while(u8::is_ascii_alphanumeric).count()
            } else {
                rest.filter(u8::is_ascii_alphanumeric).count()
            };
            length >= least
        };
        // Of a form that may hold anything the first place is enough: the others lie in it.
        let most = if is_solid { usize::MAX } else { 1 };
        word.match_indices(*beginning).take(most).find(is_whole).map(|(at, _)| at)
    };
    let solid = SOLID.iter().filter_map(|form| places(form, true));
    // All that follows the first place in the word is shortened with it.
    solid.chain(BROKEN_UP.iter().filter_map(|form| places(form, false))).min()
}

/// The first 8 and the last 4 characters.
fn shortened(text: &str) -> String {
    let head: String = text.chars().take(KEPT.0).collect();
    let count = text.chars().count();
    let tail: String = text.chars().skip(count.saturating_sub(KEPT.1).max(KEPT.0)).collect();
    format!("{head}...{tail}")
}
