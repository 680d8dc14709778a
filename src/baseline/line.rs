//! Parts of a package's habits: its release lines, and the session that it is in.

use serde::{Deserialize, Serialize};

use super::tally::{Practice, Values};
use crate::archive::vocabulary::Sym;

/// A release line: one major version, stable or prerelease. A backport is compared with its own line.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Line {
    /// Major version.
    pub major: u32,
    /// Stable releases, as opposed to prereleases.
    pub stable: bool,
    /// Publishes that taught.
    pub n: u32,
    /// Last publish, milliseconds.
    pub last: i64,
    /// Highest version.
    pub highest: (u32, u32, u32),
    /// Unpacked bytes of the last publish.
    pub size: Option<i64>,
    /// Files of the last publish.
    pub files: Option<i64>,
    /// Provenance.
    pub provenance: Practice,
    /// Trusted-publisher stamp.
    pub trusted: Practice,
    /// Auth kinds.
    pub auth: Values,
}

/// Publishes of one package with less than [`super::stance::RAPID`] between them. What was unusual
/// about the first of them stays unusual for the next: a repaired payload is part of the same act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its first publish, milliseconds.
    pub start: i64,
    /// Its publishes so far.
    pub publishes: u32,
    /// Silence of each kind of channel before it.
    pub silence: [Option<i64>; 2],
    /// The old line that it revived last, and how many it revived.
    pub revived: Option<u32>,
    /// Old lines that it revived.
    pub revivals: u32,
    /// The actor that came back with it.
    pub returned: Sym,
}
