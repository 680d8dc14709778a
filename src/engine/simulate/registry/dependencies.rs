//! What packages are called, and which of them a package depends on.

use super::Registry;
use crate::engine::simulate::package::Package;
use crate::engine::simulate::population::Population;
use crate::engine::simulate::random::{Stream, draw, name};

impl Registry<'_> {
    /// Names dependencies: those drawn under numbers `from` and following, of which well-known packages are the most.
    pub(super) fn depend(&self, package: &mut Package, count: u32, from: u64) {
        let all = self.population.package_teams.len();
        let mut names = String::from(package.dependencies.text());
        for i in 0..u64::from(count) {
            let u = draw(package.seed, 1_000 + from + i);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a place in a list"
            )]
            let index = (all as f64 * u * u * u) as u32;
            let dependency = package_name(self.population, index);
            if dependency != package.name.text() && !names.split('|').any(|d| d == dependency) {
                if !names.is_empty() {
                    names.push('|');
                }
                names.push_str(&dependency);
            }
        }
        package.dependencies = names.into();
    }

    /// One name more or, as often, one less.
    pub(super) fn change_dependencies(&self, package: &mut Package, random: &mut Stream) {
        let names = package.dependencies.text();
        if random.happens(0.5) || names.is_empty() {
            self.depend(package, 1, random.bits() >> 20);
        } else {
            #[allow(clippy::cast_possible_truncation, reason = "a place in a list")]
            let out = random.bits() as usize % names.split('|').count();
            let left: Vec<&str> = names.split('|').enumerate().filter(|(i, _)| *i != out).map(|(_, d)| d).collect();
            package.dependencies = left.join("|").into();
        }
    }
}

/// Name of a package: in its team's scope where the team has one repository.
pub(super) fn package_name(population: &Population, index: u32) -> String {
    let team = &population.teams[population.package_teams[index as usize] as usize];
    let bare = name(u64::from(index) + (1 << 13));
    if team.mono { format!("@{}/{bare}", name(team.seed % (1 << 30))) } else { bare }
}
