//! The credential behind each publish, for an owner who hands in an inventory of tokens and audit logs.
//!
//! [`join`] finds the use that a publish was; [`life`] folds what each token did; [`measure`] says how a publish stands
//! to its token's life; [`rotation`] lists the tokens that are due. All are pure: `now` and every limit are arguments.

pub mod join;
pub mod label;
pub mod life;
pub mod measure;
pub mod rotation;

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;
/// Milliseconds of a day.
const DAY: i64 = 24 * HOUR;
