//! Which packages a project uses: lock files and bills of materials, read as lists to watch.
//!
//! Each format has one file and one row in [`LISTS`]. A reader takes up what names a package of a registry and
//! leaves out the rest, with the reason. Enter through [`read`].

mod gather;
mod integrity;
mod npm_spec;
mod purl;
mod streamed;
mod syntax;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::error::{Error, Result};

/// Most bytes a file may have (64 MiB).
pub const MAX_BYTES: usize = 64 << 20;

/// Most entries a file may have, those left out included.
pub const MAX_ENTRIES: usize = 200_000;

/// One package that a file asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Registry id, which is the type in a purl: `npm`, `pypi`, `cargo`, `gem`.
    pub registry: &'static str,
    /// Name as the registry writes it: npm with the scope, PyPI normalised by PEP 503.
    pub name: String,
    /// The locked version; `None` where the file pins none.
    pub version: Option<String>,
    /// Hashes of the files that may be installed, sorted, without repeats: Subresource Integrity
    /// (`sha512-<base64>`) or `sha256:<hex>` and `sha512:<hex>`.
    pub integrity: Vec<String>,
    /// Some entry of this version gives no usable hash, whatever the others give.
    pub unhashed: bool,
    /// Where the file says that it was downloaded, as `https://host`, sorted, without repeats; empty where the file
    /// does not say.
    pub hosts: Vec<String>,
}

/// An entry that names no package of a registry or could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The entry as the file writes it: cut to 256 bytes, without credentials in addresses.
    pub entry: String,
    /// Why it was left out, as a phrase.
    pub reason: String,
    /// Where it comes from, cut and cleaned alike, where the file says that beside the entry.
    pub address: Option<String>,
}

/// What an entry that is left out is, for those who must know what else gets installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Elsewhere {
    /// From a source repository.
    Repository,
    /// From a web address that is no registry's.
    Address,
    /// A part of the project, a folder beside it, what another package brings along, or an option of the tool.
    Local,
    /// What it is cannot be told.
    Unknown,
}

impl LeftOut {
    /// What the entry is, from its reason.
    #[must_use]
    pub fn elsewhere(&self) -> Elsewhere {
        match self.reason.as_str() {
            gather::GIT => Elsewhere::Repository,
            gather::ADDRESS => Elsewhere::Address,
            gather::OWN | gather::LINK | gather::FOLDER | gather::BUNDLED | gather::OPTION => Elsewhere::Local,
            _ => Elsewhere::Unknown,
        }
    }
}

/// What a file asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Sorted, one for each registry, name and version.
    pub wanted: Vec<Wanted>,
    /// In the order of the file.
    pub left_out: Vec<LeftOut>,
}

/// One kind of file that names packages.
#[derive(Debug)]
pub struct ListFormat {
    /// Short id.
    pub id: &'static str,
    /// The names of its files, as shown in help.
    pub files: &'static str,
    /// Whether a file is of this format: by its name, or by its text where that is safe to tell. Either may be
    /// empty.
    pub recognises: fn(file_name: &str, text: &str) -> bool,
    /// Reads the text of such a file.
    pub read: fn(text: &str) -> Result<List>,
}

macro_rules! lists {
    ($($name:ident,)+) => {
        $(pub mod $name;)+

        /// Every format.
        pub static LISTS: &[&ListFormat] = &[$(&$name::LIST,)+];

        /// The files that hold them, without their ending.
        pub static LIST_FILES: &[&str] = &[$(stringify!($name),)+];
    };
}

lists! {
    package_lock,
    pnpm_lock,
    yarn_lock,
    bun_lock,
    uv_lock,
    pylock,
    poetry_lock,
    requirements,
    cargo_lock,
    gemfile_lock,
    cyclonedx,
    spdx,
}

/// Reads a file that names packages. Its name decides the format; its text does where the name is none that is
/// known.
///
/// # Errors
/// The file cannot be read, is larger than [`MAX_BYTES`] or no UTF-8 text; its format is none of [`LISTS`]; it
/// is malformed, half merged, or holds more than [`MAX_ENTRIES`] entries. Every error names the file.
pub fn read(path: &Path) -> Result<(&'static ListFormat, List)> {
    contents(path).and_then(|bytes| read_bytes(path, &bytes)).map_err(|error| error.file(path))
}

fn contents(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |error: std::io::Error| {
        Error::tool(format!("cannot read the file: {error}")).remedy("check the path and its permissions")
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(Error::tool("is a directory, not a list of packages")
            .remedy("name the lock file or bill of materials in it"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_BYTES {
        return Err(Error::tool(format!("is larger than {} MB", MAX_BYTES >> 20))
            .remedy("hand in the lists of the project's parts one by one"));
    }
    Ok(bytes)
}

fn read_bytes(path: &Path, bytes: &[u8]) -> Result<(&'static ListFormat, List)> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    if name == "bun.lockb" || bytes.starts_with(b"#!/usr/bin/env bun\nbun-lockfile-format") {
        return Err(Error::tool("is bun's binary lock file, which is not read")
            .remedy("write it as text with `bun install --save-text-lockfile`, then hand in bun.lock"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::tool("is not UTF-8 text")
            .place(format!("byte {}", error.valid_up_to()))
            .remedy("restore the file, or convert it to UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let format = recognise(&name, text)?;
    if let Some(line) = text.lines().position(|line| line.starts_with("<<<<<<< ")) {
        return Err(Error::tool("holds an unresolved merge conflict")
            .place(format!("line {}", line + 1))
            .remedy("resolve the conflict, then hand in the file again"));
    }
    Ok((format, (format.read)(text)?))
}

fn recognise(name: &str, text: &str) -> Result<&'static ListFormat> {
    // The name goes first for every format, because texts may quote one another.
    let named = LISTS.iter().find(|format| (format.recognises)(name, ""));
    if named.is_none() {
        refuse_other_exports(name, text)?;
    }
    if let Some(format) = named.or_else(|| LISTS.iter().find(|format| (format.recognises)("", text))) {
        return Ok(format);
    }
    let known: Vec<&str> = LISTS.iter().map(|format| format.files).collect();
    Err(Error::tool("is no list of packages of a kind that is known here")
        .remedy(format!("hand in one of these, under its usual name: {}", known.join(", "))))
}

/// Refuses the forms of bills of materials that are not JSON.
fn refuse_other_exports(name: &str, text: &str) -> Result<()> {
    let start = head(text).trim_start();
    let named = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    let form = if start.starts_with('<') && start.contains("cyclonedx") || named(".cdx.xml") || name == "bom.xml" {
        "a CycloneDX bill of materials in XML"
    } else if start.starts_with('<') && start.contains("spdx") || named(".spdx.rdf") || named(".spdx.xml") {
        "an SPDX bill of materials in RDF or XML"
    } else if start.lines().any(|line| line.starts_with("SPDXVersion:")) || named(".spdx") {
        "an SPDX bill of materials in tag-value form"
    } else if start.lines().any(|line| line.starts_with("spdxVersion:")) || named(".spdx.yaml") || named(".spdx.yml") {
        "an SPDX bill of materials in YAML"
    } else {
        return Ok(());
    };
    Err(Error::tool(format!("is {form}, which is not read")).remedy("export it as JSON"))
}

/// The start of a text, as far as its kind shows there.
fn head(text: &str) -> &str {
    const LENGTH: usize = 8 << 10;
    let end = (0..=LENGTH.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// Whether a text may be a JSON object.
fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
