//! A forest laid out for speed. Every column that is asked about has a sorted list of limits; how many of them a value
//! exceeds decides at once, for all trees, which leaves it rules out, as one bit a leaf. What the columns leave of each
//! tree begins with the leaf that a walk would have ended in (Lucchese et al., QuickScorer: a fast algorithm to rank
//! documents with additive ensembles of regression trees, SIGIR 2015; here the bits of all limits below a value are
//! worked out beforehand). It gives the points of the [`Forest`](super::Forest) that it was made of, to the last: only
//! whole numbers are added.

use super::{Forest, Tree};

/// Leaves of a tree that has a bit for each.
const LEAVES: usize = 16;
/// Trees whose bits lie side by side.
const LANES: usize = 64;
/// Columns at most: a row is narrower.
const COLUMNS: usize = 256;

/// A column that is asked about.
#[derive(Clone, Debug, PartialEq)]
struct Column {
    at: usize,
    /// Rising.
    limits: Vec<f32>,
    /// Where the bits of its first limit lie within a block.
    offset: usize,
}

/// Trees whose points add up, packed.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    start: i32,
    columns: Vec<Column>,
    /// For each block of trees: for each limit of each column the leaves that are left when it and the limits below it
    /// are exceeded.
    left: Vec<Vec<[u16; LANES]>>,
    /// For each tree of the blocks, the points of its leaves.
    points: Vec<[i32; LEAVES]>,
    /// Trees with more leaves.
    larger: Vec<Tree>,
}

impl Packed {
    /// Lays out a forest that is sound.
    #[must_use]
    pub fn of(forest: &Forest) -> Self {
        let fits = |tree: &&Tree| leaves(tree).len() <= LEAVES && forest.columns.len() <= COLUMNS;
        let trees: Vec<&Tree> = forest.trees.iter().filter(fits).collect();
        let asked: Vec<Vec<Asked>> = trees.iter().map(|tree| asked(tree)).collect();
        let mut limits: Vec<Vec<f32>> = vec![Vec::new(); forest.columns.len()];
        for asked in asked.iter().flatten() {
            limits[asked.column].push(asked.limit);
        }
        let mut offset = 0;
        let columns: Vec<Column> = limits
            .into_iter()
            .enumerate()
            .map(|(at, mut limits)| {
                limits.sort_by(f32::total_cmp);
                limits.dedup();
                offset += limits.len();
                Column { at, offset: offset - limits.len(), limits }
            })
            .collect();
        let blocks = asked.chunks(LANES).map(|block| {
            let mut bits = vec![[u16::MAX; LANES]; offset];
            for (lane, asked) in block.iter().enumerate() {
                for Asked { column, limit, ruled_out } in asked {
                    let column = &columns[*column];
                    let first = column.limits.partition_point(|l| l < limit);
                    for row in &mut bits[column.offset + first..column.offset + column.limits.len()] {
                        row[lane] &= !ruled_out;
                    }
                }
            }
            bits
        });
        let left = blocks.collect();
        let columns = columns.into_iter().filter(|column| !column.limits.is_empty()).collect();
        let mut points: Vec<[i32; LEAVES]> = trees.iter().map(|tree| leaf_points(tree)).collect();
        // A lane without a tree is worth nothing.
        points.resize(points.len().next_multiple_of(LANES), [0; LEAVES]);
        let larger = forest.trees.iter().filter(|tree| !fits(tree)).cloned().collect();
        Self { start: forest.start, columns, left, points, larger }
    }

    /// Points of a row, one value a column.
    #[must_use]
    pub fn points(&self, row: &[f32]) -> i32 {
        let mut held = Held::default();
        self.hold(row, &mut held);
        self.blocks().fold(held.points[0], |sum, block| sum + block.points(&held.exceeded))
    }

    /// Puts a row beside others whose points are asked for later, together.
    pub fn hold(&self, row: &[f32], held: &mut Held) {
        for column in &self.columns {
            let value = row[column.at];
            // A surprise is zero as a rule, and exceeds nothing.
            if value > column.limits[0] {
                held.exceeded.push(column.offset + column.limits.partition_point(|limit| value > *limit) - 1);
            }
        }
        held.ends.push(held.exceeded.len());
        held.points.push(self.start + self.larger.iter().map(|tree| tree.points(row)).sum::<i32>());
    }

    /// Appends the points of the rows that were held, in that order, and lets go of them. A block of trees fits into the
    /// processor's cache, all of them do not: so it is faster than one row after the other.
    pub fn release(&self, held: &mut Held, into: &mut Vec<i32>) {
        let Held { exceeded, ends, points } = held;
        for block in self.blocks() {
            let mut start = 0;
            for (points, &end) in points.iter_mut().zip(&*ends) {
                *points += block.points(&exceeded[start..end]);
                start = end;
            }
        }
        into.append(points);
        exceeded.clear();
        ends.clear();
    }

    fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        self.left.iter().zip(self.points.chunks_exact(LANES)).map(|(left, points)| Block { left, points })
    }
}

/// Rows whose points are asked for together.
#[derive(Debug, Default)]
pub struct Held {
    /// For each column whose least limit a row exceeds, the place of the last one; row after row.
    exceeded: Vec<usize>,
    ends: Vec<usize>,
    /// What each is worth so far.
    points: Vec<i32>,
}

impl Held {
    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// Trees that are asked together.
struct Block<'a> {
    left: &'a [[u16; LANES]],
    points: &'a [[i32; LEAVES]],
}

impl Block<'_> {
    fn points(&self, exceeded: &[usize]) -> i32 {
        let mut left = [u16::MAX; LANES];
        for &at in exceeded {
            for (left, bits) in left.iter_mut().zip(&self.left[at]) {
                *left &= bits;
            }
        }
        left.iter().zip(self.points).map(|(left, points)| points[left.trailing_zeros() as usize % LEAVES]).sum()
    }
}

/// A limit of a column in a tree, and the leaves that a larger value rules out.
struct Asked {
    column: usize,
    limit: f32,
    ruled_out: u16,
}

/// Places of a tree's leaves, from left to right.
fn leaves(tree: &Tree) -> Vec<usize> {
    fn below(tree: &Tree, at: usize, found: &mut Vec<usize>) {
        if tree.column[at] < 0 {
            return found.push(at);
        }
        let left = usize::from(tree.left[at]);
        below(tree, left, found);
        below(tree, left + 1, found);
    }
    let mut found = Vec::new();
    below(tree, 0, &mut found);
    found
}

fn leaf_points(tree: &Tree) -> [i32; LEAVES] {
    let mut points = [0; LEAVES];
    for (points, leaf) in points.iter_mut().zip(leaves(tree)) {
        *points = tree.points[leaf];
    }
    points
}

fn asked(tree: &Tree) -> Vec<Asked> {
    // Leaves below each node, as bits: children stand after their parent.
    let mut below = vec![0u16; tree.column.len()];
    for (bit, leaf) in leaves(tree).into_iter().enumerate() {
        below[leaf] = 1 << bit;
    }
    let mut found = Vec::new();
    for at in (0..tree.column.len()).rev() {
        if let Ok(column) = usize::try_from(tree.column[at]) {
            let left = usize::from(tree.left[at]);
            below[at] = below[left] | below[left + 1];
            found.push(Asked { column, limit: tree.limit[at], ruled_out: below[left] });
        }
    }
    found
}
