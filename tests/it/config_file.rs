//! gaitkeeper.toml: defaults, limits, and every problem at once.

use std::path::Path;

use gaitkeeper::config::{Config, Network};
use gaitkeeper::error::{Error, Kind};

use crate::surroundings::World;

fn parse(text: &str) -> Result<Config, Error> {
    Config::parse(text, Path::new("g.toml"))
}

fn refused(text: &str) -> Error {
    parse(text).expect_err("refused")
}

#[test]
fn the_template_sets_every_default_and_nothing_else() {
    assert_eq!(parse(Config::template()).expect("template"), Config::default());
    for key in [
        "connections",
        "timeout_seconds",
        "attempts",
        "first_pause_ms",
        "throttle_pause_ms",
        "max_document_mb",
        "stale_pauses_ms",
        "feed_seconds",
        "poll_seconds",
        "budget",
        "exports",
        "formats",
        "keep",
        "rate_nights",
        "corroborate",
        "quiet_nights",
    ] {
        assert!(
            Config::template().lines().any(|l| l.starts_with(&format!("{key} = "))),
            "{key} is not in the template"
        );
    }
}

#[test]
fn what_the_template_holds_in_comments_is_valid_too() {
    // Every key that is set in a comment; of Slack's two ways only the first.
    let is_key = |word: &str| !word.is_empty() && word.bytes().all(|b| b == b'_' || b.is_ascii_lowercase());
    let setting = |line: &str| {
        let rest = line.strip_prefix("# ").unwrap_or_default();
        let sets = rest.split_once(" = ").is_some_and(|(key, _)| is_key(key));
        (rest.starts_with('[') || sets) && !rest.starts_with("token_file") && !rest.starts_with("channel")
    };
    let text: Vec<&str> =
        Config::template().lines().map(|line| if setting(line) { &line[2..] } else { line }).collect();
    let config = parse(&text.join("\n")).expect("template");
    assert_eq!(config.registries.len(), 4);
    assert!(config.registries["npm"].feed.is_some());
    assert_eq!(config.registries["cargo"].requests_per_second, Some(1));
    let told = &config.notify.findings;
    assert!(told.slack.is_some() && told.webhook.is_some() && told.mail.is_some(), "{told:?}");
    assert!(config.notify.operations.slack.is_some() && config.metrics.textfile.is_some());
}

#[test]
fn values_are_read() {
    let text = "[network]\nconnections = 0x10\nattempts = 1\nfirst_pause_ms = 0\nstale_pauses_ms = []\n\
                throttle_pause_ms = 1_000\n[registries.npm]\nurl = 'https://registry.example/npm'\n";
    let config = parse(text).expect("config");
    let wanted = Network {
        connections: 16,
        attempts: 1,
        first_pause_ms: 0,
        stale_pauses_ms: vec![],
        throttle_pause_ms: 1000,
        ..Network::default()
    };
    assert_eq!(config.network, wanted);
    assert_eq!(config.registries["npm"].url.as_deref(), Some("https://registry.example/npm"));
}

#[test]
fn all_problems_are_reported_at_once_with_line_and_key() {
    let text = "\
colour = 1
[network]
conections = 4
attempts = 'many'
timeout_seconds = 0
stale_pauses_ms = [1, 'x', 99999999]
poll_seconds = 99999999999999999999999
[registries.npn]
url = 'https://registry.example/'
[registries.pypi]
feed = 'https://registry.example/'
url = 'ftp://registry.example/'
requests_per_second = -1
[registries]
gem = 3
";
    let error = refused(text);
    assert_eq!(error.kind, Kind::Usage);
    assert_eq!(error.file.as_deref(), Some(Path::new("g.toml")));
    for part in [
        "12 problems",
        "line 1: `colour` is not known; known are network, registries, nightly, notify, metrics",
        "line 3: `network.conections` is not known; did you mean `connections`?",
        "line 4: `network.attempts` is of type string, not a whole number",
        "line 5: `network.timeout_seconds` is 0, not in 1 to 3600",
        "line 6: `network.stale_pauses_ms[1]` is of type string",
        "line 6: `network.stale_pauses_ms[2]` is 99999999, not in 0 to 3600000",
        "line 7: `network.poll_seconds` is 99999999999999999999999, not in 1 to 86400",
        "line 8: `registries.npn` is not known; did you mean `npm`?",
        "line 11: `registries.pypi.feed`: only npm has a change feed",
        "line 12: `registries.pypi.url`: `ftp://registry.example/` is not an http or https address",
        "line 13: `registries.pypi.requests_per_second` is -1, not in 1 to 1000",
        "line 15: `registries.gem` is of type integer, not a table",
    ] {
        assert!(error.what.contains(part), "{part}\nis not in\n{}", error.what);
    }
    assert!(error.remedy.is_some());
}

#[test]
fn a_single_problem_stands_at_its_line() {
    let error = refused("\n\n[network]\nconnections = 65\n");
    assert_eq!(error.place.as_deref(), Some("line 4"));
    assert_eq!(error.what, "`network.connections` is 65, not in 1 to 64");
}

#[test]
fn broken_syntax_is_reported_with_its_line_and_without_the_text() {
    let error = refused("[network]\nattempts = 3\n[registries.npm]\nurl = 'https://u:hunter2@registry.example/\n");
    assert!(error.to_string().contains("not valid TOML"), "{error}");
    assert_eq!(error.place.as_deref(), Some("line 4"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    assert!(refused("a = 1\na = 2\n").to_string().contains("TOML"), "a repeated key");
}

#[test]
fn many_problems_are_counted_but_not_all_listed() {
    let text = (0..500).map(|i| format!("zz{i} = 1")).collect::<Vec<_>>().join("\n");
    let what = refused(&text).what;
    assert!(what.contains("500 problems") && what.contains("and 470 more") && what.len() < 4000, "{what}");
}

#[test]
fn addresses_with_a_password_are_not_shown() {
    let config = parse("[registries.npm]\nurl = 'https://u:hunter2@registry.example/'\n").expect("config");
    assert!(!format!("{config:?}").contains("hunter2"));
    let error = refused("[registries.npm]\nurl = 'https://u:hunter2@registry.example/?token=hunter2'\n");
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
}

#[test]
fn the_named_file_is_read_else_the_one_here_else_none() {
    let world = World::new();
    assert_eq!(Config::load(None, &world.s).expect("defaults"), Config::default());
    let world =
        world.file("project/gaitkeeper.toml", "network.attempts = 2").file("project/b.toml", "network.attempts = 3");
    assert_eq!(Config::load(None, &world.s).expect("here").network.attempts, 2);
    assert_eq!(Config::load(Some(Path::new("b.toml")), &world.s).expect("named").network.attempts, 3);
    assert_eq!(Config::load(Some(&world.path("project/b.toml")), &world.s).expect("named").network.attempts, 3);
    let error = Config::load(Some(Path::new("c.toml")), &world.s).expect_err("not there");
    assert_eq!(error.kind, Kind::Usage);
    assert!(error.to_string().contains("c.toml") && error.remedy.is_some());
    assert!(Config::load(Some(&world.path("project")), &world.s).is_err(), "a folder is no file");
}
