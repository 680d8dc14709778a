//! The one place that writes to the terminal.

use std::io::Write;

use anstream::{AutoStream, ColorChoice};

use crate::error::{Error, Result, printable};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal that does not refuse it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output and standard error, as the user wants them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal {
    /// When to colour.
    pub colour: Colour,
    /// Say nothing but results and errors.
    pub quiet: bool,
}

impl Terminal {
    /// Writes a result to standard output. A reader that has gone away is no error.
    ///
    /// # Errors
    /// When standard output cannot be written for another reason.
    pub fn result(&self, text: &str) -> Result<()> {
        let mut out = AutoStream::new(std::io::stdout(), self.choice()).lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Error::tool(format!("standard output cannot be written: {e}")).remedy("check the free space"))
            }
            _ => Ok(()),
        }
    }

    /// Writes a remark to standard error, unless quiet.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            self.to_stderr(&format!("{text}\n"));
        }
    }

    /// Writes an error with its remedy to standard error.
    pub fn error(&self, error: &Error) {
        let (red, bold) = (anstyle::AnsiColor::Red.on_default().bold(), anstyle::Style::new().bold());
        let mut text = format!("{red}error:{red:#} {error}\n");
        if let Some(remedy) = &error.remedy {
            text.push_str(
                &[&bold.render().to_string(), "help:", &bold.render_reset().to_string(), " ", &printable(remedy), "\n"]
                    .concat(),
            );
        }
        self.to_stderr(&text);
    }

    fn to_stderr(self, text: &str) {
        let mut err = AutoStream::new(std::io::stderr(), self.choice()).lock();
        // Nobody is left to be told when standard error is gone.
        let _ = err.write_all(text.as_bytes());
    }

    fn choice(self) -> ColorChoice {
        match self.colour {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        }
    }
}
