//! Stage 1: verbatim facts from registries. A source never judges.
//!
//! [`document`] opens what a registry served; each registry has one file and one row in
//! [`REGISTRIES`]; [`raw`] is what they all give. Enter through [`Registry::read`].

pub mod document;
pub mod raw;

use std::path::Path;

use crate::error::Result;
use raw::RawPackage;

/// One package registry.
pub struct Registry {
    /// Short id, as in the `registry` column and in purls.
    pub id: &'static str,
    /// What its documents are called.
    pub document: &'static str,
    /// What it never shows, said wherever its results are.
    pub not_offered: &'static str,
    /// Reads one of its documents.
    pub read: fn(&Path) -> Result<RawPackage>,
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
}
