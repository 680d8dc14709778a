//! What the tests of the log's clients share: a replayed log, a client that is quick to give up, a runtime.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use gaitkeeper::acquire::rekor::keys::{LogKey, LogKeys};
use gaitkeeper::config::{Addresses, Config, Network, Surroundings};
use gaitkeeper::net::Client;
use gaitkeeper::pipeline::rekor::ask::Asker;
use gaitkeeper::pipeline::rekor::monitor::Watched;

use crate::replay_log::{ENTRIES, ReplayLog, TILES};

/// A time at which every key of the tests is good: 2026-09-01, in milliseconds.
pub const NOW: i64 = 1_788_220_800_000;

/// A replayed log with a client for it.
pub struct Setting {
    /// The log.
    pub log: ReplayLog,
    /// The keys, of this log and the real ones.
    pub keys: LogKeys,
    client: Client,
}

impl Setting {
    /// A log over the real entries, with trees of so many leaves; `None`, and a remark, without shared material.
    pub fn start(size: usize) -> Option<Self> {
        Self::over(ReplayLog::start(size)?)
    }

    /// A log that was made.
    pub fn over(log: ReplayLog) -> Option<Self> {
        let keys = LogKeys::of_root(&log.trusted_root()?);
        assert!(keys.refused().is_empty(), "{:?}", keys.refused());
        Some(Self { log, keys, client: client() })
    }

    /// The log at its address.
    pub fn asker(&self) -> Asker<'_> {
        Asker::new(&self.client, &self.log.url(), None).expect("an address")
    }

    /// A client anew: the other one gives a host up after failures in a row.
    pub fn forgive(&mut self) {
        self.client = client();
    }

    fn named(&self, name: &str) -> &LogKey {
        self.keys.logs().iter().find(|log| log.name == name).expect("the log's key")
    }

    /// The v1 log.
    pub fn entries<'a>(&'a self, asker: &'a Asker<'a>) -> Watched<'a> {
        Watched { asker, keys: &self.keys, log: self.named(ENTRIES) }
    }

    /// The v2 log.
    pub fn tiles<'a>(&'a self, asker: &'a Asker<'a>) -> Watched<'a> {
        Watched { asker, keys: &self.keys, log: self.named(TILES) }
    }
}

/// Runs to the end.
pub fn run<T>(task: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(task)
}

/// A client that gives up after two tries and a second.
pub fn client() -> Client {
    let network = Network {
        timeout_seconds: 1,
        attempts: 2,
        first_pause_ms: 1,
        throttle_pause_ms: 1,
        max_document_mb: 8,
        ..Network::default()
    };
    let surroundings = Surroundings { env: BTreeMap::new(), home: None, cwd: PathBuf::from("/"), run: |_, _, _| None };
    let addresses = Addresses::find(&[], None, &Config::default(), &surroundings).expect("no addresses");
    Client::new(&network, Arc::new(addresses), false).expect("a client")
}
