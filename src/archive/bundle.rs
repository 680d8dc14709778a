//! Evidence of one release as a ZIP file (PKWARE APPNOTE 6.3): the same members give the same bytes, and
//! `manifest.json` names every member with its length and SHA-256. What is read back was sent by somebody:
//! nothing is unpacked to disk, every size is bounded before it is believed, and a member that is missing, that is
//! there twice, that is not listed or not as it was listed is refused by its name.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::read::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

use super::files;
use crate::error::{Error, Result};

/// What the manifest calls this form.
const FORM: &str = "gaitkeeper-evidence";
/// Version of the form; a later one is refused.
const VERSION: u32 = 1;
/// The member that lists the others.
pub const MANIFEST: &str = "manifest.json";
/// Most bytes of a bundle.
const MOST_PACKED: u64 = 512 << 20;
/// Most bytes of one member: no document that is fetched is larger.
const MOST_A_MEMBER: u64 = 256 << 20;
/// Most bytes of all members.
const MOST_IN_ALL: u64 = 1 << 30;
/// Most members.
const MOST_MEMBERS: usize = 20_000;
/// Longest name of a member.
const LONGEST_NAME: usize = 200;
const REMEDY: &str = "ask for the bundle again, from whom it came";

/// One member as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// What it is, and where it was served.
    pub about: String,
}

/// What a bundle says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORM`].
    pub form: String,
    /// [`VERSION`].
    pub version: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// The release, as a purl or by its names.
    pub release: String,
    /// What is not in it, and why.
    pub remarks: Vec<String>,
    /// Every other member.
    pub members: BTreeMap<String, Entry>,
}

/// Members by name, each with what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Its manifest; the list of members is filled when it is written.
    pub manifest: Manifest,
    /// The members' bytes.
    pub members: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// An empty bundle about a release.
    #[must_use]
    pub fn new(release: String) -> Self {
        let manifest = Manifest {
            form: FORM.to_owned(),
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            release,
            ..Manifest::default()
        };
        Self { manifest, members: BTreeMap::new() }
    }

    /// Adds a member.
    ///
    /// # Errors
    /// When it could not be read back: its name is none, is taken, or its bytes are too many.
    pub fn add(&mut self, name: &str, about: &str, bytes: Vec<u8>) -> Result<()> {
        let entry = Entry { bytes: bytes.len() as u64, sha256: sha256(&bytes), about: about.to_owned() };
        let held: u64 = self.manifest.members.values().map(|e| e.bytes).sum();
        if !is_name(name) || self.members.contains_key(name) || name == MANIFEST {
            return Err(Error::tool(format!("`{name}` can be no member of a bundle")));
        }
        if entry.bytes > MOST_A_MEMBER || held + entry.bytes > MOST_IN_ALL || self.members.len() + 1 >= MOST_MEMBERS {
            return Err(Error::tool(format!("the bundle grows too large with `{name}`"))
                .remedy("the documents themselves are in the archive: gaitkeeper archive export --document PACKAGE"));
        }
        self.manifest.members.insert(name.to_owned(), entry);
        self.members.insert(name.to_owned(), bytes);
        Ok(())
    }

    /// The file, and the SHA-256 of its manifest, which stands for all of it.
    ///
    /// # Errors
    /// When the compressor fails.
    pub fn pack(&self) -> Result<(Vec<u8>, String)> {
        let failed = |e: &dyn std::fmt::Display| Error::tool(format!("the bundle cannot be written: {e}"));
        let mut manifest = serde_json::to_vec_pretty(&self.manifest).map_err(|e| failed(&e))?;
        manifest.push(b'\n');
        let seal = sha256(&manifest);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let all = std::iter::once((MANIFEST, manifest.as_slice()))
            .chain(self.members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        for (name, bytes) in all {
            zip.start_file(name, options).map_err(|e| failed(&e))?;
            zip.write_all(bytes).map_err(|e| failed(&e))?;
        }
        let bytes = zip.finish().map_err(|e| failed(&e))?.into_inner();
        Ok((bytes, seal))
    }

    /// Reads a file, and checks every member against the manifest.
    ///
    /// # Errors
    /// When it cannot be read, is none of these, or a member is not as it should be: the member is named.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(|e| files::unreadable(path, &e))?;
        let mut bytes = Vec::new();
        file.take(MOST_PACKED + 1).read_to_end(&mut bytes).map_err(|e| files::unreadable(path, &e))?;
        Self::unpack(&bytes).map_err(|e| {
            let remedy = e.remedy.clone().unwrap_or_else(|| REMEDY.to_owned());
            e.file(path).remedy(remedy)
        })
    }

    fn unpack(bytes: &[u8]) -> Result<Self> {
        if bytes.len() as u64 > MOST_PACKED {
            return Err(Error::tool("is larger than any bundle that this program writes"));
        }
        let mut members = unzip(bytes)?;
        let manifest = members.remove(MANIFEST).ok_or_else(|| Error::tool(format!("has no {MANIFEST}")))?;
        let broken = |e: serde_json::Error| Error::tool(format!("{MANIFEST} is not readable: {e}"));
        let said: serde_json::Value = serde_json::from_slice(&manifest).map_err(broken)?;
        if said["form"] != FORM {
            return Err(Error::tool("is no bundle of evidence").remedy("give a file that `investigate --bundle` wrote"));
        }
        if said["version"] != VERSION {
            return Err(Error::tool(format!("is of form {}, this program reads {VERSION}", said["version"]))
                .remedy("update gaitkeeper"));
        }
        let manifest: Manifest = serde_json::from_value(said).map_err(broken)?;
        for (name, entry) in &manifest.members {
            let member = members.get(name).ok_or_else(|| Error::tool(format!("the member `{name}` is missing")))?;
            if member.len() as u64 != entry.bytes || sha256(member) != entry.sha256 {
                return Err(Error::tool(format!("the member `{name}` is not the one that the manifest lists")));
            }
        }
        if let Some(name) = members.keys().find(|name| !manifest.members.contains_key(*name)) {
            return Err(Error::tool(format!("the member `{name}` is not in the manifest")));
        }
        Ok(Self { manifest, members })
    }

    /// A member's bytes.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn member(&self, name: &str) -> Result<&[u8]> {
        self.members
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| Error::tool(format!("the member `{name}` is missing")).remedy(REMEDY))
    }
}

fn unzip(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let broken = |e: zip::result::ZipError| Error::tool(format!("is no readable ZIP file: {e}"));
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if zip.len() > MOST_MEMBERS {
        return Err(Error::tool(format!("holds {} members, {MOST_MEMBERS} at most are read", zip.len())));
    }
    if zip.has_duplicate_names() {
        return Err(Error::tool("holds two members of the same name"));
    }
    if zip.has_overlapping_entries().map_err(broken)? {
        return Err(Error::tool("holds members that overlap"));
    }
    let mut members = BTreeMap::new();
    let mut left = MOST_IN_ALL;
    for at in 0..zip.len() {
        let member = zip.by_index(at).map_err(broken)?;
        let name = String::from_utf8_lossy(member.name_raw()).into_owned();
        let refused = |why: &str| Error::tool(format!("the member `{name}` {why}"));
        if !is_name(&name) || !member.is_file() {
            return Err(refused("has a name that no bundle holds"));
        }
        let most = left.min(MOST_A_MEMBER);
        if member.size() > most {
            return Err(refused("claims to be larger than any that is read"));
        }
        let mut content = Vec::new();
        member.take(most + 1).read_to_end(&mut content).map_err(|e| refused(&format!("cannot be read: {e}")))?;
        if content.len() as u64 > most {
            return Err(refused("is larger than any that is read"));
        }
        left -= content.len() as u64;
        if members.insert(name.clone(), content).is_some() {
            return Err(refused("is there twice"));
        }
    }
    Ok(members)
}

/// Names that stay below the folder where somebody unpacks them.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'))
    };
    name.len() <= LONGEST_NAME && name.split('/').all(part)
}

/// A stranger's text as part of a member's name: what is not plain becomes `_`.
#[must_use]
pub fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+') { c } else { '_' };
    let name: String = text.chars().take(80).map(plain).collect();
    name.trim_start_matches('.').to_owned()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // A string takes every character.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
