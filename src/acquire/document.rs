//! Gets the JSON text of a registry document out of a file: plain, gzip or zstd, told apart by content.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::error::{Error, Result};

/// Most bytes a document may have once unpacked (256 MiB). Full npm documents are documented as "over
/// 10 MB" at most; the rest is room, and the bound on what a decompression bomb can claim.
pub const MAX_BYTES: usize = 256 << 20;

/// Bytes looked at before anything is unpacked.
const HEAD: usize = 512;
/// Bytes unpacked at a time.
const STEP: usize = 64 << 10;
/// Largest allocation made on the word of a file header alone.
const MAX_PROMISE: usize = 32 << 20;

/// What the first bytes of a file say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// Reads one document from `path` and unpacks it, to at most [`MAX_BYTES`].
///
/// # Errors
/// The file cannot be read; it is neither JSON, gzip nor zstd; it is cut short or damaged; it is larger
/// than the limit once unpacked. Every error names the file.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let unreadable = |error: &io::Error| {
        Error::tool(format!("cannot read the file: {error}")).file(path).remedy("check the path and its permissions")
    };
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let meta = file.metadata().map_err(|error| unreadable(&error))?;
    if meta.is_dir() {
        return Err(Error::tool("is a directory, not a document")
            .file(path)
            .remedy("name the documents in it: gaitkeeper import DIR/*"));
    }
    let size = usize::try_from(meta.len()).unwrap_or(usize::MAX);
    unpack(file, MAX_BYTES, size, check_start).map_err(|error| error.file(path))
}

/// Reads one document from any source and unpacks it, to at most `max_bytes`.
///
/// # Errors
/// As [`read`], without a file name.
pub fn from_reader(source: impl Read, max_bytes: usize) -> Result<Vec<u8>> {
    unpack(source, max_bytes, 0, check_start)
}

/// Unpacks what is not JSON, to at most `max_bytes`.
///
/// # Errors
/// It is cut short or damaged, or larger than the limit once unpacked.
pub fn any_from_reader(source: impl Read, max_bytes: usize) -> Result<Vec<u8>> {
    unpack(source, max_bytes, 0, |_| Ok(()))
}

/// Whether the bytes are packed with gzip or zstd.
#[must_use]
pub fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

/// Whether a text is the beginning of JSON that goes on: a transfer that was cut off.
#[must_use]
pub fn is_cut_short(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

/// Checks that `text` begins like a JSON object or array, after an optional byte order mark and white space.
///
/// # Errors
/// Anything else, named as far as its first bytes allow, with a remedy.
pub fn check_start(text: &[u8]) -> Result<()> {
    starts_with(text, b"{[")
}

/// Checks that `text` begins like a JSON object, after an optional byte order mark and white space.
///
/// # Errors
/// Anything else, an array too, named as far as its first bytes allow, with a remedy.
pub fn check_object(text: &[u8]) -> Result<()> {
    starts_with(text, b"{")
}

fn starts_with(text: &[u8], allowed: &[u8]) -> Result<()> {
    match first(text) {
        Some(byte) if allowed.contains(&byte) => Ok(()),
        Some(byte) => Err(not_json(text, byte)),
        None => Err(Error::tool("the document is empty")
            .remedy("fetch the document again; a cut transfer leaves an empty file")),
    }
}

/// The first byte that is not white space, after an optional byte order mark.
fn first(text: &[u8]) -> Option<u8> {
    let body = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    body.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Refuses a text by its beginning.
type Check = fn(&[u8]) -> Result<()>;

fn unpack(mut source: impl Read, max_bytes: usize, packed_size: usize, check: Check) -> Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    source.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(|error| damaged(&error, Packing::Plain))?;
    let (packing, promised) = match head.as_slice() {
        [0x1f, 0x8b, ..] => (Packing::Gzip, 0),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => (Packing::Zstd, zstd_promise(&head)),
        _ => (Packing::Plain, packed_size),
    };
    let whole = io::Cursor::new(head).chain(source);
    let expected = promised.min(max_bytes).min(MAX_PROMISE);
    match packing {
        Packing::Plain => collect(whole, max_bytes, expected, packing, check),
        Packing::Gzip => {
            let inflated = flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(STEP, whole));
            collect(inflated, max_bytes, expected, packing, check)
        }
        Packing::Zstd => {
            let inflated = zstd::stream::read::Decoder::new(whole).map_err(|error| damaged(&error, packing))?;
            collect(inflated, max_bytes, expected, packing, check)
        }
    }
}

/// The unpacked size that a zstd frame announces, 0 if it does not.
fn zstd_promise(head: &[u8]) -> usize {
    let size = zstd::zstd_safe::get_frame_content_size(head).ok().flatten().unwrap_or(0);
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// Reads to the end in steps, so that neither a bomb nor the growth of the buffer takes much more than the
/// document's own size; what is not JSON is refused after the first step.
fn collect(
    mut source: impl Read,
    max_bytes: usize,
    expected: usize,
    packing: Packing,
    check: Check,
) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    // One byte more than expected lets the end be seen without growing.
    text.reserve_exact(expected.saturating_add(1).max(HEAD));
    let mut checked = false;
    loop {
        let room = text.capacity() - text.len();
        if room == 0 {
            text.reserve_exact((text.len() / 2).max(STEP).min(max_bytes.saturating_add(1) - text.len()));
        }
        let step = (text.capacity() - text.len()).min(STEP) as u64;
        let got = source.by_ref().take(step).read_to_end(&mut text).map_err(|error| damaged(&error, packing))?;
        if text.len() > max_bytes {
            return Err(too_large(max_bytes));
        }
        if !checked && (got == 0 || text.iter().any(|byte| !byte.is_ascii_whitespace())) {
            check(&text)?;
            checked = true;
        }
        if got == 0 {
            text.shrink_to_fit();
            return Ok(text);
        }
    }
}

fn too_large(max_bytes: usize) -> Error {
    let limit = if max_bytes >= 1 << 20 { format!("{} MB", max_bytes >> 20) } else { format!("{max_bytes} bytes") };
    Error::tool(format!("the document is larger than {limit} once unpacked"))
        .remedy("no registry document is that large: check where the file comes from, and fetch it again")
}

fn damaged(error: &io::Error, packing: Packing) -> Error {
    let format = match packing {
        Packing::Plain => return Error::tool(format!("cannot read the document: {error}")),
        Packing::Gzip => "gzip",
        Packing::Zstd => "zstd",
    };
    let what = if error.kind() == io::ErrorKind::UnexpectedEof {
        format!("the {format} data is cut short")
    } else {
        format!("the {format} data is damaged: {error}")
    };
    Error::tool(what).remedy("fetch or copy the file again, and compare its size with the original")
}

fn not_json(text: &[u8], first: u8) -> Error {
    let packed = "unpack it first; plain, gzip and zstd files are read as they are";
    let export = "hand in the registry's own JSON document, not something made from it";
    let (found, remedy) = match text {
        [b'P', b'A', b'R', b'1', ..] => ("a Parquet file", export),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => ("a zip archive", packed),
        [b'B', b'Z', b'h', ..] => ("bzip2 data", packed),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => ("xz data", packed),
        [0x1f, 0x8b, ..] => ("gzip data inside the unpacked data", packed),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd data inside the unpacked data", packed),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("UTF-16 text", "convert it to UTF-8"),
        _ if first == b'<' => (
            "an HTML or XML page",
            "a busy or blocked registry answers with a page: wait, then ask again with exactly \
             Accept: application/json",
        ),
        _ if is_cache_line(text) => (
            "an index file of an npm client cache",
            "import the content file it points to, and only the one asked for with exactly Accept: application/json",
        ),
        _ if first == b'[' => ("a JSON array", "hand in one package document a file"),
        _ => ("something else", "hand in a package document in JSON, plain or packed with gzip or zstd"),
    };
    let shown: String = text.iter().take(16).map(|byte| byte.escape_ascii().to_string()).collect();
    Error::tool(format!("expected a JSON object, found {found} (begins with \"{shown}\")")).remedy(remedy)
}

/// A cache index line is a hexadecimal checksum, a tab, and the entry.
fn is_cache_line(text: &[u8]) -> bool {
    let line = text.trim_ascii_start();
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    digits >= 40 && line.get(digits) == Some(&b'\t')
}
