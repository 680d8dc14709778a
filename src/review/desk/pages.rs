//! What the desk shows: one template a page. Every text is made printable here and escaped by its template.

use std::collections::BTreeSet;

use askama::Template;

use super::{Bundle, Desk, Held, Scored, Standing};
use crate::archive::table::show_time;
use crate::detect::alert::{Finding, id_of, show_points};
use crate::detect::wording::span;
use crate::engine::campaign::Campaign;
use crate::error::{Error, printable};
use crate::report::grouping::quiet;
use crate::report::text::{grouped, rarity};
use crate::review::store::{Kept, LONGEST_REASON};

/// Verdicts on one page of the history.
const PAGE: usize = 200;

/// What every page has.
pub(super) struct Frame {
    pub title: String,
    pub reviewer: String,
    pub open: usize,
    pub done: usize,
    pub csrf: String,
    pub filter: String,
    pub notice: String,
}

impl Frame {
    pub(super) fn new(title: &str, desk: &Desk, scored: &Scored, held: &Held, csrf: &str) -> Self {
        let done = scored.view.findings.iter().filter(|f| matches!(held.standing(f), Standing::Done(_))).count();
        Self {
            title: printable(title),
            reviewer: printable(&desk.reviewer),
            open: scored.view.findings.len() - done,
            done,
            csrf: csrf.to_owned(),
            filter: String::new(),
            notice: String::new(),
        }
    }
}

/// One finding as a line.
pub(super) struct Line {
    pub id: String,
    pub release: String,
    pub registry: String,
    pub score: String,
    pub rarity: String,
    pub at: String,
    pub actor: String,
    pub sentence: String,
    pub raised: bool,
    pub verdict: Option<Said>,
}

/// A verdict in words.
pub(super) struct Said {
    pub number: i64,
    pub release: String,
    pub id: String,
    pub verdict: &'static str,
    pub reason: String,
    pub reviewer: String,
    pub at: String,
    /// Is there a page about the release?
    pub shown: bool,
}

/// Lines that are told together.
pub(super) struct Group {
    pub id: String,
    pub title: String,
    pub shared: String,
    pub lines: Vec<Line>,
}

/// What is open, or what is done.
#[derive(Template)]
#[template(path = "review/desk/queue.html")]
pub(super) struct Queue {
    pub frame: Frame,
    pub is_done: bool,
    pub window: String,
    pub summary: String,
    pub fresh: usize,
    pub groups: Vec<Group>,
    pub unsure: Vec<Line>,
    pub suppressed: Vec<(Line, String)>,
}

/// What a verdict is given with.
pub(super) struct Form {
    pub action: String,
    pub button: String,
    pub seen: i64,
    pub chosen: String,
    pub reason: String,
    pub trouble: String,
    pub longest: usize,
}

/// One campaign.
#[derive(Template)]
#[template(path = "review/desk/campaign.html")]
pub(super) struct Whole {
    pub frame: Frame,
    pub title: String,
    pub shared: String,
    pub accounts: String,
    pub lines: Vec<Line>,
    pub left: usize,
    pub form: Form,
}

/// Every verdict.
#[derive(Template)]
#[template(path = "review/desk/history.html")]
pub(super) struct History {
    pub frame: Frame,
    pub said: Vec<Said>,
    pub total: usize,
    pub older: Option<String>,
}

/// The keys.
#[derive(Template)]
#[template(path = "review/desk/help.html")]
pub(super) struct Help {
    pub frame: Frame,
}

/// Something that did not go.
#[derive(Template)]
#[template(path = "review/desk/trouble.html")]
pub(super) struct Trouble {
    pub title: String,
    pub what: String,
    pub remedy: String,
}

/// The way in: a page of this desk leads on, because a browser keeps a strict cookie from a redirection that began
/// elsewhere.
#[derive(Template)]
#[template(path = "review/desk/entrance.html")]
pub(super) struct Entrance;

impl Trouble {
    pub(super) fn of(error: &Error) -> Self {
        Self {
            title: "That did not work".to_owned(),
            what: error.to_string(),
            remedy: printable(error.remedy.as_deref().unwrap_or_default()),
        }
    }
}

impl Line {
    pub(super) fn of(finding: &Finding, held: &Held) -> Self {
        let verdict = match held.standing(finding) {
            Standing::Open => None,
            Standing::Unsure(kept) | Standing::Done(kept) => Some(Said::of(kept)),
        };
        Self {
            id: finding.id(),
            release: finding.release.to_string(),
            registry: printable(&finding.release.registry),
            score: show_points(finding.points),
            rarity: rarity(finding.p_value) + if finding.raised.is_some() { " alone" } else { "" },
            at: short_time(finding.at),
            actor: printable(&finding.actor),
            sentence: finding.reasons.first().map_or_else(String::new, |reason| printable(&reason.sentence)),
            raised: finding.raised.is_some(),
            verdict,
        }
    }

    fn holds(&self, filter: &str) -> bool {
        let verdict = self.verdict.as_ref();
        let texts = [&self.release, &self.actor, &self.sentence, &self.registry];
        let more = verdict.map(|v| format!("{} {} {}", v.verdict, v.reason, v.reviewer)).unwrap_or_default();
        let all = texts.into_iter().chain([&more]).map(|text| text.to_lowercase()).collect::<Vec<_>>().join("\n");
        filter.to_lowercase().split_whitespace().all(|word| all.contains(word))
    }
}

impl Said {
    pub(super) fn of(kept: &Kept) -> Self {
        let given = &kept.given;
        Self {
            number: kept.id,
            release: given.release.to_string(),
            id: id_of(&given.release),
            verdict: given.verdict.name(),
            reason: printable(&given.reason),
            reviewer: printable(&given.reviewer),
            at: short_time(given.at),
            shown: false,
        }
    }
}

impl Group {
    fn of(bundle: &Bundle, held: &Held, filter: &str) -> Self {
        let all = bundle.findings.iter().map(|finding| Line::of(finding, held));
        Self {
            id: bundle.campaign.map_or_else(String::new, |campaign| campaign.id.clone()),
            title: bundle.campaign.map_or_else(String::new, title),
            shared: bundle.campaign.map_or_else(String::new, shared),
            lines: all.filter(|line| line.holds(filter)).collect(),
        }
    }
}

impl Queue {
    pub(super) fn new(mut frame: Frame, scored: &Scored, held: &Held, is_done: bool, filter: &str) -> Self {
        frame.filter = printable(filter);
        let bundles = scored.bundles(|f| match held.standing(f) {
            Standing::Open => !is_done,
            Standing::Unsure(_) => false,
            Standing::Done(_) => is_done,
        });
        let view = &scored.view;
        let unsure = view.findings.iter().filter(|f| !is_done && matches!(held.standing(f), Standing::Unsure(_)));
        let budget = view.budget.map_or_else(|| "everything".to_owned(), |budget| format!("a budget of {budget}"));
        Self {
            frame,
            is_done,
            window: format!("{} to {}", short_time(view.since), short_time(view.as_of)),
            summary: format!(
                "{} publishes in {}, {} unusual at {budget}",
                grouped(view.publishes as u64),
                printable(&view.source),
                grouped(view.alerts as u64)
            ),
            fresh: held.all.iter().filter(|kept| kept.id > scored.taught_by).count(),
            groups: bundles
                .iter()
                .map(|bundle| Group::of(bundle, held, filter))
                .filter(|group| !group.lines.is_empty())
                .collect(),
            unsure: unsure.map(|f| Line::of(f, held)).filter(|line| line.holds(filter)).collect(),
            suppressed: view
                .suppressed
                .iter()
                .filter(|_| !is_done)
                .map(|suppressed| (Line::of(&suppressed.finding, held), suppression(scored, &suppressed.finding)))
                .filter(|(line, _)| line.holds(filter))
                .collect(),
        }
    }
}

impl Form {
    pub(super) fn new(action: String, button: String, held: &Held) -> Self {
        Self {
            action,
            button,
            seen: held.last(),
            chosen: String::new(),
            reason: String::new(),
            trouble: String::new(),
            longest: LONGEST_REASON,
        }
    }
}

impl Whole {
    pub(super) fn new(frame: Frame, held: &Held, bundle: &Bundle, campaign: &Campaign) -> Self {
        let lines: Vec<Line> = bundle.findings.iter().map(|finding| Line::of(finding, held)).collect();
        let left = bundle.findings.iter().filter(|f| !matches!(held.standing(f), Standing::Done(_))).count();
        let button = format!("Record for {left} {}", if left == 1 { "publish" } else { "publishes" });
        Self {
            frame,
            title: title(campaign),
            shared: shared(campaign),
            accounts: campaign.accounts.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", "),
            lines,
            left,
            form: Form::new(format!("/campaign/{}", campaign.id), button, held),
        }
    }
}

impl History {
    pub(super) fn new(mut frame: Frame, scored: &Scored, held: &Held, before: Option<i64>, filter: &str) -> Self {
        frame.filter = printable(filter);
        let wanted = filter.to_lowercase();
        let holds = |said: &Said| {
            let all = [&said.release, said.verdict, &said.reason, &said.reviewer].map(str::to_lowercase).join("\n");
            wanted.split_whitespace().all(|word| all.contains(word))
        };
        let earlier = held.all.iter().rev().filter(|kept| before.is_none_or(|before| kept.id < before));
        let mut said: Vec<Said> = earlier.map(Said::of).filter(holds).take(PAGE + 1).collect();
        let more = said.len() > PAGE;
        said.truncate(PAGE);
        let here: BTreeSet<String> = scored.view.findings.iter().map(Finding::id).collect();
        for one in &mut said {
            one.shown = here.contains(&one.id);
        }
        let older = said.last().filter(|_| more).map(|last| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("before", &last.number.to_string()).append_pair("q", filter);
            format!("/history?{}", query.finish())
        });
        Self { frame, total: held.all.len(), older, said }
    }
}

/// The open findings in the order of the queue.
pub(super) fn order(scored: &Scored, held: &Held) -> Vec<String> {
    let open = scored.bundles(|f| matches!(held.standing(f), Standing::Open));
    open.iter().flat_map(|bundle| &bundle.findings).map(|finding| finding.id()).collect()
}

fn title(campaign: &Campaign) -> String {
    let accounts = match campaign.accounts.as_slice() {
        [] => "publishers not recorded".to_owned(),
        few if few.len() <= 3 => few.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", "),
        many => format!("{} accounts", many.len()),
    };
    let packages = if campaign.packages == 1 { "package" } else { "packages" };
    format!(
        "{} publishes of {} {packages} by {accounts} in {}{}",
        campaign.members.len(),
        campaign.packages,
        span(campaign.last - campaign.first),
        quiet(campaign)
    )
}

fn shared(campaign: &Campaign) -> String {
    if campaign.shared.is_empty() {
        "no signal in most of them".to_owned()
    } else {
        format!("in common: {}", campaign.shared.join(", "))
    }
}

pub(super) fn suppression(scored: &Scored, finding: &Finding) -> String {
    let by = scored.view.suppressed.iter().find(|s| s.finding.release == finding.release).map(|s| &s.by);
    by.map_or_else(String::new, |by| {
        printable(&format!("{}: {} (until {}, by {})", by.scope, by.why, by.until, by.who))
    })
}

/// To the second, as a person reads it; every time is in UTC.
pub(super) fn short_time(millis: i64) -> String {
    let whole = show_time(millis);
    whole.get(..19).map_or(whole.clone(), |start| start.replace('T', " "))
}
