//! A judgement in words: what was seen, what is usual, and how the score adds up.

use super::evidence::{Judgement, Seen};
use super::model::Model;
use super::raised::{Membership, Raised};
use super::score::{Assessment, Source};
use super::signals::SIGNALS;
use crate::archive::corroboration::Claim;
use crate::baseline::Look;
use crate::names::ReleaseId;

/// One summand, explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Signal id, `start:` and the cohort, or `prerelease`.
    pub name: String,
    /// Group of the signal, `start` or `scale`.
    pub kind: &'static str,
    /// Points.
    pub points: i32,
    /// Surprise in bits, for a signal.
    pub bits: Option<f32>,
    /// What it saw.
    pub seen: Seen,
    /// One sentence.
    pub sentence: String,
}

/// One publish with its score and its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which release.
    pub release: ReleaseId,
    /// When, milliseconds since the epoch.
    pub at: i64,
    /// By whom, as the registry and the baseline name them.
    pub actor: String,
    /// Kind of publisher.
    pub cohort: &'static str,
    /// No longer public.
    pub removed: bool,
    /// Why little could be judged, if so: then a low score says nothing.
    pub caveat: Option<&'static str>,
    /// Sum of the reasons' points.
    pub points: i32,
    /// Share of past publishes that scored at least as high.
    pub p_value: f64,
    /// The summands, largest first.
    pub reasons: Vec<Reason>,
    /// Signals that judged and found nothing unusual.
    pub usual: usize,
    /// Signals that could not judge, with the reason.
    pub unjudged: Vec<(&'static str, Judgement)>,
    /// What later made it an alert, if something did.
    pub raised: Option<Raised>,
    /// The campaign that it belongs to, where alerts were grouped.
    pub campaign: Option<Membership>,
    /// What others say of it. No part of the score.
    pub corroboration: Vec<Claim>,
}

impl Reason {
    /// Evidence that makes the score higher.
    #[must_use]
    pub fn raises(&self) -> bool {
        self.points > 0 && !self.is_footing()
    }

    /// No evidence, but where the score starts and on what scale it is: told beside the evidence, however small.
    #[must_use]
    pub fn is_footing(&self) -> bool {
        matches!(self.kind, "start" | "scale")
    }
}

impl Finding {
    /// The same for one release, whatever model judged it: 16 hexadecimal digits of BLAKE3 over registry, package and
    /// version, each on a line of its own.
    #[must_use]
    pub fn id(&self) -> String {
        id_of(&self.release)
    }

    /// Puts an assessment into words.
    #[must_use]
    pub fn new(look: &Look, assessment: &Assessment, model: &Model, p_value: f64) -> Self {
        let words = look.words;
        let mut reasons: Vec<Reason> =
            assessment.contributions(model).iter().map(|c| reason(c.source, c.points, look, assessment)).collect();
        reasons.sort_by_key(|r| std::cmp::Reverse(r.points));
        let unjudged: Vec<_> = SIGNALS
            .iter()
            .zip(&assessment.judgements)
            .filter(|(_, judgement)| judgement.reason().is_some())
            .map(|(signal, judgement)| (signal.id, *judgement))
            .collect();
        let usual = assessment.judgements.iter().filter(|j| **j == Judgement::Bits(0.0)).count();
        Self {
            release: look.event.release(words),
            at: look.event.at,
            actor: if look.event.actor.is_none() {
                "a publisher not recorded".to_owned()
            } else {
                words.text(look.event.actor).to_owned()
            },
            cohort: assessment.cohort.name(),
            removed: look.event.removed == Some(true),
            caveat: hardly_judged(look),
            points: assessment.points,
            p_value,
            reasons,
            usual,
            unjudged,
            raised: None,
            campaign: None,
            corroboration: Vec::new(),
        }
    }
}

/// The id under which every finding about a release is listed.
#[must_use]
pub fn id_of(release: &ReleaseId) -> String {
    let text = [&release.registry, &release.package, &release.version].map(|s| s.replace('\n', " ")).join("\n");
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

/// Why little can be said about an event, if so.
#[must_use]
pub fn hardly_judged(look: &Look) -> Option<&'static str> {
    if look.event.is_bare() {
        Some("the version was gone before it was seen, only its time is known")
    } else if look.event.actor.is_none() {
        Some("the registry records no publisher")
    } else if look.package.n == 0 {
        Some("first publish of its package in the archive")
    } else {
        None
    }
}

fn reason(source: Source, points: i32, look: &Look, assessment: &Assessment) -> Reason {
    match source {
        Source::Signal(i) => {
            let signal = SIGNALS[i];
            let seen = (signal.seen)(look);
            Reason {
                name: signal.id.to_owned(),
                kind: signal.group.name(),
                points,
                bits: Some(assessment.judgements[i].bits()),
                sentence: signal.explain(&seen),
                seen,
            }
        }
        Source::Start(cohort) => Reason {
            name: source_name(source),
            kind: "start",
            points,
            bits: None,
            seen: Seen::default(),
            sentence: format!("Where such a publish by a {} starts when nothing about it is unusual.", cohort.name()),
        },
        Source::Prerelease => Reason {
            name: source_name(source),
            kind: "scale",
            points,
            bits: None,
            seen: Seen::default(),
            sentence: format!(
                "A prerelease: {} counts as {}, which other versions reach as rarely.",
                show_points(assessment.points - points),
                show_points(assessment.points)
            ),
        },
    }
}

/// The name under which a contribution is listed.
#[must_use]
pub fn source_name(source: Source) -> String {
    match source {
        Source::Signal(i) => SIGNALS[i].id.to_owned(),
        Source::Start(cohort) => format!("start:{}", cohort.name()),
        Source::Prerelease => "prerelease".to_owned(),
    }
}

/// Points as they are shown: `12.34`, with a sign where negative.
#[must_use]
pub fn show_points(points: i32) -> String {
    let sign = if points < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", points.unsigned_abs() / 100, points.unsigned_abs() % 100)
}
