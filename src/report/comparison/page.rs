//! The plots of an evaluation on one page that needs nothing else: no script, no other file.

use std::fmt::Write;

use super::drawing::escape;
use super::{delay, heat, monthly, recall};
use crate::engine::evaluate::Evaluation;
use crate::report::text::grouped;

const STYLE: &str = "\
body{font:15px/1.5 system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif;color:#1b2430;background:#fff;\
max-width:1120px;margin:32px auto;padding:0 20px}\
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:44px 0 4px}p{margin:4px 0 12px;color:#44505f;max-width:80ch}\
svg{width:100%;height:auto;display:block;font:12px system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif}\
text{fill:#1b2430}.grid{stroke:#e4e8ed;stroke-width:1}.axis{stroke:#5f6b7a;stroke-width:1}\
.tick{fill:#5f6b7a;font-size:11.5px}.label{fill:#44505f;font-size:13px}.strong{font-weight:600;font-size:12.5px}\
.ours{font-weight:700;fill:#0072b2;font-size:12.5px}.mark{font-size:11px;fill:#44505f;font-weight:600}\
.dark,.light,.nought{font-size:10.5px}.light{fill:#fff}.nought{fill:#a3adb8}\
table{border-collapse:collapse;font-size:13px;width:100%}th,td{padding:4px 8px;border-bottom:1px solid #e4e8ed;\
text-align:left;vertical-align:top}th{color:#44505f;font-weight:600}.n{text-align:right;white-space:nowrap;\
font-variant-numeric:tabular-nums}td.name{white-space:nowrap}tr.first td{font-weight:600;color:#0072b2}";

/// The whole page.
#[must_use]
pub fn html(evaluation: &Evaluation) -> String {
    let incidents = evaluation.methods.first().map_or(0, |method| method.all.incidents);
    let campaigns = evaluation.methods.first().map_or(0, |method| method.campaigns.len());
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>gaitkeeper: evaluation</title><style>{STYLE}</style></head><body>\n\
         <h1>How many takeovers are found</h1>\n\
         <p>{incidents} incidents of {campaigns} campaigns in a history of {} publishes, {} of them benign. Model {}.</p>\n",
        grouped(evaluation.events as u64),
        grouped(evaluation.benign as u64),
        escape(&evaluation.model)
    );
    let sections: [(&str, &str, String); 4] = [
        (
            "Recall against alerts",
            "An incident counts as found when any of its publishes is above the threshold; recall is the mean over \
             campaigns. Thresholds come from the same history without attacks. Bars: 95 % interval over campaigns. \
             Methods with a score are curves over three budgets, rules are single points.",
            recall::plot(evaluation),
        ),
        (
            "Recall by campaign",
            "Peers with a score at 1/1,000. From left to right: ours at three budgets, rules, scores.",
            heat::table(evaluation),
        ),
        (
            "Alerts a day",
            "Our alerts on benign publishes of this history, month by month. One threshold for the whole history, so \
             that months differ.",
            monthly::plot(evaluation),
        ),
        (
            "Time to the first alert",
            "Over the incidents that a method found at all: a method that finds few may be quick on those. \
             Peers with a score at 1/1,000.",
            delay::plot(evaluation),
        ),
    ];
    for (title, text, drawing) in sections {
        let _ = writeln!(out, "<h2>{title}</h2>\n<p>{text}</p>\n{drawing}");
    }
    table(&mut out, evaluation);
    out.push_str("</body></html>\n");
    out
}

fn table(out: &mut String, evaluation: &Evaluation) {
    out.push_str(
        "<h2>The methods</h2>\n<table><tr><th></th><th>method</th><th>what it does</th><th class=\"n\">alerts</th>\
         <th class=\"n\">cannot judge</th><th class=\"n\">recall</th><th class=\"n\">first version</th></tr>\n",
    );
    let families = recall::families(evaluation);
    let numbered =
        families.iter().enumerate().flat_map(|(at, family)| family.iter().map(move |method| (at + 1, *method)));
    for (number, method) in numbered {
        let interval = |mean: f64, [low, high]: [f64; 2]| format!("{mean:.2} ({low:.2} to {high:.2})");
        let _ = writeln!(
            out,
            "<tr{}><td class=\"n\">{number}</td><td class=\"name\">{}</td><td>{}</td><td class=\"n\">{:.3} %</td>\
             <td class=\"n\">{:.1} %</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            if number == 1 { " class=\"first\"" } else { "" },
            escape(&method.title()),
            escape(&method.rule),
            method.alert_rate * 100.0,
            method.not_applicable * 100.0,
            interval(method.mean_campaign_recall, method.recall_interval),
            interval(method.mean_campaign_first_recall, method.first_recall_interval),
        );
    }
    for hold in &evaluation.holds {
        let recall = hold.recall.map_or_else(
            || "not measurable".to_owned(),
            |recall| format!("{recall:.2} of {} malicious versions", hold.measurable),
        );
        let _ = writeln!(
            out,
            "<tr><td></td><td class=\"name\">{}</td><td>{}; {} malicious versions are not measurable</td>\
             <td class=\"n\">holds all</td><td></td><td class=\"n\">{recall}</td><td class=\"n\">{} h delay</td></tr>",
            escape(&hold.name),
            escape(&hold.rule),
            hold.not_measurable,
            hold.delay_hours,
        );
    }
    out.push_str("</table>\n");
}
