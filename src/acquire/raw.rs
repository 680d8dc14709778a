//! Verbatim facts as a registry's document states them, before anything is made of them.

/// One version of one package, as the registry's document states it. A field is `None` where the
/// document does not say; nothing here is derived, compared or judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawRelease {
    /// The version string, exactly as the key in the document.
    pub version: String,
    /// The registry's own log entry for this version, in milliseconds since the Unix epoch.
    pub published_at: i64,
    /// The log has an entry but the version object is not there: unpublished or taken down.
    pub removed: bool,
    /// Account name of the publisher.
    pub publisher: Option<String>,
    /// E-mail address of the publisher at that publish. Never stored: the archive keeps a keyed hash.
    pub publisher_email: Option<String>,
    /// Provider of the trusted publisher (`github`, `gitlab`, `circleci`), if it was one.
    pub trusted_publisher: Option<String>,
    /// Trusted-publisher configuration id, without the `oidc:` prefix.
    pub oidc_config_id: Option<String>,
    /// Account that approved a staged publish.
    pub approver: Option<String>,
    /// `_npmVersion` as sent by the client.
    pub npm_version: Option<String>,
    /// `_nodeVersion` as sent by the client.
    pub node_version: Option<String>,
    /// Workflow that published, where the registry itself states it.
    pub ci_workflow: Option<String>,
    /// Deployment environment of its job, where the registry itself states it.
    pub ci_environment: Option<String>,
    /// What its attestation document proved, where somebody looked.
    pub certificate: Option<RawCertificate>,
    /// Path of its attestation document below the registry's base address, where the documents tell.
    pub attestation: Option<String>,
    /// Digest of its file or files, as the document writes it; it never changes.
    pub integrity: Option<String>,
    /// Predicate type of the provenance attestation.
    pub provenance: Option<String>,
    /// A registry signature is present (back-filled: no evidence of anything at publish time).
    pub signed: bool,
    /// `gitHead`, at most its first twelve hexadecimal digits.
    pub git_head: Option<String>,
    /// Number of files in the tarball.
    pub file_count: Option<i64>,
    /// Unpacked size in bytes.
    pub unpacked_size: Option<i64>,
    /// The install-time hooks among `preinstall`, `install`, `postinstall`, in that order, with their text.
    pub install_scripts: Vec<(&'static str, String)>,
    /// Names of the runtime dependencies, sorted; `None` where the version object has no such field.
    pub dependencies: Option<Vec<String>>,
    /// Names of the optional dependencies, sorted.
    pub optional_dependencies: Option<Vec<String>>,
    /// Those of either kind whose specifier is a git, forge or http address, sorted.
    pub url_dependencies: Vec<String>,
    /// Owners at that publish, sorted.
    pub maintainers: Option<Vec<String>>,
    /// Source repository as host/owner/name.
    pub repository: Option<String>,
    /// Marked deprecated as last seen: a later fact, never used to score.
    pub deprecated: bool,
}

/// How an attestation document stood up to verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// There is none.
    #[default]
    Absent,
    /// Every attestation in it verified.
    Verified,
    /// It failed at this step; or, with `unreadable`, it cannot be judged. Nothing else is taken from it.
    Unverified(String),
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawSigner {
    /// A workload, by its URI without a ref.
    Workload(String),
    /// A person, by address. Never stored: the archive keeps a keyed hash.
    Person(String),
}

/// What the certificate of a version's attestation states. Empty but for `proof` unless it verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawCertificate {
    /// How it stood up to verification.
    pub proof: Proof,
    /// OIDC issuer.
    pub issuer: Option<String>,
    /// Who signed.
    pub signer: Option<RawSigner>,
    /// Source repository, host/owner/name.
    pub repository: Option<String>,
    /// Its numeric id.
    pub repository_id: Option<String>,
    /// Numeric id of its owner.
    pub owner_id: Option<String>,
    /// Workflow path inside the repository.
    pub workflow: Option<String>,
    /// Reusable workflow that signed, if another.
    pub signer_workflow: Option<String>,
    /// Event that started the run.
    pub trigger: Option<String>,
    /// Full ref.
    pub git_ref: Option<String>,
    /// `tag`, `branch`, ...
    pub ref_kind: Option<String>,
    /// `hosted`, `self-hosted`, or as the certificate says.
    pub runner: Option<String>,
    /// Deployment environment.
    pub environment: Option<String>,
    /// Run invocation URI.
    pub run_uri: Option<String>,
    /// Attempt of the run, from 1.
    pub attempt: Option<i64>,
    /// Beginning of the certificate, milliseconds since the Unix epoch.
    pub issued_at: Option<i64>,
    /// Global index of the log entry.
    pub log_index: Option<i64>,
    /// Time at which the log took it, milliseconds since the Unix epoch.
    pub integrated_at: Option<i64>,
    /// SLSA build level that it gives evidence of.
    pub level: Option<i64>,
    /// Fields in which the statement differs from the certificate.
    pub differs: Vec<String>,
}

/// One registry document, reduced to what is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawPackage {
    /// Package name.
    pub name: String,
    /// Registry revision (`_rev`).
    pub revision: Option<String>,
    /// Current owners, sorted, where the documents list them.
    pub owners: Option<Vec<String>>,
    /// Host that serves the tarballs, if it is one and the same for all.
    pub tarball_host: Option<String>,
    /// Path of the next page of the document, if there is more of it.
    pub more: Option<String>,
    /// Every version that the log or the document knows, by time, then version.
    pub releases: Vec<RawRelease>,
    /// Facts that could not be taken up, each counted with its reason.
    pub skipped: Vec<Skipped>,
    /// Reasons to trust the document less, each a sentence.
    pub warnings: Vec<String>,
}

/// What was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Version concerned, empty for the whole document.
    pub version: String,
    /// The reason, as a short sentence.
    pub reason: String,
}
