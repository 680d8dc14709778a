//! The top level of a registry document, read in one pass.

use std::borrow::Cow;

use serde::de::MapAccess;

use super::decode::{Fit, MAX_TEXT, Notes, Reader, Scalar, With, skip};
use super::people::OwnersReader;
use super::times::{Log, MAX_VERSIONS};
use super::version::{Present, RepositoryReader, VersionReader};

/// Members that only a caching proxy adds.
pub(super) const PROXY_MARKS: [&str; 3] = ["_uplinks", "_distfiles", "_attachments"];
/// Members of which only the presence matters, because it tells kinds of document apart.
const MARKS: [&str; 6] = ["modified", "version", "dist", PROXY_MARKS[0], PROXY_MARKS[1], PROXY_MARKS[2]];

/// What the top level of a document says.
#[derive(Debug, Default)]
pub(super) struct Packument<'de> {
    pub name: Option<String>,
    pub id: Option<String>,
    pub revision: Option<String>,
    /// `dist-tags.latest`.
    pub latest: Option<String>,
    /// Current owners.
    pub maintainers: Option<Vec<String>>,
    pub repository: Option<String>,
    /// The version objects in document order, repeated keys included.
    pub versions: Vec<Present>,
    /// How `versions` and `time` met expectation; `None` where the document has no such member.
    pub versions_fit: Option<Fit>,
    pub time_fit: Option<Fit>,
    pub log: Log<'de>,
    /// There are more than [`MAX_VERSIONS`] version objects; the rest was not read.
    pub is_too_long: bool,
    /// A member that must be there once is there twice.
    pub repeated: Option<&'static str>,
    /// Which of [`MARKS`] are there.
    marks: Vec<&'static str>,
    /// Members of documents of other kinds.
    pub cache_key: Option<String>,
    pub error: Option<String>,
}

impl Packument<'_> {
    /// Whether the document has a member of which only the presence matters.
    pub(super) fn has(&self, mark: &str) -> bool {
        self.marks.contains(&mark)
    }

    /// Reads a member that is a string, and keeps the first.
    fn text<'de, A: MapAccess<'de>>(
        &mut self,
        member: &'static str,
        slot: impl Fn(&mut Self) -> &mut Option<String>,
        object: &mut A,
    ) -> Result<(), A::Error> {
        let text = match object.next_value()? {
            Scalar::Text(text) if text.len() <= MAX_TEXT => Some(text.into_owned()),
            _ => None,
        };
        let kept = slot(self);
        if kept.is_some() {
            self.repeated = Some(member);
        } else {
            *kept = text;
        }
        Ok(())
    }
}

impl<'de> Reader<'de> for Packument<'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "name" => self.text("name", |doc| &mut doc.name, object)?,
            "_id" => self.text("_id", |doc| &mut doc.id, object)?,
            "_rev" => self.text("_rev", |doc| &mut doc.revision, object)?,
            "key" => self.text("key", |doc| &mut doc.cache_key, object)?,
            "error" => self.text("error", |doc| &mut doc.error, object)?,
            "dist-tags" => {
                object.next_value_seed(With(&mut TagsReader(&mut self.latest)))?;
            }
            "versions" if self.versions_fit.is_some() => {
                self.repeated = Some("versions");
                skip(object)?;
            }
            "versions" => self.versions_fit = Some(object.next_value_seed(With(&mut VersionsReader(self)))?),
            "time" if self.time_fit.is_some() => {
                self.repeated = Some("time");
                skip(object)?;
            }
            "time" => self.time_fit = Some(object.next_value_seed(With(&mut self.log))?),
            "maintainers" => {
                let mut owners = OwnersReader::default();
                if object.next_value_seed(With(&mut owners))? == Fit::Taken {
                    self.maintainers = owners.finish(&mut Notes::default());
                }
            }
            "repository" => {
                object.next_value_seed(With(&mut RepositoryReader(&mut self.repository)))?;
            }
            member => {
                let mark = MARKS.into_iter().find(|mark| *mark == member);
                self.marks.extend(mark.filter(|mark| !self.has(mark)));
                skip(object)?;
            }
        }
        Ok(())
    }
}

/// Reads `versions`.
struct VersionsReader<'p, 'de>(&'p mut Packument<'de>);

impl<'de> Reader<'de> for VersionsReader<'_, 'de> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if self.0.versions.len() >= MAX_VERSIONS {
            self.0.is_too_long = true;
            return skip(object);
        }
        let mut present = Present::default();
        let fit = object.next_value_seed(With(&mut VersionReader::new(&mut present)))?;
        present.broken = fit != Fit::Taken;
        present.release.version = key.into_owned();
        self.0.versions.push(present);
        Ok(())
    }
}

/// Reads `dist-tags.latest`.
struct TagsReader<'p>(&'p mut Option<String>);

impl<'de> Reader<'de> for TagsReader<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if key != "latest" {
            return skip(object);
        }
        if let Scalar::Text(version) = object.next_value()? {
            *self.0 = (version.len() <= MAX_TEXT).then(|| version.into_owned());
        }
        Ok(())
    }
}
