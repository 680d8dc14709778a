//! How a publish stands to the life of its token, in numbers. Nothing here judges, and nothing sees the future: only
//! uses before the publish's own count.

use std::collections::HashMap;

use statrs::function::gamma::checked_gamma_lr;

use super::HOUR;
use super::join::Credential;
use super::label::Labels;
use super::rotation::Policy;
use crate::acquire::owner::{Token, Use};

/// How many uses the hour before a publish held, against what the token did before that hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Uses in the hour that ends with the publish's own, which counts.
    pub hour_uses: usize,
    /// Uses before that hour.
    pub earlier_uses: usize,
    /// Hours from the token's first use to that hour, at least 1.
    pub earlier_hours: f64,
    /// Uses that an hour holds at that rate.
    pub expected: f64,
    /// Probability of so many uses or more in an hour, if they come at that rate and independently (Poisson). Builds
    /// come in bunches, so that a small one is common.
    pub tail: f64,
}

/// One publish and its token. Times are in milliseconds; "before" is before the use that the publish was.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenFacts {
    /// Index of the publish.
    pub publish: usize,
    /// The token's key, or what the log calls it where the inventory does not have it.
    pub token_id: String,
    /// Since it was minted; negative where the clocks disagree.
    pub age_ms: Option<i64>,
    /// Beyond the age at which the policy wants it replaced; negative while it is younger.
    pub over_policy_ms: Option<i64>,
    /// Since its use before; `None` where the logs show none.
    pub silent_ms: Option<i64>,
    /// How long the logs go back, so that a missing use before can be weighed.
    pub log_covers_ms: i64,
    /// Uses in the last hour; `None` where the logs show no use before that hour.
    pub pace: Option<Pace>,
    /// The token was never used from this country before; `None` where there is nothing to compare.
    pub is_new_country_of_token: Option<bool>,
    /// The account never acted from this country before; `None` where there is nothing to compare.
    pub is_new_country_of_actor: Option<bool>,
    /// Since its end; negative before it.
    pub past_expiry_ms: Option<i64>,
    /// Since its revocation; negative before it.
    pub since_revocation_ms: Option<i64>,
}

/// The facts of every joined publish whose log names a token, in the order of the credentials.
#[must_use]
pub fn facts(credentials: &[Credential], tokens: &[Token], uses: &[Use], policy: &Policy) -> Vec<TokenFacts> {
    let labels = Labels::new(tokens);
    let past = Past::new(uses, &labels);
    credentials
        .iter()
        .filter_map(|credential| {
            let id = credential.token_id.as_deref()?;
            let token = labels.token(id);
            let at = credential.used_at;
            let since = |moment: Option<i64>| moment.map(|moment| at.saturating_sub(moment));
            let age_ms = since(token.and_then(|token| token.created));
            let country = credential.country.as_deref();
            let of_actor = credential.actor.as_deref().map(Who::Actor);
            Some(TokenFacts {
                publish: credential.publish,
                token_id: id.to_owned(),
                age_ms,
                over_policy_ms: age_ms.map(|age| age.saturating_sub(policy.max_age_ms())),
                silent_ms: past.before(id, at).last().map(|&(_, last)| at.saturating_sub(last)),
                log_covers_ms: past.began.map_or(0, |began| at.saturating_sub(began)),
                pace: past.pace(id, at),
                is_new_country_of_token: past.is_new(Who::Token(id), country, at),
                is_new_country_of_actor: of_actor.and_then(|actor| past.is_new(actor, country, at)),
                past_expiry_ms: since(token.and_then(|token| token.expires.at())),
                since_revocation_ms: since(token.and_then(|token| token.revoked)),
            })
        })
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who<'a> {
    Token(&'a str),
    Actor(&'a str),
}

/// The uses, ready to be asked what was before a moment.
struct Past<'a> {
    began: Option<i64>,
    /// Uses by token and time.
    uses: Vec<(&'a str, i64)>,
    /// When somebody was first seen in any country.
    anywhere: HashMap<Who<'a>, i64>,
    /// When somebody was first seen in a country.
    first: HashMap<(Who<'a>, &'a str), i64>,
}

impl<'a> Past<'a> {
    fn new(uses: &'a [Use], labels: &Labels<'a>) -> Self {
        let mut past = Self {
            began: uses.iter().map(|used| used.at).min(),
            uses: Vec::new(),
            anywhere: HashMap::new(),
            first: HashMap::new(),
        };
        for used in uses {
            let token = used.token.as_deref().map(|label| labels.id(label));
            past.uses.extend(token.map(|id| (id, used.at)));
            if let Some(country) = used.country.as_deref() {
                let both = [token.map(Who::Token), used.actor.as_deref().map(Who::Actor)];
                for who in both.into_iter().flatten() {
                    note(&mut past.anywhere, who, used.at);
                    note(&mut past.first, (who, country), used.at);
                }
            }
        }
        past.uses.sort_unstable();
        past
    }

    /// The uses of a token before a moment.
    fn before(&self, id: &str, at: i64) -> &[(&'a str, i64)] {
        let begin = self.uses.partition_point(|&(known, _)| known < id);
        let end = self.uses.partition_point(|&(known, t)| (known, t) < (id, at));
        &self.uses[begin..end]
    }

    fn is_new(&self, who: Who<'_>, country: Option<&str>, at: i64) -> Option<bool> {
        let country = country?;
        let seen_before = |first: &i64| *first < at;
        self.anywhere.get(&who).filter(|first| seen_before(first))?;
        Some(!self.first.get(&(who, country)).is_some_and(seen_before))
    }

    #[allow(clippy::cast_precision_loss, reason = "counts and hours are far below 2^52")]
    fn pace(&self, id: &str, at: i64) -> Option<Pace> {
        let hour = at.saturating_sub(HOUR);
        let (before, earlier) = (self.before(id, at).len(), self.before(id, hour.saturating_add(1)));
        let &(_, first) = earlier.first()?;
        let earlier_hours = (hour.saturating_sub(first) as f64 / HOUR as f64).max(1.0);
        let expected = earlier.len() as f64 / earlier_hours;
        let hour_uses = before.saturating_sub(earlier.len()) + 1;
        // That at least n come at a rate is the regularized lower incomplete gamma function of both.
        let tail = checked_gamma_lr(hour_uses as f64, expected).unwrap_or(f64::NAN).clamp(0.0, 1.0);
        Some(Pace { hour_uses, earlier_uses: earlier.len(), earlier_hours, expected, tail })
    }
}

fn note<K: Eq + std::hash::Hash>(firsts: &mut HashMap<K, i64>, key: K, at: i64) {
    firsts.entry(key).and_modify(|first| *first = at.min(*first)).or_insert(at);
}
