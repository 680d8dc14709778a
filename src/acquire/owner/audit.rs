//! Audit logs: GitHub's exports, and the owner's own form.
//!
//! An event is a JSON object (an array of them, or one a line) or a row of a CSV table with a header. Fields are found
//! by name, whatever their order; names with a dot are found flat (`"actor_location.country_code"`) and nested
//! (`"actor_location": {"country_code": ..}`). Other fields are not looked at.
//!
//! | | own form | GitHub |
//! |---|---|---|
//! | when | `time` | `@timestamp`, `created_at`: milliseconds since the Unix epoch |
//! | what | `action` | `action` |
//! | who | `actor` | `actor` |
//! | package, version | `package`, `version` | `package`, `version` or `package_version`, also below `data.` |
//! | token | `token` | `token_id`, else `hashed_token` (SHA-256 of the token, base64) |
//! | country | `country` | `actor_location.country_code` |
//! | address | `ip` | `actor_ip` |
//!
//! Times are RFC 3339 or whole milliseconds (or seconds) since the Unix epoch; the country is ISO 3166-1 alpha-2. Only
//! the time and the action must be there. An event with a field `time` is one of the own form.
//!
//! Sources, all of GitHub's documentation: "Reviewing the audit log for your organization" (section on exporting: keys
//! and values of the JSON and CSV export), "Exporting audit log activity for your enterprise" (Git events: one JSON
//! object a line), "Streaming the audit log for your enterprise" (files `.json.log.gz`; an event may be delivered twice,
//! so that one with the `_document_id` of another is left out), "Identifying audit log events performed by an access
//! token" (`hashed_token`, `programmatic_access_type`, `token_scopes`), and "Audit log events for your enterprise" (the
//! common fields). Country and address stand there only where the owner has them displayed. What a `packages.*` event
//! says of the version is not documented: `package` is all that is seen of it in places, so that such an event joins
//! by time and actor.

use std::collections::HashSet;

use super::network::address;
use super::record::{self, Entry, Object, Raw, Scalar, Values, elements};
use super::text::{LATEST, country, is_json, number_time, time, utf8};
use super::{Log, MAX_ENTRIES, Mask, Taken, Use};
use crate::error::{Error, Result, line_of};

/// Longest text that is kept, in bytes.
const MAX_TEXT: usize = 1024;

const TIME: &[&str] = &["time", "@timestamp", "created_at"];
const ACTION: &[&str] = &["action"];
const ACTOR: &[&str] = &["actor"];
const PACKAGE: &[&str] = &["package", "data.package"];
const VERSION: &[&str] = &["version", "package_version", "data.version", "data.package_version"];
const TOKEN: &[&str] = &["token", "token_id", "hashed_token"];
const COUNTRY: &[&str] = &["country", "actor_location.country_code"];
const ADDRESS: &[&str] = &["ip", "actor_ip"];
/// What tells one delivery of an event from another event.
const DOCUMENT: &str = "_document_id";

const WRONG_TYPE: &str = "has the wrong type";
const TOO_LONG: &str = "is longer than 1,024 bytes";
const NO_TIME: &str = "has no time";
const NO_ACTION: &str = "has no action";
const NO_COUNTRY: &str = "is no ISO 3166-1 alpha-2 country";
const NO_ADDRESS: &str = "is no address";
const DELIVERED_TWICE: &str = "was delivered before, under the same _document_id";
const OTHER_WIDTH: &str = "has another number of fields than the header";

const REMEDY: &str = "hand in GitHub's JSON or CSV export, or a table with the columns time,actor,action,package,\
                      version,token,country,ip, of which time and action must be there";

/// Reads an audit log; `mask` says what is kept of addresses.
///
/// # Errors
/// The text is not UTF-8; it is neither JSON nor a table with a column for the time and one for the action; it holds
/// more than [`MAX_ENTRIES`] events; none of its events can be taken up.
pub fn parse(bytes: &[u8], mask: Mask<'_>) -> Result<Taken<Use>> {
    let text = utf8(bytes)?;
    if text.trim().is_empty() {
        return Err(Error::tool("is empty").place("line 1").remedy(REMEDY));
    }
    let mut reader = Reader { mask, taken: Taken::default(), delivered: HashSet::new(), entries: 0 };
    if is_json(text) {
        reader.json(text)?;
    } else {
        reader.table(text)?;
    }
    reader.taken.unless_empty(reader.entries, "an event", REMEDY)
}

struct Reader<'m> {
    mask: Mask<'m>,
    taken: Taken<Use>,
    delivered: HashSet<String>,
    entries: usize,
}

impl Reader<'_> {
    fn json(&mut self, text: &str) -> Result<()> {
        let found = Values::of(text)?;
        for (line, reason) in &found.broken {
            self.entries += 1;
            self.taken.skip(format!("line {line}"), reason);
        }
        let one = found.values.len() == 1;
        for (line, raw) in &found.values {
            let place = format!("line {line}");
            match elements(raw) {
                None => self.object(place, raw)?,
                Some(list) => {
                    let before = if one { String::new() } else { format!("{place} ") };
                    for (at, raw) in list?.into_iter().enumerate() {
                        self.object(format!("{before}[{at}]"), raw)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn object(&mut self, place: String, raw: Raw<'_>) -> Result<()> {
        self.count()?;
        match Object::of(raw) {
            Err(reason) => self.taken.skip(place, reason),
            Ok(object) => self.entry(place, &object),
        }
        Ok(())
    }

    fn table(&mut self, text: &str) -> Result<()> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let broken = |_| Error::tool("is not a readable CSV table").place("line 1").remedy(REMEDY);
        let header: Vec<String> =
            reader.headers().map_err(broken)?.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        let has = |names: &[&str]| names.iter().any(|name| header.iter().any(|known| known == name));
        let missing: Vec<&str> = [("time (or @timestamp, or created_at)", TIME), ("action", ACTION)]
            .into_iter()
            .filter(|(_, names)| !has(names))
            .map(|(title, _)| title)
            .collect();
        if !missing.is_empty() {
            return Err(Error::tool(format!(
                "is neither JSON nor a table of events: no column {} among {} of its first line",
                missing.join(", nor "),
                header.len()
            ))
            .place("line 1")
            .remedy(REMEDY));
        }
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(broken)? {
            self.count()?;
            let place = format!("line {}", line_of(text.as_bytes(), record.position()));
            if record.len() == header.len() {
                self.entry(place, &Row { header: &header, record: &record });
            } else {
                self.taken.skip(place, OTHER_WIDTH);
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<()> {
        if self.entries >= MAX_ENTRIES {
            return Err(record::too_many());
        }
        self.entries += 1;
        Ok(())
    }

    fn entry(&mut self, place: String, entry: &impl Entry) {
        if let Some(Scalar::Text(document)) = entry.field(DOCUMENT)
            && !document.is_empty()
            && document.len() <= MAX_TEXT
            && !self.delivered.insert(document)
        {
            return self.taken.skip(place, DELIVERED_TWICE);
        }
        let mut fields = Fields { entry, place: &place, taken: &mut self.taken };
        let at = match fields.at() {
            Ok(at) => at,
            Err(reason) => return self.taken.skip(place, reason),
        };
        let Some(action) = fields.text(ACTION) else {
            return self.taken.skip(place, NO_ACTION);
        };
        let package = fields.text(PACKAGE);
        // Without a package the field is another thing's version.
        let version = if package.is_some() { fields.text(VERSION) } else { None };
        let (actor, token) = (fields.text(ACTOR), fields.text(TOKEN));
        let country = fields.read(COUNTRY, NO_COUNTRY, country);
        let network = fields.read(ADDRESS, NO_ADDRESS, address).map(|address| (self.mask)(address));
        let log = if fields.first(&TIME[..1]).is_some() { Log::Own } else { Log::GitHub };
        self.taken.rows.push(Use { at, actor, action, package, version, token, country, network, log });
    }
}

/// A row of a table, with the names of its columns in lower case.
struct Row<'a> {
    header: &'a [String],
    record: &'a csv::StringRecord,
}

impl Entry for Row<'_> {
    fn field(&self, name: &str) -> Option<Scalar> {
        let at = self.header.iter().position(|known| known == name)?;
        let text = self.record.get(at)?.trim();
        Some(if text.is_empty() { Scalar::Null } else { Scalar::Text(text.to_owned()) })
    }
}

/// Reads one event and notes what of it is odd.
struct Fields<'r, E> {
    entry: &'r E,
    place: &'r str,
    taken: &'r mut Taken<Use>,
}

impl<E: Entry> Fields<'_, E> {
    /// The first of the names that says something.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, Scalar)> {
        names.iter().find_map(|name| match self.entry.field(name)? {
            Scalar::Null => None,
            Scalar::Text(text) if text.trim().is_empty() => None,
            scalar => Some((*name, scalar)),
        })
    }

    fn at(&self) -> std::result::Result<i64, &'static str> {
        match self.first(TIME).ok_or(NO_TIME)?.1 {
            Scalar::Text(text) => time(&text, LATEST),
            Scalar::Whole(number) => number_time(number, LATEST),
            Scalar::Null | Scalar::Flag(_) | Scalar::Other => Err(super::text::UNREADABLE_TIME),
        }
    }

    fn text(&mut self, names: &[&'static str]) -> Option<String> {
        match self.first(names)? {
            (_, Scalar::Text(text)) if text.len() <= MAX_TEXT => return Some(self.taken.keep(&text)),
            (name, Scalar::Text(_)) => self.note(name, TOO_LONG),
            (_, Scalar::Whole(number)) => return Some(number.to_string()),
            (name, _) => self.note(name, WRONG_TYPE),
        }
        None
    }

    fn read<T>(&mut self, names: &[&'static str], fault: &'static str, read: fn(&str) -> Option<T>) -> Option<T> {
        let (name, scalar) = self.first(names)?;
        let found = match scalar {
            Scalar::Text(text) => read(&text),
            _ => None,
        };
        if found.is_none() {
            self.note(name, fault);
        }
        found
    }

    fn note(&mut self, field: &str, reason: &'static str) {
        self.taken.skip(format!("{}.{field}", self.place), reason);
    }
}
