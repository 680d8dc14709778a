//! Cost of pulling a large watch list: `cargo bench --bench pull`, or with a number of packages
//! `cargo bench --bench pull -- 1000`.
//!
//! A registry on loopback serves that many packages (5,000 unless said otherwise), made of the real documents in
//! `GAITKEEPER_SHARED`. Printed are wall time, requests, bytes and peak memory of the first pull, of a second one
//! of which nothing changed, and of a third one after 1 % of the packages have published. Attestation documents
//! are left out: the packages that carry the names of real ones have none.

#[path = "../tests/it/replay.rs"]
mod replay;
#[path = "../tests/it/shared.rs"]
mod shared;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use replay::Replay;

/// What one run cost.
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_mib: u64,
    report: String,
}

fn main() -> ExitCode {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5000);
    let registry = Replay::start();
    let Some(names) = registry.flock(count) else { return ExitCode::FAILURE };
    let place = tempfile::tempdir().expect("a folder");
    let list: Vec<String> = names.iter().map(|n| format!("\"node_modules/{n}\":{{\"version\":\"1.0.0\"}}")).collect();
    let lock = place.path().join("package-lock.json");
    fs::write(&lock, format!("{{\"lockfileVersion\":3,\"packages\":{{{}}}}}", list.join(","))).expect("written");

    let mut table = String::from("run             wall s   CPU s  requests   304s  MB sent  peak MiB\n");
    let lock = lock.to_string_lossy().into_owned();
    let mut row = |what: &str, args: &[&str]| {
        registry.forget();
        let cost = run(place.path(), &registry.url(), args);
        let not_modified = registry.count() - answered(&cost.report);
        #[allow(clippy::cast_precision_loss, reason = "for reading")]
        let megabytes = registry.bytes_sent() as f64 / 1e6;
        let _ = writeln!(
            table,
            "{what:<15} {:>6.2}  {:>6.2}  {:>8}  {not_modified:>5}  {megabytes:>7.1}  {:>8}",
            cost.wall.as_secs_f64(),
            cost.cpu.as_secs_f64(),
            registry.count(),
            cost.peak_mib
        );
    };
    row("first", &["--from-lock", &lock]);
    row("nothing changed", &[]);
    for name in names.iter().step_by(100) {
        registry.touch(name);
    }
    row("1 % changed", &[]);
    let json: u64 = names.iter().filter_map(|name| registry.size_of(name)).sum();
    let _ = writeln!(table, "{count} packages, {} MB of JSON", json / 1_000_000);
    std::io::stdout().write_all(table.as_bytes()).expect("written");
    ExitCode::SUCCESS
}

/// Requests that were answered with a document, as the report counts them.
fn answered(report: &str) -> usize {
    let line = report.lines().find(|line| line.contains(" requests (")).expect("the report's last line");
    let number = |text: &str| -> usize {
        text.split(|c: char| !c.is_ascii_digit())
            .find(|t| !t.is_empty())
            .and_then(|t| t.parse().ok())
            .expect("a number")
    };
    let (requests, rest) = line.split_once(" requests (").expect("the report's last line");
    number(requests) - number(rest)
}

/// Runs `pull` in a folder and watches its memory and time.
fn run(place: &Path, registry: &str, args: &[&str]) -> Cost {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_gaitkeeper"))
        .args(["--archive", "archive", "--quiet", "pull", "--no-attestations", "--registry", registry])
        .args(args)
        .current_dir(place)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stat = format!("/proc/{}", child.id());
    let (mut peak_kib, mut ticks) = (0, 0);
    while child.try_wait().expect("a child").is_none() {
        let status = fs::read_to_string(format!("{stat}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak_kib = kib.unwrap_or(peak_kib).max(peak_kib);
        // Fields 14 and 15 of proc(5)'s stat, counted from after the name in brackets; 100 ticks a second.
        let times = fs::read_to_string(format!("{stat}/stat")).unwrap_or_default();
        let used: u64 = times
            .rsplit(')')
            .next()
            .map_or(0, |rest| rest.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum());
        ticks = used.max(ticks);
        std::thread::sleep(Duration::from_millis(5));
    }
    let wall = begun.elapsed();
    let mut report = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().expect("piped"), &mut report).expect("UTF-8");
    assert!(child.wait().expect("ended").success(), "{report}");
    Cost { wall, cpu: Duration::from_millis(ticks * 10), peak_mib: peak_kib / 1024, report }
}
