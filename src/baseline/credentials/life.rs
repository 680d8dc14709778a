//! What each token did, folded over its uses.

use std::collections::BTreeMap;

use super::DAY;
use super::label::Labels;
use crate::acquire::owner::{Token, Use};

/// The life of one token, as far as the inventory and the logs show it. Times are in milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenLife {
    /// The token's key, or what the logs call it where the inventory does not have it.
    pub id: String,
    /// When it was minted.
    pub created: Option<i64>,
    /// Its first use in the logs.
    pub first_use: Option<i64>,
    /// Its last use in the logs.
    pub last_use: Option<i64>,
    /// Uses in the logs.
    pub uses: usize,
    /// Days (of UTC) with a use.
    pub active_days: usize,
    /// Uses a day, over all days from the first use to the last; 0 without uses.
    pub per_day_mean: f64,
    /// Most uses of one day.
    pub per_day_max: usize,
    /// Uses by country, where the log states one.
    pub countries: BTreeMap<String, usize>,
}

/// The life of every token that the inventory or a log names, in the order of their identities. The order of the
/// input does not matter.
#[must_use]
pub fn lives(tokens: &[Token], uses: &[Use]) -> Vec<TokenLife> {
    let labels = Labels::new(tokens);
    let mut found: BTreeMap<&str, TokenLife> = BTreeMap::new();
    for token in tokens {
        found.entry(&token.id).or_default();
    }
    let mut moments: Vec<(&str, i64)> = Vec::new();
    for used in uses {
        if let Some(label) = used.token.as_deref() {
            let id = labels.id(label);
            moments.push((id, used.at));
            let life = found.entry(id).or_default();
            if let Some(country) = &used.country {
                *life.countries.entry(country.clone()).or_default() += 1;
            }
        }
    }
    moments.sort_unstable();
    for run in moments.chunk_by(|a, b| a.0 == b.0) {
        if let Some(life) = found.get_mut(run[0].0) {
            life.count(run);
        }
    }
    found
        .into_iter()
        .map(|(id, life)| TokenLife {
            id: id.to_owned(),
            created: labels.token(id).and_then(|token| token.created),
            ..life
        })
        .collect()
}

impl TokenLife {
    /// Counts the uses of one token, which are in the order of time.
    fn count(&mut self, run: &[(&str, i64)]) {
        let (Some(&(_, first)), Some(&(_, last))) = (run.first(), run.last()) else {
            return;
        };
        let day = |at: i64| at.div_euclid(DAY);
        let days = run.chunk_by(|a, b| day(a.1) == day(b.1));
        (self.first_use, self.last_use, self.uses) = (Some(first), Some(last), run.len());
        (self.active_days, self.per_day_max) =
            days.fold((0, 0), |(count, most), uses| (count + 1, most.max(uses.len())));
        // Both are within i64 / DAY of zero, so that neither the difference nor the sum overflows.
        #[allow(clippy::cast_precision_loss, reason = "counts of uses and days are far below 2^52")]
        {
            self.per_day_mean = run.len() as f64 / (day(last) - day(first) + 1) as f64;
        }
    }
}
