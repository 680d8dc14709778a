//! An evaluation as a table and as JSON.

use std::fmt::Write;

use crate::engine::evaluate::{Evaluation, Method};
use crate::error::printable;

/// The table, for reading.
#[must_use]
pub fn text(evaluation: &Evaluation) -> String {
    let mut out = String::new();
    let _ =
        writeln!(out, "{} events, {} of them benign; model {}", evaluation.events, evaluation.benign, evaluation.model);
    let _ = writeln!(out, "recall by incident, mean over campaigns; \"first\": on the first malicious publish\n");
    let _ = writeln!(
        out,
        "{:<22} {:>10} {:>8} {:>8} {:>14} {:>14}",
        "method", "alert rate", "recall", "first", "incidents", "real publishes"
    );
    for method in &evaluation.methods {
        let _ = writeln!(
            out,
            "{:<22} {:>8.3} % {:>8.3} {:>8.3} {:>8} / {:<4} {:>6} / {:<4}",
            title(method),
            method.alert_rate * 100.0,
            method.mean_campaign_recall,
            method.mean_campaign_first_recall,
            method.all.found,
            method.all.incidents,
            method.real_publishes.1,
            method.real_publishes.0,
        );
    }
    let _ = writeln!(out, "\nby campaign: recall (first)");
    let _ = write!(out, "{:<22}", "campaign");
    for method in &evaluation.methods {
        let _ = write!(out, " {:>14}", title(method).replace("gaitkeeper ", ""));
    }
    out.push('\n');
    let campaigns = evaluation.methods.first().map(|m| &m.campaigns);
    for campaign in campaigns.into_iter().flat_map(|c| c.keys()) {
        let _ = write!(out, "{:<22}", printable(campaign));
        for found in evaluation.methods.iter().filter_map(|m| m.campaigns.get(campaign)) {
            let _ = write!(out, "    {:.2} ({:.2})", found.recall(), found.first_recall());
        }
        out.push('\n');
    }
    out
}

fn title(method: &Method) -> String {
    method.budget.map_or_else(|| method.name.clone(), |budget| format!("{} 1/{budget}", method.name))
}

/// The same for a program.
#[must_use]
pub fn json(evaluation: &Evaluation) -> String {
    // Strings and numbers always serialise.
    super::escaped(&serde_json::to_string_pretty(evaluation).unwrap_or_default()) + "\n"
}
