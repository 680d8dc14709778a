//! Reading a v2 log from a position up to its checkpoint, and proving on the way that it only grew.
//!
//! Every batch is compared with the log's own tiles when it is read, and the whole of what was read with the
//! signed root when the checkpoint is reached. What a batch holds is therefore proved only then: until the
//! head moves, keep it apart.

use serde::{Deserialize, Serialize};

use super::ask::Trouble;
use super::monitor::{Look, Watched, own, sound};
use crate::acquire::rekor::checkpoint::{Checkpoint, open_at};
use crate::acquire::rekor::entry::{Entry, RefusedEntry, of_leaf};
use crate::acquire::rekor::head::{Head, Sight, Split, Step, Wrong, compare};
use crate::acquire::rekor::proof::{Frontier, Span, leaf_hash};
use crate::acquire::rekor::question::Question;
use crate::acquire::rekor::tile::{Bundle, Tile, Tiles, WIDTH, tiles_for};
use crate::acquire::rekor::v2::{self, Batch, tiles_of_root};
use crate::acquire::rekor::{Hash, hash_of_hex, hex};
use crate::error::{Error, Result};

/// How far a log was read: enough to go on, and to prove what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Entries before it.
    pub size: u64,
    /// Roots of the perfect subtrees of those entries, largest first, 64 lower-case hex digits each.
    pub roots: Vec<String>,
}

/// What is kept of a v2 log between two passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// The newest checkpoint up to which everything was read and proved; `None` before the first.
    pub head: Option<Head>,
    /// The position that is proved: that of the head, or where the reading began.
    pub proved: Position,
    /// The position that was read up to.
    pub reached: Position,
}

/// Where the reading of a log begins that was never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what comes after the newest checkpoint.
    Now,
    /// With the entry of this index.
    At(u64),
}

/// Entries that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaves {
    /// Id of the log.
    pub log_id: Hash,
    /// Index of the first.
    pub first: u64,
    /// The entries' bytes.
    pub leaves: Vec<Vec<u8>>,
}

impl Leaves {
    /// The entries, and those that cannot be read with their index as their name.
    #[must_use]
    pub fn entries(self) -> (Vec<Entry>, Vec<RefusedEntry>) {
        let (mut entries, mut refused) = (Vec::with_capacity(self.leaves.len()), Vec::new());
        for (index, leaf) in (self.first..).zip(self.leaves) {
            match of_leaf(&self.log_id, index, leaf) {
                Ok(entry) => entries.push(entry),
                Err(error) => refused.push(RefusedEntry { uuid: index.to_string(), reason: error.to_string() }),
            }
        }
        (entries, refused)
    }
}

/// How a pass ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// What the look at the log came to; `None` where the pass ended before the checkpoint, with more to read.
    pub look: Option<Look>,
    /// What to keep. After a finding the reached position is the proved one again: what was read since is void.
    pub tail: Option<Tail>,
    /// Batches read.
    pub batches: usize,
}

/// Takes each batch, and what to keep together with it: whoever stores both at once can be stopped at any time
/// and neither loses an entry nor sees one twice.
pub type Each<'a> = &'a mut (dyn FnMut(Leaves, &Tail) -> Result<()> + Send);

/// Reads at most `most` batches. `now` is in milliseconds since the epoch.
///
/// # Errors
/// What is kept is damaged, or `each` fails. Everything that the log does is in [`Pass::look`].
pub async fn pass(
    watched: Watched<'_>,
    kept: Option<&Tail>,
    start: Start,
    most: usize,
    now: i64,
    each: Each<'_>,
) -> Result<Pass> {
    if let Some(kept) = kept {
        proved(kept)?;
    }
    let mut reader = Reader { watched, tail: kept.cloned(), batches: 0, reached: Frontier::new() };
    let outcome = reader.read(start, most, now, each).await;
    let Reader { tail, batches, .. } = reader;
    match outcome {
        Ok(look) => Ok(Pass { look, tail, batches }),
        Err(Stop::Log(sight)) => Ok(Pass { look: Some(Look::without_head(sight)), tail, batches }),
        Err(Stop::Own(error)) => Err(error),
    }
}

/// Why a pass stops before its end.
enum Stop {
    /// The log's doing.
    Log(Sight),
    /// This side's.
    Own(Error),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Log(trouble.sight())
    }
}

type Stopped<T> = std::result::Result<T, Stop>;

struct Reader<'a> {
    watched: Watched<'a>,
    tail: Option<Tail>,
    batches: usize,
    reached: Frontier,
}

impl Reader<'_> {
    async fn read(&mut self, start: Start, most: usize, now: i64, each: Each<'_>) -> Stopped<Option<Look>> {
        let (checkpoint, note) = self.checkpoint(now).await?;
        let shown = Head::of(&checkpoint, &note, now);
        let held = self.tail.as_ref().and_then(|tail| tail.head.as_ref());
        if let Step::Settled(sight) = compare(held, &checkpoint)
            && !sight.advances()
        {
            return Ok(Some(Look { sight, head: None, shown: Some(shown) }));
        }
        if let Some(tail) = &self.tail {
            self.reached = frontier(&tail.reached).map_err(Stop::Own)?;
            let from = self.reached.size();
            // A checkpoint over all that was read has been signed, or it could not have been read.
            if from > checkpoint.size {
                let sight = Sight::Rewound { from, to: checkpoint.size };
                return Ok(Some(Look { sight, head: None, shown: Some(shown) }));
            }
        } else {
            self.reached = self.begin(start, &checkpoint).await?;
            let position = position(&self.reached);
            self.tail = Some(Tail { head: None, proved: position.clone(), reached: position });
        }
        let mut tiles = Tiles::of_tree(checkpoint.size);
        while let Some(batch) = Batch::next(self.reached.size(), checkpoint.size) {
            if self.batches == most {
                return Ok(None);
            }
            let leaves = self.batch(batch, checkpoint.size, &mut tiles).await?;
            let first = self.reached.size();
            let mut grown = self.reached.clone();
            for leaf in &leaves {
                grown.push(leaf_hash(leaf)).map_err(|e| Stop::Log(Sight::Malformed(Error::tool(e.to_string()))))?;
            }
            let Some(kept) = self.tail.clone() else { break };
            let kept = Tail { reached: position(&grown), ..kept };
            each(Leaves { log_id: checkpoint.log_id, first, leaves }, &kept).map_err(Stop::Own)?;
            (self.reached, self.tail) = (grown, Some(kept));
            self.batches += 1;
        }
        Ok(Some(self.arrived(&checkpoint, shown)))
    }

    async fn checkpoint(&self, now: i64) -> Stopped<(Checkpoint, String)> {
        let nothing = || Stop::Log(Sight::Malformed(Error::tool("there is no checkpoint at this address")));
        let answer = self.watched.asker.ask(&v2::checkpoint()).await?.ok_or_else(nothing)?;
        let note = v2::parse_checkpoint(answer).map_err(|error| Stop::Log(Sight::Malformed(error)))?;
        let wrong = |wrong| Stop::Log(Sight::WrongCheckpoint(wrong));
        let checkpoint =
            open_at(&note, self.watched.keys, now.div_euclid(1000)).map_err(|why| wrong(Wrong::Note(why)))?;
        own(self.watched.log, &checkpoint).map_err(wrong)?;
        Ok((checkpoint, note))
    }

    /// The tree before the first entry that is to be read, from the log's tiles.
    async fn begin(&self, start: Start, checkpoint: &Checkpoint) -> Stopped<Frontier> {
        let at = match start {
            Start::Now => checkpoint.size,
            Start::At(index) => index.min(checkpoint.size),
        };
        let mut tiles = Tiles::of_tree(checkpoint.size);
        let needed = tiles_of_root(at, checkpoint.size).map_err(|e| malformed(e.to_string()))?;
        for tile in needed {
            tiles.insert(tile, self.tile(tile).await?);
        }
        tiles.frontier(at).map_err(|e| malformed(e.to_string()))
    }

    /// The entries of a batch from the position on, which lead to what the log's tiles say of them.
    async fn batch(&self, batch: Batch, size: u64, tiles: &mut Tiles) -> Stopped<Vec<Vec<u8>>> {
        let mut leaves = self.bundle(batch.bundle).await?;
        let spans = batch.expected();
        let expected = if let Ok(held) = tiles.hashes(&spans) {
            held
        } else {
            self.fetch(&spans, size, tiles).await?;
            tiles.hashes(&spans).map_err(|e| malformed(e.to_string()))?
        };
        let hashes = leaves.iter().map(|leaf| leaf_hash(leaf));
        let agrees = if batch.bundle.width == WIDTH {
            let mut subtree = Frontier::new();
            let whole = hashes.map(|hash| subtree.push(hash)).all(|pushed| pushed.is_ok());
            whole && expected == [subtree.root()]
        } else {
            hashes.eq(expected)
        };
        if !agrees {
            return Err(Stop::Log(Sight::WrongCheckpoint(Wrong::Disagrees("hashes of its entries"))));
        }
        leaves.drain(..batch.skip.min(leaves.len()));
        Ok(leaves)
    }

    async fn fetch(&self, spans: &[Span], size: u64, tiles: &mut Tiles) -> Stopped<()> {
        for tile in tiles_for(spans, size).map_err(|e| malformed(e.to_string()))? {
            tiles.insert(tile, self.tile(tile).await?);
        }
        Ok(())
    }

    async fn tile(&self, tile: Tile) -> Stopped<Vec<Hash>> {
        let full = Tile { width: WIDTH, ..tile };
        let (bytes, whole) = self.part(v2::tile(&tile), v2::tile(&full)).await?;
        let hashes = if whole { full.parse(&bytes) } else { tile.parse(&bytes) };
        let mut hashes = hashes.map_err(|error| Stop::Log(Sight::Malformed(error)))?;
        hashes.truncate(usize::from(tile.width));
        Ok(hashes)
    }

    async fn bundle(&self, bundle: Bundle) -> Stopped<Vec<Vec<u8>>> {
        let full = Bundle { width: WIDTH, ..bundle };
        let (bytes, whole) = self.part(v2::bundle(&bundle), v2::bundle(&full)).await?;
        let leaves = if whole { full.parse(&bytes) } else { bundle.parse(&bytes) };
        let mut leaves = leaves.map_err(|error| Stop::Log(Sight::Malformed(error)))?;
        leaves.truncate(usize::from(bundle.width));
        Ok(leaves)
    }

    /// A partial tile, or the full one that has taken its place meanwhile; and whether it is that.
    async fn part(&self, partial: Question, full: Question) -> Stopped<(Vec<u8>, bool)> {
        if let Some(bytes) = self.watched.asker.raw(&partial).await? {
            return Ok((bytes, partial == full));
        }
        if partial != full
            && let Some(bytes) = self.watched.asker.raw(&full).await?
        {
            return Ok((bytes, true));
        }
        Err(Stop::Log(Sight::Malformed(
            Error::tool("the log lacks a part of the tree that it signed")
                .place(partial.path)
                .remedy("try again later; if it stays so, tell the log's operator"),
        )))
    }

    /// Everything up to the checkpoint was read: it is proved, or none of it is.
    fn arrived(&mut self, checkpoint: &Checkpoint, shown: Head) -> Look {
        let to = checkpoint.size;
        let before = self.tail.as_ref().and_then(|tail| tail.head.as_ref()).map(|head| head.size);
        if self.reached.root() == checkpoint.root {
            let position = position(&self.reached);
            let head = Some(shown.clone());
            self.tail = Some(Tail { head: head.clone(), proved: position.clone(), reached: position });
            let sight = before.map_or(Sight::First { size: to }, |from| Sight::Grown { from, to });
            return Look { sight, head, shown: Some(shown) };
        }
        let sight = match before {
            Some(from) => {
                let why = "the entries that were read lead to another root than the checkpoint's".to_owned();
                Sight::SplitView(Split::Unproved { from, to, why })
            }
            None => Sight::WrongCheckpoint(Wrong::Disagrees("root")),
        };
        // Without a head even the beginning is unproved.
        self.tail =
            self.tail.take().filter(|_| before.is_some()).map(|tail| Tail { reached: tail.proved.clone(), ..tail });
        Look { sight, head: None, shown: Some(shown) }
    }
}

fn malformed(what: String) -> Stop {
    Stop::Log(Sight::Malformed(Error::tool(what)))
}

fn position(frontier: &Frontier) -> Position {
    Position { size: frontier.size(), roots: frontier.roots().iter().map(|root| hex(root)).collect() }
}

/// Refuses what is kept if its parts are not of one tree: growth would then be compared with the wrong past.
fn proved(kept: &Tail) -> Result<()> {
    sound(kept.head.as_ref())?;
    let (proved, reached) = (frontier(&kept.proved)?, frontier(&kept.reached)?);
    let is_head = |head: &Head| head.size == proved.size() && head.root() == Some(proved.root());
    if kept.head.as_ref().is_none_or(is_head) && proved.size() <= reached.size() {
        return Ok(());
    }
    Err(damaged(proved.size()))
}

fn damaged(size: u64) -> Error {
    Error::tool("the stored position in the log is damaged")
        .place(format!("entry {size}"))
        .remedy("restore it from a copy, or begin anew")
}

fn frontier(position: &Position) -> Result<Frontier> {
    let roots: Option<Vec<Hash>> = position.roots.iter().map(|root| hash_of_hex(root)).collect();
    roots.and_then(|roots| Frontier::of_roots(position.size, roots).ok()).ok_or_else(|| damaged(position.size))
}
