//! What can be wrong with a log, or between it and who asks.

use std::time::Duration;

/// One thing that is wrong, until it is set right.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// 503 to everything.
    Outage,
    /// 429 and a page to everything.
    Throttled,
    /// 429 after so many more requests.
    ThrottledAfter(usize),
    /// The signature of checkpoints is over something else.
    Signature,
    /// Checkpoints are signed by a key that nobody knows.
    StrangeKey,
    /// Checkpoints are of another log.
    Origin,
    /// The size beside the checkpoint is one more than the signed one.
    Size,
    /// The tree id beside the checkpoint is another than the signed one.
    Tree,
    /// The root beside the checkpoint is another than the signed one.
    Root,
    /// The leaf of that number is another one: a second history.
    Fork(usize),
    /// Proofs are for a tree one leaf smaller than was asked for.
    StaleProof,
    /// Proofs are refused with 400.
    NoProof,
    /// Questions that search by subject get this status.
    NoSubjects(u16),
    /// The index answers that it is not implemented.
    NoIndex,
    /// The index names these too.
    AlsoNamed(Vec<String>),
    /// Batches have the entry of this name too.
    Unasked(String),
    /// Under the first name comes the entry of the second.
    Swapped(String, String),
    /// Batches that hold the entry of this name get 500 characters of nonsense.
    SpoiltBatch(String),
    /// Every answer is cut JSON.
    CutJson,
    /// An answer with a web page and 200.
    Page,
    /// The path that ends so lacks its last bytes.
    Truncated(String),
    /// The first byte of the path that ends so is another one.
    Flipped(String),
    /// The path that ends so unpacks to 64 megabytes.
    Bomb(String),
    /// The v2 checkpoint is of the first so many leaves.
    OldCheckpoint(usize),
    /// Partial tiles and bundles are gone.
    NoPartials,
    /// Every answer comes that late.
    Slow(Duration),
}
