//! `verdict`: what a person concluded, recorded for good.

use super::super::answers::{Recorded, shown};
use super::super::asked::{self, Conclusion};
use super::super::judged::Judged;
use crate::archive::lookup::unknown_release;
use crate::archive::store::Archive;
use crate::archive::verdicts::Verdict;
use crate::error::Result;
use crate::names::ReleaseId;
use crate::review::store::{Given, Store};

/// Records a verdict about a release of the history.
pub(super) fn record(
    judged: &Judged,
    archive: &Archive,
    reviewer: &str,
    now: i64,
    asked: &asked::Decision,
) -> Result<Recorded> {
    let release: ReleaseId = asked.release.parse()?;
    judged
        .history
        .find(&release.registry, &release.package, &release.version)
        .ok_or_else(|| unknown_release(&release, &judged.history))?;
    let verdict = match asked.verdict {
        Conclusion::Benign => Verdict::Benign,
        Conclusion::Malicious => Verdict::Malicious,
        Conclusion::Unsure => Verdict::Unsure,
    };
    let given = Given {
        release: release.clone(),
        verdict,
        reason: asked.reason.clone(),
        reviewer: reviewer.to_owned(),
        at: now,
    };
    let number = Store::open(archive.dir()?)?.record(&given)?;
    Ok(Recorded {
        number,
        release: shown(&release),
        verdict: verdict.name().to_owned(),
        reviewer: reviewer.to_owned(),
        note: "the scores of this server stay as they were; they count it from its next start".to_owned(),
    })
}
