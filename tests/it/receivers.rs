//! Receivers of messages on loopback: one that takes HTTP as Slack and webhooks do, and a small mail server.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
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

/// How a mail server is entered.
#[derive(Clone)]
pub enum Door {
    /// Without TLS.
    Open,
    /// With `STARTTLS`, before which it takes nothing.
    StartTls(Arc<ServerConfig>),
    /// With TLS from the first byte on.
    Tls(Arc<ServerConfig>),
}

/// A connection behind TLS.
pub fn behind_tls(stream: TcpStream, config: &Arc<ServerConfig>) -> Option<StreamOwned<ServerConnection, TcpStream>> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    Some(StreamOwned::new(ServerConnection::new(Arc::clone(config)).ok()?, stream))
}

/// What a mail server was told and has taken.
#[derive(Default)]
struct Taken {
    mails: Mutex<Vec<String>>,
    refusal: Mutex<Option<&'static str>>,
    logins: AtomicU64,
}

/// A mail server that takes every message, or refuses as told.
pub struct MailServer {
    port: u16,
    taken: Arc<Taken>,
}

impl MailServer {
    /// A server on a free port.
    pub fn start() -> Self {
        Self::behind(Door::Open)
    }

    /// The same, entered in another way.
    pub fn behind(door: Door) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let taken = Arc::<Taken>::default();
        let of_thread = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Who is gone in the middle of a conversation is no matter of the server's.
                let _ = admit(stream, &door, &of_thread);
            }
        });
        Self { port, taken }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on every receiver is refused with this line; none takes them again.
    pub fn refuse(&self, with: Option<&'static str>) {
        *self.taken.refusal.lock().expect("lock") = with;
    }

    /// Messages that were taken.
    pub fn mails(&self) -> Vec<String> {
        self.taken.mails.lock().expect("lock").clone()
    }

    /// How often somebody logged in.
    pub fn logins(&self) -> u64 {
        self.taken.logins.load(Ordering::Relaxed)
    }
}

fn admit(stream: TcpStream, door: &Door, taken: &Taken) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    match door {
        Door::Open => {
            let mut talk = Talk(BufReader::new(stream));
            talk.say("220 mail.example ready")?;
            converse(talk, taken)
        }
        Door::Tls(config) => {
            let mut talk = Talk(BufReader::new(behind_tls(stream, config)?));
            talk.say("220 mail.example ready")?;
            converse(talk, taken)
        }
        Door::StartTls(config) => {
            let mut talk = Talk(BufReader::new(stream));
            talk.say("220 mail.example ready")?;
            loop {
                match talk.word()?.as_str() {
                    "EHLO" => talk.say("250-mail.example\r\n250 STARTTLS")?,
                    "STARTTLS" => break,
                    _ => talk.say("530 STARTTLS first")?,
                }
            }
            talk.say("220 go on")?;
            converse(Talk(BufReader::new(behind_tls(talk.0.into_inner(), config)?)), taken)
        }
    }
}

/// Lines in both directions.
struct Talk<S>(BufReader<S>);

impl<S: Read + Write> Talk<S> {
    fn say(&mut self, line: &str) -> Option<()> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).ok()?;
        self.0.get_mut().flush().ok()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.0.read_line(&mut line).ok()?;
        (length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// The command of the next line.
    fn word(&mut self) -> Option<String> {
        Some(self.line()?.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase())
    }
}

/// One conversation after the greeting (RFC 5321). A message is among the taken ones before the client is told so.
fn converse(mut talk: Talk<impl Read + Write>, taken: &Taken) -> Option<()> {
    let refusal = *taken.refusal.lock().expect("lock");
    loop {
        match talk.word()?.as_str() {
            "EHLO" => talk.say("250-mail.example\r\n250 AUTH PLAIN")?,
            "AUTH" => {
                taken.logins.fetch_add(1, Ordering::Relaxed);
                talk.say("235 known")?;
            }
            "HELO" | "MAIL" | "RSET" | "NOOP" => talk.say("250 ok")?,
            "RCPT" => talk.say(refusal.unwrap_or("250 ok"))?,
            "DATA" => {
                talk.say("354 go on")?;
                let mut mail = String::new();
                loop {
                    let line = talk.line()?;
                    if line == "." {
                        break;
                    }
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.push_str("\r\n");
                }
                taken.mails.lock().expect("lock").push(mail);
                talk.say("250 taken")?;
            }
            "QUIT" => return talk.say("221 bye"),
            _ => talk.say("502 not known")?,
        }
    }
}
