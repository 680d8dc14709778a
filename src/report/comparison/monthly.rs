//! Our alerts a day, month by month, one panel a budget.

use super::drawing::{Anchor, Axis, Drawing, OUR_COLOUR, Scale};
use crate::engine::evaluate::{BUDGETS, Evaluation};

const LEFT: f64 = 64.0;
const RIGHT: f64 = 1060.0;
const PANEL: f64 = 130.0;
const BETWEEN: f64 = 44.0;
const TOP: f64 = 30.0;

/// Draws the panels; a line marks what the budget comes to at that month's publishes.
#[allow(clippy::cast_precision_loss, reason = "counts of months")]
pub fn plot(evaluation: &Evaluation) -> String {
    let months = &evaluation.months;
    let panels = BUDGETS.len() as f64;
    let bottom = TOP + panels * PANEL + (panels - 1.0) * BETWEEN;
    let mut drawing = Drawing::new(1080.0, bottom + 48.0, "Alerts a day on benign publishes, by month");
    let step = (RIGHT - LEFT) / months.len().max(1) as f64;
    for (panel, budget) in BUDGETS.into_iter().enumerate() {
        let top = TOP + panel as f64 * (PANEL + BETWEEN);
        let base = top + PANEL;
        let most = months.iter().map(|month| month.alerts_a_day[panel]).fold(0.0, f64::max);
        let ceiling = nice(most);
        let y = Axis { scale: Scale::Linear, numbers: (0.0, ceiling), pixels: (base, top) };
        for quarter in 0..=4 {
            let value = ceiling * f64::from(quarter) / 4.0;
            drawing.line((LEFT, y.at(value)), (RIGHT, y.at(value)), "grid");
            drawing.text((LEFT - 8.0, y.at(value) + 4.0), Anchor::End, "tick", &short(value));
        }
        drawing.text((LEFT, top - 10.0), Anchor::Start, "strong", &format!("budget 1/{budget}: alerts a day"));
        let mut nominal = Vec::with_capacity(2 * months.len());
        for (at, month) in months.iter().enumerate() {
            let x = LEFT + at as f64 * step;
            let alerts = month.alerts_a_day[panel];
            let says = format!("{}: {alerts:.2} alerts a day of {:.0} publishes", month.month, month.publishes_a_day);
            drawing.rect((x + 1.5, y.at(alerts)), (step - 3.0, base - y.at(alerts)), OUR_COLOUR, &says);
            let even = y.at(month.publishes_a_day / f64::from(budget));
            nominal.extend([(x, even), (x + step, even)]);
        }
        drawing.path(&nominal, "#d55e00", 1.5, "");
        drawing.line((LEFT, base), (RIGHT, base), "axis");
    }
    for (at, month) in months.iter().enumerate() {
        let x = LEFT + at as f64 * step;
        if let Some((year, number)) = month.month.split_once('-')
            && (number == "01" || number == "07" || at == 0)
        {
            for panel in 0..BUDGETS.len() {
                let top = TOP + panel as f64 * (PANEL + BETWEEN);
                drawing.line((x, top), (x, top + PANEL + 4.0), "grid");
            }
            let text = if number == "01" || at == 0 { format!("{year}-{number}") } else { number.to_owned() };
            drawing.text((x + step / 2.0, bottom + 20.0), Anchor::Middle, "tick", &text);
        }
    }
    drawing.text((RIGHT, bottom + 40.0), Anchor::End, "tick", "orange: the budget at that month's publishes");
    drawing.svg()
}

/// The next of 1, 2, 4, 8 times a power of ten.
fn nice(most: f64) -> f64 {
    let unit = 10f64.powf(most.max(1e-3).log10().floor());
    [1.0, 2.0, 4.0, 8.0, 10.0].into_iter().map(|step| step * unit).find(|top| *top >= most).unwrap_or(unit * 10.0)
}

fn short(value: f64) -> String {
    let digits = format!("{value:.3}");
    let short = digits.trim_end_matches('0').trim_end_matches('.');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}
