//! `nightly`: fetch, judge what is new, write, tell, and report; each phase commits what it came to.
//!
//! A run that is ended before its time leaves its night open. The next one takes the same night up again: what it had
//! taken up is judged again, with what came since, and what it had sent is not sent twice ([`compose`], [`deliver`]).
//! What fails around a night (a registry, a receiver, a place to write) is no finding and no silence: it is told to
//! `notify.operations`, stands in the report and in the figures, and ends the run with its own exit code.

mod choose;
mod compose;
mod deliver;
pub(super) mod exports;
mod lock;
pub(super) mod trial;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use self::choose::{Chosen, choose};
use self::compose::Composed;
use self::deliver::{Channel, Courier, channels};
use super::judge::{Question, judge};
use super::{Means, desk, pull, quiet, score, select, time_of};
use crate::archive::corroboration::Corroboration;
use crate::archive::files;
use crate::archive::history::History;
use crate::archive::nights::{Finished, Night as Open};
use crate::archive::state::State;
use crate::baseline::stance::DAY;
use crate::cli::Selection;
use crate::cli::night::Nightly;
use crate::config::{Config, Surroundings};
use crate::detect::calibration::Budget;
use crate::detect::model::Model;
use crate::error::{Error, Result, exit, printable};
use crate::net::send::Sender;
use crate::report::Format;
use crate::report::night::metrics::openmetrics;
use crate::report::night::{self, Judged, Night, Rate};
use crate::report::view::{Elsewhere, View};

/// A night that is being worked at.
struct Run<'a> {
    options: &'a Nightly,
    means: &'a Means,
    dir: &'a Path,
    surroundings: Surroundings,
    config: Config,
    formats: Vec<&'static Format>,
    budget: Budget,
    /// Where the first night of the archive begins, milliseconds.
    first_since: i64,
    model: Model,
    state: State,
    runtime: Runtime,
    open: Open,
    last: Vec<Finished>,
    report: Night,
    /// The night is ended: nothing of it is left for the next run.
    complete: bool,
}

pub(super) fn nightly(options: &Nightly, means: &Means) -> Result<u8> {
    let dir = means.archive.dir()?;
    let surroundings = means.surroundings()?;
    let mut config = Config::load(options.fetching.reach.config.as_deref(), &surroundings)?;
    let budget = options.budget.unwrap_or(Budget { one_in: f64::from(config.nightly.one_in), a_day: None });
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a budget is 1 in at least 1")]
    {
        config.nightly.one_in = budget.one_in.round() as u32;
    }
    let formats = exports::formats(&config.nightly.formats)?;
    let first_since = score::beginning(&options.since, means.now())?;
    let model = means.model()?;
    let _alone = lock::alone(dir, means.now())?;
    let state = State::open(dir)?;
    let last = state.finished_nights(config.nightly.rate_nights)?;
    let open = if options.dry_run {
        Open { number: last.first().map_or(1, |last| last.number + 1), begun_at: means.now(), resumed: false }
    } else {
        state.begin_night(means.now())?
    };
    let mut report = Night::new(open.number, open.resumed, time_of(means.now()));
    report.as_of = time_of(means.now());
    report.config_hash = config.hash();
    report.model.clone_from(&model.id);
    let runtime = pull::runtime()?;
    let mut run = Run {
        options,
        means,
        dir,
        surroundings,
        config,
        formats,
        budget,
        first_since,
        model,
        state,
        runtime,
        open,
        last,
        report,
        complete: false,
    };
    if options.dry_run { run.rehearse() } else { run.perform() }
}

impl Run<'_> {
    /// Shows what would be sent.
    fn rehearse(&mut self) -> Result<u8> {
        let view = self.judge()?;
        let mut out = String::new();
        for message in self.state.waiting()? {
            let _ = writeln!(out, "waiting, {} {}", message.channel, message.key);
        }
        for channel in channels("findings", &self.config.notify.findings) {
            let composed = self.compose(&channel, &view)?;
            for message in composed.messages {
                let text = String::from_utf8_lossy(&message.payload);
                let text: Vec<String> = text.lines().map(printable).collect();
                let _ = writeln!(out, "would send, {} {}\n{}", message.channel, message.key, text.join("\n"));
            }
        }
        out.push_str(&night::text(&self.report));
        self.means.terminal.result(&out)?;
        Ok(self.findings_code(&view).unwrap_or(exit::CLEAN))
    }

    fn perform(&mut self) -> Result<u8> {
        self.phase("fetch", Self::fetch);
        let judged = self.phase("judge", Self::judge);
        let view = match judged {
            Ok(view) => view,
            Err(error) => {
                self.report.failures.push(format!("nothing was judged: {error}"));
                self.finish(None);
                return Err(error);
            }
        };
        let folder = self.phase("export", |run| run.export(&view));
        let told = self.phase("notify", |run| run.tell(&view));
        if let Err(error) = told {
            self.report.failures.push(format!("findings were not told: {error}"));
        } else if folder.is_some() {
            self.complete = true;
        }
        self.finish(folder.as_deref());
        if self.complete {
            let of = Finished {
                number: self.open.number,
                as_of: self.means.now(),
                publishes: view.publishes as u64,
                alerts: view.alerts as u64,
            };
            let kept = self.state.end_night(self.open.number, (self.means.clock)(), &of, &night::json(&self.report));
            if let Err(error) = kept {
                self.report.failures.push(format!("the night is not ended: {error}"));
            }
        }
        self.means.terminal.result(&night::text(&self.report))?;
        let partly = if self.report.is_whole() { exit::CLEAN } else { exit::PARTLY };
        Ok(self.findings_code(&view).unwrap_or(partly))
    }

    fn phase<T>(&mut self, name: &'static str, work: impl FnOnce(&mut Self) -> T) -> T {
        let begun = (self.means.clock)();
        let result = work(self);
        self.report.durations_ms.insert(name, ((self.means.clock)() - begun).max(0));
        result
    }

    /// Fetches the watch list. Whatever goes wrong, the night goes on with what there is.
    fn fetch(&mut self) {
        if self.options.no_fetch || self.means.offline {
            return;
        }
        match self.fetched() {
            Ok(fetched) => {
                if fetched.failed > 0 {
                    let what = format!("{} of {} packages could not be fetched", fetched.failed, fetched.asked);
                    self.report.failures.push(what);
                }
                self.report.failures.extend(fetched.failures.iter().cloned());
                self.report.fetched = Some(fetched);
            }
            Err(error) => self.report.failures.push(format!("not everything was fetched: {error}")),
        }
    }

    fn fetched(&self) -> Result<night::Fetched> {
        let desk = pull::ready(&self.options.fetching, self.means)?;
        let everything =
            Selection { packages: Vec::new(), maintainer: Vec::new(), from_lock: Vec::new(), project: None };
        self.runtime.block_on(async {
            let (targets, remarks) = select::targets(&desk, &everything, self.means).await?;
            let none = targets.is_empty();
            let mut fetched = pull::visit_all(&desk, targets, self.means).await?.fetched();
            fetched.remarks.extend(remarks);
            fetched.remarks.extend(desk.addresses.warnings());
            if none {
                fetched.remarks.push(format!(
                    "nothing is on the watch list: {}",
                    self.means.command("pull --from-lock package-lock.json")
                ));
            }
            Ok(fetched)
        })
    }

    /// Takes up what is new, and judges it.
    fn judge(&mut self) -> Result<View> {
        let now = self.means.now();
        let mut history = self.means.archive.load()?;
        history.events.retain(|event| event.at <= now);
        if history.events.is_empty() {
            return Err(Error::no_input("the archive holds no publishes")
                .remedy("put packages on the watch list: gaitkeeper pull --archive DIR PACKAGE"));
        }
        let chosen = choose(&history, &self.state, self.open.number, self.last.first(), self.first_since, now)?;
        if !self.options.dry_run {
            self.state.take_up(self.open.number, &chosen.judged, &chosen.taught)?;
        }
        let others = self.others(&history);
        let view = self.view(&mut history, &chosen, others.as_ref())?;
        self.report.judged = Some(Judged {
            publishes: view.publishes,
            late: chosen.late,
            taught_only: chosen.taught.len(),
            hardly_judged: view.unjudged.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect(),
            alerts: view.alerts,
            raised: view.raised,
            campaigns: view.campaigns.len(),
            elsewhere: view.elsewhere.as_ref().map(Elsewhere::sentence),
        });
        self.report.rate = rate(&self.last, &view, self.budget);
        Ok(view)
    }

    /// What others say. No score depends on it, so that a night does without where it cannot be read, and says so.
    fn others(&mut self, history: &History) -> Option<Corroboration> {
        let named = &self.options.others.corroborate;
        let files = if named.is_empty() {
            self.config.nightly.corroborate.iter().map(|file| self.surroundings.cwd.join(file)).collect()
        } else {
            named.clone()
        };
        if files.is_empty() {
            return None;
        }
        let read = Corroboration::read(&files, history);
        read.map_err(|error| self.report.failures.push(format!("others were not asked: {error}"))).ok()
    }

    fn view(&self, history: &mut History, chosen: &Chosen, others: Option<&Corroboration>) -> Result<View> {
        let now = self.means.now();
        let first = chosen.first.unwrap_or(now);
        let policy = desk::policy(&self.options.desk, history, self.means)?;
        let taught = history.events.partition_point(|event| event.at < first);
        let question = Question {
            // What was alerted the day before may go on tonight: campaigns are told from there.
            since: first.saturating_sub(DAY),
            as_of: now,
            budget: self.budget,
            all: false,
            others,
            asked: &|event| chosen.has(event),
            asked_raised: &|event, raised| chosen.has(event) || chosen.names.contains(&raised.by),
        };
        if chosen.releases.is_empty() {
            history.events.clear();
        }
        let mut view = judge(history, &self.model, &policy, &question, self.means);
        quiet::apply(&self.options.quiet, now, &mut view, self.means)?;
        view.since = first;
        view.taught = taught;
        Ok(view)
    }

    /// Writes the exports; `None` where that did not come about, and then the night stays open.
    fn export(&mut self, view: &View) -> Option<PathBuf> {
        let root = self.dir.join(&self.config.nightly.exports);
        let folder = exports::folder(&root, &self.report.started_at);
        self.report.exports = Some(folder.display().to_string());
        match exports::write(&root, &folder, &self.formats, view, &self.report, self.config.nightly.keep) {
            Ok(()) => Some(folder),
            Err(error) => {
                self.report.exports = None;
                self.report.failures.push(format!("exports were not written, and the next run does it: {error}"));
                None
            }
        }
    }

    fn compose(&self, channel: &Channel, view: &View) -> Result<Composed> {
        let quiet_nights = self.config.notify.quiet_nights;
        compose::findings(channel, &self.report, view, &self.state, quiet_nights, self.means.now())
    }

    /// Puts what is to be told into the outbox, then sends what stands there.
    fn tell(&mut self, view: &View) -> Result<()> {
        let findings = channels("findings", &self.config.notify.findings);
        for channel in &findings {
            let composed = self.compose(channel, view)?;
            self.state.post(self.open.number, &composed.messages, &composed.told, self.means.now())?;
        }
        let delivered = self.deliver(&findings)?;
        for (channel, delivered) in &delivered {
            let lost = delivered.refused + if self.means.offline { 0 } else { delivered.waiting };
            if lost > 0 {
                let why = delivered.failure.as_deref().unwrap_or("an earlier one waits");
                self.report.failures.push(format!("{channel}: {lost} messages were not delivered: {why}"));
            }
        }
        self.report.notifications.extend(delivered);
        for (channel, standing) in self.state.standing()? {
            if channel.starts_with("findings.") && !findings.iter().any(|known| known.name == channel) {
                let what = format!("{channel}: {} messages wait, and it is no longer configured", standing.waiting);
                self.report.failures.push(what);
            }
        }
        Ok(())
    }

    fn deliver(&self, to: &[Channel]) -> Result<BTreeMap<String, night::Delivered>> {
        if to.is_empty() {
            return Ok(BTreeMap::new());
        }
        if self.means.offline {
            let standing = self.state.standing()?;
            let waiting = |channel: &Channel| night::Delivered {
                waiting: standing.get(&channel.name).map_or(0, |standing| standing.waiting),
                ..night::Delivered::default()
            };
            return Ok(to.iter().map(|channel| (channel.name.clone(), waiting(channel))).collect());
        }
        let sender = Sender::new(&self.config.network)?;
        let courier = Courier {
            sender,
            surroundings: &self.surroundings,
            network: &self.config.network,
            clock: self.means.clock,
        };
        self.runtime.block_on(courier.deliver(&self.state, to))
    }

    /// Tells what did not work, and writes the report and the figures. What fails here is said on standard error.
    fn finish(&mut self, folder: Option<&Path>) {
        let operations = channels("operations", &self.config.notify.operations);
        let mut trouble = Vec::new();
        if !self.report.is_whole() {
            for channel in &operations {
                let posted = compose::trouble(channel, &self.report, self.means.now()).and_then(|composed| {
                    self.state.post(self.open.number, &composed.messages, &composed.told, self.means.now())
                });
                trouble.extend(posted.err());
            }
        }
        match self.deliver(&operations) {
            Ok(delivered) => self.report.notifications.extend(delivered),
            Err(error) => trouble.push(error),
        }
        for (channel, delivered) in &self.report.notifications {
            if channel.starts_with("operations.") && delivered.failure.is_some() && !self.means.offline {
                let why = delivered.failure.as_deref().unwrap_or_default();
                self.report.failures.push(format!("{channel}: not delivered: {why}"));
            }
        }
        self.report.ended_ms = (self.means.clock)();
        self.report.ended_at = Some(time_of(self.report.ended_ms));
        if let Some(folder) = folder {
            trouble.extend(exports::report(folder, &self.report).err());
        }
        let file = self.config.metrics.textfile.as_ref().map(|path| self.surroundings.cwd.join(path));
        if let Some(file) = file {
            trouble.extend(files::replace(&file, openmetrics(&self.report).as_bytes()).err());
        }
        for error in trouble {
            self.means.terminal.error(&error);
            self.report.failures.push(error.to_string());
        }
    }

    fn findings_code(&self, view: &View) -> Option<u8> {
        let limit = self.options.fail_on?.rate();
        view.findings.iter().any(|finding| finding.rarest() <= limit).then_some(exit::FINDINGS)
    }
}

fn rate(last: &[Finished], view: &View, budget: Budget) -> Rate {
    let sum = |of: fn(&Finished) -> u64| last.iter().map(of).sum::<u64>();
    let publishes = sum(|night| night.publishes) + view.publishes as u64;
    let alerts = sum(|night| night.alerts) + view.alerts as u64;
    #[allow(clippy::cast_precision_loss, reason = "counts of publishes")]
    let rate = (publishes > 0).then(|| alerts as f64 / publishes as f64);
    Rate { nights: last.len() + 1, publishes, alerts, rate, budget: budget.rate() }
}
