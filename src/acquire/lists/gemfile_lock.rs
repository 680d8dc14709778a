//! Bundler's lock file, `Gemfile.lock` or `gems.locked`: sections told by indentation.
//!
//! `GEM` lists `    name (version)` or `    name (version-platform)`; versions hold no `-`. `CHECKSUMS` lists
//! `  name (version) sha256=<hex>`. `GIT`, `PATH` and `PLUGIN SOURCE` list gems that come from elsewhere.

use super::gather::{FOLDER, GEM, GIT, Gather, UNKNOWN, UNREADABLE};
use super::integrity::Integrity;
use super::{List, ListFormat, MAX_ENTRIES, head, syntax};
use crate::error::{Error, Result};

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "gemfile-lock",
    files: "Gemfile.lock, gems.locked",
    recognises: |name, text| {
        let start = head(text);
        matches!(name, "Gemfile.lock" | "gems.locked")
            || start.lines().any(|line| line == "GEM")
                && start.lines().any(|line| line.starts_with("  remote: "))
                && start.lines().any(|line| line == "  specs:")
    },
    read,
};

const REMAKE: &str = "`bundle lock`";

/// What a section's entries are.
#[derive(Clone, Copy)]
enum Section {
    /// Gems of a registry.
    Gems,
    /// Gems from elsewhere.
    Elsewhere(&'static str),
    /// Hashes of gems.
    Checksums,
    /// Nothing about locked gems.
    Other,
}

fn read(text: &str) -> Result<List> {
    let mut gather = Gather::default();
    let mut sums = Vec::new();
    let (mut section, mut remotes, mut remote) = (None, 0, None);
    for (index, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() {
            continue;
        }
        match (line.len() - line.trim_start_matches(' ').len(), section) {
            (0, _) => {
                (remotes, remote) = (0, None);
                section = Some(of_title(content).unwrap_or_else(|| {
                    gather.leave(content, "a section that is not known here");
                    Section::Other
                }));
            }
            (_, None) => {
                return Err(Error::tool("is not valid Gemfile.lock text: expected a section such as GEM")
                    .place(format!("line {}", index + 1))
                    .remedy(syntax::damaged(REMAKE)));
            }
            // Old files list several remotes, and do not say which gem is from which.
            (2, Some(Section::Gems)) => {
                if let Some(address) = content.strip_prefix("remote: ") {
                    remotes += 1;
                    remote = (remotes == 1).then_some(address);
                }
            }
            (4, Some(Section::Gems)) => match spec(content) {
                Some((name, version, _)) => {
                    gather.want(GEM, name, Some(version), Integrity::default());
                    gather.downloaded(GEM, name, Some(version), remote);
                }
                None => gather.leave(content, UNREADABLE),
            },
            (4, Some(Section::Elsewhere(reason))) => gather.leave(content, reason),
            (2, Some(Section::Checksums)) => match spec(content) {
                Some(sum) if sums.len() < MAX_ENTRIES => sums.push(sum),
                Some(_) => gather.leave(content, "a hash too many"),
                None => gather.leave(content, UNREADABLE),
            },
            _ => {}
        }
    }
    if section.is_none() {
        return Err(syntax::other_kind("a lock file of Bundler", "section such as GEM", REMAKE));
    }
    for (name, version, sums) in sums {
        gather.add(GEM, name, version, hashes(sums));
    }
    gather.finish()
}

fn of_title(title: &str) -> Option<Section> {
    match title {
        "GEM" => Some(Section::Gems),
        "GIT" => Some(Section::Elsewhere(GIT)),
        "PATH" => Some(Section::Elsewhere(FOLDER)),
        "PLUGIN SOURCE" => Some(Section::Elsewhere(UNKNOWN)),
        "CHECKSUMS" => Some(Section::Checksums),
        "PLATFORMS" | "DEPENDENCIES" | "RUBY VERSION" | "BUNDLED WITH" => Some(Section::Other),
        _ => None,
    }
}

/// Name, version without platform, and what follows, of `name (version-platform) rest`.
fn spec(content: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = content.split_once(" (")?;
    let (version, rest) = rest.split_once(')')?;
    Some((name, version.split('-').next().unwrap_or_default(), rest.trim()))
}

/// Hashes as `sha256=<hex>`, with commas between.
fn hashes(sums: &str) -> Integrity {
    let sums = sums.split(',').filter_map(|sum| sum.trim().split_once('='));
    sums.fold(Integrity::default(), |sum, (kind, digest)| sum.hex(kind, digest))
}
