//! Which version of a package a distribution file belongs to, by its name.

use crate::names::ReleaseId;

/// Whether two names of distribution files mean the same one: PyPI normalises runs of `-`, `_` and `.`, and case.
/// (<https://packaging.python.org/en/latest/specifications/name-normalization/>)
pub(super) fn same(one: &str, other: &str) -> bool {
    one == other || normal(one) == normal(other)
}

/// Whether a file is one of the version that a purl names: a source distribution `NAME-VERSION.tar.gz` or a wheel
/// `NAME-VERSION-....whl` of PyPI, or a gem `NAME-VERSION.gem` or `NAME-VERSION-PLATFORM.gem`.
/// (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>)
pub(super) fn belongs_to(file: &str, purl: &str) -> bool {
    let Ok(release) = purl.parse::<ReleaseId>() else { return false };
    match release.registry.as_str() {
        "pypi" => {
            if let Some(stem) = file.strip_suffix(".whl") {
                let mut parts = stem.split('-');
                let (Some(name), Some(version)) = (parts.next(), parts.next()) else { return false };
                return same(name, &release.package) && same_version(version, &release.version);
            }
            let stem = file.strip_suffix(".tar.gz").or_else(|| file.strip_suffix(".zip"));
            let parts = stem.and_then(|stem| stem.rsplit_once('-'));
            parts.is_some_and(|(name, version)| same(name, &release.package) && same_version(version, &release.version))
        }
        "gem" => {
            let whole = format!("{}-{}", release.package, release.version);
            let rest = file.strip_suffix(".gem").and_then(|stem| stem.strip_prefix(&whole));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        }
        _ => false,
    }
}

/// The same version in two spellings: case and separators aside, as PEP 440 normalises them.
fn same_version(one: &str, other: &str) -> bool {
    fn plain(version: &str) -> String {
        let lower = version.to_ascii_lowercase();
        let dotted = lower.trim_start_matches('v').replace(['-', '_', '+'], ".");
        let mut out = String::with_capacity(dotted.len());
        for c in dotted.chars() {
            if c.is_ascii_alphabetic() && out.ends_with('.') {
                out.pop();
            }
            out.push(c);
        }
        out
    }
    one == other || plain(one) == plain(other)
}

fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out
}
