//! The surprise of every signal at many events, small enough to keep: what detectors that learn from
//! unlabelled rows are given, so that they see what our score sees.

use crate::detect::evidence::Judgement;
use crate::detect::signals::SIGNALS;

/// Steps a bit: surprises are kept to a sixteenth of a bit, and up to just below 16 bits.
const STEPS: f32 = 16.0;

/// Rows of surprises, one column a signal; "cannot tell" is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    width: usize,
    cells: Vec<u8>,
}

impl Columns {
    /// No rows yet, one column a signal.
    #[must_use]
    pub fn of_signals() -> Self {
        Self { width: SIGNALS.len(), cells: Vec::new() }
    }

    /// A table of numbers from 0 to 15.9375, rounded to sixteenths; every row is as long as the first.
    #[must_use]
    pub fn from_rows(rows: &[Vec<f32>]) -> Self {
        let cells = rows.iter().flatten().map(|bits| step(*bits)).collect();
        Self { width: rows.first().map_or(0, Vec::len), cells }
    }

    /// Adds the surprises of one event.
    pub fn push(&mut self, judgements: &[Judgement]) {
        self.cells.extend(judgements.iter().map(|judgement| step(judgement.bits())));
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    /// There are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The row at `at`, in sixteenths of a bit.
    #[must_use]
    pub fn row(&self, at: usize) -> &[u8] {
        &self.cells[at * self.width..(at + 1) * self.width]
    }

    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.cells.chunks_exact(self.width.max(1))
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn step(bits: f32) -> u8 {
    (bits * STEPS + 0.5).clamp(0.0, 255.0) as u8
}
