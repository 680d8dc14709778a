//! A look at a v1 log: is it still the log that it was, and what is new of those who are watched.
//!
//! The stored head moves only after everything was verified. Watched identities are looked up in the log's
//! index; the log itself, with its billions of entries, is never read through.

use std::collections::BTreeSet;

use super::ask::{Asker, Trouble};
use super::lookup::{Looked, Wanted, lookup};
use crate::acquire::rekor::checkpoint::{Checkpoint, open, open_at};
use crate::acquire::rekor::head::{Class, Head, Sight, Split, Step, Wrong, compare, conclude};
use crate::acquire::rekor::keys::{LogKey, LogKeys};
use crate::acquire::rekor::v1::{self, Key, Shard, Uuid};
use crate::error::{Error, Result};

/// One look at a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What it came to.
    pub sight: Sight,
    /// The head to keep from now on; `None` where the stored one stays.
    pub head: Option<Head>,
    /// What the log shows now, signed and opened, where it could be opened: beside the stored head the evidence.
    pub shown: Option<Head>,
}

impl Look {
    pub(super) fn without_head(sight: Sight) -> Self {
        Self { sight, head: None, shown: None }
    }
}

/// A look with what was found of those who are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The look.
    pub look: Look,
    /// Entries of watched keys that were not known; `None` where the log was not asked, because it did not answer.
    pub news: Option<Looked>,
}

/// A log that is looked at.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    /// How it is asked.
    pub asker: &'a Asker<'a>,
    /// Every key that entries are checked with.
    pub keys: &'a LogKeys,
    /// The log that is at that address.
    pub log: &'a LogKey,
}

/// Refuses a stored head that nothing can be compared with.
pub(super) fn sound(held: Option<&Head>) -> Result<()> {
    match held {
        Some(held) if held.root().is_none() => Err(Error::tool("the stored head of the log is damaged")
            .place(held.log.clone())
            .remedy("restore it from a copy; without it the log's past cannot be compared")),
        _ => Ok(()),
    }
}

/// Looks at a v1 log. `now` is in milliseconds since the epoch.
///
/// # Errors
/// The stored head is damaged. Everything that the log does is in [`Look::sight`].
pub async fn look(watched: Watched<'_>, held: Option<&Head>, now: i64) -> Result<Look> {
    sound(held)?;
    Ok(seen(watched, held, now).await.unwrap_or_else(Look::without_head))
}

/// Looks at a v1 log, and at what is new of those who are watched: at most `most` entries.
///
/// # Errors
/// As [`look`].
pub async fn round(
    watched: Watched<'_>,
    held: Option<&Head>,
    keys: &[Key],
    known: &BTreeSet<Uuid>,
    most: usize,
    now: i64,
) -> Result<Round> {
    let look = look(watched, held, now).await?;
    // A log that breaks its promise is still asked: each entry is checked by itself.
    let news = if look.sight.class() == Class::Infrastructure {
        None
    } else {
        let wanted = Wanted { keys: keys.to_vec(), known: known.clone(), most, ..Wanted::default() };
        Some(lookup(watched.asker, watched.keys, &wanted).await)
    };
    Ok(Round { look, news })
}

async fn seen(watched: Watched<'_>, held: Option<&Head>, now: i64) -> std::result::Result<Look, Sight> {
    let answer = watched.asker.ask(&v1::log()).await.map_err(Trouble::sight)?;
    let nothing = || Sight::Malformed(Error::tool("there is no log at this address"));
    let log = v1::parse_log(&answer.ok_or_else(nothing)?).map_err(Sight::Malformed)?;
    let active = opened(watched, &log.active, Some(now)).map_err(Sight::WrongCheckpoint)?;
    let shown = Head::of(&active, &log.active.note, now);

    let followed = held.and_then(|held| held.tree_id.clone()).filter(|tree| *tree != log.active.tree_id);
    let (Some(held), Some(tree)) = (held, followed) else {
        let sight = compared(watched, held, &active).await?;
        let next = sight.advances().then(|| shown.clone());
        return Ok(Look { sight, head: next, shown: Some(shown) });
    };
    let Some(shard) = log.closed.iter().find(|shard| shard.tree_id == tree) else {
        let sight = Sight::SplitView(Split::ShardGone { tree_id: tree });
        return Ok(Look { sight, head: None, shown: Some(shown) });
    };
    // A closed shard may be signed with a key that has had its time.
    let closed = opened(watched, shard, None).map_err(Sight::WrongCheckpoint)?;
    match compared(watched, Some(held), &closed).await? {
        Sight::Unchanged { .. } | Sight::Grown { .. } => {
            let (to, size) = (log.active.tree_id.clone(), active.size);
            let sight = Sight::ShardChanged { from: tree, closed_at: closed.size, to, size };
            Ok(Look { sight, head: Some(shown.clone()), shown: Some(shown) })
        }
        other => Ok(Look { sight: other, head: None, shown: Some(Head::of(&closed, &shard.note, now)) }),
    }
}

/// The checkpoint of a shard, signed by this log, which says the same as the answer around it.
fn opened(watched: Watched<'_>, shard: &Shard, now: Option<i64>) -> std::result::Result<Checkpoint, Wrong> {
    let checkpoint = match now {
        Some(now) => open_at(&shard.note, watched.keys, now.div_euclid(1000)),
        None => open(&shard.note, watched.keys),
    };
    let checkpoint = checkpoint.map_err(Wrong::Note)?;
    own(watched.log, &checkpoint)?;
    if checkpoint.tree_id.as_deref() != Some(shard.tree_id.as_str()) {
        return Err(Wrong::Disagrees("tree id"));
    }
    if checkpoint.size != shard.size {
        return Err(Wrong::Disagrees("number of entries"));
    }
    if checkpoint.root != shard.root {
        return Err(Wrong::Disagrees("root"));
    }
    Ok(checkpoint)
}

/// Refuses another log's checkpoint: all logs of the trusted root may sign, and each only its own.
pub(super) fn own(log: &LogKey, checkpoint: &Checkpoint) -> std::result::Result<(), Wrong> {
    if checkpoint.log_id == log.log_id {
        return Ok(());
    }
    Err(Wrong::Origin { expected: log.name.clone(), found: checkpoint.origin.clone() })
}

async fn compared(watched: Watched<'_>, held: Option<&Head>, now: &Checkpoint) -> std::result::Result<Sight, Sight> {
    let (from, to, held) = match (compare(held, now), held) {
        (Step::Prove { from, to }, Some(held)) => (from, to, held),
        (Step::Settled(sight), _) => return Ok(sight),
        (Step::Prove { to, .. }, None) => return Ok(Sight::First { size: to }),
    };
    let tree = now.tree_id.as_deref().unwrap_or_default();
    let unproved = |why: &str| Sight::SplitView(Split::Unproved { from, to, why: why.to_owned() });
    let answer = match watched.asker.ask(&v1::proof(from, to, tree)).await {
        Ok(Some(answer)) => answer,
        Ok(None) => return Ok(unproved("the log has no proof of it")),
        // Whoever shows two histories has no proof either, and would refuse it.
        Err(Trouble::Refused(status @ (400 | 422), _)) => {
            return Ok(unproved(&format!("the log refuses the proof with {status}")));
        }
        Err(trouble) => return Err(trouble.sight()),
    };
    let growth = v1::parse_proof(&answer).map_err(Sight::Malformed)?;
    if growth.root != now.root {
        return Ok(unproved("the proof is for another root than the checkpoint's"));
    }
    Ok(conclude(held, now, &growth.hashes))
}
