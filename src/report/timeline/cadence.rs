//! Pictures over time: the gap before each version of the package, and the score of each, with this one marked.

use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::detect::wording::span;
use crate::engine::investigate::Moment;
use crate::engine::investigate::habits::Habits;
use crate::report::comparison::drawing::{Anchor, Axis, Drawing, Scale};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WIDTH: f64 = 660.0;
const LEFT: f64 = 82.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 190.0;
const PAST: &str = "var(--accent)";
const NOW: &str = "var(--alarm)";
/// Marks of the gap axis, milliseconds.
const GAPS: [(i64, &str); 7] = [
    (10_000, "10 s"),
    (10 * MINUTE, "10 min"),
    (3 * HOUR, "3 h"),
    (DAY, "1 day"),
    (10 * DAY, "10 days"),
    (100 * DAY, "100 days"),
    (1_000 * DAY, "1,000 days"),
];

#[allow(clippy::cast_precision_loss, reason = "milliseconds of some decades are far below 2^52")]
fn float(n: i64) -> f64 {
    n as f64
}

/// The times, from the first to the last, and a little room.
fn times(first: i64, last: i64) -> Axis {
    let last = last.max(first + DAY);
    Axis { scale: Scale::Linear, numbers: (float(first), float(last)), pixels: (LEFT + 8.0, WIDTH - 14.0) }
}

fn frame(drawing: &mut Drawing, time: &Axis, first: i64, last: i64) {
    drawing.line((LEFT, BOTTOM), (WIDTH - 6.0, BOTTOM), "axis");
    let last = last.max(first + DAY);
    for part in 0..=3 {
        let at = first + (last - first) / 3 * part;
        let anchor = match part {
            0 => Anchor::Start,
            3 => Anchor::End,
            _ => Anchor::Middle,
        };
        drawing.text((time.at(float(at)), BOTTOM + 18.0), anchor, "tick", &show_time(at)[..10]);
    }
}

/// The gap before each past version on a logarithmic scale; `None` where there is no gap to show.
pub fn gaps(habits: &Habits) -> Option<String> {
    let (now, gap) = (habits.gap.0, habits.gap.1?);
    let first = habits.gaps.first().map_or(now - DAY, |(at, _)| *at);
    let mut drawing =
        Drawing::new(WIDTH, BOTTOM + 26.0, "Gap before each version of the package, on a logarithmic scale");
    let time = times(first, now);
    let axis = Axis { scale: Scale::Log, numbers: (1_000.0, float(3_000 * DAY)), pixels: (BOTTOM - 6.0, TOP) };
    for (mark, name) in GAPS {
        let y = axis.at(float(mark));
        drawing.line((LEFT, y), (WIDTH - 6.0, y), "grid");
        drawing.text((LEFT - 8.0, y + 4.0), Anchor::End, "tick", name);
    }
    frame(&mut drawing, &time, first, now);
    for &(at, gap) in &habits.gaps {
        let says = format!("{}: {} after the one before it", show_time(at), span(gap));
        drawing.dot((time.at(float(at)), axis.at(float(gap.max(1_000)))), 3.5, PAST, &says);
    }
    let says = format!("this one: {} after the one before it", span(gap));
    drawing.diamond((time.at(float(now)), axis.at(float(gap.max(1_000)))), 8.0, NOW, &says);
    Some(drawing.svg())
}

/// The score of each version that is shown.
pub fn scores(package: &[Moment]) -> Option<String> {
    let (first, last) = (package.first()?.at, package.last()?.at);
    let (low, high) = package.iter().fold((0, 0), |(low, high), m| (m.points.min(low), m.points.max(high)));
    let mut drawing = Drawing::new(WIDTH, BOTTOM + 26.0, "Score of each version of the package");
    let time = times(first, last);
    let (low, high) = (low - 100, high + 100);
    let axis = Axis { scale: Scale::Linear, numbers: (f64::from(low), f64::from(high)), pixels: (BOTTOM - 6.0, TOP) };
    let step = match high - low {
        few if few <= 1_000 => 200,
        some if some <= 2_500 => 500,
        _ => 1_000,
    };
    for mark in (low.div_euclid(step) + 1..=high.div_euclid(step)).map(|k| k * step) {
        let y = axis.at(f64::from(mark));
        drawing.line((LEFT, y), (WIDTH - 6.0, y), if mark == 0 { "axis" } else { "grid" });
        drawing.text((LEFT - 8.0, y + 4.0), Anchor::End, "tick", &(mark / 100).to_string());
    }
    frame(&mut drawing, &time, first, last);
    let dot = |drawing: &mut Drawing, moment: &Moment| {
        let place = (time.at(float(moment.at)), axis.at(f64::from(moment.points)));
        let says = format!(
            "{} {}: {}",
            show_time(moment.at),
            super::short(&moment.release.version),
            show_points(moment.points)
        );
        match (moment.is_subject, moment.removed) {
            (true, _) => drawing.diamond(place, 8.0, NOW, &says),
            (_, true) => drawing.dot(place, 3.5, "var(--dim)", &says),
            _ => drawing.dot(place, 3.5, PAST, &says),
        }
    };
    // The marked one last, so that nothing covers it.
    package.iter().filter(|m| !m.is_subject).for_each(|m| dot(&mut drawing, m));
    package.iter().filter(|m| m.is_subject).for_each(|m| dot(&mut drawing, m));
    Some(drawing.svg())
}
