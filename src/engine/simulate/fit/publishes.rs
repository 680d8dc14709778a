//! Facts of publishes that do not depend on the year.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{or_ones, quantiles};
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::engine::simulate::acts::Publisher;
use crate::engine::simulate::habits::{Publishes, Word};

/// Words of a list that are kept.
const WORDS: usize = 6;
const HOUR: f64 = 3_600_000.0;
const DAY_HOURS: f64 = 24.0;

pub(super) fn publishes(history: &History, accounts: &[Publisher]) -> Publishes {
    let words = &history.words;
    let events = || history.events.iter();
    let acts = || accounts.iter().flat_map(|a| &a.acts);
    let packages: FxHashSet<Sym> = events().filter(|e| e.actor.is_some()).map(|e| e.package).collect();
    let published: u32 = accounts.iter().map(|a| a.packages).sum();
    let rows: u32 = acts().map(|a| a.rows).sum();
    let width: u32 = acts().map(|a| a.width).sum();
    let (hours, around) = hours(accounts);
    let steps = Steps::of(history);
    let certified = || events().filter(|e| e.ci_workflow.is_some());
    Publishes {
        unshared: ratio(packages.len(), published as usize),
        again: ratio((rows - width) as usize, width as usize),
        spacing: or_ones(quantiles(spacing(history, accounts).into_iter())),
        hours,
        around: or_ones(quantiles(around.into_iter())),
        weekend: ratio(events().filter(|e| is_weekend(e.at)).count(), history.events.len()),
        first: steps.first,
        steps: steps.stable,
        channels: commonest(words, events().map(|e| e.number.channel)),
        size: or_ones(quantiles(steps.sizes.into_iter())),
        growth: or_ones(quantiles(steps.growth.into_iter())),
        files: or_ones(quantiles(steps.files.into_iter())),
        dependencies: or_ones(quantiles(steps.dependencies.into_iter())),
        dependencies_change: steps.dependencies_change,
        owners: or_ones(quantiles(steps.owners.into_iter())),
        email_change: email_change(history, accounts),
        domains: shares(
            events()
                .filter(|e| !e.is_trusted_publisher() && e.publisher_email_domain.is_some())
                .map(|e| e.publisher_email_domain),
        ),
        hooks: commonest(words, events().map(|e| e.install_scripts)),
        hooks_change: steps.hooks_change,
        provenance: commonest(words, events().map(|e| e.provenance)),
        workflows: shares(certified().map(|e| e.ci_workflow)),
        triggers: commonest(words, certified().map(|e| e.ci_trigger)),
        tags: ratio(certified().filter(|e| words.text(e.ci_ref_kind) == "tag").count(), certified().count()),
        environments: ratio(certified().filter(|e| e.ci_environment.is_some()).count(), certified().count()),
    }
}

#[allow(clippy::cast_precision_loss, reason = "a count of publishes")]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Saturday and Sunday, UTC; the epoch began on a Thursday.
pub(super) fn is_weekend(at: i64) -> bool {
    matches!(at.div_euclid(86_400_000).rem_euclid(7), 2 | 3)
}

/// How often each value is there, the commonest first; of equal ones, the first by name.
fn counted(values: impl Iterator<Item = Sym>) -> (Vec<(Sym, usize)>, usize) {
    let mut counts: FxHashMap<Sym, usize> = FxHashMap::default();
    values.filter(|v| v.is_some()).for_each(|value| *counts.entry(value).or_default() += 1);
    let all = counts.values().sum();
    let mut sorted: Vec<(Sym, usize)> = counts.into_iter().collect();
    sorted.sort_unstable_by_key(|&(value, n)| (std::cmp::Reverse(n), value));
    (sorted, all)
}

fn commonest(words: &Vocabulary, values: impl Iterator<Item = Sym>) -> Vec<Word> {
    let (sorted, all) = counted(values);
    sorted.iter().take(WORDS).map(|&(value, n)| Word(words.text(value).to_owned(), ratio(n, all))).collect()
}

fn shares(values: impl Iterator<Item = Sym>) -> Vec<f64> {
    let (sorted, all) = counted(values);
    sorted.iter().take(WORDS).map(|&(_, n)| ratio(n, all)).collect()
}

fn spacing(history: &History, accounts: &[Publisher]) -> Vec<f64> {
    let mut all = Vec::new();
    for account in accounts {
        let mut acts = account.acts.iter().skip(1).map(|a| a.start).peekable();
        for pair in account.events.windows(2) {
            let [before, now] = [0, 1].map(|i| history.events[pair[i] as usize].at);
            if acts.next_if_eq(&now).is_none() {
                #[allow(clippy::cast_precision_loss, reason = "at most a quarter of an hour")]
                all.push((now - before) as f64);
            }
        }
    }
    all
}

/// The hour of day around which accounts publish (its circular mean, counted in 24 bins), and how far from it they do.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "hours of a day"
)]
fn hours(accounts: &[Publisher]) -> (Vec<f64>, Vec<f64>) {
    use std::f64::consts::TAU;
    let mut bins = [0_usize; 24];
    let mut around = Vec::new();
    for account in accounts {
        let hours: Vec<f64> = account.acts.iter().map(|a| a.start.rem_euclid(86_400_000) as f64 / HOUR).collect();
        let (sin, cos) =
            hours.iter().map(|h| (h / DAY_HOURS * TAU).sin_cos()).fold((0.0, 0.0), |s, x| (s.0 + x.0, s.1 + x.1));
        let centre = (f64::atan2(sin, cos) / TAU * DAY_HOURS).rem_euclid(DAY_HOURS);
        bins[(centre as usize).min(23)] += 1;
        if hours.len() >= 5 {
            around.extend(hours.iter().map(|h| (h - centre + 1.5 * DAY_HOURS).rem_euclid(DAY_HOURS) - 0.5 * DAY_HOURS));
        }
    }
    (bins.iter().map(|n| ratio(*n, accounts.len())).collect(), around)
}

fn email_change(history: &History, accounts: &[Publisher]) -> f64 {
    let (mut changed, mut acts) = (0, 0);
    for account in accounts {
        let ids = account.events.iter().map(|&i| &history.events[i as usize]);
        let ids: Vec<Sym> = ids.filter(|e| !e.is_trusted_publisher()).map(|e| e.publisher_email_id).collect();
        changed += ids.windows(2).filter(|pair| pair[0] != pair[1]).count();
        acts += account.acts.len();
    }
    ratio(changed, acts)
}

/// What happens from one publish of a package to its next.
#[derive(Default)]
struct Steps {
    first: Vec<f64>,
    stable: Vec<f64>,
    sizes: Vec<f64>,
    growth: Vec<f64>,
    files: Vec<f64>,
    dependencies: Vec<f64>,
    owners: Vec<f64>,
    dependencies_change: f64,
    hooks_change: f64,
}

impl Steps {
    #[allow(clippy::cast_precision_loss, reason = "sizes of packages")]
    fn of(history: &History) -> Self {
        let mut found = Self::default();
        let mut last: FxHashMap<Sym, &Event> = FxHashMap::default();
        let mut newest: FxHashMap<Sym, (u32, u32, u32)> = FxHashMap::default();
        let mut sized: FxHashMap<Sym, i64> = FxHashMap::default();
        let (mut first, mut stable) = ([0_usize; 3], [0_usize; 4]);
        let (mut changed, mut hooks, mut pairs, mut hooked) = (0, 0, 0, 0);
        for event in history.events.iter().filter(|e| e.removed != Some(true)) {
            if event.number.valid && event.number.channel.is_none() {
                let now = event.number.triple;
                match newest.get_mut(&event.package) {
                    None => {
                        first[if now.0 > 0 { 2 } else { usize::from(now.1 > 0) }] += 1;
                        newest.insert(event.package, now);
                    }
                    Some(before) => {
                        let step = [now <= *before, now.0 > before.0, now.1 > before.1];
                        stable[step.iter().position(|s| *s).map_or(0, |k| 3 - k)] += 1;
                        *before = now.max(*before);
                    }
                }
            }
            if let Some(size) = event.unpacked_size.get().filter(|s| *s > 0) {
                match sized.insert(event.package, size) {
                    None => {
                        found.sizes.push(size as f64);
                        found.files.extend(event.file_count.get().filter(|n| *n > 0).map(|n| n as f64));
                    }
                    Some(before) => found.growth.push(size as f64 / before as f64),
                }
            }
            if let Some(before) = last.insert(event.package, event) {
                pairs += 1;
                changed += usize::from(before.dependencies != event.dependencies);
                if before.install_script_id.is_some() && event.install_script_id.is_some() {
                    hooked += 1;
                    hooks += usize::from(before.install_script_id != event.install_script_id);
                }
            }
        }
        let mut packages: Vec<&Event> = last.into_values().collect();
        packages.sort_unstable_by_key(|e| e.package);
        for event in packages {
            found.dependencies.push(history.words.list(event.dependencies).len() as f64);
            found.owners.push(history.words.list(event.maintainers).len() as f64);
        }
        found.first = first.iter().map(|n| ratio(*n, first.iter().sum())).collect();
        found.stable = stable.iter().map(|n| ratio(*n, stable.iter().sum())).collect();
        found.dependencies_change = ratio(changed, pairs);
        found.hooks_change = ratio(hooks, hooked);
        found
    }
}
