//! What is kept of a judged publish for comparing it with others: when, who, how unusual, and the
//! shape of its evidence.

use super::embedded::Assessed;
use crate::archive::vocabulary::Sym;
use crate::detect::score::{Contribution, Source};
use crate::detect::signals::SIGNALS;

/// A publish with this p-value or a smaller one is unusual: a second look or a surge may raise it.
pub const UNUSUAL: f64 = 0.01;

/// Signals by their share of a score: the positive points of each, as a vector of length one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape(Vec<(usize, f64)>);

impl Shape {
    /// The shape of a score. Pairs, caps and cohorts have no place in it: they follow from the signals.
    #[must_use]
    pub fn of(contributions: &[Contribution]) -> Self {
        let mut parts: Vec<(usize, f64)> = contributions
            .iter()
            .filter_map(|c| match c.source {
                Source::Signal(at) if c.points > 0 => Some((at, f64::from(c.points))),
                _ => None,
            })
            .collect();
        parts.sort_unstable_by_key(|part| part.0);
        let length = parts.iter().map(|part| part.1 * part.1).sum::<f64>().sqrt();
        for part in &mut parts {
            part.1 /= length;
        }
        if parts.is_empty() {
            // Scores without any signal are like each other and like nothing else.
            parts.push((SIGNALS.len(), 1.0));
        }
        Self(parts)
    }

    /// Cosine of the angle between two shapes: 0 with no signal in common, 1 for the same proportions.
    #[must_use]
    pub fn alike(&self, other: &Self) -> f64 {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut cosine = 0.0;
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            match a.0.cmp(&b.0) {
                std::cmp::Ordering::Less => drop(left.next()),
                std::cmp::Ordering::Greater => drop(right.next()),
                std::cmp::Ordering::Equal => {
                    cosine += a.1 * b.1;
                    left.next();
                    right.next();
                }
            }
        }
        cosine
    }

    /// The signal with the largest share; of equal ones the first in the table.
    #[must_use]
    pub fn leading(&self) -> usize {
        let mut leading = (0, 0.0);
        for part in self.0.iter().filter(|part| part.1 > 0.0) {
            if part.1 > leading.1 {
                leading = *part;
            }
        }
        leading.0
    }

    /// Positions in the signal table with their components, rising; one past the table for "no signal".
    #[must_use]
    pub fn parts(&self) -> &[(usize, f64)] {
        &self.0
    }
}

/// One judged publish.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Position in the history.
    pub index: usize,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Who; [`Sym::NONE`] where that is not recorded.
    pub actor: Sym,
    /// Registry and package.
    pub package: (Sym, Sym),
    /// Score, hundredths.
    pub points: i32,
    /// Share of past publishes that scored at least as high.
    pub p_value: f64,
    /// Its evidence.
    pub shape: Shape,
}

impl Trace {
    /// What is kept of an event.
    #[must_use]
    pub fn of(assessed: &Assessed) -> Self {
        let event = assessed.look.event;
        Self {
            index: assessed.index,
            at: event.at,
            actor: event.actor,
            package: (event.registry, event.package),
            points: assessed.assessment.points,
            p_value: assessed.p_value,
            shape: shape(assessed),
        }
    }
}

/// Share of publishes whose evidence is worked out: the rest is usual, and like nothing.
const SHAPED: f64 = 0.1;

fn shape(assessed: &Assessed) -> Shape {
    if assessed.p_value > SHAPED {
        return Shape::of(&[]);
    }
    Shape::of(&assessed.assessment.contributions(assessed.model))
}
