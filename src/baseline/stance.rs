//! How one event stands to the habits before it, worked out once and used by the signals and by
//! the habits alike.

use super::World;
use super::actor::ActorHabits;
use super::package::{PackageHabits, channel_kind};
use super::reach::BurstView;
use crate::archive::history::Event;
use crate::archive::vocabulary::{Sym, Vocabulary};

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
/// Majors published within this time count as one act.
const ONE_ACT: i64 = DAY;

/// How a version number follows the highest of its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
    /// The actor's burst with this event in it.
    pub burst: BurstView,
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
    /// Growth of the unpacked size over the last of the line, in percent.
    pub size_growth: Option<u32>,
    /// Growth of the file count over the last of the line, in percent.
    pub file_growth: Option<u32>,
    /// How the version number follows.
    pub step: Step,
    /// Exact age of the token in milliseconds, where the owner supplied its creation time.
    pub token_age: Option<i64>,
}

impl Stance {
    pub(super) fn of(
        event: &Event,
        words: &Vocabulary,
        actor: &ActorHabits,
        package: &PackageHabits,
        world: &World,
    ) -> Self {
        let known = package.n > 0 || package.last > 0;
        let kind = channel_kind(event);
        let package_gap = known.then(|| event.at - package.last);
        let channel_gap = package.last_of[kind].map(|last| event.at - last);
        let stale = package_gap.is_some_and(|gap| gap > STALE);
        let portfolio = u32::try_from(actor.portfolio.len()).unwrap_or(u32::MAX);
        let line = package.line(event);
        let line_gap = line.map(|l| event.at - l.last);
        let reference = line.or_else(|| package.latest_line());
        let has_higher = || package.lines.iter().any(|l| l.stable && l.major > event.number.triple.0);
        let in_session = package_gap.is_some_and(|gap| gap < RAPID);
        let goes_on = in_session.then_some(&package.session);
        let mut now = Self {
            package_gap,
            in_session,
            silence: goes_on.map_or(channel_gap, |session| session.silence[kind]),
            channel_gap,
            actor_gap: (event.actor.is_some() && actor.last > 0).then(|| event.at - actor.last),
            line_gap,
            revives_line: kind == 0
                && (goes_on.is_some_and(|session| session.revived == Some(event.number.triple.0))
                    || (line_gap.is_some_and(|gap| gap > STALE) && has_higher())),
            rapid: channel_gap.is_some_and(|gap| gap < RAPID),
            majors: majors(event, package),
            stranger: event.actor.is_some() && actor.last == 0,
            size_growth: growth(event.unpacked_size, reference.and_then(|l| l.size)),
            file_growth: growth(event.file_count, reference.and_then(|l| l.files)),
            step: step(event, package),
            token_age: event.token_created_at.map(|created| event.at - created),
            owners_change: known
                && event.maintainers.is_some()
                && package.owner_list.is_some()
                && event.maintainers != package.owner_list,
            ..Self::default()
        };
        if event.actor.is_some() {
            let in_portfolio = actor.portfolio.contains(&event.package);
            now.burst = actor.burst.with(event.package, event.at, stale, portfolio, in_portfolio);
            now.returns = goes_on.is_some_and(|session| session.returned == event.actor)
                || package.familiarity(event.actor).is_some_and(|f| event.at - f.last > LONG_AWAY);
            now.young_owner = !event.is_trusted_publisher() && young_owner(event, words, package);
        }
        now.dependencies_differ = (event.dependencies.is_some() || event.optional_dependencies.is_some())
            && (!known || (event.dependencies, event.optional_dependencies) != package.dependency_lists);
        if package.n > 0 && now.dependencies_differ {
            now.compare_dependencies(event, words, package, world);
        }
        if package.n > 0 && event.url_dependencies.is_some() {
            now.added_url = words.list(event.url_dependencies).iter().copied().find(|&u| package.urls.get(u).is_none());
        }
        now
    }

    fn compare_dependencies(&mut self, event: &Event, words: &Vocabulary, package: &PackageHabits, world: &World) {
        let names = words.list(event.dependencies).iter().chain(words.list(event.optional_dependencies));
        let mut youngest = i64::MIN;
        for &name in names.filter(|name| !package.dependencies.contains(name)) {
            self.added += 1;
            let first = world.first_seen(name).unwrap_or(i64::MAX);
            if first >= youngest {
                youngest = first;
                self.addition = Some(name);
            }
        }
        let young = youngest > event.at.saturating_sub(YOUNG_NAME);
        self.young_addition =
            self.addition.filter(|&name| young && !same_scope(words.text(event.package), words.text(name)));
    }
}

/// A monorepo's own new package is young wherever it is first used.
fn same_scope(package: &str, dependency: &str) -> bool {
    match (package.split_once('/'), dependency.split_once('/')) {
        (Some((a, _)), Some((b, _))) => a == b,
        _ => false,
    }
}

fn young_owner(event: &Event, words: &Vocabulary, package: &PackageHabits) -> bool {
    if package.owner_list.is_none() {
        return false;
    }
    match package.owners.iter().find(|(owner, _)| *owner == event.publisher) {
        Some((_, since)) => *since > package.first && event.at - since < YOUNG_OWNER,
        None => words.list(event.maintainers).contains(&event.publisher),
    }
}

fn majors(event: &Event, package: &PackageHabits) -> u32 {
    if !event.number.valid || event.number.channel.is_some() {
        return 1;
    }
    let mut seen = [event.number.triple.0; 9];
    let mut count = 1;
    for (at, major) in package.recent {
        if at > 0 && event.at - at < ONE_ACT && !seen[..count].contains(&major) {
            seen[count] = major;
            count += 1;
        }
    }
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Growth in percent, rounded; zero where it shrank.
fn growth(new: Option<i64>, old: Option<i64>) -> Option<u32> {
    match (new, old) {
        (Some(new), Some(old)) if new >= 0 && old > 0 => {
            let percent = ((new - old).max(0).saturating_mul(200) / old + 1) / 2;
            Some(u32::try_from(percent).unwrap_or(u32::MAX))
        }
        _ => None,
    }
}

fn step(event: &Event, package: &PackageHabits) -> Step {
    if !event.number.valid || package.lines.is_empty() {
        return Step::None;
    }
    if event.number.channel.is_some() {
        return Step::Other;
    }
    let (major, minor, patch) = event.number.triple;
    let Some(line) = package.line(event) else {
        let highest = package.lines.iter().filter(|l| l.stable).map(|l| l.major).max();
        return match highest {
            Some(highest) if (major, minor, patch) == (highest.saturating_add(1), 0, 0) => Step::Next,
            Some(_) => Step::Skip,
            None => Step::Other,
        };
    };
    let (_, line_minor, line_patch) = line.highest;
    let next = (minor == line_minor && patch == line_patch.saturating_add(1))
        || (minor == line_minor.saturating_add(1) && patch == 0);
    if event.number.triple < line.highest {
        Step::Other
    } else if next || event.number.triple == line.highest {
        Step::Next
    } else {
        Step::Skip
    }
}
