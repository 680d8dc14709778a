//! `suppressions`: what is kept quiet, and what of it is of no use; and the same for every report.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::{Means, review, signed_by};
use crate::archive::history::History;
use crate::archive::store::Archive;
use crate::cli::review::{Add, Quiet, Suppressions, SuppressionsAction, Window};
use crate::detect::alert::{Finding, show_points};
use crate::error::{Error, Result, exit, printable};
use crate::report::text::rarity;
use crate::report::view::suppressed::sentence;
use crate::report::view::{Standing, View};
use crate::review::suppressions::{self, Entry, FILE, Scope, day, day_of};

pub(super) fn suppressions(options: &Suppressions, means: &Means) -> Result<u8> {
    match &options.action {
        SuppressionsAction::Add(options) => add(options, means),
        SuppressionsAction::Check(window) => check(window, means),
        SuppressionsAction::List(quiet) => list(quiet, means),
    }
}

/// The time at which suppressions hold or have ended: that of the report where one was asked for, so that the same
/// report says the same tomorrow; else now.
pub(super) fn day_asked(asked: bool, as_of: i64, means: &Means) -> i64 {
    if asked { as_of } else { (means.clock)() }
}

/// Takes out of a view what is kept quiet, and warns of what has ended or will soon.
pub(super) fn apply(quiet: &Quiet, now: i64, view: &mut View, means: &Means) -> Result<()> {
    let Some((path, entries)) = entries(quiet, means)? else { return Ok(()) };
    suppressions::apply(&entries, day_of(now), view);
    warn(&path, view, means);
    Ok(())
}

/// Warns of the suppressions of a view that have ended or will soon.
pub(super) fn warn(path: &Path, view: &View, means: &Means) {
    for (standing, by) in &view.standing {
        let what = match standing {
            Standing::Wide => continue,
            Standing::Ending => "a suppression ends soon",
            Standing::Ended => "a suppression has ended and keeps nothing quiet",
        };
        means.terminal.remark(&format!("{}: {what}: {}", shown(path), sentence(by)));
    }
}

/// The suppressions and their file; `None` where there is none and none was named.
pub(super) fn entries(quiet: &Quiet, means: &Means) -> Result<Option<(PathBuf, Vec<Entry>)>> {
    let path = match (&quiet.suppressions, &means.archive) {
        (Some(path), _) => path.clone(),
        (None, Archive::Dir(dir)) if dir.join(FILE).exists() => dir.join(FILE),
        (None, _) => return Ok(None),
    };
    let entries = suppressions::read(&path)?;
    Ok(Some((path, entries)))
}

fn add(options: &Add, means: &Means) -> Result<u8> {
    let scope = match (&options.package, &options.version, &options.actor) {
        (Some(id), Some(version), _) => Scope::Version(id.clone(), version.clone()),
        (Some(id), None, _) if options.all_versions => Scope::Package(id.clone()),
        (Some(_), None, _) => {
            return Err(Error::usage("every version of a package is kept quiet only if that is said")
                .remedy("name one with --version, or say --all-versions; that is named in every report"));
        }
        (None, _, Some(actor)) => Scope::Actor(options.registry.clone(), actor.clone()),
        (None, _, None) => return Err(Error::usage("nothing is named").remedy("name --package or --actor")),
    };
    let today = day_of(means.now());
    let until = day(&options.until).map_err(|e| e.place("--until"))?;
    if until < today {
        return Err(Error::usage(format!("{until} is over, today is {today} (UTC)"))
            .place("--until")
            .remedy("name a day to come"));
    }
    let entry = Entry {
        scope,
        who: signed_by(options.who.as_ref())?,
        why: options.why.clone(),
        created: today,
        until,
        line: 0,
    };
    let path = match &options.quiet.suppressions {
        Some(path) => path.clone(),
        None => means.archive.dir()?.join(FILE),
    };
    suppressions::add(&path, &entry)?;
    means.terminal.remark(&format!("{}: added: {}", shown(&path), sentence(&entry.told())));
    Ok(exit::CLEAN)
}

fn list(quiet: &Quiet, means: &Means) -> Result<u8> {
    let Some((_, entries)) = entries(quiet, means)? else {
        means.terminal.remark("there are no suppressions");
        return Ok(exit::CLEAN);
    };
    let today = day_of(means.now());
    let mut out = String::new();
    for entry in &entries {
        let _ = writeln!(out, "{}  {}", state(entry, today), sentence(&entry.told()));
    }
    means.terminal.result(&out).map(|()| exit::CLEAN)
}

fn state(entry: &Entry, today: chrono::NaiveDate) -> String {
    match entry.days_left(today) {
        left if left < 0 => format!("{:>14}", "ended"),
        0 => format!("{:>14}", "ends today"),
        left => format!("{:>14}", format!("{left} days left")),
    }
}

fn check(window: &Window, means: &Means) -> Result<u8> {
    let Some((path, entries)) = entries(&window.quiet, means)? else {
        means.terminal.remark("there are no suppressions");
        return Ok(exit::CLEAN);
    };
    let opened = review::open(window, means)?;
    let today = day_of(day_asked(window.as_of.is_some(), opened.as_of, means));
    let (history, view) = (&opened.history, opened.judge(means));
    let mut out = format!("{}: {} suppressions, on {today}\n", shown(&path), entries.len());
    let (mut quiet, mut idle, mut ended) = (0, 0, 0);
    for entry in &entries {
        let covered: Vec<&Finding> = view.findings.iter().filter(|finding| entry.covers(finding)).collect();
        let standing = state(entry, today);
        let _ = writeln!(out, "\nline {}: {}  {}", entry.line, standing.trim(), sentence(&entry.told()));
        let holds = entry.holds(today);
        ended += usize::from(!holds);
        quiet += if holds { covered.len() } else { 0 };
        for finding in &covered {
            let what = if holds { "kept quiet" } else { "fires again" };
            let _ = writeln!(
                out,
                "  {what}: {}  score {}  {}",
                finding.release,
                show_points(finding.points),
                rarity(finding.rarest())
            );
        }
        if covered.is_empty() {
            idle += 1;
            let publishes = publishes(history, entry);
            let _ = match publishes {
                0 => writeln!(out, "  matches nothing: the archive holds no such publish"),
                1 => writeln!(out, "  matches no finding of this window; the archive holds 1 such publish"),
                n => writeln!(out, "  matches no finding of this window; the archive holds {n} such publishes"),
            };
        }
    }
    let _ = writeln!(
        out,
        "\n{} findings in the window, {quiet} of them kept quiet; {idle} suppressions match none, {ended} have ended.",
        view.findings.len()
    );
    means.terminal.result(&out).map(|()| exit::CLEAN)
}

fn publishes(history: &History, entry: &Entry) -> usize {
    let words = &history.words;
    let covered = history.events.iter().filter(|event| {
        let [registry, package, version, actor] =
            [event.registry, event.package, event.version, event.actor].map(|sym| words.text(sym));
        entry.scope.covers(registry, package, version, actor)
    });
    covered.count()
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}
