//! The lock file of Yarn 2 and later: YAML, one entry for each package.
//!
//! Its `checksum` is that of Yarn's own archive of the package, which no registry serves: it is no integrity.

use std::borrow::Cow;

use serde::Deserialize;

use super::super::gather::{Gather, UNREADABLE};
use super::super::integrity::Integrity;
use super::super::npm_spec::{elsewhere, split};
use super::super::streamed::{Table, Text, each_member};
use super::super::{List, syntax};
use super::REMAKE;
use crate::error;
use crate::names::NPM;

/// Most patches on top of one another.
const MAX_PATCHES: usize = 8;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    resolution: Text<'a>,
}

pub(super) fn read(text: &str) -> error::Result<List> {
    let mut gather = Gather::default();
    let seed = each_member(|key: &str, entry: Table<Entry>| {
        if key == "__metadata" {
            return;
        }
        let entry = entry.0.unwrap_or_default();
        let Some(resolution) = entry.resolution.get() else { return gather.leave(key, UNREADABLE) };
        match resolved(resolution) {
            Ok((name, version)) => {
                gather.want(NPM, &name, Some(entry.version.get().unwrap_or(&version)), Integrity::default());
            }
            Err(reason) => gather.leave(resolution, reason),
        }
    });
    syntax::yaml(text, 1, seed, REMAKE)?;
    gather.finish()
}

/// Name and version of a resolution such as `name@npm:1.2.3`; a patched package counts as that package.
fn resolved(resolution: &str) -> Result<(String, String), &'static str> {
    let mut rest = Cow::Borrowed(resolution);
    for _ in 0..=MAX_PATCHES {
        let (name, what) = split(&rest).ok_or(UNREADABLE)?;
        if let Some(patched) = what.strip_prefix("patch:") {
            // What is patched is itself a resolution, percent-encoded; `#` begins the patch.
            rest = Cow::Owned(decoded(patched.split('#').next().unwrap_or_default()));
            continue;
        }
        let version = what.strip_prefix("npm:").unwrap_or(what);
        // Bindings such as the address of the archive follow behind `::`.
        let version = version.split("::").next().unwrap_or_default();
        return match elsewhere(version) {
            Some(reason) => Err(reason),
            None => Ok((name.to_owned(), version.to_owned())),
        };
    }
    Err("patched too many times over")
}

/// A text with its percent-encoded bytes decoded; what is no such code stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let code = match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        bytes.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
