//! What is taken up from the list of a crate's versions and from its owners, and what is refused.

use std::fs;

use gaitkeeper::acquire::crates_io::{self, REGISTRY};
use gaitkeeper::acquire::raw::{RawPackage, RawRelease};
use gaitkeeper::error::Error;
use serde_json::{Value, json};

fn version(num: &str, time: &str) -> Value {
    json!({
        "id": 1, "crate": "Some_crate", "num": num, "created_at": time, "updated_at": time, "downloads": 7,
        "yanked": false, "yank_message": null, "checksum": format!("sum-{num}"), "crate_size": 4321,
        "published_by": {"id": 1, "login": "ada", "name": "Ada", "avatar": "x", "url": "x"},
        "audit_actions": [], "trustpub_data": null, "linecounts": {},
    })
}

fn try_parse(document: &Value, owners: Option<&Value>) -> Result<RawPackage, Error> {
    let (document, owners) = (document.to_string(), owners.map(Value::to_string));
    crates_io::parse("some-crate", &[Some(document.as_bytes()), owners.as_deref().map(str::as_bytes)])
}

fn parse(document: &Value) -> RawPackage {
    try_parse(document, None).unwrap_or_else(|error| panic!("{error}"))
}

/// The release of a document whose only version has these members besides the usual ones, and what was skipped.
fn release(members: &Value) -> (RawRelease, Vec<String>) {
    let mut version = version("1.0.0", "2024-03-01T10:00:00.123456Z");
    for (key, value) in members.as_object().expect("members") {
        version[key] = value.clone();
    }
    let mut package = parse(&json!({"versions": [version]}));
    let reasons = package.skipped.into_iter().map(|skipped| skipped.reason).collect();
    (package.releases.remove(0), reasons)
}

fn text(text: impl Into<Option<&'static str>>) -> Option<String> {
    text.into().map(str::to_owned)
}

#[test]
fn a_version_is_taken_verbatim() {
    let package = parse(&json!({"versions": [version("2.0.0", "2024-03-01T10:00:00.123456Z"),
                                             version("1.0.0", "2020-01-02T03:04:05+00:00")],
                                "meta": {"total": 2, "next_page": null}}));
    assert_eq!(package.name, "Some_crate", "as the registry writes it");
    assert!(package.skipped.is_empty() && package.warnings.is_empty() && package.more.is_none(), "{package:?}");
    let expected = RawRelease {
        version: "2.0.0".into(),
        published_at: 1_709_287_200_123,
        publisher: text("ada"),
        integrity: text("sum-2.0.0"),
        ..RawRelease::default()
    };
    assert_eq!(package.releases[1], expected, "the packed size is no unpacked size");
    assert_eq!(package.releases[0].published_at, 1_577_934_245_000);
}

#[test]
fn a_trusted_publish_has_its_provider_as_publisher() {
    let sha = "0123456789ABcdef0123456789abcdef01234567";
    let (found, skipped) = release(&json!({"published_by": null, "trustpub_data":
        {"provider": "github", "repository": "Org/Repo", "run_id": "1", "sha": sha}}));
    assert_eq!((found.publisher, found.trusted_publisher), (text("GitHub"), text("github")));
    assert_eq!((found.repository, found.git_head), (text("github.com/org/repo"), text("0123456789ab")));
    assert!(skipped.is_empty(), "{skipped:?}");
    let (found, _) = release(&json!({"published_by": null, "trustpub_data":
        {"provider": "gitlab", "project_path": "group/sub/name", "job_id": "1", "sha": sha}}));
    assert_eq!((found.publisher, found.repository), (text("GitLab"), text("gitlab.com/group/sub/name")));
    let (found, skipped) = release(&json!({"published_by": null, "trustpub_data":
        {"provider": "forge", "repository": "o/r", "sha": "nothing hexadecimal"}}));
    assert_eq!((found.publisher, found.trusted_publisher, found.git_head), (text("forge"), text("forge"), None));
    assert_eq!(skipped.len(), 2, "{skipped:?}");
    let (found, skipped) = release(&json!({"trustpub_data": {"sha": sha}}));
    assert_eq!((found.trusted_publisher, skipped.len()), (None, 1));
}

#[test]
fn the_log_names_a_publisher_where_the_version_does_not() {
    let action = |action: &str, login: &str| json!({"action": action, "time": "x", "user": {"login": login}});
    let log = json!([action("yank", "eve"), action("publish", "grace"), action("unyank", "eve")]);
    let (found, skipped) = release(&json!({"published_by": null, "audit_actions": log}));
    assert_eq!((found.publisher, skipped.len()), (text("grace"), 0));
    let (found, _) = release(&json!({"audit_actions": log}));
    assert_eq!(found.publisher, text("ada"), "the version itself comes first");
    let trusted = json!({"provider": "github", "repository": "o/r"});
    let (found, _) = release(&json!({"published_by": null, "audit_actions": log, "trustpub_data": trusted}));
    assert_eq!(found.publisher, text("GitHub"));
    let (found, skipped) = release(&json!({"published_by": null, "audit_actions": [action("yank", "eve")]}));
    assert_eq!((found.publisher, skipped.len()), (None, 0), "versions of before 2018 name no one");
}

#[test]
fn a_yank_is_a_later_fact() {
    assert!(release(&json!({"yanked": true})).0.deprecated);
    assert!(!release(&json!({"yanked": false})).0.deprecated);
}

#[test]
fn odd_values_are_counted_and_hide_nothing_else() {
    for (member, value) in
        [("published_by", json!("ada")), ("yanked", json!("no")), ("checksum", json!(7)), ("trustpub_data", json!([]))]
    {
        let (found, skipped) = release(&json!({member: value}));
        assert_eq!(skipped, [format!("{member} has the wrong type")]);
        assert_eq!(found.version, "1.0.0");
    }
    let time = "2024-03-01T10:00:00Z";
    let package = parse(&json!({"versions": [
        7, version("", time), version("1\n", time), version("1.0.0", time), version("1.0.0", time),
        version("2.0.0", "1970-01-01T00:00:00Z"), version("3.0.0", "soon"),
    ]}));
    let skipped: Vec<_> = package.skipped.iter().map(|s| (s.version.as_str(), s.reason.as_str())).collect();
    assert_eq!(
        skipped,
        [
            ("", "not usable as a version string"),
            ("", "not usable as a version string"),
            ("1.0.0", "second entry for this version in the document"),
            ("1\\u{a}", "not usable as a version string"),
            ("2.0.0", "the time is before 2009 or after 2099"),
            ("3.0.0", "the time cannot be read"),
        ]
    );
    assert_eq!(package.releases.len(), 1);
}

#[test]
fn the_next_page_is_named_or_its_lack_told() {
    let page = |meta: Value| parse(&json!({"versions": [version("1.0.0", "2024-03-01T10:00:00Z")], "meta": meta}));
    let found = page(json!({"total": 3, "next_page": "?per_page=1&seek=WzEsMl0%3D"}));
    let more = "api/v1/crates/Some_crate/versions?per_page=1&seek=WzEsMl0%3D";
    assert_eq!((found.more.as_deref(), found.warnings.len()), (Some(more), 0));
    let found = page(json!({"total": 3, "next_page": null}));
    assert_eq!((found.more, found.warnings), (None, vec!["the document holds 1 of 3 versions".to_owned()]));
    for elsewhere in ["//registry.example/x", "../../x", "?a b", "?a#b", "?\u{e9}"] {
        let found = page(json!({"total": 1, "next_page": elsewhere}));
        assert_eq!((found.more, found.skipped.len()), (None, 1), "{elsewhere}");
    }
}

#[test]
fn owners_are_accounts_and_teams() {
    let versions = json!({"versions": [version("1.0.0", "2024-03-01T10:00:00Z")]});
    let owners = json!({"users": [{"login": "grace", "kind": "user"}, {"login": "github:org:team", "kind": "team"},
                                  {"login": "ada"}, {"kind": "user"}]});
    let package = try_parse(&versions, Some(&owners)).expect("taken");
    assert_eq!(package.owners.expect("owners").join(" "), "ada github:org:team grace");
    assert_eq!(package.skipped.len(), 1);
    assert_eq!(parse(&versions).owners, None);
    assert_eq!(try_parse(&versions, Some(&json!({"users": []}))).expect("taken").owners, None);
    let error = crates_io::parse("some-crate", &[Some(versions.to_string().as_bytes()), Some(b"<html>")]);
    assert!(error.expect_err("refused").to_string().contains("at owners"));
}

#[test]
fn documents_of_another_crate_or_kind_are_refused() {
    let mut other = version("2.0.0", "2024-03-01T10:00:00Z");
    other["crate"] = json!("other");
    let error = try_parse(&json!({"versions": [version("1.0.0", "2024-03-01T10:00:00Z"), other]}), None);
    let text = error.expect_err("refused").to_string();
    assert!(text.contains("another package's document: `other`") && text.contains("versions[1].crate"), "{text}");
    let error = try_parse(&json!({"errors": [{"detail": "crate `x` does not exist"}]}), None).expect_err("refused");
    assert!(error.to_string().contains("error answer: \"crate `x` does not exist\""), "{error}");
    for bad in [json!({}), json!([]), json!({"versions": {}})] {
        assert!(try_parse(&bad, None).expect_err("refused").remedy.is_some());
    }
    assert!(crates_io::parse("some-crate", &[None]).is_err());
    assert!(try_parse(&json!({"versions": []}), None).expect("an empty crate").releases.is_empty());
}

#[test]
fn names_and_addresses() {
    let long = "a".repeat(64);
    for fine in ["serde", "Inflector", "a_b-c", "7z", long.as_str()] {
        assert_eq!(crates_io::name(fine).expect("a name"), fine);
    }
    for bad in ["", "a.b", "a/b", "é", "a b", &"a".repeat(65)] {
        assert!(crates_io::name(bad).is_err(), "{bad}");
    }
    let parts = crates_io::parts("a_b-c");
    assert_eq!((parts[0].path.as_str(), parts[0].optional), ("api/v1/crates/a_b-c/versions", false));
    assert_eq!((parts[1].path.as_str(), parts[1].optional), ("api/v1/crates/a_b-c/owners", true));
    assert!((REGISTRY.attestations)("a", &RawRelease::default()).is_empty() && REGISTRY.attested.is_none());
    assert_eq!(REGISTRY.requests_per_second, 1, "the operator asks for no more");
}

#[test]
fn a_saved_document_names_its_crate() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("anything");
    let document = json!({"versions": [version("1.0.0", "2024-03-01T10:00:00Z")], "meta": {"next_page": "?seek=x"}});
    fs::write(&path, document.to_string()).expect("written");
    let package = (REGISTRY.read)(&path).expect("read");
    assert_eq!((package.name.as_str(), package.releases.len()), ("Some_crate", 1));
    assert!(package.warnings[0].contains("one page of several"), "{:?}", package.warnings);
    fs::write(&path, "{\"versions\":[]}").expect("written");
    let error = (REGISTRY.read)(&path).expect_err("nameless");
    assert!(error.file.is_some() && error.to_string().contains("does not name its crate"), "{error}");
}
