//! For a browser: one page that needs nothing else and asks nobody for anything. No script; its policy allows one style
//! sheet, by its hash.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Format;
use super::escape::shown;
use super::grouping::{Block, blocks, in_brief};
use super::text::{CLOSING, grouped, rarity, remarks};
use super::view::{View, suppressed};
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, Reason, show_points};

/// The row of the table.
pub static FORMAT: Format =
    Format { id: "html", about: "one page for a browser, which needs nothing else", file: "findings.html", write };

const STYLE: &str = concat!(include_str!("style.css"), include_str!("html/findings.css"));
/// Findings shown in full; the rest of a flood is a list, and the rest of that a number.
const FULL: usize = 200;
/// Members of a campaign shown in full.
const EXPANDED: usize = 3;
/// Rows of lists.
const LISTED: usize = 2_000;
/// Reasons shown at once; the others follow on demand.
const REASONS: usize = 6;

/// Everything that the template shows. Strings are [`shown`] already; the template escapes them.
#[derive(Template)]
#[template(path = "report/html/findings.html")]
struct Page {
    style: &'static str,
    style_hash: String,
    title: String,
    parts: Vec<Part>,
    closest: Vec<Card>,
    remarks: Vec<String>,
    suppressed: Vec<String>,
    elsewhere: Option<(String, Vec<Row>)>,
    closing: [&'static str; 2],
}

/// A finding of its own, or a campaign.
struct Part {
    campaign: Option<(String, String)>,
    cards: Vec<Card>,
    rows: Vec<Row>,
    more: usize,
}

/// A finding in one line.
struct Row {
    release: String,
    at: String,
    rarity: String,
    words: String,
}

/// A finding in full.
struct Card {
    id: String,
    release: String,
    at: String,
    actor: String,
    cohort: &'static str,
    score: String,
    rarity: String,
    remarks: Vec<String>,
    telling: Vec<Summand>,
    rest: Vec<Summand>,
    unjudged: Vec<(&'static str, String)>,
    usual: usize,
    command: String,
}

/// A reason with its bar, whose places are in hundredths of the whole width.
struct Summand {
    points: String,
    sentence: String,
    name: String,
    from: f64,
    width: f64,
    raises: bool,
    zero: f64,
}

fn write(view: &View) -> String {
    let mut room = Room { cards: FULL, rows: LISTED };
    let title = match (view.findings.len(), view.budget) {
        (0, _) => "no unusual publish".to_owned(),
        (1, Some(_)) => "1 unusual publish".to_owned(),
        (n, Some(_)) => format!("{} unusual publishes", grouped(n as u64)),
        (n, None) => format!("{} publishes", grouped(n as u64)),
    };
    let page = Page {
        style: STYLE,
        style_hash: format!("sha256-{}", STANDARD.encode(Sha256::digest(STYLE))),
        title,
        parts: parts(view, &mut room),
        closest: view.closest.iter().map(|finding| card(finding, &view.investigate)).collect(),
        remarks: remarks(view),
        suppressed: suppressed::lines(view),
        elsewhere: view.elsewhere.as_ref().map(|elsewhere| {
            let rows = elsewhere.not_alerted.iter().take(LISTED).map(|one| Row {
                release: shown(&one.release.to_string()),
                at: show_time(one.at),
                rarity: rarity(one.p_value),
                words: shown(&super::claims(&one.claims)),
            });
            (elsewhere.sentence(), rows.collect())
        }),
        closing: CLOSING,
    };
    // Every value is a string or a number, and a string takes them all.
    page.render().unwrap_or_default()
}

/// What a page still has room for.
struct Room {
    cards: usize,
    rows: usize,
}

fn parts(view: &View, room: &mut Room) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut beyond: Vec<&Finding> = Vec::new();
    for block in blocks(view) {
        match block {
            Block::One(finding) if room.cards == 0 => beyond.push(finding),
            Block::One(finding) => parts.push(part(None, &[finding], 1, &view.investigate, room)),
            Block::Campaign(campaign, members) => {
                let title = (shown(&campaign.id), in_brief(campaign));
                parts.push(part(Some(title), &members, EXPANDED, &view.investigate, room));
            }
        }
    }
    if !beyond.is_empty() {
        parts.push(part(None, &beyond, 0, &view.investigate, room));
    }
    parts
}

fn part(
    campaign: Option<(String, String)>,
    findings: &[&Finding],
    full: usize,
    investigate: &str,
    room: &mut Room,
) -> Part {
    let full = full.min(room.cards).min(findings.len());
    room.cards -= full;
    let listed = (findings.len() - full).min(room.rows);
    room.rows -= listed;
    Part {
        campaign,
        cards: findings[..full].iter().map(|finding| card(finding, investigate)).collect(),
        rows: findings[full..full + listed].iter().map(|finding| row(finding)).collect(),
        more: findings.len() - full - listed,
    }
}

fn row(finding: &Finding) -> Row {
    let reason = finding.reasons.iter().find(|reason| reason.raises());
    Row {
        release: shown(&finding.release.to_string()),
        at: show_time(finding.at),
        rarity: rarity(finding.p_value),
        words: reason.map_or_else(String::new, |reason| shown(&reason.sentence)),
    }
}

fn card(finding: &Finding, investigate: &str) -> Card {
    let release = shown(&finding.release.to_string());
    let mut remarks = Vec::new();
    if finding.removed {
        remarks.push("No longer public.".to_owned());
    }
    if let Some(raised) = &finding.raised {
        let (words, at) = (raised.cause.words(), show_time(raised.visible_at));
        remarks.push(format!("Raised by {words}, visible from {at}; its rarity is that of the publish alone."));
    }
    if let Some(caveat) = finding.caveat {
        remarks.push(format!("Hardly judged: {caveat}. A low score says nothing here."));
    }
    remarks.extend(finding.corroboration.iter().map(|claim| format!("Elsewhere: {}", shown(&claim.to_string()))));
    let telling: Vec<&Reason> = finding.reasons.iter().filter(|reason| reason.raises()).take(REASONS).collect();
    let footing = finding.reasons.iter().filter(|reason| reason.is_footing());
    let telling: Vec<&Reason> = telling.into_iter().chain(footing).collect();
    let rest: Vec<&Reason> =
        finding.reasons.iter().filter(|reason| !telling.iter().any(|told| std::ptr::eq(*told, *reason))).collect();
    let scale = Scale::of(&finding.reasons);
    let mut unjudged: Vec<(&str, Vec<&str>)> = Vec::new();
    for (id, judgement) in &finding.unjudged {
        let why = judgement.reason().unwrap_or_default();
        match unjudged.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, ids)) => ids.push(id),
            None => unjudged.push((why, vec![id])),
        }
    }
    Card {
        id: finding.id(),
        at: show_time(finding.at),
        actor: shown(&finding.actor),
        cohort: finding.cohort,
        score: show_points(finding.points),
        rarity: rarity(finding.p_value),
        remarks,
        telling: telling.iter().map(|reason| scale.summand(reason)).collect(),
        rest: rest.iter().map(|reason| scale.summand(reason)).collect(),
        unjudged: unjudged.into_iter().map(|(reason, ids)| (reason, ids.join(", "))).collect(),
        usual: finding.usual,
        command: format!("{} {release}", shown(investigate)),
        release,
    }
}

/// Points from the smallest to the largest summand, over the width of a bar.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(reasons: &[Reason]) -> Self {
        let points = || reasons.iter().map(|reason| f64::from(reason.points));
        Self { low: points().fold(0.0, f64::min), high: points().fold(0.0, f64::max).max(1.0) }
    }

    fn summand(&self, reason: &Reason) -> Summand {
        let place = |points: f64| ((points - self.low) / (self.high - self.low) * 1e4).round() / 1e2;
        let points = f64::from(reason.points);
        let (from, to) = (place(points.min(0.0)), place(points.max(0.0)));
        Summand {
            points: show_points(reason.points),
            sentence: shown(&reason.sentence),
            name: shown(&reason.name),
            from,
            width: ((to - from) * 1e2).round() / 1e2,
            raises: reason.points > 0,
            zero: place(0.0),
        }
    }
}
