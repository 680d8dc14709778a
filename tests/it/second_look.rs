//! The second look: an earlier publish of an act is raised by the alert that follows, with the right time and the right sum.

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::table::show_time;
use gaitkeeper::baseline::reach::{BURST_LENGTH, BURST_SILENCE};
use gaitkeeper::baseline::stance::{DAY, HOUR, MINUTE};
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::raised::{Cause, MARGIN};
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::engine::embedded::fold;
use gaitkeeper::engine::second_look::FAINT;
use gaitkeeper::engine::trace::UNUSUAL;
use serde_json::Value;

use crate::campaigns::{grouped, p_values};
use crate::command::Place;
use crate::corpus::material;
use crate::tables::parquet;

/// A version without a commit and with a dependency by address. It has been removed since.
fn strange(e: &mut PublishEvent) {
    e.git_head = None;
    e.url_dependencies = said("@strange/setup");
    e.dependencies = said("left|right|@strange/setup");
    e.removed = Some(true);
}

/// A hook, and another e-mail.
fn hooked(e: &mut PublishEvent) {
    e.install_scripts = said("preinstall");
    e.install_script_id = said("b3:666666666666");
    e.publisher_email_id = said("666666666666");
}

/// Sixty usual weeks; then a strange version, and `wait` later one with a hook besides.
fn double_tap(wait: i64) -> Scene {
    Scene::steady(60).next(strange).after(wait, |e| {
        strange(e);
        hooked(e);
    })
}

/// The history, and a budget between the two versions, which are its last.
fn split(scene: &Scene) -> (History, f64) {
    let history = History::from_events(scene.events.clone());
    let values = p_values(&history);
    let (first, second) = (values[values.len() - 2], values[values.len() - 1]);
    assert!(second < first && first <= UNUSUAL, "the scene is what it is for: {first} and {second}");
    (history, f64::midpoint(first, second))
}

fn points(history: &History) -> Vec<i32> {
    let mut points = Vec::new();
    fold(history, &Model::embedded().expect("the model"), |assessed| points.push(assessed.assessment.points));
    points
}

#[test]
fn the_first_version_is_raised_when_the_second_is_an_alert() {
    let scene = double_tap(40 * MINUTE);
    let (history, rate) = split(&scene);
    let (first, second) = (history.events.len() - 2, history.events.len() - 1);
    let found = grouped(&history, history.events[first].at - DAY, rate);
    assert_eq!(found.raised.keys().copied().collect::<Vec<_>>(), [first]);
    let raised = &found.raised[&first];
    let scores = points(&history);
    assert_eq!(raised.cause, Cause::SecondLook);
    assert_eq!(raised.by.version, "1.0.61");
    assert_eq!(raised.visible_at, history.events[second].at);
    assert_eq!(scores[first] + raised.points, scores[second] - MARGIN);
    assert_eq!(found.campaigns.len(), 1);
    assert_eq!((found.campaigns[0].members.as_slice(), found.campaigns[0].raised), ([first, second].as_slice(), 1));

    let mut before = history.clone();
    before.events.pop();
    let early = grouped(&before, history.events[first].at - DAY, rate);
    assert!(early.raised.is_empty() && early.campaigns.is_empty(), "before the second version nobody knew");
    assert_eq!(points(&before), scores[..=first], "raising teaches nothing");
}

/// An alert, and forty minutes later a version that `then` makes of a usual one.
fn followed(then: impl FnOnce(&mut PublishEvent)) -> (History, f64) {
    let taken = |e: &mut PublishEvent| {
        strange(e);
        hooked(e);
    };
    let scene = Scene::steady(60).next(taken).after(40 * MINUTE, then);
    let history = History::from_events(scene.events);
    let values = p_values(&history);
    let (first, second) = (values[values.len() - 2], values[values.len() - 1]);
    assert!(first < second && second <= FAINT, "the scene is what it is for: {first} and {second}");
    (history, f64::midpoint(first, second))
}

#[test]
fn what_follows_an_alert_and_is_like_it_is_told_with_it_and_no_alert() {
    let (history, rate) = followed(strange);
    let (first, second) = (history.events.len() - 2, history.events.len() - 1);
    let found = grouped(&history, 0, rate);
    assert!(found.raised.is_empty(), "{:?}", found.raised);
    assert_eq!(found.campaigns.len(), 1);
    let campaign = &found.campaigns[0];
    assert_eq!((campaign.members.as_slice(), campaign.raised), ([first, second].as_slice(), 0));
    assert_eq!(campaign.quiet, [history.events[second].release(&history.words)]);
    assert_eq!(campaign.last, history.events[second].at);

    let (repaired, rate) = followed(|e| {
        e.npm_version = said("yarn/1.22.0/node");
        e.node_version = said("6.0.0");
        e.publisher_email_id = said("888888888888");
    });
    assert_eq!(
        grouped(&repaired, 0, rate).campaigns[0].members,
        [first],
        "its owner repairs it, and that is another thing"
    );
}

#[test]
fn a_version_is_raised_within_three_hours_and_by_the_same_account_only() {
    for (wait, expected) in [(2 * HOUR + 59 * MINUTE, 1), (3 * HOUR + MINUTE, 0)] {
        let (history, rate) = split(&double_tap(wait));
        assert_eq!(grouped(&history, 0, rate).raised.len(), expected, "{wait} ms");
    }
    let mut scene = double_tap(40 * MINUTE);
    if let Some(last) = scene.events.last_mut() {
        last.publisher = said("mallory");
    }
    let (history, rate) = split(&scene);
    assert!(grouped(&history, 0, rate).raised.is_empty(), "somebody else's act");
}

#[test]
fn another_package_of_the_burst_is_raised_and_of_the_next_burst_not() {
    let usual = |package: &'static str| Scene::steady(60).all(move |e| e.package = said(package)).events;
    for (wait, expected) in [(BURST_SILENCE - 1, 1), (BURST_SILENCE + 1, 0), (BURST_LENGTH, 0)] {
        let mut scene = double_tap(wait);
        let other = scene.events.len() - 2;
        scene.events[other].package = said("other");
        scene.events.extend(usual("other").into_iter().map(|mut e| {
            e.published_at = e.published_at.map(|at| at + DAY);
            e
        }));
        scene.events.sort_by_key(|e| e.published_at);
        let (history, rate) = split(&scene);
        assert_eq!(grouped(&history, 0, rate).raised.len(), expected, "{wait} ms");
    }
}

#[test]
fn a_later_alert_does_not_change_what_was_raised_before() {
    let scene = double_tap(40 * MINUTE);
    let (short, rate) = split(&scene);
    let last = scene.events.last().cloned().expect("a publish");
    let scene = scene.after(10 * MINUTE, |e| {
        let version = e.version.clone();
        let at = e.published_at;
        *e = last;
        (e.version, e.published_at) = (version, at);
        e.node_version = said("6.0.0");
        e.repository = said("forge.example/mallory/pkg");
    });
    let long = History::from_events(scene.events);
    let (before, after) = (grouped(&short, 0, rate), grouped(&long, 0, rate));
    assert_eq!(before.raised, after.raised);
    assert_eq!(before.campaigns[0].id, after.campaigns[0].id);
}

#[test]
fn nothing_is_raised_in_a_quiet_history() {
    let history = Scene::monorepo(4, 60).history().0;
    let found = grouped(&history, 0, 0.001);
    assert!(found.raised.is_empty() && found.surges.is_empty() && found.campaigns.is_empty(), "{found:?}");
}

#[test]
fn every_format_says_what_was_raised_and_the_sums_hold() {
    let scene = double_tap(40 * MINUTE);
    let (history, rate) = split(&scene);
    let (first, second) = (&history.events[60], &history.events[61]);
    let place = Place::new();
    place.import("events.parquet", parquet(&scene.events));
    let budget = rate.to_string();
    // The window begins between the two: the first became visible in it.
    let since = show_time(first.at + MINUTE);
    let args = ["score", "--since", &since, "--budget", &budget, "--format"];
    let jsonl = place.on_archive(&[&args[..], &["jsonl"]].concat()).exits(0).out;
    let lines: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let versions: Vec<&str> = lines.iter().filter_map(|line| line["version"].as_str()).collect();
    assert_eq!(versions, ["1.0.61", "1.0.60"], "{jsonl}");
    let raised = &lines[1];
    assert_eq!(raised["raised"]["cause"], "second-look");
    assert_eq!(raised["raised"]["purl"], "pkg:npm/pkg@1.0.61");
    assert_eq!(raised["raised"]["visible_at"], show_time(second.at));
    assert_eq!(lines[0]["raised"], Value::Null);
    let cents = |value: &Value| value.as_str().map(|s| s.replace('.', "")).and_then(|s| s.parse::<i64>().ok());
    let contributions = raised["contributions"].as_array().expect("a list");
    assert_eq!(
        contributions.iter().filter_map(|c| cents(&c["points"])).sum::<i64>(),
        cents(&raised["score"]).expect("points")
    );
    let look = contributions.iter().find(|c| c["name"] == "second-look").expect("a contribution of its own");
    assert_eq!(look["points"], raised["raised"]["points"]);
    assert_eq!(cents(&raised["score"]), cents(&lines[0]["score"]).map(|points| points - i64::from(MARGIN)));
    assert_eq!((&lines[2]["raised"], &lines[2]["alerts"], &lines[2]["publishes"]), (&1.into(), &1.into(), &1.into()));

    let text = place.on_archive(&[&args[..], &["text"]].concat()).exits(0).out;
    for part in [
        "2 publishes of 1 package by ann in 40 min",
        "; 1 of them raised",
        &format!("raised by a second look, visible from {}", show_time(second.at)),
        "The same account published pkg@1.0.61 40 min later, and that is an alert.  second-look",
        "1 more was below it and raised by what came later.",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    let table = place.on_archive(&[&args[..], &["csv"]].concat()).exits(0).out;
    let end = format!(",2,\"second-look\",\"pkg@1.0.61\",\"{}\",", show_time(second.at));
    assert!(table.contains(&end), "{table}");
    let early = show_time(second.at - 1);
    let out = place.on_archive(&["score", "--as-of", &early, "--budget", &budget]).exits(0).out;
    assert!(out.starts_with("Nothing in the window"), "{out}");
    place.on_archive(&[&args[..], &["text", "--fail-on", &budget]].concat()).exits(10);
}

#[test]
fn the_early_versions_of_a_real_takeover_are_raised() {
    let Some(material) = material() else { return };
    // Only this takeover is put into the history: the others would calibrate it.
    let number = material.folds()[0];
    let mut run = material.run(Some(number));
    let words = run.history.words.clone();
    let mut position = 0;
    run.history.events.retain(|_| {
        let label = run.labels.get(&position);
        position += 1;
        label.is_none_or(|l| words.text(l.1).starts_with("real:QIX"))
    });
    let history = run.history;
    let start = history.find("npm", "ansi-styles", "6.2.2").expect("its first version");
    let begin = history.events[start].at;
    let rate = 0.001;
    let found = grouped(&history, begin - DAY, rate);
    let values = p_values(&history);
    let act: Vec<usize> = (start..history.events.len())
        .take_while(|i| history.events[*i].at - begin < HOUR)
        .filter(|i| words.text(history.events[*i].actor) == "qix")
        .collect();
    assert_eq!(act.len(), 16, "versions of the takeover");
    let names =
        |indices: &[usize]| -> Vec<&str> { indices.iter().map(|i| words.text(history.events[*i].package)).collect() };
    let alert_after = |i: usize| act.iter().copied().find(|later| *later > i && values[*later] <= rate);
    let due: Vec<usize> = act
        .iter()
        .copied()
        .filter(|i| values[*i] > rate && values[*i] <= UNUSUAL && alert_after(*i).is_some())
        .collect();
    for index in &due {
        let raised = found.raised.get(index).unwrap_or_else(|| panic!("{:?} is not raised", names(&[*index])));
        let alert = alert_after(*index).expect("an alert");
        assert_eq!(raised.visible_at, history.events[alert].at, "by the first alert after it");
        assert_eq!(raised.by.package, words.text(history.events[alert].package));
    }
    let hidden: Vec<usize> =
        act.iter().copied().filter(|i| values[*i] > rate && !found.raised.contains_key(i)).collect();
    let shown: Vec<usize> = act.iter().copied().filter(|i| !hidden.contains(i)).collect();
    for early in ["ansi-styles", "debug", "chalk", "supports-color", "strip-ansi", "ansi-regex"] {
        assert!(names(&shown).contains(&early), "{early} stays below 1/1,000: {:?}", names(&hidden));
    }
    let campaigns: std::collections::BTreeSet<&str> =
        shown.iter().filter_map(|i| Some(found.campaign_of(*i)?.id.as_str())).collect();
    assert_eq!(campaigns.len(), 1, "one act, one campaign");
}

#[test]
fn over_the_corpus_surges_are_attacks_and_attacks_raise_attacks() {
    let Some(material) = material() else { return };
    let clean = material.run(None).history;
    let quiet = grouped(&clean, 0, 0.001);
    let surges: Vec<_> = quiet.surges.iter().map(|surge| (surge.first / DAY, surge.accounts, surge.raised)).collect();
    assert_eq!(surges, [], "no surge in fifteen years without attacks");
    let alerts: usize =
        quiet.campaigns.iter().map(|campaign| campaign.members.len() - campaign.raised - campaign.quiet.len()).sum();
    assert!(quiet.raised.len() < alerts, "{} raised by {alerts} alerts", quiet.raised.len());
    assert!(quiet.campaigns.len() < alerts, "some are told together");

    let run = material.run(Some(0));
    let found = grouped(&run.history, 0, 0.001);
    let is_attack = |index: &usize| run.labels.contains_key(index);
    assert!(found.raised.keys().filter(|index| is_attack(index)).count() > 100);
    for campaign in found.campaigns.iter().filter(|c| c.members.iter().any(is_attack)) {
        assert!(campaign.members.iter().all(is_attack), "an ordinary publish among an attack's: {campaign:?}");
    }
    assert!(found.surges.iter().any(|surge| surge.raised > 0));
}

#[test]
fn the_end_of_a_history_is_judged_as_the_whole_is() {
    use gaitkeeper::engine::policy::Policy;
    use gaitkeeper::engine::recent::fold_since;
    let Some(material) = material() else { return };
    let history = material.run(None).history;
    let model = Model::embedded().expect("the model");
    let since = history.newest().expect("events") - 30 * DAY;
    let (mut whole, mut end) = (Vec::new(), Vec::new());
    fold(&history, &model, |a| {
        if a.look.event.at >= since {
            whole.push((a.index, a.assessment.points, a.p_value));
        }
    });
    fold_since(&history, &model, &Policy::default(), since, |a| end.push((a.index, a.assessment.points, a.p_value)));
    assert!(whole.len() > 1_000 && whole == end, "{} and {} judgements", whole.len(), end.len());
}
