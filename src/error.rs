//! Errors that say what went wrong, where, and what to do about it; and the exit codes they lead to.

use std::fmt;
use std::path::{Path, PathBuf};

/// What kind of failure an [`Error`] is. The kind alone decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The tool could not do its work: unreadable file, malformed document, failed write.
    Tool,
    /// The command line or the configuration asks for something that does not exist.
    Usage,
    /// There is nothing to judge: an empty archive, an unknown package.
    NoInput,
    /// Another process does the same work on the same archive.
    Busy,
    /// What earlier runs left is damaged, or is not of this program and model. It can be made again from its source.
    Kept,
}

/// Process exit codes, as documented in the README.
pub mod exit {
    /// Nothing at or above `--fail-on`.
    pub const CLEAN: u8 = 0;
    /// The tool failed.
    pub const TOOL: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// No input, or not enough of it to judge.
    pub const NO_INPUT: u8 = 3;
    /// A night was finished, and a registry, a receiver or a place to write failed: neither clean nor a finding, and a
    /// scheduler has to tell it from both.
    pub const PARTLY: u8 = 4;
    /// Another nightly is running on the same archive: nothing is wrong, and nothing was done.
    pub const BUSY: u8 = 5;
    /// Findings at or above `--fail-on`.
    pub const FINDINGS: u8 = 10;
}

/// A failure with its place and its remedy beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// What went wrong, as one sentence without a full stop.
    pub what: String,
    /// The file concerned, if any.
    pub file: Option<PathBuf>,
    /// Where in the file: a JSON path, a byte offset, a row, a column.
    pub place: Option<String>,
    /// What the user can do about it.
    pub remedy: Option<String>,
}

/// The line of a text, from 1, on which a record of a CSV table begins. The reader's own count is of the line feeds that
/// it has taken: that of the CRLF before the record, and empty lines, are not among them.
#[must_use]
pub fn line_of(text: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let rest = usize::try_from(position.byte()).ok().and_then(|at| text.get(at..)).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + ends.map(|byte| u64::from(*byte == b'\n')).sum::<u64>()
}

/// The result of anything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of the tool or of its input (exit code 1).
    pub fn tool(what: impl Into<String>) -> Self {
        Self::new(Kind::Tool, what)
    }

    /// A wrong command line (exit code 2).
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what)
    }

    /// Nothing to judge (exit code 3).
    pub fn no_input(what: impl Into<String>) -> Self {
        Self::new(Kind::NoInput, what)
    }

    /// Another process does the same work (exit code 5).
    pub fn busy(what: impl Into<String>) -> Self {
        Self::new(Kind::Busy, what)
    }

    /// What earlier runs left cannot be gone on with (exit code 1).
    pub fn kept(what: impl Into<String>) -> Self {
        Self::new(Kind::Kept, what)
    }

    fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), file: None, place: None, remedy: None }
    }

    /// A wrong file, with everything that is wrong with it: each problem with its line, from 1. Of many the first
    /// thirty are listed and the rest is counted.
    #[must_use]
    pub fn of_lines(problems: &[(usize, &str)]) -> Self {
        const MOST_LISTED: usize = 30;
        if let [(line, what)] = problems {
            return Self::usage(*what).place(format!("line {line}"));
        }
        let listed = problems.iter().take(MOST_LISTED).map(|(line, what)| format!("line {line}: {what}"));
        let mut listed: Vec<String> = listed.collect();
        if problems.len() > MOST_LISTED {
            listed.push(format!("and {} more", problems.len() - MOST_LISTED));
        }
        Self::usage(format!("has {} problems: {}", problems.len(), listed.join("; ")))
    }

    /// Names the file concerned.
    #[must_use]
    pub fn file(mut self, file: impl AsRef<Path>) -> Self {
        self.file = Some(file.as_ref().to_path_buf());
        self
    }

    /// Names the place inside the file.
    #[must_use]
    pub fn place(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The exit code that this failure leads to.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Tool | Kind::Kept => exit::TOOL,
            Kind::Usage => exit::USAGE,
            Kind::NoInput => exit::NO_INPUT,
            Kind::Busy => exit::BUSY,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", printable(&file.to_string_lossy()))?;
        }
        if let Some(place) = &self.place {
            write!(f, "at {}: ", printable(place))?;
        }
        write!(f, "{}", printable(&self.what))
    }
}

impl std::error::Error for Error {}

/// A stranger's string made safe to show: control characters and bidirectional overrides become
/// visible escapes, so that a package name cannot move the cursor or reorder a line.
#[must_use]
pub fn printable(text: &str) -> String {
    if !text.chars().any(is_unsafe) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len() + 8), |mut out, c| {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    })
}

/// A character that a terminal obeys instead of showing it.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
