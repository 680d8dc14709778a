//! `score`: the publishes of a window that do not look like their maintainer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Means, desk, tell_apart};
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
use crate::report::FORMATS;
use crate::report::progress::Progress;
use crate::report::view::View;

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
        publishes: 0,
        taught: 0,
        alerts: 0,
        raised: 0,
        unjudged: BTreeMap::new(),
        findings: Vec::new(),
        closest: Vec::new(),
        campaigns: Vec::new(),
        surges: Vec::new(),
    };
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
        let alerts = assessed.p_value <= options.budget.rate();
        view.alerts += usize::from(alerts);
        if alerts || options.all {
            listed.push((assessed.index, found(assessed, &model)));
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
    listed.extend(raised_later(&mut history, &model, &policy, &grouped, &listed, asked));
    for (index, finding) in &mut listed {
        grouped.mark(*index, finding);
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

    if let Some(format) = FORMATS.iter().find(|f| f.id == options.format) {
        means.terminal.result(&(format.write)(&view))?;
    }
    let fails = options.fail_on.is_some_and(|limit| view.findings.iter().any(|f| f.rarest() <= limit.rate()));
    Ok(if fails { exit::FINDINGS } else { exit::CLEAN })
}

fn found(assessed: &Assessed, model: &Model) -> Finding {
    let mut finding = Finding::new(assessed.look, assessed.assessment, model, assessed.p_value);
    tell_apart(&mut finding);
    finding
}

/// Findings for what was raised and is not listed yet. That it would be raised was not known when it was judged: it is
/// judged once more, from the same past, in the seldom case that there is any.
fn raised_later(
    history: &mut History,
    model: &Model,
    policy: &Policy,
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
                more.push((assessed.index, found(assessed, model)));
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
