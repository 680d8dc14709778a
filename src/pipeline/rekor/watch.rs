//! `rekor monitor`: one look at each log, and at what it holds of those who are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Log;
use super::ask::Asker;
use super::known::{self, Package};
use super::lookup::{Found, Looked, Outcome, Wanted, lookup};
use super::monitor::{self, Watched};
use super::orphans::{Asked, Expected, Finding, judge};
use super::tail::{Start, Tail, pass};
use crate::acquire::rekor::head::{Class, Head, Sight};
use crate::acquire::rekor::keys::{LogKeys, Style};
use crate::acquire::rekor::signer::Signer;
use crate::acquire::rekor::v1::{Key, Uuid};
use crate::acquire::sigstore::trust::Trust;
use crate::archive::logs::{KeptEntry, LogFinding};
use crate::archive::state::State;
use crate::archive::watchlist::Kind;
use crate::cli::RekorMonitor;
use crate::error::{Error, Result, exit, printable};
use crate::names::PackageId;
use crate::net::Client;
use crate::pipeline::Means;
use crate::pipeline::shelf::Shelf;

/// Batches of a tiled log that are read in one run.
const BATCHES: usize = 4_000;
/// Digests that are asked for in one run, those that were asked for longest ago first.
const SEARCHES: usize = 200;

/// What is kept of a log between two runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    head: Option<Head>,
    tail: Option<Tail>,
    /// When each digest was last asked for, milliseconds since the epoch.
    searched: BTreeMap<String, i64>,
    /// Publishes whose entry the log was seen to have.
    confirmed: BTreeSet<u64>,
}

/// What one run found of one log.
#[derive(Default)]
struct Told {
    lines: Vec<String>,
    findings: Vec<LogFinding>,
    troubled: bool,
}

pub(super) fn watch(
    options: &RekorMonitor,
    logs: &[Log],
    keys: &LogKeys,
    trust: &Trust,
    client: &Client,
    means: &Means,
) -> Result<u8> {
    let dir = means.archive.dir()?;
    let state = State::open(dir)?;
    let shelf = Shelf::of(&state, dir)?;
    let mut packages = BTreeMap::new();
    let mut unheld = 0;
    for line in state.watch_list()?.into_iter().filter(|line| line.watched.kind == Kind::Package) {
        let id = PackageId { registry: line.watched.registry, name: line.watched.name };
        match known::of(&shelf, &id, trust)? {
            Some(package) => drop(packages.insert(id, package)),
            None => unheld += 1,
        }
    }
    let people = options.email.iter().map(|address| Key::Email(address.clone()));
    let named: Vec<Key> = people.chain(options.subject.iter().map(|uri| Key::Subject(uri.clone()))).collect();
    if !named.is_empty() {
        packages.insert(
            PackageId { registry: String::new(), name: "the identities on the command line".to_owned() },
            identities(&named, packages.values(), means.now()),
        );
    }
    let runtime = crate::pipeline::pull::runtime()?;
    let (mut told, mut fresh) = (Vec::new(), BTreeSet::new());
    for log in logs {
        let asker = Asker::new(client, log.address, None)?;
        let log = log.key;
        let watched = Watched { asker: &asker, keys, log };
        let mut kept = match state.log(&log.name)? {
            None => Kept::default(),
            Some(text) => serde_json::from_str(&text).map_err(|e| {
                Error::tool(format!("what is kept of {} cannot be read: {e}", printable(&log.name)))
                    .remedy("restore state.sqlite from a backup: without it the log's past cannot be compared")
            })?,
        };
        let mut told_of = Told::default();
        match log.style {
            Style::Entries => {
                let entries = runtime.block_on(entries(
                    watched,
                    &packages,
                    &mut kept,
                    options,
                    &state,
                    means.now(),
                    &mut told_of,
                ))?;
                state.keep_log(&log.name, Some(&text(&kept)), &entries, means.now())?;
            }
            Style::Tiles => {
                runtime.block_on(tiles(watched, &packages, &mut kept, &state, means.now(), &mut told_of))?;
            }
        }
        fresh.append(&mut state.keep_findings(&log.name, &told_of.findings, means.now())?);
        told.push((log.name.clone(), told_of));
    }
    report(&told, &fresh, packages.len(), unheld, options.json, means)?;
    if told.iter().any(|(_, told)| told.findings.iter().any(|finding| fresh.contains(&finding.id))) {
        return Ok(exit::FINDINGS);
    }
    if told.iter().any(|(_, told)| told.troubled) {
        return Err(Error::tool("not every log could be asked").remedy("see above; the next run goes on from here"));
    }
    Ok(exit::CLEAN)
}

fn text(kept: &Kept) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}

/// Those who are named on the command line: what they signed is explained by any publish that is held.
fn identities<'a>(named: &[Key], packages: impl Iterator<Item = &'a Package>, now: i64) -> Package {
    let mut all = Package { keys: named.to_vec(), ..Package::default() };
    all.known.until = now.div_euclid(1000);
    for package in packages {
        all.known.until = all.known.until.min(package.known.until);
        all.known.digests.extend(package.known.digests.clone());
        all.known.attested.extend(package.known.attested.iter().cloned());
    }
    all.known.expected.extend(named.iter().filter_map(|key| match key {
        Key::Email(address) => Some(Expected::Email { address: address.clone(), issuer: None }),
        Key::Subject(uri) => Some(Expected::Subject(uri.clone())),
        Key::Digest(_) | Key::PublicKey(_) => None,
    }));
    all
}

/// One look at a log that is asked for entries.
async fn entries(
    watched: Watched<'_>,
    packages: &BTreeMap<PackageId, Package>,
    kept: &mut Kept,
    options: &RekorMonitor,
    state: &State,
    now: i64,
    told: &mut Told,
) -> Result<Vec<KeptEntry>> {
    let held = state.log_entries(&watched.log.name)?;
    let known: BTreeSet<Uuid> = held.iter().filter_map(|entry| Uuid::new(&entry.uuid)).collect();
    let keys = due(packages, kept);
    let round = monitor::round(watched, kept.head.as_ref(), &keys, &known, options.most, now).await?;
    tell(&round.look.sight, told);
    if let Some(head) = round.look.head {
        kept.head = Some(head);
    }
    let Some(news) = round.news else { return Ok(Vec::new()) };
    complete(&news, told);
    for search in &news.searches {
        if let (Key::Digest(digest), Outcome::Named { .. }) = (&search.key, &search.outcome) {
            kept.searched.insert(digest.clone(), now);
        }
    }
    let confirmed = confirm(watched, packages, kept, options.most).await;
    // What could not be judged yet is not kept, so that the next run finds it again.
    let mut put_off = BTreeSet::new();
    let (mut explained, mut logged, mut unjudged) = (0, 0, 0);
    for package in packages.values() {
        let of = |found: &&Found| found.by.iter().any(|key| package.keys.contains(key));
        let found: Vec<Found> = news.found.iter().filter(of).cloned().collect();
        let asked: Vec<Asked> =
            package.known.attested.iter().filter_map(|attested| confirmed.get(&attested.index?).cloned()).collect();
        let mut partly = package.known.clone();
        partly.attested.retain(|attested| attested.index.is_some_and(|index| confirmed.contains_key(&index)));
        // Entries are explained by every attestation, and asked for are only those that were not confirmed.
        let mut judged = judge(&found, &package.known, &[]);
        let of_publishes = judge(&[], &partly, &asked);
        judged.unjudged.retain(|unjudged| Uuid::new(&unjudged.what).is_some());
        judged.findings.extend(of_publishes.findings);
        logged += of_publishes.logged;
        explained += judged.explained;
        put_off.extend(judged.unjudged.iter().map(|unjudged| unjudged.what.clone()));
        unjudged += judged.unjudged.len() + of_publishes.unjudged.len();
        told.findings.extend(judged.findings.iter().map(|finding| keep(finding, now)));
    }
    kept.confirmed.extend(confirmed.iter().filter(|(_, asked)| matches!(asked, Asked::Entry(_))).map(|(i, _)| *i));
    told.lines.push(format!(
        "{} searches, {} new entries: {explained} explained by publishes, {unjudged} not judged; {logged} publishes found in the log",
        news.searches.len(),
        news.found.len()
    ));
    let judged = news.found.iter().filter(|found| !put_off.contains(&found.entry.uuid));
    Ok(judged.map(|found| KeptEntry { uuid: found.entry.uuid.clone(), entry: found.entry.canonical.clone() }).collect())
}

/// What to search by in this run: every identity, and the digests that were asked for longest ago.
fn due(packages: &BTreeMap<PackageId, Package>, kept: &Kept) -> Vec<Key> {
    let (mut keys, mut digests) = (Vec::new(), Vec::new());
    for key in packages.values().flat_map(|package| &package.keys) {
        match key {
            Key::Digest(digest) => digests.push((kept.searched.get(digest).copied().unwrap_or(0), digest)),
            other if !keys.contains(other) => keys.push(other.clone()),
            _ => {}
        }
    }
    digests.sort_by_key(|(at, _)| *at);
    keys.extend(digests.into_iter().take(SEARCHES).map(|(_, digest)| Key::Digest(digest.clone())));
    keys
}

/// Asks the log for the entries that attestations name and that were not confirmed yet.
async fn confirm(
    watched: Watched<'_>,
    packages: &BTreeMap<PackageId, Package>,
    kept: &Kept,
    most: usize,
) -> BTreeMap<u64, Asked> {
    let named = packages.values().flat_map(|package| &package.known.attested).filter_map(|attested| attested.index);
    let mut indexes: Vec<u64> = named.filter(|index| !kept.confirmed.contains(index)).collect();
    indexes.sort_unstable();
    indexes.dedup();
    indexes.truncate(most);
    let wanted = Wanted { indexes, most, ..Wanted::default() };
    let looked = lookup(watched.asker, watched.keys, &wanted).await;
    let mut asked: BTreeMap<u64, Asked> =
        looked.found.into_iter().map(|found| (found.entry.index, Asked::Entry(Box::new(found.entry)))).collect();
    asked.extend(looked.missing_indexes.into_iter().map(|index| (index, Asked::Absent)));
    asked
}

/// One look at a log of tiles: everything new in it is read.
async fn tiles(
    watched: Watched<'_>,
    packages: &BTreeMap<PackageId, Package>,
    kept: &mut Kept,
    state: &State,
    now: i64,
    told: &mut Told,
) -> Result<()> {
    let expected: Vec<&Expected> = packages.values().flat_map(|package| &package.known.expected).collect();
    let (mut read, mut unread, mut caught) = (0, 0, Vec::new());
    let before = kept.clone();
    let name = watched.log.name.clone();
    let mut each = |leaves: super::tail::Leaves, tail: &Tail| -> Result<()> {
        let (entries, refused) = leaves.entries();
        read += entries.len();
        unread += refused.len();
        let mut fresh = Vec::new();
        for entry in entries {
            let signed = entry.body.identities.iter().map(Signer::of).any(|s| expected.iter().any(|e| e.is(&s)));
            if signed {
                fresh.push(KeptEntry { uuid: entry.uuid.clone(), entry: entry.canonical.clone() });
                caught.push(entry);
            }
        }
        let kept = Kept { tail: Some(tail.clone()), ..before.clone() };
        state.keep_log(&name, Some(&text(&kept)), &fresh, now)
    };
    let passed = pass(watched, kept.tail.as_ref(), Start::Now, BATCHES, now, &mut each).await?;
    if let Some(look) = &passed.look {
        tell(&look.sight, told);
    }
    kept.tail = passed.tail.or(kept.tail.take());
    state.keep_log(&watched.log.name, Some(&text(kept)), &[], now)?;
    let mut unknown = 0;
    for entry in &caught {
        let explains = |package: &Package| package.known.attested.iter().any(|a| a.leaf == entry.leaf_hash);
        unknown += usize::from(!packages.values().any(explains));
    }
    told.lines.push(format!(
        "{read} new entries read, {unread} of them unreadable; {} by watched identities, {unknown} of which no held \
         publish explains: this log tells no time, so that nothing is concluded from it",
        caught.len()
    ));
    Ok(())
}

/// How a log stands.
fn tell(sight: &Sight, told: &mut Told) {
    told.lines.push(format!("{}: {}", sight.name(), sight.sentence()));
    match sight.class() {
        Class::Sound => {}
        Class::Finding => told.findings.push(LogFinding {
            id: blake3::hash(sight.sentence().as_bytes()).to_hex()[..16].to_owned(),
            kind: sight.name().to_owned(),
            sentence: sight.sentence(),
            remedy: sight.remedy().to_owned(),
            first_at: 0,
        }),
        Class::Infrastructure => {
            told.lines.push(format!("help: {}", sight.remedy()));
            told.troubled = true;
        }
    }
}

/// What could not be learnt of entries.
fn complete(news: &Looked, told: &mut Told) {
    for search in &news.searches {
        match &search.outcome {
            Outcome::NotSearchable(why) => {
                told.lines.push(format!("not searchable by {}: {why}", search.key.kind()));
            }
            Outcome::Unfit(error) => told.lines.push(format!("not searched by {}: {error}", search.key.kind())),
            Outcome::Failed(trouble) => {
                told.lines.push(format!("no answer to a search by {}: {}", search.key.kind(), trouble.error()));
                told.troubled = true;
            }
            Outcome::Named { .. } => {}
        }
    }
    let left = news.left.len() + news.left_indexes.len();
    if left > 0 {
        told.lines.push(format!("{left} entries are left for the next run"));
    }
    if !news.unread.is_empty() || !news.missing.is_empty() {
        told.lines.push(format!(
            "{} entries cannot be read, {} were named by the index and are not there",
            news.unread.len(),
            news.missing.len()
        ));
    }
}

fn keep(finding: &Finding, now: i64) -> LogFinding {
    let sentence = finding.sentence();
    LogFinding {
        id: blake3::hash(sentence.as_bytes()).to_hex()[..16].to_owned(),
        kind: finding.name().to_owned(),
        sentence,
        remedy: finding.remedy().to_owned(),
        first_at: now,
    }
}

fn report(
    told: &[(String, Told)],
    fresh: &BTreeSet<String>,
    packages: usize,
    unheld: usize,
    as_json: bool,
    means: &Means,
) -> Result<()> {
    let mut out = String::new();
    for (log, told) in told {
        if as_json {
            for finding in &told.findings {
                let line = json!({
                    "schema_version": 1, "kind": "log_finding", "log": log, "id": finding.id, "finding": finding.kind,
                    "sentence": finding.sentence, "remedy": finding.remedy, "new": fresh.contains(&finding.id),
                });
                let _ = writeln!(out, "{line}");
            }
            let line = json!({ "schema_version": 1, "kind": "log", "log": log, "remarks": told.lines });
            let _ = writeln!(out, "{line}");
            continue;
        }
        let _ = writeln!(out, "{}", printable(log));
        for line in &told.lines {
            let _ = writeln!(out, "  {}", printable(line));
        }
        for finding in &told.findings {
            let age = if fresh.contains(&finding.id) { "NEW" } else { "known" };
            let _ = writeln!(out, "  {age} {}: {}", finding.kind, printable(&finding.sentence));
            let _ = writeln!(out, "    help: {}", printable(&finding.remedy));
        }
    }
    if !as_json {
        let _ = writeln!(
            out,
            "{packages} packages and identities watched, {unheld} on the watch list were never pulled; the log's index \
             may be incomplete, so that nothing found is no proof of nothing"
        );
    }
    means.terminal.result(&out)
}
