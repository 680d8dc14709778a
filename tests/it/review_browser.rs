//! The desk in a real browser: by keyboard from the queue to the history, at two widths.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use gaitkeeper::archive::verdicts::Verdict;
use gaitkeeper::review::store::Store;
use serde_json::Value;

use crate::review_setting::{Open, archive};

/// The folder of the browser's driver. Where it is absent, a remark that the test was skipped goes past the test
/// runner's capture, and `GAITKEEPER_REQUIRE_BROWSER` turns it into a failure.
fn driver() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/browser");
    if path.join("installed.json").exists() {
        return Some(path);
    }
    assert!(std::env::var_os("GAITKEEPER_REQUIRE_BROWSER").is_none(), "{} must be there", path.display());
    let path = path.display();
    writeln!(io::stderr(), "SKIPPED review_browser: no driver in {path} (run .ci/browser)").expect("stderr");
    None
}

#[test]
fn a_day_at_the_desk_goes_by_keyboard_and_asks_nobody_else() {
    let Some(driver) = driver() else { return };
    let place = archive();
    let open = Open::at(&place);
    // Beside the driver, so that node finds it.
    let script = driver.join("desk.mjs");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/desk.mjs"), &script).expect("copied");
    let browser = std::env::var_os("GAITKEEPER_BROWSER").unwrap_or_else(|| "/usr/bin/chromium".into());
    let mut command = Command::new("node");
    command.arg(&script).arg(&open.url).env("GAITKEEPER_BROWSER", browser).current_dir(&driver);
    if let Some(shots) = std::env::var_os("GAITKEEPER_SCREENSHOTS") {
        command.arg(shots);
    }
    let output = command.output().expect("node starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let told: Value = serde_json::from_str(&text)
        .unwrap_or_else(|e| panic!("{e}: {text}{}", String::from_utf8_lossy(&output.stderr)));

    assert_eq!(told["errors"], Value::Array(Vec::new()), "the console is quiet: {told}");
    assert_eq!(told["strangers"], Value::Array(Vec::new()), "nobody else is asked: {told}");
    assert_eq!(told["wide"], Value::Array(Vec::new()), "no page is wider than its window: {told}");
    assert_eq!(told["dialogs"], 0, "no stranger's script ran: {told}");
    let given: Vec<_> = Store::read(&place.path("archive"))
        .expect("readable")
        .expect("there")
        .all()
        .expect("read")
        .into_iter()
        .map(|k| k.given)
        .collect();
    assert_eq!(given.len(), 2, "{given:?}");
    assert_eq!((given[0].verdict, given[0].reason.as_str()), (Verdict::Malicious, "by keyboard"));
    assert_eq!((given[1].verdict, given[1].reason.as_str()), (Verdict::Unsure, "without a script"));
    assert_eq!(told["decided"], given[0].release.to_string());
    assert_eq!(told["history"], 1, "it is in the history: {told}");
    assert!(told["filtered"].as_u64() < told["listed"].as_u64(), "the filter leaves some out: {told}");
    assert_eq!(told["unfiltered"], told["listed"], "and Escape does not empty it, clearing does: {told}");
}
