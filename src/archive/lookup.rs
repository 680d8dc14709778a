//! Names that people ask for: found, or answered with those that they may have meant.

use std::collections::BTreeSet;

use super::history::{Event, History};
use super::vocabulary::Sym;
use crate::error::{Error, Result};
use crate::names::{PackageId, ReleaseId};

/// Symbols of names that a filter asks for.
///
/// # Errors
/// When one of them does not occur in the field: near names are suggested.
pub fn known(names: &[String], what: &str, history: &History, field: impl Fn(&Event) -> Sym) -> Result<Vec<Sym>> {
    let words = &history.words;
    let occurs = |sym: Sym| history.events.iter().any(|e| field(e) == sym);
    let find = |name: &String| {
        words.find(name).filter(|sym| occurs(*sym)).ok_or_else(|| {
            let mut all: Vec<Sym> = history.events.iter().map(&field).collect();
            all.sort_unstable();
            all.dedup();
            let remedy = did_you_mean(name, all.iter().map(|s| words.text(*s)), "check the name");
            Error::no_input(format!("the archive knows no {what} `{name}`")).remedy(remedy)
        })
    };
    names.iter().map(find).collect()
}

/// The error for a release that the history does not hold.
#[must_use]
pub fn unknown_release(release: &ReleaseId, history: &History) -> Error {
    let words = &history.words;
    let package = words.find(&release.package);
    let versions: Vec<&str> = history
        .events
        .iter()
        .filter(|e| Some(e.package) == package && words.text(e.registry) == release.registry)
        .map(|e| words.text(e.version))
        .collect();
    if versions.is_empty() {
        let package = PackageId { registry: release.registry.clone(), name: release.package.clone() };
        return unknown_package(&package, history);
    }
    let newest = versions.last().copied().unwrap_or_default();
    let otherwise = "fetch it again: gaitkeeper pull --archive DIR; without a version the known ones are listed";
    let remedy = did_you_mean(&release.version, versions.iter().copied(), otherwise);
    Error::no_input(format!(
        "the archive knows no version {} of {} (newest: {newest})",
        release.version, release.package
    ))
    .remedy(remedy)
}

/// The error for a package that the history does not hold.
#[must_use]
pub fn unknown_package(package: &PackageId, history: &History) -> Error {
    let names = history.events.iter().map(|e| history.words.text(e.package)).collect::<BTreeSet<_>>();
    let remedy = did_you_mean(&package.name, names, "fetch it: gaitkeeper pull --archive DIR PACKAGE");
    Error::no_input(format!("the archive knows no package `{}`", package.name)).remedy(remedy)
}

/// The names most like a mistaken one, or else another remedy.
#[must_use]
pub fn did_you_mean<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    const NEAR: f64 = 0.8;
    let mut near: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness > NEAR)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.dedup_by_key(|(_, name)| *name);
    let names: Vec<String> = near.iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
    if names.is_empty() {
        otherwise.to_owned()
    } else {
        format!("did you mean {}? Otherwise {otherwise}", names.join(", "))
    }
}
