//! Habits as bytes ([`coded`](crate::archive::coded)): everything that an entity has learnt, so that a later run goes on where
//! this one ended, to the bit. Sets are in the order of the entity's own list of strings, so that equal habits are equal bytes.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::archive::vocabulary::Sym;

/// Version of what habits are made of. Raised whenever a habit is added, dropped or learns otherwise: what an earlier
/// program kept would give other scores.
pub const VERSION: u32 = 1;

/// A set, sorted.
pub(super) fn sorted<S: serde::Serializer>(set: &FxHashSet<Sym>, to: S) -> Result<S::Ok, S::Error> {
    let mut held: Vec<Sym> = set.iter().copied().collect();
    held.sort_unstable();
    held.serialize(to)
}

/// Arrays that serde does not know for their length.
pub(super) mod long {
    use super::{Deserialize, Serialize};

    pub fn serialize<S: serde::Serializer, const N: usize>(numbers: &[f32; N], to: S) -> Result<S::Ok, S::Error> {
        numbers.as_slice().serialize(to)
    }

    pub fn deserialize<'a, D: serde::Deserializer<'a>, const N: usize>(from: D) -> Result<[f32; N], D::Error> {
        let numbers = Vec::<f32>::deserialize(from)?;
        numbers.try_into().map_err(|_| serde::de::Error::custom("another length"))
    }
}
