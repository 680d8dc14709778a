//! `simulate`: a registry that never was, the habits it is made of, and how like a real one it is.

use std::fs;
use std::path::Path;

use super::Means;
use crate::archive::files;
use crate::archive::history::History;
use crate::archive::scores::fingerprint;
use crate::archive::stream::Sink;
use crate::archive::table::{self, parse_time, show_time};
use crate::archive::vocabulary::Vocabulary;
use crate::baseline::stance::DAY;
use crate::cli::simulate::Simulate;
use crate::engine::simulate::habits::{self, Habits};
use crate::engine::simulate::worms::{WORMS, Worm};
use crate::engine::simulate::{Made, Plan, check, fit, write};
use crate::error::{Error, Result, exit};
use crate::report::progress::Progress;
use crate::report::scores::must_be_parquet;

pub(super) fn simulate(options: &Simulate, means: &Means) -> Result<u8> {
    must_be_apart(options)?;
    match (&options.fit, &options.check, options.events, &options.out) {
        (Some(history), _, _, Some(out)) => measure(history, out, means)?,
        (_, Some(simulated), ..) => compare(simulated, options, means)?,
        (_, _, Some(events), Some(out)) => {
            make(events, out, options, means)?;
            if options.against.is_some() {
                compare(out, options, means)?;
            }
        }
        _ => return Err(Error::usage("nothing is asked for").remedy("give --events and --out, --fit or --check")),
    }
    Ok(exit::CLEAN)
}

/// Nothing is written in place of what is read, or of what else is written, or under a name that says something else.
fn must_be_apart(options: &Simulate) -> Result<()> {
    let Simulate { fit, habits, against, attacks, .. } = options;
    let read: Vec<&Path> = [fit, habits, against].into_iter().flatten().map(AsRef::as_ref).collect();
    if let Some(out) = &options.out {
        match fit {
            None => must_be_parquet(out)?,
            Some(_) if out.extension().is_some_and(|ending| ending == "toml") => {}
            Some(_) => return Err(Error::usage("habits are written as TOML").file(out).remedy("name it .toml")),
        }
        files::must_not_be(out, &read)?;
    }
    if let Some(attacks) = attacks {
        must_be_parquet(attacks)?;
        let others: Vec<&Path> = read.into_iter().chain(options.out.as_deref()).collect();
        files::must_not_be(attacks, &others)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<History> {
    let mut words = Vocabulary::default();
    let rows = table::read(path, &mut words)?.rows;
    if rows.is_empty() {
        return Err(table::no_rows(path));
    }
    Ok(History::new(rows, words))
}

fn measure(path: &Path, out: &Path, means: &Means) -> Result<()> {
    let history = read(path)?;
    if history.events.iter().all(|e| e.actor.is_none()) {
        return Err(Error::no_input("the table names no publisher").file(path).remedy("give a registry's history"));
    }
    let bytes = fs::read(path).map_err(|e| files::unreadable(path, &e))?;
    let made = habits::Made {
        command: format!("gaitkeeper simulate --fit {} --out {}", path.display(), out.display()),
        date: show_time(means.now())[..10].to_owned(),
        history: fingerprint(&bytes),
        ..habits::Made::default()
    };
    let habits = fit::fit(&history, made);
    if let Some(what) = habits.fault() {
        return Err(Error::no_input(format!("the history is too small to measure habits on: {what}"))
            .file(path)
            .remedy("give one with prereleases, install hooks, provenance and CI facts, over more than a year"));
    }
    files::replace(out, habits.text()?.as_bytes())?;
    means.terminal.remark(&format!("habits of {} events into {}", history.events.len(), out.display()));
    Ok(())
}

fn make(events: u64, out: &Path, options: &Simulate, means: &Means) -> Result<()> {
    let habits = match &options.habits {
        None => Habits::embedded()?,
        Some(path) => Habits::parse(&fs::read_to_string(path).map_err(|e| files::unreadable(path, &e))?, path)?,
    };
    let worms: Vec<&Worm> = match (&options.attacks, options.worm.is_empty()) {
        (None, _) => Vec::new(),
        (Some(_), true) => WORMS.iter().collect(),
        (Some(_), false) => WORMS.iter().filter(|w| options.worm.iter().any(|id| id == w.id)).collect(),
    };
    let shift = options.until.as_deref().map_or(Ok(0), |day| shift(day, &habits))?;
    let plan = Plan { events, seed: options.seed, shift, worms };
    let sink = Sink::create(out, false)?;
    let attacks = options.attacks.as_deref().map(|path| Sink::create(path, true)).transpose()?;
    let total = usize::try_from(events).unwrap_or(usize::MAX);
    let mut progress = Progress::new("publishing", total, means.terminal.quiet);
    let made = write(&plan, &habits, sink, attacks, |done| progress.at(usize::try_from(done).unwrap_or(total)))?;
    drop(progress);
    tell(&made, &plan, out, means);
    Ok(())
}

fn tell(made: &Made, plan: &Plan, out: &Path, means: &Means) {
    means.terminal.remark(&format!(
        "{} events of {} packages by {} accounts into {}",
        made.events,
        made.packages,
        made.accounts,
        out.display()
    ));
    for (worm, struck) in plan.worms.iter().zip(&made.struck) {
        let less = struck.accounts < worm.accounts || (worm.accounts == 1 && struck.packages < worm.packages);
        let remark = if less { "; a larger registry has more to take" } else { "" };
        means.terminal.remark(&format!(
            "worm {}: {} versions of {} packages by {} accounts{remark}",
            worm.id, struck.versions, struck.packages, struck.accounts
        ));
    }
}

/// Milliseconds from the habits' last day to the day that was given; whole days.
fn shift(day: &str, habits: &Habits) -> Result<i64> {
    /// Days of the years in which a table's times may be.
    const USABLE: [&str; 2] = ["2009-01-01", "2099-12-31"];
    let days = |text: &str| parse_time(&format!("{text} 00:00:00")).map(|at| at.div_euclid(DAY));
    let remedy = || "give a day such as 2030-12-31 on which the whole history fits between 2009 and 2099";
    let end = days(day).ok_or_else(|| Error::usage(format!("`{day}` is not a day")).remedy(remedy()))?;
    let shift = end - habits.made.until.div_euclid(DAY);
    let first = habits.made.from.div_euclid(DAY) + shift;
    let within = USABLE.map(days).map(Option::unwrap_or_default);
    if first < within[0] || end > within[1] {
        return Err(Error::usage(format!("a history that ends on {day} does not fit")).remedy(remedy()));
    }
    Ok(shift * DAY)
}

fn compare(simulated: &Path, options: &Simulate, means: &Means) -> Result<()> {
    let Some(against) = &options.against else { return Ok(()) };
    let comparison = check::compare(&read(simulated)?, &read(against)?);
    means.terminal.result(&check::text(&comparison))
}
