//! From a registry's verbatim facts to publish events: addresses become keyed hashes, lists become
//! columns, nothing is guessed.

use super::columns::PublishEvent;
use super::history::{UNVERIFIED, VERIFIED};
use crate::acquire::raw::{Proof, RawCertificate, RawPackage, RawRelease, RawSigner};
use crate::names::NPM;

/// Key of the e-mail hash. It belongs to one archive, so that ids of two archives cannot be joined.
#[derive(Clone, Copy)]
pub struct EmailKey(pub [u8; 32]);

/// Length of the ids in hexadecimal digits: 48 bits, enough that two of a million accounts
/// collide with a chance of one in 500.
const ID_DIGITS: usize = 12;

impl EmailKey {
    /// Equal addresses give equal ids, and nothing else can be read from them. An address that is a
    /// pseudonym already (twelve hexadecimal digits at a domain under `.example`, which RFC 2606
    /// reserves) is its own id.
    #[must_use]
    pub fn id(&self, address: &str) -> String {
        if let Some((local, domain)) = address.split_once('@')
            && domain.ends_with(".example")
            && local.len() == ID_DIGITS
            && local.bytes().all(|b| b.is_ascii_hexdigit())
        {
            return local.to_ascii_lowercase();
        }
        blake3::keyed_hash(&self.0, address.trim().to_ascii_lowercase().as_bytes()).to_hex()[..ID_DIGITS].to_owned()
    }
}

/// Where a document is from.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// Registry id.
    pub registry: &'a str,
    /// Columns that this registry never shows: there "none" would be a claim that nobody made.
    pub not_offered: &'a [(&'a str, &'a str)],
}

impl Origin<'_> {
    fn offers(&self, column: &str) -> bool {
        self.not_offered.iter().all(|(name, _)| *name != column)
    }
}

/// Every release of a document as an event, observed at `observed_at` (milliseconds since the epoch).
#[must_use]
pub fn events(origin: Origin, document: RawPackage, key: &EmailKey, observed_at: i64) -> Vec<PublishEvent> {
    let package = document.name;
    document.releases.into_iter().map(|r| event(origin, &package, r, key, observed_at)).collect()
}

fn event(origin: Origin, package: &str, raw: RawRelease, key: &EmailKey, observed_at: i64) -> PublishEvent {
    let auth = match (&raw.trusted_publisher, &raw.publisher) {
        (Some(_), _) => Some("trusted_publisher"),
        (None, Some(_)) => Some("account"),
        (None, None) => None,
    };
    // npm's documents say of every version whether it has attestations; the others have to be asked.
    let is_bare = origin.registry == NPM && !raw.removed && raw.provenance.is_none() && raw.attestation.is_none();
    let certificate = raw.certificate.clone().or_else(|| is_bare.then(RawCertificate::default));
    let hooks = raw.install_scripts.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
    let mut event = PublishEvent {
        registry: Some(origin.registry.to_owned()),
        package: Some(package.to_owned()),
        version: Some(raw.version),
        published_at: Some(raw.published_at),
        removed: Some(raw.removed),
        publisher: raw.publisher,
        publisher_email_id: raw.publisher_email.as_deref().map(|address| key.id(address)),
        publisher_email_domain: raw
            .publisher_email
            .as_deref()
            .and_then(|address| address.rsplit_once('@'))
            .map(|(_, domain)| domain.to_ascii_lowercase())
            .filter(|domain| !domain.ends_with(".example")),
        auth_kind: auth.map(str::to_owned),
        trusted_publisher: raw.trusted_publisher,
        oidc_config_id: raw.oidc_config_id,
        approver: raw.approver,
        npm_version: raw.npm_version,
        node_version: raw.node_version,
        provenance: raw.provenance,
        signed: (!raw.removed && origin.offers("signed")).then_some(raw.signed),
        git_head: raw.git_head,
        file_count: raw.file_count,
        unpacked_size: raw.unpacked_size,
        install_script_id: (!hooks.is_empty()).then(|| script_id(&raw.install_scripts)),
        install_scripts: (!hooks.is_empty()).then_some(hooks),
        dependencies: (!raw.removed && origin.offers("dependencies"))
            .then(|| raw.dependencies.unwrap_or_default().join("|")),
        optional_dependencies: raw.optional_dependencies.filter(|names| !names.is_empty()).map(|names| names.join("|")),
        url_dependencies: (!raw.url_dependencies.is_empty()).then(|| raw.url_dependencies.join("|")),
        maintainers: raw.maintainers.map(|names| names.join("|")),
        repository: raw.repository,
        ci_workflow: raw.ci_workflow,
        ci_environment: raw.ci_environment,
        deprecated: (!raw.removed).then_some(raw.deprecated),
        observed_at: Some(observed_at),
        ..PublishEvent::default()
    };
    if let Some(certificate) = certificate {
        certify(&mut event, certificate, key);
    }
    event
}

/// Takes up what a certificate proves. What did not verify leaves its state and nothing else.
fn certify(event: &mut PublishEvent, raw: RawCertificate, key: &EmailKey) {
    let (state, failed) = match raw.proof {
        Proof::Absent => ("absent", None),
        Proof::Unverified(step) => (UNVERIFIED, Some(step)),
        Proof::Verified => (VERIFIED, None),
    };
    let verified = state == VERIFIED;
    event.cert_state = Some(state.to_owned());
    event.cert_failed = failed;
    if !verified {
        return;
    }
    event.cert_issuer = raw.issuer;
    event.cert_identity = raw.signer.map(|signer| match signer {
        RawSigner::Workload(uri) => uri,
        RawSigner::Person(address) => format!("person {}", key.id(&address)),
    });
    event.cert_repository = raw.repository;
    event.cert_repository_id = raw.repository_id;
    event.cert_owner_id = raw.owner_id;
    event.cert_run_uri = raw.run_uri;
    event.cert_issued_at = raw.issued_at;
    event.cert_log_index = raw.log_index;
    event.cert_integrated_at = raw.integrated_at;
    event.cert_level = raw.level;
    event.cert_differs = (!raw.differs.is_empty()).then(|| raw.differs.join("|"));
    // The certificate's word on the job stands above what the registry repeats of it.
    let job = [
        (&mut event.ci_workflow, raw.workflow),
        (&mut event.ci_trigger, raw.trigger),
        (&mut event.ci_ref_kind, raw.ref_kind),
        (&mut event.ci_ref, raw.git_ref),
        (&mut event.ci_runner, raw.runner),
        (&mut event.ci_environment, raw.environment),
        (&mut event.ci_signer, raw.signer_workflow),
    ];
    for (column, value) in job {
        if value.is_some() {
            *column = value;
        }
    }
    event.ci_attempt = raw.attempt;
}

/// Hash of the install hooks' text. The prefix names the scheme: ids of different schemes say
/// nothing about each other.
fn script_id(scripts: &[(&'static str, String)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, text) in scripts {
        hasher.update(name.as_bytes()).update(&[0]).update(text.as_bytes()).update(&[0]);
    }
    format!("b3:{}", &hasher.finalize().to_hex()[..ID_DIGITS])
}
