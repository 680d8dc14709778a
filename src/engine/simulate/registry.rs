//! What the registry shows of a publish: packages as they stand, and the row that a publish writes.

mod dependencies;
mod names;
mod owners;
mod words;

use std::hint::black_box;

use self::owners::{Owners, introduce};
use self::words::Words;
use super::fit::month_of;
use super::habits::{Habits, Law, Quantiles, Year, pick};
use super::package::{Package, Step, Versions};
use super::population::{Population, Team, place};
use super::process::Style;
use super::random::{Stream, chance, draw, hash, hex12};
use super::worms::Guise;
use crate::archive::block::{Block, Mark, Repeated, place as column};
use crate::baseline::stance::DAY;

/// How a quantity returns to what it was at a package's first publish: what is left of the difference.
const RETURN: f64 = 0.97;
/// A release is never smaller or larger by more than this.
const SHRINKS: f64 = 0.05;
const GROWS: f64 = 20.0;

macro_rules! columns {
    ($($name:ident),+ $(,)?) => {
        /// Places of the columns that are written.
        struct Columns { $($name: usize,)+ }
        impl Columns {
            fn find() -> Self {
                Self { $($name: column(stringify!($name)),)+ }
            }
        }
    };
}

columns! {
    registry, package, version, published_at, removed, publisher, publisher_email_id, publisher_email_domain, auth_kind,
    trusted_publisher, oidc_config_id, approver, npm_version, node_version, provenance, signed, git_head, file_count,
    unpacked_size, install_scripts, install_script_id, dependencies, optional_dependencies, url_dependencies, maintainers,
    repository, deprecated, ci_workflow, ci_trigger, ci_ref_kind, ci_ref, ci_runner, ci_environment,
}

/// One publish.
pub struct Publish<'a> {
    /// When, milliseconds since the epoch.
    pub at: i64,
    /// By which account.
    pub actor: usize,
    /// Of which package.
    pub package: u32,
    /// What a worm makes of it.
    pub guise: Option<&'a Guise>,
}

/// An account as it is shown.
#[derive(Clone, Copy, Default)]
struct Face {
    name: Mark,
    domain: Mark,
    /// Its address, the one after so many others.
    email: (Mark, u32),
    /// It has published.
    introduced: bool,
}

/// Packages and accounts as the registry shows them.
pub struct Registry<'a> {
    habits: &'a Habits,
    population: &'a Population,
    columns: Columns,
    words: Words,
    shift: i64,
    first_day: i64,
    /// Year of each day, as a place in the habits.
    years: Vec<u16>,
    /// Packages that have been published.
    pub packages: Vec<Option<Package>>,
    owners: Vec<Owners>,
    faces: Vec<Face>,
    size: Law,
    growth: Law,
    files: Law,
    dependencies: Law,
    owned: Law,
    version: String,
    text: String,
}

impl<'a> Registry<'a> {
    /// A registry without a package; `shift` is added to every time that is written.
    #[must_use]
    pub fn new(habits: &'a Habits, population: &'a Population, shift: i64) -> Self {
        let first_day = habits.made.from.div_euclid(DAY);
        let last_year = habits.years.len() - 1;
        let years = (first_day..=habits.made.until.div_euclid(DAY)).map(|day| {
            let year = month_of(day * DAY).0 - habits.years[0].year;
            u16::try_from(year.clamp(0, i32::try_from(last_year).unwrap_or(0))).unwrap_or(0)
        });
        let p = &habits.publishes;
        let mut owners = vec![Owners::default(); population.teams.len()];
        if let Some((steward, teams)) = &population.steward {
            let mut name = String::new();
            names::account(*steward, &mut name);
            for team in teams {
                owners[*team as usize].steward = name.as_str().into();
            }
        }
        Self {
            habits,
            population,
            columns: Columns::find(),
            words: Words::of(habits),
            shift,
            first_day,
            years: years.collect(),
            packages: vec![None; population.package_teams.len()],
            owners,
            faces: vec![Face::default(); population.actors.len()],
            size: Law::new(&p.size),
            growth: Law::new(&Quantiles(p.growth.0.iter().map(|g| g.clamp(SHRINKS, GROWS).ln()).collect())),
            files: Law::new(&p.files),
            dependencies: Law::new(&p.dependencies),
            owned: Law::new(&p.owners),
            version: String::new(),
            text: String::new(),
        }
    }

    /// Facts of the year of a time.
    #[must_use]
    pub fn year(&self, at: i64) -> &'a Year {
        &self.habits.years[self.year_at(at)]
    }

    fn year_at(&self, at: i64) -> usize {
        let day = usize::try_from(at.div_euclid(DAY) - self.first_day).unwrap_or(0).min(self.years.len() - 1);
        usize::from(self.years[day])
    }

    /// Reads what publishes of these accounts, and of these packages of theirs, will need.
    pub(super) fn foresee(&self, publishes: &[(u32, u32)]) {
        let packages = || publishes.iter().map(|(_, package)| *package as usize);
        let teams = || packages().map(|package| self.population.package_teams[package] as usize);
        let all = || packages().filter_map(|package| self.packages[package].as_ref());
        let introduced = |actor: u32| self.faces[actor as usize].introduced;
        black_box(publishes.iter().fold(false, |any, (actor, _)| any ^ introduced(*actor)));
        black_box(teams().fold(0, |sum, team| sum ^ team));
        black_box(all().fold(0, |sum, package| sum ^ package.touch()));
        black_box(teams().fold(0, |sum, team| sum ^ self.population.teams[team].seed));
        let texts = all().map(|package| &package.dependencies).chain(teams().map(|team| &self.owners[team].text));
        black_box(texts.fold(0, |sum, text| sum ^ text.touch()));
    }

    /// Writes the row of a publish, and lets the package be what it is afterwards.
    pub fn publish(&mut self, publish: &Publish, style: &Style, random: &mut Stream, block: &mut Block) {
        let year = self.year(publish.at);
        let team_at = self.population.package_teams[publish.package as usize] as usize;
        let team = &self.population.teams[team_at];
        let mut package =
            self.packages[publish.package as usize].take().unwrap_or_else(|| self.first(publish.package, team));
        self.next_version(&mut package, style, publish.guise.is_some());
        let c = &self.columns;
        block.begin();
        block.repeated(c.registry, &mut self.words.npm);
        block.marked(c.package, &mut package.name, |to| names::package(self.population, publish.package, to));
        block.text(c.version, &self.version);
        block.number(c.published_at, publish.at + self.shift);
        let noise = random.bits();
        let removed = publish.guise.is_none() && chance(noise, 0) < year.removed;
        block.flag(c.removed, removed);
        block.flag(c.signed, !removed && chance(noise, 1) < year.signed);
        block.flag(c.deprecated, !removed && chance(noise, 2) < year.deprecated);
        if !removed {
            let trusted = publish.guise.is_none() && publish.at >= team.adopts.trusted;
            self.people(publish, style, &mut package, team_at, trusted, noise, block);
            self.build(publish, style, &package, team, trusted, block);
            self.contents(publish, &mut package, year, random, block);
        }
        self.packages[publish.package as usize] = Some(package);
    }

    fn first(&self, index: u32, team: &Team) -> Package {
        let seed = hash(team.seed, u64::from(index));
        let starts = [[0, 0, 1], [0, 1, 0], [1, 0, 0]];
        let first = starts[pick(self.habits.publishes.first.iter().copied(), draw(seed, 1))];
        let mut package = Package {
            seed,
            name: Mark::default(),
            repository: Mark::default(),
            configuration: Mark::default(),
            dependencies: Repeated::default(),
            versions: Versions::default(),
            size: (self.size.at(draw(seed, 2)).max(200.0).ln(), 0.0),
            files: self.files.at(draw(seed, 3)).max(1.0),
            hook_texts: 0,
            first,
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of names")]
        let count = self.dependencies.at(draw(seed, 4)).round() as u32;
        self.depend(&mut package, index, count, 0);
        package
    }

    fn next_version(&mut self, package: &mut Package, style: &Style, is_worm: bool) {
        self.version.clear();
        let (first, text) = (package.first, &mut self.version);
        if is_worm {
            package.versions.stable(Step::Patch, first, text);
        } else if style.preview {
            let channels = &self.habits.publishes.channels;
            let channel = pick(channels.iter().map(|w| w.1), draw(package.seed, 5));
            package.versions.preview(&channels[channel].0, first, text);
        } else {
            package.versions.stable(style.step, first, text);
        }
    }

    /// Who published, and who owns it.
    #[allow(clippy::too_many_arguments, reason = "one publish, seen from all sides")]
    fn people(
        &mut self,
        publish: &Publish,
        style: &Style,
        package: &mut Package,
        team_at: usize,
        trusted: bool,
        noise: u64,
        block: &mut Block,
    ) {
        let c = &self.columns;
        let year = self.year(publish.at);
        let face = &mut self.faces[publish.actor];
        if !std::mem::replace(&mut face.introduced, true) {
            let (owners, team) = (&mut self.owners[team_at], &self.population.teams[team_at]);
            self.text.clear();
            names::account(publish.actor, &mut self.text);
            introduce(owners, &self.text, team, &self.owned);
        }
        block.repeated(c.maintainers, &mut self.owners[team_at].text);
        if trusted {
            let words = &mut self.words;
            for (column, word) in
                [c.publisher, c.publisher_email_id, c.publisher_email_domain].into_iter().zip(&mut words.trusted)
            {
                block.repeated(column, word);
            }
            block.repeated(c.auth_kind, &mut words.trusted_publisher);
            block.repeated(c.trusted_publisher, &mut words.github);
            block.marked(c.oidc_config_id, &mut package.configuration, |to| names::configuration(package.seed, to));
            if chance(noise, 3) < year.approved {
                block.marked(c.approver, &mut face.name, |to| names::account(publish.actor, to));
            }
        } else if publish.guise.is_some() || chance(noise, 3) >= year.unnamed {
            let seed = self.population.actors[publish.actor].seed;
            block.marked(c.publisher, &mut face.name, |to| names::account(publish.actor, to));
            if face.email.1 != style.emails {
                face.email = (Mark::default(), style.emails);
            }
            block.marked(c.publisher_email_id, &mut face.email.0, |to| names::email(seed, style.emails, to));
            let shares = &self.habits.publishes.domains;
            block.marked(c.publisher_email_domain, &mut face.domain, |to| {
                names::domain(publish.actor, seed, shares, to);
            });
            block.repeated(c.auth_kind, &mut self.words.account);
        }
    }

    /// What built it: client, runtime, commit, workflow, provenance.
    fn build(
        &mut self,
        publish: &Publish,
        style: &Style,
        package: &Package,
        team: &Team,
        trusted: bool,
        block: &mut Block,
    ) {
        let c = &self.columns;
        let year_at = self.year_at(publish.at);
        let year = &self.habits.years[year_at];
        let clients = &mut self.words.clients[year_at];
        let seed = self.population.actors[publish.actor].seed;
        if let Some(guise) = publish.guise {
            let at = usize::from(guise.client) % clients.len();
            let [client, runtime] = &mut clients[at];
            block.repeated(c.npm_version, client);
            block.repeated(c.node_version, runtime);
            return;
        }
        if !clients.is_empty() && draw(seed, place::TRAITS + 5) < year.client {
            let at = usize::from(style.client).min(clients.len() - 1);
            let [client, runtime] = &mut clients[at];
            block.repeated(c.npm_version, client);
            if draw(seed, place::TRAITS + 6) < year.runtime {
                block.repeated(c.node_version, runtime);
            }
        }
        let of = if team.mono { team.seed } else { package.seed };
        if f64::from(team.commit) < year.git_head {
            let mut head = [0; 12];
            hex12(hash(style.commit, of), &mut head);
            block.text(c.git_head, std::str::from_utf8(&head).unwrap_or_default());
        }
        if publish.at >= team.adopts.provenance {
            let predicates = &self.habits.publishes.provenance;
            let predicate = pick(predicates.iter().map(|w| w.1), draw(team.seed, 7));
            block.repeated(c.provenance, &mut self.words.predicates[predicate]);
            if draw(team.seed, 8) < year.ci {
                self.workflow(team, trusted, block);
            }
        }
    }

    fn workflow(&mut self, team: &Team, trusted: bool, block: &mut Block) {
        let (c, p, words) = (&self.columns, &self.habits.publishes, &mut self.words);
        // A team moves to another workflow when it moves to trusted publishing, or it does not.
        let era = u64::from(trusted && draw(team.seed, 9) < 0.4);
        let path = pick(p.workflows.iter().copied(), draw(team.seed, 20 + era)) % words.workflows.len();
        block.repeated(c.ci_workflow, &mut words.workflows[path]);
        let trigger = pick(p.triggers.iter().map(|w| w.1), draw(team.seed, 30));
        block.repeated(c.ci_trigger, &mut words.triggers[trigger]);
        if draw(team.seed, 40) < p.tags {
            block.repeated(c.ci_ref_kind, &mut words.tag);
            self.text.clear();
            self.text.push_str("refs/tags/v");
            self.text.push_str(&self.version);
            block.text(c.ci_ref, &self.text);
        } else {
            block.repeated(c.ci_ref_kind, &mut words.branch);
            block.repeated(c.ci_ref, &mut words.main);
        }
        block.repeated(c.ci_runner, &mut words.hosted);
        if draw(team.seed, 50) < p.environments {
            block.repeated(c.ci_environment, &mut words.npm);
        }
    }

    /// What is in it.
    fn contents(
        &mut self,
        publish: &Publish,
        package: &mut Package,
        year: &Year,
        random: &mut Stream,
        block: &mut Block,
    ) {
        let c = &self.columns;
        let p = &self.habits.publishes;
        package.size.1 = package.size.1 * RETURN + self.growth.at(random.unit());
        let payload = publish.guise.map_or(0.0, |g| g.payload);
        if package.has(60, year.sized) {
            let by_now = package.size.1.clamp(-8.0, 8.0);
            #[allow(clippy::cast_possible_truncation, reason = "bytes and files of a package")]
            let (size, files) = (
                ((package.size.0 + by_now).exp() + payload) as i64,
                (package.files * (by_now / 2.0).exp()).round().max(1.0) as i64 + publish.guise.map_or(0, |g| g.files),
            );
            block.number(c.unpacked_size, size);
            block.number(c.file_count, files);
        }
        let hooked = package.has(61, year.hooks);
        if let Some(guise) = publish.guise {
            block.repeated(c.install_scripts, &mut self.words.preinstall);
            block.text(c.install_script_id, &guise.hook);
        } else if hooked {
            if random.happens(p.hooks_change) {
                package.hook_texts += 1;
            }
            let mut id = [0; 12];
            hex12(hash(package.seed, 200 + u64::from(package.hook_texts)), &mut id);
            let hook = pick(p.hooks.iter().map(|w| w.1), draw(package.seed, 62));
            block.repeated(c.install_scripts, &mut self.words.hooks[hook]);
            block.text(c.install_script_id, std::str::from_utf8(&id).unwrap_or_default());
        }
        if publish.guise.is_none() && random.happens(p.dependencies_change) {
            self.change_dependencies(package, publish.package, random);
        }
        block.repeated(c.dependencies, &mut package.dependencies);
        for (column, what, share) in [(c.optional_dependencies, 63, year.optional), (c.url_dependencies, 64, year.url)]
        {
            if package.has(what, share)
                && let Some(first) = package.dependencies.text().split('|').next().filter(|name| !name.is_empty())
            {
                block.text(column, first);
            }
        }
        if package.has(65, year.repository) {
            block.marked(c.repository, &mut package.repository, |to| {
                names::repository(self.population, publish.package, to);
            });
        }
    }
}
