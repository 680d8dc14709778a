//! What tells documented attacks from ordinary publishes of the same hour besides their behaviour: traces
//! of how they were put into other accounts' histories. A model is grown on columns that the scorer does
//! not judge; where it succeeds, the scorer must not be able to see the same.

use super::Plan;
use super::boost::{Growth, Table, grow};
use crate::archive::history::Event;
use crate::archive::vocabulary::Vocabulary;
use crate::engine::backtest::{Material, Run};

/// Half an hour, in milliseconds: ordinary publishes this near an attack are compared with it.
const NEAR: i64 = 30 * 60 * 1000;
/// Ordinary publishes beside each attack at most.
const BESIDE: usize = 4;
/// Groups of campaigns that are left out together.
const PARTS: usize = 5;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Rows: attacks, ordinary ones of the same hours.
    pub rows: (usize, usize),
    /// Chance that an attack of a campaign left out ranks above an ordinary publish; 0.5 is nothing.
    pub auc: f64,
    /// The same by each column alone, best first; below 0.5 counts from the other end.
    pub columns: Vec<(&'static str, f64)>,
}

struct Trace {
    name: &'static str,
    read: fn(&Event, &Vocabulary) -> f32,
}

macro_rules! traces {
    ($($name:literal |$event:ident, $words:ident| $read:expr;)+) => {
        static TRACES: &[Trace] = &[$(Trace { name: $name, read: |$event, $words| { let _ = $words; $read } },)+];
    };
}

traces! {
    "millisecond" |event, words| part(event.at, 1, 1000);
    "second" |event, words| part(event.at, 1000, 60);
    "minute" |event, words| part(event.at, 60_000, 60);
    "prerelease" |event, words| f32::from(u8::from(event.number.channel.is_some()));
    "major number" |event, words| small(event.number.triple.0);
    "minor number" |event, words| small(event.number.triple.1);
    "patch number" |event, words| small(event.number.triple.2);
    "length of the package's name" |event, words| length(words.text(event.package).len());
    "length of the publisher's name" |event, words| length(words.text(event.publisher).len());
    "registry signature" |event, words| event.signed.map_or(-1.0, |signed| f32::from(u8::from(signed)));
    "last digit of the size" |event, words| event.unpacked_size.get().map_or(-1.0, |size| part(size, 1, 10));
    "number of dependencies" |event, words| length(words.list(event.dependencies).len());
    "number of optional dependencies" |event, words| length(words.list(event.optional_dependencies).len());
    "approver" |event, words| f32::from(u8::from(event.approver.is_some()));
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn part(value: i64, unit: i64, of: i64) -> f32 {
    value.div_euclid(unit).rem_euclid(of) as f32
}

#[allow(clippy::cast_precision_loss, reason = "numbers of versions and lengths")]
fn small(n: u32) -> f32 {
    n as f32
}

#[allow(clippy::cast_precision_loss, reason = "lengths")]
fn length(n: usize) -> f32 {
    n as f32
}

/// Looks for traces.
#[must_use]
pub fn look(material: &Material, plan: &Plan) -> Found {
    let mut values: Vec<Vec<f32>> = vec![Vec::new(); TRACES.len()];
    let (mut targets, mut campaigns, mut names) = (Vec::new(), Vec::new(), Vec::<String>::new());
    for number in material.folds() {
        let run = material.run(Some(number));
        for (position, target, campaign) in pairs(&run) {
            let event = &run.history.events[position];
            for (column, trace) in values.iter_mut().zip(TRACES) {
                column.push((trace.read)(event, &run.history.words));
            }
            let at = names.iter().position(|n| *n == campaign).unwrap_or_else(|| {
                names.push(campaign);
                names.len() - 1
            });
            targets.push(target);
            campaigns.push(at);
        }
    }
    let columns = TRACES.iter().map(|t| (t.name.to_owned(), false)).collect();
    let table = Table::new(columns, &values);
    let weights = vec![1.0; targets.len()];
    let growth = Growth { trees: 60, depth: 3, rate: 0.1, columns: 1.0, rows: 1.0, ..plan.growth };
    let mut points = vec![0; targets.len()];
    for part in 0..PARTS {
        let rows: Vec<u32> = (0..targets.len())
            .filter(|&row| campaigns[row] % PARTS != part)
            .map(|row| u32::try_from(row).unwrap_or(u32::MAX))
            .collect();
        let scores = grow(&table, &rows, &targets, &weights, &|_| true, &growth).score(&table);
        for row in (0..targets.len()).filter(|&row| campaigns[row] % PARTS == part) {
            points[row] = scores[row];
        }
    }
    let mut columns: Vec<(&'static str, f64)> = TRACES
        .iter()
        .zip(&values)
        .map(|(trace, column)| {
            let area = auc(&column.iter().map(|v| f64::from(*v)).collect::<Vec<_>>(), &targets);
            (trace.name, area.max(1.0 - area))
        })
        .collect();
    columns.sort_by(|a, b| b.1.total_cmp(&a.1));
    let attacks = targets.iter().filter(|t| **t).count();
    let points: Vec<f64> = points.into_iter().map(f64::from).collect();
    Found { rows: (attacks, targets.len() - attacks), auc: auc(&points, &targets), columns }
}

/// Each attack, and the ordinary publishes nearest to it in time; both with the attack's campaign.
fn pairs(run: &Run) -> Vec<(usize, bool, String)> {
    let events = &run.history.events;
    let mut attacks: Vec<_> = run.labels.iter().collect();
    attacks.sort_unstable_by_key(|(position, _)| **position);
    let mut found = Vec::new();
    for (&position, &(campaign, _)) in attacks {
        let campaign = run.history.words.text(campaign).to_owned();
        let near = |i: &usize| (events[*i].at - events[position].at).abs() <= NEAR;
        let ordinary = |i: &usize| !run.labels.contains_key(i) && events[*i].removed != Some(true);
        let before = (0..position).rev().take_while(near).filter(ordinary).take(BESIDE / 2);
        let after = (position + 1..events.len()).take_while(near).filter(ordinary).take(BESIDE / 2);
        found.extend(before.chain(after).map(|i| (i, false, campaign.clone())));
        found.push((position, true, campaign));
    }
    found
}

/// Area under the curve: the chance that a target ranks above another, ties counting half.
fn auc(scores: &[f64], targets: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut ranks, mut at) = (0.0, 0);
    while at < order.len() {
        let tie = order[at..].iter().take_while(|&&i| scores[i].total_cmp(&scores[order[at]]).is_eq()).count();
        #[allow(clippy::cast_precision_loss, reason = "ranks of some thousand rows")]
        let middle = at as f64 + f64::midpoint(tie as f64, 1.0);
        ranks +=
            middle * f64::from(u32::try_from(order[at..at + tie].iter().filter(|&&i| targets[i]).count()).unwrap_or(0));
        at += tie;
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of some thousand rows")]
    let (hits, all) = (targets.iter().filter(|t| **t).count() as f64, targets.len() as f64);
    (ranks - hits * (hits + 1.0) / 2.0) / (hits * (all - hits)).max(1.0)
}
