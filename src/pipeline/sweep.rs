//! `sweep`: every publish of a table that may be larger than memory.

use std::collections::BinaryHeap;
use std::fmt::Write;
use std::sync::Mutex;

use super::{Means, threads};
use crate::archive::judgements::Judgements;
use crate::archive::scan::Scan;
use crate::archive::snapshot::Snapshot;
use crate::archive::table::show_time;
use crate::cli::sweep::Sweep;
use crate::engine::policy::Policy;
use crate::engine::sweep::recall::Memory;
use crate::engine::sweep::{self, Plan, Step, Swept};
use crate::error::{Error, Result, exit};
use crate::names::ReleaseId;
use crate::report::progress::Progress;
use crate::report::scores::must_be_parquet;
use crate::report::text::{grouped, rarity};

/// Steps that take about as long.
const STEPS: usize = 4;

pub(super) fn sweep(options: &Sweep, means: &Means) -> Result<u8> {
    if let Some(out) = &options.out {
        must_be_parquet(out)?;
        if let (Ok(read), Ok(written)) = (options.events.canonicalize(), out.canonicalize())
            && read == written
        {
            return Err(Error::usage("the scores would take the place of the table")
                .file(out)
                .remedy("name another file"));
        }
    }
    let (model, policy) = (means.model()?, Policy::default());
    let scan = Scan::open(&options.events)?;
    if scan.rows() == 0 {
        return Err(Error::no_input("the table has no rows").file(&options.events).remedy("give a registry's history"));
    }
    let mut before = 0;
    let memory = match options.habits.as_deref() {
        None => Memory::None,
        Some(folder) if options.rebuild => Memory::Fresh(folder),
        Some(folder) => match Snapshot::open(folder)? {
            None => Memory::Fresh(folder),
            Some(snapshot) => {
                before = snapshot.about.publishes;
                Memory::GoOn(folder)
            }
        },
    };
    let plan = Plan { memory, ..Plan::new(scan.rows(), &policy, options.work.as_deref(), threads(options.threads))? };
    let mut out = options.out.as_deref().map(|path| Judgements::create(path, &model.id, before)).transpose()?;
    let progress = Mutex::new(Progress::new("judging", STEPS * scan.rows(), means.terminal.quiet));
    let step = |step: Step| {
        let (before, rows) = match step {
            Step::Read(rows) => (0, rows),
            Step::Accounts(rows) => (1, rows),
            Step::Packages(rows) => (2, rows),
            Step::Ranked(rows) => (3, rows),
        };
        if let Ok(mut progress) = progress.lock() {
            progress.at(before * scan.rows() + rows);
        }
    };
    let mut rarest = Rarest { most: options.top, held: BinaryHeap::new() };
    let mut at_budget = 0u64;
    let learnt = sweep::sweep(&scan, &model, &plan, &step, |swept, words| {
        if swept.p_value <= options.budget.rate() {
            at_budget += 1;
            let [registry, package, version] = swept.key.release.map(|sym| words.text(sym));
            rarest.note(swept, || ReleaseId {
                registry: registry.to_owned(),
                package: package.to_owned(),
                version: version.to_owned(),
            });
        }
        match &mut out {
            Some(out) => {
                let release = swept.key.release.map(|sym| words.text(sym));
                out.add(release, swept.key.at, swept.points, swept.p_value, swept.key.teaches)
            }
            None => Ok(()),
        }
    })?;
    drop(progress);
    if let Some(out) = out {
        out.finish()?;
    }
    // Not before the scores are there: a table is swept once.
    learnt.keep()?;
    let rows = scan.rows() as u64;
    #[allow(clippy::cast_precision_loss, reason = "a share for people")]
    let share = 100.0 * at_budget as f64 / rows as f64;
    means.terminal.remark(&format!(
        "{} publishes judged with model {}; {} ({share:.3} %) are at least as rare as {}",
        grouped(rows),
        model.id,
        grouped(at_budget),
        options.budget
    ));
    means.terminal.result(&rarest.text()).map(|()| exit::CLEAN)
}

/// The rarest publishes: by p-value, then by score, then the earliest.
struct Rarest {
    most: usize,
    held: BinaryHeap<Listed>,
}

struct Listed {
    swept: Swept,
    release: ReleaseId,
}

impl Listed {
    fn rank(&self) -> (u64, i32, usize) {
        // Positive numbers are in the order of their bits.
        (self.swept.p_value.to_bits(), -self.swept.points, self.swept.index)
    }
}

impl PartialEq for Listed {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Listed {}

impl PartialOrd for Listed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Listed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl Rarest {
    fn note(&mut self, swept: &Swept, release: impl FnOnce() -> ReleaseId) {
        self.held.push(Listed { swept: *swept, release: release() });
        if self.held.len() > self.most {
            self.held.pop();
        }
    }

    fn text(self) -> String {
        let mut text = String::new();
        for Listed { swept, release } in self.held.into_sorted_vec() {
            let score = f64::from(swept.points) / 100.0;
            let rare = rarity(swept.p_value);
            let _ = writeln!(text, "{rare:>14}  {score:6.2}  {}  {release}", show_time(swept.key.at));
        }
        text
    }
}
