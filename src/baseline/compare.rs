//! The comparison of one event with the habits before it.

use super::World;
use super::actor::ActorHabits;
use super::ci::KnownJobs;
use super::package::{PackageHabits, channel_kind};
use super::stance::{DAY, LONG_AWAY, RAPID, STALE, Stance, Step, YOUNG_NAME, YOUNG_OWNER};
use crate::archive::history::Event;
use crate::archive::vocabulary::Vocabulary;

/// Majors published within this time count as one act.
const ONE_ACT: i64 = DAY;

impl Stance {
    /// Compares an event with the habits of its actor and its package, as they were before it.
    pub(super) fn of(
        event: &Event,
        words: &Vocabulary,
        actor: &ActorHabits,
        package: &PackageHabits,
        world: &World,
    ) -> Self {
        let beside_actor = Self::beside_actor(event, actor, package.is_stale(event.at));
        beside_actor.and_package(event, words, package, world)
    }

    /// Compares an event with its actor's habits alone. Of its package it must be known whether nobody had published it
    /// for [`STALE`].
    #[must_use]
    pub fn beside_actor(event: &Event, actor: &ActorHabits, stale: bool) -> Self {
        let mut now = Self {
            token_age: event.token_created_at.get().map(|created| event.at - created).filter(|age| *age >= 0),
            ..Self::default()
        };
        if event.token_id.is_some() {
            let last = actor.tokens.get(event.token_id).map(|known| known.last);
            let made = event.token_created_at.get().filter(|made| *made <= event.at);
            now.token_silence = last.or(made).map(|since| event.at - since);
            now.token_uses = actor.token_day.with(event.token_id, event.at);
        }
        if event.actor.is_some() {
            now.stranger = actor.last == 0;
            now.actor_gap = (actor.last > 0).then(|| event.at - actor.last);
            let portfolio = u32::try_from(actor.portfolio.len()).unwrap_or(u32::MAX);
            let in_portfolio = actor.portfolio.contains(&event.package);
            now.burst = actor.burst.with(event.package, event.at, stale, portfolio, in_portfolio);
        }
        if event.is_trusted_publisher() {
            now.known_jobs = KnownJobs::of(event, &actor.ci[channel_kind(event)], &now.burst);
        }
        now
    }

    /// The same beside its package's habits, too.
    #[must_use]
    pub fn and_package(self, event: &Event, words: &Vocabulary, package: &PackageHabits, world: &World) -> Self {
        let known = package.is_known();
        let kind = channel_kind(event);
        let package_gap = known.then(|| event.at - package.last);
        let channel_gap = package.last_of[kind].map(|last| event.at - last);
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
            line_gap,
            revives_line: kind == 0
                && (goes_on.is_some_and(|session| session.revived == Some(event.number.triple.0))
                    || (line_gap.is_some_and(|gap| gap > STALE) && has_higher())),
            rapid: channel_gap.is_some_and(|gap| gap < RAPID),
            majors: majors(event, package),
            size_growth: growth(event.unpacked_size.get(), reference.and_then(|l| l.size)),
            file_growth: growth(event.file_count.get(), reference.and_then(|l| l.files)),
            step: step(event, package),
            owners_change: known
                && event.maintainers.is_some()
                && package.owner_list.is_some()
                && event.maintainers != package.owner_list,
            ..self
        };
        let again = goes_on.is_some_and(|session| session.revived == Some(event.number.triple.0));
        now.revived_lines = goes_on.map_or(0, |session| session.revivals) + u32::from(now.revives_line && !again);
        now.lapse_in_place = event.provenance.is_none()
            && event.actor.is_some()
            && event.npm_version.is_some()
            && package.attested_by == [event.actor, event.npm_version, event.node_version];
        if event.actor.is_some() {
            now.returns = goes_on.is_some_and(|session| session.returned == event.actor)
                || package.familiarity(event.actor).is_some_and(|f| event.at - f.last > LONG_AWAY);
            now.young_owner = !event.is_trusted_publisher() && young_owner(event, words, package);
        }
        now.young_hook = young_hook(event, words, package, world);
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
            let first = world.first_seen(name, event.at).unwrap_or(i64::MAX);
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

/// Hashes of two schemes are never compared: such a text is not called unknown.
fn young_hook(event: &Event, words: &Vocabulary, package: &PackageHabits, world: &World) -> bool {
    let id = event.install_script_id;
    let scheme = |sym| words.text(sym).contains(':');
    id.is_some()
        && package.n > 0
        && package.hooks.get(id).is_none()
        && package.hooks.seen.iter().all(|known| scheme(known.value) == scheme(id))
        && world.first_seen(id, event.at).is_none_or(|first| event.at - first < YOUNG_NAME)
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
