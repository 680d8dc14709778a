//! A registry that never was: like the real one, the same for the same seed, and with worms in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gaitkeeper::archive::block::{Block, Mark, Repeated, place};
use gaitkeeper::archive::columns::COLUMNS;
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::labels::{self, Attack};
use gaitkeeper::archive::stream::Sink;
use gaitkeeper::archive::table;
use gaitkeeper::archive::vocabulary::{Sym, Vocabulary};
use gaitkeeper::baseline::stance::{DAY, HOUR};
use gaitkeeper::engine::simulate::calendar::Calendar;
use gaitkeeper::engine::simulate::check::{Comparison, compare, ks};
use gaitkeeper::engine::simulate::habits::{EMBEDDED, Habits, Law, Quantiles, pick};
use gaitkeeper::engine::simulate::package::{Step, Versions};
use gaitkeeper::engine::simulate::random::Stream;

use crate::command::{Outcome, Place};

const EVENTS: usize = 100_000;

fn box_history() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/history.parquet")
}

/// A registry of [`EVENTS`] publishes with every worm, made once.
struct Simulated {
    place: Place,
    run: Outcome,
}

fn simulated() -> &'static Simulated {
    static MADE: OnceLock<Simulated> = OnceLock::new();
    MADE.get_or_init(|| {
        let place = Place::new();
        let events = EVENTS.to_string();
        let run = place
            .run(&["simulate", "--events", &events, "--seed", "7", "--out", "e.parquet", "--attacks", "a.parquet"])
            .exits(0);
        Simulated { place, run }
    })
}

fn history(path: &Path) -> History {
    let mut words = Vocabulary::default();
    let rows = table::read(path, &mut words).expect("an event table").rows;
    History::new(rows, words)
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let place = Place::new();
    let make = |name: &str, seed: &str| {
        let attacks = format!("a-{name}");
        let args = ["simulate", "--events", "20000", "--seed", seed, "--out", name, "--attacks", &attacks];
        place.run(&args).exits(0);
        (fs::read(place.path(name)).expect("events"), fs::read(place.path(&attacks)).expect("attacks"))
    };
    let (first, again, other) = (make("1.parquet", "7"), make("2.parquet", "7"), make("3.parquet", "8"));
    assert!(first == again, "the same seed gave other bytes");
    assert!(first.0 != other.0 && first.1 != other.1, "another seed gave the same bytes");
}

#[test]
fn the_loader_refuses_no_row_and_misses_no_column() {
    let mut words = Vocabulary::default();
    let table = table::read(&simulated().place.path("e.parquet"), &mut words).expect("an event table");
    assert_eq!(table.rows.len(), EVENTS);
    assert_eq!((table.absent, table.unknown), (vec![], vec![]), "{} columns", COLUMNS.len());
    let keys: BTreeSet<(Sym, Sym)> = table.rows.iter().map(|r| (r.package, r.version)).collect();
    assert_eq!(keys.len(), EVENTS, "a version is there twice");
    assert!(table.rows.is_sorted_by_key(|r| r.published_at.get()), "not in the order of time");
    let invalid = table.rows.iter().find(|r| semver::Version::parse(words.text(r.version)).is_err());
    assert!(invalid.is_none(), "{}", words.text(invalid.expect("a row").version));
}

#[test]
fn rows_are_read_again_as_they_were_set_whatever_repeats() {
    const ROWS: usize = 1_000;
    const FIRST: i64 = 1_700_000_000_000;
    // Two that say the same, one that comes up in two columns, and one that nobody says.
    let mut people: [Repeated; 4] = ["ann", "bob", "ann", "zoe"].map(Repeated::from);
    let mut registry: Repeated = "npm".into();
    // Made when a block first asks for them.
    let mut homes = [Mark::default(); 2];
    let home = |i: usize| format!("host/owner/{}", i % 2);
    let said = |i: usize| [Some(0), Some(1), Some(2), None][i % 4];
    let number = |i: usize| i64::try_from(i).expect("a small number");
    let (place_of, path) = (Place::new(), "rows.parquet");
    let mut sink = Sink::create(&place_of.path(path), false).expect("a file");
    for block_of in 0..3 {
        let mut block = Block::new(false);
        for i in (block_of * ROWS)..(block_of + 1) * ROWS {
            block.begin();
            block.repeated(place("registry"), &mut registry);
            block.text(place("package"), if i % 2 == 0 { "left" } else { "right" });
            block.text(place("version"), &format!("1.0.{i}"));
            block.number(place("published_at"), FIRST + number(i));
            block.flag(place("removed"), i % 3 == 0);
            block.marked(place("repository"), &mut homes[i % 2], |to| to.push_str(&home(i)));
            if let Some(who) = said(i) {
                block.repeated(place("publisher"), &mut people[who]);
                block.number(place("file_count"), number(i % 7));
            }
            // The last block has none of these, the others a mixture.
            match (block_of, i % 5) {
                (2, _) | (_, 0) => {}
                // Long ones that begin alike, each said several times over.
                (_, 1) => block.text(place("maintainers"), &format!("ann|number-{}", i % 97)),
                _ => block.repeated(place("maintainers"), &mut people[0]),
            }
        }
        assert_eq!(block.len(), ROWS);
        sink.write(block).expect("a row group");
    }
    sink.finish().expect("a table");

    let mut words = Vocabulary::default();
    let rows = table::read(&place_of.path(path), &mut words).expect("an event table").rows;
    assert_eq!(rows.len(), 3 * ROWS);
    for (i, row) in rows.iter().enumerate() {
        let text = |sym: Sym| sym.is_some().then(|| words.text(sym));
        assert_eq!(text(row.registry), Some("npm"));
        assert_eq!(text(row.package), Some(if i % 2 == 0 { "left" } else { "right" }));
        assert_eq!(words.text(row.version), format!("1.0.{i}"));
        assert_eq!(row.published_at.get(), Some(FIRST + number(i)));
        assert_eq!(row.removed, Some(i % 3 == 0));
        assert_eq!(text(row.repository), Some(home(i).as_str()));
        assert_eq!(text(row.publisher), said(i).map(|who| people[who].text()));
        assert_eq!(row.file_count.get(), said(i).map(|_| number(i % 7)));
        let owners = match (i / ROWS, i % 5) {
            (2, _) | (_, 0) => None,
            (_, 1) => Some(format!("ann|number-{}", i % 97)),
            _ => Some("ann".to_owned()),
        };
        assert_eq!(text(row.maintainers), owners.as_deref());
        assert!(row.provenance.is_none() && row.cert_issued_at.get().is_none());
    }
}

#[test]
fn a_block_without_rows_leaves_no_row_group() {
    let place = Place::new();
    let made = |name: &str, blocks: usize| {
        let mut sink = Sink::create(&place.path(name), true).expect("a file");
        (0..blocks).for_each(|_| sink.write(Block::new(true)).expect("nothing to write"));
        sink.finish().expect("a table");
        fs::read(place.path(name)).expect("bytes")
    };
    assert!(made("none.parquet", 0) == made("empty.parquet", 2), "an empty block was written");
}

fn compared() -> &'static Comparison {
    static DONE: OnceLock<Comparison> = OnceLock::new();
    DONE.get_or_init(|| compare(&history(&simulated().place.path("e.parquet")), &history(&box_history())))
}

#[test]
fn a_hundred_thousand_events_are_distributed_as_the_history_is() {
    let bounds = BTreeMap::from([
        ("silence between acts of a publisher", 0.10),
        ("packages in an act", 0.08),
        ("packages of a publisher", 0.08),
        ("events of a publisher", 0.08),
        ("events of a package", 0.20),
        ("publishers of a package", 0.15),
        ("first publish of a publisher", 0.14),
        ("time of a publish", 0.18),
    ]);
    let far: Vec<_> = compared().distances.iter().filter(|d| d.ks > bounds[d.what]).collect();
    assert!(far.is_empty(), "{far:#?}");
    assert_eq!(compared().distances.len(), bounds.len());
}

#[test]
fn trusted_publishing_and_provenance_spread_as_they_did() {
    let spread = compared().differences.iter().filter(|d| ["trusted publishing", "provenance"].contains(&d.what));
    let far: Vec<_> = spread.clone().filter(|d| d.by().abs() > 0.2).collect();
    assert!(far.is_empty(), "{far:#?}");
    assert!(spread.clone().any(|d| d.year == 2026 && d.share[0] > 0.4), "nobody adopted anything");
    assert!(spread.clone().count() >= 6);
}

#[test]
fn a_history_is_no_distance_from_itself_and_some_from_another() {
    assert!(ks(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]) < 1e-12);
    assert!((ks(&[1.0, 2.0], &[2.0, 3.0]) - 0.5).abs() < 1e-12);
    assert!((ks(&[1.0, 1.0], &[2.0]) - 1.0).abs() < 1e-12);
    assert!((ks(&[], &[2.0]) - 1.0).abs() < 1e-12);
    let simulated = history(&simulated().place.path("e.parquet"));
    let same = compare(&simulated, &simulated);
    assert!(same.distances.iter().all(|d| d.ks < 1e-12) && same.differences.iter().all(|d| d.by().abs() < 1e-12));
}

#[test]
fn it_is_imported_and_scored_and_backtested_as_any_other_history() {
    let place = Place::new();
    place.run(&["simulate", "--events", "20000", "--out", "e.parquet", "--attacks", "a.parquet"]).exits(0);
    place.on_archive(&["import", "e.parquet"]).exits(0);
    let scored = place.on_archive(&["score", "--since", "365d", "--format", "jsonl", "--all"]).exits(0);
    assert!(scored.out.lines().count() > 500, "{} publishes were scored", scored.out.lines().count());
    let (events, attacks) = (place.path("e.parquet"), place.path("a.parquet"));
    let (events, attacks) = (events.to_str().expect("UTF-8"), attacks.to_str().expect("UTF-8"));
    let args = ["backtest", "--events", events, "--attacks", attacks, "--fold", "1", "--scores", "s.csv"];
    let run = place.run(&args).exits(0);
    let malicious = labels::read(&place.path("a.parquet"), &mut Vocabulary::default()).expect("attacks");
    let of_run = malicious.iter().filter(|a| a.fold == 1).count();
    assert!(of_run > 0);
    run.says(&[&format!("{} events scored, {of_run} of them attacks", 20_000 + of_run)]);
}

fn attacks_of(worm: &str) -> (Vec<Attack>, Vocabulary, Table) {
    let mut words = Vocabulary::default();
    let rows = table::read(&simulated().place.path("e.parquet"), &mut words).expect("events").rows;
    let all = labels::read(&simulated().place.path("a.parquet"), &mut words).expect("attacks");
    let of: Vec<Attack> = all.into_iter().filter(|a| words.text(a.campaign) == worm).collect();
    (of, words, rows)
}

type Table = Vec<gaitkeeper::archive::columns::Row>;

#[test]
fn the_worm_of_one_account_publishes_what_was_reported() {
    let (attacks, words, rows) = attacks_of("one-account");
    let distinct = |of: fn(&Attack) -> Sym| attacks.iter().map(of).collect::<BTreeSet<Sym>>().len();
    assert_eq!(attacks.len(), 633);
    assert_eq!(distinct(|a| a.row.package), 320);
    assert_eq!((distinct(|a| a.row.publisher), distinct(|a| a.instance)), (1, 1));
    let times = || attacks.iter().filter_map(|a| a.row.published_at.get());
    let minutes = (times().max().expect("a time") - times().min().expect("a time")) / 60_000;
    assert!((20..=25).contains(&minutes), "{minutes} minutes");
    let begins = times().min().expect("a time");
    let known: BTreeSet<Sym> =
        rows.iter().filter(|r| r.published_at.get().is_some_and(|at| at < begins)).map(|r| r.package).collect();
    assert!(attacks.iter().all(|a| known.contains(&a.row.package)), "a package that nobody had published");
    let thief = attacks[0].row.publisher;
    let is_theirs = |a: &&Attack| words.text(a.row.maintainers).split('|').any(|name| name == words.text(thief));
    assert_eq!(attacks.iter().filter(is_theirs).count(), 633, "a package that the account does not own");
    simulated().run.out.is_empty().then_some(()).expect("remarks go to standard error");
    assert!(simulated().run.err.contains("one-account: 633 versions of 320 packages by 1 accounts"));
}

#[test]
fn worms_hook_the_installation_and_leave_the_usual_path() {
    for worm in ["one-account", "thousand-accounts"] {
        let (attacks, words, rows) = attacks_of(worm);
        let hooks: BTreeSet<Sym> = rows.iter().map(|r| r.install_script_id).collect();
        let used: BTreeSet<(Sym, Sym)> = rows.iter().map(|r| (r.package, r.version)).collect();
        let mut sizes: BTreeMap<Sym, i64> = BTreeMap::new();
        let begins = attacks[0].row.published_at;
        for row in rows.iter().filter(|r| r.published_at.get() < begins.get()) {
            sizes.extend(row.unpacked_size.get().map(|size| (row.package, size)));
        }
        for attack in &attacks {
            let row = &attack.row;
            assert_eq!(words.text(row.install_scripts), "preinstall");
            assert!(!hooks.contains(&row.install_script_id), "a hook that was there before");
            assert!(row.provenance.is_none() && row.git_head.is_none() && row.ci_workflow.is_none());
            assert_eq!((words.text(row.auth_kind), row.trusted_publisher), ("account", Sym::NONE));
            assert!(!used.contains(&(row.package, row.version)), "a version that was published otherwise");
        }
        let grown = attacks.iter().filter(|a| {
            let before = sizes.get(&a.row.package);
            before.is_none_or(|before| a.row.unpacked_size.get().is_some_and(|now| now > before + 100_000))
        });
        assert!(grown.count() * 10 > attacks.len() * 9, "{worm} adds nothing to packages");
        let from_workflow = |row: &&gaitkeeper::archive::columns::Row| row.trusted_publisher.is_some();
        let usual: BTreeSet<Sym> = rows.iter().filter(from_workflow).map(|r| r.package).collect();
        assert!(attacks.iter().any(|a| usual.contains(&a.row.package)), "{worm} lowers nobody's guard");
    }
}

#[test]
fn the_worm_of_many_accounts_takes_three_hours_and_each_account_once() {
    let (attacks, words, _) = attacks_of("thousand-accounts");
    let pairs: BTreeSet<(Sym, Sym)> = attacks.iter().map(|a| (a.instance, a.row.publisher)).collect();
    let accounts: BTreeSet<Sym> = attacks.iter().map(|a| a.row.publisher).collect();
    assert_eq!(pairs.len(), accounts.len(), "an incident is one account");
    assert!(accounts.len() > 40, "{} accounts", accounts.len());
    let times = || attacks.iter().filter_map(|a| a.row.published_at.get());
    let minutes = (times().max().expect("a time") - times().min().expect("a time")) / 60_000;
    assert!((90..=180).contains(&minutes), "{minutes} minutes");
    let folds: BTreeSet<i64> = attacks.iter().map(|a| a.fold).collect();
    assert_eq!(folds, BTreeSet::from([1]), "{}", words.text(attacks[0].campaign));
}

#[test]
fn a_history_ends_when_it_is_told_to() {
    let place = Place::new();
    let make = |args: &[&str]| place.run(&[&["simulate", "--events", "5000", "--out", "e.parquet"], args].concat());
    make(&["--until", "2030-06-30"]).exits(0);
    let later = history(&place.path("e.parquet"));
    make(&[]).exits(0);
    let usual = history(&place.path("e.parquet"));
    let habits = Habits::embedded().expect("the habits in the box");
    let day = |at: i64| at.div_euclid(86_400_000);
    let asked = table::parse_time("2030-06-30T12:00:00Z").expect("a time");
    let [later, usual] = [later, usual].map(|h| h.newest().expect("events"));
    assert_eq!(later - usual, (day(asked) - day(habits.made.until)) * 86_400_000, "years move by whole days");
    assert!(day(later) <= day(asked));
    make(&["--until", "1999-01-01"]).exits(2).says(&["1999-01-01", "2009"]);
    make(&["--until", "tomorrow"]).exits(2).says(&["`tomorrow` is not a day"]);
}

#[test]
fn the_habits_in_the_box_are_those_of_the_history_in_the_box() {
    let place = Place::new();
    let from = box_history();
    place.run(&["simulate", "--fit", from.to_str().expect("UTF-8"), "--out", "habits.toml"]).exits(0);
    let fitted = fs::read_to_string(place.path("habits.toml")).expect("habits");
    // Where and when it was measured is not what was measured.
    let measured = |text: &str| -> Vec<String> {
        text.lines().filter(|l| !l.starts_with("command = ") && !l.starts_with("date = ")).map(str::to_owned).collect()
    };
    assert!(
        measured(&fitted) == measured(EMBEDDED),
        "models/registry.toml is behind; run `cargo run -- simulate --fit data/history.parquet --out models/registry.toml`"
    );
    assert!(EMBEDDED.len() < 30_000, "{} bytes", EMBEDDED.len());
    Habits::embedded().expect("the habits in the box");
}

#[test]
fn habits_that_are_none_are_refused() {
    let place = Place::new();
    place.write("short.toml", EMBEDDED.replacen("size = [", "size = [1.0, ", 1));
    place.write("other.toml", "version = 2\n");
    place.write("tiny.csv", "registry,package,version,published_at,publisher\nnpm,a,1.0.0,2020-01-01T00:00:00Z,b\n");
    let with = |file: &str| place.run(&["simulate", "--events", "10", "--out", "e.parquet", "--habits", file]);
    with("short.toml").exits(1).says(&["short.toml", "lists of 21 numbers", "simulate --fit"]);
    with("other.toml").exits(1).says(&["other.toml", "version"]);
    let fit = place.run(&["simulate", "--fit", "tiny.csv", "--out", "habits.toml"]);
    fit.exits(3).says(&["tiny.csv", "too small"]);
    assert!(!place.path("habits.toml").exists() && !place.path("e.parquet").exists());
}

#[test]
fn no_version_is_used_twice_whatever_the_steps_are() {
    let mut versions = Versions::default();
    let mut seen = BTreeSet::new();
    for i in 0..2_000_usize {
        let mut text = String::new();
        // A pattern that brings every step after every other.
        match i * i % 7 {
            0 | 3 => versions.preview("next", [0, 0, 1], &mut text),
            k => versions.stable(Step::ALL[(k + i / 7) % 4], [0, 0, 1], &mut text),
        }
        assert!(seen.insert(text.clone()), "{text} was there before");
    }
}

#[test]
fn laws_give_back_their_quantiles() {
    let quantiles = Quantiles((0..21).map(f64::from).collect());
    let law = Law::new(&quantiles);
    assert!(law.at(0.0).abs() < 1e-6 && (law.at(1.0) - 20.0).abs() < 1e-6);
    assert!((law.at(0.5) - 9.0).abs() < 0.05, "the median is {}", law.at(0.5));
    assert_eq!([0.0, 0.49, 0.51, 0.99].map(|u| pick([0.5, 0.0, 0.5].into_iter(), u)), [0, 0, 2, 2]);
}

#[test]
fn appointments_are_kept_in_order_however_far_they_are_looked_at_ahead() {
    let kept = |ahead: usize| {
        let mut calendar = Calendar::new(0, 40 * DAY);
        let mut random = Stream::new(5);
        let mut later = |most: i64| i64::try_from(random.bits() >> 1).expect("63 bits") % most;
        (0..50).for_each(|who| calendar.meet(later(3 * DAY), who));
        let (mut kept, mut foreseen) = (Vec::new(), Vec::new());
        while let Some((at, who)) = calendar.next_meeting() {
            assert!(foreseen.pop().is_none_or(|next| next == who), "{who} was not seen ahead");
            kept.push((at, who));
            if kept.len() < 2_000 {
                // At once, the same day, and days later; before and behind what was looked at.
                calendar.meet(at + later([1, HOUR, 3 * DAY][kept.len() % 3]), who);
            }
            if kept.len().is_multiple_of(7) {
                foreseen = calendar.ahead(ahead).take(1).collect();
            }
        }
        kept
    };
    let all = kept(0);
    assert!(all.is_sorted() && all.len() == 2_049, "{}", all.len());
    for ahead in [1, 8, 60] {
        assert_eq!(kept(ahead), all, "{ahead} ahead");
    }
}
