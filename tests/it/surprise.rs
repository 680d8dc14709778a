//! The arithmetic under the scores: predictive probabilities, sizes, ranks, budgets.

use gaitkeeper::baseline::tally::{Rate, Sizes, Spread, Values};
use gaitkeeper::detect::alert::show_points;
use gaitkeeper::detect::calibration::{Budget, RollingRanks};
use gaitkeeper::detect::evidence::Evidence;
use gaitkeeper::detect::model::{Model, Reference};
use gaitkeeper::detect::surprise::{Prior, bits};
use proptest::prelude::*;

const BETA: Prior = Prior::Beta { a: 0.5, b: 9.5 };
const NORMAL: Prior = Prior::Normal { mean: 0.0, sd: 1.0, weight: 4.0 };
const TAIL: Prior = Prior::Tail { scale: 0.2, exponent: 0.7, weight: 10.0 };

#[test]
fn a_first_time_has_the_rate_of_the_population() {
    let surprise = bits(Evidence::Chance { happens: true, hits: 0.0, n: 0.0 }, &BETA).expect("bits");
    assert!((surprise - (10.0f32 / 0.5).log2()).abs() < 1e-5, "{surprise}");
}

#[test]
fn what_does_not_happen_surprises_nobody() {
    assert_eq!(bits(Evidence::Chance { happens: false, hits: 0.0, n: 50.0 }, &BETA), Some(0.0));
    assert_eq!(bits(Evidence::NotApplicable, &BETA), None);
}

#[test]
fn the_median_of_a_quantity_is_no_surprise_and_zero_spread_is_no_miracle() {
    let mut past = Spread::default();
    (0..50).for_each(|_| past.note(2.0));
    let at = |value| bits(Evidence::Above { value, past }, &NORMAL).expect("bits");
    assert!(at(1.0) < 0.01);
    assert!(at(3.0) > at(2.3) && at(2.3) > at(2.1));
    assert!(at(2.1) < 3.0, "a hair above fifty equal values is no miracle: {}", at(2.1));
    assert!(at(1e6) <= 30.0);
}

#[test]
fn larger_sizes_are_rarer_and_a_habit_takes_the_surprise_away() {
    let at = |size, hits, n| bits(Evidence::Reaches { size, hits, n }, &TAIL).expect("bits");
    assert!(at(100.0, 0.0, 20.0) > at(10.0, 0.0, 20.0));
    assert!(at(100.0, 15.0, 20.0) < 1.0);
}

#[test]
fn values_remember_since_when() {
    let (mut words, mut values) = (gaitkeeper::archive::vocabulary::Vocabulary::default(), Values::default());
    let (a, b) = (words.intern("a"), words.intern("b"));
    values.note(a, 10);
    assert!(values.is_new(b) && !values.is_new(a));
    values.note(b, 20);
    assert!(!values.is_new(b));
    assert!(values.is_new_since(b, 15) && !values.is_new_since(b, 25) && !values.is_new_since(a, 5));
    assert_eq!((values.n, values.novelties), (2, 1));
}

#[test]
fn budgets_are_read_as_people_write_them() {
    for (text, one_in) in [("1/1000", 1000.0), ("0.001", 1000.0), ("0.1%", 1000.0), ("1/10_000", 10_000.0), ("1", 1.0)]
    {
        let budget: Budget = text.parse().expect(text);
        assert!((budget.one_in - one_in).abs() < 1e-6, "{text}");
    }
    for text in ["", "0", "-1/1000", "2", "1/0", "x/y", "NaN", "1/-5", "101%"] {
        assert!(text.parse::<Budget>().is_err(), "{text} is no budget");
    }
}

#[test]
fn a_small_archive_is_calibrated_by_the_reference() {
    let reference = Model::embedded().expect("the embedded model").reference;
    let mut ranks = RollingRanks::default();
    // Sixty ordinary publishes, in the score that most of the reference exceeds.
    (0..60).for_each(|_| ranks.note(0, reference.steps[0].0));
    let step = |share: f64| (-3_000..3_000).find(|points| reference.share(*points) < share).expect("a score so rare");
    assert!(ranks.p_value(step(0.0003), &reference) < 1.0 / 1_000.0, "sixty publishes cannot tell, the reference can");
    assert!(ranks.p_value(step(0.3), &reference) > 1.0 / 100.0);
    let lowest = reference.steps[0].0;
    let shares: Vec<f64> = (1..40).map(|k| reference.share(lowest + k * 25)).collect();
    assert!(shares.windows(2).all(|pair| pair[0] > pair[1]), "{shares:?}");
}

#[test]
fn ranks_count_a_rolling_window() {
    let reference = Reference { weight: 1e-9, steps: vec![(0, 0.0), (10_000, -0.7)] };
    let mut ranks = RollingRanks::default();
    assert!(ranks.p_value(500, &reference) > 0.999, "nothing is rare before anything was seen");
    (0..999).for_each(|_| ranks.note(0, 0));
    assert!((ranks.p_value(500, &reference) - 0.001).abs() < 1e-9);
    (0..100_000).for_each(|_| ranks.note(0, 600));
    assert!(ranks.p_value(500, &reference) > 0.99, "the window has moved on");
    assert!(ranks.p_value(i32::MAX, &reference) < 2e-5 && ranks.p_value(i32::MIN, &reference) > 0.99);
}

#[test]
fn what_is_old_leaves_the_window_where_enough_is_young() {
    const DAY: i64 = 86_400_000;
    let reference = Reference { weight: 1e-9, steps: vec![(0, 0.0), (10_000, -0.7)] };
    let share = |young: usize, days: i64| {
        let mut ranks = RollingRanks::default();
        (0..60_000).for_each(|_| ranks.note(0, 600));
        (0..young).for_each(|_| ranks.note(days * DAY, 0));
        ranks.p_value(500, &reference)
    };
    assert!((share(15_000, 100) - 0.8).abs() < 1e-3, "half a year is remembered");
    assert!((share(15_000, 200) - 0.5).abs() < 1e-3, "and 30,000 publishes, however old");
    assert!(share(30_000, 200) < 1e-4, "what is older is not");
    assert!((share(90_000, 100) - 0.1).abs() < 1e-3, "nor more than 100,000");
}

proptest! {
    #[test]
    fn surprise_falls_when_it_happened_before(n in 0.0f32..500.0, hits in 0.0f32..500.0) {
        let hits = hits.min(n);
        let rarely = bits(Evidence::Chance { happens: true, hits, n }, &BETA).expect("bits");
        let often = bits(Evidence::Chance { happens: true, hits: hits + 1.0, n: n + 1.0 }, &BETA).expect("bits");
        prop_assert!(often <= rarely && rarely >= 0.0);
    }

    #[test]
    fn points_are_shown_to_the_cent(points in -100_000i32..100_000) {
        let text = show_points(points);
        let (sign, rest) = text.strip_prefix('-').map_or((1, text.as_str()), |r| (-1, r));
        let (whole, cents) = rest.split_once('.').expect("a point");
        prop_assert_eq!(sign * (whole.parse::<i32>().expect("whole") * 100 + cents.parse::<i32>().expect("cents")), points);
    }

    #[test]
    fn sizes_count_what_is_at_least_as_large(sizes in prop::collection::vec(0u32..5_000_000, 1..60), probe in 0u32..5_000_000) {
        let mut past = Sizes::default();
        for &size in &sizes {
            past.note(size);
        }
        let exact = sizes.iter().filter(|&&s| s >= probe).count();
        let counted = past.at_least(probe) as usize;
        prop_assert!(counted >= exact && counted <= sizes.len());
        prop_assert_eq!(past.at_least(0) as usize, sizes.len());
    }

    #[test]
    fn rates_stay_rates(flips in prop::collection::vec(any::<bool>(), 0..400)) {
        let mut rate = Rate::default();
        for &flip in &flips {
            rate.note(flip);
        }
        prop_assert!(rate.hits >= 0.0 && rate.hits <= rate.n + 1e-3 && rate.n <= 200.5);
    }

    #[test]
    fn spread_agrees_with_the_plain_formula_while_nothing_fades(a in -5.0f32..5.0, b in -5.0f32..5.0) {
        let mut past = Spread::default();
        past.note(a);
        past.note(b);
        let (wa, wb) = (0.98f32, 1.0f32);
        let mean = (wa * a + wb * b) / (wa + wb);
        prop_assert!((past.mean - mean).abs() < 1e-3);
    }
}
