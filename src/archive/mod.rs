//! Stage 2: normalised publish events, kept in Parquet and never rewritten.
//!
//! [`files`] writes whole files; [`columns`] is the one list of what an event holds; [`table`] reads and writes it; [`store`] is
//! the archive on disk; [`history`] is an archive in memory, in the order of time; [`lookup`] finds names in it; [`normalise`]
//! makes events of a registry's verbatim facts. Enter through [`store::Archive`] or [`history::History`].

pub mod columns;
pub mod files;
pub mod history;
pub mod labels;
pub mod lookup;
pub mod normalise;
pub mod store;
pub mod table;
pub mod vocabulary;
