//! `sweep`: every publish of a table that may be larger than memory.

use std::collections::BinaryHeap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use super::{Means, threads};
use crate::archive::files::{self, unwritable};
use crate::archive::judgements::Judgements;
use crate::archive::scan::Scan;
use crate::archive::snapshot::{self, Snapshot};
use crate::archive::table::{no_rows, show_time};
use crate::archive::vocabulary::Vocabulary;
use crate::cli::sweep::Sweep;
use crate::detect::model::Model;
use crate::engine::policy::Policy;
use crate::engine::sweep::recall::Memory;
use crate::engine::sweep::{self, Learnt, Plan, Step, Swept};
use crate::error::{Error, Kind, Result, exit};
use crate::names::ReleaseId;
use crate::report::progress::Progress;
use crate::report::scores::must_be_parquet;
use crate::report::text::{grouped, rarity};

/// Steps that take about as long.
const STEPS: usize = 4;

pub(super) fn sweep(options: &Sweep, means: &Means) -> Result<u8> {
    if let Some(out) = &options.out {
        must_be_parquet(out)?;
        let read: Vec<&Path> = options.history.iter().chain([&options.events]).map(AsRef::as_ref).collect();
        files::must_not_be(out, &read)?;
    }
    let sweeping = Sweeping { options, means, model: means.model()?, policy: Policy::default() };
    let scan = table(&options.events)?;
    match sweeping.judge(&scan) {
        Err(error) if error.kind == Kind::Kept && !options.history.is_empty() => {
            sweeping.learn(&error.to_string())?;
            sweeping.judge(&scan)
        }
        judged => judged,
    }
}

fn table(path: &Path) -> Result<Scan> {
    let scan = Scan::open(path)?;
    if scan.rows() == 0 {
        return Err(no_rows(path));
    }
    Ok(scan)
}

struct Sweeping<'a> {
    options: &'a Sweep,
    means: &'a Means,
    model: Model,
    policy: Policy,
}

impl Sweeping<'_> {
    fn plan<'a>(&'a self, scan: &Scan, memory: Memory<'a>) -> Result<Plan<'a>> {
        let threads = threads(self.options.threads);
        Ok(Plan { memory, ..Plan::new(scan.rows(), &self.policy, self.options.work.as_deref(), threads)? })
    }

    fn once<'a>(
        &'a self,
        scan: &Scan,
        memory: Memory<'a>,
        doing: &'static str,
        take: impl FnMut(&Swept, &Vocabulary) -> Result<()>,
    ) -> Result<Learnt<'a>> {
        let rows = scan.rows();
        let progress = Mutex::new(Progress::new(doing, STEPS * rows, self.means.terminal.quiet));
        let step = |step: Step| {
            let (before, done) = match step {
                Step::Read(done) => (0, done),
                Step::Accounts(done) => (1, done),
                Step::Packages(done) => (2, done),
                Step::Ranked(done) => (3, done),
            };
            if let Ok(mut progress) = progress.lock() {
                progress.at(before * rows + done);
            }
        };
        sweep::sweep(scan, &self.model, &self.plan(scan, memory)?, &step, take)
    }

    /// Learns the tables before this one in place of what is kept, of which `why` says why it will not do. What is kept is
    /// replaced when all of them were learnt.
    fn learn(&self, why: &str) -> Result<()> {
        let Some(folder) = self.options.habits.as_deref() else { return Ok(()) };
        let tables: Vec<Scan> = self.options.history.iter().map(|path| table(path)).collect::<Result<_>>()?;
        let rows: usize = tables.iter().map(Scan::rows).sum();
        if let Ok(Some(kept)) = Snapshot::open(folder)
            && kept.about.publishes > rows as u64
        {
            let (has, had) = (grouped(rows as u64), grouped(kept.about.publishes));
            return Err(Error::no_input(format!(
                "{why}; and --history has {has} publishes, what was kept is of {had}"
            ))
            .remedy("name every table that was swept before this one, in their order"));
        }
        self.means.terminal.remark(&format!("{why}: the {} publishes of --history are learnt", grouped(rows as u64)));
        // Within it, so that what was learnt needs only another name.
        fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
        let made = files::work_folder(Some(folder))?;
        for (at, scan) in tables.iter().enumerate() {
            let memory = if at == 0 { Memory::Fresh(made.path()) } else { Memory::GoOn(made.path()) };
            self.once(scan, memory, "learning the history", |_, _| Ok(()))?.keep()?;
        }
        snapshot::replace(made.path(), folder)
    }

    fn judge(&self, scan: &Scan) -> Result<u8> {
        let Self { options, means, model, .. } = self;
        let (mut before, mut ranks) = (0, Vec::new());
        let memory = match options.habits.as_deref() {
            None => Memory::None,
            Some(folder) if options.rebuild => Memory::Fresh(folder),
            Some(folder) => match Snapshot::open(folder)? {
                None if options.history.is_empty() => Memory::Fresh(folder),
                None => return Err(Error::kept("no habits are kept").file(folder)),
                Some(snapshot) => {
                    (before, ranks) = (snapshot.about.publishes, snapshot.ranks);
                    Memory::GoOn(folder)
                }
            },
        };
        let create = |path| Judgements::create(path, &model.id, before, &snapshot::mark(&ranks));
        let mut out = options.out.as_deref().map(create).transpose()?;
        let mut rarest = Rarest { most: options.top, held: BinaryHeap::new() };
        let mut at_budget = 0u64;
        let learnt = self.once(scan, memory, "judging", |swept, words| {
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
