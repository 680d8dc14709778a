//! Reading an npm document takes less than three times the document's own size.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use crate::heap::peak_of;
use crate::packuments::{Document, real_documents};
use gaitkeeper::acquire::{document, npm};

/// Largest real document, as its path and its size in bytes once unpacked.
fn largest() -> Option<(PathBuf, usize)> {
    let sized = real_documents()?.into_iter().map(|path| {
        let size = document::read(&path).expect("readable").len();
        (path, size)
    });
    sized.max_by_key(|(_, size)| *size)
}

#[test]
fn the_counter_sees_what_is_held_at_once() {
    let ((), one_by_one) = peak_of(|| {
        drop(vec![1_u8; 1000]);
        drop(vec![1_u8; 1000]);
    });
    let (_, together) = peak_of(|| (vec![1_u8; 1000], vec![1_u8; 1000]));
    assert_eq!((one_by_one, together), (1000, 2000));
}

#[test]
fn the_largest_real_document_takes_less_than_three_times_its_size() {
    let Some((packed, size)) = largest() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let text = document::read(&packed).expect("readable");
    let plain = folder.path().join("plain.json");
    fs::write(&plain, &text).expect("written");
    let gzip = folder.path().join("document.gz");
    let mut writer = flate2::write::GzEncoder::new(fs::File::create(&gzip).expect("file"), flate2::Compression::fast());
    writer.write_all(&text).expect("written");
    writer.finish().expect("written");
    drop(text);
    for path in [packed, plain, gzip] {
        let (package, peak) = peak_of(|| npm::read(&path).expect("parses"));
        assert!(package.releases.len() > 100, "{}", path.display());
        assert!(peak > size, "the buffer itself must have been counted: {peak} of {size}");
        assert!(peak < size * 3, "{}: {peak} bytes for a document of {size}", path.display());
    }
}

#[test]
fn a_long_ignored_string_takes_no_memory_beside_the_text() {
    let mut text = Document::new("padded").version("1.0.0", "2020-01-02T03:04:05.678Z", "").json();
    text.pop();
    text.push_str(",\"readme\":\"");
    text.push_str(&"long \\u00e4 ".repeat(20 << 20 >> 3));
    text.push_str("\"}");
    let (package, peak) = peak_of(|| npm::parse(text.as_bytes()).expect("parses"));
    assert_eq!(package.releases.len(), 1);
    assert!(peak < 64 << 10, "{peak} bytes beside a text of {}", text.len());
}
