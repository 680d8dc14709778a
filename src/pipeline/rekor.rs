//! What is asked of the transparency log: the signatures over an artifact or by an identity, whether the
//! log only grows, and what the two say about publishes.

pub mod ask;
mod known;
pub mod lookup;
pub mod monitor;
pub mod orphans;
pub mod tail;
mod watch;

use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use super::verify::trust;
use super::{Means, material};
use crate::acquire::rekor::entry::Step;
use crate::acquire::rekor::keys::{LogKey, LogKeys, Style};
use crate::acquire::rekor::signer::Signer;
use crate::acquire::rekor::v1::Key;
use crate::acquire::sigstore::expected;
use crate::archive::table::show_time;
use crate::cli::{Rekor, RekorAction, RekorLookup};
use crate::config::{Addresses, Config};
use crate::error::{Error, Result, exit, printable};
use crate::net::Client;
use ask::Asker;
use lookup::{A_MISS, Found, Outcome, Wanted};

/// Entries that a lookup fetches at most.
const MOST: usize = 1_000;

pub(super) fn rekor(options: &Rekor, means: &Means) -> Result<u8> {
    let log = match &options.action {
        RekorAction::Lookup(options) => &options.log,
        RekorAction::Monitor(options) => &options.log,
    };
    let trust = trust(&log.trust)?;
    let keys = LogKeys::of_root(trust.root());
    for (log, why) in keys.refused() {
        means.terminal.remark(&format!("warning: the log {} cannot be used: {}", printable(log), printable(why)));
    }
    let (wanted, address) = match log.log.as_deref().map(|log| log.split_once('=').unwrap_or((log, ""))) {
        None => (None, None),
        Some((name, address)) => (Some(name), Some(address).filter(|address| !address.is_empty())),
    };
    let named = |key: &LogKey| wanted.is_none_or(|wanted| wanted == key.name || same(wanted, &key.base_url));
    let logs: Vec<Log> = keys
        .logs()
        .iter()
        .filter(|key| named(key))
        .map(|key| Log { key, address: address.unwrap_or(&key.base_url) })
        .collect();
    if logs.is_empty() {
        let known: Vec<&str> = keys.logs().iter().map(|key| key.name.as_str()).collect();
        return Err(Error::usage("the trusted root holds no such log").remedy(format!("one of {}", known.join(", "))));
    }
    let surroundings = means.surroundings()?;
    let config = Config::load(None, &surroundings)?;
    let addresses = Arc::new(Addresses::find(&[], None, &config, &surroundings)?);
    let client = Client::new(&config.network, addresses, means.offline)?;
    match &options.action {
        RekorAction::Lookup(options) => look_up(options, &logs, &keys, &client, means),
        RekorAction::Monitor(options) => watch::watch(options, &logs, &keys, &trust, &client, means),
    }
}

/// A log of the trusted root, and where it is asked.
#[derive(Clone, Copy)]
struct Log<'a> {
    key: &'a LogKey,
    address: &'a str,
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn look_up(options: &RekorLookup, logs: &[Log], keys: &LogKeys, client: &Client, means: &Means) -> Result<u8> {
    let mut wanted: Vec<Key> = options.digest.iter().map(|digest| Key::Digest(digest.clone())).collect();
    for release in &options.releases {
        let found = material::of(release, &options.reach, means)?;
        let paths = (found.registry.attestations)(&found.package, &found.release);
        let path = paths.first().map_or("", String::as_str);
        let digests = expected::of(found.registry.id, &found.package, &found.release, path).digests;
        if digests.is_empty() {
            means.terminal.remark(&format!("warning: nobody says the digest of {release}: it is not searched for"));
        }
        wanted.extend(digests.iter().map(|d| Key::Digest(format!("{}:{}", d.algorithm().name(), d.hex()))));
    }
    wanted.extend(options.email.iter().map(|address| Key::Email(address.clone())));
    wanted.extend(options.subject.iter().map(|uri| Key::Subject(uri.clone())));
    if wanted.is_empty() {
        return Err(Error::usage("nothing to look for")
            .remedy("name a release, --digest sha512:HEX, --email ADDRESS or --subject URI"));
    }
    let searchable: Vec<&Log> = logs.iter().filter(|log| log.key.style == Style::Entries).collect();
    if searchable.is_empty() {
        return Err(Error::usage("a log of tiles cannot be searched").remedy("name a log of version 1, or none"));
    }
    let runtime = super::pull::runtime()?;
    let (mut out, mut incomplete, mut entries) = (String::new(), false, 0);
    for log in searchable {
        let asker = Asker::new(client, log.address, None)?;
        let question = Wanted { keys: wanted.clone(), most: MOST, ..Wanted::default() };
        let looked = runtime.block_on(lookup::lookup(&asker, keys, &question));
        incomplete |= !looked.is_complete();
        entries += looked.found.len();
        for found in &looked.found {
            out.push_str(&if options.json { line(&log.key.name, found) } else { paragraph(found) });
        }
        for search in &looked.searches {
            let said = match &search.outcome {
                Outcome::Named { entries, refused, cut } if refused + cut > 0 => {
                    format!("{entries} entries, {} more were not taken", refused + cut)
                }
                Outcome::Named { entries, .. } => format!("{entries} entries"),
                Outcome::NotSearchable(why) => format!("this log cannot be searched so: {why}"),
                Outcome::Unfit(error) => error.to_string(),
                Outcome::Failed(trouble) => format!("no answer: {}", trouble.error()),
            };
            means.terminal.remark(&printable(&format!("{}: by {}: {said}", log.key.name, search.key.kind())));
        }
        for trouble in &looked.troubles {
            means.terminal.remark(&printable(&format!("{}: {}", log.key.name, trouble.error())));
        }
    }
    if options.json {
        let summary = json!({ "schema_version": 1, "kind": "summary", "entries": entries, "complete": !incomplete });
        let _ = writeln!(out, "{summary}");
    } else {
        let _ = writeln!(out, "{entries} entries; {A_MISS}");
    }
    means.terminal.result(&out)?;
    if incomplete {
        return Err(Error::tool("the log did not answer in full").remedy("see above; ask again later"));
    }
    Ok(exit::CLEAN)
}

fn mark(step: &Step) -> String {
    match step {
        Step::Verified => "verified".to_owned(),
        Step::Failed(why) => format!("FAILED ({why})"),
        Step::Absent => "absent".to_owned(),
    }
}

fn signers(found: &Found) -> Vec<Signer> {
    found.entry.body.identities.iter().map(Signer::of).collect()
}

fn paragraph(found: &Found) -> String {
    let entry = &found.entry;
    let time = found.report.time.map_or_else(|| "a time that is not proven".to_owned(), |at| show_time(at * 1000));
    let mut out = format!("entry {} at {time}: {} {}\n", entry.index, entry.body.kind, entry.body.version);
    for signer in signers(found) {
        let name = signer.name.clone().or_else(|| signer.key.clone()).unwrap_or_default();
        let issuer = signer.issuer.as_ref().map_or_else(String::new, |issuer| format!(" (issuer {issuer})"));
        let _ = writeln!(out, "  by {}: {}", signer.kind.words(), printable(&format!("{name}{issuer}")));
    }
    for digest in &entry.body.digests {
        let _ = writeln!(out, "  {:?} {}", digest.of, digest.key());
    }
    let report = &found.report;
    let _ = writeln!(
        out,
        "  promise {}, inclusion {}, checkpoint {}",
        mark(&report.set),
        mark(&report.inclusion),
        mark(&report.checkpoint)
    );
    let _ = writeln!(out, "  {}", entry.uuid);
    out
}

fn line(log: &str, found: &Found) -> String {
    let entry = &found.entry;
    let signers: Vec<_> = signers(found)
        .into_iter()
        .map(|s| json!({ "kind": s.kind.words(), "name": s.name, "issuer": s.issuer, "key": s.key }))
        .collect();
    let digests: Vec<String> = entry.body.digests.iter().map(crate::acquire::rekor::body::Digest::key).collect();
    let line = json!({
        "schema_version": 1, "kind": "log_entry", "log": log, "uuid": entry.uuid, "index": entry.index,
        "time": found.report.time.map(|at| show_time(at * 1000)), "entry_kind": entry.body.kind,
        "entry_version": entry.body.version, "digests": digests, "signers": signers,
        "promise": mark(&found.report.set), "inclusion": mark(&found.report.inclusion),
        "checkpoint": mark(&found.report.checkpoint),
    });
    format!("{line}\n")
}
