//! `gate`: may this lock file be installed? Judges what it locks, and compares it with what was accepted before.
//!
//! [`judge`] folds the archive's history once and keeps what it says of the locked packages, [`check`] holds each
//! release against the policy, [`snapshot`] is the file of what was accepted, and [`accept`] renews it.

mod accept;
mod check;
mod judge;
mod snapshot;

use std::path::PathBuf;

use super::{Means, desk, score};
use crate::acquire::lists::{self, Elsewhere, LeftOut, List};
use crate::archive::verdicts::Verdicts;
use crate::baseline::stance::{DAY, HOUR};
use crate::cli::gate::{Consequence, Gate, Show};
use crate::error::{Error, Result, exit, printable};
use crate::report::gate::{Entry, GateView, Outcome, Problem, Reason, Shown, write};
use check::Policy;
use snapshot::Snapshot;

/// Name of the snapshot beside a lock file.
const SNAPSHOT: &str = "gaitkeeper-gate.toml";

pub(super) fn gate(options: &Gate, means: &Means) -> Result<u8> {
    let policy = Policy {
        fail_on: options.fail_on,
        warn_on: options.warn_on,
        fail_within: span(&options.fail_within, "--fail-within")?,
        cooldown: span(&options.cooldown, "--cooldown")?,
        hold_for: options.cooldown_for,
        unjudged: outcome(options.unjudged),
        unpinned: outcome(options.unpinned),
    };
    let as_of = options.as_of.as_deref().map_or_else(|| Ok(means.now()), |text| score::time(text, "--as-of"))?;
    let (format, list) = lists::read(&options.lock_file)?;
    if list.wanted.is_empty() && list.left_out.is_empty() {
        return Err(Error::no_input("locks nothing")
            .file(&options.lock_file)
            .remedy("lock the project's dependencies first, then hand in the file again"));
    }
    let path = options.snapshot.clone().unwrap_or_else(|| beside(options));
    let mut snapshot = Snapshot::read(&path)?;
    let name = options.lock_file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let accepted = snapshot.locks.get(&name);

    let model = means.model()?;
    let mut history = means.archive.load()?;
    history.events.retain(|event| event.at <= as_of);
    let teaching = desk::policy(&options.desk, &history, means)?;
    // A release that the archive does not know can have a verdict too.
    let mut verdicts = if options.desk.no_stored_verdicts { Verdicts::default() } else { desk::stored(means)? };
    if let Some(file) = &options.desk.verdicts {
        verdicts.rows.extend(Verdicts::read(file)?.rows);
    }
    let known = judge::judge(&history, &model, &teaching, &list, means);

    let checking = check::Checking { policy: &policy, as_of, known: &known, verdicts: &verdicts, accepted, means };
    let mut releases = checking.releases(&list);
    releases.sort_by(|a, b| b.outcome().cmp(&a.outcome()).then(a.rarest().total_cmp(&b.rarest())));
    let mut entries = entries(&list, &policy, accepted);
    if options.update {
        accept::accept(&options.accept, &mut releases, &mut entries)?;
        let renewed = accept::renewed(accepted, &releases, &entries, as_of);
        snapshot.locks.insert(name, renewed);
        snapshot.write(&path)?;
        means.terminal.remark(&format!("{} written: review its changes like code", path.display()));
    }
    let local = list.left_out.iter().filter(|left| left.elsewhere() == Elsewhere::Local).count();
    let view = GateView {
        lock_file: options.lock_file.display().to_string(),
        format: format.id,
        source: means.source(),
        investigate: means.investigate(),
        newest: history.newest(),
        as_of,
        fail_on: policy.fail_on,
        cooldown: policy.cooldown,
        model: model.id,
        releases,
        entries,
        local,
        show: match options.show {
            Show::Fail => Shown::AtLeast(Outcome::Fail),
            Show::Warn => Shown::AtLeast(Outcome::Warn),
            Show::All => Shown::Everything,
        },
    };
    means.terminal.result(&write(&view, &options.format))?;
    Ok(if view.outcome() == Outcome::Fail { exit::FINDINGS } else { exit::CLEAN })
}

/// What is installed and is no release of a registry that is known here.
fn entries(list: &List, policy: &Policy, accepted: Option<&snapshot::Lock>) -> Vec<Entry> {
    let strange = list.left_out.iter().filter(|left| left.elsewhere() != Elsewhere::Local);
    strange
        .map(|left| {
            let (reason, outcome, remedy) = match left.elsewhere() {
                Elsewhere::Repository => (
                    Reason::FromRepository,
                    policy.unpinned,
                    "depend on a published version, or accept it: --update --accept ENTRY",
                ),
                Elsewhere::Address | Elsewhere::Local => (
                    Reason::FromAddress,
                    policy.unpinned,
                    "depend on a published version, or accept it: --update --accept ENTRY",
                ),
                Elsewhere::Unknown => (
                    Reason::Unreadable,
                    policy.unjudged,
                    "look at it; where it is as it should be, accept it: --update --accept ENTRY",
                ),
            };
            let name = entry_name(left);
            let mut problem = Problem::new(reason, outcome, left.reason.clone(), remedy);
            if accepted.is_some_and(|lock| lock.entries.contains(&name)) {
                problem.outcome = Outcome::Pass;
                problem.accepted = true;
            }
            Entry { name, problem }
        })
        .collect()
}

/// An entry as it is listed and accepted: with its address, so that another address is another entry.
fn entry_name(left: &LeftOut) -> String {
    match &left.address {
        Some(address) => format!("{} {address}", left.entry),
        None => left.entry.clone(),
    }
}

fn beside(options: &Gate) -> PathBuf {
    options.lock_file.with_file_name(SNAPSHOT)
}

fn outcome(policy: Consequence) -> Outcome {
    match policy {
        Consequence::Allow => Outcome::Pass,
        Consequence::Warn => Outcome::Warn,
        Consequence::Fail => Outcome::Fail,
    }
}

/// Milliseconds of `3d` or `12h`.
fn span(text: &str, option: &str) -> Result<i64> {
    let units = [('d', DAY), ('h', HOUR)];
    units
        .iter()
        .find_map(|(unit, length)| text.strip_suffix(*unit)?.parse::<u16>().ok().map(|n| i64::from(n) * length))
        .ok_or_else(|| {
            Error::usage(format!("{option}: `{}` is not a span of time", printable(text)))
                .remedy("write it as 3d or 12h")
        })
}
