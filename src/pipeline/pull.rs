//! `pull`: the publish history of the watch list, fetched and kept.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc};

use super::Means;
use super::import::refusals;
use super::package::Desk;
use super::select;
use super::verify::trust;
use super::visit::{Outcome, Target, Visit};
use crate::acquire::sigstore::trust::Trust;
use crate::archive::commit::{Batch, Writing};
use crate::archive::merge::Refusal;
use crate::archive::store::Archive;
use crate::baseline::stance::DAY;
use crate::cli::{Fetching, Pull, Reach};
use crate::config::{Addresses, Config, PYPI};
use crate::error::{Error, Result, exit, printable};
use crate::names::PackageId;
use crate::net::Client;
use crate::report::night::Fetched;
use crate::report::progress::Progress;

/// A commit is due at so many bytes of documents, so many events, or so many packages.
const DUE: (usize, usize, usize) = (16 << 20, 15_000, 1_000);
/// Lines of one kind that are shown in full.
const IN_FULL: usize = 20;

/// What a run did, summed.
#[derive(Default)]
pub(super) struct Report {
    visited: usize,
    first: usize,
    changed: usize,
    unchanged: usize,
    pub(super) failed: usize,
    absent: usize,
    stale: usize,
    versions: usize,
    removed: usize,
    later: usize,
    attestations: usize,
    verified: usize,
    put_off: usize,
    owed: usize,
    skipped: usize,
    refused: Vec<Refusal>,
    pub(super) remarks: BTreeMap<&'static str, Vec<String>>,
    /// New publishes: releases that the archive did not have.
    pub(super) fresh: Vec<(PackageId, String)>,
    since: i64,
    /// Packages that did not answer, or with less than was announced.
    pub(super) late: HashSet<PackageId>,
}

pub(super) fn pull(options: &Pull, means: &Means) -> Result<u8> {
    let desk = ready(&options.fetching, means)?;
    let runtime = runtime()?;
    for warning in desk.addresses.warnings() {
        means.terminal.remark(&format!("warning: {}", printable(&warning)));
    }
    let (targets, mut remarks) = runtime.block_on(select::targets(&desk, &options.selection, means))?;
    if targets.is_empty() {
        for remark in &remarks {
            means.terminal.remark(&printable(remark));
        }
        let what =
            if remarks.is_empty() { "nothing is on the watch list" } else { "no package of what is named is known" };
        return Err(Error::no_input(what).remedy(
            "name packages: gaitkeeper pull --archive DIR axios, or --from-lock package-lock.json, or --maintainer ACCOUNT",
        ));
    }
    let asked = targets.len();
    let mut report = runtime.block_on(visit_all(&desk, targets, means))?;
    report.remarks.entry("while reading the watch list").or_default().append(&mut remarks);
    means.terminal.result(&report.text(&desk, (desk.clock)() - means.now()))?;
    if report.first + report.changed > 0 {
        means.terminal.remark(&format!("next: {}", means.command("score --since 7d")));
    }
    if report.failed > 0 {
        return Err(Error::tool(format!("{} of {asked} packages could not be fetched", report.failed))
            .remedy("see the reason of each above; the others are in the archive, and the next run asks again"));
    }
    Ok(if report.absent == asked { exit::NO_INPUT } else { exit::CLEAN })
}

/// Everything that fetching into the archive needs, made ready.
pub(super) fn ready(fetching: &Fetching, means: &Means) -> Result<Arc<Desk>> {
    let trust = trust(&fetching.trust)?;
    desk(&fetching.reach, means, !fetching.no_attestations, &means.archive, trust)
}

/// The same for any archive.
pub(super) fn desk(
    reach: &Reach,
    means: &Means,
    attestations: bool,
    archive: &Archive,
    trust: Trust,
) -> Result<Arc<Desk>> {
    let surroundings = means.surroundings()?;
    let config = Config::load(reach.config.as_deref(), &surroundings)?;
    let addresses = Arc::new(Addresses::find(&reach.registry, reach.feed.as_deref(), &config, &surroundings)?);
    let client = Client::new(&config.network, Arc::clone(&addresses), means.offline)?;
    let writing = Writing::open(archive.dir()?)?;
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Arc::new(Desk {
        client,
        addresses,
        key: archive.email_key()?,
        writing,
        workers: Semaphore::new(cores),
        trust,
        attestations,
        network: config.network,
        clock: means.clock,
    }))
}

pub(super) fn runtime() -> Result<Runtime> {
    // Documents are read by as many workers as there are cores; further threads would only hold memory.
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    Builder::new_multi_thread()
        .worker_threads(cores)
        .max_blocking_threads(cores)
        .enable_all()
        .build()
        .map_err(|e| Error::tool(format!("no threads can be started: {e}")))
}

/// Visits packages, several at once, and commits what they bring as it comes.
pub(super) async fn visit_all(desk: &Arc<Desk>, targets: Vec<Target>, means: &Means) -> Result<Report> {
    let mut report = Report { since: (desk.clock)() - DAY, ..Report::default() };
    let projects: HashSet<String> =
        targets.iter().filter(|t| t.id.registry == PYPI).map(|t| t.id.name.clone()).collect();
    // Where the registry is not configured, each of its packages says so.
    if !projects.is_empty() && desk.endpoint(PYPI, "a").await.is_ok() {
        let lines = match desk.follow_journal(&projects).await {
            Ok(changes) => ("role changes", changes),
            Err(error) => ("PyPI's journal of role changes was not read", vec![error.to_string()]),
        };
        report.remarks.insert(lines.0, lines.1);
    }
    let mut progress = Progress::new("fetching", targets.len(), means.terminal.quiet);
    let (give, mut take) = mpsc::channel::<Visit>(4);
    let queue = Arc::new(Mutex::new(targets.into_iter()));
    for _ in 0..desk.network.connections {
        let (desk, queue, give) = (Arc::clone(desk), Arc::clone(&queue), give.clone());
        tokio::spawn(async move {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(target) = next else { return };
                let visit = desk.visit(&target).await;
                // Nobody takes any more once a commit has failed.
                if give.send(visit).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(give);
    let mut batch = Batch::default();
    let mut packages = 0;
    while let Some(visit) = take.recv().await {
        report.note(&visit);
        progress.at(report.visited);
        batch.documents.extend(visit.documents);
        batch.take_rows(visit.news.rows, &visit.news.words);
        batch.memory.append(visit.memory);
        packages += 1;
        if batch.size() >= DUE.0 || batch.rows.len() >= DUE.1 || packages >= DUE.2 {
            commit(desk, std::mem::take(&mut batch))?;
            packages = 0;
        }
    }
    commit(desk, batch)?;
    Ok(report)
}

fn commit(desk: &Desk, batch: Batch) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    tokio::task::block_in_place(|| desk.writing.commit(batch))
}

impl Report {
    fn note(&mut self, visit: &Visit) {
        self.visited += 1;
        let mut remark = |kind: &'static str, text: String| self.remarks.entry(kind).or_default().push(text);
        match &visit.outcome {
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Changed { first: true } => self.first += 1,
            Outcome::Changed { first: false } => self.changed += 1,
            Outcome::Stale => {
                self.stale += 1;
                remark("older than what is known, left for the next run", visit.id.to_string());
            }
            Outcome::Absent { known } => {
                self.absent += 1;
                let was = if *known { ": it had; what was fetched is kept" } else { "" };
                remark("the registry has no such package", format!("{}{was}", visit.id));
            }
            Outcome::Failed(error) => {
                self.failed += 1;
                let remedy = error.remedy.as_ref().map_or_else(String::new, |r| format!(" ({})", printable(r)));
                remark("not fetched", format!("{}: {error}{remedy}", visit.id));
            }
        }
        for warning in &visit.warnings {
            remark("worth knowing", format!("{}: {}", visit.id, printable(warning)));
        }
        for refused in &visit.refused {
            remark("attestations that do not verify", format!("{}: {}", visit.id, printable(refused)));
        }
        if let Some((count, error)) = &visit.owed {
            self.owed += count;
            remark("attestation documents not fetched", format!("{}: {count}, the last because {error}", visit.id));
        }
        if !visit.news.removed.is_empty() {
            let versions = visit.news.removed.join(", ");
            remark("no longer public", format!("{}: {}", visit.id, printable(&versions)));
        }
        self.versions += visit.news.new.len();
        self.removed += visit.news.removed.len();
        self.later += visit.news.later;
        self.attestations += visit.attestations;
        self.verified += visit.verified;
        self.put_off += visit.memory.put_off.len();
        self.skipped += visit.skipped;
        self.refused.extend(visit.news.refused.iter().cloned());
        if let Outcome::Changed { first } = visit.outcome {
            // Of a package that was just taken up only the last day is news.
            let news = visit.news.new.iter().filter(|(_, at)| !first || *at >= self.since);
            self.fresh.extend(news.map(|(version, _)| (visit.id.clone(), version.clone())));
        }
        if matches!(visit.outcome, Outcome::Stale | Outcome::Failed(_)) {
            self.late.insert(visit.id.clone());
        }
    }

    /// What somebody has to know, a line each.
    pub(super) fn troubles(&self) -> impl Iterator<Item = String> {
        self.remarks.iter().flat_map(|(kind, lines)| lines.iter().map(move |line| format!("{kind}: {line}")))
    }

    /// The same for the report of a night; what a registry failed at stands apart from what is only worth knowing.
    pub(super) fn fetched(&self) -> Fetched {
        let is_failure = |kind: &str| kind.contains("not fetched") || kind.contains("was not read");
        let lines = |failed: bool| {
            self.remarks
                .iter()
                .filter(|(kind, _)| is_failure(kind) == failed)
                .flat_map(|(kind, lines)| lines.iter().map(move |line| format!("{kind}: {line}")))
                .collect()
        };
        Fetched {
            asked: self.visited,
            first: self.first,
            changed: self.changed,
            unchanged: self.unchanged,
            absent: self.absent,
            behind: self.stale,
            failed: self.failed,
            versions: self.versions,
            failures: lines(true),
            remarks: lines(false),
        }
    }

    fn text(&self, desk: &Desk, millis: i64) -> String {
        let mut out = String::new();
        for (kind, lines) in self.remarks.iter().filter(|(_, lines)| !lines.is_empty()) {
            let _ = writeln!(out, "{kind}:");
            for line in lines.iter().take(IN_FULL) {
                let _ = writeln!(out, "  {line}");
            }
            if lines.len() > IN_FULL {
                let _ = writeln!(out, "  and {} more", lines.len() - IN_FULL);
            }
        }
        refusals(&mut out, &self.refused);
        let _ = writeln!(
            out,
            "packages: {} asked, {} new, {} changed, {} unchanged, {} not there, {} behind, {} failed",
            self.visited, self.first, self.changed, self.unchanged, self.absent, self.stale, self.failed
        );
        let _ = writeln!(
            out,
            "versions: {} new, {} no longer public, {} with something later, {} refused; {} facts could not be read",
            self.versions,
            self.removed,
            self.later,
            self.refused.len(),
            self.skipped
        );
        let _ = writeln!(
            out,
            "attestation documents: {} fetched, {} of them verified, {} not there though announced, {} failed",
            self.attestations, self.verified, self.put_off, self.owed
        );
        let tally = desk.client.tally();
        #[allow(clippy::cast_precision_loss, reason = "for reading")]
        let (megabytes, seconds) = (tally.bytes as f64 / 1e6, millis as f64 / 1e3);
        let _ = writeln!(
            out,
            "{} requests ({} not modified, {} repeated), {megabytes:.1} MB received, {seconds:.1} s",
            tally.requests, tally.not_modified, tally.repeated
        );
        out
    }
}
