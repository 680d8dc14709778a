//! Time to the first alert over found incidents: malicious publishes, and minutes.

use super::drawing::{Anchor, Axis, Drawing, OUR_COLOUR, Scale};
use super::shown;
use crate::engine::evaluate::incidents::{Method, Quantiles};
use crate::engine::evaluate::{Evaluation, OURS};

const TOP: f64 = 44.0;
const ROW: f64 = 22.0;
const NAMES: f64 = 190.0;
const PUBLISHES: (f64, f64) = (300.0, 620.0);
const MINUTES: (f64, f64) = (680.0, 1050.0);
const THEIRS: &str = "#5f6b7a";

/// Draws one row a method that found anything.
#[allow(clippy::cast_precision_loss, reason = "a count of methods")]
pub fn plot(evaluation: &Evaluation) -> String {
    let methods: Vec<&Method> = shown(evaluation).into_iter().filter(|m| m.first_alert.is_some()).collect();
    let bottom = TOP + methods.len() as f64 * ROW;
    let mut drawing = Drawing::new(1080.0, bottom + 30.0, "Time to the first alert, by method");
    let publishes = Axis { scale: Scale::Log, numbers: (1.0, 200.0), pixels: PUBLISHES };
    let minutes = Axis { scale: Scale::LogFromZero, numbers: (0.0, 1_440.0), pixels: MINUTES };
    drawing.text((NAMES + 84.0, TOP - 24.0), Anchor::End, "strong", "incidents found");
    panel(
        &mut drawing,
        &publishes,
        bottom,
        "malicious publishes up to it",
        &[(1.0, "1: at once"), (2.0, "2"), (5.0, "5"), (10.0, "10"), (20.0, "20"), (50.0, "50"), (100.0, "100")],
    );
    panel(
        &mut drawing,
        &minutes,
        bottom,
        "minutes after the first malicious publish",
        &[(0.0, "0"), (1.0, "1"), (5.0, "5"), (15.0, "15"), (60.0, "60"), (240.0, "240"), (1_440.0, "1 day")],
    );
    for (row, method) in methods.iter().enumerate() {
        let y = TOP + (row as f64 + 0.5) * ROW;
        let colour = if method.name == OURS { OUR_COLOUR } else { THEIRS };
        let class = if method.name == OURS { "ours" } else { "name" };
        drawing.text(
            (NAMES, y + 4.0),
            Anchor::End,
            class,
            &if method.name == OURS { method.title() } else { method.name.clone() },
        );
        let found = format!("{} of {}", method.all.found, method.all.incidents);
        drawing.text((NAMES + 84.0, y + 4.0), Anchor::End, "tick", &found);
        if let Some(first) = method.first_alert {
            span(&mut drawing, &publishes, y, first.publishes, colour);
            span(&mut drawing, &minutes, y, first.minutes, colour);
        }
    }
    drawing.text(
        (PUBLISHES.0, bottom + 24.0),
        Anchor::Start,
        "tick",
        "dot: half of the found incidents; end of the line: nine in ten",
    );
    drawing.svg()
}

fn panel(drawing: &mut Drawing, axis: &Axis, bottom: f64, title: &str, ticks: &[(f64, &str)]) {
    drawing.text((axis.pixels.0, TOP - 24.0), Anchor::Start, "strong", title);
    for (number, text) in ticks {
        let x = axis.at(*number);
        drawing.line((x, TOP), (x, bottom), "grid");
        drawing.text((x, TOP - 6.0), Anchor::Middle, "tick", text);
    }
}

fn span(drawing: &mut Drawing, axis: &Axis, y: f64, found: Quantiles, colour: &str) {
    let (median, end) = (axis.at(found.median), axis.at(found.p90));
    drawing.path(&[(median, y), (end, y)], colour, 2.0, "");
    drawing.path(&[(end, y - 5.0), (end, y + 5.0)], colour, 2.0, "");
    let says = format!("half within {:.1}, nine in ten within {:.1}", found.median, found.p90);
    drawing.dot((median, y), 5.0, colour, &says);
}
