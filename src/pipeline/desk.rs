//! What a desk concluded, as a policy of what teaches.

use super::Means;
use crate::archive::history::History;
use crate::archive::store::Archive;
use crate::archive::verdicts::Verdicts;
use crate::cli::desk::Desk;
use crate::engine::policy::Policy;
use crate::error::Result;
use crate::review::store::Store;

/// Reads the verdicts, if there are any, and tells what of them is of no use.
pub(super) fn policy(options: &Desk, history: &History, means: &Means) -> Result<Policy> {
    let mut policy = Policy { hold_alerts: options.hold_alerts, ..Policy::default() };
    let mut verdicts = if options.no_stored_verdicts { Verdicts::default() } else { stored(means)? };
    let mut told = Vec::new();
    if !verdicts.rows.is_empty() {
        told.push(format!("{} verdicts stored in the archive", verdicts.rows.len()));
    }
    if let Some(path) = &options.verdicts {
        let file = Verdicts::read(path)?;
        let rows = file.rows.len() + file.replaced;
        told.push(format!("{rows} verdicts: {} replaced by a later row", file.replaced));
        verdicts.rows.extend(file.rows);
    }
    if !told.is_empty() {
        let (held, unknown) = verdicts.within(history);
        means.terminal.remark(&format!("{}, {unknown} about no publish of this history", told.join("; ")));
        policy.verdicts = held;
    }
    Ok(policy)
}

/// The verdicts that the archive holds.
pub(super) fn stored(means: &Means) -> Result<Verdicts> {
    let Archive::Dir(dir) = &means.archive else { return Ok(Verdicts::default()) };
    let Some(store) = Store::read(dir)? else { return Ok(Verdicts::default()) };
    let latest = store.latest()?.into_iter();
    let rows = latest.map(|(r, kept)| ([r.registry, r.package, r.version], kept.given.verdict)).collect();
    Ok(Verdicts { rows, replaced: 0 })
}
