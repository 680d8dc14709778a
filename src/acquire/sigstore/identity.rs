//! Who signed, in terms that stay the same from one release to the next: commits, refs and run numbers are taken
//! apart from paths, and the four providers of build tokens are brought to one form (their claims in Fulcio's
//! extensions: sigstore/fulcio, config/identity/config.yaml).

use super::certificate::{Certificate, GITHUB_ISSUER, Identity, Stated, is_below};
use crate::acquire::forge;

const GITLAB_ISSUER: &str = "https://gitlab.com";
const CIRCLECI_ISSUER: &str = "https://oidc.circleci.com";
const BUILDKITE_ISSUER: &str = "https://agent.buildkite.com";
const CODEFRESH_ISSUER: &str = "https://oidc.codefresh.io";

/// Extensions that only a build's token fills; 24 also stands in certificates of persons.
const OF_BUILDS: [u32; 20] = [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];

/// What is between a repository and a workflow in it, at GitHub.
pub(super) const WORKFLOWS: &str = "/.github/workflows/";

/// Who a certificate was issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A job of a CI platform.
    Ci(Box<Ci>),
    /// A person, known by an e-mail address.
    Person {
        /// OIDC issuer that vouches for the address.
        issuer: Option<String>,
        /// The address, as the certificate writes it.
        email: String,
    },
    /// A person, known by a user name.
    User {
        /// OIDC issuer that gave the name.
        issuer: Option<String>,
        /// The name with its domain, `name!domain`.
        name: String,
    },
    /// A workload with an identity of its own, such as a service in a cluster.
    Workload {
        /// OIDC issuer that vouches for the workload.
        issuer: Option<String>,
        /// Its URI.
        uri: String,
    },
    /// Nobody that is known here: no alternative name, several of them, or one of another kind.
    Unknown,
}

/// What the identity of a CI job is made of. `None` where the certificate does not say, which for certificates
/// before 2023-04 is most of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ci {
    /// The platform: `github`, `gitlab`, `circleci`, `buildkite`, `codefresh`, or `other`.
    pub provider: &'static str,
    /// Repository that was built, as lower-case host/owner/name.
    pub repository: Option<String>,
    /// Its identifier, which outlasts renames.
    pub repository_id: Option<String>,
    /// Identifier of its owner, which outlasts renames.
    pub owner_id: Option<String>,
    /// Path of the top-level workflow inside the repository, without ref; with host/owner/name before it where it
    /// is of another repository. Of a certificate that names no top-level workflow, the one that signed, if it is
    /// of the same repository. CircleCI's configuration has an address of its own in every run, and is none.
    pub workflow: Option<String>,
    /// Ref of the workflow.
    pub workflow_ref: Option<String>,
    /// What signed, if it is not the workflow: host/owner/name/path of a reusable workflow without ref, or the
    /// address of a pipeline's definition without its scheme.
    pub signer: Option<String>,
    /// Ref of what signed, be it the workflow or not: full, or a commit.
    pub signer_ref: Option<String>,
    /// Full git ref that was built.
    pub ref_: Option<String>,
    /// Kind of that ref: `tag`, `branch`, `pull` or `other`.
    pub ref_kind: Option<&'static str>,
    /// Commit that was built.
    pub commit: Option<String>,
    /// Event that started the build, as the provider calls it.
    pub trigger: Option<String>,
    /// `hosted`, `self-hosted`, or what the certificate says instead (`ssh-rerun`); empty where it says nothing
    /// although it has the field, as for a job of CircleCI that nobody logged into.
    pub runner: Option<String>,
    /// Deployment environment; empty where the certificate states that there was none.
    pub environment: Option<String>,
    /// `public`, `private` or `internal`.
    pub visibility: Option<String>,
    /// Address of the run.
    pub run_uri: Option<String>,
    /// Number or identifier of the run.
    pub run_id: Option<String>,
    /// Attempt of the run, from 1.
    pub attempt: Option<i64>,
    /// OIDC issuer.
    pub issuer: Option<String>,
    /// Subject of the token, as the issuer writes it.
    pub subject_token: Option<String>,
}

/// Who the certificate was issued to.
#[must_use]
pub fn signer(certificate: &Certificate) -> Signer {
    let issuer = certificate.issuer().map(|stated| stated.value.into_owned());
    let [identity] = certificate.identities.as_slice() else {
        return Signer::Unknown;
    };
    match identity {
        Identity::Uri(uri) => {
            let provider = provider(certificate, issuer.as_deref().unwrap_or_default(), uri);
            match provider {
                Some(provider) => Signer::Ci(Box::new(ci(certificate, provider, issuer, uri))),
                None => Signer::Workload { issuer, uri: uri.clone() },
            }
        }
        Identity::Email(email) => Signer::Person { issuer, email: email.clone() },
        Identity::UserName(name) => Signer::User { issuer, name: name.clone() },
        Identity::Other { .. } => Signer::Unknown,
    }
}

/// The CI platform behind an issuer; `None` if nothing tells of a build.
fn provider(certificate: &Certificate, issuer: &str, uri: &str) -> Option<&'static str> {
    if let Some(platform) = platform(issuer) {
        return Some(platform);
    }
    // A server that an enterprise runs itself.
    if issuer.ends_with("/_services/token") && uri.contains(WORKFLOWS) {
        return Some("github");
    }
    let is_build = OF_BUILDS.iter().any(|number| certificate.extension(*number).is_some());
    // A GitLab of one's own signs in its own name, with a double slash before the path.
    let of_issuer = issuer.len() > "https://".len() && is_below(uri, issuer);
    match is_build {
        true if of_issuer && uri[issuer.len()..].contains("//") => Some("gitlab"),
        true => Some("other"),
        false => None,
    }
}

/// The platform that runs for everybody and has that issuer.
fn platform(issuer: &str) -> Option<&'static str> {
    // The enterprise cloud has a host for every tenant.
    let tenant = issuer.strip_prefix("https://token.actions.").and_then(|rest| rest.strip_suffix(".ghe.com"));
    if tenant.is_some_and(|name| !name.is_empty() && !name.contains(['/', '.', '@', ':'])) {
        return Some("github");
    }
    let platforms = [
        (GITHUB_ISSUER, "github"),
        (GITLAB_ISSUER, "gitlab"),
        (CIRCLECI_ISSUER, "circleci"),
        (BUILDKITE_ISSUER, "buildkite"),
        (CODEFRESH_ISSUER, "codefresh"),
    ];
    platforms.iter().find(|(base, _)| is_below(issuer, base)).map(|(_, platform)| *platform)
}

/// Whether an issuer is of a platform that others run, and not of a server of one's own.
pub(super) fn is_hosted_platform(issuer: &str) -> bool {
    platform(issuer).is_some()
}

fn ci(certificate: &Certificate, provider: &'static str, issuer: Option<String>, uri: &str) -> Ci {
    let text = |stated: Option<Stated<'_>>| stated.map(|stated| stated.value.into_owned());
    let repository = certificate.repository().and_then(|stated| forge::origin(&stated.value));
    let git_ref = text(certificate.git_ref());
    let known_ref = git_ref.as_deref().unwrap_or_default();
    let place = |uri: &str| Place::of(uri, known_ref, repository.as_deref());
    let of_signer = match provider {
        "github" | "gitlab" | "circleci" => stated(certificate.build_signer_uri.as_deref()).unwrap_or(uri),
        // Codefresh has an address of the run there, and Buildkite nothing.
        _ => uri,
    };
    let signer = place(of_signer);
    let workflow = match provider {
        "gitlab" => Some(signer.clone()),
        "github" => match stated(certificate.build_config_uri.as_deref()) {
            Some(uri) => Some(place(uri)),
            None => Some(signer.clone()).filter(|place| place.is_inside),
        },
        _ => None,
    };
    let differs = workflow.as_ref().is_none_or(|workflow| workflow.full != signer.full);
    let (run_id, attempt) = stated(certificate.run_invocation_uri.as_deref()).map_or((None, None), run);
    Ci {
        provider,
        repository_id: owned(certificate.source_repository_id.as_deref()),
        owner_id: owned(certificate.source_repository_owner_id.as_deref()),
        workflow: workflow.as_ref().map(|workflow| workflow.path.clone()),
        workflow_ref: workflow.and_then(|workflow| workflow.ref_),
        signer: differs.then_some(signer.full),
        signer_ref: signer.ref_,
        ref_kind: stated(git_ref.as_deref()).map(ref_kind),
        ref_: git_ref.filter(|text| !text.is_empty()),
        commit: text(certificate.commit()).filter(|text| !text.is_empty()),
        trigger: text(certificate.trigger()).filter(|text| !text.is_empty()),
        runner: certificate.runner_environment.as_deref().map(runner),
        environment: certificate.deployment_environment.clone(),
        visibility: owned(certificate.source_repository_visibility.as_deref()),
        run_uri: owned(certificate.run_invocation_uri.as_deref()),
        run_id,
        attempt,
        issuer,
        subject_token: owned(certificate.token_subject.as_deref()),
        repository,
    }
}

/// What says something.
fn stated(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn owned(text: Option<&str>) -> Option<String> {
    stated(text).map(str::to_owned)
}

/// Build instructions, taken apart.
#[derive(Clone)]
struct Place {
    /// Address without scheme and ref; host, owner and repository are in lower case.
    full: String,
    /// The same without the repository, if it is inside that.
    path: String,
    is_inside: bool,
    ref_: Option<String>,
}

impl Place {
    fn of(uri: &str, known_ref: &str, repository: Option<&str>) -> Self {
        let (address, ref_) = split_ref(uri, known_ref);
        let address = address.split_once("://").map_or(address, |(_, rest)| rest);
        let inside = repository.and_then(|repository| {
            let (before, rest) = address.split_at_checked(repository.len())?;
            let fits = before.eq_ignore_ascii_case(repository) && rest.starts_with('/');
            fits.then(|| rest.trim_start_matches('/'))
        });
        let end = address.find(WORKFLOWS).or_else(|| address.find("//"));
        let end = end.or_else(|| address.find('/')).unwrap_or(address.len());
        let full = address[..end].to_ascii_lowercase() + &address[end..];
        Self {
            path: inside.map_or_else(|| full.clone(), str::to_owned),
            is_inside: inside.is_some(),
            ref_: ref_.map(str::to_owned),
            full,
        }
    }
}

/// Takes the ref from behind a path. Both may hold an `@` (a tag `pkg@1.2.3` does, which the last `@` would cut in
/// two): the ref that is known from elsewhere goes first, then what begins with `refs/`, then what follows the last.
pub(super) fn split_ref<'a>(uri: &'a str, known_ref: &str) -> (&'a str, Option<&'a str>) {
    let known = uri.strip_suffix(known_ref).and_then(|rest| rest.strip_suffix('@'));
    if let Some(path) = known.filter(|_| !known_ref.is_empty()) {
        return (path, Some(&uri[path.len() + 1..]));
    }
    let at = uri.find("@refs/").or_else(|| uri.rfind('@'));
    at.map_or((uri, None), |at| (&uri[..at], Some(&uri[at + 1..])))
}

/// The kind of a full ref: `tag`, `branch`, `pull` or `other`.
#[must_use]
pub fn ref_kind(full: &str) -> &'static str {
    if full.starts_with("refs/tags/") {
        "tag"
    } else if full.starts_with("refs/heads/") {
        "branch"
    } else if full.starts_with("refs/pull/") || full.starts_with("refs/merge-requests/") {
        "pull"
    } else {
        "other"
    }
}

/// How a runner is called: every platform's own one `hosted`, and else as it is written.
pub(super) fn runner(text: &str) -> String {
    match text {
        "github-hosted" | "gitlab-hosted" | "buildkite-hosted" => "hosted",
        // Fulcio's template for CircleCI writes an empty text with its quotation marks.
        "\"\"" => "",
        _ => text,
    }
    .to_owned()
}

/// Identifier and attempt of a run: GitHub's `actions/runs/ID/attempts/N`, GitLab's `-/jobs/ID`, CircleCI's
/// `workflow/ID/job/ID`, Buildkite's `builds/NUMBER#JOB`, Codefresh's `build/ID`.
fn run(uri: &str) -> (Option<String>, Option<i64>) {
    let after = |mark: &str| {
        let (_, rest) = uri.rsplit_once(mark)?;
        rest.split(['/', '#', '?']).next().filter(|id| !id.is_empty())
    };
    let marks = ["/actions/runs/", "/-/jobs/", "/workflow/", "/builds/", "/build/"];
    let id = marks.iter().find_map(|mark| after(mark));
    let attempt = after("/attempts/").and_then(|number| number.parse().ok()).filter(|number| *number > 0);
    (id.map(str::to_owned), attempt)
}
