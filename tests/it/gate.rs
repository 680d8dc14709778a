//! The gate: what of a lock file fails, what is accepted, and that nothing is accepted by itself.

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::table::show_time;
use gaitkeeper::detect::scene::{Scene, said};
use serde_json::{Value, json};

use crate::command::{Outcome, Place};
use crate::tables::parquet;

const DAY: i64 = 86_400_000;

/// `pkg` as its owner always publishes it, the last time by somebody else; and `calm`, always usual, the last one young.
fn events() -> Vec<PublishEvent> {
    let scene = Scene::steady(60).after(6 * DAY, |e| {
        e.publisher = said("eve");
        e.publisher_email_id = said("eeeeeeeeeeee");
        e.install_scripts = said("postinstall");
        e.install_script_id = said("b3:000000000000");
        e.git_head = None;
        e.dependencies = said("left|right|wrong");
        e.node_version = said("6.0.0");
    });
    let mut events = scene.events;
    let calm = Scene::steady(61).all(|e| {
        e.package = said("calm");
        e.publisher = said("bob");
        e.publisher_email_id = said("bbbbbbbbbbbb");
    });
    events.extend(calm.events);
    events
}

/// A day after the last publish of `pkg`, and an hour before that of `calm` is a day old.
fn now() -> String {
    show_time(events()[60].published_at.expect("a time") + 2 * DAY)
}

fn sri(letter: char) -> String {
    format!("sha512-{}==", letter.to_string().repeat(86))
}

fn entry(version: &str, letter: char) -> Value {
    json!({"version": version, "resolved": "https://registry.example/x.tgz", "integrity": sri(letter)})
}

fn place() -> Place {
    let place = Place::new();
    place.import("events.parquet", parquet(&events()));
    place
}

fn lock(place: &Place, packages: &[(&str, Value)]) {
    let packages: serde_json::Map<String, Value> =
        packages.iter().map(|(name, entry)| (format!("node_modules/{name}"), entry.clone())).collect();
    place.write("package-lock.json", json!({"lockfileVersion": 3, "packages": packages}).to_string());
}

/// A check at 1/20 unless asked otherwise: a history of a hundred publishes tells no rarer.
fn gate(place: &Place, args: &[&str]) -> Outcome {
    let rarity: &[&str] = if args.contains(&"--fail-on") { &[] } else { &["--fail-on", "1/20"] };
    place.on_archive(&[&["gate", "package-lock.json", "--as-of", &now(), "--quiet"], rarity, args].concat())
}

/// The lines of a check as JSON.
fn lines(place: &Place, args: &[&str], code: i32) -> Vec<Value> {
    let out = gate(place, &[&["--format", "jsonl", "--show", "all"], args].concat()).exits(code).out;
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The reasons for a release, with what they lead to.
fn reasons(lines: &[Value], purl: &str) -> Vec<String> {
    let line = lines.iter().find(|line| line["purl"] == purl).unwrap_or_else(|| panic!("{purl} in {lines:?}"));
    let problems = line["problems"].as_array().expect("problems");
    problems.iter().map(|p| format!("{} {}", p["reason"].as_str().unwrap(), p["outcome"].as_str().unwrap())).collect()
}

const EVE: &str = "pkg:npm/pkg@1.0.60";

#[test]
fn an_alerted_release_fails_and_the_last_usual_one_is_named_instead() {
    let place = place();
    lock(&place, &[("pkg", entry("1.0.60", 'A')), ("calm", entry("1.0.50", 'B'))]);
    let found = lines(&place, &["--cooldown", "0d"], 10);
    assert_eq!(reasons(&found, EVE), ["alerted fail"]);
    assert_eq!(reasons(&found, "pkg:npm/calm@1.0.50"), Vec::<String>::new());
    let summary = found.last().expect("a summary");
    assert_eq!(
        (&summary["kind"], &summary["outcome"], &summary["fail"]),
        (&json!("gate_summary"), &json!("fail"), &json!(1))
    );
    let text = gate(&place, &["--cooldown", "0d"]).exits(10).out;
    assert!(text.contains("pin pkg@1.0.59, which is 8 days old and usual"), "{text}");
    assert!(text.contains("gaitkeeper investigate --archive archive pkg@1.0.60"), "{text}");
    assert!(!text.contains("calm"), "what passes is not listed: {text}");

    lock(&place, &[("pkg", entry("1.0.59", 'A')), ("calm", entry("1.0.50", 'B'))]);
    assert!(gate(&place, &["--cooldown", "0d"]).exits(0).out.contains("0 fail, 0 warn, 2 pass"));
    assert!(gate(&place, &["--cooldown", "0d", "--fail-on", "1/1000000"]).code == 0);
}

#[test]
fn what_is_rare_and_not_that_rare_is_warned_of() {
    let place = place();
    lock(&place, &[("pkg", entry("1.0.60", 'A'))]);
    let found = lines(&place, &["--cooldown", "0d", "--fail-on", "1/1000000", "--warn-on", "1/20"], 0);
    assert_eq!(reasons(&found, EVE), ["unusual warn"]);
    assert_eq!(found.last().expect("a summary")["outcome"], "warn");
}

#[test]
fn an_alert_that_is_still_public_after_long_is_warned_of() {
    let place = place();
    lock(&place, &[("pkg", entry("1.0.60", 'A'))]);
    let found = lines(&place, &["--cooldown", "0d", "--fail-within", "24h"], 0);
    assert_eq!(reasons(&found, EVE), ["alerted warn"]);
    assert!(
        found[0]["problems"][0]["says"].as_str().is_some_and(|says| says.contains("still public after 2 days")),
        "{found:?}"
    );
    assert_eq!(reasons(&lines(&place, &["--cooldown", "0d", "--fail-within", "2d"], 10), EVE), ["alerted fail"]);
}

#[test]
fn verdicts_decide() {
    let place = place();
    let verdicts = |rows: &str| place.write("verdicts.csv", format!("registry,package,version,verdict\n{rows}"));
    lock(&place, &[("pkg", entry("1.0.60", 'A')), ("gone", entry("1.0.0", 'B'))]);
    verdicts("npm,pkg,1.0.60,benign\n");
    let found = lines(&place, &["--verdicts", "verdicts.csv"], 0);
    assert_eq!(reasons(&found, EVE), ["alerted pass", "young pass"], "an owner's work needs no cool-down");
    verdicts("npm,pkg,1.0.60,unsure\n");
    assert_eq!(reasons(&lines(&place, &["--verdicts", "verdicts.csv"], 10), EVE), ["alerted fail", "young fail"]);
    // One that the archive does not know can have a verdict too, and nothing accepts it.
    verdicts("npm,pkg,1.0.60,benign\nnpm,gone,1.0.0,malicious\n");
    let found = lines(&place, &["--verdicts", "verdicts.csv"], 10);
    assert_eq!(reasons(&found, "pkg:npm/gone@1.0.0"), ["malicious fail", "unjudged warn"]);
    gate(&place, &["--verdicts", "verdicts.csv", "--update", "--accept", "gone@1.0.0"]).exits(2).says(&["malicious"]);
    assert!(!place.path("gaitkeeper-gate.toml").exists());
    // Nor does a line that somebody wrote into the snapshot by hand.
    place.write(
        "gaitkeeper-gate.toml",
        "version = 1\n[locks.\"package-lock.json\".releases]\n\"pkg:npm/gone@1.0.0\" = { despite = [\"malicious\"] }\n",
    );
    let found = lines(&place, &["--verdicts", "verdicts.csv"], 10);
    assert_eq!(reasons(&found, "pkg:npm/gone@1.0.0"), ["malicious fail", "unjudged warn"]);
}

#[test]
fn a_quiet_young_release_may_skip_the_cool_down_and_an_alerted_one_deserves_it() {
    let place = place();
    lock(&place, &[("pkg", entry("1.0.60", 'A')), ("calm", entry("1.0.60", 'B'))]);
    let holds = |found: &[Value]| -> Vec<Value> {
        let releases = found.iter().filter(|line| line["kind"] == "gate_release");
        let mut holds: Vec<Value> = releases.map(|line| json!([line["purl"], line["cooldown"]])).collect();
        holds.sort_by_key(ToString::to_string);
        holds
    };
    let expected = [json!(["pkg:npm/calm@1.0.60", "may_skip"]), json!([EVE, "deserves"])];
    let all = lines(&place, &["--cooldown", "3d"], 10);
    assert_eq!(holds(&all), expected);
    assert_eq!(reasons(&all, "pkg:npm/calm@1.0.60"), ["young fail"]);
    let unusual = lines(&place, &["--cooldown", "3d", "--cooldown-for", "unusual"], 10);
    assert_eq!(holds(&unusual), expected);
    assert_eq!(reasons(&unusual, "pkg:npm/calm@1.0.60"), ["young pass"]);
    assert_eq!(reasons(&unusual, EVE), ["alerted fail", "young fail"]);
    // Two days old: the cool-down of a day is over.
    assert_eq!(reasons(&lines(&place, &["--cooldown", "24h"], 10), EVE), ["alerted fail"]);
    for wrong in ["3", "3w", "-1d", "", "1.5d"] {
        gate(&place, &[&format!("--cooldown={wrong}")]).exits(2).says(&["write it as 3d or 12h"]);
    }
}

#[test]
fn what_cannot_be_judged_does_what_the_policy_says() {
    let place = place();
    let young = ("pkg", entry("9.9.9", 'A'));
    lock(&place, &[young, ("none", entry("1.0.0", 'B')), ("calm", entry("1.0.0", 'C'))]);
    for (policy, outcome, code) in [("allow", "pass", 0), ("warn", "warn", 0), ("fail", "fail", 10)] {
        let found = lines(&place, &["--unjudged", policy], code);
        for purl in ["pkg:npm/pkg@9.9.9", "pkg:npm/none@1.0.0", "pkg:npm/calm@1.0.0"] {
            assert_eq!(reasons(&found, purl), [format!("unjudged {outcome}")], "{policy}");
        }
    }
    let text = gate(&place, &[]).exits(0).out;
    for words in [
        "does not know the version; its newest is 1.0.60",
        "does not know the package",
        "first publish of its package",
        "gaitkeeper pull --archive archive none",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    // The data in the box take up nothing: what is fetched goes elsewhere.
    let text = place.run(&["gate", "package-lock.json", "--cooldown", "0d", "--unpinned", "allow"]).out;
    assert!(text.contains("fetch it: gaitkeeper pull --archive DIR none"), "{text}");
    // What was published after the check is not known then.
    let before = show_time(events()[59].published_at.expect("a time"));
    lock(&place, &[("pkg", entry("1.0.60", 'A'))]);
    let out = gate(&place, &["--as-of", &before]);
    assert_eq!(out.code, 2, "--as-of may be given once");
    let args = ["gate", "package-lock.json", "--as-of", &before];
    assert!(place.on_archive(&args).exits(0).out.contains("its newest is 1.0.59"));
}

#[test]
fn entries_without_hash_or_version_and_from_elsewhere_are_not_pinned() {
    let place = place();
    let mut bare = entry("1.0.50", 'A');
    bare["integrity"].take();
    let git = json!({"version": "1.0.0", "resolved": "git+ssh://user:secret@forge.example/a/b.git#0123"});
    lock(&place, &[("calm", bare), ("forked", git), ("linked", json!({"link": true, "resolved": "../linked"}))]);
    let found = lines(&place, &[], 10);
    assert_eq!(reasons(&found, "pkg:npm/calm@1.0.50"), ["no-hash fail"]);
    let entry = found.iter().find(|line| line["kind"] == "gate_entry").expect("the repository");
    assert_eq!(entry["entry"], "node_modules/forked git+ssh://forge.example/a/b.git#0123", "without the password");
    assert_eq!(entry["problems"][0]["reason"], "from-repository");
    assert_eq!(found.last().expect("a summary")["local_entries"], 1);
    assert_eq!(lines(&place, &["--unpinned", "warn"], 0).last().expect("a summary")["warn"], 2);
    assert_eq!(lines(&place, &["--unpinned", "allow"], 0).last().expect("a summary")["warn"], 0);

    place.write("requirements.txt", "requests>=2\n-r other.txt\n--pre\nflask @ https://files.example/flask.whl\n");
    let out = place.on_archive(&["gate", "requirements.txt", "--show", "all", "--unpinned", "warn"]).exits(0).out;
    for words in ["no-version", "from-address", "unreadable", "1 entries are the project's own"] {
        assert!(out.contains(words), "{words} in {out}");
    }
}

#[test]
fn a_snapshot_keeps_hashes_and_hosts_and_changes_only_when_it_is_asked_to() {
    let place = place();
    lock(&place, &[("calm", entry("1.0.50", 'A')), ("pkg", entry("1.0.50", 'B'))]);
    gate(&place, &["--update"]).exits(0);
    let read = || {
        String::from_utf8(place.files(".").remove(&place.path("./gaitkeeper-gate.toml")).expect("it")).expect("text")
    };
    let first = read();
    let line = format!("\"pkg:npm/calm@1.0.50\" = {{ accepted = \"{}\", integrity = [\"{}\"] }}", now(), sri('A'));
    assert!(first.contains(&line) && first.contains("\"npm\" = [\"https://registry.example\"]"), "{first}");
    gate(&place, &["--update"]).exits(0);
    assert_eq!(read(), first);

    // Another file under the same version, from another host.
    let mut other = entry("1.0.50", 'C');
    other["resolved"] = json!("https://mirror.example:8443/x.tgz");
    lock(&place, &[("calm", other), ("pkg", entry("1.0.50", 'B'))]);
    let found = lines(&place, &[], 10);
    assert_eq!(reasons(&found, "pkg:npm/calm@1.0.50"), ["integrity-differs fail", "other-host fail"]);
    gate(&place, &["--update"]).exits(10);
    assert_eq!(read(), first, "what fails is not accepted");
    gate(&place, &["--update", "--accept", "clam@1.0.50"]).exits(2).says(&["did you mean `calm@1.0.50`"]);
    gate(&place, &["--update", "--accept", "calm@1.0.50"]).exits(0);
    let third = read();
    assert!(
        third.contains(&sri('C')) && !third.contains(&sri('A')) && third.contains("https://mirror.example:8443"),
        "{third}"
    );
    gate(&place, &[]).exits(0);

    lock(&place, &[("calm", entry("1.0.50", 'D')), ("pkg", entry("1.0.50", 'B'))]);
    assert_eq!(
        reasons(&lines(&place, &[], 10), "pkg:npm/calm@1.0.50"),
        ["integrity-differs fail"],
        "only C was accepted"
    );

    // A hash that is gone, and one of another kind, cannot be the accepted one.
    for integrity in [json!(null), json!(format!("sha1-{}=", "A".repeat(27)))] {
        let mut changed = entry("1.0.50", 'B');
        changed["integrity"] = integrity;
        lock(&place, &[("pkg", changed)]);
        assert!(
            reasons(&lines(&place, &["--unpinned", "allow"], 10), "pkg:npm/pkg@1.0.50")
                .contains(&"integrity-differs fail".to_owned())
        );
    }
    // What is no longer locked leaves.
    lock(&place, &[("pkg", entry("1.0.50", 'B'))]);
    gate(&place, &["--update"]).exits(0);
    assert!(!read().contains("calm"));
}

#[test]
fn an_accepted_alert_passes_by_name_alone_and_an_accepted_entry_with_its_address() {
    let place = place();
    let git =
        |commit: &str| json!({"version": "1.0.0", "resolved": format!("git+https://forge.example/a/b.git#{commit}")});
    lock(&place, &[("pkg", entry("1.0.60", 'A')), ("forked", git("0123"))]);
    let at = ["--cooldown", "0d"];
    gate(&place, &[&at[..], &["--update"]].concat()).exits(10);
    assert_eq!(lines(&place, &at, 10).last().expect("a summary")["fail"], 2, "nothing was accepted by itself");
    let entry_name = "node_modules/forked git+https://forge.example/a/b.git#0123";
    gate(&place, &[&at[..], &["--update", "--accept", EVE, "--accept", entry_name]].concat()).exits(0);
    let found = lines(&place, &at, 0);
    assert_eq!(reasons(&found, EVE), ["alerted pass"]);
    assert_eq!(found[0]["problems"][0]["accepted"], true);
    // The cool-down was not what was accepted.
    assert_eq!(reasons(&lines(&place, &[], 10), EVE), ["young fail", "alerted pass"]);
    lock(&place, &[("pkg", entry("1.0.60", 'A')), ("forked", git("4567"))]);
    assert_eq!(lines(&place, &at, 10).last().expect("a summary")["fail"], 1, "another commit is another entry");
}

#[test]
fn two_files_of_one_version_are_a_conflict() {
    let place = place();
    lock(&place, &[("calm", entry("1.0.50", 'A')), ("pkg/node_modules/calm", entry("1.0.50", 'B'))]);
    assert_eq!(
        reasons(&lines(&place, &["--unpinned", "allow"], 10), "pkg:npm/calm@1.0.50"),
        ["integrity-conflict fail"]
    );
    let mut bare = entry("1.0.50", 'A');
    bare["integrity"].take();
    lock(&place, &[("calm", entry("1.0.50", 'A')), ("pkg/node_modules/calm", bare)]);
    assert_eq!(reasons(&lines(&place, &[], 10), "pkg:npm/calm@1.0.50"), ["no-hash fail"], "one of the two has none");
}

#[test]
fn what_strangers_wrote_breaks_no_form() {
    let place = place();
    let hostile = "a|b`<img src=x>[c](https://evil.example)\u{202e}\u{1b}[31m";
    lock(&place, &[("calm", entry("1.0.50", 'A')), (hostile, entry("1.0.0|<b>", 'B'))]);
    let mut git = entry("1.0.0", 'C');
    git["resolved"] = json!("git+https://evil.example/|<script>");
    lock(&place, &[("calm", entry("1.0.50", 'A')), ("name|x", entry("1.0.0|<b>\u{202e}", 'B')), (hostile, git)]);
    for format in ["text", "jsonl", "markdown"] {
        let out = gate(&place, &["--format", format, "--show", "all"]).exits(10).out;
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{format}: {out:?}");
    }
    let out = gate(&place, &["--format", "markdown"]).exits(10).out;
    assert!(
        !out.contains("<img") && !out.contains("<script") && !out.contains("<b>") && !out.contains("https://"),
        "{out}"
    );
    for row in out.lines().filter(|line| line.starts_with("| fail") || line.starts_with("| warn")) {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 6, "{row}");
    }
    gate(&place, &["--update", "--unpinned", "allow"]).exits(0);
    gate(&place, &["--unpinned", "allow"]).exits(0);
}

#[test]
fn a_damaged_snapshot_or_lock_file_is_said_with_its_place() {
    let place = place();
    lock(&place, &[("calm", entry("1.0.50", 'A'))]);
    for (text, words) in [
        ("version = 1\n<<<<<<< ours\n", "line 2"),
        ("version = 9\n", "update gaitkeeper"),
        ("locks = 3\nversion = 1\n", "no snapshot"),
        ("version = 1\n[locks.x.releases]\n\"a\" = { despite = [\"because\"] }\n", "no reason"),
        ("version = 1\nallow = true\n", "allow"),
        ("", "version"),
    ] {
        place.write("gaitkeeper-gate.toml", text);
        gate(&place, &[]).exits(1).says(&["gaitkeeper-gate.toml", words, "help:"]);
        gate(&place, &["--update"]).exits(1);
        assert_eq!(std::fs::read_to_string(place.path("gaitkeeper-gate.toml")).expect("it"), text, "left as it was");
    }
    place.write("package-lock.json", "{\"lockfileVersion\":3,\"packages\":{}}");
    std::fs::remove_file(place.path("gaitkeeper-gate.toml")).expect("removed");
    gate(&place, &[]).exits(3).says(&["locks nothing", "help:"]);
    place.on_archive(&["gate", "absent-lock.json"]).exits(1).says(&["help:"]);
}

#[test]
fn the_same_question_has_the_same_answer() {
    let place = place();
    lock(&place, &[("calm", entry("1.0.60", 'A')), ("pkg", entry("1.0.60", 'B')), ("none", entry("1.0.0", 'C'))]);
    for format in ["text", "jsonl", "markdown"] {
        let args = ["--format", format, "--show", "all"];
        assert_eq!(gate(&place, &args).out, gate(&place, &args).out, "{format}");
    }
}
