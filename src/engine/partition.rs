//! Partitions of a history that another engine cut and put in order, as columns: the kernels of the two entity passes, and what
//! that engine must be told besides. Run over all partitions they come to the scores and p-values of
//! [`embedded::fold`](super::embedded::fold), to the bit.
//!
//! 1. [`accounts`] says who each publish counts as, [`first_sights`] when names appeared.
//! 2. [`Accounts`] takes the publishes by account and hands out what each account says of them.
//! 3. [`Packages`] takes the publishes by package, with that, and hands out points.
//! 4. [`Ranks`] takes the points in the order of time and hands out p-values.
//!
//! Within an entity publishes come in the order of [`order`](crate::archive::history::order).

use std::path::Path;
use std::sync::Arc;

use polars::prelude::{
    BinaryChunkedBuilder, BooleanChunked, DataFrame, DataType, Float32Chunked, Float64Chunked, Int32Chunked,
    Int64Chunked, IntoColumn, NewChunkedArray, StringChunkedBuilder, TimeUnit,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::embedded::fold;
use super::kernel::{AccountPass, Known, PackagePass};
use super::policy::Policy;
use crate::archive::columns::Row;
use crate::archive::history::History;
use crate::archive::judgements::{Rows, score as shown};
use crate::archive::scan::{Piece, Reading};
use crate::archive::snapshot::{SEAL, hash, seal};
use crate::archive::table::show_time;
use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::World;
use crate::baseline::actor::ActorHabits;
use crate::baseline::package::{PackageHabits, Teaching};
use crate::detect::calibration::Ranking;
use crate::detect::model::Model;
use crate::error::{Error, Result};

pub use crate::baseline::stance::STALE;

/// What stands for a partition in errors.
const NAME: &str = "the partition";
/// A flag beside the columns of the schema: nobody had published the package for more than [`STALE`] milliseconds.
pub const STALE_COLUMN: &str = "stale";
/// What the account says of a publish, beside the columns of the schema: bytes for [`Packages`], of the same program.
pub const SIDE_COLUMN: &str = "side";

/// Reads batch after batch of a partition.
#[derive(Default)]
struct Reader {
    reading: Reading,
    rows: usize,
}

impl Reader {
    /// Hands out the rows of the next batch, each with its place in it.
    fn rows(&mut self, batch: DataFrame, mut take: impl FnMut(usize, Row, &Vocabulary) -> Result<()>) -> Result<()> {
        let name = Path::new(NAME);
        let height = batch.height();
        let piece = Piece::of_frame(batch, self.rows, name)?;
        let mut at = 0;
        self.reading.rows(&piece, name, |block, words| {
            block.drain(..).try_for_each(|row| {
                at += 1;
                take(at - 1, row, words)
            })
        })?;
        self.rows += height;
        Ok(())
    }
}

/// Whose turn it is in a partition.
#[derive(Default)]
struct Turn {
    entity: Sym,
    at: i64,
    over: FxHashSet<Sym>,
}

impl Turn {
    /// Does another entity begin?
    fn another(&mut self, entity: Sym, at: i64, words: &Vocabulary) -> Result<bool> {
        const REMEDY: &str = "bring all publishes of one into one partition, and sort it by it, published_at in milliseconds, package, version, registry";
        let unsorted = |what: String| Err(Error::tool(what).file(NAME).remedy(REMEDY));
        if entity == self.entity {
            if at < self.at {
                let (at, before) = (show_time(at), show_time(self.at));
                return unsorted(format!("{at} comes after {before} of `{}`", words.text(entity)));
            }
            self.at = at;
            return Ok(false);
        }
        if self.over.contains(&entity) {
            return unsorted(format!("`{}` comes again after others", words.text(entity)));
        }
        if self.entity.is_some() {
            self.over.insert(self.entity);
        }
        (self.entity, self.at) = (entity, at);
        Ok(true)
    }
}

fn missing(column: &str, what: &str) -> Error {
    Error::tool(format!("the column `{column}` is missing, or does not hold {what}"))
        .file(NAME)
        .remedy("see `help(gaitkeeper)` for what each pass takes")
}

/// Policy that asks nobody; nothing is held back, so no p-value decides what teaches.
fn teaching(row: &Row) -> Teaching {
    Policy::default().teaching(row, 1.0)
}

fn frame(columns: Vec<polars::prelude::Column>, height: usize) -> Result<DataFrame> {
    DataFrame::new(height, columns).map_err(|e| Error::tool(format!("the columns differ: {e}")))
}

/// Who each publish counts as: the column `account`, null where the registry does not say.
///
/// # Errors
/// When a cell or a column cannot be.
pub fn accounts(batch: DataFrame) -> Result<DataFrame> {
    let height = batch.height();
    let mut names = StringChunkedBuilder::new("account".into(), height);
    Reader::default().rows(batch, |_, row, words| {
        names.append_option(row.actor.is_some().then(|| words.text(row.parsed.actor)));
        Ok(())
    })?;
    frame(vec![names.finish().into_column()], height)
}

/// When the names of a batch appeared in it: columns `name` (a hash) and `first_seen` (milliseconds since the epoch). The least of all
/// batches is what [`Packages`] must know.
///
/// # Errors
/// When a cell or a column cannot be.
pub fn first_sights(batch: DataFrame) -> Result<DataFrame> {
    let mut reader = Reader::default();
    let mut world = World::default();
    reader.rows(batch, |_, row, words| {
        world.absorb(&row, words, teaching(&row), true);
        Ok(())
    })?;
    let words = &reader.reading.words;
    let (names, first): (Vec<i64>, Vec<i64>) =
        world.names().map(|(name, first)| (hash(words.text(name)), first)).unzip();
    let height = names.len();
    let columns = [Int64Chunked::from_vec("name".into(), names), Int64Chunked::from_vec("first_seen".into(), first)];
    frame(columns.map(IntoColumn::into_column).to_vec(), height)
}

/// Flags of a batch's publishes, false where nothing is recorded.
fn flags(batch: &DataFrame, name: &str) -> Result<BooleanChunked> {
    let column = batch.column(name).ok().and_then(|column| column.bool().ok().cloned());
    column.ok_or_else(|| missing(name, "true or false"))
}

/// The pass over accounts.
pub struct Accounts {
    model: Arc<Model>,
    reader: Reader,
    turn: Turn,
    pass: AccountPass,
}

impl Accounts {
    /// Begins a partition.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        Self { model, reader: Reader::default(), turn: Turn::default(), pass: AccountPass::default() }
    }

    /// The column `side` for the next batch: what its account says of each publish, null where nobody is named. The batch has
    /// the columns of the schema and `stale`.
    ///
    /// # Errors
    /// When a cell or a column cannot be, or the partition is not sorted.
    pub fn sides(&mut self, batch: DataFrame) -> Result<DataFrame> {
        let stale = flags(&batch, STALE_COLUMN)?;
        let height = batch.height();
        let mut sides = BinaryChunkedBuilder::new(SIDE_COLUMN.into(), height);
        let mut bytes = Vec::new();
        let (turn, pass, model) = (&mut self.turn, &mut self.pass, &*self.model);
        self.reader.rows(batch, |at, row, words| {
            if row.actor.is_none() {
                sides.append_null();
                return Ok(());
            }
            if turn.another(row.parsed.actor, row.at, words)? {
                pass.begin(ActorHabits::default());
            }
            let known = Known { teaching: teaching(&row), stale: stale.get(at).unwrap_or(false) };
            bytes.clear();
            bytes.extend([0; SEAL]);
            *pass.place() = row;
            pass.publish(known, words, model).write(&mut bytes);
            let sealed = seal(&model.id, &bytes[SEAL..]);
            bytes[..SEAL].copy_from_slice(&sealed);
            sides.append_value(&bytes);
            Ok(())
        })?;
        frame(vec![sides.finish().into_column()], height)
    }
}

/// What an account said, under its seal.
fn opened<'a>(side: &'a [u8], model: &str) -> Result<&'a [u8]> {
    match side.split_first_chunk::<SEAL>() {
        Some((sealed, said)) if *sealed == seal(model, said) => Ok(said),
        _ => Err(missing(SIDE_COLUMN, "what the pass over accounts gave, with this program and this model")),
    }
}

/// The pass over packages.
pub struct Packages {
    model: Arc<Model>,
    reader: Reader,
    turn: Turn,
    pass: PackagePass,
    sights: FxHashMap<i64, i64>,
    world: World,
    /// Strings whose first sight was looked up.
    known: usize,
}

impl Packages {
    /// Begins a partition. `sights` are the columns of [`first_sights`] of the whole history.
    ///
    /// # Errors
    /// When those columns are not there.
    pub fn new(model: Arc<Model>, sights: &DataFrame) -> Result<Self> {
        let numbers = |name: &str| {
            let column = sights.column(name).ok().and_then(|column| column.i64().ok());
            column.ok_or_else(|| missing(name, "64-bit integers"))
        };
        let pairs = numbers("name")?.iter().zip(numbers("first_seen")?.iter());
        let mut first_seen = FxHashMap::default();
        for (name, first) in pairs.filter_map(|(name, first)| name.zip(first)) {
            first_seen.entry(name).and_modify(|known: &mut i64| *known = first.min(*known)).or_insert(first);
        }
        Ok(Self {
            model,
            reader: Reader::default(),
            turn: Turn::default(),
            pass: PackagePass::default(),
            sights: first_seen,
            world: World::default(),
            known: 0,
        })
    }

    /// The columns `points` (hundredths of the score) and `teaches` (later publishes are ranked against it) for the next
    /// batch, which has the columns of the schema, `stale` and `side`.
    ///
    /// # Errors
    /// When a cell or a column cannot be, or the partition is not sorted.
    pub fn points(&mut self, batch: DataFrame) -> Result<DataFrame> {
        let stale = flags(&batch, STALE_COLUMN)?;
        let sides = batch.column(SIDE_COLUMN).ok().and_then(|column| column.binary().ok().cloned());
        let sides = sides.ok_or_else(|| missing(SIDE_COLUMN, "what the pass over accounts gave"))?;
        let height = batch.height();
        let (mut points, mut teaches) = (Vec::with_capacity(height), Vec::with_capacity(height));
        let Self { model, reader, turn, pass, sights, world, known: looked_up } = self;
        reader.rows(batch, |at, row, words| {
            for name in *looked_up..words.len() {
                let name = Sym::from_number(u32::try_from(name).unwrap_or(u32::MAX));
                if let Some(first) = sights.get(&hash(words.text(name))) {
                    world.note(name, *first);
                }
            }
            *looked_up = words.len();
            if turn.another(row.package, row.at, words)? {
                pass.begin(PackageHabits::default());
            }
            let known = Known { teaching: teaching(&row), stale: stale.get(at).unwrap_or(false) };
            let side = sides.get(at).map(|side| opened(side, &model.id)).transpose()?;
            *pass.place() = row;
            pass.publish(known, side, (words, world, model), &mut points);
            teaches.push(known.teaching != Teaching::Never);
            Ok(())
        })?;
        pass.points(model, &mut points);
        let teaches = BooleanChunked::from_slice("teaches".into(), &teaches);
        frame(vec![Int32Chunked::from_vec("points".into(), points).into_column(), teaches.into_column()], height)
    }
}

/// The last pass, over all publishes in the order of time.
pub struct Ranks {
    model: Arc<Model>,
    ranking: Ranking,
    at: i64,
}

impl Ranks {
    /// Begins a history.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        Self { model, ranking: Ranking::default(), at: i64::MIN }
    }

    /// The columns `score` and `p_value` for the next batch, which has `published_at`, `points` and `teaches`.
    ///
    /// # Errors
    /// When a column cannot be, or the history is not in the order of time.
    pub fn judge(&mut self, batch: &DataFrame) -> Result<DataFrame> {
        let time = || missing("published_at", "timestamps");
        let at = batch.column("published_at").map_err(|_| time())?;
        let DataType::Datetime(_, zone) = at.dtype() else { return Err(time()) };
        let at = at.cast(&DataType::Datetime(TimeUnit::Milliseconds, zone.clone())).map_err(|_| time())?;
        let at = at.to_physical_repr();
        let at = at.i64().map_err(|_| time())?;
        let points = batch.column("points").ok().and_then(|column| column.i32().ok());
        let points = points.ok_or_else(|| missing("points", "32-bit integers"))?;
        let teaches = flags(batch, "teaches")?;
        let height = batch.height();
        let (mut scores, mut p_values) = (Vec::with_capacity(height), Vec::with_capacity(height));
        for ((at, points), teaches) in at.iter().zip(points.iter()).zip(teaches.iter()) {
            let (Some(at), Some(points)) = (at, points) else { return Err(missing("points", "a number in every row")) };
            if at < self.at {
                let what = format!("{} comes after {}", show_time(at), show_time(self.at));
                return Err(Error::tool(what)
                    .file(NAME)
                    .remedy("bring all publishes into one partition, sorted by published_at"));
            }
            self.at = at;
            scores.push(shown(points));
            p_values.push(self.ranking.p_value(at, points, &self.model.reference));
            if teaches == Some(true) {
                self.ranking.teach(points);
            }
        }
        let scores = Float32Chunked::from_vec("score".into(), scores).into_column();
        frame(vec![scores, Float64Chunked::from_vec("p_value".into(), p_values).into_column()], height)
    }
}

/// Judges a history that is in memory as a whole, in any order: registry, package, version, `published_at`, score, p-value
/// and whether it teaches, in the order of the history.
///
/// # Errors
/// When a cell or a column cannot be.
pub fn score(history: DataFrame, model: &Model) -> Result<DataFrame> {
    let mut reader = Reader::default();
    let mut rows = Vec::with_capacity(history.height());
    reader.rows(history, |_, row, _| {
        rows.push(row);
        Ok(())
    })?;
    let history = History::new(rows, reader.reading.words);
    let mut judged = Rows::default();
    fold(&history, model, |assessed| {
        let event = assessed.look.event;
        let release = [event.registry, event.package, event.version].map(|sym| history.words.text(sym));
        judged.add(release, event.at, assessed.assessment.points, assessed.p_value, teaching(event) != Teaching::Never);
    });
    judged.frame()
}
