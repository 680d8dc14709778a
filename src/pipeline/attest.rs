//! What is made of a package's documents: events, attestation documents fetched, and what is still owed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::origin_of;
use super::package::{Desk, Fault, Reading, ask, at, sight};
use super::visit::Visit;
use crate::acquire::raw::RawPackage;
use crate::acquire::sigstore::attestation::Verdict;
use crate::acquire::sigstore::verify::verify_document;
use crate::acquire::sigstore::{certified, expected};
use crate::acquire::{Part, Registry};
use crate::archive::merge::{Refusal, news};
use crate::archive::normalise;
use crate::archive::packs::{self, Label, Packed};
use crate::archive::state::{Debt, Sight};
use crate::baseline::stance::DAY;
use crate::config::{Endpoint, PYPI};
use crate::error::{Error, Result};
use crate::net::Answer;

/// Largest attestation document that is kept (8 MiB); real ones are below 100 KiB.
const MAX_ATTESTATION: usize = 8 << 20;

impl Desk {
    /// Makes events of a reading, fetches the attestation documents of what is new, and remembers both.
    pub(super) async fn take(
        self: &Arc<Self>,
        visit: &mut Visit,
        registry: &'static Registry,
        endpoint: &Endpoint,
        reading: Reading,
        now: i64,
        stale: bool,
    ) -> Result<()> {
        let Reading { fresh, mut package, before } = reading;
        visit.memory.owed = debts(registry, endpoint, &package, before.as_ref());
        self.pay(visit, registry, endpoint, now).await?;
        if registry.id == PYPI {
            self.owners(endpoint.base.as_str(), &mut package)?;
        }
        visit.warnings.append(&mut package.warnings);
        visit.skipped = package.skipped.len();
        let integrity = before.as_ref().map(|b| other_content(b, &package)).unwrap_or_default();
        if let Some(attested) = registry.attested {
            if let Some((_, error)) = visit.owed.take() {
                return Err(error);
            }
            let texts: HashMap<&str, &[u8]> =
                visit.attested.iter().map(|(path, text)| (path.as_str(), text.as_slice())).collect();
            for release in &mut package.releases {
                for text in
                    (registry.attestations)(&package.name, release).iter().filter_map(|path| texts.get(path.as_str()))
                {
                    if let Err(error) = attested(release, text) {
                        visit.warnings.push(error.to_string());
                    }
                }
            }
        }
        self.certify(visit, registry, &mut package);
        let events = |package: RawPackage| normalise::events(origin_of(registry), package, &self.key, now);
        visit.news = news(before.map(&events).unwrap_or_default(), events(package), !stale);
        visit.news.refused.extend(integrity);
        for Packed { label, .. } in &fresh {
            let seen = sight(endpoint, &label.path, now, Some(&label.hash), label.etag.clone());
            visit.memory.sights.push(Sight { stale, ..seen });
        }
        visit.documents.extend(fresh);
        Ok(())
    }

    /// Verifies the attestation documents that came with this visit, and gives each release what its own proves.
    fn certify(&self, visit: &mut Visit, registry: &Registry, package: &mut RawPackage) {
        let texts: HashMap<String, Vec<u8>> = std::mem::take(&mut visit.attested).into_iter().collect();
        if texts.is_empty() {
            return;
        }
        for release in &mut package.releases {
            for path in (registry.attestations)(&package.name, release) {
                let Some(text) = texts.get(&path) else { continue };
                let expected = expected::of(registry.id, &package.name, release, &path);
                let report = match verify_document(text, &expected, &self.trust) {
                    Ok(report) => report,
                    Err(error) => {
                        visit.refused.push(format!("{}: {error}", release.version));
                        continue;
                    }
                };
                match report.verdict() {
                    Verdict::Verified => visit.verified += 1,
                    Verdict::Absent => {}
                    Verdict::Failed { step, why } => {
                        visit.refused.push(format!("{}, at {}: {why}", release.version, step.title()));
                    }
                    Verdict::Unverifiable { why } => {
                        visit.refused.push(format!("{}, which cannot be judged: {why}", release.version));
                    }
                    Verdict::Infrastructure { why } => {
                        visit.refused.push(format!("{}, not judged because of this machine: {why}", release.version));
                    }
                }
                release.certificate = certified::of(&report);
            }
        }
    }

    /// Fetches what is owed of a package whose documents are the held ones, and takes up what it proves.
    pub(super) async fn settle(
        self: &Arc<Self>,
        visit: &mut Visit,
        registry: &'static Registry,
        endpoint: &Endpoint,
        parts: &[Part],
        now: i64,
    ) -> Result<()> {
        self.pay(visit, registry, endpoint, now).await?;
        if visit.attested.is_empty() {
            return Ok(());
        }
        let mut package = self.held_package(visit, registry, endpoint, parts)?;
        let events = |package: RawPackage| normalise::events(origin_of(registry), package, &self.key, now);
        let before = events(package.clone());
        self.certify(visit, registry, &mut package);
        visit.news = news(before, events(package), true);
        Ok(())
    }

    fn held_package(
        &self,
        visit: &Visit,
        registry: &Registry,
        endpoint: &Endpoint,
        parts: &[Part],
    ) -> Result<RawPackage> {
        let mut texts = Vec::with_capacity(parts.len());
        for part in parts {
            let held = self.writing.state().held(endpoint.base.as_str(), &part.path)?;
            texts.push(held.map(|h| packs::read(self.writing.dir(), h.place, &h.hash)).transpose()?);
        }
        let views: Vec<Option<&[u8]>> = texts.iter().map(Option::as_deref).collect();
        (registry.parse)(&visit.id.name, &views)
    }

    /// Every version of a package that the registry has deleted, and says so, is no longer public.
    pub(super) fn bury(
        &self,
        visit: &mut Visit,
        registry: &Registry,
        endpoint: &Endpoint,
        parts: &[Part],
        now: i64,
    ) -> Result<()> {
        let before = self.held_package(visit, registry, endpoint, parts)?;
        visit.news = news(normalise::events(origin_of(registry), before, &self.key, now), Vec::new(), true);
        Ok(())
    }

    /// Fetches the attestation documents of a package that are owed, and not those that were not there yesterday.
    pub(super) async fn pay(
        self: &Arc<Self>,
        visit: &mut Visit,
        registry: &Registry,
        endpoint: &Endpoint,
        now: i64,
    ) -> Result<()> {
        // Where the publisher stands only in the attestation, there is no history without it.
        if !self.attestations && registry.attested.is_none() {
            return Ok(());
        }
        let source = endpoint.base.to_string();
        let mut paths = self.writing.state().owed(&source, &visit.id.name, now - DAY)?;
        paths.extend(visit.memory.owed.iter().map(|debt| debt.path.clone()));
        paths.sort();
        paths.dedup();
        for path in paths {
            let debt = Debt { source: source.clone(), path: path.clone(), package: visit.id.name.clone() };
            let part = Part { path: path.clone(), accept: "application/json", optional: true };
            match self.attestation(registry, endpoint, &part, now).await {
                Ok(Some((packed, text, etag))) => {
                    visit.memory.sights.push(sight(endpoint, &path, now, Some(&packed.label.hash), etag));
                    visit.memory.paid.push(debt);
                    visit.documents.push(packed);
                    visit.attested.push((path, text));
                    visit.attestations += 1;
                }
                Ok(None) => visit.memory.put_off.push((debt, now)),
                Err(error) => {
                    let count = visit.owed.take().map_or(0, |(count, _)| count);
                    visit.owed = Some((count + 1, error));
                }
            }
        }
        Ok(())
    }

    async fn attestation(
        &self,
        registry: &Registry,
        endpoint: &Endpoint,
        part: &Part,
        now: i64,
    ) -> Result<Option<(Packed, Vec<u8>, Option<String>)>> {
        let Answer::Document(body) = self.client.get(&ask(registry, endpoint, part, None)?).await? else {
            return Ok(None);
        };
        let text = self.unpack(&body, endpoint, &part.path).map_err(|fault| match fault {
            Fault::Cut(error) | Fault::Unfit(error) => error,
            Fault::Same | Fault::Older => Error::tool("no document came"),
        })?;
        if text.len() > MAX_ATTESTATION {
            return Err(at(Error::tool("an attestation document of more than 8 MB"), endpoint, &part.path));
        }
        serde_json::from_slice::<serde::de::IgnoredAny>(&text)
            .map_err(|e| at(Error::tool(format!("the attestation document is not JSON: {e}")), endpoint, &part.path))?;
        let label = Label {
            hash: packs::hash(&text),
            registry: registry.id.to_owned(),
            source: endpoint.base.to_string(),
            path: part.path.clone(),
            observed_at: now,
            etag: body.etag.clone(),
            revision: None,
            length: text.len() as u64,
        };
        Ok(Some((Packed::new(label, &text)?, text, body.etag)))
    }
}

/// The attestation documents of versions that the held documents did not have.
fn debts(registry: &Registry, endpoint: &Endpoint, package: &RawPackage, before: Option<&RawPackage>) -> Vec<Debt> {
    let known: HashSet<&str> =
        before.iter().flat_map(|b| &b.releases).filter(|r| !r.removed).map(|r| r.version.as_str()).collect();
    let fresh = package.releases.iter().filter(|r| !r.removed && !known.contains(r.version.as_str()));
    fresh
        .flat_map(|release| (registry.attestations)(&package.name, release))
        .map(|path| Debt { source: endpoint.base.to_string(), path, package: package.name.clone() })
        .collect()
}

/// Versions whose content is another than it was: never legitimate, because a version is published once.
fn other_content(before: &RawPackage, now: &RawPackage) -> Vec<Refusal> {
    let held: HashMap<&str, &str> =
        before.releases.iter().filter_map(|r| Some((r.version.as_str(), r.integrity.as_deref()?))).collect();
    let differs = |version: &str, integrity: &str| held.get(version).copied().filter(|known| *known != integrity);
    now.releases
        .iter()
        .filter_map(|r| Some((r.version.as_str(), r.integrity.as_deref()?)))
        .filter_map(|(version, integrity)| {
            Some(Refusal {
                release: format!("{}@{version}", now.name),
                column: "integrity",
                held: differs(version, integrity)?.to_owned(),
                offered: integrity.to_owned(),
            })
        })
        .collect()
}
