//! `timeline`: the publishes of a package or of a publisher.

use super::super::answers::{Instant, Timeline};
use super::super::asked;
use super::super::judged::Judged;
use crate::archive::history::Event;
use crate::archive::lookup::known;
use crate::engine::investigate::{Moment, describe};
use crate::error::{Error, Result};
use crate::names::PackageId;
use crate::pipeline::score::time;

/// Answers `timeline`.
pub(super) fn timeline(judged: &Judged, asked: &asked::Timeline) -> Result<Timeline> {
    let history = &judged.history;
    let before = asked.before.as_deref().map_or(Ok(i64::MAX), |text| time(text, "before"))?;
    let positions: Vec<usize> = match (&asked.package, &asked.publisher) {
        (Some(package), None) => {
            let id: PackageId = package.parse()?;
            let package = known(std::slice::from_ref(&id.name), "package", history, |e| e.package)?;
            let registry = history.words.find(&id.registry);
            positions(&history.events, |e| package.contains(&e.package) && Some(e.registry) == registry, before)
        }
        (None, Some(publisher)) => {
            let actor = known(std::slice::from_ref(publisher), "publisher", history, |e| e.actor)?;
            positions(&history.events, |e| actor.contains(&e.actor), before)
        }
        _ => {
            return Err(Error::usage("a timeline is of one package or of one publisher")
                .remedy("give either `package` or `publisher`"));
        }
    };
    let limit = asked.limit.unwrap_or(asked::USUAL).clamp(1, asked::MOST);
    let cut = positions.len().saturating_sub(limit);
    let folded = judged.folded();
    let publishes = positions[cut..].iter().map(|&at| {
        let row = folded.rows[at];
        let event = &judged.history.events[at];
        let moment = Moment { points: row.points, ..describe(event, &judged.history.words) };
        Instant::new(&moment, Some(row.p_value))
    });
    Ok(Timeline { publishes: publishes.collect(), more_before: cut })
}

fn positions(events: &[Event], wanted: impl Fn(&Event) -> bool, before: i64) -> Vec<usize> {
    events.iter().enumerate().filter(|(_, e)| e.at < before && wanted(e)).map(|(at, _)| at).collect()
}
