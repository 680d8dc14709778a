//! One verification: subject, then everything that needs cryptography, each step as it ends.

use sigstore_verify::types::{Artifact as Given, Bundle, HashAlgorithm, SignatureContent, VerificationMaterialContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult};

use super::attestation::{Attestation, BoundTo, LogRef, Verdict};
use super::bundle::Reading;
use super::digest::{Algorithm, Digest, hex};
use super::json::shown;
use super::npm_key::{NpmKey, Usage};
use super::refusal::{CERTIFICATE_ORDER, Done, KEY_ORDER, Refusal, unproven_entry};
use super::statement::{Asked, Bound, PAYLOAD_TYPE, Rules, Statement};
use super::steps::{Ledger, State, StepId};
use super::trust::Trust;
use super::verify::{Artifact, Signer};

/// What the document says of an attestation.
pub(super) struct Blank {
    pub(super) place: String,
    pub(super) about: Option<String>,
    pub(super) predicate_type: Option<String>,
    pub(super) publisher: Option<String>,
}

/// One verification.
pub(super) struct Task<'a> {
    pub(super) rules: Rules,
    pub(super) asked: Asked<'a>,
    /// The file, where the caller hands it in; else the bound digest stands for it.
    pub(super) artifact: Option<Artifact<'a>>,
    pub(super) signer: &'a Signer,
    pub(super) trust: &'a Trust,
}

/// How the steps of one bundle went.
struct Outcome {
    ledger: Ledger,
    bound_to: BoundTo,
    verified_at: Vec<i64>,
    verdict: Verdict,
}

impl Task<'_> {
    /// The attestation with its steps; `media_type` is shown only where the bundle could not be read.
    pub(super) fn judge(&self, blank: Blank, media_type: &str, bundle: Reading<Bundle>) -> Attestation {
        let mut ledger = Ledger::new();
        let Blank { place, about, predicate_type, publisher } = blank;
        let bundle = match bundle {
            Ok(bundle) => bundle,
            Err(why) => {
                ledger.set(StepId::Parse, State::Failed(why.clone()));
                return Attestation {
                    place,
                    about,
                    predicate_type,
                    media_type: shown(media_type),
                    steps: ledger.into_steps(),
                    certificate: None,
                    statement: None,
                    log: Vec::new(),
                    verified_at: Vec::new(),
                    key_id: None,
                    publisher,
                    bound_to: BoundTo::Nothing,
                    compared_with: None,
                    verdict: Verdict::Unverifiable { why },
                };
            }
        };
        ledger.set(StepId::Parse, State::Verified);
        let (outcome, stated) = self.run(&bundle, ledger);
        let log = log_refs(&bundle);
        let (certificate, key_id) = match bundle.verification_material.content {
            VerificationMaterialContent::Certificate(one) => (Some(one.raw_bytes.into_bytes()), None),
            VerificationMaterialContent::X509CertificateChain { certificates } => {
                (certificates.into_iter().next().map(|leaf| leaf.raw_bytes.into_bytes()), None)
            }
            VerificationMaterialContent::PublicKey(key) => (None, Some(key.hint)),
            _ => (None, None),
        };
        let statement = match bundle.content {
            SignatureContent::DsseEnvelope(envelope) => Some(envelope.payload.into_bytes()),
            _ => None,
        };
        Attestation {
            place,
            about,
            predicate_type: stated.or(predicate_type),
            media_type: bundle.media_type.as_str().to_owned(),
            steps: outcome.ledger.into_steps(),
            certificate,
            statement,
            log,
            verified_at: outcome.verified_at,
            key_id,
            publisher,
            bound_to: outcome.bound_to,
            compared_with: self.asked.purl.map(str::to_owned),
            verdict: outcome.verdict,
        }
    }

    /// Runs the steps after parsing; the predicate type of the statement comes with them.
    fn run(&self, bundle: &Bundle, mut ledger: Ledger) -> (Outcome, Option<String>) {
        let mut stated = None;
        let bound = match self.subject(bundle, &mut stated) {
            Ok(bound) => bound,
            Err(refusal) => {
                ledger.set(refusal.step, State::Failed(refusal.why().to_owned()));
                let outcome =
                    Outcome { ledger, bound_to: BoundTo::Nothing, verified_at: Vec::new(), verdict: refusal.verdict };
                return (outcome, stated);
            }
        };
        let expected = bound.as_ref().is_some_and(|bound| bound.expected);
        ledger.set(StepId::Subject, if expected { State::Verified } else { State::Absent });
        let order = if bundle.signing_certificate().is_some() { CERTIFICATE_ORDER } else { KEY_ORDER };
        for step in StepId::ALL.iter().filter(|step| **step > StepId::Subject && !order.contains(step)) {
            ledger.set(*step, State::Absent);
        }
        let given = bound.as_ref().map(|bound| &bound.digest);
        let (verified_at, verdict) = match self.signed(bundle, given) {
            Ok((times, has_window)) => {
                for &step in order {
                    ledger.set(step, self.done(step, bundle, &times, has_window));
                }
                (times, Verdict::Verified)
            }
            Err(refusal) => {
                let is_done = |at: usize| match refusal.done {
                    Done::Nothing => false,
                    Done::Earlier => order.iter().position(|step| *step == refusal.step).is_some_and(|end| at < end),
                    Done::Signed => order[at] != StepId::KeyWindow,
                };
                for (_, &step) in order.iter().enumerate().filter(|(at, _)| is_done(*at)) {
                    ledger.set(step, self.done(step, bundle, &[0], true));
                }
                ledger.set(refusal.step, State::Failed(refusal.why().to_owned()));
                (Vec::new(), refusal.verdict)
            }
        };
        let bound_to = match bound {
            Some(Bound { digest, expected: true }) => BoundTo::Expected(digest),
            Some(Bound { digest, expected: false }) => BoundTo::Own(digest),
            None => BoundTo::Nothing,
        };
        (Outcome { ledger, bound_to, verified_at, verdict }, stated)
    }

    /// The state of a step that did not fail: verified, or absent where it does not apply.
    fn done(&self, step: StepId, bundle: &Bundle, times: &[i64], has_window: bool) -> State {
        let entries = &bundle.verification_material.tlog_entries;
        let applies = match step {
            StepId::Parse | StepId::Subject | StepId::Signature => true,
            StepId::Time => !times.is_empty(),
            StepId::Certificate | StepId::Sct => bundle.signing_certificate().is_some(),
            StepId::Promise => entries.iter().any(|entry| entry.inclusion_promise.is_some()),
            StepId::Inclusion => entries.iter().any(|entry| entry.inclusion_proof.is_some()),
            StepId::Entry => !entries.is_empty(),
            StepId::KeyWindow => has_window && !matches!(self.signer, Signer::Key(_)),
        };
        if applies { State::Verified } else { State::Absent }
    }

    /// What the bundle is about, compared with what it ought to be about. `None` where a bundle names no digest and
    /// the verifier compares the file itself.
    fn subject(&self, bundle: &Bundle, stated: &mut Option<String>) -> std::result::Result<Option<Bound>, Refusal> {
        let failed = |why| Refusal::failed(StepId::Subject, Done::Nothing, why);
        match &bundle.content {
            SignatureContent::DsseEnvelope(envelope) => {
                if envelope.payload_type != PAYLOAD_TYPE {
                    let found = shown(&envelope.payload_type);
                    return Err(failed(format!("the signed payload is `{found}`, not an in-toto statement")));
                }
                let statement = Statement::read(envelope.payload.as_bytes()).map_err(failed)?;
                *stated = statement.predicate_type.as_deref().map(shown);
                statement.check(self.rules, &self.asked).map(Some).map_err(failed)
            }
            SignatureContent::MessageSignature(message) => {
                if self.rules != Rules::Bundle {
                    return Err(failed("the bundle signs a file, not a statement about it".to_owned()));
                }
                if let Some(purl) = self.asked.purl {
                    let why = format!(
                        "a bare signature names no package, it cannot be compared with `{}`: leave the purl out and \
                         give the file's digest",
                        shown(purl)
                    );
                    return Err(Refusal::unverifiable(StepId::Subject, why));
                }
                let named = message.message_digest.as_ref();
                let wanted = match named.map(|digest| digest.algorithm) {
                    None | Some(HashAlgorithm::Sha2256) => Algorithm::Sha256,
                    Some(HashAlgorithm::Sha2512) => Algorithm::Sha512,
                    // The verifier compares the file itself, or says that it cannot.
                    Some(_) if self.artifact.is_some() => return Ok(None),
                    Some(_) => {
                        let why = "the bundle names a digest that is neither a sha256 nor a sha512".to_owned();
                        return Err(Refusal::unverifiable(StepId::Subject, why));
                    }
                };
                let own = named.and_then(|digest| Digest::new(wanted, digest.digest.as_bytes().to_vec()));
                if named.is_some() && own.is_none() {
                    return Err(failed("the bundle's digest has the wrong length".to_owned()));
                }
                let mut expected = self.asked.digests.iter().filter(|digest| digest.algorithm() == wanted);
                match (own, expected.clone().next()) {
                    (Some(own), _) if expected.any(|digest| *digest == own) => {
                        Ok(Some(Bound { digest: own, expected: true }))
                    }
                    (Some(own), Some(digest)) => {
                        Err(failed(format!("the bundle is about another file: it names {own}, not {digest}")))
                    }
                    (Some(own), None) if self.asked.digests.is_empty() => {
                        Ok(Some(Bound { digest: own, expected: false }))
                    }
                    (None, Some(digest)) => Ok(Some(Bound { digest: digest.clone(), expected: true })),
                    (_, None) => {
                        let why = format!("the bundle can only be verified with the {} of the file", wanted.name());
                        Err(Refusal::unverifiable(StepId::Subject, why))
                    }
                }
            }
            _ => Err(Refusal::unverifiable(StepId::Parse, "unsupported kind of signature".to_owned())),
        }
    }

    /// Everything that needs cryptography. The trusted times come out, and whether the key has a window.
    fn signed(&self, bundle: &Bundle, digest: Option<&Digest>) -> std::result::Result<(Vec<i64>, bool), Refusal> {
        let given = match self.artifact {
            Some(Artifact::Bytes(bytes)) => Given::from_blob(bytes),
            Some(Artifact::Digest(digest)) => given(digest)?,
            None => given(digest.ok_or_else(|| Refusal::unverifiable(StepId::Subject, "no digest".to_owned()))?)?,
        };
        if let Some(refusal) = unproven_entry(bundle) {
            return Err(refusal);
        }
        let verifier = self.trust.verifier();
        let refused = |error: sigstore_verify::Error| Refusal::of(&error, bundle, self.trust.root());
        let times = |result: VerificationResult| -> Vec<i64> {
            result.verified_timestamps().iter().map(|time| time.as_second()).collect()
        };
        let policy = match self.signer {
            Signer::Key(_) if bundle.signing_certificate().is_some() => {
                let why = "signed with a certificate, not with the key that is asked for".to_owned();
                return Err(Refusal::failed(StepId::Signature, Done::Nothing, why));
            }
            Signer::Key(key) => {
                let policy = PublicKeyVerificationPolicy::new(key.clone());
                let result = verifier.verify(given, bundle, &policy).map_err(refused)?;
                return Ok((times(result), false));
            }
            Signer::Identity { identity, issuer } => VerificationPolicy::new(identity.as_str(), issuer.as_str()),
            Signer::Any => VerificationPolicy::any_identity(),
        };
        if let Some(key) = self.npm_key(bundle)? {
            let policy = PublicKeyVerificationPolicy::new(key.spki.clone());
            let result = verifier.verify(given, bundle, &policy).map_err(refused)?;
            let times = times(result);
            if times.is_empty() {
                let why = "no log promise and no timestamp says when the signature was made, so that it cannot be \
                           said whether the key was in use";
                return Err(Refusal::failed(StepId::Time, Done::Signed, why.to_owned()));
            }
            if let Some(why) = times.iter().find_map(|&time| key.fault_at(time)) {
                return Err(Refusal::failed(StepId::KeyWindow, Done::Signed, why));
            }
            return Ok((times, true));
        }
        let result = verifier.verify(given, bundle, &policy).map_err(refused)?;
        Ok((times(result), false))
    }

    /// The npm key that the bundle hints at; `None` for a bundle with a certificate.
    fn npm_key(&self, bundle: &Bundle) -> std::result::Result<Option<&NpmKey>, Refusal> {
        let failed = |why| Refusal::failed(StepId::KeyWindow, Done::Nothing, why);
        // The id in the envelope is not signed, but npm's own client goes by it: it must not point elsewhere.
        let named = match &bundle.content {
            SignatureContent::DsseEnvelope(envelope) if self.rules == Rules::Npm => {
                Some(envelope.signature.keyid.as_str())
            }
            _ => None,
        };
        let VerificationMaterialContent::PublicKey(key) = &bundle.verification_material.content else {
            return match named.filter(|named| !named.is_empty()) {
                Some(named) => {
                    Err(failed(format!("signed with a certificate, yet the envelope names the key `{}`", shown(named))))
                }
                None => Ok(None),
            };
        };
        if matches!(self.signer, Signer::Identity { .. }) {
            let why = "the bundle is signed with a key, not by an identity".to_owned();
            return Err(Refusal::failed(StepId::Certificate, Done::Nothing, why));
        }
        if let Some(named) = named.filter(|named| *named != key.hint) {
            let (named, hint) = (shown(named), shown(&key.hint));
            return Err(failed(format!("the bundle hints at the key `{hint}`, the envelope names the key `{named}`")));
        }
        self.trust.npm_key(&key.hint, Usage::Attestations).map(Some).map_err(failed)
    }
}

fn given(digest: &Digest) -> std::result::Result<Given<'static>, Refusal> {
    let unusable = || Refusal::unverifiable(StepId::Subject, "the digest is damaged".to_owned());
    digest.artifact().map(Given::Digest).ok_or_else(unusable)
}

#[expect(clippy::redundant_closure_for_method_calls, reason = "the type of the time is not a dependency's name")]
fn log_refs(bundle: &Bundle) -> Vec<LogRef> {
    let entries = bundle.verification_material.tlog_entries.iter();
    entries
        .map(|entry| LogRef {
            log_id: hex(entry.log_id.key_id.as_bytes()),
            index: entry.log_index.as_i64(),
            integrated_at: entry.integrated_time.map(|time| time.as_second()),
            kind: format!("{} {}", entry.kind_version.kind(), entry.kind_version.version()),
        })
        .collect()
}
