//! Renewing the snapshot: what passes is accepted, what does not only by name.

use std::collections::BTreeSet;

use super::snapshot::{Held, Lock};
use crate::archive::lookup::did_you_mean;
use crate::archive::table::show_time;
use crate::error::{Error, Result, printable};
use crate::report::gate::{Entry, Outcome, Problem, Reason, Release};

/// Accepts what was named, by `name@version`, purl, or an entry as it is listed.
pub(super) fn accept(named: &[String], releases: &mut [Release], entries: &mut [Entry]) -> Result<()> {
    for name in named {
        let mut found = false;
        for release in releases.iter_mut().filter(|r| r.name == *name || r.purl == *name) {
            found = true;
            if release.problems.iter().any(|problem| problem.reason == Reason::Malicious) {
                return Err(Error::usage(format!("{} has the verdict `malicious`", release.name))
                    .remedy("change the verdict first, if it is wrong"));
            }
            release.problems.iter_mut().for_each(pass);
        }
        for entry in entries.iter_mut().filter(|entry| entry.name == *name) {
            found = true;
            pass(&mut entry.problem);
        }
        if !found {
            let listed = releases.iter().map(|r| r.name.as_str()).chain(entries.iter().map(|e| e.name.as_str()));
            return Err(Error::usage(format!("--accept: nothing in the lock file is called `{}`", printable(name)))
                .remedy(did_you_mean(name, listed, "write it as it is listed")));
        }
    }
    Ok(())
}

fn pass(problem: &mut Problem) {
    problem.outcome = Outcome::Pass;
    problem.accepted = true;
}

/// What stands in the snapshot from now on. A release that fails keeps what was accepted of it before, if anything
/// was; one that is no longer locked leaves.
pub(super) fn renewed(before: Option<&Lock>, releases: &[Release], entries: &[Entry], now: i64) -> Lock {
    let mut lock = Lock::default();
    for release in releases {
        let held = before.and_then(|lock| lock.releases.get(&release.purl));
        if release.outcome() == Outcome::Fail {
            if let Some(held) = held {
                lock.releases.insert(release.purl.clone(), held.clone());
            }
            continue;
        }
        for host in &release.hosts {
            lock.hosts.entry(release.registry.to_owned()).or_default().insert(host.clone());
        }
        lock.releases.insert(release.purl.clone(), accepted(held, release, now));
    }
    let passed = entries.iter().filter(|entry| entry.problem.accepted);
    lock.entries = passed.map(|entry| entry.name.clone()).collect();
    // What still fails may be from a host that was accepted: it stays.
    for (registry, hosts) in before.into_iter().flat_map(|lock| &lock.hosts) {
        let used = releases.iter().filter(|r| r.registry == registry).flat_map(|r| &r.hosts);
        let used: BTreeSet<&String> = used.collect();
        lock.hosts.entry(registry.clone()).or_default().extend(hosts.iter().filter(|h| used.contains(h)).cloned());
    }
    lock.hosts.retain(|_, hosts| !hosts.is_empty());
    lock
}

fn accepted(held: Option<&Held>, release: &Release, now: i64) -> Held {
    let despite: BTreeSet<Reason> =
        release.problems.iter().filter(|p| p.accepted && p.reason.lasts()).map(|p| p.reason).collect();
    let integrity: BTreeSet<String> = release.integrity.iter().cloned().collect();
    let alert = despite.contains(&Reason::Alerted).then(|| one_in(release.rarest()));
    Held {
        accepted: held
            .filter(|held| held.integrity == integrity)
            .map_or_else(|| show_time(now), |held| held.accepted.clone()),
        integrity,
        despite: despite.iter().map(|reason| reason.name().to_owned()).collect(),
        // The rarity that was looked at, so that an alert that grows is shown again.
        alert_one_in: alert.map(|now| held.and_then(|held| held.alert_one_in).map_or(now, |then| then.min(now))),
    }
}

/// A p-value as one in so many publishes.
pub(super) fn one_in(p_value: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of publishes")]
    let one_in = (1.0 / p_value.max(1e-9)).round() as u64;
    one_in
}
