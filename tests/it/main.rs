//! The one integration binary. Each module says what it is about in its first line.

mod corpus;
mod docs;
mod document;
#[allow(unsafe_code, reason = "a counting allocator cannot be written without")]
mod heap;
mod layers;
mod npm;
mod npm_hostile;
mod npm_memory;
mod npm_sources;
mod packuments;
mod signals;
mod surprise;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;
