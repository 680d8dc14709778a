//! What the archive knows of a watched package's files and signers, for comparison with the log.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::orphans::{Attested, Expected, Known};
use crate::acquire::registry;
use crate::acquire::rekor::proof::leaf_hash;
use crate::acquire::rekor::v1::Key;
use crate::acquire::sigstore::attestation::Verdict;
use crate::acquire::sigstore::certificate;
use crate::acquire::sigstore::expected;
use crate::acquire::sigstore::identity::{Signer, signer};
use crate::acquire::sigstore::trust::Trust;
use crate::acquire::sigstore::verify::verify_document;
use crate::error::Result;
use crate::names::PackageId;
use crate::pipeline::shelf::Shelf;

/// One package as the archive has it.
#[derive(Default)]
pub(super) struct Package {
    /// What explains an entry of the log.
    pub known: Known,
    /// What the log's index is searched by for it, the newest publish first.
    pub keys: Vec<Key>,
    /// Attestations that do not verify, and so explain nothing.
    pub refused: usize,
}

/// What is known of a package; `None` where its documents are not held.
///
/// # Errors
/// When a document is damaged.
pub(super) fn of(shelf: &Shelf<'_>, id: &PackageId, trust: &Trust) -> Result<Option<Package>> {
    let registry = registry(&id.registry)?;
    let name = (registry.name)(&id.name)?;
    let Some((texts, until)) = shelf.parts(registry, &name)? else { return Ok(None) };
    let views: Vec<Option<&[u8]>> = texts.iter().map(Option::as_deref).collect();
    let mut releases = (registry.parse)(&name, &views)?.releases;
    releases.sort_by_key(|release| std::cmp::Reverse(release.published_at));
    let mut package = Package::default();
    package.known.until = until.div_euclid(1000);
    for release in releases.iter().filter(|release| !release.removed) {
        let title = format!("{name}@{}", release.version);
        let paths = (registry.attestations)(&name, release);
        let about = expected::of(registry.id, &name, release, paths.first().map_or("", String::as_str));
        for digest in &about.digests {
            let digest = format!("{}:{}", digest.algorithm().name(), digest.hex());
            package.known.digests.insert(digest.clone(), title.clone());
            // Without an attestation there is nothing to compare, and of every old version to ask.
            if !paths.is_empty() {
                package.keys.push(Key::Digest(digest));
            }
        }
        for path in &paths {
            let Some((document, _)) = shelf.document(path)? else { continue };
            let about = expected::of(registry.id, &name, release, path);
            package.attest(&document, &about, &title, trust);
        }
    }
    for key in trust.npm_keys() {
        package.known.expected.push(Expected::Key(key.spki_sha256()));
    }
    Ok(Some(package))
}

impl Package {
    fn attest(
        &mut self,
        document: &[u8],
        about: &crate::acquire::sigstore::verify::Expected,
        release: &str,
        trust: &Trust,
    ) {
        let Ok(report) = verify_document(document, about, trust) else {
            self.refused += 1;
            return;
        };
        if report.verdict() != Verdict::Verified {
            self.refused += 1;
            return;
        }
        for attestation in &report.attestations {
            let certificate = attestation.certificate.as_deref().and_then(|der| certificate::read(der).ok());
            let Some(certificate) = certificate else { continue };
            let expected = match signer(&certificate) {
                Signer::Person { email, issuer } => {
                    let key = Key::Email(email.clone());
                    if !self.keys.contains(&key) {
                        self.keys.insert(0, key);
                    }
                    Expected::Email { address: email, issuer }
                }
                Signer::Ci(_) => match certificate.repository() {
                    Some(stated) => Expected::Repository(stated.value.into_owned()),
                    None => continue,
                },
                Signer::User { name, .. } | Signer::Workload { uri: name, .. } => Expected::Subject(name),
                Signer::Unknown => continue,
            };
            if !self.known.expected.contains(&expected) {
                self.known.expected.push(expected);
            }
        }
        let Ok(value) = serde_json::from_slice::<Value>(document) else { return };
        entries(&value, &mut |index, body| {
            self.known.attested.push(Attested {
                release: release.to_owned(),
                index: Some(index),
                uuid: None,
                leaf: leaf_hash(&body),
            });
        });
    }
}

/// Every log entry in a document, whatever its form: an object with an index and a body.
fn entries(value: &Value, found: &mut impl FnMut(u64, Vec<u8>)) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| entries(value, found)),
        Value::Object(members) => {
            let index = members.get("logIndex").and_then(|index| match index {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64(),
            });
            let body = members.get("canonicalizedBody").and_then(Value::as_str);
            if let (Some(index), Some(body)) = (index, body.and_then(|body| STANDARD.decode(body).ok())) {
                found(index, body);
            }
            members.values().for_each(|value| entries(value, found));
        }
        _ => {}
    }
}
