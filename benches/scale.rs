//! A whole registry on this machine: sweeps of simulated registries, each beside its floor.
//!
//! `cargo bench --bench scale -- 1000000 10000000` prints a table, and `cargo bench --bench scale -- night 10000000` what
//! a night and a month cost after so many publishes. The floor is what nobody can do without: polars reads
//! the same columns, row group by row group, and counts the publishes of each account and takes the latest. Every
//! measurement is a process of its own. Tables are made once, in target/scale.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use gaitkeeper::archive::block::BLOCK;
use gaitkeeper::archive::scan::Scan;
use gaitkeeper::detect::model::Model;
use gaitkeeper::engine::policy::Policy;
use gaitkeeper::engine::sweep::recall::Memory;
use gaitkeeper::engine::sweep::{Learnt, Plan, Step, sweep};
use polars::prelude::{DataFrame, IntoColumn, ParquetWriter, TimeUnit, TimeZone};

/// Runs of each measurement; the middle one counts.
const RUNS: usize = 3;
/// Above so many publishes one run must do.
const LARGE: usize = 20_000_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [what, table] = args.as_slice()
        && let Some(work) = ["floor", "sweep"].iter().find(|work| *work == what)
    {
        return measure(work, Path::new(table));
    }
    if let [what, size] = args.as_slice()
        && what == "night"
    {
        return nights(size.parse().expect("a number of publishes"));
    }
    if let [what, table, habits] = args.as_slice()
        && ["fresh", "then"].contains(&what.as_str())
    {
        return go_on(what == "fresh", Path::new(table), Path::new(habits));
    }
    let sizes: Vec<usize> = args.iter().map(|arg| arg.parse().expect("a number of publishes")).collect();
    let sizes = if sizes.is_empty() { vec![1_000_000, 10_000_000] } else { sizes };
    say(
        "| publishes | floor s | sweep s | times the floor | µs a publish | read, accounts, packages, ranks s | peak MiB, floor and sweep |",
    );
    say("| --- | --- | --- | --- | --- | --- | --- |");
    for size in sizes {
        let table = table(size);
        let [floor, sweep] = ["floor", "sweep"].map(|work| middle(work, &table, if size > LARGE { 1 } else { RUNS }));
        let steps: Vec<String> = sweep.steps.iter().map(|s| format!("{s:.1}")).collect();
        #[allow(clippy::cast_precision_loss, reason = "a count of publishes")]
        let each = sweep.total * 1e6 / size as f64;
        say(&format!(
            "| {size} | {:.2} | {:.2} | {:.1} | {each:.2} | {} | {:.0}, {:.0} |",
            floor.total,
            sweep.total,
            sweep.total / floor.total,
            steps.join(", "),
            floor.peak,
            sweep.peak
        ));
    }
}

/// Seconds and MiB.
#[derive(Clone, Debug, Default)]
struct Measured {
    total: f64,
    steps: Vec<f64>,
    peak: f64,
}

fn table(size: usize) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scale");
    fs::create_dir_all(&folder).expect("a folder");
    let table = folder.join(format!("{size}.parquet"));
    if !table.exists() {
        let made = Command::new(env!("CARGO_BIN_EXE_gaitkeeper"))
            .args(["simulate", "--seed", "7", "--events", &size.to_string(), "--out"])
            .arg(&table)
            .status();
        assert!(made.expect("the program").success());
    }
    table
}

fn middle(work: &str, table: &Path, runs: usize) -> Measured {
    let mut measured: Vec<Measured> = (0..runs)
        .map(|_| {
            let run = Command::new(std::env::current_exe().expect("this program")).arg(work).arg(table).output();
            let run = run.expect("this program runs");
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
            let numbers: Vec<f64> = String::from_utf8_lossy(&run.stdout)
                .split_whitespace()
                .map(|number| number.parse().expect("a number"))
                .collect();
            Measured { total: numbers[0], peak: numbers[1], steps: numbers[2..].to_vec() }
        })
        .collect();
    measured.sort_by(|a, b| a.total.total_cmp(&b.total));
    measured[runs / 2].clone()
}

/// Publishes of a night and of a month of npm.
const AFTER: [(&str, usize); 2] = [("night", 38_000), ("month", 1_150_000)];
const DAY: i64 = 86_400_000;

fn nights(size: usize) {
    let table = table(size);
    let habits = table.with_extension("habits");
    let run = |what: &str, table: &Path| {
        let run =
            Command::new(std::env::current_exe().expect("this program")).arg(what).arg(table).arg(&habits).output();
        let run = run.expect("this program runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8_lossy(&run.stdout).trim().to_owned()
    };
    say("| what | publishes | s | peak MiB | habits MB afterwards |");
    say("| --- | --- | --- | --- | --- |");
    let bytes = || fs::metadata(habits.join("habits.sqlite")).map_or(0, |about| about.len() / 1_000_000);
    if !habits.exists() {
        say(&format!("| all, and habits kept | {size} | {} | {} |", run("fresh", &table), bytes()));
    }
    let kept = fs::read(habits.join("habits.sqlite")).expect("the habits");
    for (what, publishes) in AFTER {
        let later = later(&table, publishes);
        say(&format!("| a {what} | {publishes} | {} | {} |", run("then", &later), bytes()));
        fs::write(habits.join("habits.sqlite"), &kept).expect("the habits");
    }
}

/// The last publishes of a table once more, all of them so much later that the table goes on with them.
fn later(table: &Path, publishes: usize) -> PathBuf {
    let path = table.with_extension(format!("{publishes}.parquet"));
    if path.exists() {
        return path;
    }
    let scan = Scan::open(table).expect("a table");
    let mut last: Option<DataFrame> = None;
    for frame in scan.frames().skip((scan.rows() - publishes) / BLOCK) {
        let frame = frame.expect("a row group");
        last = Some(last.map_or(frame.clone(), |last| last.vstack(&frame).expect("one table")));
    }
    let mut last = last.expect("rows").tail(Some(publishes));
    let at = last.column("published_at").expect("times").clone();
    let millis = at.to_physical_repr();
    let millis = millis.i64().expect("milliseconds");
    let (first, end) = (millis.get(0).expect("a time"), millis.get(publishes - 1).expect("a time"));
    let by = (end - first + DAY) / DAY * DAY;
    let moved = (millis.clone() + by).into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC));
    last.with_column(moved.into_column().with_name("published_at".into())).expect("one table");
    let file = fs::File::create(&path).expect("a file");
    ParquetWriter::new(file).finish(&mut last).expect("a table");
    path
}

fn go_on(fresh: bool, table: &Path, habits: &Path) {
    let begun = Instant::now();
    swept(table, if fresh { Memory::Fresh(habits) } else { Memory::GoOn(habits) });
    say(&format!("{:.2} | {:.0}", begun.elapsed().as_secs_f64(), peak()));
}

/// Does one piece of work and prints seconds, MiB and the seconds of its steps.
fn measure(work: &str, table: &Path) {
    let begun = Instant::now();
    let steps = if work == "floor" { floor(table) } else { swept(table, Memory::None) };
    let total = begun.elapsed().as_secs_f64();
    let steps: Vec<String> = steps.iter().map(|s| format!("{s:.3}")).collect();
    say(&format!("{total:.3} {:.1} {}", peak(), steps.join(" ")));
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output");
}

#[allow(deprecated, reason = "the lazy form would be another build of polars")]
fn floor(table: &Path) -> Vec<f64> {
    let scan = Scan::open(table).expect("a table");
    let mut all: Option<DataFrame> = None;
    for frame in scan.frames() {
        let frame = frame.expect("a row group");
        let by_account = frame.group_by(["publisher"]).expect("groups").select(["published_at"]);
        let (counts, latest) = (by_account.count().expect("counts"), by_account.max().expect("the latest"));
        let part = counts.hstack(&[latest.column("published_at_max").expect("the latest").clone()]).expect("one table");
        all = Some(match all {
            None => part,
            Some(all) => all.vstack(&part).expect("one table"),
        });
    }
    let all = all.expect("rows");
    let by_account = all.group_by(["publisher"]).expect("groups");
    let counts = by_account.clone().select(["published_at_count"]).sum().expect("counts");
    let latest = by_account.select(["published_at_max"]).max().expect("the latest");
    assert_eq!(counts.height(), latest.height());
    Vec::new()
}

fn swept(table: &Path, memory: Memory) -> Vec<f64> {
    let (scan, policy) = (Scan::open(table).expect("a table"), Policy::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let plan = Plan { memory, ..Plan::new(scan.rows(), &policy, None, threads).expect("a plan") };
    let model = Model::embedded().expect("the model");
    let ends = Mutex::new([Instant::now(); 5]);
    let step = |step: Step| {
        let at = match step {
            Step::Read(_) => 1,
            Step::Accounts(_) => 2,
            Step::Packages(_) => 3,
            Step::Ranked(_) => 4,
        };
        ends.lock().expect("the clock")[at] = Instant::now();
    };
    let mut sum = 0i64;
    sweep(&scan, &model, &plan, &step, |swept, _| {
        sum += i64::from(swept.points);
        Ok(())
    })
    .and_then(Learnt::keep)
    .expect("a sweep");
    assert_ne!(sum, 0);
    let ends = ends.lock().expect("the clock");
    ends.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect()
}

/// Most memory that this process has held, MiB.
fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
}
