//! Which npm documents are refused, which are taken with a warning, and with which words.

use gaitkeeper::acquire::npm;
use gaitkeeper::acquire::raw::RawPackage;
use gaitkeeper::error::{Error, Kind};

use crate::packuments::{Document, SOUND};

const TIME: &str = "2020-01-02T03:04:05.678Z";

fn parse(document: &Document) -> RawPackage {
    npm::parse(document.json().as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// The refusal of a text, which must say where and what to do.
fn refused(text: &str) -> Error {
    let error = npm::parse(text.as_bytes()).expect_err("must be refused");
    assert_eq!(error.kind, Kind::Tool);
    assert!(error.remedy.is_some(), "{error}");
    error
}

#[track_caller]
fn assert_refused(text: &str, what: &str, remedy: &str) {
    let error = refused(text);
    assert!(error.to_string().contains(what), "{error}");
    assert!(error.remedy.as_deref().is_some_and(|text| text.contains(remedy)), "{:?}", error.remedy);
}

fn sound() -> Document {
    Document::new("pkg").sound_versions(3)
}

#[test]
fn other_kinds_of_document_are_named() {
    let exactly = "exactly Accept: application/json";
    let abbreviated = r#"{"name":"pkg","modified":"2020-01-02T03:04:05.678Z","dist-tags":{},"versions":{"1.0.0":{}}}"#;
    assert_refused(abbreviated, "abbreviated", exactly);
    assert_refused(r#"{"name":"pkg","versions":{"1.0.0":{}}}"#, "drops it", "where the package is published");
    assert_refused(
        r#"{"_id":"pkg@1.0.0","name":"pkg","version":"1.0.0","dist":{}}"#,
        "single version",
        "without the version",
    );
    assert_refused(
        r#"{"key":"make-fetch-happen:request-cache:http://registry.example/pkg","integrity":"s"}"#,
        "npm client cache",
        exactly,
    );
    assert_refused(r#"{"error":"not_found","reason":"x"}"#, "error answer: \"not_found\"", "not the absence");
    assert_refused(r#"{"name":"pkg","version":"1.0.0","scripts":{}}"#, "not an npm package document", exactly);
    assert_refused(&sound().without("name").without("_id").json(), "does not name", "again");
    assert_refused(&sound().member("time", "null").json(), "\"time\" is not an object", exactly);
    assert_refused(&sound().member("versions", "[]").json(), "\"versions\" is not an object", exactly);
    assert_refused(&Document::new("pkg").time("1.0.0", &format!("\"{TIME}\"")).json(), "neither", "whole");
    assert_refused("[1]", "array", "one package document");
}

#[test]
fn faults_in_the_text_have_a_place() {
    let error = refused("{\"name\": \"pkg\",\n  \"time\": {,}}");
    assert_eq!(error.place.as_deref(), Some("line 2 column 12"));
    assert_eq!(error.to_string().matches("line 2").count(), 1, "{error}");
    let text = sound().json();
    assert_refused(&text[..text.len() / 2], "EOF", "cut short");
    assert_refused(&format!("{text} x"), "trailing", "again");
    let mut bytes = text.into_bytes();
    bytes[20] = 0xff;
    let error = npm::parse(&bytes).expect_err("refused");
    assert_eq!((error.what.as_str(), error.place.as_deref()), ("is not UTF-8 text", Some("byte 20")));
}

#[test]
fn a_byte_order_mark_is_no_fault() {
    assert!(npm::parse(format!("\u{feff}{}", sound().json()).as_bytes()).is_ok());
}

#[test]
fn read_names_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("pkg.json");
    std::fs::write(&path, "{\"name\":}").expect("written");
    assert_eq!(npm::read(&path).expect_err("refused").file, Some(path));
}

#[test]
fn keys_that_readers_may_disagree_on_are_refused() {
    for member in ["name", "_rev", "time", "versions"] {
        let text = sound().json();
        let twice = format!("{},\"{member}\":{}", &text[..text.len() - 1], "\"x\"}");
        assert_refused(&twice, "appears twice", "again");
    }
}

#[test]
fn names_that_could_do_harm_are_refused() {
    let long = "a".repeat(215);
    for name in [
        "",
        "..",
        ".hidden",
        "/etc/passwd",
        "a/b",
        "@scope",
        "@scope/",
        "@/a",
        "@scope/../a",
        "@scope/.a",
        "@a/b/c",
        "a\\b",
        "a\nb",
        "a\u{1b}[31m",
        "a\u{202e}b",
        "a\u{0}",
        &long,
    ] {
        let error = refused(&Document::new(name).sound_versions(1).json());
        assert_eq!(error.place.as_deref(), Some("name"), "{name:?}: {error}");
        assert!(!error.to_string().contains(['\n', '\u{1b}', '\u{202e}']), "{error}");
    }
    for name in ["-", "JSONSelect", "@scope/name", "@Scope/-", &"-".repeat(120), "a.b", "1", "constructor"] {
        assert_eq!(parse(&Document::new(name).sound_versions(1)).name, *name);
    }
    let from_id = sound().without("name");
    assert_eq!(parse(&from_id).name, "pkg");
    assert!(parse(&sound().member("_id", "\"other\"")).warnings.concat().contains("other"));
}

#[test]
fn a_trimmed_log_is_refused_and_makes_no_removals() {
    let mut document = sound();
    for index in 0..60 {
        document = document.object(&format!("2.0.{index}"), "");
    }
    assert_refused(&document.json(), "60 of 63 versions have no time", "whole document");
    let few = Document::new("pkg").sound_versions(40).object("9.0.0", "").object("9.0.1", "");
    let package = parse(&few);
    assert_eq!((package.releases.len(), package.skipped.len()), (40, 2), "2 of 42 is under 5 %");
    assert_refused(&few.object("9.0.2", "").json(), "3 of 43 versions have no time", "whole document");
}

#[test]
fn a_document_without_origin_is_refused() {
    for (document, what) in [
        (sound().without("_rev"), "no \"_rev\""),
        (sound().without_time("created"), "no \"created\""),
        (sound().without_time("modified"), "no \"modified\""),
    ] {
        assert_refused(&document.json(), what, "not from a mirror");
    }
}

#[test]
fn publishers_must_be_named_in_modern_versions() {
    let bare = |time: &str| Document::new("pkg").version("1.0.0", time, "\"dist\":{}");
    assert_refused(&bare(TIME).json(), "names its publisher", "not from a mirror");
    assert_eq!(parse(&bare("2015-12-31T23:59:59.999Z")).releases.len(), 1);
    assert_eq!(parse(&bare(TIME).version("2.0.0", TIME, "")).releases.len(), 2);
}

#[test]
fn rewritten_stamps_are_refused_and_a_handful_is_not() {
    for time in ["2020-01-02T03:04:05+00:00", "2020-01-02T03:04:05.123456Z", "2020-01-02T03:04:05Z"] {
        let odd = |count: usize, sound: usize| {
            (0..count).fold(Document::new("pkg").sound_versions(sound), |document, index| {
                document.version(&format!("2.0.{index}"), time, "")
            })
        };
        assert_refused(&odd(1, 0).json(), "1 of 1 times since 2016", "not from a mirror");
        assert_refused(&odd(4, 50).json(), "4 of 54 times since 2016", "not from a mirror");
        let package = parse(&odd(3, 50));
        assert_eq!(package.releases.len(), 53);
        assert!(package.warnings.concat().contains("3 of 53"), "{:?}", package.warnings);
    }
}

#[test]
fn times_far_from_the_upload_are_counted_and_refused_when_most_are() {
    // 2020-01-02T03:04:05.678Z is 1577934245678.
    let uploads = |off: usize, near: usize| {
        let fields = |epoch: u64| {
            format!(r#"{SOUND},"_npmOperationalInternal":{{"host":"h","tmp":"tmp/pkg_1.0.0_{epoch}_0.123"}}"#)
        };
        (0..off + near).fold(Document::new("pkg"), |document, index| {
            let epoch = if index < off { 1_577_934_185_677 } else { 1_577_934_245_000 };
            document.version(&format!("1.0.{index}"), TIME, &fields(epoch))
        })
    };
    assert_refused(&uploads(3, 2).json(), "3 of 5 times are more than 60 s", "not from a mirror");
    assert!(parse(&uploads(3, 3)).warnings.concat().contains("3 of 6 times"));
    assert!(parse(&uploads(2, 0)).warnings.concat().contains("2 of 2 times"));
    assert!(parse(&uploads(0, 4)).warnings.is_empty());
    let odd = format!(r#"{SOUND},"_npmOperationalInternal":{{"tmp":"99999999999999999999_x"}}"#);
    assert!(parse(&Document::new("pkg").version("1.0.0", TIME, &odd)).warnings.is_empty());
}

#[test]
fn doubts_are_warnings() {
    let warned = |document: &Document| parse(document).warnings.join("\n");
    assert_eq!(warned(&sound()), "");
    let marks = warned(&sound().member("_uplinks", "{}").member("_attachments", "{}"));
    assert!(marks.contains("_uplinks, _attachments"), "{marks}");
    let bare = Document::new("pkg").version("1.0.0", TIME, r#""_npmUser":{"name":"ada"}"#);
    assert!(warned(&bare).contains("signature"));
    let crowd =
        |count: usize| (0..count).fold(sound(), |document, index| document.version(&format!("2.0.{index}"), TIME, ""));
    assert!(warned(&crowd(10)).contains("of one day"));
    assert_eq!(warned(&crowd(8)), "");
    assert!(warned(&sound().member("dist-tags", r#"{"latest":"7.7.7"}"#)).contains("7.7.7"));
    assert_eq!(warned(&sound().member("dist-tags", r#"{"latest":"1.0.2"}"#)), "");
}

#[test]
fn both_shapes_of_tombstone_leave_removed_releases() {
    for tombstone in [
        r#"{"time":"2020-02-01T00:00:00.000Z","versions":["1.0.0","1.0.1"]}"#,
        r#"{"name":"ada","time":"2020-02-01T00:00:00.000Z","tags":{"latest":"1.0.0"},"versions":["1.0.0"],"maintainers":[]}"#,
    ] {
        let log = |document: Document| {
            document
                .time("1.0.0", &format!("\"{TIME}\""))
                .time("1.0.1", &format!("\"{TIME}\""))
                .time("unpublished", tombstone)
        };
        for document in [
            log(Document::new("pkg")),
            log(Document::new("pkg")).without_time("created").without_time("modified"),
            log(Document::new("pkg")).member("versions", "{}"),
        ] {
            let package = parse(&document);
            let found: Vec<_> = package.releases.iter().map(|release| (&*release.version, release.removed)).collect();
            assert_eq!(found, [("1.0.0", true), ("1.0.1", true)]);
            assert!(package.skipped.is_empty(), "{:?}", package.skipped);
            assert!(package.warnings.concat().contains("unpublished at 2020-02-01"), "{:?}", package.warnings);
        }
    }
    let unlogged = Document::new("pkg").time("unpublished", r#"{"time":"t","versions":["1.0.0"]}"#);
    assert_eq!(parse(&unlogged).skipped[0].reason, "no time");
}

#[test]
fn a_security_holding_package_needs_all_three_marks() {
    let holding = |version: &str, address: &str, owner: &str| {
        let fields = format!(r#"{SOUND},"repository":{{"url":"{address}"}},"maintainers":[{{"name":"{owner}"}}]"#);
        parse(
            &Document::new("pkg")
                .version(version, "2020-03-01T00:00:00.000Z", &fields)
                .time("1.0.0", &format!("\"{TIME}\""))
                .member("dist-tags", &format!("{{\"latest\":\"{version}\"}}")),
        )
    };
    let address = "git+https://github.com/npm/security-holder.git";
    for version in ["0.0.1-security", "0.0.1-security.3"] {
        let package = holding(version, address, "npm");
        let found: Vec<_> = package.releases.iter().map(|release| (&*release.version, release.removed)).collect();
        assert_eq!(found, [("1.0.0", true)]);
        assert_eq!(package.skipped[0].version, version);
        assert!(package.warnings.concat().contains("security holding"));
    }
    for (version, address, owner) in [
        ("0.0.1-security.x", address, "npm"),
        ("0.0.2", address, "npm"),
        ("0.0.1-security", "git+https://registry.example/own/name.git", "npm"),
        ("0.0.1-security", address, "ada"),
    ] {
        let package = holding(version, address, owner);
        assert_eq!((package.releases.len(), package.skipped.len()), (2, 0), "{version} {address} {owner}");
    }
}
