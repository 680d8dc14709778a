//! What is taken up from PyPI's project documents and pages of the simple index, and what is refused.

use std::fs;

use gaitkeeper::acquire::pypi::{self, REGISTRY};
use gaitkeeper::acquire::raw::RawPackage;
use gaitkeeper::error::Error;
use serde_json::{Value, json};

fn file(filename: &str, time: &str) -> Value {
    let packagetype = if filename.ends_with(".tar.gz") { "sdist" } else { "bdist_wheel" };
    json!({
        "filename": filename, "packagetype": packagetype, "size": 7, "yanked": false, "yanked_reason": null,
        "digests": {"md5": "m", "sha256": format!("sha-of-{filename}"), "blake2b_256": "b"},
        "upload_time": time.trim_end_matches('Z'), "upload_time_iso_8601": time, "url": "https://registry.example/f",
    })
}

fn project(name: &str, releases: &Value) -> Value {
    json!({
        "info": {"name": name, "version": "1.0", "requires_dist": null},
        "last_serial": 25_000_123, "releases": releases, "urls": [], "vulnerabilities": [],
        "ownership": {"roles": [{"role": "Owner", "user": "grace"}, {"role": "Maintainer", "user": "ada"},
            {"role": "Maintainer", "user": "grace"}], "organization": null},
    })
}

fn page(files: &[(&str, Value)]) -> Value {
    let files: Vec<Value> = files
        .iter()
        .map(|(name, provenance)| json!({"filename": name, "hashes": {}, "provenance": provenance}))
        .collect();
    json!({"meta": {"api-version": "1.4", "_last-serial": 1}, "name": "some-pkg", "files": files, "versions": []})
}

fn try_both(project: &Value, page: Option<&Value>) -> Result<RawPackage, Error> {
    let (project, page) = (project.to_string(), page.map(Value::to_string));
    pypi::parse("Some_Pkg", &[Some(project.as_bytes()), page.as_deref().map(str::as_bytes)])
}

fn both(project: &Value, page: Option<&Value>) -> RawPackage {
    try_both(project, page).unwrap_or_else(|error| panic!("{error}"))
}

fn alone(releases: &Value) -> RawPackage {
    both(&project("some.pkg", releases), None)
}

fn skipped(package: &RawPackage) -> Vec<(&str, &str)> {
    package.skipped.iter().map(|skipped| (skipped.version.as_str(), skipped.reason.as_str())).collect()
}

/// The refusal, which must say what to do.
fn refusal(project: &Value) -> String {
    let error = try_both(project, None).expect_err("must be refused");
    assert!(error.remedy.is_some(), "{error}");
    error.to_string()
}

#[test]
fn the_first_upload_is_the_publish() {
    let package = alone(&json!({
        "2.0": [file("p-2.0-py3-none-any.whl", "2024-11-06T22:37:10.000001Z"),
                file("p-2.0.tar.gz", "2024-11-06T22:37:09.220617Z")],
        "1.0": [file("p-1.0.tar.gz", "2020-01-02T03:04:05Z")],
    }));
    assert_eq!(package.name, "some-pkg");
    assert_eq!(package.revision.as_deref(), Some("25000123"));
    assert_eq!(package.owners, Some(vec!["ada".to_owned(), "grace".to_owned()]), "sorted, each once");
    assert_eq!(package.tarball_host, None, "files never stand at the registry's own host");
    let times: Vec<_> = package.releases.iter().map(|r| (r.version.as_str(), r.published_at)).collect();
    assert_eq!(times, [("1.0", 1_577_934_245_000), ("2.0", 1_730_932_629_220)]);
    let release = &package.releases[1];
    assert_eq!(release.integrity.as_deref(), Some("sha-of-p-2.0.tar.gz"));
    assert_eq!(
        (release.maintainers.as_ref(), release.publisher.as_ref()),
        (None, None),
        "owners of today are no owners of then"
    );
    assert_eq!((release.file_count, release.unpacked_size, release.attestation.as_ref()), (None, None, None));
    assert!(package.skipped.is_empty() && package.warnings.len() == 1, "{package:?}");
}

#[test]
fn a_release_without_files_has_no_time() {
    let package = alone(&json!({"0.1": [], "0.2": [file("p-0.2.tar.gz", "2020-01-02T03:04:05Z")]}));
    assert_eq!(package.releases.len(), 1);
    assert_eq!(skipped(&package), [("0.1", "no files: no publish time")]);
}

#[test]
fn late_files_are_named_with_version_and_time() {
    let first = file("p-1.0.tar.gz", "2020-01-02T00:00:00Z");
    let within = alone(&json!({"1.0": [first, file("p-1.0-a.whl", "2020-01-03T00:00:00Z")]}));
    assert_eq!(within.warnings.len(), 1, "a day is not late: {:?}", within.warnings);
    let late = alone(&json!({"1.0": [first, file("p-1.0-a.whl", "2020-01-03T00:00:01Z")]}));
    assert!(
        late.warnings[1].contains("1.0") && late.warnings[1].contains("2020-01-03T00:00:01Z"),
        "{:?}",
        late.warnings
    );
    assert_eq!(late.releases[0].published_at, 1_577_923_200_000);
    let many: serde_json::Map<_, _> =
        (0..60).map(|n| (format!("{n}"), json!([first, file("p-1.0-a.whl", "2021-01-03T00:00:01Z")]))).collect();
    let many = alone(&Value::Object(many));
    assert_eq!(many.warnings.len(), 1 + 50 + 1);
    assert!(many.warnings[51].contains("10 more"), "{}", many.warnings[51]);
}

#[test]
fn a_release_is_yanked_when_all_its_files_are() {
    let mut yanked = file("p-1.0.tar.gz", "2020-01-02T00:00:00Z");
    yanked["yanked"] = json!(true);
    let sound = file("p-1.0-a.whl", "2020-01-02T00:00:01Z");
    let package = alone(&json!({"1.0": [yanked, sound], "2.0": [yanked]}));
    let flags: Vec<_> = package.releases.iter().map(|r| (r.version.as_str(), r.deprecated)).collect();
    assert_eq!(flags, [("1.0", false), ("2.0", true)]);
}

#[test]
fn the_sdist_is_asked_for_its_provenance_before_other_files() {
    let time = "2020-01-02T00:00:00Z";
    let releases = json!({
        "1.0": [file("p-1.0-b.whl", time), file("p-1.0.tar.gz", "2020-01-02T00:00:09Z"), file("p-1.0-a.whl", time)],
        "2.0+a b": [file("p 2/0.whl", time), file("p-2.0.tar.gz", time)],
        "3.0": [file("p-3.0.tar.gz", time)],
        "4.0": [file("..", time)],
    });
    let there = json!("https://registry.example/never-followed");
    let all = page(&[
        ("p-1.0-a.whl", there.clone()),
        ("p-1.0-b.whl", there.clone()),
        ("p-1.0.tar.gz", there.clone()),
        ("p 2/0.whl", there.clone()),
        ("p-2.0.tar.gz", json!(null)),
        ("p-3.0.tar.gz", json!(null)),
        ("..", there.clone()),
    ]);
    let project = project("some-pkg", &releases);
    let package = both(&project, Some(&all));
    let paths: Vec<_> = package.releases.iter().map(|r| pypi::attestations(&package.name, r)).collect();
    let one = |path: &str| vec![path.to_owned()];
    assert_eq!(
        paths,
        [
            one("integrity/some-pkg/1.0/p-1.0.tar.gz/provenance"),
            one("integrity/some-pkg/2.0%2Ba%20b/p%202%2F0.whl/provenance"),
            vec![],
            vec![],
        ],
        "a name that would climb up the path is none"
    );
    assert!(package.warnings.is_empty(), "{:?}", package.warnings);
    let wheels = page(&[("p-1.0-b.whl", there.clone()), ("p-1.0-a.whl", there)]);
    let package = both(&project, Some(&wheels));
    assert_eq!(package.releases[0].attestation.as_deref(), Some("integrity/some-pkg/1.0/p-1.0-a.whl/provenance"));
    assert!(package.warnings[0].starts_with("5 files are not in the simple index"), "{:?}", package.warnings);
}

#[test]
fn without_the_simple_index_attestations_are_unknown_and_that_is_said() {
    let package = alone(&json!({}));
    assert!(package.warnings[0].contains("attestations is unknown"), "{:?}", package.warnings);
    assert!(package.releases.is_empty());
}

#[test]
fn quarantine_is_told() {
    let releases = json!({});
    for status in [json!({"status": "quarantined", "reason": "x"}), json!("quarantined")] {
        let mut page = page(&[]);
        page["project-status"] = status;
        assert!(both(&project("some-pkg", &releases), Some(&page)).warnings[0].contains("quarantine"));
        page["project-status"] = json!({"status": "active"});
        assert!(both(&project("some-pkg", &releases), Some(&page)).warnings.is_empty());
    }
}

#[test]
fn owners_that_a_mirror_left_empty_are_unknown() {
    let mut document = project("some-pkg", &json!({}));
    for ownership in [json!({"roles": [], "organization": null}), json!(null), json!({})] {
        document["ownership"] = ownership;
        assert_eq!(both(&document, None).owners, None);
    }
    document["ownership"] = json!({"roles": [{"role": "Owner"}, {"user": "ada"}]});
    let package = both(&document, None);
    assert_eq!(package.owners, Some(vec!["ada".to_owned()]));
    assert_eq!(skipped(&package), [("", "ownership.roles has entries without an account name")]);
    document["ownership"] = json!(7);
    assert_eq!(skipped(&both(&document, None)), [("", "ownership has the wrong type")]);
}

#[test]
fn odd_values_are_counted_and_hide_nothing_else() {
    let sound = file("p-1.0.tar.gz", "2020-01-02T00:00:00Z");
    let mut odd = sound.clone();
    odd["digests"] = json!([]);
    odd["yanked"] = json!("yes");
    odd["filename"] = json!(7);
    let mut releases: serde_json::Map<_, _> = (10..60).map(|n| (format!("{n}"), json!([sound]))).collect();
    releases.insert("1".into(), json!("x"));
    releases.insert("2".into(), json!([7, sound]));
    releases.insert("3".into(), json!([odd]));
    releases.insert("4".into(), json!([file("a", "1999-01-01T00:00:00Z")]));
    releases.insert("5".into(), json!([file("a", "2100-01-01T00:00:00Z")]));
    releases.insert("6".into(), json!([file("a", "yesterday")]));
    releases.insert("7\u{1b}".into(), json!([sound]));
    releases.insert("8".into(), json!([file("a", "yesterday"), sound]));
    let package = alone(&Value::Object(releases));
    assert_eq!(package.releases.len(), 50 + 3);
    assert_eq!(
        skipped(&package),
        [
            ("1", "the release is not a list of files"),
            ("2", "a file is not an object"),
            ("3", "digests has the wrong type"),
            ("3", "filename has the wrong type"),
            ("3", "yanked has the wrong type"),
            ("4", "the time is before 2009 or after 2099"),
            ("5", "the time is before 2009 or after 2099"),
            ("6", "the time cannot be read"),
            ("7\\u{1b}", "not usable as a version string"),
            ("8", "a file is left out of the publish time: the time cannot be read"),
        ]
    );
}

#[test]
fn a_version_that_appears_twice_counts_once() {
    let files = json!([file("p-1.0.tar.gz", "2020-01-02T00:00:00Z")]);
    let text = format!("{{\"info\":{{\"name\":\"p\"}},\"releases\":{{\"1.0\":{files},\"1.0\":[]}}}}");
    let package = pypi::parse("p", &[Some(text.as_bytes())]).expect("taken");
    assert_eq!(package.releases.len(), 1);
    assert!(skipped(&package).contains(&("1.0", "second entry for this version in the document")));
    let text = format!("{{\"info\":{{\"name\":\"p\"}},\"releases\":{{}},\"releases\":{{\"1.0\":{files}}}}}");
    let error = pypi::parse("p", &[Some(text.as_bytes())]).expect_err("ambiguous");
    assert!(error.to_string().contains("appears twice") && error.place.as_deref() == Some("releases"), "{error}");
}

#[test]
fn a_mirror_without_upload_times_is_refused() {
    let mut bare = file("p.tar.gz", "");
    bare.as_object_mut().expect("object").remove("upload_time_iso_8601");
    let text = refusal(&project("some-pkg", &json!({"1.0": [bare], "2.0": []})));
    assert!(text.contains("1 of 1 releases") && text.contains("mirror"), "{text}");
}

#[test]
fn documents_of_another_package_or_kind_are_refused() {
    assert!(
        refusal(&project("other-pkg", &json!({}))).contains("another package's document: `other-pkg`, not `some-pkg`")
    );
    assert!(refusal(&json!({"message": "Not Found"})).contains("error answer: \"Not Found\""));
    assert!(refusal(&json!({"info": {"name": "some-pkg"}, "urls": []})).contains("single version"));
    assert!(refusal(&json!({"releases": {}})).contains("does not name its project"));
    assert!(refusal(&json!({"info": {"name": "-"}, "releases": {}})).contains("not a name on PyPI"));
    assert!(refusal(&json!({})).contains("no project's document"));
    let project = project("some-pkg", &json!({}));
    for (found, what) in [
        (json!({"name": "other", "files": []}), "another package"),
        (json!({"message": "x"}), "error answer"),
        (json!({"files": []}), "no page of the simple index"),
    ] {
        let error = try_both(&project, Some(&found)).expect_err("refused");
        assert!(error.to_string().contains(what) && error.to_string().contains("simple/some-pkg/"), "{error}");
    }
    let html = b"<!DOCTYPE html><html>";
    let error = pypi::parse("some-pkg", &[Some(html)]).expect_err("HTML");
    assert!(error.to_string().contains("HTML"), "{error}");
    let text = project.to_string();
    let error = pypi::parse("some-pkg", &[Some(text.as_bytes()), Some(html)]).expect_err("HTML");
    assert!(error.to_string().contains("HTML") && error.to_string().contains("simple/"), "{error}");
    assert!(pypi::parse("some-pkg", &[Some(b"[]")]).is_err());
    assert!(pypi::parse("some-pkg", &[None, None]).is_err() && pypi::parse("some-pkg", &[]).is_err());
}

#[test]
fn names_are_normalised_as_pep_503_says() {
    for (written, normal) in
        [("Some__Pkg", "some-pkg"), ("a.-_B", "a-b"), ("x", "x"), ("Zope.Interface", "zope-interface")]
    {
        assert_eq!(pypi::name(written).expect("a name"), normal);
    }
    for bad in ["", "-a", "a-", "a b", "a/b", "..", "naïve", "@a/b", "a\u{202e}b"] {
        assert!(pypi::name(bad).is_err(), "{bad}");
    }
    let parts = pypi::parts("some-pkg");
    assert_eq!((parts[0].path.as_str(), parts[0].optional), ("pypi/some-pkg/json", false));
    assert_eq!((parts[1].path.as_str(), parts[1].optional), ("simple/some-pkg/", true));
    assert_eq!(parts[1].accept, "application/vnd.pypi.simple.v1+json");
}

#[test]
fn a_saved_document_names_its_project() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("whatever.bin");
    let text = project("Some.Pkg", &json!({"1.0": [file("p-1.0.tar.gz", "2020-01-02T00:00:00Z")]})).to_string();
    fs::write(&path, zstd::encode_all(text.as_bytes(), 3).expect("packed")).expect("written");
    let package = (REGISTRY.read)(&path).expect("read");
    assert_eq!((package.name.as_str(), package.releases.len()), ("some-pkg", 1));
    fs::write(&path, "{}").expect("written");
    let error = (REGISTRY.read)(&path).expect_err("refused");
    assert_eq!(error.file.as_deref(), Some(path.as_path()));
}
