//! Campaigns: alerts near in time and alike in evidence, told as one.
//!
//! DBSCAN (Ester et al., KDD 1996) with two points as the least, over the space of [`features`]; what is
//! alone is a campaign of one. Alerts of one account in one burst are one act, and so one campaign, whatever they show.
//! Alerts that are as good as equal (one account, the same six minutes, the same rounded shape) enter
//! as one point, which changes no grouping. Where more than [`CROWD`] points share six minutes, those of the same rounded shape
//! enter as one whoever published them, since they are neighbours anyway; and if there are still more, those of the
//! same leading signal, which they may not be. So a flood of 10,000 alerts stays cheap.

mod features;

use std::collections::BTreeMap;
use std::hash::Hash;

use linfa::ParamGuard;
use linfa::traits::Transformer;
use linfa_clustering::Dbscan;
use rustc_hash::FxHashMap;

use self::features::{TIME_UNIT, TOLERANCE, matrix};
use super::trace::{Shape, Trace};
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::reach::BURST_SILENCE;
use crate::baseline::stance::MINUTE;
use crate::detect::signals::SIGNALS;
use crate::names::ReleaseId;

/// More points than this in six minutes are thinned out.
const CROWD: usize = 64;
/// Length of the cells of time in which equal alerts become one point.
const CELL: i64 = 6 * MINUTE;
/// Steps into which a component of a shape is rounded for that.
const STEPS: f64 = 4.0;
/// A signal is shown by an alert from this component on: about a fiftieth of its evidence.
const SHOWN: f64 = 0.15;
/// Signals named at most.
const NAMED: usize = 5;

/// Publishes that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// Hash of its first alert's release: the same as long as that stays the first.
    pub id: String,
    /// First publish, milliseconds; a raised one may come before the first alert.
    pub first: i64,
    /// Last publish.
    pub last: i64,
    /// When it became visible: with its second alert, or with its only one.
    pub visible_at: i64,
    /// Positions in the history, rising.
    pub members: Vec<usize>,
    /// How many of them were raised.
    pub raised: usize,
    /// Those that are no alerts: they came after one of their act, with evidence like it.
    pub quiet: Vec<ReleaseId>,
    /// Who published, in the order of the alphabet.
    pub accounts: Vec<String>,
    /// Distinct packages.
    pub packages: usize,
    /// Signals that more than half of its alerts show, the weightiest first.
    pub shared: Vec<&'static str>,
    /// Highest score of its alerts, hundredths.
    pub highest: i32,
}

/// An alert as the space sees it.
struct Point {
    at: i64,
    account: String,
    kin: String,
    shape: Shape,
}

/// Groups alerts, given in the order of the history, into lists of their places.
#[must_use]
pub fn group(alerts: &[&Trace], history: &History) -> Vec<Vec<usize>> {
    let mut sets = Sets((0..alerts.len()).collect());
    let mut last_of: FxHashMap<Sym, usize> = FxHashMap::default();
    for (place, alert) in alerts.iter().enumerate().filter(|(_, alert)| alert.actor.is_some()) {
        if let Some(before) = last_of.insert(alert.actor, place)
            && alert.at - alerts[before].at <= BURST_SILENCE
        {
            sets.join(before, place);
        }
    }
    let mut piece = Vec::new();
    for place in 0..alerts.len() {
        if piece.last().is_some_and(|&before: &usize| alerts[place].at - alerts[before].at > TIME_UNIT) {
            cluster(&piece, alerts, history, &mut sets);
            piece.clear();
        }
        piece.push(place);
    }
    cluster(&piece, alerts, history, &mut sets);
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in 0..alerts.len() {
        groups.entry(sets.root(place)).or_default().push(place);
    }
    groups.into_values().collect()
}

/// Groups alerts between which no silence is longer than the tolerance.
fn cluster(piece: &[usize], alerts: &[&Trace], history: &History, sets: &mut Sets) {
    if piece.len() < 2 {
        return;
    }
    let firsts = merged(piece, alerts, sets);
    if firsts.len() < 2 {
        return;
    }
    let points: Vec<Point> = firsts
        .iter()
        .map(|&place| point(alerts[place], &history.events[alerts[place].index], &history.words))
        .collect();
    // A tree that is filled in the order of time is a list: its points come in an order without rhythm.
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15).reverse_bits());
    let shuffled: Vec<&Point> = order.iter().map(|&at| &points[at]).collect();
    let parameters = Dbscan::params::<f64>(2).tolerance(TOLERANCE);
    let Ok(parameters) = parameters.check() else { return };
    let labels = parameters.transform(&matrix(&shuffled));
    let mut first_of: FxHashMap<usize, usize> = FxHashMap::default();
    for (&at, label) in order.iter().zip(&labels) {
        if let Some(label) = label {
            sets.join(*first_of.entry(*label).or_insert(firsts[at]), firsts[at]);
        }
    }
}

/// One place for each of the alerts that are as good as equal; the others are joined to it.
fn merged(piece: &[usize], alerts: &[&Trace], sets: &mut Sets) -> Vec<usize> {
    let mut equal: FxHashMap<(i64, Sym, Rounded), usize> = FxHashMap::default();
    let mut cells: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for &place in piece {
        let alert = alerts[place];
        let cell = alert.at.div_euclid(CELL);
        let first = if alert.actor.is_some() {
            *equal.entry((cell, alert.actor, rounded(&alert.shape))).or_insert(place)
        } else {
            place
        };
        sets.join(first, place);
        if first == place {
            cells.entry(cell).or_default().push(place);
        }
    }
    let mut firsts = Vec::new();
    for places in cells.into_values() {
        let places = thinned(places, sets, |place| rounded(&alerts[place].shape));
        firsts.extend(thinned(places, sets, |place| alerts[place].shape.leading()));
    }
    firsts
}

/// One place for each key, where there is a crowd; the others are joined to it.
fn thinned<K: Eq + Hash>(places: Vec<usize>, sets: &mut Sets, key: impl Fn(usize) -> K) -> Vec<usize> {
    if places.len() <= CROWD {
        return places;
    }
    let mut firsts: FxHashMap<K, usize> = FxHashMap::default();
    places
        .into_iter()
        .filter(|&place| {
            let first = *firsts.entry(key(place)).or_insert(place);
            sets.join(first, place);
            first == place
        })
        .collect()
}

/// Signals with their share of a shape in [`STEPS`].
type Rounded = Vec<(usize, u8)>;

fn rounded(shape: &Shape) -> Rounded {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between nought and four")]
    let round = |part: f64| (part * STEPS).round() as u8;
    shape.parts().iter().map(|(signal, part)| (*signal, round(*part))).filter(|part| part.1 > 0).collect()
}

fn point(alert: &Trace, event: &Event, words: &Vocabulary) -> Point {
    let (registry, package) = (words.text(event.registry), words.text(event.package));
    let kin = match package.split_once('/') {
        Some((scope, _)) if scope.starts_with('@') => format!("{registry} {scope}"),
        _ if event.repository.is_some() => words.text(event.repository).to_owned(),
        _ => format!("{registry} {package}"),
    };
    // Publishers that nobody recorded are not one account.
    let account =
        if event.actor.is_some() { words.text(event.actor).to_owned() } else { format!("{registry} {package}") };
    Point { at: alert.at, account, kin, shape: alert.shape.clone() }
}

/// Disjoint sets of places; the root of each is its smallest.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, mut place: usize) -> usize {
        while self.0[place] != place {
            self.0[place] = self.0[self.0[place]];
            place = self.0[place];
        }
        place
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

impl Campaign {
    /// The campaign of a group of alerts, in the order of the history, with the publishes that they raised, and with the quiet
    /// ones that followed them.
    #[must_use]
    pub fn of(alerts: &[&Trace], raised: &[&Trace], quiet: &[&Trace], history: &History) -> Self {
        let words = &history.words;
        let mut all: Vec<&Trace> = alerts.iter().chain(raised).chain(quiet).copied().collect();
        all.sort_by_key(|trace| trace.index);
        let mut packages: Vec<(Sym, Sym)> = all.iter().map(|trace| trace.package).collect();
        packages.sort_unstable_by_key(|package| (package.0.index(), package.1.index()));
        packages.dedup();
        let mut accounts: Vec<String> =
            all.iter().filter(|t| t.actor.is_some()).map(|t| words.text(t.actor).to_owned()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let ends = |trace: Option<&&Trace>| trace.map_or(0, |trace| trace.at);
        Self {
            id: alerts.first().map_or_else(String::new, |first| id(&history.events[first.index], words)),
            first: ends(all.first()),
            last: ends(all.last()),
            visible_at: ends(alerts.get(1).or(alerts.first())),
            members: all.iter().map(|trace| trace.index).collect(),
            raised: raised.len(),
            quiet: quiet.iter().map(|trace| history.events[trace.index].release(words)).collect(),
            accounts,
            packages: packages.len(),
            shared: shared(alerts),
            highest: alerts.iter().map(|alert| alert.points).max().unwrap_or_default(),
        }
    }
}

fn id(event: &Event, words: &Vocabulary) -> String {
    let text = [event.registry, event.package, event.version].map(|sym| words.text(sym).replace('\n', " ")).join("\n");
    blake3::hash(text.as_bytes()).to_hex()[..12].to_owned()
}

fn shared(alerts: &[&Trace]) -> Vec<&'static str> {
    let mut weights = vec![(0usize, 0.0f64); SIGNALS.len()];
    for (signal, part) in alerts.iter().flat_map(|alert| alert.shape.parts()).filter(|part| part.1 >= SHOWN) {
        if let Some(weight) = weights.get_mut(*signal) {
            *weight = (weight.0 + 1, weight.1 + part);
        }
    }
    let mut most: Vec<(usize, f64)> = weights
        .into_iter()
        .enumerate()
        .filter(|(_, (shown, _))| shown * 2 > alerts.len())
        .map(|(signal, (_, weight))| (signal, weight))
        .collect();
    most.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    most.into_iter().take(NAMED).map(|(signal, _)| SIGNALS[signal].id).collect()
}
