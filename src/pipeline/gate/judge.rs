//! What a history says of the packages that a list locks: one fold, every version of them judged at its publish.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::{Means, tell_apart};
use crate::acquire::lists::List;
use crate::archive::history::{Event, History};
use crate::archive::vocabulary::Sym;
use crate::detect::alert::Finding;
use crate::detect::model::Model;
use crate::engine::embedded::fold_under;
use crate::engine::policy::Policy;
use crate::engine::window::Window;
use crate::report::progress::Progress;

/// p-value at which a later alert may raise a publish that is below the budget: the budget of the raising alerts.
const RAISING: f64 = crate::engine::policy::ALERTED;

/// One version of a locked package.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// Position in the history.
    pub(super) index: usize,
    /// Share of past publishes that scored at least as high; that of the alert that raised it, if one did.
    pub(super) rarest: f64,
    /// Little could be judged.
    pub(super) hardly: bool,
}

/// What is known.
pub(super) struct Known<'h> {
    /// The history.
    pub(super) history: &'h History,
    /// Versions of the locked packages in the order of time.
    pub(super) packages: FxHashMap<(Sym, Sym), Vec<Version>>,
    /// The locked versions in full, by position.
    pub(super) findings: FxHashMap<usize, Finding>,
}

/// Judges every version of the locked packages, each from what came before it. What a later alert or a surge raised
/// is told.
pub(super) fn judge<'h>(history: &'h History, model: &Model, policy: &Policy, list: &List, means: &Means) -> Known<'h> {
    let words = &history.words;
    let mut known = Known { history, packages: FxHashMap::default(), findings: FxHashMap::default() };
    let mut locked: FxHashSet<[Sym; 3]> = FxHashSet::default();
    for wanted in &list.wanted {
        let (Some(registry), Some(package)) = (words.find(wanted.registry), words.find(&wanted.name)) else { continue };
        known.packages.entry((registry, package)).or_default();
        if let Some(version) = wanted.version.as_deref().and_then(|version| words.find(version)) {
            locked.insert([registry, package, version]);
        }
    }
    let is_locked = |event: &Event| locked.contains(&[event.registry, event.package, event.version]);
    let since = history.events.iter().find(|event| is_locked(event)).map_or(i64::MAX, |event| event.at);
    let mut window = Window::new(since, RAISING);
    let mut progress = Progress::new("judging", history.events.len(), means.terminal.quiet);
    fold_under(history, model, policy, |assessed| {
        progress.at(assessed.index);
        window.note(assessed);
        let event = assessed.look.event;
        let Some(versions) = known.packages.get_mut(&(event.registry, event.package)) else { return };
        let hardly = crate::detect::alert::hardly_judged(assessed.look).is_some();
        versions.push(Version { index: assessed.index, rarest: assessed.p_value, hardly });
        if is_locked(event) {
            let mut finding = Finding::new(assessed.look, assessed.assessment, model, assessed.p_value);
            tell_apart(&mut finding);
            known.findings.insert(assessed.index, finding);
        }
    });
    drop(progress);
    let grouped = window.close(history);
    for (index, finding) in &mut known.findings {
        grouped.mark(*index, finding);
    }
    for version in known.packages.values_mut().flatten() {
        if let Some(raised) = grouped.raised.get(&version.index) {
            version.rarest = version.rarest.min(raised.p_value);
        }
    }
    known
}

impl Known<'_> {
    /// Versions of a package in the order of time; `None` where the archive does not know the package.
    pub(super) fn versions(&self, registry: &str, package: &str) -> Option<&[Version]> {
        let words = &self.history.words;
        let versions = self.packages.get(&(words.find(registry)?, words.find(package)?))?;
        (!versions.is_empty()).then_some(versions)
    }

    /// The publish of a version.
    pub(super) fn event(&self, version: &Version) -> &Event {
        &self.history.events[version.index]
    }
}
