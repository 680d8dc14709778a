//! Small npm documents for tests, and the real ones.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::shared::shared;

/// Publisher, signature and nothing else: what a sound version object must have.
pub const SOUND: &str =
    r#""_npmUser":{"name":"ada","email":"ada@registry.example"},"dist":{"signatures":[{"keyid":"k"}]}"#;

/// A document under construction: sound unless a test makes it otherwise.
#[derive(Clone, Debug)]
pub struct Document {
    name: String,
    versions: Vec<(String, String)>,
    time: Vec<(String, String)>,
    members: Vec<(String, String)>,
}

impl Document {
    /// A document with `_id`, `_rev`, `created` and `modified`, and no version yet.
    pub fn new(name: &str) -> Self {
        let quoted = serde_json::to_string(name).expect("string");
        let time = "\"2010-12-29T19:38:25.450Z\"";
        Self {
            name: name.to_owned(),
            versions: Vec::new(),
            time: vec![("created".into(), time.into()), ("modified".into(), time.into())],
            members: vec![("_id".into(), quoted.clone()), ("name".into(), quoted), ("_rev".into(), "\"3-abc\"".into())],
        }
    }

    /// Adds a version with its time; `fields` are the members of its object, [`SOUND`] if empty.
    pub fn version(self, version: &str, time: &str, fields: &str) -> Self {
        self.object(version, fields).time(version, &format!("\"{time}\""))
    }

    /// Adds a version object alone.
    pub fn object(mut self, version: &str, fields: &str) -> Self {
        let fields = if fields.is_empty() { SOUND } else { fields };
        self.versions.push((version.to_owned(), format!("{{{fields}}}")));
        self
    }

    /// Adds an entry to `versions` with any value.
    pub fn raw_version(mut self, version: &str, value: &str) -> Self {
        self.versions.push((version.to_owned(), value.to_owned()));
        self
    }

    /// Adds an entry to `time` with any JSON value.
    pub fn time(mut self, key: &str, value: &str) -> Self {
        self.time.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Drops an entry of `time`.
    pub fn without_time(mut self, key: &str) -> Self {
        self.time.retain(|(known, _)| known != key);
        self
    }

    /// Sets a top-level member to any JSON value; `versions` and `time` may be overridden too.
    pub fn member(mut self, key: &str, value: &str) -> Self {
        self.members.retain(|(known, _)| known != key);
        self.members.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Drops a top-level member.
    pub fn without(mut self, key: &str) -> Self {
        self.members.retain(|(known, _)| known != key);
        self
    }

    /// Adds `count` sound versions `1.0.0`, `1.0.1`, ... one a day from 2020-01-01.
    pub fn sound_versions(mut self, count: usize) -> Self {
        for index in 0..count {
            let (month, day) = (index / 28 + 1, index % 28 + 1);
            let time = format!("2020-{month:02}-{day:02}T10:00:00.000Z");
            self = self.version(&format!("1.0.{index}"), &time, "");
        }
        self
    }

    /// The text, with members that were not set: `versions` and `time` as built up. No versions at all
    /// leaves `versions` out, as in the document of an unpublished package.
    pub fn json(&self) -> String {
        let mut text = String::from("{");
        let has = |key: &str| self.members.iter().any(|(known, _)| known == key);
        for (key, value) in &self.members {
            write!(text, "\"{key}\":{value},").expect("text");
        }
        if !self.versions.is_empty() && !has("versions") {
            write!(text, "\"versions\":{},", object(&self.versions)).expect("text");
        }
        if !has("time") {
            write!(text, "\"time\":{},", object(&self.time)).expect("text");
        }
        write!(text, "\"x-test\":\"{}\"}}", self.name.escape_unicode().count()).expect("text");
        text
    }
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Paths of the real documents, if the shared folder is there; says so if not.
pub fn real_documents() -> Option<Vec<PathBuf>> {
    let entries = fs::read_dir(shared("packuments")?).expect("the folder of real documents");
    let paths = entries.map(|entry| entry.expect("entry").path());
    let mut found: Vec<PathBuf> = paths.filter(|path| path.to_string_lossy().ends_with(".json.zst")).collect();
    found.sort();
    Some(found)
}
