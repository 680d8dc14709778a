//! One function a subcommand, each a list of calls: the only stage that sees every other.
//!
//! The short ones stand here; `import`, `score`, `pull`, `watch`, `watchlist`, `doctor` and `archive` have a file
//! each. A visit to one package, which `pull` and `watch` share, is in `package`,
//! `attest` and `visit`.

mod attest;
mod desk;
mod doctor;
mod elsewhere;
mod export;
mod gate;
mod import;
mod investigate;
mod journal;
mod judge;
mod keep;
mod manual;
mod material;
mod mcp;
mod nightly;
mod package;
mod pull;
mod quiet;
pub mod rekor;
mod review;
mod score;
mod select;
mod settings;
mod shelf;
mod shelve;
mod simulate;
mod sweep;
mod tokens;
mod train;
mod verify;
mod visit;
mod watch;
mod watchlist;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use crate::acquire::{Registry, registry};
use crate::archive::files;
use crate::archive::lookup::did_you_mean;
use crate::archive::normalise::Origin;
use crate::archive::store::{Archive, BOX_NAME};
use crate::cli::{Backtest, Command, Evaluate, Global, Signals, Survey};
use crate::config::Surroundings;
use crate::detect::alert::Finding;
use crate::detect::evidence::Judgement;
use crate::detect::model::{EMBEDDED, Model};
use crate::detect::signals::{SIGNALS, position};
use crate::engine::backtest::Material;
use crate::engine::embedded::fold_under;
use crate::engine::{evaluate, survey};
use crate::error::{Error, Result, exit};
use crate::report::progress::Progress;
use crate::report::scores::{self, Surprises};
use crate::report::writer::{Colour, Terminal};
use crate::report::{comparison, documentation, schema};

/// What a command may use: terminal, clock, archive and model.
#[derive(Clone)]
pub struct Means {
    /// Where to write.
    pub terminal: Terminal,
    clock: fn() -> i64,
    started: i64,
    offline: bool,
    archive: Archive,
    model: Option<PathBuf>,
}

impl Means {
    /// The means that the global options ask for; `clock` gives milliseconds since the epoch.
    #[must_use]
    pub fn new(global: &Global, clock: fn() -> i64) -> Self {
        let colour = match global.color.as_str() {
            "always" => Colour::Always,
            "never" => Colour::Never,
            _ => Colour::Auto,
        };
        Self {
            terminal: Terminal { colour, quiet: global.quiet },
            clock,
            started: clock(),
            offline: global.offline,
            archive: global.archive.clone().map_or(Archive::Box, Archive::Dir),
            model: global.model.clone(),
        }
    }

    /// When the program started.
    fn now(&self) -> i64 {
        self.started
    }

    /// What the program was started with, for the search of registries.
    fn surroundings(&self) -> Result<Surroundings> {
        let cwd = std::env::current_dir().map_err(|e| {
            Error::tool(format!("the working directory cannot be read: {e}")).remedy("start from a folder that exists")
        })?;
        let env =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        let run = if self.offline { |_: &str, _: &[&str], _: &Path| None } else { ask_program };
        Ok(Surroundings { env, home: std::env::home_dir(), cwd, run })
    }

    fn model(&self) -> Result<Model> {
        match &self.model {
            None => Model::embedded(),
            Some(path) => Model::parse(&self.model_text()?, path),
        }
    }

    fn model_text(&self) -> Result<String> {
        match &self.model {
            None => Ok(EMBEDDED.to_owned()),
            Some(path) => fs::read_to_string(path).map_err(|e| files::unreadable(path, &e)),
        }
    }

    fn investigate(&self) -> String {
        self.command("investigate")
    }

    /// A command as the user would type it for the same archive.
    fn command(&self, what: &str) -> String {
        let (name, rest) = what.split_once(' ').map_or((what, String::new()), |(n, r)| (n, format!(" {r}")));
        match &self.archive {
            Archive::Box => format!("gaitkeeper {name}{rest}"),
            Archive::Dir(dir) => format!("gaitkeeper {name} --archive {}{rest}", dir.display()),
        }
    }

    fn source(&self) -> String {
        match &self.archive {
            Archive::Box => format!("the data in the box ({BOX_NAME})"),
            Archive::Dir(dir) => dir.display().to_string(),
        }
    }
}

/// As many threads as were asked for, or one a core.
fn threads(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.map_or_else(cores, usize::from)
}

/// Runs a command and gives the exit code.
///
/// # Errors
/// What the command cannot do, with the remedy.
pub fn run(command: Command, means: &Means) -> Result<u8> {
    match command {
        Command::Score(options) => score::score(&options, means),
        Command::Gate(options) => gate::gate(&options, means),
        Command::Mcp(options) => mcp::mcp(&options, means),
        Command::Completions(options) => manual::completions(&options, means),
        Command::Man(options) => manual::man(&options, means),
        Command::Investigate(options) => investigate::investigate(&options, means),
        Command::Import(options) => import::import(&options, means),
        Command::Pull(options) => pull::pull(&options, means),
        Command::Watch(options) => watch::watch(&options, means),
        Command::Nightly(options) => nightly::nightly(&options, means),
        Command::Config(options) => settings::config(&options, means),
        Command::Notify(options) => nightly::trial::notify(&options, means),
        Command::Watchlist(options) => watchlist::watchlist(&options, means),
        Command::Doctor(options) => doctor::doctor(&options, means),
        Command::Archive(options) => keep::archive(&options, means),
        Command::Verify(options) => verify::verify(&options, means),
        Command::Rekor(options) => rekor::rekor(&options, means),
        Command::Tokens(options) => tokens::tokens(&options, means),
        Command::Review(options) => review::review(&options, means),
        Command::Suppressions(options) => quiet::suppressions(&options, means),
        Command::Signals(options) => signals(&options, means),
        Command::Schema(_) => schema(means),
        Command::Columns => means.terminal.result(&documentation::columns()).map(|()| exit::CLEAN),
        Command::Backtest(options) => backtest(&options, means),
        Command::Evaluate(options) => compare(&options, means),
        Command::Survey(options) => count(&options, means),
        Command::Simulate(options) => simulate::simulate(&options, means),
        Command::Sweep(options) => sweep::sweep(&options, means),
        Command::Shelve(options) => shelve::shelve(&options, means),
        Command::Train(options) => train::train(&options, means),
    }
}

/// Who signs a conclusion: the name that was given, or the user's login.
fn signed_by(given: Option<&String>) -> Result<String> {
    let login = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    given.cloned().or_else(login).filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        Error::usage("nobody is named who answers for it, and the environment names no login")
            .remedy("name somebody: --reviewer NAME (--who NAME for suppressions), or GAITKEEPER_REVIEWER")
    })
}

fn schema(means: &Means) -> Result<u8> {
    // Strings and numbers always serialise.
    let text = serde_json::to_string_pretty(&schema::findings()).unwrap_or_default() + "\n";
    means.terminal.result(&text).map(|()| exit::CLEAN)
}

/// A time as people read it.
fn time_of(millis: i64) -> String {
    crate::archive::table::show_time(millis)
}

/// Where a registry's documents are from, for the events that are made of them.
fn origin_of(registry: &Registry) -> Origin<'static> {
    Origin { registry: registry.id, not_offered: registry.not_offered }
}

/// Tells what a registry never shows from what it shows elsewhere and not here.
fn tell_apart(finding: &mut Finding) {
    let Ok(registry) = registry(&finding.release.registry) else { return };
    for (id, judgement) in finding.unjudged.iter_mut().filter(|(_, j)| matches!(j, Judgement::Missing)) {
        let column = position(id).map_or("", |at| SIGNALS[at].needs.fact.column());
        if registry.not_offered(column).is_some() {
            *judgement = Judgement::NotOffered;
        }
    }
}

fn signals(options: &Signals, means: &Means) -> Result<u8> {
    let text = match (&options.id, options.format.as_str()) {
        (Some(id), _) => {
            let at = position(id).ok_or_else(|| {
                let names = SIGNALS.iter().map(|s| s.id);
                Error::usage(format!("there is no signal `{id}`")).remedy(did_you_mean(
                    id,
                    names,
                    "gaitkeeper signals lists them",
                ))
            })?;
            documentation::signal(SIGNALS[at])
        }
        (None, "markdown") => documentation::markdown(),
        (None, _) => documentation::signals(),
    };
    means.terminal.result(&text).map(|()| exit::CLEAN)
}

fn backtest(options: &Backtest, means: &Means) -> Result<u8> {
    let model = means.model()?;
    scores::wants_parquet(&options.scores)?;
    let read: Vec<&Path> = options.attacks.iter().chain([&options.events]).map(AsRef::as_ref).collect();
    files::must_not_be(&options.scores, &read)?;
    if let Some(surprises) = &options.surprises {
        scores::must_be_parquet(surprises)?;
        files::must_not_be(surprises, &[&read[..], &[&options.scores]].concat())?;
    }
    let material = Material::read(&options.events, options.attacks.as_deref())?;
    let folds = material.folds();
    if options.attacks.is_some() && !folds.contains(&options.fold) {
        return Err(Error::usage(format!("the attacks have no run {}", options.fold))
            .remedy(format!("their runs are {folds:?}")));
    }
    let run = material.into_run(options.attacks.is_some().then_some(options.fold));
    let policy = desk::policy(&options.desk, &run.history, means)?;
    let mut progress = Progress::new("scoring", run.history.events.len(), means.terminal.quiet);
    let scored = run.score_under(&model, &policy, |at| progress.at(at));
    drop(progress);
    scores::write(&options.scores, &run, &scored)?;
    if let Some(path) = &options.surprises {
        let mut surprises = Surprises::default();
        fold_under(&run.history, &model, &policy, |assessed| surprises.note(&assessed.assessment.judgements));
        surprises.write(path, &run.history)?;
    }
    means.terminal.remark(&format!(
        "{} events scored, {} of them attacks, into {}",
        scored.len(),
        run.labels.len(),
        options.scores.display()
    ));
    Ok(exit::CLEAN)
}

fn compare(options: &Evaluate, means: &Means) -> Result<u8> {
    let model = means.model()?;
    let mut material = Material::read(&options.events, Some(&options.attacks))?;
    if let Some(incidents) = &options.incidents {
        material = material.with_incidents(incidents)?;
    }
    let steps = material.folds().len() + 1;
    let mut progress = Progress::new("evaluating", steps, means.terminal.quiet);
    let mut done = 0;
    let evaluation = evaluate::evaluate(&material, &model, |_| {
        progress.at(done);
        done += 1;
    });
    drop(progress);
    if let Some(plots) = &options.plots {
        files::replace(plots, comparison::page::html(&evaluation).as_bytes())?;
    }
    let text = if options.json { comparison::json(&evaluation) } else { comparison::text(&evaluation) };
    means.terminal.result(&text).map(|()| exit::CLEAN)
}

fn count(options: &Survey, means: &Means) -> Result<u8> {
    let run = Material::read(&options.events, None)?.into_run(None);
    let text = survey::toml(&survey::survey(&run.history, &means.model()?));
    means.terminal.result(&text).map(|()| exit::CLEAN)
}

/// What a registry's own client says of its configuration: one short question, given up after a while.
fn ask_program(program: &str, args: &[&str], cwd: &Path) -> Option<String> {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
    const STEP: std::time::Duration = std::time::Duration::from_millis(20);
    let mut child = Process::new(program)
        .args(args)
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let begun = std::time::Instant::now();
    let status = loop {
        match child.try_wait().ok()? {
            Some(status) => break status,
            None if begun.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            None => std::thread::sleep(STEP),
        }
    };
    // An address is far shorter than a pipe, so that the program ends without being read.
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take()?, &mut text).ok()?;
    status.success().then(|| text.trim().to_owned())
}
