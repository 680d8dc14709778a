//! Answers, and what spoils every one of them.

use std::io::Write as _;
use std::sync::LazyLock;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::fault::Fault;
use super::{Shard, World};
use crate::replay::http::{Head, Seen};

/// What one request needs to know.
pub struct Scene {
    /// The shard that grows.
    pub active: Shard,
    /// Those that are closed.
    pub closed: Vec<Shard>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

impl Scene {
    /// Whether that is wrong.
    pub fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }
}

/// An answer.
pub struct Answer {
    status: u16,
    kind: &'static str,
    /// The body as it is sent.
    pub body: Vec<u8>,
}

impl Answer {
    /// JSON.
    pub fn json(body: &Value) -> Self {
        Self { status: 200, kind: "application/json", body: body.to_string().into_bytes() }
    }

    /// Anything else.
    pub fn bytes(body: Vec<u8>) -> Self {
        Self { status: 200, kind: "application/octet-stream", body }
    }

    /// A refusal as Rekor writes it.
    pub fn error(status: u16, message: &str) -> Self {
        let body = serde_json::json!({"code": status, "message": message});
        Self { status, ..Self::json(&body) }
    }

    /// A web page.
    pub fn page(status: u16) -> Self {
        let body = b"<!DOCTYPE html><html><head><title>?</title></head><body>?</body></html>".to_vec();
        Self { status, kind: "text/html; charset=UTF-8", body }
    }

    /// The head of the answer.
    pub fn head(&self) -> Vec<u8> {
        Head::new(self.status).with("content-type", self.kind).length(self.body.len()).end()
    }
}

impl World {
    /// The answer to a request, with all that is wrong.
    pub fn answer(&self, seen: &Seen) -> Answer {
        let scene = {
            let mut state = self.state();
            state.seen.push(seen.clone());
            for fault in &mut state.faults {
                match fault {
                    Fault::ThrottledAfter(0) => *fault = Fault::Throttled,
                    Fault::ThrottledAfter(left) => *left -= 1,
                    _ => {}
                }
            }
            Scene { active: state.active.clone(), closed: state.closed.clone(), faults: state.faults.clone() }
        };
        for fault in &scene.faults {
            match fault {
                Fault::Outage => return Answer::error(503, "no healthy upstream"),
                Fault::Throttled => return Answer::page(429),
                Fault::Page => return Answer::page(200),
                Fault::Slow(time) => thread::sleep(*time),
                _ => {}
            }
        }
        let mut answer = match (seen.path.strip_prefix("/api/v1/"), seen.path.strip_prefix("/api/v2/")) {
            (Some(rest), _) => self.v1(rest, seen, &scene),
            (_, Some(rest)) => self.v2(rest, &scene),
            _ => Answer::error(404, "path not found"),
        };
        for fault in &scene.faults {
            match fault {
                Fault::CutJson => answer.body.truncate(answer.body.len() / 2),
                Fault::Truncated(path) if seen.path.ends_with(path) => {
                    answer.body.truncate(answer.body.len().saturating_sub(7));
                }
                Fault::Flipped(path) if seen.path.ends_with(path) => {
                    // The last byte: lengths stand at the beginning.
                    if let Some(last) = answer.body.last_mut() {
                        *last ^= 1;
                    }
                }
                Fault::Bomb(path) if seen.path.ends_with(path) => answer.body.clone_from(&BOMB),
                _ => {}
            }
        }
        answer
    }
}

/// Some kilobytes of gzip that unpack to 64 megabytes, made once: it must not be slow too.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b' '; 1 << 20];
    for _ in 0..64 {
        packed.write_all(&block).expect("memory");
    }
    packed.finish().expect("memory")
});
