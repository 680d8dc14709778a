//! Thousands of packages at the price of a few: real documents under made-up names.

use std::fs;
use std::sync::{Arc, OnceLock};

use super::document::{Prepared, hash};
use super::revision::{Cut, Piece, assembled};
use super::text::{joined, members};
use crate::shared::shared;

/// A real document of the shared material, unpacked; says so and gives nothing if it is not there.
pub fn shared_packument(name: &str) -> Option<Vec<u8>> {
    let path = shared(&format!("packuments/{}.json.zst", name.replace('/', "__")))?;
    Some(unpacked(&path))
}

fn unpacked(path: &std::path::Path) -> Vec<u8> {
    let packed = fs::read(path).expect("a real document");
    zstd::decode_all(packed.as_slice()).expect("a sound document")
}

/// A real document without its name.
#[derive(Debug)]
struct Kind {
    /// Everything behind `_id` and `name`, up to the closing brace.
    tail: Piece,
    hash: u64,
    cut: OnceLock<Option<Arc<Cut>>>,
}

/// Packages `load-00001` and on, whose documents are real ones in turn.
#[derive(Debug)]
pub struct Flock {
    count: usize,
    kinds: Vec<Kind>,
}

impl Flock {
    /// That many packages, made of the smallest shared documents first; each is compressed here, once.
    pub fn new(count: usize, url: &str) -> Option<Self> {
        let folder = fs::read_dir(shared("packuments")?).expect("the folder of real documents");
        let mut files: Vec<_> = folder
            .map(|entry| entry.expect("entry"))
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".json.zst"))
            .map(|entry| (entry.metadata().expect("size").len(), entry.path()))
            .collect();
        files.sort();
        let kinds = files.iter().take(count).map(|(_, path)| Kind::new(&unpacked(path), url)).collect();
        Some(Self { count, kinds })
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        (1..=self.count).map(name).collect()
    }

    /// The untouched document of that name.
    pub fn document(&self, wanted: &str) -> Option<Prepared> {
        let number: usize = wanted.strip_prefix("load-")?.parse().ok()?;
        if !(1..=self.count).contains(&number) || name(number) != wanted {
            return None;
        }
        let kind = &self.kinds[(number - 1) % self.kinds.len()];
        let head = Piece::stored(&format!("{{\"_id\":\"{wanted}\",\"name\":\"{wanted}\","));
        let form = assembled(&[&head, &kind.tail], format!("\"{:016x}-{number}\"", kind.hash));
        Some(Prepared::packument(form))
    }

    /// The document of that name, ready to be touched.
    pub fn touchable(&self, wanted: &str) -> Option<Prepared> {
        let document = self.document(wanted)?;
        let number: usize = wanted.strip_prefix("load-")?.parse().ok()?;
        let kind = &self.kinds[(number - 1) % self.kinds.len()];
        let cut = kind.cut.get_or_init(|| {
            let tail = str::from_utf8(kind.tail.identity()).ok()?;
            Cut::new(&format!("{{{tail}")).map(Arc::new)
        });
        Some(Prepared { cut: OnceLock::from(cut.clone()), ..document })
    }
}

fn name(number: usize) -> String {
    format!("load-{number:05}")
}

/// The text with every tarball at the server, wherever its document came from.
fn at_home(text: &str, url: &str) -> String {
    const MEMBER: &str = "\"tarball\":";
    let mut parts = text.split(MEMBER);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut out, part| {
        let address = part.trim_start();
        let path = address.splitn(4, '/').nth(3).unwrap_or_default();
        out.extend([MEMBER, "\"", url, "/", path]);
        out
    })
}

impl Kind {
    fn new(document: &[u8], url: &str) -> Self {
        let text = str::from_utf8(document).expect("UTF-8");
        let top = members(text).expect("an object");
        let kept = joined(top.into_iter().filter(|(key, _)| !["_id", "name"].contains(key)));
        let tail = at_home(&kept, url) + "}";
        let kind = Self { hash: hash(tail.as_bytes()), tail: Piece::new(&tail), cut: OnceLock::new() };
        kind.tail.gzip();
        kind
    }
}
