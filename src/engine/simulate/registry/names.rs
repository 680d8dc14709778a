//! What accounts and packages are called, and where packages live: functions of their numbers and seeds, so that none of it
//! need be kept. Each appends to a string.

use std::fmt::Write;

use crate::engine::simulate::habits::pick;
use crate::engine::simulate::population::{Population, place};
use crate::engine::simulate::random::{draw, hash, hex12, push_name};

/// Name of an account.
pub(super) fn account(actor: usize, to: &mut String) {
    push_name(actor as u64 + 4_096, to);
}

/// Domain of an account's e-mail address: one of those that many have, with their shares of all, or its own.
pub(super) fn domain(actor: usize, seed: u64, shares: &[f64], to: &mut String) {
    let u = draw(seed, place::TRAITS + 4);
    let common: f64 = shares.iter().sum();
    if u < common {
        let _ = write!(to, "mail{}.example", pick(shares.iter().copied(), u / common) + 1);
    } else {
        account(actor, to);
        to.push_str(".example");
    }
}

/// Identifier of an account's e-mail address, after so many others.
pub(super) fn email(seed: u64, others: u32, to: &mut String) {
    let mut id = [0; 12];
    hex12(hash(seed, (1 << 50) + u64::from(others)), &mut id);
    to.push_str(std::str::from_utf8(&id).unwrap_or_default());
}

/// Name of a package: in its team's scope where the team has one repository.
pub(super) fn package(population: &Population, index: u32, to: &mut String) {
    let team = &population.teams[population.package_teams[index as usize] as usize];
    if team.mono {
        to.push('@');
        scope(team.seed, to);
        to.push('/');
    }
    push_name(u64::from(index) + (1 << 13), to);
}

/// Repository of a package, host/owner/name.
pub(super) fn repository(population: &Population, index: u32, to: &mut String) {
    let team = &population.teams[population.package_teams[index as usize] as usize];
    to.push_str("github.com/");
    scope(team.seed, to);
    to.push('/');
    if team.mono { push_name(team.seed >> 40, to) } else { package(population, index, to) }
}

fn scope(of_team: u64, to: &mut String) {
    push_name(of_team % (1 << 30), to);
}

/// Identifier of the trusted-publisher configuration of a package with this seed.
pub(super) fn configuration(seed: u64, to: &mut String) {
    let (a, b) = (hash(seed, 101), hash(seed, 102));
    let _ = write!(
        to,
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    );
}
