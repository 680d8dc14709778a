//! One release under the lens: its judgement, its package's history around it, and what its
//! publisher did in the same hours.

use super::embedded::fold_under;
use super::policy::Policy;
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Vocabulary;
use crate::baseline::stance::HOUR;
use crate::detect::alert::Finding;
use crate::detect::model::Model;
use crate::names::ReleaseId;

/// Versions shown before and after.
const AROUND: usize = 8;
/// Hours before and after in which the publisher's other packages are shown.
const SAME_HOURS: i64 = 12 * HOUR;
/// Other publishes shown at most; the rest is counted.
const SIBLINGS: usize = 20;

/// One publish of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The release under the lens.
    pub is_subject: bool,
    /// Which release.
    pub release: ReleaseId,
    /// When, milliseconds.
    pub at: i64,
    /// Milliseconds since the one before it.
    pub gap: Option<i64>,
    /// Publisher.
    pub actor: String,
    /// Credential path.
    pub path: String,
    /// Provenance recorded.
    pub attested: bool,
    /// CI workflow, where known.
    pub workflow: String,
    /// No longer public.
    pub removed: bool,
    /// Its own score.
    pub points: i32,
}

/// Everything about one release.
#[derive(Clone, Debug, PartialEq)]
pub struct Investigation {
    /// The judgement.
    pub finding: Finding,
    /// Versions of the package around it.
    pub package: Vec<Moment>,
    /// Versions of the package in all.
    pub versions: usize,
    /// Other packages by the same publisher in the same hours.
    pub siblings: Vec<Moment>,
    /// How many more of those there are.
    pub more_siblings: usize,
}

/// Investigates the event at `position`; `None` where there is no such event.
#[must_use]
pub fn investigate(history: &History, model: &Model, position: usize) -> Option<Investigation> {
    investigate_under(history, model, &Policy::default(), position)
}

/// The same under a policy of what teaches.
#[must_use]
pub fn investigate_under(history: &History, model: &Model, policy: &Policy, position: usize) -> Option<Investigation> {
    let subject = history.events.get(position)?;
    let mine: Vec<usize> = positions(history, |e| e.package == subject.package && e.registry == subject.registry);
    let at = mine.iter().position(|&i| i == position)?;
    let shown = &mine[at.saturating_sub(AROUND)..(at + AROUND + 1).min(mine.len())];
    let others = positions(history, |e| {
        subject.actor.is_some()
            && e.actor == subject.actor
            && e.package != subject.package
            && (e.at - subject.at).abs() <= SAME_HOURS
    });
    let mut nearest = others.clone();
    nearest.sort_by_key(|&i| ((history.events[i].at - subject.at).abs(), i));
    nearest.truncate(SIBLINGS);
    nearest.sort_unstable();

    let last = shown.iter().chain(&nearest).copied().max().unwrap_or(position);
    let mut points = vec![0; last + 1];
    let mut finding = None;
    fold_under(history, model, policy, |assessed| {
        if let Some(slot) = points.get_mut(assessed.index) {
            *slot = assessed.assessment.points;
        }
        if assessed.index == position {
            finding = Some(Finding::new(assessed.look, assessed.assessment, model, assessed.p_value));
        }
    });
    let moment = |i: usize, before: Option<usize>| {
        let event = &history.events[i];
        Moment {
            is_subject: i == position,
            gap: before.map(|b| event.at - history.events[b].at),
            points: points[i],
            ..describe(event, &history.words)
        }
    };
    let package = shown
        .iter()
        .enumerate()
        .map(|(k, &i)| moment(i, if k == 0 { at.checked_sub(AROUND + 1).map(|b| mine[b]) } else { Some(shown[k - 1]) }))
        .collect();
    Some(Investigation {
        finding: finding?,
        package,
        versions: mine.len(),
        more_siblings: others.len() - nearest.len(),
        siblings: nearest.into_iter().map(|i| moment(i, None)).collect(),
    })
}

fn positions(history: &History, wanted: impl Fn(&Event) -> bool) -> Vec<usize> {
    history.events.iter().enumerate().filter(|(_, e)| wanted(e)).map(|(i, _)| i).collect()
}

fn describe(event: &Event, words: &Vocabulary) -> Moment {
    let text = |sym| words.text(sym).to_owned();
    Moment {
        is_subject: false,
        release: ReleaseId {
            registry: text(event.registry),
            package: text(event.package),
            version: text(event.version),
        },
        at: event.at,
        gap: None,
        actor: text(event.actor),
        path: text(event.path),
        attested: event.provenance.is_some(),
        workflow: text(event.ci_workflow),
        removed: event.removed == Some(true),
        points: 0,
    }
}
