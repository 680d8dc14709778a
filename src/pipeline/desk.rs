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
    let (policy, told) = concluded(options, means)?.policy(options, history);
    if let Some(told) = told {
        means.terminal.remark(&told);
    }
    Ok(policy)
}

/// Verdicts from wherever the options say.
#[derive(Default)]
pub(super) struct Concluded {
    verdicts: Verdicts,
    sources: Vec<String>,
}

/// Reads the verdicts that the archive holds, and those of a table, which go before them.
pub(super) fn concluded(options: &Desk, means: &Means) -> Result<Concluded> {
    let mut verdicts = if options.no_stored_verdicts { Verdicts::default() } else { stored(means)? };
    let mut sources = Vec::new();
    if !verdicts.rows.is_empty() {
        sources.push(format!("{} verdicts stored in the archive", verdicts.rows.len()));
    }
    if let Some(path) = &options.verdicts {
        let file = Verdicts::read(path)?;
        let rows = file.rows.len() + file.replaced;
        sources.push(format!("{rows} verdicts: {} replaced by a later row", file.replaced));
        verdicts.rows.extend(file.rows);
    }
    Ok(Concluded { verdicts, sources })
}

impl Concluded {
    /// What teaches in a history, and a sentence on the verdicts where there are any.
    pub fn policy(&self, options: &Desk, history: &History) -> (Policy, Option<String>) {
        let mut policy = Policy { hold_alerts: options.hold_alerts, ..Policy::default() };
        if self.sources.is_empty() {
            return (policy, None);
        }
        let (held, unknown) = self.verdicts.within(history);
        policy.verdicts = held;
        let told = format!("{}, {unknown} about no publish of this history", self.sources.join("; "));
        (policy, Some(told))
    }
}

/// The verdicts that the archive holds.
pub(super) fn stored(means: &Means) -> Result<Verdicts> {
    let Archive::Dir(dir) = &means.archive else { return Ok(Verdicts::default()) };
    let Some(store) = Store::read(dir)? else { return Ok(Verdicts::default()) };
    let latest = store.latest()?.into_iter();
    let rows = latest.map(|(r, kept)| ([r.registry, r.package, r.version], kept.given.verdict)).collect();
    Ok(Verdicts { rows, replaced: 0 })
}
