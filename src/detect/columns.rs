//! What the trees of the model read: surprises, sums of surprises, and the circumstances.
//!
//! Surprises and their sums speak for or against a publish. Circumstances (how long a history, what kind
//! of step, how wide a burst) only say what a surprise is worth here: an explanation holds them fixed
//! and starts from the same publish without any surprise. What cannot be judged is as if nothing were
//! surprising, and is counted and shown elsewhere.

use super::evidence::{Entity, Judgement};
use super::signals::SIGNALS;
use crate::baseline::Look;
use crate::baseline::actor::{hour_bin, log_hours};
use crate::baseline::package::channel_kind;
use crate::baseline::tally::{Practice, Rate, Spread};

/// Stands for a gap or an age that there is none of: below the logarithm of a second in hours.
const NONE: f32 = -9.0;
/// Bits beyond which a surprise adds no more to the capped sum.
const ENOUGH: f32 = 8.0;

/// Sums over the surprises of one event.
pub const SUMS: [&str; 8] =
    ["sum", "capped-sum", "largest", "second-largest", "third-largest", "fourth-largest", "above-6", "above-3"];

/// One circumstance.
pub struct Circumstance {
    /// Stable name in the model.
    pub id: &'static str,
    /// What it is, with its unit.
    pub about: &'static str,
    /// Whose baseline it reads.
    pub entity: Entity,
    /// The measure.
    pub measure: fn(&Look) -> f32,
}

macro_rules! circumstances {
    ($($entity:ident $id:literal $about:literal |$look:ident| $measure:expr;)+) => {
        /// Every circumstance, in the order of the columns.
        pub static CIRCUMSTANCES: &[Circumstance] =
            &[$(Circumstance { id: $id, about: $about, entity: Entity::$entity, measure: |$look| $measure },)+];
    };
}

circumstances! {
    Package "package-publishes" "publishes of the package, logarithm" |look| log(look.package.n);
    Package "package-age" "age of the package, log hours" |look| hours((look.package.n > 0).then(|| look.event.at - look.package.first));
    Package "package-gap" "since its last publish, log hours" |look| hours(look.now.package_gap);
    Package "silence" "silence before the session, log hours" |look| hours(look.now.silence);
    Package "usual-gap" "its usual gap, mean log hours" |look| spread(&look.package.gaps[channel_kind(look.event)]).0;
    Package "gap-spread" "spread of its gaps, log hours" |look| spread(&look.package.gaps[channel_kind(look.event)]).1;
    Package "session" "since the session began, log hours" |look| hours(look.now.in_session.then(|| look.event.at - look.package.session.start));
    Package "session-publishes" "publishes of the session before this one" |look| if look.now.in_session { number(look.package.session.publishes) } else { 0.0 };
    Package "line-publishes" "publishes of the release line, logarithm" |look| look.package.line(look.event).map_or(0.0, |line| log(line.n));
    Package "line-gap" "since the line's last publish, log hours" |look| hours(look.now.line_gap);
    Package "step" "0 below the line's highest, 1 equal, 2 patch, 3 minor, 4 new line" |look| step(look);
    Package "majors" "major lines published within a day" |look| number(look.now.majors);
    Package "old-line" "the package has a higher stable line" |look| flag(look.package.lines.iter().any(|line| line.stable && line.major > look.event.number.triple.0));
    Package "majors-habit" "share of publishes with several majors a day" |look| rate(look.package.several_majors);
    Package "rapid-habit" "share of publishes within three hours of another" |look| rate(look.package.rapid);
    Actor "account-publishes" "publishes of the account, logarithm" |look| log(look.actor.n);
    Actor "account-age" "age of the account here, log hours" |look| hours((look.actor.n > 0).then(|| look.event.at - look.actor.first));
    Actor "account-gap" "since its last publish, log hours" |look| hours(look.now.actor_gap);
    Actor "account-rate" "publishes a day" |look| narrow(look.actor.per_day());
    Package "account-away" "since it last published this package, log hours" |look| hours(look.package.familiarity(look.event.actor).map(|known| look.event.at - known.last));
    Package "account-share" "share of the package's publishes" |look| look.package.familiarity(look.event.actor).map_or(0.0, |known| number(known.n) / number(look.package.actors.n.max(1)));
    Actor "account-hour" "share of its publishes in this hour" |look| look.actor.hours.bins[hour_bin(look.event.at)] / look.actor.hours.total.max(1.0);
    Package "account-here" "its publishes of this package, logarithm" |look| look.package.familiarity(look.event.actor).map_or(0.0, |known| log(known.n));
    Package "publishers" "accounts that published the package" |look| length(look.package.actors.seen.len());
    Actor "portfolio" "packages of the account, logarithm" |look| (1.0 + length(look.actor.portfolio.len())).ln();
    Actor "burst-packages" "packages in the burst" |look| number(look.now.burst.width);
    Actor "burst-against-widest" "width over the widest so far" |look| number(look.now.burst.width) / number(look.actor.bursts.widest.max(1));
    Actor "burst-woken" "packages in the burst that nobody had published for half a year" |look| number(look.now.burst.stale);
    Actor "burst-portfolio-share" "width over all packages of the account, percent" |look| number(look.now.burst.share);
    Actor "burst-age" "since the burst began, log hours" |look| hours((!look.now.burst.begins).then_some(look.now.burst.age));
    Package "owners" "owners of the package" |look| length(look.words.list(look.event.maintainers).len());
    Package "owner-since" "since the publisher was first seen as an owner, log hours" |look| hours(look.package.owners.iter().find(|(owner, _)| *owner == look.event.publisher).map(|(_, since)| look.event.at - since));
    Package "provenance-habit" "share of publishes with provenance since the first, -1 for none" |look| practice(&look.package.provenance);
    Package "trusted-habit" "the same of the trusted-publisher stamp" |look| practice(&look.package.trusted);
    Package "trusted" "published by a trusted publisher" |look| flag(look.event.is_trusted_publisher());
    Package "attested" "provenance is recorded" |look| flag(look.event.provenance.is_some());
    Package "commit" "a commit is named" |look| flag(look.event.git_head.is_some());
    Package "commit-absent-habit" "share of publishes that name no commit" |look| rate(look.package.git_head_absent);
    Package "hook" "an install hook is there" |look| flag(look.event.install_scripts.is_some());
    Package "hook-habit" "share of publishes with an install hook" |look| rate(look.package.hooked);
    Package "size-growth" "growth of the size in tens of percent, logarithm" |look| tens(look.now.size_growth);
    Package "file-growth" "growth of the file count in tens of percent, logarithm" |look| tens(look.now.file_growth);
    Package "addition-age" "since a new dependency was first seen, log hours; -9 for none, 20 for never" |look| look.now.addition.map_or(NONE, |name| look.world.first_seen(name, look.event.at).map_or(20.0, |first| log_hours(look.event.at - first)));
    Package "added" "dependencies that the package never had" |look| number(look.now.added);
}

fn log(n: u32) -> f32 {
    (1.0 + number(n)).ln()
}

#[allow(clippy::cast_precision_loss, reason = "counts, far below 2^24 where it matters")]
fn number(n: u32) -> f32 {
    n as f32
}

#[allow(clippy::cast_precision_loss, reason = "counts, far below 2^24 where it matters")]
fn length(n: usize) -> f32 {
    n as f32
}

#[allow(clippy::cast_possible_truncation, reason = "a rate needs few digits")]
fn narrow(x: f64) -> f32 {
    x as f32
}

fn flag(is: bool) -> f32 {
    f32::from(u8::from(is))
}

fn hours(gap: Option<i64>) -> f32 {
    gap.map_or(NONE, log_hours)
}

fn rate(past: Rate) -> f32 {
    if past.n > 0.0 { past.hits / past.n } else { 0.0 }
}

fn practice(past: &Practice) -> f32 {
    if past.with > 0 { 1.0 - rate(past.lapses) } else { -1.0 }
}

fn spread(past: &Spread) -> (f32, f32) {
    if past.n > 1.0 { (past.mean, (past.m2 / past.n).sqrt()) } else { (NONE, NONE) }
}

/// Growth below ten per cent counts as none: rebuilt packages differ by that much.
fn tens(growth: Option<u32>) -> f32 {
    log(growth.unwrap_or_default() / 10)
}

fn step(look: &Look) -> f32 {
    let Some(line) = look.package.line(look.event) else { return 4.0 };
    let (highest, number) = (line.highest, look.event.number.triple);
    match number.cmp(&highest) {
        std::cmp::Ordering::Less => 0.0,
        std::cmp::Ordering::Equal => 1.0,
        std::cmp::Ordering::Greater if number.1 == highest.1 => 2.0,
        std::cmp::Ordering::Greater => 3.0,
    }
}

/// Columns in all.
#[must_use]
pub fn count() -> usize {
    SIGNALS.len() + SUMS.len() + CIRCUMSTANCES.len()
}

/// Their names, in order.
#[must_use]
pub fn names() -> Vec<&'static str> {
    SIGNALS.iter().map(|s| s.id).chain(SUMS).chain(CIRCUMSTANCES.iter().map(|c| c.id)).collect()
}

/// May the column only raise a score as it grows?
#[must_use]
pub fn only_raises(column: usize) -> bool {
    column < SIGNALS.len() + SUMS.len()
}

/// Fills `row` with the columns of one event.
pub fn fill(look: &Look, judgements: &[Judgement], row: &mut Vec<f32>) {
    row.clear();
    row.extend(judgements.iter().map(|j| j.bits()));
    add_sums(row);
    row.extend(CIRCUMSTANCES.iter().map(|c| (c.measure)(look)));
}

/// Puts the sums behind the surprises.
pub fn add_sums(row: &mut Vec<f32>) {
    let mut top = [0.0f32; 4];
    let (mut sum, mut capped, mut above_6, mut above_3) = (0.0, 0.0, 0u32, 0u32);
    for &bits in row.iter().filter(|bits| **bits > 0.0) {
        sum += bits;
        capped += bits.min(ENOUGH);
        above_6 += u32::from(bits > 6.0);
        above_3 += u32::from(bits > 3.0);
        let mut next = bits;
        for slot in &mut top {
            if next > *slot {
                std::mem::swap(slot, &mut next);
            }
        }
    }
    row.extend([sum, capped]);
    row.extend(top);
    row.extend([number(above_6), number(above_3)]);
}

/// The same circumstances without any surprise.
#[must_use]
pub fn usual(row: &[f32]) -> Vec<f32> {
    let mut usual = row.to_vec();
    usual[..SIGNALS.len() + SUMS.len()].fill(0.0);
    usual
}

/// Gives what sums contributed to the signals that made them, in proportion to their bits.
/// `points` is one number a column; the result is one number a signal with the same total.
#[must_use]
pub fn by_signal(row: &[f32], points: &[i32]) -> Vec<i32> {
    let signals = SIGNALS.len();
    let mut own = points[..signals].to_vec();
    let shared: i32 = points[signals..].iter().sum();
    let total: f64 = row[..signals].iter().map(|bits| f64::from(*bits)).sum();
    if total > 0.0 {
        let parts: Vec<f64> = row[..signals].iter().map(|bits| f64::from(shared) * f64::from(*bits) / total).collect();
        for (own, share) in own.iter_mut().zip(super::forest::whole(&parts, shared)) {
            *own += share;
        }
    }
    own
}
