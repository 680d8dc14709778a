//! The documents of one release, from the archive or from its registry.

use super::Means;
use super::package::{Desk, ask, at};
use super::pull::{desk, runtime};
use super::shelf::Shelf;
use crate::acquire::raw::{RawPackage, RawRelease};
use crate::acquire::sigstore::trust::Trust;
use crate::acquire::{Registry, document, registry};
use crate::archive::state::State;
use crate::archive::store::Archive;
use crate::cli::Reach;
use crate::error::{Error, Result};
use crate::names::ReleaseId;
use crate::net::Answer;

/// A release with its documents.
pub(super) struct Material {
    /// Its registry.
    pub registry: &'static Registry,
    /// Its package's name, as the registry writes it.
    pub package: String,
    /// What the registry says of it.
    pub release: RawRelease,
    /// The first document of the package, as served.
    pub document: Vec<u8>,
    /// Its attestation documents, by path; those that exist and are held or were served.
    pub attestations: Vec<(String, Vec<u8>)>,
    /// Where they are from.
    pub from: String,
}

/// The documents of a release: those of the archive if it has the release, else the registry's.
///
/// # Errors
/// When neither has it, or the registry cannot be asked.
pub(super) fn of(release: &ReleaseId, reach: &Reach, means: &Means) -> Result<Material> {
    let registry = registry(&release.registry)?;
    let package = (registry.name)(&release.package)?;
    if let Archive::Dir(dir) = &means.archive
        && let Some(state) = State::read(dir)?
        && let Some(found) = held(&state, registry, &package, release, means)?
    {
        return Ok(found);
    }
    if means.offline {
        return Err(Error::no_input(format!("the archive has no documents of {release}"))
            .remedy(format!("pull it first: gaitkeeper pull --archive DIR {}", release.package)));
    }
    let moment = tempfile::tempdir().map_err(|e| Error::tool(format!("no temporary folder can be made: {e}")))?;
    let desk = desk(reach, means, false, &Archive::Dir(moment.path().to_path_buf()), Trust::embedded()?)?;
    runtime()?.block_on(served(&desk, registry, &package, release))
}

fn held(
    state: &State,
    registry: &'static Registry,
    package: &str,
    release: &ReleaseId,
    means: &Means,
) -> Result<Option<Material>> {
    let dir = means.archive.dir()?;
    let shelf = Shelf::of(state, dir)?;
    let Some((mut texts, _)) = shelf.parts(registry, package)? else { return Ok(None) };
    let Some(found) = parsed(registry, package, &texts, release)? else { return Ok(None) };
    let paths = (registry.attestations)(package, &found);
    let mut attestations = Vec::new();
    for path in &paths {
        if let Some((document, _)) = shelf.document(path)? {
            attestations.push((path.clone(), document));
        }
    }
    // What is owed is asked for, if that is allowed.
    if attestations.is_empty() && !paths.is_empty() && !means.offline {
        return Ok(None);
    }
    Ok(Some(Material {
        registry,
        package: package.to_owned(),
        release: found,
        document: texts.swap_remove(0).unwrap_or_default(),
        attestations,
        from: dir.display().to_string(),
    }))
}

async fn served(desk: &Desk, registry: &'static Registry, package: &str, release: &ReleaseId) -> Result<Material> {
    let endpoint = desk.endpoint(registry.id, package).await?;
    let fetch = async |path: &str, accept: &'static str| -> Result<Option<Vec<u8>>> {
        let part = crate::acquire::Part { path: path.to_owned(), accept, optional: true };
        match desk.client.get(&ask(registry, &endpoint, &part, None)?).await? {
            Answer::Document(body) => {
                let text = document::from_reader(body.bytes.as_slice(), desk.client.max_document());
                text.map(Some).map_err(|error| at(error, &endpoint, path))
            }
            Answer::NotModified | Answer::Absent => Ok(None),
        }
    };
    let mut texts = Vec::new();
    for part in (registry.parts)(package) {
        texts.push(fetch(&part.path, part.accept).await?);
    }
    let unknown =
        || Error::no_input(format!("{} has no {release}", registry.title)).remedy("check the name and the version");
    if texts.first().is_none_or(Option::is_none) {
        return Err(unknown());
    }
    let found = parsed(registry, package, &texts, release)?.ok_or_else(unknown)?;
    let mut attestations = Vec::new();
    for path in (registry.attestations)(package, &found) {
        if let Some(document) = fetch(&path, "application/json").await? {
            attestations.push((path, document));
        }
    }
    Ok(Material {
        registry,
        package: package.to_owned(),
        release: found,
        document: texts.swap_remove(0).unwrap_or_default(),
        attestations,
        from: crate::net::show(&endpoint.base),
    })
}

fn parsed(
    registry: &Registry,
    package: &str,
    texts: &[Option<Vec<u8>>],
    release: &ReleaseId,
) -> Result<Option<RawRelease>> {
    if texts.first().is_none_or(Option::is_none) {
        return Ok(None);
    }
    let views: Vec<Option<&[u8]>> = texts.iter().map(Option::as_deref).collect();
    let RawPackage { releases, .. } = (registry.parse)(package, &views)?;
    Ok(releases.into_iter().find(|found| found.version == release.version))
}
