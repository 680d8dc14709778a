//! Phrases that the explanations share.

use crate::archive::vocabulary::{Sym, Vocabulary};
use crate::baseline::tally::{Rate, Sizes, Spread, Values};

/// Values named in a "usual" phrase.
const NAMED: usize = 3;

/// A symbol's string, `nothing recorded` where there is none.
#[must_use]
pub fn name(sym: Sym, words: &Vocabulary) -> String {
    if sym.is_none() { "nothing recorded".to_owned() } else { words.text(sym).to_owned() }
}

/// The most frequent values with their counts: `alice (12), bob (3) and 4 more`.
#[must_use]
pub fn most(values: &Values, words: &Vocabulary) -> String {
    let mut seen: Vec<_> = values.seen.iter().collect();
    seen.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| words.text(a.value).cmp(words.text(b.value))));
    let named: Vec<_> = seen.iter().take(NAMED).map(|s| format!("{} ({})", words.text(s.value), s.n)).collect();
    match seen.len().saturating_sub(NAMED) {
        0 if named.is_empty() => "none".to_owned(),
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// A span of time in its largest sensible unit: `40 s`, `12 min`, `3.5 h`, `16 days`, `2.1 years`.
#[must_use]
pub fn span(millis: i64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "a span is shown with two digits")]
    let seconds = millis as f64 / 1000.0;
    let (minute, hour, day, year) = (60.0, 3_600.0, 86_400.0, 31_557_600.0);
    match seconds {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < minute => format!("{s:.0} s"),
        s if s < 2.0 * hour => format!("{:.0} min", s / minute),
        s if s < 2.0 * day => format!("{:.1} h", s / hour),
        s if s < 2.0 * year => format!("{:.0} days", s / day),
        s => format!("{:.1} years", s / year),
    }
}

/// A share of recent chances, in which older ones count less: `in about 3 of 120 recent`.
#[must_use]
pub fn share(rate: &Rate) -> String {
    if rate.hits <= 0.0 {
        return format!("in none of {:.0} recent", rate.n);
    }
    if rate.hits < 0.5 {
        return format!("in almost none of {:.0} recent", rate.n);
    }
    format!("in about {:.0} of {:.0} recent", rate.hits, rate.n)
}

/// A weight in whole observations.
#[must_use]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of observations, shown as a whole number"
)]
pub fn count(n: f32) -> u32 {
    n.max(0.0).round() as u32
}

/// The middle of past gaps, which are kept as natural logarithms of hours.
#[must_use]
pub fn typical_gap(past: &Spread) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "a gap of years is far below the limit")]
    let millis = (f64::from(past.mean).exp() * 3_600_000.0) as i64;
    if past.n > 0.0 { span(millis) } else { "unknown".to_owned() }
}

/// The middle of past counts.
#[must_use]
pub fn typical_size(past: &Sizes) -> String {
    past.middle().map_or_else(|| "unknown".to_owned(), |middle| middle.to_string())
}

/// A growth in percent; in multiples where it is large.
#[must_use]
pub fn growth_of(percent: u32) -> String {
    if percent < 1_000 { format!("{percent} %") } else { format!("{} times", percent / 100) }
}

/// A signal's sentence with what was observed, what is usual, and of how many. Where there is no past, its words about
/// the past would say nothing.
#[must_use]
pub fn told(sentence: &str, observed: &str, usual: &str, n: u32) -> String {
    let past = sentence.find("; {n} earlier").filter(|_| n == 0);
    let said = past.map(|at| format!("{}; nothing earlier to compare it with.", &sentence[..at]));
    let said = said.as_deref().unwrap_or(sentence);
    said.replace("{observed}", observed).replace("{usual}", usual).replace("{n}", &n.to_string())
}
