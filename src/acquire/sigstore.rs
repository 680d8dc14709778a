//! Verifies Sigstore documents as registries serve them: npm's attestations, PEP 740 provenance, arrays of
//! bundles, plain bundles.
//!
//! A document goes in with what it ought to be about; per attestation a table of steps comes out, each step
//! verified, failed, absent or not reached. A valid signature is necessary and never sufficient: whether the
//! signer is the one whom a package usually has is not judged here.
//!
//! The order is that of the client specification, section 4
//! (<https://github.com/sigstore/architecture-docs/blob/main/client-spec.md>). Cryptography is left to the
//! `sigstore-verify` family; what lies around it is done here: reading the shapes, the subject, npm's keys.
//!
//! [`verify`] does that. [`certificate`], [`identity`], [`claims`], [`publisher`] and [`level`] say what certificates
//! and statements state, and [`certified`] what of it is kept: only what was verified.

pub mod attestation;
pub mod certificate;
pub mod certified;
pub mod claims;
pub mod digest;
pub mod document;
pub mod expected;
pub mod identity;
pub mod level;
pub mod npm_key;
pub mod pep740;
pub mod publisher;
pub mod registry_signature;
pub mod statement;
pub mod steps;
pub mod trust;
pub mod verify;

mod bundle;
mod differences;
mod file_name;
mod json;
mod judge;
mod predicate;
mod refusal;
mod x509;
