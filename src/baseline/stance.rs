//! How one event stands to the habits before it: worked out once by [`super::compare`], used by the
//! signals and by the habits alike.

use serde::{Deserialize, Serialize};

use super::ci::KnownJobs;
use super::reach::BurstView;
use crate::archive::vocabulary::{Sym, Symbols};

/// A minute in milliseconds.
pub const MINUTE: i64 = 60 * 1000;
/// An hour in milliseconds.
pub const HOUR: i64 = 3_600_000;
/// A day in milliseconds.
pub const DAY: i64 = 24 * HOUR;
/// A second version of one channel within this time is rapid; the known takeovers took 4 to 134 minutes.
pub const RAPID: i64 = 3 * HOUR;
/// A package or line that nobody published for this long is stale.
pub const STALE: i64 = 180 * DAY;
/// An actor who comes back to a package after this long.
pub const LONG_AWAY: i64 = 365 * DAY;
/// An owner first seen less than this ago is a young one.
pub const YOUNG_OWNER: i64 = 14 * DAY;
/// A name first seen less than this ago is a young dependency.
pub const YOUNG_NAME: i64 = 30 * DAY;
/// A token younger than this is a young one.
pub const YOUNG_TOKEN: i64 = DAY;
/// A token older than this should have been rotated.
pub const ROTATION: i64 = 30 * DAY;
/// A token unused for this long is dormant: no write token of today's npm lives longer.
pub const TOKEN_DORMANT: i64 = 90 * DAY;

/// How a version number follows the highest of its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Not a version number, or the first of its package.
    #[default]
    None,
    /// The next patch, minor or major.
    Next,
    /// Numbers in between were never published.
    Skip,
    /// Below the highest of its line, or a prerelease.
    Other,
}

/// An event as measured against what came before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is the answer to a question of its own")]
pub struct Stance {
    /// Milliseconds since the package's last publish.
    pub package_gap: Option<i64>,
    /// Milliseconds since its last publish of this kind of channel.
    pub channel_gap: Option<i64>,
    /// The package's session goes on: its last publish is less than [`RAPID`] ago.
    pub in_session: bool,
    /// Silence of this kind of channel before the session.
    pub silence: Option<i64>,
    /// Milliseconds since the actor's last publish of anything.
    pub actor_gap: Option<i64>,
    /// Milliseconds since the line's last publish.
    pub line_gap: Option<i64>,
    /// The line is stale and the package has a higher one.
    pub revives_line: bool,
    /// Old lines that the session revived, this one among them.
    pub revived_lines: u32,
    /// No provenance, but the very account, client and node of the last publish with it.
    pub lapse_in_place: bool,
    /// The actor's burst with this event in it.
    pub burst: BurstView,
    /// What a trusted publisher's jobs were like for other packages.
    pub known_jobs: KnownJobs,
    /// A second version within [`RAPID`].
    pub rapid: bool,
    /// Distinct majors within a day, this one among them.
    pub majors: u32,
    /// The archive had never seen this actor.
    pub stranger: bool,
    /// The actor comes back to the package after [`LONG_AWAY`].
    pub returns: bool,
    /// First sight of the publisher among the package's owners, where that is less than [`YOUNG_OWNER`] ago.
    pub young_owner: bool,
    /// The owner list is another than at the last publish.
    pub owners_change: bool,
    /// The dependency lists are others than at the last publish.
    pub dependencies_differ: bool,
    /// Dependencies that this package never had.
    pub added: u32,
    /// One of them, the youngest.
    pub addition: Option<Sym>,
    /// One of them that the archive first saw less than [`YOUNG_NAME`] ago, or never.
    pub young_addition: Option<Sym>,
    /// A dependency by address that this package never had.
    pub added_url: Option<Sym>,
    /// The install hook is new here, and the archive first saw its text less than [`YOUNG_NAME`] ago, or never.
    pub young_hook: bool,
    /// Growth of the unpacked size over the last of the line, in percent.
    pub size_growth: Option<u32>,
    /// Growth of the file count over the last of the line, in percent.
    pub file_growth: Option<u32>,
    /// How the version number follows.
    pub step: Step,
    /// Exact age of the token in milliseconds, where the owner supplied its creation time.
    pub token_age: Option<i64>,
    /// Milliseconds since the token's last publish, or since it was made.
    pub token_silence: Option<i64>,
    /// The token's publishes of this day, this one among them; zero where no token is recorded.
    pub token_uses: u32,
}

impl Symbols for Stance {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        let Self { addition, young_addition, added_url, .. } = self;
        for name in [addition, young_addition, added_url] {
            name.symbols(visit);
        }
    }
}
