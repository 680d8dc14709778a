//! What every registry beside npm keeps to: its row is sound, and no bytes make its readers panic.

use std::collections::BTreeSet;

use gaitkeeper::acquire::raw::RawRelease;
use gaitkeeper::acquire::{REGISTRIES, REGISTRY_FILES, registry};
use proptest::prelude::*;

/// A document of each registry that its reader takes, and its attestation document.
const SAMPLES: [(&str, &str, &str); 3] = [
    (
        "pypi",
        r#"{"info":{"name":"pkg"},"last_serial":7,"ownership":{"roles":[{"role":"Owner","user":"a"}]},"releases":{
           "1.0":[{"filename":"pkg-1.0.tar.gz","packagetype":"sdist","digests":{"sha256":"x"},"yanked":false,
           "upload_time_iso_8601":"2024-11-06T22:37:09.220617Z"}],"2.0":[]}}"#,
        r#"{"version":1,"attestation_bundles":[{"publisher":{"kind":"GitHub","repository":"o/r","workflow":"w"},
           "attestations":[{"envelope":{"statement":"eyJwcmVkaWNhdGVUeXBlIjoieCJ9"}}]}]}"#,
    ),
    (
        "cargo",
        r#"{"versions":[{"crate":"pkg","num":"1.0.0","created_at":"2024-11-06T22:37:09.220617Z","published_by":null,
           "audit_actions":[{"action":"publish","user":{"login":"a"}}],"trustpub_data":null,"yanked":true}],
           "meta":{"total":2,"next_page":"?seek=x"}}"#,
        "{}",
    ),
    (
        "gem",
        r#"[{"number":"1.0.0","platform":"ruby","created_at":"2024-11-06T22:37:09.220Z","sha":"x"},
           {"number":"1.0.0","platform":"java","created_at":"2024-11-06T22:37:08.220Z","sha":"y"}]"#,
        r#"[{"dsseEnvelope":{"payload":"eyJwcmVkaWNhdGVUeXBlIjoieCJ9"}}]"#,
    ),
];

/// Hands bytes to every reader of a registry, as every document that it reads.
fn hand(id: &str, bytes: &[u8]) {
    let registry = registry(id).expect("a row");
    for parts in [[Some(bytes), None], [Some(bytes), Some(bytes)]] {
        let _ = (registry.parse)("pkg", &parts);
    }
    let sample = SAMPLES.iter().find(|sample| sample.0 == id).expect("a sample").1;
    let _ = (registry.parse)("pkg", &[Some(sample.as_bytes()), Some(bytes)]);
    if let Some(attested) = registry.attested {
        let _ = attested(&mut RawRelease::default(), bytes);
    }
}

#[test]
fn every_row_is_sound() {
    let ids: BTreeSet<&str> = REGISTRIES.iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), REGISTRIES.len());
    assert_eq!(REGISTRY_FILES.len(), REGISTRIES.len());
    for (id, document, attestation) in SAMPLES {
        let row = registry(id).expect("a row");
        let package = (row.parse)("pkg", &[Some(document.as_bytes()), None]).expect("taken");
        assert_eq!((package.name.as_str(), package.releases.len()), ("pkg", 1), "{id}");
        if let Some(attested) = row.attested {
            let mut release = package.releases[0].clone();
            attested(&mut release, attestation.as_bytes()).expect("taken");
            assert_eq!(release.provenance.as_deref(), Some("x"), "{id}");
        }
        let columns: BTreeSet<&str> = row.not_offered.iter().map(|(column, _)| *column).collect();
        assert_eq!(columns.len(), row.not_offered.len(), "{id}: a column twice");
        assert!(row.not_offered.iter().all(|(_, why)| why.len() > 5), "{id}");
        let parts = (row.parts)("pkg");
        assert!(!parts[0].optional && parts.iter().all(|part| !part.path.starts_with('/')), "{id}");
        assert!(row.requests_per_second > 0);
    }
    assert!(registry("cpan").is_err());
}

#[test]
fn deep_and_wide_documents_are_stepped_over() {
    let deep = format!("{}1{}", "[{\"a\":".repeat(100_000), "}]".repeat(100_000));
    let wide = format!("[{}0]", "{},".repeat(250_000));
    for (id, document, _) in SAMPLES {
        for value in [&deep, &wide] {
            hand(id, value.as_bytes());
            for member in ["\"user\":\"a\"", "\"yanked\":false", "\"published_by\":null", "\"platform\":\"java\""] {
                let key = member.split(':').next().expect("key");
                hand(id, document.replace(member, &format!("{key}:{value}")).as_bytes());
            }
        }
    }
}

#[test]
fn half_a_character_spoils_its_field_only() {
    for (id, document, _) in SAMPLES {
        let spoilt = document
            .replace("\"sha256\":\"x\"", "\"sha256\":\"\\ud800\"")
            .replace("\"published_by\":null", "\"published_by\":{\"login\":\"\\ud800\"}");
        let row = registry(id).expect("a row");
        let package = (row.parse)("pkg", &[Some(spoilt.as_bytes()), None]).expect("taken");
        assert_eq!(package.releases.len(), 1, "{id}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for (id, ..) in SAMPLES {
            hand(id, &bytes);
        }
    }

    #[test]
    fn no_damage_makes_a_reader_panic(which in 0_usize..3, at in 0_usize..2000, byte: u8, cut in 0_usize..2000) {
        let (id, document, attestation) = SAMPLES[which];
        for text in [document, attestation] {
            let mut bytes = text.as_bytes().to_vec();
            let place = at % bytes.len();
            bytes[place] = byte;
            hand(id, &bytes);
            bytes.truncate(cut);
            hand(id, &bytes);
        }
    }

    #[test]
    fn no_time_makes_a_reader_panic(
        time in "[0-9]{4,6}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2})"
    ) {
        for (id, document, _) in SAMPLES {
            let text = document.replace("2024-11-06T22:37:09.220617Z", &time).replace("2024-11-06T22:37:09.220Z", &time);
            hand(id, text.as_bytes());
        }
    }

    #[test]
    fn no_name_makes_a_path_that_climbs(name in ".{0,20}") {
        for (id, ..) in SAMPLES {
            let row = registry(id).expect("a row");
            for part in (row.parts)(&name) {
                prop_assert!(!part.path.contains("..") || part.path.split('/').all(|s| s != ".." && s != "."));
                prop_assert!(part.path.is_ascii() && !part.path.contains(['?', '#', ' ', '\\']));
            }
        }
    }
}
