//! Five people sign CPython's releases over four years: the baseline that is learnt of them, and what it says of
//! each hand-over from one to the next.

use std::collections::BTreeMap;

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::normalise::EmailKey;
use gaitkeeper::detect::alert::Finding;
use gaitkeeper::detect::evidence::Judgement;
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::signals::position;
use gaitkeeper::engine::embedded::fold;

use crate::shared::shared;

/// One event a release, signed by whoever signed its files, at the time of the first of them.
fn series() -> Option<Vec<PublishEvent>> {
    let table = shared("sigstore/cpython/bundles.csv")?;
    let key = EmailKey([7; 32]);
    let mut first: BTreeMap<String, (i64, String, String)> = BTreeMap::new();
    let mut rows = csv::Reader::from_path(table).expect("the table");
    let header = rows.headers().expect("a header").clone();
    for row in rows.records() {
        let row = row.expect("a row");
        let cell = |name: &str| row[header.iter().position(|h| h == name).expect("a column")].to_owned();
        let at = cell("integratedTime").parse::<i64>().expect("a time") * 1000;
        let signed = (at, key.id(&cell("san")), cell("issuer"));
        let known = first.entry(cell("release")).or_insert_with(|| signed.clone());
        assert_eq!((&known.1, &known.2), (&signed.1, &signed.2), "one release, one signer");
        known.0 = known.0.min(at);
    }
    let text = |text: &str| Some(text.to_owned());
    let event = |(release, (at, who, issuer)): (String, (i64, String, String))| PublishEvent {
        registry: text("cpython"),
        package: text("cpython"),
        version: Some(as_semver(&release)),
        published_at: Some(at),
        publisher: Some(format!("person {who}")),
        auth_kind: text("account"),
        cert_state: text("verified"),
        cert_identity: Some(format!("person {who}")),
        cert_issuer: Some(issuer),
        cert_integrated_at: Some(at),
        ..PublishEvent::default()
    };
    Some(first.into_iter().map(event).collect())
}

/// `3.14.0a1` is `3.14.0-a.1`.
fn as_semver(release: &str) -> String {
    let Some(at) = release.find(|c: char| c.is_ascii_alphabetic()) else { return release.to_owned() };
    format!("{}-{}", &release[..at], &release[at..])
}

/// Where a signal fired, with its bits in whole numbers, and its sentence where it was shown.
fn fired(history: &History, signal: &str) -> Vec<(String, i32, String)> {
    let model = Model::embedded().expect("the embedded model");
    let at = position(signal).expect("a signal");
    let mut found = Vec::new();
    fold(history, &model, |assessed| {
        let Judgement::Bits(bits) = assessed.assessment.judgements[at] else { return };
        if bits >= 2.0 {
            let finding = Finding::new(assessed.look, assessed.assessment, &model, assessed.p_value);
            let sentence = finding.reasons.iter().find(|r| r.name == signal).map(|r| r.sentence.clone());
            let version = history.words.text(assessed.look.event.version).to_owned();
            #[allow(clippy::cast_possible_truncation, reason = "a few bits")]
            found.push((version, bits.round() as i32, sentence.unwrap_or_default()));
        }
    });
    found
}

#[test]
fn each_hand_over_is_seen_once_a_channel_and_nothing_else_is() {
    let Some(events) = series() else { return };
    assert_eq!(events.len(), 130);
    let history = History::from_events(events);
    let hand_overs = fired(&history, "new-identity");
    // The baseline begins with the third release; two of the five people were there by then. The others appear at
    // 3.7.15, at 3.12 and at 3.14. The first release of a channel compares with nobody, so that 3.12's first
    // prerelease is silent.
    let seen: Vec<&str> = hand_overs.iter().map(|(version, ..)| version.as_str()).collect();
    assert_eq!(seen, ["3.7.15", "3.12.0", "3.14.0-a1", "3.14.0"], "{hand_overs:#?}");
    // The longer the same hands have signed, the more it says.
    assert!(hand_overs[2].1 > hand_overs[0].1, "{hand_overs:#?}");
    for (version, _, sentence) in &hand_overs {
        assert!(
            sentence.starts_with("Signed by person ") && sentence.contains("this channel so far: person "),
            "{version}: {sentence}"
        );
    }
    // Another way of logging in comes with some of them, and is seen by itself.
    let issuers = fired(&history, "new-issuer");
    let seen: Vec<&str> = issuers.iter().map(|(version, ..)| version.as_str()).collect();
    assert_eq!(seen, ["3.14.0-a1"], "{issuers:#?}");
}
