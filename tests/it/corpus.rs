//! The real corpus: nothing sees the future, every sum adds up, takeovers are found. Needs the
//! shared material; says so where it is absent.

use std::sync::OnceLock;

use gaitkeeper::archive::history::History;
use gaitkeeper::detect::columns;
use gaitkeeper::detect::model::Model;
use gaitkeeper::engine::backtest::Material;
use gaitkeeper::engine::embedded::fold;
use gaitkeeper::engine::evaluate::{BUDGETS, Evaluation, OURS, evaluate};
use gaitkeeper::engine::investigate::investigate;
use gaitkeeper::engine::peers::{How, PEERS, Peer};

use crate::shared::shared;

pub fn material() -> Option<&'static Material> {
    static MATERIAL: OnceLock<Material> = OnceLock::new();
    let (events, attacks) = (shared("corpus/events.parquet")?, shared("corpus/attacks.parquet")?);
    Some(MATERIAL.get_or_init(|| Material::read(&events, Some(&attacks)).expect("the corpus")))
}

fn model() -> Model {
    Model::embedded().expect("the embedded model")
}

fn evaluation() -> Option<&'static Evaluation> {
    static EVALUATION: OnceLock<Evaluation> = OnceLock::new();
    let material = material()?;
    Some(EVALUATION.get_or_init(|| evaluate(material, &model(), |_| {})))
}

/// Everything that is said of an event, to the bit.
fn fingerprints(history: &History, below: usize) -> Vec<u64> {
    let model = model();
    let mut prints = Vec::with_capacity(below);
    fold(history, &model, |assessed| {
        let judgements = assessed.assessment.judgements.iter().fold(0u64, |print, j| {
            let reason = j.reason().map_or(0, |r| r.len() as u64);
            print.rotate_left(7) ^ u64::from(j.bits().to_bits()) ^ (reason << 40)
        });
        let score = u64::from(assessed.assessment.points.unsigned_abs());
        prints.push(judgements ^ assessed.p_value.to_bits().rotate_left(17) ^ score.rotate_left(33));
    });
    prints
}

#[test]
fn nothing_sees_the_future() {
    let Some(material) = material() else { return };
    let history = material.run(Some(0)).history;
    let whole = fingerprints(&history, history.events.len());
    // A fixed sequence of cuts (a linear congruence), so that a failure can be repeated.
    let mut state = 20_260_519u64;
    for _ in 0..6 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = history.events[(state >> 33) as usize % history.events.len()].at;
        let mut cut = history.clone();
        cut.events.retain(|e| e.at < at);
        let below = cut.events.len();
        assert_eq!(
            fingerprints(&cut, below),
            whole[..below],
            "cutting everything from {at} on changed what came before"
        );
    }
}

#[test]
fn every_score_is_the_sum_of_its_contributions() {
    let Some(material) = material() else { return };
    let run = material.run(Some(0));
    let model = model();
    let mut explained = 0;
    fold(&run.history, &model, |assessed| {
        // An explanation costs a hundred scores: every attack, every rare publish, and some of the rest.
        let rare = assessed.p_value < 0.001 || run.labels.contains_key(&assessed.index);
        if rare || assessed.index % 100 == 0 {
            let contributions = assessed.assessment.contributions(&model);
            assert_eq!(contributions.iter().map(|c| c.points).sum::<i32>(), assessed.assessment.points);
            explained += 1;
            let of_trees = model.forest.points(&assessed.assessment.row);
            let mut raised = assessed.assessment.row.clone();
            for column in (0..raised.len()).filter(|&column| columns::only_raises(column)) {
                let bits = raised[column];
                raised[column] = bits + 3.0;
                assert!(model.forest.points(&raised) >= of_trees, "more surprise lowered a score");
                raised[column] = bits;
            }
        }
        assert!(assessed.assessment.judgements.iter().all(|j| j.bits().is_finite() && j.bits() >= 0.0));
        assert!(assessed.p_value > 0.0 && assessed.p_value <= 1.0);
    });
    assert!(explained > 5_000, "only {explained} explanations were checked");
}

#[test]
fn takeovers_are_found_at_a_tenth_of_the_alerts_of_the_common_rule() {
    let Some(evaluation) = evaluation() else { return };
    let ours = evaluation.methods.iter().find(|m| m.budget == Some(1_000)).expect("our row");
    let rule = evaluation.methods.iter().find(|m| m.name == "no-downgrade").expect("the rule's row");
    let tighter = evaluation.methods.iter().find(|m| m.budget == Some(10_000)).expect("our tightest row");
    assert!(tighter.alert_rate * 10.0 < rule.alert_rate && tighter.all.found > rule.all.found);
    assert!(ours.mean_campaign_recall > 0.6, "recall at 1/1000 fell to {}", ours.mean_campaign_recall);
    assert!(
        ours.mean_campaign_first_recall > 0.5,
        "first-version recall at 1/1000 fell to {}",
        ours.mean_campaign_first_recall
    );
    for method in evaluation.methods.iter().filter(|m| m.budget.is_some()) {
        assert!(method.alert_rate <= 1.0 / f64::from(method.budget.expect("a budget")) + 1e-9);
        assert_eq!(method.campaigns.values().map(|f| f.incidents).sum::<u32>(), method.all.incidents);
    }
    let rows = |peer: &Peer| match peer.how {
        How::Rule(_) => 1,
        How::Score(_) | How::Learnt(_) => BUDGETS.len(),
        How::Hold(_) => 0,
    };
    assert_eq!(evaluation.methods.len(), BUDGETS.len() + PEERS.iter().map(rows).sum::<usize>());
}

#[test]
fn equal_weights_alone_beat_the_common_rule_at_a_tenth_of_its_alerts() {
    let (Some(material), Some(evaluation)) = (material(), evaluation()) else { return };
    let rule = evaluation.methods.iter().find(|m| m.name == "no-downgrade").expect("the rule's row");
    let mut untaught = model();
    untaught.forest.trees.clear();
    let sums = |history: &History| {
        let mut sums = Vec::with_capacity(history.events.len());
        fold(history, &untaught, |a| sums.push(a.assessment.judgements.iter().map(|j| j.bits()).sum::<f32>()));
        sums
    };
    let clean = material.run(None);
    let scores = sums(&clean.history);
    let mut benign: Vec<f32> =
        scores.iter().zip(&clean.history.events).filter(|(_, e)| e.removed != Some(true)).map(|(s, _)| *s).collect();
    benign.sort_unstable_by(|a, b| b.total_cmp(a));
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "a rank")]
    let threshold = benign[(benign.len() as f64 * rule.alert_rate / 10.0) as usize];
    let mut found = std::collections::BTreeSet::new();
    for number in material.folds() {
        let run = material.run(Some(number));
        let scores = sums(&run.history);
        let alerted = run.labels.iter().filter(|(i, _)| scores[**i] > threshold);
        found.extend(alerted.map(|(_, label)| run.history.words.text(label.1).to_owned()));
    }
    assert!(found.len() > rule.all.found as usize, "{} incidents, the rule finds {}", found.len(), rule.all.found);
}

#[test]
fn real_takeovers_are_found_at_one_in_a_thousand() {
    let Some(evaluation) = evaluation() else { return };
    let ours = evaluation.methods.iter().find(|m| m.budget == Some(1_000)).expect("our row");
    assert_eq!(ours.real_publishes.0, 67);
    let missed: Vec<_> = ours.real.iter().filter(|(_, found)| found.found < found.incidents).collect();
    assert!(missed.is_empty(), "real incidents missed: {missed:?}");
    assert!(ours.real_publishes.1 >= 50, "{} of 67 real publishes above the threshold", ours.real_publishes.1);
}

#[test]
fn no_peer_with_a_score_finds_as_many_at_any_budget() {
    let Some(evaluation) = evaluation() else { return };
    for budget in BUDGETS {
        let (ours, theirs): (Vec<_>, Vec<_>) =
            evaluation.methods.iter().filter(|m| m.budget == Some(budget)).partition(|m| m.name == OURS);
        assert_eq!((ours.len(), theirs.len()), (1, 8));
        for peer in theirs {
            assert!(peer.mean_campaign_recall < ours[0].mean_campaign_recall, "{} at 1/{budget}", peer.name);
        }
    }
}

#[test]
fn the_evaluation_of_the_corpus_is_whole() {
    let Some(evaluation) = evaluation() else { return };
    assert_eq!(evaluation.months.first().map(|m| &*m.month), Some("2023-01"));
    assert_eq!(evaluation.months.last().map(|m| (&*m.month, m.days)), Some(("2026-08", 12)));
    let alerts: f64 = evaluation.months.iter().map(|m| m.alerts_a_day[0] * f64::from(m.days)).sum();
    let publishes: f64 = evaluation.months.iter().map(|m| m.publishes_a_day * f64::from(m.days)).sum();
    assert!((0.002..0.02).contains(&(alerts / publishes)), "{alerts} alerts of {publishes} since 2023");
    let nights = evaluation.nights;
    assert!(nights.days > 400 && nights.precision > 0.4 && nights.precision <= nights.best_possible, "{nights:?}");
    assert_eq!(evaluation.real.len(), 67);
    for publish in &evaluation.real {
        assert!((1..=publish.of).contains(&publish.rank) && !publish.sentence.is_empty(), "{publish:?}");
    }
    assert!(evaluation.holds.iter().all(|hold| hold.recall.is_none()), "no list of incidents was given");
    for method in &evaluation.methods {
        let [low, high] = method.recall_interval;
        assert!((low..=high).contains(&method.mean_campaign_recall), "{}", method.title());
        let [low, high] = method.first_recall_interval;
        assert!((low..=high).contains(&method.mean_campaign_first_recall), "{}", method.title());
    }
}

#[test]
fn holding_versions_is_measured_only_where_the_end_is_known() {
    let (Some(events), Some(attacks), Some(incidents)) =
        (shared("corpus/events.parquet"), shared("corpus/attacks.parquet"), shared("corpus/incidents.csv"))
    else {
        return;
    };
    let material = Material::read(&events, Some(&attacks)).expect("the corpus");
    assert!(material.lives().iter().all(Option::is_none));
    let lives = material.with_incidents(&incidents).expect("the incidents").lives();
    assert_eq!((lives.len(), lives.iter().flatten().count()), (3_752, 56));
}

#[test]
fn an_investigation_of_every_real_attack_adds_up() {
    let Some(material) = material() else { return };
    let run = material.run(Some(0));
    let (model, words) = (model(), &run.history.words);
    let real: Vec<usize> =
        run.labels.iter().filter(|(_, l)| words.text(l.1).starts_with("real:")).map(|(i, _)| *i).collect();
    assert_eq!(real.len(), 67);
    let mut last = real.clone();
    last.sort_unstable();
    for &position in last.iter().step_by(16) {
        let found = investigate(&run.history, &model, position).expect("the event");
        assert_eq!(found.finding.reasons.iter().map(|r| r.points).sum::<i32>(), found.finding.points);
        assert_eq!(found.package.iter().filter(|m| m.is_subject).count(), 1);
        let subject = found.package.iter().find(|m| m.is_subject).expect("the subject");
        assert_eq!(subject.points, found.finding.points, "the timeline and the judgement agree");
    }
}

#[test]
fn known_innocent_releases_stay_below_one_in_a_thousand() {
    // Real releases that other rules flag and that their owners made. Those that cannot be told
    // apart from a takeover by registry data are listed apart, so that a change is noticed.
    const QUIET: &[(&str, &str)] = &[
        ("semver", "5.7.2"),
        ("semver", "6.3.1"),
        ("chokidar", "4.0.2"),
        ("chokidar", "4.0.3"),
        ("undici-types", "6.19.8"),
        ("undici-types", "6.20.0"),
        ("axios", "0.30.3"),
        ("color-name", "2.0.2"),
        ("eslint-config-prettier", "9.1.2"),
    ];
    let (Some(material), Some(evaluation)) = (material(), evaluation()) else { return };
    let threshold =
        evaluation.methods.iter().find_map(|m| (m.budget == Some(1_000)).then_some(m.threshold?)).expect("a threshold");
    let run = material.run(None);
    let mut judged = 0;
    let mut loud = Vec::new();
    fold(&run.history, &model(), |assessed| {
        let words = &run.history.words;
        let event = assessed.look.event;
        if QUIET.contains(&(words.text(event.package), words.text(event.version))) {
            judged += 1;
            if assessed.assessment.points > threshold {
                loud.push(format!(
                    "{}@{} {}",
                    words.text(event.package),
                    words.text(event.version),
                    assessed.assessment.points
                ));
            }
        }
    });
    assert!(judged >= 5, "only {judged} of the innocent releases are in the corpus");
    assert!(loud.is_empty(), "above {threshold}: {loud:?}");
}
