//! Parses the command line, hands in the clock, runs the command, turns errors into exit codes.

use std::process::ExitCode;

use clap::Parser;
use gaitkeeper::cli::Cli;
use gaitkeeper::pipeline::{self, Means};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let means = Means::new(&cli.global, || chrono::Utc::now().timestamp_millis());
    match pipeline::run(cli.command, &means) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            means.terminal.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
