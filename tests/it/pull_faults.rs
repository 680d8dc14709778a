//! What registries, proxies, networks and attackers do to a pull: bounded in time and memory, nothing wrong stored.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use crate::command::{Outcome, Place};
use crate::packuments::Document as Packument;
use crate::pull::{at_home, loom, settings};
use crate::replay::{Act, Document, Replay};

const DAY_1: &str = "2024-03-01T10:00:00.000Z";
/// Nothing here may take longer: every cap is below it, and a hang of the program would last for ever.
const BOUND: Duration = Duration::from_mins(1);

fn sound() -> String {
    // Text that hardly packs, so that a cut takes something away in either form.
    let noise = (0u64..12_000).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).fold(String::new(), |mut noise, n| {
        let _ = write!(noise, "{n:016x}");
        noise
    });
    let filler = format!("\"{noise}\"");
    Packument::new("loom").version("1.0.0", DAY_1, "").member("description", &filler).json()
}

fn pull(place: &Place) -> Outcome {
    let begun = Instant::now();
    let outcome = place.on_archive(&["pull", "loom"]);
    assert!(begun.elapsed() < BOUND, "took {:?}", begun.elapsed());
    outcome
}

fn holds_one_event(place: &Place) {
    let info = place.on_archive(&["archive", "info"]).exits(0).out;
    assert!(info.contains("events: 1 publishes of 1 packages"), "{info}");
    place.on_archive(&["archive", "verify"]).exits(0);
}

fn holds_nothing(place: &Place) {
    place.on_archive(&["archive", "info"]).exits(3);
    assert!(place.files("archive").keys().all(|p| p.extension().is_none_or(|e| e != "pack" && e != "parquet")));
}

#[test]
fn what_passes_is_asked_again() {
    for (name, acts) in [
        ("429 with a page and no delay", vec![Act::Throttled, Act::Throttled]),
        ("503", vec![Act::Status(503, vec![], b"busy".to_vec()), Act::Status(502, vec![], vec![])]),
        ("cut off", vec![Act::Truncated(20_000), Act::Truncated(1)]),
        ("a cut gzip stream", vec![Act::CutGzip(100)]),
        ("half the JSON, properly ended", vec![Act::CutChunked(50_000)]),
        ("reset", vec![Act::Reset, Act::Reset]),
    ] {
        let (place, replay) = at_home();
        replay.serve_packument("loom", sound());
        let times = acts.len();
        replay.script("/loom", acts);
        let out = pull(&place).exits(0).out;
        assert!(out.contains("1 new"), "{name}: {out}");
        assert!(replay.requests_for("/loom").len() > times, "{name}: {:?}", replay.requests());
        holds_one_event(&place);
    }
}

#[test]
fn a_throttled_host_is_left_alone_by_everybody() {
    let (place, replay) = at_home();
    place.write("gaitkeeper.toml", settings(&replay, "connections = 1").replace("= 100\n", "= 1500\n"));
    for name in ["a1", "a2"] {
        replay.serve_packument(name, Packument::new(name).version("1.0.0", DAY_1, "").json());
    }
    replay.script("/a1", [Act::Throttled]);
    place.on_archive(&["pull", "a1", "a2"]).exits(0);
    let times: Vec<_> = replay.requests().iter().map(|seen| seen.time).collect();
    assert_eq!(times.len(), 3);
    assert!(times[1] - times[0] >= Duration::from_millis(1500), "asked again after {:?}", times[1] - times[0]);
}

#[test]
fn what_does_not_pass_is_given_up_and_said() {
    let (place, replay) = at_home();
    replay.serve_packument("loom", sound());
    replay.script("/loom", vec![Act::Status(500, vec![], vec![]); 9]);
    let out = pull(&place).exits(1).out;
    assert!(out.contains("not fetched:\n  loom: http://127.0.0.1") && out.contains("answers 500"), "{out}");
    holds_nothing(&place);
    // Nobody listens: the host is given up after a few packages instead of asked for every one.
    let names: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    let mut args = vec!["pull", "--registry", "http://127.0.0.1:1"];
    args.extend(names.iter().map(String::as_str));
    let out = place.on_archive(&args).exits(1).out;
    assert!(out.contains("40 failed") && out.contains("failures in a row"), "{out}");
}

#[test]
fn a_slow_answer_is_waited_for_and_silence_is_not() {
    let (place, replay) = at_home();
    place.write("gaitkeeper.toml", settings(&replay, "timeout_seconds = 1\nattempts = 2"));
    replay.serve_packument("loom", loom(2, &[("1.0.0", DAY_1)]));
    replay.script("/loom", [Act::Slow { bytes_per_second: 400 }]);
    pull(&place).exits(0);
    let (place, replay) = at_home();
    place.write("gaitkeeper.toml", settings(&replay, "timeout_seconds = 1\nattempts = 2"));
    replay.serve_packument("loom", sound());
    replay.script("/loom", vec![Act::Hang(Duration::from_secs(30)); 2]);
    let out = pull(&place).exits(1).out;
    assert!(out.contains("does not answer in time"), "{out}");
    // A drop at a time that never ends: the whole answer has its limit too.
    replay.script("/loom", vec![Act::Slow { bytes_per_second: 10 }; 2]);
    let out = pull(&place).exits(1).out;
    assert!(out.contains("broke off"), "{out}");
    holds_nothing(&place);
}

#[test]
fn a_hostile_registry_costs_little_and_stores_nothing() {
    let evil = |place: &Place, replay: &Replay| {
        place.write("gaitkeeper.toml", settings(replay, "max_document_mb = 16\nattempts = 2"));
    };
    for (name, act, says) in [
        ("ten gigabytes", Act::Endless(10 << 30), "more than 16 MB"),
        ("a bomb", Act::Bomb, "larger than 16 MB"),
        ("not UTF-8", Act::NotUtf8, "not UTF-8"),
        ("a page", Act::Status(200, vec![("content-type".into(), "text/html".into())], b"<html>".to_vec()), "web page"),
        ("a page under another name", Act::Document(Document::json("<html></html>")), "HTML"),
        (
            "another package",
            Act::Document(Document::packument(loom(2, &[("1.0.0", DAY_1)]).replace("loom", "room"))),
            "another package, room",
        ),
        (
            "a path for a name",
            Act::Document(Document::json(loom(2, &[("1.0.0", DAY_1)]).replace("\"loom\"", "\"../../etc/passwd\""))),
            "not a package name",
        ),
        ("a redirect into a file", Act::Redirect(302, "file:///etc/passwd".into()), "no web address"),
        ("a redirect to itself", Act::Redirect(301, "/loom".into()), "redirected more than"),
        ("teapot", Act::Status(418, vec![], vec![]), "answers 418"),
        ("a 304 to nothing", Act::Status(304, vec![], vec![]), "held nothing"),
    ] {
        let (place, replay) = at_home();
        evil(&place, &replay);
        replay.serve_packument("loom", sound());
        replay.script("/loom", vec![act; 12]);
        let outcome = pull(&place).exits(1);
        assert!(outcome.out.contains(says), "{name}: {}", outcome.out);
        assert!(replay.bytes_sent() < 100 << 20, "{name}: {} bytes were taken", replay.bytes_sent());
        holds_nothing(&place);
    }
}

#[test]
fn what_a_hostile_registry_claims_later_changes_nothing_that_is_stored() {
    let (place, replay) = at_home();
    replay.serve_packument("loom", sound());
    pull(&place).exits(0);
    let before = place.files("archive/raw");
    for act in [Act::NotUtf8, Act::Document(Document::json("{}")), Act::Document(Document::json("[1]"))] {
        replay.script("/loom", [act]);
        pull(&place).exits(1);
    }
    assert_eq!(place.files("archive/raw"), before);
    holds_one_event(&place);
    pull(&place).exits(0);
}

#[test]
fn a_credential_goes_only_where_it_was_configured_for() {
    let (place, replay) = at_home();
    let other = Replay::start();
    for registry in [&replay, &other] {
        registry.serve_packument("loom", sound());
    }
    let npmrc = format!("//127.0.0.1:{}/:_authToken=s3cret-t0ken-of-ada\n", replay.port());
    place.write(".npmrc", &npmrc);
    pull(&place).exits(0);
    assert_eq!(replay.requests()[0].header("authorization"), Some("Bearer s3cret-t0ken-of-ada"));
    // Redirected to another host: the question goes there, the credential does not.
    replay.serve_packument("loom", sound().replace("3-abc", "4-abc"));
    other.serve("/loom", Document::json(sound().replace("3-abc", "4-abc")));
    replay.script("/loom", [Act::Redirect(307, format!("{}/loom", other.url()))]);
    pull(&place).exits(0);
    assert_eq!(other.count(), 1, "the redirect was followed");
    assert!(other.requests()[0].header("authorization").is_none(), "{:?}", other.requests());
    // A user in the redirect's address becomes no credential either.
    other.forget();
    replay.serve_packument("loom", sound().replace("3-abc", "5-abc"));
    let tempting = other.url().replace("http://", "http://ada:s3cret@");
    replay.script("/loom", [Act::Redirect(302, format!("{tempting}/loom"))]);
    let outcome = pull(&place);
    assert!(other.requests().iter().all(|seen| seen.header("authorization").is_none()), "{:?}", other.requests());
    assert!(!outcome.out.contains("s3cret") && !outcome.err.contains("s3cret"), "{outcome:?}");
}

#[test]
fn a_token_is_never_shown_and_never_stored() {
    const TOKEN: &str = "s3cret-t0ken-of-ada";
    let (place, replay) = at_home();
    place.write(".npmrc", format!("//127.0.0.1:{}/:_authToken={TOKEN}\n", replay.port()));
    let echo = Packument::new("loom").version("1.0.0", DAY_1, "").member("readme", &format!("\"{TOKEN}\""));
    replay.serve_packument("loom", echo.json());
    let echoed = pull(&place).exits(1);
    assert!(echoed.out.contains("holds the credential") && echoed.out.contains("revoke the token"), "{}", echoed.out);
    holds_nothing(&place);
    let mut shown = vec![echoed];
    let forbidden = Act::Status(403, vec![], format!("no entry for {TOKEN}").into_bytes());
    replay.script("/loom", [forbidden]);
    shown.push(pull(&place).exits(1));
    replay.script("/loom", vec![Act::Redirect(302, format!("/{TOKEN}?t={TOKEN}#{TOKEN}")); 1]);
    replay.serve_packument("loom", sound());
    shown.push(place.on_archive(&["doctor", "--package", "loom"]));
    let with_user = format!("http://ada:{TOKEN}@127.0.0.1:{}", replay.port());
    shown.push(place.on_archive(&["pull", "loom", "--registry", &with_user]));
    for outcome in &shown[..2] {
        assert!(!outcome.out.contains(TOKEN) && !outcome.err.contains(TOKEN), "{outcome:?}");
    }
    assert!(!shown[3].out.contains(TOKEN) && !shown[3].err.contains(TOKEN), "{:?}", shown[3]);
    for (path, bytes) in place.files("archive") {
        let found = bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes());
        assert!(!found, "{} holds the token", path.display());
    }
    assert!(fs::read(place.path("archive/state.sqlite")).is_ok());
}
