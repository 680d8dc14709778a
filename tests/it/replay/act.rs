//! Answers, sound ones and the ways in which a registry, a proxy or a network spoils them.

use std::io;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::{Duration, Instant};

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::document::{Document, Form, GZIP_HEAD, LAST_BLOCK, Parts};
use super::http::{Connection, Head, Seen};

/// What to do instead of answering a request as usual. "The document" is what would have been served.
#[derive(Clone, Debug)]
pub enum Act {
    /// That status with those headers and that body.
    Status(u16, Vec<(String, String)>, Vec<u8>),
    /// 429 as the CDN gives it: an HTML page and `Retry-After: 0`.
    Throttled,
    /// `Content-Length` announces the whole document, and the connection ends after so many bytes.
    Truncated(usize),
    /// A complete answer whose body is the first so many bytes of the gzip stream.
    CutGzip(usize),
    /// A chunked answer that ends properly after so many bytes of the document.
    CutChunked(usize),
    /// The document at that many bytes a second.
    Slow {
        /// The rate.
        bytes_per_second: usize,
    },
    /// Silence for that long, then the document.
    Late(Duration),
    /// Silence for that long, then the end of the connection.
    Hang(Duration),
    /// A redirect with that status and location.
    Redirect(u16, String),
    /// That many bytes of what looks like the middle of a packument, chunked.
    Endless(u64),
    /// Some ten megabytes of gzip that unpack to ten gigabytes.
    Bomb,
    /// A document whose strings are not UTF-8.
    NotUtf8,
    /// A TCP reset instead of an answer.
    Reset,
    /// Another document, such as an older revision with its own `ETag`; by all rules of documents.
    Document(Document),
}

/// The usual answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers beside those of the body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub form: Arc<Form>,
}

impl Answer {
    /// A small JSON body without an `ETag`.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::made(status, Vec::new(), "application/json", body.to_string().into_bytes())
    }

    /// The CDN's page for those who ask too much.
    pub fn throttled() -> Self {
        let page = "<!DOCTYPE html><html><head><title>Too Many Requests</title></head><body>429</body></html>";
        Self::made(429, vec![("retry-after".into(), "0".into())], "text/html; charset=UTF-8", page.into())
    }

    fn made(status: u16, headers: Vec<(String, String)>, content_type: &str, body: Vec<u8>) -> Self {
        Self { status, headers, form: Arc::new(Form::new(vec![body.into()], None, content_type)) }
    }
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It serves the next request.
    Open,
    /// It ends in an orderly way.
    Close,
}

/// The end of the server, which interrupts every pause.
#[derive(Debug, Default)]
pub struct Stop {
    stopped: Mutex<bool>,
    bell: Condvar,
}

impl Stop {
    /// Ends all pauses, now and later.
    pub fn stop(&self) {
        *self.stopped.lock().expect("lock") = true;
        self.bell.notify_all();
    }

    /// Whether the end has come.
    pub fn stopped(&self) -> bool {
        *self.stopped.lock().expect("lock")
    }

    /// Waits, or gives an error if the server ends meanwhile.
    fn pause(&self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        let mut stopped = self.stopped.lock().expect("lock");
        while !*stopped {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            stopped = self.bell.wait_timeout(stopped, left).expect("lock").0;
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

/// Where an answer goes, and on what terms.
pub struct Exchange<'a, 'b> {
    /// The request.
    pub seen: &'a Seen,
    /// The connection it came on.
    pub line: &'a mut Connection<'b>,
    /// The end of the server.
    pub stop: &'a Stop,
}

/// How the bytes of a body go out.
#[derive(Clone, Copy)]
enum Pace {
    AtOnce,
    UpTo(usize),
    Rate(usize),
}

impl Exchange<'_, '_> {
    /// The usual answer: 304 to who holds the document, and gzip to who takes it.
    pub fn send(&mut self, answer: &Answer) -> io::Result<After> {
        self.send_at(answer, Pace::AtOnce)
    }

    fn send_at(&mut self, answer: &Answer, pace: Pace) -> io::Result<After> {
        let form = &answer.form;
        let head = Head::new(answer.status).with_all(&answer.headers);
        let head = form.etag.iter().fold(head, |head, etag| head.with("etag", etag));
        let head = head.with("vary", "accept-encoding, accept");
        if answer.status == 200 && form.etag.as_ref().is_some_and(|etag| self.seen.holds(etag)) {
            let head = Head::new(304).with_all(&answer.headers);
            let head = form.etag.iter().fold(head, |head, etag| head.with("etag", etag));
            self.line.write(&[&head.end()])?;
            return Ok(After::Open);
        }
        let head = head.with("content-type", &form.content_type);
        if self.seen.takes_gzip() {
            self.body(head.with("content-encoding", "gzip"), form.gzip(), pace)
        } else {
            self.body(head, &form.identity, pace)
        }
    }

    fn body(&mut self, head: Head, parts: &Parts, pace: Pace) -> io::Result<After> {
        let head = head.length(parts.iter().map(|part| part.len()).sum()).end();
        if self.seen.method == "HEAD" {
            self.line.write(&[&head])?;
            return Ok(After::Open);
        }
        match pace {
            Pace::AtOnce => {
                let all: Vec<&[u8]> =
                    std::iter::once(head.as_slice()).chain(parts.iter().map(|part| &**part)).collect();
                self.line.write(&all)?;
                Ok(After::Open)
            }
            Pace::UpTo(count) => {
                let whole = parts.concat();
                self.line.write(&[&head, &whole[..count.min(whole.len())]])?;
                Ok(After::Close)
            }
            Pace::Rate(rate) => {
                self.line.write(&[&head])?;
                // Twenty steps a second, or one byte a step at rates below that.
                let step = (rate / 20).max(1);
                let gap = Duration::from_secs_f64(1.0 / f64::from(u32::try_from((rate / step).max(1)).unwrap_or(20)));
                for bytes in parts.concat().chunks(step) {
                    self.line.write(&[bytes])?;
                    self.stop.pause(gap)?;
                }
                Ok(After::Open)
            }
        }
    }

    /// Performs an act in place of `usual`. Another document comes as its answer, in `other`.
    pub fn perform(&mut self, act: &Act, usual: &Answer, other: Option<&Answer>) -> io::Result<After> {
        let json = || Head::new(200).with("content-type", "application/json");
        match act {
            Act::Status(status, headers, body) => {
                let head = Head::new(*status).with_all(headers);
                self.body(head, &vec![body.as_slice().into()], Pace::AtOnce)
            }
            Act::Throttled => self.send(&Answer::throttled()),
            Act::Truncated(count) => self.send_at(usual, Pace::UpTo(*count)),
            Act::CutGzip(count) => {
                let whole = usual.form.gzip().concat();
                let cut = vec![whole[..(*count).min(whole.len())].into()];
                self.body(json().with("content-encoding", "gzip"), &cut, Pace::AtOnce)
            }
            Act::CutChunked(count) => {
                let whole = usual.form.identity.concat();
                self.chunks(json(), whole[..(*count).min(whole.len())].chunks(8 << 10))
            }
            Act::Slow { bytes_per_second } => self.send_at(usual, Pace::Rate(*bytes_per_second)),
            Act::Late(time) => {
                self.stop.pause(*time)?;
                self.send(usual)
            }
            Act::Hang(time) => {
                self.stop.pause(*time)?;
                Ok(After::Close)
            }
            Act::Redirect(status, location) => {
                let head = Head::new(*status).with("location", location);
                self.body(head, &Parts::new(), Pace::AtOnce)
            }
            Act::Endless(bytes) => self.endless(*bytes),
            Act::Bomb => self.body(json().with("content-encoding", "gzip"), &BOMB, Pace::AtOnce),
            Act::NotUtf8 => {
                let body: &[u8] = b"{\"_id\":\"\xff\xfe\",\"name\":\"\xc3(\",\"versions\":{\"\x80\":{}},\"time\":{}}";
                self.body(json(), &vec![body.into()], Pace::AtOnce)
            }
            // Met here only if the head came in pieces; else the connection was reset before it was read.
            Act::Reset => Err(io::ErrorKind::ConnectionReset.into()),
            Act::Document(_) => self.send(other.unwrap_or(usual)),
        }
    }

    fn chunks<'c>(&mut self, head: Head, chunks: impl Iterator<Item = &'c [u8]>) -> io::Result<After> {
        self.line.write(&[&head.with("transfer-encoding", "chunked").end()])?;
        if self.seen.method != "HEAD" {
            for chunk in chunks.filter(|chunk| !chunk.is_empty()) {
                self.line.write_chunk(chunk)?;
            }
            self.line.write_chunk(&[])?;
        }
        Ok(After::Open)
    }

    fn endless(&mut self, bytes: u64) -> io::Result<After> {
        let opening: &[u8] = br#"{"_id":"endless","name":"endless","versions":{"0.0.0":{}"#;
        let repeated = br#","1.0.0":{"name":"endless","version":"1.0.0","dist":{}}"#.repeat(1 << 10);
        let whole = usize::try_from(bytes).unwrap_or(usize::MAX);
        let opening = &opening[..opening.len().min(whole)];
        let left = whole - opening.len();
        let (full, part) = (left / repeated.len(), left % repeated.len());
        let middle = std::iter::repeat_n(repeated.as_slice(), full);
        let head = Head::new(200).with("content-type", "application/json");
        self.chunks(head, std::iter::once(opening).chain(middle).chain(std::iter::once(&repeated[..part])))
    }
}

/// One gzip member: a string opens, and a block that unpacks to 16 MiB of `A` comes 640 times over.
static BOMB: LazyLock<Parts> = LazyLock::new(|| {
    let (opening, filling) = (br#"{"_id":"bomb","name":"bomb","readme":""#, vec![b'A'; 16 << 20]);
    let (opened, filled) = (blocks(opening), blocks(&filling));
    let mut crc = Crc::new();
    crc.update(opening);
    let mut piece = Crc::new();
    piece.update(&filling);
    for _ in 0..BLOCKS {
        crc.combine(&piece);
    }
    let end = [&LAST_BLOCK[..], &crc.sum().to_le_bytes(), &crc.amount().to_le_bytes()].concat();
    let mut parts: Parts = vec![GZIP_HEAD.as_slice().into(), opened];
    parts.extend(std::iter::repeat_n(filled, BLOCKS));
    parts.push(end.into());
    parts
});

/// How often the block of the bomb comes.
const BLOCKS: usize = 640;

/// The bytes as deflate blocks that end on a byte and refer to nothing before them, so that they may
/// stand anywhere in a stream, any number of times.
fn blocks(bytes: &[u8]) -> Arc<[u8]> {
    let mut deflate = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(bytes.len() / 64 + 1024);
    deflate.compress_vec(bytes, &mut out, FlushCompress::Full).expect("memory");
    assert_eq!(deflate.total_in(), bytes.len() as u64, "the block must hold everything");
    out.into()
}
