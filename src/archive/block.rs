//! Rows of an event table that is being made: they are set cell by cell into a block of columns.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, Ordering};

use hashbrown::HashTable;
use polars::prelude::{
    BooleanChunked, ChunkTake, CompatLevel, DataType, Field, IdxSize, Int64Chunked, IntoColumn, PolarsError, Schema,
    StringChunked, StringChunkedBuilder, TimeUnit, TimeZone,
};
use polars_arrow::array::{Array, BinaryArray, DictionaryArray, PrimitiveArray, Utf8ViewArray, View};
use polars_arrow::datatypes::{ArrowDataType, IntegerType};
use rustc_hash::FxBuildHasher;

use super::columns::{self, COLUMNS};

/// Rows of a block, and so of a row group of the file.
pub const BLOCK: usize = 1 << 18;
/// Columns that tables of attacks have besides: what an attack belongs to, and the run in which it takes part.
pub const LABELS: [(&str, Kind); 4] =
    [("campaign", Kind::Text), ("instance", Kind::Text), ("fold", Kind::Int), ("ci_anomaly", Kind::Flag)];

/// How a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Strings.
    Text,
    /// True or false.
    Flag,
    /// Whole numbers.
    Int,
    /// Milliseconds since the Unix epoch, UTC.
    Time,
}

impl From<columns::Field> for Kind {
    fn from(field: columns::Field) -> Self {
        match field {
            columns::Field::Text(..) | columns::Field::List(..) => Self::Text,
            columns::Field::Flag(..) => Self::Flag,
            columns::Field::Int(..) => Self::Int,
            columns::Field::Time(..) => Self::Time,
        }
    }
}

/// Position of a column of the schema, or of [`LABELS`] behind them.
///
/// # Panics
/// When there is none of that name.
#[must_use]
pub fn place(name: &str) -> usize {
    kinds(true).position(|(n, _)| n == name).expect("a column of the schema")
}

/// Names and kinds of columns, in order.
fn kinds(labels: bool) -> impl Iterator<Item = (&'static str, Kind)> {
    let labels = LABELS.iter().filter(move |_| labels).copied();
    COLUMNS.iter().map(|c| (c.name, c.field.into())).chain(labels)
}

/// The same, as the file states them.
pub(super) fn schema(labels: bool) -> Schema {
    let of = |kind| match kind {
        Kind::Text => DataType::String,
        Kind::Flag => DataType::Boolean,
        Kind::Int => DataType::Int64,
        Kind::Time => DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)),
    };
    kinds(labels).map(|(name, kind)| Field::new(name.into(), of(kind))).collect()
}

/// Values of one column so far. What was never set is made null when the block ends, or when a later row is set.
enum Cells {
    /// Places among the strings of the block.
    Text(Vec<IdxSize>),
    Flag(Vec<Option<bool>>),
    Int(Vec<Option<i64>>),
    Time(Vec<Option<i64>>),
}

/// Which block had a string last, and its place there: many rows have it, and a block keeps it once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    block: u32,
    place: IdxSize,
}

/// A string that many rows have.
#[derive(Clone, Debug, Default)]
pub struct Repeated {
    text: Box<str>,
    mark: Mark,
}

impl Repeated {
    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads a byte of every line of memory that it is in: whoever does so for many of them waits once.
    #[must_use]
    pub fn touch(&self) -> u64 {
        /// Bytes that a processor reads at once.
        const LINE: usize = 64;
        let bytes = self.text.as_bytes();
        let last = bytes.last().copied().unwrap_or_default();
        bytes.iter().step_by(LINE).fold(u64::from(last), |sum, byte| sum ^ u64::from(*byte))
    }
}

impl<T: Into<Box<str>>> From<T> for Repeated {
    fn from(text: T) -> Self {
        Self { text: text.into(), mark: Mark::default() }
    }
}

/// Place of what is null among the strings of a block.
const NULL: IdxSize = 0;

/// Rows of an event table, column by column.
pub struct Block {
    /// Another number for each block of the process.
    number: u32,
    cells: Vec<Cells>,
    strings: StringChunkedBuilder,
    /// Strings so far, and the null before them.
    held: IdxSize,
    rows: usize,
    /// Where a string is put together.
    text: String,
}

impl Block {
    /// No rows yet; with room for the labels of attacks if wanted.
    #[must_use]
    pub fn new(labels: bool) -> Self {
        static NUMBERS: AtomicU32 = AtomicU32::new(1);
        let cells = kinds(labels).map(|(_, kind)| match kind {
            Kind::Text => Cells::Text(Vec::new()),
            Kind::Flag => Cells::Flag(Vec::new()),
            Kind::Int => Cells::Int(Vec::new()),
            Kind::Time => Cells::Time(Vec::new()),
        });
        let mut strings = StringChunkedBuilder::new("".into(), 0);
        strings.append_null();
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            cells: cells.collect(),
            strings,
            held: NULL + 1,
            rows: 0,
            text: String::new(),
        }
    }

    /// Begins the next row, in which nothing is recorded.
    pub fn begin(&mut self) {
        self.rows += 1;
    }

    /// Rows begun.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// No row has been begun.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Sets a string of the current row. A cell is set once.
    pub fn text(&mut self, column: usize, value: &str) {
        let place = self.keep(value);
        self.set(column, place);
    }

    /// The same for one that other rows have too.
    pub fn repeated(&mut self, column: usize, value: &mut Repeated) {
        let Repeated { text, mark } = value;
        self.marked(column, mark, |to| to.push_str(text));
    }

    /// The same where the string need not be kept by anybody: `write` appends it to what it is given, once in a block. A mark
    /// always belongs to the same string.
    pub fn marked(&mut self, column: usize, mark: &mut Mark, write: impl FnOnce(&mut String)) {
        if mark.block != self.number {
            let mut text = std::mem::take(&mut self.text);
            text.clear();
            write(&mut text);
            *mark = Mark { block: self.number, place: self.keep(&text) };
            self.text = text;
        }
        self.set(column, mark.place);
    }

    fn keep(&mut self, value: &str) -> IdxSize {
        self.strings.append_value(value);
        self.held += 1;
        self.held - 1
    }

    fn set(&mut self, column: usize, place: IdxSize) {
        if let Cells::Text(places) = &mut self.cells[column] {
            places.resize(self.rows - 1, NULL);
            places.push(place);
        }
    }

    /// Sets a flag of the current row.
    pub fn flag(&mut self, column: usize, value: bool) {
        if let Cells::Flag(values) = &mut self.cells[column] {
            values.resize(self.rows - 1, None);
            values.push(Some(value));
        }
    }

    /// Sets a number or a time of the current row.
    pub fn number(&mut self, column: usize, value: i64) {
        if let Cells::Int(values) | Cells::Time(values) = &mut self.cells[column] {
            values.resize(self.rows - 1, None);
            values.push(Some(value));
        }
    }

    /// The columns, as the encoder takes them: what many rows have is told apart already.
    pub(super) fn arrays(self) -> std::result::Result<Vec<Box<dyn Array>>, PolarsError> {
        let (rows, strings) = (self.rows, self.strings.finish());
        let mut codes = Codes::new(&strings);
        self.cells.into_iter().map(|cells| array(cells, &strings, &mut codes, rows)).collect()
    }
}

const VIEW: ArrowDataType = ArrowDataType::Utf8View;
const BYTES: ArrowDataType = ArrowDataType::LargeBinary;
const WHOLE: ArrowDataType = ArrowDataType::Int64;

fn array(
    cells: Cells,
    strings: &StringChunked,
    codes: &mut Codes,
    rows: usize,
) -> std::result::Result<Box<dyn Array>, PolarsError> {
    let column = match cells {
        Cells::Text(places) if places.is_empty() => return Ok(BinaryArray::<i64>::new_null(BYTES, rows).boxed()),
        Cells::Int(values) | Cells::Time(values) if values.is_empty() => {
            return Ok(PrimitiveArray::<i64>::new_null(WHOLE, rows).boxed());
        }
        Cells::Text(mut places) => {
            places.resize(rows, NULL);
            match codes.dictionary(&places)? {
                Some(array) => return Ok(array),
                None => strings.take(&places)?.into_column(),
            }
        }
        Cells::Flag(mut values) => {
            values.resize(rows, None);
            values.into_iter().collect::<BooleanChunked>().into_column()
        }
        Cells::Int(values) => numbers(values, rows).into_column(),
        Cells::Time(values) => {
            numbers(values, rows).into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
        }
    };
    Ok(column.as_materialized_series().rechunk().to_arrow(0, CompatLevel::newest()))
}

fn numbers(mut values: Vec<Option<i64>>, rows: usize) -> Int64Chunked {
    values.resize(rows, None);
    values.into_iter().collect()
}

/// Numbers the strings of one column after the other.
struct Codes<'a> {
    strings: &'a Utf8ViewArray,
    /// Which of the places met in the column at hand each place of the block is.
    of: Vec<IdxSize>,
    met: Vec<IdxSize>,
}

impl<'a> Codes<'a> {
    /// There are fewer strings than this.
    const NONE: IdxSize = IdxSize::MAX;
    /// A column with more different strings than these in a hundred rows is kept as it is, and so the encoder has it.
    const WORTH: usize = 75;

    fn new(strings: &'a StringChunked) -> Self {
        let strings = strings.downcast_as_array();
        let mut of = vec![Self::NONE; strings.len()];
        of[NULL as usize] = 0;
        Self { strings, of, met: Vec::new() }
    }

    /// The rows with these places as numbers of different strings, in the order in which they first come; nothing where that
    /// is not worth it.
    fn dictionary(&mut self, places: &[IdxSize]) -> std::result::Result<Option<Box<dyn Array>>, PolarsError> {
        let mut keys: Vec<IdxSize> = places.iter().map(|&place| self.meet(place)).collect();
        let (numbers, values) = self.numbers();
        self.met.drain(..).for_each(|place| self.of[place as usize] = Self::NONE);
        if values.len() > (places.len() * Self::WORTH / 100).max(128) {
            return Ok(None);
        }
        if values.len() < numbers.len() {
            keys = keys.into_iter().map(|key| numbers[key as usize]).collect();
        }
        let valid = places.contains(&NULL).then(|| places.iter().map(|&place| place != NULL).collect());
        let kind = ArrowDataType::Dictionary(IntegerType::UInt32, Box::new(VIEW), false);
        let keys = PrimitiveArray::new(ArrowDataType::UInt32, keys.into(), valid);
        let values = Utf8ViewArray::from_slice_values(&values);
        Ok(Some(DictionaryArray::try_new(kind, keys, Box::new(values))?.boxed()))
    }

    fn meet(&mut self, place: IdxSize) -> IdxSize {
        let of = &mut self.of[place as usize];
        if *of == Self::NONE {
            *of = IdxSize::try_from(self.met.len()).unwrap_or(Self::NONE);
            self.met.push(place);
        }
        *of
    }

    /// Number of the string at each place that was met, and the different strings.
    fn numbers(&self) -> (Vec<IdxSize>, Vec<&'a str>) {
        let mut known: HashTable<(View, IdxSize)> = HashTable::with_capacity(self.met.len());
        let mut values: Vec<&str> = Vec::new();
        let views = self.strings.views();
        let number = |&place: &IdxSize| {
            let (view, text) = (views[place as usize], self.strings.value(place as usize));
            // What a view holds is the whole of a short string, and tells most long ones apart.
            let hash =
                if view.is_inline() { FxBuildHasher.hash_one(view.as_u128()) } else { FxBuildHasher.hash_one(text) };
            let is_same = |other: &(View, IdxSize)| {
                let begins = (other.0.length, other.0.prefix) == (view.length, view.prefix);
                begins && (other.0.as_u128() == view.as_u128() || !view.is_inline() && values[other.1 as usize] == text)
            };
            if let Some((_, number)) = known.find(hash, is_same) {
                return *number;
            }
            let next = IdxSize::try_from(values.len()).unwrap_or(Self::NONE);
            known.insert_unique(hash, (view, next), |_| unreachable!("there is room for all"));
            values.push(text);
            next
        };
        let numbers = self.met.iter().map(number).collect();
        (numbers, values)
    }
}
