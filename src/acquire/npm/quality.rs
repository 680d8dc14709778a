//! Is this the registry's own document? Refuses what has lost or rewritten publishers and times, and warns
//! of what might have.

use std::collections::HashMap;

use super::anchors;
use super::join::Traces;
use super::packument::Packument;
use crate::acquire::raw::RawPackage;
use crate::error::{Error, Result};

/// 2016-01-01 in milliseconds. What older documents lack proves nothing.
const MODERN: i64 = 1_451_606_400_000;
const DAY: i64 = 86_400_000;
/// Furthest that a publish time has ever been from its upload, but for four of several hundred thousand.
const UPLOAD_SLACK: u64 = 60_000;
/// Stamps of other form that are borne if most are as they should be.
const HANDFUL: usize = 3;
/// Versions on one day from which a share of over a fifth is suspect: 0.7 % of real packages have that.
const CROWDED_DAY: usize = 10;

/// Stable versions from which their order says anything, and least agreement of times and numbers.
const ENOUGH_FOR_ORDER: usize = 10;
const LEAST_ORDER: f64 = 0.3;

const ORIGINAL: &str =
    "fetch the document from the registry where the package is published, not from a mirror, cache or proxy";

/// Refuses documents whose log itself, or whose revision, is not a registry's.
///
/// # Errors
/// `_rev` is missing, or `time` has no `created` or no `modified` (an unpublished package needs neither).
pub(super) fn check_origin(doc: &Packument<'_>) -> Result<()> {
    if doc.revision.is_none() {
        return Err(refusal("has no \"_rev\"", "_rev"));
    }
    let is_dead = doc.log.tombstone.is_some() && doc.versions.is_empty();
    if is_dead || (doc.log.has_created && doc.log.has_modified) {
        return Ok(());
    }
    let absent = if doc.log.has_created { "modified" } else { "created" };
    Err(refusal(&format!("\"time\" has no \"{absent}\""), "time"))
}

/// Refuses packages whose publishers or times were lost or rewritten; adds warnings to the others.
///
/// # Errors
/// No version since 2016 names a publisher; times since 2016 are not written as the registry writes them;
/// most times contradict the upload epochs; or one contradicts a time that is known for good.
pub(super) fn check(package: &mut RawPackage, traces: &Traces) -> Result<()> {
    check_anchor(package)?;
    check_publishers(package)?;
    check_form(package, &traces.stamps)?;
    check_uploads(package, &traces.uploads)?;
    warn_of_crowded_day(package, traces.present);
    warn_of_disorder(package);
    if traces.present > 0 && !package.releases.iter().any(|release| release.signed) {
        package
            .warnings
            .push("no version has a registry signature: an old copy, or one that a mirror has stripped".to_owned());
    }
    Ok(())
}

fn check_anchor(package: &RawPackage) -> Result<()> {
    let times = package.releases.iter().map(|release| (release.version.as_str(), release.published_at));
    anchors::contradicted(&package.name, times).map_or(Ok(()), |(version, known)| {
        Err(refusal(&format!("{}@{version} was published at {known} and has another time here", package.name), "time"))
    })
}

fn check_publishers(package: &RawPackage) -> Result<()> {
    let mut modern =
        package.releases.iter().filter(|release| !release.removed && release.published_at >= MODERN).peekable();
    if modern.peek().is_some() && modern.all(|release| release.publisher.is_none()) {
        return Err(refusal("no version published since 2016 names its publisher (_npmUser)", "versions"));
    }
    Ok(())
}

fn check_form(package: &mut RawPackage, stamps: &[(i64, bool)]) -> Result<()> {
    let modern = stamps.iter().filter(|(ms, _)| *ms >= MODERN);
    let (total, foreign) = modern.fold((0, 0), |(all, odd), (_, is_native)| (all + 1, odd + usize::from(!is_native)));
    if foreign > HANDFUL || foreign * 2 > total {
        return Err(refusal(
            &format!(
                "{foreign} of {total} times since 2016 are not written as the registry writes them \
                 (YYYY-MM-DDTHH:MM:SS.mmmZ), so that they have been rewritten"
            ),
            "time",
        ));
    }
    if foreign > 0 {
        package.warnings.push(format!("{foreign} of {total} times since 2016 are not in the registry's own form"));
    }
    Ok(())
}

fn check_uploads(package: &mut RawPackage, uploads: &[(i64, i64)]) -> Result<()> {
    let total = uploads.len();
    let off = uploads.iter().filter(|(published, uploaded)| published.abs_diff(*uploaded) > UPLOAD_SLACK).count();
    let what =
        format!("{off} of {total} times are more than 60 s from the upload that _npmOperationalInternal records");
    if off >= 3 && off * 2 > total {
        return Err(refusal(&format!("{what}, so that they have been rewritten"), "time"));
    }
    if off > 0 {
        package.warnings.push(what);
    }
    Ok(())
}

fn warn_of_crowded_day(package: &mut RawPackage, present: usize) {
    let mut days: HashMap<i64, usize> = HashMap::new();
    for release in package.releases.iter().filter(|release| !release.removed) {
        *days.entry(release.published_at.div_euclid(DAY)).or_default() += 1;
    }
    let most = days.into_values().max().unwrap_or_default();
    if most >= CROWDED_DAY && most * 5 > present {
        package.warnings.push(format!(
            "{most} of {present} versions bear the time of one day: a move between registries, or a mirror's own times"
        ));
    }
}

/// Warns where times and version numbers hardly go the same way: Kendall's tau below 0.3 over the stable versions.
fn warn_of_disorder(package: &mut RawPackage) {
    let mut stable: Vec<(semver::Version, i64)> = package
        .releases
        .iter()
        .filter(|release| !release.removed)
        .filter_map(|release| Some((semver::Version::parse(&release.version).ok()?, release.published_at)))
        .filter(|(version, _)| version.pre.is_empty())
        .collect();
    stable.sort();
    let n = stable.len();
    if n < ENOUGH_FOR_ORDER {
        return;
    }
    let mut times: Vec<i64> = stable.into_iter().map(|(_, at)| at).collect();
    let inversions = inversions(&mut times);
    #[allow(clippy::cast_precision_loss, reason = "a share of pairs")]
    let tau = 1.0 - 4.0 * inversions as f64 / (n * (n - 1)) as f64;
    if tau < LEAST_ORDER {
        package.warnings.push(format!(
            "times and version numbers hardly go the same way (Kendall's tau {tau:.2}): they may have been rewritten"
        ));
    }
}

/// Pairs that are in the wrong order; sorts.
fn inversions(times: &mut [i64]) -> usize {
    let half = times.len() / 2;
    if half == 0 {
        return 0;
    }
    let (left, right) = times.split_at_mut(half);
    let mut count = inversions(left) + inversions(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        if r == right.len() || (l < left.len() && left[l] <= right[r]) {
            merged.push(left[l]);
            l += 1;
        } else {
            count += left.len() - l;
            merged.push(right[r]);
            r += 1;
        }
    }
    times.copy_from_slice(&merged);
    count
}

fn refusal(what: &str, place: &str) -> Error {
    Error::tool(format!("{what}: this is not a registry's own document")).place(place).remedy(ORIGINAL)
}
