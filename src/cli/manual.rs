//! Options of `completions` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Options of `completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Put the text where your shell looks for completions; it is that of this version of the program.

Examples:
  gaitkeeper completions bash > ~/.local/share/bash-completion/completions/gaitkeeper
  gaitkeeper completions zsh > ~/.zfunc/_gaitkeeper
  gaitkeeper completions fish > ~/.config/fish/completions/gaitkeeper.fish"
)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Options of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Writes gaitkeeper.1 and a page for each command, such as gaitkeeper-score.1; pages that are \
there are replaced.

Examples:
  gaitkeeper man ~/.local/share/man/man1
  man ~/.local/share/man/man1/gaitkeeper-gate.1")]
pub struct Man {
    /// Folder to write to
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
