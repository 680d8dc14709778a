//! Rules that compare a version with the one published before it, and with nothing else.

use super::{Ruling, by_package};
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Sym;
use crate::names::NPM_TRUSTED_PUBLISHER_ACCOUNT;

/// Asks of every version with a predecessor whether `fires(before, now)`. Versions of which only the
/// time is known have nothing to compare and are nobody's predecessor.
fn judge(history: &History, fires: impl Fn(&Event, &Event) -> bool) -> Vec<Ruling> {
    let mut at = 0;
    by_package(history, |event, before: &mut Option<usize>| {
        let here = at;
        at += 1;
        if event.is_bare() {
            return Ruling::NotApplicable;
        }
        let before = before.replace(here);
        before.map_or(Ruling::NotApplicable, |before| Ruling::from(fires(&history.events[before], event)))
    })
}

/// Both are recorded and differ.
fn differ(before: Sym, now: Sym) -> bool {
    before.is_some() && now.is_some() && before != now
}

fn source(event: &Event) -> Sym {
    if event.cert_repository.is_some() { event.cert_repository } else { event.repository }
}

/// Provenance or trusted publishing is gone. npm names its shared account even where the flag is missing.
pub fn trust(history: &History) -> Vec<Ruling> {
    let shared = history.words.find(NPM_TRUSTED_PUBLISHER_ACCOUNT);
    judge(history, |before, now| trust_lost(before, now, shared))
}

fn trust_lost(before: &Event, now: &Event, shared: Option<Sym>) -> bool {
    let trusted = |event: &Event| event.is_trusted_publisher() || shared == Some(event.publisher);
    (before.provenance.is_some() && now.provenance.is_none()) || (trusted(before) && !trusted(now))
}

/// The same with the rule's warnings: between two attested versions the repository or the branch differ.
pub fn trust_or_warning(history: &History) -> Vec<Ruling> {
    let shared = history.words.find(NPM_TRUSTED_PUBLISHER_ACCOUNT);
    let branch = history.words.find("branch");
    judge(history, |before, now| {
        let attested = before.provenance.is_some() && now.provenance.is_some();
        let on_branch = |event: &Event| if Some(event.ci_ref_kind) == branch { event.ci_ref } else { Sym::NONE };
        trust_lost(before, now, shared)
            || (attested && (differ(source(before), source(now)) || differ(on_branch(before), on_branch(now))))
    })
}

/// The version before was attested and this one is not.
pub fn attestation_lost(history: &History) -> Vec<Ruling> {
    judge(history, |before, now| before.provenance.is_some() && now.provenance.is_none())
}

/// Install scripts were added or changed. Of the seven hooks that the rule reads, the three that run on
/// an install from the registry are recorded.
pub fn install_script(history: &History) -> Vec<Ruling> {
    judge(history, |before, now| now.install_script_id.is_some() && now.install_script_id != before.install_script_id)
}

/// Any discontinuity in publisher, repository, workflow, provenance, signing or mediation. A gain is
/// one as much as a loss.
pub fn difference(history: &History) -> Vec<Ruling> {
    judge(history, |before, now| {
        differ(before.publisher, now.publisher)
            || differ(source(before), source(now))
            || differ(before.ci_workflow, now.ci_workflow)
            || differ(before.signer, now.signer)
            || before.provenance.is_some() != now.provenance.is_some()
            || before.is_trusted_publisher() != now.is_trusted_publisher()
            || before.approver.is_some() != now.approver.is_some()
    })
}
