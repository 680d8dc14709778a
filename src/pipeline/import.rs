//! `import`: documents and tables from files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::{Means, origin_of};
use crate::acquire::REGISTRIES;
use crate::archive::columns::Row;
use crate::archive::history::intern;
use crate::archive::merge::Refusal;
use crate::archive::table::{self, show_time};
use crate::archive::vocabulary::Vocabulary;
use crate::archive::{files, normalise};
use crate::baseline::stance::DAY;
use crate::cli::Import;
use crate::error::{Error, Result, exit, printable};

pub(super) fn import(options: &Import, means: &Means) -> Result<u8> {
    let mut intaker = means.archive.open_intake()?;
    let key = means.archive.email_key()?;
    let mut failed = 0;
    let mut report = String::new();
    for file in &options.files {
        let offered = read_any(file, &key, means.now());
        let (rows, words, remarks) = match offered {
            Ok(offered) => without_the_future(offered, means.now()),
            Err(error) => {
                means.terminal.error(&error);
                failed += 1;
                continue;
            }
        };
        let intake = intaker.offer(rows, &words);
        let _ = writeln!(
            report,
            "{}: {} new, {} known, {} with something later, {} refused",
            printable(&file.to_string_lossy()),
            intake.new,
            intake.known,
            intake.added,
            intake.refused.len()
        );
        refusals(&mut report, &intake.refused);
        for remark in remarks {
            let _ = writeln!(report, "  {}", printable(&remark));
        }
    }
    intaker.commit()?;
    means.terminal.result(&report)?;
    if failed > 0 {
        return Err(Error::tool(format!("{failed} of {} files were not taken up", options.files.len()))
            .remedy("see the error of each above; the others are in the archive"));
    }
    Ok(exit::CLEAN)
}

/// Says what contradicted the archive: some in full, all of them counted by column.
pub(super) fn refusals(report: &mut String, refused: &[Refusal]) {
    const IN_FULL: usize = 5;
    for refusal in refused.iter().take(IN_FULL) {
        let _ = writeln!(
            report,
            "  refused {}: {} was `{}` when it was first seen and is `{}` here; what was seen first is kept",
            printable(&refusal.release),
            refusal.column,
            printable(&refusal.held),
            printable(&refusal.offered)
        );
    }
    if refused.len() > IN_FULL {
        let mut columns: BTreeMap<&str, usize> = BTreeMap::new();
        for refusal in refused {
            *columns.entry(refusal.column).or_default() += 1;
        }
        let counts: Vec<String> = columns.iter().map(|(column, n)| format!("{column} {n}")).collect();
        let _ = writeln!(report, "  refused in all, by the first column that differs: {}", counts.join(", "));
    }
}

type Offered = (Vec<Row>, Vocabulary, Vec<String>);

/// Leaves out publishes dated more than a day ahead, and says so: one of them would be the newest
/// event for years, and every window would end there.
fn without_the_future((mut rows, words, mut remarks): Offered, now: i64) -> Offered {
    rows.retain(|row| {
        let ahead = row.published_at.get().filter(|at| *at > now + DAY);
        if let Some(at) = ahead {
            let release = format!("{}@{}", words.text(row.package), words.text(row.version));
            remarks.push(format!("skipped {release}: dated {}, in the future", show_time(at)));
        }
        ahead.is_none()
    });
    (rows, words, remarks)
}

/// Reads an event table or a packument, whichever it is.
fn read_any(file: &Path, key: &normalise::EmailKey, now: i64) -> Result<Offered> {
    let mut words = Vocabulary::default();
    let head = fs::File::open(file).and_then(|mut f| {
        let mut head = [0u8; 4];
        std::io::Read::read(&mut f, &mut head).map(|n| head[..n].to_vec())
    });
    let head = head.map_err(|e| files::unreadable(file, &e))?;
    if table::is_parquet(&head) || file.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
        let table = table::read(file, &mut words)?;
        let mut remarks = Vec::new();
        if !table.unknown.is_empty() {
            remarks.push(format!("columns not known and not read: {}", table.unknown.join(", ")));
        }
        if !table.absent.is_empty() {
            remarks.push(format!("columns not there, read as not recorded: {}", table.absent.join(", ")));
        }
        return Ok((table.rows, words, remarks));
    }
    // Registries do not say whose document it is: the first that recognises it has it, and where none
    // does, npm's reader says why, because nearly all documents are npm's.
    let others = REGISTRIES.iter().find_map(|r| Some((*r, (r.read)(file).ok()?)));
    let (registry, document) = match others {
        Some(found) => found,
        None => (REGISTRIES[0], (REGISTRIES[0].read)(file)?),
    };
    let mut remarks = document.warnings.clone();
    remarks.extend(document.skipped.iter().map(|s| match s.version.as_str() {
        "" => format!("skipped: {}", s.reason),
        version => format!("skipped {version}: {}", s.reason),
    }));
    let events = normalise::events(origin_of(registry), document, key, now);
    let rows = events.into_iter().map(|event| intern(event, &mut words)).collect();
    Ok((rows, words, remarks))
}
