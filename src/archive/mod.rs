//! Stage 2: normalised publish events, kept in Parquet and never rewritten, beside the documents they were read from.
//!
//! [`columns`] is the one list of what an event holds; [`table`] reads and writes it; [`store`] is the archive on disk,
//! and [`merge`] what holds where a version was seen twice; [`packs`] keeps registry documents; [`state`], [`watchlist`]
//! and [`journal`] what changes; [`commit`] adds to all of them at once; [`keeping`] looks after an archive, and [`seal`]
//! shows whether a segment is as it was written; [`history`] is an archive in memory, in the order of time; [`lookup`]
//! finds names in it; [`outline`] is the part of it that says what else is needed, and [`scores`] what it scored when
//! its model was made; [`normalise`] makes events of a registry's verbatim facts; [`verdicts`] reads what people concluded,
//! [`corroboration`] what others found; [`scan`] reads and [`stream`] writes tables larger than memory, a [`block`] at a time, [`judgements`] their
//! scores, [`snapshot`] what was learnt of them, and [`shelf`] their publishes by package, which [`compact`] makes smaller;
//! [`coded`] is how these are bytes; [`bundle`] packs the evidence of one release; [`files`] writes whole files. Enter
//! through [`store::Archive`], [`history::History`] or [`commit::Writing`].

pub mod block;
pub mod bundle;
pub mod coded;
pub mod columns;
pub mod commit;
pub mod compact;
pub mod corroboration;
pub mod files;
pub mod git_ref;
mod groups;
pub mod history;
pub mod journal;
pub mod judgements;
pub mod keeping;
pub mod labels;
pub mod logs;
pub mod lookup;
pub mod merge;
pub mod nights;
pub mod normalise;
pub mod outline;
pub mod packs;
pub mod scan;
pub mod scores;
pub mod seal;
mod sheet;
pub mod shelf;
pub mod snapshot;
pub mod sqlite;
pub mod state;
pub mod store;
pub mod stream;
pub mod table;
pub mod tokens;
pub mod verdicts;
pub mod vocabulary;
pub mod watchlist;
