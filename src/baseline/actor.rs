//! Habits of one actor across all packages.

use serde::{Deserialize, Serialize};

use rustc_hash::FxHashSet;

use super::ci::CiHabits;
use super::package::{Teaching, channel_kind};
use super::reach::{Burst, BurstHabits};
use super::stance::{DAY, ROTATION, Stance, TOKEN_DORMANT, YOUNG_TOKEN};
use super::tally::{Rate, Sizes, Spread, Values};
use crate::archive::history::Event;
use crate::archive::vocabulary::{Sym, Symbols};

/// Hours of a day, on working days and on weekends.
pub const HOUR_BINS: usize = 48;

/// What an actor usually does. Bounded but for the set of packages it has published.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ActorHabits {
    /// Publishes that taught.
    pub n: u32,
    /// First publish, milliseconds.
    pub first: i64,
    /// Last publish, milliseconds.
    pub last: i64,
    /// Packages ever published.
    #[serde(serialize_with = "super::keep::sorted")]
    pub portfolio: FxHashSet<Sym>,
    /// The burst it is in.
    pub burst: Burst,
    /// The bursts of the past.
    pub bursts: BurstHabits,
    /// Natural logarithm of the hours between bursts.
    pub gaps: Spread,
    /// Publishes by hour of day and kind of day, older ones counting less.
    pub hours: Hours,
    /// E-mail ids of the account.
    pub emails: Values,
    /// E-mail domains of the account.
    pub domains: Values,
    /// Publishing clients.
    pub clients: Values,
    /// Whether a client was recorded at all.
    pub client_absent: Rate,
    /// Node versions.
    pub nodes: Values,
    /// Tokens, where the owner supplies them.
    pub tokens: Values,
    /// Publishes with a token younger than a day.
    pub young_token: Rate,
    /// Publishes with a token older than the rotation policy allows.
    pub overdue_token: Rate,
    /// Publishes with a token that had not been used for [`TOKEN_DORMANT`].
    pub dormant_token: Rate,
    /// The token that was used last, and its publishes of that day.
    pub token_day: TokenDay,
    /// Publishes of one token in one day.
    pub token_days: Sizes,
    /// Countries, where the owner supplies them.
    pub countries: Values,
    /// CI habits over all packages of a trusted publisher, stable and prerelease.
    pub ci: [CiHabits; 2],
}

/// Weight of the past publishes in each bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hours {
    /// By hour, working days first.
    #[serde(with = "super::keep::long")]
    pub bins: [f32; HOUR_BINS],
    /// Their sum.
    pub total: f32,
}

impl Default for Hours {
    fn default() -> Self {
        Self { bins: [0.0; HOUR_BINS], total: 0.0 }
    }
}

impl Hours {
    fn note(&mut self, at: i64) {
        const KEEP: f32 = 0.99;
        for weight in &mut self.bins {
            *weight *= KEEP;
        }
        self.bins[hour_bin(at)] += 1.0;
        self.total = self.bins.iter().sum();
    }
}

/// A token and its publishes of one day, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDay {
    token: Sym,
    day: i64,
    uses: u32,
}

impl TokenDay {
    /// The token's publishes of the day with one more.
    #[must_use]
    pub fn with(&self, token: Sym, at: i64) -> u32 {
        if self.is(token, at) { self.uses.saturating_add(1) } else { 1 }
    }

    fn is(&self, token: Sym, at: i64) -> bool {
        self.token == token && self.day == at.div_euclid(DAY)
    }

    /// Adds one publish; a day that ends joins the past.
    fn absorb(&mut self, token: Sym, at: i64, past: &mut Sizes) {
        if !self.is(token, at) && self.uses > 0 {
            past.note(self.uses);
        }
        *self = Self { token, day: at.div_euclid(DAY), uses: self.with(token, at) };
    }
}

/// Bin of a time: its hour, and whether it is a weekend. The epoch began on a Thursday.
#[must_use]
pub fn hour_bin(at: i64) -> usize {
    const HOUR: i64 = 3_600_000;
    let hours = at.div_euclid(HOUR);
    let weekend = matches!((hours.div_euclid(24) + 4).rem_euclid(7), 0 | 6);
    usize::try_from(hours.rem_euclid(24)).unwrap_or(0) + if weekend { 24 } else { 0 }
}

impl Symbols for ActorHabits {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        self.portfolio.symbols(visit);
        self.burst.symbols(visit);
        let Self { emails, domains, clients, nodes, tokens, countries, .. } = self;
        for values in [emails, domains, clients, nodes, tokens, countries] {
            values.symbols(visit);
        }
        self.token_day.token.symbols(visit);
        self.ci.symbols(visit);
    }
}

impl ActorHabits {
    /// Publishes a day between the first and the last.
    #[must_use]
    pub fn per_day(&self) -> f64 {
        super::tally::per_day(self.n, self.first, self.last)
    }

    /// Learns an event that stood to these habits as `now` says.
    pub fn absorb(&mut self, event: &Event, now: &Stance, teaching: Teaching) {
        let portfolio = u32::try_from(self.portfolio.len()).unwrap_or(u32::MAX);
        self.burst.absorb(event.package, event.at, &now.burst, portfolio, &mut self.bursts);
        if self.n == 0 {
            self.first = event.at;
        }
        self.last = event.at;
        if teaching == Teaching::Never {
            return;
        }
        self.n = self.n.saturating_add(1);
        if now.burst.begins {
            if let Some(gap) = now.actor_gap {
                self.gaps.note(log_hours(gap));
            }
            self.hours.note(event.at);
        }
        self.portfolio.insert(event.package);
        if !event.is_trusted_publisher() {
            self.emails.note(event.publisher_email_id, event.at);
            self.domains.note(event.publisher_email_domain, event.at);
        }
        self.clients.note(event.client, event.at);
        self.client_absent.note(event.client.is_none());
        self.nodes.note(event.node, event.at);
        self.tokens.note(event.token_id, event.at);
        if let Some(age) = now.token_age {
            self.young_token.note(age < YOUNG_TOKEN);
            self.overdue_token.note(age > ROTATION);
        }
        if let Some(silence) = now.token_silence {
            self.dormant_token.note(silence > TOKEN_DORMANT);
        }
        if event.token_id.is_some() {
            self.token_day.absorb(event.token_id, event.at, &mut self.token_days);
        }
        self.countries.note(event.country, event.at);
        if event.is_trusted_publisher() {
            self.ci[channel_kind(event)].absorb(event);
        }
    }
}

/// Natural logarithm of a gap in hours, at least one second.
#[must_use]
pub fn log_hours(gap: i64) -> f32 {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a gap needs no more than six digits"
    )]
    let hours = gap.max(1_000) as f64 / 3_600_000.0;
    #[allow(clippy::cast_possible_truncation, reason = "a gap needs no more than six digits")]
    let log = hours.ln() as f32;
    log
}
