//! One release under the lens: what is said of an excerpt is what the whole history says, to the bit; what changed;
//! the versions of a package.

use std::path::Path;

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::scores::{Scores, fingerprint};
use gaitkeeper::archive::store::Archive;
use gaitkeeper::baseline::stance::{DAY, MINUTE};
use gaitkeeper::detect::alert::Finding;
use gaitkeeper::detect::forest::packed::Packed;
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::engine::embedded::fold_under;
use gaitkeeper::engine::excerpt::{Excerpt, Judged};
use gaitkeeper::engine::investigate::{Investigation, of_excerpt};
use gaitkeeper::engine::policy::Policy;
use gaitkeeper::names::ReleaseId;
use serde_json::Value;

use crate::command::Place;
use crate::corpus::material;
use crate::tables::parquet;

fn model() -> Model {
    Model::embedded().expect("the embedded model")
}

/// What the plain fold says: the finding of each asked event, the score of all.
fn plain(history: &History, policy: &Policy, asked: &[usize]) -> (Vec<Finding>, Vec<i32>) {
    let model = model();
    let (mut findings, mut points) = (Vec::new(), Vec::new());
    fold_under(history, &model, policy, |assessed| {
        points.push(assessed.assessment.points);
        if asked.binary_search(&assessed.index).is_ok() {
            findings.push(Finding::new(assessed.look, assessed.assessment, &model, assessed.p_value));
        }
    });
    (findings, points)
}

fn by_excerpt(history: &History, policy: &Policy, subject: usize) -> (Investigation, usize) {
    let model = model();
    let judged = Judged::before(history, &model, policy, subject);
    let excerpt = Excerpt::cut(history.clone(), &judged, policy, subject);
    (of_excerpt(&excerpt, &model).expect("the event"), excerpt.history.events.len())
}

/// Compares an excerpt's word with that of the whole fold, for each asked event.
fn agree(history: &History, policy: &Policy, asked: &[usize]) {
    let (findings, points) = plain(history, policy, asked);
    for (&subject, finding) in asked.iter().zip(&findings) {
        let (found, held) = by_excerpt(history, policy, subject);
        assert_eq!(&found.finding, finding);
        assert_eq!(found.finding.p_value.to_bits(), finding.p_value.to_bits());
        for moment in found.timeline.iter().chain(&found.act) {
            let release = &moment.release;
            let at = history.find(&release.registry, &release.package, &release.version).expect("the release");
            assert_eq!(moment.points, points[at], "{release} beside {}", finding.release);
        }
        assert!(held <= history.events.len());
    }
}

#[test]
fn an_excerpt_says_what_the_whole_corpus_says() {
    let Some(material) = material() else { return };
    let run = material.run(Some(0));
    let words = &run.history.words;
    let mut asked: Vec<usize> = run
        .labels
        .iter()
        .filter(|(_, label)| words.text(label.1).starts_with("real:"))
        .map(|(at, _)| *at)
        .step_by(13)
        .collect();
    // And ordinary publishes all over the history.
    asked.extend((1..6).map(|part| run.history.events.len() / 6 * part));
    asked.sort_unstable();
    asked.dedup();
    agree(&run.history, &Policy::default(), &asked);
}

#[test]
fn the_box_read_in_part_says_what_all_of_it_says() {
    let model = model();
    let (table, scores) = Archive::Box.outlined(&model.id).expect("sound").expect("the scores of the model in the box");
    let history = Archive::Box.load().expect("the box");
    let (_, points) = plain(&history, &Policy::default(), &[]);
    assert_eq!(scores.points, points, "models/scores.parquet is what the model gives; `gaitkeeper train` writes it");

    let words = &history.words;
    let named = |package: &str, version: &str| history.find("npm", package, version).expect("a release of the box");
    let mut asked = vec![named("size-sensor", "1.0.4"), named("echarts-for-react", "3.0.7")];
    asked.extend((1..5).map(|part| history.events.len() / 5 * part));
    let judged = Judged { points, held: Vec::new() };
    for subject in asked {
        let event = &history.events[subject];
        let release = ReleaseId {
            registry: words.text(event.registry).to_owned(),
            package: words.text(event.package).to_owned(),
            version: words.text(event.version).to_owned(),
        };
        let at = table.find(&release).expect("sound").expect("the release");
        assert_eq!(at, subject, "the box is in the order of its history");
        let part = Excerpt::read(&table, &scores.points, at).expect("sound").expect("in the order of time");
        let whole = Excerpt::cut(history.clone(), &judged, &Policy::default(), subject);
        assert_eq!((part.subject, &part.teaching, &part.past), (whole.subject, &whole.teaching, &whole.past));
        let (part, whole) = (of_excerpt(&part, &model).expect("it"), of_excerpt(&whole, &model).expect("it"));
        assert_eq!(part.finding.p_value.to_bits(), whole.finding.p_value.to_bits());
        assert_eq!(part, whole, "{release}");
    }
}

#[test]
fn scores_are_of_one_model_and_of_one_table() {
    let scores = Scores { model: "m".to_owned(), events: fingerprint(b"table"), points: vec![-300, 0, 4_000] };
    let file = scores.to_parquet().expect("encoded");
    let read = |model: &str, table: &[u8]| Scores::read(&file, Path::new("scores.parquet"), model, table);
    assert_eq!(read("m", b"table").expect("sound"), Some(scores.clone()));
    assert_eq!(read("n", b"table").expect("sound"), None);
    assert_eq!(read("m", b"other").expect("sound"), None);
    let cut = &file[..file.len() - 9];
    let error = Scores::read(cut, Path::new("scores.parquet"), "m", b"table").expect_err("cut off").to_string();
    assert!(error.starts_with("scores.parquet: not a file of scores"), "{error}");
}

#[test]
fn an_excerpt_says_the_same_under_a_desks_policy() {
    let history = History::from_events(busy());
    let mut policy = Policy { hold_alerts: true, ..Policy::default() };
    let bad = &history.events[history.events.len() / 2];
    policy.verdicts.insert([bad.registry, bad.package, bad.version], gaitkeeper::archive::verdicts::Verdict::Malicious);
    let asked: Vec<usize> = (0..history.events.len()).rev().step_by(37).collect::<Vec<_>>().into_iter().rev().collect();
    agree(&history, &policy, &asked);
    agree(&history, &Policy::default(), &asked);
}

/// Some accounts that publish in each other's packages, share dependencies, and come back after long.
fn busy() -> Vec<PublishEvent> {
    let mut scene = Scene::default();
    for k in 0..420i64 {
        let account = ["ann", "bob", "eve", "kim"][usize::try_from((k * 7 + k / 5) % 4).expect("small")];
        let package = format!("pkg-{}", (k * k + k / 3) % 9);
        scene = scene.after(if k % 11 == 0 { 40 * DAY } else { k % 5 * MINUTE }, |e| {
            e.package = Some(package.clone());
            e.version = Some(format!("{}.0.{k}", k % 3));
            e.publisher = said(account);
            e.dependencies = Some(format!("left|right|pkg-{}|new-{}", (k + 1) % 9, k / 40));
            e.install_scripts = (k % 17 == 0).then(|| "postinstall".to_owned());
            e.install_script_id = (k % 17 == 0).then(|| format!("b3:{:012x}", k / 60));
            e.git_head = (k % 23 != 0).then(|| format!("{k:012x}"));
            e.removed = (k % 53 == 0).then_some(true);
            if k % 53 == 0 && k % 2 == 0 {
                e.publisher = None;
            }
        });
    }
    scene.events
}

#[test]
fn a_packed_forest_gives_the_points_of_its_forest() {
    let model = model();
    let packed = Packed::of(&model.forest);
    let history = History::from_events(busy());
    let mut rows = 0;
    fold_under(&history, &model, &Policy::default(), |assessed| {
        let mut row = assessed.assessment.row.clone();
        for step in 0..8usize {
            assert_eq!(packed.points(&row), model.forest.points(&row));
            rows += 1;
            let at = (assessed.index * 31 + step * 7) % row.len();
            row[at] = [0.0, 30.0, -9.0, f32::INFINITY, f32::NAN, 3.5, 1e9, -1.0][step];
        }
    });
    assert!(rows > 3_000);
    let empty = gaitkeeper::detect::forest::Forest { start: 7, ..model.forest.clone() };
    let none = gaitkeeper::detect::forest::Forest { trees: Vec::new(), ..empty };
    assert_eq!(Packed::of(&none).points(&[0.0; 200]), 7);
}

#[test]
fn the_box_is_judged_from_an_excerpt_of_it() {
    let history = Archive::Box.load().expect("the box");
    let subject = history.find("npm", "echarts-for-react", "3.0.7").expect("the release");
    let (found, held) = by_excerpt(&history, &Policy::default(), subject);
    assert!(held < 60_000, "{held} of {} events are needed", history.events.len());
    let changed: Vec<&str> = found.changes.changed.iter().map(|c| c.field).collect();
    assert!(changed.contains(&"commit named") && changed.contains(&"dependencies by address"), "{changed:?}");
    assert_eq!(found.changes.before.as_deref(), Some("3.0.6"));
    let dependencies = found.changes.changed.iter().find(|c| c.field == "optional dependencies").expect("dependencies");
    assert!(dependencies.is_new && dependencies.now.contains("+@antv/setup"), "{dependencies:?}");
    let steps: i32 = found.finding.reasons.iter().map(|r| r.points).sum();
    assert_eq!(steps, found.finding.points);
}

fn weekly() -> Place {
    let place = Place::new();
    let events = Scene::steady(30)
        .next(|e| {
            e.dependencies = said("left|right|odd");
            e.node_version = said("24.0.0");
            e.git_head = None;
        })
        .events;
    place.import("events.parquet", parquet(&events));
    place
}

#[test]
fn what_the_last_hours_brought_is_said_to_count_as_new() {
    let place = Place::new();
    let hooked = |e: &mut PublishEvent, version: &str| {
        e.install_scripts = said("postinstall");
        e.version = said(version);
    };
    let scene = Scene::steady(30).next(|e| hooked(e, "2.0.0-rc.1")).after(15 * 60_000, |e| hooked(e, "2.0.0-rc.2"));
    place.import("events.parquet", parquet(&scene.events));
    let investigate = |args: &[&str]| place.on_archive(&[&["investigate"], args].concat()).exits(0).out;
    let second = investigate(&["pkg@2.0.0-rc.2"]);
    let young =
        "1 of them is younger than three hours and has not taught yet: what began with it still counts as new above.";
    assert!(second.contains(young) && second.contains("Runs postinstall at install time; none of "), "{second}");
    assert!(second.contains("Only 15 min after the last version; nothing earlier to compare it with."), "{second}");
    assert!(!investigate(&["pkg@2.0.0-rc.1"]).contains("has not taught yet"));
    investigate(&["pkg@2.0.0-rc.2", "--html", "page.html"]);
    let page = std::fs::read_to_string(place.path("page.html")).expect("the page");
    assert!(page.contains(young), "{page}");
}

#[test]
fn what_changed_is_told_beside_before_and_usual() {
    let place = weekly();
    let text = place.on_archive(&["investigate", "pkg@1.0.30"]).exits(0).out;
    assert!(text.contains("What changed against 1.0.29 (30 versions before it)"), "{text}");
    assert!(text.contains("! commit named: no  (before: yes; usual: yes (30))"), "{text}");
    assert!(text.contains("! dependencies: 3: +odd  (before: 2: left, right; usual: none of 30 had odd)"), "{text}");
    assert!(text.contains("! node: 24.0.0  (before: 20.11.1; usual: 20.11.1 (30))"), "{text}");
    assert!(text.contains("  as before: publisher, "), "{text}");
    let lines = place.on_archive(&["investigate", "pkg@1.0.30", "--format", "jsonl"]).exits(0).out;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["kind"], &lines[1]["id"]), (&"surroundings".into(), &lines[0]["id"]));
    let changes = lines[1]["changes"].as_array().expect("changes");
    assert!(changes.iter().any(|c| c["field"] == "commit named" && c["is_new"] == true), "{changes:?}");
    assert_eq!(lines[1]["package"].as_array().expect("versions").len(), 31);
}

#[test]
fn a_package_without_a_version_lists_its_versions() {
    let place = weekly();
    let text = place.on_archive(&["investigate", "pkg"]).exits(0).out;
    assert!(text.starts_with("31 versions of pkg, 31 of them shown"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("  1.0.")).count(), 31);
    let score = place.on_archive(&["investigate", "pkg@1.0.30"]).exits(0).out;
    let score =
        score.lines().find_map(|line| line.strip_prefix("Score ")?.split(',').next()).expect("a score").to_owned();
    let last = text.lines().find(|line| line.contains(" 1.0.30 ")).expect("the last");
    assert!(last.trim_end().ends_with(&score), "{last} {score}");
    place.on_archive(&["investigate", "pkgg"]).exits(3).says(&["no package `pkgg`", "did you mean `pkg`?"]);
    place.on_archive(&["investigate", "pkg", "--html", "x.html"]).exits(2).says(&["are about one version"]);
    place.on_archive(&["investigate"]).exits(2).says(&["<RELEASE>"]);
}
