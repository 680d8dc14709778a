//! What is taken up from npm documents, and what odd shapes become.

use gaitkeeper::acquire::npm;
use gaitkeeper::acquire::raw::{RawPackage, RawRelease};

use crate::packuments::{Document, SOUND, real_documents};

const TIME: &str = "2020-01-02T03:04:05.678Z";

fn parse(document: &Document) -> RawPackage {
    let text = document.json();
    npm::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The only release of a document whose version object has these members, and the reasons in `skipped`.
fn release(fields: &str) -> (RawRelease, Vec<String>) {
    // A second, sound version keeps the document one that names publishers.
    let document = Document::new("pkg").version("1.0.0", TIME, fields).version("2.0.0", "2021-01-02T03:04:05.678Z", "");
    let mut package = parse(&document);
    assert!(package.skipped.iter().all(|skipped| skipped.version == "1.0.0"), "{:?}", package.skipped);
    let reasons = package.skipped.into_iter().map(|skipped| skipped.reason).collect();
    (package.releases.remove(0), reasons)
}

fn reasons(package: &RawPackage) -> Vec<(&str, &str)> {
    package.skipped.iter().map(|skipped| (skipped.version.as_str(), skipped.reason.as_str())).collect()
}

fn versions(package: &RawPackage) -> Vec<(&str, bool)> {
    package.releases.iter().map(|release| (release.version.as_str(), release.removed)).collect()
}

#[test]
fn every_field_is_taken_verbatim() {
    let (found, skipped) = release(
        r#""_npmUser":{"name":"GitHub Actions","email":"ci@registry.example","actor":{"name":"x"},
             "trustedPublisher":{"id":"github","oidcConfigId":"oidc:9061ef30"},"approver":{"name":"ada"}},
           "maintainers":[{"name":"grace","email":"g@registry.example"},{"name":"ada"}],
           "_npmVersion":"lerna/3.16.4/node@v16.18.1+x64 (linux)","_nodeVersion":"16.18.1",
           "gitHead":"ABCDEF0123456789abcdef0123456789abcdef01","deprecated":"use \"other\"",
           "dist":{"integrity":"sha512-pKQ==","shasum":"ab","fileCount":12,"unpackedSize":34567,"signatures":[{"keyid":"k","sig":"s"}],
             "tarball":"https://registry.example/a/-/a-1.0.0.tgz",
             "attestations":{"url":"u","provenance":{"predicateType":"https://registry.example/provenance/v1"}}},
           "scripts":{"postinstall":"c","test":"t","preinstall":"a","install":"b"},
           "dependencies":{"z":"^1","a":"owner/repo"},"optionalDependencies":{"o":"git+ssh://git@127.0.0.1/a/b"},
           "repository":{"type":"git","url":"git+https://Registry.Example/Owner/Name.git"}"#,
    );
    let text = |text: &str| Some(text.to_owned());
    let expected = RawRelease {
        certificate: None,
        attestation: None,
        ci_environment: None,
        ci_workflow: None,
        integrity: Some("sha512-pKQ==".into()),
        version: "1.0.0".into(),
        published_at: 1_577_934_245_678,
        removed: false,
        publisher: text("GitHub Actions"),
        publisher_email: text("ci@registry.example"),
        trusted_publisher: text("github"),
        oidc_config_id: text("9061ef30"),
        approver: text("ada"),
        npm_version: text("lerna/3.16.4/node@v16.18.1+x64 (linux)"),
        node_version: text("16.18.1"),
        provenance: text("https://registry.example/provenance/v1"),
        signed: true,
        git_head: text("abcdef012345"),
        file_count: Some(12),
        unpacked_size: Some(34567),
        install_scripts: vec![("preinstall", "a".into()), ("install", "b".into()), ("postinstall", "c".into())],
        dependencies: Some(vec!["a".into(), "z".into()]),
        optional_dependencies: Some(vec!["o".into()]),
        url_dependencies: vec!["a".into(), "o".into()],
        maintainers: Some(vec!["ada".into(), "grace".into()]),
        repository: text("registry.example/owner/name"),
        deprecated: true,
    };
    assert_eq!(found, expected);
    assert!(skipped.is_empty(), "{skipped:?}");
}

#[test]
fn an_absent_or_null_field_is_no_fault() {
    let members = ["_npmUser", "maintainers", "scripts", "dependencies", "dist", "repository", "gitHead", "deprecated"];
    let nulls: Vec<String> = members.iter().map(|member| format!("\"{member}\":null")).collect();
    for fields in ["\"x\":1".to_owned(), nulls.join(",")] {
        let (found, skipped) = release(&fields);
        let nothing = RawRelease { version: "1.0.0".into(), published_at: found.published_at, ..RawRelease::default() };
        assert_eq!((found, skipped), (nothing, Vec::new()));
    }
}

#[test]
fn a_field_of_the_wrong_type_is_absent_and_counted() {
    for member in [
        "_npmUser",
        "maintainers",
        "scripts",
        "dependencies",
        "optionalDependencies",
        "dist",
        "repository",
        "_npmVersion",
        "_nodeVersion",
        "gitHead",
        "deprecated",
    ] {
        for value in ["7", "-7.5", "18446744073709551615", "[[{\"name\":7}]]"] {
            let (found, skipped) = release(&format!("\"{member}\":{value}"));
            assert!(skipped.iter().any(|reason| reason.contains(member)), "{member} {value}: {skipped:?}");
            assert!(found.publisher.is_none() && found.dependencies.is_none() && !found.deprecated);
        }
    }
    let (_, skipped) = release(r#""dist":{"fileCount":-1,"unpackedSize":"big"},"scripts":{"install":7}"#);
    assert_eq!(skipped.len(), 3, "{skipped:?}");
}

#[test]
fn publisher_shapes() {
    let publisher = |user: &str| {
        let (found, skipped) = release(&format!("\"_npmUser\":{user}"));
        (found.publisher, found.publisher_email, skipped.len())
    };
    let both = (Some("ada".to_owned()), Some("a@registry.example".to_owned()), 0);
    assert_eq!(publisher(r#"{"name":"ada","email":"a@registry.example"}"#), both);
    assert_eq!(publisher(r#""ada <a@registry.example>""#), both);
    assert_eq!(publisher(r#"{"email":"a@registry.example"}"#), (None, both.1.clone(), 1));
    assert_eq!(publisher(r#"{"name":{"deep":[1]},"email":7}"#).0, None);
    assert_eq!(publisher(r#"{"name":"ada","name":"eve"}"#), (both.0.clone(), None, 1));
    assert_eq!(publisher(r#""a@registry.example""#), (None, both.1, 1));
    let (found, _) =
        release(r#""_npmUser":{"name":"x","trustedPublisher":{"id":"gitlab","oidcConfigId":"bare"},"approver":"ada"}"#);
    assert_eq!(found.oidc_config_id.as_deref(), Some("bare"));
    assert_eq!(found.approver.as_deref(), Some("ada"));
}

#[test]
fn maintainer_shapes_give_names_and_never_addresses() {
    let owners = |value: &str| {
        let (found, skipped) = release(&format!("\"maintainers\":{value}"));
        (found.maintainers.map(|names| names.join("|")), skipped.len())
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(owners(r#"["b <b@registry.example>","a <a@registry.example> (site)"]"#), (some("a|b"), 0));
    assert_eq!(owners(r#"{"name":"a","email":"a@registry.example"}"#), (some("a"), 0));
    assert_eq!(owners(r#""a <a@registry.example>""#), (some("a"), 0));
    assert_eq!(owners(r#""a <a@registry.example>, b <b@registry.example>""#), (some("a|b"), 0));
    assert_eq!(owners(r#"[{"name":"a","email":"a@registry.exampleb@registry.example"}]"#), (some("a"), 0));
    assert_eq!(owners(r#""a <a@registry.example,b@registry.example>""#), (some("a"), 0));
    assert_eq!(owners(r#"[{"name":"a"},{"email":"b@registry.example"},null,7,["c"]]"#), (some("a"), 1));
    assert_eq!(owners(r#"[{"name":"a"},{"name":"a"}]"#), (some("a"), 0));
    assert_eq!(owners("[]"), (some(""), 0));
    assert_eq!(owners(r#""a@registry.example""#), (None, 1));
    assert_eq!(owners("{}"), (None, 1));
}

#[test]
fn repositories_become_host_owner_name() {
    for (address, expected) in [
        ("github:Own/Name", "github.com/own/name"),
        ("own/name", "github.com/own/name"),
        ("gitlab:own/name", "gitlab.com/own/name"),
        ("bitbucket:own/name", "bitbucket.org/own/name"),
        ("git+ssh://git@registry.example/own/name.git", "registry.example/own/name"),
        ("ssh://git@registry.example:own/name", "registry.example/own/name"),
        ("https://user:pass@127.0.0.1:8080/own/name.git", "127.0.0.1/own/name"),
        ("git@registry.example:own/name.git", "registry.example/own/name"),
        ("git://registry.example/own/name#readme", "registry.example/own/name"),
        ("https://www.registry.example/own/name/tree/main/packages/x", "registry.example/own/name"),
        ("registry.example/own/name", "registry.example/own/name"),
        ("http://registry.example/own/name/", "registry.example/own/name"),
    ] {
        for value in [format!("\"{address}\""), format!("{{\"url\":\"{address}\"}}")] {
            let (found, skipped) = release(&format!("\"repository\":{value}"));
            assert_eq!(found.repository.as_deref(), Some(expected), "{address}");
            assert!(skipped.is_empty());
        }
    }
    for address in
        ["", "name", "gist:123", "https://registry.example/own", "https://registry.example/../..", "./a/b", "a b/c"]
    {
        assert_eq!(release(&format!("\"repository\":\"{address}\"")).0.repository, None, "{address}");
    }
}

#[test]
fn url_dependencies_are_those_outside_the_registry() {
    let is_url = |specifier: &str| {
        !release(&format!("\"dependencies\":{{\"d\":\"{specifier}\"}}")).0.url_dependencies.is_empty()
    };
    for specifier in [
        "git://127.0.0.1/a/b",
        "git+https://127.0.0.1/a",
        "github:a/b",
        "gitlab:a/b",
        "bitbucket:a/b",
        "gist:1",
        "a/b",
        "a/b#semver:^1",
        "http://127.0.0.1/a.tgz",
        "HTTPS://127.0.0.1/a.tgz",
        "ssh://127.0.0.1/a",
        "git@127.0.0.1:a/b.git",
    ] {
        assert!(is_url(specifier), "{specifier}");
    }
    for specifier in [
        "^1.2.3",
        "latest",
        "",
        "*",
        "npm:other@1",
        "npm:@s/other@1",
        "file:../a",
        "link:./a",
        "workspace:*",
        "./a",
        "../a/b",
        "~/a",
        "/a/b",
        ">=1 <2 || 3",
    ] {
        assert!(!is_url(specifier), "{specifier}");
    }
}

#[test]
fn deprecated_and_git_head() {
    for (value, expected) in [("\"\"", false), ("false", false), ("true", true), ("\"old\"", true)] {
        assert_eq!(release(&format!("\"deprecated\":{value}")).0.deprecated, expected, "{value}");
    }
    for (value, expected) in [("\"0123ABC\"", Some("0123abc")), ("\"not a commit\"", None), ("\"\"", None)] {
        assert_eq!(release(&format!("\"gitHead\":{value}")).0.git_head.as_deref(), expected, "{value}");
    }
}

#[test]
fn any_rfc_3339_time_is_read() {
    let document = Document::new("pkg")
        .version("2.0.0", "2014-05-01T12:00:00Z", "")
        .version("1.0.0", "2014-05-01T13:30:00.5+02:00", "")
        .version("3.0.0", "2014-05-01T12:00:00.000Z", "");
    let package = parse(&document);
    let found: Vec<_> = package.releases.iter().map(|release| (&*release.version, release.published_at)).collect();
    assert_eq!(found, [("1.0.0", 1_398_943_800_500), ("2.0.0", 1_398_945_600_000), ("3.0.0", 1_398_945_600_000)]);
}

#[test]
fn unusable_times_are_skipped_with_their_reason() {
    let mut document = Document::new("pkg").sound_versions(80);
    for (version, time) in [
        ("9.0.0", "\"0000-01-01T00:00:00.000Z\""),
        ("9.0.1", "\"9999-12-31T23:59:59.999Z\""),
        ("9.0.2", "\"2008-12-31T23:59:59.999Z\""),
    ] {
        document = document.object(version, "").time(version, time);
    }
    document = document
        .object("9.0.3", "")
        .time("9.0.3", "\"yesterday\"")
        .object("9.0.4", "")
        .object("9.0.5", "")
        .time("9.0.5", "{\"a\":[]}");
    document = document.time("8.0.0", "7").time("8.0.1", "\"0000-00-00T00:00:00.000Z\"");
    let package = parse(&document);
    assert_eq!(package.releases.len(), 80);
    let range = "the time is before 2009 or after 2099";
    let unread = "the time cannot be read";
    assert_eq!(
        reasons(&package),
        [
            ("8.0.0", unread),
            ("8.0.1", unread),
            ("9.0.0", range),
            ("9.0.1", range),
            ("9.0.2", range),
            ("9.0.3", unread),
            ("9.0.4", "no time"),
            ("9.0.5", unread)
        ]
    );
}

#[test]
fn log_entries_without_a_version_are_removed_releases() {
    let document = Document::new("pkg")
        .version("1.0.0", TIME, "")
        .time("1.0.1", "\"2020-01-01T00:00:00.000Z\"")
        .time("unpublished", "null");
    let package = parse(&document);
    assert_eq!(versions(&package), [("1.0.1", true), ("1.0.0", false)]);
    let expected =
        RawRelease { version: "1.0.1".into(), published_at: 1_577_836_800_000, removed: true, ..RawRelease::default() };
    assert_eq!(package.releases[0], expected);
}

#[test]
fn a_version_that_is_no_object_is_skipped_but_not_removed() {
    for value in ["null", "[]", "\"1.0.0\"", "7"] {
        let document =
            Document::new("pkg").sound_versions(2).raw_version("9.0.0", value).time("9.0.0", &format!("\"{TIME}\""));
        let package = parse(&document);
        assert_eq!(package.releases.len(), 2);
        assert_eq!(reasons(&package), [("9.0.0", "the version is not an object")]);
    }
}

#[test]
fn repeated_keys_keep_the_first() {
    let other = r#""_npmUser":{"name":"eve"}"#;
    let same = Document::new("pkg").version("1.0.0", TIME, "").version("1.0.0", TIME, "");
    assert_eq!(reasons(&parse(&same)), []);
    let different = Document::new("pkg").version("1.0.0", TIME, "").version("1.0.0", "2021-01-02T03:04:05.678Z", other);
    let package = parse(&different);
    assert_eq!(package.releases.len(), 1);
    assert_eq!(package.releases[0].publisher.as_deref(), Some("ada"));
    assert_eq!(package.releases[0].published_at, 1_577_934_245_678);
    assert_eq!(package.skipped.len(), 2, "the object and the time: {:?}", package.skipped);
    let (found, skipped) = release(&format!("{SOUND},{other}"));
    assert_eq!((found.publisher.as_deref(), skipped), (Some("ada"), vec!["_npmUser appears twice".to_owned()]));
}

#[test]
fn every_real_document_parses_without_loss() {
    let Some(paths) = real_documents() else { return };
    assert!(paths.len() >= 54);
    for path in paths {
        let package = npm::read(&path).unwrap_or_else(|error| panic!("{error}"));
        assert!(package.skipped.is_empty(), "{}: {:?}", package.name, package.skipped);
        assert!(package.revision.is_some() && package.releases.len() > 7, "{}", package.name);
        let order = package.releases.is_sorted_by_key(|release| (release.published_at, release.version.clone()));
        assert!(order, "{}", package.name);
    }
}
