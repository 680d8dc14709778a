//! Which tokens are due, and why: the facts of the report on tokens.

use std::collections::HashMap;

use super::DAY;
use super::label::Labels;
use crate::acquire::owner::{Log, Stated, Token, Use};

/// What an owner asks of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Days after which a token is to be replaced.
    pub max_age_days: u32,
    /// Most days from minting to the end. npm gives write tokens no more than 90 since 2026-02.
    pub max_lifetime_days: u32,
    /// Days without a use after which a token is to be removed.
    pub max_unused_days: u32,
    /// A token that can write is to work from named networks only.
    pub is_cidr_required: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { max_age_days: 30, max_lifetime_days: 90, max_unused_days: 30, is_cidr_required: true }
    }
}

impl Policy {
    /// [`Self::max_age_days`] in milliseconds.
    #[must_use]
    pub fn max_age_ms(&self) -> i64 {
        i64::from(self.max_age_days) * DAY
    }
}

/// How soon something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Someone else may hold the token.
    Urgent,
    /// The policy is broken in a way that gives a thief room.
    Due,
    /// Good housekeeping.
    Advisable,
}

/// Why a token is to be rotated or removed, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Used at least that many times after its revocation.
    UsedAfterRevocation(usize),
    /// Used at least that many times after its end.
    UsedAfterExpiry(usize),
    /// The whole secret stands in the inventory file.
    Exposed,
    /// Can write without a second factor.
    Bypass2fa,
    /// Can write to all packages of the account.
    WriteToAll,
    /// Has no end.
    NeverExpires,
    /// Was minted that many days ago, more than the policy allows.
    OlderThanPolicy(i64),
    /// That many days lie between its minting and its end, more than the policy allows.
    LivesTooLong(i64),
    /// The inventory does not say when it was minted, or says a time in the future.
    AgeUnknown,
    /// Not used for that many days, more than the policy allows.
    Unused(i64),
    /// Can write from everywhere.
    NoCidr,
}

impl Reason {
    /// How soon something is to be done.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::UsedAfterRevocation(_) | Self::UsedAfterExpiry(_) | Self::Exposed => Severity::Urgent,
            Self::Bypass2fa | Self::WriteToAll | Self::NeverExpires | Self::OlderThanPolicy(_) => Severity::Due,
            Self::LivesTooLong(_) | Self::AgeUnknown | Self::Unused(_) | Self::NoCidr => Severity::Advisable,
        }
    }
}

/// A token that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The token's key.
    pub token: String,
    /// What the owner called it.
    pub name: Option<String>,
    /// When it was minted, in milliseconds since the Unix epoch.
    pub created: Option<i64>,
    /// Why, the worst first; never empty.
    pub reasons: Vec<Reason>,
    /// That of the worst reason.
    pub severity: Severity,
}

/// The report on tokens: every token is in one of the four.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotations {
    /// Tokens that are due: by severity, then by their reasons, the more first, then the oldest, then the key.
    pub due: Vec<Rotation>,
    /// Tokens that work and of which the policy asks nothing.
    pub fine: usize,
    /// Tokens that were revoked and not used since.
    pub revoked: usize,
    /// Tokens that ended and were not used since.
    pub expired: usize,
}

/// Which tokens are due at `now` (milliseconds since the Unix epoch), by the inventory and the logs. Events of GitHub's
/// log do not count, because its tokens are not those of the inventory.
#[must_use]
pub fn rotations(tokens: &[Token], uses: &[Use], policy: &Policy, now: i64) -> Rotations {
    let labels = Labels::new(tokens);
    let mut seen_of: HashMap<&str, Used> = HashMap::new();
    for event in uses.iter().filter(|event| event.log == Log::Own) {
        if let Some(token) = event.token.as_deref().and_then(|label| labels.token(label)) {
            seen_of.entry(&token.id).or_default().count(token, event.at);
        }
    }
    let mut report = Rotations::default();
    for token in tokens {
        let seen = seen_of.get(token.id.as_str()).copied().unwrap_or_default().or_stated(token);
        let is_over = |moment: Option<i64>| moment.is_some_and(|moment| moment <= now);
        let (is_revoked, is_expired) = (is_over(token.revoked), is_over(token.expires.at()));
        let mut reasons = seen.reasons();
        if !is_revoked && !is_expired {
            reasons.extend(of_live(token, seen, policy, now));
        }
        reasons.sort_unstable();
        match reasons.first() {
            Some(worst) => report.due.push(Rotation {
                token: token.id.clone(),
                name: token.name.clone(),
                created: token.created,
                severity: worst.severity(),
                reasons,
            }),
            None if is_revoked => report.revoked += 1,
            None if is_expired => report.expired += 1,
            None => report.fine += 1,
        }
    }
    report.due.sort_by(|a, b| {
        let kinds = |of: &Rotation| of.reasons.iter().copied().map(kind).collect::<Vec<_>>();
        let rank = |of: &Rotation| (of.severity, kinds(of).first().copied(), std::cmp::Reverse(of.reasons.len()));
        rank(a)
            .cmp(&rank(b))
            .then_with(|| kinds(a).cmp(&kinds(b)))
            .then_with(|| (a.created, &a.token, &a.name, &a.reasons).cmp(&(b.created, &b.token, &b.name, &b.reasons)))
    });
    report
}

/// Which reason it is, whatever its number.
fn kind(reason: Reason) -> Reason {
    match reason {
        Reason::UsedAfterRevocation(_) => Reason::UsedAfterRevocation(0),
        Reason::UsedAfterExpiry(_) => Reason::UsedAfterExpiry(0),
        Reason::OlderThanPolicy(_) => Reason::OlderThanPolicy(0),
        Reason::LivesTooLong(_) => Reason::LivesTooLong(0),
        Reason::Unused(_) => Reason::Unused(0),
        plain => plain,
    }
}

/// What the logs say of a token.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    last: Option<i64>,
    after_revocation: usize,
    after_expiry: usize,
}

impl Used {
    fn count(&mut self, token: &Token, at: i64) {
        self.last = self.last.max(Some(at));
        let is_after = |moment: Option<i64>| moment.is_some_and(|moment| at > moment);
        self.after_revocation += usize::from(is_after(token.revoked));
        self.after_expiry += usize::from(is_after(token.expires.at()));
    }

    /// Takes up the last use that the inventory states, which the logs may not reach.
    fn or_stated(mut self, token: &Token) -> Self {
        let mut stated = Self::default();
        if let Some(at) = token.last_used.at() {
            stated.count(token, at);
        }
        self.after_revocation = self.after_revocation.max(stated.after_revocation);
        self.after_expiry = self.after_expiry.max(stated.after_expiry);
        self
    }

    fn reasons(self) -> Vec<Reason> {
        let counted = [
            (self.after_revocation, Reason::UsedAfterRevocation(self.after_revocation)),
            (self.after_expiry, Reason::UsedAfterExpiry(self.after_expiry)),
        ];
        counted.into_iter().filter(|(count, _)| *count > 0).map(|(_, reason)| reason).collect()
    }
}

/// The reasons that only a token which works can have.
fn of_live(token: &Token, seen: Used, policy: &Policy, now: i64) -> Vec<Reason> {
    let days = |from: i64, to: i64| to.saturating_sub(from).div_euclid(DAY);
    let mut reasons = Vec::new();
    let mut add = |holds: bool, reason| reasons.extend(holds.then_some(reason));
    add(token.exposed, Reason::Exposed);
    let writes = can_write(token);
    add(writes && (token.bypass_2fa || token.automation), Reason::Bypass2fa);
    add(writes && reaches_all(token), Reason::WriteToAll);
    add(matches!(token.expires, Stated::Absent | Stated::Never), Reason::NeverExpires);
    match token.created.filter(|created| *created <= now) {
        None => add(true, Reason::AgeUnknown),
        Some(created) => {
            let age = days(created, now);
            add(now.saturating_sub(created) > policy.max_age_ms(), Reason::OlderThanPolicy(age));
            let life = token.expires.at().map_or(0, |end| days(created, end));
            add(life > i64::from(policy.max_lifetime_days), Reason::LivesTooLong(life));
        }
    }
    // Where the inventory does not say when it was used, no use in a log that may be short is no evidence.
    let last = match token.last_used {
        Stated::At(last) => Some(last),
        Stated::Never => token.created,
        Stated::Absent | Stated::Unreadable => None,
    };
    if let Some(last) = last.max(seen.last) {
        let idle = days(last, now);
        add(idle > i64::from(policy.max_unused_days), Reason::Unused(idle));
    }
    add(policy.is_cidr_required && writes && token.cidr.is_empty(), Reason::NoCidr);
    reasons
}

/// Whether a token can change anything. Tokens without permissions are of the older kind, which only `readonly` limits.
#[must_use]
pub fn can_write(token: &Token) -> bool {
    let is_write = |(_, action): &(String, String)| !matches!(action.to_ascii_lowercase().as_str(), "read" | "none");
    !token.readonly && (token.permissions.is_empty() || token.permissions.iter().any(is_write))
}

/// Whether a token reaches every package of the account: it is limited to nothing, or to everything.
#[must_use]
pub fn reaches_all(token: &Token) -> bool {
    let is_all = |(_, name): &(String, String)| matches!(name.to_ascii_lowercase().as_str(), "" | "*" | "all");
    token.scopes.is_empty() || token.scopes.iter().any(is_all)
}
