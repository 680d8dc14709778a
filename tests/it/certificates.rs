//! What certificates state: every real one against the table that was decoded independently, and made ones for what
//! no real one has.

use std::collections::{BTreeMap, BTreeSet};

use gaitkeeper::acquire::sigstore::certificate::{self, Certificate, EXTENSIONS, Encoding, Identity};
use proptest::prelude::*;
use sigstore_verify::crypto::sha256;

use crate::crafted::{Crafted, oid, tlv, utf8};
use crate::material;
use crate::shared::shared;

const WORKFLOW: &str = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.2.3";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Columns of the table, and the extension of each.
const COLUMNS: [(&str, u32); 23] = [
    ("issuer_v1", 1),
    ("gh_trigger", 2),
    ("gh_sha", 3),
    ("gh_name", 4),
    ("gh_repo", 5),
    ("gh_ref", 6),
    ("issuer_v2", 8),
    ("build_signer_uri", 9),
    ("build_signer_digest", 10),
    ("runner_env", 11),
    ("src_repo_uri", 12),
    ("src_repo_digest", 13),
    ("src_repo_ref", 14),
    ("src_repo_id", 15),
    ("src_owner_uri", 16),
    ("src_owner_id", 17),
    ("build_config_uri", 18),
    ("build_config_digest", 19),
    ("build_trigger", 20),
    ("run_invocation_uri", 21),
    ("visibility", 22),
    ("deploy_env", 23),
    ("token_subject", 24),
];

/// Milliseconds of a time such as `2023-04-26T00:21:08+00:00`.
fn milliseconds(time: &str) -> i64 {
    let numbers: Vec<i64> = time[..19].split(['-', 'T', ':']).map(|part| part.parse().expect("number")).collect();
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let years: i64 = (1970..numbers[0]).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if leap(numbers[0]) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths.iter().take(usize::try_from(numbers[1]).expect("month") - 1).sum();
    let days = years + months + numbers[2] - 1;
    (((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]) * 1000
}

/// The alternative name as the table writes it.
fn name(certificate: &Certificate) -> String {
    match certificate.identities.as_slice() {
        [Identity::Uri(text) | Identity::Email(text)] => text.clone(),
        [Identity::UserName(text)] => format!("b'\\x0c\\x{:02x}{text}'", text.len()),
        other => format!("{} names", other.len()),
    }
}

#[test]
fn every_row_of_the_table() {
    let Some(folder) = shared("sigstore") else { return };
    let mut table = csv::Reader::from_path(folder.join("cert_claims.csv")).expect("table");
    let header = table.headers().expect("header").clone();
    let rows: Vec<BTreeMap<String, String>> = table
        .records()
        .map(|row| header.iter().map(str::to_owned).zip(row.expect("row").iter().map(str::to_owned)).collect())
        .collect();
    assert_eq!(rows.len(), 961);
    let files: BTreeSet<&String> = rows.iter().map(|row| &row["file"]).collect();
    let mut by_print = BTreeMap::new();
    for file in files {
        for der in material::certificates(&folder.join(file)) {
            by_print.insert(sha256(&der).to_hex(), der);
        }
    }
    let (mut compared, mut absent, mut wrong) = (0, Vec::new(), Vec::new());
    for row in &rows {
        let Some(der) = by_print.get(&row["fp"]) else {
            absent.push(row["file"].as_str());
            continue;
        };
        let certificate = certificate::read(der).expect("a certificate");
        let mut check = |column: &str, found: &str| {
            if found != row[column] {
                // Addresses of people stay out of the message.
                wrong.push(format!("{} {column}", row["file"]));
            }
        };
        check("san", &name(&certificate));
        check("ca", &certificate.issuer_name.replace("POSTALCODE=", "2.5.4.17="));
        for (column, number) in COLUMNS {
            check(column, certificate.extension(number).unwrap_or_default());
        }
        for (column, time) in [("nb", certificate.not_before), ("na", certificate.not_after)] {
            if milliseconds(&row[column]) != time {
                wrong.push(format!("{} {column}", row["file"]));
            }
        }
        assert!(certificate.unreadable.is_empty(), "{} {:?}", row["file"], certificate.unreadable);
        assert!(certificate.unknown.is_empty(), "{} {:?}", row["file"], certificate.unknown);
        compared += 1;
    }
    assert!(wrong.is_empty(), "{} values differ: {:?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    assert!(absent.iter().all(|file| file.starts_with("mock_transcripts/")), "{absent:?}");
    // The four files of a mock server are in the table and not in the material.
    assert_eq!((compared, absent.len()), (957, 4));
}

#[test]
fn the_table_of_extensions_is_complete() {
    let numbers: Vec<u32> = EXTENSIONS.iter().map(|extension| extension.number).collect();
    assert_eq!(numbers, (1..=24).filter(|number| *number != 7).collect::<Vec<_>>());
    for extension in EXTENSIONS {
        let is_old = extension.number <= 6;
        assert_eq!(extension.encoding == Encoding::Raw, is_old, "{}", extension.field);
        assert!(extension.doc.starts_with(&format!("{}: ", extension.number)), "{}", extension.field);
    }
}

#[test]
fn each_extension_goes_to_its_own_field() {
    let mut crafted = Crafted::default();
    for extension in EXTENSIONS {
        let text = format!("value of {}", extension.field);
        crafted = match extension.encoding {
            Encoding::Raw => crafted.with_raw(extension.number, &text),
            Encoding::Utf8String => crafted.with(extension.number, &text),
        };
    }
    let certificate = crafted.read();
    for extension in EXTENSIONS {
        let expected = format!("value of {}", extension.field);
        assert_eq!(certificate.extension(extension.number), Some(expected.as_str()));
    }
    assert_eq!(certificate.deployment_environment.as_deref(), Some("value of deployment_environment"));
    assert_eq!(certificate.token_subject.as_deref(), Some("value of token_subject"));
    assert_eq!((certificate.unknown.len(), certificate.unreadable.len()), (0, 0));
}

#[test]
fn serial_names_and_times() {
    let certificate = Crafted::default().read();
    assert_eq!(certificate.serial, "ab01");
    assert_eq!(certificate.issuer_name, "CN=test authority");
    assert_eq!(certificate.not_before, milliseconds("2026-01-01T00:00:00+00:00"));
    assert_eq!(certificate.not_after - certificate.not_before, 600_000);
    assert_eq!(certificate.identities, []);
}

#[test]
fn lengths_in_their_long_form() {
    for length in [0, 1, 127, 128, 255, 256, 20_000] {
        let text = "x".repeat(length);
        assert_eq!(Crafted::default().with(24, &text).read().token_subject, Some(text));
    }
}

#[test]
fn empty_is_not_absent() {
    let certificate = Crafted::default().with(11, "").with(23, "").read();
    assert_eq!(certificate.runner_environment.as_deref(), Some(""));
    assert_eq!(certificate.deployment_environment.as_deref(), Some(""));
    assert_eq!(certificate.token_subject, None);
}

#[test]
fn what_is_no_utf8_string_is_reported_and_not_guessed() {
    let id = "1.3.6.1.4.1.57264.1.12";
    let cases: [&[u8]; 7] = [
        b"https://github.com/o/r",
        b"",
        &tlv(0x13, b"https://github.com/o/r"),
        &[0x0c, 0x05, b'a'],
        &[0x0c, 0x01, 0xff],
        &[0x0c, 0x81, 0x01, b'a'],
        &[utf8("a"), utf8("b")].concat(),
    ];
    for value in cases {
        let certificate = Crafted::default().extension(id, value).read();
        assert_eq!(certificate.source_repository_uri, None, "{value:?}");
        assert_eq!(certificate.unreadable.len(), 1);
        assert_eq!(certificate.unreadable[0].0, id);
        assert!(certificate.unreadable[0].1.starts_with("is no DER UTF8String"));
    }
    let certificate = Crafted::default().extension("1.3.6.1.4.1.57264.1.5", &[0xff, 0xfe]).read();
    assert_eq!(certificate.workflow_repository, None);
    assert_eq!(certificate.unreadable, [("1.3.6.1.4.1.57264.1.5".to_owned(), "is not UTF-8".to_owned())]);
}

#[test]
fn unknown_extensions_are_kept_by_number() {
    let crafted =
        Crafted::default().with(25, "new").with(4_000_000, "far").with(7, "a type").with(8, "https://i.example");
    let crafted = crafted.extension("1.3.6.1.4.1.57264.1.8.1", &utf8("below")).extension("1.3.6.1.4.1.57264.11", b"");
    let certificate = crafted.read();
    let below: Vec<&str> = certificate.unknown.iter().map(|id| &id["1.3.6.1.4.1.57264.1.".len()..]).collect();
    assert_eq!(below, ["25", "4000000", "7", "8.1"]);
    assert_eq!(certificate.issuer_v2.as_deref(), Some("https://i.example"));
}

#[test]
fn twice_is_refused() {
    for crafted in [
        Crafted::default().with(12, "https://github.com/o/r").with(12, "https://github.com/o/evil"),
        Crafted::default().with(25, "a").with(25, "a"),
        Crafted::default().uri(WORKFLOW).extension("2.5.29.17", &tlv(0x30, &tlv(0x86, b"https://a.example"))),
    ] {
        let error = certificate::read(&crafted.der()).expect_err("refused");
        assert!(error.what.contains("twice"), "{error}");
        assert!(error.remedy.is_some());
    }
}

#[test]
fn sizes_are_bounded() {
    let many = |count: u32| (0..count).fold(Crafted::default(), |crafted, at| crafted.with(100 + at, ""));
    assert_eq!(certificate::read(&many(100).der()).expect("a hundred").unknown.len(), 100);
    assert!(certificate::read(&many(101).der()).expect_err("too many").what.contains("more than 100 extensions"));
    let large = Crafted::default().with(24, &"x".repeat(certificate::MAX_BYTES));
    assert!(certificate::read(&large.der()).expect_err("too large").what.contains("bytes"));
    let named = (0..150).fold(Crafted::default(), |crafted, at| crafted.uri(&format!("https://{at}.example"))).read();
    assert_eq!((named.identities.len(), named.unreadable.len()), (100, 1));
    assert!(named.unreadable[0].1.contains("more than 100 names"));
}

#[test]
fn every_kind_of_name() {
    let user = |kind: &str, value: &[u8]| [oid(kind), tlv(0xa0, value)].concat();
    let own = "1.3.6.1.4.1.57264.1.7";
    let certificate = Crafted::default()
        .uri("https://a.example")
        .name(0x81, b"someone@mail.example")
        .name(0xa0, &user(own, &utf8("someone!mail.example")))
        .name(0xa0, &user("1.2.840.1", &utf8("x")))
        .name(0x82, b"host.example")
        .name(0x87, &[127, 0, 0, 1])
        .name(0x81, &[0xc3, 0xa4])
        .name(0xa0, &user(own, &tlv(0x16, b"x")))
        .name(0x8b, b"?")
        .name(0x04, b"no name")
        .read();
    let expected = [
        Identity::Uri("https://a.example".to_owned()),
        Identity::Email("someone@mail.example".to_owned()),
        Identity::UserName("someone!mail.example".to_owned()),
        Identity::Other { kind: "other name", value: "06042a864801a0030c0178".to_owned() },
        Identity::Other { kind: "DNS name", value: "host.example".to_owned() },
        Identity::Other { kind: "IP address", value: "7f000001".to_owned() },
    ];
    assert_eq!(certificate.identities, expected, "{:?}", certificate.unreadable);
    let reasons: Vec<&str> = certificate.unreadable.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    let parts = ["an e-mail address that is not ASCII", "no UTF8String", "unknown kind 11", "which is no name"];
    for (reason, part) in reasons.iter().zip(parts) {
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn old_extensions_stand_in_only_where_the_new_one_is_absent() {
    let old = Crafted::default()
        .with_raw(1, GITHUB)
        .with_raw(2, "push")
        .with_raw(3, "c0ffee")
        .with_raw(5, "o/r")
        .with_raw(6, "refs/heads/main");
    let facts = |certificate: &Certificate| {
        [
            certificate.issuer(),
            certificate.trigger(),
            certificate.commit(),
            certificate.repository(),
            certificate.git_ref(),
        ]
        .map(|stated| stated.map(|stated| (stated.extension, stated.value.into_owned())))
    };
    let stated = |from: [u32; 5], values: [&str; 5]| [0, 1, 2, 3, 4].map(|at| Some((from[at], values[at].to_owned())));
    let values = [GITHUB, "push", "c0ffee", "https://github.com/o/r", "refs/heads/main"];
    assert_eq!(facts(&old.read()), stated([1, 2, 3, 5, 6], values));
    let new = old.with(8, "https://gitlab.com").with(20, "").with(13, "beef").with(12, "https://h.example/a/b");
    let values = ["https://gitlab.com", "", "beef", "https://h.example/a/b", "refs/heads/main"];
    assert_eq!(facts(&new.read()), stated([8, 20, 13, 12, 6], values));
}

#[test]
fn a_bare_repository_is_githubs_only_for_its_own_issuer() {
    let of = |issuer: &str, path: &str| {
        let certificate = Crafted::default().with(8, issuer).with_raw(5, path).read();
        certificate.repository().map(|stated| stated.value.into_owned())
    };
    assert_eq!(of(GITHUB, "o/r").as_deref(), Some("https://github.com/o/r"));
    assert_eq!(of(&format!("{GITHUB}/slug"), "o/r").as_deref(), Some("https://github.com/o/r"));
    assert_eq!(of(&format!("{GITHUB}.example"), "o/r"), None);
    assert_eq!(of("https://gitlab.com", "o/r"), None);
    assert_eq!(of(GITHUB, "o/r/x"), None);
    assert_eq!(of(GITHUB, "r"), None);
}

#[test]
fn no_certificate_is_an_error() {
    let der = Crafted::of(GITHUB, WORKFLOW).der();
    assert!(certificate::read(&der).is_ok());
    for length in 0..der.len() {
        assert!(certificate::read(&der[..length]).is_err(), "{length} bytes");
    }
    let longer = [der, vec![0]].concat();
    assert!(certificate::read(&longer).expect_err("trailing byte").what.starts_with("is no X.509 certificate"));
}

/// A few real certificates of different kinds.
fn samples() -> Vec<Vec<u8>> {
    let Some(folder) = shared("sigstore") else { return vec![Crafted::of(GITHUB, WORKFLOW).der()] };
    [
        "npm_attestations/playwright-2026/playwright-cli-0.1.1-attestations.json",
        "npm_attestations/npm-cli/valid-sigstore-attestations.json",
        "pypi/gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
        "bundles/sigstore-go/othername.sigstore.json",
    ]
    .iter()
    .flat_map(|file| material::certificates(&folder.join(file)))
    .collect()
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = certificate::read(&bytes);
    }

    #[test]
    fn altered_certificates_do_not_panic(at in any::<prop::sample::Index>(), flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let samples = samples();
        let mut der = at.get(&samples).clone();
        for (place, byte) in flips {
            let place = place.index(der.len());
            der[place] = byte;
        }
        if let Ok(certificate) = certificate::read(&der) {
            let _ = gaitkeeper::acquire::sigstore::identity::signer(&certificate);
            prop_assert!(certificate.identities.len() <= 100);
        }
    }

    #[test]
    fn arbitrary_extensions_do_not_panic(number in 1_u32..30, value in proptest::collection::vec(any::<u8>(), 0..64), names in proptest::collection::vec(any::<u8>(), 0..64)) {
        let id = format!("1.3.6.1.4.1.57264.1.{number}");
        let certificate = Crafted::default().extension(&id, &value).extension("2.5.29.17", &names).read();
        let taken = EXTENSIONS.iter().filter(|extension| certificate.extension(extension.number).is_some()).count();
        let noted = certificate.unreadable.iter().filter(|(of, _)| *of == id).count();
        prop_assert_eq!(taken + noted + certificate.unknown.len(), 1);
    }
}
