//! PyPI's journal: role changes of the projects that are watched, with names and times.
//!
//! The journal of the whole registry comes in stretches of up to 50,000 rows, of which only those of watched
//! projects are kept. It is followed from the first pull on; what was before cannot be had politely.

use std::collections::HashSet;
use std::time::Duration;

use super::package::Desk;
use crate::acquire::document;
use crate::acquire::pypi::journal::{
    JournalEntry, PATH, journal_request, last_serial_request, owners_at, parse_journal, parse_last_serial,
};
use crate::acquire::raw::RawPackage;
use crate::acquire::registry;
use crate::archive::journal::RoleChange;
use crate::config::PYPI;
use crate::error::{Error, Result};
use crate::net::{Answer, Ask, Pace};

/// Rows in a full stretch: fewer means that the newest entry was reached.
const STRETCH: usize = 50_000;
/// Stretches that one run reads; the next one goes on.
const STRETCHES: usize = 20;
/// The registry wants a second between two calls.
const PAUSE: Duration = Duration::from_secs(1);

impl Desk {
    /// Reads the journal on from where it was left. Gives the role changes of watched projects as lines.
    pub(super) async fn follow_journal(&self, projects: &HashSet<String>) -> Result<Vec<String>> {
        let endpoint = self.endpoint(PYPI, "a").await?;
        let source = endpoint.base.as_str();
        let state = self.writing.state();
        let now = (self.clock)();
        let Some(mut position) = state.journal_position(source)? else {
            let newest = parse_last_serial(&self.call(last_serial_request()).await?)?;
            state.note_journal(source, &[], newest, now)?;
            return Ok(Vec::new());
        };
        let name = registry(PYPI)?.name;
        let mut lines = Vec::new();
        for stretch in 0..STRETCHES {
            if stretch > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let entries = parse_journal(&self.call(journal_request(position)).await?)?;
            let Some(last) = entries.iter().map(|e| e.serial).max().filter(|last| *last > position) else { break };
            let full = entries.len() >= STRETCH;
            let kept: Vec<RoleChange> = entries
                .into_iter()
                .filter_map(|entry| {
                    let package = name(&entry.name).ok().filter(|n| projects.contains(n))?;
                    let about_roles = entry.action.contains("Owner") || entry.action.contains("Maintainer");
                    about_roles.then_some(RoleChange {
                        position: entry.serial,
                        package,
                        at: entry.at_ms,
                        action: entry.action,
                    })
                })
                .collect();
            lines.extend(kept.iter().map(|c| format!("pypi:{}: {}, {}", c.package, c.action, super::time_of(c.at))));
            state.note_journal(source, &kept, last, now)?;
            position = last;
            if !full {
                break;
            }
        }
        Ok(lines)
    }

    async fn call(&self, body: Vec<u8>) -> Result<Vec<u8>> {
        let endpoint = self.endpoint(PYPI, "a").await?;
        let url = endpoint.base.join(PATH).map_err(|e| Error::tool(format!("`{PATH}` is no path: {e}")))?;
        let ask = Ask { url, accept: "text/xml", etag: None, pace: Pace::Polite(1), body: Some(("text/xml", body)) };
        match self.client.get(&ask).await? {
            Answer::Document(body) => document::any_from_reader(body.bytes.as_slice(), self.client.max_document()),
            Answer::NotModified | Answer::Absent => Err(Error::tool("the registry has no journal")
                .remedy("role changes are not known from a mirror; name the registry itself: --registry pypi=URL")),
        }
    }

    /// Who could publish at each release since the journal is complete.
    pub(super) fn owners(&self, source: &str, package: &mut RawPackage) -> Result<()> {
        let Some(now) = package.owners.clone() else { return Ok(()) };
        let Some((since, changes)) = self.writing.state().journal(source, &package.name)? else { return Ok(()) };
        let entries: Vec<JournalEntry> = changes
            .into_iter()
            .map(|c| JournalEntry { name: c.package, version: None, at_ms: c.at, action: c.action, serial: c.position })
            .collect();
        for release in package.releases.iter_mut().filter(|r| r.published_at >= since) {
            release.maintainers = Some(owners_at(&now, &entries, release.published_at));
        }
        Ok(())
    }
}
