//! The SLSA predicates, and where in them each claim stands.

use serde_json::Value;

use super::claims::{Claims, Field};
use super::identity::{WORKFLOWS, split_ref};
use crate::acquire::forge;

/// Longest claim that is kept, in bytes.
const MAX_TEXT: usize = 4 << 10;
/// Most dependencies that are looked at for the source.
const MAX_DEPENDENCIES: usize = 1000;
/// The builder of npm's client, before the kind of runner.
const RUNNERS: &str = "https://github.com/actions/runner/";

/// A value of the predicate, looked into one level at a time.
struct At<'a>(&'a Value);

impl<'a> At<'a> {
    fn get(&self, key: &str) -> At<'a> {
        At(self.0.get(key).unwrap_or(&Value::Null))
    }

    fn list(&self) -> &'a [Value] {
        self.0.as_array().map_or(&[], Vec::as_slice)
    }
}

impl Claims {
    /// `buildDefinition` and `runDetails` of predicate v1.
    pub(super) fn take_up_v1(&mut self, predicate: &Value) {
        let predicate = At(predicate);
        let definition = predicate.get("buildDefinition");
        self.build_type = self.text("buildType", &definition.get("buildType"));
        let external = definition.get("externalParameters");
        let workflow = external.get("workflow");
        self.add_repository("workflow.repository", &workflow.get("repository"));
        self.add_repository("externalParameters.source", &external.get("source"));
        let path = self.text("workflow.path", &workflow.get("path"));
        self.add(Field::Workflow, path);
        let workflow_ref = self.text("workflow.ref", &workflow.get("ref"));
        self.add(Field::WorkflowRef, workflow_ref);
        let github = definition.get("internalParameters").get("github");
        for (field, place) in [
            (Field::Trigger, "event_name"),
            (Field::RepositoryId, "repository_id"),
            (Field::OwnerId, "repository_owner_id"),
            (Field::Runner, "runner_environment"),
        ] {
            let text = self.text(place, &github.get(place));
            self.add(field, text);
        }
        let details = predicate.get("runDetails");
        self.add_builder(&details.get("builder").get("id"));
        let run = self.text("invocationId", &details.get("metadata").get("invocationId"));
        self.add(Field::RunUri, run.filter(|uri| uri.starts_with("https://")));
        self.add_variables(&external.get("variables"));
        self.add_source("resolvedDependencies", &definition.get("resolvedDependencies"));
    }

    /// `invocation` and `materials` of predicate v0.2.
    pub(super) fn take_up_v02(&mut self, predicate: &Value) {
        let predicate = At(predicate);
        self.build_type = self.text("buildType", &predicate.get("buildType"));
        let invocation = predicate.get("invocation");
        let source = invocation.get("configSource");
        self.add_repository("configSource.uri", &source.get("uri"));
        self.add_digest(&source.get("digest"));
        let environment = invocation.get("environment");
        let name = self.text("GITHUB_REPOSITORY", &environment.get("GITHUB_REPOSITORY"));
        let host = self.repository.as_ref().and_then(|repository| repository.split('/').next()).map(str::to_owned);
        if let (Some(host), Some(name)) = (&host, &name) {
            let repository = forge::origin(&format!("{host}/{name}"));
            self.add(Field::Repository, repository);
        }
        let entry = self.text("configSource.entryPoint", &source.get("entryPoint"));
        // The name of a workflow, or of GitLab's job, is no path.
        self.add_workflow(entry.filter(|entry| entry.contains(&WORKFLOWS[1..])), name.as_deref());
        let workflow = self.text("GITHUB_WORKFLOW_REF", &environment.get("GITHUB_WORKFLOW_REF"));
        self.add_workflow(workflow, name.as_deref());
        for (field, place) in [
            (Field::Ref, "GITHUB_REF"),
            (Field::Commit, "GITHUB_SHA"),
            (Field::Trigger, "GITHUB_EVENT_NAME"),
            (Field::RepositoryId, "GITHUB_REPOSITORY_ID"),
            (Field::OwnerId, "GITHUB_REPOSITORY_OWNER_ID"),
        ] {
            let text = self.text(place, &environment.get(place));
            self.add(field, text);
        }
        let run = self.text("GITHUB_RUN_ID", &environment.get("GITHUB_RUN_ID"));
        let attempt = self.text("GITHUB_RUN_ATTEMPT", &environment.get("GITHUB_RUN_ATTEMPT"));
        if let (Some(host), Some(name), Some(run), Some(attempt)) = (host, name, run, attempt) {
            self.add(Field::RunUri, Some(format!("https://{host}/{name}/actions/runs/{run}/attempts/{attempt}")));
        }
        self.add_builder(&predicate.get("builder").get("id"));
        self.add_variables(&invocation.get("parameters"));
        self.add_source("materials", &predicate.get("materials"));
    }

    /// GitLab's variables of a job. Its runner writes their names alone, unless it was told otherwise.
    fn add_variables(&mut self, variables: &At<'_>) {
        let mut text = |key| self.text(key, &variables.get(key));
        let tag = text("CI_COMMIT_TAG").map(|tag| format!("refs/tags/{tag}"));
        let branch = text("CI_COMMIT_BRANCH").map(|branch| format!("refs/heads/{branch}"));
        // A path at another place (`file@group/project`, an address) is not the certificate's kind of path.
        let path = text("CI_CONFIG_PATH").filter(|path| !path.contains(['@', ':']));
        let claims = [
            (Field::Ref, tag.or(branch)),
            (Field::Workflow, path),
            (Field::Commit, text("CI_COMMIT_SHA")),
            (Field::Trigger, text("CI_PIPELINE_SOURCE")),
            (Field::RepositoryId, text("CI_PROJECT_ID")),
            (Field::OwnerId, text("CI_PROJECT_NAMESPACE_ID")),
            (Field::RunUri, text("CI_JOB_URL")),
        ];
        for (field, claim) in claims {
            self.add(field, claim);
        }
        self.add_repository("CI_PROJECT_URL", &variables.get("CI_PROJECT_URL"));
    }

    /// The dependency that is the source: the one of the repository that is claimed, else the first from git.
    fn add_source(&mut self, place: &'static str, dependencies: &At<'_>) {
        let dependencies = dependencies.list();
        if dependencies.len() > MAX_DEPENDENCIES {
            self.note(place, "more than 1000 entries, and the rest was not looked at");
        }
        let of_claimed = |entry: &&Value| {
            let found = entry.get("uri").and_then(Value::as_str).and_then(|uri| source(uri).0);
            found.is_some() && found == self.repository
        };
        let from_git =
            |entry: &&Value| entry.get("uri").and_then(Value::as_str).is_some_and(|uri| uri.starts_with("git+"));
        let looked_at = || dependencies.iter().take(MAX_DEPENDENCIES);
        if let Some(entry) = looked_at().find(of_claimed).or_else(|| looked_at().find(from_git)) {
            self.add_repository(place, &At(entry).get("uri"));
            self.add_digest(&At(entry).get("digest"));
        }
    }

    /// A commit; GitLab's runner calls its algorithm sha256, whatever it is.
    fn add_digest(&mut self, digest: &At<'_>) {
        for algorithm in ["gitCommit", "sha1", "sha256"] {
            let commit = self.text("digest", &digest.get(algorithm));
            self.add(Field::Commit, commit);
        }
    }

    fn add_repository(&mut self, place: &'static str, uri: &At<'_>) {
        let Some(uri) = self.text(place, uri) else { return };
        let (repository, git_ref) = source(&uri);
        if repository.is_none() {
            self.note(place, "no address of a repository");
        }
        self.add(Field::Repository, repository);
        self.add(Field::Ref, git_ref.filter(|text| text.starts_with("refs/")).map(str::to_owned));
    }

    /// A workflow with or without its repository and its ref.
    fn add_workflow(&mut self, text: Option<String>, repository: Option<&str>) {
        let Some(text) = text else { return };
        let (path, git_ref) = split_ref(&text, self.ref_.as_deref().unwrap_or_default());
        let inside = repository.and_then(|name| path.strip_prefix(name)?.strip_prefix('/')).unwrap_or(path);
        let (inside, git_ref) = (inside.to_owned(), git_ref.map(str::to_owned));
        self.add(Field::Workflow, Some(inside));
        self.add(Field::WorkflowRef, git_ref);
    }

    fn add_builder(&mut self, id: &At<'_>) {
        self.builder = self.text("builder.id", id);
        let kind = self.builder.as_deref().and_then(|id| id.strip_prefix(RUNNERS)).map(str::to_owned);
        self.add(Field::Runner, kind);
    }

    /// A text or a whole number that says something.
    fn text(&mut self, place: &'static str, at: &At<'_>) -> Option<String> {
        match at.0 {
            Value::Null => None,
            Value::String(text) if text.len() > MAX_TEXT => {
                self.note(place, "longer than 4 KiB");
                None
            }
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) if number.is_u64() => Some(number.to_string()),
            _ => {
                self.note(place, "no text");
                None
            }
        }
    }
}

/// Repository and ref of a source: `git+https://github.com/o/r@refs/heads/main`, or less of that.
fn source(uri: &str) -> (Option<String>, Option<&str>) {
    let address = uri.strip_prefix("git+").unwrap_or(uri);
    let Some((_, address)) = address.split_once("://") else { return (None, None) };
    match address.split_once('@') {
        Some((address, git_ref)) => (forge::origin(address), Some(git_ref)),
        None => (forge::origin(address), None),
    }
}
