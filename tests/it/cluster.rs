//! The Python wheel, alone and on a real cluster, as `.ci/cluster` installs both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gaitkeeper::archive::table;
use gaitkeeper::archive::vocabulary::Vocabulary;
use serde_json::Value;

use crate::command::Place;
use crate::readers::installed;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn python() -> Option<PathBuf> {
    let path =
        std::env::var_os("GAITKEEPER_CLUSTER").map_or_else(|| root().join("target/cluster"), |set| root().join(set));
    Some(installed(path, ".ci/cluster", "GAITKEEPER_REQUIRE_CLUSTER")?.join("python/bin/python"))
}

/// Standard output of a command that succeeds.
fn output(command: &mut Command) -> String {
    let out = command.output().expect("it starts");
    let (said, complained) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{said}\n{complained}");
    said.into_owned()
}

#[test]
fn the_wheel_judges_as_the_program_and_refuses_what_cannot_be() {
    let Some(python) = python() else { return };
    output(Command::new(python).current_dir(root()).args(["-m", "unittest", "tests/cluster/wheel.py"]));
}

#[test]
fn the_wheel_has_the_types_that_its_stubs_say() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let config = root().join("python/pyproject.toml");
    output(
        Command::new(&python)
            .current_dir(place.path(""))
            .args(["-m", "mypy.stubtest", "gaitkeeper", "--mypy-config-file"])
            .arg(&config),
    );
    output(
        Command::new(&python)
            .current_dir(place.path(""))
            .args(["-m", "mypy", "--package", "gaitkeeper", "--config-file"])
            .arg(&config),
    );
}

/// A simulated registry, and the history in the box with it in between, in the order of time.
fn tables(place: &Place) -> [PathBuf; 2] {
    let [simulated, mixed] = ["simulated.parquet", "mixed.parquet"].map(|name| place.path(name));
    place.run(&["simulate", "--events", "60000", "--seed", "7", "--out", "simulated.parquet"]).exits(0);
    let mut words = Vocabulary::default();
    let mut rows = table::read(&root().join("data/history.parquet"), &mut words).expect("the box").rows;
    rows.extend(table::read(&simulated, &mut words).expect("a table").rows);
    rows.sort_by_key(|row| row.published_at.get());
    assert!(rows.len() > 480_000);
    fs::write(&mixed, table::to_parquet(&mut rows, &words).expect("a table")).expect("written");
    [simulated, mixed]
}

#[test]
fn a_cluster_judges_as_the_program_also_when_it_loses_a_worker() {
    let Some(python) = python() else { return };
    let place = Place::new();
    let [simulated, mixed] = tables(&place);
    let run = |events: &Path, more: &[&str]| -> Value {
        let scores = events.with_extension("scores.parquet");
        let [table, out] = [events, &scores].map(|path| path.to_str().expect("UTF-8"));
        place.run(&["sweep", "--events", table, "--out", out]).exits(0);
        let mut command = Command::new(&python);
        command.current_dir(root()).args(["tests/cluster/run.py", "--events", table, "--expected", out]).args(more);
        serde_json::from_str(&output(&mut command)).expect("one line of JSON")
    };
    let whole = run(&simulated, &[]);
    assert!(whole["killed"].is_null());
    let without_one = run(&mixed, &["--partitions", "8", "--kill"]);
    let done = without_one["killed"]["done"].as_u64().expect("a number");
    assert!((1..8).contains(&done), "killed in the middle of a pass: {without_one}");
}
