//! The MCP server and the official client for Python, as `.ci/clients` installs it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::command::Place;

/// The client's Python. Where it is absent, a remark that the test was skipped goes past the test runner's capture, and
/// `GAITKEEPER_REQUIRE_CLIENTS` turns it into a failure.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = std::env::var_os("GAITKEEPER_CLIENTS").map_or_else(|| root.join("target/clients"), |set| root.join(set));
    if path.join("python.installed").exists() {
        return Some(path.join("python/bin/python"));
    }
    assert!(std::env::var_os("GAITKEEPER_REQUIRE_CLIENTS").is_none(), "{} must be there", path.display());
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let path = path.display();
    writeln!(std::io::stderr(), "SKIPPED {test}: no client in {path} (run .ci/clients, or set GAITKEEPER_CLIENTS)")
        .expect("stderr");
    None
}

/// What the client was told, on the data in the box.
fn ask(python: &Path, calls: &Value) -> Value {
    let place = Place::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/ask.py");
    let output = Command::new(python)
        .arg("-I")
        .arg(script)
        .arg(calls.to_string())
        .args([env!("CARGO_BIN_EXE_gaitkeeper"), "mcp"])
        .current_dir(place.path("."))
        .env_remove("GAITKEEPER_ARCHIVE")
        .output()
        .expect("the client starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {errors}"))
}

#[test]
fn the_official_client_finds_the_alert_of_the_readme_and_looks_into_it() {
    let Some(python) = python() else { return };
    let said = ask(
        &python,
        &json!([
            ["score", {"as_of": "2026-05-20"}],
            ["investigate", {"release": "size-sensor@1.0.4"}],
            ["timeline", {"package": "size-sensor", "limit": 3}],
            ["signals", {"id": "git-head-lost"}],
            ["investigate", {"release": "size-sensr@1.0.4"}],
        ]),
    );
    let tools: Vec<&str> =
        said["tools"].as_array().expect("tools").iter().map(|t| t["name"].as_str().expect("name")).collect();
    assert_eq!(tools, ["investigate", "score", "signals", "timeline"], "verdicts are off unless allowed");
    for tool in said["tools"].as_array().expect("tools") {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert!(tool["inputSchema"]["type"] == "object" && tool["outputSchema"]["type"] == "object", "{tool}");
    }
    assert!(said["initialized"]["instructions"].as_str().is_some_and(|text| text.contains("written by strangers")));
    let answers = said["answers"].as_array().expect("answers");
    let findings = answers[0]["structuredContent"]["findings"].as_array().expect("findings");
    assert_eq!(answers[0]["structuredContent"]["publishes"], 2556);
    assert!(findings.iter().any(|f| f["package"] == "size-sensor" && f["version"] == "1.0.4"), "{findings:?}");
    assert_eq!(answers[1]["structuredContent"]["finding"]["contributions"][0]["signal"], "git-head-lost");
    assert_eq!(answers[2]["structuredContent"]["publishes"].as_array().map(Vec::len), Some(3));
    assert_eq!(answers[3]["structuredContent"]["signals"][0]["id"], "git-head-lost");
    assert_eq!(answers[4]["isError"], true);
    let refused = answers[4]["content"][0]["text"].as_str().expect("a text");
    assert!(refused.contains("size-sensr") && refused.contains("help: "), "{refused}");
}
