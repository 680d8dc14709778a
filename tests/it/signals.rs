//! The signal table: every row is whole, fires on its example, stays quiet on its other, and is weighed.

use std::path::Path;

use gaitkeeper::archive::history::History;
use gaitkeeper::detect::alert::Finding;
use gaitkeeper::detect::columns;
use gaitkeeper::detect::evidence::{Entity, Group, Judgement};
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::detect::signals::{SIGNALS, position};
use gaitkeeper::engine::embedded::fold;

/// Surprise from which an example counts as fired, and below which as quiet.
const FIRED: f32 = 2.0;

fn judge(scene: Scene, signal: usize) -> (Judgement, Finding) {
    let (history, at) = scene.history();
    let model = Model::embedded().expect("the embedded model");
    let mut result = None;
    fold(&history, &model, |assessed| {
        if assessed.index == at {
            let finding = Finding::new(assessed.look, assessed.assessment, &model, assessed.p_value);
            result = Some((assessed.assessment.judgements[signal], finding));
        }
    });
    result.expect("the judged event")
}

#[test]
fn examples_fire_and_stay_quiet() {
    let mut wrong = Vec::new();
    for (i, signal) in SIGNALS.iter().enumerate() {
        for example in signal.examples {
            let (judgement, finding) = judge((example.scene)(), i);
            let fired = judgement.bits() >= FIRED;
            if fired != example.fires {
                wrong.push(format!("{} ({}): {judgement:?}", signal.id, example.says));
            }
            if example.fires && signal.id != "short-gap" {
                let reason = finding.reasons.iter().find(|r| r.name == signal.id);
                let sentence = reason.map(|r| r.sentence.clone()).unwrap_or_default();
                if sentence.is_empty() || sentence.contains(['{', '}']) {
                    wrong.push(format!("{} ({}) explains itself as `{sentence}`", signal.id, example.says));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_are_whole() {
    assert!(SIGNALS.len() >= 24, "{} signals", SIGNALS.len());
    for group in Group::ALL {
        assert!(SIGNALS.iter().any(|s| s.group == group), "no signal of group {}", group.name());
    }
    for signal in SIGNALS {
        assert!(signal.examples.iter().any(|e| e.fires), "{} has no firing example", signal.id);
        assert!(signal.examples.iter().any(|e| !e.fires), "{} has no quiet example", signal.id);
        assert!(signal.question.ends_with('?'), "{} asks nothing", signal.id);
        assert!(signal.benign.ends_with('.') && signal.why.ends_with('.'), "{} is not explained", signal.id);
        assert!(signal.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{} is no id", signal.id);
        assert_eq!(position(signal.id).map(|i| SIGNALS[i].id), Some(signal.id), "{} is there twice", signal.id);
    }
}

#[test]
fn what_cannot_be_judged_is_said() {
    let index = |id| position(id).expect("a signal");
    let (judgement, finding) = judge(Scene::steady(20), index("token-age"));
    assert_eq!(judgement, Judgement::Missing, "registries do not publish token age");
    assert!(finding.unjudged.contains(&("token-age", Judgement::Missing)));
    let (judgement, _) = judge(Scene::steady(2), index("second-version"));
    assert_eq!(judgement, Judgement::NoHistory);
    let unverified = |event: &mut gaitkeeper::archive::columns::PublishEvent| {
        event.cert_issuer = Some("https://issuer.example".into());
        event.cert_state = Some("unverified".into());
    };
    let (judgement, _) = judge(Scene::steady(20).all(unverified), index("new-issuer"));
    assert_eq!(judgement, Judgement::Unverified);
}

#[test]
fn an_unknown_account_has_no_habits_but_its_package_has() {
    let scene = Scene::steady(20).next(|e| e.publisher = Some("mallory".into()));
    let (history, at) = scene.history();
    let model = Model::embedded().expect("the embedded model");
    fold(&history, &model, |assessed| {
        if assessed.index == at {
            for (signal, judgement) in SIGNALS.iter().zip(&assessed.assessment.judgements) {
                if signal.entity == Entity::Actor {
                    assert!(judgement.bits() <= 0.0, "{} judged an account without history", signal.id);
                }
            }
            let new = position("new-publisher").expect("a signal");
            assert!(assessed.assessment.judgements[new].bits() > FIRED);
        }
    });
}

#[test]
fn surprise_is_bounded_by_evidence() {
    // Ten past publishes never justify a million to one: 20 bits.
    for (i, signal) in SIGNALS.iter().enumerate() {
        for example in signal.examples.iter().filter(|e| e.fires) {
            let mut scene = (example.scene)();
            let keep = scene.events.len().saturating_sub(11);
            scene.events.drain(..keep);
            let (judgement, _) = judge(scene, i);
            assert!(judgement.bits() < 20.0, "{} claims {} bits after ten publishes", signal.id, judgement.bits());
        }
    }
}

#[test]
fn the_model_file_holds_every_signal_and_refuses_nonsense() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/model.toml");
    let text = std::fs::read_to_string(&path).expect("the model file");
    let model = Model::parse(&text, &path).expect("a sound model");
    assert_eq!(model, Model::embedded().expect("the embedded model"), "the embedded model is the file");
    let mut columns = columns::names();
    columns.sort_unstable();
    assert!(columns.windows(2).all(|pair| pair[0] != pair[1]), "two columns of one name: {columns:?}");
    assert_eq!(model.priors.len(), SIGNALS.len());
    assert!(model.forest.trees.len() > 100, "the embedded model has learnt");
    let nonsense = [
        (text.replace("[signals.new-country]", "[signals.no-such-signal]"), "no-such-signal"),
        (text.replacen("version = 4", "version = 9", 1), "version 9"),
        (text.replacen("[packages.shared-package]", "[packages.solo]", 1), "no cohort `shared-package`"),
        (
            text.replacen("[signals.url-dependency.cohorts]", "[signals.url-dependency.cohorts]\nsolo = [1.0, 1.0]", 1),
            "by publisher and by package",
        ),
        (text.replacen("weight = ", "weight = -", 1), "positive weight"),
        (text.replacen("prereleases = [[", "prereleases = [[-3000, 0], [", 1), "calibration.prereleases"),
        (text.replacen("share = ", "share = -", 1), "impossible number"),
        (text.replacen("left = [1", "left = [0", 1), "a tree of the forest is broken"),
        (text.replacen("\"first-hook\"", "\"no-such-column\"", 1), "no column `no-such-column`"),
        (text.replace("beta = [", "beta = [-"), "not positive"),
        (text.replace("beta = ", "gamma = "), "gamma"),
    ];
    for (changed, wanted) in nonsense {
        assert_ne!(changed, text);
        let error = Model::parse(&changed, &path).expect_err("nonsense is refused").to_string();
        assert!(error.contains(wanted) && error.contains("model.toml"), "{error}");
    }
}

#[test]
fn equal_histories_give_equal_scores_whatever_the_order_of_rows() {
    let events = Scene::monorepo(5, 8).events;
    let mut reversed = events.clone();
    reversed.reverse();
    let model = Model::embedded().expect("the embedded model");
    let scores = |events| {
        let history = History::from_events(events);
        let mut scores = Vec::new();
        fold(&history, &model, |a| scores.push((a.assessment.points, a.p_value.to_bits())));
        scores
    };
    assert_eq!(scores(events), scores(reversed));
}

#[test]
fn usual_hours_are_hours_in_which_something_was_published() {
    const HOUR: i64 = 3_600_000;
    let signal = position("hour-of-week").expect("a signal");
    for (days, says) in [
        (3, "Published at 22 h UTC on a working day; the account's usual hours on such days: 10 h."),
        (4, "Published at 22 h UTC on a weekend; the account's usual hours on such days: none so far."),
    ] {
        let (_, finding) = judge(Scene::steady(40).after((24 * days + 12) * HOUR, |_| {}), signal);
        assert!(finding.reasons.iter().any(|reason| reason.sentence == says), "{:?}", finding.reasons);
    }
}

#[test]
fn a_ref_that_two_packages_share_has_a_shape_in_each() {
    let mut scene = Scene::default();
    let tag = "tag of this version";
    let cases = [
        ("left", "refs/tags/left@2.0.0", tag),
        ("right", "refs/tags/left@2.0.0", "tag"),
        ("left", "refs/tags/v2.0.0", tag),
        ("right", "refs/tags/v2.0.0", tag),
        ("right", "refs/tags/right-2.0.0", tag),
        ("left", "refs/tags/right-2.0.0", "tag"),
        ("left", "refs/heads/main", "main branch"),
        ("right", "refs/heads/main", "main branch"),
    ];
    for (package, git_ref, _) in cases {
        scene = scene.next(|e| {
            (e.package, e.version, e.ci_ref) = (said(package), said("2.0.0"), said(git_ref));
        });
    }
    let (history, _) = scene.history();
    for (event, (package, git_ref, shape)) in history.events.iter().zip(cases) {
        assert_eq!(history.words.text(event.ref_shape), shape, "{git_ref} of {package}");
    }
}
