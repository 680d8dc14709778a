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
