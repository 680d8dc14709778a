//! Measures the habits of a registry's publishers on a history.

mod publishes;
mod years;

pub use self::years::month_of;
use rustc_hash::FxHashMap;

use super::acts::{Publisher, publishers};
use super::habits::{Class, Habits, Made, PROBABILITIES, Quantiles};
use crate::archive::history::History;
use crate::archive::vocabulary::Sym;

/// Accounts that a class has at least: fewer join the class with fewer acts.
const ENOUGH: usize = 25;

/// Habits of a history of at least one named publish; `made` says where it is from, its numbers are filled in here.
#[must_use]
pub fn fit(history: &History, made: Made) -> Habits {
    let (from, until) = (history.events.first().map_or(0, |e| e.at), history.newest().unwrap_or(1));
    let accounts = accounts(history);
    let mut habits = Habits {
        made: Made { events: history.events.len() as u64, from, until, ..made },
        publishes: publishes::publishes(history, &accounts),
        quarters: years::quarters(history),
        years: years::years(history),
        classes: classes(&accounts, from, until),
    };
    round_all(&mut habits);
    habits
}

/// Publishers as people: what a trusted publisher does belongs to the account that published the package before it,
/// or to the repository where there was none.
fn accounts(history: &History) -> Vec<Publisher> {
    let mut last: FxHashMap<Sym, Sym> = FxHashMap::default();
    publishers(history, |event| {
        if event.is_trusted_publisher() {
            last.get(&event.package).copied().unwrap_or(event.actor)
        } else {
            if event.actor.is_some() {
                last.insert(event.package, event.actor);
            }
            event.actor
        }
    })
}

fn classes(accounts: &[Publisher], from: i64, until: i64) -> Vec<Class> {
    let mut all = Vec::new();
    for wide in [false, true] {
        let mut kind: Vec<&Publisher> = accounts.iter().filter(|a| is_wide(a) == wide).collect();
        kind.sort_by_key(|a| a.acts.len());
        // Classes by the power of two of their acts, the last ones joined until there are enough of them.
        let mut groups: Vec<Vec<&Publisher>> = Vec::new();
        for account in kind {
            let power = account.acts.len().ilog2();
            match groups.last_mut() {
                Some(group) if group[0].acts.len().ilog2() == power || group.len() < ENOUGH => group.push(account),
                _ => groups.push(vec![account]),
            }
        }
        if groups.len() > 1 && groups[groups.len() - 1].len() < ENOUGH {
            let rest = groups.pop().unwrap_or_default();
            groups.last_mut().into_iter().for_each(|g| g.extend(&rest));
        }
        all.extend(groups.iter().map(|group| class(group, wide, accounts.len(), from, until)));
    }
    all
}

/// Most acts of the account are of two packages or more.
fn is_wide(account: &Publisher) -> bool {
    2 * account.acts.iter().filter(|a| a.width > 1).count() > account.acts.len()
}

#[allow(clippy::cast_precision_loss, reason = "counts, and milliseconds of a few decades")]
fn class(group: &[&Publisher], wide: bool, accounts: usize, from: i64, until: i64) -> Class {
    let ends = |a: &Publisher| (a.acts[0].start, a.acts[a.acts.len() - 1].start);
    let share = |part: i64, whole: i64| if whole > 0 { part as f64 / whole as f64 } else { 0.0 };
    let gaps = group.iter().flat_map(|account| {
        let gaps: Vec<f64> = account.gaps().collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
        gaps.into_iter().map(move |gap| gap / mean)
    });
    let widths = group.iter().filter(|a| a.packages > 1).flat_map(|account| {
        let all = f64::from(account.packages).ln();
        account.acts.iter().map(move |act| f64::from(act.width).ln() / all)
    });
    Class {
        wide,
        share: group.len() as f64 / accounts as f64,
        bursts: quantiles(group.iter().map(|a| a.acts.len() as f64)),
        start: quantiles(group.iter().map(|a| share(ends(a).0 - from, until - from))),
        life: quantiles(group.iter().map(|a| share(ends(a).1 - ends(a).0, until - ends(a).0))),
        gap: or_ones(quantiles(trimmed(gaps))),
        packages: quantiles(group.iter().map(|a| f64::from(a.packages))),
        width: or_ones(quantiles(widths)),
    }
}

/// Where there is nothing to measure nobody draws either: accounts with one act have no silence.
fn or_ones(quantiles: Quantiles) -> Quantiles {
    if quantiles.0.is_empty() { Quantiles(vec![1.0; PROBABILITIES.len()]) } else { quantiles }
}

/// Values of which the largest 0.05 % count as that percentile: what lies between the last two quantiles is drawn, and one
/// silence of a thousand times the mean would be drawn far too often.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
fn trimmed(values: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let most = sorted.get((sorted.len() as f64 * 0.9995) as usize).or(sorted.last()).copied().unwrap_or_default();
    sorted.into_iter().map(move |value| value.min(most))
}

/// Quantiles of values, by linear interpolation between order statistics (type 7 of Hyndman and Fan, Sample Quantiles in
/// Statistical Packages, 1996); empty where there are none.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
pub fn quantiles(values: impl Iterator<Item = f64>) -> Quantiles {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return Quantiles::default() };
    let at = |p: f64| {
        let place = p * last as f64;
        let low = place as usize;
        sorted[low] + (sorted[(low + 1).min(last)] - sorted[low]) * (place - low as f64)
    };
    Quantiles(PROBABILITIES.iter().map(|p| at(*p)).collect())
}

/// Three significant digits say all that a sample of this size can.
fn digits(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

fn round_all(habits: &mut Habits) {
    let p = &mut habits.publishes;
    let of_all =
        [&mut p.spacing, &mut p.around, &mut p.size, &mut p.growth, &mut p.files, &mut p.dependencies, &mut p.owners];
    let of_classes = habits
        .classes
        .iter_mut()
        .flat_map(|c| [&mut c.bursts, &mut c.start, &mut c.life, &mut c.gap, &mut c.packages, &mut c.width]);
    for quantiles in of_all.into_iter().chain(of_classes) {
        quantiles.0.iter_mut().for_each(|q| *q = digits(*q));
    }
    for list in [&mut p.hours, &mut p.first, &mut p.steps, &mut p.domains, &mut p.workflows] {
        for share in list.iter_mut() {
            *share = digits(*share);
        }
    }
    for word in [&mut p.channels, &mut p.hooks, &mut p.provenance, &mut p.triggers].into_iter().flatten() {
        word.1 = digits(word.1);
    }
    let rates = [
        &mut p.unshared,
        &mut p.again,
        &mut p.weekend,
        &mut p.dependencies_change,
        &mut p.email_change,
        &mut p.hooks_change,
    ];
    let more = [&mut p.tags, &mut p.environments];
    rates.into_iter().chain(more).for_each(|rate| *rate = digits(*rate));
    habits.classes.iter_mut().for_each(|c| c.share = digits(c.share));
}
