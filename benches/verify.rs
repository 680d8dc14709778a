//! Bundles verified a second and core, beside two independent verifiers on the same files in the same run:
//! `cargo bench --bench verify`. Needs `GAITKEEPER_SHARED` and what `.ci/oracles` installs.
//!
//! The list is every bundle of the shared material that all three verify. Ours begins with the text of a bundle;
//! the others have theirs parsed before the clock starts. Each runs in one thread; what counts is processor time.
//! Then 100,000 verifications in one process, with the memory that it holds after 1,000 and after all.

#[path = "../tests/it/differential/cases.rs"]
mod cases;
#[path = "../tests/it/differential/forms.rs"]
mod forms;
#[path = "../tests/it/differential/oracles.rs"]
mod oracles;
#[path = "../tests/it/differential/ours.rs"]
mod ours;
#[path = "../tests/it/shared.rs"]
mod shared;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::ExitCode;

use cases::{Case, Material};
use oracles::{Oracles, Tool};
use ours::Ours;

/// Rounds over the list: ours, and the others'.
const ROUNDS: (usize, usize) = (10, 3);
/// Verifications of the run that watches memory.
const LONG: usize = 100_000;

fn main() -> ExitCode {
    let (Some(folder), Some(oracles)) = (shared::shared("sigstore"), Oracles::installed()) else {
        return ExitCode::FAILURE;
    };
    let scratch = tempfile::tempdir().expect("a folder");
    let mut cases = Material { folder: &folder, scratch: scratch.path() }.cases();
    let mut ours = Ours::default();
    cases.retain(|case| ours.judge(case).is_ok());
    for tool in Tool::ALL {
        let answers = oracles.start(tool, &cases, scratch.path()).answers();
        let good: BTreeSet<String> = answers.into_iter().filter(|a| a.verified == Some(true)).map(|a| a.id).collect();
        cases.retain(|case| good.contains(&case.id));
    }
    let mine = rate(ROUNDS.0 * cases.len(), || {
        for _ in 0..ROUNDS.0 {
            round(&cases, &mut ours);
        }
    });
    let mut table = format!("{} bundles, of {} kinds\n", cases.len(), kinds(&cases));
    table += &format!("{:24} {mine:10.0} bundles a second and core\n", "gaitkeeper");
    for tool in Tool::ALL {
        let timing = oracles.time(tool, ROUNDS.1, &cases, scratch.path());
        assert_eq!(timing.verified, timing.cases * ROUNDS.1, "{} refuses what it verified before", tool.name());
        let count = u32::try_from(timing.verified).expect("a count");
        let theirs = f64::from(count) / timing.cpu_seconds;
        table += &format!(
            "{:24} {theirs:10.0} bundles a second and core; ours is {:.1} times that\n",
            tool.name(),
            mine / theirs
        );
    }
    let (mut done, mut early) = (0, 0);
    while done < LONG {
        round(&cases, &mut ours);
        done += cases.len();
        if early == 0 {
            early = resident();
        }
    }
    table += &format!(
        "{done} verifications in one process: {early} KiB resident after the first {}, {} KiB at the end\n",
        cases.len(),
        resident()
    );
    std::io::stdout().write_all(table.as_bytes()).expect("stdout");
    ExitCode::SUCCESS
}

fn round(cases: &[Case], ours: &mut Ours) {
    for case in cases {
        ours.judge(case).expect("verified before");
    }
}

fn kinds(cases: &[Case]) -> usize {
    let folder = |case: &Case| case.id.split('/').next().unwrap_or_default().to_owned();
    cases.iter().map(folder).collect::<BTreeSet<_>>().len()
}

/// Done in a second of this thread's processor time.
fn rate(count: usize, work: impl FnOnce()) -> f64 {
    let before = cpu();
    work();
    f64::from(u32::try_from(count).expect("a count")) / (cpu() - before)
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
