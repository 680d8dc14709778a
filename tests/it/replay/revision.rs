//! Later revisions of a packument, put together from pieces that are compressed once.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use super::document::{Form, Parts, gzip_of, gzip_stored, hash};
use super::text::{joined, members};

/// A piece of a document with its gzip member, which is made when first wanted.
#[derive(Debug)]
pub struct Piece {
    identity: Arc<[u8]>,
    gzip: OnceLock<Arc<[u8]>>,
}

impl Piece {
    /// A piece to be compressed later.
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        Self { identity: text.as_ref().into(), gzip: OnceLock::new() }
    }

    /// A piece that is sent as it is.
    pub fn stored(text: &str) -> Self {
        Self { identity: text.as_bytes().into(), gzip: OnceLock::from(gzip_stored(text.as_bytes())) }
    }

    /// The bytes.
    pub fn identity(&self) -> &Arc<[u8]> {
        &self.identity
    }

    /// The bytes as a gzip member.
    pub fn gzip(&self) -> &Arc<[u8]> {
        self.gzip.get_or_init(|| gzip_of(&vec![Arc::clone(&self.identity)]))
    }
}

/// A form made of pieces, which are decompressed one after the other: a gzip stream may have any
/// number of members (RFC 1952, 2.2).
pub fn assembled(pieces: &[&Piece], etag: String) -> Form {
    let identity: Parts = pieces.iter().map(|piece| Arc::clone(piece.identity())).collect();
    let gzip = pieces.iter().map(|piece| Arc::clone(piece.gzip())).collect();
    Form::new(identity, Some(etag), "application/json").with_gzip(gzip)
}

/// A packument cut where a new version goes in.
#[derive(Debug)]
pub struct Cut {
    /// The integer of `_rev`, which counts the revisions.
    revision: u64,
    tags: String,
    versions: Piece,
    times: Piece,
    rest: Piece,
    /// Members of the object of a new version, its number aside.
    template: String,
    /// Major and minor number of the versions to come, and the first free patch number.
    next: (String, u64),
    hash: u64,
}

impl Cut {
    /// Cuts a packument; `None` without versions or times, of which a new version would be the first.
    pub fn new(document: &str) -> Option<Self> {
        let top = members(document)?;
        let get = |wanted: &str| top.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
        let (versions, times) = (members(get("versions")?)?, members(get("time")?)?);
        let tags = get("dist-tags").and_then(members).unwrap_or_default();
        let latest = tags.iter().find(|(tag, _)| *tag == "latest").map(|(_, value)| value.trim_matches('"'));
        let latest = latest.filter(|wanted| versions.iter().any(|(key, _)| key == wanted));
        let latest = latest.or_else(|| versions.last().map(|(key, _)| *key))?;
        let (_, object) = versions.iter().find(|(key, _)| *key == latest)?;
        let moving = ["version", "deprecated", "_npmOperationalInternal"];
        let template = joined(members(object)?.into_iter().filter(|(key, _)| !moving.contains(key)));
        let set_anew = ["_id", "_rev", "name", "dist-tags", "versions", "time"];
        let rest = joined(top.iter().filter(|(key, _)| !set_anew.contains(key)).copied());
        let known = versions.iter().chain(&times).map(|(key, _)| *key).collect();
        let times = joined(times.iter().filter(|(key, _)| *key != "modified").copied());
        Some(Self {
            revision: get("_rev").and_then(|rev| rev.trim_matches('"').split('-').next()?.parse().ok()).unwrap_or(0),
            tags: joined(tags.into_iter().filter(|(tag, _)| *tag != "latest")),
            versions: Piece::new(format!("\"versions\":{{{}", joined(versions))),
            times: Piece::new(format!("}},\"time\":{{{times}")),
            rest: Piece::new(format!("}}{}{rest}}}", if rest.is_empty() { "" } else { "," })),
            template,
            next: next(latest, &known),
            hash: hash(document.as_bytes()),
        })
    }

    /// The document under that name after versions were added at the given times; with its `_rev`.
    pub fn revision(&self, name: &str, touched: &[String]) -> (Form, String) {
        let (mut objects, mut stamps) = (String::new(), String::new());
        let (mut newest, (line, first)) = (String::new(), &self.next);
        for (number, time) in (*first..).zip(touched) {
            newest = format!("{line}.{number}");
            let comma = if self.template.is_empty() { "" } else { "," };
            write!(objects, ",\"{newest}\":{{\"version\":\"{newest}\"{comma}{}}}", self.template).expect("memory");
            write!(stamps, ",\"{newest}\":\"{time}\"").expect("memory");
        }
        if let Some(last) = touched.last() {
            write!(stamps, ",\"modified\":\"{last}\"").expect("memory");
        }
        // Without times of its own the member would begin with the comma of the first stamp.
        let stamps = if self.times.identity().ends_with(b"{") { stamps.trim_start_matches(',') } else { &stamps };
        let rev = format!("{}-{:016x}", self.revision + touched.len() as u64, self.hash);
        let quoted = serde_json::to_string(name).expect("a string");
        let comma = if self.tags.is_empty() { "" } else { "," };
        let head = format!(
            "{{\"_id\":{quoted},\"_rev\":\"{rev}\",\"name\":{quoted},\"dist-tags\":{{{}{comma}\"latest\":\"{newest}\"}},",
            self.tags
        );
        let etag = format!("\"{:016x}-{}\"", self.hash ^ hash(name.as_bytes()), touched.len());
        let (head, objects, stamps) = (Piece::stored(&head), Piece::stored(&objects), Piece::stored(stamps));
        let form = assembled(&[&head, &self.versions, &objects, &self.times, &stamps, &self.rest], etag);
        (form, rev)
    }
}

/// Major and minor number of `latest`, and a patch number from which on none was ever used: numbers of
/// removed versions stand among the times and are never given out again.
fn next(latest: &str, known: &HashSet<&str>) -> (String, u64) {
    let core = latest.split(['-', '+']).next().unwrap_or_default();
    let numbers: Option<Vec<u64>> = core.split('.').map(|number| number.parse().ok()).collect();
    let line = match numbers.as_deref() {
        Some([major, minor, _]) => format!("{major}.{minor}"),
        _ => "1000.0".to_owned(),
    };
    let patch = |version: &&str| {
        let rest = version.strip_prefix(line.as_str())?.strip_prefix('.')?;
        rest.split(['-', '+']).next()?.parse::<u64>().ok()
    };
    let highest = known.iter().filter_map(patch).max().unwrap_or(0);
    (line, highest.saturating_add(1))
}
