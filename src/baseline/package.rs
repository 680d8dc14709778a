//! Habits of one package across all actors, with the habits of each release line.

use serde::{Deserialize, Serialize};

use rustc_hash::FxHashSet;

use super::ci::CiHabits;
use super::line::{Line, Session};
use super::stance::{STALE, Stance, Step};
use super::tally::{Practice, Rate, Seen, Sizes, Spread, Values};
use crate::archive::history::Event;
use crate::archive::vocabulary::{Sym, Symbols, Vocabulary};

/// Time before a publish teaches a package's habits. What was unusual about it stays unusual for a repaired
/// payload minutes later; the known takeovers published again after 4 to 134 minutes.
pub const QUARANTINE: i64 = super::stance::RAPID;
/// Time that an alert without a verdict is kept from teaching, where alerts are held back. It ends: an archive without
/// a desk would otherwise never learn that a project changed its ways, and a theft is found out within weeks.
pub const HELD: i64 = 30 * super::stance::DAY;
/// Publishes until which a package learns at once: it has no habits yet that could be led astray.
pub const SETTLED: u32 = 5;
/// Lines kept at most; past that the one unpublished for longest is forgotten.
const LINES: usize = 128;
/// Dependency names remembered at most.
const NAMES: usize = 4096;
/// Owners remembered at most.
const OWNERS: usize = 256;

/// How a publish teaches habits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teaching {
    /// Not at all: it leaves its trace in time and in bursts.
    Never,
    /// At once.
    AtOnce,
    /// Its package after [`QUARANTINE`], everything else at once.
    Settled,
    /// Its package after [`HELD`], everything else at once.
    Held,
}

/// What usually happens to a package.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PackageHabits {
    /// Publishes that taught.
    pub n: u32,
    /// First publish, milliseconds.
    pub first: i64,
    /// Last publish, milliseconds.
    pub last: i64,
    /// Last publish of a stable release and of a prerelease.
    pub last_of: [Option<i64>; 2],
    /// Who published.
    pub actors: Values,
    /// Publishes by an actor whom the archive had never seen.
    pub strangers: Rate,
    /// Publishes by an actor who had not published this package for [`super::stance::LONG_AWAY`].
    pub returns: Rate,
    /// Credential paths.
    pub paths: Values,
    /// Trusted-publisher configurations.
    pub configs: Values,
    /// Trusted-publisher stamp over all lines.
    pub trusted: Practice,
    /// Provenance over all lines.
    pub provenance: Practice,
    /// Owners, with the time of first sight.
    pub owners: Vec<(Sym, i64)>,
    /// The owner list of the last publish.
    pub owner_list: Sym,
    /// Changes of the owner list.
    pub owner_changes: Rate,
    /// Publishes by somebody who had just become an owner.
    pub young_owners: Rate,
    /// Release lines.
    pub lines: Vec<Line>,
    /// Natural logarithm of the hours since the last publish, stable and prerelease.
    pub gaps: [Spread; 2],
    /// A second version within [`super::stance::RAPID`].
    pub rapid: Rate,
    /// Several majors within a day.
    pub several_majors: Rate,
    /// An old line published again after [`super::stance::STALE`].
    pub revivals: Rate,
    /// Old lines revived within one session.
    pub revived_lines: Sizes,
    /// Recent stable publishes: time and major.
    pub recent: [(i64, u32); 8],
    /// Declared repositories.
    pub repositories: Values,
    /// Install hook texts.
    pub hooks: Values,
    /// Publishes whose new install hook no package of the archive had for long.
    pub young_hooks: Rate,
    /// Publishes with an install hook.
    pub hooked: Rate,
    /// Dependency names ever seen here.
    #[serde(serialize_with = "super::keep::sorted")]
    pub dependencies: FxHashSet<Sym>,
    /// Dependency lists of the last publish.
    pub dependency_lists: (Sym, Sym),
    /// Publishes that added a dependency.
    pub additions: Rate,
    /// Publishes that added a dependency which the archive had hardly seen.
    pub young_additions: Rate,
    /// Dependencies by address ever seen here.
    pub urls: Values,
    /// Publishes that added one.
    pub url_additions: Rate,
    /// Growth of the unpacked size over the last of the line, in percent.
    pub size_growth: Sizes,
    /// Growth of the file count over the last of the line, in percent.
    pub file_growth: Sizes,
    /// The session that the package is in.
    pub session: Session,
    /// A commit was named.
    pub git_head_absent: Rate,
    /// Version numbers were skipped.
    pub skips: Rate,
    /// CI habits, stable and prerelease.
    pub ci: [CiHabits; 2],
    /// Trusted publishes that came with an attestation, and those since the first that came without.
    pub stamped: Practice,
    /// Attestations that did not verify.
    pub refused: Rate,
    /// Account, client and node of the last publish with provenance.
    pub attested_by: [Sym; 3],
    /// Publishes without provenance by the very account, client and node of the last one with it.
    pub lapses_in_place: Rate,
    /// Publishes that have not taught yet, with the time from which they may.
    pending: Vec<(i64, Event, Stance)>,
}

/// 0 for stable releases, 1 for prereleases.
#[must_use]
pub fn channel_kind(event: &Event) -> usize {
    usize::from(event.number.channel.is_some())
}

impl Symbols for PackageHabits {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        let Self { actors, paths, configs, repositories, hooks, urls, .. } = self;
        for values in [actors, paths, configs, repositories, hooks, urls] {
            values.symbols(visit);
        }
        for (owner, _) in &mut self.owners {
            visit(owner);
        }
        visit(&mut self.owner_list);
        for line in &mut self.lines {
            line.auth.symbols(visit);
        }
        self.dependencies.symbols(visit);
        visit(&mut self.dependency_lists.0);
        visit(&mut self.dependency_lists.1);
        visit(&mut self.session.returned);
        self.ci.symbols(visit);
        self.attested_by.symbols(visit);
        for (_, event, stance) in &mut self.pending {
            event.symbols(visit);
            stance.symbols(visit);
        }
    }
}

impl PackageHabits {
    /// The line that an event belongs to.
    #[must_use]
    pub fn line(&self, event: &Event) -> Option<&Line> {
        let (major, stable) = (event.number.triple.0, event.number.channel.is_none());
        self.lines.iter().find(|l| l.major == major && l.stable == stable && event.number.valid)
    }

    /// Something of it was published before.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.n > 0 || self.last > 0
    }

    /// It is known, and nobody had published it for [`STALE`] at `at`.
    #[must_use]
    pub fn is_stale(&self, at: i64) -> bool {
        self.is_known() && at - self.last > STALE
    }

    /// The line with the latest publish.
    #[must_use]
    pub fn latest_line(&self) -> Option<&Line> {
        self.lines.iter().max_by_key(|l| l.last)
    }

    /// Publishes a day since the first one.
    #[must_use]
    pub fn per_day(&self) -> f64 {
        super::tally::per_day(self.n, self.first, self.last)
    }

    /// What is known of an actor here.
    #[must_use]
    pub fn familiarity(&self, actor: Sym) -> Option<&Seen> {
        self.actors.get(actor)
    }

    /// Learns an event that stood to these habits as `now` says.
    pub fn absorb(&mut self, event: &Event, words: &Vocabulary, now: &Stance, teaching: Teaching) {
        let kind = channel_kind(event);
        if self.n == 0 && self.last == 0 {
            self.first = event.at;
        }
        if !now.in_session {
            let silence = self.last_of.map(|last| last.map(|last| event.at - last));
            self.session = Session { start: event.at, silence, ..Session::default() };
        }
        self.session.publishes = self.session.publishes.saturating_add(1);
        if now.revives_line {
            self.session.revived = Some(event.number.triple.0);
            self.session.revivals = now.revived_lines;
        }
        if now.returns {
            self.session.returned = event.actor;
        }
        self.last = event.at;
        self.last_of[kind] = Some(event.at);
        if kind == 0 && event.number.valid {
            self.recent.rotate_right(1);
            self.recent[0] = (event.at, event.number.triple.0);
        }
        let wait = match teaching {
            Teaching::Never => return,
            Teaching::Settled | Teaching::Held if self.n < SETTLED => 0,
            Teaching::AtOnce => 0,
            Teaching::Settled => QUARANTINE,
            Teaching::Held => HELD,
        };
        self.mark_line(event);
        if wait == 0 {
            self.teach(event, words, now);
        } else {
            self.pending.push((event.at + wait, event.clone(), *now));
        }
    }

    /// Lets publishes teach that are old enough at `at`.
    pub fn settle(&mut self, at: i64, words: &Vocabulary) {
        let due: Vec<_> = self.pending.extract_if(.., |(due, ..)| *due <= at).collect();
        for (_, event, now) in due {
            self.teach(&event, words, &now);
        }
    }

    fn teach(&mut self, event: &Event, words: &Vocabulary, now: &Stance) {
        let kind = channel_kind(event);
        if self.n > 0 {
            self.absorb_changes(event, now, kind);
        }
        self.n = self.n.saturating_add(1);
        self.teach_line(event);
        self.absorb_values(event, words, now, kind);
    }

    fn absorb_changes(&mut self, event: &Event, now: &Stance, kind: usize) {
        if let Some(gap) = now.channel_gap {
            self.gaps[kind].note(super::actor::log_hours(gap));
            self.rapid.note(now.rapid);
        }
        self.several_majors.note(now.majors > 1);
        self.revivals.note(now.revives_line);
        self.revived_lines.note(now.revived_lines);
        if self.provenance.with > 0 {
            self.lapses_in_place.note(now.lapse_in_place);
        }
        if event.actor.is_some() {
            self.strangers.note(now.stranger);
            self.returns.note(now.returns);
            self.young_owners.note(now.young_owner);
        }
        if event.maintainers.is_some() {
            self.owner_changes.note(now.owners_change);
        }
        if event.dependencies.is_some() {
            self.additions.note(now.added > 0);
            self.young_additions.note(now.young_addition.is_some());
            self.url_additions.note(now.added_url.is_some());
        }
        if let Some(growth) = now.size_growth {
            self.size_growth.note(growth);
        }
        if let Some(growth) = now.file_growth {
            self.file_growth.note(growth);
        }
        if event.number.valid {
            self.skips.note(now.step == Step::Skip);
        }
        self.git_head_absent.note(event.git_head.is_none());
        self.young_hooks.note(now.young_hook);
        self.hooked.note(event.install_scripts.is_some());
    }

    fn mark_line(&mut self, event: &Event) {
        if !event.number.valid {
            return;
        }
        let (major, stable) = (event.number.triple.0, event.number.channel.is_none());
        let found = self.lines.iter().position(|l| l.major == major && l.stable == stable);
        let index = found.unwrap_or_else(|| {
            if self.lines.len() == LINES
                && let Some(oldest) = (0..LINES).min_by_key(|&i| self.lines[i].last)
            {
                self.lines.swap_remove(oldest);
            }
            self.lines.push(Line { major, stable, ..Line::default() });
            self.lines.len() - 1
        });
        let line = &mut self.lines[index];
        line.last = event.at;
        line.highest = line.highest.max(event.number.triple);
        line.size = event.unpacked_size.get().or(line.size);
        line.files = event.file_count.get().or(line.files);
    }

    fn teach_line(&mut self, event: &Event) {
        let (major, stable) = (event.number.triple.0, event.number.channel.is_none());
        let found = self.lines.iter_mut().find(|l| event.number.valid && l.major == major && l.stable == stable);
        let Some(line) = found else { return };
        line.n += 1;
        line.provenance.note(event.provenance.is_some());
        line.trusted.note(event.is_trusted_publisher());
        line.auth.note(event.auth_kind, event.at);
    }

    fn absorb_values(&mut self, event: &Event, words: &Vocabulary, now: &Stance, kind: usize) {
        let at = event.at;
        self.actors.note(event.actor, at);
        self.paths.note(event.path, at);
        self.configs.note(event.oidc_config_id, at);
        self.trusted.note(event.is_trusted_publisher());
        self.provenance.note(event.provenance.is_some());
        if event.provenance.is_some() {
            self.attested_by = [event.actor, event.npm_version, event.node_version];
        }
        if event.is_trusted_publisher() {
            self.stamped.note(event.provenance.is_some());
        }
        if event.cert_state.is_some() {
            self.refused.note(event.refused);
        }
        self.repositories.note(event.repository, at);
        self.hooks.note(event.install_script_id, at);
        if event.maintainers.is_some() && event.maintainers != self.owner_list {
            for &owner in words.list(event.maintainers) {
                if self.owners.len() < OWNERS && self.owners.iter().all(|(known, _)| *known != owner) {
                    self.owners.push((owner, at));
                }
            }
            self.owner_list = event.maintainers;
        }
        if now.dependencies_differ {
            for &name in words.list(event.dependencies).iter().chain(words.list(event.optional_dependencies)) {
                if self.dependencies.len() < NAMES {
                    self.dependencies.insert(name);
                }
            }
            self.dependency_lists = (event.dependencies, event.optional_dependencies);
        }
        for &name in words.list(event.url_dependencies) {
            self.urls.note(name, at);
        }
        self.ci[kind].absorb(event);
    }
}
