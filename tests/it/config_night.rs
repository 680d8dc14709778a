//! `[nightly]`, `[notify]` and `[metrics]`: every problem at once, secrets named and never shown; and the `config` command.

use std::path::Path;

use gaitkeeper::config::{Config, SecretSource, Security, places};

use crate::command::Place;

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("g.toml")).expect("config")
}

fn problems(text: &str) -> String {
    Config::parse(text, Path::new("g.toml")).expect_err("refused").what
}

#[test]
fn values_are_read() {
    let config = parse(
        "[nightly]\nbudget = \"1/10_000\"\nexports = \"/srv/exports\"\nformats = [\"csv\"]\nkeep = 0\n\
         [notify.slack]\ntoken_env = \"SLACK\"\nchannel = \"C1\"\n\
         [notify.operations.mail]\nserver = \"mail.example\"\nport = 465\nsecurity = \"tls\"\nfrom = \"A <a@b.example>\"\nto = [\"c@d.example\"]\n\
         [metrics]\ntextfile = \"x.prom\"\n",
    );
    assert_eq!((config.nightly.one_in, config.nightly.keep), (10_000, 0));
    assert_eq!(config.nightly.formats, ["csv"]);
    let slack = config.notify.findings.slack.expect("slack");
    assert_eq!(slack.token, Some(SecretSource::Env("SLACK".to_owned())));
    assert!(config.notify.findings.mail.is_none());
    assert_eq!(config.notify.operations.mail.expect("mail").security, Security::Tls);
    assert_eq!(config.metrics.textfile.as_deref(), Some(Path::new("x.prom")));
}

#[test]
fn all_problems_are_reported_at_once_with_line_and_key() {
    let text = "\
[nightly]
budget = \"0.1%\"
budjet = \"1/10\"
keep = -1
[notify]
quiet_nights = 1
slak = 1
[notify.slack]
url_env = \"https://hooks.example/T000/B000/hunter2\"
[notify.webhook]
url_env = \"A\"
url_file = \"b\"
[notify.mail]
server = \"mail.example\"
security = \"none\"
from = \"nobody\"
to = [\"a@b.example\\nBcc: c@d.example\"]
user = \"u\"
[notify.operations.pigeon]
[metrics]
textfile = 3
";
    let what = problems(text);
    for part in [
        "line 2: `nightly.budget` is not \"1/N\"",
        "line 3: `nightly.budjet` is not known; did you mean `budget`?",
        "line 4: `nightly.keep` is -1, not in 0 to 10000",
        "line 6: `notify.quiet_nights` is of type integer, not true or false",
        "line 7: `notify.slak` is not known; did you mean `slack`?",
        "line 9: `notify.slack.url_env` is no name of an environment variable",
        "`notify.slack` needs either",
        "line 12: `notify.webhook.url_file`: the same secret is named twice",
        "`notify.webhook` needs url_env or url_file, and secret_env or secret_file",
        "line 16: `notify.mail.from` is not a mail address",
        "line 17: `notify.mail.to[0]` is empty, longer than 1024 bytes, or not printable",
        "`notify.mail` needs server, from and to",
        "`notify.mail` needs user and password_env or password_file together",
        "`notify.mail.security` is \"none\", which only a server on this machine itself may have",
        "line 19: `notify.operations.pigeon` is not known; known are slack, webhook, mail",
        "line 21: `metrics.textfile` is of type integer, not a string",
    ] {
        assert!(what.contains(part), "{part}\nis not in\n{what}");
    }
    assert!(!what.contains("hunter2"), "{what}");
}

#[test]
fn the_hash_is_of_what_is_in_effect_and_of_no_secret() {
    let none = Config::default();
    assert_eq!(none.hash(), parse(Config::template()).hash(), "the template changes nothing");
    assert_eq!(none.hash(), parse("[nightly]\nkeep = 90\n").hash(), "a default that is written out changes nothing");
    assert_ne!(none.hash(), parse("[nightly]\nkeep = 91\n").hash());
    let with = |user: &str| format!("[registries.npm]\nurl = 'https://{user}@registry.example/'\n");
    assert_eq!(parse(&with("a:b")).hash(), parse(&with("c:d")).hash(), "a password in an address is left out");
    let shown = format!("{:?}", parse(&with("a:hunter2")).effective());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn places_are_lines() {
    let found = places("[nightly]\nkeep = 3\n\n[notify.slack]\nurl_env = \"X\"\n");
    assert_eq!(found["nightly.keep"], 2);
    assert_eq!(found["notify.slack.url_env"], 5);
}

#[test]
fn init_writes_the_template_and_overwrites_nothing() {
    let place = Place::new();
    place.run(&["config", "init"]).exits(0);
    let written = std::fs::read_to_string(place.path("gaitkeeper.toml")).expect("written");
    assert_eq!(written, Config::template());
    place.write("gaitkeeper.toml", "[nightly]\nkeep = 1\n");
    place.run(&["config", "init"]).exits(2).says(&["is there already"]);
    let left = std::fs::read_to_string(place.path("gaitkeeper.toml")).expect("there");
    assert_eq!(left, "[nightly]\nkeep = 1\n");
    place.run(&["config", "init", "new.toml"]).exits(0);
}

#[test]
fn check_says_what_is_in_effect_and_from_where_and_every_secret_that_is_not_there() {
    let place = Place::new();
    let out = place.run(&["config", "check"]).exits(0).out;
    assert!(out.contains("nightly.keep = 90  # default"), "{out}");
    place.write(
        "gaitkeeper.toml",
        "[nightly]\nkeep = 7\nformats = [\"cvs\"]\n[notify.slack]\nurl_env = \"NOT_SET\"\n\
         [notify.webhook]\nurl_file = \"not.there\"\nsecret_file = \"weak.key\"\n",
    );
    place.write("weak.key", "hunter2");
    let outcome = place.run(&["config", "check"]).exits(2);
    assert!(outcome.out.contains("nightly.keep = 7  # line 2"), "{}", outcome.out);
    assert!(outcome.out.contains("notify.slack.url_env = \"NOT_SET\"  # line 5"), "{}", outcome.out);
    let outcome = outcome.says(&[
        "4 problems",
        "line 3: `nightly.formats`: there is no format `cvs`",
        "line 5: `notify.slack.url_env`: the environment variable NOT_SET is not set",
        "line 7: `notify.webhook.url_file`",
        "line 8: `notify.webhook.secret_file`: the webhook's secret is not `whsec_`",
    ]);
    assert!(!outcome.err.contains("hunter2") && !outcome.out.contains("hunter2"));
    let hash = place.run(&["config", "hash"]).exits(0).out;
    assert_eq!(hash.trim().len(), 16);
    assert!(outcome.out.contains(&format!("hash: {}", hash.trim())));
}
