//! What is taken up from the list of a gem's versions, its owners and its attestations, and what is refused.

use std::fs;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use gaitkeeper::acquire::raw::{RawPackage, RawRelease};
use gaitkeeper::acquire::rubygems::{self, REGISTRY};
use serde_json::{Value, json};

use crate::shared::shared;

fn version(number: &str, platform: &str, time: &str) -> Value {
    json!({
        "authors": "Ada", "built_at": "2001-01-01T00:00:00.000Z", "created_at": time, "description": "x",
        "downloads_count": 7, "metadata": {"rubygems_mfa_required": "true"}, "number": number, "summary": "x",
        "platform": platform, "rubygems_version": ">= 0", "ruby_version": ">= 3.1", "prerelease": false,
        "licenses": ["MIT"], "requirements": [], "sha": format!("sha-{number}-{platform}"),
    })
}

fn parse(entries: &[Value], owners: Option<&str>) -> RawPackage {
    let text = json!(entries).to_string();
    rubygems::parse("some_gem", &[Some(text.as_bytes()), owners.map(str::as_bytes)])
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn platforms_of_a_version_are_one_release() {
    let package = parse(
        &[
            version("2.0.0", "ruby", "2024-05-01T10:00:01.000Z"),
            version("2.0.0", "java", "2024-05-01T10:00:00.500Z"),
            version("2.0.0", "x86_64-linux", "2024-05-01T10:00:02.000Z"),
            version("1.0.0", "ruby", "2020-01-02T03:04:05.678Z"),
            version("1.5.0", "x86_64-linux", "2024-01-02T03:04:05.000Z"),
            version("1.5.0", "arm64-darwin", "2024-01-02T03:04:06.000Z"),
        ],
        None,
    );
    assert_eq!(package.name, "some_gem");
    let found: Vec<_> =
        package.releases.iter().map(|r| (r.version.as_str(), r.published_at, r.integrity.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("1.0.0", 1_577_934_245_678, Some("sha-1.0.0-ruby")),
            ("1.5.0", 1_704_164_645_000, None),
            ("2.0.0", 1_714_557_600_500, Some("sha-2.0.0-ruby")),
        ]
    );
    assert!(package.releases.iter().all(|r| r.publisher.is_none() && !r.deprecated));
    let paths: Vec<_> = package.releases.iter().map(|r| rubygems::attestations("some_gem", r).join(" ")).collect();
    assert_eq!(
        paths,
        ["", "api/v1/attestations/some_gem-1.5.0-arm64-darwin.json", "api/v1/attestations/some_gem-2.0.0.json",],
        "none before December 2023; the one for all platforms where there is one"
    );
    assert!(package.skipped.is_empty() && package.warnings.is_empty(), "{package:?}");
}

#[test]
fn attestations_begin_on_a_day_and_their_paths_are_encoded() {
    let at = |published_at| RawRelease { version: "1.0 b".into(), published_at, ..RawRelease::default() };
    assert!(rubygems::attestations("g", &at(1_701_388_799_999)).is_empty());
    assert_eq!(rubygems::attestations("g", &at(1_701_388_800_000)), ["api/v1/attestations/g-1.0%20b.json"]);
}

#[test]
fn owners_are_handles() {
    let owners = r#"[{"id":1,"handle":"grace","role":"owner"},{"id":2,"handle":"ada"},{"id":3,"handle":null}]"#;
    let package = parse(&[], Some(owners));
    assert_eq!(package.owners, Some(vec!["ada".to_owned(), "grace".to_owned()]));
    assert_eq!(package.skipped.len(), 1);
    assert_eq!(parse(&[], Some("[]")).owners, None);
}

#[test]
fn odd_values_are_counted_and_hide_nothing_else() {
    let sound = version("1.0.0", "ruby", "2020-01-02T03:04:05.678Z");
    let mut odd = version("2.0.0", "ruby", "2020-01-02T03:04:05.678Z");
    odd["sha"] = json!(7);
    odd["platform"] = json!([]);
    let package = parse(
        &[sound, odd, json!(7), json!({}), version("3", "ruby", "2008-01-01T00:00:00Z"), version("4", "ruby", "x")],
        None,
    );
    let skipped: Vec<_> = package.skipped.iter().map(|s| (s.version.as_str(), s.reason.as_str())).collect();
    assert_eq!(
        skipped,
        [
            ("", "not usable as a version string"),
            ("", "not usable as a version string"),
            ("2.0.0", "platform has the wrong type"),
            ("2.0.0", "sha has the wrong type"),
            ("3", "the time is before 2009 or after 2099"),
            ("4", "the time cannot be read"),
        ]
    );
    assert_eq!(package.releases.len(), 2);
}

#[test]
fn what_is_no_list_is_refused() {
    for (bad, what) in [
        (&b"This rubygem could not be found."[..], "expected"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"{\"error\":\"Rate limited\"}", "error answer: \"Rate limited\""),
        (b"{}", "a JSON object, where the registry answers with an array"),
        (b"[{", "not valid JSON"),
        (b"[]]", "not valid JSON"),
        (b"[\"\xff\"]", "UTF-8"),
        (b"", "empty"),
    ] {
        let error = rubygems::parse("some_gem", &[Some(bad)]).expect_err("refused");
        assert!(error.to_string().contains(what) && error.remedy.is_some(), "{error}");
        assert!(rubygems::parse("some_gem", &[Some(b"[]"), Some(bad)]).is_err(), "as owners too");
    }
    let many = format!("[{}0]", "0,".repeat(200_000));
    let error = rubygems::parse("some_gem", &[Some(many.as_bytes())]).expect_err("refused");
    assert!(error.to_string().contains("more than 200000"), "{error}");
    assert!(rubygems::parse("some_gem", &[None]).is_err());
}

#[test]
fn attestations_give_the_predicate_type_if_any() {
    let take = |document: &[u8]| {
        let mut release = RawRelease::default();
        rubygems::attested(&mut release, document).map(|()| release.provenance)
    };
    assert_eq!(take(b"[]").expect("none"), None);
    let payload = STANDARD.encode("{\"predicateType\":\"https://slsa.dev/provenance/v1\"}");
    let bundle = json!([{"mediaType": "x", "verificationMaterial": {}},
                        {"dsseEnvelope": {"payload": payload.trim_end_matches('='), "payloadType": "x"}}]);
    assert_eq!(take(bundle.to_string().as_bytes()).expect("taken").as_deref(), Some("https://slsa.dev/provenance/v1"));
    for bad in [&b"[7]"[..], b"{}", b"not found", b"{\"dsseEnvelope\":{}}"] {
        assert!(take(bad).expect_err("refused").remedy.is_some());
    }
    let Some(path) = shared("sigstore/rubygems/sigstore-1.0.0.gem.sigstore.json") else { return };
    let real = [b"[", fs::read(path).expect("readable").as_slice(), b"]"].concat();
    assert_eq!(take(&real).expect("taken"), None, "it signs the file itself");
}

#[test]
fn names_and_addresses() {
    for fine in ["rails", "Ascii85", "a.b-c_d"] {
        assert_eq!(rubygems::name(fine).expect("a name"), fine);
    }
    for bad in ["", "..", "123", "a/b", "a b", "é"] {
        assert!(rubygems::name(bad).is_err(), "{bad}");
    }
    let parts = rubygems::parts("a.b");
    assert_eq!((parts[0].path.as_str(), parts[0].optional), ("api/v1/versions/a.b.json", false));
    assert_eq!((parts[1].path.as_str(), parts[1].optional), ("api/v1/gems/a.b/owners.json", true));
}

#[test]
fn a_saved_document_is_named_by_its_file() {
    let folder = tempfile::tempdir().expect("folder");
    let text = json!([version("1.0.0", "ruby", "2020-01-02T03:04:05.678Z")]).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).expect("packed");
    let gzip = gzip.finish().expect("packed");
    for (file, name, bytes) in
        [("a.b.json", "a.b", text.as_bytes()), ("rails.json.gz", "rails", &gzip), ("rails", "rails", text.as_bytes())]
    {
        let path = folder.path().join(file);
        fs::write(&path, bytes).expect("written");
        let package = (REGISTRY.read)(&path).expect("read");
        assert_eq!((package.name.as_str(), package.releases.len()), (name, 1));
    }
    let path = folder.path().join("some gem.json");
    fs::write(&path, text).expect("written");
    let error = (REGISTRY.read)(&path).expect_err("no gem's name");
    assert!(error.file.is_some() && error.remedy.is_some_and(|remedy| remedy.contains("NAME.json")));
}
