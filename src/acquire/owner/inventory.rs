//! Token inventories of npm.
//!
//! Pages of `GET -/npm/v1/tokens` (`{"objects": [...], "total": n, "urls": {"next": ..}}`), one after the other in one
//! file or one a file, or the array of the same objects that `npm token list --json` prints.
//!
//! | field | newer shape | older shape |
//! |---|---|---|
//! | `key` | identity of the token | the same: a hash of the token |
//! | `token` | masked, `npm_aBcD...7890` | its first characters, or `[REDACTED]` |
//! | `name`, `description` | what the owner calls it | not there |
//! | `created`, `updated` | RFC 3339 | RFC 3339 |
//! | `accessed` | last use, null for never | not there |
//! | `expiry` (`expires`) | end, null for none | not there: these tokens have no end |
//! | `revoked` | null, or when | not there |
//! | `readonly`, `bypass_2fa` / `automation` | flags | flags |
//! | `cidr` / `cidr_whitelist` | networks | networks, or null |
//! | `permissions`, `scopes` | `[{"name","action"}]`, `[{"type","name"}]` | not there |
//!
//! Sources: the npm client's documentation of `npm token`, the registry's "user management" endpoints (tokens), and
//! the pages themselves. A field of a wrong type counts as absent and is listed in `skipped`; an entry that names
//! neither `key` nor `token` is left out. Of two entries with one identity the first counts.

use std::collections::HashSet;

use super::record::{self, Entry, Object, Raw, Scalar, Values, elements};
use super::secret::shown;
use super::text::{FARTHEST, LATEST, number_time, time, utf8};
use super::{MAX_ENTRIES, Stated, Taken, Token};
use crate::error::{Error, Result};

/// Longest text that is kept, in bytes.
const MAX_TEXT: usize = 1024;
/// Most networks, permissions and scopes of one token.
const MAX_PARTS: usize = 1000;

const WRONG_TYPE: &str = "has the wrong type";
const TOO_LONG: &str = "is longer than 1,024 bytes";
const TOO_MANY: &str = "has more than 1,000 elements";
const NO_IDENTITY: &str = "names neither a key nor a token";
const NO_ENTRY: &str = "is neither a page of tokens nor a token";
const SEEN_BEFORE: &str = "has the key of a token before it";

const REMEDY: &str =
    "hand in the output of npm token list --json, or the pages of the tokens endpoint as they were sent";

/// Reads an inventory, all pages that the text holds.
///
/// # Errors
/// The text is not UTF-8 or not JSON, holds no list of tokens or more than [`MAX_ENTRIES`], or none of its entries
/// can be taken up.
pub fn parse(bytes: &[u8]) -> Result<Taken<Token>> {
    let text = utf8(bytes)?;
    if text.trim().is_empty() {
        return Err(Error::tool("is empty").place("line 1").remedy(REMEDY));
    }
    let values = Values::of(text)?;
    let mut reader = Reader::default();
    for (line, reason) in &values.broken {
        reader.entries += 1;
        reader.taken.skip(format!("line {line}"), reason);
    }
    let one = values.values.len() == 1;
    for (line, raw) in &values.values {
        reader.value(&if one { String::new() } else { format!("line {line} ") }, raw)?;
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    taken: Taken<Token>,
    known: HashSet<String>,
    entries: usize,
    /// The largest `total` that a page states.
    stated: Option<usize>,
}

impl Reader {
    fn value(&mut self, before: &str, raw: Raw<'_>) -> Result<()> {
        if let Some(list) = elements(raw) {
            return self.list(before, &list?);
        }
        let opened = Object::of(raw);
        match &opened {
            Ok(page) if page.get("objects").is_some() => {
                if let Some(Scalar::Whole(total)) = page.field("total") {
                    self.stated = self.stated.max(usize::try_from(total).ok());
                }
                match page.get("objects").and_then(elements) {
                    Some(list) => self.list(&format!("{before}objects"), &list?)?,
                    None => self.refuse(format!("{before}objects"), WRONG_TYPE),
                }
            }
            Ok(entry) if entry.get("key").is_some() || entry.get("token").is_some() => {
                self.entry(place_of(before), &opened)?;
            }
            Ok(_) => self.refuse(place_of(before), NO_ENTRY),
            Err(reason) => self.refuse(place_of(before), reason),
        }
        Ok(())
    }

    fn list(&mut self, before: &str, list: &[Raw<'_>]) -> Result<()> {
        list.iter().enumerate().try_for_each(|(at, raw)| self.entry(format!("{before}[{at}]"), &Object::of(raw)))
    }

    fn refuse(&mut self, place: String, reason: &'static str) {
        self.entries += 1;
        self.taken.skip(place, reason);
    }

    fn entry(&mut self, place: String, opened: &std::result::Result<Object<'_>, &'static str>) -> Result<()> {
        if self.entries >= MAX_ENTRIES {
            return Err(record::too_many());
        }
        self.entries += 1;
        let object = match opened {
            Ok(object) => object,
            Err(reason) => {
                self.taken.skip(place, reason);
                return Ok(());
            }
        };
        let token = Fields { object, place: &place, taken: &mut self.taken }.token();
        match token {
            None => self.taken.skip(place, NO_IDENTITY),
            Some(token) => {
                // A secret in the file is one to be revoked, even where its entry is a repetition.
                if token.exposed {
                    self.taken.warnings.push(format!(
                        "the whole secret of a token stands at {place} ({}): revoke it, and delete the file",
                        token.masked.as_deref().unwrap_or(&token.id)
                    ));
                }
                if self.known.insert(token.id.clone()) {
                    self.taken.rows.push(token);
                } else {
                    self.taken.skip(place, SEEN_BEFORE);
                }
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Taken<Token>> {
        if let Some(total) = self.stated
            && total > self.entries
        {
            self.taken.warnings.push(format!(
                "the registry states {total} tokens and {} are here: the other pages are missing",
                self.entries
            ));
        }
        let exposed = self.taken.warnings.len();
        if exposed > super::MAX_LISTED {
            self.taken.warnings.truncate(super::MAX_LISTED);
            self.taken.warnings.push(format!("{} more warnings", exposed - super::MAX_LISTED));
        }
        self.taken.unless_empty(self.entries, "a token", REMEDY)
    }
}

fn place_of(before: &str) -> String {
    if before.is_empty() { "the document".to_owned() } else { before.trim_end().to_owned() }
}

/// Reads one entry and notes what of it is odd.
struct Fields<'r, 'a> {
    object: &'r Object<'a>,
    place: &'r str,
    taken: &'r mut Taken<Token>,
}

impl Fields<'_, '_> {
    fn token(mut self) -> Option<Token> {
        let seen = match self.object.field("token") {
            Some(Scalar::Text(text)) => shown(&text),
            Some(Scalar::Null) | None => None,
            Some(_) => {
                self.note("token", WRONG_TYPE);
                None
            }
        };
        let known = self.taken.secrets;
        let key = self.text("key");
        let name = self.text("name").or_else(|| self.text("description"));
        let masked = seen.as_ref().map(|seen| seen.text.clone());
        Some(Token {
            id: key.or_else(|| masked.clone())?,
            name,
            masked,
            created: self.moment("created", LATEST).at(),
            updated: self.moment("updated", LATEST).at(),
            last_used: self.moment("accessed", LATEST),
            expires: self.either("expiry", "expires", |fields, key| match fields.moment(key, FARTHEST) {
                Stated::Absent => None,
                stated => Some(stated),
            }),
            revoked: self.moment("revoked", LATEST).at(),
            readonly: self.flag("readonly"),
            automation: self.flag("automation"),
            bypass_2fa: self.flag("bypass_2fa"),
            exposed: seen.is_some_and(|seen| seen.is_whole) || self.taken.secrets > known,
            permissions: self.pairs("permissions", "name", "action"),
            scopes: self.pairs("scopes", "type", "name"),
            cidr: self.either("cidr", "cidr_whitelist", Self::networks),
        })
    }

    fn note(&mut self, field: &str, reason: &'static str) {
        self.taken.skip(format!("{}.{field}", self.place), reason);
    }

    /// What one of two fields gives, which are two spellings of one.
    fn either<T: Default>(
        &mut self,
        first: &'static str,
        second: &'static str,
        read: impl Fn(&mut Self, &'static str) -> Option<T>,
    ) -> T {
        read(self, first).or_else(|| read(self, second)).unwrap_or_default()
    }

    fn text(&mut self, key: &'static str) -> Option<String> {
        match self.object.field(key)? {
            Scalar::Text(text) if text.len() > MAX_TEXT => self.note(key, TOO_LONG),
            Scalar::Text(text) if text.trim().is_empty() => {}
            Scalar::Text(text) => return Some(self.taken.keep(&text)),
            Scalar::Whole(number) => return Some(number.to_string()),
            Scalar::Null => {}
            Scalar::Flag(_) | Scalar::Other => self.note(key, WRONG_TYPE),
        }
        None
    }

    fn flag(&mut self, key: &'static str) -> bool {
        match self.object.field(key) {
            Some(Scalar::Flag(flag)) => flag,
            Some(Scalar::Null) | None => false,
            Some(_) => {
                self.note(key, WRONG_TYPE);
                false
            }
        }
    }

    fn moment(&mut self, key: &'static str, latest: i64) -> Stated {
        let read = match self.object.field(key) {
            None => return Stated::Absent,
            Some(Scalar::Null | Scalar::Flag(false)) => return Stated::Never,
            Some(Scalar::Text(text)) if text.trim().is_empty() => return Stated::Never,
            Some(Scalar::Text(text)) => time(&text, latest),
            Some(Scalar::Whole(number)) => number_time(number, latest),
            Some(Scalar::Flag(true) | Scalar::Other) => Err(WRONG_TYPE),
        };
        match read {
            Ok(ms) => Stated::At(ms),
            Err(reason) => {
                self.note(key, reason);
                Stated::Unreadable
            }
        }
    }

    fn parts(&mut self, key: &'static str) -> Option<Vec<Raw<'_>>> {
        let raw = self.object.get(key).filter(|raw| raw.get() != "null")?;
        let Some(Ok(mut list)) = elements(raw) else {
            self.note(key, WRONG_TYPE);
            return None;
        };
        if list.len() > MAX_PARTS {
            self.note(key, TOO_MANY);
            list.truncate(MAX_PARTS);
        }
        Some(list)
    }

    fn networks(&mut self, key: &'static str) -> Option<Vec<String>> {
        let list = self.parts(key)?;
        let all = list.len();
        let text = |raw| match Scalar::of(raw) {
            Scalar::Text(text) if text.len() <= MAX_TEXT => Some(text),
            _ => None,
        };
        let networks: Vec<String> = list.into_iter().filter_map(text).collect();
        if networks.len() < all {
            self.note(key, WRONG_TYPE);
        }
        Some(networks.iter().map(|text| self.taken.keep(text)).collect())
    }

    fn pairs(&mut self, key: &'static str, left: &'static str, right: &'static str) -> Vec<(String, String)> {
        let Some(list) = self.parts(key) else {
            return Vec::new();
        };
        let all = list.len();
        let text = |object: &Object<'_>, key| match object.field(key) {
            Some(Scalar::Text(text)) if text.len() <= MAX_TEXT => Some(text),
            Some(Scalar::Null) | None => Some(String::new()),
            Some(_) => None,
        };
        let pair = |raw| {
            let object = Object::of(raw).ok()?;
            Some((text(&object, left)?, text(&object, right)?))
        };
        let mut pairs: Vec<(String, String)> = list.into_iter().filter_map(pair).collect();
        if pairs.len() < all {
            self.note(key, WRONG_TYPE);
        }
        for (left, right) in &mut pairs {
            (*left, *right) = (self.taken.keep(left), self.taken.keep(right));
        }
        pairs.sort_unstable();
        pairs
    }
}
