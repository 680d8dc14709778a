//! Looking at a v1 log again and again: it may only grow, and each way of not doing so has its name.

use std::collections::BTreeSet;

use gaitkeeper::acquire::rekor::checkpoint::Refused;
use gaitkeeper::acquire::rekor::head::{Class, Head, Sight, Split, Wrong};
use gaitkeeper::acquire::rekor::v1::{Key, Uuid};
use gaitkeeper::pipeline::rekor::lookup::Outcome;
use gaitkeeper::pipeline::rekor::monitor::{Look, look, round};
use proptest::prelude::*;

use crate::rekor_setting::{NOW, Setting, run};
use crate::replay_log::{FIRST_TREE, Fault};

fn seen(setting: &Setting, held: Option<&Head>) -> Look {
    let asker = setting.asker();
    run(look(setting.entries(&asker), held, NOW)).expect("a sound head")
}

/// The head of a log of that size, as first seen.
fn first(setting: &Setting) -> Head {
    seen(setting, None).head.expect("a head")
}

/// One look that must not move the head, at a log with these faults.
fn stays(setting: &Setting, held: &Head, faults: &[Fault]) -> Sight {
    setting.log.faults(faults.to_vec());
    let look = seen(setting, Some(held));
    assert_eq!(look.head, None, "{faults:?} moved the head: {:?}", look.sight);
    assert!(!look.sight.remedy().is_empty() && !look.sight.sentence().ends_with('.'));
    look.sight
}

#[test]
fn first_sight_then_growth_then_rest() {
    let Some(setting) = Setting::start(100) else { return };
    let look = seen(&setting, None);
    assert_eq!(look.sight, Sight::First { size: 100 });
    let mut held = look.head.expect("a head");
    assert_eq!(held.log, format!("rekor.example - {FIRST_TREE}"));
    assert_eq!((held.tree_id.as_deref(), held.size, held.seen_at), (Some(FIRST_TREE), 100, NOW));
    assert!(held.note.starts_with(&held.log), "the evidence is kept");

    let look = seen(&setting, Some(&held));
    assert_eq!((look.sight, look.head), (Sight::Unchanged { size: 100 }, None));

    for to in [101, 128, 129, 500, 928, 929] {
        setting.log.resize(to);
        let look = seen(&setting, Some(&held));
        assert_eq!(look.sight, Sight::Grown { from: held.size, to: to as u64 });
        assert_eq!(look.sight.class(), Class::Sound);
        held = look.head.expect("the head moves");
    }
    assert_eq!(held.size, 929);
}

#[test]
fn a_head_survives_being_stored() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    let text = serde_json::to_string(&head).expect("JSON");
    let read: Head = serde_json::from_str(&text).expect("a head");
    setting.log.resize(301);
    assert_eq!(seen(&setting, Some(&read)).sight, Sight::Grown { from: 300, to: 301 });
}

#[test]
fn a_damaged_head_is_refused_rather_than_compared() {
    let Some(setting) = Setting::start(300) else { return };
    let head = Head { root: "00".to_owned(), ..first(&setting) };
    let asker = setting.asker();
    let error = run(look(setting.entries(&asker), Some(&head), NOW)).expect_err("no root");
    assert!(error.remedy.is_some(), "{error}");
}

#[test]
fn fewer_entries_than_before_are_a_finding() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.resize(299);
    let sight = stays(&setting, &head, &[]);
    assert_eq!(sight, Sight::Rewound { from: 300, to: 299 });
    assert_eq!(sight.class(), Class::Finding);
}

#[test]
fn another_tree_of_the_same_size_is_a_split_view_with_evidence() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.faults([Fault::Fork(17)]);
    let look = seen(&setting, Some(&head));
    assert_eq!(look.sight, Sight::SplitView(Split::Roots { size: 300 }));
    assert_eq!(look.sight.class(), Class::Finding);
    let shown = look.shown.expect("the other checkpoint");
    assert_ne!(shown.root, head.root);
    assert_ne!(shown.note, head.note);
}

#[test]
fn a_grown_log_that_forked_before_does_not_prove_its_growth() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.resize(400);
    for forked in [0, 17, 299] {
        let sight = stays(&setting, &head, &[Fault::Fork(forked)]);
        assert!(matches!(sight, Sight::SplitView(Split::Unproved { from: 300, to: 400, .. })), "{sight:?}");
    }
    // What is new may be anything.
    setting.log.faults([Fault::Fork(300)]);
    assert_eq!(seen(&setting, Some(&head)).sight, Sight::Grown { from: 300, to: 400 });
}

#[test]
fn a_proof_that_is_stale_or_refused_proves_nothing() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.resize(400);
    for (fault, word) in [(Fault::StaleProof, "another root"), (Fault::NoProof, "400")] {
        let sight = stays(&setting, &head, std::slice::from_ref(&fault));
        let Sight::SplitView(Split::Unproved { why, .. }) = &sight else { panic!("{fault:?}: {sight:?}") };
        assert!(why.contains(word), "{why}");
    }
}

#[test]
fn checkpoints_that_are_not_this_log_s_are_told_apart() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.resize(400);
    let wrong = |sight: Sight| match sight {
        Sight::WrongCheckpoint(wrong) => wrong,
        other => panic!("{other:?}"),
    };
    let signature = wrong(stays(&setting, &head, &[Fault::Signature]));
    assert!(matches!(signature, Wrong::Note(Refused::Signature(_))), "{signature:?}");
    let origin = wrong(stays(&setting, &head, &[Fault::Origin]));
    assert!(matches!(origin, Wrong::Note(Refused::Origin(_))), "{origin:?}");
    assert_eq!(wrong(stays(&setting, &head, &[Fault::Size])), Wrong::Disagrees("number of entries"));
    assert_eq!(wrong(stays(&setting, &head, &[Fault::Root])), Wrong::Disagrees("root"));
    assert_eq!(wrong(stays(&setting, &head, &[Fault::Tree])), Wrong::Disagrees("tree id"));
    for fault in [Fault::Signature, Fault::Origin, Fault::Size, Fault::Root, Fault::Tree] {
        assert_eq!(stays(&setting, &head, &[fault]).class(), Class::Finding);
    }
}

#[test]
fn a_key_that_nobody_knows_says_that_the_trusted_root_may_be_old() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    let sight = stays(&setting, &head, &[Fault::StrangeKey]);
    assert!(matches!(sight, Sight::WrongCheckpoint(Wrong::Note(Refused::UnknownLog(_)))), "{sight:?}");
    assert_eq!(sight.class(), Class::Infrastructure);
    assert!(sight.remedy().contains("trusted root"));
}

#[test]
fn a_head_of_another_log_is_not_compared_by_its_sizes() {
    let Some(setting) = Setting::start(300) else { return };
    let head = Head { log: format!("other.example - {FIRST_TREE}"), ..first(&setting) };
    let sight = stays(&setting, &head, &[]);
    let found = format!("rekor.example - {FIRST_TREE}");
    assert_eq!(sight, Sight::WrongCheckpoint(Wrong::Origin { expected: head.log, found }));
}

#[test]
fn another_log_of_the_trusted_root_is_not_this_one() {
    let Some(setting) = Setting::start(300) else { return };
    let asker = setting.asker();
    // The address answers with one log's checkpoint, and another one was to be there.
    let mut watched = setting.entries(&asker);
    watched.log = setting.keys.logs().iter().find(|log| log.name == "rekor.sigstore.dev").expect("the public log");
    let look = run(look(watched, None, NOW)).expect("no head");
    assert!(matches!(look.sight, Sight::WrongCheckpoint(Wrong::Origin { .. })), "{:?}", look.sight);
    assert_eq!(look.head, None);
}

#[test]
fn the_network_s_troubles_are_no_findings_and_leave_the_head() {
    let Some(mut setting) = Setting::start(300) else { return };
    let head = first(&setting);
    for (fault, name) in [
        (Fault::Outage, "unreachable"),
        (Fault::Throttled, "rate-limited"),
        (Fault::CutJson, "malformed"),
        (Fault::Page, "malformed"),
        (Fault::Bomb("log".to_owned()), "malformed"),
    ] {
        setting.forgive();
        let sight = stays(&setting, &head, std::slice::from_ref(&fault));
        assert_eq!((sight.name(), sight.class()), (name, Class::Infrastructure), "{fault:?}");
    }
    setting.forgive();
    setting.log.resize(301);
    setting.log.faults([]);
    assert_eq!(seen(&setting, Some(&head)).sight, Sight::Grown { from: 300, to: 301 });
}

#[test]
fn a_trouble_between_the_log_and_its_proof_leaves_the_head() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.resize(400);
    assert_eq!(stays(&setting, &head, &[Fault::ThrottledAfter(1)]).name(), "rate-limited");
    assert_eq!(stays(&setting, &head, &[Fault::Truncated("proof".to_owned())]).name(), "malformed");
}

#[test]
fn a_shard_that_closes_with_all_that_was_seen_is_followed_by_the_next() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.resize(310);
    setting.log.shard("77", 5);
    let look = seen(&setting, Some(&head));
    let (from, to) = (FIRST_TREE.to_owned(), "77".to_owned());
    assert_eq!(look.sight, Sight::ShardChanged { from, closed_at: 310, to, size: 5 });
    let next = look.head.expect("the head moves");
    assert_eq!((next.tree_id.as_deref(), next.size), (Some("77"), 5));
    setting.log.resize(9);
    assert_eq!(seen(&setting, Some(&next)).sight, Sight::Grown { from: 5, to: 9 });
}

#[test]
fn a_shard_cannot_close_with_another_history_or_vanish() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.resize(310);
    setting.log.shard("77", 5);
    let sight = stays(&setting, &head, &[Fault::Fork(3)]);
    assert!(matches!(sight, Sight::SplitView(Split::Unproved { from: 300, to: 310, .. })), "{sight:?}");
    setting.log.lose_shards();
    let sight = stays(&setting, &head, &[]);
    assert_eq!(sight, Sight::SplitView(Split::ShardGone { tree_id: FIRST_TREE.to_owned() }));
}

#[test]
fn a_shard_that_closed_smaller_than_it_was_is_rewound() {
    let Some(setting) = Setting::start(300) else { return };
    let head = first(&setting);
    setting.log.resize(200);
    setting.log.shard("77", 5);
    assert_eq!(stays(&setting, &head, &[]), Sight::Rewound { from: 300, to: 200 });
}

#[test]
fn news_of_the_watched_come_from_the_index_and_never_from_a_scan() {
    let Some(setting) = Setting::start(300) else { return };
    let (address, count) = setting.log.richest(|key| key.contains('@') && !key.starts_with("https:"));
    let keys = [Key::Email(address), Key::Digest(format!("sha256:{}", "0".repeat(64)))];
    let asker = setting.asker();
    let watched = setting.entries(&asker);
    let mut known = BTreeSet::new();
    setting.log.requests();
    let one = run(round(watched, None, &keys, &known, 1000, NOW)).expect("a round");
    let news = one.news.expect("the log answered");
    assert_eq!(news.found.len(), count);
    assert_eq!(setting.log.requests().len(), 1 + 2 + count.div_ceil(10));
    known.extend(news.found.iter().filter_map(|found| Uuid::new(&found.entry.uuid)));

    let two = run(round(watched, one.look.head.as_ref(), &keys, &known, 1000, NOW)).expect("a round");
    let news = two.news.expect("the log answered");
    assert_eq!((news.found.len(), news.known), (0, count));
    assert_eq!(setting.log.requests().len(), 3, "the log, and one search for each key");
}

#[test]
fn a_log_that_breaks_its_promise_is_asked_and_one_that_is_silent_is_not() {
    let Some(mut setting) = Setting::start(300) else { return };
    let head = first(&setting);
    let key = Key::Digest(setting.log.richest(|key| key.starts_with("sha256:")).0);
    let ask = |setting: &Setting, faults: &[Fault]| {
        setting.log.faults(faults.to_vec());
        let asker = setting.asker();
        let keys = std::slice::from_ref(&key);
        run(round(setting.entries(&asker), Some(&head), keys, &BTreeSet::new(), 10, NOW)).expect("a round")
    };
    let split = ask(&setting, &[Fault::Fork(3)]);
    assert_eq!(split.look.sight.class(), Class::Finding);
    assert!(matches!(split.news.expect("asked").searches[0].outcome, Outcome::Named { .. }));
    assert_eq!(ask(&setting, &[Fault::Outage]).news, None);
    setting.forgive();
    let partial = ask(&setting, &[Fault::ThrottledAfter(1)]);
    assert_eq!(partial.look.sight, Sight::Unchanged { size: 300 });
    assert!(!partial.news.expect("asked").is_complete());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_growth_is_proved_and_any_earlier_fork_is_not(sizes in proptest::collection::btree_set(1usize..929, 2), fork in 0usize..929) {
        let (from, to) = (*sizes.first().expect("two"), *sizes.last().expect("two"));
        let Some(setting) = Setting::start(from) else { return Ok(()) };
        let head = first(&setting);
        setting.log.resize(to);
        setting.log.faults([Fault::Fork(fork)]);
        let sight = seen(&setting, Some(&head)).sight;
        if fork < from {
            prop_assert!(matches!(sight, Sight::SplitView(Split::Unproved { .. })), "{sight:?}");
        } else {
            prop_assert_eq!(sight, Sight::Grown { from: from as u64, to: to as u64 });
        }
    }
}
