//! Altered bundles, from a seed.

use serde_json::Value;

use super::cases::Case;
use super::random::Random;
use super::{alter, forms};

/// How a bundle was altered.
pub struct Altered {
    /// Where and how, in a word or two.
    pub how: String,
    /// The new text.
    pub text: String,
}

impl Altered {
    /// A bundle in JSON without white space.
    pub fn new(how: impl Into<String>, bundle: &Value) -> Self {
        Self { how: how.into(), text: bundle.to_string() }
    }
}

/// Alters a bundle, perhaps with a part of another one; none if there is nothing in it to alter so.
type Kind = fn(&mut Random, &Value, &Value) -> Option<Altered>;

const KINDS: [(&str, Kind); 25] = [
    ("flip", alter::flip),
    ("swap", alter::swap),
    ("drop", alter::drop_field),
    ("null", alter::null),
    ("empty", alter::empty),
    ("type", alter::other_type),
    ("number", alter::number),
    ("time", alter::time),
    ("index", alter::index),
    ("statement", alter::statement),
    ("signatures", alter::signatures),
    ("certificate", alter::certificate),
    ("list", alter::list),
    ("log-id", alter::log_id),
    ("unproved", alter::unproved),
    ("second-entry", alter::second_entry),
    ("timestamps", alter::timestamps),
    ("media-type", forms::media_type),
    ("unknown-field", forms::unknown_field),
    ("base64", forms::base64),
    ("white-space", forms::white_space),
    ("twice", forms::twice),
    ("checkpoint", forms::checkpoint),
    ("chain", forms::chain),
    ("snake-case", forms::snake_case),
];

/// A case, whether it is marked as verified, and its bundle.
type Base<'a> = (&'a Case, bool, Value);

/// Draws after which there is nothing to draw from.
const DRAWS: usize = 10_000;

/// Altered copies of the cases that are marked as verified, one for each seed and number. All kinds are
/// equally often, and so are all the folders that cases are from. Each copy has random numbers of its own,
/// so that a case whose mark is another, or a kind that alters otherwise, changes few of them.
pub fn mutations(cases: &[(&Case, bool)], draws: impl Iterator<Item = (u64, usize)>) -> Vec<Case> {
    let mut folders: Vec<(&str, Vec<Base>)> = Vec::new();
    for (case, verified) in cases {
        let Ok(bundle) = serde_json::from_str(&case.bundle) else { continue };
        let name = case.id.split('/').next().expect("a folder");
        match folders.iter_mut().find(|(folder, _)| *folder == name) {
            Some((_, cases)) => cases.push((case, *verified, bundle)),
            None => folders.push((name, vec![(case, *verified, bundle)])),
        }
    }
    let altered = |(seed, number): (u64, usize)| {
        let (name, kind) = KINDS[number % KINDS.len()];
        let mut random = Random(Random(seed.wrapping_add(number as u64)).number());
        let altered = (0..DRAWS).find_map(|_| {
            let mut draw = || random.pick(&folders).and_then(|(_, cases)| random.pick(cases));
            let (Some((case, true, bundle)), Some((_, true, other))) = (draw(), draw()) else { return None };
            Some((case, kind(&mut random, bundle, other)?))
        });
        let (case, Altered { how, text }) = altered.expect("something that can be altered so");
        Case { id: format!("{name} {how} of {} #{number} of seed {seed}", case.id), bundle: text, ..(*case).clone() }
    };
    draws.map(altered).collect()
}
