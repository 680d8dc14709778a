//! `review`: the desk in a browser, and the same queue as a table.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::judge::{Question, judge};
use super::pull::runtime;
use super::score::{self, Span};
use super::{Means, desk, quiet, signed_by};
use crate::archive::files;
use crate::archive::history::History;
use crate::cli::review::{Import, Review, ReviewAction, Serve, Window};
use crate::detect::model::Model;
use crate::engine::embedded::fold_under;
use crate::engine::policy::Policy;
use crate::error::{Error, Result, exit, printable};
use crate::report::view::View;
use crate::review::desk::door::{Door, loopback};
use crate::review::desk::routes::{Served, router};
use crate::review::desk::{Desk, Scored};
use crate::review::sheet;
use crate::review::store::Store;

pub(super) fn review(options: &Review, means: &Means) -> Result<u8> {
    match &options.action {
        ReviewAction::Serve(options) => serve(options, means),
        ReviewAction::Export { file, window } => {
            let dir = means.archive.dir()?;
            let opened = open(window, means)?;
            let view = opened.judge(means);
            let held = Store::read(dir)?.map_or_else(|| Ok(Vec::new()), |store| store.all())?;
            let rows = sheet::rows(&view, &held);
            files::replace(file, &sheet::write(&rows))?;
            means.terminal.remark(&format!("{} rows written to {}", rows.len(), printable(&file.to_string_lossy())));
            Ok(exit::CLEAN)
        }
        ReviewAction::Import(options) => import(options, means),
    }
}

/// A history, with what is asked of it.
pub(super) struct Opened {
    pub history: History,
    pub as_of: i64,
    since: i64,
    model: Model,
    policy: Policy,
    budget: crate::detect::calibration::Budget,
}

/// Loads the archive for a window, as `score` does.
pub(super) fn open(window: &Window, means: &Means) -> Result<Opened> {
    let model = means.model()?;
    let Span { history, since, as_of, .. } = score::open(&window.since, window.as_of.as_deref(), means)?;
    let policy = desk::policy(&window.desk, &history, means)?;
    Ok(Opened { history, as_of, since, model, policy, budget: window.budget })
}

impl Opened {
    /// Judges the window; the history stays whole.
    pub(super) fn judge(&self, means: &Means) -> View {
        let question = Question {
            since: self.since,
            as_of: self.as_of,
            budget: self.budget,
            all: false,
            others: None,
            asked: &|_| true,
            asked_raised: &|_, _| true,
        };
        judge(&mut self.history.clone(), &self.model, &self.policy, &question, means)
    }

    /// The score of every event, hundredths.
    fn points(&self) -> Vec<i32> {
        let mut points = vec![0; self.history.events.len()];
        fold_under(&self.history, &self.model, &self.policy, |assessed| {
            points[assessed.index] = assessed.assessment.points;
        });
        points
    }
}

fn score(window: &Window, means: &Means) -> Result<Scored> {
    // Before it is scored: what is recorded meanwhile does not take part.
    let store = Store::read(means.archive.dir()?)?;
    let taught_by = store.map_or(Ok(0), |store| store.all().map(|all| all.last().map_or(0, |kept| kept.id)))?;
    let opened = open(window, means)?;
    // Both read the whole history; neither waits for the other.
    let (mut view, points) = std::thread::scope(|scope| {
        let points = scope.spawn(|| opened.points());
        (opened.judge(means), points.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let today = quiet::day_asked(window.as_of.is_some(), opened.as_of, means);
    quiet::apply(&window.quiet, today, &mut view, means)?;
    Ok(Scored { view, history: opened.history, points, taught_by })
}

fn serve(options: &Serve, means: &Means) -> Result<u8> {
    let wanted = SocketAddr::new(options.address, options.port);
    loopback(wanted)?;
    let dir = means.archive.dir()?;
    let reviewer = signed_by(options.reviewer.as_ref())?;
    let taken = |e: std::io::Error| {
        Error::tool(format!("{wanted} cannot be served at: {e}")).remedy("choose another --port, or 0 for a free one")
    };
    let listener = TcpListener::bind(wanted).map_err(taken)?;
    listener.set_nonblocking(true).map_err(taken)?;
    let door = Door::new(listener.local_addr().map_err(taken)?)?;
    let url = door.url();
    let (window, own) = (options.window.clone(), means.clone());
    let desk = Desk::open(dir, reviewer, means.clock, Box::new(move || score(&window, &own)))?;
    let router = router(Arc::new(Served { desk, door }));
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let broken = |e: std::io::Error| Error::tool(format!("the desk cannot be served: {e}"));
        let listener = tokio::net::TcpListener::from_std(listener).map_err(broken)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(broken)?;
        means.terminal.remark("the review desk is open, for this machine only; Ctrl-C ends it");
        means.terminal.result(&format!("{url}\n"))?;
        tokio::select! {
            ended = axum::serve(listener, router) => ended.map_err(broken),
            _ = terminated.recv() => Ok(()),
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    });
    // A verdict that is being written is written to its end; nothing else has anything to lose.
    runtime.shutdown_timeout(Duration::from_secs(5));
    ended?;
    means.terminal.remark("the review desk is closed; every verdict that was recorded is kept");
    Ok(exit::CLEAN)
}

fn import(options: &Import, means: &Means) -> Result<u8> {
    let dir = means.archive.dir()?;
    let signer = signed_by(options.reviewer.as_ref());
    let table = sheet::read(&options.file)?;
    let history = means.archive.load()?;
    let choice = match (options.mine, options.theirs) {
        (true, _) => sheet::Choice::Mine,
        (_, true) => sheet::Choice::Theirs,
        _ => sheet::Choice::Refuse,
    };
    let reviewer = signer.as_deref().unwrap_or_default();
    let desk = sheet::Importing { reviewer, now: means.now(), choice };
    let plan = |held: &[crate::review::store::Kept]| {
        let plan = sheet::plan(&table, &history, held, &desk)?;
        // A copy that is put back names who decided; only what is new needs somebody to sign.
        match &signer {
            Err(nobody) if plan.given.iter().any(|given| given.reviewer.is_empty()) => Err(nobody.clone()),
            _ => Ok(plan),
        }
    };
    let done = if options.dry_run {
        let held = Store::read(dir)?.map_or_else(|| Ok(Vec::new()), |store| store.all())?;
        plan(&held).map_err(|e| e.file(&options.file))?
    } else {
        let mut store = Store::open(dir)?;
        let done = plan(&store.all()?).map_err(|e| e.file(&options.file))?;
        let seen = done.seen;
        // Whoever records in this instant is not overwritten: the whole file is looked at again by its user.
        let kept = store.record_if(&done.given, |latest| latest.values().all(|kept| kept.id <= seen))?;
        if kept.is_none() {
            return Err(Error::tool("somebody recorded a verdict in the same moment; nothing was recorded")
                .remedy("import the file again"));
        }
        done
    };
    means.terminal.result(&done.text(options.dry_run))?;
    if done.conflicts.is_empty() || options.theirs || options.mine {
        return Ok(exit::CLEAN);
    }
    Err(Error::tool(format!("{} rows were decided otherwise in the meantime and were left", done.conflicts.len()))
        .file(&options.file)
        .remedy("--mine records them as the table says, --theirs leaves them; or export again and look"))
}
