//! A transparency log in the test process: Rekor v1 below `/api/v1/` over the real entries, and a v2 log of
//! tiles below `/api/v2/` over the same leaves. Its trees and keys are its own, so that it can grow, fork and lie.
//!
//! Only loopback, only the standard library's sockets and threads.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread::{self, JoinHandle};

use sigstore_verify::trust_root::TrustedRoot;

#[path = "replay_log/answer.rs"]
mod answer;
#[path = "replay_log/entries.rs"]
mod entries;
#[path = "replay_log/fault.rs"]
mod fault;
#[path = "replay_log/signing.rs"]
mod signing;
#[path = "replay_log/tree.rs"]
mod tree;
#[path = "replay_log/v1.rs"]
mod v1;
#[path = "replay_log/v2.rs"]
mod v2;

pub use fault::Fault;
pub use signing::{ENTRIES, TILES};
use tree::Hash;

use crate::replay::http::{Connection, Next, Seen};
use entries::{Indexed, Kept};
use signing::Signer;

/// Tree id of the first shard.
pub const FIRST_TREE: &str = "1193050959916656506";

/// The server. It ends, with all its threads, when this is dropped.
pub struct ReplayLog {
    world: Arc<World>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

struct World {
    real: Arc<Indexed>,
    leaves: Vec<Vec<u8>>,
    hashes: Vec<Hash>,
    entries: Signer,
    tiles: Signer,
    strange: [Signer; 2],
    state: Mutex<State>,
    stopped: AtomicBool,
    sent: AtomicU64,
}

struct State {
    active: Shard,
    closed: Vec<Shard>,
    faults: Vec<Fault>,
    seen: Vec<Seen>,
}

/// Leaves that make one tree: from `begin`, so many.
#[derive(Clone)]
struct Shard {
    tree_id: String,
    begin: usize,
    size: usize,
}

impl ReplayLog {
    /// A log that holds every real entry and whose trees have `size` leaves; `None`, and a remark, without
    /// shared material.
    pub fn start(size: usize) -> Option<Self> {
        let real = entries::real()?;
        let leaves = real.0.iter().map(|kept| kept.body.clone()).collect();
        Some(Self::with(real, leaves, size))
    }

    /// A log of `count` made leaves and no entries.
    pub fn made(count: usize, size: usize) -> Self {
        let body = |n| format!(r#"{{"apiVersion":"0.0.2","kind":"made","spec":{{"number":{n}}}}}"#).into_bytes();
        Self::with(Arc::default(), (0..count).map(body).collect(), size)
    }

    fn with(real: Arc<Indexed>, leaves: Vec<Vec<u8>>, size: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let active = Shard { tree_id: FIRST_TREE.to_owned(), begin: 0, size };
        let world = Arc::new(World {
            real,
            hashes: leaves.iter().map(|body| tree::leaf(body)).collect(),
            leaves,
            entries: Signer::entries(),
            tiles: Signer::tiles(),
            strange: [Signer::entries(), Signer::tiles()],
            state: Mutex::new(State { active, closed: Vec::new(), faults: Vec::new(), seen: Vec::new() }),
            stopped: AtomicBool::new(false),
            sent: AtomicU64::new(0),
        });
        let shared = Arc::clone(&world);
        let acceptor = thread::Builder::new().name("replay log".into()).spawn(move || accept(&listener, &shared));
        Self { world, address, acceptor: Some(acceptor.expect("a thread")) }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The public trusted root with this server's two logs in it.
    pub fn trusted_root(&self) -> Option<TrustedRoot> {
        signing::trusted_root(&[&self.world.entries, &self.world.tiles])
    }

    /// Sets the number of leaves of the active shard, and of the v2 log.
    pub fn resize(&self, size: usize) {
        self.world.state().active.size = size;
    }

    /// Closes the active shard; another one begins, with so many leaves.
    pub fn shard(&self, tree_id: &str, size: usize) {
        let mut state = self.world.state();
        let begin = state.active.begin + state.active.size;
        let active = Shard { tree_id: tree_id.to_owned(), begin, size };
        let closed = std::mem::replace(&mut state.active, active);
        state.closed.push(closed);
    }

    /// Forgets all closed shards.
    pub fn lose_shards(&self) {
        self.world.state().closed.clear();
    }

    /// Sets what is wrong from now on.
    pub fn faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.world.state().faults = faults.into_iter().collect();
    }

    /// Method, path with query, and body of each request since the last call.
    pub fn requests(&self) -> Vec<(String, String, String)> {
        let told = |seen: Seen| {
            let query = if seen.query.is_empty() { String::new() } else { format!("?{}", seen.query) };
            (seen.method, format!("{}{query}", seen.path), String::from_utf8_lossy(&seen.body).into_owned())
        };
        std::mem::take(&mut self.world.state().seen).into_iter().map(told).collect()
    }

    /// The key with most entries among those that `wanted` takes.
    pub fn richest(&self, wanted: impl Fn(&str) -> bool) -> (String, usize) {
        let keys = self.world.index().iter().filter(|(key, _)| wanted(key));
        keys.map(|(key, names)| (key.clone(), names.len())).max_by_key(|(_, count)| *count).expect("a key")
    }

    /// Name and index of every entry, by index.
    pub fn names(&self) -> Vec<(String, u64)> {
        self.world.kept().iter().map(|kept| (kept.uuid.clone(), kept.index)).collect()
    }

    /// The bytes of every leaf.
    pub fn leaves(&self) -> &[Vec<u8>] {
        &self.world.leaves
    }
}

impl Drop for ReplayLog {
    fn drop(&mut self) {
        self.world.stopped.store(true, Ordering::Relaxed);
        // The acceptor waits for a connection: this is the last one.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, world: &Arc<World>) {
    let mut open: Vec<(Weak<TcpStream>, JoinHandle<()>)> = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if world.stopped.load(Ordering::Relaxed) {
            break;
        }
        open.retain(|(_, thread)| !thread.is_finished());
        let stream = Arc::new(stream);
        let handle = Arc::downgrade(&stream);
        let world = Arc::clone(world);
        let worker = thread::Builder::new().name("replay log connection".into());
        // A client that goes away is no fault of the server.
        if let Ok(worker) = worker.spawn(move || drop(world.attend(&stream))) {
            open.push((handle, worker));
        }
    }
    for stream in open.iter().filter_map(|(stream, _)| stream.upgrade()) {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for (_, thread) in open {
        let _ = thread.join();
    }
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("lock")
    }

    fn kept(&self) -> &[Kept] {
        &self.real.0
    }

    fn index(&self) -> &BTreeMap<String, Vec<String>> {
        &self.real.1
    }

    fn attend(&self, stream: &TcpStream) -> io::Result<()> {
        let mut line = Connection::new(stream, &self.sent)?;
        while let Next::Request(seen) = line.next(|_| false)? {
            let answer = self.answer(&seen);
            line.write(&[&answer.head(), &answer.body])?;
        }
        Ok(())
    }

    /// The leaf hashes of a shard, with the second history's leaf in its place.
    fn tree(&self, shard: &Shard, faults: &[Fault]) -> Vec<Hash> {
        let mut hashes = self.hashes[shard.begin..shard.begin + shard.size].to_vec();
        for fault in faults {
            if let Fault::Fork(n) = fault
                && let Some(hash) = n.checked_sub(shard.begin).and_then(|n| hashes.get_mut(n))
            {
                *hash = tree::leaf(FORKED);
            }
        }
        hashes
    }
}

/// The leaf of the second history.
const FORKED: &[u8] = br#"{"apiVersion":"0.0.2","kind":"forked","spec":{}}"#;
