//! Documents to serve, in the forms in which a registry serves them: whole or abbreviated, plain or gzip.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use serde_json::{Map, Value, json};

use super::http::Seen;
use super::revision::Cut;

/// Where the tarballs of documents under test are said to be; a registry names its own address instead.
const PLACEHOLDER: &str = "\"https://registry.example/";
/// The media type of npm's abbreviated documents.
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";
/// What an abbreviated document keeps of a version object.
const KEPT: [&str; 18] = [
    "name",
    "version",
    "deprecated",
    "dependencies",
    "optionalDependencies",
    "devDependencies",
    "bundleDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bin",
    "directories",
    "dist",
    "engines",
    "cpu",
    "os",
    "libc",
    "funding",
    "_hasShrinkwrap",
];

/// Bytes in parts that several documents may share.
pub type Parts = Vec<Arc<[u8]>>;

/// A document to serve.
#[derive(Clone, Debug)]
pub struct Document {
    body: Vec<u8>,
    etag: Option<String>,
    content_type: String,
    headers: Vec<(String, String)>,
    packument: bool,
}

impl Document {
    /// A JSON document, the same for every `Accept`, with an `ETag` made from its bytes.
    pub fn json(text: impl Into<Vec<u8>>) -> Self {
        let body = text.into();
        let etag = Some(format!("\"{:016x}\"", hash(&body)));
        Self { body, etag, content_type: "application/json".into(), headers: Vec::new(), packument: false }
    }

    /// A full npm packument, served by npm's rule: whole only to `Accept: application/json`, otherwise
    /// abbreviated. Addresses at `https://registry.example/` become the server's own.
    pub fn packument(bytes: impl Into<Vec<u8>>) -> Self {
        let cached = ("cache-control".to_owned(), "public, max-age=300".to_owned());
        Self { packument: true, headers: vec![cached], ..Self::json(bytes) }
    }

    /// Sets the `ETag`, quotes included.
    pub fn with_etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.to_owned());
        self
    }

    /// Leaves the `ETag` out, as some mirrors do.
    pub fn without_etag(mut self) -> Self {
        self.etag = None;
        self
    }

    /// Sets the media type.
    pub fn with_content_type(mut self, content_type: &str) -> Self {
        content_type.clone_into(&mut self.content_type);
        self
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The document as a server at `url` serves it.
    pub fn at(self, url: &str) -> Prepared {
        let body = match String::from_utf8(self.body) {
            Ok(text) if self.packument => text.replace(PLACEHOLDER, &format!("\"{url}/")).into_bytes(),
            Ok(text) => text.into_bytes(),
            Err(error) => error.into_bytes(),
        };
        Prepared {
            full: Arc::new(Form::new(vec![body.into()], self.etag, self.content_type)),
            abbreviated: self.packument.then(OnceLock::new),
            headers: self.headers,
            cut: OnceLock::new(),
            touched: Vec::new(),
        }
    }
}

/// One body with its `ETag` and media type; the gzip form is made when first wanted.
#[derive(Debug)]
pub struct Form {
    /// The body itself.
    pub identity: Parts,
    /// The `ETag`, if there is one.
    pub etag: Option<String>,
    /// The media type.
    pub content_type: String,
    gzip: OnceLock<Parts>,
}

impl Form {
    /// A form whose gzip body is yet to be made.
    pub fn new(identity: Parts, etag: Option<String>, content_type: impl Into<String>) -> Self {
        Self { identity, etag, content_type: content_type.into(), gzip: OnceLock::new() }
    }

    /// A form whose gzip body is there already.
    pub fn with_gzip(self, gzip: Parts) -> Self {
        Self { gzip: OnceLock::from(gzip), ..self }
    }

    /// The body compressed with gzip.
    pub fn gzip(&self) -> &Parts {
        self.gzip.get_or_init(|| vec![gzip_of(&self.identity)])
    }
}

/// A document ready to be served.
#[derive(Debug)]
pub struct Prepared {
    /// The document as registered.
    pub full: Arc<Form>,
    /// Of packuments, the form for clients that do not ask as they should.
    pub abbreviated: Option<OnceLock<Arc<Form>>>,
    /// Headers beside the usual ones.
    pub headers: Vec<(String, String)>,
    /// Of packuments, the pieces from which later revisions are put together.
    pub cut: OnceLock<Option<Arc<Cut>>>,
    /// When versions were added to what was registered.
    pub touched: Vec<String>,
}

impl Prepared {
    /// A packument in that form.
    pub fn packument(full: Form) -> Self {
        Self {
            full: Arc::new(full),
            abbreviated: Some(OnceLock::new()),
            headers: vec![("cache-control".into(), "public, max-age=300".into())],
            cut: OnceLock::new(),
            touched: Vec::new(),
        }
    }

    /// The form that the request is entitled to.
    pub fn form(&self, seen: &Seen) -> Arc<Form> {
        match &self.abbreviated {
            Some(short) if seen.header("accept") != Some("application/json") => {
                Arc::clone(short.get_or_init(|| Arc::new(abbreviated(&self.full))))
            }
            _ => Arc::clone(&self.full),
        }
    }

    /// Bytes of the full document, unpacked.
    pub fn size(&self) -> u64 {
        self.full.identity.iter().map(|part| part.len() as u64).sum()
    }

    /// The document as JSON.
    pub fn value(&self) -> Option<Value> {
        serde_json::from_slice(&self.full.identity.concat()).ok()
    }

    /// The next revision of a packument: one more version, published at `time`; with its `_rev`.
    pub fn touched(&self, name: &str, time: &str) -> Option<(Self, String)> {
        let cut = self.cut.get_or_init(|| {
            let whole = String::from_utf8(self.full.identity.concat()).ok()?;
            Cut::new(&whole).map(Arc::new)
        });
        let cut = cut.as_ref()?;
        let touched = [self.touched.as_slice(), &[time.to_owned()]].concat();
        let (form, rev) = cut.revision(name, &touched);
        let next = Self { touched, headers: self.headers.clone(), ..Self::packument(form) };
        let next = Self { cut: OnceLock::from(Some(Arc::clone(cut))), ..next };
        Some((next, rev))
    }
}

/// A 64-bit hash of the bytes, the same in every run.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// The parts as one gzip member.
pub fn gzip_of(parts: &Parts) -> Arc<[u8]> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    parts.iter().try_for_each(|part| out.write_all(part)).expect("memory");
    out.finish().expect("memory").into()
}

/// The bytes as a gzip member that is not compressed, which costs next to nothing to make.
pub fn gzip_stored(bytes: &[u8]) -> Arc<[u8]> {
    let mut out = Vec::with_capacity(bytes.len() + 32);
    out.extend_from_slice(&GZIP_HEAD);
    for block in bytes.chunks(usize::from(u16::MAX)) {
        let length = u16::try_from(block.len()).expect("a chunk is no longer");
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&LAST_BLOCK);
    let mut crc = Crc::new();
    crc.update(bytes);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    out.into()
}

/// The head of a gzip member (RFC 1952, 2.3): deflate, no flags, no time, unknown system.
pub const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty stored block that says it is the last (RFC 1951, 3.2.4).
pub const LAST_BLOCK: [u8; 5] = [1, 0, 0, 0xff, 0xff];

/// npm's abbreviated form: nothing of publisher and time but `modified`.
fn abbreviated(full: &Form) -> Form {
    let whole = full.identity.concat();
    let etag = full.etag.as_ref().map(|tag| format!("{}-short\"", tag.trim_end_matches('"')));
    let text = match serde_json::from_slice::<Value>(&whole) {
        Ok(Value::Object(top)) => shortened(&top).to_string().into_bytes(),
        _ => whole,
    };
    Form::new(vec![text.into()], etag, ABBREVIATED)
}

fn shortened(top: &Map<String, Value>) -> Value {
    let mut short = Map::new();
    for key in ["name", "dist-tags"] {
        if let Some(value) = top.get(key) {
            short.insert(key.into(), value.clone());
        }
    }
    if let Some(Value::Object(versions)) = top.get("versions") {
        let versions = versions.iter().map(|(key, version)| (key.clone(), shortened_version(version)));
        short.insert("versions".into(), versions.collect::<Map<_, _>>().into());
    }
    if let Some(modified) = top.get("time").and_then(|time| time.get("modified")) {
        short.insert("modified".into(), modified.clone());
    }
    short.into()
}

fn shortened_version(version: &Value) -> Value {
    let Value::Object(fields) = version else { return version.clone() };
    let kept = fields.iter().filter(|(key, _)| KEPT.contains(&key.as_str()));
    let mut short: Map<_, _> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    let scripts = fields.get("scripts");
    let installs = |event: &&str| scripts.is_some_and(|scripts| scripts.get(event).is_some());
    if ["preinstall", "install", "postinstall"].iter().any(installs) {
        short.insert("hasInstallScript".into(), json!(true));
    }
    short.into()
}
