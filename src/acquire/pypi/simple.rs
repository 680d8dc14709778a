//! The page of the simple index: which files have attestations, and whether the project is quarantined.

use std::collections::HashMap;

use crate::acquire::fields::{self, Notes, Object, other_package};
use crate::acquire::raw::RawPackage;
use crate::error::{Error, Result};

/// What the page says.
#[derive(Debug)]
pub(super) struct Listing {
    /// Each file that it lists, and whether that has a provenance object.
    attested: HashMap<String, bool>,
    is_quarantined: bool,
    /// What could not be taken up.
    notes: Notes,
}

impl Listing {
    /// Reads the JSON form of the page (PEP 691, PEP 740, PEP 792).
    ///
    /// # Errors
    /// It is not JSON, is no page of the index, or is about another package.
    pub(super) fn read(name: &str, page: &[u8]) -> Result<Self> {
        let page = fields::object(page)?;
        let notes = &mut Notes::default();
        let (Some(found), Some(files)) = (page.name("name", notes), page.list("files", notes)) else {
            return Err(page.error_answer(notes).unwrap_or_else(|| {
                Error::tool("is JSON, but no page of the simple index: it has no name, or no files")
                    .remedy("ask with exactly Accept: application/vnd.pypi.simple.v1+json")
            }));
        };
        if super::name(&found).ok().as_deref() != Some(name) {
            return Err(other_package(name, &found, "name"));
        }
        let mut attested = HashMap::with_capacity(files.len());
        for raw in files {
            let file = fields::parse::<Object<'_>>(raw).unwrap_or_default();
            match file.name("filename", notes) {
                Some(filename) => drop(attested.insert(filename, file.get("provenance").is_some())),
                None => notes.add("the simple index has entries without a file name"),
            }
        }
        Ok(Self { attested, is_quarantined: is_quarantined(&page), notes: std::mem::take(notes) })
    }

    /// Whether a file has a provenance object; `None` if the page does not list the file.
    pub(super) fn is_attested(&self, filename: &str) -> Option<bool> {
        self.attested.get(filename).copied()
    }

    /// Hands over what the page says about the project as a whole.
    pub(super) fn report(self, package: &mut RawPackage) {
        if self.is_quarantined {
            package.warnings.push(
                "the registry has put the project into quarantine: releases may be missing from its documents"
                    .to_owned(),
            );
        }
        self.notes.hand_over("", package);
    }
}

/// The status of PEP 792: a member of an object, or bare.
fn is_quarantined(page: &Object<'_>) -> bool {
    let status = page.get("project-status").and_then(|raw| {
        let object = fields::parse::<Object<'_>>(raw).and_then(|status| status.name("status", &mut Notes::default()));
        object.or_else(|| fields::parse::<String>(raw))
    });
    status.as_deref() == Some("quarantined")
}
