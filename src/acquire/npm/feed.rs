//! npm's replication feed: which packages changed, in the order of a growing number.
//!
//! The form that the feed has had since 2025-05-29: `since` (an integer) and `limit` (at most 10,000) and
//! none of the other options of a CouchDB. Numbers grow and have gaps; a package has one row, its newest.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::names::package_name_fault;

/// Rows that are asked for at once, the most that the feed gives.
pub const PAGE: usize = 10_000;
/// Where the feed says how far it has come: its root, or where that says nothing, the database.
pub const HEADS: [&str; 2] = ["", "registry"];

/// One package that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Position in the feed.
    pub position: u64,
    /// Package name.
    pub name: String,
    /// Revision of the document, as the number that it begins with.
    pub revision: Option<i64>,
    /// The package was deleted.
    pub deleted: bool,
}

/// A stretch of the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Rows of packages, in order.
    pub rows: Vec<Change>,
    /// Rows of any kind: fewer than [`PAGE`] means that the head is reached.
    pub entries: usize,
    /// Position of the last row, or what was asked for where there is none.
    pub last: u64,
}

#[derive(Deserialize)]
struct Stretch {
    results: Vec<Row>,
    last_seq: Option<u64>,
}

#[derive(Deserialize)]
struct Row {
    seq: u64,
    id: String,
    #[serde(default)]
    changes: Vec<Leaf>,
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize)]
struct Leaf {
    rev: String,
}

#[derive(Deserialize)]
struct Head {
    update_seq: Option<u64>,
}

/// The question for what came after a position, below the feed's address.
#[must_use]
pub fn path(since: u64) -> String {
    format!("registry/_changes?since={since}&limit={PAGE}")
}

/// Reads how far the feed has come; `None` where the answer does not say.
///
/// # Errors
/// When the answer is no JSON object.
pub fn parse_head(bytes: &[u8]) -> Result<Option<u64>> {
    serde_json::from_slice::<Head>(bytes).map(|head| head.update_seq).map_err(|e| other(&e))
}

/// Reads a stretch of the feed that was asked for from `since` on.
///
/// # Errors
/// When it is not one, or goes backwards.
pub fn parse(bytes: &[u8], since: u64) -> Result<Changes> {
    let stretch: Stretch = serde_json::from_slice(bytes).map_err(|e| other(&e))?;
    let mut changes = Changes { entries: stretch.results.len(), last: since, ..Changes::default() };
    for row in stretch.results {
        if row.seq <= changes.last {
            return Err(Error::tool(format!("the feed goes back from {} to {}", changes.last, row.seq))
                .remedy("check the address of the feed"));
        }
        changes.last = row.seq;
        // Design documents of the database are no packages.
        if !row.id.starts_with('_') && package_name_fault(&row.id).is_none() {
            let revision = row.changes.first().and_then(|leaf| leaf.rev.split('-').next()?.parse().ok());
            changes.rows.push(Change { position: row.seq, name: row.id, revision, deleted: row.deleted });
        }
    }
    // A last number beyond the last row covers rows that were left out; it never goes back.
    if changes.entries > 0 {
        changes.last = changes.last.max(stretch.last_seq.unwrap_or_default());
    }
    Ok(changes)
}

fn other(error: &serde_json::Error) -> Error {
    Error::tool(format!("the feed answers with something else: {error}"))
        .remedy("name the replication feed of the registry: --feed URL, or registries.npm.feed in gaitkeeper.toml")
}
