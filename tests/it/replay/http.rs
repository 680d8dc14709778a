//! The part of HTTP/1.1 that the replay server speaks: reading requests, writing answers.

use std::io::{self, BufWriter, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longest request head that is read, in bytes.
const HEAD: usize = 64 << 10;
/// Longest request body that is read, in bytes.
const BODY: usize = 64 << 20;
/// How long a connection may be idle, or refuse to take what it asked for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET`, `HEAD`, `POST` or whatever was sent.
    pub method: String,
    /// The path as sent, without the query.
    pub path: String,
    /// What stood behind the question mark, still encoded; empty if nothing did.
    pub query: String,
    /// Headers in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, of a POST.
    pub body: Vec<u8>,
    /// When the head had been read.
    pub time: Instant,
}

impl Seen {
    /// The first header of that name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The members of the query, decoded, in the order sent.
    pub fn query_members(&self) -> Vec<(String, String)> {
        let parts = self.query.split('&').filter(|part| !part.is_empty());
        parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(key, value)| (decoded(&key.replace('+', " ")), decoded(&value.replace('+', " "))))
            .collect()
    }

    /// Whether the client takes a gzip body.
    pub fn takes_gzip(&self) -> bool {
        let accepted = self.header("accept-encoding").unwrap_or_default();
        accepted.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            matches!(name.trim(), "gzip" | "*") && !matches!(weight.trim(), "q=0" | "q=0.0")
        })
    }

    /// Whether the client already holds the revision of that `ETag`.
    pub fn holds(&self, etag: &str) -> bool {
        let bare = etag.strip_prefix("W/").unwrap_or(etag);
        let held = self.header("if-none-match").unwrap_or_default();
        held.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == bare)
    }
}

/// Percent-decodes; bytes that are no UTF-8 become replacement characters.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| str::from_utf8(two).ok());
        let value = digits.filter(|_| first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(value.unwrap_or(first));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What the next request on a connection turned out to be.
pub enum Next {
    /// A whole request.
    Request(Seen),
    /// The other side has gone, or a test wanted the connection reset.
    Gone,
    /// No HTTP, or more of it than is read: the status to answer with before closing.
    Refused(u16),
}

/// One connection. It counts what is written to it.
pub struct Connection<'a> {
    stream: &'a TcpStream,
    unread: Vec<u8>,
    sent: &'a AtomicU64,
}

impl<'a> Connection<'a> {
    /// A connection that adds the bytes it writes to `sent`.
    pub fn new(stream: &'a TcpStream, sent: &'a AtomicU64) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, unread: Vec::new(), sent })
    }

    /// Waits for a request. `doomed` is asked about the head before it is taken off the socket: closing
    /// a socket with unread bytes is what makes the kernel send a reset instead of an orderly end.
    pub fn next(&mut self, doomed: impl Fn(&Seen) -> bool) -> io::Result<Next> {
        let mut window = [0; 16 << 10];
        if self.unread.is_empty() {
            let peeked = self.stream.peek(&mut window)?;
            if end_of_head(&window[..peeked]).and_then(|end| parsed(&window[..end])).is_some_and(|seen| doomed(&seen)) {
                return Ok(Next::Gone);
            }
        }
        let end = loop {
            if let Some(end) = end_of_head(&self.unread) {
                break end;
            }
            if self.unread.len() > HEAD {
                return Ok(Next::Refused(431));
            }
            match self.stream.read(&mut window)? {
                0 => return Ok(Next::Gone),
                count => self.unread.extend_from_slice(&window[..count]),
            }
        };
        let Some(mut seen) = parsed(&self.unread[..end]) else { return Ok(Next::Refused(400)) };
        self.unread.drain(..end);
        if seen.header("transfer-encoding").is_some() {
            return Ok(Next::Refused(411));
        }
        let length = match seen.header("content-length").map(str::parse::<usize>) {
            None => 0,
            Some(Ok(length)) if length <= BODY => length,
            Some(Ok(_)) => return Ok(Next::Refused(413)),
            Some(Err(_)) => return Ok(Next::Refused(400)),
        };
        if seen.header("expect").is_some_and(|what| what.eq_ignore_ascii_case("100-continue")) {
            self.write(&[b"HTTP/1.1 100 Continue\r\n\r\n"])?;
        }
        while self.unread.len() < length {
            match self.stream.read(&mut window)? {
                0 => return Ok(Next::Gone),
                count => self.unread.extend_from_slice(&window[..count]),
            }
        }
        seen.body = self.unread.drain(..length).collect();
        Ok(Next::Request(seen))
    }

    /// Writes the parts one after the other, small ones in one go.
    pub fn write(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(16 << 10, Counted(self.stream, self.sent));
        parts.iter().try_for_each(|part| out.write_all(part))?;
        out.flush()
    }

    /// Writes one chunk of a chunked body; an empty one ends it.
    pub fn write_chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(&[format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"])
    }

    /// Ends the connection in an orderly way: what was written still arrives.
    pub fn close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
        // Unread bytes would turn the close into a reset that can overtake the answer.
        let _ = self.stream.set_read_timeout(Some(Duration::from_millis(200)));
        let mut rest = [0; 4096];
        let until = Instant::now() + Duration::from_secs(1);
        while Instant::now() < until && matches!(self.stream.read(&mut rest), Ok(1..)) {}
    }
}

struct Counted<'a>(&'a TcpStream, &'a AtomicU64);

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Counted first: who has read an answer finds it in the count.
        self.1.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let written = self.0.write(bytes);
        let left = bytes.len() - written.as_ref().map_or(0, |count| *count);
        self.1.fetch_sub(left as u64, Ordering::Relaxed);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Behind the empty line that ends a head.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn parsed(head: &[u8]) -> Option<Seen> {
    let text = str::from_utf8(head).ok()?;
    let mut lines = text.trim_end().split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !version.starts_with("HTTP/1.") {
        return None;
    }
    // A proxy's clients send the whole address.
    let target = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => &rest[rest.find('/')?..],
        _ => target,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines
        .map(|line| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())))
        .collect::<Option<_>>()?;
    Some(Seen {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
        time: Instant::now(),
    })
}

/// The head of an answer.
pub struct Head(String);

impl Head {
    /// A status line with a `Date`-less head: nothing here depends on the clock.
    pub fn new(status: u16) -> Self {
        Self(format!("HTTP/1.1 {status} {}\r\n", reason(status)))
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        for part in [name, ": ", value, "\r\n"] {
            self.0.push_str(part);
        }
        self
    }

    /// Adds headers.
    pub fn with_all(self, headers: &[(String, String)]) -> Self {
        headers.iter().fold(self, |head, (name, value)| head.with(name, value))
    }

    /// Adds `Content-Length`.
    pub fn length(self, bytes: usize) -> Self {
        self.with("content-length", &bytes.to_string())
    }

    /// The bytes, with the empty line that ends them.
    pub fn end(mut self) -> Vec<u8> {
        self.0.push_str("\r\n");
        self.0.into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
