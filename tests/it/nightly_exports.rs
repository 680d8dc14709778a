//! A night that is killed while it writes its exports: what is there is whole, and the next run writes and tells the rest.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use gaitkeeper::archive::columns::PublishEvent;
use serde_json::Value;

use crate::command::Place;
use crate::nightly::{Ended, double_tap, names, night, run_json};
use crate::receivers::Receiver;
use crate::tables::parquet;

/// Forty packages with two strange versions each, which the next night finds and tells to a webhook.
fn with_much_to_write(hook: &Receiver) -> Place {
    let place = Place::new();
    let mut events = double_tap();
    let late = events.split_off(60);
    let forty = |events: &[PublishEvent]| -> Vec<PublishEvent> {
        let copies = (0..40).flat_map(|n| events.iter().map(move |event| (n, event.clone())));
        copies
            .map(|(n, mut event)| {
                event.package = Some(format!("pkg-{n}"));
                event.publisher = Some(format!("ann-{n}"));
                event
            })
            .collect()
    };
    place.import("usual.parquet", parquet(&forty(&events)));
    night(&place, &["--since", "2024-01-02"]).exits(0);
    place.write(
        "gaitkeeper.toml",
        "[nightly]\nbudget = \"1/5\"\n[notify.webhook]\nurl_file = \"hook.url\"\nsecret_file = \"hook.key\"\n",
    );
    place.write("hook.url", format!("{}/hook", hook.url()));
    place.write("hook.key", crate::notify::SECRET);
    place.import("late.parquet", parquet(&forty(&late)));
    place
}

/// The folder that a night is just writing.
fn unfinished(place: &Place) -> Option<PathBuf> {
    let all = names(place.path("archive/exports"));
    all.iter().find(|name| name.starts_with(".unfinished-")).map(|name| place.path("archive/exports").join(name))
}

/// Kills a night when the folder that it is writing holds `file`; `false` where it was too quick for that.
fn is_killed_at(place: &Place, file: &str) -> bool {
    let mut command = place.command(&["nightly", "--no-fetch", "--archive", "archive"]);
    let mut run = Ended(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts"));
    while !unfinished(place).is_some_and(|folder| folder.join(file).exists()) {
        if run.0.try_wait().expect("a child").is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    drop(run);
    unfinished(place).is_some()
}

#[test]
fn a_night_that_is_killed_while_it_exports_leaves_no_half_of_it_and_the_next_run_writes_and_tells_all() {
    // As soon as its folder is there, and when some of its files are.
    for file in ["", "findings.csv"] {
        let (place, hook) = (0..9)
            .find_map(|_| {
                let hook = Receiver::start();
                let place = with_much_to_write(&hook);
                is_killed_at(&place, file).then_some((place, hook))
            })
            .expect("a night that is killed while it writes");
        let exports = place.path("archive/exports");
        let visible: Vec<String> = names(exports.clone()).into_iter().filter(|name| !name.starts_with('.')).collect();
        assert_eq!(visible.len(), 2, "the first night and `latest`: {visible:?}");
        assert_eq!(run_json(&place)["number"], 1, "`latest` is still the first night");
        assert_eq!(hook.seen().len(), 0, "nobody is told what is not written");

        let out = night(&place, &[]).exits(0).out;
        assert!(
            out.contains("night 2, which an earlier run had begun") && out.contains("judged: 80 publishes"),
            "{out}"
        );
        assert_eq!(unfinished(&place), None, "what the killed run had begun is swept");
        assert_eq!(run_json(&place)["number"], 2);
        assert_eq!(names(exports.join("latest")).len(), gaitkeeper::report::FORMATS.len() + 2);
        let written = fs::read_to_string(exports.join("latest/findings.jsonl")).expect("written");
        let written: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let found = written.iter().filter(|line| line["kind"] == "finding").count();
        let bodies = hook.bodies();
        assert_eq!(bodies.len(), 1, "told once");
        assert_eq!(bodies[0]["data"]["findings"].as_array().map(Vec::len), Some(found));
        let judged = &run_json(&place)["judged"];
        assert_eq!(judged["alerts"].as_u64().zip(judged["raised"].as_u64()).map(|(a, r)| a + r), Some(found as u64));
        assert!(found >= 40, "one a package at least: {judged}");
        night(&place, &[]).exits(0);
        assert_eq!(hook.seen().len(), 1, "and never again");
    }
}
