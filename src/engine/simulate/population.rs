//! Who is there: accounts with their lives, the teams that share packages, and the packages.
//!
//! What happens in an act is a function of the account's seed and the act's number, so that all publishes can be counted
//! here, before any of them is written.

use super::adoption::Adoption;
use super::balance::Weights;
use super::habits::{Habits, Law, pick};
use super::random::{draw, even, fold, hash};

/// Members of a team at most.
const MEMBERS: u32 = 12;
/// Teams that a new account may join.
const OPEN_TEAMS: usize = 64;
/// Acts of an account that are as wide as its usual ones; the others are as wide as anybody's.
const FAITHFUL: f64 = 0.75;
/// How far a usual act is from the account's own place among all, at most.
const NEAR: f64 = 0.06;
/// Share of an account's acts by which all of its packages are there.
const GROWN: f64 = 0.8;
/// Packages there are after a share of the acts, as a power of it.
const GROWTH: f64 = 0.6;
/// Power of a rank in adoption of those who hardly publish: of the packages that published once in 2026 a quarter had trusted
/// publishing, of all publishes two thirds (0.68^(1 / 0.3) = 0.28).
const LATE: f64 = 0.3;
/// The last act of anybody begins so long before the end of the history, so that it ends in it.
const LAST_ACT: i64 = 2 * 3_600_000;

/// Powers of the inverse of the root of x^4 = x + 1: steps of a sequence that is even in three dimensions (Roberts, The
/// Unreasonable Effectiveness of Quasirandom Sequences, 2018).
const STEPS: [f64; 3] = [0.819_172_513_396_164_4, 0.671_043_606_703_789_2, 0.549_700_477_901_970_1];

/// Streams of an account's seed.
pub(super) mod place {
    pub const WIDTH: u64 = 1 << 32;
    pub const WIDTH_OWN: u64 = 1;
    pub const WIDTH_IS_OWN: u64 = 2 << 32;
    pub const GAP: u64 = 3 << 32;
    pub const AGAIN: u64 = 4 << 32;
    pub const TRAITS: u64 = 5 << 32;
    pub const HOURS: u64 = 6 << 32;
}

/// What an account will do.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Everything about it that is drawn is drawn from this.
    pub seed: u64,
    /// Its class in the habits.
    pub class: u16,
    /// Its team.
    pub team: u32,
    /// Acts in its life.
    pub bursts: u32,
    /// Where its packages begin in [`Population::slots`].
    pub slots: u32,
    /// Number of its packages.
    pub packages: u32,
    /// First act, milliseconds since the epoch.
    pub start: i64,
    /// Last act.
    pub end: i64,
    /// Sum of its silences, in mean silences of an account.
    pub silence: f64,
    /// Publishes.
    pub rows: u64,
    /// Its rank among those who publish prereleases.
    pub preview: f32,
}

/// Accounts that publish some packages together.
#[derive(Clone, Debug)]
pub struct Team {
    /// Everything about it that is drawn is drawn from this.
    pub seed: u64,
    /// Its packages are of one repository.
    pub mono: bool,
    /// When it turns to trusted publishing, and when to provenance; milliseconds, `i64::MAX` for never.
    pub adopts: Adopts,
    /// Its rank among those whose publishes name a commit.
    pub commit: f32,
    /// Members.
    pub members: u32,
}

/// When a team takes up what is new.
#[derive(Clone, Copy, Debug)]
pub struct Adopts {
    /// Trusted publishing.
    pub trusted: i64,
    /// Provenance.
    pub provenance: i64,
}

/// Everybody and everything.
pub struct Population {
    /// Accounts.
    pub actors: Vec<Actor>,
    /// Teams.
    pub teams: Vec<Team>,
    /// Packages of accounts, each account's one after the other.
    pub slots: Vec<u32>,
    /// Team that has a package.
    pub package_teams: Vec<u32>,
    /// An account that owns the packages of several teams, and those teams.
    pub steward: Option<(usize, Vec<u32>)>,
    laws: Vec<Laws>,
    again: f64,
}

struct Laws {
    bursts: Law,
    start: Law,
    life: Law,
    gap: Law,
    packages: Law,
    width: Law,
}

struct Open {
    team: u32,
    pool: Vec<u32>,
}

impl Population {
    /// Draws accounts until they publish `events` times; the last one publishes less than it would.
    #[must_use]
    pub fn draw(habits: &Habits, events: u64, seed: u64) -> Self {
        let laws = habits.classes.iter().map(|c| Laws {
            bursts: Law::new(&c.bursts),
            start: Law::new(&c.start),
            life: Law::new(&c.life),
            gap: Law::new(&c.gap),
            packages: Law::new(&c.packages),
            width: Law::new(&c.width),
        });
        let mut all = Self {
            actors: Vec::new(),
            teams: Vec::new(),
            slots: Vec::new(),
            package_teams: Vec::new(),
            steward: None,
            laws: laws.collect(),
            again: habits.publishes.again,
        };
        let mut of_class = vec![0; habits.classes.len()];
        let (mut rows, mut published) = (0, 0.0);
        let mut open: Vec<Open> = Vec::new();
        while rows < events {
            let mut actor = all.actor(habits, all.actors.len(), &mut of_class, seed);
            actor.rows = actor.rows.min(events - rows);
            rows += actor.rows;
            published += f64::from(actor.packages);
            #[allow(clippy::cast_precision_loss, reason = "a count of packages")]
            let may_share = all.package_teams.len() as f64 > habits.publishes.unshared * published;
            all.settle(&mut actor, &mut open, may_share, seed);
            all.actors.push(actor);
        }
        all.rank(habits, seed);
        all
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "counts")]
    fn actor(&self, habits: &Habits, index: usize, of_class: &mut [usize], seed: u64) -> Actor {
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let own = hash(seed, index as u64);
        let u = even(index, GOLDEN, draw(seed, 1 << 60));
        let shares = habits.classes.iter().map(|c| c.share);
        let class = pick(shares.clone(), u);
        let total: f64 = shares.clone().sum();
        let below: f64 = shares.clone().take(class).sum();
        let within = (u * total - below) / habits.classes[class].share;
        let laws = &self.laws[class];
        // Within a class, the accounts lie evenly in every respect, and in one as if they knew nothing of another.
        let nth = of_class[class];
        of_class[class] += 1;
        let respect = |k: usize| even(nth, STEPS[k], draw(seed, (1 << 61) + (class * STEPS.len() + k) as u64));
        let span = (habits.made.until - LAST_ACT - habits.made.from) as f64;
        let start = laws.start.at(respect(0)) * span;
        let life = laws.life.at(respect(1)) * (span - start);
        let mut actor = Actor {
            seed: own,
            class: class as u16,
            team: 0,
            bursts: laws.bursts.at(within).round().max(1.0) as u32,
            slots: 0,
            packages: laws.packages.at(respect(2)).round().max(1.0) as u32,
            start: habits.made.from + start as i64,
            end: habits.made.from + (start + life) as i64,
            silence: 0.0,
            rows: 0,
            preview: 0.0,
        };
        let all: u32 = (0..actor.bursts).map(|b| self.width(&actor, b)).sum();
        actor.packages = actor.packages.min(all);
        actor.rows = (0..actor.bursts).map(|b| u64::from(self.rows(&actor, b, self.width(&actor, b)))).sum();
        actor.silence = (1..actor.bursts).map(|b| self.gap(&actor, b)).sum();
        actor
    }

    /// Packages of an act.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the account's packages")]
    pub fn width(&self, actor: &Actor, burst: u32) -> u32 {
        if actor.packages == 1 {
            return 1;
        }
        let burst = u64::from(burst);
        let u = if draw(actor.seed, place::WIDTH_IS_OWN + burst) < FAITHFUL {
            let off = (draw(actor.seed, place::WIDTH + burst) * 2.0 - 1.0) * NEAR;
            fold(draw(actor.seed, place::WIDTH_OWN) + off)
        } else {
            draw(actor.seed, place::WIDTH + burst)
        };
        let width = f64::from(actor.packages).powf(self.laws[usize::from(actor.class)].width.at(u));
        (width.round() as u32).clamp(1, actor.packages)
    }

    /// Publishes of an act of so many packages: some are published again.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few")]
    pub fn rows(&self, actor: &Actor, burst: u32, width: u32) -> u32 {
        let again = f64::from(width) * self.again + draw(actor.seed, place::AGAIN + u64::from(burst));
        width + (again as u32).min(width)
    }

    /// Silence before an act, in mean silences of an account.
    #[must_use]
    pub fn gap(&self, actor: &Actor, burst: u32) -> f64 {
        self.laws[usize::from(actor.class)].gap.at(draw(actor.seed, place::GAP + u64::from(burst)))
    }

    /// Packages of an account that are there when it has acted so often.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the account's packages")]
    pub fn grown(actor: &Actor, acts: u32) -> u32 {
        let part = (f64::from(acts) / (GROWN * f64::from(actor.bursts))).min(1.0);
        (f64::from(actor.packages) * part.powf(GROWTH)).ceil() as u32
    }

    /// Gives an account its packages: those of a team that it joins, or new ones.
    fn settle(&mut self, actor: &mut Actor, open: &mut Vec<Open>, may_share: bool, seed: u64) {
        let fits = |o: &Open| o.pool.len() >= actor.packages as usize;
        let joined = open.iter().enumerate().filter(|(_, o)| may_share && fits(o)).min_by_key(|(_, o)| o.pool.len());
        let at = if let Some((at, _)) = joined {
            at
        } else {
            let team = u32::try_from(self.teams.len()).unwrap_or(u32::MAX);
            let own = hash(seed ^ 0x7465_616d, u64::from(team));
            let adopts = Adopts { trusted: i64::MAX, provenance: i64::MAX };
            self.teams.push(Team { seed: own, mono: false, adopts, commit: 0.0, members: 0 });
            if open.len() == OPEN_TEAMS {
                open.remove(0);
            }
            open.push(Open { team, pool: Vec::new() });
            open.len() - 1
        };
        let (team, pool) = (open[at].team, &mut open[at].pool);
        while pool.len() < actor.packages as usize {
            pool.push(u32::try_from(self.package_teams.len()).unwrap_or(u32::MAX));
            self.package_teams.push(team);
        }
        // Members have their packages in common from different places of the pool.
        let pool_len = u32::try_from(pool.len()).unwrap_or(u32::MAX);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the pool")]
        let from = (draw(actor.seed, 13) * f64::from(pool_len)) as u32;
        actor.team = team;
        actor.slots = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.extend((0..actor.packages).map(|i| pool[((from + i) % pool_len) as usize]));
        let width: u32 = (0..actor.bursts.min(9)).map(|b| self.width(actor, b)).sum();
        let entry = &mut self.teams[team as usize];
        entry.members += 1;
        entry.mono |= 2 * width > 3 * actor.bursts.min(9);
        if entry.members == MEMBERS {
            open.remove(at);
        }
    }

    /// Says who has what a share of publishes has: prereleases, commits, and when a team takes up trusted publishing and
    /// provenance.
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of a few decades, and counts")]
    fn rank(&mut self, habits: &Habits, seed: u64) {
        const YEAR: f64 = 365.25 * 86_400_000.0;
        let first = habits.made.from;
        let years = habits.years.len() + 1;
        let adoption = Adoption::of(habits);
        let mut of_actors = Weights::new(self.actors.len(), years);
        let mut of_teams = Weights::new(self.teams.len(), years);
        let mut of_adopters = Weights::new(self.teams.len(), habits.quarters.len() / 4 + 1);
        for (i, actor) in self.actors.iter().enumerate() {
            let [from, until] = [actor.start, actor.end].map(|at| (at - first) as f64 / YEAR);
            of_actors.add(i, from, until, actor.rows as f64);
            of_teams.add(actor.team as usize, from, until, actor.rows as f64);
            let begins = (adoption.begins - first) as f64 / YEAR;
            of_adopters.add(actor.team as usize, from - begins, until - begins, actor.rows as f64);
        }
        let adopts = of_adopters.ranks(hash(seed, 1 << 62), LATE);
        let commits = of_teams.ranks(hash(seed, 3 << 61), 1.0);
        for ((team, u), commit) in self.teams.iter_mut().zip(adopts).zip(commits) {
            team.adopts = adoption.of_rank(f64::from(u));
            team.commit = commit;
        }
        let previews = of_actors.ranks(hash(seed, 5 << 60), 1.0);
        self.actors.iter_mut().zip(previews).for_each(|(actor, rank)| actor.preview = rank);
    }

    /// Makes the account with the most packages, of those that publish around `at`, an owner of other teams' packages as
    /// well, until it owns `packages` and a quarter more: some of them are not there yet.
    pub fn appoint(&mut self, at: i64, packages: usize) {
        let alive = |a: &&Actor| a.start <= at && a.end >= at;
        let actors = self.actors.iter().enumerate().filter(|(_, a)| alive(a));
        let Some((steward, actor)) = actors.max_by_key(|(i, a)| (a.packages, std::cmp::Reverse(*i))) else { return };
        let mut begun = vec![false; self.teams.len()];
        self.actors.iter().filter(|a| a.start < at).for_each(|a| begun[a.team as usize] = true);
        let mut sizes = vec![0_usize; self.teams.len()];
        self.package_teams.iter().for_each(|team| sizes[*team as usize] += 1);
        let wanted = packages + packages / 4;
        let mut owned = sizes[actor.team as usize];
        let mut teams = vec![actor.team];
        for team in (0_u32..).take(sizes.len()) {
            if owned >= wanted {
                break;
            }
            if team != actor.team && begun[team as usize] {
                owned += sizes[team as usize];
                teams.push(team);
            }
        }
        self.steward = Some((steward, teams));
    }
}
