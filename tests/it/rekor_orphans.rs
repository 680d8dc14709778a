//! Signatures without a publish, publishes without a signature, and strangers' signatures over what was published.

use std::collections::BTreeMap;

use gaitkeeper::acquire::rekor::body::{Identity, Named};
use gaitkeeper::acquire::rekor::entry::{self, Step};
use gaitkeeper::acquire::rekor::signer::{Signer, SignerKind};
use gaitkeeper::acquire::rekor::v1::{Key, Uuid, entry_at};
use gaitkeeper::error::Error;
use gaitkeeper::pipeline::rekor::ask::Trouble;
use gaitkeeper::pipeline::rekor::lookup::{Found, Wanted, lookup, one};
use gaitkeeper::pipeline::rekor::orphans::{
    Asked, Attested, Expected, Finding, Judged, Known, Over, Reason, Unlogged, judge,
};
use proptest::prelude::*;

use crate::rekor_setting::{Setting, run};
use crate::replay_log::Fault;

fn find(setting: &Setting, key: &Key) -> Vec<Found> {
    let wanted = Wanted { keys: vec![key.clone()], most: 1000, ..Wanted::default() };
    let looked = run(async { lookup(&setting.asker(), &setting.keys, &wanted).await });
    assert!(!looked.found.is_empty());
    looked.found
}

/// The address that signed most, and its entries.
fn person(setting: &Setting) -> (String, Vec<Found>) {
    let (address, _) = setting.log.richest(|key| key.contains('@') && !key.starts_with("https:"));
    let found = find(setting, &Key::Email(address.clone()));
    (address, found)
}

fn all(setting: &Setting) -> Vec<Found> {
    let uuids = setting.log.names().iter().filter_map(|(uuid, _)| Uuid::new(uuid)).collect();
    let wanted = Wanted { uuids, most: 1000, ..Wanted::default() };
    run(async { lookup(&setting.asker(), &setting.keys, &wanted).await }).found
}

fn by_email(address: &str) -> Expected {
    Expected::Email { address: address.to_owned(), issuer: None }
}

/// Everything that these entries are over was published, release by release.
fn published(found: &[Found]) -> BTreeMap<String, String> {
    let digests = found.iter().flat_map(|found| &found.entry.body.digests);
    let files = digests.filter(|digest| digest.of == Named::Artifact);
    files.enumerate().map(|(n, digest)| (digest.key(), format!("loom@1.0.{n}"))).collect()
}

fn known(digests: BTreeMap<String, String>, expected: Vec<Expected>) -> Known {
    Known { digests, expected, attested: Vec::new(), until: i64::MAX }
}

fn attested(found: &Found) -> Attested {
    Attested {
        release: "loom@1.0.0".to_owned(),
        index: Some(found.entry.index),
        uuid: Uuid::new(&found.entry.uuid),
        leaf: found.entry.leaf_hash,
    }
}

fn reasons(judged: &Judged) -> Vec<&Reason> {
    judged.unjudged.iter().map(|unjudged| &unjudged.why).collect()
}

#[test]
fn signatures_over_what_was_published_are_explained() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, found) = person(&setting);
    let judged = judge(&found, &known(published(&found), vec![by_email(&address)]), &[]);
    assert_eq!((judged.findings.len(), judged.explained), (0, found.len()));
    assert!(judged.unjudged.is_empty());
}

#[test]
fn a_signature_of_the_watched_over_what_was_never_published_is_an_orphan() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, found) = person(&setting);
    let mut digests = published(&found);
    let missing = &found[7].entry;
    let digest = missing.body.digests[0].key();
    digests.remove(&digest);
    let judged = judge(&found, &known(digests, vec![by_email(&address)]), &[]);
    let [Finding::Orphan(signature)] = &judged.findings[..] else { panic!("{:?}", judged.findings) };
    assert_eq!(signature.over, Over::File(digest.clone()));
    assert_eq!((signature.index, Some(signature.time)), (missing.index, missing.integrated_at));
    assert_eq!(signature.signers, [SignerKind::Email]);
    let sentence = judged.findings[0].sentence();
    assert!(sentence.contains(&digest) && sentence.contains(&missing.index.to_string()), "{sentence}");
    assert!(!sentence.contains(&address) && !format!("{judged:?}").contains(&address), "an address is shown");
    assert_eq!(judged.findings[0].name(), "orphan-signature");
}

#[test]
fn a_stranger_s_signature_over_a_published_file_is_foreign() {
    let Some(setting) = Setting::start(1) else { return };
    let (digest, _) = setting.log.richest(|key| key.starts_with("sha256:"));
    let found = find(&setting, &Key::Digest(digest.clone()));
    let digests = BTreeMap::from([(digest.clone(), "loom@2.0.0".to_owned())]);
    let judged = judge(&found, &known(digests.clone(), vec![by_email("nobody@registry.example")]), &[]);
    assert_eq!(judged.findings.len(), found.len());
    for finding in &judged.findings {
        let Finding::Foreign { release, signature } = finding else { panic!("{finding:?}") };
        assert_eq!((release.as_str(), &signature.over), ("loom@2.0.0", &Over::File(digest.clone())));
        assert!(finding.sentence().contains("loom@2.0.0") && !finding.remedy().is_empty());
    }
    // The same by those who are expected is explained: by name, or by key where there is no name.
    let signers: Vec<Signer> = found.iter().flat_map(|f| &f.entry.body.identities).map(Signer::of).collect();
    let expects = |signer: &Signer| match &signer.name {
        Some(name) => Expected::Subject(name.clone()),
        None => Expected::Key(signer.key.clone().expect("a key")),
    };
    let expected = signers.iter().map(expects).collect();
    assert_eq!(judge(&found, &known(digests, expected), &[]).explained, found.len(), "{signers:?}");
}

#[test]
fn a_statement_s_subject_is_known_from_the_index_only() {
    let Some(setting) = Setting::start(1) else { return };
    let everything = all(&setting);
    let statement = everything.iter().find(|found| found.entry.body.kind == "dsse").expect("a statement");
    let file = everything.iter().find(|found| found.entry.body.kind == "hashedrekord").expect("a file's signature");
    // The index names a statement, and wrongly a signature over another file.
    let digest = format!("sha512:{}", "5".repeat(128));
    let also = vec![statement.entry.uuid.clone(), file.entry.uuid.clone()];
    setting.log.faults([Fault::AlsoNamed(also)]);
    let found = find(&setting, &Key::Digest(digest.clone()));
    let digests = BTreeMap::from([(digest.clone(), "loom@2.0.0".to_owned())]);
    let judged = judge(&found, &known(digests, vec![]), &[]);
    let [Finding::Foreign { signature, .. }] = &judged.findings[..] else { panic!("{:?}", judged.findings) };
    assert_eq!((&signature.over, signature.index), (&Over::Named(digest.clone()), statement.entry.index));
    assert_eq!(reasons(&judged), [&Reason::Unrelated], "the body of the other one says what it is over");
    // Nothing of that digest was published yet: then it is an orphan.
    let judged = judge(&found, &known(BTreeMap::new(), vec![]), &[]);
    let [Finding::Orphan(signature)] = &judged.findings[..] else { panic!("{:?}", judged.findings) };
    assert_eq!(signature.over, Over::Named(digest));
}

#[test]
fn a_workflow_s_statement_that_no_attestation_holds_is_an_orphan() {
    let Some(setting) = Setting::start(1) else { return };
    let everything = all(&setting);
    let signer = |found: &Found| found.entry.body.identities.first().map(Signer::of);
    let of_job = |found: &&Found| {
        found.entry.body.kind == "dsse" && signer(found).is_some_and(|s| s.kind == SignerKind::Workflow)
    };
    let statement = everything.iter().find(of_job).expect("a job's statement");
    let repository = signer(statement).and_then(|signer| signer.repository).expect("a repository");
    let found = std::slice::from_ref(statement);
    let mut known = known(BTreeMap::new(), vec![Expected::Repository(format!("{repository}/"))]);
    let judged = judge(found, &known, &[]);
    let [Finding::Orphan(signature)] = &judged.findings[..] else { panic!("{:?}", judged.findings) };
    assert!(matches!(&signature.over, Over::Statement(Some(_))), "{signature:?}");
    assert_eq!(signature.signers, [SignerKind::Workflow]);
    // With the attestation that holds it, it is explained.
    known.attested = vec![attested(statement)];
    let judged = judge(found, &known, &[Asked::Entry(Box::new(statement.entry.clone()))]);
    assert_eq!((judged.findings.len(), judged.explained, judged.logged), (0, 1, 1));
}

#[test]
fn an_attestation_cannot_explain_an_entry_by_its_number() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, found) = person(&setting);
    let claim = Attested { leaf: [9; 32], ..attested(&found[0]) };
    let mut known = known(BTreeMap::new(), vec![by_email(&address)]);
    known.attested = vec![claim];
    let judged = judge(&found[..1], &known, &[Asked::Entry(Box::new(found[0].entry.clone()))]);
    let names: Vec<&str> = judged.findings.iter().map(Finding::name).collect();
    assert_eq!(names, ["orphan-signature", "publish-not-in-log"]);
}

#[test]
fn what_the_log_does_not_vouch_for_is_not_judged() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, mut found) = person(&setting);
    found.truncate(3);
    // Another time, another index: the signed timestamp does not fit.
    found[0].entry.integrated_at = found[0].entry.integrated_at.map(|time| time + 1);
    found[1].entry.index += 1;
    found[2].entry.set = None;
    for found in &mut found {
        found.report = entry::check(&found.entry, &setting.keys);
        assert_ne!(found.report.set, Step::Verified);
    }
    let judged = judge(&found, &known(BTreeMap::new(), vec![by_email(&address)]), &[]);
    assert_eq!(reasons(&judged), [&Reason::NotVouched; 3]);
    assert!(judged.findings.is_empty());
}

#[test]
fn what_was_signed_after_the_archive_s_time_is_put_off() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, found) = person(&setting);
    let times: Vec<i64> = found.iter().filter_map(|found| found.report.time).collect();
    let newest = *times.iter().max().expect("times");
    let mut known = known(BTreeMap::new(), vec![by_email(&address)]);
    known.until = newest - 1;
    let judged = judge(&found, &known, &[]);
    let late = times.iter().filter(|time| **time == newest).count();
    assert_eq!((reasons(&judged).len(), judged.findings.len()), (late, found.len() - late));
    assert_eq!(reasons(&judged)[0], &Reason::TooNew);
    known.until = newest;
    assert_eq!(judge(&found, &known, &[]).findings.len(), found.len());
}

#[test]
fn entries_of_nobody_who_is_watched_are_unrelated() {
    let Some(setting) = Setting::start(1) else { return };
    let (_, found) = person(&setting);
    let judged = judge(&found[..2], &known(BTreeMap::new(), vec![]), &[]);
    assert_eq!(reasons(&judged), [&Reason::Unrelated; 2]);
}

#[test]
fn an_entry_that_was_found_twice_is_one() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, found) = person(&setting);
    let mut twice = vec![found[0].clone(), found[0].clone()];
    twice[1].entry.uuid = twice[1].entry.uuid[16..].to_owned();
    assert_eq!(judge(&twice, &known(BTreeMap::new(), vec![by_email(&address)]), &[]).findings.len(), 1);
}

#[test]
fn publishes_that_the_log_does_not_know_are_told_by_how() {
    let Some(setting) = Setting::start(1) else { return };
    let (_, found) = person(&setting);
    let ask = |index| run(async { one(&setting.asker(), &entry_at(index)).await }).expect("an answer");
    let (first, second) = (&found[0], &found[1]);
    let mut known = known(BTreeMap::new(), vec![]);
    known.attested = vec![
        attested(first),
        Attested { index: Some(1), ..attested(first) },
        Attested { index: Some(second.entry.index), ..attested(first) },
        Attested { index: Some(first.entry.index + 1), ..attested(first) },
        attested(first),
        attested(first),
    ];
    let asked = |index: u64| ask(index).map_or(Asked::Absent, |entry| Asked::Entry(Box::new(entry)));
    let answers = [
        asked(first.entry.index),
        asked(1),
        asked(second.entry.index),
        // Asked for by its name, the log has it elsewhere.
        Asked::Entry(Box::new(first.entry.clone())),
        Asked::Failed(Trouble::Unreachable(Error::tool("no answer"))),
    ];
    let judged = judge(&[], &known, &answers);
    let how: Vec<Unlogged> = judged
        .findings
        .iter()
        .map(|finding| match finding {
            Finding::Unlogged { why, release, .. } if release == "loom@1.0.0" => *why,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(how, [Unlogged::Absent, Unlogged::OtherBody, Unlogged::OtherIndex(first.entry.index)]);
    assert_eq!((judged.logged, reasons(&judged)), (1, vec![&Reason::NotAnswered; 2]), "silence is no finding");
    assert!(judged.findings.iter().all(|finding| finding.sentence().contains("loom@1.0.0")));
}

#[test]
fn who_is_expected_must_fit_in_kind_name_and_issuer() {
    let Some(setting) = Setting::start(1) else { return };
    let (address, found) = person(&setting);
    let signer = Signer::of(&found[0].entry.body.identities[0]);
    let with = |address: &str, issuer: Option<&str>| Expected::Email {
        address: address.to_owned(),
        issuer: issuer.map(str::to_owned),
    };
    let issuer = signer.issuer.clone();
    let key = signer.key.clone().expect("a key");
    for (expected, fits) in [
        (with(&address, None), true),
        (with(&address.to_uppercase(), None), true),
        (with(&address, issuer.as_deref()), true),
        (with(&address, Some("https://issuer.example")), false),
        (with(&address[1..], None), false),
        (Expected::Repository(address.clone()), false),
        (Expected::Subject(address.clone()), true),
        (Expected::Key(key.to_uppercase()), true),
        (Expected::Key(String::new()), false),
    ] {
        assert_eq!(expected.is(&signer), fits, "{expected:?}");
    }
    assert!(!format!("{signer:?}").contains(&address), "an address is shown");
}

proptest! {
    #[test]
    fn no_certificate_makes_a_reader_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
        let signer = Signer::of(&Identity::Certificate(bytes.clone()));
        prop_assert!(signer.kind != SignerKind::Key);
        bytes.truncate(cut);
        prop_assert_eq!(Signer::of(&Identity::PublicKey(bytes)).kind, SignerKind::Key);
    }
}
