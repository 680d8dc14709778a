//! On which packages a package depends.

use super::{Registry, names};
use crate::engine::simulate::package::Package;
use crate::engine::simulate::random::{Stream, draw};

impl Registry<'_> {
    /// Names dependencies of the package of number `own`: those drawn under numbers `from` and following, of which well-known packages are the most.
    pub(super) fn depend(&self, package: &mut Package, own: u32, count: u32, from: u64) {
        let all = self.population.package_teams.len();
        let mut listed = String::from(package.dependencies.text());
        let mut name = String::new();
        for i in 0..u64::from(count) {
            let u = draw(package.seed, 1_000 + from + i);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a place in a list"
            )]
            let index = (all as f64 * u * u * u) as u32;
            name.clear();
            names::package(self.population, index, &mut name);
            if index != own && !listed.split('|').any(|other| other == name) {
                if !listed.is_empty() {
                    listed.push('|');
                }
                listed.push_str(&name);
            }
        }
        package.dependencies = listed.into();
    }

    /// One name more or, as often, one less.
    pub(super) fn change_dependencies(&self, package: &mut Package, own: u32, random: &mut Stream) {
        let listed = package.dependencies.text();
        if random.happens(0.5) || listed.is_empty() {
            self.depend(package, own, 1, random.bits() >> 20);
        } else {
            #[allow(clippy::cast_possible_truncation, reason = "a place in a list")]
            let out = random.bits() as usize % listed.split('|').count();
            let left: Vec<&str> = listed.split('|').enumerate().filter(|(i, _)| *i != out).map(|(_, d)| d).collect();
            package.dependencies = left.join("|").into();
        }
    }
}
