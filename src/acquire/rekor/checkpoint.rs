//! Checkpoints: what a log says its tree is, as a signed note (C2SP signed-note and tlog-checkpoint).
//!
//! The text is the origin, the tree's size, its root in base64, and further lines of the log's own. The
//! signature lines come after a blank line. Those of witnesses, and any others of keys that are not known
//! here, are passed over: one good line of a known log is what counts.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::acquire::rekor::Hash;
use crate::acquire::rekor::keys::{LogKey, LogKeys, Style};
use crate::error::{Error, printable};

/// Most bytes of a note. A hundred lines of the largest signature scheme in use fit in.
const MAX_BYTES: usize = 512 << 10;
/// Most signature lines of a note.
const MAX_SIGNATURES: usize = 100;
/// Bytes of the key id that begin a signature.
const HINT: usize = 4;

/// A checkpoint that a known log signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// First line: `rekor.sigstore.dev - TREEID` of a v1 shard, the log's name for a v2 log.
    pub origin: String,
    /// Tree id in decimal digits, as v1 writes it in the origin; `None` for a log that is one tree.
    pub tree_id: Option<String>,
    /// Number of leaves.
    pub size: u64,
    /// Root hash.
    pub root: Hash,
    /// Id of the log whose signature verified.
    pub log_id: Hash,
    /// The signed text, up to and including the line break before the blank line.
    pub text: String,
    /// Signature lines that were passed over: of witnesses, of other keys, and what does not verify beside
    /// one that does.
    pub ignored: usize,
}

/// Why a note is no checkpoint of a known log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not a signed note, or its text is not a checkpoint. Says what is wrong.
    Malformed(String),
    /// No signature line bears the id of a known log.
    UnknownLog(String),
    /// A line bears a known log's id, and the signature is not that log's.
    Signature(String),
    /// The signature is good, but the name or the origin is not one of the log that signed.
    Origin(String),
    /// The signature is good, but the key was not valid at that time.
    Window(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why) = match self {
            Self::Malformed(why) => ("the checkpoint is malformed", why),
            Self::UnknownLog(why) => ("no known log signed the checkpoint", why),
            Self::Signature(why) => ("the checkpoint's signature does not verify", why),
            Self::Origin(why) => ("the checkpoint is of another log", why),
            Self::Window(why) => ("the checkpoint's key was not valid", why),
        };
        write!(f, "{what}: {}", printable(why))
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let remedy = match refused {
            Refused::Malformed(_) => "fetch it again, and check that nothing answers in the log's place",
            Refused::UnknownLog(_) | Refused::Window(_) => "update the trusted root, then try again",
            Refused::Signature(_) | Refused::Origin(_) => {
                "keep the note, compare it with what others see of the log, and trust nothing it vouches for"
            }
        };
        Self::tool(refused.to_string()).place("checkpoint").remedy(remedy)
    }
}

/// Opens a signed note as a checkpoint of one of `keys`, whatever the time: for notes inside old entries.
///
/// # Errors
/// [`Refused`] says why it is none.
pub fn open(note: &str, keys: &LogKeys) -> Result<Checkpoint, Refused> {
    open_with(note, keys, |_| true)
}

/// As [`open`], for a note that was signed at about `at` (Unix seconds): the key must be valid then.
///
/// # Errors
/// As [`open`], and [`Refused::Window`].
pub fn open_at(note: &str, keys: &LogKeys, at: i64) -> Result<Checkpoint, Refused> {
    open_with(note, keys, |log| log.is_valid_at(at))
}

fn open_with(note: &str, keys: &LogKeys, is_valid: impl Fn(&LogKey) -> bool) -> Result<Checkpoint, Refused> {
    let (text, signatures) = split(note)?;
    let head = Head::parse(text)?;
    // What is told of several lines is the one that came closest.
    let mut closest = Refused::UnknownLog(format!("{} signature lines, none with a known id", signatures.len()));
    for line in &signatures {
        // Four bytes are no proof of the key: any log that they fit is tried.
        for log in keys.logs().iter().filter(|log| log.log_id.starts_with(&line.hint)) {
            if !log.verifies(text.as_bytes(), &line.signature) {
                if matches!(closest, Refused::UnknownLog(_)) {
                    closest = Refused::Signature(format!("a line has the id of {}", log.name));
                }
            } else if line.name != log.name {
                closest = Refused::Origin(format!("{} signed under the name {}", log.name, line.name));
            } else if !is_valid(log) {
                closest = Refused::Window(format!("{} signed outside the window of its key", log.name));
            } else {
                match tree_of(head.origin, log) {
                    Ok(tree_id) => {
                        return Ok(Checkpoint {
                            origin: head.origin.to_owned(),
                            tree_id,
                            size: head.size,
                            root: head.root,
                            log_id: log.log_id,
                            text: text.to_owned(),
                            ignored: signatures.len() - 1,
                        });
                    }
                    Err(refused) => closest = refused,
                }
            }
        }
    }
    Err(closest)
}

/// One signature line.
struct Line<'a> {
    name: &'a str,
    hint: [u8; HINT],
    signature: Vec<u8>,
}

/// The signed text and the signature lines of a note.
fn split(note: &str) -> Result<(&str, Vec<Line<'_>>), Refused> {
    let malformed = |what: &str| Refused::Malformed(what.to_owned());
    if note.len() > MAX_BYTES {
        return Err(malformed("it is larger than 512 KiB"));
    }
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(malformed("it holds control characters"));
    }
    let Some(blank) = note.find("\n\n") else {
        return Err(malformed("no blank line before the signatures"));
    };
    let (text, rest) = note.split_at(blank + 1);
    let rest = rest.get(1..).unwrap_or_default();
    let Some(lines) = rest.strip_suffix('\n') else {
        return Err(malformed("it does not end with a signature line"));
    };
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == MAX_SIGNATURES {
            return Err(malformed("more than 100 signature lines"));
        }
        signatures.push(Line::parse(line).ok_or_else(|| malformed("a line after the blank one is no signature"))?);
    }
    Ok((text, signatures))
}

impl<'a> Line<'a> {
    /// `— NAME BASE64`, where the base64 holds four bytes of the key's id and the signature.
    fn parse(line: &'a str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        if name.is_empty() || name.contains('+') {
            return None;
        }
        let bytes = STANDARD.decode(encoded).ok()?;
        let (hint, signature) = bytes.split_first_chunk::<HINT>()?;
        (!signature.is_empty()).then(|| Self { name, hint: *hint, signature: signature.to_vec() })
    }
}

/// What the text of a checkpoint says.
struct Head<'a> {
    origin: &'a str,
    size: u64,
    root: Hash,
}

impl<'a> Head<'a> {
    fn parse(text: &'a str) -> Result<Self, Refused> {
        let malformed = |what: &str| Refused::Malformed(what.to_owned());
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty()).ok_or_else(|| malformed("it has no origin"))?;
        let digits = lines.next().unwrap_or_default();
        let size = decimal(digits).ok_or_else(|| malformed("its second line is not a tree size"))?;
        let root = lines.next().and_then(|line| STANDARD.decode(line).ok());
        let root = root.and_then(|root| Hash::try_from(root).ok());
        let root = root.ok_or_else(|| malformed("its third line is not a root hash"))?;
        Ok(Self { origin, size, root })
    }
}

/// A number as checkpoints write it: digits only, no zeros before it.
fn decimal(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}

/// The tree that the origin names, if it is the origin of that log. One v1 key signs for several trees, so
/// only the origin tells them apart.
fn tree_of(origin: &str, log: &LogKey) -> Result<Option<String>, Refused> {
    let other = || Refused::Origin(format!("{} signed for the origin {origin}", log.name));
    let rest = origin.strip_prefix(log.name.as_str()).ok_or_else(other)?;
    match log.style {
        Style::Tiles if rest.is_empty() => Ok(None),
        Style::Tiles => Err(other()),
        Style::Entries => {
            let tree = rest.strip_prefix(" - ").filter(|tree| decimal(tree).is_some()).ok_or_else(other)?;
            Ok(Some(tree.to_owned()))
        }
    }
}
