//! A score as a waterfall: where such a publish starts, what each signal adds, and the sum, whole to the digit.

use crate::detect::alert::{Finding, show_points};

/// Width of a bar's picture, in its own units: it is stretched to the page.
const WIDTH: f64 = 1_000.0;

/// One step.
pub struct Step {
    /// Points with their sign.
    pub points: String,
    /// The sum up to here.
    pub sum: String,
    /// What it is.
    pub sentence: String,
    /// Signal id, `start:` and the cohort, or `prerelease`.
    pub name: String,
    /// Observed value, usual range and length of the history, where it is a signal.
    pub evidence: String,
    /// The bar, as SVG.
    pub bar: String,
}

/// The steps: the start first, then the largest first. The sums are those of whole hundredths, so that the last is
/// the score.
pub fn steps(finding: &Finding) -> Vec<Step> {
    let (start, signals): (Vec<_>, Vec<_>) = finding.reasons.iter().partition(|r| r.kind == "start");
    let reasons: Vec<_> = start.into_iter().chain(signals).collect();
    let mut sum = 0;
    let spans: Vec<(i32, i32)> = reasons
        .iter()
        .map(|reason| {
            let from = sum;
            sum += reason.points;
            (from, sum)
        })
        .collect();
    let low = spans.iter().map(|(from, to)| *from.min(to)).min().unwrap_or(0).min(0);
    let high = spans.iter().map(|(from, to)| *from.max(to)).max().unwrap_or(0).max(1);
    let place = |points: i32| WIDTH * f64::from(points - low) / f64::from((high - low).max(1));
    reasons
        .iter()
        .zip(&spans)
        .map(|(reason, &(from, to))| {
            let class = match reason.points {
                _ if reason.kind == "start" => "start",
                points if points >= 0 => "up",
                _ => "down",
            };
            let (left, right) = (place(from.min(to)), place(from.max(to)));
            let bar = format!(
                r#"<svg class="bar" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true"><line class="zero" x1="{0:.1}" x2="{0:.1}" y1="0" y2="12"/><rect class="{class}" x="{left:.1}" y="1" width="{1:.1}" height="10"/></svg>"#,
                place(0),
                (right - left).max(2.0)
            );
            let evidence = reason.bits.map_or_else(String::new, |bits| {
                let seen = &reason.seen;
                format!(
                    "observed {}; usual {}; n = {}; {bits:.1} bits",
                    super::short(&seen.observed),
                    super::short(&seen.usual),
                    seen.n
                )
            });
            let sign = if reason.points > 0 { "+" } else { "" };
            Step {
                points: format!("{sign}{}", show_points(reason.points)),
                sum: show_points(to),
                sentence: super::spoken(&reason.sentence),
                name: super::short(&reason.name),
                evidence,
                bar,
            }
        })
        .collect()
}
