//! Nothing is written in place of what is read, or under a name that says something else.

use std::fs;

use crate::command::Place;

#[test]
fn what_is_read_is_not_written_over() {
    let place = Place::new();
    place.run(&["simulate", "--events", "300", "--seed", "1", "--out", "a.parquet"]).exits(0);
    place.run(&["simulate", "--events", "300", "--seed", "2", "--out", "b.parquet"]).exits(0);
    fs::create_dir(place.path("folder")).expect("a folder");
    let kept = ["a.parquet", "b.parquet"].map(|name| fs::read(place.path(name)).expect("a table"));
    let simulate = ["simulate", "--events", "20"];
    let refused: [(&[&str], &str); 6] = [
        (&["--out", "a.parquet", "--against", "a.parquet"], "a.parquet"),
        (&["--out", "folder/../a.parquet", "--against", "a.parquet"], "a.parquet"),
        (&["--out", "a.parquet", "--habits", "a.parquet"], "a.parquet"),
        (&["--out", "c.parquet", "--attacks", "./c.parquet"], "c.parquet"),
        (&["--out", "c.parquet", "--attacks", "a.parquet", "--against", "a.parquet"], "a.parquet"),
        (&["--out", "c.parquet", "--attacks", "b.parquet", "--habits", "b.parquet"], "b.parquet"),
    ];
    for (options, taken) in refused {
        let run = place.run(&[&simulate, options].concat()).exits(2);
        run.says(&[&format!("would take the place of {taken}"), "name another file"]);
    }
    let sweep = ["sweep", "--events", "b.parquet", "--habits", "habits", "--history", "a.parquet", "--out"];
    for out in ["a.parquet", "b.parquet"] {
        place.run(&[&sweep[..], &[out]].concat()).exits(2).says(&[&format!("would take the place of {out}")]);
    }
    let backtest = ["backtest", "--events", "b.parquet", "--attacks", "a.parquet"];
    for (scores, surprises) in [("a.parquet", "c.parquet"), ("c.parquet", "b.parquet"), ("c.parquet", "c.parquet")] {
        let run = place.run(&[&backtest[..], &["--scores", scores, "--surprises", surprises]].concat()).exits(2);
        run.says(&["would take the place of"]);
    }
    assert!(kept == ["a.parquet", "b.parquet"].map(|name| fs::read(place.path(name)).expect("a table")));
    assert!(!place.path("c.parquet").exists() && !place.path("habits").exists());
}

#[test]
fn an_ending_that_says_something_else_is_refused_with_the_right_one() {
    let place = Place::new();
    let simulate = |options: &[&str]| place.run(&[&["simulate", "--events", "20"], options].concat());
    for name in ["e", "e.csv", "e.toml"] {
        simulate(&["--out", name]).exits(2).says(&[name, "name it .parquet"]);
        simulate(&["--out", "e.parquet", "--attacks", name]).exits(2).says(&[name, "name it .parquet"]);
        assert!(!place.path(name).exists());
    }
    let run = place.run(&["simulate", "--fit", "history.parquet", "--out", "habits.parquet"]).exits(2);
    run.says(&["habits.parquet", "name it .toml"]);
    simulate(&["--out", "e.parquet"]).exits(0);
    place.run(&["sweep", "--events", "e.parquet", "--out", "s"]).exits(2).says(&["name it .parquet"]);
}

#[test]
fn findings_do_not_replace_the_verdicts_that_they_are_judged_by() {
    const VERDICTS: &str = "registry,package,version,verdict\nnpm,size-sensor,1.0.4,benign\n";
    let place = Place::new();
    fs::create_dir(place.path("out")).expect("a folder");
    for (verdicts, to) in [("v.csv", ["--output", "v.csv"]), ("out/findings.csv", ["--export", "out"])] {
        place.write(verdicts, VERDICTS);
        for reads in ["--verdicts", "--corroborate"] {
            let run = place.run(&[&["score", reads, verdicts], &to[..]].concat()).exits(2);
            run.says(&[&format!("would take the place of {verdicts}"), "name another file"]);
        }
        assert_eq!(fs::read_to_string(place.path(verdicts)).expect("the verdicts"), VERDICTS);
    }
}
