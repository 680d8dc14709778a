//! Rows of a table, cut into moments: the publishes of one millisecond, which do not see each other.

use std::path::Path;

use crate::archive::columns::Row;
use crate::archive::history::order;
use crate::archive::table::show_time;
use crate::archive::vocabulary::Vocabulary;
use crate::error::{Error, Result};

/// Cuts the rows of a table that is in the order of time.
pub struct Moments<'a> {
    path: &'a Path,
    /// Time of what is kept already; of nothing where it is the least number.
    until: i64,
    /// What to do where the table begins before that.
    remedy: &'static str,
    /// Publishes of a moment that may go on in the next rows.
    pub waiting: Vec<Row>,
    rows: usize,
}

impl<'a> Moments<'a> {
    /// Begins a table that goes on after `until`, milliseconds.
    #[must_use]
    pub fn after(until: i64, path: &'a Path, remedy: &'static str) -> Self {
        Self { path, until, remedy, waiting: Vec::new(), rows: 0 }
    }

    /// Hands out the moments that are complete with the next rows, each in the order of a history.
    ///
    /// # Errors
    /// When the table is not in the order of time, or begins before what is kept, or has a release twice in a moment.
    pub fn cut(
        &mut self,
        block: &mut Vec<Row>,
        words: &Vocabulary,
        mut take: impl FnMut(&mut [Row]) -> Result<()>,
    ) -> Result<()> {
        if self.rows == 0 && block.first().is_some_and(|row| row.at <= self.until) {
            return Err(self.overlaps(block[0].at));
        }
        let mut last = self.waiting.first().map_or(self.until, |first| first.at);
        for (at, row) in block.iter().enumerate() {
            if row.at < last {
                return Err(self.unordered(self.rows + at, last, row.at));
            }
            last = row.at;
        }
        self.rows += block.len();
        let goes_on = self.waiting.first().map_or(0, |first| block.partition_point(|row| row.at == first.at));
        self.waiting.extend(block.drain(..goes_on));
        let ends = block.partition_point(|row| row.at < last);
        if !block.is_empty() {
            self.end(words, &mut take)?;
        }
        for moment in block[..ends].chunk_by_mut(|a, b| a.at == b.at) {
            self.in_order(moment, words)?;
            take(moment)?;
        }
        self.waiting.extend(block.drain(ends..));
        Ok(())
    }

    /// Hands out the last moment of the table. Hands back its time, or that of what was kept where there is none.
    ///
    /// # Errors
    /// When `take` fails, or a release is there twice.
    pub fn end(&mut self, words: &Vocabulary, mut take: impl FnMut(&mut [Row]) -> Result<()>) -> Result<i64> {
        let until = self.waiting.last().map_or(self.until, |row| row.at);
        let mut waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            self.in_order(&mut waiting, words)?;
            take(&mut waiting)?;
        }
        Ok(until)
    }

    fn in_order(&self, moment: &mut [Row], words: &Vocabulary) -> Result<()> {
        if moment.len() < 2 {
            return Ok(());
        }
        moment.sort_by(|a, b| order(a, b, words));
        match moment.windows(2).find(|pair| order(&pair[0], &pair[1], words).is_eq()) {
            None => Ok(()),
            Some(pair) => Err(Error::tool(format!("{} is there twice", pair[0].release(words)))
                .file(self.path)
                .place(format!("at {}", show_time(pair[0].at)))
                .remedy("leave one row of each release")),
        }
    }

    fn overlaps(&self, at: i64) -> Error {
        let (at, until) = (show_time(at), show_time(self.until));
        Error::tool(format!("begins at {at}, and what was kept is of everything up to {until}"))
            .file(self.path)
            .place("row 1, column published_at")
            .remedy(self.remedy)
    }

    fn unordered(&self, row: usize, last: i64, at: i64) -> Error {
        let (at, last) = (show_time(at), show_time(last));
        Error::tool(format!("{at} comes after {last}, and the table is read in the order of time"))
            .file(self.path)
            .place(format!("row {}, column published_at", row + 1))
            .remedy("sort the table by published_at")
    }
}
