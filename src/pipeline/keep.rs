//! `archive`: what it holds, and whether it is whole.

use std::fmt::Write;
use std::path::Path;

use super::Means;
use crate::acquire::registry;
use crate::archive::commit;
use crate::archive::packs;
use crate::archive::state::State;
use crate::archive::store::Archive;
use crate::archive::table::{self, show_time};
use crate::archive::{files, keeping};
use crate::cli::{ArchiveAction, ArchiveDesk};
use crate::error::{Error, Result, exit, printable};
use crate::names::PackageId;

pub(super) fn archive(options: &ArchiveDesk, means: &Means) -> Result<u8> {
    match &options.action {
        ArchiveAction::Info => info(means),
        ArchiveAction::Compact => compact(means),
        ArchiveAction::Export { file, document: None } => export(file, means),
        ArchiveAction::Export { file, document: Some(id) } => export_document(file, id, means),
        ArchiveAction::Verify => verify(means),
    }
}

fn info(means: &Means) -> Result<u8> {
    let history = means.archive.load()?;
    let words = &history.words;
    let mut out = String::new();
    let _ = writeln!(out, "archive: {}", printable(&means.source()));
    let distinct = |of: fn(&crate::archive::history::Event) -> crate::archive::vocabulary::Sym| {
        let mut all: Vec<_> = history.events.iter().map(of).filter(|s| s.is_some()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let _ = writeln!(
        out,
        "events: {} publishes of {} packages by {} publishers",
        history.events.len(),
        distinct(|e| e.package).len(),
        distinct(|e| e.actor).len()
    );
    for registry in distinct(|e| e.registry) {
        let events = history.events.iter().filter(|e| e.registry == registry);
        let removed = events.clone().filter(|e| e.removed == Some(true)).count();
        let _ =
            writeln!(out, "  {}: {}, of which {removed} are no longer public", words.text(registry), events.count());
    }
    if let (Some(first), Some(last)) = (history.events.first(), history.events.last()) {
        let _ = writeln!(out, "from {} to {}", show_time(first.at), show_time(last.at));
    }
    let Archive::Dir(dir) = &means.archive else { return means.terminal.result(&out).map(|()| exit::CLEAN) };
    let size = keeping::size(dir)?;
    #[allow(clippy::cast_precision_loss, reason = "for reading")]
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let _ = writeln!(
        out,
        "stored: {} segments of events, {:.1} MB; {} packs of documents, {:.1} MB",
        size.segments.0,
        megabytes(size.segments.1),
        size.packs.0,
        megabytes(size.packs.1)
    );
    if let Some(state) = State::read(dir)? {
        let documents = state.documents()?.len();
        let addresses = state.addresses()?;
        let _ = writeln!(
            out,
            "documents: {documents} distinct ones, from {} addresses, {} of which have nothing any more or never had",
            addresses.len(),
            state.gone()?
        );
        let _ = writeln!(
            out,
            "watch list: {} entries; attestation documents still owed: {}",
            state.watch_list()?.len(),
            state.debts()?
        );
        for (feed, position, at) in state.cursors()? {
            let _ = writeln!(out, "feed {}: up to {position}, {}", printable(&feed), show_time(at));
        }
    }
    means.terminal.result(&out).map(|()| exit::CLEAN)
}

fn compact(means: &Means) -> Result<u8> {
    let dir = means.archive.dir()?;
    let (before, after) = means.archive.compact()?;
    let bytes = keeping::size(dir)?.segments.1;
    means
        .terminal
        .result(&format!("{before} segments of events became {after}, {bytes} bytes; documents are as they were\n"))
        .map(|()| exit::CLEAN)
}

fn export(file: &Path, means: &Means) -> Result<u8> {
    let history = means.archive.load()?;
    let mut rows = history.events;
    let count = rows.len();
    let bytes = if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
        table::to_csv(&mut rows, &history.words)?
    } else if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        table::to_parquet(&mut rows, &history.words)?
    } else {
        return Err(Error::usage("the ending says neither Parquet nor CSV")
            .file(file)
            .remedy("write to FILE.parquet or FILE.csv"));
    };
    files::replace(file, &bytes)?;
    means.terminal.remark(&format!("{count} events written to {}", printable(&file.to_string_lossy())));
    Ok(exit::CLEAN)
}

fn export_document(file: &Path, id: &PackageId, means: &Means) -> Result<u8> {
    let dir = means.archive.dir()?;
    let row = registry(&id.registry)?;
    let path = (row.parts)(&(row.name)(&id.name)?).swap_remove(0).path;
    let state = State::read(dir)?.ok_or_else(|| Error::no_input("no documents are stored here").file(dir))?;
    let mut found = None;
    for sight in state.addresses()? {
        if sight.path == path && sight.hash.is_some() && found.as_ref().is_none_or(|(_, at)| *at < sight.at) {
            found = state.held(&sight.source, &path)?.map(|held| (held, sight.at));
        }
    }
    let (held, at) = found.ok_or_else(|| {
        Error::no_input(format!("no document of {id} is stored"))
            .remedy(format!("fetch it: gaitkeeper pull --archive DIR {id}"))
    })?;
    files::replace(file, &packs::read(dir, held.place, &held.hash)?)?;
    means.terminal.remark(&format!("the {} of {id}, as it was on {}", row.document, show_time(at)));
    Ok(exit::CLEAN)
}

/// Reads every segment and every document; what is damaged is listed, each with its place.
fn verify(means: &Means) -> Result<u8> {
    let dir = means.archive.dir()?;
    let mut faults = Vec::new();
    let segments = means.archive.verify_segments(&mut faults)?;
    // Before the packs: what a pull adds meanwhile is then in a pack without being missed in one.
    let known = State::read(dir)?.map(|state| state.documents()).transpose()?.unwrap_or_default();
    let mut documents = 0;
    let mut stored = std::collections::BTreeMap::new();
    for number in commit::pack_numbers(dir)? {
        match packs::labels(&packs::path(dir, number), number) {
            Err(error) => faults.push(error),
            Ok(labels) => {
                for (label, place) in labels {
                    documents += 1;
                    match packs::read(dir, place, &label.hash) {
                        Err(error) => faults.push(error),
                        Ok(_) if stored.insert(label.hash.clone(), place).is_some() => faults.push(
                            Error::tool(format!("the document {} is stored twice", label.hash))
                                .file(packs::path(dir, number)),
                        ),
                        Ok(_) => {}
                    }
                }
            }
        }
    }
    for (hash, place) in known {
        if stored.get(&hash) != Some(&place) {
            faults.push(
                Error::tool(format!("the document {hash} is not where the state says"))
                    .file(packs::path(dir, place.pack))
                    .place(format!("byte {}", place.offset))
                    .remedy("restore the pack from a backup; the next pull fetches what the registry still has"),
            );
        }
    }
    for fault in &faults {
        means.terminal.error(fault);
    }
    means.terminal.result(&format!("{segments} segments and {documents} documents read, {} faults\n", faults.len()))?;
    if faults.is_empty() {
        Ok(exit::CLEAN)
    } else {
        Err(Error::tool("the archive is damaged").file(dir).remedy("see the faults above"))
    }
}
