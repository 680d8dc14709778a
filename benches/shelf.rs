//! One release of a whole registry: how long `investigate --shelf` takes, and how much it reads.
//!
//! `cargo bench --bench shelf -- 10000000` sweeps a simulated registry and puts it on a shelf, once, in target/scale, and then
//! looks at releases spread over it and at the last ones of the largest accounts, each in a process of its own: as the page
//! cache is, and where it may be emptied (as root) with nothing in it.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use gaitkeeper::archive::scan::Scan;

/// Releases that are looked at, spread over the table.
const SPREAD: usize = 60;
/// Largest accounts that are looked at.
const LARGEST: usize = 10;
const CACHES: &str = "/proc/sys/vm/drop_caches";

fn main() {
    let size = std::env::args().skip(1).find(|arg| arg != "--bench").unwrap_or_else(|| "1000000".to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scale");
    fs::create_dir_all(&folder).expect("a folder");
    let table = folder.join(format!("{size}.parquet"));
    let [scores, shelf] = ["scores.parquet", "shelf"].map(|ending| table.with_extension(ending));
    if !table.exists() {
        run(&["simulate", "--seed", "7", "--events", &size, "--out", text(&table)]);
    }
    say("| what | releases | median ms | nine of ten ms | most ms | most MiB |");
    say("| --- | --- | --- | --- | --- | --- |");
    if !shelf.exists() {
        run(&["sweep", "--events", text(&table), "--out", text(&scores), "--top", "0"]);
        let begun = Instant::now();
        let peak = run(&["shelve", "--events", text(&table), "--scores", text(&scores), "--shelf", text(&shelf)]);
        say(&format!("| put on the shelf | {size} | {} | | | {peak} |", begun.elapsed().as_millis()));
    }
    let (spread, largest) = releases(&table);
    for (what, releases) in [("spread", &spread), ("largest accounts", &largest)] {
        for cold in [false, true] {
            if cold && fs::write(CACHES, "3").is_err() {
                say(&format!("| {what}, nothing in the page cache | not root | | | | |"));
                continue;
            }
            let mut took = Vec::new();
            let mut most = 0;
            for release in releases {
                if cold {
                    fs::write(CACHES, "3").expect("as before");
                }
                let begun = Instant::now();
                most = most.max(run(&["investigate", release, "--shelf", text(&shelf)]));
                took.push(begun.elapsed().as_millis());
            }
            took.sort_unstable();
            let [median, nine] = [took.len() / 2, took.len() * 9 / 10].map(|at| took[at]);
            let name = if cold { format!("{what}, nothing in the page cache") } else { what.to_owned() };
            say(&format!("| {name} | {} | {median} | {nine} | {} | {most} |", took.len(), took[took.len() - 1]));
        }
    }
    let bytes = fs::metadata(shelf.join("shelf.sqlite")).map_or(0, |about| about.len());
    say(&format!("\nThe shelf has {bytes} bytes, the table {}.", fs::metadata(&table).map_or(0, |about| about.len())));
}

/// Releases spread over a table, and the last one of each of the largest accounts.
fn releases(table: &Path) -> (Vec<String>, Vec<String>) {
    let scan = Scan::open(table).expect("a table");
    let (mut row, mut spread) = (0, Vec::new());
    let mut accounts: HashMap<String, (usize, String)> = HashMap::new();
    let every = scan.rows() / SPREAD;
    for frame in scan.frames() {
        let frame = frame.expect("a row group");
        let [packages, versions, publishers] = ["package", "version", "publisher"]
            .map(|name| frame.column(name).expect("a column").str().expect("strings").clone());
        for at in 0..frame.height() {
            let release = || format!("{}@{}", packages.get(at).unwrap_or(""), versions.get(at).unwrap_or(""));
            if row % every == every / 2 {
                spread.push(release());
            }
            if let Some(account) = publishers.get(at).filter(|_| row % 16 == 0) {
                let (count, last) = accounts.entry(account.to_owned()).or_default();
                *count += 1;
                *last = release();
            }
            row += 1;
        }
    }
    let mut accounts: Vec<(usize, String)> = accounts.into_values().collect();
    accounts.sort_unstable();
    (spread, accounts.into_iter().rev().take(LARGEST).map(|(_, release)| release).collect())
}

/// Runs the program, and hands back the most MiB that it held.
fn run(args: &[&str]) -> u64 {
    let run = Command::new("/usr/bin/time")
        .args(["-f", "%M", env!("CARGO_BIN_EXE_gaitkeeper"), "--quiet"])
        .args(args)
        .output();
    let run = run.expect("GNU time, which says how much memory was held");
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{args:?}: {told}");
    told.split_whitespace().last().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1_024
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A line on standard output.
fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("standard output");
}
