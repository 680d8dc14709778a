//! Reading documents from files: what is unpacked, and what is refused with which words.

use std::fs;
use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use gaitkeeper::acquire::document;
use gaitkeeper::error::{Error, Kind};

use crate::heap::peak_of;

const TEXT: &[u8] = b" \n{\"name\":\"a\"}";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(bytes).expect("written");
    writer.finish().expect("written")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("packed")
}

fn read(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    document::from_reader(bytes, 1 << 20)
}

/// The refusal of `bytes`, which must say what to do.
fn refusal(bytes: &[u8]) -> String {
    let error = read(bytes).expect_err("must be refused");
    assert_eq!(error.kind, Kind::Tool);
    assert!(error.remedy.is_some(), "{error}");
    error.to_string()
}

#[test]
fn packing_is_told_by_content_not_by_name() {
    let folder = tempfile::tempdir().expect("folder");
    for (name, bytes) in [("a.zst", TEXT.to_vec()), ("b.json", gzip(TEXT)), ("c.gz", zstd(TEXT)), ("none", gzip(TEXT))]
    {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        assert_eq!(document::read(&path).expect("readable"), TEXT, "{name}");
    }
}

#[test]
fn several_members_or_frames_are_one_document() {
    let (start, end) = TEXT.split_at(5);
    assert_eq!(read(&[gzip(start), gzip(end)].concat()).expect("readable"), TEXT);
    assert_eq!(read(&[zstd(start), zstd(end)].concat()).expect("readable"), TEXT);
}

#[test]
fn other_formats_are_refused_by_name() {
    for (bytes, named) in [
        (&b"PAR1\x15\x04"[..], "Parquet"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"\n <html>", "HTML"),
        (b"PK\x03\x04rest", "zip"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\xff\xfe{\0", "UTF-16"),
        (b"\0\0\0\0", "something else"),
    ] {
        assert!(refusal(bytes).contains(named), "{named}: {}", refusal(bytes));
    }
    let index = format!("\n{}\t{{\"key\":\"x\"}}", "0123456789".repeat(4));
    assert!(refusal(index.as_bytes()).contains("npm client cache"));
    assert!(refusal(b"").contains("empty"));
    assert!(refusal(b" \n\t").contains("empty"));
    assert!(refusal(&gzip(&gzip(TEXT))).contains("gzip data inside"));
    // Some registries' documents are arrays; who wants an object refuses them.
    assert_eq!(read(b"[1]").expect("readable"), b"[1]");
    let array = gaitkeeper::acquire::npm::parse(b"[1]").expect_err("no packument").to_string();
    assert!(array.contains("JSON array"), "{array}");
}

#[test]
fn a_refusal_shows_the_first_bytes_without_control_characters() {
    let text = refusal(b"\x1b[31mred");
    assert!(text.contains("\\x1b[31mred") && !text.contains('\x1b'), "{text}");
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().expect("folder");
    let missing = folder.path().join("missing.json");
    let error = document::read(&missing).expect_err("missing");
    assert!(error.file.as_deref() == Some(&missing) && error.remedy.is_some());
    let error = document::read(folder.path()).expect_err("directory");
    assert!(error.to_string().contains("directory"), "{error}");
    fs::write(&missing, b"PAR1").expect("written");
    assert_eq!(document::read(&missing).expect_err("refused").file.as_deref(), Some(missing.as_path()));
}

#[test]
fn cut_and_damaged_files_are_told_apart_from_other_faults() {
    let long: Vec<u8> = (0..40_000_u32).flat_map(|n| format!("{{\"{}\"", n * 7919).into_bytes()).collect();
    for (packed, format) in [(gzip(&long), "gzip"), (zstd(&long), "zstd")] {
        for keep in [packed.len() / 2, packed.len() - 3] {
            let text = refusal(&packed[..keep]);
            assert!(text.contains(format) && text.contains("cut short"), "{keep}: {text}");
        }
        let mut damaged = packed;
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].fill(0x55);
        let text = refusal(&damaged);
        assert!(text.contains(format), "{text}");
    }
}

#[test]
fn the_limit_counts_unpacked_bytes() {
    let text = [b"{".to_vec(), vec![b' '; 99]].concat();
    for packed in [text.clone(), gzip(&text), zstd(&text)] {
        assert_eq!(document::from_reader(&packed[..], 100).expect("fits").len(), 100);
        let error = document::from_reader(&packed[..], 99).expect_err("one too many");
        assert!(error.to_string().contains("larger than 99 bytes once unpacked"), "{error}");
    }
}

#[test]
fn a_bomb_is_refused_within_bounded_memory() {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(b"{").expect("written");
    io::copy(&mut io::repeat(b' ').take(64 << 20), &mut writer).expect("written");
    let bomb = writer.finish().expect("written");
    let limit = 4 << 20;
    let (error, peak) = peak_of(|| document::from_reader(&bomb[..], limit).expect_err("too large"));
    assert!(error.to_string().contains("larger than 4 MB once unpacked"), "{error}");
    assert!(peak < 3 * limit, "{peak} bytes");
}

#[test]
fn a_frame_header_that_promises_too_much_is_not_believed() {
    // Frame header with an eight-byte content size of 2^60 and no block behind it.
    let frame = [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &(1_u64 << 60).to_le_bytes()].concat();
    let (result, peak) = peak_of(|| document::from_reader(&frame[..], document::MAX_BYTES));
    assert!(result.is_err());
    assert!(peak < 64 << 20, "{peak} bytes");
}
