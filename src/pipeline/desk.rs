//! What a desk concluded, as a policy of what teaches.

use super::Means;
use crate::archive::history::History;
use crate::archive::verdicts::Verdicts;
use crate::cli::desk::Desk;
use crate::engine::policy::Policy;
use crate::error::Result;

/// Reads the verdicts, if there are any, and tells what of them is of no use.
pub(super) fn policy(options: &Desk, history: &History, means: &Means) -> Result<Policy> {
    let mut policy = Policy { hold_alerts: options.hold_alerts, ..Policy::default() };
    if let Some(path) = &options.verdicts {
        let verdicts = Verdicts::read(path)?;
        let (held, unknown) = verdicts.within(history);
        means.terminal.remark(&format!(
            "{} verdicts: {} replaced by a later row, {unknown} about no publish of this history",
            verdicts.rows.len() + verdicts.replaced,
            verdicts.replaced
        ));
        policy.verdicts = held;
    }
    Ok(policy)
}
