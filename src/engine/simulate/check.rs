//! How far a simulated registry is from a history: for distributions the largest difference of their cumulative shares
//! (two-sample Kolmogorov-Smirnov), for rates the plain difference.

use std::collections::BTreeMap;
use std::fmt::Write;

use rustc_hash::{FxHashMap, FxHashSet};

use super::acts::publishers;
use super::fit::month_of;
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Sym;

/// One comparison of distributions.
#[derive(Clone, Debug, PartialEq)]
pub struct Distance {
    /// What is compared.
    pub what: &'static str,
    /// Sizes of the samples: simulated, history.
    pub n: [usize; 2],
    /// Medians.
    pub median: [f64; 2],
    /// Largest difference of the cumulative shares.
    pub ks: f64,
}

/// One comparison of rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What is compared.
    pub what: &'static str,
    /// Year.
    pub year: i32,
    /// Shares: simulated, history.
    pub share: [f64; 2],
}

impl Difference {
    /// Simulated share less that of the history.
    #[must_use]
    pub fn by(&self) -> f64 {
        self.share[0] - self.share[1]
    }
}

/// All comparisons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Of distributions.
    pub distances: Vec<Distance>,
    /// Of rates by year.
    pub differences: Vec<Difference>,
}

type Measure = fn(&History) -> Vec<f64>;

const MEASURES: [(&str, Measure); 8] = [
    ("silence between acts of a publisher", |h| actors(h, |p| p.gaps().collect())),
    ("packages in an act", |h| actors(h, |p| p.acts.iter().map(|a| f64::from(a.width)).collect())),
    ("packages of a publisher", |h| actors(h, |p| vec![f64::from(p.packages)])),
    ("events of a publisher", |h| actors(h, |p| vec![count(p.events.len())])),
    ("events of a package", |h| grouped(h).into_values().map(|(n, _)| n).collect()),
    ("publishers of a package", |h| grouped(h).into_values().map(|(_, n)| n).collect()),
    ("first publish of a publisher", |h| actors(h, |p| vec![time(p.acts[0].start)])),
    ("time of a publish", |h| h.events.iter().map(|e| time(e.at)).collect()),
];

type Rate = (&'static str, fn(&Event) -> bool, fn(&Event) -> bool);

const RATES: [Rate; 4] = [
    ("trusted publishing", |e| e.actor.is_some(), Event::is_trusted_publisher),
    ("provenance", |e| e.actor.is_some(), |e| e.provenance.is_some()),
    ("prereleases", |e| e.number.valid, |e| e.number.channel.is_some()),
    ("with a commit", |e| e.removed != Some(true), |e| e.git_head.is_some()),
];

/// A year with fewer publishes in the history is not compared.
const ENOUGH: usize = 1_000;

/// Compares a simulated registry with a history.
#[must_use]
pub fn compare(simulated: &History, history: &History) -> Comparison {
    let distances = MEASURES.iter().map(|(what, measure)| {
        let mut samples = [measure(simulated), measure(history)];
        for sample in &mut samples {
            sample.sort_unstable_by(f64::total_cmp);
        }
        let median = |s: &[f64]| s.get(s.len() / 2).copied().unwrap_or(f64::NAN);
        let [a, b] = &samples;
        Distance { what, n: [a.len(), b.len()], median: [median(a), median(b)], ks: ks(a, b) }
    });
    let mut differences = Vec::new();
    for (what, of, happens) in RATES {
        let by_year = [simulated, history].map(|h| shares(h, of, happens));
        for (year, (n, share)) in &by_year[1] {
            let ours = by_year[0].get(year).map_or(0.0, |(_, share)| *share);
            if *n >= ENOUGH && (*share > 0.0 || ours > 0.0) {
                differences.push(Difference { what, year: *year, share: [ours, *share] });
            }
        }
    }
    Comparison { distances: distances.collect(), differences }
}

/// The two-sample statistic of Kolmogorov and Smirnov of two sorted samples; one where either is empty.
#[must_use]
pub fn ks(ours: &[f64], theirs: &[f64]) -> f64 {
    if ours.is_empty() || theirs.is_empty() {
        return 1.0;
    }
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < ours.len() && j < theirs.len() {
        let next = ours[i].min(theirs[j]);
        i += ours[i..].iter().take_while(|v| **v <= next).count();
        j += theirs[j..].iter().take_while(|v| **v <= next).count();
        largest = largest.max((count(i) / count(ours.len()) - count(j) / count(theirs.len())).abs());
    }
    largest
}

#[allow(clippy::cast_precision_loss, reason = "a count of publishes")]
fn count(n: usize) -> f64 {
    n as f64
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of a few decades")]
fn time(at: i64) -> f64 {
    at as f64
}

fn actors(history: &History, of: impl Fn(&super::acts::Publisher) -> Vec<f64>) -> Vec<f64> {
    publishers(history, |e| e.actor).iter().flat_map(of).collect()
}

/// Events and publishers of each package.
fn grouped(history: &History) -> FxHashMap<Sym, (f64, f64)> {
    let mut found: FxHashMap<Sym, (f64, FxHashSet<Sym>)> = FxHashMap::default();
    for event in &history.events {
        let entry = found.entry(event.package).or_default();
        entry.0 += 1.0;
        if event.actor.is_some() {
            entry.1.insert(event.actor);
        }
    }
    found.into_iter().map(|(package, (n, actors))| (package, (n, count(actors.len())))).collect()
}

fn shares(history: &History, of: fn(&Event) -> bool, happens: fn(&Event) -> bool) -> BTreeMap<i32, (usize, f64)> {
    let mut counts: BTreeMap<i32, [usize; 2]> = BTreeMap::new();
    for event in history.events.iter().filter(|e| of(e)) {
        let entry = counts.entry(month_of(event.at).0).or_default();
        entry[0] += 1;
        entry[1] += usize::from(happens(event));
    }
    counts.into_iter().map(|(year, [n, hits])| (year, (n, count(hits) / count(n)))).collect()
}

/// A comparison as a table.
#[must_use]
pub fn text(comparison: &Comparison) -> String {
    let mut text = String::new();
    let (a, b) = ("simulated", "history");
    let _ = writeln!(text, "{:<36} {a:>12} {b:>12} {:>9}", "distribution (median)", "KS");
    for d in &comparison.distances {
        let shown = |x: f64| match d.what {
            "silence between acts of a publisher" => format!("{:.1} h", x / 3_600_000.0),
            what if what.contains("publish of") || what.contains("time of") => show_day(x),
            _ => format!("{x}"),
        };
        let _ = writeln!(text, "{:<36} {:>12} {:>12} {:>9.3}", d.what, shown(d.median[0]), shown(d.median[1]), d.ks);
    }
    let _ = writeln!(text, "\n{:<36} {a:>12} {b:>12} {:>9}", "share of a year's publishes", "by");
    for d in &comparison.differences {
        let what = format!("{}, {}", d.what, d.year);
        let _ =
            writeln!(text, "{what:<36} {:>11.1}% {:>11.1}% {:>+9.3}", 100.0 * d.share[0], 100.0 * d.share[1], d.by());
    }
    text
}

#[allow(clippy::cast_possible_truncation, reason = "milliseconds of a few decades")]
fn show_day(at: f64) -> String {
    crate::archive::table::show_time(at as i64)[..10].to_owned()
}
