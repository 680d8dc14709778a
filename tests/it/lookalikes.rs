//! Real releases by their owners that look like takeovers, and that other rules flag: none is alerted at 1/1,000.

use std::collections::BTreeSet;

use gaitkeeper::archive::history::History;
use gaitkeeper::detect::model::Model;
use gaitkeeper::engine::embedded::fold;

use crate::corpus::material;
use crate::shared::shared;

/// Real look-alikes that are alerted, each with what makes it no different from a takeover.
const ALERTED: &[(&str, &str, &str)] = &[(
    "tailwind-merge",
    "2.6.1",
    "published by hand at an unusual hour on a line that had rested for a year and always had provenance: what somebody \
     with a stolen token would leave behind; only the tag in the repository tells that the owner meant it",
)];

/// One alert in so many benign publishes.
const BUDGET: usize = 1_000;

/// A line of the list: which versions it names, and whether that is exact.
struct Case {
    packages: Vec<String>,
    versions: Vec<String>,
    cell: String,
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// The versions that a cell names: `1.0.1, 2.0.1 (also 3.0.1)`, or a span of patches as `1.0.1-1.0.3`.
/// None where it names no version (`2.x`, `after 2026-03`).
fn versions(cell: &str) -> Vec<String> {
    let tokens = cell.split([',', ' ', '(', ')']).filter(|token| !token.is_empty() && *token != "also");
    let named: Option<Vec<Vec<String>>> = tokens
        .map(|token| {
            let (first, last) = token.split_once('-').unwrap_or((token, token));
            let ([major, minor, from], [_, _, to]) = (numbers(first)?, numbers(last)?);
            Some((from..=to).map(|patch| format!("{major}.{minor}.{patch}")).collect())
        })
        .collect();
    named.unwrap_or_default().concat()
}

fn cases() -> Option<Vec<Case>> {
    let mut table = csv::Reader::from_path(shared("corpus/lookalikes.csv")?).expect("the list");
    let header = table.headers().expect("a header").clone();
    let at = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let (package, version) = (at("package"), at("version"));
    let case = |row: csv::StringRecord| Case {
        packages: row[package].split(", ").map(str::to_owned).collect(),
        versions: versions(&row[version]),
        cell: format!("{} {}", &row[package], &row[version]),
    };
    Some(table.records().map(|row| case(row.expect("a row"))).collect())
}

/// Positions of the releases that a case names and the history holds, with their names.
fn held(history: &History, case: &Case) -> Vec<(usize, (String, String))> {
    let releases = case.packages.iter().flat_map(|p| case.versions.iter().map(|v| (p.clone(), v.clone())));
    releases.filter_map(|(p, v)| Some((history.find("npm", &p, &v)?, (p, v)))).collect()
}

#[test]
fn cells_name_versions_or_none() {
    assert_eq!(versions("9.2.2, 10.1.1-10.1.3, 11.0.0").len(), 5);
    assert_eq!(versions("3.1.3, 4.2.4 (also 1.0.1)"), ["3.1.3", "4.2.4", "1.0.1"]);
    for vague in ["2.x", "after 21.8.0", "2025-09..2026"] {
        assert!(versions(vague).is_empty(), "{vague}");
    }
}

#[test]
#[allow(clippy::disallowed_macros, reason = "the figures, for whoever asks with --nocapture")]
fn no_real_lookalike_is_alerted_but_those_that_cannot_be_told_apart() {
    let (Some(cases), Some(material)) = (cases(), material()) else { return };
    let history = material.run(None).history;
    let model = Model::embedded().expect("the embedded model");
    let (mut points, mut p_values) = (Vec::new(), Vec::new());
    fold(&history, &model, |assessed| {
        points.push(assessed.assessment.points);
        p_values.push(assessed.p_value);
    });
    let mut benign: Vec<i32> =
        history.events.iter().zip(&points).filter_map(|(e, p)| (e.removed != Some(true)).then_some(*p)).collect();
    benign.sort_unstable_by(|a, b| b.cmp(a));
    let threshold = benign[benign.len() / BUDGET];

    let (vague, exact): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.versions.is_empty());
    let vague: Vec<&str> = vague.iter().map(|case| case.cell.as_str()).collect();
    let named: usize = exact.iter().map(|case| case.packages.len() * case.versions.len()).sum();
    let mut checked = BTreeSet::new();
    let (mut alerted, mut report) = (BTreeSet::new(), Vec::new());
    for (at, release) in exact.iter().flat_map(|case| held(&history, case)) {
        let above = points[at] - threshold;
        report.push(format!("{:>6} {}@{}, p {:.5}", above, release.0, release.1, p_values[at]));
        if above > 0 {
            alerted.insert(release.clone());
        }
        checked.insert(release);
    }
    report.sort_by_key(|line| std::cmp::Reverse(line[..6].trim().parse::<i32>().unwrap_or(0)));
    let absent = named - checked.len();
    println!("{} releases checked, {absent} not in the corpus, not checkable: {vague:?}", checked.len());
    println!("points above the threshold of {threshold}:\n{}", report.join("\n"));
    assert!(checked.len() >= 7, "only {} releases are in the corpus", checked.len());

    let listed: BTreeSet<(String, String)> =
        ALERTED.iter().map(|(package, version, _)| ((*package).to_owned(), (*version).to_owned())).collect();
    let unlisted: Vec<_> = alerted.difference(&listed).collect();
    assert!(unlisted.is_empty(), "alerted above {threshold}: {unlisted:?}");
    assert!(ALERTED.iter().all(|(_, _, reason)| reason.len() > 40));
    let quiet: Vec<_> = listed.difference(&alerted).collect();
    assert!(quiet.is_empty(), "listed and not alerted any more, take them off: {quiet:?}");
}
