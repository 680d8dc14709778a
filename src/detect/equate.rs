//! Scores of prereleases on the scale of the other versions.
//!
//! Prereleases do not teach the trees (`engine/train` says why), so that what is unusual in a canary or a nightly is judged
//! as if it were a release, and the highest of their scores are beyond what was learnt: of the 42 ordinary publishes
//! above the budget of 1/10,000 on the history in the box, 30 were prereleases, which are two in five of all. So where
//! prereleases reach a score more often than other versions do, it counts as the score that as many of those reach
//! (equipercentile equating; Kolen and Brennan, Test Equating, Scaling, and Linking, 2014, chapter 2): they do not use up
//! the budget of the others. Where they reach it less often it stays as it is.

/// Points of prereleases from the trees, rising, and what they count as, not falling and never more. None: the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Equating(Vec<(i32, i32)>);

impl Equating {
    /// From the steps of a model file; `None` where they are out of order, one counts for more, or there is only one.
    #[must_use]
    pub fn of(steps: &[(i32, i32)]) -> Option<Self> {
        let in_order = steps.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        (in_order && steps.len() != 1 && steps.iter().all(|step| step.1 <= step.0)).then(|| Self(steps.to_vec()))
    }

    /// What a prerelease's points count as: between two steps on the line through them, rounded down; beyond the
    /// outermost as far from it as before. More points never count as fewer.
    #[must_use]
    pub fn points(&self, points: i32) -> i32 {
        let next = self.0.partition_point(|step| step.0 < points);
        if let (Some(&(low, counts)), Some(&(high, then))) = (self.0[..next].last(), self.0.get(next)) {
            let [points, low, high, counts, then] = [points, low, high, counts, then].map(i128::from);
            let counted = counts + ((points - low) * (then - counts)).div_euclid(high - low);
            return i32::try_from(counted).unwrap_or_default();
        }
        let outermost = if next == 0 { self.0.first() } else { self.0.last() };
        outermost.map_or(points, |(from, counts)| points.saturating_add(counts.saturating_sub(*from)))
    }
}
