//! Where a claim is not what the certificate's authority vouches for.

use super::certificate::Certificate;
use super::claims::{ATTESTED, Claims, Field};
use super::identity::{Ci, Signer, WORKFLOWS, signer};

/// A field in which a claim is not what the certificate states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Name of the field.
    pub field: &'static str,
    /// What the build, or the registry, claims.
    pub claimed: String,
    /// What the certificate states. May be a person's address.
    pub certified: String,
}

/// Compares the claims of a build with its certificate, field by field, every value of a statement that contradicts
/// itself. What one of the two does not state is no difference, and a certificate of no build states nothing.
#[must_use]
pub fn differences(claims: &Claims, certificate: &Certificate) -> Vec<Difference> {
    let Signer::Ci(ci) = signer(certificate) else { return Vec::new() };
    let mut differences = Vec::new();
    for field in Field::ALL {
        let Some(certified) = certified(field, &ci, certificate) else { continue };
        for claimed in claims.values(field).filter(|claimed| !agree(field, claimed, certified)) {
            let (claimed, certified) = (claimed.to_owned(), certified.to_owned());
            let difference = Difference { field: field.name(), claimed, certified };
            if !differences.contains(&difference) {
                differences.push(difference);
            }
        }
    }
    // Other writers name the runner or a generator as the builder, which no certificate states.
    let by_workflow = claims.build_type.as_deref() == Some(ATTESTED);
    let builder = claims.builder.as_ref().filter(|id| by_workflow && id.contains(WORKFLOWS));
    let of_signer = certificate.build_signer_uri.as_ref().filter(|uri| !uri.is_empty());
    if let (Some(claimed), Some(certified)) = (builder, of_signer)
        && claimed != certified
    {
        let (claimed, certified) = (claimed.clone(), certified.clone());
        differences.push(Difference { field: "builder", claimed, certified });
    }
    differences
}

fn certified<'a>(field: Field, ci: &'a Ci, certificate: &Certificate) -> Option<&'a str> {
    // Else the workflow is a guess from what signed, which may have been called by another one.
    let has_workflow = ci.provider == "gitlab" || certificate.build_config_uri.is_some();
    let value = match field {
        Field::Repository => &ci.repository,
        Field::Ref => &ci.ref_,
        Field::Workflow if has_workflow => &ci.workflow,
        Field::WorkflowRef if has_workflow => &ci.workflow_ref,
        Field::Workflow | Field::WorkflowRef => &None,
        Field::Commit => &ci.commit,
        Field::Trigger => &ci.trigger,
        Field::RepositoryId => &ci.repository_id,
        Field::OwnerId => &ci.owner_id,
        Field::Runner => &ci.runner,
        Field::RunUri => &ci.run_uri,
    };
    value.as_deref().filter(|value| !value.is_empty())
}

fn agree(field: Field, claimed: &str, certified: &str) -> bool {
    match field {
        Field::Repository | Field::Commit | Field::RunUri => claimed.eq_ignore_ascii_case(certified),
        // Earlier versions of npm's client wrote a workflow's ref no further than to an `@` in it.
        Field::WorkflowRef => claimed == certified || certified.split_once('@').is_some_and(|(cut, _)| claimed == cut),
        _ => claimed == certified,
    }
}
