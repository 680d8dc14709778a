//! The README's transcript of a pull is replayed, word for word but for the port and the time it took.

use std::fs;
use std::path::Path;

use crate::command::Place;
use crate::replay::{Replay, shared_packument};

/// Text in which what differs between runs does not.
fn usual(text: &str, port: u16) -> String {
    let text = text.replace(&format!(":{port}"), ":4873");
    let lines = text.lines().map(|line| match line.rsplit_once(" MB received, ") {
        Some((before, _)) => format!("{before} MB received"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readme_shows_what_happens() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    let (_, rest) = readme.split_once("<!-- transcript: ").expect("the transcript");
    let (names, rest) = rest.split_once(" -->\n```console\n").expect("its names");
    let (transcript, _) = rest.split_once("```").expect("its end");
    let replay = Replay::start();
    let place = Place::new();
    let mut entries = Vec::new();
    for name in names.split(' ') {
        let Some(bytes) = shared_packument(name) else { return };
        let document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        for (version, object) in document["versions"].as_object().expect("versions") {
            if object["dist"]["attestations"].is_object() {
                replay.serve_attestations(name, version, r#"{"attestations":[]}"#);
            }
        }
        replay.serve_packument(name, bytes);
        entries.push(format!("\"node_modules/{name}\":{{\"version\":\"1.0.0\"}}"));
    }
    place.write("package-lock.json", format!("{{\"lockfileVersion\":3,\"packages\":{{{}}}}}", entries.join(",")));
    let mut steps = 0;
    for step in transcript.split("$ gaitkeeper ").skip(1) {
        let (command, shown) = step.split_once('\n').expect("a command and its output");
        let arguments = command.replace(":4873", &format!(":{}", replay.port()));
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let out = usual(&place.run(&arguments).exits(0).out, replay.port());
        let mut left = out.as_str();
        for part in usual(shown, replay.port()).split("[...]") {
            let part = part.trim_matches('\n');
            let at = left
                .find(part)
                .unwrap_or_else(|| panic!("README.md shows of `{command}`:\n{part}\nand it says:\n{out}"));
            left = &left[at + part.len()..];
        }
        steps += 1;
    }
    assert_eq!(steps, 3, "pull, score, investigate");
}
