//! Every format of a view: what a stranger wrote stays text in all of them, and an export is whole or not there.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use gaitkeeper::detect::alert::show_points;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::error::is_unsafe;
use gaitkeeper::report::csv::guarded;
use gaitkeeper::report::view::View;
use gaitkeeper::report::{FORMATS, schema};
use serde_json::Value;

use crate::command::Place;
use crate::tables::parquet;
use crate::view_samples::{HARMLESS, long_payloads, payloads, quiet_view, view};

/// Longer lines than this are no lines for reading.
const LINE: usize = 8_000;

/// Proves that a format's text of a hostile view is harmless; the view says what programs must get back, and the harmless
/// text is what it is like.
fn check(format: &str, text: &str, view: &View, harmless: &str) {
    assert!(
        !text.contains(|c| c != '\n' && c != '\r' && c != '\u{1b}' && is_unsafe(c)),
        "{format} commands the reader"
    );
    match format {
        "text" => check_text(text, harmless),
        "csv" => check_csv(text, view),
        "csv-signals" => check_csv_signals(text, view),
        "jsonl" => check_jsonl(text, view),
        "sarif" => check_sarif(text, view),
        "markdown" => check_markdown(text, harmless),
        "html" => check_html(text, harmless),
        other => panic!("no checker for the format {other}"),
    }
    if !matches!(format, "text") {
        assert!(!text.contains('\u{1b}'), "{format} commands the terminal");
    }
    if !format.starts_with("csv") {
        assert!(!text.contains('\r'), "{format} holds a carriage return");
    }
}

#[test]
fn what_a_stranger_wrote_is_text_in_every_format() {
    for (make, payloads) in
        [(view as fn(&str) -> View, [payloads(), long_payloads()].concat()), (quiet_view, payloads())]
    {
        for format in FORMATS {
            let harmless = (format.write)(&make(HARMLESS));
            check(format.id, &harmless, &make(HARMLESS), &harmless);
            for payload in &payloads {
                let view = make(payload);
                check(format.id, &(format.write)(&view), &view, &harmless);
            }
        }
    }
}

fn check_text(text: &str, harmless: &str) {
    let plain = ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"].iter().fold(text.to_owned(), |t, own| t.replace(own, ""));
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    assert_eq!(text.lines().count(), harmless.lines().count(), "a string began a line of its own: {text}");
    assert!(text.lines().all(|line| line.chars().count() < LINE), "a line is too long to read");
}

/// Rows as cells by column, each as many as the header has.
fn rows(text: &str) -> Vec<Vec<(String, String)>> {
    assert!(text.ends_with("\r\n") && text.matches('\n').count() == text.matches("\r\n").count());
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let header = table.headers().expect("a header").clone();
    assert_eq!(header.iter().collect::<BTreeSet<_>>().len(), header.len(), "columns have names of their own");
    table
        .records()
        .map(|row| header.iter().map(str::to_owned).zip(row.expect("a row").iter().map(str::to_owned)).collect())
        .collect()
}

const NUMBERS: [&str; 8] = ["score", "p_value", "points", "bits", "n", "campaign_size", "points_1", "points_2"];

fn cell<'a>(row: &'a [(String, String)], column: &str) -> &'a str {
    row.iter().find(|(name, _)| name == column).map_or_else(|| panic!("no column {column}"), |(_, cell)| cell)
}

fn check_cells(rows: &[Vec<(String, String)>]) {
    for (column, cell) in rows.iter().flatten() {
        let is_number = NUMBERS.contains(&column.as_str()) || column.starts_with("points_") || column == "not_judged";
        if is_number && cell.parse::<f64>().is_ok() {
            continue;
        }
        let signs = ['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
        assert!(!cell.trim_start().starts_with(signs), "{column} holds a formula: {cell:?}");
    }
}

fn check_csv(text: &str, view: &View) {
    let rows = rows(text);
    check_cells(&rows);
    assert_eq!(rows.len(), view.told().count());
    for (row, (finding, quiet)) in rows.iter().zip(view.told()) {
        assert_eq!(cell(row, "suppressed").is_empty(), quiet.is_none());
        assert_eq!(cell(row, "id"), finding.id());
        assert_eq!(cell(row, "package"), guarded(&finding.release.package), "names are whole");
        assert_eq!(cell(row, "version"), guarded(&finding.release.version));
        assert_eq!(cell(row, "score"), show_points(finding.points));
        assert!(cell(row, "corroboration").contains(guarded(&finding.actor).trim_start_matches('\'')));
    }
}

fn check_csv_signals(text: &str, view: &View) {
    let rows = rows(text);
    check_cells(&rows);
    for finding in &view.findings {
        let own: Vec<_> = rows.iter().filter(|row| cell(row, "id") == finding.id()).collect();
        assert_eq!(own.len(), finding.reasons.len() + finding.unjudged.len());
        let points = own.iter().map(|row| cell(row, "points")).filter(|points| !points.is_empty());
        let sum: f64 = points.map(|points| points.parse::<f64>().expect("a number")).sum();
        assert_eq!(format!("{sum:.2}"), show_points(finding.points), "the points of an id sum to its score");
        let silent: Vec<_> = own.iter().filter(|row| !cell(row, "not_judged").is_empty()).collect();
        assert_eq!(silent.len(), finding.unjudged.len());
        assert!(silent.iter().all(|row| cell(row, "points").is_empty() && !cell(row, "group").is_empty()));
    }
}

static SCHEMA: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::validator_for(&schema::findings()).expect("a schema"));

fn check_jsonl(text: &str, view: &View) {
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (summary, others) = lines.split_last().expect("a summary");
    let (findings, quiet): (Vec<_>, Vec<_>) = others.iter().partition(|line| line["kind"] == "finding");
    assert_eq!((findings.len(), quiet.len()), (view.findings.len(), view.suppressed.len() + view.standing.len()));
    for (line, finding) in findings.iter().zip(&view.findings) {
        for (name, whole) in [
            ("package", &finding.release.package),
            ("version", &finding.release.version),
            ("registry", &finding.release.registry),
            ("publisher", &finding.actor),
        ] {
            assert_eq!(line[name], **whole, "{name} is whole");
        }
        assert_eq!(line["corroboration"][0]["verdict"], *finding.corroboration[0].verdict);
    }
    assert_eq!(summary["source"], *view.source);
    assert_eq!(summary["elsewhere"]["not_alerted"].as_array().map(Vec::len), Some(1));
    for line in &lines {
        let errors: Vec<String> = SCHEMA.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

fn check_sarif(text: &str, view: &View) {
    let log: Value = serde_json::from_str(text).expect("JSON");
    let run = &log["runs"][0];
    let rules: Vec<&Value> = run["tool"]["driver"]["rules"].as_array().expect("rules").iter().collect();
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), view.told().count());
    for (result, (finding, quiet)) in results.iter().zip(view.told()) {
        assert_eq!(result["suppressions"].is_array(), quiet.is_some());
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("a place")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["partialFingerprints"]["gaitkeeperFinding/v1"], finding.id());
        let level = if finding.raised.is_some() { "error" } else { "warning" };
        assert_eq!(result["level"], level, "by the rarity of what raised it, too");
        let others = usize::from(finding.campaign.is_some()) + usize::from(finding.raised.is_some());
        assert_eq!(result["relatedLocations"].as_array().map_or(0, Vec::len), others);
        let related = result["relatedLocations"].as_array().into_iter().flatten();
        for place in related.chain(result["locations"].as_array().expect("a location")) {
            let uri = place["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a file");
            let fine = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(c);
            assert!(uri.starts_with("packages/") && uri.chars().all(fine), "{uri}");
            let steps: Vec<&str> = uri.split('/').collect();
            assert!(!steps.contains(&"..") && !steps.contains(&""), "{uri}");
        }
    }
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notes");
    let related = results.iter().flat_map(|r| r["relatedLocations"].as_array().into_iter().flatten());
    for message in
        results.iter().chain(notes).chain(related).map(|with| with["message"]["text"].as_str().expect("text"))
    {
        assert!(message.chars().count() < LINE, "a message is too long to read");
        let mut escaped = false;
        for c in message.replace("{{", "").replace("}}", "").chars() {
            assert!(escaped || !matches!(c, '[' | ']'), "a link in {message}");
            assert!(!matches!(c, '{' | '}'), "a placeholder in {message}");
            escaped = c == '\\' && !escaped;
        }
    }
}

/// A line of Markdown without its code spans (`CommonMark`, section 6.1).
fn outside_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let fence = rest[at..].len() - rest[at..].trim_start_matches('`').len();
        let body = &rest[at + fence..];
        let mut from = 0;
        let end = loop {
            let Some(next) = body[from..].find('`').map(|next| next + from) else { break None };
            let run = body[next..].len() - body[next..].trim_start_matches('`').len();
            if run == fence {
                break Some(next + run);
            }
            from = next + run;
        };
        let end = end.unwrap_or_else(|| panic!("a fence is left open in {line}"));
        rest = &body[end..];
    }
    out + rest
}

/// Bars that divide cells; GitHub pairs a backslash with what follows it.
fn bars(line: &str) -> usize {
    let mut escaped = false;
    line.chars()
        .filter(|c| {
            let divides = *c == '|' && !escaped;
            escaped = *c == '\\' && !escaped;
            divides
        })
        .count()
}

fn check_markdown(text: &str, harmless: &str) {
    assert!(text.len() < 65_536, "no comment takes {} characters", text.len());
    let lines: Vec<&str> = text.lines().collect();
    if lines.iter().any(|line| line.contains("without their reasons")) {
        assert!(text.len() > 20_000, "sections were left out without need");
    } else {
        assert_eq!(lines.len(), harmless.lines().count(), "a string began a line of its own: {text}");
    }
    for line in &lines {
        if let Some(summary) = line.strip_prefix("<details><summary><code>") {
            let (name, _) = summary.split_once("</code> score ").expect("its end");
            assert!(!name.contains(['<', '>', '"']), "{line}");
            continue;
        }
        if line.starts_with('|') {
            assert!(matches!(bars(line), 4 | 6), "{line}");
        }
        let line = if *line == "</details>" { "" } else { line };
        let plain = outside_code(line);
        assert!(!plain.contains(['<', '[', '*', '_', '~', '$', '@', '&']), "markup in {plain}");
        assert!(!plain.trim_start_matches("## ").contains('#'), "an issue or a heading in {plain}");
        assert!(!plain.contains("www.") && !plain.contains("://"), "a link in {plain}");
    }
}

/// The tags of a page in their order, without the values of attributes.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let end = rest.find('>').expect("a tag's end");
        let mut quoted = false;
        let tag = &rest[..=end];
        let bare = tag.chars().filter(|c| {
            quoted ^= *c == '"';
            !quoted
        });
        tags.push(bare.collect());
        assert!(!quoted, "{tag} ends within a value");
        rest = if tag == "<style>" { &rest[rest.find("</style>").expect("its end")..] } else { &rest[end + 1..] };
    }
    tags
}

fn check_html(page: &str, harmless: &str) {
    let tags = tags(page);
    assert!(tags == self::tags(harmless), "a string became markup");
    let known = ["script", "link", "img", "iframe", "object", "form", "a", "base"];
    for tag in &tags {
        let name = tag.trim_start_matches(['<', '/']).split([' ', '>']).next().unwrap_or_default();
        assert!(
            !known.contains(&name) && !tag.contains(" on") && !tag.contains("src") && !tag.contains("href"),
            "{tag}"
        );
    }
    assert!(page.chars().count() < 500_000, "long names are cut");
}

#[test]
fn a_page_allows_its_own_style_and_nothing_else() {
    let html = FORMATS.iter().find(|format| format.id == "html").expect("the format");
    let page = (html.write)(&view(HARMLESS));
    let (_, rest) = page.split_once("<style>").expect("a style");
    let (style, _) = rest.split_once("</style>").expect("its end");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
    let policy =
        format!("content=\"default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\"");
    assert!(page.contains(&policy), "{policy}");
    assert!(!style.contains("url(") && !style.contains("@import"), "the style fetches nothing");
    assert!(!page.contains(" style="), "the policy forbids styles at elements");
}

fn place() -> Place {
    let scene = Scene::steady(60).after(86_400_000, |e| {
        e.publisher = said("eve");
        e.install_scripts = said("postinstall");
        e.install_script_id = said("b3:000000000000");
        e.version = said("1.10");
    });
    let place = Place::new();
    place.import("events.parquet", parquet(&scene.events));
    place
}

#[test]
fn an_export_holds_every_format_as_standard_output_would() {
    let place = place();
    let run = place.on_archive(&["score", "--budget", "1/20", "--export", "out/findings"]).exits(0);
    let files = place.files("out");
    let names: BTreeSet<String> =
        files.keys().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    assert_eq!(names, FORMATS.iter().map(|format| format.file.to_owned()).collect::<BTreeSet<_>>());
    assert_eq!(names.len(), FORMATS.len(), "each has a file of its own");
    for format in FORMATS {
        let told = place.on_archive(&["score", "--budget", "1/20", "--format", format.id, "--color", "never"]).exits(0);
        let exported = fs::read_to_string(place.path("out/findings").join(format.file)).expect("a file");
        assert_eq!(exported, told.out, "{}", format.id);
    }
    assert!(run.out.contains("1.10"), "standard output still says what it says without: {}", run.out);
    assert!(run.err.contains("7 files in out/findings"), "{}", run.err);
}

#[test]
fn an_output_file_is_written_instead_of_standard_output() {
    let place = place();
    let run = place.on_archive(&["score", "--format", "markdown", "--output", "summary.md"]).exits(0);
    assert_eq!(run.out, "");
    let text = fs::read_to_string(place.path("summary.md")).expect("a file");
    assert_eq!(text, place.on_archive(&["score", "--format", "markdown"]).exits(0).out);
}

#[test]
#[cfg(unix)]
fn what_cannot_be_written_whole_leaves_the_old_files() {
    let place = place();
    place.on_archive(&["score", "--budget", "1/20", "--export", "out"]).exits(0);
    let before = place.files("out");
    // No file of this process may be longer than two blocks: the disk is full for the page, and not for the table.
    let mut limited = std::process::Command::new("bash");
    let program = env!("CARGO_BIN_EXE_gaitkeeper");
    limited.args([
        "-c",
        "trap '' XFSZ; ulimit -f 2; exec \"$@\"",
        "bash",
        program,
        "score",
        "--archive",
        "archive",
        "--all",
    ]);
    let output = limited.args(["--export", "out"]).current_dir(place.path(".")).env_clear().output().expect("bash");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("out: cannot be written") && err.contains("help:"), "{err}");
    assert_eq!(place.files("out"), before, "old files stay as they were, and no other is left");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_with_its_remedy() {
    let place = place();
    place.write("file", "");
    place.on_archive(&["score", "--export", "file"]).exits(1).says(&["file: cannot be written", "help:"]);
    place.on_archive(&["score", "--output", "nowhere/findings.csv"]).exits(1).says(&["nowhere", "help:"]);
}
