//! What the doctor says of a registry: what works, what is lost, what it never shows.

use crate::command::Place;
use crate::packuments::{Document as Packument, SOUND};
use crate::pull::at_home;
use crate::replay::Document;

const DAY_1: &str = "2024-03-01T10:00:00.000Z";

#[test]
fn a_sound_registry_is_told_from_a_mirror() {
    let (place, replay) = at_home();
    replay.serve_packument("loom", Packument::new("loom").version("1.0.0", DAY_1, "").json());
    let out = place.on_archive(&["doctor", "--package", "loom"]).exits(0).out;
    for line in [
        "npm: http://127.0.0.1",
        "(gaitkeeper.toml)",
        "ok  history of loom: 1 versions, 1 with a publisher, 0 no longer public",
        "ok  revalidation",
        "ok  signing keys",
        "ok  search by maintainer",
        "ok  change feed",
        "--  token_created_at is not offered here",
    ] {
        assert!(out.contains(line), "`{line}` is not in:\n{out}");
    }
    // The same registry seen through mirrors of several kinds.
    let nobody = Packument::new("loom").version("1.0.0", DAY_1, r#""dist":{"signatures":[{}]}"#).json();
    let elsewhere = SOUND.replace("\"signatures\"", "\"tarball\":\"http://127.0.0.2:1/loom.tgz\",\"signatures\"");
    let rewritten = Packument::new("loom").version("1.0.0", "2024-03-01T10:00:00+00:00", "").json();
    for (document, says) in [
        (nobody, "BAD"),
        (rewritten, "rewritten"),
        (Packument::new("loom").version("1.0.0", DAY_1, &elsewhere).json(), "another host"),
        (Packument::new("loom").version("1.0.0", DAY_1, "").member("time", "null").json(), "\"time\" is not an object"),
    ] {
        replay.serve("/loom", Document::json(document));
        let outcome = place.on_archive(&["doctor", "--package", "loom"]).exits(1);
        assert!(outcome.out.contains("BAD ") && outcome.out.contains(says), "`{says}`: {}", outcome.out);
        assert!(outcome.err.contains("nothing can be learnt from npm"), "{}", outcome.err);
    }
}

#[test]
fn what_is_lost_is_said() {
    let (place, replay) = at_home();
    let document = Document::packument(Packument::new("loom").version("1.0.0", DAY_1, "").json()).without_etag();
    replay.serve("/loom", document);
    replay.withdraw("/-/npm/v1/keys");
    replay.allow_searches(0);
    place.write("gaitkeeper.toml", format!("[registries.npm]\nurl = \"{}\"\n[network]\nattempts = 1\n", replay.url()));
    let out = place.on_archive(&["doctor", "--package", "loom"]).exits(0).out;
    for line in
        ["no  no entity tags", "no  signing keys: not there (404)", "no  search", "no  no change feed is configured"]
    {
        assert!(out.contains(line), "`{line}` is not in:\n{out}");
    }
}

#[test]
fn an_archive_is_neither_needed_nor_made() {
    let (place, replay) = at_home();
    replay.serve_packument("loom", Packument::new("loom").version("1.0.0", DAY_1, "").json());
    place.run(&["doctor", "--package", "loom"]).exits(0);
    place.on_archive(&["doctor", "--package", "loom"]).exits(0);
    assert!(!place.path("archive").exists());
}

#[test]
fn without_any_registry_there_is_nothing_to_examine() {
    let place = Place::new();
    place.write("gaitkeeper.toml", "[registries.npm]\nurl = \"ftp://127.0.0.1\"\n");
    place.on_archive(&["doctor"]).exits(2).says(&["gaitkeeper.toml", "ftp"]);
}
