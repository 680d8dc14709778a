//! `watchlist`: what is watched, and for whom.

use std::fmt::Write;

use super::{Means, select};
use crate::archive::state::State;
use crate::archive::watchlist::{Kind, Line};
use crate::cli::{Watchlist, WatchlistAction};
use crate::error::{Error, Result, exit, printable};
use crate::report::jsonl;

pub(super) fn watchlist(options: &Watchlist, means: &Means) -> Result<u8> {
    let dir = means.archive.dir()?;
    let (count, remarks, what) = match &options.action {
        WatchlistAction::List { project, format } => return list(project.as_deref(), format, means),
        WatchlistAction::Add(selection) => {
            std::fs::create_dir_all(dir).map_err(|e| crate::archive::files::unwritable(dir, &e))?;
            let (count, remarks) = select::add(&State::open(dir)?, selection)?;
            if count == 0 && remarks.is_empty() {
                return Err(
                    Error::usage("nothing is named").remedy("name packages, --maintainer ACCOUNT, or --from-lock FILE")
                );
            }
            (count, remarks, "wanted")
        }
        WatchlistAction::Remove(selection) => {
            let (count, remarks) = select::remove(&State::open(dir)?, selection)?;
            (count, remarks, "no longer wanted")
        }
    };
    let mut out = String::new();
    for remark in remarks {
        let _ = writeln!(out, "{remark}");
    }
    let _ = writeln!(out, "{count} {what}");
    means.terminal.result(&out).map(|()| exit::CLEAN)
}

fn list(project: Option<&str>, format: &str, means: &Means) -> Result<u8> {
    let lines = State::read(means.archive.dir()?)?.map(|state| state.watch_list()).transpose()?.unwrap_or_default();
    let is_asked = |line: &&Line| project.is_none_or(|p| line.projects.iter().any(|(name, _)| name == p));
    let lines: Vec<&Line> = lines.iter().filter(is_asked).collect();
    if let (true, Some(project)) = (lines.is_empty(), project) {
        return Err(Error::no_input(format!("no project `{}` wants anything", printable(project)))
            .remedy("gaitkeeper watchlist list shows all projects"));
    }
    if lines.is_empty() {
        return Err(Error::no_input("nothing is on the watch list")
            .remedy("put something on it: gaitkeeper watchlist add --archive DIR axios, or --from-lock FILE"));
    }
    let mut out = String::new();
    for line in &lines {
        if format == "jsonl" {
            out.push_str(&jsonl::watched(line));
            continue;
        }
        let account = if line.watched.kind == Kind::Maintainer { "maintainer " } else { "" };
        let _ = write!(out, "{:<6} {account}{}", line.watched.registry, printable(&line.watched.name));
        for (project, versions) in &line.projects {
            let _ = write!(out, "  {}", printable(project));
            if !versions.is_empty() {
                let _ = write!(out, " ({})", printable(&versions.join(", ")));
            }
        }
        out.push('\n');
    }
    means.terminal.result(&out).map(|()| exit::CLEAN)
}
