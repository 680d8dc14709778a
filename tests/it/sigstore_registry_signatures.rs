//! npm's signatures over versions, on real packuments.

use std::fs::File;

use gaitkeeper::acquire::sigstore::registry_signature::verify;
use gaitkeeper::acquire::sigstore::steps::State;
use gaitkeeper::acquire::sigstore::trust::Trust;
use serde_json::{Value, json};
use sigstore_verify::crypto::KeyPair;

use crate::shared::shared;
use crate::sigstore_material::public_good;

/// The key of npm that is in use since 2025.
const NEW_KEY: &str = "SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U";

fn packument(name: &str) -> Option<Value> {
    let path = shared(&format!("packuments/{name}.json.zst"))?;
    let file = zstd::stream::read::Decoder::new(File::open(path).expect("a file")).expect("zstd");
    Some(serde_json::from_reader(file).expect("a packument"))
}

fn borrowed(list: &[(String, String)]) -> Vec<(&str, &str)> {
    list.iter().map(|(key, signature)| (key.as_str(), signature.as_str())).collect()
}

fn seconds(document: &Value, version: &str) -> i64 {
    let time = document["time"][version].as_str().expect("a time");
    chrono::DateTime::parse_from_rfc3339(time).expect("RFC 3339").timestamp()
}

/// The signatures of a version.
fn signatures(release: &Value) -> Vec<(String, String)> {
    let list = release["dist"]["signatures"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |value: &Value| value.as_str().map(str::to_owned).expect("text");
    list.iter().map(|one| (text(&one["keyid"]), text(&one["sig"]))).collect()
}

#[test]
fn every_signature_of_real_packuments_holds_by_both_keys() {
    let trust = public_good();
    let mut counts = [0, 0];
    for name in ["express", "zod", "@tanstack__history", "undici-types", "chalk", "@babel__core"] {
        let Some(document) = packument(name) else { return };
        for (version, release) in document["versions"].as_object().expect("versions") {
            let integrity = release["dist"]["integrity"].as_str().expect("an integrity");
            let package = release["name"].as_str().expect("a name");
            let published = seconds(&document, version);
            let checked = verify(package, version, integrity, &borrowed(&signatures(release)), Some(published), &trust);
            for one in checked {
                assert_eq!(one.state(), &State::Verified, "{package}@{version} {one:?}");
                assert_eq!(one.key_window, State::Verified);
                counts[usize::from(one.key_id == NEW_KEY)] += 1;
            }
        }
    }
    assert_eq!(counts, [1150, 669]);
}

#[test]
fn another_name_version_integrity_key_or_time_is_refused() {
    let Some(document) = packument("express") else { return };
    let trust = public_good();
    let release = &document["versions"]["4.18.2"];
    let integrity = release["dist"]["integrity"].as_str().expect("an integrity");
    let owned = signatures(release);
    let list = borrowed(&owned);
    let published = seconds(&document, "4.18.2");
    let one = |name: &str, version: &str, integrity: &str, list: &[(&str, &str)], time: Option<i64>| {
        verify(name, version, integrity, list, time, &trust).remove(0)
    };
    assert_eq!(one("express", "4.18.2", integrity, &list, Some(published)).state(), &State::Verified);
    assert_eq!(one("express", "4.18.2", integrity, &list, None).key_window, State::Absent);
    for (name, version, integrity) in
        [("expres", "4.18.2", integrity), ("express", "4.18.3", integrity), ("express", "4.18.2", "sha512-AAAA")]
    {
        let refused = one(name, version, integrity, &list, Some(published));
        assert!(matches!(refused.state(), State::Failed(why) if why.contains("not the key's")), "{refused:?}");
    }
    let (key, signature) = list[0];
    let unknown = one("express", "4.18.2", integrity, &[("SHA256:x", signature)], Some(published));
    assert!(matches!(unknown.state(), State::Failed(why) if why.contains("unknown") && why.contains(key)));
    assert_eq!(unknown.signature, State::NotReached);
    for damaged in ["", "AAAA", "no base64!", &"A".repeat(5000)] {
        let refused = one("express", "4.18.2", integrity, &[(key, damaged)], Some(published));
        assert!(matches!(refused.state(), State::Failed(_)), "{refused:?}");
    }
    let expired = one("express", "4.18.2", integrity, &[(key, signature)], Some(1_738_108_800));
    let by_the_old_key = key.starts_with("SHA256:jl3b");
    assert!(by_the_old_key && matches!(expired.state(), State::Failed(why) if why.contains("no longer in use")));
    assert_eq!(expired.signature, State::Verified);
    assert_eq!(one("express", "4.18.2", integrity, &[(key, signature)], Some(1_738_108_799)).state(), &State::Verified);
}

#[test]
fn a_registrys_own_keys_replace_npms() {
    let pair = KeyPair::generate_ecdsa_p256().expect("a key");
    let spki = pair.public_key_der().expect("a key").to_base64();
    let keys = json!({"keys": [{"expires": null, "keyid": "SHA256:own", "keytype": "ecdsa-sha2-nistp256",
        "scheme": "ecdsa-sha2-nistp256", "key": spki}]});
    let trust = public_good().with_npm_keys(&keys.to_string()).expect("keys");
    let signature = pair.sign(b"a@1.0.0:sha512-x").expect("a signature").to_base64();
    let state = |trust: &Trust, key: &str| {
        verify("a", "1.0.0", "sha512-x", &[(key, signature.as_str())], Some(0), trust).remove(0)
    };
    assert_eq!(state(&trust, "SHA256:own").state(), &State::Verified);
    assert!(matches!(state(&public_good(), "SHA256:own").state(), State::Failed(_)));
    assert!(matches!(state(&trust, NEW_KEY).state(), State::Failed(_)));
}

#[test]
fn signatures_beyond_the_bound_fail_unread() {
    let list = vec![("SHA256:x", "AAAA"); 101];
    let checked = verify("a", "1.0.0", "sha512-x", &list, None, &public_good());
    assert_eq!(checked.len(), 101);
    assert!(matches!(&checked[100].signature, State::Failed(why) if why.contains("101")));
}
