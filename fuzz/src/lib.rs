//! The product's first stage, mounted by path: what reads strangers' bytes, without what stores and scores them.
#![allow(dead_code, missing_docs)]

#[path = "../../src/acquire/mod.rs"]
pub mod acquire;
#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/names.rs"]
pub mod names;
