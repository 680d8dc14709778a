//! Who is shown as an owner of a team's packages.

use crate::engine::simulate::habits::Law;
use crate::engine::simulate::population::Team;
use crate::engine::simulate::random::{draw, hash, name};

/// Owners that a package shows at most.
const OWNERS: usize = 30;

/// Owners of a team's packages as they are shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    pub(super) text: String,
    count: usize,
    /// An account of another team that owns the packages as well, if any.
    pub(super) steward: Box<str>,
}

/// Lists an account that publishes for the first time, the first one with owners that never publish.
pub(super) fn introduce(owners: &mut Owners, account: &str, team: &Team, owned: &Law) {
    if owners.count == 0 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of owners")]
        let silent = (owned.at(draw(team.seed, 70)).round() as usize).saturating_sub(team.members as usize).min(OWNERS);
        for i in 0..silent {
            owners.text.push_str(&name((hash(team.seed, 300 + i as u64) >> 24) + (1 << 40)));
            owners.text.push('|');
        }
        owners.count = silent;
        if !owners.steward.is_empty() && *owners.steward != *account {
            owners.text.push_str(&owners.steward);
            owners.text.push('|');
            owners.count += 1;
        }
    } else if owners.count < OWNERS {
        owners.text.push('|');
    }
    if owners.count < OWNERS {
        owners.text.push_str(account);
    } else if owners.text.ends_with('|') {
        owners.text.pop();
    }
    owners.count += 1;
}
