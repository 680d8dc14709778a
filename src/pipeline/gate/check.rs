//! Holds each locked release against the policy, and says what to do instead.

mod pins;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::accept::one_in;
use super::judge::{Known, Version};
use super::snapshot::{Held, Lock};
use crate::acquire::lists::{List, Wanted};
use crate::archive::history::Event;
use crate::archive::store::Archive;
use crate::archive::verdicts::{Verdict, Verdicts};
use crate::cli::gate::HoldFor;
use crate::detect::alert::Finding;
use crate::detect::calibration::Budget;
use crate::detect::wording::span;
use crate::engine::trace::UNUSUAL;
use crate::error::printable;
use crate::names::{NPM, PackageId, ReleaseId};
use crate::pipeline::Means;
use crate::report::gate::{Hold, Outcome, Problem, Reason, Release};
use crate::report::text::rarity;

/// What is asked of a lock file.
pub(super) struct Policy {
    pub(super) fail_on: Budget,
    pub(super) warn_on: Option<Budget>,
    /// Milliseconds; an alert of a release that is older, and public, is warned of.
    pub(super) fail_within: i64,
    /// Milliseconds.
    pub(super) cooldown: i64,
    pub(super) hold_for: HoldFor,
    pub(super) unjudged: Outcome,
    pub(super) unpinned: Outcome,
}

/// Everything that a release is held against.
pub(super) struct Checking<'a> {
    pub(super) policy: &'a Policy,
    /// When the check is made, milliseconds.
    pub(super) as_of: i64,
    pub(super) known: &'a Known<'a>,
    pub(super) verdicts: &'a Verdicts,
    /// What was accepted of this lock file, where anything was.
    pub(super) accepted: Option<&'a Lock>,
    pub(super) means: &'a Means,
}

/// How rare an accepted alert may become before it is shown again: this many times rarer than it was.
const GROWTH: u64 = 2;

impl Checking<'_> {
    /// Checks every release of a list.
    pub(super) fn releases(&self, list: &List) -> Vec<Release> {
        let hosts = pins::usual_hosts(list);
        list.wanted.iter().map(|wanted| self.release(wanted, &hosts)).collect()
    }

    fn release(&self, wanted: &Wanted, hosts: &BTreeMap<&str, &str>) -> Release {
        let name = printable(&wanted.name);
        let shown = match &wanted.version {
            Some(version) => format!("{name}@{}", printable(version)),
            None => name,
        };
        let mut release = Release {
            name: shown,
            purl: purl(wanted),
            finding: None,
            age: None,
            hold: None,
            integrity: wanted.integrity.clone(),
            registry: wanted.registry,
            hosts: wanted.hosts.clone(),
            problems: Vec::new(),
        };
        self.judge(wanted, &mut release);
        let held = self.accepted.and_then(|lock| lock.releases.get(&release.purl));
        self.pins(wanted, held, hosts, &mut release.problems);
        for problem in release.problems.iter_mut().filter(|p| p.outcome > Outcome::Pass) {
            if let Some(held) = held.filter(|held| held.despite(problem.reason))
                && (problem.reason != Reason::Alerted || still_as_rare(held, release.finding.as_ref()))
            {
                problem.outcome = Outcome::Pass;
                problem.accepted = true;
            }
        }
        release.problems.sort_by_key(|problem| (Reverse(problem.outcome), problem.reason));
        release
    }

    fn judge(&self, wanted: &Wanted, release: &mut Release) {
        let verdict = self.verdict(wanted);
        let versions = self.known.versions(wanted.registry, &wanted.name);
        let version = wanted.version.as_deref().unwrap_or_default();
        let at = versions.and_then(|versions| {
            versions.iter().position(|v| self.known.history.words.text(self.known.event(v).version) == version)
        });
        let instead = at.map(|at| self.instead(versions.unwrap_or_default(), at));
        if verdict == Some(Verdict::Malicious) {
            let remedy = instead.clone().unwrap_or_else(|| "take it out of the lock file".to_owned());
            release.problems.push(Problem::new(
                Reason::Malicious,
                Outcome::Fail,
                "a verdict says that it is somebody else's work",
                format!("{remedy}; then look for where it was installed"),
            ));
        }
        let (Some(versions), Some(at)) = (versions, at) else {
            return self.unknown(wanted, versions, release);
        };
        let event = self.known.event(&versions[at]);
        let age = self.as_of - event.at;
        release.age = Some(age);
        let Some(finding) = self.known.findings.get(&versions[at].index).cloned() else { return };
        let instead = instead.unwrap_or_default();
        self.rarity(&finding, age, verdict, &instead, &mut release.problems);
        if let Some(why) = hardly(&finding) {
            release.problems.push(Problem::new(
                Reason::Unjudged,
                if verdict == Some(Verdict::Benign) { Outcome::Pass } else { self.policy.unjudged },
                why.to_owned(),
                if finding.removed { instead.clone() } else { look_at(self.means, &finding.release) },
            ));
        }
        if age < self.policy.cooldown {
            let (hold, why) = self.hold(&finding, verdict, versions, at);
            let outcome = match (hold, self.policy.hold_for) {
                _ if verdict == Some(Verdict::Benign) => Outcome::Pass,
                (Hold::MaySkip, HoldFor::Unusual) => Outcome::Pass,
                _ => Outcome::Fail,
            };
            release.hold = Some(hold);
            release.problems.push(Problem::new(
                Reason::Young,
                outcome,
                format!("published {} before the check; it {}: {why}", span(age), hold.words()),
                format!("wait {}, or {instead}", span(self.policy.cooldown - age)),
            ));
        }
        release.finding = Some(finding);
    }

    fn rarity(
        &self,
        finding: &Finding,
        age: i64,
        verdict: Option<Verdict>,
        instead: &str,
        problems: &mut Vec<Problem>,
    ) {
        let rarest = finding.rarest();
        let alerted = rarest <= self.policy.fail_on.rate();
        let unusual = self.policy.warn_on.is_some_and(|share| rarest <= share.rate());
        if !alerted && !unusual {
            return;
        }
        // A takeover is taken down within months: what is public after longer was somebody's odd day.
        let settled = !finding.removed && age > self.policy.fail_within;
        let (reason, outcome) = match (alerted, settled) {
            (true, false) => (Reason::Alerted, Outcome::Fail),
            (true, true) => (Reason::Alerted, Outcome::Warn),
            (false, _) => (Reason::Unusual, Outcome::Warn),
        };
        let old = if settled { format!(", and still public after {}", span(age)) } else { String::new() };
        let benign = verdict == Some(Verdict::Benign);
        let raised = finding.raised.as_ref().map_or_else(String::new, |r| format!(", raised by {}", r.cause.words()));
        problems.push(Problem::new(
            reason,
            if benign { Outcome::Pass } else { outcome },
            format!(
                "{} for its maintainer{raised}{old}{}",
                rarity(rarest),
                if benign { "; a verdict says that it is its owner's work" } else { "" }
            ),
            format!("{instead}; or look: {}", look_at(self.means, &finding.release)),
        ));
    }

    fn unknown(&self, wanted: &Wanted, versions: Option<&[Version]>, release: &mut Release) {
        let says = match (&wanted.version, versions) {
            // That it has no version is a problem of its own.
            (None, _) => return,
            (_, None) => "the archive does not know the package".to_owned(),
            (_, Some(versions)) => {
                let newest = versions.last().map(|v| self.known.history.words.text(self.known.event(v).version));
                format!("the archive does not know the version; its newest is {}", newest.unwrap_or_default())
            }
        };
        let name = PackageId { registry: wanted.registry.to_owned(), name: wanted.name.clone() };
        let pull = match &self.means.archive {
            Archive::Box => format!("gaitkeeper pull --archive DIR {name}"),
            Archive::Dir(_) => self.means.command(&format!("pull {name}")),
        };
        release.problems.push(Problem::new(Reason::Unjudged, self.policy.unjudged, says, format!("fetch it: {pull}")));
    }

    fn verdict(&self, wanted: &Wanted) -> Option<Verdict> {
        let key = [wanted.registry.to_owned(), wanted.name.clone(), wanted.version.clone()?];
        self.verdicts.rows.get(&key).copied()
    }

    /// Whether a young release needs the cool-down, and why.
    fn hold(
        &self,
        finding: &Finding,
        verdict: Option<Verdict>,
        versions: &[Version],
        at: usize,
    ) -> (Hold, &'static str) {
        let event = self.known.event(&versions[at]);
        // An attacker's second version does not make the third one usual.
        let old = |earlier: &Event| self.as_of - earlier.at >= self.policy.cooldown && earlier.removed != Some(true);
        let by_the_same = |earlier: &Event| earlier.actor == event.actor && old(earlier);
        let usual = event.actor.is_some() && versions[..at].iter().any(|v| by_the_same(self.known.event(v)));
        match verdict {
            Some(Verdict::Malicious) => (Hold::Deserves, "a verdict says so"),
            Some(Verdict::Benign) => (Hold::MaySkip, "a verdict says that it is its owner's work"),
            _ if finding.rarest() <= self.policy.fail_on.rate() => (Hold::Deserves, "it is an alert"),
            _ if finding.caveat.is_some() => (Hold::Keep, "it can hardly be judged"),
            _ if finding.rarest() <= UNUSUAL => (Hold::Keep, "it is among the most unusual 1 % of publishes"),
            _ if !usual => (Hold::Keep, "its publisher has not published the package before"),
            _ => (Hold::MaySkip, "a quiet release by a publisher of the package"),
        }
    }

    /// What to pin instead: the highest earlier version of the same line that is public, old enough and no alert, or
    /// else of any line below.
    fn instead(&self, versions: &[Version], at: usize) -> String {
        let subject = self.known.event(&versions[at]);
        let words = &self.known.history.words;
        let fits = |version: &&Version| {
            let event = self.known.event(version);
            event.removed != Some(true)
                && !version.hardly
                && version.rarest > self.policy.fail_on.rate()
                && self.as_of - event.at >= self.policy.cooldown
                && event.number.valid
                && (event.number.channel.is_none() || event.number.channel == subject.number.channel)
                && (!subject.number.valid || event.number.triple <= subject.number.triple)
                && self.verdict_of(event) != Some(Verdict::Malicious)
        };
        let line = |event: &Event| event.number.triple.0 == subject.number.triple.0;
        let best = versions[..at].iter().filter(fits).max_by_key(|version| {
            let event = self.known.event(version);
            (line(event), event.number.triple, event.at)
        });
        match best {
            Some(version) => {
                let event = self.known.event(version);
                format!(
                    "pin {}@{}, which is {} old and {} ({})",
                    printable(words.text(event.package)),
                    printable(words.text(event.version)),
                    span(self.as_of - event.at),
                    if version.rarest > UNUSUAL { "usual" } else { "no alert" },
                    rarity(version.rarest)
                )
            }
            None => "no earlier version is public, old enough and no alert: take the package out".to_owned(),
        }
    }

    fn verdict_of(&self, event: &Event) -> Option<Verdict> {
        let words = &self.known.history.words;
        let key = [event.registry, event.package, event.version].map(|sym| words.text(sym).to_owned());
        self.verdicts.rows.get(&key).copied()
    }
}

fn look_at(means: &Means, release: &ReleaseId) -> String {
    let shown = if release.registry == NPM { release.to_string() } else { release.purl().unwrap_or_default() };
    format!("{} {shown}", means.investigate())
}

/// Why a judgement says little, if so.
fn hardly(finding: &Finding) -> Option<&'static str> {
    if finding.removed { Some("no longer public") } else { finding.caveat }
}

/// Whether an accepted alert is about as rare as it was when somebody looked at it.
fn still_as_rare(held: &Held, finding: Option<&Finding>) -> bool {
    let (Some(then), Some(finding)) = (held.alert_one_in, finding) else { return false };
    one_in(finding.rarest()) <= then.saturating_mul(GROWTH)
}

fn purl(wanted: &Wanted) -> String {
    let version = wanted.version.clone().unwrap_or_default();
    let release = ReleaseId { registry: wanted.registry.to_owned(), package: wanted.name.clone(), version };
    // A name that cannot stand in a purl still needs a key of its own.
    release.purl().unwrap_or_else(|_| format!("{}:{release}", wanted.registry))
}
