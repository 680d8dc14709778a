//! What the registries' own clients say when they are asked, where nothing else names a registry.

use super::address::{self, Address};
use super::file;
use super::{GEM, PYPI, Surroundings};
use crate::error::{Result, printable};
use crate::names::NPM;

/// What asking brought to light.
#[derive(Clone, Debug, Default)]
pub(super) struct Discovered {
    /// The address, or why the one that was named cannot be used.
    pub address: Option<Result<Address>>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// `npm config get registry`.
pub(super) fn npm(s: &Surroundings) -> Discovered {
    asked(s, NPM, &[("npm", &["config", "get", "registry"])])
}

/// pip's index: `PIP_INDEX_URL`, else what pip answers.
pub(super) fn pip(s: &Surroundings) -> Discovered {
    if let Some(address) = address::from_env(s, PYPI, "PIP_INDEX_URL") {
        return Discovered { address: Some(address), warnings: Vec::new() };
    }
    // Without -I python would import a file called pip.py from the working directory.
    let isolated: &[&str] = &["-I", "-m", "pip", "config", "get", "global.index-url"];
    asked(s, PYPI, &[("pip", &["config", "get", "global.index-url"]), ("python3", isolated)])
}

/// The first source that `gem sources --list` shows, else the first of ~/.gemrc.
pub(super) fn gem(s: &Surroundings) -> Discovered {
    const ARGS: &[&str] = &["sources", "--list"];
    let listed: Vec<String> = (s.run)("gem", ARGS, &s.cwd)
        .map(|out| out.lines().map(str::trim).filter(|line| is_address(line)).map(str::to_owned).collect())
        .unwrap_or_default();
    if !listed.is_empty() {
        return first_source(&listed, "gem sources --list", Vec::new());
    }
    let mut warnings = Vec::new();
    let Some(path) = s.home.as_ref().map(|home| home.join(".gemrc")) else { return Discovered::default() };
    let Some(text) = file::read_or_warn(s, &path, &mut warnings) else {
        return Discovered { address: None, warnings };
    };
    first_source(&gemrc_sources(&text), &printable(&s.shown(&path)), warnings)
}

fn first_source(sources: &[String], found: &str, mut warnings: Vec<String>) -> Discovered {
    if sources.len() > 1 {
        warnings.push(format!("{found} names {} sources; only the first is asked", sources.len()));
    }
    Discovered { address: sources.first().map(|text| address::parse(GEM, text, found)), warnings }
}

/// The list under `:sources:` (or `sources:`) of a .gemrc, which is YAML: one item a line, or in brackets.
fn gemrc_sources(text: &str) -> Vec<String> {
    let bare = |item: &str| item.trim().trim_matches(['"', '\'']).trim().to_owned();
    let mut lines = text.lines().map(str::trim_end).skip_while(|line| source_list(line).is_none());
    let Some(rest) = lines.next().and_then(source_list) else { return Vec::new() };
    if let Some(inside) = rest.strip_prefix('[') {
        let inside = inside.split(']').next().unwrap_or_default();
        return inside.split(',').map(bare).filter(|item| is_address(item)).collect();
    }
    lines
        .map(str::trim_start)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map_while(|line| line.strip_prefix('-'))
        .map(|item| bare(item.split(" #").next().unwrap_or_default()))
        .filter(|item| is_address(item))
        .collect()
}

/// What follows the key of the list, on the line that has it.
fn source_list(line: &str) -> Option<&str> {
    line.strip_prefix(":sources:").or_else(|| line.strip_prefix("sources:")).map(str::trim)
}

fn is_address(text: &str) -> bool {
    text.contains("://") && !text.contains(char::is_whitespace)
}

/// The first answer that is an address.
fn asked(s: &Surroundings, registry: &str, questions: &[(&str, &[&str])]) -> Discovered {
    let address = questions.iter().find_map(|(program, args)| {
        let answer = (s.run)(program, args, &s.cwd)?;
        // `undefined` and the like say that nothing is set.
        let line = answer.lines().map(str::trim).find(|line| is_address(line))?;
        Some(address::parse(registry, line, &format!("{program} {}", args.join(" "))))
    });
    Discovered { address, warnings: Vec::new() }
}
