//! A forest laid out for speed: the nodes of all trees in one array, a leaf that leads to itself, and eight trees
//! walked at once, so that the processor need not wait for one before it begins the next. It gives the points of
//! the [`Forest`](super::Forest) that it was made of, to the last: only whole numbers are added.

use super::Forest;

/// Trees that are walked at once.
const LANES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// Values up to this one go left; infinity in a leaf, which nothing exceeds.
    limit: f32,
    /// Column that is asked about; the first in a leaf.
    column: u32,
    /// Left child, the right one follows it; a leaf's own place.
    left: u32,
}

/// Trees whose points add up, packed.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    start: i32,
    nodes: Vec<Node>,
    points: Vec<i32>,
    /// The roots of trees of like depth, and how many steps it takes to be in a leaf of each.
    groups: Vec<([u32; LANES], usize)>,
}

impl Packed {
    /// Lays out a forest that is sound.
    #[must_use]
    pub fn of(forest: &Forest) -> Self {
        let mut packed = Self { start: forest.start, nodes: Vec::new(), points: Vec::new(), groups: Vec::new() };
        let place = |base: usize, at: usize| u32::try_from(base + at).unwrap_or(u32::MAX);
        let mut roots: Vec<(usize, u32)> = Vec::with_capacity(forest.trees.len());
        for tree in &forest.trees {
            let base = packed.nodes.len();
            let mut depth = vec![0usize; tree.column.len()];
            for at in 0..tree.column.len() {
                let left = usize::from(tree.left[at]);
                let node = match u32::try_from(tree.column[at]) {
                    Ok(column) => {
                        for child in [left, left + 1] {
                            depth[child] = depth[child].max(depth[at] + 1);
                        }
                        Node { limit: tree.limit[at], column, left: place(base, left) }
                    }
                    Err(_) => Node { limit: f32::INFINITY, column: 0, left: place(base, at) },
                };
                packed.nodes.push(node);
                packed.points.push(tree.points[at]);
            }
            roots.push((depth.into_iter().max().unwrap_or(0), place(base, 0)));
        }
        // A lane without a tree stands in a leaf that is worth nothing.
        let nothing = place(packed.nodes.len(), 0);
        packed.nodes.push(Node { limit: f32::INFINITY, column: 0, left: nothing });
        packed.points.push(0);
        roots.sort_unstable();
        for group in roots.chunks(LANES) {
            let mut lanes = [nothing; LANES];
            for (lane, (_, root)) in lanes.iter_mut().zip(group) {
                *lane = *root;
            }
            packed.groups.push((lanes, group.iter().map(|(depth, _)| *depth).max().unwrap_or(0)));
        }
        packed
    }

    /// Points of a row, one value a column.
    #[must_use]
    pub fn points(&self, row: &[f32]) -> i32 {
        let mut sum = self.start;
        for (roots, depth) in &self.groups {
            let mut lanes = *roots;
            for _ in 0..*depth {
                for lane in &mut lanes {
                    let node = self.nodes[*lane as usize];
                    *lane = node.left + u32::from(row[node.column as usize] > node.limit);
                }
            }
            for lane in lanes {
                sum += self.points[lane as usize];
            }
        }
        sum
    }
}
