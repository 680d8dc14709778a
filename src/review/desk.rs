//! The desk at which people look at alerts: what was scored, what was concluded, and what is still open.
//!
//! [`routes`] serves it to a browser on this machine, through [`door`]; `pages`, `alert_page` and `answers` are what is
//! shown, [`around`] is what happened around one alert.

mod alert_page;
mod answers;
pub mod around;
pub mod door;
mod pages;
pub mod routes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::store::{Given, Kept, Store};
use crate::archive::history::History;
use crate::archive::verdicts::Verdict;
use crate::detect::alert::Finding;
use crate::engine::campaign::Campaign;
use crate::error::Result;
use crate::names::ReleaseId;
use crate::report::view::View;

/// A history that was scored.
pub struct Scored {
    /// What was found in its window.
    pub view: View,
    /// The history, to its end.
    pub history: History,
    /// The score of every event, hundredths.
    pub points: Vec<i32>,
    /// The newest verdict that took part in it; 0 where there was none.
    pub taught_by: i64,
}

/// Scores the archive as it is now.
pub type Score = Box<dyn Fn() -> Result<Scored> + Send + Sync>;

/// Every verdict, and which of them hold.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Every one, in the order in which they were recorded.
    pub all: Vec<Kept>,
    /// What holds.
    pub latest: BTreeMap<ReleaseId, Kept>,
}

impl Held {
    /// The number of the newest verdict; 0 where there is none.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.all.last().map_or(0, |kept| kept.id)
    }

    /// What was concluded about a finding.
    #[must_use]
    pub fn standing(&self, finding: &Finding) -> Standing<'_> {
        match self.latest.get(&finding.release) {
            None => Standing::Open,
            Some(kept) if kept.given.verdict == Verdict::Unsure => Standing::Unsure(kept),
            Some(kept) => Standing::Done(kept),
        }
    }
}

/// How far a finding has come.
#[derive(Clone, Copy, Debug)]
pub enum Standing<'a> {
    /// Nobody has looked at it.
    Open,
    /// Somebody looked at it without a conclusion.
    Unsure(&'a Kept),
    /// Somebody concluded something.
    Done(&'a Kept),
}

/// What became of verdicts that were given.
#[derive(Debug)]
pub enum Decision {
    /// They are kept under these numbers.
    Recorded(Vec<i64>),
    /// Somebody decided what they had not seen: nothing was recorded.
    Overtaken(Vec<Kept>),
}

/// Findings that are told together.
pub struct Bundle<'a> {
    /// The campaign, where it has several members.
    pub campaign: Option<&'a Campaign>,
    /// Its findings, the highest score first.
    pub findings: Vec<&'a Finding>,
}

/// The desk.
pub struct Desk {
    /// In whose name verdicts are recorded.
    pub reviewer: String,
    scored: RwLock<Arc<Scored>>,
    again: Mutex<()>,
    score: Score,
    store: Mutex<(Store, Arc<Held>)>,
    clock: fn() -> i64,
}

impl Desk {
    /// Opens the desk of an archive: scores it once, and opens its verdicts.
    ///
    /// # Errors
    /// When it cannot be scored, or its verdicts cannot be opened.
    pub fn open(archive_dir: &Path, reviewer: String, clock: fn() -> i64, score: Score) -> Result<Self> {
        let verdicts = Mutex::new((Store::open(archive_dir)?, Arc::default()));
        let first = RwLock::new(Arc::new(score()?));
        Ok(Self { reviewer, scored: first, again: Mutex::default(), score, store: verdicts, clock })
    }

    /// What was scored last.
    #[must_use]
    pub fn scored(&self) -> Arc<Scored> {
        self.scored.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Scores the archive again. What was shown before stays until that is done, and where it fails.
    ///
    /// # Errors
    /// When the archive cannot be scored.
    pub fn score_again(&self) -> Result<()> {
        // Two at once would only do the same work twice.
        let _one = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Arc::new((self.score)()?);
        *self.scored.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Every verdict, those that others recorded in the meantime among them.
    ///
    /// # Errors
    /// When the verdicts cannot be read.
    pub fn held(&self) -> Result<Arc<Held>> {
        let mut store = self.store();
        let fresh = store.0.after(store.1.last())?;
        if !fresh.is_empty() {
            let held = Arc::make_mut(&mut store.1);
            for kept in fresh {
                held.latest.insert(kept.given.release.clone(), kept.clone());
                held.all.push(kept);
            }
        }
        Ok(store.1.clone())
    }

    /// Records one verdict about each of several releases, all or none; none where somebody has recorded one about any
    /// of them after the verdict number `seen`.
    ///
    /// # Errors
    /// When there is no reason, or the verdicts cannot be written.
    pub fn decide(&self, releases: &[ReleaseId], verdict: Verdict, reason: &str, seen: i64) -> Result<Decision> {
        let at = (self.clock)();
        let given: Vec<Given> = releases
            .iter()
            .map(|release| Given {
                release: release.clone(),
                verdict,
                reason: reason.trim().to_owned(),
                reviewer: self.reviewer.clone(),
                at,
            })
            .collect();
        let mut overtaken = Vec::new();
        let numbers = self.store().0.record_if(&given, |latest| {
            overtaken = releases.iter().filter_map(|r| latest.get(r)).filter(|kept| kept.id > seen).cloned().collect();
            overtaken.is_empty()
        })?;
        Ok(numbers.map_or(Decision::Overtaken(overtaken), Decision::Recorded))
    }

    fn store(&self) -> MutexGuard<'_, (Store, Arc<Held>)> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scored {
    /// The finding with this id, suppressed ones among them.
    #[must_use]
    pub fn finding(&self, id: &str) -> Option<&Finding> {
        let suppressed = self.view.suppressed.iter().map(|suppressed| &suppressed.finding);
        self.view.findings.iter().chain(suppressed).find(|finding| finding.id() == id)
    }

    /// The findings that are `wanted`, by campaign, where the highest of each stands.
    #[must_use]
    pub fn bundles(&self, wanted: impl Fn(&Finding) -> bool) -> Vec<Bundle<'_>> {
        let several: BTreeMap<&str, &Campaign> =
            self.view.campaigns.iter().filter(|c| c.members.len() > 1).map(|c| (c.id.as_str(), c)).collect();
        let campaign_of =
            |finding: &Finding| finding.campaign.as_ref().and_then(|of| several.get(of.id.as_str()).copied());
        let mut members: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in self.view.findings.iter().filter(|finding| wanted(finding)) {
            if let Some(campaign) = campaign_of(finding) {
                members.entry(&campaign.id).or_default().push(finding);
            }
        }
        let mut told = BTreeSet::new();
        let mut bundles = Vec::new();
        for finding in self.view.findings.iter().filter(|finding| wanted(finding)) {
            match campaign_of(finding) {
                None => bundles.push(Bundle { campaign: None, findings: vec![finding] }),
                Some(campaign) if told.insert(&campaign.id) => bundles.push(Bundle {
                    campaign: Some(campaign),
                    findings: members.remove(campaign.id.as_str()).unwrap_or_default(),
                }),
                Some(_) => {}
            }
        }
        bundles
    }
}
