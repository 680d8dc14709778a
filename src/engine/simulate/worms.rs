//! Worms: takeovers that publish by themselves, inside of what everybody else publishes. What they do is what documented
//! ones did: a hook that nobody has seen before runs ahead of the installation, the package grows by a payload, and a
//! token publishes what a workflow used to, without provenance, commit or certificate.

use rustc_hash::{FxHashMap, FxHashSet};

use super::habits::Habits;
use super::process::{Process, Style};
use super::random::{draw, hash};
use super::registry::Publish;
use crate::archive::block::{Block, place};

/// One scenario.
pub struct Worm {
    /// Its name on the command line, and the campaign of its rows.
    pub id: &'static str,
    /// What it is, for the help.
    pub about: &'static str,
    /// Accounts that it takes, at most.
    pub accounts: usize,
    /// Packages of an account that it publishes, at most.
    pub packages: usize,
    /// Share of them that it publishes a second time.
    pub twice: f64,
    /// Minutes from its first publish to its last.
    pub minutes: i64,
    /// Bytes that it adds to a package, and files.
    pub payload: (f64, i64),
    /// When it strikes, as a share of the history.
    pub when: f64,
}

/// The scenarios.
pub static WORMS: &[Worm] = &[
    // ANTV-2026: 643 versions listed of 323 packages of one account that owns 547, nearly all twice, from 01:39 to 02:06. The
    // record says that packages grew, and not by how much.
    Worm {
        id: "one-account",
        about: "one account, 633 versions of 320 packages in 25 minutes",
        accounts: 1,
        packages: 320,
        twice: 313.0 / 320.0,
        minutes: 25,
        payload: (500_000.0, 1),
        when: 0.970,
    },
    // SHAIHULUD2-2025: 1,091 versions listed of 795 packages; each account that falls brings others down.
    Worm {
        id: "thousand-accounts",
        about: "1,000 accounts in 3 hours, up to 10 packages of each",
        accounts: 1_000,
        packages: 10,
        twice: 0.37,
        minutes: 180,
        payload: (10_000_000.0, 2),
        when: 0.985,
    },
];

/// What a worm makes of a publish.
pub struct Guise {
    /// Identifier of its hook's text.
    pub hook: String,
    /// Bytes that it adds.
    pub payload: f64,
    /// Files that it adds.
    pub files: i64,
    /// Its client, as a place among those of the year.
    pub client: u8,
}

/// Accounts that published within this time before a strike still have a token that works.
const TOKEN_LIFE: i64 = 365 * 86_400_000;
const MINUTE: i64 = 60_000;

impl Worm {
    /// The time at which it strikes, milliseconds since the epoch.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "milliseconds of a few decades")]
    pub fn at(&self, habits: &Habits) -> i64 {
        habits.made.from + ((habits.made.until - habits.made.from) as f64 * self.when) as i64
    }
}

/// What a worm did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Struck {
    /// Accounts that it took.
    pub accounts: usize,
    /// Packages that it published.
    pub packages: usize,
    /// Versions that it published.
    pub versions: usize,
}

struct Plan {
    at: i64,
    actor: usize,
    package: u32,
    victim: usize,
}

impl Process<'_> {
    /// The worm strikes: its publishes go into `block`, with their labels, and the packages' next versions follow them.
    pub fn strike(&mut self, worm: &Worm, number: usize, at: i64, block: &mut Block) -> Struck {
        let victims = self.victims(worm, at);
        let mut plans = plan(worm, at, &victims);
        plans.sort_by_key(|p| (p.at, p.package));
        let seed = hash(0x776f_726d, number as u64);
        let guise =
            Guise { hook: format!("{:012x}", seed >> 16), payload: worm.payload.0, files: worm.payload.1, client: 1 };
        let labels = ["campaign", "instance", "fold", "ci_anomaly"].map(place);
        for p in &plans {
            let publish = Publish { at: p.at, actor: p.actor, package: p.package, guise: Some(&guise) };
            let style = Style { emails: self.lives[p.actor].style.emails, ..Style::default() };
            self.registry.publish(&publish, &style, &mut self.random, block);
            block.text(labels[0], worm.id);
            block.text(labels[1], &format!("{}#{}", worm.id, p.victim + 1));
            #[allow(clippy::cast_possible_wrap, reason = "a few scenarios")]
            block.number(labels[2], number as i64);
            block.flag(labels[3], false);
        }
        let packages: FxHashSet<u32> = plans.iter().map(|p| p.package).collect();
        Struck { accounts: victims.len(), packages: packages.len(), versions: plans.len() }
    }

    /// Accounts with their packages: of those that can still publish, the ones with the most where one is wanted, and any
    /// where many are. A package falls once.
    fn victims(&self, worm: &Worm, at: i64) -> Vec<(usize, Vec<u32>)> {
        let actors = &self.population.actors;
        let can = |i: &usize| {
            let actor = &actors[*i];
            self.lives[*i].created > 0 && actor.start <= at && actor.end > at - TOKEN_LIFE
        };
        let mut pools: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (package, team) in (0..).zip(&self.population.package_teams) {
            if self.registry.packages[package as usize].is_some() {
                pools.entry(*team).or_default().push(package);
            }
        }
        let mut order: Vec<usize> = (0..actors.len()).filter(can).collect();
        if worm.accounts == 1 {
            let steward = self.population.steward.as_ref().map(|(i, _)| *i);
            order.sort_by_key(|i| (Some(*i) != steward, std::cmp::Reverse(self.lives[*i].created)));
        } else {
            order.sort_by_key(|i| hash(actors[*i].seed, 99));
        }
        let mut fallen = FxHashSet::default();
        let mut victims = Vec::new();
        for i in order {
            let packages: Vec<u32> =
                self.owned(i, &pools).into_iter().filter(|p| fallen.insert(*p)).take(worm.packages).collect();
            if !packages.is_empty() {
                victims.push((i, packages));
            }
            if victims.len() == worm.accounts {
                break;
            }
        }
        victims
    }

    /// Packages that an account has published, then those of its team, or of all teams whose owner it is.
    fn owned(&self, actor: usize, pools: &FxHashMap<u32, Vec<u32>>) -> Vec<u32> {
        let who = &self.population.actors[actor];
        let own = &self.population.slots[who.slots as usize..][..self.lives[actor].created as usize];
        let mut seen: FxHashSet<u32> = own.iter().copied().collect();
        let mut all = own.to_vec();
        let stewarded =
            self.population.steward.as_ref().filter(|(i, _)| *i == actor).map(|(_, teams)| teams.as_slice());
        for team in stewarded.unwrap_or(&[who.team]) {
            all.extend(pools.get(team).into_iter().flatten().filter(|p| seen.insert(**p)));
        }
        all
    }
}

/// When each package falls: accounts at a growing pace, an account's packages one after the other, and those that fall twice
/// once more behind all of them.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "milliseconds")]
fn plan(worm: &Worm, at: i64, victims: &[(usize, Vec<u32>)]) -> Vec<Plan> {
    let length = (worm.minutes * MINUTE) as f64;
    let mut plans = Vec::new();
    for (victim, (actor, packages)) in victims.iter().enumerate() {
        // Exponential growth from one account to all of them: of a thousand, half of the time passes before thirty have fallen.
        let begins = length * (1.0 + victim as f64).ln() / (1.0 + victims.len() as f64).ln();
        let again = (packages.len() as f64 * worm.twice + draw(actor_seed(*actor), 0)) as usize;
        let again = if victims.len() == 1 { (packages.len() as f64 * worm.twice).round() as usize } else { again };
        let versions = packages.len() + again;
        // One account takes all the time there is; of many, each takes a second a version.
        let pace = if victims.len() == 1 { length / versions as f64 } else { 1_000.0 };
        let begins = begins.min((length - pace * versions as f64).max(0.0));
        for (k, package) in packages.iter().chain(&packages[..again.min(packages.len())]).enumerate() {
            let off = begins + pace * (k as f64 + draw(actor_seed(*actor), 1 + k as u64));
            plans.push(Plan { at: at + off.min(length) as i64, actor: *actor, package: *package, victim });
        }
    }
    plans
}

fn actor_seed(actor: usize) -> u64 {
    hash(0x7661_7374, actor as u64)
}
