//! The shape of a git ref: what kind of name a release was built from, without the name itself, which
//! changes with every release.

/// What a git ref is in relation to the version that was released from it, in one of seven words that stay the same
/// from release to release: `tag of this version`, `tag`, `main branch`, `release branch`, `branch`,
/// `pull request`, `other`.
#[must_use]
pub fn shape(full: &str, version: &str, package: &str) -> &'static str {
    shape_in_any(full, version).unwrap_or_else(|| {
        let tag = full.strip_prefix(TAGS).unwrap_or(full);
        if is_tag_of(tag, version, package) { OWN_TAG } else { "tag" }
    })
}

/// The same where it does not depend on the package.
#[must_use]
pub fn shape_in_any(full: &str, version: &str) -> Option<&'static str> {
    if let Some(tag) = full.strip_prefix(TAGS) {
        return is_version(tag, &plain_version(version)).then_some(OWN_TAG);
    }
    Some(match full.strip_prefix("refs/heads/") {
        Some("main" | "master") => "main branch",
        Some(branch) if is_release_branch(branch) => "release branch",
        Some(_) => "branch",
        None if full.starts_with("refs/pull/") || full.starts_with("refs/merge-requests/") => "pull request",
        None => "other",
    })
}

const TAGS: &str = "refs/tags/";
const OWN_TAG: &str = "tag of this version";

/// Names as registries compare them: in lower case, with one separator for all. Every byte stays in its place.
fn folded(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '_' | '.') { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Version numbers with their pre-releases written alike (`1.0.0-rc.1`, `1.0.0rc1`), without build metadata.
fn plain_version(version: &str) -> String {
    let version = version.split_once('+').map_or(version, |(version, _)| version);
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (numbers, rest) = version.split_at(end);
    let rest = rest.chars().filter(|c| !matches!(c, '.' | '-' | '_')).map(|c| c.to_ascii_lowercase());
    numbers.trim_end_matches('.').chars().chain(rest).collect()
}

/// Is this how somebody writes a version, which is given plain?
fn is_version(text: &str, version: &str) -> bool {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    text.starts_with(|c: char| c.is_ascii_digit()) && plain_version(text) == version
}

fn is_tag_of(tag: &str, version: &str, package: &str) -> bool {
    let version = plain_version(version);
    if version.is_empty() {
        return false;
    }
    let package = folded(package);
    let bare = package.rsplit_once('/').map_or(package.as_str(), |(_, bare)| bare);
    let flat = package.trim_start_matches('@').replace('/', "-");
    let label = folded(tag);
    let prefixes = [package.as_str(), bare, flat.as_str(), "release", "releases", "rel", "version"];
    prefixes.iter().filter(|prefix| !prefix.is_empty()).any(|prefix| {
        let rest = label.strip_prefix(prefix).and_then(|_| tag.get(prefix.len()..));
        rest.and_then(|rest| rest.strip_prefix(['@', '-', '_', '/'])).is_some_and(|rest| is_version(rest, &version))
    })
}

/// Branches that hold one line of releases, or what is released before its time.
fn is_release_branch(branch: &str) -> bool {
    const WORDS: [&str; 12] = [
        "release",
        "releases",
        "rel",
        "stable",
        "next",
        "canary",
        "alpha",
        "beta",
        "rc",
        "latest",
        "maintenance",
        "lts",
    ];
    let first = branch.split(['/', '-', '_']).next().unwrap_or_default();
    let line = branch.strip_prefix('v').unwrap_or(branch);
    let parts = || line.split('.');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_line = parts().next().is_some_and(is_number)
        && parts().all(|part| is_number(part) || part == "x")
        && (branch.starts_with('v') || parts().count() > 1);
    is_line || WORDS.contains(&first)
}
