//! Reports in the hands of others: validators, a spreadsheet, data frames, GitHub's Markdown and a browser, as
//! `.ci/readers` and `.ci/browser` install them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use gaitkeeper::report::FORMATS;
use gaitkeeper::report::view::View;
use serde_json::Value;
use tempfile::TempDir;

use crate::view_samples::{HARMLESS, long_payloads, payloads, quiet_view, view};

/// How LibreOffice reads and writes: commas, quotation marks, UTF-8; quoted cells are text, and numbers are as they stand.
const SPREADSHEET: [&str; 2] = [
    "Text - txt - csv (StarCalc):44,34,76,1,,1033,true,false",
    "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a script installed under `target/`, or a visible remark that the test was skipped; `require` forbids that.
pub fn installed(path: PathBuf, script: &str, require: &str) -> Option<PathBuf> {
    if path.join("installed.json").exists() {
        return Some(path);
    }
    assert!(std::env::var_os(require).is_none(), "{} must be there", path.display());
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(std::io::stderr(), "SKIPPED {test}: {} is not there (run {script})", path.display()).expect("stderr");
    None
}

fn readers() -> Option<PathBuf> {
    let path =
        std::env::var_os("GAITKEEPER_READERS").map_or_else(|| root().join("target/readers"), |set| root().join(set));
    installed(path, ".ci/readers", "GAITKEEPER_REQUIRE_READERS")
}

/// Views by a name: one that asks for nothing, one without findings, and hostile ones.
fn views() -> Vec<(String, View)> {
    let mut all = vec![("harmless".to_owned(), view(HARMLESS)), ("quiet".to_owned(), quiet_view(HARMLESS))];
    all.extend(long_payloads().iter().enumerate().map(|(i, payload)| (format!("long-{i}"), view(payload))));
    all.extend(payloads().iter().enumerate().map(|(i, payload)| (format!("hostile-{i}"), view(payload))));
    all
}

/// Every format of every view, in a folder each.
fn export() -> TempDir {
    let place = tempfile::tempdir().expect("a folder");
    for (name, view) in views() {
        let folder = place.path().join(name);
        fs::create_dir(&folder).expect("a folder");
        for format in FORMATS {
            fs::write(folder.join(format.file), (format.write)(&view)).expect("written");
        }
    }
    place
}

/// The same with a window of the data in the box, whose strings are real.
fn export_with_the_box() -> TempDir {
    let place = export();
    let out = Command::new(env!("CARGO_BIN_EXE_gaitkeeper"))
        .args(["score", "--as-of", "2026-05-20", "--quiet", "--export", "real"])
        .current_dir(place.path())
        .output()
        .expect("the program starts");
    assert!(out.status.success(), "{}", text(&out.stderr));
    place
}

fn files(place: &TempDir, name: &str) -> Vec<PathBuf> {
    let folders = fs::read_dir(place.path()).expect("folders").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = folders.map(|folder| folder.join(name)).collect();
    files.sort();
    assert!(files.len() > 20, "only {} files", files.len());
    files
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?} does not start: {e}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn sarif_is_what_the_standard_and_its_makers_say() {
    let Some(readers) = readers() else { return };
    let tool = readers.join("node_modules/@microsoft/sarif-multitool-linux");
    let schema: Value =
        serde_json::from_slice(&fs::read(tool.join("sarif-2.1.0.json")).expect("the schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let place = export();
    let logs = files(&place, "findings.sarif");
    for path in &logs {
        let log: Value = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|e| format!("{}: {e}", e.instance_path())).take(3).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    let told = place.path().join("told.sarif");
    let out = run(Command::new(tool.join("Sarif.Multitool"))
        .args(["validate", "--quiet", "true", "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning", "--output"])
        .arg(&told)
        .args(&logs)
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1"));
    let told: Value =
        serde_json::from_slice(&fs::read(&told).unwrap_or_else(|e| panic!("{e}: {out:?}"))).expect("JSON");
    // The project has no address yet that a result could lead to.
    let results = told["runs"][0]["results"].as_array().cloned().unwrap_or_default();
    let results: Vec<Value> = results.into_iter().filter(|result| result["ruleId"] != "SARIF2005").collect();
    let shown: Vec<&Value> = results.iter().take(5).collect();
    assert!(results.is_empty(), "{} complaints: {shown:#?}", results.len());
    assert_eq!(told["runs"][0]["invocations"][0]["executionSuccessful"], true, "{out:?}");
}

#[test]
fn pages_are_valid_html() {
    let Some(readers) = readers() else { return };
    let place = export();
    let jar = readers.join("node_modules/vnu-jar/build/dist/vnu.jar");
    let out = run(Command::new("java")
        .args(["-Xss4m", "-jar"])
        .arg(jar)
        .args(["--format", "json", "--no-langdetect", "--stdout"])
        .args(files(&place, "findings.html")));
    let told: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&out.stderr)));
    // It works out no hash of a style; that ours is the right one is seen in a browser.
    let of_policy = |message: &&Value| {
        message["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("Inline style violates Content Security Policy"))
    };
    let messages = told["messages"].as_array().expect("messages");
    let messages: Vec<&Value> = messages.iter().filter(|message| !of_policy(message)).collect();
    assert!(messages.is_empty(), "{} complaints: {:#?}", messages.len(), messages.iter().take(3).collect::<Vec<_>>());
}

/// Cells of a table; a number is as good in another spelling.
fn cells(path: &Path) -> Vec<Vec<String>> {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut table = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    table.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

#[test]
fn a_spreadsheet_that_takes_quoted_cells_as_text_loses_nothing() {
    let Some(readers) = readers() else { return };
    let place = export();
    let profile = tempfile::tempdir_in(readers).expect("a profile");
    let saved = place.path().join("saved");
    // A cell of a spreadsheet holds 32,767 characters: what is longer is for programs.
    let long = |path: &Path| cells(path).iter().flatten().any(|cell| cell.chars().count() > 32_767);
    let tables = ["findings.csv", "signals.csv"].into_iter().flat_map(|name| files(&place, name));
    let tables: Vec<PathBuf> = tables.filter(|path| path.exists() && !long(path)).collect();
    assert!(tables.len() > 60, "only {} tables", tables.len());
    let mut named = Vec::new();
    for (i, path) in tables.iter().enumerate() {
        let name = place.path().join(format!("table-{i}.csv"));
        fs::copy(path, &name).expect("copied");
        named.push(name);
    }
    let out = run(Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.path().display()))
        .args(["--headless", "--norestore", &format!("--infilter={}", SPREADSHEET[0]), "--convert-to", SPREADSHEET[1]])
        .arg("--outdir")
        .arg(&saved)
        .args(&named));
    assert!(out.status.success(), "{}", text(&out.stderr));
    for (table, name) in tables.iter().zip(&named) {
        let (before, after) = (cells(table), cells(&saved.join(name.file_name().expect("a name"))));
        assert_eq!(before.len(), after.len(), "{}", table.display());
        let header = &before[0];
        for (row, (before, after)) in before.iter().zip(&after).enumerate() {
            for (column, (before, after)) in header.iter().zip(before.iter().zip(after)) {
                let number = ["score", "p_value", "bits"].contains(&column.as_str()) || column.starts_with("points");
                let same = before == after
                    || number && before.parse::<f64>().is_ok_and(|number| after.parse::<f64>() == Ok(number));
                assert!(same, "{} row {row} {column}: {before:?} became {after:?}", table.display());
            }
        }
    }
}

#[test]
fn data_frames_read_both_tables_and_join_them() {
    let Some(readers) = readers() else { return };
    let place = export();
    let tables = files(&place, "findings.csv");
    let out = run(Command::new(readers.join("python/bin/python"))
        .arg(root().join("tests/readers/frames.py"))
        .args(tables.iter().filter_map(|table| table.parent()))
        .env("POLARS_MAX_THREADS", "1"));
    assert!(out.status.success(), "{}", text(&out.stderr));
}

#[test]
fn what_github_makes_of_markdown_holds_no_tag_and_no_link_of_a_stranger() {
    let Some(readers) = readers() else { return };
    let format = FORMATS.iter().find(|format| format.id == "markdown").expect("the format");
    let strings = [vec![HARMLESS.to_owned()], payloads(), long_payloads()].concat();
    for make in [view as fn(&str) -> View, quiet_view] {
        let reports: Vec<String> = strings.iter().map(|string| (format.write)(&make(string))).collect();
        let mut child = Command::new(readers.join("python/bin/python"))
            .arg(root().join("tests/readers/markdown.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        // It reads everything before it writes anything.
        child.stdin.take().expect("a pipe").write_all(reports.join("\0").as_bytes()).expect("written");
        let out = child.wait_with_output().expect("python ends");
        assert!(out.status.success());
        let out = text(&out.stdout);
        // What is code depends on the string; everything else does not.
        let tags: Vec<Vec<&str>> =
            out.lines().map(|line| line.split(' ').filter(|tag| *tag != "code").collect()).collect();
        assert_eq!(tags.len(), strings.len());
        assert!(tags[0].iter().filter(|tag| **tag == "table").count() >= 2 && tags[0].contains(&"details"), "{tags:?}");
        for ((tags_of, report), string) in tags.iter().zip(&reports).zip(&strings) {
            assert!(!tags_of.iter().any(|tag| tag.contains('=')), "{tags_of:?} of {string:.40}");
            if !report.contains("without their reasons") {
                assert_eq!(tags_of, &tags[0], "{string:.40}");
            }
        }
    }
}

#[test]
fn a_browser_shows_the_page_as_a_whole_at_both_widths() {
    let driver = root().join("target/browser");
    let Some(driver) = installed(driver, ".ci/browser", "GAITKEEPER_REQUIRE_BROWSER") else { return };
    let browser = std::env::var_os("GAITKEEPER_BROWSER").unwrap_or_else(|| "/usr/bin/chromium".into());
    let place = export_with_the_box();
    let script = driver.join("page.cjs");
    fs::copy(root().join("tests/readers/page.cjs"), &script).expect("copied");
    let names = ["harmless", "quiet", "real", "hostile-0", "hostile-1", "hostile-2", "long-0", "long-1"];
    let pages = names.map(|name| place.path().join(name).join("findings.html"));
    let out =
        run(Command::new("node").arg(&script).args(pages).env("GAITKEEPER_BROWSER", &browser).current_dir(&driver));
    let told: Vec<Vec<Value>> =
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&out.stderr)));
    assert_eq!(told.len(), names.len());
    let harmless = told[0][0]["elements"].clone();
    for (name, told) in names.iter().zip(&told) {
        assert_eq!(told.len(), 3);
        for seen in told {
            assert_eq!(seen["errors"], Value::Array(Vec::new()), "{seen}");
            assert_eq!(seen["asked"], 1, "it asks for nothing but itself: {seen}");
            assert!(seen["overflow"].as_i64() <= Some(0), "it is wider than the window: {seen}");
            assert!(seen["findings"].as_u64() > Some(0) && seen["bars"].as_u64() > Some(10), "{seen}");
            if !["quiet", "real"].contains(name) {
                assert_eq!(seen["elements"], harmless, "it holds elements of a stranger: {seen}");
            }
        }
        assert_ne!(told[0]["paper"], told[2]["paper"], "{name} has a dark side");
    }
}
