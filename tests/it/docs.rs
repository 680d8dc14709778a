//! Generated text is checked text: the README's tables, the help, the paths that are named.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use gaitkeeper::cli::Cli;
use gaitkeeper::report::documentation;

use crate::command::Place;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn the_readme_holds_the_signal_table_of_the_code() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("<!-- signals -->\n").expect("the marker <!-- signals -->");
    let (table, _) = rest.split_once("<!-- /signals -->").expect("the marker <!-- /signals -->");
    assert!(
        table == documentation::markdown(),
        "README.md is behind the code; put the output of `cargo run -- signals --format markdown` between the markers"
    );
}

#[test]
fn the_command_line_is_sound_and_every_option_is_explained() {
    let mut command = Cli::command();
    command.clone().debug_assert();
    command.build();
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
        assert!(sub.get_about().is_some(), "{} is not explained", sub.get_name());
        for argument in sub.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {} is not explained", sub.get_name(), argument.get_id());
        }
    }
}

#[test]
fn paths_named_in_the_documents_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for name in ["README.md", "CONTRIBUTING.md", "data/README.md", "notebooks/README.md"] {
        for word in read(name).split(['`', '(', ')', ' ', '\n']) {
            let roots = ["src/", "data/", "models/", "notebooks/", "tests/", "benches/", ".ci/"];
            let rooted = roots.iter().any(|root| word.starts_with(root));
            if rooted && !word.contains(['<', '*', '{']) && !word.ends_with("NAME.rs") {
                seen += 1;
                assert!(
                    root.join(word.trim_end_matches(['.', ',', ':'])).exists(),
                    "{name} names {word}, which is not there"
                );
            }
        }
    }
    assert!(seen > 5, "only {seen} paths were found: the reader is broken");
}

#[test]
fn commands_named_in_the_readme_exist() {
    let commands: Vec<String> = Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let readme = read("README.md");
    let mut seen = 0;
    let code = readme.split("```").skip(1).step_by(2);
    let calls = code
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("gaitkeeper ").or_else(|| line.strip_prefix("cargo run -- ")));
    for line in calls {
        let word = line.split_whitespace().next().unwrap_or_default();
        if word.starts_with('-') {
            continue;
        }
        seen += 1;
        assert!(commands.contains(&word.to_owned()), "README.md names the command {word}");
    }
    assert!(seen > 3, "only {seen} commands were found: the reader is broken");
}

#[test]
fn the_alert_in_the_readme_is_what_the_program_says() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```text\n").expect("the alert");
    let (alert, _) = rest.split_once("```").expect("its end");
    let run = Place::new().run(&["score", "--as-of", "2026-05-20", "--color", "never"]).exits(0);
    assert!(
        run.out.contains(alert),
        "README.md shows another alert than `gaitkeeper score --as-of 2026-05-20`:\n{}",
        run.out
    );
    assert!(
        run.out.contains("2556 publishes") && run.out.contains("12 unusual"),
        "the README counts otherwise:\n{}",
        run.out
    );
}
