//! One release under the lens: its judgement, its package's history around it, what changed, what its
//! publisher usually does, and what the publisher did in the same hours.

pub mod changes;
pub mod habits;

use changes::Changes;
use habits::Habits;

use super::excerpt::{Excerpt, Judged, Shown};
use super::policy::Policy;
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Vocabulary;
use crate::detect::alert::Finding;
use crate::detect::model::Model;
use crate::names::ReleaseId;

/// Versions shown before and after.
const AROUND: usize = 8;
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
    /// Who signed, in a verified certificate.
    pub identity: String,
    /// What became of its attestation: `verified`, `unverified` or `absent`; empty where nobody looked.
    pub certificate: String,
    /// No longer public.
    pub removed: bool,
    /// Its own score.
    pub points: i32,
}

/// Where more about a release stands, as its documents state it: nobody has checked these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Source repository, host/owner/name: the certificate's where there is one, else the declared one.
    pub repository: String,
    /// Address of the CI run.
    pub run: String,
    /// Entry in the transparency log.
    pub log_index: Option<i64>,
}

/// Everything about one release.
#[derive(Clone, Debug, PartialEq)]
pub struct Investigation {
    /// The judgement.
    pub finding: Finding,
    /// Versions of the package next to it.
    pub package: Vec<Moment>,
    /// Versions of the package, the nearest in time up to [`super::excerpt::VERSIONS`].
    pub timeline: Vec<Moment>,
    /// Versions of the package in all.
    pub versions: usize,
    /// The nearest publishes of other packages by the same account in the same hours.
    pub siblings: Vec<Moment>,
    /// How many more of those there are.
    pub more_siblings: usize,
    /// What the account published in the same hours, this release among it; and what appeared in its packages then
    /// without a recorded publisher.
    pub act: Vec<Moment>,
    /// How many of those there are in all.
    pub acts: usize,
    /// What is different from before.
    pub changes: Changes,
    /// When the account and the package usually publish.
    pub habits: Habits,
    /// Where more stands.
    pub sources: Sources,
}

/// Investigates the event at `position`; `None` where there is no such event.
#[must_use]
pub fn investigate(history: &History, model: &Model, position: usize) -> Option<Investigation> {
    investigate_under(history, model, &Policy::default(), position)
}

/// The same under a policy of what teaches.
#[must_use]
pub fn investigate_under(history: &History, model: &Model, policy: &Policy, position: usize) -> Option<Investigation> {
    history.events.get(position)?;
    let judged = Judged::before(history, model, policy, position);
    of_excerpt(&Excerpt::cut(history.clone(), &judged, policy, position), model)
}

/// Investigates the release that an excerpt was cut for; `None` where the excerpt does not hold it.
#[must_use]
pub fn of_excerpt(excerpt: &Excerpt, model: &Model) -> Option<Investigation> {
    let history = &excerpt.history;
    let subject = history.events.get(excerpt.subject)?;
    let shown = Shown::around(&history.outlines(), excerpt.subject);
    let mut points = vec![0; history.events.len()];
    let (mut finding, mut habits) = (None, None);
    excerpt.judge(model, &shown, |assessed| {
        points[assessed.index] = assessed.assessment.points;
        if assessed.index == excerpt.subject {
            finding = Some(Finding::new(assessed.look, assessed.assessment, model, assessed.p_value));
            habits = Some(Habits::of(history, assessed.look));
        }
    });
    let moments = |places: &[usize]| -> Vec<Moment> {
        let mut before = None;
        let moment = |&i: &usize| {
            let event = &history.events[i];
            let gap = before.replace(event.at).map(|before| event.at - before);
            Moment { is_subject: i == excerpt.subject, gap, points: points[i], ..describe(event, &history.words) }
        };
        places.iter().map(moment).collect()
    };
    let timeline = moments(&shown.package);
    let place = shown.package.binary_search(&excerpt.subject).unwrap_or_default();
    let act = moments(&shown.act);
    let (siblings, more) = siblings(&act, subject, &history.words);
    Some(Investigation {
        finding: finding?,
        package: timeline[place.saturating_sub(AROUND)..(place + AROUND + 1).min(timeline.len())].to_vec(),
        timeline,
        versions: shown.versions,
        siblings,
        more_siblings: more + (shown.acts - shown.act.len()),
        act,
        acts: shown.acts,
        changes: Changes::of(history, excerpt.subject),
        habits: habits?,
        sources: Sources::of(subject, &history.words),
    })
}

/// The nearest publishes of an act that are of other packages and whose publisher is recorded, and how many more.
fn siblings(act: &[Moment], subject: &Event, words: &Vocabulary) -> (Vec<Moment>, usize) {
    let package = words.text(subject.package);
    let others = act.iter().filter(|m| !m.actor.is_empty() && m.release.package != package);
    let mut nearest: Vec<Moment> = others.map(|m| Moment { gap: None, ..m.clone() }).collect();
    let all = nearest.len();
    nearest.sort_by_key(|m| (m.at - subject.at).abs());
    nearest.truncate(SIBLINGS);
    nearest.sort_by_key(|m| m.at);
    let more = all - nearest.len();
    (nearest, more)
}

impl Sources {
    fn of(event: &Event, words: &Vocabulary) -> Self {
        let repository = if event.cert_repository.is_some() { event.cert_repository } else { event.repository };
        Self {
            repository: words.text(repository).to_owned(),
            run: words.text(event.cert_run_uri).to_owned(),
            log_index: event.cert_log_index.get(),
        }
    }
}

/// A publish as a moment, without its gap and its score.
#[must_use]
pub fn describe(event: &Event, words: &Vocabulary) -> Moment {
    let text = |sym| words.text(sym).to_owned();
    Moment {
        is_subject: false,
        release: event.release(words),
        at: event.at,
        gap: None,
        actor: text(event.actor),
        path: text(event.path),
        attested: event.provenance.is_some(),
        workflow: text(event.ci_workflow),
        identity: text(event.cert_identity),
        certificate: text(event.cert_state),
        removed: event.removed == Some(true),
        points: 0,
    }
}
