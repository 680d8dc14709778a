//! Bundles of evidence: judged again from the bundle alone, byte for byte; what was changed is refused by its name;
//! hostile ZIP files are refused.

use std::io::{Cursor, Read, Write};

use gaitkeeper::archive::bundle::{Bundle, MANIFEST};
use gaitkeeper::detect::scene::{Scene, said};
use serde_json::Value;
use zip::read::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::command::Place;
use crate::tables::parquet;
use crate::trust_commands::{NAME, published, real};

type Members = Vec<(String, Vec<u8>)>;

fn place() -> Place {
    let place = Place::new();
    let events = Scene::monorepo(4, 20)
        .then(9, |e| e.package = said("pkg-1"))
        .next(|e| {
            e.package = said("pkg-1");
            e.version = said("9.0.0");
            e.git_head = None;
            e.url_dependencies = said("@worm/setup");
            e.dependencies = said("left|@worm/setup");
        })
        .events;
    place.import("events.parquet", parquet(&events));
    place
}

fn bundled(place: &Place) -> Vec<u8> {
    place.on_archive(&["investigate", "pkg-1@9.0.0", "--html", "page.html", "--bundle", "evidence.zip"]).exits(0);
    std::fs::read(place.path("evidence.zip")).expect("the bundle")
}

fn members(bytes: &[u8]) -> Members {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).expect("a ZIP file");
    (0..zip.len())
        .map(|at| {
            let mut member = zip.by_index(at).expect("a member");
            let mut content = Vec::new();
            member.read_to_end(&mut content).expect("read");
            (String::from_utf8_lossy(member.name_raw()).into_owned(), content)
        })
        .collect()
}

fn zipped(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).expect("a member");
        zip.write_all(content).expect("written");
    }
    zip.finish().expect("closed").into_inner()
}

/// Writes the members as a bundle and opens it, which must fail and say `words`.
fn refused(place: &Place, bytes: &[u8], words: &[&str]) {
    place.write("altered.zip", bytes);
    place.run(&["investigate", "--from-bundle", "altered.zip"]).exits(1).says(words).says(&["altered.zip", "help: "]);
}

#[test]
fn a_bundle_is_the_same_each_time_and_lists_what_it_holds() {
    let place = place();
    let bytes = bundled(&place);
    assert_eq!(bundled(&place), bytes);
    let members = members(&bytes);
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["case.json", "events.parquet", "findings.jsonl", "model.toml", "page.html", "scores.csv"];
    assert_eq!(names[0], MANIFEST);
    assert_eq!(names[1..], expected);
    let manifest: Value = serde_json::from_slice(&members[0].1).expect("JSON");
    assert_eq!((&manifest["form"], &manifest["version"]), (&"gaitkeeper-evidence".into(), &1.into()));
    assert!(manifest["remarks"][0].as_str().expect("a remark").contains("no documents as served"), "{manifest}");
    for (name, content) in &members[1..] {
        assert_eq!(manifest["members"][name]["bytes"], content.len(), "{name}");
        assert_eq!(manifest["members"][name]["sha256"].as_str().expect("a hash").len(), 64);
    }
    let page = &members.iter().find(|(name, _)| name == "page.html").expect("the page").1;
    assert_eq!(page, &std::fs::read(place.path("page.html")).expect("the page"));
}

#[test]
fn a_bundle_alone_gives_the_page_byte_for_byte() {
    let place = place();
    let bytes = bundled(&place);
    let text = place.on_archive(&["investigate", "pkg-1@9.0.0"]).exits(0).out;
    let elsewhere = Place::new();
    elsewhere.write("sent.zip", bytes);
    let run = elsewhere.run(&["investigate", "--from-bundle", "sent.zip", "--html", "again.html"]).exits(0);
    assert_eq!(run.out, text);
    assert!(run.err.contains("score and contributions are those that it states"), "{}", run.err);
    let again = std::fs::read(elsewhere.path("again.html")).expect("the page");
    assert!(again == std::fs::read(place.path("page.html")).expect("the page"), "the pages differ");
}

#[test]
fn documents_as_served_and_their_certificates_are_in_it() {
    let Some((path, _, integrity)) = real() else { return };
    let document = std::fs::read(path).expect("the document");
    let (place, _registry) = published(&integrity, &document);
    place.on_archive(&["pull", NAME]).exits(0);
    let release = format!("{NAME}@0.1.1");
    place.on_archive(&["investigate", &release, "--html", "page.html", "--bundle", "evidence.zip"]).exits(0);
    let members = members(&std::fs::read(place.path("evidence.zip")).expect("the bundle"));
    let member = |begins: &str, ends: &str| -> &[u8] {
        let held: Vec<&(String, Vec<u8>)> =
            members.iter().filter(|(name, _)| name.starts_with(begins) && name.ends_with(ends)).collect();
        assert!(!held.is_empty(), "no {begins}");
        &held[0].1
    };
    assert_eq!(member("attestations/", "0.1.1-0.json"), document);
    assert!(member("certificates/", ".pem").starts_with(b"-----BEGIN CERTIFICATE-----\nMII"));
    let served: Value = serde_json::from_slice(member("raw/", "")).expect("the packument");
    assert_eq!(served["name"], NAME);
    let manifest: Value = serde_json::from_slice(&members[0].1).expect("JSON");
    assert_eq!(manifest["remarks"], serde_json::json!([]), "{manifest}");
    let page = std::fs::read_to_string(place.path("page.html")).expect("the page");
    assert!(page.contains("https://search.sigstore.dev/?logIndex="), "no link to the log");
    assert!(page.contains("<a href=\"https://github.com/microsoft/playwright-cli\" rel=\"noopener"), "no repository");
    place.run(&["investigate", "--from-bundle", "evidence.zip", "--html", "again.html"]).exits(0);
    assert!(std::fs::read_to_string(place.path("again.html")).expect("the page") == page, "the pages differ");
}

#[test]
fn verdicts_and_held_alerts_are_part_of_the_evidence() {
    let place = place();
    place.write("verdicts.csv", "registry,package,version,verdict\nnpm,pkg-1,1.0.19,malicious\n");
    let desk = ["--verdicts", "verdicts.csv", "--hold-alerts"];
    let asked = ["investigate", "pkg-1@9.0.0", "--html", "page.html", "--bundle", "evidence.zip"];
    let text = place.on_archive(&[&asked[..], &desk].concat()).exits(0).out;
    let run = place.run(&["investigate", "--from-bundle", "evidence.zip", "--html", "again.html"]).exits(0);
    assert_eq!(run.out, text);
    let read = |name| std::fs::read(place.path(name)).expect("the page");
    assert!(read("again.html") == read("page.html"), "the pages differ");
}

#[test]
fn a_changed_member_is_refused_by_its_name() {
    let place = place();
    let bytes = bundled(&place);
    let whole = members(&bytes);
    for (at, (name, _)) in whole.iter().enumerate().skip(1) {
        let mut altered = whole.clone();
        let middle = altered[at].1.len() / 2;
        altered[at].1[middle] ^= 1;
        refused(&place, &zipped(&altered), &[&format!("the member `{name}` is not the one that the manifest lists")]);
        altered.remove(at);
        refused(&place, &zipped(&altered), &[&format!("the member `{name}` is missing")]);
    }
    let mut added = whole.clone();
    added.push(("more.json".to_owned(), b"{}".to_vec()));
    refused(&place, &zipped(&added), &["the member `more.json` is not in the manifest"]);
    refused(&place, &zipped(&whole[1..]), &["has no manifest.json"]);
}

/// The bundle with one member replaced and the manifest telling so: whole, and untrue.
fn forged(whole: &[(String, Vec<u8>)], name: &str, content: &[u8]) -> Vec<u8> {
    let mut bundle = Bundle::new("pkg:npm/pkg-1@9.0.0".to_owned());
    for (held, bytes) in &whole[1..] {
        let bytes = if held == name { content.to_vec() } else { bytes.clone() };
        bundle.add(held, "", bytes).expect("a member");
    }
    bundle.pack().expect("packed").0
}

#[test]
fn a_bundle_that_states_another_score_than_its_events_give_is_refused() {
    let place = place();
    let whole = members(&bundled(&place));
    let findings = &whole.iter().find(|(name, _)| name == "findings.jsonl").expect("the findings").1;
    let text = String::from_utf8(findings.clone()).expect("text");
    let line: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    let score = line["score"].as_str().expect("a score");
    let altered = text.replacen(&format!("\"score\":\"{score}\""), "\"score\":\"-20.00\"", 1);
    assert_ne!(altered, text);
    refused(
        &place,
        &forged(&whole, "findings.jsonl", altered.as_bytes()),
        &["what its events and its model give is not what its findings say"],
    );
    refused(&place, &forged(&whole, "model.toml", b"version = 1"), &["model.toml"]);
    refused(&place, &forged(&whole, "events.parquet", b"PAR1"), &["events.parquet", "not a readable Parquet"]);
    refused(&place, &forged(&whole, "case.json", b"{}"), &["case.json", "is not readable"]);
    let case = &whole.iter().find(|(name, _)| name == "case.json").expect("the case").1;
    let mut case: Value = serde_json::from_slice(case).expect("JSON");
    case["past"] = serde_json::json!([[0, 4_000_000_000u32]]);
    let huge = serde_json::to_vec(&case).expect("JSON");
    refused(&place, &forged(&whole, "case.json", &huge), &["more than a window holds"]);
}

#[test]
fn hostile_zip_files_are_refused() {
    let place = place();
    let whole = members(&bundled(&place));
    for name in
        ["../../etc/passwd", "/etc/passwd", "raw/../../x", "raw\\..\\x", "raw//x", ".hidden", "c:x", "raw/\u{202e}x"]
    {
        let mut evil = whole.clone();
        evil.push((name.to_owned(), b"x".to_vec()));
        refused(&place, &zipped(&evil), &["has a name that no bundle holds"]);
    }
    // A bomb: 300 MB of zeros are 300 KB.
    let mut bomb = whole.clone();
    bomb.push(("raw/0-bomb".to_owned(), vec![0; 300 << 20]));
    refused(&place, &zipped(&bomb), &["the member `raw/0-bomb` claims to be larger than any that is read"]);
    // The same, claiming to be small: the length in the central directory is the last one in the file.
    let mut lying = zipped(&bomb);
    let real = u32::try_from(300 << 20).expect("small").to_le_bytes();
    let places: Vec<usize> = lying.windows(4).enumerate().filter(|(_, w)| *w == real).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        lying[at..at + 4].copy_from_slice(&1_000u32.to_le_bytes());
    }
    refused(&place, &lying, &["altered.zip"]);
    // Twice the same name: the second is renamed in the bytes, in both places where it stands.
    let mut twice = whole.clone();
    twice.push(("scores.cs_".to_owned(), b"other".to_vec()));
    let mut twice = zipped(&twice);
    let places: Vec<usize> =
        twice.windows(10).enumerate().filter(|(_, w)| *w == b"scores.cs_").map(|(at, _)| at).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        twice[at + 9] = b'v';
    }
    refused(&place, &twice, &["altered.zip"]);
    let bytes = zipped(&whole);
    refused(&place, &bytes[..bytes.len() / 2], &["is no readable ZIP file"]);
    refused(&place, b"", &["is no readable ZIP file"]);
    refused(&place, &zipped(&[(MANIFEST.to_owned(), b"{}".to_vec())]), &["is no bundle of evidence"]);
    refused(&place, &zipped(&[(MANIFEST.to_owned(), vec![b'['; 100_000])]), &["manifest.json is not readable"]);
    let later = br#"{"form":"gaitkeeper-evidence","version":2}"#.to_vec();
    refused(&place, &zipped(&[(MANIFEST.to_owned(), later)]), &["is of form 2", "update gaitkeeper"]);
    place.run(&["investigate", "--from-bundle", "absent.zip"]).exits(1).says(&["absent.zip", "help: "]);
    place.run(&["investigate", "pkg-1@9.0.0", "--from-bundle", "altered.zip"]).exits(2);
}
