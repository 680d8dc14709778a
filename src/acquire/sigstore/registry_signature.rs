//! npm's registry signatures: `dist.signatures` of a version.
//!
//! The registry signs `name@version:integrity` with ECDSA on P-256. The signature says that the registry serves
//! what it took up; it says nothing of who published. (npm's own client: pacote, `lib/registry.js`)

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sigstore_verify::types::SignatureBytes;

use super::npm_key::Usage;
use super::steps::State;
use super::trust::Trust;

/// Most characters of a signature in base64; real ones have 96.
const MAX_SIGNATURE: usize = 1024;
/// Most signatures of a version that are looked at; real ones have one or two.
pub const MAX_SIGNATURES: usize = 100;

/// One signature of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySignature {
    /// The id of the key that is said to have signed.
    pub key_id: String,
    /// Whether the signature holds.
    pub signature: State,
    /// Whether the key is known and was in use when the version was published. Absent where that time is unknown.
    pub key_window: State,
}

impl RegistrySignature {
    /// Both in one: a failure counts before what holds.
    #[must_use]
    pub fn state(&self) -> &State {
        match (&self.key_window, &self.signature) {
            (failed @ State::Failed(_), _) => failed,
            (_, signature) => signature,
        }
    }
}

/// Verifies the signatures of a version, each given as key id and base64.
///
/// `integrity` is `dist.integrity` as it stands, `published_at` the publish time in seconds since 1970. Only the
/// end of a key's window counts, as in npm's own client: npm has signed old versions again with newer keys.
/// Of more than 100 signatures the rest fail unread.
#[must_use]
pub fn verify(
    name: &str,
    version: &str,
    integrity: &str,
    signatures: &[(&str, &str)],
    published_at: Option<i64>,
    trust: &Trust,
) -> Vec<RegistrySignature> {
    let message = format!("{name}@{version}:{integrity}");
    let looked_at = signatures.iter().enumerate();
    looked_at
        .map(|(at, &(key_id, encoded))| {
            let (signature, key_window) = if at < MAX_SIGNATURES {
                check(&message, key_id, encoded, published_at, trust)
            } else {
                let why = format!("the version has {} signatures, {MAX_SIGNATURES} are read", signatures.len());
                (State::Failed(why), State::NotReached)
            };
            RegistrySignature { key_id: key_id.to_owned(), signature, key_window }
        })
        .collect()
}

fn check(message: &str, key_id: &str, encoded: &str, published_at: Option<i64>, trust: &Trust) -> (State, State) {
    let key = match trust.npm_key(key_id, Usage::Signatures) {
        Ok(key) => key,
        Err(why) => return (State::NotReached, State::Failed(why)),
    };
    let window = match published_at {
        None => State::Absent,
        Some(time) if key.until.is_some_and(|until| time >= until) => {
            State::Failed(key.fault_at(time).unwrap_or_default())
        }
        Some(_) => State::Verified,
    };
    let signature = if encoded.len() > MAX_SIGNATURE { None } else { STANDARD.decode(encoded).ok() };
    let Some(signature) = signature else {
        return (State::Failed("the signature is no base64".to_owned()), window);
    };
    let signature = match key.key.verify(message, &SignatureBytes::new(signature)) {
        Ok(()) => State::Verified,
        Err(_) => State::Failed("the signature is not the key's over this name, version and integrity".to_owned()),
    };
    (signature, window)
}
