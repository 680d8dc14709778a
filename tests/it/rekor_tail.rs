//! Reading a v2 log on: from a position to the checkpoint, in batches, and from where it was stopped.

use std::time::Duration;

use gaitkeeper::acquire::rekor::checkpoint::Refused;
use gaitkeeper::acquire::rekor::head::{Class, Sight, Split, Wrong};
use gaitkeeper::acquire::rekor::tile::Tile;
use gaitkeeper::acquire::rekor::v2::Batch;
use gaitkeeper::error::{Error, Result};
use gaitkeeper::pipeline::rekor::tail::{Leaves, Pass, Position, Start, Tail, pass};
use proptest::prelude::*;

use crate::rekor_setting::{NOW, Setting, run};
use crate::replay_log::{Fault, ReplayLog};

/// What was stored: the leaves and what was kept with them.
#[derive(Default)]
struct Store {
    tail: Option<Tail>,
    leaves: Vec<(u64, Vec<u8>)>,
}

impl Store {
    fn take(&mut self, leaves: Leaves, tail: &Tail) {
        self.leaves.extend((leaves.first..).zip(leaves.leaves));
        self.tail = Some(tail.clone());
    }

    /// The leaves are those of the log from an index on, each once and in order.
    fn is_all_from(&self, log: &ReplayLog, first: usize, end: usize) {
        let wanted: Vec<(u64, Vec<u8>)> = (first as u64..).zip(log.leaves()[first..end].iter().cloned()).collect();
        assert_eq!(self.leaves.len(), wanted.len());
        assert!(self.leaves == wanted, "other leaves, or in another order");
    }
}

fn tail(setting: &Setting, store: &mut Store, start: Start, most: usize) -> Pass {
    let asker = setting.asker();
    let kept = store.tail.clone();
    let mut each = |leaves: Leaves, tail: &Tail| {
        store.take(leaves, tail);
        Ok(())
    };
    let done = run(pass(setting.tiles(&asker), kept.as_ref(), start, most, NOW, &mut each)).expect("sound");
    store.tail.clone_from(&done.tail);
    done
}

fn sight(pass: &Pass) -> &Sight {
    &pass.look.as_ref().expect("the pass came to its end").sight
}

#[test]
fn from_the_beginning_to_the_checkpoint() {
    for size in [1, 255, 256, 257, 512, 768, 900, 929] {
        let Some(setting) = Setting::start(size) else { return };
        let mut store = Store::default();
        let done = tail(&setting, &mut store, Start::At(0), 100);
        assert_eq!(sight(&done), &Sight::First { size: size as u64 });
        assert_eq!(done.batches, size.div_ceil(256));
        store.is_all_from(&setting.log, 0, size);
        let kept = done.tail.expect("a tail");
        assert_eq!(kept.head.as_ref().map(|head| head.size), Some(size as u64));
        assert_eq!((kept.proved.size, &kept.reached), (size as u64, &kept.proved));
        // Again: nothing new, and one question.
        setting.log.requests();
        assert_eq!(sight(&tail(&setting, &mut store, Start::At(0), 100)), &Sight::Unchanged { size: size as u64 });
        assert_eq!(setting.log.requests().len(), 1);
    }
}

#[test]
fn what_grows_is_read_from_where_it_ended() {
    let Some(setting) = Setting::start(200) else { return };
    let mut store = Store::default();
    tail(&setting, &mut store, Start::At(0), 100);
    let mut from = 200;
    for to in [201, 255, 256, 300, 700, 929] {
        setting.log.resize(to);
        let done = tail(&setting, &mut store, Start::Now, 100);
        assert_eq!(sight(&done), &Sight::Grown { from, to: to as u64 });
        from = to as u64;
    }
    store.is_all_from(&setting.log, 0, 929);
}

#[test]
fn reading_can_begin_now_or_anywhere() {
    for begin in [0usize, 1, 255, 256, 257, 600, 700] {
        let Some(setting) = Setting::start(700) else { return };
        let mut store = Store::default();
        let done = tail(&setting, &mut store, Start::At(begin as u64), 100);
        assert_eq!(sight(&done), &Sight::First { size: 700 }, "from {begin}");
        store.is_all_from(&setting.log, begin, 700);
    }
    let Some(setting) = Setting::start(700) else { return };
    let mut store = Store::default();
    let done = tail(&setting, &mut store, Start::Now, 100);
    assert_eq!((sight(&done), done.batches), (&Sight::First { size: 700 }, 0));
    setting.log.resize(929);
    assert_eq!(sight(&tail(&setting, &mut store, Start::Now, 100)), &Sight::Grown { from: 700, to: 929 });
    store.is_all_from(&setting.log, 700, 929);
}

#[test]
fn stopped_after_any_batch_it_goes_on_and_skips_nothing() {
    for stop in 0..4 {
        let Some(setting) = Setting::start(929) else { return };
        let mut store = Store::default();
        let done = tail(&setting, &mut store, Start::At(100), stop);
        assert_eq!((done.look, done.batches), (None, stop), "more is to be read");
        assert!(store.tail.as_ref().is_some_and(|tail| tail.head.is_none()), "nothing is proved yet");
        // As a file would keep it.
        let text = serde_json::to_string(&store.tail).expect("JSON");
        store.tail = serde_json::from_str(&text).expect("a tail");
        let done = tail(&setting, &mut store, Start::Now, 100);
        assert_eq!(sight(&done), &Sight::First { size: 929 });
        store.is_all_from(&setting.log, 100, 929);
    }
}

#[test]
fn killed_while_it_stores_it_reads_that_batch_again_and_once() {
    let Some(setting) = Setting::start(929) else { return };
    for killed_at in 0..4 {
        let mut store = Store::default();
        let mut count = 0;
        let asker = setting.asker();
        let mut each = |leaves: Leaves, tail: &Tail| -> Result<()> {
            if count == killed_at {
                return Err(Error::tool("the disk is full"));
            }
            count += 1;
            store.take(leaves, tail);
            Ok(())
        };
        let error = run(pass(setting.tiles(&asker), None, Start::At(0), 100, NOW, &mut each)).expect_err("killed");
        assert_eq!(error.what, "the disk is full");
        // The log grows while nobody reads; what was read stays good.
        let done = tail(&setting, &mut store, Start::At(0), 100);
        assert_eq!(sight(&done), &Sight::First { size: 929 });
        store.is_all_from(&setting.log, 0, 929);
    }
}

#[test]
fn a_log_that_grows_between_two_passes_is_read_to_its_new_end() {
    let Some(setting) = Setting::start(600) else { return };
    let mut store = Store::default();
    assert_eq!(tail(&setting, &mut store, Start::At(0), 1).look, None);
    setting.log.resize(929);
    assert_eq!(sight(&tail(&setting, &mut store, Start::At(0), 100)), &Sight::First { size: 929 });
    store.is_all_from(&setting.log, 0, 929);
}

#[test]
fn a_tree_with_two_levels_of_tiles_is_read_at_its_end() {
    let log = ReplayLog::made(66_000, 65_900);
    let Some(setting) = Setting::over(log) else { return };
    let mut store = Store::default();
    let done = tail(&setting, &mut store, Start::At(65_300), 100);
    assert_eq!(sight(&done), &Sight::First { size: 65_900 });
    store.is_all_from(&setting.log, 65_300, 65_900);
    setting.log.resize(66_000);
    setting.log.requests();
    assert_eq!(sight(&tail(&setting, &mut store, Start::Now, 100)), &Sight::Grown { from: 65_900, to: 66_000 });
    let paths: Vec<String> = setting.log.requests().into_iter().map(|(_, path, _)| path).collect();
    let wanted = ["/api/v2/checkpoint", "/api/v2/tile/entries/257.p/208", "/api/v2/tile/0/257.p/208"];
    assert_eq!(paths, wanted);
}

#[test]
fn entries_are_read_and_those_that_cannot_be_are_counted() {
    let Some(setting) = Setting::start(929) else { return };
    let leaves = Leaves { log_id: [1; 32], first: 40, leaves: vec![setting.log.leaves()[40].clone(), b"{".to_vec()] };
    let (entries, refused) = leaves.entries();
    assert_eq!((entries.len(), entries[0].index, entries[0].body.kind.as_str()), (1, 40, "hashedrekord"));
    assert_eq!(refused.iter().map(|refused| refused.uuid.as_str()).collect::<Vec<_>>(), ["41"]);
}

#[test]
fn another_history_is_a_split_view_and_what_was_read_since_is_void() {
    let Some(setting) = Setting::start(300) else { return };
    let mut store = Store::default();
    tail(&setting, &mut store, Start::At(0), 100);
    let proved = store.tail.clone().expect("a tail");
    setting.log.faults([Fault::Fork(17)]);
    assert_eq!(sight(&tail(&setting, &mut store, Start::Now, 100)), &Sight::SplitView(Split::Roots { size: 300 }));
    setting.log.resize(929);
    let done = tail(&setting, &mut store, Start::Now, 100);
    let found = sight(&done);
    assert!(matches!(found, Sight::SplitView(Split::Unproved { from: 300, to: 929, .. })), "{found:?}");
    assert_eq!(store.tail.as_ref(), Some(&proved), "the position is that of the head again");
    // Set right, everything is read anew from there.
    setting.log.faults([]);
    store.leaves.truncate(300);
    assert_eq!(sight(&tail(&setting, &mut store, Start::Now, 100)), &Sight::Grown { from: 300, to: 929 });
    store.is_all_from(&setting.log, 0, 929);
}

#[test]
fn a_log_that_shrinks_is_rewound() {
    let Some(setting) = Setting::start(929) else { return };
    let mut store = Store::default();
    tail(&setting, &mut store, Start::Now, 100);
    setting.log.resize(928);
    assert_eq!(sight(&tail(&setting, &mut store, Start::Now, 100)), &Sight::Rewound { from: 929, to: 928 });
    // Also below what was read, though not yet proved.
    let mut store = Store::default();
    tail(&setting, &mut store, Start::At(0), 2);
    setting.log.resize(400);
    assert_eq!(sight(&tail(&setting, &mut store, Start::Now, 100)), &Sight::Rewound { from: 512, to: 400 });
}

#[test]
fn wrong_parts_are_found_at_the_batch_and_nothing_of_it_is_taken() {
    for (fault, name, class, taken) in [
        // The second bundle, cut and altered.
        (Fault::Truncated("entries/001".to_owned()), "malformed", Class::Infrastructure, 256),
        (Fault::Flipped("entries/001".to_owned()), "wrong-checkpoint", Class::Finding, 256),
        (Fault::Bomb("entries/001".to_owned()), "malformed", Class::Infrastructure, 256),
        // The tile that the full bundles are compared with, and that of the last one.
        (Fault::Truncated("tile/1/000.p/3".to_owned()), "malformed", Class::Infrastructure, 0),
        (Fault::Flipped("tile/1/000.p/3".to_owned()), "wrong-checkpoint", Class::Finding, 512),
        (Fault::Truncated("tile/0/003.p/161".to_owned()), "malformed", Class::Infrastructure, 768),
        (Fault::Flipped("tile/0/003.p/161".to_owned()), "wrong-checkpoint", Class::Finding, 768),
        (Fault::Bomb("tile/0/003.p/161".to_owned()), "malformed", Class::Infrastructure, 768),
    ] {
        let Some(setting) = Setting::start(929) else { return };
        setting.log.faults([fault.clone()]);
        let mut store = Store::default();
        let done = tail(&setting, &mut store, Start::At(0), 100);
        assert_eq!((sight(&done).name(), sight(&done).class()), (name, class), "{fault:?}");
        store.is_all_from(&setting.log, 0, taken);
        assert_eq!(store.tail.as_ref().map(|tail| tail.reached.size), Some(taken as u64), "{fault:?}");
        // Set right, it goes on from there.
        setting.log.faults([]);
        assert_eq!(sight(&tail(&setting, &mut store, Start::At(0), 100)), &Sight::First { size: 929 });
        store.is_all_from(&setting.log, 0, 929);
    }
}

#[test]
fn tiles_that_lead_to_another_root_give_no_first_head() {
    let Some(setting) = Setting::start(929) else { return };
    setting.log.faults([Fault::Flipped("tile/1/000.p/3".to_owned())]);
    let mut store = Store::default();
    let done = tail(&setting, &mut store, Start::Now, 100);
    assert_eq!(sight(&done), &Sight::WrongCheckpoint(Wrong::Disagrees("root")));
    assert_eq!(store.tail, None);
}

#[test]
fn a_wrong_checkpoint_is_refused_before_anything_is_read() {
    let Some(setting) = Setting::start(929) else { return };
    for (fault, class) in [
        (Fault::Signature, Class::Finding),
        (Fault::Origin, Class::Finding),
        (Fault::StrangeKey, Class::Infrastructure),
    ] {
        setting.log.faults([fault.clone()]);
        setting.log.requests();
        let mut store = Store::default();
        let done = tail(&setting, &mut store, Start::At(0), 100);
        let Sight::WrongCheckpoint(Wrong::Note(why)) = sight(&done) else { panic!("{:?}", sight(&done)) };
        let fits = match fault {
            Fault::Signature => matches!(why, Refused::Signature(_)),
            Fault::Origin => matches!(why, Refused::Origin(_)),
            _ => matches!(why, Refused::UnknownLog(_)),
        };
        assert!(fits, "{fault:?}: {why}");
        assert_eq!(sight(&done).class(), class);
        assert_eq!((store.tail, setting.log.requests().len()), (None, 1));
    }
}

#[test]
fn a_partial_tile_that_is_gone_is_read_from_the_full_one() {
    let Some(setting) = Setting::start(929) else { return };
    // The checkpoint is older than the tiles: its partial ones have been filled since.
    setting.log.faults([Fault::OldCheckpoint(700), Fault::NoPartials]);
    let mut store = Store::default();
    let done = tail(&setting, &mut store, Start::At(0), 100);
    // The tile of level 1 has three hashes, and is partial for good.
    assert_eq!(sight(&done).name(), "malformed");
    setting.log.faults([Fault::OldCheckpoint(200), Fault::NoPartials]);
    let mut store = Store::default();
    let done = tail(&setting, &mut store, Start::At(0), 100);
    assert_eq!(sight(&done), &Sight::First { size: 200 });
    store.is_all_from(&setting.log, 0, 200);
}

#[test]
fn troubles_on_the_way_leave_what_was_read() {
    let Some(mut setting) = Setting::start(929) else { return };
    for (fault, name) in [
        (Fault::Outage, "unreachable"),
        (Fault::Slow(Duration::from_millis(1500)), "unreachable"),
        (Fault::Throttled, "rate-limited"),
        (Fault::Page, "malformed"),
    ] {
        let mut store = Store::default();
        setting.log.faults([]);
        setting.forgive();
        tail(&setting, &mut store, Start::At(0), 2);
        let before = store.tail.clone();
        setting.log.faults([fault.clone()]);
        let done = tail(&setting, &mut store, Start::At(0), 100);
        assert_eq!((sight(&done).name(), sight(&done).class()), (name, Class::Infrastructure), "{fault:?}");
        assert_eq!(store.tail, before);
        setting.log.faults([Fault::ThrottledAfter(2)]);
        setting.forgive();
        assert_eq!(sight(&tail(&setting, &mut store, Start::At(0), 100)).name(), "rate-limited");
        assert_eq!(store.tail, before, "a bundle without its tile is not taken");
        setting.log.faults([]);
        setting.forgive();
        tail(&setting, &mut store, Start::At(0), 100);
        store.is_all_from(&setting.log, 0, 929);
    }
}

#[test]
fn what_is_kept_is_refused_when_its_parts_do_not_fit() {
    let Some(setting) = Setting::start(300) else { return };
    let mut store = Store::default();
    tail(&setting, &mut store, Start::At(0), 100);
    let sound = store.tail.expect("a tail");
    let mut other_root = sound.clone();
    other_root.proved.roots[0] = "00".repeat(32);
    let mut too_few = sound.clone();
    too_few.reached.roots.pop();
    let mut behind = sound.clone();
    behind.head = None;
    behind.reached.size = 0;
    behind.reached.roots.clear();
    let mut no_hash = sound.clone();
    no_hash.reached.roots[0] = "x".to_owned();
    let mut no_root = sound.clone();
    no_root.head.as_mut().expect("a head").root.clear();
    for damaged in [other_root, too_few, behind, no_hash, no_root] {
        let asker = setting.asker();
        let mut each = |_: Leaves, _: &Tail| Ok(());
        let done = run(pass(setting.tiles(&asker), Some(&damaged), Start::Now, 1, NOW, &mut each));
        assert!(done.is_err(), "{damaged:?}");
    }
}

#[test]
fn the_replayed_tiles_have_the_paths_of_the_specification() {
    let Some(setting) = Setting::start(929) else { return };
    tail(&setting, &mut Store::default(), Start::At(0), 100);
    let paths: Vec<String> = setting.log.requests().into_iter().map(|(_, path, _)| path).collect();
    let level_1 = Tile::of_tree(1, 0, 929).expect("a tile").path();
    assert_eq!(paths.iter().filter(|path| path.ends_with(&level_1)).count(), 1, "once for all bundles: {paths:?}");
    assert!(paths.contains(&"/api/v2/tile/entries/003.p/161".to_owned()));
    assert_eq!(paths.len(), 1 + 4 + 2);
}

proptest! {
    #[test]
    fn batches_follow_each_other_in_any_tree(position: u64, size: u64, near in 0u64..600) {
        for (position, size) in [(position, size), (size.saturating_sub(near), size), (u64::MAX - near, u64::MAX)] {
            let Some(batch) = Batch::next(position, size) else {
                prop_assert!(position >= size);
                continue;
            };
            let (first, end) = (batch.bundle.first(), batch.bundle.first() + (u64::from(batch.bundle.width) - 1));
            prop_assert!(first <= position && position <= end && end < size);
            prop_assert_eq!(first + batch.skip as u64, position);
            let spans = batch.expected();
            prop_assert_eq!((spans[0].begin, spans[spans.len() - 1].end - 1), (first, end));
            prop_assert!(spans.windows(2).all(|two| two[0].end == two[1].begin));
        }
    }

    #[test]
    fn no_stored_position_makes_a_reader_panic(size: u64, roots in proptest::collection::vec("[0-9a-f]{0,66}", 0..5)) {
        let position = Position { size, roots };
        let kept = Tail { head: None, proved: position.clone(), reached: position };
        let log = ReplayLog::made(1, 1);
        let Some(setting) = Setting::over(log) else { return Ok(()) };
        let asker = setting.asker();
        let mut each = |_: Leaves, _: &Tail| Ok(());
        let done = run(pass(setting.tiles(&asker), Some(&kept), Start::Now, 1, NOW, &mut each));
        prop_assert!(done.is_err() || done.is_ok_and(|done| done.look.is_some()));
    }
}
