//! A sweep over a table judges as the fold in memory does, to the bit, and leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gaitkeeper::archive::columns::{COLUMNS, Field, PublishEvent};
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::scan::Scan;
use gaitkeeper::archive::table;
use gaitkeeper::archive::vocabulary::Vocabulary;
use gaitkeeper::detect::model::Model;
use gaitkeeper::engine::embedded::fold;
use gaitkeeper::engine::policy::Policy;
use gaitkeeper::engine::sweep::recall::Memory;
use gaitkeeper::engine::sweep::{Plan, sweep};
use gaitkeeper::error::Result;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::command::Place;

/// Score and p-value of each publish, with its release.
type Judged = Vec<([String; 3], i64, i32, u64)>;

fn folded(path: &Path) -> Judged {
    let mut words = Vocabulary::default();
    let rows = table::read(path, &mut words).expect("a table").rows;
    let history = History::new(rows, words);
    let mut judged = Vec::new();
    let model = Model::embedded().expect("the model");
    fold(&history, &model, |a| {
        let event = a.look.event;
        let release = [event.registry, event.package, event.version].map(|sym| history.words.text(sym).to_owned());
        judged.push((release, event.at, a.assessment.points, a.p_value.to_bits()));
    });
    judged
}

fn swept(path: &Path, folder: &Path, parts: usize, threads: usize) -> Judged {
    recalling(path, folder, parts, threads, Memory::None).expect("a sweep")
}

fn recalling(path: &Path, folder: &Path, parts: usize, threads: usize, memory: Memory) -> Result<Judged> {
    let (scan, policy) = (Scan::open(path).expect("a table"), Policy::default());
    let plan = Plan { parts, memory, ..Plan::new(scan.rows(), &policy, Some(folder), threads).expect("a plan") };
    let mut judged = Vec::new();
    let model = Model::embedded().expect("the model");
    sweep(&scan, &model, &plan, &|_| {}, |s, words| {
        let release = s.key.release.map(|sym| words.text(sym).to_owned());
        judged.push((release, s.key.at, s.points, s.p_value.to_bits()));
        Ok(())
    })?
    .keep()?;
    Ok(judged)
}

fn assert_same(folded: &Judged, swept: &Judged) {
    assert_eq!(folded.len(), swept.len());
    let differ: Vec<_> = folded.iter().zip(swept).filter(|(a, b)| a != b).take(3).collect();
    assert!(differ.is_empty(), "the first that differ: {differ:?}");
}

fn folded_box() -> &'static Judged {
    static FOLDED: OnceLock<Judged> = OnceLock::new();
    FOLDED.get_or_init(|| folded(&the_box()))
}

pub fn the_box() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/history.parquet")
}

#[test]
fn the_history_in_the_box_is_judged_as_by_the_fold() {
    let place = Place::new();
    let folded = folded_box();
    assert!(folded.len() > 400_000);
    assert_same(folded, &swept(&the_box(), &place.path(""), 5, 2));
    assert_eq!(fs::read_dir(place.path("")).expect("the folder").count(), 0, "parts were left behind");
}

/// Publishes in which every column has few values, or none, so that everything that can happen does: shared moments,
/// unnamed publishers, tokens, certificates that do and do not verify.
pub fn invented(seed: u64, publishes: usize) -> Vec<PublishEvent> {
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut at = 1_600_000_000_000i64;
    let mut events = Vec::new();
    for n in 0..publishes {
        if dice.gen_ratio(2, 3) {
            at += [1, 40_000, 4_000_000, 90_000_000, 400_000_000][dice.gen_range(0..5)];
        }
        let mut event = PublishEvent::default();
        for column in COLUMNS {
            let value = dice.gen_range(0..4);
            if dice.gen_ratio(1, 3) {
                continue;
            }
            match column.field {
                Field::Text(cell, _) => *cell(&mut event) = Some(format!("{}-{value}", column.name)),
                Field::List(cell, _) => {
                    *cell(&mut event) = Some((0..value).map(|i| format!("p{i}")).collect::<Vec<_>>().join("|"));
                }
                Field::Flag(cell, _) => *cell(&mut event) = Some(value == 0),
                Field::Int(cell, _) => *cell(&mut event) = Some(10_i64.pow(value)),
                Field::Time(cell, _) => *cell(&mut event) = Some(at - 3_000_000 * i64::from(value)),
            }
        }
        // What looks like its kind is worked on as its kind.
        let states = ["verified", "unverified", "absent"];
        event.cert_state = event.cert_state.map(|_| states[dice.gen_range(0..3)].to_owned());
        let accounts = ["ann", "bob", "cho", gaitkeeper::names::NPM_TRUSTED_PUBLISHER_ACCOUNT];
        event.publisher = event.publisher.map(|_| accounts[dice.gen_range(0..4)].to_owned());
        event.maintainers = event.maintainers.map(|_| ["ann|bob", "ann", "bob|cho"][dice.gen_range(0..3)].to_owned());
        event.registry = Some(["npm", "pypi"][dice.gen_range(0..2)].to_owned());
        event.package = Some(format!("p{}", dice.gen_range(0..6)));
        let channel = ["", "", "", "-next.1"][dice.gen_range(0..4)];
        event.version = Some(format!("{}.{}.{n}{channel}", dice.gen_range(1..4), dice.gen_range(0..3)));
        event.removed = Some(dice.gen_ratio(1, 20));
        event.published_at = Some(at);
        events.push(event);
    }
    events
}

pub fn written(events: Vec<PublishEvent>, path: &Path) {
    let History { words, mut events } = History::from_events(events);
    fs::write(path, table::to_parquet(&mut events, &words).expect("a table")).expect("a file");
}

#[test]
fn whatever_the_columns_hold_it_is_judged_as_by_the_fold() {
    for seed in 0..4 {
        let place = Place::new();
        written(invented(seed, 3_000), &place.path("e.parquet"));
        let folded = folded(&place.path("e.parquet"));
        fs::create_dir(place.path("work")).expect("a folder");
        for (parts, threads) in [(1, 1), (3, 2)] {
            assert_same(&folded, &swept(&place.path("e.parquet"), &place.path("work"), parts, threads));
        }
        let scores: std::collections::BTreeSet<i32> = folded.iter().map(|judged| judged.2).collect();
        assert!(scores.len() > 500, "only {} scores: the invented table exercises nothing", scores.len());
    }
}

#[test]
fn rows_of_several_groups_and_shared_moments_across_them_keep_their_order() {
    let place = Place::new();
    place.run(&["simulate", "--events", "300000", "--seed", "3", "--out", "e.parquet"]).exits(0);
    let path = place.path("e.parquet");
    fs::create_dir(place.path("work")).expect("a folder");
    assert_same(&folded(&path), &swept(&path, &place.path("work"), 4, 2));
}

#[test]
fn a_table_out_of_order_is_refused_with_its_row() {
    let place = Place::new();
    let History { words, mut events } = History::from_events(invented(1, 50));
    let last = events.pop().expect("an event");
    events.insert(10, last);
    fs::write(place.path("e.parquet"), table::to_parquet(&mut events, &words).expect("a table")).expect("a file");
    let run = place.run(&["sweep", "--events", "e.parquet"]).exits(1);
    run.says(&["row 12, column published_at", "sort the table by published_at"]);
}

#[test]
fn tables_that_are_not_parquet_are_refused_with_a_way_out() {
    let place = Place::new();
    place.write("e.csv", "registry,package\n");
    place.run(&["sweep", "--events", "e.csv"]).exits(1).says(&["e.csv", "not a Parquet file", "export it as Parquet"]);
    written(invented(1, 20), &place.path("e.parquet"));
    let run = place.run(&["sweep", "--events", "e.parquet", "--out", "s.csv"]).exits(2);
    run.says(&["s.csv", "Parquet only", "name it .parquet"]);
    assert!(!place.path("s.csv").exists());
    let run = place.run(&["sweep", "--events", "e.parquet", "--work", "nowhere"]).exits(1);
    run.says(&["nowhere: cannot be written", "make the folder first"]);
}

#[test]
fn alerts_cannot_be_held_back_in_a_sweep() {
    let policy = Policy { hold_alerts: true, ..Policy::default() };
    let refused = Plan::new(10, &policy, None, 1).err().expect("a refusal");
    assert!(refused.what.contains("hold alerts back"), "{refused:?}");
}

/// Cuts a history at some places, each between two moments, into tables `0.parquet`, `1.parquet`, ...
pub fn cut(history: History, places: &[usize], place: &Place) -> Vec<PathBuf> {
    let History { words, mut events } = history;
    let mut tables = Vec::new();
    let ends = places.iter().copied().chain([events.len()]);
    let mut from = 0;
    for end in ends {
        let end = (end..events.len()).find(|&at| events[at].at > events[at - 1].at).unwrap_or(events.len());
        let path = place.path(&format!("{}.parquet", tables.len()));
        fs::write(&path, table::to_parquet(&mut events[from..end], &words).expect("a table")).expect("a file");
        tables.push(path);
        from = end;
    }
    tables
}

#[test]
fn what_was_kept_is_gone_on_with_as_if_nothing_had_been_interrupted() {
    for seed in [11, 12] {
        let place = Place::new();
        written(invented(seed, 3_000), &place.path("e.parquet"));
        let whole = folded(&place.path("e.parquet"));
        let mut judged = Vec::new();
        fs::create_dir(place.path("work")).expect("a folder");
        let habits = place.path("habits");
        for (at, table) in
            cut(History::from_events(invented(seed, 3_000)), &[900, 1_800, 1_850, 2_900], &place).iter().enumerate()
        {
            let memory = if at == 0 { Memory::Fresh(&habits) } else { Memory::GoOn(&habits) };
            judged.extend(recalling(table, &place.path("work"), 3, 2, memory).expect("a sweep"));
        }
        assert_same(&whole, &judged);
    }
}

#[test]
fn the_last_days_of_the_box_cost_only_the_habits_of_those_who_published() {
    let place = Place::new();
    let mut words = Vocabulary::default();
    let rows = table::read(&the_box(), &mut words).expect("a table").rows;
    let history = History::new(rows, words);
    let cut_at = history.events.len() - 3_000;
    let tables = cut(history, &[cut_at], &place);
    let habits = place.path("habits");
    fs::create_dir(place.path("work")).expect("a folder");
    let first = recalling(&tables[0], &place.path("work"), 4, 2, Memory::Fresh(&habits)).expect("a sweep");
    let then = recalling(&tables[1], &place.path("work"), 4, 2, Memory::GoOn(&habits)).expect("a sweep");
    assert_same(folded_box(), &[first, then].concat());
}

#[test]
fn habits_that_are_damaged_or_of_another_model_are_not_gone_on_with() {
    let place = Place::new();
    let tables = cut(History::from_events(invented(5, 600)), &[500], &place);
    assert_eq!(tables.len(), 2);
    let sweep =
        |table: &str, more: &[&str]| place.run(&[&["sweep", "--events", table, "--habits", "habits"], more].concat());
    sweep("0.parquet", &[]).exits(0);
    sweep("0.parquet", &[]).exits(1).says(&["0.parquet", "up to", "--rebuild"]);
    let kept = fs::read(place.path("habits/habits.sqlite")).expect("the habits");

    let other = gaitkeeper::detect::model::EMBEDDED.replacen("start = -", "start = -1", 1);
    assert_ne!(other, gaitkeeper::detect::model::EMBEDDED);
    place.write("other.toml", other);
    sweep("1.parquet", &["--model", "other.toml"]).exits(1).says(&["scores are of model", "--rebuild"]);

    let connection = rusqlite::Connection::open(place.path("habits/habits.sqlite")).expect("the habits");
    let change = |sql: &str| connection.execute(sql, []).expect("a change");
    change("UPDATE about SET habits = habits + 1");
    sweep("1.parquet", &[]).exits(1).says(&["seal", "--rebuild"]);
    fs::write(place.path("habits/habits.sqlite"), &kept).expect("the habits");
    let packages =
        change("UPDATE packages SET habits = CAST(substr(habits, 1, 40) || x'00' || substr(habits, 42) AS BLOB)");
    assert!(packages > 3);
    sweep("1.parquet", &[]).exits(1).says(&["seal of p", "packages", "--rebuild"]);
    for (change_of, named) in
        [("packages SET last = last - 1", "seal of p"), ("names SET first = first - 1", "the name p")]
    {
        fs::write(place.path("habits/habits.sqlite"), &kept).expect("the habits");
        change(&format!("UPDATE {change_of}"));
        sweep("1.parquet", &[]).exits(1).says(&[named, "--rebuild"]);
    }
    fs::write(place.path("habits/habits.sqlite"), &kept[..kept.len() / 2]).expect("the habits");
    sweep("1.parquet", &[]).exits(1).says(&["damaged", "--rebuild"]);
    fs::write(place.path("habits/habits.sqlite"), b"not a database").expect("the habits");
    sweep("1.parquet", &[]).exits(1).says(&["damaged", "--rebuild"]);
    sweep("0.parquet", &["--rebuild"]).exits(0);
    sweep("1.parquet", &[]).exits(0);
}

#[test]
fn habits_that_cannot_be_gone_on_with_are_learnt_again_where_the_history_is_named() {
    let place = Place::new();
    let tables = cut(History::from_events(invented(7, 900)), &[400, 800], &place);
    let [first, second] = [0, 1].map(|at| Scan::open(&tables[at]).expect("a table").rows());
    let named = format!("{} publishes", first + second);
    let night = |out: &str, more: &[&str]| {
        let args = ["sweep", "--events", "2.parquet", "--habits", "habits", "--out", out];
        place.run(&[&args[..], more].concat())
    };
    let history = ["--history", "0.parquet", "1.parquet"];
    let path = place.path("habits/habits.sqlite");
    let kept = || fs::read(&path).expect("the habits");

    // Nothing is kept yet.
    night("first.parquet", &history).exits(0).says(&["no habits are kept", &named]);
    let wanted = fs::read(place.path("first.parquet")).expect("scores");
    // As if one table had been swept after the other.
    for table in ["0.parquet", "1.parquet", "2.parquet"] {
        place.run(&["sweep", "--events", table, "--habits", "by-hand", "--out", "by-hand.parquet"]).exits(0);
    }
    assert!(wanted == fs::read(place.path("by-hand.parquet")).expect("scores"));
    assert!(kept() == fs::read(place.path("by-hand/habits.sqlite")).expect("the habits"));

    night("again.parquet", &history).exits(1).says(&["2.parquet", "up to"]);
    let after_two = || {
        for table in ["0.parquet", "1.parquet"] {
            let more: &[&str] = if table == "0.parquet" { &["--rebuild"] } else { &[] };
            place.run(&[&["sweep", "--events", table, "--habits", "habits"], more].concat()).exits(0);
        }
    };
    // What cannot have held all of it is not taken for the whole.
    after_two();
    let damage = |sql| rusqlite::Connection::open(&path).expect("the habits").execute_batch(sql).expect("damage");
    damage("UPDATE packages SET seal = x'00'");
    let before = kept();
    let refused = night("again.parquet", &["--history", "0.parquet"]).exits(3);
    refused.says(&["seal of p", &format!("{first} publishes"), &(first + second).to_string(), "every table"]);
    assert!(before == kept() && !place.path("again.parquet").exists());

    // Damage of every kind, and habits of another model.
    for sql in ["UPDATE packages SET seal = x'00'", "UPDATE about SET habits = habits + 1", "DROP TABLE accounts"] {
        after_two();
        damage(sql);
        night("again.parquet", &history).exits(0).says(&[&format!("{named} of --history are learnt")]);
        assert!(wanted == fs::read(place.path("again.parquet")).expect("scores"), "{sql}");
    }
    after_two();
    place.write("habits/habits.sqlite", b"not a database");
    night("again.parquet", &history).exits(0);
    assert!(wanted == fs::read(place.path("again.parquet")).expect("scores"));
    // Somebody who writes is no damage.
    let writer = rusqlite::Connection::open(&path).expect("the habits");
    writer.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    night("again.parquet", &history).exits(5).says(&["another sweep", "wait"]);
    drop(writer);
    let left: Vec<_> = fs::read_dir(place.path("habits")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_a_killed_run_had_begun_is_taken_back() {
    let place = Place::new();
    cut(History::from_events(invented(8, 600)), &[500], &place);
    let sweep = |table: &str, more: &[&str]| {
        place.run(&[&["sweep", "--events", table, "--habits", "habits", "--out", "out.parquet"], more].concat())
    };
    sweep("0.parquet", &[]).exits(0);
    let path = place.path("habits/habits.sqlite");
    let (kept, journal) = (fs::read(&path).expect("the habits"), place.path("habits/habits.sqlite-journal"));
    sweep("1.parquet", &[]).exits(0);
    let wanted = fs::read(place.path("out.parquet")).expect("scores");
    let killed = || {
        fs::write(&path, &kept).expect("the habits");
        let connection = rusqlite::Connection::open(&path).expect("the habits");
        // Pages go to the file before the transaction ends, as those of a large night do.
        connection
            .execute_batch("PRAGMA cache_size = 2; PRAGMA cache_spill = 2; BEGIN; UPDATE packages SET seal = x'00'; UPDATE accounts SET seal = x'00';")
            .expect("a change");
        let halfway = [&path, &journal].map(|path| fs::read(path).expect("a file"));
        drop(connection);
        fs::write(&path, &halfway[0]).expect("the habits");
        fs::write(&journal, &halfway[1]).expect("the journal");
        assert!(halfway[0] != kept && !halfway[1].is_empty());
    };
    killed();
    sweep("1.parquet", &[]).exits(0);
    assert!(wanted == fs::read(place.path("out.parquet")).expect("scores") && !journal.exists());
    // Nor is it played into what takes the place of the file.
    killed();
    sweep("0.parquet", &["--rebuild"]).exits(0);
    sweep("1.parquet", &[]).exits(0);
    assert!(wanted == fs::read(place.path("out.parquet")).expect("scores") && !journal.exists());
}

#[test]
fn habits_do_not_advance_before_the_scores_are_written_nor_under_another_sweep() {
    let place = Place::new();
    let tables = cut(History::from_events(invented(6, 600)), &[500], &place);
    let habits = place.path("habits");
    recalling(&tables[0], &place.path(""), 2, 1, Memory::Fresh(&habits)).expect("a sweep");
    let kept = || fs::read(habits.join("habits.sqlite")).expect("the habits");
    let before = kept();

    fs::create_dir(place.path("taken.parquet")).expect("a folder where the scores should be");
    let args = ["sweep", "--events", "1.parquet", "--habits", "habits", "--out"];
    place.run(&[&args[..], &["taken.parquet"]].concat()).exits(1).says(&["taken.parquet"]);
    assert!(before == kept(), "the habits went on without the scores");

    let (scan, policy, model) =
        (Scan::open(&tables[1]).expect("a table"), Policy::default(), Model::embedded().expect("one"));
    let plan = Plan { memory: Memory::GoOn(&habits), ..Plan::new(scan.rows(), &policy, None, 1).expect("a plan") };
    let [first, second] = [(); 2].map(|()| sweep(&scan, &model, &plan, &|_| {}, |_, _| Ok(())).expect("a sweep"));
    first.keep().expect("the first is kept");
    let after = kept();
    let refused = second.keep().expect_err("the second began from what is gone");
    assert!(refused.what.contains("another sweep"), "{refused:?}");
    assert!(after == kept());
}
