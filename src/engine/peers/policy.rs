//! A log monitor's policy, written from what a package's first attested versions show.

use super::{Ruling, by_package};
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Sym;

/// Attested versions that the policy is written from.
const LEARNT: usize = 5;

/// Fires when workflow, repository and reusable workflow, taken together, are none of those of the
/// first five attested versions. The policy is written once: what it does not know stays unknown.
pub fn learnt_identity(history: &History) -> Vec<Ruling> {
    by_package(history, |event, known: &mut Vec<[Sym; 3]>| {
        if event.ci_workflow.is_none() || event.unverified {
            return Ruling::NotApplicable;
        }
        let identity = identity(event);
        if known.len() < LEARNT {
            known.push(identity);
            return Ruling::NotApplicable;
        }
        Ruling::from(!known.contains(&identity))
    })
}

fn identity(event: &Event) -> [Sym; 3] {
    let repository = if event.cert_repository.is_some() { event.cert_repository } else { event.repository };
    [event.ci_workflow, repository, event.ci_signer]
}
