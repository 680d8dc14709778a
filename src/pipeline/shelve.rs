//! `shelve`: a registry's publishes by package.

use std::sync::Mutex;

use super::{Means, threads};
use crate::archive::compact;
use crate::archive::files;
use crate::archive::judgements::Judged;
use crate::archive::scan::{Depth, Scan};
use crate::archive::table::no_rows;
use crate::cli::shelve::Shelve;
use crate::engine::shelve;
use crate::error::{Result, exit, printable};
use crate::report::progress::Progress;
use crate::report::text::grouped;

/// Steps that take about as long: reading, and putting in.
const STEPS: usize = 2;

pub(super) fn shelve(options: &Shelve, means: &Means) -> Result<u8> {
    let name = printable(&options.shelf.to_string_lossy());
    if let (Some(events), Some(scores)) = (&options.events, &options.scores) {
        let (scan, judged) = (Scan::to(events, Depth::Whole)?, Judged::open(scores)?);
        if scan.rows() == 0 {
            return Err(no_rows(events));
        }
        let work = files::work_folder(options.work.as_deref())?;
        let threads = threads(options.threads);
        let progress = Mutex::new(Progress::new("shelving", STEPS * scan.rows(), means.terminal.quiet));
        let step = |rows| {
            if let Ok(mut progress) = progress.lock() {
                progress.at(rows);
            }
        };
        let about = shelve::shelve((&scan, &judged), &options.shelf, work.path(), threads, &step)?;
        drop(progress);
        let (added, all) = (grouped(scan.rows() as u64), grouped(about.publishes));
        means.terminal.remark(&format!("{added} publishes put on the shelf in {name}, which has {all}"));
    }
    if options.compact {
        let (before, after) = compact::compact(&options.shelf)?;
        let (before, after) = (grouped(before), grouped(after));
        means.terminal.remark(&format!("{before} runs of publishes in {name} are {after} now, one a package"));
    }
    Ok(exit::CLEAN)
}
