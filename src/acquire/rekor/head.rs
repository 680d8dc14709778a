//! What a log said it was when last seen, and what it is now: the log may only grow.

use serde::{Deserialize, Serialize};

use crate::acquire::rekor::checkpoint::{Checkpoint, Refused};
use crate::acquire::rekor::proof::consistency;
use crate::acquire::rekor::{Hash, hash_of_hex, hex};
use crate::error::Error;

/// The newest state of a log that was verified, to be kept until the next look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Origin line of the checkpoint: the log's name, and for v1 the tree id behind it.
    pub log: String,
    /// Tree id in decimal digits; `None` for a log that is one tree.
    pub tree_id: Option<String>,
    /// Number of leaves.
    pub size: u64,
    /// Root hash, 64 lower-case hex digits.
    pub root: String,
    /// The signed note, whole: the evidence, should the log ever show another history.
    pub note: String,
    /// When it was first seen, milliseconds since the epoch.
    pub seen_at: i64,
}

impl Head {
    /// The head that a checkpoint makes; `note` is the signed note that it was opened from.
    #[must_use]
    pub fn of(checkpoint: &Checkpoint, note: &str, seen_at: i64) -> Self {
        Self {
            log: checkpoint.origin.clone(),
            tree_id: checkpoint.tree_id.clone(),
            size: checkpoint.size,
            root: hex(&checkpoint.root),
            note: note.to_owned(),
            seen_at,
        }
    }

    /// The root as a hash; `None` if what was stored is none.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        hash_of_hex(&self.root)
    }
}

/// What one look at a log came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Never seen before: there is nothing to compare with.
    First {
        /// Its leaves.
        size: u64,
    },
    /// As it was.
    Unchanged {
        /// Its leaves.
        size: u64,
    },
    /// It has more leaves, and a proof that it begins with all the earlier ones.
    Grown {
        /// Leaves before.
        from: u64,
        /// Leaves now.
        to: u64,
    },
    /// The shard that was followed is closed, provably with all that was seen in it, and another one grows.
    ShardChanged {
        /// Tree id that was followed.
        from: String,
        /// Leaves at its end.
        closed_at: u64,
        /// Tree id that is followed now.
        to: String,
        /// Its leaves.
        size: u64,
    },
    /// The log signed fewer leaves than before.
    Rewound {
        /// Leaves before.
        from: u64,
        /// Leaves now.
        to: u64,
    },
    /// The log signed two histories.
    SplitView(Split),
    /// The checkpoint is not one that this log may give out.
    WrongCheckpoint(Wrong),
    /// The log does not answer.
    Unreachable(Error),
    /// The log asks for fewer questions.
    Limited(Error),
    /// The log answers with what cannot be read.
    Malformed(Error),
}

/// How two histories show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Split {
    /// Two roots for one size.
    Roots {
        /// That size.
        size: u64,
    },
    /// What is given as proof of growth does not prove it.
    Unproved {
        /// Leaves before.
        from: u64,
        /// Leaves now.
        to: u64,
        /// What is wrong with the proof.
        why: String,
    },
    /// The shard that was followed is not among the log's shards any more.
    ShardGone {
        /// Its tree id.
        tree_id: String,
    },
}

/// What is wrong with a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is not signed as it must be.
    Note(Refused),
    /// It is another log's.
    Origin {
        /// The log that was asked.
        expected: String,
        /// The origin in the checkpoint.
        found: String,
    },
    /// What the log answers beside it is something else than what was signed.
    Disagrees(&'static str),
}

/// What kind of news a [`Sight`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The log is as it should be.
    Sound,
    /// The log broke its promise, or somebody stands in between.
    Finding,
    /// Nothing was learnt: the network, the log's operation or the trusted root.
    Infrastructure,
}

impl Sight {
    /// What kind of news it is. A signature by a key that the trusted root does not hold, or not for this
    /// time, says as much about the root as about the log: no finding.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::First { .. } | Self::Unchanged { .. } | Self::Grown { .. } | Self::ShardChanged { .. } => {
                Class::Sound
            }
            Self::WrongCheckpoint(Wrong::Note(Refused::UnknownLog(_) | Refused::Window(_)))
            | Self::Unreachable(_)
            | Self::Limited(_)
            | Self::Malformed(_) => Class::Infrastructure,
            Self::Rewound { .. } | Self::SplitView(_) | Self::WrongCheckpoint(_) => Class::Finding,
        }
    }

    /// Whether the head may move to what was seen.
    #[must_use]
    pub fn advances(&self) -> bool {
        matches!(self, Self::First { .. } | Self::Grown { .. } | Self::ShardChanged { .. })
    }

    /// The name of the variant as machines read it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::First { .. } => "first-sight",
            Self::Unchanged { .. } => "unchanged",
            Self::Grown { .. } => "grown",
            Self::ShardChanged { .. } => "shard-changed",
            Self::Rewound { .. } => "rewound",
            Self::SplitView(_) => "split-view",
            Self::WrongCheckpoint(_) => "wrong-checkpoint",
            Self::Unreachable(_) => "unreachable",
            Self::Limited(_) => "rate-limited",
            Self::Malformed(_) => "malformed",
        }
    }

    /// What was seen, in one sentence without a full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::First { size } => format!("the log is seen for the first time, with {size} entries"),
            Self::Unchanged { size } => format!("the log still has the same {size} entries"),
            Self::Grown { from, to } => format!("the log grew from {from} to {to} entries and kept all earlier ones"),
            Self::ShardChanged { from, closed_at, to, size } => format!(
                "the shard {from} is closed with {closed_at} entries, all earlier ones among them, and the shard {to} \
                 grows, with {size} entries"
            ),
            Self::Rewound { from, to } => format!("the log had signed {from} entries and now signs only {to}"),
            Self::SplitView(Split::Roots { size }) => format!("the log signed two different trees of {size} entries"),
            Self::SplitView(Split::Unproved { from, to, why }) => {
                format!("the log does not prove that its {to} entries begin with the {from} seen before: {why}")
            }
            Self::SplitView(Split::ShardGone { tree_id }) => {
                format!("the log does not list the shard {tree_id} any more, which was followed")
            }
            Self::WrongCheckpoint(Wrong::Note(why)) => format!("the log's checkpoint is not accepted: {why}"),
            Self::WrongCheckpoint(Wrong::Origin { expected, found }) => {
                format!("the checkpoint is of `{found}`, and the log that was asked is `{expected}`")
            }
            Self::WrongCheckpoint(Wrong::Disagrees(what)) => {
                format!("the log's answers and its checkpoint differ in the {what}")
            }
            Self::Unreachable(error) => format!("the log does not answer: {}", error.what),
            Self::Limited(error) => format!("the log limits the rate of questions: {}", error.what),
            Self::Malformed(error) => format!("the log's answer cannot be used: {}", error.what),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::First { .. } | Self::Grown { .. } | Self::ShardChanged { .. } => {
                "keep the new head: the next look is compared with it"
            }
            Self::Unchanged { .. } => "nothing",
            Self::Rewound { .. } => {
                "look again in some minutes, as a cache may serve an old checkpoint; if it stays so, keep both signed \
                 notes and tell the log's operator"
            }
            Self::SplitView(Split::Roots { .. }) => {
                "keep both signed notes, which prove it, compare them with what others see, and trust no new entry of \
                 this log"
            }
            Self::SplitView(Split::Unproved { .. }) => {
                "look again from another network; if it stays so, keep both signed notes and trust no new entry of \
                 this log"
            }
            Self::SplitView(Split::ShardGone { .. }) => {
                "ask the log's operator where the shard went; its entries cannot be checked meanwhile"
            }
            Self::WrongCheckpoint(Wrong::Note(Refused::UnknownLog(_) | Refused::Window(_))) => {
                "refresh the trusted root: the log may have a new key"
            }
            Self::WrongCheckpoint(_) => {
                "check the log's address and what stands in between; if both are right, keep the answer and tell the \
                 log's operator"
            }
            Self::Unreachable(_) => "check the connection and try again later; the stored head stays",
            Self::Limited(_) => "wait before the next look, and ask less often; the stored head stays",
            Self::Malformed(_) => "check the log's address, and try again later; the stored head stays",
        }
    }
}

/// What is left to do to compare a checkpoint with a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Settled(Sight),
    /// Growth is to be proved between these sizes; [`conclude`] takes the proof.
    Prove {
        /// Leaves before.
        from: u64,
        /// Leaves now.
        to: u64,
    },
}

/// Compares a checkpoint with the head of the same tree.
#[must_use]
pub fn compare(held: Option<&Head>, now: &Checkpoint) -> Step {
    let Some(held) = held else { return Step::Settled(Sight::First { size: now.size }) };
    if held.log != now.origin {
        let (expected, found) = (held.log.clone(), now.origin.clone());
        return Step::Settled(Sight::WrongCheckpoint(Wrong::Origin { expected, found }));
    }
    let same = held.root() == Some(now.root);
    match now.size.cmp(&held.size) {
        std::cmp::Ordering::Less => Step::Settled(Sight::Rewound { from: held.size, to: now.size }),
        std::cmp::Ordering::Equal if same => Step::Settled(Sight::Unchanged { size: now.size }),
        std::cmp::Ordering::Equal => Step::Settled(Sight::SplitView(Split::Roots { size: now.size })),
        // Every tree begins with the empty one.
        std::cmp::Ordering::Greater if held.size == 0 => Step::Settled(Sight::Grown { from: 0, to: now.size }),
        std::cmp::Ordering::Greater => Step::Prove { from: held.size, to: now.size },
    }
}

/// What the proof of growth says, after [`Step::Prove`].
#[must_use]
pub fn conclude(held: &Head, now: &Checkpoint, hashes: &[Hash]) -> Sight {
    let (from, to) = (held.size, now.size);
    let unproved = |why: String| Sight::SplitView(Split::Unproved { from, to, why });
    let Some(root) = held.root() else { return unproved("the stored root is no hash".to_owned()) };
    match consistency(from, &root, to, &now.root, hashes) {
        Ok(()) => Sight::Grown { from, to },
        Err(why) => unproved(why.to_string()),
    }
}
