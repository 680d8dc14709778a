//! `completions` and `man`: the command line's own definitions, written for shells and for `man`.

use std::fs;

use clap::{Command, CommandFactory};

use super::Means;
use crate::archive::files;
use crate::cli::Cli;
use crate::cli::manual::{Completions, Man};
use crate::error::{Error, Result, exit};

/// Name of the program.
const PROGRAM: &str = "gaitkeeper";

pub(super) fn completions(options: &Completions, means: &Means) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), PROGRAM, &mut text);
    means.terminal.result(&String::from_utf8_lossy(&text)).map(|()| exit::CLEAN)
}

pub(super) fn man(options: &Man, means: &Means) -> Result<u8> {
    fs::create_dir_all(&options.dir).map_err(|e| files::unwritable(&options.dir, &e))?;
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let mut pages = 0;
    write(&program, PROGRAM, options, &mut pages)?;
    means.terminal.remark(&format!("{pages} pages written to {}", options.dir.display()));
    Ok(exit::CLEAN)
}

/// Writes the page of a command and of those below it.
fn write(command: &Command, name: &str, options: &Man, pages: &mut usize) -> Result<()> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone().display_name(name.to_owned()))
        .title(name.to_ascii_uppercase())
        .render(&mut text)
        .map_err(|e| Error::tool(format!("the page of {name} cannot be made: {e}")).remedy("free some memory"))?;
    files::replace(&options.dir.join(format!("{name}.1")), &text)?;
    *pages += 1;
    let mut below = command.get_subcommands().filter(|below| !below.is_hide_set());
    below.try_for_each(|below| write(below, &format!("{name}-{}", below.get_name()), options, pages))
}
