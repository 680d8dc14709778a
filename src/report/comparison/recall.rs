//! Recall against the share of benign publishes that a method alerts on.

use super::drawing::{Anchor, Axis, COLOURS, Drawing, OUR_COLOUR, RULE, Scale};
use crate::engine::evaluate::incidents::Method;
use crate::engine::evaluate::{Evaluation, OURS};

const LEFT: f64 = 64.0;
const RIGHT: f64 = 820.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 500.0;
const KEY: f64 = 850.0;
/// Height of a label, and width of a digit.
const LABEL: (f64, f64) = (12.0, 6.6);

/// Methods with the same name belong together: a curve, or a single point.
pub fn families(evaluation: &Evaluation) -> Vec<Vec<&Method>> {
    let mut families: Vec<Vec<&Method>> = Vec::new();
    for method in &evaluation.methods {
        match families.last_mut() {
            Some(family) if family[0].name == method.name => family.push(method),
            _ => families.push(vec![method]),
        }
    }
    families
}

/// Draws every method.
pub fn plot(evaluation: &Evaluation) -> String {
    let families = families(evaluation);
    #[allow(clippy::cast_precision_loss, reason = "a count of methods")]
    let height = (BOTTOM + 60.0).max(TOP + 30.0 + families.len() as f64 * 18.0);
    let mut drawing = Drawing::new(1080.0, height, "Recall of every method against its alert rate");
    let x = Axis { scale: Scale::Log, numbers: (5e-5, 1.0), pixels: (LEFT, RIGHT) };
    let y = Axis { scale: Scale::Linear, numbers: (0.0, 1.0), pixels: (BOTTOM, TOP) };
    frame(&mut drawing, &x, &y);
    let mut styles = ["5 3", "1.5 2.5"].into_iter().flat_map(|dashes| COLOURS[2..].iter().map(move |c| (*c, dashes)));
    let mut taken: Vec<(f64, f64)> = Vec::new();
    let mut names = Vec::new();
    for (number, family) in families.iter().enumerate() {
        let place = |m: &Method| (x.at(m.alert_rate), y.at(m.mean_campaign_recall));
        let first = place(family[0]);
        let label = (number + 1).to_string();
        if family[0].name == OURS {
            curve(&mut drawing, family, place, (OUR_COLOUR, 3.0, "", 6.0));
            for method in family {
                let (at, [low, high]) = (place(method).0, method.recall_interval);
                drawing.path(&[(at, y.at(low)), (at, y.at(high))], OUR_COLOUR, 1.5, "");
            }
            names.push((label, family[0].name.clone(), OUR_COLOUR, ""));
            drawing.text((first.0 - 12.0, first.1 - 10.0), Anchor::End, "ours", OURS);
        } else if family[0].budget.is_some() {
            let (colour, dashes) = styles.next().unwrap_or((COLOURS[7], ""));
            curve(&mut drawing, family, place, (colour, 1.5, dashes, 3.5));
            names.push((label.clone(), family[0].name.clone(), colour, dashes));
            mark(&mut drawing, &mut taken, first, &label);
        } else {
            names.push((label.clone(), family[0].name.clone(), RULE, ""));
            mark(&mut drawing, &mut taken, first, &label);
            drawing.diamond(first, 5.0, RULE, &says(family[0]));
        }
    }
    key(&mut drawing, &names);
    drawing.svg()
}

fn frame(drawing: &mut Drawing, x: &Axis, y: &Axis) {
    for (rate, text) in
        [(1e-4, "0.01 %\n1/10,000"), (1e-3, "0.1 %\n1/1,000"), (1e-2, "1 %\n1/100"), (0.1, "10 %"), (1.0, "100 %")]
    {
        drawing.line((x.at(rate), TOP), (x.at(rate), BOTTOM), "grid");
        for (line, text) in text.split('\n').enumerate() {
            let below = if line == 0 { 18.0 } else { 32.0 };
            drawing.text((x.at(rate), BOTTOM + below), Anchor::Middle, "tick", text);
        }
    }
    for tenths in (0..=10).step_by(2) {
        let recall = f64::from(tenths) / 10.0;
        drawing.line((LEFT, y.at(recall)), (RIGHT, y.at(recall)), "grid");
        drawing.text((LEFT - 8.0, y.at(recall) + 4.0), Anchor::End, "tick", &format!("{recall:.1}"));
    }
    drawing.line((LEFT, BOTTOM), (RIGHT, BOTTOM), "axis");
    drawing.line((LEFT, TOP), (LEFT, BOTTOM), "axis");
    drawing.text(
        (f64::midpoint(LEFT, RIGHT), BOTTOM + 52.0),
        Anchor::Middle,
        "label",
        "alerts, share of benign publishes (logarithmic)",
    );
    drawing.turned(
        (18.0, f64::midpoint(TOP, BOTTOM)),
        -90.0,
        Anchor::Middle,
        "label",
        "recall by incident, mean over campaigns",
    );
}

fn curve(
    drawing: &mut Drawing,
    family: &[&Method],
    place: impl Fn(&Method) -> (f64, f64),
    (colour, width, dashes, radius): (&str, f64, &str, f64),
) {
    let points: Vec<(f64, f64)> = family.iter().map(|method| place(method)).collect();
    drawing.path(&points, colour, width, dashes);
    for (point, method) in points.into_iter().zip(family) {
        drawing.dot(point, radius, colour, &says(method));
    }
}

fn says(method: &Method) -> String {
    format!(
        "{}: recall {:.3}, first version {:.3}, alerts on {:.3} % of benign publishes",
        method.title(),
        method.mean_campaign_recall,
        method.mean_campaign_first_recall,
        method.alert_rate * 100.0
    )
}

/// A number beside a point, where no other number stands.
fn mark(drawing: &mut Drawing, taken: &mut Vec<(f64, f64)>, (x, y): (f64, f64), label: &str) {
    let around = (1..=4).flat_map(|ring| {
        let far = 9.0 + 9.0 * f64::from(ring);
        (0..12).map(move |step| {
            let angle = f64::from(step) * std::f64::consts::TAU / 12.0 - 0.6;
            (x + far * angle.cos(), y + far * angle.sin())
        })
    });
    let free = |place: &(f64, f64)| {
        let apart =
            |other: &(f64, f64)| (place.0 - other.0).abs() > 2.4 * LABEL.1 || (place.1 - other.1).abs() > LABEL.0 - 1.0;
        (TOP..BOTTOM - 6.0).contains(&place.1) && place.0 < RIGHT + 14.0 && taken.iter().all(apart)
    };
    let place = around.into_iter().find(free).unwrap_or((x, y - 14.0));
    taken.push(place);
    taken.push((x, y));
    drawing.path(&[(x, y), place], "#c9ced6", 0.7, "");
    drawing.text((place.0, place.1 + 4.0), Anchor::Middle, "mark", label);
}

fn key(drawing: &mut Drawing, names: &[(String, String, &str, &str)]) {
    let mut y = TOP + 8.0;
    for (number, name, colour, dashes) in names {
        drawing.text((KEY + 16.0, y), Anchor::End, "mark", number);
        if *colour == RULE {
            drawing.diamond((KEY + 30.0, y - 4.0), 5.0, colour, name);
        } else {
            drawing.path(&[(KEY + 20.0, y - 4.0), (KEY + 40.0, y - 4.0)], colour, 2.0, dashes);
            drawing.dot((KEY + 30.0, y - 4.0), 3.5, colour, name);
        }
        drawing.text((KEY + 46.0, y), Anchor::Start, "name", name);
        y += 18.0;
    }
}
