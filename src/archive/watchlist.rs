//! Which packages and maintainers are watched, and for which projects.

use rusqlite::{Connection, params};

use super::state::State;
use crate::error::Result;

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One package.
    Package,
    /// Every package of one account.
    Maintainer,
}

impl Kind {
    /// As it is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Maintainer => "maintainer",
        }
    }
}

/// Something that is watched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    /// Registry id.
    pub registry: String,
    /// Package or maintainer.
    pub kind: Kind,
    /// Its name there.
    pub name: String,
}

/// Who wants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Want {
    /// What.
    pub watched: Watched,
    /// Version that the project has locked; empty where it names none.
    pub version: String,
}

/// One line of the watch list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What.
    pub watched: Watched,
    /// Projects that want it, with the versions that they have locked.
    pub projects: Vec<(String, Vec<String>)>,
}

impl State {
    /// Takes up what one origin (a file, or the command line) of a project wants. A file's earlier
    /// wants are replaced by it: what it no longer names is no longer wanted by it.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn want(&self, project: &str, origin: &str, replace: bool, wants: &[Want]) -> Result<()> {
        let mut connection = self.connection();
        let mut work = || -> rusqlite::Result<()> {
            let work = connection.transaction()?;
            if replace {
                work.execute("DELETE FROM wants WHERE project = ?1 AND origin = ?2", [project, origin])?;
            }
            for want in wants {
                let id = id(&work, &want.watched)?;
                work.prepare_cached(
                    "INSERT OR IGNORE INTO wants (watched, project, origin, version) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![id, project, origin, want.version])?;
            }
            forget_unwanted(&work)?;
            work.commit()
        };
        work().map_err(|e| self.fault(&e))
    }

    /// Stops watching something, for one project or for all; how many wants that ended.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn unwant(&self, watched: Option<&Watched>, project: Option<&str>) -> Result<usize> {
        let mut connection = self.connection();
        let mut work = || -> rusqlite::Result<usize> {
            let work = connection.transaction()?;
            let (kind, registry, name) =
                watched.map_or((None, None, None), |w| (Some(w.kind.name()), Some(&w.registry), Some(&w.name)));
            let ended = work.execute(
                "DELETE FROM wants WHERE (?4 IS NULL OR project = ?4) AND watched IN (SELECT id FROM watched
                 WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR registry = ?2) AND (?3 IS NULL OR name = ?3))",
                params![kind, registry, name, project],
            )?;
            forget_unwanted(&work)?;
            work.commit()?;
            Ok(ended)
        };
        work().map_err(|e| self.fault(&e))
    }

    /// The watch list, by registry, kind and name.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn watch_list(&self) -> Result<Vec<Line>> {
        let rows: Vec<(Watched, String, String)> = self.list(
            "SELECT w.registry, w.kind, w.name, v.project, v.version FROM watched w JOIN wants v ON v.watched = w.id
             ORDER BY w.registry, w.kind DESC, w.name, v.project, v.version",
            |row| {
                let kind: String = row.get(1)?;
                let kind = if kind == "maintainer" { Kind::Maintainer } else { Kind::Package };
                Ok((Watched { registry: row.get(0)?, kind, name: row.get(2)? }, row.get(3)?, row.get(4)?))
            },
        )?;
        let mut lines: Vec<Line> = Vec::new();
        for (watched, project, version) in rows {
            if lines.last().is_none_or(|line| line.watched != watched) {
                lines.push(Line { watched, projects: Vec::new() });
            }
            let Some(line) = lines.last_mut() else { continue };
            if line.projects.last().is_none_or(|(known, _)| *known != project) {
                line.projects.push((project, Vec::new()));
            }
            if let Some((_, versions)) = line.projects.last_mut()
                && !version.is_empty()
                && !versions.contains(&version)
            {
                versions.push(version);
            }
        }
        Ok(lines)
    }
}

fn id(work: &Connection, watched: &Watched) -> rusqlite::Result<i64> {
    let key = params![watched.kind.name(), watched.registry, watched.name];
    work.prepare_cached("INSERT OR IGNORE INTO watched (kind, registry, name) VALUES (?1, ?2, ?3)")?.execute(key)?;
    work.prepare_cached("SELECT id FROM watched WHERE kind = ?1 AND registry = ?2 AND name = ?3")?
        .query_row(params![watched.kind.name(), watched.registry, watched.name], |r| r.get(0))
}

fn forget_unwanted(work: &Connection) -> rusqlite::Result<()> {
    work.execute("DELETE FROM watched WHERE id NOT IN (SELECT watched FROM wants)", []).map(|_| ())
}
