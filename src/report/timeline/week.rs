//! When the account publishes: hours of the week, with this publish marked.

use crate::engine::investigate::habits::Habits;
use crate::report::comparison::drawing::{Anchor, Drawing};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const CELL: f64 = 26.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 6.0;

/// The week as a grid: a day a row, an hour a column, darker where more was published.
pub fn plot(habits: &Habits) -> String {
    let most = habits.week.iter().flatten().copied().max().unwrap_or(0);
    let mut drawing =
        Drawing::new(LEFT + 24.0 * CELL + 6.0, TOP + 7.0 * CELL + 24.0, "Past publishes by hour of the week");
    let mut left = LEFT;
    for hour in 0..24usize {
        let mut top = TOP;
        for (day, name) in DAYS.iter().enumerate() {
            let n = habits.week[day][hour];
            let now = (day, hour) == habits.now;
            let says = format!("{name} {hour:02}:00 UTC: {n} past publishes{}", if now { "; this one" } else { "" });
            drawing.rect((left, top), (CELL - 2.0, CELL - 2.0), shade(n, most), &says);
            if now {
                drawing.diamond((left + CELL / 2.0 - 1.0, top + CELL / 2.0 - 1.0), 8.0, "var(--alarm)", &says);
            }
            top += CELL;
        }
        if hour % 3 == 0 {
            drawing.text((left, TOP + 7.0 * CELL + 14.0), Anchor::Start, "tick", &format!("{hour:02}"));
        }
        left += CELL;
    }
    let mut y = TOP + CELL / 2.0 + 3.0;
    for day in DAYS {
        drawing.text((LEFT - 8.0, y), Anchor::End, "tick", day);
        y += CELL;
    }
    drawing.svg()
}

/// One of five shades, by the square root of the count: a single publish is still seen.
fn shade(n: u32, most: u32) -> &'static str {
    const SHADES: [&str; 5] = ["var(--heat-0)", "var(--heat-1)", "var(--heat-2)", "var(--heat-3)", "var(--heat-4)"];
    if n == 0 {
        return SHADES[0];
    }
    let share = (f64::from(n) / f64::from(most.max(1))).sqrt();
    match share {
        s if s < 0.3 => SHADES[1],
        s if s < 0.55 => SHADES[2],
        s if s < 0.8 => SHADES[3],
        _ => SHADES[4],
    }
}
