//! A progress bar for work of more than two seconds, on a terminal only.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Work shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(2);

/// One piece of work whose end is known.
pub struct Progress {
    begun: Instant,
    shown: bool,
    bar: ProgressBar,
}

impl Progress {
    /// Work of `total` steps; never shown when `quiet` or when standard error is no terminal.
    #[must_use]
    pub fn new(what: &'static str, total: usize, quiet: bool) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_length(total as u64);
        bar.set_message(what);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        Self { begun: Instant::now(), shown: quiet || !std::io::stderr().is_terminal(), bar }
    }

    /// So many steps are done.
    pub fn at(&mut self, position: usize) {
        if !self.shown && self.begun.elapsed() > PATIENCE {
            self.shown = true;
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
        self.bar.set_position(position as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
