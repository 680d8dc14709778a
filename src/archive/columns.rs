//! The one list of what a publish event holds. The owned event, the interned row, the Parquet
//! schema, the CSV header and the documentation all come from it.

use serde::{Deserialize, Serialize};

use std::ops::Deref;

use super::history::Parsed;
use super::vocabulary::{Sym, Symbols};

/// Version of the event schema, written into every file. Raised when a column changes its meaning
/// or is dropped; a column that is added does not raise it.
pub const SCHEMA_VERSION: u32 = 1;

/// How a column is stored, and how to reach it in an owned event and in an interned row.
#[derive(Clone, Copy)]
pub enum Field {
    /// A string, or not recorded.
    Text(fn(&mut PublishEvent) -> &mut Option<String>, fn(&mut Row) -> &mut Sym),
    /// Strings joined by `|`, or not recorded. The empty list is the empty string; in CSV, where an empty cell is not
    /// recorded, it is `|`.
    List(fn(&mut PublishEvent) -> &mut Option<String>, fn(&mut Row) -> &mut Sym),
    /// A flag, or not recorded.
    Flag(fn(&mut PublishEvent) -> &mut Option<bool>, fn(&mut Row) -> &mut Option<bool>),
    /// A whole number, or not recorded.
    Int(fn(&mut PublishEvent) -> &mut Option<i64>, fn(&mut Row) -> &mut Number),
    /// Milliseconds since the Unix epoch, UTC, or not recorded.
    Time(fn(&mut PublishEvent) -> &mut Option<i64>, fn(&mut Row) -> &mut Number),
}

/// Which observation of a version may supply a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Part of the key: never changes.
    Key,
    /// A fact of the publish: the first full observation supplies it, no later one replaces it.
    AtPublish,
    /// A fact that can only be learnt later, or from elsewhere: a later observation may add it.
    Later,
}

/// One column of the event table.
pub struct Column {
    /// Name in Parquet, CSV and JSON.
    pub name: &'static str,
    /// Storage and access.
    pub field: Field,
    /// Must be present in a table that is read.
    pub required: bool,
    /// Which observation may supply it.
    pub origin: Origin,
    /// Meaning, for the documentation.
    pub doc: &'static str,
}

/// A whole number or a time of a row, or not recorded, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number(i64);

impl Number {
    /// Not recorded.
    const NONE: i64 = i64::MIN;

    /// The number, if one is recorded.
    #[must_use]
    pub fn get(self) -> Option<i64> {
        (self.0 != Self::NONE).then_some(self.0)
    }

    /// A number is recorded.
    #[must_use]
    pub fn is_some(self) -> bool {
        self.0 != Self::NONE
    }
}

impl Default for Number {
    fn default() -> Self {
        Self(Self::NONE)
    }
}

impl From<Option<i64>> for Number {
    fn from(value: Option<i64>) -> Self {
        // The one number that stands for "none" moves to its neighbour: both are far outside any range.
        Self(value.map_or(Self::NONE, |number| number.max(Self::NONE + 1)))
    }
}

macro_rules! owned {
    (Text) => { Option<String> };
    (List) => { Option<String> };
    (Flag) => { Option<bool> };
    (Int) => { Option<i64> };
    (Time) => { Option<i64> };
}

macro_rules! interned {
    (Text) => { Sym };
    (List) => { Sym };
    (Flag) => { Option<bool> };
    (Int) => { Number };
    (Time) => { Number };
}

macro_rules! columns {
    ($($name:ident: $kind:ident $need:ident $origin:ident $doc:literal;)+) => {
        /// One publish as it is exchanged: every column owned, `None` where nothing is recorded.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct PublishEvent { $(#[doc = $doc] pub $name: owned!($kind),)+ }

        /// One publish as it is held in memory: strings are symbols of a
        /// [`Vocabulary`](super::vocabulary::Vocabulary), [`Sym::NONE`] where nothing is recorded.
        /// Dereferences to what a [`History`](super::history::History) has parsed from it.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Row {
            $(#[doc = $doc] pub $name: interned!($kind),)+
            /// What a history has parsed from the columns.
            pub parsed: Parsed,
        }

        /// Every column, in the order of the files.
        pub static COLUMNS: &[Column] = &[$(Column {
            name: stringify!($name),
            field: Field::$kind(|e| &mut e.$name, |r| &mut r.$name),
            required: columns!(@need $need),
            origin: Origin::$origin,
            doc: $doc,
        },)+];
    };
    (@need required) => { true };
    (@need optional) => { false };
}

impl Symbols for Row {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        for column in COLUMNS {
            if let Field::Text(_, cell) | Field::List(_, cell) = column.field {
                visit(cell(self));
            }
        }
        self.parsed.symbols(visit);
    }
}

impl Deref for Row {
    type Target = Parsed;
    fn deref(&self) -> &Parsed {
        &self.parsed
    }
}

columns! {
    registry: Text required Key "Registry id, `npm`.";
    package: Text required Key "Package name with its scope.";
    version: Text required Key "Version, exactly as the registry writes it.";
    published_at: Time required AtPublish "The registry's own log of the publish, UTC.";
    removed: Flag optional Later "The log knows the version but the version object is gone: unpublished or taken down. Not a label.";
    publisher: Text required AtPublish "Account name of the publisher; npm shows one constant name for every trusted publisher.";
    publisher_email_id: Text optional AtPublish "Keyed hash of the account's e-mail at that publish: equal or different is all it says.";
    publisher_email_domain: Text optional AtPublish "Domain of that e-mail.";
    auth_kind: Text optional AtPublish "`account` (a token or an interactive login; the registry does not say which) or `trusted_publisher`.";
    trusted_publisher: Text optional AtPublish "Provider of the trusted publisher (`github`, `gitlab`, ...).";
    oidc_config_id: Text optional AtPublish "Trusted-publisher configuration, per package.";
    approver: Text optional AtPublish "Account that approved a staged publish.";
    npm_version: Text optional AtPublish "Client version as the client sent it.";
    node_version: Text optional AtPublish "Node version as the client sent it.";
    provenance: Text optional AtPublish "Predicate type of the provenance attestation.";
    signed: Flag optional Later "A registry signature is present; back-filled, so no evidence of anything at publish time.";
    git_head: Text optional AtPublish "First 12 hexadecimal digits of the commit that the client named.";
    file_count: Int optional AtPublish "Files in the tarball.";
    unpacked_size: Int optional AtPublish "Unpacked bytes.";
    install_scripts: Text optional AtPublish "Comma list of preinstall, install, postinstall.";
    install_script_id: Text optional AtPublish "Hash of their text.";
    dependencies: List optional AtPublish "Names of the runtime dependencies.";
    optional_dependencies: List optional AtPublish "Names of the optional dependencies.";
    url_dependencies: List optional AtPublish "Those whose specifier is a git, forge or http address.";
    maintainers: List optional AtPublish "Owners at that publish.";
    repository: Text optional AtPublish "Declared source repository, host/owner/name.";
    deprecated: Flag optional Later "As last seen; never used to score.";
    ci_workflow: Text optional Later "Path of the workflow that published.";
    ci_trigger: Text optional Later "Event that started it.";
    ci_ref_kind: Text optional Later "`tag`, `branch`, or another kind as it is called.";
    ci_ref: Text optional Later "Full ref.";
    ci_runner: Text optional Later "`hosted` or `self-hosted`.";
    ci_environment: Text optional Later "Deployment environment of the job.";
    ci_signer: Text optional Later "Reusable workflow that signed, if another than `ci_workflow`.";
    ci_attempt: Int optional Later "Attempt of the run, from 1.";
    cert_state: Text optional Later "`verified`, `unverified` or `absent`; empty where nobody looked. Every other `cert_` and `ci_` column that a certificate fills stays empty unless it was verified.";
    cert_failed: Text optional Later "Step at which the verification failed.";
    cert_issuer: Text optional Later "OIDC issuer in the Fulcio certificate.";
    cert_identity: Text optional Later "Who signed: for a workflow host/owner/repository/path without the ref, for a person a keyed hash of the address.";
    cert_repository: Text optional Later "Source repository in the certificate, host/owner/name.";
    cert_repository_id: Text optional Later "Its numeric id.";
    cert_owner_id: Text optional Later "Numeric id of its owner.";
    cert_run_uri: Text optional Later "Run invocation URI.";
    cert_issued_at: Time optional Later "Beginning of the certificate's ten minutes.";
    cert_log_index: Int optional Later "Index of the entry in the transparency log.";
    cert_integrated_at: Time optional Later "Time at which the log took the entry.";
    cert_level: Int optional Later "SLSA build level that the attestation gives evidence of; no verdict.";
    cert_differs: List optional Later "Fields in which the provenance statement says another thing than the certificate; empty where they agree.";
    token_id: Text optional Later "Token that published, where the owner supplies its audit log.";
    token_created_at: Time optional Later "Creation time of that token, where the owner supplies its inventory.";
    country: Text optional Later "Country of the publish, where the owner supplies its audit log.";
    observed_at: Time optional Later "When this observation was made; empty for a table that does not say.";
}
