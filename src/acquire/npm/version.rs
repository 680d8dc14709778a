//! One version object, reduced to the facts of [`RawRelease`].

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::address;
use super::decode::{Fit, MAX_NAMES, MAX_TEXT, Notes, Reader, Scalar, TWICE, With, skip};
use super::people::{OwnersReader, UserReader};
use crate::acquire::raw::RawRelease;

/// The install-time hooks, in the order in which npm runs them.
const HOOKS: [&str; 3] = ["preinstall", "install", "postinstall"];

/// Shortest `gitHead` that is taken up; git abbreviates to seven digits.
const GIT_HEAD_MIN: usize = 7;
/// Digits of `gitHead` that are kept.
const GIT_HEAD_KEPT: usize = 12;

/// A version that the document holds, before its time is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Present {
    /// Everything but `published_at`.
    pub release: RawRelease,
    /// Milliseconds since the Unix epoch at which the registry began to take in the tarball, as the file
    /// name in `_npmOperationalInternal.tmp` tells.
    pub uploaded_at: Option<i64>,
    /// Host that serves the tarball.
    pub tarball_host: Option<String>,
    /// The value is not an object: the version exists, nothing is known of it.
    pub broken: bool,
    /// Fields that could not be taken up.
    pub notes: Notes,
}

/// The members of a version object that are read, in the order of their bit in [`VersionReader::seen`].
const MEMBERS: [&str; 11] = [
    "_npmUser",
    "maintainers",
    "_npmVersion",
    "_nodeVersion",
    "gitHead",
    "dist",
    "scripts",
    "dependencies",
    "optionalDependencies",
    "repository",
    "deprecated",
];

/// Reads a version object.
pub(super) struct VersionReader<'p> {
    present: &'p mut Present,
    /// One bit for each of [`MEMBERS`] already met.
    seen: u16,
}

impl<'p> VersionReader<'p> {
    /// A reader that fills in `present`.
    pub(super) fn new(present: &'p mut Present) -> Self {
        Self { present, seen: 0 }
    }

    fn names<'de, A: MapAccess<'de>>(
        &mut self,
        field: &'static str,
        object: &mut A,
    ) -> Result<Option<Vec<String>>, A::Error> {
        let mut reader = NamesReader { names: Vec::new(), urls: &mut self.present.release.url_dependencies };
        let fit = object.next_value_seed(With(&mut reader))?;
        let mut names = reader.names;
        let urls = &mut self.present.release.url_dependencies;
        urls.sort_unstable();
        urls.dedup();
        self.present.notes.add_misfit(field, fit);
        if names.len() > MAX_NAMES {
            self.present.notes.add(field, "has more than 10,000 entries");
            names.truncate(MAX_NAMES);
        }
        names.sort_unstable();
        names.dedup();
        names.shrink_to_fit();
        Ok((fit == Fit::Taken).then_some(names))
    }
}

impl<'de> Reader<'de> for VersionReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if key == "_npmOperationalInternal" {
            return object.next_value_seed(With(&mut UploadReader(self.present))).map(|_| ());
        }
        let Some(bit) = MEMBERS.iter().position(|member| *member == key) else {
            return skip(object);
        };
        let field = MEMBERS[bit];
        if self.seen & (1 << bit) != 0 {
            self.present.notes.add(field, TWICE);
            return skip(object);
        }
        self.seen |= 1 << bit;
        let Present { release, notes, tarball_host: host, .. } = &mut *self.present;
        match field {
            "_npmUser" => {
                let fit = object.next_value_seed(With(&mut UserReader { release, notes }))?;
                notes.add_misfit(field, fit);
                if fit == Fit::Taken && release.publisher.is_none() {
                    notes.add(field, "has no account name");
                }
            }
            "maintainers" => {
                let mut owners = OwnersReader::default();
                let fit = object.next_value_seed(With(&mut owners))?;
                notes.add_misfit(field, fit);
                if fit == Fit::Taken {
                    release.maintainers = owners.finish(notes);
                }
            }
            "_npmVersion" => release.npm_version = notes.text(field, object.next_value()?),
            "_nodeVersion" => release.node_version = notes.text(field, object.next_value()?),
            "gitHead" => {
                let text = notes.text(field, object.next_value()?);
                release.git_head = text.as_deref().and_then(git_head);
                if text.is_some_and(|text| !text.is_empty()) && release.git_head.is_none() {
                    notes.add(field, "is not a hexadecimal commit id");
                }
            }
            "dist" => {
                let fit = object.next_value_seed(With(&mut DistReader { release, host, notes }))?;
                notes.add_misfit(field, fit);
            }
            "scripts" => {
                let fit = object.next_value_seed(With(&mut ScriptsReader { release, notes }))?;
                notes.add_misfit(field, fit);
                release.install_scripts.sort_by_key(|(hook, _)| HOOKS.iter().position(|name| name == hook));
            }
            "dependencies" => self.present.release.dependencies = self.names(field, object)?,
            "optionalDependencies" => {
                self.present.release.optional_dependencies = self.names(field, object)?;
            }
            "repository" => {
                let fit = object.next_value_seed(With(&mut RepositoryReader(&mut release.repository)))?;
                notes.add_misfit(field, fit);
            }
            _ => match object.next_value()? {
                Scalar::Text(text) => release.deprecated = !text.is_empty(),
                Scalar::Bool(value) => release.deprecated = value,
                scalar => drop(notes.text(field, scalar)),
            },
        }
        Ok(())
    }
}

/// The first digits of a commit id in lower case; `None` if it is not one.
fn git_head(text: &str) -> Option<String> {
    let text = text.trim();
    let is_id = text.len() >= GIT_HEAD_MIN && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text[..text.len().min(GIT_HEAD_KEPT)].to_ascii_lowercase())
}

/// Reads the names of a dependency object, and which of them are addresses.
struct NamesReader<'p> {
    names: Vec<String>,
    urls: &'p mut Vec<String>,
}

impl<'de> Reader<'de> for NamesReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if self.names.len() > MAX_NAMES || key.len() > MAX_TEXT {
            return skip(object);
        }
        if let Scalar::Text(specifier) = object.next_value()?
            && address::is_url(&specifier)
        {
            self.urls.push(key.clone().into_owned());
        }
        self.names.push(key.into_owned());
        Ok(())
    }
}

/// Reads the install-time hooks among the scripts.
struct ScriptsReader<'p> {
    release: &'p mut RawRelease,
    notes: &'p mut Notes,
}

impl<'de> Reader<'de> for ScriptsReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        let Some(hook) = HOOKS.into_iter().find(|hook| *hook == key) else {
            return skip(object);
        };
        match object.next_value()? {
            Scalar::Text(_) if self.release.install_scripts.iter().any(|(known, _)| *known == hook) => {
                self.notes.add(hook, TWICE);
            }
            Scalar::Text(text) => {
                // A hook is kept in part rather than dropped: length must not hide it.
                let kept = text.floor_char_boundary(MAX_TEXT);
                if kept < text.len() {
                    self.notes.add(hook, "is cut at 64 KiB");
                }
                self.release.install_scripts.push((hook, text[..kept].to_owned()));
            }
            scalar => drop(self.notes.text(hook, scalar)),
        }
        Ok(())
    }
}

/// Reads `dist`: sizes, digest, host, signatures, attestations.
struct DistReader<'p> {
    release: &'p mut RawRelease,
    host: &'p mut Option<String>,
    notes: &'p mut Notes,
}

impl<'de> Reader<'de> for DistReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "fileCount" => {
                self.release.file_count = self.notes.count("dist.fileCount", &object.next_value()?);
            }
            "unpackedSize" => {
                self.release.unpacked_size = self.notes.count("dist.unpackedSize", &object.next_value()?);
            }
            "integrity" => self.release.integrity = self.notes.text("dist.integrity", object.next_value()?),
            "shasum" => {
                let digest = self.notes.text("dist.shasum", object.next_value()?);
                // The weaker digest counts only where there is no other.
                if self.release.integrity.is_none() {
                    self.release.integrity = digest.map(|hex| format!("sha1:{hex}"));
                }
            }
            "tarball" => {
                if let Scalar::Text(address) = object.next_value()? {
                    let host = url::Url::parse(&address).ok().and_then(|url| url.host_str().map(str::to_owned));
                    *self.host = host;
                }
            }
            "signatures" => {
                let mut any = AnyElement(false);
                let fit = object.next_value_seed(With(&mut any))?;
                self.notes.add_misfit("dist.signatures", fit);
                self.release.signed = any.0;
            }
            "attestations" => {
                let mut attestations =
                    ProvenanceReader { level: "provenance", release: self.release, notes: self.notes };
                let fit = object.next_value_seed(With(&mut attestations))?;
                self.notes.add_misfit("dist.attestations", fit);
            }
            _ => skip(object)?,
        }
        Ok(())
    }
}

/// Reads `attestations.provenance.predicateType`: `level` is the member to descend into or to take.
struct ProvenanceReader<'p> {
    level: &'static str,
    release: &'p mut RawRelease,
    notes: &'p mut Notes,
}

impl<'de> Reader<'de> for ProvenanceReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if key != self.level {
            return skip(object);
        }
        if self.level == "provenance" {
            let Self { release, notes, .. } = self;
            let mut inner = ProvenanceReader { level: "predicateType", release, notes };
            let fit = object.next_value_seed(With(&mut inner))?;
            self.notes.add_misfit("dist.attestations.provenance", fit);
        } else {
            self.release.provenance = self.notes.text("provenance.predicateType", object.next_value()?);
        }
        Ok(())
    }
}

/// Whether an array has any element.
struct AnyElement(bool);

impl<'de> Reader<'de> for AnyElement {
    fn member<A: MapAccess<'de>>(&mut self, _: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        skip(object)
    }

    fn list<A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<Fit, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {
            self.0 = true;
        }
        Ok(Fit::Taken)
    }
}

/// Reads `repository`: an object with `url`, or the address itself.
pub(super) struct RepositoryReader<'p>(pub &'p mut Option<String>);

impl<'de> Reader<'de> for RepositoryReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if key != "url" {
            return skip(object);
        }
        if let Scalar::Text(url) = object.next_value()? {
            *self.0 = address::repository(&url);
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Fit {
        *self.0 = address::repository(text);
        Fit::Taken
    }
}

/// Reads `_npmOperationalInternal.tmp`, whose last but one part between underscores is the upload's epoch.
struct UploadReader<'p>(&'p mut Present);

impl<'de> Reader<'de> for UploadReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if key != "tmp" {
            return skip(object);
        }
        if let Scalar::Text(name) = object.next_value()? {
            let epoch = name.rsplit('_').nth(1).filter(|digits| digits.len() == 13);
            self.0.uploaded_at = epoch.and_then(|digits| digits.parse().ok());
        }
        Ok(())
    }
}
