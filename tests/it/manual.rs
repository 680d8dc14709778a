//! Help, completions and manual pages: every command has a page, an example that its own parser takes, and quiet ways.

use std::fs;

use clap::{Command, CommandFactory};
use gaitkeeper::cli::Cli;

use crate::command::Place;
use crate::docs::words;

/// Every command with its name in full, the program itself left out.
fn commands() -> Vec<(Vec<String>, Command)> {
    fn below(command: &Command, path: &[String], found: &mut Vec<(Vec<String>, Command)>) {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let path = [path, &[sub.get_name().to_owned()]].concat();
            below(sub, &path, found);
            found.push((path, sub.clone()));
        }
    }
    let mut program = Cli::command();
    program.build();
    let mut found = Vec::new();
    below(&program, &[], &mut found);
    found
}

#[test]
fn the_help_of_every_command_has_an_example_that_the_command_line_takes() {
    let mut tried = 0;
    for (path, mut command) in commands() {
        let help = command.render_long_help().to_string();
        let name = path.join(" ");
        assert!(help.contains("Example"), "gaitkeeper {name} --help has no example");
        let examples = help.split_once("\nExample").map_or("", |(_, examples)| examples);
        for line in examples.lines().filter_map(|line| Some(line[line.find("gaitkeeper ")?..].trim())) {
            if !line.starts_with(&format!("gaitkeeper {name}")) || line.contains('`') {
                continue;
            }
            // What two blanks set off is said about the example.
            let example = line.split("  ").next().unwrap_or_default();
            let taken = Cli::command().try_get_matches_from(words(example));
            let refused = taken.err().map(|error| error.to_string());
            assert_eq!(refused, None, "gaitkeeper {name} --help shows `{example}`");
            tried += 1;
        }
    }
    assert!(tried > 25, "only {tried} examples were found: the reader is broken");
}

#[test]
fn no_help_is_broken_in_the_middle_of_an_example_or_of_a_paragraph() {
    const WIDTH: usize = 100;
    let program = (Vec::new(), Cli::command());
    for (path, command) in commands().into_iter().chain([program]) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines: Vec<&str> = help.lines().collect();
        for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
            let is_whole = line.len() <= WIDTH || (!line.starts_with("  ") && next.is_empty());
            assert!(is_whole, "gaitkeeper {} --help has a ragged line: {line}", path.join(" "));
        }
    }
}

#[test]
fn there_is_a_manual_page_for_every_command_and_it_is_the_same_each_time() {
    let place = Place::new();
    place.run(&["man", "pages", "--quiet"]).exits(0);
    let pages = place.files("pages");
    let names: Vec<String> = commands().iter().map(|(path, _)| format!("gaitkeeper-{}.1", path.join("-"))).collect();
    assert_eq!(pages.len(), names.len() + 1);
    for name in names.iter().map(String::as_str).chain(["gaitkeeper.1"]) {
        let page = String::from_utf8(pages[&place.path("pages").join(name)].clone()).expect("text");
        assert!(page.contains(".TH") && page.contains(".SH NAME"), "{name}: {page}");
    }
    let gate = fs::read_to_string(place.path("pages/gaitkeeper-gate.1")).expect("a page");
    assert!(gate.contains("cooldown") && gate.contains("Exit codes"), "{gate}");
    place.run(&["man", "pages"]).exits(0).says(&["pages written"]);
    assert_eq!(place.files("pages"), pages);
    place.write("file", "");
    place.run(&["man", "file"]).exits(1).says(&["help:"]);
}

#[test]
fn completions_name_every_command_in_every_shell() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let out = place.run(&["completions", shell]).exits(0).out;
        for (path, _) in commands() {
            let name = path.last().expect("a name");
            assert!(out.contains(name), "{shell} completes no {}", path.join(" "));
        }
    }
    place.run(&["completions", "tcsh"]).exits(2).says(&["bash"]);
}

#[test]
fn colour_is_off_where_nobody_wants_it() {
    let place = Place::new();
    let run = |args: &[&str], no_color: bool| {
        let mut command = place.command(&[&["signals"], args].concat());
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let output = command.output().expect("runs");
        String::from_utf8(output.stdout).expect("text").contains('\u{1b}')
    };
    assert!(run(&["--color", "always"], false), "asked for");
    assert!(!run(&[], false), "no terminal");
    assert!(!run(&[], true) && !run(&["--color", "never"], true), "refused");
}

#[test]
fn quiet_says_nothing_but_results_and_errors() {
    let place = Place::new();
    let loud = place.run(&["man", "pages"]).exits(0);
    let quiet = place.run(&["man", "pages", "--quiet"]).exits(0);
    assert!(!loud.err.is_empty() && quiet.err.is_empty() && quiet.out == loud.out);
    place.run(&["signals", "none-such", "--quiet"]).exits(2).says(&["error:", "help:"]);
}

#[test]
fn offline_opens_no_connection() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("set");
    let registry = format!("http://127.0.0.1:{}", listener.local_addr().expect("an address").port());
    let run = place.run(&["pull", "--offline", "--archive", "archive", "--registry", &registry, "axios"]);
    assert_ne!(run.code, 0, "nothing was fetched: {}", run.out);
    assert!(run.err.contains("offline") || run.out.contains("offline"), "{} {}", run.out, run.err);
    let asked = listener.accept();
    assert_eq!(asked.err().map(|e| e.kind()), Some(std::io::ErrorKind::WouldBlock), "somebody connected");
}
