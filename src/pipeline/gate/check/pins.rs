//! Is an entry pinned: a version, a hash that was accepted, a host that was accepted?

use std::collections::BTreeMap;

use super::Checking;
use crate::acquire::lists::{List, Wanted};
use crate::error::printable;
use crate::names::NPM;
use crate::pipeline::gate::snapshot::Held;
use crate::report::gate::{Outcome, Problem, Reason};

/// The host that most entries of each registry come from; of equally frequent ones the first by name.
pub(super) fn usual_hosts(list: &List) -> BTreeMap<&str, &str> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for wanted in &list.wanted {
        for host in &wanted.hosts {
            *counts.entry((wanted.registry, host)).or_default() += 1;
        }
    }
    let mut usual: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for ((registry, host), count) in counts {
        let most = usual.entry(registry).or_insert((host, count));
        if count > most.1 {
            *most = (host, count);
        }
    }
    usual.into_iter().map(|(registry, (host, _))| (registry, host)).collect()
}

impl Checking<'_> {
    pub(super) fn pins(
        &self,
        wanted: &Wanted,
        held: Option<&Held>,
        hosts: &BTreeMap<&str, &str>,
        problems: &mut Vec<Problem>,
    ) {
        if wanted.version.is_none() {
            problems.push(Problem::new(
                Reason::NoVersion,
                self.policy.unpinned,
                "no version is pinned: what gets installed changes with every publish",
                "pin a version, with its hash",
            ));
        }
        self.integrity(wanted, held, problems);
        self.hosts(wanted, hosts, problems);
    }

    fn integrity(&self, wanted: &Wanted, held: Option<&Held>, problems: &mut Vec<Problem>) {
        if wanted.unhashed {
            problems.push(Problem::new(
                Reason::NoHash,
                self.policy.unpinned,
                "no hash is pinned: another file under the same version would be installed",
                "lock again with hashes; where the format has none, --unpinned warn",
            ));
        }
        if one_file(wanted.registry)
            && let Some(kind) = wanted.integrity.windows(2).find_map(|two| {
                let kind = kind_of(&two[0]);
                (kind == kind_of(&two[1])).then_some(kind)
            })
        {
            problems.push(Problem::new(
                Reason::IntegrityConflict,
                Outcome::Fail,
                format!("the file gives several {kind} hashes for it, and a version has one file"),
                "lock it again from the registry, and compare",
            ));
        }
        let Some(held) = held else { return };
        if let Some(what) = difference(wanted, held) {
            problems.push(Problem::new(
                Reason::IntegrityDiffers,
                Outcome::Fail,
                format!("{what} (accepted {})", printable(&held.accepted)),
                "a published version never changes: restore the lock file, or find out who served another file",
            ));
        }
    }

    fn hosts(&self, wanted: &Wanted, usual: &BTreeMap<&str, &str>, problems: &mut Vec<Problem>) {
        let accepted = self.accepted.and_then(|lock| lock.hosts.get(wanted.registry));
        for host in &wanted.hosts {
            let (outcome, says) = match accepted {
                Some(hosts) if hosts.contains(host) => continue,
                Some(_) => {
                    (self.policy.unpinned, format!("downloaded from {}, which was not accepted", printable(host)))
                }
                None if usual.get(wanted.registry) == Some(&host.as_str()) => continue,
                None => (
                    self.policy.unpinned.min(Outcome::Warn),
                    format!("downloaded from {}, unlike most entries", printable(host)),
                ),
            };
            problems.push(Problem::new(
                Reason::OtherHost,
                outcome,
                says,
                "check that the host is your registry; then accept it: --update --accept RELEASE",
            ));
        }
    }
}

/// Registries where a version has one file; elsewhere there is one a platform.
fn one_file(registry: &str) -> bool {
    registry == NPM || registry == "cargo"
}

/// `sha512` of `sha512-...` and of `sha512:...`.
fn kind_of(hash: &str) -> &str {
    hash.split(['-', ':']).next().unwrap_or_default()
}

/// How the hashes of an entry differ from those that were accepted. Fewer kinds or fewer files are no difference, as
/// long as there is one to compare.
fn difference(wanted: &Wanted, held: &Held) -> Option<String> {
    if held.integrity.is_empty() {
        return None;
    }
    if wanted.integrity.is_empty() {
        return Some("its accepted hash is gone".to_owned());
    }
    let comparable = |hash: &&String| held.integrity.iter().any(|other| kind_of(other) == kind_of(hash));
    let mut compared = wanted.integrity.iter().filter(comparable).peekable();
    if compared.peek().is_none() {
        return Some(format!("its hashes are of another kind, {}, than those accepted", kind_of(&wanted.integrity[0])));
    }
    let new = compared.find(|hash| !held.integrity.contains(*hash))?;
    Some(format!("{} is not among its accepted hashes", printable(new)))
}
