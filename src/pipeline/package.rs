//! One package: its documents asked for, read, and compared with what was held.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use url::Url;

use super::visit::{Outcome, Target, Visit};
use crate::acquire::raw::RawPackage;
use crate::acquire::sigstore::trust::Trust;
use crate::acquire::{Part, Registry, document, registry};
use crate::archive::commit::Writing;
use crate::archive::normalise::EmailKey;
use crate::archive::packs::{self, Label, Packed};
use crate::archive::state::{Held, Sight};
use crate::config::{Addresses, CARGO, Endpoint, Network};
use crate::error::{Error, Result, printable};
use crate::net::{Answer, Ask, Body, Client, Pace, show};

/// How often a document that came cut short is asked for.
const ATTEMPTS: u32 = 3;

/// What every package of a run shares.
pub(super) struct Desk {
    /// The network.
    pub client: Client,
    /// Where registries are.
    pub addresses: Arc<Addresses>,
    /// The archive.
    pub writing: Writing,
    /// Key of the e-mail hash.
    pub key: EmailKey,
    /// Documents are read by as many workers as there are cores.
    pub workers: Semaphore,
    /// Whose signatures count.
    pub trust: Trust,
    /// Attestation documents are fetched too.
    pub attestations: bool,
    /// How the network is used.
    pub network: Network,
    /// The clock, in milliseconds since the epoch.
    pub clock: fn() -> i64,
}

/// A package's documents, read.
pub(super) struct Reading {
    /// Documents that are not the held ones.
    pub fresh: Vec<Packed>,
    /// What they say.
    pub package: RawPackage,
    /// What the held ones said.
    pub before: Option<RawPackage>,
}

/// What one address answered.
enum Served {
    Same(Held),
    New(Box<Body>, Option<Held>),
    Nothing,
}

/// Why a reading did not come about.
pub(super) enum Fault {
    /// Cut short: asked for again.
    Cut(Error),
    /// The documents are the held ones after all.
    Same,
    /// Older than the held ones.
    Older,
    /// Not to be learnt from.
    Unfit(Error),
}

impl Desk {
    /// Visits a package.
    pub(super) async fn visit(self: &Arc<Self>, target: &Target) -> Visit {
        let id = &target.id;
        let mut visit = Visit::of(id);
        match self.try_visit(&mut visit, target.least, target.deleted).await {
            Ok(outcome) => visit.outcome = outcome,
            Err(error) => {
                // What a failed visit learnt half of is not kept: the next one begins anew.
                visit = Visit::of(id);
                visit.outcome = Outcome::Failed(error);
            }
        }
        visit
    }

    async fn try_visit(self: &Arc<Self>, visit: &mut Visit, least: Option<i64>, deleted: bool) -> Result<Outcome> {
        let registry = registry(&visit.id.registry)?;
        let endpoint = Arc::new(self.endpoint(registry.id, &visit.id.name).await?);
        let parts = (registry.parts)(&visit.id.name);
        for attempt in 1.. {
            let mut served = Vec::with_capacity(parts.len());
            for part in &parts {
                served.push(self.ask(registry, &endpoint, part).await?);
            }
            let now = (self.clock)();
            if let Some(at) = parts.iter().zip(&served).position(|(p, s)| !p.optional && matches!(s, Served::Nothing)) {
                let path = &parts[at].path;
                let held = self.writing.state().held(endpoint.base.as_str(), path)?;
                visit.memory.sights.push(sight(&endpoint, path, now, None, None));
                if deleted && held.is_some() {
                    self.bury(visit, registry, &endpoint, &parts, now)?;
                }
                return Ok(Outcome::Absent { known: held.is_some() });
            }
            let first = served.iter().all(|s| !matches!(s, Served::Same(_) | Served::New(_, Some(_))));
            let sights = sights(&endpoint, &parts, &served, now);
            let reading = if served.iter().all(|s| !matches!(s, Served::New(..))) {
                Err(Fault::Same)
            } else {
                self.read(registry, &endpoint, &visit.id.name, &parts, served, now).await?
            };
            match reading {
                Ok(reading) => {
                    let stale = is_behind(reading.package.revision.as_deref(), least);
                    self.take(visit, registry, &endpoint, reading, now, stale).await?;
                    visit.memory.sights.extend(sights);
                    return Ok(if stale { Outcome::Stale } else { Outcome::Changed { first } });
                }
                Err(Fault::Same) => {
                    visit.memory.sights.extend(sights);
                    self.settle(visit, registry, &endpoint, &parts, now).await?;
                    let held = self.writing.state().held(endpoint.base.as_str(), &parts[0].path)?;
                    let behind = least.is_some_and(|least| held.and_then(|h| h.revision).is_some_and(|r| r < least));
                    return Ok(if behind { Outcome::Stale } else { Outcome::Unchanged });
                }
                Err(Fault::Older) => return Ok(Outcome::Stale),
                Err(Fault::Cut(_)) if attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 200)).await;
                }
                Err(Fault::Cut(error) | Fault::Unfit(error)) => return Err(error),
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// Where a package is asked for. Cargo's configuration names an index, and the index the registry's API.
    pub(super) async fn endpoint(&self, registry: &str, package: &str) -> Result<Endpoint> {
        let found = self.addresses.of(registry, package);
        let (Err(_), CARGO, Some(index)) = (&found, registry, self.addresses.cargo_index()) else { return found };
        let url = index.join("config.json").map_err(|e| Error::tool(format!("cargo's index has no address: {e}")))?;
        let pace = Pace::Polite(1);
        let ask = Ask { url, accept: "application/json", etag: None, pace, body: None };
        if let Answer::Document(body) = self.client.get(&ask).await? {
            let text = document::from_reader(body.bytes.as_slice(), self.client.max_document())?;
            let config: serde_json::Value = serde_json::from_slice(&text)
                .map_err(|e| Error::tool(format!("the config.json of cargo's index is not JSON: {e}")))?;
            if let Some(api) = config["api"].as_str().and_then(|api| Url::parse(api).ok()) {
                self.addresses.learn_cargo(api);
            }
        }
        self.addresses.of(registry, package)
    }

    async fn ask(&self, registry: &Registry, endpoint: &Endpoint, part: &Part) -> Result<Served> {
        let held = self.writing.state().held(endpoint.base.as_str(), &part.path)?;
        let ask = ask(registry, endpoint, part, held.as_ref().and_then(|h| h.etag.clone()))?;
        Ok(match (self.client.get(&ask).await?, held) {
            (Answer::Document(body), held) => Served::New(Box::new(body), held),
            (Answer::NotModified, Some(held)) => Served::Same(held),
            (Answer::NotModified | Answer::Absent, _) => Served::Nothing,
        })
    }

    /// Unpacks and reads what was served, on a worker.
    async fn read(
        self: &Arc<Self>,
        registry: &'static Registry,
        endpoint: &Arc<Endpoint>,
        name: &str,
        parts: &[Part],
        served: Vec<Served>,
        now: i64,
    ) -> Result<std::result::Result<Reading, Fault>> {
        let (desk, endpoint, name, parts) = (Arc::clone(self), Arc::clone(endpoint), name.to_owned(), parts.to_vec());
        let _worker = self.workers.acquire().await.map_err(|_| Error::tool("the run has ended"))?;
        let work = move || desk.digest(registry, &endpoint, &name, &parts, served, now);
        tokio::task::spawn_blocking(work).await.map_err(|e| Error::tool(format!("a document could not be read: {e}")))
    }

    fn digest(
        &self,
        registry: &'static Registry,
        endpoint: &Endpoint,
        name: &str,
        parts: &[Part],
        served: Vec<Served>,
        now: i64,
    ) -> std::result::Result<Reading, Fault> {
        let mut texts: Vec<Option<Vec<u8>>> = Vec::with_capacity(parts.len());
        let mut before: Vec<Option<Vec<u8>>> = Vec::with_capacity(parts.len());
        let mut fresh = Vec::new();
        let mut newest = None;
        for (part, served) in parts.iter().zip(served) {
            match served {
                Served::Nothing => {
                    texts.push(None);
                    before.push(None);
                }
                Served::Same(held) => {
                    let text = packs::read(self.writing.dir(), held.place, &held.hash).map_err(Fault::Unfit)?;
                    before.push(Some(text.clone()));
                    texts.push(Some(text));
                }
                Served::New(body, held) => {
                    let text = self.unpack(&body, endpoint, &part.path)?;
                    let hash = packs::hash(&text);
                    let same = held.as_ref().is_some_and(|h| h.hash == hash);
                    newest = newest.or(held.as_ref().and_then(|h| h.revision));
                    before.push(match &held {
                        Some(held) => {
                            Some(packs::read(self.writing.dir(), held.place, &held.hash).map_err(Fault::Unfit)?)
                        }
                        None => None,
                    });
                    if !same {
                        fresh.push((part.path.clone(), hash, body.etag.clone(), texts.len()));
                    }
                    texts.push(Some(text));
                }
            }
        }
        if fresh.is_empty() {
            return Err(Fault::Same);
        }
        let views = |texts: &[Option<Vec<u8>>]| -> Result<RawPackage> {
            let views: Vec<Option<&[u8]>> = texts.iter().map(Option::as_deref).collect();
            (registry.parse)(name, &views)
        };
        let mut package = views(&texts).map_err(|error| {
            let cut = texts.iter().flatten().any(|text| document::is_cut_short(text));
            let error = at(error, endpoint, &parts[0].path);
            if cut { Fault::Cut(error) } else { Fault::Unfit(error) }
        })?;
        own_tarballs(&package, endpoint).map_err(|error| Fault::Unfit(at(error, endpoint, &parts[0].path)))?;
        let revision = number(package.revision.as_deref());
        if revision.zip(newest).is_some_and(|(now, held)| now < held) {
            return Err(Fault::Older);
        }
        package.releases.shrink_to_fit();
        let fresh = fresh
            .into_iter()
            .map(|(path, hash, etag, at)| {
                let text = texts[at].as_deref().unwrap_or_default();
                let label = Label {
                    hash,
                    registry: registry.id.to_owned(),
                    source: endpoint.base.to_string(),
                    path,
                    observed_at: now,
                    etag,
                    revision,
                    length: text.len() as u64,
                };
                Packed::new(label, text)
            })
            .collect::<Result<Vec<_>>>()
            .map_err(Fault::Unfit)?;
        // A document that was taken once is read by the same reader again, and cannot fail but by a bug of
        // an earlier version: then everything in the new one counts as new.
        let before = before.iter().any(Option::is_some).then(|| views(&before).ok()).flatten();
        Ok(Reading { fresh, package, before })
    }

    /// Unpacks what was served, and refuses what holds the credential that was sent.
    pub(super) fn unpack(&self, body: &Body, endpoint: &Endpoint, path: &str) -> std::result::Result<Vec<u8>, Fault> {
        let text = document::from_reader(body.bytes.as_slice(), self.client.max_document()).map_err(|error| {
            let cut = document::is_packed(&body.bytes) && !error.what.contains("larger");
            let error = at(error, endpoint, path);
            if cut { Fault::Cut(error) } else { Fault::Unfit(error) }
        })?;
        if body.sent.as_ref().is_some_and(|credential| credential.is_in(&text)) {
            return Err(Fault::Unfit(at(
                Error::tool("the document holds the credential that was sent for it, and is not kept")
                    .remedy("revoke the token: this registry, or something before it, echoes secrets"),
                endpoint,
                path,
            )));
        }
        Ok(text)
    }
}

/// A question to a registry.
pub(super) fn ask(registry: &Registry, endpoint: &Endpoint, part: &Part, etag: Option<String>) -> Result<Ask> {
    let url = endpoint.base.join(&part.path).map_err(|e| Error::tool(format!("`{}` is no path: {e}", part.path)))?;
    let pace = endpoint.requests_per_second.map_or(Pace::Polite(registry.requests_per_second), Pace::Fixed);
    Ok(Ask { url, accept: part.accept, etag, pace, body: None })
}

/// A question to a registry, or to its feed, that is asked for the moment only.
pub(super) fn ask_at(registry: &Registry, endpoint: &Endpoint, path: &str) -> Result<Ask> {
    ask(registry, endpoint, &Part { path: path.to_owned(), accept: "application/json", optional: true }, None)
}

/// Refuses a document whose tarballs are elsewhere: a mirror that passes on another registry's documents.
pub(super) fn own_tarballs(package: &RawPackage, endpoint: &Endpoint) -> Result<()> {
    match package.tarball_host.as_deref() {
        Some(host) if Some(host) != endpoint.base.host_str() => Err(Error::tool(format!(
            "its tarballs are at another host, {}: a mirror or proxy serves this document",
            printable(host)
        ))
        .remedy("name the registry where the package is published: --registry URL, or .npmrc")),
        _ => Ok(()),
    }
}

/// What was seen at one address.
pub(super) fn sight(endpoint: &Endpoint, path: &str, at: i64, hash: Option<&str>, etag: Option<String>) -> Sight {
    let (source, path, hash) = (endpoint.base.to_string(), path.to_owned(), hash.map(str::to_owned));
    Sight { source, path, at, hash, etag, stale: false }
}

/// An error at an address.
pub(super) fn at(mut error: Error, endpoint: &Endpoint, path: &str) -> Error {
    let place = error.place.take().map_or_else(String::new, |place| format!(", {place}"));
    error.place = Some(format!("{}{path}{place}", show(&endpoint.base)));
    error
}

/// The number at the beginning of a revision (`423-48cc`): it grows with every change of the document.
fn number(revision: Option<&str>) -> Option<i64> {
    revision?.split('-').next()?.parse().ok()
}

/// What a visit saw at each address of a package.
fn sights(endpoint: &Endpoint, parts: &[Part], served: &[Served], now: i64) -> Vec<Sight> {
    let pairs = parts.iter().zip(served);
    pairs
        .filter_map(|(part, served)| match served {
            Served::Same(held) => Some(sight(endpoint, &part.path, now, Some(&held.hash), held.etag.clone())),
            Served::Nothing => Some(sight(endpoint, &part.path, now, None, None)),
            // What is new is seen once it has been read.
            Served::New(..) => None,
        })
        .collect()
}

/// A document that is older than what was announced.
fn is_behind(revision: Option<&str>, least: Option<i64>) -> bool {
    number(revision).zip(least).is_some_and(|(revision, least)| revision < least)
}
