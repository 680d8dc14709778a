//! How npm's package managers write `name@what`, and which of it names a registry.

use super::gather::{ADDRESS, FOLDER, GIT, LINK, OWN, UNKNOWN};

/// Splits `name@rest` after the name; a scope's own `@` does not count.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().skip(1).position(|byte| byte == b'@')? + 1;
    Some((&text[..at], &text[at + 1..]))
}

/// Why what stands behind `name@` is no version or range of a registry; `None` where it can be one.
pub(super) fn elsewhere(rest: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 17] = [
        ("git+", GIT),
        ("git:", GIT),
        ("git@", GIT),
        ("ssh:", GIT),
        ("github:", GIT),
        ("gitlab:", GIT),
        ("bitbucket:", GIT),
        ("gist:", GIT),
        ("file:", FOLDER),
        ("link:", LINK),
        ("portal:", LINK),
        ("workspace:", OWN),
        ("root:", OWN),
        ("http:", ADDRESS),
        ("https:", ADDRESS),
        ("./", FOLDER),
        ("../", FOLDER),
    ];
    if let Some((start, reason)) = KINDS.iter().find(|(start, _)| rest.starts_with(start)) {
        // An address that ends in .git is a repository, whatever serves it.
        let repository = start.starts_with("http") && is_repository(rest);
        return Some(if repository { GIT } else { reason });
    }
    if rest.contains(':') {
        Some(UNKNOWN)
    } else if rest.contains('/') {
        Some("from a file, a folder or a repository, not from a registry")
    } else {
        None
    }
}

/// Why a package that was downloaded from `resolved` does not come from a registry. Registries serve files over
/// http, so those addresses pass.
pub(super) fn downloaded_elsewhere(resolved: &str) -> Option<&'static str> {
    let web = resolved.starts_with("http:") || resolved.starts_with("https:");
    if web {
        is_repository(resolved).then_some(GIT)
    } else if resolved.contains(':') {
        elsewhere(resolved)
    } else {
        // A bare file name: the copy of an offline mirror.
        None
    }
}

fn is_repository(address: &str) -> bool {
    address.split(['#', '?']).next().is_some_and(|path| path.strip_suffix(".git").is_some())
}
