//! The house: imports point one way, polars and the clock stay where they belong, files stay short.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each stage may import of the crate, itself apart.
const MAY: &[(&str, &[&str])] = &[
    ("main", &["cli", "pipeline"]),
    ("lib", &[]),
    ("cli", &["acquire::lists", "detect", "engine::simulate", "engine::train", "error", "names", "report"]),
    ("config", &["error", "names"]),
    ("error", &[]),
    ("names", &["error"]),
    ("net", &["config", "error"]),
    (
        "pipeline",
        &[
            "acquire", "archive", "baseline", "cli", "config", "detect", "engine", "error", "names", "net", "report",
            "review",
        ],
    ),
    ("acquire", &["error", "names"]),
    ("archive", &["acquire::raw", "error", "names"]),
    ("baseline", &["acquire::owner", "archive"]),
    ("detect", &["archive", "baseline", "error", "names"]),
    ("engine", &["archive", "baseline", "detect", "error", "names"]),
    ("report", &["archive", "detect", "engine", "error", "names"]),
    ("review", &["archive", "detect", "engine", "error", "names", "report"]),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(dir).expect("the source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches"] {
        walk(&root.join(folder), &mut found);
    }
    for (path, _) in &mut found {
        *path = path.strip_prefix(root).expect("below the root").to_path_buf();
    }
    found.sort();
    assert!(found.len() > 60, "the walk found only {} files", found.len());
    found
}

fn stage(path: &Path) -> Option<String> {
    let mut parts = path.iter().map(|p| p.to_string_lossy().into_owned());
    (parts.next()? == "src").then(|| parts.next().map(|p| p.trim_end_matches(".rs").to_owned()))?
}

fn imports(text: &str) -> Vec<String> {
    let marks = ["crate::", "gaitkeeper::"];
    let mut found = Vec::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
        for mark in marks {
            for (at, _) in line.match_indices(mark) {
                let rest = &line[at + mark.len()..];
                let list = rest.strip_prefix('{').map(|r| r.split('}').next().unwrap_or(r).to_owned());
                let paths =
                    list.map_or_else(|| vec![rest.to_owned()], |l| l.split(',').map(|p| p.trim().to_owned()).collect());
                for path in paths {
                    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(path.len());
                    found.push(path[..end].trim_end_matches(':').to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn imports_point_one_way() {
    let may: BTreeMap<&str, &[&str]> = MAY.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for (path, text) in sources() {
        let Some(stage) = stage(&path) else { continue };
        let allowed = may.get(stage.as_str()).unwrap_or_else(|| panic!("no row for the stage {stage}"));
        for import in imports(&text) {
            arrows += 1;
            let own = import == stage || import.starts_with(&format!("{stage}::"));
            let fine = allowed.iter().any(|a| import == *a || import.starts_with(&format!("{a}::")));
            if !own && !fine {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows against the pipeline:\n{}", wrong.join("\n"));
    assert!(arrows > 100, "only {arrows} imports were read: the reader is broken");
}

#[test]
fn the_reader_of_imports_sees_what_is_wrong() {
    assert_eq!(imports("use crate::engine::embedded::fold;"), ["engine::embedded::fold"]);
    assert_eq!(imports("use crate::{archive::table, report};"), ["archive::table", "report"]);
    assert_eq!(imports("    let x = crate::report::text::rarity(0.1);"), ["report::text::rarity"]);
}

#[test]
fn each_capability_has_one_door() {
    let doors: [(&str, &[&str]); 6] = [
        ("polars", &["src/archive/", "src/engine/", "src/report/scores.rs"]),
        ("reqwest", &["src/net"]),
        ("rusqlite", &["src/archive/", "src/review/"]),
        ("std::env", &["src/pipeline.rs"]),
        ("Utc::now", &["src/main.rs"]),
        ("stdout()", &["src/report/writer.rs"]),
    ];
    for (word, rooms) in doors {
        for (path, text) in sources() {
            let name = path.to_string_lossy().replace('\\', "/");
            if name.starts_with("tests/")
                || name.starts_with("benches/")
                || rooms.iter().any(|room| name.starts_with(room))
            {
                continue;
            }
            let line = text.lines().find(|l| l.contains(word) && !l.trim_start().starts_with("//"));
            assert!(line.is_none(), "{name} uses {word}: {}", line.unwrap_or_default());
        }
    }
}

#[test]
fn no_file_is_two_things() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
        assert!(text.starts_with("//!"), "{} does not say what it is for", path.display());
    }
}

#[test]
fn every_file_of_a_table_has_its_row() {
    use gaitkeeper::{acquire, detect, report};
    let not_rows: &[(&str, &[&str], &[&str])] = &[
        ("src/detect/signals", detect::signals::FILES, &["mod"]),
        (
            "src/acquire",
            acquire::REGISTRY_FILES,
            &["mod", "document", "fields", "forge", "owner", "path", "raw", "rekor", "sigstore", "statement"],
        ),
        (
            "src/acquire/lists",
            acquire::lists::LIST_FILES,
            &["mod", "gather", "integrity", "npm_spec", "purl", "streamed", "syntax"],
        ),
        (
            "src/report",
            report::FORMAT_FILES,
            &[
                "mod",
                "comparison",
                "documentation",
                "escape",
                "grouping",
                "model_card",
                "progress",
                "schema",
                "scores",
                "timeline",
                "view",
                "writer",
            ],
        ),
    ];
    for (folder, rows, others) in not_rows {
        let mut files: Vec<String> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
            .expect("the folder")
            .filter_map(|e| e.ok()?.path().file_name()?.to_str()?.strip_suffix(".rs").map(str::to_owned))
            .filter(|name| !others.contains(&name.as_str()))
            .collect();
        files.sort();
        let mut rows: Vec<String> = rows.iter().map(|r| (*r).to_owned()).collect();
        rows.sort();
        assert_eq!(files, rows, "{folder}: a file without its line in the table, or a line without its file");
    }
}
