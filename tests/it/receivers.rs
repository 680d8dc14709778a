//! Receivers of messages on loopback: one that takes HTTP as Slack and webhooks do, and a small mail server.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::replay::http::{Connection, Head, Next, Seen};

/// How long a test waits for a message at most.
const PATIENCE: Duration = Duration::from_secs(55);

/// What a receiver does with the next request.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Answers so, with these headers.
    Answer(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// Takes the request and never answers.
    Silence,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    came: Condvar,
    script: Mutex<VecDeque<Reaction>>,
    posted: AtomicU64,
}

/// A receiver of HTTP messages. Its threads end with the test process.
pub struct Receiver {
    port: u16,
    shared: Arc<Shared>,
}

impl Receiver {
    /// A receiver on a free port: under `/api/chat.postMessage` it answers as Slack's web API, elsewhere `ok`.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&of_thread);
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { port, shared }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it does with the next requests, before it answers as usual again.
    pub fn script(&self, reactions: impl IntoIterator<Item = Reaction>) {
        self.shared.script.lock().expect("lock").extend(reactions);
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("lock").clone()
    }

    /// The bodies of the requests so far.
    pub fn bodies(&self) -> Vec<Value> {
        self.seen().iter().map(|seen| serde_json::from_slice(&seen.body).expect("JSON")).collect()
    }

    /// Waits until so many requests have come.
    pub fn wait_for(&self, count: usize) {
        let seen = self.shared.seen.lock().expect("lock");
        let (seen, _) = self.shared.came.wait_timeout_while(seen, PATIENCE, |seen| seen.len() < count).expect("lock");
        assert!(seen.len() >= count, "{} of {count} requests came", seen.len());
    }
}

fn serve(stream: &TcpStream, shared: &Shared) {
    let sent = AtomicU64::new(0);
    let Ok(mut connection) = Connection::new(stream, &sent) else { return };
    while let Ok(Next::Request(seen)) = connection.next(|_| false) {
        let is_slack = seen.path.ends_with("chat.postMessage");
        let thread = serde_json::from_slice::<Value>(&seen.body).ok().map(|body| body["channel"].clone());
        shared.seen.lock().expect("lock").push(seen);
        shared.came.notify_all();
        let reaction = shared.script.lock().expect("lock").pop_front();
        let (status, headers, body) = match reaction {
            Some(Reaction::Silence) => {
                // Until the other side is gone.
                let _ = connection.next(|_| false);
                return;
            }
            Some(Reaction::Answer(status, headers, body)) => (status, headers, body.to_owned()),
            None if is_slack => {
                let n = shared.posted.fetch_add(1, Ordering::Relaxed) + 1;
                let answer = json!({ "ok": true, "channel": thread, "ts": format!("1700000000.{n:06}") });
                (200, Vec::new(), answer.to_string())
            }
            None => (200, Vec::new(), "ok".to_owned()),
        };
        let head = headers.into_iter().fold(Head::new(status), |head, (name, value)| head.with(name, value));
        if connection.write(&[&head.length(body.len()).end(), body.as_bytes()]).is_err() {
            return;
        }
    }
}

/// A mail server that takes every message, or refuses as told.
pub struct MailServer {
    port: u16,
    mails: Arc<Mutex<Vec<String>>>,
    refusal: Arc<Mutex<Option<&'static str>>>,
}

impl MailServer {
    /// A server on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (mails, refusal) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Option<&'static str>>>::default());
        let server = Self { port, mails: Arc::clone(&mails), refusal: Arc::clone(&refusal) };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let refusal = *refusal.lock().expect("lock");
                // Who is gone in the middle of a conversation is no matter of the server's.
                let _ = converse(stream, refusal, &mails);
            }
        });
        server
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on every receiver is refused with this line; none takes them again.
    pub fn refuse(&self, with: Option<&'static str>) {
        *self.refusal.lock().expect("lock") = with;
    }

    /// Messages that were taken.
    pub fn mails(&self) -> Vec<String> {
        self.mails.lock().expect("lock").clone()
    }
}

/// One conversation (RFC 5321). A message is among the taken ones before the client is told so.
fn converse(stream: TcpStream, refusal: Option<&'static str>, mails: &Mutex<Vec<String>>) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut answers = stream.try_clone().ok()?;
    let mut say = |line: &str| answers.write_all(format!("{line}\r\n").as_bytes()).ok();
    let mut lines = BufReader::new(stream).lines();
    say("220 mail.example ready")?;
    while let Some(Ok(line)) = lines.next() {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" | "HELO" | "MAIL" | "RSET" | "NOOP" => say("250 ok")?,
            "RCPT" => say(refusal.unwrap_or("250 ok"))?,
            "DATA" => {
                say("354 go on")?;
                let mut mail = String::new();
                for line in lines.by_ref().map_while(Result::ok).take_while(|line| line != ".") {
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.push_str("\r\n");
                }
                mails.lock().expect("lock").push(mail);
                say("250 taken")?;
            }
            "QUIT" => {
                say("221 bye")?;
                break;
            }
            _ => say("502 not known")?,
        }
    }
    Some(())
}
