//! The one integration binary. Each module says what it is about in its first line.

mod archive;
mod backtest;
mod bad_input;
mod bad_request;
mod command;
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
mod score;
mod shared;
mod signals;
mod surprise;
mod tables;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;
