//! Kinds of package: who is what, and that priors go by them.

use gaitkeeper::baseline::kind::Kind;
use gaitkeeper::detect::model::{File, Model};
use gaitkeeper::detect::scene::{Scene, said, trusted};
use gaitkeeper::detect::signals::position;
use gaitkeeper::engine::embedded::fold;

const HOUR: i64 = 3_600_000;

fn last(scene: Scene, model: &Model) -> (Kind, f32, i32) {
    let (history, at) = scene.history();
    let signal = position("git-head-lost").expect("the signal");
    let mut found = None;
    fold(&history, model, |assessed| {
        if assessed.index == at {
            let assessment = assessed.assessment;
            found = Some((assessment.kind, assessment.judgements[signal].bits(), assessment.points));
        }
    });
    found.expect("the last publish")
}

#[test]
fn a_package_is_of_the_kind_that_it_lives_like() {
    let model = Model::embedded().expect("the embedded model");
    let kind = |scene| last(scene, &model).0;
    assert_eq!(kind(Scene::steady(5)), Kind::Young);
    assert_eq!(kind(Scene::steady(12)), Kind::Personal);
    assert_eq!(kind(Scene::steady(30).all(trusted)), Kind::Attested);
    let mut nightly = Scene::default();
    for n in 0..40 {
        nightly = nightly.after(20 * HOUR, |e| e.version = Some(format!("2.0.0-canary.{n}")));
    }
    assert_eq!(kind(nightly), Kind::Busy);
    let mut shared = Scene::default();
    for n in 0..60 {
        shared = shared.next(|e| e.publisher = said(["ann", "bob", "kim", "lee"][n % 4]));
    }
    assert_eq!(kind(shared), Kind::Shared);
}

#[test]
fn a_signals_priors_go_by_the_kind_where_the_model_says_so() {
    let scene = Scene::steady(12).next(|e| e.git_head = None);
    let with = |cohort: &str| {
        let mut file = File::embedded().expect("the embedded model");
        let entry = file.signals.get_mut("git-head-lost").expect("the signal");
        entry.beta = Some([1.0, 10.0]);
        entry.cohorts = [(cohort.to_owned(), [0.01, 900.0])].into();
        last(scene.clone(), &Model::from_file(file, "test".to_owned()).expect("sound")).1
    };
    let (common, personal) = (with("busy-package"), with("personal-package"));
    assert!(personal > common + 3.0, "{personal} bits where it is unheard of, {common} where it is not");
    assert!(with("young-package").to_bits() == common.to_bits(), "another kind's prior changes nothing");
}
