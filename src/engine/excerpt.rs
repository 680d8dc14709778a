//! The part of a history on which what is said of one release depends, and nothing else.
//!
//! A judgement reads the habits of its package and of its account, and when the archive first saw a name.
//! So an excerpt holds every publish of the package; everything that the accounts did that published what is
//! shown of it; every publish of the packages that they touched, because a burst counts those it woke; the
//! first publish of everybody else in these packages, because a stranger is noted; and the first publish that
//! named each dependency and each install hook. Folding the excerpt gives the same looks, to the bit, as folding
//! the whole. Only the rarity needs the rest of the history: the scores that stood in the window then.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::embedded::{Assessed, fold_under, walk, walk_until};
use super::policy::Policy;
use crate::archive::history::{Event, History};
use crate::archive::outline::{Outline, Outlined};
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::Look;
use crate::baseline::package::Teaching;
use crate::baseline::stance::HOUR;
use crate::detect::calibration::{MOST, RollingRanks, holds};
use crate::detect::model::Model;
use crate::detect::score::Assessment;
use crate::error::Result;

/// Versions of the package that are shown at most, the nearest in time; the rest is counted.
pub const VERSIONS: usize = 1_000;
/// Milliseconds before and after in which the account's other publishes are shown.
pub const SAME_HOURS: i64 = 12 * HOUR;
/// Publishes of the account in these hours that are shown at most, the nearest in time; the rest is counted.
pub const ACT: usize = 5_000;

/// What is shown of a history around one release, by position, rising.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Versions of the package.
    pub package: Vec<usize>,
    /// Versions of the package in all.
    pub versions: usize,
    /// The account's publishes in the same hours, and those of a publisher not recorded in its packages.
    pub act: Vec<usize>,
    /// Of those in all.
    pub acts: usize,
}

impl Shown {
    /// What is shown around the publish at `subject`.
    #[must_use]
    pub fn around(events: &[Outline], subject: usize) -> Self {
        let one = &events[subject];
        let package: Vec<usize> =
            positions(events, |e| e.package == one.package && e.registry == one.registry).collect();
        let (from, until) = (one.at.saturating_sub(SAME_HOURS), one.at.saturating_add(SAME_HOURS));
        let first = events.partition_point(|e| e.at < from);
        let mut portfolio: FxHashSet<Sym> = FxHashSet::default();
        if one.actor.is_some() {
            portfolio.extend(events[..=subject].iter().filter(|e| e.actor == one.actor).map(|e| e.package));
        }
        let in_act = |e: &Outline| {
            e.at <= until
                && one.actor.is_some()
                && (e.actor == one.actor || (e.actor.is_none() && portfolio.contains(&e.package)))
        };
        let act: Vec<usize> = positions(&events[first..], in_act).map(|i| i + first).collect();
        Self {
            versions: package.len(),
            package: nearest(package, events, subject, VERSIONS),
            acts: act.len(),
            act: nearest(act, events, subject, ACT),
        }
    }

    /// The last position that is shown.
    fn last(&self) -> Option<usize> {
        self.package.iter().chain(&self.act).copied().max()
    }

    fn contains(&self, position: usize) -> bool {
        self.package.binary_search(&position).is_ok() || self.act.binary_search(&position).is_ok()
    }
}

fn positions(events: &[Outline], wanted: impl Fn(&Outline) -> bool) -> impl Iterator<Item = usize> {
    events.iter().enumerate().filter(move |(_, e)| wanted(e)).map(|(i, _)| i)
}

fn nearest(mut all: Vec<usize>, events: &[Outline], subject: usize, most: usize) -> Vec<usize> {
    if all.len() > most {
        all.sort_by_key(|&i| ((events[i].at - events[subject].at).abs(), i));
        all.truncate(most);
        all.sort_unstable();
    }
    all
}

/// First publish of each symbol in some sense, by position.
struct Firsts(Vec<u32>);

impl Firsts {
    const NONE: u32 = u32::MAX;

    fn new(words: &Vocabulary) -> Self {
        Self(vec![Self::NONE; words.len()])
    }

    fn note(&mut self, name: Sym, at: usize) {
        let first = &mut self.0[name.index()];
        if *first == Self::NONE {
            *first = u32::try_from(at).unwrap_or(Self::NONE);
        }
    }

    fn of(&self, name: Sym) -> Option<usize> {
        Some(self.0[name.index()]).filter(|first| *first != Self::NONE).map(|first| first as usize)
    }
}

/// Positions of the events on which what is shown depends, rising. `teaches` says whether an event teaches at all.
fn needed(events: &[Outline], words: &Vocabulary, shown: &Shown, teaches: impl Fn(usize) -> bool) -> Vec<usize> {
    let Some(last) = shown.last() else { return Vec::new() };
    let events = &events[..=last];
    let mut is_actor = vec![false; words.len()];
    for &i in shown.package.iter().chain(&shown.act) {
        is_actor[events[i].actor.index()] |= events[i].actor.is_some();
    }
    let mut is_package = vec![false; words.len()];
    for &i in shown.package.iter().chain(&shown.act) {
        is_package[events[i].package.index()] = true;
    }
    // Who first published anything; which event first named a package, a dependency or a hook.
    let (mut actors, mut names) = (Firsts::new(words), Firsts::new(words));
    let mut listed = vec![false; words.len()];
    for (i, event) in events.iter().enumerate() {
        if is_actor[event.actor.index()] {
            is_package[event.package.index()] = true;
        }
        actors.note(event.actor, i);
        names.note(event.package, i);
        for list in [event.dependencies, event.optional_dependencies] {
            if list.is_some() && !std::mem::replace(&mut listed[list.index()], true) {
                words.list(list).iter().for_each(|&name| names.note(name, i));
            }
        }
        if event.install_script_id.is_some() && teaches(i) {
            names.note(event.install_script_id, i);
        }
    }
    let mut is_needed = vec![false; events.len()];
    listed.fill(false);
    for (i, event) in events.iter().enumerate().filter(|(_, e)| is_package[e.package.index()]) {
        is_needed[i] = true;
        if event.actor.is_some() {
            actors.of(event.actor).into_iter().for_each(|first| is_needed[first] = true);
        }
        for list in [event.dependencies, event.optional_dependencies] {
            if list.is_some() && !std::mem::replace(&mut listed[list.index()], true) {
                words.list(list).iter().filter_map(|&name| names.of(name)).for_each(|first| is_needed[first] = true);
            }
        }
        names.of(event.install_script_id).into_iter().for_each(|first| is_needed[first] = true);
    }
    (0..events.len()).filter(|&i| is_needed[i]).collect()
}

/// How a history was judged: what the rarity of one release, and a desk's policy, need of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Score of every event, hundredths; zero where nobody asks for it.
    pub points: Vec<i32>,
    /// Events that are held back from teaching because they are alerts, by position, rising.
    pub held: Vec<usize>,
}

impl Judged {
    /// Folds a history as far as the event at `subject` needs it. Where alerts are held back that is all of it, with
    /// the rarity of each; else every event teaches, and only those in the window before the subject are judged.
    #[must_use]
    pub fn before(history: &History, model: &Model, policy: &Policy, subject: usize) -> Self {
        let mut judged = Self { points: vec![0; history.events.len()], held: Vec::new() };
        if policy.hold_alerts {
            fold_under(history, model, policy, |assessed| {
                judged.points[assessed.index] = assessed.assessment.points;
                if policy.teaching(assessed.look.event, assessed.p_value) == Teaching::Held {
                    judged.held.push(assessed.index);
                }
            });
            return judged;
        }
        let end = history.events.partition_point(|e| e.at < history.events[subject].at);
        let teaches = |event: &Event| policy.teaching(event, 1.0) != Teaching::Never;
        let from = (0..end).rev().filter(|&i| teaches(&history.events[i])).take(MOST).last().unwrap_or(end);
        let mut assessment = Assessment::default();
        walk_until(history, end, |index, look| {
            if index >= from {
                assessment.assess(look, model);
                judged.points[index] = assessment.points;
            }
            policy.teaching(look.event, 1.0)
        });
        judged
    }
}

/// An excerpt, ready to be judged.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The events.
    pub history: History,
    /// Position of the release in it.
    pub subject: usize,
    /// How each of them teaches.
    pub teaching: Vec<Teaching>,
    /// The scores among which the release is ranked, with their number.
    pub past: BTreeMap<i32, u32>,
}

impl Excerpt {
    /// Cuts what the event at `subject` depends on out of a history.
    #[must_use]
    pub fn cut(mut history: History, judged: &Judged, policy: &Policy, subject: usize) -> Self {
        let outlines = history.outlines();
        // A p-value only ever holds back: a held publish teaches in the end.
        let teaches = |at: usize| policy.teaching(&history.events[at], 1.0) != Teaching::Never;
        let needed = needed(&outlines, &history.words, &Shown::around(&outlines, subject), teaches);
        let past = past(&outlines, &judged.points, subject, teaches);
        let teaching = needed
            .iter()
            .map(|&i| {
                let p_value = if judged.held.binary_search(&i).is_ok() { 0.0 } else { 1.0 };
                policy.teaching(&history.events[i], p_value)
            })
            .collect();
        let place = needed.binary_search(&subject).unwrap_or_default();
        let mut kept = needed.into_iter().peekable();
        let mut at = 0;
        history.events.retain(|_| {
            let keeps = kept.peek() == Some(&at);
            at += 1;
            if keeps {
                kept.next();
            }
            keeps
        });
        Self { history, subject: place, teaching, past }
    }

    /// The same from a table in outline and the scores of its publishes, where nobody concluded anything: of most
    /// publishes the rest is not read. `None` where the table is not in the order of time.
    ///
    /// # Errors
    /// When the table is damaged.
    pub fn read(table: &Outlined, points: &[i32], subject: usize) -> Result<Option<Self>> {
        let outlines = &table.outlines;
        if !outlines.is_sorted_by_key(|outline| outline.at) {
            return Ok(None);
        }
        // The policy that asks nobody.
        let teaches = |at: usize| outlines[at].removed != Some(true);
        let needed = needed(outlines, &table.words, &Shown::around(outlines, subject), teaches);
        let history = table.history(&needed)?;
        let policy = Policy::default();
        Ok(Some(Self {
            teaching: history.events.iter().map(|event| policy.teaching(event, 1.0)).collect(),
            history,
            subject: needed.binary_search(&subject).unwrap_or_default(),
            past: past(outlines, points, subject, teaches),
        }))
    }

    /// The same from a part of a history that holds everything on which the event at `subject` depends, with the scores
    /// among which it is ranked, where nobody concluded anything.
    #[must_use]
    pub fn of_part(history: History, past: BTreeMap<i32, u32>, subject: usize) -> Self {
        let nobody = Judged { points: vec![0; history.events.len()], held: Vec::new() };
        Self { past, ..Self::cut(history, &nobody, &Policy::default(), subject) }
    }

    /// Share of the past that scored at least as high.
    #[must_use]
    pub fn p_value(&self, points: i32, model: &Model) -> f64 {
        let mut ranks = RollingRanks::default();
        for (&points, &count) in &self.past {
            (0..count).for_each(|_| ranks.note(0, points));
        }
        ranks.p_value(points, &model.reference)
    }

    /// Judges what is shown, in the order of time. The p-value is that of the release; for what is shown around it
    /// there is none.
    pub fn judge(&self, model: &Model, shown: &Shown, mut visit: impl FnMut(&Assessed)) {
        let mut assessment = Assessment::default();
        walk(&self.history, |index, look: &Look| {
            if shown.contains(index) {
                assessment.assess(look, model);
                let p_value = if index == self.subject { self.p_value(assessment.points, model) } else { f64::NAN };
                visit(&Assessed { index, look, assessment: &assessment, model, p_value });
            }
            self.teaching[index]
        });
    }
}

/// The scores in the window before an event: those that taught, of earlier milliseconds.
fn past(events: &[Outline], points: &[i32], subject: usize, teaches: impl Fn(usize) -> bool) -> BTreeMap<i32, u32> {
    let before = events.partition_point(|e| e.at < events[subject].at);
    let mut past = Past::default();
    (0..before.min(points.len())).rev().filter(|&i| teaches(i)).all(|i| past.takes(events[i].at, points[i]));
    past.scores
}

/// The scores in the window, the newest first.
#[derive(Default)]
pub struct Past {
    /// With their number.
    pub scores: BTreeMap<i32, u32>,
    newest: Option<i64>,
    taken: usize,
}

impl Past {
    /// Takes the next older one, if the window holds it; if not, none before it is held either.
    pub fn takes(&mut self, at: i64, points: i32) -> bool {
        let newest = *self.newest.get_or_insert(at);
        if !holds(self.taken, newest - at) {
            return false;
        }
        self.taken += 1;
        *self.scores.entry(points).or_insert(0) += 1;
        true
    }
}
