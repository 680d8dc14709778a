//! What others say of the publishes of a window, beside what was judged: never a part of it.

use std::collections::BTreeSet;

use crate::archive::corroboration::{Claim, Corroboration};
use crate::detect::alert::Finding;
use crate::engine::embedded::Assessed;
use crate::names::ReleaseId;
use crate::report::view::{Elsewhere, NotAlerted};

pub(super) fn not_alerted(assessed: &Assessed, claims: &[Claim]) -> NotAlerted {
    let (event, words) = (assessed.look.event, assessed.look.words);
    let text = |sym| words.text(sym).to_owned();
    NotAlerted {
        release: ReleaseId {
            registry: text(event.registry),
            package: text(event.package),
            version: text(event.version),
        },
        at: event.at,
        p_value: assessed.p_value,
        claims: claims.to_vec(),
    }
}

/// What others say of the window. What is listed and no alert (`--all`) is told as not alerted too.
pub(super) fn elsewhere(
    others: &Corroboration,
    named: Vec<(usize, NotAlerted)>,
    listed: &[(usize, Finding)],
    rate: f64,
) -> Elsewhere {
    let alerts: BTreeSet<usize> = listed
        .iter()
        .filter(|(_, finding)| finding.p_value <= rate || finding.raised.is_some())
        .map(|(index, _)| *index)
        .collect();
    let publishes = named.len();
    let accused =
        named.into_iter().filter(|(index, one)| !alerts.contains(index) && one.claims.iter().any(Claim::accuses));
    Elsewhere {
        not_alerted: accused.map(|(_, one)| one).collect(),
        publishes,
        rows: others.rows,
        unmatched: others.unmatched,
        withdrawn: others.withdrawn,
        ranges_unread: others.ranges_unread,
        files_unread: others.files_unread.clone(),
    }
}
