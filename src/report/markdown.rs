//! For a step's summary or a comment: GitHub's Markdown, a short table, and what is behind each row collapsed.
//!
//! Names are code, so that a forge neither obeys nor links nor notifies them. The text stays below the 65,536 characters
//! that a comment may have.

use std::fmt::Write;

use super::escape::{self, markdown_code};
use super::grouping::{Block, blocks, in_brief};
use super::text::{CLOSING, grouped, rarity, remarks};
use super::view::{View, suppressed};
use super::{Format, claims};
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, show_points};

/// The row of the table.
pub static FORMAT: Format =
    Format { id: "markdown", about: "for a step's summary or a comment", file: "findings.md", write };

/// Members of a campaign with a row of their own.
const EXPANDED: usize = 3;
/// Reasons of one finding.
const REASONS: usize = 8;
/// Bytes up to which rows, and then details, are added.
const ROWS: usize = 30_000;
const ALL: usize = 56_000;

fn write(view: &View) -> String {
    let mut out = String::from("## gaitkeeper: ");
    match (view.findings.len(), view.budget) {
        (0, _) => out.push_str("no unusual publish\n\n"),
        (1, Some(_)) => out.push_str("1 unusual publish\n\n"),
        (n, budget) => {
            let what = if budget.is_some() { "unusual publishes" } else { "publishes" };
            let _ = writeln!(out, "{} {what}\n", grouped(n as u64));
        }
    }
    let listed = if view.findings.is_empty() { &view.closest } else { &view.findings };
    if view.findings.is_empty() && !listed.is_empty() {
        out.push_str("What comes closest:\n\n");
    }
    if !listed.is_empty() {
        out.push_str("| release | published | by | rarity | what weighs most |\n| --- | --- | --- | --- | --- |\n");
        rows(&mut out, view);
        details(&mut out, listed, &view.investigate);
    }
    for line in remarks(view) {
        let _ = writeln!(out, "- {}", escape::markdown(&line));
    }
    if let Some(elsewhere) = &view.elsewhere {
        const LISTED: usize = 20;
        let _ = writeln!(out, "- {}", escape::markdown(&elsewhere.sentence()));
        for one in elsewhere.not_alerted.iter().take(LISTED) {
            let (release, said) = (markdown_code(&one.release.to_string()), escape::markdown(&claims(&one.claims)));
            let _ = writeln!(out, "  - {release} {}: {said}", rarity(one.p_value));
        }
    }
    for line in suppressed::lines(view) {
        let _ = writeln!(out, "- {}", escape::markdown(&line));
    }
    for line in CLOSING {
        let _ = writeln!(out, "- {line}");
    }
    out
}

fn rows(out: &mut String, view: &View) {
    let mut left = 0;
    let mut add = |text: String, findings: usize| {
        if out.len() + text.len() <= ROWS {
            out.push_str(&text);
        } else {
            left += findings;
        }
    };
    view.closest.iter().for_each(|finding| add(row(finding), 1));
    for block in blocks(view) {
        match block {
            Block::One(finding) => add(row(finding), 1),
            Block::Campaign(campaign, members) => {
                let (id, brief) = (markdown_code(&campaign.id), escape::markdown(&in_brief(campaign)));
                add(format!("| campaign {id} | | | | {brief} |\n"), 0);
                members.iter().take(EXPANDED).for_each(|member| add(row(member), 1));
                let more = members.len().saturating_sub(EXPANDED);
                if more > 0 {
                    add(format!("| and {} more of campaign {id} | | | | |\n", grouped(more as u64)), more);
                }
            }
        }
    }
    if left > 0 {
        let _ = writeln!(out, "| and {} more, which csv and jsonl list | | | | |", grouped(left as u64));
    }
    out.push('\n');
}

fn row(finding: &Finding) -> String {
    let reason = finding.reasons.iter().find(|reason| reason.raises());
    let removed = if finding.removed { ", no longer public" } else { "" };
    format!(
        "| {} | {} | {} | {} | {}{removed} |\n",
        markdown_code(&finding.release.to_string()),
        show_time(finding.at),
        markdown_code(&finding.actor),
        rarity(finding.p_value),
        reason.map_or_else(String::new, |reason| escape::markdown(&reason.sentence)),
    )
}

/// One collapsed section a finding, as many as there is room for.
fn details(out: &mut String, findings: &[Finding], investigate: &str) {
    let mut without = 0;
    for finding in findings {
        let section = section(finding, investigate);
        if out.len() + section.len() <= ALL {
            out.push_str(&section);
        } else {
            without += 1;
        }
    }
    if without > 0 {
        let _ =
            writeln!(out, "{} more without their reasons here; csv-signals and jsonl hold them.\n", grouped(without));
    }
}

fn section(finding: &Finding, investigate: &str) -> String {
    let release = escape::html(&finding.release.to_string());
    let mut out = format!(
        "<details><summary><code>{release}</code> score {}</summary>\n\n| points | reason | signal |\n| ---: | --- | --- |\n",
        show_points(finding.points)
    );
    let footing = finding.reasons.iter().filter(|reason| reason.is_footing());
    let raising = finding.reasons.iter().filter(|reason| reason.raises()).take(REASONS);
    let mut rest = finding.points;
    for reason in raising.chain(footing) {
        rest -= reason.points;
        let (points, sentence) = (show_points(reason.points), escape::markdown(&reason.sentence));
        let _ = writeln!(out, "| {points} | {sentence} | {} |", markdown_code(&reason.name));
    }
    if rest != 0 {
        let _ = writeln!(out, "| {} | everything else | |", show_points(rest));
    }
    out.push('\n');
    if let Some(raised) = &finding.raised {
        let _ = writeln!(out, "Raised by {}, visible from {}.\n", raised.cause.words(), show_time(raised.visible_at));
    }
    if let Some(caveat) = finding.caveat {
        let _ = writeln!(out, "Hardly judged: {caveat}.\n");
    }
    for claim in &finding.corroboration {
        let _ = writeln!(out, "Elsewhere: {}\n", escape::markdown(&claim.to_string()));
    }
    let command = format!("{investigate} {}", finding.release);
    let _ = writeln!(out, "More: {}\n\n</details>\n", markdown_code(&command));
    out
}
