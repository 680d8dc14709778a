//! Generated text is checked text: the README's tables, the help, the paths that are named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap::error::ErrorKind;
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
    let others = ["README.md", "CONTRIBUTING.md", "data/README.md", "notebooks/README.md"].map(str::to_owned);
    for name in others.into_iter().chain(pages()) {
        for word in read(&name).split(['`', '(', ')', ' ', '\n']) {
            let roots = ["src/", "data/", "models/", "notebooks/", "tests/", "benches/", ".ci/"];
            let rooted = roots.iter().any(|root| word.starts_with(root));
            if rooted
                && !word.contains(['<', '*', '{'])
                && !word.ends_with("NAME.rs")
                && !word.ends_with("repository_lost.rs")
            {
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
        run.out.contains("2556 publishes") && run.out.contains("10 unusual"),
        "the README counts otherwise:\n{}",
        run.out
    );
}

/// The pages of the book, `docs/NAME.md`, and the documents beside it.
fn pages() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut pages: Vec<String> = fs::read_dir(folder)
        .expect("the book")
        .filter_map(|entry| Some(format!("docs/{}.md", entry.ok()?.file_name().to_str()?.strip_suffix(".md")?)))
        .collect();
    pages.sort();
    assert!(pages.len() > 5, "the book has only {pages:?}");
    pages
}

/// The targets of a document's links, code left out.
fn links(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let parts = prose.split("](").skip(1);
    parts.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

#[test]
fn every_link_within_the_book_leads_somewhere_and_the_index_names_every_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for page in pages().into_iter().chain(["README.md", "CONTRIBUTING.md"].map(str::to_owned)) {
        let folder = root.join(&page).parent().expect("a folder").to_path_buf();
        for link in links(&read(&page)) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            seen += 1;
            assert!(folder.join(file).exists(), "{page} links {link}, which is not there");
        }
    }
    assert!(seen > 30, "only {seen} links were found: the reader is broken");
    let index: BTreeSet<String> =
        links(&read("docs/README.md")).into_iter().map(|link| format!("docs/{link}")).collect();
    for page in pages().iter().filter(|page| *page != "docs/README.md") {
        assert!(index.contains(page), "docs/README.md does not name {page}");
    }
}

/// The words of a command of a shell, up to a pipe, a redirection, a comment or another command.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('|' | '>' | '<' | ';' | '&', None) => break,
            ('#', None) if word.is_none() => break,
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The commands of the program in a document's blocks for a shell, lines that continue joined.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines = blocks.flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>());
    let own = lines.filter_map(|line| {
        // What stands before the program is at most a variable of the environment.
        let line = line.trim_start().split_inclusive(' ').skip_while(|word| word.contains('=')).collect::<String>();
        let rest = ["gaitkeeper ", "cargo run -- "].iter().find_map(|start| line.strip_prefix(start))?;
        Some(rest.to_owned())
    });
    own.collect()
}

#[test]
fn the_command_line_takes_every_command_of_the_book() {
    assert_eq!(words("score --since \"7 d\" a'b c' | jq . > x # no"), ["score", "--since", "7 d", "ab c"]);
    assert_eq!(commands("```sh\ngaitkeeper a \\\n  b\nls\n```\n```toml\ngaitkeeper c\n```"), ["a    b"]);
    let mut seen = 0;
    for page in pages().into_iter().chain(["README.md".to_owned()]) {
        for command in commands(&read(&page)) {
            seen += 1;
            let words = ["gaitkeeper".to_owned()].into_iter().chain(words(&command));
            let refused = Cli::command().try_get_matches_from(words).err();
            let refused = refused.filter(|e| !matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion));
            assert!(refused.is_none(), "{page} shows `{command}`: {}", refused.expect("an error"));
        }
    }
    assert!(seen > 30, "only {seen} commands were found: the reader is broken");
}
