//! Which use of a token a publish was.
//!
//! A use that names the package and the version joins exactly. Of the others, a use joins a publish of the same account
//! within a window where each is the only candidate of the other; what may mean several is counted and never guessed.
//! Names and times alone decide, so that the result does not depend on the order of the input. One call is about one
//! registry, or about registries that share accounts: a log names no registry.
//!
//! Every step is a sort or a search in what is sorted, so that the cost is that of sorting.

use std::collections::{HashMap, HashSet};

use super::label::Labels;
use crate::acquire::owner::{Log, Token, Use};

/// The window within which a use and a publish by one account may be the same act, in milliseconds: registries state
/// the time at which the upload was complete, logs that of the request.
pub const WINDOW_MS: i64 = 120_000;

/// A publish as the registry shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Registry id.
    pub registry: &'a str,
    /// Package name.
    pub package: &'a str,
    /// Version.
    pub version: &'a str,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The account, where the registry shows one.
    pub actor: Option<&'a str>,
}

/// What a join rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The log names the version.
    NamedVersion,
    /// The only publish of the account within the window, and the only use.
    TimeAndActor,
}

impl How {
    /// For reports.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NamedVersion => "named version",
            Self::TimeAndActor => "time and actor",
        }
    }
}

/// The credential behind a publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Index of the publish.
    pub publish: usize,
    /// The token's key, or what the log calls it where the inventory does not have it.
    pub token_id: Option<String>,
    /// When the token was minted, in milliseconds since the Unix epoch.
    pub token_created_at: Option<i64>,
    /// Country of the client.
    pub country: Option<String>,
    /// What is kept of the client's address.
    pub network: Option<String>,
    /// The account that the log names.
    pub actor: Option<String>,
    /// When the log saw the use, in milliseconds since the Unix epoch.
    pub used_at: i64,
    /// Whose log this is: a token of GitHub's log is no token of a package registry.
    pub log: Log,
    /// What the join rests on.
    pub how: How,
}

/// A publish that may have been several uses, or whose use may have been several publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    /// Index of the publish.
    pub publish: usize,
    /// How many uses may have been it.
    pub candidates: usize,
}

/// What joins, and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// The joined publishes, in their order.
    pub credentials: Vec<Credential>,
    /// The publishes with too many candidates, in their order.
    pub ambiguous: Vec<Ambiguous>,
    /// Publishes that no use fits. Joined, ambiguous and unmatched ones are all there are.
    pub unmatched_publishes: usize,
    /// Publish-like uses that fit no publish.
    pub unmatched_uses: usize,
    /// Publish-like uses that fit a publish and were not joined to it: repetitions, and those of ambiguous ones.
    pub undecided_uses: usize,
    /// Indices of the unmatched uses that name a package which is among the publishes: used, and nothing published.
    pub nothing_published: Vec<usize>,
    /// Joined credentials whose token is not in the inventory.
    pub unknown_tokens: usize,
}

/// Whether an action is the publish of a package: `publish`, `package:publish`, `npm.publish`,
/// `packages.package_version_published`, `packages.version_upload`; not `unpublish`, not `release.publish`.
#[must_use]
pub fn is_publish(action: &str) -> bool {
    const SUBJECTS: &[&str] = &["package", "packages", "version", "npm", "pypi", "gem", "gems", "crate", "registry"];
    let lower = action.to_ascii_lowercase();
    let mut words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let last = words.pop();
    matches!(last, Some("publish" | "published" | "upload" | "uploaded"))
        && (words.is_empty() || words.iter().any(|word| SUBJECTS.contains(word)))
        // A part of a package uploaded to GitHub is no version of it yet.
        && !words.contains(&"part")
}

/// Joins publishes to uses; see the module. `tokens` says when each was minted. A negative window is none.
#[must_use]
pub fn join(publishes: &[Publish<'_>], tokens: &[Token], uses: &[Use], window_ms: i64) -> Joined {
    let labels = Labels::new(tokens);
    let mut work = Work {
        publishes,
        uses,
        window: window_ms.max(0),
        labels: &labels,
        settled: vec![false; publishes.len()],
        out: Joined::default(),
    };
    let unnamed = work.by_version();
    work.by_time(unnamed);
    let mut out = work.out;
    out.unmatched_publishes = work.settled.iter().filter(|settled| !**settled).count();
    out.credentials.sort_unstable_by_key(|credential| credential.publish);
    out.ambiguous.sort_unstable_by_key(|ambiguous| ambiguous.publish);
    out.nothing_published.sort_unstable();
    let is_unknown =
        |credential: &&Credential| credential.token_id.as_deref().is_some_and(|id| labels.token(id).is_none());
    out.unknown_tokens = out.credentials.iter().filter(is_unknown).count();
    out
}

/// Moments by a key, sorted, each with what it is the moment of.
struct Moments<K>(Vec<(K, i64, usize)>);

impl<K: Ord + Copy> Moments<K> {
    fn new(mut moments: Vec<(K, i64, usize)>) -> Self {
        moments.sort_unstable();
        Self(moments)
    }

    /// Those of a key that lie within a window around a time.
    fn near(&self, key: K, at: i64, window: i64) -> &[(K, i64, usize)] {
        let (from, to) = (at.saturating_sub(window), at.saturating_add(window));
        let begin = self.0.partition_point(|&(k, t, _)| (k, t) < (key, from));
        let end = self.0.partition_point(|&(k, t, _)| (k, t) <= (key, to));
        &self.0[begin..end]
    }
}

struct Work<'a> {
    publishes: &'a [Publish<'a>],
    uses: &'a [Use],
    window: i64,
    labels: &'a Labels<'a>,
    /// Whether a publish is joined or ambiguous.
    settled: Vec<bool>,
    out: Joined,
}

impl<'a> Work<'a> {
    /// Joins what names its version; gives the other publish-like uses.
    fn by_version(&mut self) -> Vec<usize> {
        let mut groups: HashMap<(&str, &str), (usize, usize)> = HashMap::new();
        let mut group_of = Vec::with_capacity(self.publishes.len());
        for publish in self.publishes {
            let next = groups.len();
            let group = groups.entry((publish.package, publish.version)).or_insert((next, 0));
            group.1 += 1;
            group_of.push(group.0);
        }
        let watched: HashSet<&str> = self.publishes.iter().map(|publish| publish.package).collect();
        let moments = Moments::new((0..group_of.len()).map(|p| (group_of[p], self.publishes[p].at, p)).collect());
        let (mut pairs, mut doubtful, mut unnamed) = (Vec::new(), Vec::new(), Vec::new());
        for (index, used) in self.uses.iter().enumerate().filter(|(_, used)| is_publish(&used.action)) {
            let (Some(package), Some(version)) = (used.package.as_deref(), used.version.as_deref()) else {
                unnamed.push(index);
                continue;
            };
            let Some(&(group, size)) = groups.get(&(package, version)) else {
                self.miss(index, watched.contains(package));
                continue;
            };
            // One version of two registries, or one that was published twice: the clock decides, or nothing does.
            let window = if size == 1 { i64::MAX } else { self.window };
            match moments.near(group, used.at, window) {
                [(_, _, publish)] => pairs.push((*publish, index)),
                [] => self.miss(index, true),
                _ => doubtful.push((group, used.at, index)),
            }
        }
        self.settle_named(pairs);
        self.out.undecided_uses += doubtful.len();
        let doubtful = Moments::new(doubtful);
        for (publish, group) in group_of.into_iter().enumerate() {
            let candidates = doubtful.near(group, self.publishes[publish].at, self.window).len();
            if candidates > 0 && !self.settled[publish] {
                self.leave(publish, candidates);
            }
        }
        unnamed
    }

    /// Joins each publish with what names it, unless that are several tokens.
    fn settle_named(&mut self, mut pairs: Vec<(usize, usize)>) {
        pairs.sort_unstable();
        for run in pairs.chunk_by(|a, b| a.0 == b.0) {
            let publish = run[0].0;
            let all = || run.iter().map(|&(_, used)| &self.uses[used]);
            let token = only(all().filter_map(|used| used.token.as_deref()).map(|label| self.labels.id(label)));
            if token == Only::Several {
                self.out.undecided_uses += run.len();
                self.leave(publish, run.len());
                continue;
            }
            let at = self.publishes[publish].at;
            let rank = |used: &&Use| (used.token.is_none(), used.at.abs_diff(at));
            let Some(best) = all().min_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b))) else {
                continue;
            };
            let country = match only(all().filter_map(|used| used.country.as_deref())) {
                Only::One(country) => Some(country.to_owned()),
                Only::None | Only::Several => None,
            };
            self.out.undecided_uses += run.len() - 1;
            self.join(publish, best, country, How::NamedVersion);
        }
    }

    /// Joins what is left by account and time.
    fn by_time(&mut self, unnamed: Vec<usize>) {
        let mut names: HashMap<&str, u32> = HashMap::new();
        let mut sym = |name: &'a str| {
            let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
            *names.entry(name).or_insert(next)
        };
        let (mut of_actor, mut of_package) = (Vec::new(), Vec::new());
        for (index, publish) in self.publishes.iter().enumerate() {
            if let Some(actor) = publish.actor {
                let (actor, package) = (sym(actor), sym(publish.package));
                of_actor.push((actor, publish.at, index));
                of_package.push(((actor, package), publish.at, index));
            }
        }
        let (of_actor, of_package) = (Moments::new(of_actor), Moments::new(of_package));
        let watched: HashSet<&str> = self.publishes.iter().map(|publish| publish.package).collect();
        let (mut bare, mut with_package) = (Vec::new(), Vec::new());
        let mut alone = vec![false; self.uses.len()];
        for index in unnamed {
            let used = &self.uses[index];
            let package = used.package.as_deref();
            let near = used.actor.as_deref().map_or(0, |actor| {
                let actor = sym(actor);
                if let Some(package) = package {
                    let key = (actor, sym(package));
                    with_package.push((key, used.at, index));
                    of_package.near(key, used.at, self.window).len()
                } else {
                    bare.push((actor, used.at, index));
                    of_actor.near(actor, used.at, self.window).len()
                }
            });
            if near == 0 {
                self.miss(index, package.is_some_and(|package| watched.contains(package)));
            } else {
                alone[index] = near == 1;
                self.out.undecided_uses += 1;
            }
        }
        let (bare, with_package) = (Moments::new(bare), Moments::new(with_package));
        for (publish, of) in self.publishes.iter().enumerate() {
            let Some(actor) = of.actor.filter(|_| !self.settled[publish]) else {
                continue;
            };
            let (actor, package) = (sym(actor), sym(of.package));
            let anything = bare.near(actor, of.at, self.window);
            let this = with_package.near((actor, package), of.at, self.window);
            match (anything, this) {
                ([], []) => {}
                ([(_, _, used)], []) | ([], [(_, _, used)]) if alone[*used] => {
                    self.out.undecided_uses -= 1;
                    let used = &self.uses[*used];
                    self.join(publish, used, used.country.clone(), How::TimeAndActor);
                }
                _ => self.leave(publish, anything.len() + this.len()),
            }
        }
    }

    fn join(&mut self, publish: usize, used: &Use, country: Option<String>, how: How) {
        self.settled[publish] = true;
        let token = used.token.as_deref();
        self.out.credentials.push(Credential {
            publish,
            token_id: token.map(|label| self.labels.id(label).to_owned()),
            token_created_at: token.and_then(|label| self.labels.token(label)).and_then(|token| token.created),
            country,
            network: used.network.clone(),
            actor: used.actor.clone(),
            used_at: used.at,
            log: used.log,
            how,
        });
    }

    fn leave(&mut self, publish: usize, candidates: usize) {
        self.settled[publish] = true;
        self.out.ambiguous.push(Ambiguous { publish, candidates });
    }

    fn miss(&mut self, used: usize, is_watched: bool) {
        self.out.unmatched_uses += 1;
        if is_watched {
            self.out.nothing_published.push(used);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only<'a> {
    None,
    One(&'a str),
    Several,
}

/// The one value that all of them are.
fn only<'a>(values: impl Iterator<Item = &'a str>) -> Only<'a> {
    values.fold(Only::None, |known, value| match known {
        Only::None => Only::One(value),
        Only::One(one) if one == value => known,
        Only::One(_) | Only::Several => Only::Several,
    })
}
