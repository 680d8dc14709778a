//! Files that name packages: how their format is told, and which are refused with what words.

use std::fs;
use std::path::PathBuf;

use gaitkeeper::acquire::lists::{self, LIST_FILES, LISTS};
use gaitkeeper::error::{Error, Kind};
use tempfile::TempDir;

use crate::list_samples::{SAMPLES, filled};

/// Writes a file into a folder of its own.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("written");
    (folder, path)
}

/// The refusal of a file, which must name it and say what to do.
fn refused(name: &str, bytes: impl AsRef<[u8]>) -> Error {
    let (_folder, path) = file(name, bytes);
    let error = lists::read(&path).expect_err("refused");
    assert_eq!((error.kind, error.file.as_ref()), (Kind::Tool, Some(&path)));
    assert!(error.remedy.is_some(), "{error}");
    error
}

#[track_caller]
fn assert_refused(name: &str, bytes: impl AsRef<[u8]>, what: &str, remedy: &str) {
    let error = refused(name, bytes);
    assert!(error.to_string().contains(what), "{error}");
    assert!(error.remedy.as_deref().is_some_and(|text| text.contains(remedy)), "{:?}", error.remedy);
}

#[test]
fn every_format_is_told_by_name_and_by_content() {
    for (id, name, text) in SAMPLES {
        for name in [*name, "renamed.data"] {
            let (_folder, path) = file(name, filled(text));
            let (format, list) = lists::read(&path).unwrap_or_else(|error| panic!("{id} as {name}: {error}"));
            assert_eq!(format.id, *id, "{name}");
            assert!(!list.wanted.is_empty(), "{id}");
            assert!(list.wanted.is_sorted(), "{id}");
        }
    }
    let known: std::collections::BTreeSet<&str> = SAMPLES.iter().map(|(id, ..)| *id).collect();
    assert!(LISTS.iter().all(|format| known.contains(format.id)), "a format without a sample");
    assert_eq!((known.len(), LIST_FILES.len()), (LISTS.len(), LISTS.len()));
}

#[test]
fn the_name_goes_before_the_content() {
    let (_folder, path) = file("requirements.txt", "");
    assert_eq!(lists::read(&path).expect("an empty list").0.id, "requirements");
    assert_refused("uv.lock", "{\"lockfileVersion\": 3, \"requires\": true}", "cannot be read as TOML", "`uv lock`");
}

#[test]
fn a_byte_order_mark_is_stepped_over() {
    let (_folder, path) = file("package-lock.json", "\u{feff}{\"lockfileVersion\":3}");
    assert!(lists::read(&path).is_ok());
}

#[test]
fn other_files_are_refused_with_what_is_known() {
    assert_refused("package.json", "{\"dependencies\":{}}", "is no list of packages", "package-lock.json");
    assert_refused("notes.txt", "a==1\n", "is no list of packages", "Gemfile.lock");
    assert_refused("empty", "", "is no list of packages", "pnpm-lock.yaml");
}

#[test]
fn buns_binary_lock_file_is_refused() {
    let remedy = "bun install --save-text-lockfile";
    assert_refused("bun.lockb", [0xff, 0x00], "binary", remedy);
    assert_refused("other", b"#!/usr/bin/env bun\nbun-lockfile-format-v0\n\xff", "binary", remedy);
}

#[test]
fn other_forms_of_bills_are_refused() {
    let remedy = "export it as JSON";
    assert_refused("bom.xml", "<?xml?><bom/>", "CycloneDX bill of materials in XML", remedy);
    assert_refused("b", "<bom xmlns=\"http://cyclonedx.example/schema/bom/1.6\">", "in XML", remedy);
    assert_refused("b", "SPDXVersion: SPDX-2.3\n", "tag-value", remedy);
    assert_refused("b.spdx", "", "tag-value", remedy);
    assert_refused("b.spdx.yaml", "spdxVersion: SPDX-2.3\n", "YAML", remedy);
    assert_refused("b", "<rdf:RDF xmlns:spdx=\"x\">", "RDF", remedy);
}

#[test]
fn damaged_files_are_refused_with_their_place() {
    let error = refused("package-lock.json", "{\n  \"packages\": {\n");
    assert_eq!(error.place.as_deref(), Some("line 3 column 0"));
    assert_refused("package-lock.json", "{", "cannot be read as JSON", "npm install --package-lock-only");
    assert_refused("yarn.lock", [b'a', 0xff], "at byte 1: is not UTF-8", "UTF-8");
    assert_refused("Cargo.lock", "version = 4\n<<<<<<< HEAD\n", "at line 2: holds an unresolved merge", "resolve");
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let error = lists::read(folder.path()).expect_err("a folder");
    assert!(error.to_string().contains("is a directory"), "{error}");
    let error = lists::read(&folder.path().join("gone")).expect_err("nothing");
    assert!(error.to_string().contains("cannot read the file"), "{error}");
}
