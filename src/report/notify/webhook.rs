//! Messages for programs: JSON, signed as Standard Webhooks does (specification 1.0.0, symmetric `v1`).
//!
//! The signature is HMAC-SHA256 over `ID.TIMESTAMP.BODY`. The id is the same at every try: whoever remembers it takes a
//! message once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Digest;
use crate::error::{Error, Result};
use crate::report::jsonl;
use crate::report::night::Night;

/// Version of the body.
const SCHEMA_VERSION: u32 = 1;

/// A key that signs.
pub struct Key(Vec<u8>);

impl Key {
    /// Reads `whsec_` and base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// It is not of that form. The error does not show it.
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = text.strip_prefix("whsec_").and_then(|rest| STANDARD.decode(rest).ok());
        bytes.filter(|bytes| (24..=64).contains(&bytes.len())).map(Self).ok_or_else(|| {
            Error::usage("the webhook's secret is not `whsec_` and base64 of 24 to 64 bytes")
                .remedy("make one: echo whsec_$(head -c 32 /dev/urandom | base64)")
        })
    }

    /// The value of `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        // HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("any length fits"));
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The findings of a night: the lines of `findings.jsonl` as `findings`, and the report of the night.
#[must_use]
pub fn digest(digest: &Digest) -> Value {
    let lines = digest.findings.iter().map(|f| value(&jsonl::line(f, &digest.view.model)));
    json!({
        "type": "gaitkeeper.findings",
        "timestamp": digest.night.started_at,
        "data": {
            "schema_version": SCHEMA_VERSION,
            "headline": digest.headline(),
            "findings": lines.collect::<Vec<_>>(),
            "night": value(&crate::report::night::json(digest.night)),
        },
    })
}

/// What did not work.
#[must_use]
pub fn trouble(night: &Night) -> Value {
    json!({
        "type": "gaitkeeper.operations",
        "timestamp": night.started_at,
        "data": {
            "schema_version": SCHEMA_VERSION,
            "headline": super::trouble_headline(night),
            "failures": night.failures,
            "night": value(&crate::report::night::json(night)),
        },
    })
}

/// What is sent to try the channel.
#[must_use]
pub fn test(now: &str) -> Value {
    let data = json!({ "schema_version": SCHEMA_VERSION, "headline": super::TEST });
    json!({ "type": "gaitkeeper.test", "timestamp": now, "data": data })
}

fn value(json: &str) -> Value {
    // Written by this program a moment ago.
    serde_json::from_str(json).unwrap_or_default()
}
