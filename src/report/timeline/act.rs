//! What the account did in the same hours, a line a minute.

use std::collections::{BTreeMap, BTreeSet};

use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::engine::investigate::Moment;
use crate::report::comparison::drawing::{Anchor, Axis, Drawing, Scale};

const MINUTE: i64 = 60_000;
/// Releases of a minute that are named; the rest is counted.
const NAMED: usize = 6;

/// One minute with something in it.
pub struct Minute {
    /// Its beginning.
    pub time: String,
    /// Publishes.
    pub publishes: usize,
    /// Distinct packages.
    pub packages: usize,
    /// Those without a recorded publisher.
    pub unnamed: usize,
    /// Those that are no longer public.
    pub removed: usize,
    /// The highest score.
    pub highest: String,
    /// The first releases.
    pub named: Vec<String>,
    /// How many more.
    pub more: usize,
    /// The release under the lens is among them.
    pub has_subject: bool,
}

/// Publishes in the order of time, grouped by minute.
pub fn minutes(act: &[Moment]) -> Vec<Minute> {
    let mut groups: BTreeMap<i64, Vec<&Moment>> = BTreeMap::new();
    for moment in act {
        groups.entry(moment.at.div_euclid(MINUTE)).or_default().push(moment);
    }
    groups.into_iter().map(|(minute, group)| of(minute, &group)).collect()
}

fn of(minute: i64, group: &[&Moment]) -> Minute {
    let packages: BTreeSet<&str> = group.iter().map(|m| m.release.package.as_str()).collect();
    // The one under the lens is always named.
    let named = group.iter().filter(|m| m.is_subject).chain(group.iter().filter(|m| !m.is_subject)).take(NAMED);
    Minute {
        time: show_time(minute * MINUTE)[..16].replace('T', " "),
        publishes: group.len(),
        packages: packages.len(),
        unnamed: group.iter().filter(|m| m.actor.is_empty()).count(),
        removed: group.iter().filter(|m| m.removed).count(),
        highest: group.iter().map(|m| m.points).max().map_or_else(String::new, show_points),
        named: named.map(|m| super::short(&m.release.to_string())).collect(),
        more: group.len().saturating_sub(NAMED),
        has_subject: group.iter().any(|m| m.is_subject),
    }
}

/// Publishes a minute as bars, where there is more than one publish.
pub fn plot(act: &[Moment]) -> Option<String> {
    const WIDTH: f64 = 660.0;
    const BOTTOM: f64 = 110.0;
    let (first, last) = (act.first()?.at.div_euclid(MINUTE), act.last()?.at.div_euclid(MINUTE));
    if act.len() < 3 {
        return None;
    }
    let mut counts: BTreeMap<i64, (u32, bool)> = BTreeMap::new();
    for moment in act {
        let slot = counts.entry(moment.at.div_euclid(MINUTE)).or_default();
        slot.0 += 1;
        slot.1 |= moment.is_subject;
    }
    let most = counts.values().map(|c| c.0).max().unwrap_or(1);
    let mut drawing = Drawing::new(WIDTH, BOTTOM + 24.0, "Publishes of the account, minute by minute");
    #[allow(clippy::cast_precision_loss, reason = "minutes of a day")]
    let span = (last - first + 1) as f64;
    let time = Axis { scale: Scale::Linear, numbers: (0.0, span), pixels: (46.0, WIDTH - 8.0) };
    let count = Axis { scale: Scale::Linear, numbers: (0.0, f64::from(most)), pixels: (BOTTOM, 12.0) };
    for mark in if most > 1 { vec![0, most] } else { vec![0] } {
        let y = count.at(f64::from(mark));
        drawing.line((46.0, y), (WIDTH - 8.0, y), if mark == 0 { "axis" } else { "grid" });
        drawing.text((40.0, y + 4.0), Anchor::End, "tick", &mark.to_string());
    }
    for (&minute, &(n, now)) in &counts {
        #[allow(clippy::cast_precision_loss, reason = "minutes of a day")]
        let left = time.at((minute - first) as f64);
        let width = ((WIDTH - 54.0) / span).clamp(2.0, 24.0);
        let top = count.at(f64::from(n));
        let says = format!("{} UTC: {n}", &show_time(minute * MINUTE)[11..16]);
        let fill = if now { "var(--alarm)" } else { "var(--accent)" };
        drawing.rect((left, top), (width, BOTTOM - top), fill, &says);
    }
    drawing.text((46.0, BOTTOM + 18.0), Anchor::Start, "tick", &show_time(first * MINUTE)[11..16]);
    drawing.text((WIDTH - 8.0, BOTTOM + 18.0), Anchor::End, "tick", &show_time(last * MINUTE)[11..16]);
    Some(drawing.svg())
}
