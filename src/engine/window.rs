//! A window of a history, looked at as a whole: which alerts are one campaign, and which publishes below
//! the budget are raised by a later alert or by a surge.
//!
//! [`Window::note`] takes every judged publish up to the end of the window and [`Window::close`]
//! answers. Nothing here judges a publish again or teaches a baseline, and nothing after the end of the
//! history that was folded is known.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::campaign::{Campaign, group};
use super::embedded::Assessed;
use super::second_look::{Act, Look, second_look};
use super::surge::{self, Counter, Surge, resembling};
use super::trace::Trace;
use crate::archive::history::History;
use crate::baseline::stance::RAPID;
use crate::detect::alert::Finding;
use crate::detect::raised::{Cause, Membership, Raised};
use crate::detect::wording::span;

/// Publishes so long before the window may become visible in it: no act reaches further back.
const LEAD: i64 = RAPID;

/// A window that is being read.
pub struct Window {
    since: i64,
    rate: f64,
    traces: Vec<Trace>,
    counter: Counter,
}

/// What a window shows as a whole.
#[derive(Debug, Default)]
pub struct Grouped {
    /// Campaigns: the highest score first, then the earliest. Every alert belongs to one.
    pub campaigns: Vec<Campaign>,
    /// Surges in the order of time.
    pub surges: Vec<Surge>,
    /// What was raised, by position in the history.
    pub raised: BTreeMap<usize, Raised>,
    campaign_of: FxHashMap<usize, usize>,
}

impl Window {
    /// A window from `since` (milliseconds, inclusive) whose alerts are the publishes with a p-value of at most `rate`.
    #[must_use]
    pub fn new(since: i64, rate: f64) -> Self {
        Self { since, rate, traces: Vec::new(), counter: Counter::default() }
    }

    /// From when on a window needs the publishes of the history that this begins with, milliseconds: what is older may be
    /// passed over.
    #[must_use]
    pub fn reaches(&mut self, history: &History) -> i64 {
        history.events.first().into_iter().for_each(|first| self.counter.begin(first.at));
        self.since.saturating_sub(LEAD + surge::REACH)
    }

    /// Takes the next publish of the history.
    pub fn note(&mut self, assessed: &Assessed) {
        let event = assessed.look.event;
        self.counter.note(event.at, event.actor, assessed.p_value);
        if event.at >= self.since.saturating_sub(LEAD) {
            self.traces.push(Trace::of(assessed));
        }
    }

    /// Groups, and raises.
    #[must_use]
    pub fn close(self, history: &History) -> Grouped {
        let Self { since, rate, traces, counter } = self;
        let mut surges = counter.surges();
        surges.retain(|surge| surge.last >= since);
        let mut raised: BTreeMap<usize, (usize, Raised)> = BTreeMap::new();
        let (follow, lead): (Vec<Look>, Vec<Look>) =
            second_look(&traces, rate, since).into_iter().partition(Look::follows);
        for look in lead {
            let (subject, alert) = (&traces[look.subject], &traces[look.by]);
            raised.insert(look.subject, (look.by, second_looked(subject, alert, look.act, history)));
        }
        for surge in &mut surges {
            for (subject, by, cosine) in resembling(surge, &traces, rate, since) {
                let found = resembled(&traces[subject], &traces[by], cosine, surge, history);
                if raised.get(&subject).is_none_or(|(_, held)| found.visible_at < held.visible_at) {
                    raised.insert(subject, (by, found));
                }
            }
            surge.raised = count(&raised, &traces, surge);
        }
        let alerts: Vec<usize> =
            (0..traces.len()).filter(|&at| traces[at].p_value <= rate && traces[at].at >= since).collect();
        let quiet = follow.iter().filter(|look| !raised.contains_key(&look.subject));
        let quiet: Vec<(usize, usize)> = quiet.map(|look| (look.subject, look.by)).collect();
        let campaigns = campaigns(&alerts, &raised, &quiet, &traces, history);
        let campaign_of = campaigns
            .iter()
            .enumerate()
            .flat_map(|(at, c)| c.members.iter().map(move |&member| (member, at)))
            .collect();
        let raised = raised.into_iter().map(|(subject, (_, raised))| (traces[subject].index, raised)).collect();
        Grouped { campaigns, surges, raised, campaign_of }
    }
}

impl Grouped {
    /// The campaign of the publish at a position of the history.
    #[must_use]
    pub fn campaign_of(&self, index: usize) -> Option<&Campaign> {
        self.campaigns.get(*self.campaign_of.get(&index)?)
    }

    /// Tells a finding what it belongs to and what raised it.
    pub fn mark(&self, index: usize, finding: &mut Finding) {
        finding.campaign = self.campaign_of(index).map(|c| Membership { id: c.id.clone(), size: c.members.len() });
        if let Some(raised) = self.raised.get(&index) {
            finding.raise(raised.clone());
        }
    }
}

/// Publishes by the alert that speaks for them, which goes by its position in the history.
fn by_alert(joined: impl Iterator<Item = (usize, usize)>, traces: &[Trace]) -> FxHashMap<usize, Vec<&Trace>> {
    let mut others: FxHashMap<usize, Vec<&Trace>> = FxHashMap::default();
    for (subject, by) in joined {
        others.entry(traces[by].index).or_default().push(&traces[subject]);
    }
    others
}

fn campaigns<'t>(
    alerts: &[usize],
    raised: &BTreeMap<usize, (usize, Raised)>,
    quiet: &[(usize, usize)],
    traces: &'t [Trace],
    history: &History,
) -> Vec<Campaign> {
    let alerted: Vec<&Trace> = alerts.iter().map(|&at| &traces[at]).collect();
    let raised = by_alert(raised.iter().map(|(subject, (by, _))| (*subject, *by)), traces);
    let quiet = by_alert(quiet.iter().copied(), traces);
    let mut campaigns: Vec<Campaign> = group(&alerted, history)
        .into_iter()
        .map(|places| {
            let members: Vec<&Trace> = places.into_iter().map(|place| alerted[place]).collect();
            let joined = |others: &FxHashMap<usize, Vec<&'t Trace>>| -> Vec<&'t Trace> {
                members.iter().filter_map(|alert| others.get(&alert.index)).flatten().copied().collect()
            };
            Campaign::of(&members, &joined(&raised), &joined(&quiet), history)
        })
        .collect();
    campaigns.sort_by(|a, b| b.highest.cmp(&a.highest).then_with(|| a.members.cmp(&b.members)));
    campaigns
}

fn count(raised: &BTreeMap<usize, (usize, Raised)>, traces: &[Trace], surge: &Surge) -> usize {
    let within = |subject: &usize| (surge.first..=surge.last).contains(&traces[*subject].at);
    raised.iter().filter(|(subject, (_, r))| r.cause == Cause::Surge && within(subject)).count()
}

fn second_looked(subject: &Trace, alert: &Trace, act: Act, history: &History) -> Raised {
    let by = history.events[alert.index].release(&history.words);
    let later = span(alert.at - subject.at);
    let sentence = match act {
        Act::SamePackage => format!("The same account published {by} {later} later, and that is an alert."),
        Act::SameBurst => format!("{by} followed in the same burst {later} later, and is an alert."),
    };
    Raised {
        cause: Cause::SecondLook,
        by,
        p_value: alert.p_value,
        visible_at: alert.at,
        points: Raised::lift(subject.points, alert.points),
        sentence,
    }
}

fn resembled(subject: &Trace, alert: &Trace, cosine: f64, surge: &Surge, history: &History) -> Raised {
    let by = history.events[alert.index].release(&history.words);
    let sentence = format!(
        "Its evidence is that of {by} (cosine {cosine:.2}), while {} accounts were unusual within an hour, {:.2} usually.",
        surge.at_once, surge.usual
    );
    Raised {
        cause: Cause::Surge,
        by,
        p_value: alert.p_value,
        visible_at: subject.at.max(alert.at).max(surge.visible_at),
        points: Raised::lift(subject.points, alert.points),
        sentence,
    }
}
