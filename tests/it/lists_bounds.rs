//! Lists made to break their readers: nothing panics, and size, count and depth are bounded.

use std::fmt::Write as _;
use std::fs::File;

use gaitkeeper::acquire::lists::{self, LISTS, MAX_BYTES, MAX_ENTRIES};
use proptest::prelude::*;

use crate::list_samples::{SAMPLES, filled, format, try_read};

fn package_lock(packages: usize) -> String {
    let mut text = String::from("{\"lockfileVersion\":3,\"packages\":{\"\":{}");
    for index in 0..packages {
        write!(text, ",\"node_modules/p{index:06}\":{{\"version\":\"1.0.0\",\"integrity\":\"$SRI\"}}").expect("text");
    }
    text + "}}"
}

#[test]
fn twenty_thousand_packages_are_read() {
    let list = try_read("package-lock", &package_lock(20_000)).expect("read");
    assert_eq!((list.wanted.len(), list.left_out.len()), (20_000, 0));
    assert_eq!(list.wanted[19_999].name, "p019999");
    let mut text = String::from("lockfileVersion: '9.0'\npackages:\n");
    for index in 0..20_000 {
        writeln!(text, "  p{index:06}@1.0.0:\n    resolution: {{integrity: $SRI}}\n    engines: {{node: '>=4'}}")
            .expect("text");
    }
    assert_eq!(try_read("pnpm-lock", &text).expect("read").wanted.len(), 20_000);
}

#[test]
fn too_many_entries_are_refused() {
    let many = format!("more than {MAX_ENTRIES} entries");
    let error = try_read("package-lock", &package_lock(MAX_ENTRIES + 1).replace("$SRI", "")).expect_err("refused");
    assert!(error.to_string().contains(&many), "{error}");
    let error = try_read("requirements", &"-r x\n".repeat(MAX_ENTRIES + 1)).expect_err("left out ones count");
    assert!(error.to_string().contains(&many), "{error}");
    let error = try_read("cargo-lock", &"[[package]]\n".repeat(MAX_ENTRIES + 1)).expect_err("refused");
    assert!(error.to_string().contains(&many), "{error}");
}

#[test]
fn parts_of_an_entry_cannot_multiply() {
    let error = try_read("pnpm-lock", &format!("lockfileVersion: '9.0'\n{}", "---\n".repeat(20))).expect_err("refused");
    assert!(error.to_string().contains("more than 16 documents"), "{error}");
    let error = try_read("yarn-lock", &format!("{}a@1:\n", "a@1, ".repeat(10_000))).expect_err("refused");
    assert_eq!(error.place.as_deref(), Some("line 1"));
    let sums = "  a (1) sha256=$HEX\n".repeat(10);
    let list = try_read("gemfile-lock", &format!("GEM\n  specs:\n    a (1)\nCHECKSUMS\n{sums}")).expect("read");
    assert_eq!((list.wanted.len(), list.wanted[0].integrity.len()), (1, 1));
}

#[test]
fn too_large_a_file_is_refused_unread() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("yarn.lock");
    File::create(&path).expect("created").set_len(MAX_BYTES as u64 + 1).expect("grown");
    let error = lists::read(&path).expect_err("refused");
    assert!(error.to_string().contains("is larger than 64 MB"), "{error}");
}

#[test]
fn a_tree_of_tiny_parts_is_refused() {
    let error = try_read("uv-lock", &format!("a = [{}]", "1,".repeat(5_000_000))).expect_err("refused");
    assert!(error.to_string().contains("parts"), "{error}");
}

#[test]
fn aliases_cannot_multiply_a_document() {
    let mut text = String::from("lockfileVersion: '9.0'\na: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, last) in ('b'..='z').zip('a'..='y') {
        writeln!(text, "{name}: &{name} [*{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}]")
            .expect("text");
    }
    let error = try_read("pnpm-lock", &text).expect_err("refused");
    assert!(error.place.is_some() && error.remedy.is_some(), "{error}");
}

#[test]
fn depth_is_bounded_in_every_syntax() {
    for depth in [100, 100_000] {
        for (id, start) in [
            ("package-lock", "{\"packages\":"),
            ("bun-lock", "{\"packages\":"),
            ("pnpm-lock", "lockfileVersion: '9.0'\npackages: "),
            ("yarn-lock", "__metadata: "),
            ("uv-lock", "version = "),
            ("cyclonedx", "{\"bomFormat\":\"CycloneDX\",\"components\":"),
            ("spdx", "{\"@graph\":"),
        ] {
            let _ = try_read(id, &format!("{start}{}", "[".repeat(depth)));
            let _ = try_read(id, &format!("{start}{}", "{\"a\":".repeat(depth)));
            let _ = try_read(id, &format!("{start}{}", "[{\"components\":".repeat(depth)));
        }
        let _ = try_read("pnpm-lock", &format!("lockfileVersion: '9.0'\n{}", "- ".repeat(depth)));
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in any::<String>()) {
        for format in LISTS {
            let _ = (format.recognises)(&text, &text);
            let _ = (format.read)(&text);
        }
    }

    #[test]
    fn no_text_of_the_formats_own_words_makes_a_reader_panic(
        words in prop::collection::vec(
            prop::sample::select(&[
                "\n", "  ", " ", "\"", "'", ":", "/", "@", "#", "\\", "(", ")", "[", "]", "{", "}", ",", "=", "==", "-", "é",
                "%", "%4", "\u{202e}", "a", "1.0", "GEM", "specs:", "npm:", "patch:", "version", "lockfileVersion: 5.4\n",
                "lockfileVersion: '6.0'\n", "packages:", "resolution", "[[package]]", "name", "--hash", "pkg:npm/", "---\n",
                "__metadata:", "CHECKSUMS\n", "//", "/*", "*/", "&a", "*a", "<<", "? ", "!!binary", ".nan", "0x1",
            ][..]),
            0..60,
        )
    ) {
        let text = words.concat();
        for format in LISTS {
            let _ = (format.recognises)("", &text);
            let _ = (format.read)(&text);
        }
    }

    #[test]
    fn no_damage_makes_a_reader_panic(sample in 0..SAMPLES.len(), at in any::<usize>(), put in ".{0,3}", cut in 0_usize..8) {
        let (id, _, text) = SAMPLES[sample];
        let mut chars: Vec<char> = filled(text).chars().collect();
        let at = at % chars.len();
        chars.splice(at..(at + cut).min(chars.len()), put.chars());
        let text: String = chars.into_iter().collect();
        if let Ok(list) = (format(id).read)(&text) {
            prop_assert!(list.wanted.is_sorted());
            prop_assert!(list.wanted.iter().all(|wanted| !wanted.name.is_empty() && wanted.version.as_deref() != Some("")));
        }
        for format in LISTS {
            let _ = (format.read)(&text);
        }
    }

    #[test]
    fn every_purl_is_taken_up_or_left_out(purl in "(pkg:)?(/)?(npm|pypi|gem|x)?/?[a-zA-Z@%/.?#&=0-9é-]{0,20}") {
        let text = serde_json::json!({"bomFormat": "CycloneDX", "components": [{"purl": purl}]}).to_string();
        let list = (format("cyclonedx").read)(&text).expect("read");
        prop_assert_eq!(list.wanted.len() + list.left_out.len(), 1);
    }
}
