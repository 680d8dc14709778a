//! Inventories and logs made to break the reader: nothing panics, nothing is slow, nothing is silent.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use gaitkeeper::acquire::owner::network::truncated;
use gaitkeeper::acquire::owner::secret::scrubbed;
use gaitkeeper::acquire::owner::{MAX_LISTED, audit, inventory, read};
use gaitkeeper::error::Error;
use proptest::prelude::*;

use crate::owner_audit::OWN;
use crate::owner_inventory::NEWER;

fn is_clear(error: &Error) -> bool {
    !error.what.is_empty() && error.place.is_some() && error.remedy.is_some()
}

#[test]
fn every_truncation_of_an_inventory_is_an_error_that_says_where() {
    for end in 0..NEWER.len() {
        let error = inventory::parse(&NEWER.as_bytes()[..end]).expect_err("cut short");
        assert!(is_clear(&error), "{end}: {error:?}");
    }
}

#[test]
fn every_truncation_of_a_table_gives_no_event_that_is_not_there() {
    let whole = audit::parse(OWN.as_bytes(), &truncated).expect("log").rows;
    let mut last = 0;
    for end in 0..OWN.len() {
        match audit::parse(&OWN.as_bytes()[..end], &truncated) {
            Err(error) => assert!(is_clear(&error), "{end}: {error:?}"),
            Ok(taken) => {
                let complete = OWN[..end].matches('\n').count().saturating_sub(1);
                assert!(taken.rows[..complete.min(taken.rows.len())] == whole[..complete], "{end}");
                assert!(taken.rows.len() + taken.skipped.len() >= complete);
                last = taken.rows.len();
            }
        }
    }
    assert_eq!(last, 3);
}

#[test]
fn depth_and_width_cost_nothing() {
    for depth in [200, 1_000_000] {
        let (open, close) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
        let nested = format!("[{{\"key\":\"k\",\"name\":{open}1{close},\"other\":{open}1{close}}}]");
        let taken = inventory::parse(nested.as_bytes()).expect("inventory");
        assert_eq!((taken.rows.len(), taken.skipped[0].place.as_str()), (1, "[0].name"));
        let event = format!("{{\"time\":1788336000,\"action\":\"a\",\"actor_location\":{open}1{close}}}");
        assert_eq!(audit::parse(event.as_bytes(), &truncated).expect("log").rows.len(), 1);
        assert!(read(open.as_bytes(), &truncated).is_err());
    }
    let mut wide = String::from("[{\"key\":\"k\"");
    for n in 0..5000 {
        write!(wide, ",\"m{n}\":1").expect("text");
    }
    assert!(is_clear(&inventory::parse((wide + "}]").as_bytes()).expect_err("too wide")));
}

#[test]
fn a_hundred_thousand_rows_are_read_and_all_faults_counted() {
    let began = Instant::now();
    let mut table = String::from("time,action,actor,token,country\n");
    let mut bad = String::from("[{\"key\":\"k\"}");
    for n in 0..100_000 {
        writeln!(table, "{},publish,ada,t{},DE", 1_788_336_000_000_i64 + n, n % 50).expect("text");
        write!(bad, ",{n}").expect("text");
    }
    let taken = audit::parse(table.as_bytes(), &truncated).expect("log");
    assert_eq!((taken.rows.len(), taken.skipped.len()), (100_000, 0));
    let taken = inventory::parse((bad + "]").as_bytes()).expect("inventory");
    assert_eq!((taken.skipped.len(), taken.more_skipped), (MAX_LISTED, 100_000 - MAX_LISTED));
    let lines = "{\"time\":1788336000,\"action\":\"a\"}\n".repeat(100_000) + "{";
    let taken = audit::parse(lines.as_bytes(), &truncated).expect("log");
    assert_eq!((taken.rows.len(), taken.skipped[0].place.as_str()), (100_000, "line 100001"));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn long_texts_and_absurd_times_are_listed() {
    let long = "x".repeat(5000);
    let text = format!(
        "[{{\"time\":1788336000,\"action\":\"a\",\"actor\":\"{long}\"}},{{\"time\":-1,\"action\":\"a\"}},\
         {{\"time\":1e99,\"action\":\"a\"}},{{\"time\":9223372036854775807,\"action\":\"a\"}},{{\"time\":{{}},\"action\":\"a\"}},\
         {{\"time\":\"2026-02-30T00:00:00Z\",\"action\":\"a\"}},{{\"action\":\"a\"}}]"
    );
    let taken = audit::parse(text.as_bytes(), &truncated).expect("log");
    let places: Vec<&str> = taken.skipped.iter().map(|left| left.place.as_str()).collect();
    assert_eq!((taken.rows.len(), taken.rows[0].actor.as_deref()), (1, None));
    assert_eq!(places, ["[0].actor", "[1]", "[2]", "[3]", "[4]", "[5]", "[6]"]);
}

fn tries(bytes: &[u8]) {
    let results = [inventory::parse(bytes).err(), audit::parse(bytes, &truncated).err(), read(bytes, &truncated).err()];
    for error in results.into_iter().flatten() {
        assert!(!error.what.is_empty() && error.remedy.is_some(), "{error:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        tries(&bytes);
    }

    #[test]
    fn no_damage_panics(at in 0..NEWER.len(), byte in any::<u8>(), which in any::<bool>()) {
        let mut bytes = if which { NEWER } else { OWN }.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        tries(&bytes);
    }

    #[test]
    fn no_words_panic(words in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\n", "\"", "\"key\"", "\"token\"", "\"objects\"", "\"action\"", "\"time\"", "1788336000",
        "null", "\"\\ud800\"", "time,action", "ä", "npm_", "true", "1e400", "-", "\u{feff}",
    ]), 0..40)) {
        tries(words.concat().as_bytes());
    }

    #[test]
    fn scrubbing_keeps_what_is_no_secret_and_is_done_once(text in "\\PC{0,80}") {
        let once = scrubbed(&text).into_owned();
        prop_assert_eq!(scrubbed(&once).into_owned(), once.clone());
        prop_assert!(once == text || once.contains("..."));
    }
}
