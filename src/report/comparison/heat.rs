//! Recall of every method on every campaign, as shades.

use super::drawing::{Anchor, Drawing};
use super::shown;
use crate::engine::evaluate::incidents::Method;
use crate::engine::evaluate::{Evaluation, OURS};

const LEFT: f64 = 168.0;
const TOP: f64 = 140.0;
const CELL: (f64, f64) = (31.0, 20.0);
/// Room between groups of methods, and above the means.
const APART: f64 = 8.0;

/// Draws the table: campaigns that we find most of first.
#[allow(clippy::cast_precision_loss, reason = "counts of rows and columns")]
pub fn table(evaluation: &Evaluation) -> String {
    let methods = shown(evaluation);
    let mut campaigns: Vec<&String> = methods.first().map(|m| m.campaigns.keys().collect()).unwrap_or_default();
    let ours = |campaign: &String| -> f64 {
        methods.iter().filter(|m| m.name == OURS).filter_map(|m| Some(m.campaigns.get(campaign)?.recall())).sum()
    };
    campaigns.sort_by(|a, b| ours(b).total_cmp(&ours(a)));
    let mut place = LEFT;
    let mut before = None;
    let columns: Vec<f64> = methods
        .iter()
        .map(|method| {
            let group = (method.name == OURS, method.budget.is_some());
            place += if before.replace(group).is_some_and(|last| last != group) { APART } else { 0.0 };
            place += CELL.0;
            place - CELL.0
        })
        .collect();
    let height = TOP + campaigns.len() as f64 * CELL.1 + APART + CELL.1;
    let mut drawing = Drawing::new(place + 70.0, height + 46.0, "Recall by campaign and method");
    for (method, x) in methods.iter().zip(&columns) {
        drawing.turned((x + 20.0, TOP - 8.0), -50.0, Anchor::Start, "name", &column(method));
    }
    for (row, campaign) in campaigns.iter().enumerate() {
        let y = TOP + row as f64 * CELL.1;
        drawing.text((LEFT - 10.0, y + 14.0), Anchor::End, "name", campaign);
        for (method, x) in methods.iter().zip(&columns) {
            if let Some(found) = method.campaigns.get(*campaign) {
                let says = format!(
                    "{campaign}, {}: {} of {} found, {} on the first version",
                    method.title(),
                    found.found,
                    found.incidents,
                    found.at_once
                );
                cell(&mut drawing, (*x, y), found.recall(), &says);
            }
        }
    }
    let y = height - CELL.1;
    drawing.text((LEFT - 10.0, y + 14.0), Anchor::End, "strong", "mean");
    for (method, x) in methods.iter().zip(&columns) {
        cell(&mut drawing, (*x, y), method.mean_campaign_recall, &format!("{}: mean", mean(method)));
    }
    scale(&mut drawing, height + 18.0);
    drawing.svg()
}

/// What stands above a column: the section says at which budget peers with a score are shown.
fn column(method: &Method) -> String {
    if method.name == OURS { method.title() } else { method.name.clone() }
}

fn mean(method: &Method) -> String {
    format!("{} {:.3}", method.title(), method.mean_campaign_recall)
}

fn cell(drawing: &mut Drawing, (x, y): (f64, f64), recall: f64, says: &str) {
    drawing.rect((x, y), (CELL.0 - 1.0, CELL.1 - 1.0), &shade(recall), says);
    let class = match recall {
        r if r < 0.005 => "nought",
        r if r > 0.55 => "light",
        _ => "dark",
    };
    let number =
        if recall > 0.995 { "1".to_owned() } else { format!("{recall:.2}").trim_start_matches('0').to_owned() };
    let number = if recall < 0.005 { "0" } else { &number };
    drawing.text((x + CELL.0 / 2.0 - 0.5, y + 14.0), Anchor::Middle, class, number);
}

fn scale(drawing: &mut Drawing, y: f64) {
    drawing.text((LEFT - 10.0, y + 12.0), Anchor::End, "tick", "recall 0");
    for step in 0..=20 {
        let recall = f64::from(step) / 20.0;
        drawing.rect((LEFT + f64::from(step) * 10.0, y), (10.0, 14.0), &shade(recall), &format!("{recall:.2}"));
    }
    drawing.text((LEFT + 218.0, y + 12.0), Anchor::Start, "tick", "1");
}

/// From almost white to dark blue: lightness alone tells the order.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a colour channel, and one of three steps"
)]
fn shade(recall: f64) -> String {
    const STOPS: [[f64; 3]; 4] =
        [[244.0, 247.0, 250.0], [158.0, 202.0, 225.0], [49.0, 130.0, 189.0], [8.0, 48.0, 107.0]];
    let along = recall.clamp(0.0, 1.0) * 3.0;
    let low = (along.floor() as usize).min(2);
    let part = along - low as f64;
    let [r, g, b] = [0, 1, 2].map(|c| (STOPS[low][c] + part * (STOPS[low + 1][c] - STOPS[low][c])).round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}
