//! Numbers that look random and are functions of a seed: what belongs to an actor or a package can be drawn again at
//! any time instead of being kept.

/// The finaliser of SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014) over a
/// seed and a place in its stream.
#[must_use]
pub fn hash(seed: u64, place: u64) -> u64 {
    let mut z = seed.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in [0, 1) from 53 bits of a hash.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
pub fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// [`unit`] of a [`hash`].
#[must_use]
pub fn draw(seed: u64, place: u64) -> f64 {
    unit(hash(seed, place))
}

/// One of four even numbers in [0, 1) out of 64 bits.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "sixteen bits")]
pub fn chance(bits: u64, which: u32) -> f64 {
    (bits >> (16 * which) & 0xffff) as f64 / 65_536.0
}

/// The `index`-th point of a Weyl sequence: any first points of it lie evenly in [0, 1).
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "far fewer points than 2^53")]
pub fn even(index: usize, step: f64, start: f64) -> f64 {
    (index as f64 * step + start).fract()
}

/// Folds a number that left [0, 1] by less than one back into it, so that evenly spread ones stay so.
#[must_use]
pub fn fold(x: f64) -> f64 {
    let x = x.abs();
    if x > 1.0 { 2.0 - x } else { x }
}

/// One stream of draws, where order does not matter beyond the seed.
pub struct Stream {
    seed: u64,
    place: u64,
}

impl Stream {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, place: 0 }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.place += 1;
        hash(self.seed, self.place)
    }

    /// The next number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// Something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

/// Writes twelve hexadecimal digits.
pub fn hex12(bits: u64, to: &mut [u8; 12]) {
    for (i, digit) in to.iter_mut().enumerate() {
        *digit = b"0123456789abcdef"[(bits >> (4 * i) & 15) as usize];
    }
}

/// Appends a name that can be spoken, another one for every number.
pub fn push_name(mut number: u64, to: &mut String) {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 4] = b"aeio";
    /// Of two letters each.
    const LEAST: u32 = 2;
    let mut digits = 0;
    while number > 0 || digits < LEAST {
        let digit = (number % 64) as usize;
        to.push(CONSONANTS[digit / 4] as char);
        to.push(VOWELS[digit % 4] as char);
        number /= 64;
        digits += 1;
    }
}
