//! gaitkeeper recognises a package maintainer by gait.
//!
//! The pipeline, in the order in which a publish goes through it:
//! 1. [`acquire`] reads registries' documents as verbatim facts,
//! 2. [`archive`] keeps them as publish events,
//! 3. [`baseline`] learns what is usual for each actor and each package,
//! 4. [`detect`] says how unusual an event is, and why,
//! 5. [`engine`] runs 3 and 4 over a history,
//! 6. [`report`] shows it,
//! 7. [`review`] keeps what people concluded about it,
//! 8. [`pipeline`] puts these together, one function a subcommand.
//!
//! [`config`] finds registries and credentials, [`net`] is the only door to the network.

pub mod acquire;
pub mod archive;
pub mod baseline;
pub mod cli;
pub mod config;
pub mod detect;
pub mod engine;
pub mod error;
pub mod names;
pub mod net;
pub mod pipeline;
pub mod report;
pub mod review;
