//! Peers' rules on small histories: each fires, passes, and says where it cannot tell.

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::history::History;
use gaitkeeper::baseline::stance::{DAY, HOUR};
use gaitkeeper::detect::scene::{Scene, said, trusted};
use gaitkeeper::engine::columns::Columns;
use gaitkeeper::engine::peers::Ruling::{Fire, NotApplicable, Pass};
use gaitkeeper::engine::peers::hold::measure;
use gaitkeeper::engine::peers::{How, PEERS, Peer, Ruling};

fn peer(id: &str) -> &'static Peer {
    PEERS.iter().find(|peer| peer.id == id).unwrap_or_else(|| panic!("there is no peer {id}"))
}

/// What a rule says of the last publish.
fn last(id: &str, scene: &Scene) -> Ruling {
    let How::Rule(run) = peer(id).how else { panic!("{id} is no rule") };
    *run(&History::from_events(scene.events.clone())).last().expect("a publish")
}

/// The scores of a history, in the order of time.
fn scores(id: &str, scene: &Scene) -> Vec<Option<f32>> {
    let How::Score(run) = peer(id).how else { panic!("{id} gives no score") };
    run(&History::from_events(scene.events.clone()))
}

fn attested(event: &mut PublishEvent) {
    event.provenance = said("https://slsa.dev/provenance/v1");
}

/// The version object is gone.
fn bare(event: &mut PublishEvent) {
    *event = PublishEvent {
        registry: event.registry.take(),
        package: event.package.take(),
        version: event.version.take(),
        published_at: event.published_at,
        removed: Some(true),
        ..PublishEvent::default()
    };
}

fn version(text: &'static str) -> impl Fn(&mut PublishEvent) {
    move |event| event.version = said(text)
}

struct Case {
    peer: &'static str,
    fires: Scene,
    passes: Scene,
    cannot_tell: Scene,
}

fn cases() -> Vec<Case> {
    let steady = || Scene::steady(6);
    let first = || Scene::steady(1);
    let case = |peer, fires, passes, cannot_tell| Case { peer, fires, passes, cannot_tell };
    let once_attested = || steady().next(attested).next(|_| {});
    let to_eve = |event: &mut PublishEvent| event.publisher = said("eve");
    let workflow =
        |path: &'static str| move |event: &mut PublishEvent| (trusted(event), event.ci_workflow = said(path)).1;
    vec![
        case("no-downgrade", once_attested(), steady().next(attested), first()),
        case("no-downgrade-10.21", once_attested(), steady().next(trusted), steady().next(bare)),
        case("no-downgrade-10.24", once_attested(), steady().next(attested), first()),
        case("no-downgrade-14d", once_attested(), steady().next(attested), first()),
        case("same-major-downgrade", once_attested(), steady().next(attested), steady().next(version("2.0.0"))),
        case("predecessor-trust", once_attested(), once_attested().next(|_| {}), first()),
        case(
            "predecessor-warn",
            steady().next(attested).next(|e| (attested(e), e.repository = said("github.com/eve/pkg")).1),
            steady().next(attested).next(attested),
            steady().next(bare),
        ),
        case("new-releaser", steady().next(to_eve), steady().next(to_eve).next(to_eve), first()),
        case("attestation-lost", once_attested(), once_attested().next(|_| {}), first()),
        case("install-script", steady().next(|e| e.install_script_id = said("b3:1")), steady(), first()),
        case("young-author", steady().next(|e| e.publisher_email_id = said("eeee")), steady(), steady().next(bare)),
        case("gap-180d", steady().after(181 * DAY, |_| {}), steady().after(180 * DAY, |_| {}), first()),
        case("temporal-history", steady().after(HOUR, |_| {}).next(|_| {}), steady(), Scene::steady(2)),
        case("temporal-window", steady().after(HOUR, |_| {}), steady().after(HOUR, |_| {}).next(|_| {}), first()),
        case(
            "dormant-new-publisher",
            steady().after(181 * DAY, to_eve),
            steady().next(to_eve),
            steady().after(181 * DAY, |e| e.publisher = None),
        ),
        case(
            "learnt-identity",
            first().then(5, trusted).next(workflow("evil.yml")),
            first().then(6, trusted),
            first().then(5, trusted),
        ),
        case("predecessor-difference", steady().next(to_eve), steady(), first()),
    ]
}

#[test]
fn every_rule_fires_passes_and_says_where_it_cannot_tell() {
    let cases = cases();
    for case in &cases {
        assert_eq!(last(case.peer, &case.fires), Fire, "{}", case.peer);
        assert_eq!(last(case.peer, &case.passes), Pass, "{}", case.peer);
        assert_eq!(last(case.peer, &case.cannot_tell), NotApplicable, "{}", case.peer);
    }
    let judged: Vec<&str> = cases.iter().map(|case| case.peer).collect();
    let rules: Vec<&str> = PEERS.iter().filter(|p| matches!(p.how, How::Rule(_))).map(|p| p.id).collect();
    assert_eq!(judged, rules, "every rule has its case");
}

#[test]
fn the_forms_of_the_gate_differ_where_their_makers_say() {
    let beta_attested = Scene::steady(3).next(|e| (attested(e), e.version = said("2.0.0-beta.1")).1).next(|_| {});
    assert_eq!(last("no-downgrade-10.21", &beta_attested), Fire, "prereleases count at first");
    assert_eq!(last("no-downgrade-10.24", &beta_attested), Pass);
    assert_eq!(last("no-downgrade", &beta_attested), Pass);
    let flag_alone = |e: &mut PublishEvent| (trusted(e), e.provenance = None).1;
    let flag_lost = Scene::steady(3).next(flag_alone).next(|_| {});
    assert_eq!(last("no-downgrade-10.24", &flag_lost), Fire, "trusted publishing counted alone");
    assert_eq!(last("no-downgrade", &flag_lost), Pass);
    let staged = Scene::steady(3).next(|e| (trusted(e), e.approver = said("bob")).1).next(trusted);
    assert_eq!(last("no-downgrade", &staged), Fire, "staged publishing ranks above");
    assert_eq!(last("no-downgrade-10.24", &staged), Pass);
    let backport = Scene::steady(3).next(|e| (attested(e), e.version = said("2.0.0")).1).next(version("1.0.9"));
    assert_eq!(last("no-downgrade", &backport), Fire, "across all majors");
    assert_eq!(last("same-major-downgrade", &backport), Pass);
}

#[test]
fn a_window_of_the_past_fires_for_ever_and_the_candidates_own_only_once() {
    let later = Scene::steady(4).after(HOUR, |_| {}).then(5, |_| {});
    assert_eq!(last("temporal-history", &later), Fire);
    assert_eq!(last("temporal-window", &later), Pass);
    let slow_burst = Scene::steady(4).after(11 * HOUR, |_| {}).after(11 * HOUR, |_| {});
    assert_eq!(last("temporal-window", &slow_burst), Fire, "three in a day");
    let new_owner = Scene::steady(4).next(|e| e.maintainers = said("ann|bob|eve"));
    assert_eq!(last("temporal-window", &new_owner), Fire);
}

#[test]
fn floors_score_what_is_unusual_higher_and_say_where_they_cannot() {
    let uneven = |scene: Scene| (0..12).fold(scene, |scene, i| scene.after((5 + i % 5) * DAY, |_| {}));
    let after = |wait: i64| uneven(Scene::steady(1)).after(wait, |_| {});
    let z = |wait: i64| scores("gap-z", &after(wait)).last().copied().flatten().expect("a score");
    assert!(z(7 * DAY) < 1.0 && z(HOUR) > 5.0 && z(3_000 * DAY) > 5.0, "{} {} {}", z(7 * DAY), z(HOUR), z(3_000 * DAY));
    let burst = scores("account-rate", &(0..6).fold(Scene::steady(40), |scene, _| scene.after(1_000, |_| {})));
    assert!(burst[44] > burst[30] && burst[30].is_some(), "{burst:?}");
    let night = scores("hour-of-week", &Scene::steady(30).after(7 * DAY + 12 * HOUR, |_| {}));
    assert!(night[30] > night[29], "{night:?}");
    let stranger = scores("first-seen", &Scene::steady(9).next(|e| e.publisher = said("eve")));
    assert_eq!((stranger[8], stranger[9] > Some(2.0)), (Some(0.0), true), "{stranger:?}");
    assert_eq!(scores("publish-volume", &Scene::steady(3)), [Some(1.0), Some(2.0), Some(3.0)]);
    for id in ["gap-z", "account-rate", "hour-of-week", "first-seen"] {
        assert_eq!(scores(id, &Scene::steady(9))[0], None, "{id}");
    }
    let nobody = Scene::steady(9).all(|e| e.publisher = None);
    assert!(["account-rate", "hour-of-week", "publish-volume"].iter().all(|id| scores(id, &nobody)[8].is_none()));
    let order = scores("random", &Scene::steady(50));
    assert_eq!(order, scores("random", &Scene::steady(50)));
    assert!(order.windows(2).any(|two| two[0] < two[1]) && order.windows(2).any(|two| two[0] > two[1]));
}

/// 300 rows of five columns that vary a little, and one that is far out in two of them.
fn rows() -> Vec<Vec<f32>> {
    let cell =
        |row: u8, column: u8| f32::from((row.wrapping_mul(37).wrapping_add(column.wrapping_mul(101))) % 16) / 8.0;
    let mut rows: Vec<Vec<f32>> = (0..=255).map(|row| (0..5).map(|column| cell(row, column)).collect()).collect();
    rows.push(vec![1.0, 12.0, 1.0, 9.0, 1.0]);
    rows
}

#[test]
fn what_is_learnt_from_rows_puts_the_obvious_outlier_first() {
    let columns = Columns::from_rows(&rows());
    assert_eq!((columns.len(), columns.width()), (257, 5));
    for id in ["isolation-forest", "ecod"] {
        let How::Learnt(learn) = peer(id).how else { panic!("{id} does not learn") };
        let scores = |rows: &Columns| -> Vec<f32> {
            let learnt = learn(&columns);
            rows.rows().map(|row| learnt.score(row)).collect()
        };
        let found = scores(&columns);
        let (outlier, others) = found.split_last().expect("rows");
        assert!(others.iter().all(|other| other < outlier), "{id}: {outlier} {found:?}");
        assert_eq!(found, scores(&columns), "{id} gives the same scores every time");
        assert!(learn(&Columns::default()).score(&[]).is_finite(), "{id} on nothing");
    }
}

#[test]
fn ecod_takes_the_tail_that_the_columns_lean_to() {
    let How::Learnt(learn) = peer("ecod").how else { panic!("ecod does not learn") };
    let mut rows = vec![vec![0.0]; 98];
    rows.extend([vec![1.0], vec![2.0]]);
    let learnt = learn(&Columns::from_rows(&rows));
    let expected = |as_extreme: f32| -((1.0 + as_extreme) / 101.0).ln();
    for (sixteenths, as_extreme) in [(0u8, 98.0), (16, 2.0), (32, 1.0), (200, 0.0)] {
        assert!((learnt.score(&[sixteenths]) - expected(as_extreme)).abs() < 1e-5, "{sixteenths}");
    }
}

#[test]
fn a_hold_is_measured_where_the_end_is_known_and_nowhere_else() {
    let hold = measure("minimum-age-24h", "held", 24, &[Some(HOUR), Some(30 * HOUR), None, Some(24 * HOUR)]);
    assert_eq!((hold.measurable, hold.not_measurable, hold.caught), (3, 1, 2));
    assert!(hold.recall.is_some_and(|recall| (recall - 2.0 / 3.0).abs() < 1e-9));
    assert_eq!(measure("minimum-age-24h", "held", 24, &[None, None]).recall, None, "not measurable is not zero");
}

#[test]
fn names_are_unique_and_rules_are_explained() {
    let mut names: Vec<&str> = PEERS.iter().map(|peer| peer.id).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PEERS.len());
    assert!(PEERS.iter().all(|peer| peer.rule.len() > 10));
}
