//! An evaluation as text, as JSON, and as a [`page`] of plots: one file a plot.

mod delay;
pub(super) mod drawing;
mod heat;
mod monthly;
pub mod page;
mod recall;

use std::fmt::Write;

use super::text::rarity;
use crate::detect::alert::show_points;
use crate::engine::evaluate::incidents::Method;
use crate::engine::evaluate::{BUDGETS, Evaluation, OURS};
use crate::engine::peers::hold::Hold;
use crate::error::printable;

/// The budget at which peers with a score are shown beside the rules.
const BESIDE: u32 = 1_000;

/// The tables, for reading.
#[must_use]
pub fn text(evaluation: &Evaluation) -> String {
    let mut out = String::new();
    let _ =
        writeln!(out, "{} events, {} of them benign; model {}", evaluation.events, evaluation.benign, evaluation.model);
    methods(&mut out, evaluation);
    held_out(&mut out, evaluation);
    holds(&mut out, &evaluation.holds);
    campaigns(&mut out, evaluation);
    months(&mut out, evaluation);
    real(&mut out, evaluation);
    out
}

fn held_out(out: &mut String, evaluation: &Evaluation) {
    if evaluation.held_out.is_empty() {
        return;
    }
    out.push_str("\nthe model was made from campaigns of this table; found by models that were made without them:\n\n");
    for row in &evaluation.held_out {
        let _ = writeln!(
            out,
            "    {:<26} {:>28.3} {:>21.3}    {} campaigns",
            format!("left out 1/{}", row.budget),
            row.mean_campaign_recall,
            row.mean_campaign_first_recall,
            row.campaigns
        );
    }
}

fn methods(out: &mut String, evaluation: &Evaluation) {
    let _ = writeln!(
        out,
        "recall by incident, mean over campaigns, with its 95 % interval over campaigns; \"first\": on the first malicious publish;\n\
         n/a: benign publishes that the method cannot judge; time to the first alert over found incidents, middle and nine tenths:\n\
         malicious publishes up to it (1: at once) and minutes since the first\n"
    );
    let _ = writeln!(
        out,
        "{:<3} {:<26} {:>10} {:>8} {:>7} {:>13} {:>7} {:>13} {:>11} {:>9} {:>11} {:>15}",
        "#", "method", "alert rate", "n/a", "recall", "", "first", "", "incidents", "real", "publishes", "minutes"
    );
    for (number, method) in evaluation.methods.iter().enumerate() {
        let interval = |ends: [f64; 2]| format!("{:.3}-{:.3}", ends[0], ends[1]);
        let time = method.first_alert.map_or_else(
            || format!("{:>11} {:>15}", "-", "-"),
            |first| {
                let pair = |q: crate::engine::evaluate::incidents::Quantiles| format!("{:.0} / {:.0}", q.median, q.p90);
                format!("{:>11} {:>15}", pair(first.publishes), pair(first.minutes))
            },
        );
        let _ = writeln!(
            out,
            "{:<3} {:<26} {:>8.3} % {:>6.1} % {:>7.3} {:>13} {:>7.3} {:>13} {:>11} {:>9} {time}",
            number + 1,
            method.title(),
            method.alert_rate * 100.0,
            method.not_applicable * 100.0,
            method.mean_campaign_recall,
            interval(method.recall_interval),
            method.mean_campaign_first_recall,
            interval(method.first_recall_interval),
            format!("{} / {}", method.all.found, method.all.incidents),
            format!("{} / {}", method.real_publishes.1, method.real_publishes.0),
        );
    }
}

fn holds(out: &mut String, holds: &[Hold]) {
    let _ = writeln!(
        out,
        "\nholding every version for a time: no alerts, its price is the delay; recall is the share of malicious versions\n\
         that were reported or removed meanwhile, where the time of that is known\n"
    );
    for hold in holds {
        let recall = hold.recall.map_or_else(|| "not measurable".to_owned(), |recall| format!("{recall:.3}"));
        let _ = writeln!(
            out,
            "{:<26} delay {:>4} h, recall {recall}: {} of {} malicious versions; {} not measurable",
            hold.name, hold.delay_hours, hold.caught, hold.measurable, hold.not_measurable
        );
    }
}

fn campaigns(out: &mut String, evaluation: &Evaluation) {
    let ours: Vec<&Method> = evaluation.methods.iter().filter(|method| method.name == OURS).collect();
    let others: Vec<(usize, &Method)> = beside(evaluation);
    let _ = writeln!(
        out,
        "\nby campaign: our recall (first), and the recall of the others by their number, those with a score at 1/{BESIDE}\n"
    );
    let _ = write!(out, "{:<22}", "campaign");
    for method in &ours {
        let _ = write!(out, " {:>14}", method.budget.map_or_else(String::new, |budget| format!("1/{budget}")));
    }
    for (number, _) in &others {
        let _ = write!(out, " {number:>4}");
    }
    out.push('\n');
    for campaign in ours.first().into_iter().flat_map(|method| method.campaigns.keys()) {
        let _ = write!(out, "{:<22}", printable(campaign));
        for found in ours.iter().filter_map(|method| method.campaigns.get(campaign)) {
            let _ = write!(out, "    {:.2} ({:.2})", found.recall(), found.first_recall());
        }
        for found in others.iter().filter_map(|(_, method)| method.campaigns.get(campaign)) {
            let _ = write!(out, " {:.2}", found.recall());
        }
        out.push('\n');
    }
}

/// Ours, rules, and peers with a score at one budget: what tables with a column a method show.
fn shown(evaluation: &Evaluation) -> Vec<&Method> {
    let shown = |method: &&Method| method.name == OURS || method.budget.is_none_or(|budget| budget == BESIDE);
    evaluation.methods.iter().filter(shown).collect()
}

/// The peers with their numbers in the first table: rules, and those with a score at one budget.
fn beside(evaluation: &Evaluation) -> Vec<(usize, &Method)> {
    let numbered = evaluation.methods.iter().enumerate().map(|(at, method)| (at + 1, method));
    numbered.filter(|(_, m)| m.name != OURS && m.budget.is_none_or(|budget| budget == BESIDE)).collect()
}

fn months(out: &mut String, evaluation: &Evaluation) {
    let _ = writeln!(out, "\nour alerts a day on benign publishes, by month\n");
    let _ = write!(out, "{:<8} {:>5} {:>15}", "month", "days", "publishes a day");
    for budget in BUDGETS {
        let _ = write!(out, " {:>10}", format!("1/{budget}"));
    }
    out.push('\n');
    for month in &evaluation.months {
        let _ = write!(out, "{:<8} {:>5} {:>15.1}", month.month, month.days, month.publishes_a_day);
        for alerts in month.alerts_a_day {
            let _ = write!(out, " {alerts:>10.2}");
        }
        out.push('\n');
    }
    let nights = &evaluation.nights;
    let _ = writeln!(
        out,
        "\nthe {} highest scores of a day, over {} days with an attack ({:.1} malicious publishes each): {:.3} of them are\n\
         attacks, {:.3} at best; on {:.1} % of the days at least one is",
        nights.listed,
        nights.days,
        nights.attacks_a_day,
        nights.precision,
        nights.best_possible,
        nights.days_with_a_hit * 100.0
    );
}

fn real(out: &mut String, evaluation: &Evaluation) {
    if evaluation.real.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\nreal malicious versions: score, place among the publishes of the day, rarity, largest reason\n"
    );
    let mut campaign = "";
    for publish in &evaluation.real {
        if publish.campaign != campaign {
            campaign = &publish.campaign;
            let _ = writeln!(out, "{}", printable(campaign));
        }
        let _ = writeln!(
            out,
            "  {:>6} {:>12} {:>14}  {}: {}",
            show_points(publish.points),
            format!("{} of {}", publish.rank, publish.of),
            rarity(publish.p_value),
            printable(&publish.release),
            printable(if publish.sentence.is_empty() { "nothing unusual" } else { &publish.sentence }),
        );
    }
}

/// The same for a program.
#[must_use]
pub fn json(evaluation: &Evaluation) -> String {
    // Strings and numbers always serialise.
    super::escaped(&serde_json::to_string_pretty(evaluation).unwrap_or_default()) + "\n"
}
