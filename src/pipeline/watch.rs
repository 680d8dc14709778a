//! `watch`: follows the registry and scores what appears ([`judging`]).

mod judging;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use url::Url;

use self::judging::Judging;
use super::Means;
use super::package::{Desk, ask_at};
use super::pull::{ready, runtime, visit_all};
use super::select::expand;
use super::visit::Target;
use crate::acquire::npm::feed::{self, Change, Changes};
use crate::acquire::{document, registry};
use crate::archive::commit::Batch;
use crate::archive::state::Memory;
use crate::cli::Watch;
use crate::config::Endpoint;
use crate::error::{Error, Result, exit, printable};
use crate::names::{NPM, PackageId};
use crate::net::Answer;

/// How far before its head a feed is begun, so that what happens meanwhile is not missed.
const MARGIN: u64 = 10;

/// A package whose document is not yet what the feed announced.
struct Pending {
    target: Target,
    position: u64,
    tries: usize,
    due: Instant,
}

/// A running watch.
struct Vigil<'a> {
    desk: Arc<Desk>,
    options: &'a Watch,
    means: &'a Means,
    judging: Judging<'a>,
    packages: BTreeSet<PackageId>,
    feed: Option<(Url, Option<u64>)>,
    pending: BTreeMap<PackageId, Pending>,
    last_trouble: String,
    failed: usize,
}

pub(super) fn watch(options: &Watch, means: &Means) -> Result<u8> {
    let judging = Judging::ready(options, means)?;
    let desk = ready(&options.fetching, means)?;
    if desk.writing.state().watch_list()?.is_empty() {
        return Err(Error::no_input("nothing is on the watch list")
            .remedy("put something on it: gaitkeeper pull --archive DIR axios, or gaitkeeper watchlist add"));
    }
    let feed = desk.addresses.of(NPM, "a").ok().and_then(|endpoint| endpoint.feed);
    let vigil = Vigil {
        desk,
        options,
        means,
        judging,
        packages: BTreeSet::new(),
        feed: feed.map(|url| (url, None)),
        pending: BTreeMap::new(),
        last_trouble: String::new(),
        failed: 0,
    };
    let runtime = runtime()?;
    let code = runtime.block_on(until_stopped(vigil));
    // A worker in the middle of a document has nothing to save: whole commits are all there is.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

async fn until_stopped(vigil: Vigil<'_>) -> Result<u8> {
    let broken = |e: std::io::Error| Error::tool(format!("signals cannot be received: {e}"));
    let mut terminated = signal(SignalKind::terminate()).map_err(broken)?;
    let terminal = vigil.means.terminal;
    tokio::select! {
        result = vigil.run() => result,
        _ = terminated.recv() => { terminal.remark("ended by SIGTERM; everything that was fetched is kept"); Ok(exit::CLEAN) }
        _ = tokio::signal::ctrl_c() => { terminal.remark("ended; everything that was fetched is kept"); Ok(exit::CLEAN) }
    }
}

impl Vigil<'_> {
    async fn run(mut self) -> Result<u8> {
        self.begin().await?;
        let network = self.desk.network.clone();
        let mut next_poll = Instant::now();
        loop {
            if Instant::now() >= next_poll {
                self.poll().await?;
                next_poll = Instant::now() + Duration::from_secs(network.poll_seconds);
            }
            if let Err(error) = self.follow().await {
                self.trouble(&error);
            }
            if self.options.once {
                return self.verdict();
            }
            tokio::time::sleep(Duration::from_secs(network.feed_seconds)).await;
        }
    }

    /// What a single look came to: a registry that does not answer must not read as a quiet night.
    fn verdict(&self) -> Result<u8> {
        let what = match (self.failed, self.last_trouble.as_str()) {
            (0, "") => return Ok(exit::CLEAN),
            (0, _) => "the feed was not read".to_owned(),
            (failed, _) => format!("{failed} packages could not be fetched"),
        };
        Err(Error::tool(what).remedy("see the reasons above; what was fetched is kept, and the next run asks again"))
    }

    /// Says what is watched, and how.
    async fn begin(&mut self) -> Result<()> {
        self.list().await?;
        let every = self.desk.network.poll_seconds;
        let how = self.feed.as_ref().map_or_else(
            || format!("no feed is configured, so each is asked every {every} s (--feed URL)"),
            |(url, _)| format!("following {}", crate::net::show(url)),
        );
        self.means.terminal.remark(&format!("watching {} packages; {how}", self.packages.len()));
        Ok(())
    }

    /// Where to go on in the feed: where this or an earlier run was, else a little before its head. A feed
    /// that begins, or has begun anew, says nothing of what was before: then every package is asked once.
    async fn position(&mut self, url: &Url, known: Option<u64>) -> Result<u64> {
        let head = self.head(url).await?;
        let known = match known {
            Some(position) => Some(position),
            None => self.desk.writing.state().cursor(url.as_str())?.map(|(position, _)| position),
        };
        if let Some(position) = known {
            if position <= head {
                return Ok(position);
            }
            self.means.terminal.remark(&format!(
                "the feed was at {position} and is at {head}: it began anew, and every package is asked once"
            ));
        }
        let all = self.packages.iter().cloned().map(Target::of).collect();
        self.visit(all).await?;
        Ok(head.saturating_sub(MARGIN))
    }

    /// Reads the watch list again: it may have been changed meanwhile.
    async fn list(&mut self) -> Result<()> {
        let mut remarks = Vec::new();
        let watched = self.desk.writing.state().watch_list()?.into_iter().map(|line| line.watched).collect();
        self.packages = expand(&self.desk, watched, self.means, &mut remarks).await?;
        for remark in remarks {
            self.means.terminal.remark(&printable(&remark));
        }
        Ok(())
    }

    /// Asks every package that no feed announces, and those of which nothing is held yet.
    async fn poll(&mut self) -> Result<()> {
        self.list().await?;
        let deaf = !self.last_trouble.is_empty();
        let state = self.desk.writing.state();
        let mut targets = Vec::new();
        for id in &self.packages {
            let announced = self.feed.is_some() && id.registry == NPM && !deaf;
            let path = (registry(&id.registry)?.parts)(&id.name).swap_remove(0).path;
            // A registry that is not configured fails at the visit, which says so.
            let held = match self.desk.endpoint(&id.registry, &id.name).await {
                Ok(endpoint) => state.held(endpoint.base.as_str(), &path)?,
                Err(_) => None,
            };
            if !announced || held.is_none() {
                targets.push(Target::of(id.clone()));
            }
        }
        self.visit(targets).await.map(|_| ())
    }

    /// Takes up what the feed has brought since the last time.
    async fn follow(&mut self) -> Result<()> {
        let Some((url, known)) = self.feed.clone() else { return Ok(()) };
        let mut since = self.position(&url, known).await?;
        loop {
            let changes = self.changes(&url, since).await?;
            since = changes.last;
            self.note(&changes.rows);
            self.settle().await?;
            let kept = self.pending.values().map(|p| p.position.saturating_sub(1)).min().unwrap_or(since).min(since);
            let cursor = Some((url.to_string(), kept, (self.desk.clock)()));
            let batch = Batch { memory: Memory { cursor, ..Memory::default() }, ..Batch::default() };
            tokio::task::block_in_place(|| self.desk.writing.commit(batch))?;
            self.feed = Some((url.clone(), Some(since)));
            if !self.last_trouble.is_empty() {
                self.last_trouble.clear();
                self.means.terminal.remark("the feed answers again");
            }
            if changes.entries < feed::PAGE {
                return Ok(());
            }
        }
    }

    fn note(&mut self, rows: &[Change]) {
        for row in rows {
            let id = PackageId { registry: NPM.to_owned(), name: row.name.clone() };
            if self.packages.contains(&id) {
                let position = self.pending.get(&id).map_or(row.position, |p| p.position.min(row.position));
                let least = row.revision.filter(|_| !row.deleted);
                let target = Target { id: id.clone(), least, deleted: row.deleted };
                self.pending.insert(id, Pending { target, position, tries: 0, due: Instant::now() });
            }
        }
    }

    /// Visits what is due. What is still older than announced, or did not answer, is asked again after
    /// the pauses that the configuration lists, and then taken as it is.
    async fn settle(&mut self) -> Result<()> {
        let now = Instant::now();
        let pauses = self.desk.network.stale_pauses_ms.clone();
        let due: Vec<Target> = self.pending.values().filter(|p| p.due <= now).map(|p| p.target.clone()).collect();
        if due.is_empty() {
            return Ok(());
        }
        let asked: Vec<PackageId> = due.iter().map(|t| t.id.clone()).collect();
        let late = self.visit(due).await?;
        for id in asked {
            let Some(pending) = self.pending.get_mut(&id) else { continue };
            match pauses.get(pending.tries) {
                Some(pause) if late.contains(&id) => {
                    pending.tries += 1;
                    pending.due = Instant::now() + Duration::from_millis(*pause);
                }
                _ => {
                    if late.contains(&id) {
                        self.means.terminal.remark(&format!("{id}: still older than the feed says; taken as it is"));
                    }
                    self.pending.remove(&id);
                }
            }
        }
        Ok(())
    }

    /// Visits packages, scores what is new, and gives those that are behind or did not answer.
    async fn visit(&mut self, targets: Vec<Target>) -> Result<HashSet<PackageId>> {
        if targets.is_empty() {
            return Ok(HashSet::new());
        }
        let report = visit_all(&self.desk, targets, self.means).await?;
        for line in report.troubles() {
            self.means.terminal.remark(&line);
        }
        self.failed += report.failed;
        self.judging.judge(&report.fresh)?;
        Ok(report.late)
    }

    async fn head(&self, feed: &Url) -> Result<u64> {
        for path in feed::HEADS {
            if let Some(text) = self.ask_feed(feed, path).await?
                && let Some(position) = feed::parse_head(&text)?
            {
                return Ok(position);
            }
        }
        Err(Error::tool(format!("{} does not say how far it has come (update_seq)", crate::net::show(feed)))
            .remedy("name the replication feed of the registry: --feed URL, or registries.npm.feed in gaitkeeper.toml"))
    }

    async fn changes(&self, feed: &Url, since: u64) -> Result<Changes> {
        let text = self.ask_feed(feed, &feed::path(since)).await?;
        let text = text.ok_or_else(|| Error::tool(format!("{} has no _changes", crate::net::show(feed))))?;
        feed::parse(&text, since)
    }

    async fn ask_feed(&self, feed: &Url, path: &str) -> Result<Option<Vec<u8>>> {
        let npm = registry(NPM)?;
        let endpoint = Endpoint { base: feed.clone(), ..self.desk.addresses.of(NPM, "a")? };
        match self.desk.client.get(&ask_at(npm, &endpoint, path)?).await? {
            Answer::Document(body) => {
                document::from_reader(body.bytes.as_slice(), self.desk.client.max_document()).map(Some)
            }
            Answer::NotModified | Answer::Absent => Ok(None),
        }
    }

    /// Says what is wrong, once, and goes on: the next round may find it mended.
    fn trouble(&mut self, error: &Error) {
        let text = error.to_string();
        if self.last_trouble != text {
            let every = self.desk.network.poll_seconds;
            self.means.terminal.error(error);
            self.means
                .terminal
                .remark(&format!("until the feed answers again, every package is asked every {every} s"));
            self.last_trouble = text;
        }
    }
}
