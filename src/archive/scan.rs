//! A Parquet event table that may be larger than memory, one row group after the other.

use std::io::Read;
use std::path::Path;
use std::sync::mpsc::sync_channel;

use polars::prelude::{DataFrame, StringChunked};
use rustc_hash::FxHashMap;

use super::columns::{COLUMNS, Column, Field, Row};
use super::files;
use super::groups::Groups;
use super::history::Parser;
use super::sheet::{SCHEMA_KEY, absent, check_schema_version};
use super::table::{check_rows, fill, is_parquet};
use super::vocabulary::{Sym, Vocabulary, tag};
use crate::error::{Error, Result};

/// Columns on which no judgement depends. They are not read.
pub const UNREAD: [&str; 7] =
    ["approver", "signed", "deprecated", "cert_run_uri", "cert_log_index", "cert_level", "observed_at"];
/// A column of which only that something is recorded counts: its strings would fill memory and are never compared.
pub const RECORDED: &str = "git_head";
/// What such a column holds.
const YES: &str = "recorded";
/// Rows that are laid out at a time: they fit into the processor's cache.
const BLOCK: usize = 1_024;

/// What is read of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What a judgement depends on: of commits only that one is recorded.
    Judged,
    /// Every column as it is.
    Whole,
}

/// A table that is read piece by piece, in the order of the file.
pub struct Scan {
    depth: Depth,
    groups: Groups,
}

/// Columns of consecutive rows.
pub struct Piece {
    frame: DataFrame,
    /// Row of the file that is the first of the piece.
    pub first: usize,
    depth: Depth,
    /// For each column of the schema that holds strings, those without repetition.
    coded: Vec<Option<Coded>>,
}

/// Strings of a column by number. Equal strings may have several: a file's own dictionaries say which are equal.
struct Coded {
    /// One a row; zero where nothing is recorded.
    codes: Vec<u32>,
    /// The row where each number from one on is first.
    first: Vec<usize>,
    /// The tags of these strings.
    tags: Vec<u32>,
}

impl Coded {
    fn of(strings: &StringChunked) -> Self {
        let mut coded = Self { codes: Vec::with_capacity(strings.len()), first: Vec::new(), tags: Vec::new() };
        let mut numbers: FxHashMap<u128, u32> = FxHashMap::default();
        for chunk in strings.downcast_iter() {
            // Equal bits of two views of one chunk are the same bytes.
            numbers.clear();
            let mut last = (0, 0);
            for (view, text) in chunk.views().iter().zip(chunk) {
                let bits = view.as_u128();
                let code = match text {
                    None => 0,
                    Some(_) if last.0 == bits && last.1 > 0 => last.1,
                    Some(text) => *numbers.entry(bits).or_insert_with(|| {
                        coded.first.push(coded.codes.len());
                        coded.tags.push(tag(text));
                        u32::try_from(coded.first.len()).unwrap_or(u32::MAX)
                    }),
                };
                last = if code > 0 { (bits, code) } else { last };
                coded.codes.push(code);
            }
        }
        coded
    }
}

impl Scan {
    /// Opens a table to judge it.
    ///
    /// # Errors
    /// As [`Scan::to`].
    pub fn open(path: &Path) -> Result<Self> {
        Self::to(path, Depth::Judged)
    }

    /// Opens a table.
    ///
    /// # Errors
    /// When it is no Parquet file, lacks a required column, or was written by a later schema.
    pub fn to(path: &Path, depth: Depth) -> Result<Self> {
        let mut head = [0; 4];
        let read = files::open(path)?.read(&mut head).map_err(|e| files::unreadable(path, &e))?;
        if !is_parquet(&head[..read]) {
            return Err(Error::tool("is not a Parquet file, and other tables are read as a whole")
                .file(path)
                .remedy("`gaitkeeper backtest` reads CSV; or import it and export it as Parquet"));
        }
        let mut groups = Groups::open(path)?;
        let names = std::mem::take(&mut groups.wanted);
        check_schema_version(groups.said(SCHEMA_KEY).as_deref(), path)?;
        for column in COLUMNS.iter().filter(|column| !names.iter().any(|name| name == column.name)) {
            absent(column, path, &mut Vec::new())?;
        }
        let is_read = |name: &String| {
            COLUMNS.iter().any(|c| c.name == *name) && (depth == Depth::Whole || !UNREAD.contains(&name.as_str()))
        };
        groups.wanted = names.into_iter().filter(is_read).collect();
        Ok(Self { depth, groups })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.groups.path
    }

    /// Rows of the table.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.groups.rows()
    }

    /// Hands out every piece; the next one is decoded meanwhile.
    ///
    /// # Errors
    /// When a piece is damaged, or `take` fails.
    pub fn each_piece(&self, mut take: impl FnMut(&Piece) -> Result<()>) -> Result<()> {
        let decode = |(first, frame): (usize, Result<DataFrame>)| Ok(Piece::of(frame?, first, self.depth));
        let (sender, receiver) = sync_channel::<Result<Piece>>(1);
        std::thread::scope(|scope| {
            scope.spawn(move || self.groups.frames().map(decode).all(|piece| sender.send(piece).is_ok()));
            receiver.into_iter().try_for_each(|piece| take(&piece?))
        })
    }

    /// The columns of every piece as they are in the file.
    pub fn frames(&self) -> impl Iterator<Item = Result<DataFrame>> {
        self.groups.frames().map(|(_, frame)| frame)
    }
}

/// Does only count whether something is recorded?
fn only_recorded(column: &Column, depth: Depth) -> bool {
    depth == Depth::Judged && column.name == RECORDED
}

impl Piece {
    /// Columns of consecutive rows that come from elsewhere, `first` rows after the beginning; `name` stands for them in errors.
    ///
    /// # Errors
    /// When a required column is missing.
    pub fn of_frame(mut frame: DataFrame, first: usize, name: &Path) -> Result<Self> {
        for column in COLUMNS.iter().filter(|column| frame.column(column.name).is_err()) {
            absent(column, name, &mut Vec::new())?;
        }
        for unread in UNREAD {
            let _ = frame.drop_in_place(unread);
        }
        Ok(Self::of(frame, first, Depth::Judged))
    }

    fn of(frame: DataFrame, first: usize, depth: Depth) -> Self {
        let coded = COLUMNS.iter().map(|column| {
            let holds_text = matches!(column.field, Field::Text(..) | Field::List(..)) && !only_recorded(column, depth);
            let strings = frame.column(column.name).ok().filter(|_| holds_text)?;
            strings.str().ok().map(Coded::of)
        });
        Self { coded: coded.collect(), frame, first, depth }
    }
}

/// Lays out the pieces of one table as rows.
#[derive(Default)]
pub struct Reading {
    /// Every string so far.
    pub words: Vocabulary,
    parser: Parser,
    sound: Vec<bool>,
}

impl Reading {
    /// Hands out the rows of the next piece of a table, parsed, as many at a time as fit into the processor's cache.
    ///
    /// # Errors
    /// When a column is of another type, or a cell cannot be: file, row and column are named.
    pub fn rows(
        &mut self,
        piece: &Piece,
        path: &Path,
        mut take: impl FnMut(&mut Vec<Row>, &Vocabulary) -> Result<()>,
    ) -> Result<()> {
        let recorded = self.words.intern(YES);
        let symbols: Vec<Vec<Sym>> =
            COLUMNS.iter().zip(&piece.coded).map(|(c, coded)| self.symbols(c, coded.as_ref(), piece)).collect();
        let mut block = Vec::with_capacity(BLOCK);
        for from in (0..piece.frame.height()).step_by(BLOCK) {
            let length = BLOCK.min(piece.frame.height() - from);
            block.clear();
            block.resize(length, Row::default());
            for ((column, coded), symbols) in COLUMNS.iter().zip(&piece.coded).zip(&symbols) {
                if let (Some(coded), Field::Text(_, cell) | Field::List(_, cell)) = (coded, column.field) {
                    if coded.first.is_empty() {
                        continue;
                    }
                    let codes = &coded.codes[from..from + length];
                    block.iter_mut().zip(codes).for_each(|(row, code)| *cell(row) = symbols[*code as usize]);
                    continue;
                }
                let Ok(series) = piece.frame.column(column.name) else { continue };
                let part = series.slice(i64::try_from(from).unwrap_or(i64::MAX), length);
                if only_recorded(column, piece.depth) {
                    let held = part.is_not_null();
                    let rows = block.iter_mut().zip(held.downcast_iter().flat_map(|chunk| chunk.values_iter()));
                    rows.filter(|(_, held)| *held).for_each(|(row, _)| row.git_head = recorded);
                } else {
                    fill(column, &part, &mut block, &mut self.words).map_err(|e| e.file(path))?;
                }
            }
            check_rows(&block, piece.first + from, &self.words, &mut self.sound).map_err(|e| e.file(path))?;
            for row in &mut block {
                row.parsed = self.parser.parse(row, &mut self.words);
            }
            take(&mut block, &self.words)?;
        }
        Ok(())
    }

    /// The symbols of a column's numbers; that of zero is "not recorded".
    fn symbols(&mut self, column: &Column, coded: Option<&Coded>, piece: &Piece) -> Vec<Sym> {
        let mut symbols = vec![Sym::NONE];
        let strings = piece.frame.column(column.name).ok().and_then(|series| series.str().ok());
        if let (Some(coded), Some(strings)) = (coded, strings) {
            let text = |row: &usize| strings.get(*row).unwrap_or_default();
            symbols.extend(self.words.intern_all(coded.first.iter().map(text), &coded.tags));
            if let Field::List(..) = column.field {
                for (row, sym) in coded.first.iter().zip(&symbols[1..]) {
                    self.words.take_apart(*sym, text(row));
                }
            }
        }
        symbols
    }
}
