//! npm documents made to break the reader: nothing panics, overflows, or hides a package.

use std::fmt::Write as _;

use gaitkeeper::acquire::npm;
use gaitkeeper::acquire::raw::{RawPackage, RawRelease};
use proptest::prelude::*;

use crate::packuments::{Document, SOUND};

const TIME: &str = "2020-01-02T03:04:05.678Z";

fn parse(document: &Document) -> RawPackage {
    npm::parse(document.json().as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// The release whose version object has these members, and the reasons in `skipped`.
fn release(fields: &str) -> (RawRelease, Vec<String>) {
    let document = Document::new("pkg").version("1.0.0", TIME, &format!("\"_npmUser\":{{\"name\":\"ada\"}},{fields}"));
    let mut package = parse(&document);
    let reasons = package.skipped.into_iter().map(|skipped| skipped.reason).collect();
    (package.releases.remove(0), reasons)
}

#[test]
fn lists_and_texts_are_kept_up_to_their_limits() {
    let long = "x".repeat((64 << 10) + 1);
    let (found, skipped) = release(&format!(r#""_nodeVersion":"{long}","scripts":{{"install":"{long}"}}"#));
    assert_eq!(found.node_version, None);
    assert_eq!(found.install_scripts, [("install", long[1..].to_owned())], "a hook is cut, not hidden");
    assert_eq!(skipped.len(), 2, "{skipped:?}");
    let many: Vec<String> = (0..10_001).map(|n| format!("\"d{n}\":\"1\"")).collect();
    let (found, skipped) = release(&format!("\"dependencies\":{{{}}}", many.join(",")));
    assert_eq!((found.dependencies.map(|names| names.len()), skipped.len()), (Some(10_000), 1));
}

#[test]
fn half_a_character_does_not_hide_a_package() {
    let fields = format!(r#"{SOUND},"scripts":{{"install":"a\ud800b \\ud800 \ud83d\ude00"}}"#);
    let package = parse(&Document::new("pkg").version("1.0.0", TIME, &fields));
    assert_eq!(package.releases[0].install_scripts[0].1, "a\u{fffd}b \\ud800 \u{1f600}");
    assert_eq!(package.skipped.len(), 1);
}

#[test]
fn deep_nesting_is_stepped_over_wherever_it_stands() {
    for depth in [200, 1_000_000] {
        let (open, close) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
        for member in ["readme", "_npmUser", "maintainers", "dist", "scripts", "gitHead"] {
            let (_, skipped) = release(&format!("\"{member}\":{open}1{close}"));
            assert_eq!(skipped.is_empty(), member == "readme", "{member} {skipped:?}");
        }
    }
}

#[test]
fn too_many_versions_are_refused() {
    let mut log = String::from("{\"created\":\"x\",\"modified\":\"x\"");
    for index in 0..=200_000 {
        write!(log, ",\"{index}\":0").expect("text");
    }
    log.push('}');
    let text = Document::new("pkg").sound_versions(1).member("time", &log).json();
    let error = npm::parse(text.as_bytes()).expect_err("refused");
    assert!(error.to_string().contains("more than 200000 versions"), "{error}");
}

proptest! {
    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..2000, byte: u8, cut in 0_usize..2000) {
        let mut bytes = Document::new("pkg").sound_versions(4).json().into_bytes();
        let place = at % bytes.len();
        bytes[place] = byte;
        let _ = npm::parse(&bytes);
        bytes.truncate(cut);
        let _ = npm::parse(&bytes);
    }

    #[test]
    fn no_time_makes_it_panic(time in "[0-9]{4,6}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2})") {
        let text = Document::new("pkg").version("1.0.0", &time, "").json();
        let _ = npm::parse(text.as_bytes());
    }
}
