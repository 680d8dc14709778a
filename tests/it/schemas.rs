//! The published schema against what the program really writes.

use gaitkeeper::detect::scene::{Scene, said};
use jsonschema::Validator;
use serde_json::Value;

use crate::command::Place;
use crate::tables::parquet;

/// Sixty usual weeks of a package, a removed version, and a strange one of another account.
fn place() -> Place {
    let scene = Scene::steady(60).next(|e| e.removed = Some(true)).after(86_400_000, |e| {
        e.publisher = said("eve");
        e.install_scripts = said("postinstall");
        e.install_script_id = said("b3:000000000000");
        e.version = said("2.0.0");
    });
    let place = Place::new();
    place.import("events.parquet", parquet(&scene.events));
    place
}

fn published(place: &Place) -> Validator {
    let printed = place.run(&["schema", "findings"]).exits(0).out;
    jsonschema::validator_for(&serde_json::from_str(&printed).expect("JSON")).expect("a schema")
}

fn read(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn the_published_schema_is_that_of_real_output() {
    let place = place();
    let validator = published(&place);
    let out = place.on_archive(&["score", "--all", "--format", "jsonl"]).exits(0).out;
    let mut lines = read(&out);
    assert!(lines.len() > 4 && lines.iter().all(|line| validator.is_valid(line)), "{out}");
    let wrong: [(&str, Value); 5] = [
        ("score", 1.25.into()),
        ("id", "0123".into()),
        ("schema_version", 2.into()),
        ("kind", "verdict".into()),
        ("contributions", Value::Null),
    ];
    for (name, value) in wrong {
        let mut line = lines[0].clone();
        line[name] = value;
        assert!(!validator.is_valid(&line), "{name} is not what the schema says");
    }
    lines[0]["something_new"] = true.into();
    assert!(validator.is_valid(&lines[0]), "version 1 may gain properties");
}

#[test]
fn what_investigate_writes_is_in_the_published_schema() {
    let place = place();
    let validator = published(&place);
    for (asked, kinds) in [("pkg@2.0.0", vec!["finding", "surroundings"]), ("pkg", vec!["surroundings"])] {
        let out = place.on_archive(&["investigate", asked, "--format", "jsonl"]).exits(0).out;
        let lines = read(&out);
        assert_eq!(lines.iter().map(|line| &line["kind"]).collect::<Vec<_>>(), kinds, "{asked}");
        for line in &lines {
            let errors: Vec<String> = validator.iter_errors(line).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{asked}: {errors:?} in {line}");
        }
        let around = lines.last().expect("a line");
        assert!(around["changes"].as_array().is_some_and(|changes| !changes.is_empty()), "{around}");
        assert!(around["package"].as_array().is_some_and(|package| package.len() > 20), "{around}");
        let wrong: [(&str, Value); 5] = [
            ("schema_version", 2.into()),
            ("id", "0123".into()),
            ("versions", "61".into()),
            ("package", Value::Null),
            ("changes", serde_json::json!([{ "field": "client" }])),
        ];
        for (name, value) in wrong {
            let mut line = around.clone();
            line[name] = value;
            assert!(!validator.is_valid(&line), "{name} is not what the schema says");
        }
    }
}
