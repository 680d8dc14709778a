//! Makes escapes readable that JSON allows and Unicode does not.

/// Replaces every unpaired surrogate escape (`\ud800` without its other half) by `\ufffd`, in a copy.
/// Returns the copy and the number of replacements; `None` if there are none.
///
/// Such an escape is legal JSON. A publisher who puts one into a manifest must not thereby make the whole
/// package unreadable.
pub(super) fn surrogates(text: &str) -> Option<(String, usize)> {
    let unpaired = unpaired(text.as_bytes());
    if unpaired.is_empty() {
        return None;
    }
    let mut copy = String::with_capacity(text.len());
    let mut from = 0;
    for at in &unpaired {
        copy.push_str(&text[from..*at]);
        copy.push_str("\\ufffd");
        from = at + 6;
    }
    copy.push_str(&text[from..]);
    Some((copy, unpaired.len()))
}

/// Byte offsets of unpaired surrogate escapes. Backslashes stand only inside strings in valid JSON, so
/// that strings need not be followed.
fn unpaired(bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(ahead) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += ahead;
        match unit(bytes, at) {
            Some(0xd800..=0xdbff) if matches!(unit(bytes, at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                found.push(at);
                at += 6;
            }
            Some(_) => at += 6,
            None => at += 2,
        }
    }
    found
}

/// The code unit of the `\uXXXX` escape at an offset.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}
