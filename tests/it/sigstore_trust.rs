//! Whom a verification trusts: roots, npm's keys and their windows, the clock.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::acquire::sigstore::attestation::Verdict;
use gaitkeeper::acquire::sigstore::npm_key::Usage;
use gaitkeeper::acquire::sigstore::steps::StepId;
use gaitkeeper::acquire::sigstore::trust::Trust;
use serde_json::{Value, json};
use sigstore_verify::crypto::{KeyPair, sha256};
use sigstore_verify::types::{Sha256Hash, pae};

use crate::shared::shared;
use crate::sigstore_material as material;
use crate::sigstore_material::{ends, letters, public_good, report};

/// A log and a registry of the test's own.
struct Instance {
    log: KeyPair,
    registry: KeyPair,
}

impl Instance {
    fn new() -> Self {
        let pair = || KeyPair::generate_ecdsa_p256().expect("a key");
        Self { log: pair(), registry: pair() }
    }

    fn log_id(&self) -> [u8; 32] {
        *sha256(self.log.public_key_der().expect("a key").as_bytes()).as_bytes()
    }

    fn root(&self) -> Value {
        json!({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{"baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": self.log.public_key_der().expect("a key").to_base64(),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": "2000-01-01T00:00:00Z"}},
                "logId": {"keyId": STANDARD.encode(self.log_id())}}],
            "certificateAuthorities": [], "ctlogs": [], "timestampAuthorities": []})
    }

    /// Trust in the instance, the registry's key being valid in the window.
    fn trust(&self, from: &str, until: &str) -> Trust {
        let keys = json!({"keys": [{"keyId": "SHA256:own", "keyUsage": "npm:attestations", "publicKey": {
            "rawBytes": self.registry.public_key_der().expect("a key").to_base64(),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": from, "end": until}}}]});
        let trust = Trust::from_json(&self.root().to_string()).expect("a root");
        trust.with_npm_keys(&keys.to_string()).expect("keys")
    }

    /// A publish attestation that the log took up at `time`, in seconds since 1970.
    fn document(&self, time: i64) -> String {
        let kind = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";
        let statement = json!({"_type": "https://in-toto.io/Statement/v0.1", "predicateType": kind,
            "subject": [{"name": "pkg:npm/a@1.0.0", "digest": {"sha512": "ab".repeat(64)}}],
            "predicate": {"name": "a", "version": "1.0.0", "registry": "https://registry.example"}})
        .to_string();
        let payload_type = "application/vnd.in-toto+json";
        let signature = self.registry.sign(&pae(payload_type, statement.as_bytes())).expect("a signature");
        let hash = json!({"algorithm": "sha256", "value": sha256(statement.as_bytes()).to_hex()});
        let pem = self.registry.public_key_der().expect("a key").to_pem();
        let body = json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {"envelopeHash": hash, "payloadHash": hash,
            "signatures": [{"signature": signature.to_base64(), "verifier": STANDARD.encode(pem)}]}});
        let body = STANDARD.encode(body.to_string());
        let log_id = Sha256Hash::new(self.log_id()).to_hex();
        let promised = format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{log_id}","logIndex":5}}"#);
        let promise = self.log.sign(promised.as_bytes()).expect("a promise").to_base64();
        let bundle = json!({"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1",
            "verificationMaterial": {"publicKey": {"hint": "SHA256:own"}, "tlogEntries": [{"logIndex": "5",
                "logId": {"keyId": STANDARD.encode(self.log_id())},
                "kindVersion": {"kind": "dsse", "version": "0.0.1"}, "integratedTime": time.to_string(),
                "inclusionPromise": {"signedEntryTimestamp": promise}, "canonicalizedBody": body}]},
            "dsseEnvelope": {"payload": STANDARD.encode(statement), "payloadType": payload_type,
                "signatures": [{"sig": signature.to_base64(), "keyid": "SHA256:own"}]}});
        json!({"attestations": [{"predicateType": kind, "bundle": bundle}]}).to_string()
    }
}

/// 2020-01-01, in seconds since 1970.
const TIME: i64 = 1_577_836_800;

#[test]
fn the_key_must_have_been_in_use_at_the_trusted_time() {
    let instance = Instance::new();
    let text = instance.document(TIME);
    let at = |from, until| report(text.as_bytes(), &instance.trust(from, until));
    let inside = at("2020-01-01T00:00:00Z", "2020-01-01T00:00:01Z");
    assert_eq!(ends(&inside), ["ok"], "{:?}", inside.verdict());
    assert_eq!(letters(&inside.attestations[0]), "V-V--V-VVV");
    for (from, until, why) in [
        ("2010-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "no longer in use at 2020-01-01"),
        ("2020-01-01T00:00:01Z", "2030-01-01T00:00:00Z", "not yet in use at 2020-01-01"),
    ] {
        let report = at(from, until);
        assert_eq!(ends(&report), ["key_window"]);
        assert_eq!(letters(&report.attestations[0]), "V-V--V-VVF");
        assert!(matches!(report.verdict(), Verdict::Failed { why: found, .. } if found.contains(why)));
    }
}

#[test]
fn a_time_to_come_is_a_matter_of_clocks_and_not_of_forgery() {
    let instance = Instance::new();
    let trust = instance.trust("2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let now = i64::try_from(now).expect("a time");
    let ahead = report(instance.document(now + 3600).as_bytes(), &trust);
    assert!(matches!(ahead.verdict(), Verdict::Infrastructure { why } if why.contains("the clock of this machine")));
    assert_eq!(ends(&report(instance.document(now - 3600).as_bytes(), &trust)), ["ok"]);
    // The same time without the log's signature over it is no matter of clocks.
    let forged = instance.document(now - 3600).replace(&(now - 3600).to_string(), &(now + 3600).to_string());
    assert_eq!(ends(&report(forged.as_bytes(), &trust)), ["promise"]);
}

#[test]
fn another_instance_does_not_count() {
    let (instance, other) = (Instance::new(), Instance::new());
    let text = instance.document(TIME);
    let report = report(text.as_bytes(), &other.trust("2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"));
    assert!(
        matches!(report.verdict(), Verdict::Failed { step: StepId::Promise, why } if why.contains("does not know"))
    );
}

#[test]
fn the_embedded_root_and_keys_are_those_of_the_tuf_repository() {
    let Some(folder) = shared("sigstore/trust") else { return };
    let text = fs::read_to_string(folder.join("trusted_root.json")).expect("a root");
    let embedded = public_good();
    assert_eq!(embedded.id(), "6494e21ea73f");
    assert_eq!(Trust::from_json(&text).expect("a root").id(), embedded.id());
    let keys = fs::read_to_string(folder.join("npm_keys.json")).expect("keys");
    let replaced = public_good().with_npm_keys(&keys).expect("keys");
    let shown = |trust: &Trust| trust.npm_keys().iter().map(|key| format!("{key:?}")).collect::<Vec<_>>();
    assert_eq!(shown(&embedded), shown(&replaced));
    assert_eq!(embedded.npm_keys().len(), 4);
    assert_eq!(embedded.npm_keys().iter().filter(|key| key.usage == Some(Usage::Attestations)).count(), 2);
    let Some(document) = shared("sigstore/npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json")
    else {
        return;
    };
    assert_eq!(ends(&report(&fs::read(document).expect("a document"), &replaced)), ["ok"; 2]);
}

#[test]
fn one_trust_serves_many_threads() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    is_shared(&public_good());
}

#[test]
fn roots_of_other_instances_are_read() {
    let Some(folder) = shared("sigstore") else { return };
    for name in ["trust/trusted_root_staging.json", "trust/trusted_root_github.json"] {
        let trust = Trust::from_json(&fs::read_to_string(folder.join(name)).expect("a root")).expect(name);
        assert_eq!(trust.id().len(), 12);
        assert_ne!(trust.id(), public_good().id());
    }
}

#[test]
fn a_broken_root_is_an_error_with_a_remedy() {
    let Some(path) = shared("sigstore/trust/trusted_root.json") else { return };
    let good = material::json(&path);
    let with = |pointer: &str, value: Value| {
        let mut root = good.clone();
        *root.pointer_mut(pointer).expect("a field") = value;
        root.to_string()
    };
    let mut twice = good.clone();
    let first = twice["tlogs"][0].clone();
    twice["tlogs"].as_array_mut().expect("logs").push(first);
    for text in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        "x".repeat(5 << 20),
        json!({"mediaType": good["mediaType"], "tlogs": [], "certificateAuthorities": []}).to_string(),
        with("/tlogs/0/publicKey/rawBytes", json!("AAAA")),
        with("/tlogs/0/publicKey/validFor", json!({"start": "2030-01-01T00:00:00Z", "end": "2020-01-01T00:00:00Z"})),
        with("/tlogs/0/logId/keyId", json!("AAAA")),
        with("/certificateAuthorities/0/certChain/certificates", json!([])),
        with("/certificateAuthorities/0/certChain/certificates/0/rawBytes", json!("AAAA")),
        twice.to_string(),
    ] {
        let error = Trust::from_json(&text).expect_err("a broken root");
        assert!(error.remedy.is_some() && error.what.contains("trusted root"), "{error}");
    }
}

#[test]
fn a_broken_list_of_keys_is_an_error_that_names_the_key() {
    let Some(path) = shared("sigstore/trust/npm_keys.json") else { return };
    let good = material::json(&path);
    let with = |pointer: &str, value: Value| {
        let mut keys = good.clone();
        *keys.pointer_mut(pointer).expect("a field") = value;
        keys.to_string()
    };
    let error = |text: &str| public_good().with_npm_keys(text).expect_err("broken keys");
    for (pointer, value) in [
        ("/keys/1/keyUsage", json!("npm:other")),
        ("/keys/1/publicKey/rawBytes", json!("AAAA")),
        ("/keys/1/publicKey/rawBytes", json!("!")),
        ("/keys/1/publicKey/keyDetails", json!("PKIX_ED25519")),
        ("/keys/1/publicKey/validFor/start", json!("yesterday")),
        ("/keys/1/publicKey/validFor/end", json!("2000-01-01T00:00:00Z")),
        ("/keys/1", good["keys"][0].clone()),
    ] {
        let error = error(&with(pointer, value));
        assert_eq!(error.place.as_deref(), Some("keys[1]"), "{error}");
        assert!(error.remedy.is_some());
    }
    let ed25519 = STANDARD.encode([&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], &[7; 32]].concat());
    for text in [
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"keys": []}"#.to_owned(),
        json!({"keys": [{"keyid": "a", "key": ed25519, "expires": null}]}).to_string(),
        json!({"keys": [{"keyid": "a", "key": "", "keytype": "rsa"}]}).to_string(),
        json!({"keys": vec![json!({}); 101]}).to_string(),
    ] {
        assert!(error(&text).remedy.is_some());
    }
}
