//! Stage 1: verbatim facts from registries. A source never judges.
//!
//! [`document`] opens what a registry served; each registry has one file and one row in
//! [`REGISTRIES`]; [`raw`] is what they all give; [`lists`] reads which packages a project uses; [`sigstore`] verifies attestations and says what certificates
//! state, [`owner`] what an owner hands in about its tokens, [`rekor`] reads and checks what a transparency log serves. Enter through [`Registry`].

pub mod document;
mod fields;
mod forge;
pub mod lists;
pub mod owner;
mod path;
pub mod raw;
pub mod rekor;
pub mod sigstore;
mod statement;

use std::path::Path;

use crate::error::{Error, Result};
use raw::{RawPackage, RawRelease};

/// One package registry.
pub struct Registry {
    /// Short id, as in the `registry` column, and type of its purls.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What its documents are called.
    pub document: &'static str,
    /// Columns of an event that it never shows, each with why, or with what stands in for it.
    pub not_offered: &'static [(&'static str, &'static str)],
    /// A package's name as the registry writes it. Fails where it can be no name there.
    pub name: fn(&str) -> Result<String>,
    /// The documents that make up a package's history.
    pub parts: fn(&str) -> Vec<Part>,
    /// One package from its documents, in the order of `parts`; `None` for an optional one that is not there.
    pub parse: Parse,
    /// Where the attestation documents of a release are.
    pub attestations: fn(&str, &RawRelease) -> Vec<String>,
    /// Takes up facts of a publish that only its attestation document states, where that is so.
    pub attested: Option<Attested>,
    /// Requests a second that are polite on a public host.
    pub requests_per_second: u32,
    /// Reads a saved document.
    pub read: fn(&Path) -> Result<RawPackage>,
}

impl Registry {
    /// Why a column is never shown here, if it is not.
    #[must_use]
    pub fn not_offered(&self, column: &str) -> Option<&'static str> {
        self.not_offered.iter().find(|(name, _)| *name == column).map(|(_, why)| *why)
    }
}

/// Makes one package of its name and its documents.
pub type Parse = fn(&str, &[Option<&[u8]>]) -> Result<RawPackage>;
/// Takes up what an attestation document says of a release.
pub type Attested = fn(&mut RawRelease, &[u8]) -> Result<()>;

/// One of the documents that make up a package's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Path below the registry's base address, percent-encoded.
    pub path: String,
    /// The `Accept` header, exactly.
    pub accept: &'static str,
    /// A registry may not have it.
    pub optional: bool,
}

/// The registry with an id.
///
/// # Errors
/// When there is none.
pub fn registry(id: &str) -> Result<&'static Registry> {
    REGISTRIES.iter().copied().find(|r| r.id == id).ok_or_else(|| {
        let ids: Vec<&str> = REGISTRIES.iter().map(|r| r.id).collect();
        Error::usage(format!("`{id}` is no registry that is read here")).remedy(format!("one of {}", ids.join(", ")))
    })
}

macro_rules! registries {
    ($($name:ident,)+) => {
        $(pub mod $name;)+

        /// Every registry.
        pub static REGISTRIES: &[&Registry] = &[$(&$name::REGISTRY,)+];

        /// The files that hold them, without their ending.
        pub static REGISTRY_FILES: &[&str] = &[$(stringify!($name),)+];
    };
}

registries! {
    npm,
    pypi,
    crates_io,
    rubygems,
}
