//! `score`: the publishes of a window that do not look like their maintainer.

use std::collections::BTreeSet;

use super::{Means, desk, export, tell_apart};
use crate::archive::corroboration::{Claim, Corroboration};
use crate::archive::history::{Event, History};
use crate::archive::lookup::known;
use crate::archive::table::{parse_time, show_time};
use crate::baseline::stance::{DAY, HOUR};
use crate::cli::Score;
use crate::detect::alert::{Finding, hardly_judged};
use crate::detect::model::Model;
use crate::engine::embedded::{Assessed, fold_under};
use crate::engine::policy::Policy;
use crate::engine::window::{Grouped, Window};
use crate::error::{Error, Result, exit};
use crate::names::ReleaseId;
use crate::report::progress::Progress;
use crate::report::view::{Elsewhere, NotAlerted, View};

pub(super) fn score(options: &Score, means: &Means) -> Result<u8> {
    let model = means.model()?;
    let mut history = means.archive.load()?;
    let newest = history.newest().ok_or_else(|| {
        Error::no_input("the archive holds no publishes")
            .remedy("put some into it: gaitkeeper pull --archive DIR PACKAGE, or gaitkeeper import --archive DIR FILE")
    })?;
    let as_of = options.as_of.as_deref().map_or(Ok(newest), |text| time(text, "--as-of"))?;
    let since = beginning(&options.since, as_of)?;
    if since > as_of {
        return Err(Error::usage(format!(
            "the window begins at {} and ends before that, at {}",
            show_time(since),
            show_time(as_of)
        ))
        .remedy("--since takes a time before --as-of, or 30d, 12h before it"));
    }
    history.events.retain(|e| e.at <= as_of);
    let policy = desk::policy(&options.desk, &history, means)?;
    let packages = known(&options.package, "package", &history, |e| e.package)?;
    let actors = known(&options.actor, "publisher", &history, |e| e.actor)?;

    let mut view = View {
        source: means.source(),
        investigate: means.investigate(),
        since,
        as_of,
        budget: (!options.all).then_some(options.budget),
        model: model.id.clone(),
        ..View::default()
    };
    let others = Corroboration::read(&options.others.corroborate, &history)?;
    let mut named: Vec<(usize, NotAlerted)> = Vec::new();
    let asked = |event: &Event| {
        (packages.is_empty() || packages.contains(&event.package))
            && (actors.is_empty() || actors.contains(&event.actor))
    };
    let mut window = Window::new(since, options.budget.rate());
    let mut listed: Vec<(usize, Finding)> = Vec::new();
    let mut progress = Progress::new("scoring", history.events.len(), means.terminal.quiet);
    fold_under(&history, &model, &policy, |assessed| {
        progress.at(assessed.index);
        window.note(assessed);
        let event = assessed.look.event;
        if event.at < since {
            view.taught += 1;
            return;
        }
        if !asked(event) {
            return;
        }
        view.publishes += 1;
        if let Some(reason) = hardly_judged(assessed.look) {
            *view.unjudged.entry(reason).or_default() += 1;
        }
        let claims = others.about(event.registry, event.package, event.version);
        if !claims.is_empty() {
            named.push((assessed.index, not_alerted(assessed, claims)));
        }
        let alerts = assessed.p_value <= options.budget.rate();
        view.alerts += usize::from(alerts);
        if alerts || options.all {
            listed.push((assessed.index, found(assessed, &model, &others)));
        } else if listed.is_empty() {
            keep_closest(&mut view.closest, assessed, &model);
        }
    });
    drop(progress);
    if view.publishes == 0 && packages.is_empty() && actors.is_empty() {
        return Err(Error::no_input(format!(
            "no publish from {} to {} is in the archive",
            show_time(since),
            show_time(as_of)
        ))
        .remedy(format!(
            "its newest is of {}; widen the window with --since and --as-of, or the filters",
            show_time(newest)
        )));
    }
    let grouped = window.close(&history);
    listed.extend(raised_later(&mut history, (&model, &policy, &others), &grouped, &listed, asked));
    for (index, finding) in &mut listed {
        grouped.mark(*index, finding);
    }
    if !options.others.corroborate.is_empty() {
        view.elsewhere = Some(elsewhere(others, named, &listed, options.budget.rate()));
    }
    view.raised = listed.iter().filter(|(_, finding)| finding.raised.is_some()).count();
    let shown: BTreeSet<&str> =
        listed.iter().filter_map(|(_, finding)| Some(finding.campaign.as_ref()?.id.as_str())).collect();
    view.campaigns =
        grouped.campaigns.iter().filter(|campaign| shown.contains(campaign.id.as_str())).cloned().collect();
    view.surges = grouped.surges;
    view.findings = listed.into_iter().map(|(_, finding)| finding).collect();
    if !view.findings.is_empty() {
        view.closest.clear();
    }
    view.findings.sort_by(|a, b| b.points.cmp(&a.points).then(a.at.cmp(&b.at)).then(a.release.cmp(&b.release)));

    export::deliver(&view, &options.format, &options.to, means)?;
    let fails = options.fail_on.is_some_and(|limit| view.findings.iter().any(|f| f.rarest() <= limit.rate()));
    Ok(if fails { exit::FINDINGS } else { exit::CLEAN })
}

fn found(assessed: &Assessed, model: &Model, others: &Corroboration) -> Finding {
    let mut finding = Finding::new(assessed.look, assessed.assessment, model, assessed.p_value);
    tell_apart(&mut finding);
    let event = assessed.look.event;
    finding.corroboration = others.about(event.registry, event.package, event.version).to_vec();
    finding
}

fn not_alerted(assessed: &Assessed, claims: &[Claim]) -> NotAlerted {
    let (event, words) = (assessed.look.event, assessed.look.words);
    let text = |sym| words.text(sym).to_owned();
    NotAlerted {
        release: ReleaseId {
            registry: text(event.registry),
            package: text(event.package),
            version: text(event.version),
        },
        at: event.at,
        p_value: assessed.p_value,
        claims: claims.to_vec(),
    }
}

/// What others say of the window. What is listed and no alert (`--all`) is told as not alerted too.
fn elsewhere(
    others: Corroboration,
    named: Vec<(usize, NotAlerted)>,
    listed: &[(usize, Finding)],
    rate: f64,
) -> Elsewhere {
    let alerts: BTreeSet<usize> = listed
        .iter()
        .filter(|(_, finding)| finding.p_value <= rate || finding.raised.is_some())
        .map(|(index, _)| *index)
        .collect();
    let publishes = named.len();
    let accused =
        named.into_iter().filter(|(index, one)| !alerts.contains(index) && one.claims.iter().any(Claim::accuses));
    Elsewhere {
        not_alerted: accused.map(|(_, one)| one).collect(),
        publishes,
        rows: others.rows,
        unmatched: others.unmatched,
        withdrawn: others.withdrawn,
        ranges_unread: others.ranges_unread,
        files_unread: others.files_unread,
    }
}

/// Findings for what was raised and is not listed yet. That it would be raised was not known when it was judged: it is
/// judged once more, from the same past, in the seldom case that there is any.
fn raised_later(
    history: &mut History,
    (model, policy, others): (&Model, &Policy, &Corroboration),
    grouped: &Grouped,
    listed: &[(usize, Finding)],
    asked: impl Fn(&Event) -> bool,
) -> Vec<(usize, Finding)> {
    let known: BTreeSet<usize> = listed.iter().map(|(index, _)| *index).collect();
    let missing: BTreeSet<usize> = grouped
        .raised
        .keys()
        .copied()
        .filter(|index| !known.contains(index) && asked(&history.events[*index]))
        .collect();
    let mut more = Vec::with_capacity(missing.len());
    if let Some(last) = missing.last() {
        history.events.truncate(last + 1);
        fold_under(history, model, policy, |assessed| {
            if missing.contains(&assessed.index) {
                more.push((assessed.index, found(assessed, model, others)));
            }
        });
    }
    more
}

/// Keeps the highest scores, the earlier of two equal ones first.
fn keep_closest(closest: &mut Vec<Finding>, assessed: &Assessed, model: &Model) {
    const KEPT: usize = 3;
    if closest.len() < KEPT || closest.last().is_some_and(|last| assessed.assessment.points > last.points) {
        closest.push(Finding::new(assessed.look, assessed.assessment, model, assessed.p_value));
        closest.sort_by_key(|finding| std::cmp::Reverse(finding.points));
        closest.truncate(KEPT);
    }
}

fn time(text: &str, option: &str) -> Result<i64> {
    parse_time(text).or_else(|| parse_time(&format!("{text}T00:00:00Z"))).ok_or_else(|| {
        Error::usage(format!("{option}: `{text}` is not a time"))
            .remedy("write it as 2026-05-19 or 2026-05-19T02:00:00Z (UTC); --since also takes 30d or 12h")
    })
}

fn beginning(text: &str, end: i64) -> Result<i64> {
    let units = [('d', DAY), ('h', HOUR)];
    let relative = units
        .iter()
        .find_map(|(unit, length)| text.strip_suffix(*unit)?.parse::<u32>().ok().map(|n| i64::from(n) * length));
    relative.map_or_else(|| time(text, "--since"), |span| Ok(end.saturating_sub(span)))
}
