//! A package registry in the test process: serves documents as npm's registry does, spoils answers as
//! told, and remembers what was asked.
//!
//! Only loopback, only the standard library's sockets and threads. `benches/` takes this file in with
//! `#[path]`; it needs `shared.rs` beside it at the root of the crate.
#![allow(dead_code, reason = "tests and benches use a part of it each")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread::{self, JoinHandle};

use serde_json::json;

#[path = "replay/act.rs"]
mod act;
#[path = "replay/document.rs"]
mod document;
#[path = "replay/feed.rs"]
mod feed;
#[path = "replay/flock.rs"]
mod flock;
#[path = "replay/http.rs"]
pub mod http;
#[path = "replay/revision.rs"]
mod revision;
#[path = "replay/search.rs"]
mod search;
#[path = "replay/text.rs"]
mod text;

pub use act::Act;
pub use document::Document;
pub use feed::Feed;
pub use flock::shared_packument;
pub use http::Seen;

use act::{After, Answer, Exchange, Stop};
use document::Prepared;
use flock::Flock;
use http::{Connection, Head, Next, decoded};

/// Connections served at a time; one more is told 503.
const CONNECTIONS: usize = 64;
/// Requests remembered in full. Those beyond are only counted.
const REMEMBERED: usize = 100_000;
/// Search requests answered before the quota is used up, as measured on the real registry.
const SEARCHES: usize = 10;
/// The registry's public keys as of 2025-01: the current one.
const KEYS: &str = r#"{"keys":[{"expires":null,"keyid":"SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U","keytype":"ecdsa-sha2-nistp256","scheme":"ecdsa-sha2-nistp256","key":"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY6Ya7W++7aUPzvMTrezH6Ycx3c+HOKYCcNGybJZSCJq/fd7Qa8uuAKtdIkUQtQiEKERhAmE5lMMJhP8OkDOa2g=="}]}"#;

/// The server. It ends, with all its threads, when this is dropped.
pub struct Replay {
    world: Arc<World>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

/// What the server's threads share.
struct World {
    url: String,
    stop: Stop,
    state: Mutex<State>,
    feed: Mutex<Feed>,
    seen: Mutex<Vec<Seen>>,
    count: AtomicUsize,
    sent: AtomicU64,
}

#[derive(Default)]
struct State {
    /// By decoded path.
    documents: BTreeMap<String, Arc<Prepared>>,
    scripts: HashMap<String, VecDeque<Act>>,
    flock: Option<Arc<Flock>>,
    searches: usize,
}

impl Replay {
    /// A server on a free port of 127.0.0.1 that knows no packages yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let world = Arc::new(World {
            url: format!("http://{address}"),
            stop: Stop::default(),
            state: Mutex::new(State { searches: SEARCHES, ..State::default() }),
            feed: Mutex::new(Feed::new()),
            seen: Mutex::default(),
            count: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
        });
        let shared = Arc::clone(&world);
        let acceptor = thread::Builder::new().name("replay".into()).spawn(move || accept(&listener, &shared));
        let replay = Self { world, address, acceptor: Some(acceptor.expect("a thread")) };
        replay.serve("/-/npm/v1/keys", Document::json(KEYS));
        replay
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end. The feed is at `/feed/`.
    pub fn url(&self) -> String {
        self.world.url.clone()
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sets or replaces the document at a path. Paths are compared decoded: `/@scope%2fname` is
    /// `/@scope/name`.
    pub fn serve(&self, path: &str, document: Document) {
        let prepared = document.at(&self.world.url);
        self.world.state().documents.insert(decoded(path), Arc::new(prepared));
    }

    /// Sets or replaces the packument of a package.
    pub fn serve_packument(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.serve(&format!("/{name}"), Document::packument(bytes));
    }

    /// Serves a real document of the shared material under its name. `None`, and a remark, without it.
    pub fn serve_shared(&self, name: &str) -> Option<()> {
        self.serve_packument(name, shared_packument(name)?);
        Some(())
    }

    /// Sets or replaces the attestation document of a version.
    pub fn serve_attestations(&self, name: &str, version: &str, text: impl Into<Vec<u8>>) {
        self.serve(&format!("/-/npm/v1/attestations/{name}@{version}"), Document::json(text));
    }

    /// Serves nothing at a path any more.
    pub fn withdraw(&self, path: &str) {
        self.world.state().documents.remove(&decoded(path));
    }

    /// Adds acts for the next requests to a path, one each; after them it is served as usual again.
    /// Any path may have acts, that of the feed and unknown ones too.
    pub fn script(&self, path: &str, acts: impl IntoIterator<Item = Act>) {
        self.world.state().scripts.entry(decoded(path)).or_default().extend(acts);
    }

    /// Serves packages `load-00001` and on, that many, made of real documents (the smallest first, so
    /// that a small flock is light); returns their names. `None`, and a remark, without shared material.
    pub fn flock(&self, count: usize) -> Option<Vec<String>> {
        let flock = Flock::new(count, &self.world.url)?;
        let names = flock.names();
        self.world.state().flock = Some(Arc::new(flock));
        Some(names)
    }

    /// Adds a version to a package, published now: one more than the latest, by the same publisher, with
    /// another `ETag`. Returns the new `_rev`. The feed does not learn of it by itself.
    pub fn touch(&self, name: &str) -> String {
        self.touch_at(name, &chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    }

    /// Adds a version published at `time` (RFC 3339) to a package, which must be served and have versions.
    pub fn touch_at(&self, name: &str, time: &str) -> String {
        let path = format!("/{name}");
        let (known, flock) = {
            let state = self.world.state();
            (state.documents.get(&path).cloned(), state.flock.clone())
        };
        let known = known.or_else(|| Some(Arc::new(flock?.touchable(name)?))).expect("a package that is served");
        let (next, rev) = known.touched(name, time).expect("a packument with versions and times");
        self.world.state().documents.insert(path, Arc::new(next));
        rev
    }

    /// Bytes of a package's document, unpacked.
    pub fn size_of(&self, name: &str) -> Option<u64> {
        let (known, flock) = {
            let state = self.world.state();
            (state.documents.get(&format!("/{name}")).cloned(), state.flock.clone())
        };
        let document = known.or_else(|| flock?.document(name).map(Arc::new))?;
        Some(document.size())
    }

    /// The replication feed, which no request can read while the guard is held.
    pub fn feed(&self) -> MutexGuard<'_, Feed> {
        self.world.feed.lock().expect("lock")
    }

    /// Sets how many search requests are still answered before all get 429; ten at the start.
    pub fn allow_searches(&self, count: usize) {
        self.world.state().searches = count;
    }

    /// The requests since the start or [`forget`](Self::forget), in the order in which they came.
    pub fn requests(&self) -> Vec<Seen> {
        self.world.seen.lock().expect("lock").clone()
    }

    /// The requests for a path, however it was encoded.
    pub fn requests_for(&self, path: &str) -> Vec<Seen> {
        let wanted = decoded(path);
        self.requests().into_iter().filter(|seen| decoded(&seen.path) == wanted).collect()
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.world.count.load(Ordering::Relaxed)
    }

    /// Bytes written to all connections, heads included.
    pub fn bytes_sent(&self) -> u64 {
        self.world.sent.load(Ordering::Relaxed)
    }

    /// Clears the record of requests and the counts.
    pub fn forget(&self) {
        self.world.seen.lock().expect("lock").clear();
        self.world.count.store(0, Ordering::Relaxed);
        self.world.sent.store(0, Ordering::Relaxed);
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.world.stop.stop();
        // The acceptor waits for a connection: this is the last one.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// Takes connections until the end, then ends those that are open and waits for their threads.
fn accept(listener: &TcpListener, world: &Arc<World>) {
    // Weak, because a socket is only closed (or reset) when nobody holds it any more.
    let mut open: Vec<(Weak<TcpStream>, JoinHandle<()>)> = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if world.stop.stopped() {
            break;
        }
        open.retain(|(_, thread)| !thread.is_finished());
        // Those told 503 take a thread too for the moment, and are as many at most.
        if open.len() >= 2 * CONNECTIONS {
            continue;
        }
        let full = open.len() >= CONNECTIONS;
        let stream = Arc::new(stream);
        let handle = Arc::downgrade(&stream);
        let world = Arc::clone(world);
        let worker = thread::Builder::new().name("replay connection".into());
        if let Ok(worker) = worker.spawn(move || {
            // A client that goes away is no fault of the server.
            let _ = if full { world.turn_away(&stream) } else { world.attend(&stream) };
        }) {
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

fn refuse(line: &mut Connection, status: u16) -> io::Result<()> {
    line.write(&[&Head::new(status).length(0).with("connection", "close").end()])?;
    line.close();
    Ok(())
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("lock")
    }

    /// Tells one connection too many to come back later.
    fn turn_away(&self, stream: &TcpStream) -> io::Result<()> {
        let mut line = Connection::new(stream, &self.sent)?;
        line.next(|_| false)?;
        refuse(&mut line, 503)
    }

    /// Answers the requests of one connection, one after the other.
    fn attend(&self, stream: &TcpStream) -> io::Result<()> {
        let mut line = Connection::new(stream, &self.sent)?;
        loop {
            let seen = match line.next(|seen| self.resets(seen))? {
                Next::Request(seen) => seen,
                Next::Gone => return Ok(()),
                Next::Refused(status) => return refuse(&mut line, status),
            };
            self.remember(&seen);
            let last = seen.header("connection").is_some_and(|what| what.eq_ignore_ascii_case("close"));
            let after = self.answer(&seen, &mut line)?;
            if last || after == After::Close {
                line.close();
                return Ok(());
            }
        }
    }

    fn remember(&self, seen: &Seen) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut known = self.seen.lock().expect("lock");
        if known.len() < REMEMBERED {
            known.push(seen.clone());
        }
    }

    /// Whether a reset is what the script has for this request, which is then done with.
    fn resets(&self, seen: &Seen) -> bool {
        let mut state = self.state();
        if state.scripts.is_empty() {
            return false;
        }
        let due = state.scripts.get_mut(&decoded(&seen.path));
        let due = due.and_then(|acts| acts.pop_front_if(|act| matches!(act, Act::Reset))).is_some();
        drop(state);
        if due {
            self.remember(seen);
        }
        due
    }

    fn answer(&self, seen: &Seen, line: &mut Connection) -> io::Result<After> {
        let path = decoded(&seen.path);
        let act = {
            let mut state = self.state();
            let act = state.scripts.get_mut(&path).and_then(VecDeque::pop_front);
            if state.scripts.get(&path).is_some_and(VecDeque::is_empty) {
                state.scripts.remove(&path);
            }
            act
        };
        let usual = self.usual(&path, seen);
        let mut exchange = Exchange { seen, line, stop: &self.stop };
        match act {
            None => exchange.send(&usual),
            Some(act) => {
                let other = match &act {
                    Act::Document(document) => Some(entitled(&document.clone().at(&self.url), seen)),
                    _ => None,
                };
                exchange.perform(&act, &usual, other.as_ref())
            }
        }
    }

    /// The answer without a script.
    fn usual(&self, path: &str, seen: &Seen) -> Answer {
        if !matches!(seen.method.as_str(), "GET" | "HEAD" | "POST") {
            return Answer::json(405, &json!({"error": "Method not allowed"}));
        }
        if let Some(rest) = path.strip_prefix("/feed").filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            let (status, body) = self.feed.lock().expect("lock").answer(rest, seen);
            let mut answer = Answer::json(status, &body);
            answer.headers.push(("cache-control".into(), "public, max-age=14400".into()));
            return answer;
        }
        match path {
            "/-/ping" => return Answer::json(200, &json!({})),
            "/-/v1/search" => return self.search(seen),
            _ => {}
        }
        let (document, flock) = {
            let state = self.state();
            (state.documents.get(path).cloned(), state.flock.clone())
        };
        let bred = || Some(Arc::new(flock?.document(path.strip_prefix('/')?)?));
        document
            .or_else(bred)
            .map_or_else(|| Answer::json(404, &json!({"error": "Not found"})), |document| entitled(&document, seen))
    }

    fn search(&self, seen: &Seen) -> Answer {
        let documents: Vec<Arc<Prepared>> = {
            let mut state = self.state();
            match state.searches.checked_sub(1) {
                Some(left) => state.searches = left,
                None => return Answer::throttled(),
            }
            state.documents.values().filter(|document| document.abbreviated.is_some()).cloned().collect()
        };
        let values: Vec<_> = documents.iter().filter_map(|document| document.value()).collect();
        let (status, body) = search::answer(seen, &values);
        Answer::json(status, &body)
    }
}

/// A document as the answer to a request.
fn entitled(document: &Prepared, seen: &Seen) -> Answer {
    Answer { status: 200, headers: document.headers.clone(), form: document.form(seen) }
}
