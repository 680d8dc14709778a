//! A publish between the steps of a sweep is what it was, in what the steps read of it.

use gaitkeeper::archive::columns::Row;
use gaitkeeper::archive::vocabulary::Sym;
use gaitkeeper::baseline::package::Teaching;
use gaitkeeper::engine::kernel::Known;
use gaitkeeper::engine::sweep::record::{ACTOR, Layout, PACKAGE, Tag, head, read, write};

fn publish(triple: (u32, u32, u32), count: Option<i64>, sym: u32) -> Row {
    let mut row = Row::default();
    row.parsed.at = 1_700_000_000_123;
    row.published_at = Some(row.parsed.at).into();
    row.parsed.number.triple = triple;
    row.parsed.number.valid = true;
    (row.package, row.parsed.actor) = (Sym::from_number(7), Sym::from_number(8));
    (row.cert_issuer, row.ci_workflow) = (Sym::from_number(sym), Sym::from_number(u32::MAX));
    (row.ci_attempt, row.cert_issued_at) = (count.into(), count.into());
    row
}

fn carried(row: &Row, layout: &Layout, entity: Sym, into: &mut Row) -> usize {
    let known = Known { teaching: Teaching::AtOnce, stale: true };
    let tag = Tag { next: (70_000, 299), known };
    let mut bytes = Vec::new();
    write(&mut bytes, layout, row, &tag);
    assert_eq!(head(&bytes), (bytes.len(), entity));
    assert_eq!(read(&bytes, layout, into), tag);
    bytes.len()
}

#[test]
fn numbers_of_every_size_come_back() {
    let (mut actor, mut package) = (Row::default(), Row::default());
    for triple in [(0, 0, 0), (1, 2, 255), (256, 0, 1), (0, 1, u32::MAX)] {
        for count in [None, Some(0), Some(-1), Some(i64::from(u32::MAX)), Some(i64::from(u32::MAX) + 1), Some(i64::MAX)]
        {
            for sym in [0, 1, u32::MAX] {
                let row = publish(triple, count, sym);
                carried(&row, &ACTOR, row.parsed.actor, &mut actor);
                assert_eq!(actor, row);
                let mut row = row;
                (row.file_count, row.unpacked_size) = (count.into(), count.into());
                carried(&row, &PACKAGE, row.package, &mut package);
                assert_eq!(package, row);
            }
        }
    }
}

#[test]
fn small_numbers_take_less() {
    let length = |triple, count| {
        let row = publish(triple, count, 1);
        carried(&row, &ACTOR, row.parsed.actor, &mut Row::default())
    };
    let least = length((1, 2, 3), Some(1));
    assert_eq!(length((1, 2, 300), Some(1)), least + 9);
    assert_eq!(length((1, 2, 3), Some(i64::MAX)), least + 4);
    assert_eq!(length((1, 2, 3), None), least - 4 - 8);
}
