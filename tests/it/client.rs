//! A bare HTTP client for tests of servers: shows answers as they are, spoilt ones too.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use flate2::read::MultiGzDecoder;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body without chunk marks, still compressed.
    pub body: Vec<u8>,
    /// Whether as much came as was announced.
    pub whole: bool,
}

impl Reply {
    /// The first header of that name (in lower case), or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body, decompressed if it says that it is.
    pub fn plain(&self) -> io::Result<Vec<u8>> {
        if self.header("content-encoding") != "gzip" {
            return Ok(self.body.clone());
        }
        let mut plain = Vec::new();
        MultiGzDecoder::new(self.body.as_slice()).read_to_end(&mut plain)?;
        Ok(plain)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.plain().expect("sound gzip")).expect("JSON")
    }
}

/// Sends one request on a connection of its own and reads to the end.
pub fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Reply> {
    let (host, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("http://host/path");
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut head = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").expect("memory");
    }
    if !body.is_empty() {
        write!(head, "Content-Length: {}\r\n", body.len()).expect("memory");
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    reply(&bytes, method == "HEAD").ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// A GET that asks for JSON as it should be asked for.
pub fn get(url: &str) -> Reply {
    ask("GET", url, &[("Accept", "application/json")], b"").expect("an answer")
}

fn reply(bytes: &[u8], headless: bool) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let mut lines = str::from_utf8(&bytes[..end]).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .map(|line| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())))
        .collect::<Option<Vec<_>>>()?;
    let mut reply = Reply { status, headers, body: bytes[end + 4..].to_vec(), whole: true };
    if reply.header("transfer-encoding") == "chunked" {
        (reply.body, reply.whole) = unchunked(&reply.body);
    } else if let Ok(length) = reply.header("content-length").parse::<usize>() {
        reply.whole = headless || reply.body.len() == length;
    }
    Some(reply)
}

/// What the chunks hold, and whether the last one is there.
fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = str::from_utf8(&rest[..at]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some((size, chunk)) = size.and_then(|size| Some((size, rest.get(at + 2..at + 2 + size)?))) else { break };
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(chunk);
        rest = rest.get(at + 4 + size..).unwrap_or_default();
    }
    (body, false)
}
