//! Bursts: publishes of one actor close together in time are one act. A monorepo's release is a
//! burst of many packages; what is unusual is a burst's width, not the pace inside it.

use serde::{Deserialize, Serialize};

use super::tally::Sizes;
use crate::archive::vocabulary::{Sym, Symbols};

/// A silence longer than this ends a burst.
pub const BURST_SILENCE: i64 = 15 * 60 * 1000;
/// No burst lasts longer: an account that never falls silent would otherwise have one for ever.
pub const BURST_LENGTH: i64 = 2 * 60 * 60 * 1000;
/// Distinct packages that one burst remembers.
const REMEMBERED: usize = 4096;

/// The burst that an actor is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    start: i64,
    last: i64,
    packages: Vec<(Sym, u16)>,
    stale: u32,
    repeats: u32,
}

/// A burst as it stands with one more publish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BurstView {
    /// The publish begins it.
    pub begins: bool,
    /// Distinct packages.
    pub width: u32,
    /// Packages among them that nobody had published for half a year.
    pub stale: u32,
    /// Packages among them published twice or more.
    pub repeats: u32,
    /// Width as a share of all packages that the actor ever published, in percent.
    pub share: u32,
    /// Milliseconds since it began.
    pub age: i64,
}

/// Bursts of the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurstHabits {
    /// Widths.
    pub width: Sizes,
    /// Stale packages in each.
    pub stale: Sizes,
    /// Packages published more than once in each.
    pub repeats: Sizes,
    /// Share of the portfolio, in percent.
    pub share: Sizes,
    /// Widest burst so far.
    pub widest: u32,
}

impl Symbols for Burst {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        for (package, _) in &mut self.packages {
            visit(package);
        }
    }
}

impl Burst {
    /// The burst with one more publish of `package`, which is `stale` or not.
    #[must_use]
    pub fn with(&self, package: Sym, at: i64, stale: bool, portfolio: u32, in_portfolio: bool) -> BurstView {
        let goes_on = self.goes_on(at);
        let known = if goes_on { self.packages.iter().find(|p| p.0 == package) } else { None };
        let base =
            if goes_on { (self.packages.len(), self.stale, self.repeats, at - self.start) } else { (0, 0, 0, 0) };
        let width = u32::try_from(base.0).unwrap_or(u32::MAX) + u32::from(known.is_none());
        let portfolio = portfolio + u32::from(!in_portfolio);
        BurstView {
            begins: !goes_on,
            width,
            stale: base.1 + u32::from(stale && known.is_none()),
            repeats: base.2 + u32::from(known.is_some_and(|p| p.1 == 1)),
            share: (width * 100).checked_div(portfolio).unwrap_or(0).min(100),
            age: base.3,
        }
    }

    fn goes_on(&self, at: i64) -> bool {
        !self.packages.is_empty() && at - self.last <= BURST_SILENCE && at - self.start <= BURST_LENGTH
    }

    /// Adds a publish; a burst that it ends is added to the habits.
    pub fn absorb(&mut self, package: Sym, at: i64, view: &BurstView, portfolio: u32, habits: &mut BurstHabits) {
        if view.begins {
            if !self.packages.is_empty() {
                let width = u32::try_from(self.packages.len()).unwrap_or(u32::MAX);
                habits.width.note(width);
                habits.stale.note(self.stale);
                habits.repeats.note(self.repeats);
                habits.share.note((width * 100).checked_div(portfolio).unwrap_or(0).min(100));
                habits.widest = habits.widest.max(width);
            }
            self.packages.clear();
            self.start = at;
        }
        self.last = at;
        self.stale = view.stale;
        self.repeats = view.repeats;
        if let Some(known) = self.packages.iter_mut().find(|p| p.0 == package) {
            known.1 = known.1.saturating_add(1);
        } else if self.packages.len() < REMEMBERED {
            self.packages.push((package, 1));
        }
    }
}
