//! What a watch says of new publishes: each judged from everything before it, with what was concluded and what is kept
//! quiet by then.
//!
//! Verdicts and suppressions are read anew each time, so that those that are recorded while it runs count from its next
//! judgement on. A new publish is told once, so that a file that somebody just broke must not stop it: the file is
//! complained about, and what was read last goes on to hold.

use std::collections::HashSet;
use std::path::PathBuf;

use super::super::desk::{Concluded, concluded};
use super::super::score::a_day;
use super::super::{Means, quiet, tell_apart};
use crate::archive::history::Event;
use crate::archive::vocabulary::Sym;
use crate::cli::Watch;
use crate::detect::alert::Finding;
use crate::engine::recent::fold_since;
use crate::error::Result;
use crate::names::PackageId;
use crate::report::view::View;
use crate::report::view::suppressed::{self, sentence};
use crate::report::{jsonl, text};
use crate::review::suppressions::{self, Entry, day_of};

/// Judges new publishes.
pub(super) struct Judging<'a> {
    options: &'a Watch,
    means: &'a Means,
    concluded: Concluded,
    quiet: Option<(PathBuf, Vec<Entry>)>,
    /// What was said of verdicts and suppressions: once is enough.
    told: HashSet<String>,
    trouble: String,
}

impl<'a> Judging<'a> {
    /// Reads verdicts and suppressions for the first time.
    ///
    /// # Errors
    /// When they cannot be read: that should be known before anything is waited for.
    pub fn ready(options: &'a Watch, means: &'a Means) -> Result<Self> {
        Ok(Self {
            options,
            means,
            concluded: concluded(&options.desk, means)?,
            quiet: quiet::entries(&options.quiet, means)?,
            told: HashSet::new(),
            trouble: String::new(),
        })
    }

    /// Tells new publishes: packages with the version.
    ///
    /// # Errors
    /// When the archive or the model cannot be read, or nothing can be written.
    pub fn judge(&mut self, fresh: &[(PackageId, String)]) -> Result<()> {
        if fresh.is_empty() {
            return Ok(());
        }
        let history = self.means.archive.load()?;
        let words = &history.words;
        let named = fresh
            .iter()
            .filter_map(|(id, version)| Some([words.find(&id.registry)?, words.find(&id.name)?, words.find(version)?]));
        let wanted: HashSet<[Sym; 3]> = named.collect();
        let is_new = |event: &Event| wanted.contains(&[event.registry, event.package, event.version]);
        let Some(first) = history.events.iter().find(|event| is_new(event)).map(|event| event.at) else {
            return Ok(());
        };
        self.read_again();
        let (policy, about) = self.concluded.policy(&self.options.desk, &history);
        if let Some(about) = about.filter(|about| self.told.insert(about.clone())) {
            self.means.terminal.remark(&about);
        }
        let model = self.means.model()?;
        let rate = self.options.budget.budget(a_day(&history, history.newest().unwrap_or(i64::MAX))).rate();
        let mut view = View { model: model.id.clone(), investigate: self.means.investigate(), ..View::default() };
        fold_since(&history, &model, &policy, first, |assessed| {
            if is_new(assessed.look.event) {
                let mut finding = Finding::new(assessed.look, assessed.assessment, &model, assessed.p_value);
                tell_apart(&mut finding);
                view.findings.push(finding);
            }
        });
        if let Some((path, entries)) = &self.quiet {
            suppressions::apply(entries, day_of((self.means.clock)()), &mut view);
            view.standing.retain(|(standing, by)| {
                let what = format!("{} {}", standing.name(), sentence(by));
                self.told.insert(what)
            });
            quiet::warn(path, &view, self.means);
        }
        self.means.terminal.result(&self.text(&view, rate))
    }

    fn text(&self, view: &View, rate: f64) -> String {
        let mut out = String::new();
        if self.options.format == "jsonl" {
            out.extend(view.findings.iter().map(|finding| jsonl::line(finding, &view.model)));
            return out + &suppressed::jsonl(view);
        }
        for finding in &view.findings {
            if finding.p_value <= rate {
                text::finding(&mut out, finding, &view.investigate);
            } else {
                text::usual(&mut out, finding);
            }
        }
        for line in suppressed::lines(view) {
            out.push_str(&line);
            out.push('\n');
        }
        out
    }

    fn read_again(&mut self) {
        let concluded = concluded(&self.options.desk, self.means).map(|fresh| self.concluded = fresh);
        let quiet = quiet::entries(&self.options.quiet, self.means).map(|fresh| self.quiet = fresh);
        let errors: Vec<_> = [concluded.err(), quiet.err()].into_iter().flatten().collect();
        let trouble: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let trouble = trouble.join("\n");
        if trouble != self.trouble && !errors.is_empty() {
            for error in &errors {
                self.means.terminal.error(error);
            }
            self.means.terminal.remark("until that is mended, the verdicts and suppressions that were read last hold");
        }
        self.trouble = trouble;
    }
}
