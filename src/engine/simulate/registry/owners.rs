//! Who is shown as an owner of a team's packages.

use crate::archive::block::Repeated;
use crate::engine::simulate::habits::Law;
use crate::engine::simulate::population::Team;
use crate::engine::simulate::random::{draw, hash, push_name};

/// Owners that a package shows at most.
const OWNERS: usize = 30;

/// Owners of a team's packages as they are shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    pub(super) text: Repeated,
    count: usize,
    /// An account of another team that owns the packages as well, if any.
    pub(super) steward: Box<str>,
}

/// Lists an account that publishes for the first time, the first one with owners that never publish.
pub(super) fn introduce(owners: &mut Owners, account: &str, team: &Team, owned: &Law) {
    let mut text = String::from(owners.text.text());
    if owners.count == 0 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of owners")]
        let silent = (owned.at(draw(team.seed, 70)).round() as usize).saturating_sub(team.members as usize).min(OWNERS);
        for i in 0..silent {
            push_name((hash(team.seed, 300 + i as u64) >> 24) + (1 << 40), &mut text);
            text.push('|');
        }
        owners.count = silent;
        if !owners.steward.is_empty() && *owners.steward != *account {
            text.push_str(&owners.steward);
            text.push('|');
            owners.count += 1;
        }
    } else if owners.count < OWNERS {
        text.push('|');
    }
    if owners.count < OWNERS {
        text.push_str(account);
    } else if text.ends_with('|') {
        text.pop();
    }
    owners.count += 1;
    owners.text = text.into();
}
