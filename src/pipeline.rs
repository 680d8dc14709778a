//! One function a subcommand, each a list of calls: the only file that sees every stage.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::acquire::REGISTRIES;
use crate::archive::files;
use crate::archive::history::intern;
use crate::archive::lookup::{did_you_mean, known, unknown_release};
use crate::archive::store::{Archive, BOX_NAME, Refusal};
use crate::archive::table::{self, parse_time, show_time};
use crate::archive::vocabulary::Vocabulary;
use crate::archive::{columns::Row, normalise};
use crate::baseline::stance::{DAY, HOUR};
use crate::cli::{Backtest, Command, Evaluate, Global, Import, Investigate, Score, Signals, Survey};
use crate::detect::alert::{Finding, hardly_judged};
use crate::detect::model::Model;
use crate::detect::signals::{SIGNALS, position};
use crate::engine::backtest::Material;
use crate::engine::embedded::{Assessed, fold};
use crate::engine::{evaluate, investigate, survey};
use crate::error::{Error, Result, exit, printable};
use crate::report::progress::Progress;
use crate::report::scores::{self, Surprises};
use crate::report::view::View;
use crate::report::writer::{Colour, Terminal};
use crate::report::{FORMATS, comparison, documentation, jsonl, timeline};

/// What a command may use: terminal, clock, archive and model.
pub struct Means {
    /// Where to write.
    pub terminal: Terminal,
    now: i64,
    archive: Archive,
    model: Option<PathBuf>,
}

impl Means {
    /// The means that the global options ask for; `now` in milliseconds since the epoch.
    #[must_use]
    pub fn new(global: &Global, now: i64) -> Self {
        let colour = match global.color.as_str() {
            "always" => Colour::Always,
            "never" => Colour::Never,
            _ => Colour::Auto,
        };
        Self {
            terminal: Terminal { colour, quiet: global.quiet },
            now,
            archive: global.archive.clone().map_or(Archive::Box, Archive::Dir),
            model: global.model.clone(),
        }
    }

    fn model(&self) -> Result<Model> {
        match &self.model {
            None => Model::embedded(),
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|e| files::unreadable(path, &e))?;
                Model::parse(&text, path)
            }
        }
    }

    fn investigate(&self) -> String {
        match &self.archive {
            Archive::Box => "gaitkeeper investigate".to_owned(),
            Archive::Dir(dir) => format!("gaitkeeper investigate --archive {}", dir.display()),
        }
    }

    fn source(&self) -> String {
        match &self.archive {
            Archive::Box => format!("the data in the box ({BOX_NAME})"),
            Archive::Dir(dir) => dir.display().to_string(),
        }
    }
}

/// Runs a command and gives the exit code.
///
/// # Errors
/// What the command cannot do, with the remedy.
pub fn run(command: Command, means: &Means) -> Result<u8> {
    match command {
        Command::Score(options) => score(&options, means),
        Command::Investigate(options) => look_closely(&options, means),
        Command::Import(options) => import(&options, means),
        Command::Signals(options) => signals(&options, means),
        Command::Columns => means.terminal.result(&documentation::columns()).map(|()| exit::CLEAN),
        Command::Backtest(options) => backtest(&options, means),
        Command::Evaluate(options) => compare(&options, means),
        Command::Survey(options) => count(&options, means),
    }
}

fn score(options: &Score, means: &Means) -> Result<u8> {
    let model = means.model()?;
    let mut history = means.archive.load()?;
    let newest = history.newest().ok_or_else(|| {
        Error::no_input("the archive holds no publishes")
            .remedy("put some into it: gaitkeeper import --archive DIR FILE...")
    })?;
    let as_of = options.as_of.as_deref().map_or(Ok(newest), |text| time(text, "--as-of"))?;
    let since = beginning(&options.since, as_of)?;
    if since > as_of {
        return Err(Error::usage(format!(
            "the window begins at {} and ends before that, at {}",
            show_time(since),
            show_time(as_of)
        ))
        .remedy("--since takes a time before --as-of, or 30d, 12h before it"));
    }
    history.events.retain(|e| e.at <= as_of);
    let packages = known(&options.package, "package", &history, |e| e.package)?;
    let actors = known(&options.actor, "publisher", &history, |e| e.actor)?;

    let mut view = View {
        source: means.source(),
        investigate: means.investigate(),
        since,
        as_of,
        budget: (!options.all).then_some(options.budget),
        model: model.id.clone(),
        publishes: 0,
        taught: 0,
        alerts: 0,
        unjudged: BTreeMap::new(),
        findings: Vec::new(),
        closest: Vec::new(),
    };
    let mut progress = Progress::new("scoring", history.events.len(), means.terminal.quiet);
    fold(&history, &model, |assessed| {
        progress.at(assessed.index);
        let event = assessed.look.event;
        if event.at < since {
            view.taught += 1;
            return;
        }
        let asked = (packages.is_empty() || packages.contains(&event.package))
            && (actors.is_empty() || actors.contains(&event.actor));
        if !asked {
            return;
        }
        view.publishes += 1;
        if let Some(reason) = hardly_judged(assessed.look) {
            *view.unjudged.entry(reason).or_default() += 1;
        }
        let alerts = assessed.p_value <= options.budget.rate();
        view.alerts += usize::from(alerts);
        if alerts || options.all {
            view.findings.push(Finding::new(assessed.look, assessed.assessment, &model, assessed.p_value));
        } else if view.findings.is_empty() {
            keep_closest(&mut view.closest, assessed, &model);
        }
    });
    drop(progress);
    if view.publishes == 0 && packages.is_empty() && actors.is_empty() {
        return Err(Error::no_input(format!(
            "no publish from {} to {} is in the archive",
            show_time(since),
            show_time(as_of)
        ))
        .remedy(format!(
            "its newest is of {}; widen the window with --since and --as-of, or the filters",
            show_time(newest)
        )));
    }
    if !view.findings.is_empty() {
        view.closest.clear();
    }
    view.findings.sort_by(|a, b| b.points.cmp(&a.points).then(a.at.cmp(&b.at)).then(a.release.cmp(&b.release)));

    if let Some(format) = FORMATS.iter().find(|f| f.id == options.format) {
        means.terminal.result(&(format.write)(&view))?;
    }
    let fails = options.fail_on.is_some_and(|limit| view.findings.iter().any(|f| f.p_value <= limit.rate()));
    Ok(if fails { exit::FINDINGS } else { exit::CLEAN })
}

/// Keeps the highest scores, the earlier of two equal ones first.
fn keep_closest(closest: &mut Vec<Finding>, assessed: &Assessed, model: &Model) {
    const KEPT: usize = 3;
    if closest.len() < KEPT || closest.last().is_some_and(|last| assessed.assessment.points > last.points) {
        closest.push(Finding::new(assessed.look, assessed.assessment, model, assessed.p_value));
        closest.sort_by_key(|finding| std::cmp::Reverse(finding.points));
        closest.truncate(KEPT);
    }
}

fn look_closely(options: &Investigate, means: &Means) -> Result<u8> {
    let model = means.model()?;
    let history = means.archive.load()?;
    let release = &options.release;
    let at = history
        .find(&release.registry, &release.package, &release.version)
        .ok_or_else(|| unknown_release(release, &history))?;
    let found = investigate::investigate(&history, &model, at).ok_or_else(|| unknown_release(release, &history))?;
    let text = match options.format.as_str() {
        "jsonl" => jsonl::line(&found.finding, &model.id),
        _ => timeline::text(&found),
    };
    means.terminal.result(&text).map(|()| exit::CLEAN)
}

fn import(options: &Import, means: &Means) -> Result<u8> {
    let mut intaker = means.archive.open_intake()?;
    let key = means.archive.email_key()?;
    let mut failed = 0;
    let mut report = String::new();
    for file in &options.files {
        let offered = read_any(file, &key, means.now);
        let (rows, words, remarks) = match offered {
            Ok(offered) => without_the_future(offered, means.now),
            Err(error) => {
                means.terminal.error(&error);
                failed += 1;
                continue;
            }
        };
        let intake = intaker.offer(rows, &words);
        let _ = writeln!(
            report,
            "{}: {} new, {} known, {} with something later, {} refused",
            printable(&file.to_string_lossy()),
            intake.new,
            intake.known,
            intake.added,
            intake.refused.len()
        );
        refusals(&mut report, &intake.refused);
        for remark in remarks {
            let _ = writeln!(report, "  {}", printable(&remark));
        }
    }
    intaker.commit()?;
    means.terminal.result(&report)?;
    if failed > 0 {
        return Err(Error::tool(format!("{failed} of {} files were not taken up", options.files.len()))
            .remedy("see the error of each above; the others are in the archive"));
    }
    Ok(exit::CLEAN)
}

/// Says what contradicted the archive: some in full, all of them counted by column.
fn refusals(report: &mut String, refused: &[Refusal]) {
    const IN_FULL: usize = 5;
    for refusal in refused.iter().take(IN_FULL) {
        let _ = writeln!(
            report,
            "  refused {}: {} was `{}` when it was first seen and is `{}` here; what was seen first is kept",
            printable(&refusal.release),
            refusal.column,
            printable(&refusal.held),
            printable(&refusal.offered)
        );
    }
    if refused.len() > IN_FULL {
        let mut columns: BTreeMap<&str, usize> = BTreeMap::new();
        for refusal in refused {
            *columns.entry(refusal.column).or_default() += 1;
        }
        let counts: Vec<String> = columns.iter().map(|(column, n)| format!("{column} {n}")).collect();
        let _ = writeln!(report, "  refused in all, by the first column that differs: {}", counts.join(", "));
    }
}

type Offered = (Vec<Row>, Vocabulary, Vec<String>);

/// Leaves out publishes dated more than a day ahead, and says so: one of them would be the newest
/// event for years, and every window would end there.
fn without_the_future((mut rows, words, mut remarks): Offered, now: i64) -> Offered {
    rows.retain(|row| {
        let ahead = row.published_at.get().filter(|at| *at > now + DAY);
        if let Some(at) = ahead {
            let release = format!("{}@{}", words.text(row.package), words.text(row.version));
            remarks.push(format!("skipped {release}: dated {}, in the future", show_time(at)));
        }
        ahead.is_none()
    });
    (rows, words, remarks)
}

/// Reads an event table or a packument, whichever it is.
fn read_any(file: &Path, key: &normalise::EmailKey, now: i64) -> Result<Offered> {
    let mut words = Vocabulary::default();
    let head = fs::File::open(file).and_then(|mut f| {
        let mut head = [0u8; 4];
        std::io::Read::read(&mut f, &mut head).map(|n| head[..n].to_vec())
    });
    let head = head.map_err(|e| files::unreadable(file, &e))?;
    if table::is_parquet(&head) || file.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
        let table = table::read(file, &mut words)?;
        let mut remarks = Vec::new();
        if !table.unknown.is_empty() {
            remarks.push(format!("columns not known and not read: {}", table.unknown.join(", ")));
        }
        if !table.absent.is_empty() {
            remarks.push(format!("columns not there, read as not recorded: {}", table.absent.join(", ")));
        }
        return Ok((table.rows, words, remarks));
    }
    // One registry so far: whatever is no table is a document of it.
    let registry = REGISTRIES[0];
    let document = (registry.read)(file)?;
    let mut remarks = document.warnings.clone();
    remarks.extend(document.skipped.iter().map(|s| match s.version.as_str() {
        "" => format!("skipped: {}", s.reason),
        version => format!("skipped {version}: {}", s.reason),
    }));
    let events = normalise::events(registry.id, document, key, now);
    let rows = events.into_iter().map(|event| intern(event, &mut words)).collect();
    Ok((rows, words, remarks))
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
    options.surprises.as_deref().map_or(Ok(()), scores::must_be_parquet)?;
    let material = Material::read(&options.events, options.attacks.as_deref())?;
    let folds = material.folds();
    if options.attacks.is_some() && !folds.contains(&options.fold) {
        return Err(Error::usage(format!("the attacks have no run {}", options.fold))
            .remedy(format!("their runs are {folds:?}")));
    }
    let run = material.into_run(options.attacks.is_some().then_some(options.fold));
    let mut progress = Progress::new("scoring", run.history.events.len(), means.terminal.quiet);
    let scored = run.score(&model, |at| progress.at(at));
    drop(progress);
    scores::write(&options.scores, &run, &scored, &model)?;
    if let Some(path) = &options.surprises {
        let mut surprises = Surprises::default();
        fold(&run.history, &model, |assessed| surprises.note(&assessed.assessment.judgements));
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
    let material = Material::read(&options.events, Some(&options.attacks))?;
    let steps = material.folds().len() + 1;
    let mut progress = Progress::new("evaluating", steps, means.terminal.quiet);
    let mut done = 0;
    let evaluation = evaluate::evaluate(&material, &model, |_| {
        progress.at(done);
        done += 1;
    });
    drop(progress);
    let text = if options.json { comparison::json(&evaluation) } else { comparison::text(&evaluation) };
    means.terminal.result(&text).map(|()| exit::CLEAN)
}

fn count(options: &Survey, means: &Means) -> Result<u8> {
    let run = Material::read(&options.events, None)?.into_run(None);
    let text = survey::toml(&survey::survey(&run.history, &means.model()?));
    means.terminal.result(&text).map(|()| exit::CLEAN)
}

fn time(text: &str, option: &str) -> Result<i64> {
    parse_time(text).or_else(|| parse_time(&format!("{text}T00:00:00Z"))).ok_or_else(|| {
        Error::usage(format!("{option}: `{text}` is not a time"))
            .remedy("write it as 2026-05-19 or 2026-05-19T02:00:00Z (UTC); --since also takes 30d or 12h")
    })
}

fn beginning(text: &str, end: i64) -> Result<i64> {
    let units = [('d', DAY), ('h', HOUR)];
    let relative = units
        .iter()
        .find_map(|(unit, length)| text.strip_suffix(*unit)?.parse::<u32>().ok().map(|n| i64::from(n) * length));
    relative.map_or_else(|| time(text, "--since"), |span| Ok(end.saturating_sub(span)))
}
