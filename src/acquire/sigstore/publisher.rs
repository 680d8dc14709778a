//! The publisher object of PEP 740: which trusted publisher uploaded a file, as the registry states it, and where
//! that differs from the certificate (kinds and members: pypi-attestations).

use serde::Deserialize;
use serde_json::Value;

use super::certificate::Certificate;
use super::differences::Difference;
use super::identity::{Ci, Signer, WORKFLOWS, signer};
use crate::acquire::forge;
use crate::error::{Error, Result};

/// Largest publisher object that is read, in bytes.
pub const MAX_BYTES: usize = 64 << 10;

/// A trusted publisher. An empty member counts as none; `claims` and unknown members are not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Publisher {
    /// `GitHub`, `GitLab`, `Google` or `CircleCI`.
    pub kind: String,
    /// GitHub, GitLab: owner and name, with all groups.
    #[serde(default)]
    pub repository: Option<String>,
    /// GitHub: file name of the workflow.
    #[serde(default)]
    pub workflow: Option<String>,
    /// GitLab: path of the pipeline's configuration.
    #[serde(default)]
    pub workflow_filepath: Option<String>,
    /// GitHub, GitLab: the only deployment environment that may publish.
    #[serde(default)]
    pub environment: Option<String>,
    /// Google: address of the account.
    #[serde(default)]
    pub email: Option<String>,
    /// CircleCI: identifier of the project.
    #[serde(default)]
    pub project_id: Option<String>,
    /// CircleCI: identifier of the pipeline's definition.
    #[serde(default)]
    pub pipeline_definition_id: Option<String>,
    /// CircleCI: address of the repository without its scheme.
    #[serde(default)]
    pub vcs_origin: Option<String>,
    /// CircleCI: full git ref.
    #[serde(default)]
    pub vcs_ref: Option<String>,
}

impl Publisher {
    /// Whether [`differences`] knows the kind: of another, nothing is compared.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.provider().is_some()
    }

    /// How the signer of that kind is called; `person` for an account.
    fn provider(&self) -> Option<&'static str> {
        let kinds = [("GitHub", "github"), ("GitLab", "gitlab"), ("CircleCI", "circleci"), ("Google", "person")];
        kinds.iter().find(|(kind, _)| self.kind.eq_ignore_ascii_case(kind)).map(|(_, provider)| *provider)
    }
}

/// Reads a publisher object.
///
/// # Errors
/// It is longer than [`MAX_BYTES`], no JSON object, has no kind, or a member of the wrong type.
pub fn read(object: &[u8]) -> Result<Publisher> {
    let wrong = |what: String| {
        let remedy = "fetch the provenance object again from the registry itself";
        Err(Error::tool(what).place("publisher").remedy(remedy))
    };
    if object.len() > MAX_BYTES {
        return wrong(format!("the publisher object has {} bytes, of which {MAX_BYTES} are allowed", object.len()));
    }
    // Through a value, so that an array in the order of the members is no publisher.
    match serde_json::from_slice(object) {
        Ok(value @ Value::Object(_)) => match serde_json::from_value(value) {
            Ok(publisher) => Ok(publisher),
            Err(e) => wrong(format!("is no publisher object: {e}")),
        },
        Ok(_) => wrong("is no publisher object".to_owned()),
        Err(e) => wrong(format!("is no publisher object: {e}")),
    }
}

/// Compares the registry's statement with the certificate. What one of the two does not state is no difference.
#[must_use]
pub fn differences(publisher: &Publisher, certificate: &Certificate) -> Vec<Difference> {
    let signer = signer(certificate);
    let signed_by = match &signer {
        Signer::Ci(ci) => ci.provider,
        Signer::Person { .. } => "person",
        Signer::User { .. } => "user",
        Signer::Workload { .. } => "workload",
        Signer::Unknown => return Vec::new(),
    };
    let Some(provider) = publisher.provider() else { return Vec::new() };
    if provider != signed_by {
        let (claimed, certified) = (provider.to_owned(), signed_by.to_owned());
        return vec![Difference { field: "publisher", claimed, certified }];
    }
    let compared = match &signer {
        Signer::Person { email, .. } => vec![("email", publisher.email.clone(), Some(email.clone()))],
        Signer::Ci(ci) if provider == "circleci" => of_circleci(publisher, ci),
        Signer::Ci(ci) => of_forge(publisher, provider, ci),
        _ => Vec::new(),
    };
    let mut differences = Vec::new();
    for (field, claimed, certified) in compared {
        let Some(claimed) = claimed.filter(|text| !text.is_empty()) else { continue };
        let Some(certified) = certified else { continue };
        // Names of environments and repositories, and addresses, are the same in any case; paths and refs are not.
        let any_case = matches!(field, "environment" | "repository" | "email");
        if claimed != certified && !(any_case && claimed.eq_ignore_ascii_case(&certified)) {
            differences.push(Difference { field, claimed, certified });
        }
    }
    differences
}

/// A field with its value in the publisher object and in the certificate.
type Pair = (&'static str, Option<String>, Option<String>);

fn of_forge(publisher: &Publisher, provider: &str, ci: &Ci) -> Vec<Pair> {
    let claimed = publisher.repository.as_ref();
    // What is no repository differs from every one.
    let claimed = claimed.map(|path| forge::repository(provider, path).unwrap_or_else(|| path.clone()));
    let workflow = match provider {
        "github" => publisher.workflow.as_ref().map(|file| format!("{}{file}", &WORKFLOWS[1..])),
        _ => publisher.workflow_filepath.clone(),
    };
    let workflow = workflow.filter(|path| path.len() > WORKFLOWS.len() - 1 || provider != "github");
    vec![
        ("repository", claimed, ci.repository.clone()),
        ("workflow", workflow, ci.workflow.clone()),
        ("environment", publisher.environment.clone(), ci.environment.clone()),
    ]
}

fn of_circleci(publisher: &Publisher, ci: &Ci) -> Vec<Pair> {
    let after = |mark: &str| {
        let (_, rest) = ci.signer.as_deref()?.split_once(mark)?;
        rest.split('/').next().map(str::to_owned)
    };
    let claimed = publisher.vcs_origin.as_ref();
    let claimed = claimed.map(|address| forge::origin(address).unwrap_or_else(|| address.clone()));
    vec![
        ("project_id", publisher.project_id.clone(), after("/projects/")),
        ("pipeline_definition_id", publisher.pipeline_definition_id.clone(), after("/pipeline-definitions/")),
        ("repository", claimed, ci.repository.clone()),
        ("ref", publisher.vcs_ref.clone(), ci.ref_.clone()),
    ]
}
