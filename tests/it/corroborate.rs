//! What others say: read from their records and tables, shown beside findings, and no part of a score.

use gaitkeeper::detect::scene::{Scene, said};
use serde_json::{Value, json};

use crate::command::Place;
use crate::tables::parquet;

const DAY: i64 = 86_400_000;
const SCORE: [&str; 3] = ["score", "--format", "jsonl"];

/// Sixty usual weeks of one package, a strange version 1.0.60 that is an alert, and others that are none.
fn place() -> Place {
    let scene = Scene::steady(60)
        .all(|e| e.package = said("left-pad"))
        .after(DAY, |e| {
            e.package = said("left-pad");
            e.publisher = said("eve");
            e.publisher_email_id = said("eeeeeeeeeeee");
            e.install_scripts = said("postinstall");
            e.install_script_id = said("b3:000000000000");
        })
        .after(DAY, |e| {
            e.registry = said("pypi");
            e.package = said("left.pad");
            e.version = said("2.0");
        });
    let place = Place::new();
    place.import("events.parquet", parquet(&scene.events));
    place
}

fn record(id: &str, ecosystem: &str, name: &str, more: &Value) -> Value {
    let mut affected = json!({ "package": { "ecosystem": ecosystem, "name": name } });
    affected.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    json!({ "id": id, "summary": "Malicious code in it", "affected": [affected] })
}

fn lines(place: &Place, args: &[&str]) -> (Vec<Value>, Value) {
    let run = place.on_archive(&[&SCORE[..], args].concat()).exits(0);
    let mut lines: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.pop().expect("a summary");
    (lines, summary)
}

/// Releases with a claim among all of them, with the verdict.
fn named(place: &Place, files: &[&str]) -> Vec<(String, String)> {
    let files: Vec<&str> = files.iter().flat_map(|file| ["--corroborate", file]).collect();
    let (lines, _) = lines(place, &[&["--all", "--since", "2000-01-01"], &files[..]].concat());
    let mut named: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            let verdict = line["corroboration"][0]["verdict"].as_str()?;
            Some((line["purl"].as_str()?.to_owned(), verdict.to_owned()))
        })
        .collect();
    named.sort();
    named
}

#[test]
fn it_stands_beside_the_finding_in_every_format_and_changes_no_score() {
    let place = place();
    place.write("osv.json", record("MAL-2026-1", "npm", "left-pad", &json!({ "versions": ["1.0.60"] })).to_string());
    place.write("scan.csv", "purl,source,verdict,note\npkg:npm/left-pad@1.0.60,scanner-x,malware,\"steals, tokens\"\n");
    let both = ["--corroborate", "osv.json", "--corroborate", "scan.csv"];
    let (with, summary) = lines(&place, &both);
    let (without, _) = lines(&place, &[]);
    assert_eq!(with.len(), 1, "the strange version is an alert");
    assert_eq!(
        with[0]["corroboration"],
        json!([
            { "source": "OSV MAL-2026-1", "verdict": "malicious", "note": "Malicious code in it" },
            { "source": "scanner-x", "verdict": "malware", "note": "steals, tokens" },
        ])
    );
    let mut bare = with.clone();
    bare[0].as_object_mut().expect("an object").remove("corroboration");
    assert_eq!(bare, without, "score, rarity and reasons are as they were");
    assert_eq!((&summary["elsewhere"]["rows"], &summary["elsewhere"]["unmatched"]), (&2.into(), &0.into()));
    assert_eq!(summary["elsewhere"]["not_alerted"], json!([]));
    for format in ["text", "csv", "sarif", "markdown", "html"] {
        let out = place.on_archive(&[&["score", "--format", format], &both[..]].concat()).exits(0).out;
        assert!(out.contains("MAL-2026-1") && out.contains("steals, tokens"), "{format}: {out}");
    }
    let run = place.on_archive(&[&["investigate", "left-pad@1.0.60"], &both[..]].concat()).exits(0);
    assert!(run.out.contains("Elsewhere: malware (scanner-x: steals, tokens)"), "{}", run.out);
}

#[test]
fn what_is_known_elsewhere_and_no_alert_here_is_counted_and_listed() {
    let place = place();
    place.write(
        "table.csv",
        "registry,package,version,result\n\
         npm,left-pad,1.0.59,malicious\n\
         npm,left-pad,1.0.60,Malicious\n\
         npm,left-pad,1.0.58,failed\n\
         npm,left-pad,1.0.57,reproduced\n\
         npm,left-pad,9.9.9,malicious\n\
         npm,nowhere,1.0.0,malicious\n",
    );
    for all in [&[][..], &["--all"]] {
        let (_, summary) = lines(&place, &[&["--corroborate", "table.csv"], all].concat());
        let elsewhere = &summary["elsewhere"];
        assert_eq!((&elsewhere["rows"], &elsewhere["unmatched"]), (&6.into(), &2.into()), "{all:?}");
        assert_eq!(elsewhere["publishes"], 4);
        let listed = elsewhere["not_alerted"].as_array().expect("a list");
        assert_eq!(listed.len(), 1, "the alert is alerted, and a rebuild that failed accuses nobody: {listed:?}");
        assert_eq!(listed[0]["purl"], "pkg:npm/left-pad@1.0.59");
        assert_eq!(listed[0]["corroboration"][0]["source"], "table");
        assert!(listed[0]["p_value"].as_f64() > Some(0.001));
    }
    let text = place.on_archive(&["score", "--corroborate", "table.csv"]).exits(0).out;
    let told = "Asked elsewhere: 6 rows, 2 of them about no publish of this archive; 4 publishes of the window are named. \
                Known elsewhere as malicious, not alerted here: 1.\n";
    assert!(text.contains(told) && text.contains("  left-pad@1.0.59  1 in "), "{text}");
}

#[test]
fn records_name_versions_by_lists_and_by_ranges() {
    let place = place();
    let range = |events: Value| json!({ "ranges": [{ "type": "SEMVER", "events": events }] });
    for (affected, first, last) in [
        (range(json!([{ "introduced": "0" }])), Some(0), 60),
        (range(json!([{ "introduced": "1.0.58" }])), Some(58), 60),
        (range(json!([{ "introduced": "0" }, { "fixed": "1.0.2" }])), Some(0), 1),
        (range(json!([{ "last_affected": "1.0.2" }, { "introduced": "1.0.1" }])), Some(1), 2),
        (range(json!([{ "introduced": "1.0.70" }])), None, 0),
        (
            json!({ "versions": ["1.0.7"], "ranges": [{ "type": "GIT", "events": [{ "introduced": "0" }] }] }),
            Some(7),
            7,
        ),
    ] {
        place.write("osv.json", record("GHSA-1", "npm", "left-pad", &affected).to_string());
        let mut wanted: Vec<(String, String)> = first
            .into_iter()
            .flat_map(|first| first..=last)
            .map(|k| (format!("pkg:npm/left-pad@1.0.{k}"), "vulnerable".to_owned()))
            .collect();
        wanted.sort();
        assert_eq!(named(&place, &["osv.json"]), wanted, "{affected}");
    }
    let unordered = range(json!([{ "introduced": "1.5" }]));
    place.write("osv.json", record("GHSA-1", "PyPI", "Left_Pad", &unordered).to_string());
    let (_, summary) = lines(&place, &["--corroborate", "osv.json"]);
    assert_eq!((&summary["elsewhere"]["ranges_unread"], &summary["elsewhere"]["unmatched"]), (&1.into(), &1.into()));
}

#[test]
fn names_and_verdicts_are_those_of_the_registry_and_of_the_database() {
    let place = place();
    let mut advisory = record("GHSA-1", "PyPI", "Left_Pad", &json!({ "versions": ["2.0"] }));
    advisory["database_specific"] = json!({ "cwe_ids": ["CWE-506"] });
    place.write("a.json", advisory.to_string());
    assert_eq!(named(&place, &["a.json"]), [("pkg:pypi/left.pad@2.0".to_owned(), "malicious".to_owned())]);
    advisory["withdrawn"] = "2026-01-01T00:00:00Z".into();
    place.write("a.json", advisory.to_string());
    assert_eq!(named(&place, &["a.json"]), []);
    let other_case = record("MAL-1", "npm", "Left-Pad", &json!({ "versions": ["1.0.60"] }));
    let aliased = {
        let mut aliased = record("GHSA-2", "npm", "left-pad", &json!({ "versions": ["1.0.60"] }));
        aliased["aliases"] = json!(["MAL-2"]);
        aliased
    };
    place.write("b.json", json!([other_case, aliased]).to_string());
    assert_eq!(named(&place, &["b.json"]), [("pkg:npm/left-pad@1.0.60".to_owned(), "malicious".to_owned())]);
    let (_, summary) = lines(&place, &["--corroborate", "b.json", "--corroborate", "a.json"]);
    let elsewhere = &summary["elsewhere"];
    assert_eq!((&elsewhere["unmatched"], &elsewhere["withdrawn"]), (&1.into(), &1.into()), "npm names have case");
}

#[test]
fn a_folder_is_read_as_far_as_it_can_be_and_says_what_could_not() {
    let place = place();
    std::fs::create_dir_all(place.path("osv/npm/left-pad")).expect("folders");
    let good = record("MAL-1", "npm", "left-pad", &json!({ "versions": ["1.0.59"] }));
    place.write("osv/npm/left-pad/MAL-1.json", good.to_string());
    place.write("osv/npm/broken.json", "{\"id\": ");
    place.write("osv/npm/list.json", "[1]");
    place.write("osv/README.md", "not read");
    let answer = json!({ "vulns": [record("MAL-2", "npm", "left-pad", &json!({ "versions": ["1.0.59"] })) ] });
    place.write("osv/query.json", answer.to_string());
    let (_, summary) = lines(&place, &["--corroborate", "osv"]);
    assert_eq!((&summary["elsewhere"]["rows"], &summary["elsewhere"]["files_unread"]), (&2.into(), &2.into()));
    let text = place.on_archive(&["score", "--corroborate", "osv"]).exits(0).out;
    assert!(text.contains("2 files are no OSV record, the first: osv/npm/broken.json: no OSV record"), "{text}");
    assert!(text.contains("OSV MAL-1") && text.contains("OSV MAL-2"), "{text}");
}

#[test]
fn a_file_of_its_own_that_cannot_be_read_is_an_error_with_its_place() {
    let place = place();
    for (name, bytes, words) in [
        ("a.json", "{\"id\": 1}", &["a.json", "no OSV record", "help:"][..]),
        ("b.csv", "registry,package,verdict\nnpm,a,bad\n", &["b.csv", "line 1", "`version` is missing", "help:"]),
        ("c.csv", "name\nx\n", &["`purl` is missing", "help:"]),
        ("d.csv", "purl,source\npkg:npm/a@1,x\n", &["`verdict` is missing"]),
        ("e.csv", "purl,verdict\npkg:npm/a@1,bad\npkg:npm/a,bad\n", &["e.csv", "line 3", "names no version", "help:"]),
        ("f.csv", "purl,verdict\npkg:npm/a@1,\n", &["line 2", "`verdict` is empty"]),
        ("g.csv", "purl,verdict\na,b,c\n", &["g.csv", "line 2", "help:"]),
        ("h.csv", "", &["h.csv", "is missing"]),
        ("i.csv", "purl,verdict\r\npkg:npm/a@1,bad\r\n\r\npkg:npm/a,bad\r\n", &["line 4", "names no version"]),
    ] {
        place.write(name, bytes);
        place.on_archive(&["score", "--corroborate", name]).exits(1).says(words);
    }
    place.on_archive(&["score", "--corroborate", "nowhere.json"]).exits(1).says(&["nowhere.json", "help:"]);
}

#[test]
fn a_night_asks_the_others_as_score_does_and_goes_on_without_them() {
    let place = place();
    place.write("scan.csv", "purl,source,verdict\npkg:npm/left-pad@1.0.60,scanner-x,malware\n");
    place.write("more.csv", "purl,verdict\npkg:npm/left-pad@1.0.59,malicious\n");
    let night = |archive: &str, args: &[&str]| {
        place.run(&["import", "events.parquet", "--archive", archive]).exits(0);
        let args = [&["nightly", "--no-fetch", "--since", "2000-01-01", "--archive", archive], args].concat();
        let run = place.run(&args);
        let findings = std::fs::read_to_string(place.path(archive).join("exports/latest/findings.jsonl"));
        let lines = findings.expect("exported").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        (run, lines)
    };
    let both = ["--corroborate", "scan.csv", "--corroborate", "more.csv"];
    let (run, named): (_, Vec<Value>) = night("named", &both);
    assert!(
        run.exits(0)
            .out
            .contains("2 publishes of the window are named. Known elsewhere as malicious, not alerted here: 1.")
    );
    assert_eq!(named[0]["corroboration"][0]["source"], "scanner-x");
    assert_eq!(named.last().expect("a summary")["elsewhere"]["not_alerted"][0]["version"], "1.0.59");

    place.write("gaitkeeper.toml", "[nightly]\ncorroborate = [\"scan.csv\", \"more.csv\"]\n");
    let (run, configured) = night("configured", &[]);
    run.exits(0);
    assert_eq!(configured[0], named[0]);
    assert_eq!(configured.last().expect("a summary")["elsewhere"], named.last().expect("a summary")["elsewhere"]);
    let (run, instead) = night("instead", &["--corroborate", "more.csv"]);
    run.exits(0);
    assert_eq!(instead.last().expect("a summary")["elsewhere"]["rows"], 1, "what is named goes before the settings");

    let (run, without) = night("without", &["--corroborate", "none.csv"]);
    let out = run.exits(4).out;
    assert!(out.contains("others were not asked: none.csv") && out.contains("judged: 62 publishes"), "{out}");
    let mut bare = named[0].clone();
    bare.as_object_mut().expect("an object").remove("corroboration");
    assert_eq!(without[0], bare, "the finding is there all the same");
}
