//! A patient attacker who brings in one change at a time: what each step costs, and what bounds it.

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::verdicts::Verdict;
use gaitkeeper::baseline::package::QUARANTINE;
use gaitkeeper::baseline::stance::{DAY, HOUR, MINUTE};
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::engine::embedded::fold_under;
use gaitkeeper::engine::policy::{ALERTED, Policy};

/// Weekly publishes of the victim before the attacker comes.
const STEADY: usize = 100;
/// The changes, one after the other, each to stay: a new owner publishes; from another client; without a commit; with an
/// install hook that others have; with one more dependency that others have.
const STEPS: [fn(&mut PublishEvent); 5] = [
    |e| {
        e.publisher = said("eve");
        e.publisher_email_id = said("eeeeeeeeeeee");
        e.publisher_email_domain = said("eve.example");
        e.maintainers = said("ann|bob|eve");
    },
    |e| {
        e.npm_version = said("6.14.4");
        e.node_version = said("14.2.0");
    },
    |e| e.git_head = None,
    |e| {
        e.install_scripts = said("postinstall");
        e.install_script_id = said("b3:build");
    },
    |e| e.dependencies = said("left|right|old"),
];

/// A publish after so many steps.
fn prepare(e: &mut PublishEvent, steps: usize) {
    STEPS[..steps].iter().for_each(|step| step(e));
}

/// What the preparation was for: its own hook text, and a dependency that is new to the archive.
fn attack(e: &mut PublishEvent) {
    prepare(e, STEPS.len());
    e.install_script_id = said("b3:theft");
    e.dependencies = said("left|right|old|young");
}

/// Who decides what teaches.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Desk {
    /// Every publish teaches at once.
    NoQuarantine,
    /// The default.
    Nobody,
    /// Alerts are held back, and nobody looks at them.
    Holds,
}

/// What came of a drip.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// Publishes of the attacker before the last.
    publishes: usize,
    /// Milliseconds from the first of them to the last publish.
    span: i64,
    /// Alerts before the last publish.
    alerts: usize,
    /// p-value of the first publish of each step.
    steps: Vec<f64>,
    /// Points and p-value of the last publish.
    last: (i32, f64),
}

/// Steps with `between` publishes after each, `wait` apart; the last publish comes `wait` after that, with a hook text
/// and a dependency of its own or with nothing new.
fn drip(steps: usize, between: usize, wait: i64, desk: Desk, attacks: bool) -> Outcome {
    // Another project has the hook and the dependency for as long.
    let others = Scene::steady(STEADY).all(|e| {
        e.package = said("other");
        e.publisher = said("zoe");
        e.maintainers = said("zoe");
        e.install_scripts = said("postinstall");
        e.install_script_id = said("b3:build");
        e.dependencies = said("old");
        e.published_at = e.published_at.map(|at| at + 30 * MINUTE);
    });
    let mut scene = Scene::steady(STEADY);
    for step in 1..=steps {
        scene = (0..=between).fold(scene, |scene, _| scene.after(wait, |e| prepare(e, step)));
    }
    scene = scene.after(wait, |e| if attacks { attack(e) } else { prepare(e, steps) });
    let time = |at: usize| scene.events[at].published_at.expect("a time");
    let (begun, publishes) = (time(STEADY), scene.events.len() - STEADY - 1);
    let span = time(scene.events.len() - 1) - begun;
    scene.events.extend(others.events);
    let history = History::from_events(scene.events);
    let mut policy = Policy { hold_alerts: desk == Desk::Holds, ..Policy::default() };
    if desk == Desk::NoQuarantine {
        let releases = history.events.iter().map(|e| [e.registry, e.package, e.version]);
        policy.verdicts = releases.map(|release| (release, Verdict::Benign)).collect();
    }
    let mut judged = Vec::new();
    fold_under(&history, &Model::embedded().expect("the embedded model"), &policy, |assessed| {
        let event = assessed.look.event;
        if event.at >= begun && history.words.text(event.package) == "pkg" {
            judged.push((assessed.assessment.points, assessed.p_value));
        }
    });
    let (last, before) = judged.split_last().expect("the attack");
    Outcome {
        publishes,
        span,
        alerts: before.iter().filter(|(_, p)| *p <= ALERTED).count(),
        steps: before.iter().step_by(between + 1).map(|(_, p)| *p).collect(),
        last: *last,
    }
}

/// The ways to hold back, from none.
const HELD_BACK: [Desk; 3] = [Desk::NoQuarantine, Desk::Nobody, Desk::Holds];
/// p-value of a publish that a budget of 1/100 would show.
const FAINT: f64 = 0.02;
/// Time between publishes.
const WAITS: [(i64, &str); 5] =
    [(MINUTE, "1 min"), (HOUR, "1 h"), (4 * HOUR, "4 h"), (DAY, "1 day"), (7 * DAY, "7 days")];
/// Usual-looking publishes after each step.
const BETWEEN: [usize; 5] = [0, 1, 2, 5, 20];

#[test]
#[allow(clippy::disallowed_macros, reason = "the figures, for whoever asks with --nocapture")]
fn every_quiet_drip_takes_longer_than_the_quarantine() {
    let direct = drip(0, 0, 7 * DAY, Desk::Nobody, true);
    println!("unprepared: {direct:?}");
    assert!(direct.last.1 <= ALERTED, "an unprepared attack is alerted: {direct:?}");
    for (wait, name) in WAITS {
        for between in BETWEEN {
            let [at_once, default, held] = HELD_BACK.map(|desk| drip(STEPS.len(), between, wait, desk, true));
            println!("{name}, {between} between: at once {:?}; {default:?}", at_once.last);
            if default.alerts == 0 {
                assert_eq!(default, held, "what is not alerted is not held back");
            }
            if default.span < QUARANTINE {
                assert!(default.last.1 <= ALERTED, "{name}, {between} between: {default:?}");
            }
            if between == 0 {
                let rarest = default.steps.iter().copied().fold(1.0, f64::min);
                assert!(rarest <= FAINT, "an unpadded step is among the rarest fiftieth: {default:?}");
            }
        }
    }
}

#[test]
#[allow(clippy::disallowed_macros, reason = "the figures, for whoever asks with --nocapture")]
fn what_is_prepared_to_the_end_is_not_seen() {
    let (payload, same) =
        (drip(STEPS.len(), 5, DAY, Desk::Nobody, true), drip(STEPS.len(), 5, DAY, Desk::Nobody, false));
    println!("new hook and dependency: {payload:?}; nothing new: {same:?}");
    assert!(same.last.1 > FAINT, "gaitkeeper reads no code: {same:?}");
    assert!(payload.last.1 < same.last.1 / 10.0, "{payload:?}");
    let fewer: Vec<i32> = (0..=STEPS.len()).map(|steps| drip(steps, 5, DAY, Desk::Nobody, true).last.0).collect();
    println!("points of the attack after 0 to {} steps: {fewer:?}", STEPS.len());
    assert!(fewer.last() < fewer.first(), "preparation makes the attack more usual: {fewer:?}");
}
