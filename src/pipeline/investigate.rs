//! `investigate`: one version under the lens, as text, as a page, as a bundle of evidence, and from one again.

mod evidence;

use std::fmt::Write;
use std::path::Path;

use super::{Means, desk, tell_apart};
use crate::archive::corroboration::Corroboration;
use crate::archive::files;
use crate::archive::history::History;
use crate::archive::lookup::{did_you_mean, unknown_package, unknown_release};
use crate::archive::shelf::Shelf;
use crate::archive::table::show_time;
use crate::cli::Investigate;
use crate::cli::investigate::Asked;
use crate::detect::alert::show_points;
use crate::detect::model::Model;
use crate::detect::wording::span;
use crate::engine::excerpt::{Excerpt, Judged};
use crate::engine::investigate::{Investigation, of_excerpt};
use crate::engine::policy::Policy;
use crate::engine::shelved;
use crate::error::{Error, Result, exit, printable};
use crate::names::{PackageId, ReleaseId};
use crate::report::timeline::page::{self, Making};
use crate::report::{jsonl, timeline};

/// Versions listed at most, the newest.
const LISTED: usize = 100;

pub(super) fn investigate(options: &Investigate, means: &Means) -> Result<u8> {
    if let Some(path) = &options.from_bundle {
        return again(path, options, means);
    }
    let model = means.model()?;
    if let Some(folder) = &options.shelf {
        return on_shelf(folder, &model, options, means);
    }
    if let Some(Asked::Release(release)) = &options.asked
        && let Some(excerpt) = of_box(release, &model, options, means)?
    {
        let found = look(&excerpt, &model, release)?;
        return tell(&excerpt, &found, &model, release, options, means);
    }
    let history = means.archive.load()?;
    let policy = desk::policy(&options.desk, &history, means)?;
    let release = match &options.asked {
        Some(Asked::Release(release)) => release,
        Some(Asked::Package(package)) => {
            let excerpt = newest_of(package, history, &policy)?;
            return list(package, &excerpt, &model, options, means);
        }
        None => return Err(nothing_named()),
    };
    let at = history
        .find(&release.registry, &release.package, &release.version)
        .ok_or_else(|| unknown_release(release, &history))?;
    let claims = {
        let others = Corroboration::read(&options.others.corroborate, &history)?;
        let event = &history.events[at];
        others.about(event.registry, event.package, event.version).to_vec()
    };
    let judged = Judged::before(&history, &model, &policy, at);
    let excerpt = Excerpt::cut(history, &judged, &policy, at);
    let mut found = look(&excerpt, &model, release)?;
    found.finding.corroboration = claims;
    tell(&excerpt, &found, &model, release, options, means)
}

/// The excerpt of a release of the box, most of which is left unread; `None` where somebody's conclusions or other
/// findings are to be taken into account, and where the release is not found.
fn of_box(release: &ReleaseId, model: &Model, options: &Investigate, means: &Means) -> Result<Option<Excerpt>> {
    let desk = &options.desk;
    if desk.hold_alerts || desk.verdicts.is_some() || !options.others.corroborate.is_empty() {
        return Ok(None);
    }
    let Some((table, scores)) = means.archive.outlined(&model.id)? else { return Ok(None) };
    let Some(at) = table.find(release)? else { return Ok(None) };
    Excerpt::read(&table, &scores.points, at)
}

/// The same of a release whose history is on a shelf.
fn on_shelf(folder: &Path, model: &Model, options: &Investigate, means: &Means) -> Result<u8> {
    let mut shelf = Shelf::open(folder)?;
    if shelf.about.model != model.id {
        let what = format!("its publishes were judged by model {}, and this is {}", shelf.about.model, model.id);
        return Err(Error::usage(what).file(folder).remedy("give that model with --model, or sweep and shelve again"));
    }
    match &options.asked {
        Some(Asked::Release(release)) => {
            let package = PackageId { registry: release.registry.clone(), name: release.package.clone() };
            let excerpt = shelved::excerpt(&mut shelf, &package, Some(&release.version))?
                .map_err(|history| not_there(&package, Some(&release.version), &history, folder))?;
            let found = look(&excerpt, model, release)?;
            tell(&excerpt, &found, model, release, options, means)
        }
        Some(Asked::Package(package)) => {
            let excerpt = shelved::excerpt(&mut shelf, package, None)?
                .map_err(|history| not_there(package, None, &history, folder))?;
            list(package, &excerpt, model, options, means)
        }
        None => Err(nothing_named()),
    }
}

/// The error for what is not on a shelf, which has these publishes of packages of that name.
fn not_there(package: &PackageId, version: Option<&str>, history: &History, folder: &Path) -> Error {
    let words = &history.words;
    let known: Vec<&str> = history
        .events
        .iter()
        .filter(|e| words.text(e.registry) == package.registry && words.text(e.package) == package.name)
        .map(|e| words.text(e.version))
        .collect();
    let otherwise = "put in the table that has it: gaitkeeper shelve";
    match (known.last(), version) {
        (Some(newest), Some(version)) => {
            let what = format!("the shelf knows no version {version} of {package} (newest: {newest})");
            Error::no_input(what).file(folder).remedy(did_you_mean(version, known.iter().copied(), otherwise))
        }
        _ => Error::no_input(format!("the shelf knows no package {package}")).file(folder).remedy(otherwise),
    }
}

fn nothing_named() -> Error {
    Error::usage("no release is named").remedy("write PKG@VERSION, or --from-bundle FILE")
}

/// Shows what was found, and writes what is to be written.
fn tell(
    excerpt: &Excerpt,
    found: &Investigation,
    model: &Model,
    release: &ReleaseId,
    options: &Investigate,
    means: &Means,
) -> Result<u8> {
    let source = options.shelf.as_ref().map_or_else(|| means.source(), |folder| folder.display().to_string());
    let making = Making { model: model.id.clone(), source, command: command(options, release, means) };
    let html = page::html(found, &making)?;
    if let Some(path) = &options.bundle {
        let bundle = evidence::gather(release, excerpt, found, &making, &html, means)?;
        let (bytes, seal) = bundle.pack()?;
        files::replace(path, &bytes)?;
        means.terminal.remark(&format!(
            "{} members written to {}; SHA-256 of its manifest, which stands for all of them: {seal}",
            bundle.members.len() + 1,
            printable(&path.to_string_lossy())
        ));
        bundle.manifest.remarks.iter().for_each(|remark| means.terminal.remark(&printable(remark)));
    }
    show(found, model, &html, options, means)
}

/// Judges again what a bundle holds, and compares it with what the bundle says.
fn again(path: &Path, options: &Investigate, means: &Means) -> Result<u8> {
    let (excerpt, model, making, release, said) = evidence::open(path)?;
    let found = look(&excerpt, &model, &release)?;
    if said.findings != evidence::findings(&found, &model) {
        return Err(Error::tool("what its events and its model give is not what its findings say")
            .file(path)
            .place(evidence::FINDINGS)
            .remedy(format!(
                "gaitkeeper {} wrote it, this is {}: judge it with the version that wrote it, or take it for altered",
                said.program,
                env!("CARGO_PKG_VERSION")
            )));
    }
    let html = page::html(&found, &making)?;
    means.terminal.remark(&format!(
        "judged again from {} events of the bundle with its model {}: score and contributions are those that it states",
        excerpt.history.events.len(),
        printable(&model.id)
    ));
    show(&found, &model, &html, options, means)
}

fn look(excerpt: &Excerpt, model: &Model, release: &ReleaseId) -> Result<Investigation> {
    let mut found = of_excerpt(excerpt, model).ok_or_else(|| unknown_release(release, &excerpt.history))?;
    tell_apart(&mut found.finding);
    Ok(found)
}

fn show(found: &Investigation, model: &Model, html: &str, options: &Investigate, means: &Means) -> Result<u8> {
    if let Some(path) = &options.html {
        files::replace(path, html.as_bytes())?;
    }
    let text = match options.format.as_str() {
        "jsonl" => jsonl::line(&found.finding, &model.id) + &timeline::surroundings(found),
        _ => timeline::text(found),
    };
    means.terminal.result(&text).map(|()| exit::CLEAN)
}

/// The command that makes the page again.
fn command(options: &Investigate, release: &ReleaseId, means: &Means) -> String {
    let name = release.purl().unwrap_or_else(|_| release.to_string());
    let mut command = means.command(&format!("investigate {}", quoted(&name)));
    if let Some(folder) = &options.shelf {
        let _ = write!(command, " --shelf {}", quoted(&folder.to_string_lossy()));
    }
    if let Some(path) = &means.model {
        let _ = write!(command, " --model {}", quoted(&path.to_string_lossy()));
    }
    if let Some(path) = &options.desk.verdicts {
        let _ = write!(command, " --verdicts {}", quoted(&path.to_string_lossy()));
    }
    if options.desk.hold_alerts {
        command.push_str(" --hold-alerts");
    }
    command + " --html page.html"
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The excerpt of the newest release of a package, of whose rarity nobody asks.
fn newest_of(package: &PackageId, history: History, policy: &Policy) -> Result<Excerpt> {
    if policy.hold_alerts {
        return Err(Error::usage("--hold-alerts needs one version").remedy("write PKG@VERSION"));
    }
    let words = &history.words;
    let (registry, name) = (words.find(&package.registry), words.find(&package.name));
    let newest = history.events.iter().rposition(|e| Some(e.package) == name && Some(e.registry) == registry);
    let newest = newest.ok_or_else(|| unknown_package(package, &history))?;
    let judged = Judged { points: vec![0; history.events.len()], ..Judged::default() };
    Ok(Excerpt::cut(history, &judged, policy, newest))
}

/// The versions of a package with their scores, the newest last.
fn list(package: &PackageId, excerpt: &Excerpt, model: &Model, options: &Investigate, means: &Means) -> Result<u8> {
    if options.html.is_some() || options.bundle.is_some() {
        return Err(Error::usage("--html and --bundle are about one version").remedy("write PKG@VERSION"));
    }
    let found = of_excerpt(excerpt, model).ok_or_else(|| unknown_package(package, &excerpt.history))?;
    if options.format == "jsonl" {
        return means.terminal.result(&timeline::surroundings(&found)).map(|()| exit::CLEAN);
    }
    let mut out = String::new();
    let shown = &found.timeline[found.timeline.len().saturating_sub(LISTED)..];
    let _ =
        writeln!(out, "{} versions of {package}, {} of them shown; the newest is last", found.versions, shown.len());
    for moment in shown {
        let gap = moment.gap.map_or_else(String::new, |gap| format!("+{}", span(gap)));
        let _ = writeln!(
            out,
            "  {}  {:<22} {gap:>11} {:>7}{}",
            show_time(moment.at),
            printable(&moment.release.version),
            show_points(moment.points),
            if moment.removed { "  removed" } else { "" }
        );
    }
    let mut command = means.command("investigate");
    if let Some(folder) = &options.shelf {
        let _ = write!(command, " --shelf {}", quoted(&folder.to_string_lossy()));
    }
    let _ = writeln!(out, "more: {} {}@VERSION", printable(&command), package);
    means.terminal.result(&out).map(|()| exit::CLEAN)
}
