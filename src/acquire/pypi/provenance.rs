//! The provenance object of a file (PEP 740, `GET integrity/PROJECT/VERSION/FILE/provenance`): which trusted
//! publisher uploaded it, as PyPI states it, and what its attestations claim. Nothing here is verified.

use crate::acquire::fields::{self, Notes, Object};
use crate::acquire::raw::RawRelease;
use crate::acquire::{forge, statement};
use crate::error::{Error, Result};

const REMEDY: &str = "fetch the provenance object again from the registry itself";

/// The publisher of one bundle of attestations.
#[derive(Debug, Default, PartialEq, Eq)]
struct Publisher {
    kind: String,
    repository: Option<String>,
    workflow: Option<String>,
    environment: Option<String>,
    email: Option<String>,
}

/// Takes up the publisher of a release, which only its provenance object states, and the predicate type of its
/// attestations: of build provenance if there is one, else the first.
///
/// # Errors
/// The object is not JSON, holds no bundle, or its bundles name no publisher or different ones. The release is
/// as it was then.
pub fn attested(release: &mut RawRelease, document: &[u8]) -> Result<()> {
    let document = fields::object(document)?;
    let notes = &mut Notes::default();
    let Some(bundles) = document.list("attestation_bundles", notes) else {
        return Err(document.error_answer(notes).unwrap_or_else(|| {
            Error::tool("is JSON, but no provenance object").place("attestation_bundles").remedy(REMEDY)
        }));
    };
    let mut publisher: Option<Publisher> = None;
    let mut types = Vec::new();
    for (at, raw) in bundles.iter().enumerate() {
        let place = format!("attestation_bundles[{at}].publisher");
        let bundle: Object<'_> = fields::parse(raw).unwrap_or_default();
        let found = bundle.object("publisher", notes).and_then(|object| self::publisher(&object));
        let Some(found) = found else {
            return Err(Error::tool("the attestations name no publisher").place(place).remedy(REMEDY));
        };
        if publisher.as_ref().is_some_and(|first| *first != found) {
            return Err(Error::tool("the attestations of one file name different publishers")
                .place(place)
                .remedy(REMEDY));
        }
        publisher = Some(found);
        for raw in bundle.list("attestations", notes).unwrap_or_default() {
            let attestation: Object<'_> = fields::parse(raw).unwrap_or_default();
            let envelope = attestation.object("envelope", notes).unwrap_or_default();
            types.extend(envelope.text("statement", notes).and_then(|text| statement::predicate_type(&text)));
        }
    }
    let Some(publisher) = publisher else {
        return Err(Error::tool("the provenance object is empty").place("attestation_bundles").remedy(REMEDY));
    };
    release.ci_workflow = publisher.workflow.map(|workflow| in_repository(&publisher.kind, workflow));
    release.trusted_publisher = Some(publisher.kind.to_ascii_lowercase());
    release.publisher = Some(publisher.kind);
    release.publisher_email = publisher.email;
    release.repository = publisher.repository;
    release.ci_environment = publisher.environment;
    release.provenance = statement::strongest(types.into_iter());
    Ok(())
}

/// A workflow's path inside its repository, as a certificate states it: GitHub publishers name the file alone.
fn in_repository(kind: &str, workflow: String) -> String {
    if kind.eq_ignore_ascii_case("github") && !workflow.contains('/') {
        return format!(".github/workflows/{workflow}");
    }
    workflow
}

/// The publisher, with the members that its kind has: GitHub `repository`, `workflow`; GitLab `repository`,
/// `workflow_filepath`; Google `email`; CircleCI `vcs_origin`, `pipeline_definition_id`.
fn publisher(object: &Object<'_>) -> Option<Publisher> {
    let text = |key| object.name(key, &mut Notes::default());
    let kind = text("kind")?;
    let repository = text("repository").and_then(|path| forge::repository(&kind, &path));
    Some(Publisher {
        repository: repository.or_else(|| text("vcs_origin").and_then(|address| forge::origin(&address))),
        workflow: text("workflow").or_else(|| text("workflow_filepath")).or_else(|| text("pipeline_definition_id")),
        environment: text("environment"),
        email: text("email"),
        kind,
    })
}
