//! From bytes to text, and from text to times and countries.

use chrono::{DateTime, NaiveDateTime};

use crate::error::{Error, Result};

/// 2009-01-01 in milliseconds: before it there was no registry that has tokens.
const EARLIEST: i64 = 1_230_768_000_000;
/// 2100-01-01 in milliseconds.
pub(super) const LATEST: i64 = 4_102_444_800_000;
/// 10000-01-01 in milliseconds: an end so far away is one that never comes, and still an end.
pub(super) const FARTHEST: i64 = 253_402_300_800_000;

/// A time that cannot be read.
pub(super) const UNREADABLE_TIME: &str = "is not a time: neither RFC 3339 nor whole seconds or milliseconds";
/// A time that cannot be meant.
pub(super) const OUT_OF_RANGE: &str = "is a time before 2009 or too far ahead";

/// The text of a file, without a byte order mark.
///
/// # Errors
/// It is not UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::tool("is UTF-16 text, which some shells write into files")
            .place("byte 0")
            .remedy("save it as UTF-8 and hand it in again"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::tool("is not UTF-8 text")
            .place(format!("byte {}", error.valid_up_to()))
            .remedy("unpack it, or save it as UTF-8, and hand it in again")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Whether a text is meant as JSON.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// A time as people and programs write it: RFC 3339, the same with a blank instead of the `T` or without an offset
/// (read as UTC), or whole milliseconds or seconds since the Unix epoch, whose ranges do not meet.
///
/// # Errors
/// Why there is none: [`UNREADABLE_TIME`] or [`OUT_OF_RANGE`].
pub(super) fn time(text: &str, latest: i64) -> std::result::Result<i64, &'static str> {
    // Nothing valid is longer, and the parser walks through any number of fractional digits.
    let text = Some(text.trim()).filter(|text| text.len() <= 64).ok_or(UNREADABLE_TIME)?;
    if let Ok(number) = text.parse::<i64>() {
        return number_time(number, latest);
    }
    let bare = text.strip_suffix(" UTC").unwrap_or(text);
    let plain = |form| NaiveDateTime::parse_from_str(bare, form).map(|time| time.and_utc().timestamp_millis());
    let ms = DateTime::parse_from_rfc3339(text)
        .map(|time| time.timestamp_millis())
        .or_else(|_| plain("%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|_| plain("%Y-%m-%dT%H:%M:%S%.f"))
        .map_err(|_| UNREADABLE_TIME)?;
    in_range(ms, latest)
}

/// A number as a time.
///
/// # Errors
/// It is none between 2009 and `latest`.
pub(super) fn number_time(number: i64, latest: i64) -> std::result::Result<i64, &'static str> {
    in_range(number, latest).or_else(|_| in_range(number.saturating_mul(1000), latest.min(LATEST)))
}

fn in_range(ms: i64, latest: i64) -> std::result::Result<i64, &'static str> {
    if (EARLIEST..latest).contains(&ms) { Ok(ms) } else { Err(OUT_OF_RANGE) }
}

/// A country as ISO 3166-1 alpha-2 writes it, in upper case.
pub(super) fn country(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())).then(|| text.to_ascii_uppercase())
}
