//! Bundles verified a second of processor time, beside two independent verifiers on the same files in the same run:
//! `cargo bench --bench verify`. Needs `GAITKEEPER_SHARED` and what `.ci/oracles` installs.
//!
//! A row is the bundles of one kind that we and the other both verify; each runs in one thread. Ours begins with the text of a
//! bundle, the others have theirs parsed before the clock starts. Given only a digest, @sigstore/verify does all the
//! work of a message signature and then cannot judge it: that counts as done. The last line is 100,000 verifications
//! in one process, with the memory that it holds after the first round and after all.

#[path = "../tests/it/differential/alter.rs"]
#[allow(dead_code, reason = "the altered bundles are the test's")]
mod alter;
#[path = "../tests/it/differential/cases.rs"]
#[allow(dead_code, reason = "the altered bundles are the test's")]
mod cases;
#[path = "../tests/it/differential/forms.rs"]
#[allow(dead_code, reason = "the altered bundles are the test's")]
mod forms;
#[path = "../tests/it/differential/mutations.rs"]
#[allow(dead_code, reason = "the altered bundles are the test's")]
mod mutations;
#[path = "../tests/it/differential/oracles.rs"]
#[allow(dead_code, reason = "what tells two verdicts apart is the test's")]
mod oracles;
#[path = "../tests/it/differential/ours.rs"]
mod ours;
#[path = "../tests/it/differential/random.rs"]
#[allow(dead_code, reason = "the altered bundles are the test's")]
mod random;
#[path = "../tests/it/shared.rs"]
mod shared;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use cases::{Case, Material};
use oracles::{Answer, Oracles, Tool};
use ours::Ours;

/// Verifications a row, at least.
const ROW: usize = 1_500;
/// Verifications of the run that watches memory.
const LONG: usize = 100_000;

fn main() -> ExitCode {
    let (Some(folder), Some(oracles)) = (shared::shared("sigstore"), Oracles::installed()) else {
        return ExitCode::FAILURE;
    };
    let scratch = tempfile::tempdir().expect("a folder");
    let mut ours = Ours::default();
    let mut cases = Material { folder: &folder, scratch: scratch.path() }.cases();
    cases.retain(|case| ours.judge(case).is_ok());
    let mut table = String::from("bundles a second and core   kind      bundles    theirs      ours   ours / theirs\n");
    for tool in Tool::ALL {
        let answers = oracles.start(tool, &cases, scratch.path()).answers();
        let judged: Vec<&Case> =
            cases.iter().zip(&answers).filter(|(_, answer)| is_done(answer)).map(|(c, _)| c).collect();
        for (name, prefix) in [("CPython", "cpython/"), ("npm", "npm_attestations/"), ("PyPI", "pypi/")] {
            let row: Vec<Case> = judged.iter().filter(|c| c.id.starts_with(prefix)).map(|c| (*c).clone()).collect();
            if row.is_empty() {
                continue;
            }
            let times = ROW.div_ceil(row.len());
            let before = cpu();
            for _ in 0..times {
                round(&row, &mut ours);
            }
            let mine = rate(row.len() * times, cpu() - before);
            let timing = oracles.time(tool, times, &row, scratch.path());
            assert_eq!(timing.verified + timing.unjudged, row.len() * times, "{} did not do all the work", tool.name());
            let theirs = rate(row.len() * times, timing.cpu_seconds);
            let _ = writeln!(
                table,
                "{:27} {name:9} {:7} {theirs:9.0} {mine:9.0} {:15.1}",
                tool.name(),
                row.len(),
                mine / theirs
            );
        }
    }
    let (mut done, mut early) = (0, 0);
    while done < LONG {
        round(&cases, &mut ours);
        done += cases.len();
        if early == 0 {
            early = resident();
        }
    }
    let _ = writeln!(
        table,
        "{done} verifications in one process: {early} KiB resident after the first {}, {} KiB at the end",
        cases.len(),
        resident()
    );
    std::io::stdout().write_all(table.as_bytes()).expect("stdout");
    ExitCode::SUCCESS
}

/// All the work was done.
fn is_done(answer: &Answer) -> bool {
    let error = answer.error.as_deref().unwrap_or_default();
    answer.verified == Some(true) || error == "unsupported: a message signature over a digest"
}

fn round(cases: &[Case], ours: &mut Ours) {
    for case in cases {
        ours.judge(case).expect("verified before");
    }
}

fn rate(count: usize, seconds: f64) -> f64 {
    f64::from(u32::try_from(count).expect("a count")) / seconds
}

/// Seconds of processor time of this process: fields 14 and 15 of its stat line, in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a process has a stat line");
    let (_, rest) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks: Vec<f64> = rest.split_whitespace().skip(11).take(2).map(|n| n.parse().expect("ticks")).collect();
    ticks.iter().sum::<f64>() / 100.0
}

/// Memory that this process holds, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process has a status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}
