//! Small lists of every format, as their tools write them, and how what was read of them is shown.

mod npm;
mod others;
mod python;

use gaitkeeper::acquire::lists::{LISTS, List, ListFormat};
use gaitkeeper::error::Result;

pub use self::npm::{BUN, PACKAGE_LOCK, PNPM_5, PNPM_6, PNPM_9, SHRINKWRAP, YARN_BERRY, YARN_CLASSIC};
pub use self::others::{CARGO, CYCLONEDX, GEMFILE, SPDX_2, SPDX_3};
pub use self::python::{POETRY, PYLOCK, REQUIREMENTS, UV};

/// A text with `$SRI` and `$HEX` in it replaced by well-formed hashes.
pub fn filled(text: &str) -> String {
    text.replace("$SRI1", &format!("sha1-{}=", "B".repeat(27)))
        .replace("$SRI", &sri())
        .replace("$HEX512", &"c".repeat(128))
        .replace("$HEX", &hex())
}

/// A well-formed SHA-512 in Subresource Integrity.
pub fn sri() -> String {
    format!("sha512-{}==", "A".repeat(86))
}

/// A well-formed SHA-256 in hexadecimal.
pub fn hex() -> String {
    "ab".repeat(32)
}

/// The row with this id.
pub fn format(id: &str) -> &'static ListFormat {
    LISTS.iter().find(|format| format.id == id).unwrap_or_else(|| panic!("no format {id}"))
}

/// Reads a text, with its hashes filled in, as a format.
pub fn try_read(id: &str, text: &str) -> Result<List> {
    (format(id).read)(&filled(text))
}

/// Reads a sound text.
pub fn read(id: &str, text: &str) -> List {
    try_read(id, text).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// What was taken up: `registry:name@version`, and the first letters of each hash.
pub fn wanted(list: &List) -> Vec<String> {
    let shown = list.wanted.iter().map(|wanted| {
        let version = wanted.version.as_deref().unwrap_or("-");
        let hashes: Vec<&str> = wanted.integrity.iter().map(|hash| &hash[..9]).collect();
        let shown = format!("{}:{}@{version} {}", wanted.registry, wanted.name, hashes.join(" "));
        shown.trim_end().to_owned()
    });
    shown.collect()
}

/// What was left out: `entry: reason`.
pub fn left_out(list: &List) -> Vec<String> {
    list.left_out.iter().map(|left| format!("{}: {}", left.entry, left.reason)).collect()
}

/// Asserts what a text gives, in order.
#[track_caller]
pub fn assert_list(id: &str, text: &str, expected: &[&str], expected_left_out: &[&str]) {
    let list = read(id, text);
    assert_eq!(wanted(&list), expected);
    assert_eq!(left_out(&list), expected_left_out);
}

/// A sound list of every format: id, usual file name, text.
pub const SAMPLES: &[(&str, &str, &str)] = &[
    ("package-lock", "package-lock.json", PACKAGE_LOCK),
    ("package-lock", "npm-shrinkwrap.json", SHRINKWRAP),
    ("pnpm-lock", "pnpm-lock.yaml", PNPM_5),
    ("pnpm-lock", "pnpm-lock.yaml", PNPM_6),
    ("pnpm-lock", "pnpm-lock.yaml", PNPM_9),
    ("yarn-lock", "yarn.lock", YARN_CLASSIC),
    ("yarn-lock", "yarn.lock", YARN_BERRY),
    ("bun-lock", "bun.lock", BUN),
    ("uv-lock", "uv.lock", UV),
    ("pylock", "pylock.dev.toml", PYLOCK),
    ("poetry-lock", "poetry.lock", POETRY),
    ("requirements", "requirements-dev.txt", REQUIREMENTS),
    ("cargo-lock", "Cargo.lock", CARGO),
    ("gemfile-lock", "Gemfile.lock", GEMFILE),
    ("cyclonedx", "app.cdx.json", CYCLONEDX),
    ("spdx", "app.spdx.json", SPDX_2),
    ("spdx", "graph.spdx.json", SPDX_3),
];
