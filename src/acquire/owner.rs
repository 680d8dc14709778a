//! Facts that only an owner has: which tokens there are, and what was done with them.
//!
//! [`read`] tells by content which of these a file is; [`inventory::parse`] and [`audit::parse`] read one of them.
//! All are UTF-8 text, with or without a byte order mark, and unpacked already.
//!
//! | file | form |
//! |---|---|
//! | token inventory of npm | the pages of `GET -/npm/v1/tokens` (`{"objects": [...], "total": n}`), one or several in a row, or the array that `npm token list --json` prints |
//! | audit log of GitHub | the JSON export (an array), JSON Lines as the streams and the Git export write them, or the CSV export |
//! | any other log | own CSV or JSON Lines: `time,actor,action,package,version,token,country,ip` |
//!
//! npm documents no audit log of its own: what an owner keeps (a proxy's log, a build system's log) is brought into
//! the own form, of which only `time` and `action` must be there.
//!
//! Three things never survive the reading: a secret ([`secret`] shortens it, wherever it stands), the address of a
//! client (only what the caller's mask leaves of it, see [`network`]), and any value in an error message.

pub mod audit;
pub mod inventory;
pub mod network;
mod record;
pub mod secret;
mod text;

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Most entries that one file may hold. A busy enterprise logs a tenth of it in the 180 days that an export covers.
pub const MAX_ENTRIES: usize = 2_000_000;

/// Most entries of [`Taken::skipped`] that are listed; the others are counted.
pub const MAX_LISTED: usize = 10_000;

/// Turns a client's address into what may be kept of it; [`network::truncated`] is one.
pub type Mask<'m> = &'m dyn Fn(IpAddr) -> String;

/// What an inventory says about a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stated {
    /// The field is not there: older shapes do not have it.
    #[default]
    Absent,
    /// The field is there and empty: it never happened, or never will.
    Never,
    /// Milliseconds since the Unix epoch.
    At(i64),
    /// The field is there and says nothing that can be read.
    Unreadable,
}

impl Stated {
    /// The moment in milliseconds since the Unix epoch, if one is stated.
    #[must_use]
    pub fn at(self) -> Option<i64> {
        match self {
            Self::At(ms) => Some(ms),
            Self::Absent | Self::Never | Self::Unreadable => None,
        }
    }
}

/// One token of an owner, without its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a field of the inventory")]
pub struct Token {
    /// The registry's key of the token; where there is none, the masked text. Never the secret.
    pub id: String,
    /// What the owner called it.
    pub name: Option<String>,
    /// What the inventory shows of the secret, at most its first 8 and last 4 characters.
    pub masked: Option<String>,
    /// When it was minted, in milliseconds since the Unix epoch.
    pub created: Option<i64>,
    /// When it was last changed, in milliseconds since the Unix epoch.
    pub updated: Option<i64>,
    /// When it was last used. `Never` only where the inventory says so.
    pub last_used: Stated,
    /// When it ends. A token whose inventory states no end (`Absent`, `Never`) has none.
    pub expires: Stated,
    /// When it was revoked, in milliseconds since the Unix epoch.
    pub revoked: Option<i64>,
    /// It cannot publish. Where nothing is said, it is taken to be able to.
    pub readonly: bool,
    /// A classic automation token, which publishes without a second factor.
    pub automation: bool,
    /// Publishes without a second factor.
    pub bypass_2fa: bool,
    /// The file held the whole secret.
    pub exposed: bool,
    /// What it may do: kind of thing (`package`, `org`) and action (`read`, `write`), sorted.
    pub permissions: Vec<(String, String)>,
    /// To what it is limited: kind of thing and name, sorted; the name is empty where none is given.
    pub scopes: Vec<(String, String)>,
    /// Networks from which alone it works.
    pub cidr: Vec<String>,
}

/// Whose log an event stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Log {
    /// GitHub's audit log: its tokens are GitHub's, not those of a package registry.
    GitHub,
    /// The owner's own form.
    Own,
}

/// One thing that was done, by whom, with which token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Use {
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The account.
    pub actor: Option<String>,
    /// What was done, in the log's own word.
    pub action: String,
    /// The package concerned.
    pub package: Option<String>,
    /// The version concerned.
    pub version: Option<String>,
    /// What the log calls the token: its key, its name, its masked text or its hash. Never the secret.
    pub token: Option<String>,
    /// Country of the client: ISO 3166-1 alpha-2, upper case.
    pub country: Option<String>,
    /// What the mask left of the client's address.
    pub network: Option<String>,
    /// Whose log this stands in.
    pub log: Log,
}

/// Something that could not be taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it stands: an entry (`objects[3]`, `line 7`) or a field of one (`objects[3].created`).
    pub place: String,
    /// Why, as a short sentence that quotes nothing.
    pub reason: &'static str,
}

/// What a file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken<T> {
    /// The entries, in the order of the file.
    pub rows: Vec<T>,
    /// Entries and fields that could not be taken up; the first [`MAX_LISTED`].
    pub skipped: Vec<Skipped>,
    /// How many more there are than `skipped` lists.
    pub more_skipped: usize,
    /// Fields in which a whole secret stood, of a form that [`secret`] knows.
    pub secrets: usize,
    /// What the owner must know about the file, each a sentence.
    pub warnings: Vec<String>,
}

impl<T> Default for Taken<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), skipped: Vec::new(), more_skipped: 0, secrets: 0, warnings: Vec::new() }
    }
}

impl<T> Taken<T> {
    /// Notes what could not be taken up.
    fn skip(&mut self, place: String, reason: &'static str) {
        if self.skipped.len() < MAX_LISTED {
            self.skipped.push(Skipped { place, reason });
        } else {
            self.more_skipped += 1;
        }
    }

    /// A stranger's text as it may be kept.
    fn keep(&mut self, text: &str) -> String {
        let scrubbed = secret::scrubbed(text.trim());
        self.secrets += usize::from(matches!(scrubbed, Cow::Owned(_)));
        scrubbed.into_owned()
    }

    /// Hands the result over, unless it holds none of the `entries` that the file has.
    fn unless_empty(mut self, entries: usize, what: &str, remedy: &str) -> Result<Self> {
        const SHOWN: usize = 5;
        if self.secrets > 0 {
            self.warnings.push(format!(
                "whole secrets stand in {} fields of this file: revoke those tokens, and delete the file",
                self.secrets
            ));
        }
        if entries == 0 || !self.rows.is_empty() {
            return Ok(self);
        }
        let mut reasons: Vec<String> =
            self.skipped.iter().take(SHOWN).map(|left| format!("{}: {}", left.place, left.reason)).collect();
        let rest = self.skipped.len() + self.more_skipped - reasons.len();
        if rest > 0 {
            reasons.push(format!("and {rest} more"));
        }
        let place = self.skipped.first().map_or_else(String::new, |left| left.place.clone());
        Err(Error::tool(format!("none of its {entries} entries is {what} ({})", reasons.join("; ")))
            .place(place)
            .remedy(remedy))
    }
}

/// A file of an owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owned {
    /// An inventory of tokens.
    Inventory(Taken<Token>),
    /// An audit log.
    Audit(Taken<Use>),
}

/// Reads a file of either kind, told apart by content: an entry of an audit log says `action`, an entry of an
/// inventory `token` or `key`.
///
/// # Errors
/// The text is neither, an empty list (which may be either) included; and as the reading of its kind.
pub fn read(bytes: &[u8], mask: Mask<'_>) -> Result<Owned> {
    let text = text::utf8(bytes)?;
    if !text::is_json(text) {
        return audit::parse(bytes, mask).map(Owned::Audit);
    }
    match record::Values::of(text)?.first_keys() {
        Some(keys) if keys.iter().any(|key| key == "action") => audit::parse(bytes, mask).map(Owned::Audit),
        Some(keys) if keys.iter().any(|key| matches!(key.as_str(), "objects" | "key" | "token")) => {
            inventory::parse(bytes).map(Owned::Inventory)
        }
        Some(_) => Err(Error::tool("is neither a token inventory nor an audit log")
            .place("the first entry")
            .remedy("hand in the output of npm token list --json, or an audit log whose events have an action")),
        None => {
            Err(Error::no_input("holds no entry").remedy("check how the file was made; an empty list says nothing"))
        }
    }
}
