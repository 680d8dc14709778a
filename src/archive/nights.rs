//! What is remembered of nights: which one is under way, which publishes each has taken up, and what it sends.
//!
//! A publish is taken up once, whatever its time: the table `taken` holds 64 bits of the hash of every release that
//! a night has seen, so that what arrives late with an old time is new all the same. A message stands in `outbox` before
//! it is sent, under a key that never changes, and is ended after; what was told of a finding is in `told`.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{OptionalExtension, Row, params};

use super::history::Event;
use super::state::State;
use super::vocabulary::Vocabulary;
use crate::error::Result;

/// A night that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Night {
    /// Number, from 1.
    pub number: i64,
    /// When it was begun, milliseconds since the epoch.
    pub begun_at: i64,
    /// An earlier run began it and was ended before its time.
    pub resumed: bool,
}

/// A night that was finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Number, from 1.
    pub number: i64,
    /// Time up to which it judged, milliseconds since the epoch.
    pub as_of: i64,
    /// Publishes that it judged.
    pub publishes: u64,
    /// Alerts among them.
    pub alerts: u64,
}

/// A message that stands in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Key of idempotency: the same at every try.
    pub key: String,
    /// Where it goes.
    pub channel: String,
    /// Key of the message that it answers.
    pub parent: Option<String>,
    /// What is sent, but for what only the sending knows.
    pub payload: Vec<u8>,
}

/// What a channel was told of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Key of the message, or of the one whose thread it is in.
    pub message: String,
    /// It was told that something later raised it.
    pub raised: bool,
}

/// How messages of a channel stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Not sent yet.
    pub waiting: usize,
    /// The last reason.
    pub failure: Option<String>,
}

/// The number under which a release is taken up: the first eight bytes of BLAKE3 over registry, package and version,
/// each on a line of its own, as an id of a finding shows them.
#[must_use]
pub fn release_number(event: &Event, words: &Vocabulary) -> i64 {
    let mut hasher = blake3::Hasher::new();
    for (sym, end) in [(event.registry, "\n"), (event.package, "\n"), (event.version, "")] {
        let text = words.text(sym);
        if text.contains('\n') {
            hasher.update(text.replace('\n', " ").as_bytes());
        } else {
            hasher.update(text.as_bytes());
        }
        hasher.update(end.as_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    i64::from_be_bytes(first)
}

impl State {
    /// The night that is under way, begun now if none is.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn begin_night(&self, now: i64) -> Result<Night> {
        let connection = self.connection();
        let open = connection
            .query_row("SELECT number, begun_at FROM nights WHERE ended_at IS NULL ORDER BY number DESC", [], |r| {
                Ok(Night { number: r.get(0)?, begun_at: r.get(1)?, resumed: true })
            })
            .optional()
            .map_err(|e| self.fault(&e))?;
        if let Some(night) = open {
            return Ok(night);
        }
        connection
            .execute("INSERT INTO nights (begun_at) VALUES (?1)", [now])
            .map(|_| Night { number: connection.last_insert_rowid(), begun_at: now, resumed: false })
            .map_err(|e| self.fault(&e))
    }

    /// The newest of the last nights that were finished, first.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn finished_nights(&self, most: usize) -> Result<Vec<Finished>> {
        self.connection()
            .prepare(
                "SELECT number, as_of, publishes, alerts FROM nights
                 WHERE ended_at IS NOT NULL AND as_of IS NOT NULL ORDER BY number DESC LIMIT ?1",
            )
            .and_then(|mut s| {
                s.query_map([most], |r| {
                    Ok(Finished { number: r.get(0)?, as_of: r.get(1)?, publishes: r.get(2)?, alerts: r.get(3)? })
                })?
                .collect()
            })
            .map_err(|e| self.fault(&e))
    }

    /// Every release that a night other than this one has taken up.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn taken(&self, night: i64) -> Result<HashSet<i64, rustc_hash::FxBuildHasher>> {
        self.connection()
            .prepare("SELECT release FROM taken WHERE night <> ?1")
            .and_then(|mut s| s.query_map([night], |r| r.get(0))?.collect())
            .map_err(|e| self.fault(&e))
    }

    /// Takes up releases, all or nothing: those to judge for this night, the others for none.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn take_up(&self, night: i64, judged: &[i64], others: &[i64]) -> Result<()> {
        let mut connection = self.connection();
        let mut work = || -> rusqlite::Result<()> {
            let work = connection.transaction()?;
            {
                let mut insert = work.prepare(
                    "INSERT INTO taken (release, night) VALUES (?1, ?2)
                     ON CONFLICT (release) DO UPDATE SET night = excluded.night",
                )?;
                for (releases, night) in [(judged, night), (others, 0)] {
                    // In the order of the tree, pages are filled one after the other.
                    let mut releases = releases.to_vec();
                    releases.sort_unstable();
                    for release in releases {
                        insert.execute([release, night])?;
                    }
                }
            }
            work.commit()
        };
        work().map_err(|e| self.fault(&e))
    }

    /// Ends a night.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn end_night(&self, night: i64, now: i64, of: &Finished, report: &str) -> Result<()> {
        self.connection()
            .execute(
                "UPDATE nights SET ended_at = ?2, as_of = ?3, publishes = ?4, alerts = ?5, report = ?6 WHERE number = ?1",
                params![night, now, of.as_of, of.publishes, of.alerts, report],
            )
            .map(|_| ())
            .map_err(|e| self.fault(&e))
    }

    /// What a channel was told, by the id of the finding.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn told(&self, channel: &str) -> Result<BTreeMap<String, Told>> {
        self.connection()
            .prepare("SELECT finding, message, raised FROM told WHERE channel = ?1")
            .and_then(|mut s| {
                s.query_map([channel], |r| Ok((r.get(0)?, Told { message: r.get(1)?, raised: r.get(2)? })))?.collect()
            })
            .map_err(|e| self.fault(&e))
    }

    /// Puts messages into the outbox and notes what they tell, all or nothing. A key that is there already stands.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn post(&self, night: i64, messages: &[Message], told: &[(String, String, Told)], now: i64) -> Result<()> {
        let mut connection = self.connection();
        let mut work = || -> rusqlite::Result<()> {
            let work = connection.transaction()?;
            for message in messages {
                work.prepare_cached(
                    "INSERT OR IGNORE INTO outbox (key, night, channel, parent, payload, made_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    message.key,
                    night,
                    message.channel,
                    message.parent,
                    message.payload,
                    now
                ])?;
            }
            for (channel, finding, told) in told {
                work.prepare_cached(
                    "INSERT INTO told (channel, finding, message, raised) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (channel, finding) DO UPDATE SET raised = excluded.raised",
                )?
                .execute(params![channel, finding, told.message, told.raised])?;
            }
            work.commit()
        };
        work().map_err(|e| self.fault(&e))
    }

    /// What was not sent yet, the oldest first.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn waiting(&self) -> Result<Vec<Message>> {
        self.list("SELECT key, channel, parent, payload FROM outbox WHERE ended_at IS NULL ORDER BY position", message)
    }

    /// How many messages of each channel wait, and the last reason.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn standing(&self) -> Result<BTreeMap<String, Standing>> {
        let rows = self.list(
            "SELECT channel, count(*), max(failure) FROM outbox WHERE ended_at IS NULL GROUP BY channel",
            |r| Ok((r.get(0)?, Standing { waiting: r.get(1)?, failure: r.get(2)? })),
        )?;
        Ok(rows.into_iter().collect())
    }

    /// What the receiver answered to a message, where it was sent and the answer says something.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn receipt(&self, key: &str) -> Result<Option<String>> {
        self.connection()
            .query_row("SELECT receipt FROM outbox WHERE key = ?1 AND ended_at IS NOT NULL", [key], |r| r.get(0))
            .optional()
            .map(Option::flatten)
            .map_err(|e| self.fault(&e))
    }

    /// Notes that a message was sent, with what the receiver answered.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn sent(&self, key: &str, now: i64, receipt: Option<&str>) -> Result<()> {
        self.connection()
            .execute(
                "UPDATE outbox SET ended_at = ?2, tried_at = ?2, tries = tries + 1, receipt = ?3, failure = NULL
                 WHERE key = ?1",
                params![key, now, receipt],
            )
            .map(|_| ())
            .map_err(|e| self.fault(&e))
    }

    /// Notes that a message was not sent. It waits for the next run, unless it never will be taken.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn not_sent(&self, key: &str, now: i64, failure: &str, never: bool) -> Result<()> {
        self.connection()
            .execute(
                "UPDATE outbox SET tried_at = ?2, tries = tries + 1, failure = ?3,
                 ended_at = CASE WHEN ?4 THEN ?2 END WHERE key = ?1",
                params![key, now, failure, never],
            )
            .map(|_| ())
            .map_err(|e| self.fault(&e))
    }
}

fn message(row: &Row) -> rusqlite::Result<Message> {
    Ok(Message { key: row.get(0)?, channel: row.get(1)?, parent: row.get(2)?, payload: row.get(3)? })
}
