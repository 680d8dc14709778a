//! What goes into a bundle of evidence, and what comes out of it again.
//!
//! The bundle holds the events on which the judgement depends and the model, not the finished investigation: whoever
//! opens it folds these events again and must come to the score and the contributions that it states. A structure
//! that is read back would prove only that it was stored.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::acquire::Registry;
use crate::acquire::registry;
use crate::acquire::sigstore::trust::Trust;
use crate::acquire::sigstore::verify::{Expected, verify_document};
use crate::archive::bundle::{Bundle, plain};
use crate::archive::history::History;
use crate::archive::state::State;
use crate::archive::store::Archive;
use crate::archive::table;
use crate::archive::vocabulary::Vocabulary;
use crate::baseline::package::Teaching;
use crate::detect::alert::show_points;
use crate::detect::model::Model;
use crate::engine::excerpt::Excerpt;
use crate::engine::investigate::Investigation;
use crate::error::{Error, Result};
use crate::names::ReleaseId;
use crate::pipeline::Means;
use crate::pipeline::shelf::Shelf;
use crate::report::timeline::page::Making;
use crate::report::{jsonl, timeline};

/// The member with score, contributions and surroundings.
pub(super) const FINDINGS: &str = "findings.jsonl";
const EVENTS: &str = "events.parquet";
const MODEL: &str = "model.toml";
const CASE: &str = "case.json";
/// Attestation documents that are packed at most, those of the latest versions; the rest is counted.
const ATTESTATIONS: usize = 2_000;

/// What the events alone do not say.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    registry: String,
    package: String,
    version: String,
    making: Making,
    /// Scores among which the release is ranked: points and publishes.
    past: Vec<(i32, u32)>,
    /// Events that teach otherwise than by default, by their place among the events.
    taught: Vec<(usize, Taught)>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Taught {
    Never,
    AtOnce,
    Held,
    Settled,
}

impl Taught {
    fn of(teaching: Teaching) -> Self {
        match teaching {
            Teaching::Never => Self::Never,
            Teaching::AtOnce => Self::AtOnce,
            Teaching::Settled => Self::Settled,
            Teaching::Held => Self::Held,
        }
    }

    fn teaching(self) -> Teaching {
        match self {
            Self::Never => Teaching::Never,
            Self::AtOnce => Teaching::AtOnce,
            Self::Settled => Teaching::Settled,
            Self::Held => Teaching::Held,
        }
    }
}

/// What a bundle states.
pub(super) struct Said {
    /// Version of the program that wrote it.
    pub(super) program: String,
    /// Its [`FINDINGS`].
    pub(super) findings: String,
}

/// Score, contributions and surroundings, as lines of JSON.
pub(super) fn findings(found: &Investigation, model: &Model) -> String {
    jsonl::line(&found.finding, &model.id) + &timeline::surroundings(found)
}

/// How an event teaches where nobody concluded anything.
fn by_default(history: &History, at: usize) -> Teaching {
    crate::engine::policy::Policy::default().teaching(&history.events[at], 1.0)
}

/// Packs an investigation.
///
/// # Errors
/// When a document cannot be read, or all together are too large.
pub(super) fn gather(
    release: &ReleaseId,
    excerpt: &Excerpt,
    found: &Investigation,
    making: &Making,
    html: &str,
    means: &Means,
) -> Result<Bundle> {
    let mut bundle = Bundle::new(release.purl().unwrap_or_else(|_| release.to_string()));
    let history = &excerpt.history;
    let mut rows = history.events.clone();
    let events = table::to_parquet(&mut rows, &history.words)?;
    bundle.add(
        EVENTS,
        "the publishes on which the judgement depends, in the columns of `gaitkeeper columns`",
        events,
    )?;
    let model = means.model_text()?;
    bundle.add(MODEL, "the model that judged", model.into_bytes())?;
    let case = Case {
        registry: release.registry.clone(),
        package: release.package.clone(),
        version: release.version.clone(),
        making: making.clone(),
        past: excerpt.past.iter().map(|(points, n)| (*points, *n)).collect(),
        taught: (0..history.events.len())
            .filter(|&at| excerpt.teaching[at] != by_default(history, at))
            .map(|at| (at, Taught::of(excerpt.teaching[at])))
            .collect(),
    };
    let case = serde_json::to_vec(&case).map_err(|e| Error::tool(format!("the case cannot be written: {e}")))?;
    bundle.add(
        CASE,
        "which release; the scores among which it is ranked; events that a verdict lets teach otherwise",
        case,
    )?;
    let model = means.model()?;
    bundle.add(FINDINGS, "score, contributions and surroundings", findings(found, &model).into_bytes())?;
    bundle.add("scores.csv", "the scores of all that is shown", scores(found)?)?;
    bundle.add("page.html", "the same as a page", html.as_bytes().to_vec())?;
    documents(&mut bundle, release, means)?;
    Ok(bundle)
}

fn scores(found: &Investigation) -> Result<Vec<u8>> {
    let failed = |e: csv::Error| Error::tool(format!("the CSV writer failed: {e}"));
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["registry", "package", "version", "published_at", "publisher", "score"]).map_err(failed)?;
    let others = found.act.iter().filter(|m| m.release.package != found.finding.release.package);
    for moment in found.timeline.iter().chain(others) {
        let release = &moment.release;
        let cells =
            [&release.registry, &release.package, &release.version, &table::show_time(moment.at), &moment.actor];
        let cells = cells.map(|cell| crate::report::csv::guarded(cell));
        table
            .write_record(cells.iter().map(AsRef::as_ref).chain([show_points(moment.points).as_str()]))
            .map_err(failed)?;
    }
    table.into_inner().map_err(|e| Error::tool(format!("the CSV writer failed: {e}")))
}

/// The package's documents as they were served, its attestation documents, and the certificates in them.
fn documents(bundle: &mut Bundle, release: &ReleaseId, means: &Means) -> Result<()> {
    let Archive::Dir(dir) = &means.archive else {
        bundle.manifest.remarks.push(
            "no documents as served: the data in the box and a shelf hold events alone; `gaitkeeper pull` keeps documents"
                .to_owned(),
        );
        return Ok(());
    };
    let none = "no documents as served: this archive holds none of the package; `gaitkeeper pull` keeps them";
    let (Some(state), Ok(registry)) = (State::read(dir)?, registry(&release.registry)) else {
        bundle.manifest.remarks.push(none.to_owned());
        return Ok(());
    };
    let shelf = Shelf::of(&state, dir)?;
    let package = (registry.name)(&release.package)?;
    let Some((texts, _)) = shelf.parts(registry, &package)? else {
        bundle.manifest.remarks.push(none.to_owned());
        return Ok(());
    };
    for (at, (part, text)) in (registry.parts)(&package).iter().zip(&texts).enumerate() {
        if let Some(text) = text {
            bundle.add(
                &format!("raw/{at}-{}", plain(&part.path)),
                &format!("{} as served at the path {}", registry.document, part.path),
                text.clone(),
            )?;
        }
    }
    attestations(bundle, &shelf, registry, &package, &texts)
}

fn attestations(
    bundle: &mut Bundle,
    shelf: &Shelf,
    registry: &Registry,
    package: &str,
    texts: &[Option<Vec<u8>>],
) -> Result<()> {
    let views: Vec<Option<&[u8]>> = texts.iter().map(Option::as_deref).collect();
    let mut releases = (registry.parse)(package, &views)?.releases;
    releases.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| b.version.cmp(&a.version)));
    let trust = Trust::embedded()?;
    let (mut packed, mut left, mut absent) = (0usize, 0usize, 0usize);
    for one in &releases {
        for (at, path) in (registry.attestations)(package, one).iter().enumerate() {
            let Some((document, _)) = shelf.document(path)? else {
                absent += 1;
                continue;
            };
            if packed == ATTESTATIONS {
                left += 1;
                continue;
            }
            packed += 1;
            let name = format!("{packed:04}-{}-{at}", plain(&one.version));
            for (number, pem) in certificates(&document, &trust).into_iter().enumerate() {
                let about = format!("certificate of {} in PEM, as found: whether it holds says `verify`", one.version);
                bundle.add(&format!("certificates/{name}-{number}.pem"), &about, pem.into_bytes())?;
            }
            let about = format!("attestations of {} as served at the path {path}", one.version);
            bundle.add(&format!("attestations/{name}.json"), &about, document)?;
        }
    }
    if absent > 0 {
        bundle.manifest.remarks.push(format!("{absent} attestation documents are announced and not held"));
    }
    if left > 0 {
        bundle.manifest.remarks.push(format!("{left} attestation documents of earlier versions are left out"));
    }
    Ok(())
}

/// The certificates of a document; a document that cannot be read has none.
fn certificates(document: &[u8], trust: &Trust) -> Vec<String> {
    use base64::Engine as _;
    let Ok(report) = verify_document(document, &Expected::default(), trust) else { return Vec::new() };
    let pem = |der: &Vec<u8>| {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..(at + 64).min(text.len())]).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    report.attestations.iter().filter_map(|a| a.certificate.as_ref()).map(pem).collect()
}

/// Opens a bundle, and makes ready to judge what it holds.
///
/// # Errors
/// When it cannot be read, is not whole, or a member is not as it should be: the member is named.
pub(super) fn open(path: &Path) -> Result<(Excerpt, Model, Making, ReleaseId, Said)> {
    const REMEDY: &str = "ask for the bundle again, from whom it came";
    let bundle = Bundle::read(path)?;
    let wrong = |member: &str, what: String| Error::tool(what).file(path).place(member).remedy(REMEDY);
    let text = |member: &'static str| -> Result<&str> {
        std::str::from_utf8(bundle.member(member)?).map_err(|e| wrong(member, format!("is no text: {e}")))
    };
    let case: Case = serde_json::from_str(text(CASE)?).map_err(|e| wrong(CASE, format!("is not readable: {e}")))?;
    let model = Model::parse(text(MODEL)?, Path::new(MODEL)).map_err(|e| wrong(MODEL, e.to_string()))?;
    let mut words = Vocabulary::default();
    let rows = table::read_parquet(bundle.member(EVENTS)?, Path::new(EVENTS), &mut words)
        .map_err(|e| wrong(EVENTS, e.to_string()))?
        .rows;
    let history = History::new(rows, words);
    let release = ReleaseId { registry: case.registry, package: case.package, version: case.version };
    let subject = history
        .find(&release.registry, &release.package, &release.version)
        .ok_or_else(|| wrong(EVENTS, format!("holds no publish of {release}")))?;
    let mut teaching: Vec<Teaching> = (0..history.events.len()).map(|at| by_default(&history, at)).collect();
    for (at, taught) in case.taught {
        let slot =
            teaching.get_mut(at).ok_or_else(|| wrong(CASE, format!("speaks of an event {at}, there is none")))?;
        *slot = taught.teaching();
    }
    let publishes: u64 = case.past.iter().map(|(_, n)| u64::from(*n)).sum();
    if publishes > crate::detect::calibration::MOST as u64 {
        return Err(wrong(CASE, format!("ranks the release among {publishes} publishes, more than a window holds")));
    }
    let excerpt = Excerpt { history, subject, teaching, past: case.past.into_iter().collect() };
    let said = Said { program: bundle.manifest.program.clone(), findings: text(FINDINGS)?.to_owned() };
    Ok((excerpt, model, case.making, release, said))
}
