//! The shape of a git ref: what kind of name a release was built from, without the name itself, which
//! changes with every release.

/// Kind and name shape of a full ref, for a release of `version`: a small, stable set of words.
#[must_use]
pub fn shape(full: &str, version: &str) -> &'static str {
    if let Some(tag) = full.strip_prefix("refs/tags/") {
        return if names_version(tag, version) { "tag of its version" } else { "another tag" };
    }
    if full.starts_with("refs/pull/") || full.starts_with("refs/merge-requests/") {
        return "pull request";
    }
    let Some(branch) = full.strip_prefix("refs/heads/") else { return "another ref" };
    match branch {
        "main" | "master" | "trunk" => "main branch",
        _ if is_release_line(branch) => "release branch",
        _ => "another branch",
    }
}

/// `v1.2.3`, `1.2.3`, `name@1.2.3`, `name-v1.2.3`, `release/1.2.3` name version 1.2.3; `11.2.3` does not.
fn names_version(tag: &str, version: &str) -> bool {
    let Some(before) = tag.strip_suffix(version).filter(|_| !version.is_empty()) else { return false };
    before.strip_suffix(['v', 'V']).unwrap_or(before).chars().next_back().is_none_or(|c| !c.is_ascii_alphanumeric())
}

/// Long-lived branches that releases are commonly cut from: `release/...`, `1.x`, `v2`, `next`, `canary`.
fn is_release_line(branch: &str) -> bool {
    const NAMES: [&str; 9] = ["next", "canary", "beta", "alpha", "rc", "stable", "latest", "develop", "dev"];
    let first = branch.split(['/', '-', '_']).next().unwrap_or(branch);
    let number = branch.trim_start_matches(['v', 'V']);
    NAMES.contains(&branch)
        || matches!(first, "release" | "releases" | "maintenance" | "support" | "backport" | "lts" | "changeset")
        || (number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'x')))
}
