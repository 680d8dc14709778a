//! Addresses below a registry's base, made of what strangers named.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the characters that RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` as one segment of a path. `None` where it cannot be one: it is empty, or dots alone, which climb
/// up the path even when they are percent-encoded.
pub(super) fn segment(text: &str) -> Option<String> {
    let climbs = text.bytes().all(|byte| byte == b'.');
    (!climbs).then(|| utf8_percent_encode(text, RESERVED).to_string())
}
