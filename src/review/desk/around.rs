//! What happened around one alert: the versions of its package, and what its publisher did in the same hours.

use super::Scored;
use crate::archive::history::Event;
use crate::names::ReleaseId;

/// Versions shown before and after.
const AROUND: usize = 8;
/// Milliseconds before and after in which the publisher's other publishes are shown.
const SAME_HOURS: i64 = 12 * 60 * 60 * 1_000;
/// Other publishes shown at most; the rest is counted.
const SIBLINGS: usize = 20;

/// One publish of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The alert itself.
    pub is_subject: bool,
    /// Which release.
    pub release: ReleaseId,
    /// When, milliseconds since the epoch.
    pub at: i64,
    /// Milliseconds since the version before it.
    pub gap: Option<i64>,
    /// Publisher; empty where none is recorded.
    pub actor: String,
    /// Credential, provenance, workflow, where known.
    pub facts: Vec<String>,
    /// Its own score, hundredths.
    pub points: i32,
}

/// Everything around one release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Versions of the package around it, rising.
    pub package: Vec<Moment>,
    /// Versions of the package in all.
    pub versions: usize,
    /// Other packages by the same publisher in the same hours.
    pub siblings: Vec<Moment>,
    /// How many more of those there are.
    pub more_siblings: usize,
}

impl Around {
    /// What the history holds around a release; nothing where it does not hold the release.
    #[must_use]
    pub fn of(scored: &Scored, release: &ReleaseId) -> Self {
        let history = &scored.history;
        let Some(position) = history.find(&release.registry, &release.package, &release.version) else {
            return Self::default();
        };
        let subject = &history.events[position];
        let places = |wanted: &dyn Fn(&Event) -> bool| -> Vec<usize> {
            history.events.iter().enumerate().filter(|(_, e)| wanted(e)).map(|(i, _)| i).collect()
        };
        let mine = places(&|e| e.package == subject.package && e.registry == subject.registry);
        let at = mine.partition_point(|&i| i < position);
        let from = at.saturating_sub(AROUND);
        let shown = &mine[from..(at + AROUND + 1).min(mine.len())];
        let others = places(&|e| {
            subject.actor.is_some()
                && e.actor == subject.actor
                && e.package != subject.package
                && (e.at - subject.at).abs() <= SAME_HOURS
        });
        let mut nearest = others.clone();
        nearest.sort_by_key(|&i| ((history.events[i].at - subject.at).abs(), i));
        nearest.truncate(SIBLINGS);
        nearest.sort_unstable();
        let before = |k: usize| (from + k).checked_sub(1).map(|b| history.events[mine[b]].at);
        Self {
            package: shown.iter().enumerate().map(|(k, &i)| moment(scored, i, position, before(k))).collect(),
            versions: mine.len(),
            more_siblings: others.len() - nearest.len(),
            siblings: nearest.into_iter().map(|i| moment(scored, i, position, None)).collect(),
        }
    }
}

fn moment(scored: &Scored, i: usize, subject: usize, before: Option<i64>) -> Moment {
    let (event, words) = (&scored.history.events[i], &scored.history.words);
    let text = |sym| words.text(sym).to_owned();
    let mut facts = vec![text(event.path)];
    if event.provenance.is_some() {
        facts.push("attested".to_owned());
    }
    facts.push(text(event.ci_workflow));
    if event.removed == Some(true) {
        facts.push("removed".to_owned());
    }
    facts.retain(|fact| !fact.is_empty());
    Moment {
        is_subject: i == subject,
        release: ReleaseId {
            registry: text(event.registry),
            package: text(event.package),
            version: text(event.version),
        },
        at: event.at,
        gap: before.map(|before| event.at - before),
        actor: text(event.actor),
        facts,
        points: scored.points.get(i).copied().unwrap_or_default(),
    }
}
