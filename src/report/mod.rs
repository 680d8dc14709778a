//! Stage 5: one view of what was found, and one writer a format.
//!
//! A format turns a [`view::View`] into text and prints nothing; [`writer`] is the one place that
//! does. [`documentation`] describes the signals, [`timeline`] one investigated release,
//! [`comparison`] an evaluation, [`model_card`] a trained model, [`scores`] the table of a backtest, [`progress`] long work.
//! [`grouping`] puts campaigns together, [`escape`] makes strangers' strings harmless, [`schema`] describes JSON Lines.

pub mod comparison;
pub mod documentation;
pub mod escape;
pub mod gate;
pub mod grouping;
pub mod model_card;
pub mod night;
pub mod notify;
pub mod progress;
pub mod schema;
pub mod scores;
pub mod timeline;
pub mod view;
pub mod writer;

use std::fmt::Write;

use view::View;

use crate::archive::corroboration::Claim;
use crate::error::is_unsafe;

/// One way to write a view.
pub struct Format {
    /// Name on the command line.
    pub id: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Name of its file in a folder of exported findings.
    pub file: &'static str,
    /// The writer.
    pub write: fn(&View) -> String,
}

impl Format {
    /// The text for a file, which has no colours.
    #[must_use]
    pub fn for_file(&self, view: &View) -> String {
        anstream::adapter::strip_str(&(self.write)(view)).to_string()
    }
}

/// JSON text that a terminal shows and never obeys: the serialiser leaves some control characters
/// and all bidirectional overrides as they are; as escapes they mean the same to a reader.
fn escaped(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len() + 1), |mut out, c| {
        if c != '\n' && is_unsafe(c) {
            // A string takes every character.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
        out
    })
}

/// What others say of one release, in one cell.
fn claims(claims: &[Claim]) -> String {
    claims.iter().map(Claim::to_string).collect::<Vec<_>>().join("; ")
}

macro_rules! formats {
    ($($name:ident,)+) => {
        $(pub mod $name;)+

        /// Every format, the default first.
        pub static FORMATS: &[&Format] = &[$(&$name::FORMAT,)+];

        /// The files that hold them, without their ending.
        pub static FORMAT_FILES: &[&str] = &[$(stringify!($name),)+];
    };
}

formats! {
    text,
    csv,
    csv_signals,
    jsonl,
    sarif,
    markdown,
    html,
}
