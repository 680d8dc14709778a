//! The archive: segments are only added, and what was seen at publish time holds.

use std::fs;

use gaitkeeper::archive::columns::{COLUMNS, Field, Origin, PublishEvent};
use gaitkeeper::archive::history::History;
use gaitkeeper::archive::table;
use gaitkeeper::archive::vocabulary::Vocabulary;
use gaitkeeper::detect::scene::{Scene, said};
use polars::prelude::{Column, DataType, TimeUnit, TimeZone};

use crate::command::Place;
use crate::packuments::Document;
use crate::tables::{csv, frame, held, of_schema, own, parquet, with_columns};

/// A publish of which everything was seen at once.
fn full() -> PublishEvent {
    Scene::steady(1).events.remove(0)
}

/// The same version, seen only after its object was gone.
fn bare() -> PublishEvent {
    let PublishEvent { registry, package, version, published_at, .. } = full();
    PublishEvent { registry, package, version, published_at, removed: Some(true), ..PublishEvent::default() }
}

type Change = fn(&mut PublishEvent);

/// The one version that a folder's archive holds.
fn only(place: &Place) -> PublishEvent {
    let mut events = held(&place.path("archive"));
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// An event with every column set.
fn complete() -> PublishEvent {
    let mut event = PublishEvent::default();
    for (i, column) in (1..).zip(COLUMNS) {
        match column.field {
            Field::Text(cell, _) => *cell(&mut event) = Some(format!("{}-\u{e9},\"{i}\"", column.name)),
            Field::List(cell, _) => *cell(&mut event) = Some(format!("{}|b|c{i}", column.name)),
            Field::Flag(cell, _) => *cell(&mut event) = Some(i % 2 == 0),
            Field::Int(cell, _) => *cell(&mut event) = Some(i64::MAX - i),
            Field::Time(cell, _) => *cell(&mut event) = Some(1_704_189_600_000 + i),
        }
    }
    event.package = said("@scope/name");
    event
}

#[test]
fn a_table_becomes_one_segment_and_is_known_the_second_time() {
    let events = Scene::monorepo(2, 3).events;
    for (name, bytes) in [("events.csv", csv(&events)), ("events.parquet", parquet(&events))] {
        let place = Place::new();
        let run = place.import(name, &bytes);
        assert!(run.out.contains("6 new, 0 known, 0 with something later, 0 refused"), "{}", run.out);
        assert_eq!(held(&place.path("archive")), events, "{name}");
        let before = place.files("archive");
        assert!(before.contains_key(&place.path("archive/events/000001.parquet")), "{:?}", before.keys());
        let run = place.import(name, &bytes);
        assert!(run.out.contains("0 new, 6 known, 0 with something later, 0 refused"), "{}", run.out);
        assert_eq!(place.files("archive"), before, "nothing to add, nothing written");
    }
}

#[test]
fn later_facts_are_added_and_old_segments_stay_as_they_are() {
    let place = Place::new();
    place.import("first.parquet", parquet(&[full()]));
    let segment = place.path("archive/events/000001.parquet");
    let before = fs::read(&segment).expect("readable");
    let later = PublishEvent {
        removed: Some(true),
        deprecated: Some(true),
        signed: Some(true),
        cert_state: said("verified"),
        cert_repository: said("github.com/ann/pkg"),
        cert_log_index: Some(7),
        cert_integrated_at: Some(1_704_189_601_234),
        ..full()
    };
    let run = place.import("later.parquet", parquet(std::slice::from_ref(&later)));
    assert!(run.out.contains("0 new, 0 known, 1 with something later, 0 refused"), "{}", run.out);
    assert_eq!(only(&place), later);
    assert_eq!(fs::read(&segment).expect("readable"), before);
    assert!(place.path("archive/events/000002.parquet").exists());
    let run = place.import("later.parquet", parquet(&[later]));
    assert!(run.out.contains("0 new, 1 known"), "{}", run.out);
    assert!(!place.path("archive/events/000003.parquet").exists());
}

#[test]
fn a_verified_certificate_replaces_an_unverified_claim_and_nothing_replaces_it() {
    let place = Place::new();
    let claim = |state: &str, repository: &str| PublishEvent {
        cert_state: said(state),
        cert_repository: said(repository),
        ..full()
    };
    place.import("claim.parquet", parquet(&[claim("unverified", "github.com/mallory/pkg")]));
    place.import("verified.parquet", parquet(&[claim("verified", "github.com/ann/pkg")]));
    assert_eq!(only(&place), claim("verified", "github.com/ann/pkg"));
    place.import("again.parquet", parquet(&[claim("unverified", "github.com/mallory/pkg")]));
    assert_eq!(only(&place), claim("verified", "github.com/ann/pkg"));
}

#[test]
fn a_publish_dated_in_the_future_is_left_out_and_named() {
    let place = Place::new();
    let ahead = PublishEvent { version: said("9.0.0"), published_at: Some(4_070_908_800_000), ..full() };
    let run = place.import("ahead.parquet", parquet(&[full(), ahead]));
    assert!(run.out.contains("1 new") && run.out.contains("in the future"), "{}", run.out);
    assert_eq!(only(&place), full());
}

#[test]
fn a_version_that_is_taken_down_keeps_what_was_seen_at_its_publish() {
    let place = Place::new();
    place.import("first.parquet", parquet(&[full()]));
    place.import("gone.parquet", parquet(&[bare()]));
    assert_eq!(only(&place), PublishEvent { removed: Some(true), ..full() });
}

#[test]
fn a_later_observation_does_not_fill_what_was_absent_at_the_publish() {
    let place = Place::new();
    let seen = PublishEvent { provenance: None, install_scripts: None, file_count: None, ..full() };
    place.import("first.parquet", parquet(std::slice::from_ref(&seen)));
    let filled = PublishEvent {
        provenance: said("https://slsa.dev/provenance/v1"),
        install_scripts: said("postinstall"),
        file_count: Some(3),
        ..full()
    };
    let run = place.import("filled.parquet", parquet(&[filled]));
    assert!(run.out.contains("1 known"), "{}", run.out);
    assert_eq!(only(&place), seen);
}

#[test]
fn a_first_observation_after_the_removal_is_filled_by_a_fuller_one() {
    let place = Place::new();
    place.import("gone.parquet", parquet(&[bare()]));
    let run = place.import("full.parquet", parquet(&[full()]));
    assert!(run.out.contains("1 with something later"), "{}", run.out);
    assert_eq!(only(&place), PublishEvent { removed: Some(true), ..full() });
}

#[test]
fn two_observations_in_one_import_are_one_version() {
    let later = PublishEvent { deprecated: Some(true), ..full() };
    let place = Place::new();
    place.write("first.parquet", parquet(&[full()]));
    place.write("later.parquet", parquet(std::slice::from_ref(&later)));
    place.on_archive(&["import", "first.parquet", "later.parquet"]).exits(0);
    assert_eq!(only(&place), later);
    let run = place.import("later.parquet", parquet(&[later]));
    assert!(run.out.contains("1 known"), "{}", run.out);
}

#[test]
fn a_contradiction_is_refused_with_its_column_and_the_first_stays() {
    let contradictions: [(&str, Change); 4] = [
        ("publisher was `ann` when it was first seen and is `eve` here", |e| e.publisher = said("eve")),
        ("unpacked_size was `100000` when it was first seen and is `1` here", |e| e.unpacked_size = Some(1)),
        ("published_at was", |e| e.published_at = Some(1_704_189_600_001)),
        ("dependencies was `left|right`", |e| e.dependencies = said("left|wrong")),
    ];
    let place = Place::new();
    place.import("first.parquet", parquet(&[full()]));
    let before = place.files("archive");
    for (words, change) in contradictions {
        let mut other = PublishEvent { deprecated: Some(true), ..full() };
        change(&mut other);
        let run = place.import("other.parquet", parquet(&[other]));
        assert!(run.out.contains("1 refused\n  refused pkg@1.0.0: ") && run.out.contains(words), "{}", run.out);
        assert_eq!(place.files("archive"), before, "{words}");
    }
    assert_eq!(only(&place), full());
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut events = Scene::monorepo(3, 3).events;
    events.extend([full(), bare()]);
    let load = |events: &[PublishEvent]| {
        let place = Place::new();
        place.import("events.parquet", parquet(events));
        held(&place.path("archive"))
    };
    let forward = load(&events);
    events.reverse();
    assert_eq!(forward.len(), 10);
    assert_eq!(load(&events), forward);
}

#[test]
fn what_an_interrupted_write_leaves_is_ignored() {
    let place = Place::new();
    place.import("first.parquet", parquet(&[full()]));
    for stray in [".tmpA1b2C3", "000002.parquet.tmp"] {
        place.write(&format!("archive/events/{stray}"), b"PAR1 cut sho");
    }
    assert_eq!(only(&place), full());
    place.import("second.parquet", parquet(&Scene::steady(2).events));
    assert!(place.path("archive/events/000002.parquet").exists());
    assert_eq!(held(&place.path("archive")).len(), 2);
}

#[test]
fn a_later_schema_is_refused_wherever_it_is_met() {
    let place = Place::new();
    place.import("first.parquet", parquet(&[full()]));
    let future = of_schema(frame(&parquet(&Scene::steady(2).events)), "2");
    place.write("future.parquet", &future);
    let words = ["future.parquet", "event schema 2, this program knows up to 1", "help: update gaitkeeper"];
    place.on_archive(&["import", "future.parquet"]).exits(1).says(&words);
    place.write("archive/events/000002.parquet", future);
    place.on_archive(&["score"]).exits(1).says(&["000002.parquet", "event schema 2", "help: update"]);
}

#[test]
fn every_column_survives_parquet_and_csv() {
    let sparse = PublishEvent { publisher: None, ..PublishEvent { removed: None, ..bare() } };
    let empty_lists = PublishEvent {
        dependencies: said(""),
        maintainers: said(""),
        removed: Some(false),
        file_count: Some(0),
        version: said("1.0.9"),
        ..sparse.clone()
    };
    let events = [complete(), sparse, empty_lists];
    let place = Place::new();
    place.write("events.parquet", parquet(&events));
    place.write("events.csv", csv(&events));
    for (name, all) in [("events.parquet", 3), ("events.csv", 2)] {
        let mut words = Vocabulary::default();
        let found = table::read(&place.path(name), &mut words).expect("readable");
        let rows: Vec<_> = found.rows.iter().map(|row| own(row, &words)).collect();
        // In CSV an empty list cannot be told from one that is not recorded.
        assert_eq!(rows[..all], events[..all], "{name}");
        assert!(found.absent.is_empty() && found.unknown.is_empty(), "{name}");
    }
}

#[test]
fn times_of_every_unit_mean_the_same() {
    let event = full();
    for unit in [TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds] {
        let zones = [None, Some(TimeZone::UTC)];
        for zone in zones {
            let stamps = frame(&parquet(std::slice::from_ref(&event))).column("published_at").expect("column").clone();
            let stamps = stamps.cast(&DataType::Datetime(unit, zone)).expect("cast");
            let mut words = Vocabulary::default();
            let bytes = with_columns(std::slice::from_ref(&event), vec![stamps]);
            let found = table::read_parquet(&bytes, "events.parquet".as_ref(), &mut words).expect("readable");
            assert_eq!(found.rows[0].published_at.get(), event.published_at, "{unit:?}");
        }
    }
}

#[test]
fn columns_that_the_schema_does_not_know_are_named_and_left_out() {
    let place = Place::new();
    let bytes = with_columns(&[full()], vec![Column::new("mood".into(), ["good"])]);
    let run = place.import("events.parquet", bytes);
    assert!(run.out.contains("columns not known and not read: mood"), "{}", run.out);
    let required: Vec<&str> = COLUMNS.iter().filter(|c| c.required).map(|c| c.name).collect();
    let mut narrow = csv::Writer::from_writer(Vec::new());
    narrow.write_record(&required).expect("header");
    narrow.write_record(["npm", "other", "1.0.0", "2024-01-02T10:00:00Z", "ann"]).expect("row");
    let run = place.import("narrow.csv", narrow.into_inner().expect("bytes"));
    assert!(run.out.contains("columns not there, read as not recorded: removed, "), "{}", run.out);
    assert_eq!(held(&place.path("archive")).len(), 2);
}

#[test]
fn the_box_is_read_only() {
    let place = Place::new();
    place.write("events.parquet", parquet(&[full()]));
    place.run(&["import", "events.parquet"]).exits(2).says(&["read-only", "help: ", "--archive DIR"]);
    assert_eq!(place.files("").len(), 1);
}

/// A document of one publisher with one version, and one that is gone.
fn packument(name: &str) -> String {
    let fields = r#""_npmUser":{"name":"ann","email":"ann@mail.example"},"maintainers":[{"name":"ann","email":"ann@mail.example"}],"scripts":{"postinstall":"node x"},"dist":{"fileCount":4,"unpackedSize":900,"signatures":[{"keyid":"k"}]}"#;
    let document = Document::new(name).version("1.0.0", "2024-01-02T03:04:05.678Z", fields);
    document.time("1.0.1", "\"2024-01-03T03:04:05.678Z\"").json()
}

#[test]
fn a_packument_is_taken_up_with_its_removed_versions() {
    let place = Place::new();
    let begun = chrono::Utc::now().timestamp_millis();
    place.import("doc.json", packument("@scope/pkg"));
    let events = held(&place.path("archive"));
    let [present, gone] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((present.version.as_deref(), present.removed), (Some("1.0.0"), Some(false)));
    assert_eq!((present.publisher.as_deref(), present.file_count), (Some("ann"), Some(4)));
    assert_eq!((present.install_scripts.as_deref(), present.signed), (Some("postinstall"), Some(true)));
    assert_eq!(gone.published_at, present.published_at.map(|at| at + 86_400_000));
    assert_eq!(
        PublishEvent { version: None, published_at: None, observed_at: None, ..gone.clone() },
        PublishEvent { registry: said("npm"), package: said("@scope/pkg"), removed: Some(true), ..Default::default() }
    );
    let observed = present.observed_at.expect("recorded");
    assert!((begun..=chrono::Utc::now().timestamp_millis()).contains(&observed), "{observed}");
    assert_eq!(gone.observed_at, Some(observed));

    let files = place.files("archive");
    let run = place.import("again.json", packument("@scope/pkg"));
    assert!(run.out.contains("0 new, 2 known"), "{}", run.out);
    assert_eq!((place.files("archive"), held(&place.path("archive"))), (files, events));
}

#[test]
fn addresses_are_kept_as_ids_that_only_this_archive_can_compare() {
    let ids = |place: &Place| -> Vec<String> {
        let events = held(&place.path("archive"));
        let mut ids: Vec<String> = events.into_iter().filter_map(|e| e.publisher_email_id).collect();
        ids.dedup();
        ids
    };
    let (one, two) = (Place::new(), Place::new());
    for place in [&one, &two] {
        place.import("a.json", packument("a"));
        let key = fs::read(place.path("archive/email.key")).expect("key");
        assert_eq!(key.len(), 32);
        place.import("b.json", packument("b"));
        assert_eq!(fs::read(place.path("archive/email.key")).expect("key"), key);
        assert_eq!(held(&place.path("archive")).len(), 4);
        assert_eq!(ids(place).len(), 1, "one address, one id, in every import");
    }
    assert_ne!(ids(&one), ids(&two));
    let words = History::from_events(held(&one.path("archive"))).words;
    assert_eq!(words.find("ann@mail.example"), None);
    one.write("archive/email.key", [0; 31]);
    one.on_archive(&["import", "a.json"]).exits(1).says(&[
        "email.key",
        "holds 31 bytes, a key has 32",
        "help: restore",
    ]);
}

#[test]
fn facts_of_the_publish_and_later_ones_are_told_apart() {
    let named = |origin| COLUMNS.iter().filter(move |c| c.origin == origin).map(|c| c.name);
    assert!(named(Origin::Later).all(|name| {
        ["removed", "signed", "deprecated", "country", "observed_at"].contains(&name)
            || name.starts_with("cert_")
            || name.starts_with("ci_")
            || name.starts_with("token_")
    }));
    assert_eq!(named(Origin::Key).collect::<Vec<_>>(), ["registry", "package", "version"]);
}
