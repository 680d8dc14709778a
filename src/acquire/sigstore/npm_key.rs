//! The keys with which npm's registry signs versions and publish attestations.

use std::fmt;

use chrono::DateTime;
use serde::Deserialize;
use sigstore_verify::crypto::{SigningScheme, VerificationKey, sha256};
use sigstore_verify::types::DerPublicKey;

use super::digest::hex;
use super::json::{AtMost, Text, shown};
use crate::error::{Error, Result};

/// What a key of the registry may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `dist.signatures` of a version.
    Signatures,
    /// The publish attestation of a version.
    Attestations,
}

/// A key of the registry for one usage.
pub struct NpmKey {
    /// Its id: `SHA256:` and the base64 of a digest of the key.
    pub id: String,
    /// What it may sign; `None` where the list does not limit it.
    pub usage: Option<Usage>,
    /// First second of its use, since 1970; `None` where the list states none.
    pub from: Option<i64>,
    /// First second after its use, since 1970; `None` while it is in use.
    pub until: Option<i64>,
    pub(super) spki: DerPublicKey,
    pub(super) key: VerificationKey,
}

impl fmt::Debug for NpmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, usage, from, until, .. } = self;
        write!(f, "NpmKey({id}, {usage:?}, {from:?}..{until:?})")
    }
}

impl NpmKey {
    /// SHA-256 of the key as DER (SPKI), in lower-case hexadecimal digits: how a log's entries are told to be its.
    #[must_use]
    pub fn spki_sha256(&self) -> String {
        hex(sha256(self.spki.as_bytes()).as_slice())
    }

    /// Why the key may not have signed at `seconds` since 1970, or `None` where it may.
    ///
    /// As in npm's own client the end does not belong to the window.
    #[must_use]
    pub fn fault_at(&self, seconds: i64) -> Option<String> {
        if self.until.is_some_and(|until| seconds >= until) {
            return Some(format!("the key {} was no longer in use at {}", shown(&self.id), instant(seconds)));
        }
        if self.from.is_some_and(|from| seconds < from) {
            return Some(format!("the key {} was not yet in use at {}", shown(&self.id), instant(seconds)));
        }
        None
    }
}

fn instant(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(|| seconds.to_string(), |time| time.to_rfc3339())
}

/// A row of npm's list as it stands in the `npm` target of Sigstore's TUF repository, November 2026.
struct Row {
    id: &'static str,
    /// SubjectPublicKeyInfo, base64 of DER.
    spki: &'static str,
    /// Seconds since 1970.
    signatures_from: i64,
    attestations_from: i64,
    until: Option<i64>,
}

const TABLE: [Row; 2] = [
    Row {
        id: "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA",
        spki: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1Olb3zMAFFxXKHiIkQO5cJ3Yhl5i6UPp+IhuteBJbuHcA5UogKo0EWtlWwW6KSaKoTNEYL7JlCQiVnkhBktUgg==",
        signatures_from: 915_148_800,     // 1999-01-01
        attestations_from: 1_669_852_800, // 2022-12-01
        until: Some(1_738_108_800),       // 2025-01-29
    },
    Row {
        id: "SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U",
        spki: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY6Ya7W++7aUPzvMTrezH6Ycx3c+HOKYCcNGybJZSCJq/fd7Qa8uuAKtdIkUQtQiEKERhAmE5lMMJhP8OkDOa2g==",
        signatures_from: 1_736_726_400,   // 2025-01-13
        attestations_from: 1_736_726_400, // 2025-01-13
        until: None,
    },
];

/// npm's own keys, as of November 2026.
pub(super) fn embedded() -> Result<Vec<NpmKey>> {
    let mut keys = Vec::with_capacity(TABLE.len() * 2);
    for row in &TABLE {
        let windows = [(Usage::Signatures, row.signatures_from), (Usage::Attestations, row.attestations_from)];
        for (usage, from) in windows {
            keys.push(key(row.id, row.spki, Some(usage), Some(from), row.until)?);
        }
    }
    Ok(keys)
}

/// Most keys of a list.
const MAX_KEYS: usize = 100;
/// Most bytes of a list.
const MAX_LIST: usize = 1 << 20;

#[derive(Deserialize)]
struct WireKeys<'a> {
    #[serde(borrow)]
    keys: Option<AtMost<WireKey<'a>, MAX_KEYS>>,
}

/// A key in either shape: that of the TUF target (`keyId`, `publicKey`), or that of a registry (`keyid`, `key`).
#[derive(Deserialize)]
struct WireKey<'a> {
    #[serde(borrow, rename = "keyId")]
    target_id: Option<Text<'a>>,
    #[serde(borrow, rename = "keyUsage")]
    usage: Option<Text<'a>>,
    #[serde(borrow, rename = "publicKey")]
    public_key: Option<WirePublicKey<'a>>,
    #[serde(borrow, rename = "keyid")]
    registry_id: Option<Text<'a>>,
    #[serde(borrow)]
    key: Option<Text<'a>>,
    #[serde(borrow)]
    keytype: Option<Text<'a>>,
    #[serde(borrow)]
    scheme: Option<Text<'a>>,
    #[serde(borrow)]
    expires: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePublicKey<'a> {
    #[serde(borrow)]
    raw_bytes: Option<Text<'a>>,
    #[serde(borrow)]
    key_details: Option<Text<'a>>,
    #[serde(borrow)]
    valid_for: Option<WireWindow<'a>>,
}

#[derive(Default, Deserialize)]
struct WireWindow<'a> {
    #[serde(borrow)]
    start: Option<Text<'a>>,
    #[serde(borrow)]
    end: Option<Text<'a>>,
}

/// Reads a list of keys in either shape.
///
/// # Errors
/// It is no such list, is empty or too long, or one of its keys is unusable: nothing is left out.
pub(super) fn read(json: &str) -> Result<Vec<NpmKey>> {
    let wrong = |what: String| {
        Error::tool(what).remedy(
            "hand in keys.json of the npm target in Sigstore's TUF repository, or the registry's own -/npm/v1/keys",
        )
    };
    if json.len() > MAX_LIST {
        return Err(wrong(format!("the list of npm keys has {} bytes, at most {MAX_LIST} are read", json.len())));
    }
    let list: WireKeys<'_> = serde_json::from_str(json)
        .map_err(|error| wrong(format!("the list of npm keys cannot be read: {}", shown(&error.to_string()))))?;
    let list = list.keys.unwrap_or_default().whole("keys").map_err(wrong)?;
    if list.is_empty() {
        return Err(wrong("the list of npm keys is empty".to_owned()));
    }
    let mut keys: Vec<NpmKey> = Vec::with_capacity(list.len());
    for (at, wire) in list.into_iter().enumerate() {
        let key = wire.decode().map_err(|error| error.place(format!("keys[{at}]")))?;
        let repeated = |known: &NpmKey| known.id == key.id && (known.usage == key.usage || known.usage.is_none());
        if keys.iter().any(repeated) {
            return Err(wrong(format!("the key {} is listed twice", shown(&key.id))).place(format!("keys[{at}]")));
        }
        keys.push(key);
    }
    Ok(keys)
}

impl WireKey<'_> {
    fn decode(self) -> Result<NpmKey> {
        match (self.target_id, self.registry_id) {
            (Some(id), None) => {
                let usage = match self.usage.as_deref() {
                    Some("npm:signatures") => Usage::Signatures,
                    Some("npm:attestations") => Usage::Attestations,
                    other => return Err(unusable(&format!("unknown keyUsage `{}`", shown(other.unwrap_or_default())))),
                };
                let public_key = self.public_key.ok_or_else(|| unusable("publicKey is missing"))?;
                let details = public_key.key_details.unwrap_or_default();
                if *details != *"PKIX_ECDSA_P256_SHA_256" {
                    return Err(unusable(&format!("unsupported keyDetails `{}`", shown(&details))));
                }
                let window = public_key.valid_for.unwrap_or_default();
                let (from, until) = (window.start.map(seconds).transpose()?, window.end.map(seconds).transpose()?);
                key(&id, &public_key.raw_bytes.unwrap_or_default(), Some(usage), from, until)
            }
            (None, Some(id)) => {
                for name in [&self.keytype, &self.scheme].into_iter().flatten() {
                    if **name != *"ecdsa-sha2-nistp256" {
                        return Err(unusable(&format!("unsupported key type `{}`", shown(name))));
                    }
                }
                key(&id, &self.key.unwrap_or_default(), None, None, self.expires.map(seconds).transpose()?)
            }
            (None, None) => Err(unusable("keyid is missing")),
            (Some(_), Some(_)) => Err(unusable("it has two ids")),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "handed to Option::map")]
fn seconds(time: Text<'_>) -> Result<i64> {
    DateTime::parse_from_rfc3339(&time)
        .map(|time| time.timestamp())
        .map_err(|_| unusable(&format!("`{}` is no RFC 3339 time", shown(&time))))
}

fn key(id: &str, spki: &str, usage: Option<Usage>, from: Option<i64>, until: Option<i64>) -> Result<NpmKey> {
    let spki = DerPublicKey::from_base64(spki).map_err(|_| unusable("the key is no base64"))?;
    let key = VerificationKey::from_spki(&spki).map_err(|_| unusable("the key is no SubjectPublicKeyInfo"))?;
    if key.scheme() != SigningScheme::EcdsaP256Sha256 {
        return Err(unusable("the key is not of the curve P-256"));
    }
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        return Err(unusable("its use ends before it begins"));
    }
    Ok(NpmKey { id: id.to_owned(), usage, from, until, spki, key })
}

fn unusable(why: &str) -> Error {
    Error::tool(format!("unusable npm key: {why}")).remedy("fetch the list of keys again")
}
