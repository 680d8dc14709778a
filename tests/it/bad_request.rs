//! Requests that cannot be met: the exit code tells why, and the message what to do instead.

use std::fs;

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::detect::scene::{Scene, said};
use polars::prelude::Column;

use crate::command::Place;
use crate::tables::{csv, parquet, with_columns};

/// A folder with an archive of ten publishes, and their table.
fn prepared() -> Place {
    let place = Place::new();
    place.import("events.parquet", parquet(&Scene::steady(10).events));
    place
}

fn model() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/models/model.toml")).expect("the model")
}

#[test]
fn without_an_archive_there_is_nothing_to_judge() {
    let place = Place::new();
    fs::create_dir(place.path("archive")).expect("folder");
    for dir in ["archive", "missing"] {
        for command in [&["score"][..], &["investigate", "pkg@1.0.0"]] {
            let run = place.run(&[command, &["--archive", dir]].concat()).exits(3);
            run.says(&[dir, "there is no archive here", "help: ", "gaitkeeper import --archive DIR FILE"]);
        }
    }
    assert!(place.files("archive").is_empty() && !place.path("missing").exists());
}

#[test]
fn an_archive_without_events_gives_nothing_to_judge() {
    let place = Place::new();
    for (name, bytes) in [("none.parquet", parquet(&[])), ("none.csv", csv(&[]))] {
        assert!(place.import(name, bytes).out.contains("0 new, 0 known"));
        let run = place.run(&["backtest", "--events", name, "--scores", "scores.csv"]).exits(3);
        run.says(&[name, "the table holds no events", "help: "]);
        assert!(!place.path("scores.csv").exists());
    }
    fs::create_dir(place.path("archive/events")).expect("folder");
    place.on_archive(&["score"]).exits(3).says(&["the archive holds no publishes", "help: "]);
}

#[test]
fn unknown_releases_suggest_near_ones() {
    let place = Place::new();
    let events = Scene::steady(10).all(|e| e.package = said("@scope/left-pad")).events;
    place.import("events.parquet", parquet(&events));
    for (release, words) in [
        ("@scope/left-pda@1.0.0", ["no package `@scope/left-pda`", "did you mean `@scope/left-pad`?"]),
        ("zzz@1.0.0", ["no package `zzz`", "help: fetch it: gaitkeeper pull"]),
        ("@scope/left-pad@1.0.99", ["no version 1.0.99 of @scope/left-pad (newest: 1.0.9)", "did you mean `1.0.9`"]),
        ("@scope/left-pad@latest", ["no version latest", "help: fetch it again: gaitkeeper pull --archive DIR"]),
        ("pkg:pypi/left-pad@1.0.0", ["no package `left-pad`", "help: "]),
    ] {
        place.on_archive(&["investigate", release]).exits(3).says(&words);
    }
    for (filter, name, words) in [
        ("--package", "@scope/left-pda", ["no package `@scope/left-pda`", "did you mean `@scope/left-pad`?"]),
        ("--actor", "annn", ["no publisher `annn`", "did you mean `ann`?"]),
        // The name occurs in the archive, but not as a publisher.
        ("--actor", "bob", ["no publisher `bob`", "help: check the name"]),
    ] {
        place.on_archive(&["score", filter, name]).exits(3).says(&words);
    }
}

#[test]
fn malformed_arguments_are_wrong_usage_with_an_example() {
    let place = prepared();
    for release in ["pkg@", "@1.0.0", "pkg:///", ""] {
        place.on_archive(&["investigate", release]).exits(2).says(&["write PKG@VERSION, for example"]);
    }
    for budget in ["0", "2", "-1", "1/0", "0/0", "nan", "often", "1/", "200%", ""] {
        for (option, remedy) in
            [("--budget", "write it as 1/1000, 0.1% or 5/day"), ("--fail-on", "write it as 1/1000, 0.001 or 0.1%")]
        {
            let argument = format!("{option}={budget}");
            place.on_archive(&["score", &argument]).exits(2).says(&[option, remedy]);
        }
    }
    for budget in ["0/day", "-1/day", "inf/day", "nan/day", "/day", "five/day"] {
        let argument = format!("--budget={budget}");
        place.on_archive(&["score", &argument]).exits(2).says(&["--budget", "0.5/day for one in two days"]);
    }
    for time in ["tomorrow", "2024-13-01", "2024-02-30", "12", "d", "-5d", "99999999999999999999d", "2024"] {
        let since = format!("--since={time}");
        place.on_archive(&["score", &since]).exits(2).says(&["--since: ", "is not a time", "help: write it as 2026"]);
    }
    for time in ["tomorrow", "2024-13-01", "30d", ""] {
        let as_of = format!("--as-of={time}");
        place.on_archive(&["score", &as_of]).exits(2).says(&["--as-of: ", "is not a time", "help: write it as 2026"]);
    }
    for (args, word) in
        [(&["score", "--format", "xml"][..], "jsonl"), (&["score", "--color", "pink"], "never"), (&["scroe"], "score")]
    {
        place.on_archive(args).exits(2).says(&[word]);
    }
}

#[test]
fn a_backtest_wants_an_ending_a_run_and_one_row_a_version() {
    let place = prepared();
    let backtest = |more: &[&str]| place.run(&[&["backtest", "--events", "events.parquet"][..], more].concat());
    for scores in ["scores.txt", "scores", "scores.CSV.gz"] {
        backtest(&["--scores", scores]).exits(2).says(&[scores, "help: name it .csv or .parquet"]);
    }
    backtest(&["--scores", "s.csv", "--surprises", "bits.csv"]).exits(2).says(&["bits.csv", "help: name it .parquet"]);
    let attack = Scene::steady(3).events.remove(2);
    let label = |name: &str, text: &str| Column::new(name.into(), [text]);
    let fold = Column::new("fold".into(), [4_i64]);
    let labelled = vec![label("campaign", "c"), label("instance", "i"), fold];
    place.write("attacks.parquet", with_columns(std::slice::from_ref(&attack), labelled.clone()));
    let run = backtest(&["--scores", "s.csv", "--attacks", "attacks.parquet", "--fold", "7"]).exits(2);
    run.says(&["the attacks have no run 7", "help: their runs are [4]"]);
    backtest(&["--scores", "s.csv", "--fold", "4"]).exits(2).says(&["--attacks"]);
    place.write("half.parquet", with_columns(&[attack], labelled[1..].to_vec()));
    let run = backtest(&["--scores", "s.csv", "--attacks", "half.parquet"]).exits(1);
    run.says(&["half.parquet", "column `campaign` is missing", "help: "]);
    let event = Scene::steady(1).events.remove(0);
    let other = PublishEvent { publisher: said("eve"), ..event.clone() };
    for (name, bytes) in
        [("twice.parquet", parquet(&[event.clone(), other.clone()])), ("twice.csv", csv(&[event, other]))]
    {
        place.write(name, bytes);
        let run = place.run(&["backtest", "--events", name, "--scores", "s.csv"]).exits(1);
        run.says(&[name, "at row 2: pkg@1.0.0 is there twice, first in row 1", "help: "]);
    }
    assert!(!place.path("s.csv").exists(), "nothing was written");
}

#[test]
fn an_unknown_signal_suggests_a_near_one() {
    let run = Place::new().run(&["signals", "new-publsher"]).exits(2);
    run.says(&["there is no signal `new-publsher`", "help: did you mean `new-publisher`"]);
    Place::new().run(&["signals", "zzzz"]).exits(2).says(&["help: gaitkeeper signals lists them"]);
}

#[test]
fn a_model_that_does_not_fit_is_refused_with_its_file() {
    let place = prepared();
    let whole = model();
    let (before, after) = whole.split_once("[signals.new-country]").expect("a signal");
    let rest = after.find("\n[signals.new-dependency]").expect("another signal");
    for (text, words) in [
        (format!("{whole}\n[signals.new-mood]\nbeta = [1.0, 1.0]\n"), "there is no signal `new-mood`"),
        (format!("{before}{}", &after[rest..]), "the signal `new-country` has no entry"),
        (format!("{before}[signals.new-country]\nweight = 1.0\nbeta = [1.0, 1.0]\n{}", &after[rest..]), "weight"),
        (format!("{before}[signals.new-country]\nbeta = [nan, 1.0]\n{}", &after[rest..]), "not positive"),
        (format!("{before}[signals.new-country]\nbeta = [0.0, 1.0]\n{}", &after[rest..]), "not positive"),
        (format!("{before}[signals.new-country]\n{}", &after[rest..]), "needs one of `beta"),
        (whole.replacen("version = 4", "version = 1", 1), "model version 1, this program reads 4"),
        (whole.replacen("weight = ", "weight = -", 1), "positive weight"),
        (whole.replacen("[cohorts.solo]", "[cohorts.mood]", 1), "there is no cohort `solo`"),
        ("{\"version\": 1}".to_owned(), "not a model file"),
    ] {
        place.write("model.toml", text);
        let run = place.on_archive(&["score", "--model", "model.toml"]).exits(1);
        run.says(&["model.toml: ", words, "help: take the model that comes with"]);
    }
    place.write("model.toml", [0xff, 0xfe]);
    place.on_archive(&["score", "--model", "model.toml"]).exits(1).says(&["model.toml: cannot be read", "help: "]);
    place.on_archive(&["score", "--model", "none.toml"]).exits(1).says(&["none.toml: cannot be read", "help: "]);
}

#[test]
fn strangers_cannot_write_to_the_terminal() {
    const RED: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}";
    let place = Place::new();
    let hostile = Scene::steady(6).next(|e| {
        e.publisher = Some(format!("eve{RED}"));
        e.version = Some(format!("2.0.0-{RED}"));
        e.npm_version = Some(format!("{RED}/1"));
        e.ci_workflow = Some(RED.to_owned());
        e.repository = Some(format!("registry.example/{RED}"));
        e.dependencies = Some(format!("left|{RED}"));
        e.url_dependencies = Some(RED.to_owned());
        e.install_scripts = Some("postinstall".to_owned());
        e.install_script_id = Some("h1".to_owned());
        e.git_head = None;
    });
    place.import("events.parquet", parquet(&hostile.events));
    let mut other = hostile.events[6].clone();
    other.publisher = Some(format!("mallory{RED}"));
    place.write("other.parquet", parquet(&[other]));
    let raw = ["\u{1b}[2J", "\u{1b}]", "\u{7}", "\u{9b}", "\u{202e}"];
    for colour in ["never", "always"] {
        for command in [
            &["score", "--all"][..],
            &["score", "--all", "--format", "csv"],
            &["score", "--budget", "1/1000000"],
            &["investigate", "pkg@1.0.5"],
            &["import", "other.parquet"],
        ] {
            let run = place.on_archive(&[command, &["--color", colour]].concat()).exits(0);
            let escaped = raw.iter().all(|text| !run.out.contains(text) && !run.err.contains(text));
            assert!(escaped, "{command:?} {colour}: {:?}", run.out);
            assert!(colour == "always" || !run.out.contains('\u{1b}'), "{command:?}");
            assert!(run.out.contains("\\u{1b}[2J"), "shown as what it is: {command:?} {:?}", run.out);
        }
        let run = place.on_archive(&["score", "--all", "--format", "jsonl", "--color", colour]).exits(0);
        assert!(raw.iter().all(|text| !run.out.contains(text)), "{:?}", run.out);
        assert!(run.out.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{:?}", run.out);
    }
    let labels = ["campaign", "instance"].map(|name| Column::new(name.into(), [format!("worm{RED}")]));
    place.write("attacks.parquet", with_columns(&hostile.events[6..], labels.to_vec()));
    let evaluate = ["evaluate", "--events", "events.parquet", "--attacks", "attacks.parquet", "--color", "always"];
    for json in [&[][..], &["--json"]] {
        let run = place.run(&[&evaluate, json].concat()).exits(0);
        assert!(run.out.contains("worm") && raw.iter().all(|text| !run.out.contains(text)), "{:?}", run.out);
    }
}
