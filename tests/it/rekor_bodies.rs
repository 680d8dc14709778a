//! Bodies of log entries: which hashes and signers each kind names, and what of them cannot be read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::acquire::rekor::body::{self, Identity, Named};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn bodies_name_their_hashes_and_signers() {
    let der = STANDARD.encode([0x30, 1, 0]);
    let pem = |label: &str| STANDARD.encode(format!("-----BEGIN {label}-----\n{der}\n-----END {label}-----\n"));
    let (sha256, sha512) = ("AB".repeat(32), "cd".repeat(64));
    let read = |kind: &str, version: &str, spec: Value| {
        let text = json!({"kind": kind, "apiVersion": version, "spec": spec}).to_string();
        let body = body::parse(text.as_bytes()).expect("a body");
        let digests: Vec<_> = body.digests.iter().map(|digest| (digest.of, digest.key())).collect();
        (digests, body.identities, body.skipped)
    };
    let (certificate, key) = (Identity::Certificate(vec![0x30, 1, 0]), Identity::PublicKey(vec![0x30, 1, 0]));
    let lower = format!("sha256:{}", "ab".repeat(32));

    let spec = json!({"data": {"hash": {"algorithm": "sha512", "value": sha512}},
        "signature": {"content": "", "publicKey": {"content": pem("PUBLIC KEY")}}});
    let expected = vec![(Named::Artifact, format!("sha512:{sha512}"))];
    assert_eq!(read("hashedrekord", "0.0.1", spec), (expected, vec![key.clone()], vec![]));

    let spec = json!({"data": {"hash": {"algorithm": "sha256", "value": sha256}},
        "signature": {"format": "pgp", "content": "", "publicKey": {"content": ""}}});
    let skipped = vec!["signatures of format pgp are not read".to_owned()];
    assert_eq!(read("rekord", "0.0.1", spec), (vec![(Named::Artifact, lower.clone())], vec![], skipped));

    let spec = json!({"envelopeHash": {"algorithm": "sha256", "value": sha256}, "payloadHash": null,
        "signatures": [{"verifier": pem("CERTIFICATE")}, {"verifier": pem("PUBLIC KEY")}]});
    let expected = vec![(Named::Envelope, lower.clone())];
    assert_eq!(read("dsse", "0.0.1", spec), (expected, vec![certificate.clone(), key.clone()], vec![]));

    let spec = json!({"content": {"hash": {"algorithm": "sha256", "value": sha256}}, "publicKey": pem("PUBLIC KEY")});
    let expected = vec![(Named::Envelope, lower.clone())];
    assert_eq!(read("intoto", "0.0.1", spec), (expected, vec![key.clone()], vec![]));

    let digest = STANDARD.encode([0xab; 32]);
    let signature = json!({"content": "", "verifier": {"publicKey": {"rawBytes": der}}});
    let spec = json!({"dsseV002": {"payloadHash": {"algorithm": "SHA2_256", "digest": digest},
        "signatures": [signature]}});
    assert_eq!(read("dsse", "0.0.2", spec), (vec![(Named::Payload, lower)], vec![key], vec![]));
}

#[test]
fn what_a_body_holds_that_cannot_be_read_is_noted() {
    let skipped = |kind: &str, version: &str, spec: Value| {
        let text = json!({"kind": kind, "apiVersion": version, "spec": spec}).to_string();
        let body = body::parse(text.as_bytes()).expect("a body");
        assert_eq!((body.digests.len(), body.identities.len()), (0, 0), "{text}");
        body.skipped.join("; ")
    };
    let pem = |text: &str| json!({"signatures": [{"verifier": STANDARD.encode(text)}]});
    assert_eq!(skipped("rpm", "0.0.1", json!({})), "entries of kind rpm 0.0.1 are not read");
    assert_eq!(skipped("dsse", "0.0.9", json!({})), "entries of kind dsse 0.0.9 are not read");
    assert_eq!(skipped("dsse", "0.0.1", Value::Null), "it has no spec");
    assert!(skipped("dsse", "0.0.1", json!([])).starts_with("its spec is malformed"));
    let hash = json!({"payloadHash": {"algorithm": "md5", "value": ""}});
    assert_eq!(skipped("dsse", "0.0.1", hash), "hashes of algorithm md5 are not read");
    let hash = json!({"payloadHash": {"algorithm": "sha256", "value": "zz".repeat(32)}});
    assert_eq!(skipped("dsse", "0.0.1", hash), "a sha256 hash is not 64 hex digits");
    let none = json!({"signatures": [{}]});
    assert_eq!(skipped("dsse", "0.0.1", none), "a signature names no certificate and no key");
    let plain = json!({"signatures": [{"verifier": "-----BEGIN"}]});
    assert_eq!(skipped("dsse", "0.0.1", plain), "a certificate or key is not PEM in base64");
    assert_eq!(skipped("dsse", "0.0.1", pem("text")), "a certificate or key is not PEM");
    let block = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----";
    assert_eq!(skipped("dsse", "0.0.1", pem(block)), "a PEM CERTIFICATE is damaged");
    let block = "-----BEGIN SECRET-----\nMAA=\n-----END SECRET-----";
    assert_eq!(skipped("dsse", "0.0.1", pem(block)), "PEM blocks of label SECRET are not read");
    assert!(skipped("dsse", "0.0.1", pem(&block.repeat(40))).ends_with("PEM blocks beyond the first 16"));
    let many = vec![json!({}); 70];
    assert!(skipped("dsse", "0.0.1", json!({"signatures": many})).contains("6 signatures more than 64"));
    let v2 = json!({"hashedRekordV002": {"data": {"algorithm": "SHA2_256", "digest": "AAAA"}}});
    let expected = "a sha256 hash is not 32 bytes in base64; a signature names no certificate and no key";
    assert_eq!(skipped("hashedrekord", "0.0.2", v2), expected);
    assert!(body::parse(b"[]").is_err() && body::parse(b"{}").is_err());
    assert!(body::parse(&vec![b' '; body::MAX_BYTES + 1]).expect_err("too large").what.contains("more than"));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(body::parse(&bytes).is_err());
    }

    /// Whatever a signer's text is, it is taken up or noted.
    #[test]
    fn no_signer_is_lost(text in "(-----(BEGIN|END) (CERTIFICATE|X)-----|[A-Za-z0-9=\\n -]{0,9}){0,9}") {
        let spec = json!({"signatures": [{"verifier": STANDARD.encode(text)}]});
        let body = json!({"kind": "dsse", "apiVersion": "0.0.1", "spec": spec}).to_string();
        let body = body::parse(body.as_bytes()).expect("a body");
        prop_assert!(body.identities.len() + body.skipped.len() > 0);
    }
}
