//! Asking a v1 log: searches, batches, what is missing, and what a log or the way to it can spoil.

use std::collections::BTreeSet;
use std::time::Duration;

use gaitkeeper::acquire::rekor::entry::Step;
use gaitkeeper::acquire::rekor::v1::{self, Key, Uuid};
use gaitkeeper::error::Error;
use gaitkeeper::pipeline::rekor::ask::{Asker, Trouble};
use gaitkeeper::pipeline::rekor::lookup::{Looked, Outcome, Wanted, lookup, one};

use crate::rekor_setting::{Setting, client, run};
use crate::replay_log::Fault;

fn look(setting: &Setting, wanted: &Wanted) -> Looked {
    run(async { lookup(&setting.asker(), &setting.keys, wanted).await })
}

fn of_keys(keys: impl IntoIterator<Item = Key>) -> Wanted {
    Wanted { keys: keys.into_iter().collect(), most: 1000, ..Wanted::default() }
}

fn of_names(names: &[&str]) -> Wanted {
    let uuids = names.iter().map(|name| Uuid::new(name).expect("a name")).collect();
    Wanted { uuids, most: 1000, ..Wanted::default() }
}

/// The digest with most entries.
fn busy_digest(setting: &Setting) -> (Key, usize) {
    let (key, count) = setting.log.richest(|key| key.starts_with("sha256:"));
    (Key::Digest(key), count)
}

#[test]
fn every_real_entry_is_fetched_in_tens_and_checked() {
    let Some(setting) = Setting::start(1) else { return };
    let names = setting.log.names();
    let names: Vec<&str> = names.iter().map(|(uuid, _)| uuid.as_str()).collect();
    let looked = look(&setting, &of_names(&names));
    assert!(looked.is_complete(), "{:?} {:?}", looked.missing, looked.unread);
    assert_eq!(looked.found.len(), 929);
    assert!(looked.found.iter().all(|f| f.report.set == Step::Verified && f.report.uuid == Step::Verified));
    assert_eq!(looked.found.iter().filter(|f| f.report.inclusion == Step::Verified).count(), 909);
    assert_eq!(looked.found.iter().filter(|f| f.report.checkpoint == Step::Verified).count(), 909);
    let requests = setting.log.requests();
    assert_eq!(requests.len(), 93, "ten at a time");
    assert!(requests.iter().all(|(method, path, _)| method == "POST" && path == "/api/v1/log/entries/retrieve"));
}

#[test]
fn entries_are_fetched_by_index_too() {
    let Some(setting) = Setting::start(1) else { return };
    let names = setting.log.names();
    let indexes: Vec<u64> = names.iter().take(25).map(|(_, index)| *index).chain([7, 7]).collect();
    let looked = look(&setting, &Wanted { indexes, most: 1000, ..Wanted::default() });
    let found: Vec<u64> = looked.found.iter().map(|found| found.entry.index).collect();
    assert_eq!(found, names.iter().take(25).map(|(_, index)| *index).collect::<Vec<_>>());
    assert_eq!(looked.missing_indexes, [7]);
    assert!(!looked.is_complete());
}

#[test]
fn a_search_by_digest_and_by_subject_finds_the_same_entry_once() {
    let Some(setting) = Setting::start(1) else { return };
    let (digest, count) = busy_digest(&setting);
    let (subject, many) = setting.log.richest(|key| key.starts_with("https://"));
    let looked = look(&setting, &of_keys([digest.clone(), digest.clone(), Key::Subject(subject.clone())]));
    assert!(looked.is_complete());
    assert_eq!(looked.searches.len(), 3);
    let named = |n: usize| Outcome::Named { entries: n, refused: 0, cut: 0 };
    assert_eq!(looked.searches[0].outcome, named(count));
    assert_eq!(looked.searches[2].outcome, named(many));
    for found in looked.found.iter().filter(|found| found.by.contains(&digest)) {
        let Key::Digest(wanted) = &digest else { unreachable!() };
        assert!(found.entry.body.digests.iter().any(|digest| digest.key() == *wanted));
        assert_eq!(found.by.iter().filter(|by| **by == digest).count(), 1);
    }
    let distinct: BTreeSet<&str> = looked.found.iter().map(|found| found.entry.uuid.as_str()).collect();
    assert_eq!(distinct.len(), looked.found.len());
}

#[test]
fn a_search_by_an_address_sends_it_and_keeps_it_out_of_words() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, count) = setting.log.richest(|key| key.contains('@') && !key.starts_with("https:"));
    let looked = look(&setting, &of_keys([Key::Email(address.clone())]));
    assert_eq!(looked.found.len(), count);
    assert!(count > 100, "a release manager signs much");
    assert_eq!(looked.found[0].by[0].kind(), "e-mail address");
    assert!(!format!("{:?}", looked.searches).contains(&address), "an address is shown");
    assert!(setting.log.requests()[0].2.contains(&address));
}

#[test]
fn an_empty_search_is_complete_and_names_nothing() {
    let Some(setting) = Setting::start(1) else { return };
    let looked = look(&setting, &of_keys([Key::Digest(format!("sha512:{}", "0".repeat(128)))]));
    assert_eq!(looked.searches[0].outcome, Outcome::Named { entries: 0, refused: 0, cut: 0 });
    assert!(looked.is_complete() && looked.found.is_empty());
}

#[test]
fn a_log_that_does_not_know_subjects_is_not_searchable_rather_than_empty() {
    let Some(setting) = Setting::start(1) else { return };
    for status in [400, 422] {
        setting.log.faults([Fault::NoSubjects(status)]);
        let (digest, count) = busy_digest(&setting);
        let looked = look(&setting, &of_keys([Key::Subject("https://ci.example/job".to_owned()), digest]));
        let Outcome::NotSearchable(why) = &looked.searches[0].outcome else {
            panic!("{:?}", looked.searches[0].outcome)
        };
        assert!(why.contains(&status.to_string()), "{why}");
        assert_eq!(looked.found.len(), count, "the other search goes on");
        assert!(!looked.is_complete());
    }
}

#[test]
fn an_index_that_is_switched_off_is_said() {
    let Some(setting) = Setting::start(1) else { return };
    setting.log.faults([Fault::NoIndex]);
    let looked = look(&setting, &of_keys([busy_digest(&setting).0]));
    assert!(matches!(looked.searches[0].outcome, Outcome::NotSearchable(_)), "{:?}", looked.searches);
}

#[test]
fn names_that_the_log_does_not_have_are_missing_and_nonsense_is_refused() {
    let Some(setting) = Setting::start(1) else { return };
    let (digest, count) = busy_digest(&setting);
    let absent = "108e9186e8c5677a".to_owned() + &"ab".repeat(32);
    let also = vec![absent.clone(), "no uuid".to_owned(), "../../log".to_owned(), absent.clone()];
    setting.log.faults([Fault::AlsoNamed(also)]);
    let looked = look(&setting, &of_keys([digest]));
    assert_eq!(looked.searches[0].outcome, Outcome::Named { entries: count + 1, refused: 2, cut: 0 });
    assert_eq!(looked.missing.iter().map(Uuid::as_str).collect::<Vec<_>>(), [absent]);
    assert_eq!(looked.found.len(), count);
    assert!(!looked.is_complete());
}

#[test]
fn what_is_known_is_not_fetched_and_what_is_too_much_is_left() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, count) = setting.log.richest(|key| key.contains('@') && !key.starts_with("https:"));
    let mut wanted = of_keys([Key::Email(address)]);
    wanted.most = 25;
    let first = look(&setting, &wanted);
    assert_eq!((first.found.len(), first.left.len()), (25, count - 25));
    assert!(!first.is_complete());
    wanted.known = first.found.iter().filter_map(|found| Uuid::new(&found.entry.uuid)).collect();
    let second = look(&setting, &wanted);
    assert_eq!((second.known, second.found.len(), second.left.len()), (25, 25, count - 50));
    let names = |looked: &Looked| looked.found.iter().map(|f| f.entry.uuid.clone()).collect::<BTreeSet<_>>();
    assert!(names(&first).is_disjoint(&names(&second)));
}

#[test]
fn one_spoilt_entry_does_not_hide_the_other_nine() {
    let Some(setting) = Setting::start(1) else { return };
    let names = setting.log.names();
    let names: Vec<&str> = names.iter().take(20).map(|(uuid, _)| uuid.as_str()).collect();
    setting.log.faults([Fault::SpoiltBatch(names[3].to_owned())]);
    let looked = look(&setting, &of_names(&names));
    assert_eq!(looked.found.len(), 20);
    assert_eq!(looked.troubles.len(), 1);
    assert!(matches!(looked.troubles[0], Trouble::Malformed(_)));
    assert_eq!(setting.log.requests().len(), 12, "two batches, and ten by themselves");
}

#[test]
fn what_was_not_asked_for_is_dropped_and_a_swapped_entry_fails_its_check() {
    let Some(setting) = Setting::start(1) else { return };
    let names = setting.log.names();
    let [one, two, three] = [0, 1, 2].map(|n| names[n].0.as_str());
    setting.log.faults([Fault::Unasked(three.to_owned()), Fault::Swapped(one.to_owned(), two.to_owned())]);
    let looked = look(&setting, &of_names(&[one]));
    assert_eq!((looked.found.len(), looked.unasked), (1, 1));
    assert!(matches!(looked.found[0].report.uuid, Step::Failed(_)), "{:?}", looked.found[0].report);
    assert!(!looked.found[0].report.is_vouched() && !looked.is_complete());
}

#[test]
fn both_forms_of_a_name_are_one_question() {
    let Some(setting) = Setting::start(1) else { return };
    let names = setting.log.names();
    let long = names.iter().find(|(uuid, _)| uuid.len() == 80).map(|(uuid, _)| uuid.as_str()).expect("a tree");
    let short = &long[16..];
    for forms in [[long, short], [short, long]] {
        let mut wanted = of_names(&forms);
        let looked = look(&setting, &wanted);
        assert!(looked.is_complete(), "{:?} {:?} {:?}", looked.missing, looked.unread, looked.troubles);
        assert_eq!(looked.found.len(), 1);
        for known in forms {
            wanted.uuids = vec![Uuid::new(forms[0]).expect("a name")];
            wanted.known = BTreeSet::from([Uuid::new(known).expect("a name")]);
            let looked = look(&setting, &wanted);
            assert_eq!((looked.found.len(), looked.known), (0, 1), "{known}");
        }
    }
    // The same leaf in another shard is another entry.
    let other = format!("0000000000000001{short}");
    let looked = look(&setting, &of_names(&[long, &other]));
    assert_eq!((looked.found.len(), looked.missing.len()), (1, 1));
}

#[test]
fn the_replayed_log_refuses_eleven_as_the_real_one_does() {
    let Some(setting) = Setting::start(1) else { return };
    let mut question = v1::entries_at(&[1]).next().expect("a question");
    question.body = Some(br#"{"logIndexes":[1,2,3,4,5,6,7,8,9,10,11]}"#.to_vec());
    let trouble = run(async { setting.asker().ask(&question).await }).expect_err("one too many");
    assert!(matches!(trouble, Trouble::Refused(422, _)), "{trouble:?}");
}

#[test]
fn a_log_that_limits_is_asked_no_further_and_the_rest_is_left() {
    let Some(setting) = Setting::start(1) else { return };
    let names = setting.log.names();
    let names: Vec<&str> = names.iter().take(50).map(|(uuid, _)| uuid.as_str()).collect();
    setting.log.faults([Fault::ThrottledAfter(2)]);
    let looked = look(&setting, &of_names(&names));
    assert_eq!((looked.found.len(), looked.left.len()), (20, 30));
    assert!(matches!(looked.troubles[..], [Trouble::Limited(_)]), "{:?}", looked.troubles);
    assert!(looked.missing.is_empty(), "what was not answered is not missing");
    assert_eq!(setting.log.requests().len(), 4, "the third batch twice, then none");
}

#[test]
fn a_limit_in_the_search_stops_every_later_question() {
    let Some(setting) = Setting::start(1) else { return };
    let (digest, _) = busy_digest(&setting);
    setting.log.faults([Fault::Throttled]);
    let name = setting.log.names()[0].0.clone();
    let mut wanted = of_keys([digest.clone(), digest]);
    wanted.uuids = vec![Uuid::new(&name).expect("a name")];
    wanted.indexes = vec![1];
    let looked = look(&setting, &wanted);
    assert!(looked.searches.iter().all(|s| matches!(s.outcome, Outcome::Failed(Trouble::Limited(_)))));
    assert_eq!((looked.left.len(), looked.left_indexes.len()), (1, 1));
    assert_eq!(setting.log.requests().len(), 2, "one question, tried twice");
}

#[test]
fn what_happens_on_the_way_has_its_own_name() {
    let Some(mut setting) = Setting::start(1) else { return };
    for (fault, name) in [
        (Fault::Outage, "unreachable"),
        (Fault::Slow(Duration::from_millis(1500)), "unreachable"),
        (Fault::Throttled, "limited"),
        (Fault::CutJson, "malformed"),
        (Fault::Page, "malformed"),
        (Fault::Bomb("log".to_owned()), "malformed"),
    ] {
        setting.forgive();
        setting.log.faults([fault.clone()]);
        let answer = run(async {
            let bytes = setting.asker().ask(&v1::log()).await?;
            v1::parse_log(&bytes.unwrap_or_default()).map_err(Trouble::Malformed)
        });
        let found = match answer {
            Err(Trouble::Unreachable(_)) => "unreachable",
            Err(Trouble::Limited(_)) => "limited",
            Err(Trouble::Malformed(_)) => "malformed",
            other => panic!("{fault:?}: {other:?}"),
        };
        assert_eq!(found, name, "{fault:?}");
    }
}

#[test]
fn nobody_there_is_unreachable() {
    let client = client();
    let asker = Asker::new(&client, "http://127.0.0.1:9", None).expect("an address");
    let trouble = run(asker.ask(&v1::log())).expect_err("nobody");
    assert!(matches!(trouble, Trouble::Unreachable(_)), "{trouble:?}");
}

#[test]
fn a_status_is_read_from_the_end_of_the_client_s_words() {
    for (what, status) in [
        ("https://rekor.example/api answers 422 Unprocessable Entity", Some(422)),
        ("https://rekor.example/ answers 429 /x answers 404 Not Found", Some(404)),
        ("https://rekor.example/api answers 501 Not Implemented", Some(501)),
        ("https://rekor.example/api answers 503 Service Unavailable", None),
        ("https://rekor.example/api answers", None),
    ] {
        let found = match Trouble::of(Error::tool(what)) {
            Trouble::Refused(status, _) => Some(status),
            _ => None,
        };
        assert_eq!(found, status, "{what}");
    }
    let limited = Trouble::of(Error::tool("https://rekor.example/ answers 429, too many requests"));
    assert!(matches!(limited, Trouble::Limited(_)));
}

#[test]
fn addresses_that_are_none_are_refused() {
    let client = client();
    for base in ["", "rekor.example", "ftp://rekor.example/", "file:///log", "https://"] {
        assert!(Asker::new(&client, base, None).is_err(), "{base}");
    }
}

#[test]
fn one_entry_is_there_or_absent_or_unreadable() {
    let Some(setting) = Setting::start(1) else { return };
    let (uuid, index) = setting.log.names()[5].clone();
    let ask = |question| run(async { one(&setting.asker(), &question).await });
    let by_index = ask(v1::entry_at(index)).expect("an answer").expect("an entry");
    let by_name = ask(v1::entry(&Uuid::new(&uuid).expect("a name"))).expect("an answer").expect("an entry");
    assert_eq!((by_index.uuid.as_str(), by_name.index), (uuid.as_str(), index));
    assert_eq!(ask(v1::entry_at(0)), Ok(None));
    setting.log.faults([Fault::CutJson]);
    assert!(matches!(ask(v1::entry_at(index)), Err(Trouble::Malformed(_))));
}
