//! Strangers' strings, harmless in the form that shows them: shortened, and escaped for Markdown and HTML.
//!
//! The forms that programs read (CSV, JSON Lines, SARIF) keep every name whole where a join needs it; these are for eyes.

use crate::error::printable;

/// Characters shown of one string, escapes counted as they are shown. The longest package name that a registry takes has 214.
const SHOWN: usize = 300;
/// Of them, characters from its end.
const END: usize = 40;

/// A stranger's string for a line that people read: nothing in it is obeyed, and what is very long is cut in the middle,
/// with its length told.
#[must_use]
pub fn shown(text: &str) -> String {
    let place = |nth: usize| text.char_indices().nth(nth).map_or(text.len(), |(at, _)| at);
    let head = readable(&text[..place(SHOWN)]);
    if text.len() == place(SHOWN) && head.chars().count() <= SHOWN {
        return head;
    }
    let characters = text.chars().count();
    let tail = readable(&text[place(characters.saturating_sub(END))..]);
    let head: String = head.chars().take(SHOWN - END).collect();
    let tail: String = tail.chars().skip(tail.chars().count().saturating_sub(END)).collect();
    format!("{head}\u{2026}{tail} ({characters} characters)")
}

/// Nothing that a reader obeys, and no code point that is no character, which no page may hold (HTML, section 13.1).
fn readable(text: &str) -> String {
    let is_none = |c: char| matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    let safe = printable(text);
    if !safe.contains(is_none) {
        return safe;
    }
    safe.chars().map(|c| if is_none(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// Text for an element or a quoted attribute of HTML.
#[must_use]
pub fn html(text: &str) -> String {
    shown(text).chars().fold(String::with_capacity(text.len().min(SHOWN) + 16), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
        out
    })
}

/// A sentence with strangers' words in it, for a cell of a Markdown table: what could be markup, a mention, a link or the
/// number of an issue becomes code, which forges leave alone; plain words stay plain.
#[must_use]
pub fn markdown(text: &str) -> String {
    let shown = shown(text);
    let words: Vec<String> = shown
        .split(' ')
        .map(|word| {
            let bare = word.trim_end_matches([',', '.', ';', ':', ')']);
            let (bare, end) = if bare.starts_with('(') { (word, "") } else { (bare, &word[bare.len()..]) };
            if bare.is_empty() || is_plain(bare) { word.to_owned() } else { format!("{}{end}", code(bare)) }
        })
        .collect();
    words.join(" ")
}

/// Nothing in it means anything to Markdown, nor makes a forge link it.
fn is_plain(word: &str) -> bool {
    let inner = word.trim_start_matches('(');
    let punctuation = [',', '.', ';', '%', '(', ')', '-', '"', '\''];
    let a_number_of_something = inner.contains('-') && inner.contains(|c: char| c.is_ascii_digit());
    let only_plain = inner.chars().all(|c| c.is_alphanumeric() || punctuation.contains(&c));
    only_plain
        && !a_number_of_something
        && !inner.to_ascii_lowercase().contains("www.")
        && !inner.starts_with(['-', '.'])
}

/// A stranger's string as code in a cell of a Markdown table (GitHub's specification, sections 4.10 and 6.3): the fence is longer than
/// any row of backticks in it, and bars are escaped, which a table takes back even within code.
#[must_use]
pub fn markdown_code(text: &str) -> String {
    code(&shown(text))
}

fn code(shown: &str) -> String {
    // A backslash before the bar's own would undo it.
    let cell = shown.replace("\\|", "\\u{5c}|").replace('|', "\\|");
    let longest = cell.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if cell.starts_with('`') || cell.ends_with('`') || cell.trim().is_empty() { " " } else { "" };
    format!("{fence}{blank}{cell}{blank}{fence}")
}
