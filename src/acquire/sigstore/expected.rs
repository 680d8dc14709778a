//! What an attestation of a release ought to be about, as its registry states it.

use std::path::Path;

use percent_encoding::percent_decode_str;

use super::digest::Digest;
use super::verify::Expected;
use crate::acquire::raw::RawRelease;
use crate::names::{NPM, ReleaseId};

/// What the attestation document at `path` of a release ought to be about. npm's is about the package URL and the
/// tarball's digest; PyPI's about one file, whose digest is known where it is the source distribution; a gem's
/// about the gem. What the registry does not state is not compared.
#[must_use]
pub fn of(registry: &str, package: &str, release: &RawRelease, path: &str) -> Expected {
    let integrity = release.integrity.as_deref().unwrap_or_default();
    if registry == NPM {
        let id =
            ReleaseId { registry: registry.to_owned(), package: package.to_owned(), version: release.version.clone() };
        let digests = Digest::from_integrity(integrity).into_iter().collect();
        return Expected { purl: id.purl().ok(), file: None, digests };
    }
    let file = file_of(path);
    let is_wheel = file.as_deref().and_then(|file| Path::new(file).extension()).is_some_and(|ending| ending == "whl");
    let digest = (!is_wheel).then(|| Digest::parse(&format!("sha256:{integrity}")).ok()).flatten();
    Expected { purl: None, file, digests: digest.into_iter().collect() }
}

/// The file that a provenance object of PyPI belongs to: `integrity/NAME/VERSION/FILE/provenance`.
fn file_of(path: &str) -> Option<String> {
    let file = path.strip_prefix("integrity/")?.strip_suffix("/provenance")?.rsplit('/').next()?;
    Some(percent_decode_str(file).decode_utf8().ok()?.into_owned())
}
