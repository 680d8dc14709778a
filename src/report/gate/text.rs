//! For a person at a terminal.

use std::fmt::Write;

use super::{GateView, Hold, Outcome, Problem, Release};
use crate::archive::table::show_time;
use crate::detect::alert::show_points;
use crate::detect::wording::span;
use crate::error::printable;
use crate::report::text::rarity;

/// Reasons of a score that are shown.
const REASONS: usize = 3;

pub(super) fn write(view: &GateView) -> String {
    let mut out = String::new();
    for release in view.listed() {
        self::release(&mut out, release);
    }
    for entry in view.listed_entries() {
        let bold = anstyle::Style::new().bold();
        let problem = std::slice::from_ref(&entry.problem);
        let _ = writeln!(out, "{} {bold}{}{bold:#}", mark(entry.problem.outcome), printable(&entry.name));
        problems(&mut out, problem);
        out.push('\n');
    }
    summary(&mut out, view);
    out
}

fn mark(outcome: Outcome) -> String {
    let style = match outcome {
        Outcome::Fail => anstyle::AnsiColor::Red.on_default().bold(),
        Outcome::Warn => anstyle::AnsiColor::Yellow.on_default(),
        Outcome::Pass => anstyle::Style::new(),
    };
    let name = outcome.name();
    format!("{style}{name}{style:#}")
}

fn release(out: &mut String, release: &Release) {
    let bold = anstyle::Style::new().bold();
    let _ = write!(out, "{} {bold}{}{bold:#}", mark(release.outcome()), release.name);
    if let Some(finding) = &release.finding {
        let _ = write!(out, "  score {}  {}", show_points(finding.points), rarity(finding.rarest()));
    }
    out.push('\n');
    if release.problems.is_empty() {
        return;
    }
    if let Some(finding) = &release.finding {
        let _ = writeln!(out, "     published {} by {}", show_time(finding.at), printable(&finding.actor));
    }
    problems(out, &release.problems);
    let told = release
        .problems
        .iter()
        .any(|problem| matches!(problem.reason, super::Reason::Alerted | super::Reason::Unusual));
    if let Some(finding) = release.finding.as_ref().filter(|_| told) {
        let raising = finding.reasons.iter().filter(|reason| reason.raises());
        for reason in raising.take(REASONS) {
            let _ = writeln!(out, "     {:>6}  {}", show_points(reason.points), printable(&reason.sentence));
        }
    }
    out.push('\n');
}

fn problems(out: &mut String, problems: &[Problem]) {
    for problem in problems {
        let note = match (problem.outcome, problem.accepted) {
            (_, true) => " (accepted)",
            (Outcome::Pass, false) => " (let pass)",
            _ => "",
        };
        let _ = writeln!(out, "     {}: {}{note}", problem.reason.name(), printable(&problem.says));
        if problem.outcome > Outcome::Pass {
            let _ = writeln!(out, "       do: {}", printable(&problem.remedy));
        }
    }
}

fn summary(out: &mut String, view: &GateView) {
    let entries =
        if view.entries.is_empty() { String::new() } else { format!(", {} other entries", view.entries.len()) };
    let _ = writeln!(
        out,
        "{}: {} releases{entries} ({}), as of {}: {} fail, {} warn, {} pass.",
        printable(&view.lock_file),
        view.releases.len(),
        view.format,
        show_time(view.as_of),
        view.count(Outcome::Fail),
        view.count(Outcome::Warn),
        view.count(Outcome::Pass),
    );
    let reasons: Vec<String> = view.reasons().iter().map(|(reason, n)| format!("{} {n}", reason.name())).collect();
    if !reasons.is_empty() {
        let _ = writeln!(out, "By reason: {}.", reasons.join(", "));
    }
    let holds = [Hold::MaySkip, Hold::Keep, Hold::Deserves].map(|hold| (view.holds(hold), hold));
    if holds.iter().any(|(n, _)| *n > 0) {
        let parts: Vec<String> = holds.iter().map(|(n, hold)| format!("{n} {}", plural(*hold))).collect();
        let _ = writeln!(out, "Younger than {}: {}.", span(view.cooldown), parts.join(", "));
    }
    if view.local > 0 {
        let _ = writeln!(out, "{} entries are the project's own, beside it, or inside other packages.", view.local);
    }
    let newest = view.newest.map_or_else(|| "nothing".to_owned(), show_time);
    let _ = writeln!(out, "The newest publish in {} is of {newest}.", printable(&view.source));
    let _ = writeln!(out, "Unusual is not malicious, and quiet is not safe: see docs/gate.md.");
}

fn plural(hold: Hold) -> &'static str {
    match hold {
        Hold::MaySkip => "may skip the cool-down",
        Hold::Keep => "need it",
        Hold::Deserves => "deserve it",
    }
}
