//! `score`: the publishes of a window that do not look like their maintainer.

use std::path::Path;

use super::judge::{Question, judge};
use super::{Means, desk, export, quiet};
use crate::archive::corroboration::Corroboration;
use crate::archive::history::{Event, History};
use crate::archive::lookup::known;
use crate::archive::table::{parse_time, show_time};
use crate::baseline::stance::{DAY, HOUR};
use crate::cli::Score;
use crate::detect::calibration::DAYS_COUNTED;
use crate::error::{Error, Result, exit};

pub(super) fn score(options: &Score, means: &Means) -> Result<u8> {
    let read = options.desk.verdicts.iter().chain(&options.others.corroborate).chain(&options.quiet.suppressions);
    export::must_be_apart(&options.to, &read.map(AsRef::as_ref).collect::<Vec<&Path>>())?;
    let model = means.model()?;
    let Span { mut history, newest, since, as_of } = open(&options.since, options.as_of.as_deref(), means)?;
    let policy = desk::policy(&options.desk, &history, means)?;
    let packages = known(&options.package, "package", &history, |e| e.package)?;
    let actors = known(&options.actor, "publisher", &history, |e| e.actor)?;

    let asked = |event: &Event| {
        (packages.is_empty() || packages.contains(&event.package))
            && (actors.is_empty() || actors.contains(&event.actor))
    };
    let others = &options.others.corroborate;
    let others = (!others.is_empty()).then(|| Corroboration::read(others, &history)).transpose()?;
    let question = Question {
        since,
        as_of,
        budget: options.budget.budget(a_day(&history, as_of)),
        all: options.all,
        others: others.as_ref(),
        asked: &asked,
        asked_raised: &|event, _| asked(event),
    };
    let mut view = judge(&mut history, &model, &policy, &question, means);
    quiet::apply(&options.quiet, quiet::day_asked(options.as_of.is_some(), as_of, means), &mut view, means)?;
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

    export::deliver(&view, &options.format, &options.to, means)?;
    let fails = options.fail_on.is_some_and(|limit| view.findings.iter().any(|f| f.rarest() <= limit.rate()));
    Ok(if fails { exit::FINDINGS } else { exit::CLEAN })
}

/// A history up to the end of a window.
pub(super) struct Span {
    pub history: History,
    /// Time of the archive's newest publish, milliseconds.
    pub newest: i64,
    /// Beginning of the window, milliseconds, inclusive.
    pub since: i64,
    /// Its end, inclusive.
    pub as_of: i64,
}

/// Loads the archive for a window that options describe.
pub(super) fn open(since: &str, as_of: Option<&str>, means: &Means) -> Result<Span> {
    let mut history = means.archive.load()?;
    let newest = history.newest().ok_or_else(|| {
        Error::no_input("the archive holds no publishes")
            .remedy("put some into it: gaitkeeper pull --archive DIR PACKAGE, or gaitkeeper import --archive DIR FILE")
    })?;
    let as_of = as_of.map_or(Ok(newest), |text| time(text, "--as-of"))?;
    let since = beginning(since, as_of)?;
    if since > as_of {
        return Err(Error::usage(format!(
            "the window begins at {} and ends before that, at {}",
            show_time(since),
            show_time(as_of)
        ))
        .remedy("--since takes a time before --as-of, or 30d, 12h before it"));
    }
    history.events.retain(|e| e.at <= as_of);
    Ok(Span { history, newest, since, as_of })
}

/// Publishes a day in the days before a time for which a budget counts them, or since the history began.
pub(super) fn a_day(history: &History, as_of: i64) -> f64 {
    let first = history.events.first().map_or(as_of, |event| event.at);
    let begin = (first - 1).max(as_of.saturating_sub(DAYS_COUNTED * DAY));
    let counted = history.events.iter().filter(|event| event.at > begin && event.at <= as_of).count();
    #[allow(clippy::cast_precision_loss, reason = "a count of publishes, and milliseconds of a month")]
    let rate = counted as f64 / ((as_of - begin).max(DAY) as f64 / DAY as f64);
    rate
}

pub(super) fn time(text: &str, option: &str) -> Result<i64> {
    parse_time(text).or_else(|| parse_time(&format!("{text}T00:00:00Z"))).ok_or_else(|| {
        Error::usage(format!("{option}: `{text}` is not a time"))
            .remedy("write it as 2026-05-19 or 2026-05-19T02:00:00Z (UTC); --since also takes 30d or 12h")
    })
}

pub(super) fn beginning(text: &str, end: i64) -> Result<i64> {
    let units = [('d', DAY), ('h', HOUR)];
    let relative = units
        .iter()
        .find_map(|(unit, length)| text.strip_suffix(*unit)?.parse::<u32>().ok().map(|n| i64::from(n) * length));
    relative.map_or_else(|| time(text, "--since"), |span| Ok(end.saturating_sub(span)))
}
