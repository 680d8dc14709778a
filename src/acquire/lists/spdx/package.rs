//! The packages of an SPDX document, in the forms of versions 2 and 3.

use serde::Deserialize;

use super::super::gather::{Gather, OWN, UNREADABLE};
use super::super::integrity::Integrity;
use super::super::purl;
use super::super::streamed::{Rows, Table, Text};
use super::described::Described;

/// A package of version 2.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Package<'a> {
    #[serde(borrow, rename = "SPDXID")]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version_info: Text<'a>,
    #[serde(borrow)]
    external_refs: Rows<Table<Reference<'a>>>,
    #[serde(borrow)]
    checksums: Rows<Table<Checksum<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reference<'a> {
    #[serde(borrow)]
    reference_type: Text<'a>,
    #[serde(borrow)]
    reference_locator: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Checksum<'a> {
    #[serde(borrow)]
    algorithm: Text<'a>,
    #[serde(borrow)]
    checksum_value: Text<'a>,
}

/// An element of version 3.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Element<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    spdx_id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow, rename = "software_packageVersion")]
    version: Text<'a>,
    #[serde(borrow, rename = "software_packageUrl")]
    purl: Text<'a>,
    #[serde(borrow)]
    external_identifier: Rows<Table<Identifier<'a>>>,
    #[serde(borrow)]
    verified_using: Rows<Table<Hash<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Identifier<'a> {
    #[serde(borrow)]
    external_identifier_type: Text<'a>,
    #[serde(borrow)]
    identifier: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Hash<'a> {
    #[serde(borrow)]
    algorithm: Text<'a>,
    #[serde(borrow)]
    hash_value: Text<'a>,
}

impl Package<'_> {
    /// Takes the package up, or leaves it out.
    pub(super) fn take(&self, gather: &mut Gather, described: &Described) {
        let references = self.external_refs.0.iter().filter_map(|reference| reference.0.as_ref());
        let purls = references
            .filter(|reference| reference.reference_type.get() == Some("purl"))
            .filter_map(|reference| reference.reference_locator.get());
        let checksums = self.checksums.0.iter().filter_map(|checksum| checksum.0.as_ref());
        let hashes = checksums.map(|checksum| (&checksum.algorithm, &checksum.checksum_value));
        let integrity = sum(hashes);
        match self.name.get().or(self.id.get()) {
            None => gather.leave("packages[]", UNREADABLE),
            Some(name) if described.holds(self.id.get()) => gather.leave(name, OWN),
            Some(name) => want(gather, name, self.version_info.get(), purls, integrity),
        }
    }
}

impl Element<'_> {
    /// Takes the element up if it is a package, or leaves it out; steps over elements of other kinds.
    pub(super) fn take(&self, gather: &mut Gather, described: &Described) {
        if self.kind.get() != Some("software_Package") {
            return;
        }
        let identifiers = self.external_identifier.0.iter().filter_map(|identifier| identifier.0.as_ref());
        let other = identifiers
            .filter(|identifier| identifier.external_identifier_type.get() == Some("packageUrl"))
            .filter_map(|identifier| identifier.identifier.get());
        // The property and the identifiers say the same where both are there.
        let purls = self.purl.get().into_iter().chain(other.filter(|_| self.purl.get().is_none()));
        let verified = self.verified_using.0.iter().filter_map(|hash| hash.0.as_ref());
        let hashes = verified.map(|hash| (&hash.algorithm, &hash.hash_value));
        let integrity = sum(hashes);
        match self.name.get().or(self.spdx_id.get()) {
            None => gather.leave("@graph[]", UNREADABLE),
            Some(name) if described.holds(self.spdx_id.get()) => gather.leave(name, OWN),
            Some(name) => want(gather, name, self.version.get(), purls, integrity),
        }
    }
}

/// Takes up each purl of a package; its hashes only where there is one, since they are those of one package.
fn want<'p>(
    gather: &mut Gather,
    name: &str,
    version: Option<&str>,
    purls: impl Iterator<Item = &'p str>,
    integrity: Integrity,
) {
    let purls: Vec<&str> = purls.collect();
    match purls.as_slice() {
        [] => gather.leave(name, "has no package URL"),
        [purl] => purl::want(gather, purl, version, integrity),
        several => {
            if !integrity.kept.is_empty() {
                gather.leave(name, "has several package URLs: its hashes are not taken up");
            }
            for purl in several {
                purl::want(gather, purl, version, Integrity::default());
            }
        }
    }
}

fn sum<'h>(hashes: impl Iterator<Item = (&'h Text<'h>, &'h Text<'h>)>) -> Integrity {
    hashes.fold(Integrity::default(), |sum, (kind, digest)| match (kind.get(), digest.get()) {
        (Some(kind), Some(digest)) => sum.hex(kind, digest),
        _ => sum,
    })
}
