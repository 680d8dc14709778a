//! JSON as text: members found and moved without reading the values, so that order, doubled keys and
//! number spellings survive.

/// The members of an object in order: the key without its quotes, and the text of the value. `None`
/// if the text is no object.
pub fn members(object: &str) -> Option<Vec<(&str, &str)>> {
    let bytes = object.as_bytes();
    let mut found = Vec::new();
    let mut at = after_space(bytes, 0);
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    at = after_space(bytes, at + 1);
    if bytes.get(at) == Some(&b'}') {
        return Some(found);
    }
    loop {
        let key_end = after_string(bytes, at)?;
        let key = object.get(at + 1..key_end - 1)?;
        at = after_space(bytes, key_end);
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at = after_space(bytes, at + 1);
        let end = after_value(bytes, at)?;
        found.push((key, object.get(at..end)?));
        at = after_space(bytes, end);
        match bytes.get(at)? {
            b',' => at = after_space(bytes, at + 1),
            b'}' => return Some(found),
            _ => return None,
        }
    }
}

/// Members as they stand inside an object, parted by commas.
pub fn joined<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (key, value) in members {
        let comma = if text.is_empty() { "" } else { "," };
        text.extend([comma, "\"", key, "\":", value]);
    }
    text
}

fn after_space(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Behind the string that begins at `from`.
fn after_string(bytes: &[u8], from: usize) -> Option<usize> {
    if bytes.get(from) != Some(&b'"') {
        return None;
    }
    let mut at = from + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Behind the value that begins at `from`. Brackets are counted, not matched.
fn after_value(bytes: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = from;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = after_string(bytes, at)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 1 => depth -= 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' | b',' if depth == 0 => return (at > from).then_some(at),
            byte if depth == 0 && byte.is_ascii_whitespace() => return (at > from).then_some(at),
            _ => {}
        }
        at += 1;
    }
}
