//! A publish on its way from one step of a sweep to the next, on disk: what the measures read of a row, as symbols. For
//! the time of one run on one machine.

use crate::archive::columns::Row;
use crate::archive::history::Event;
use crate::archive::vocabulary::Sym;
use crate::baseline::package::Teaching;
use crate::engine::kernel::Known;

/// Bytes of the cells of a record, and of one more.
const ROOM: usize = 256;

/// Cells on their way into a record: all are put down, and the next one goes over those that hold nothing.
struct Packing {
    bytes: [u8; ROOM],
    at: usize,
    held: u64,
    cells: u32,
}

impl Packing {
    fn put<const N: usize>(&mut self, bytes: [u8; N], is_held: bool) {
        self.bytes[self.at..self.at + N].copy_from_slice(&bytes);
        self.at += N * usize::from(is_held);
        self.held |= u64::from(is_held) << self.cells;
        self.cells += 1;
    }
}

/// Cells on their way out of a record.
struct Unpacking {
    bytes: [u8; ROOM],
    at: usize,
    held: u64,
}

impl Unpacking {
    fn next<const N: usize>(&mut self) -> ([u8; N], bool) {
        let is_held = self.held & 1 == 1;
        let bytes = std::array::from_fn(|i| self.bytes[self.at + i]);
        self.at += N * usize::from(is_held);
        self.held >>= 1;
        (bytes, is_held)
    }
}

/// What a step reads of a row.
pub struct Layout {
    entity: fn(&Row) -> Sym,
    set_entity: fn(&mut Row, Sym),
    pack: fn(&Row, &mut Packing),
    unpack: fn(&mut Row, &mut Unpacking),
}

macro_rules! layout {
    (
        of: $($entity:ident).+,
        symbols: [$($($symbol:ident).+),+],
        times: [$($($time:ident).+),+],
        counts: [$($($count:ident).+),*]
    ) => {
        Layout {
            entity: |row| row.$($entity).+,
            set_entity: |row, entity| row.$($entity).+ = entity,
            pack: |row, cells| {
                $(cells.put(row.$($symbol).+.number().to_le_bytes(), row.$($symbol).+.is_some());)+
                $(cells.put(row.$($time).+.get().unwrap_or_default().to_le_bytes(), row.$($time).+.is_some());)+
                $(
                    let count = row.$($count).+.get();
                    let small = count.and_then(|count| u32::try_from(count).ok());
                    cells.put(small.unwrap_or_default().to_le_bytes(), small.is_some());
                    cells.put(count.unwrap_or_default().to_le_bytes(), count.is_some() && small.is_none());
                )*
            },
            unpack: |row, cells| {
                $(
                    let (bytes, is_held) = cells.next();
                    row.$($symbol).+ = Sym::from_number(if is_held { u32::from_le_bytes(bytes) } else { 0 });
                )+
                $(
                    let (bytes, is_held) = cells.next();
                    row.$($time).+ = is_held.then_some(i64::from_le_bytes(bytes)).into();
                )+
                $(
                    let (bytes, is_small) = cells.next();
                    let small = is_small.then_some(i64::from(u32::from_le_bytes(bytes)));
                    let (bytes, is_large) = cells.next();
                    row.$($count).+ = small.or(is_large.then_some(i64::from_le_bytes(bytes))).into();
                )*
            },
        }
    };
}

/// What is read beside the habits of an account.
pub static ACTOR: Layout = layout! {
    of: parsed.actor,
    symbols: [
        package, parsed.number.channel, publisher_email_id, publisher_email_domain, trusted_publisher,
        parsed.client, parsed.node, token_id, country, ci_workflow, ci_trigger, ci_ref_kind, parsed.ref_shape,
        ci_runner, ci_environment, parsed.signer, cert_issuer, cert_identity, cert_repository_id, cert_owner_id,
        cert_differs
    ],
    times: [cert_issued_at, cert_integrated_at, token_created_at],
    counts: [ci_attempt]
};

/// What is read beside the habits of a package.
pub static PACKAGE: Layout = layout! {
    of: package,
    symbols: [
        parsed.actor, parsed.number.channel, registry, publisher, auth_kind, trusted_publisher,
        oidc_config_id, parsed.client, npm_version, node_version, provenance, git_head, install_scripts,
        install_script_id, dependencies, optional_dependencies, url_dependencies, maintainers, repository,
        parsed.path, ci_workflow, ci_trigger, ci_ref_kind, ci_ref, parsed.ref_shape, ci_runner, ci_environment,
        parsed.signer, cert_state, cert_failed, cert_issuer, cert_identity, cert_repository_id, cert_owner_id,
        cert_differs
    ],
    times: [cert_issued_at, cert_integrated_at],
    counts: [ci_attempt, file_count, unpacked_size]
};

/// What a step must know of a publish besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Where it goes next: from accounts to its place among the records of a part of packages, and that part; from packages to
    /// its place in the order of the history.
    pub next: (u32, u16),
    /// What the passes must know of it.
    pub known: Known,
}

const VALID: u8 = 1;
const UNVERIFIED: u8 = 1 << 1;
const REFUSED: u8 = 1 << 2;
const REMOVED: u8 = 1 << 3;
const STALE: u8 = 1 << 4;
const TEACHES: u8 = 1 << 5;
const AT_ONCE: u8 = 1 << 6;
/// The numbers of the version take a byte each, and not four.
const SMALL: u8 = 1 << 7;

/// Bytes before the cells: length, entity, what is next, time, flags, and which cells are there.
const HEAD: usize = 2 + 4 + 6 + 8 + 1 + 8;

/// Appends a record to `bytes`.
pub fn write(bytes: &mut Vec<u8>, layout: &Layout, row: &Row, tag: &Tag) {
    let start = bytes.len();
    bytes.resize(start + HEAD, 0);
    let mut cells = Packing { bytes: [0; ROOM], at: 0, held: 0, cells: 0 };
    (layout.pack)(row, &mut cells);
    bytes.extend_from_slice(&cells.bytes[..cells.at]);
    let event: &Event = row;
    let (major, minor, patch) = event.number.triple;
    let small = major.max(minor).max(patch) < 256;
    if event.number.valid {
        for number in [major, minor, patch] {
            bytes.extend_from_slice(&number.to_le_bytes()[..if small { 1 } else { 4 }]);
        }
    }
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = flag(event.number.valid, VALID)
        | flag(event.unverified, UNVERIFIED)
        | flag(event.refused, REFUSED)
        | flag(event.removed == Some(true), REMOVED)
        | flag(tag.known.stale, STALE)
        | flag(tag.known.teaching != Teaching::Never, TEACHES)
        | flag(tag.known.teaching == Teaching::AtOnce, AT_ONCE)
        | flag(small, SMALL);
    let length = u16::try_from(bytes.len() - start).unwrap_or(u16::MAX);
    let parts: [&[u8]; 6] = [
        &length.to_le_bytes(),
        &(layout.entity)(row).number().to_le_bytes(),
        &tag.next.0.to_le_bytes(),
        &tag.next.1.to_le_bytes(),
        &event.at.to_le_bytes(),
        &[flags],
    ];
    let mut at = start;
    for part in parts.into_iter().chain([&cells.held.to_le_bytes()[..]]) {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
}

/// Puts the record at the beginning of `bytes` into a row, in which there is nothing, or another one of the same layout.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn read(mut bytes: &[u8], layout: &Layout, row: &mut Row) -> Tag {
    let _length: [u8; 2] = take(&mut bytes);
    let entity = Sym::from_number(number(&mut bytes));
    let next = (number(&mut bytes), u16::from_le_bytes(take(&mut bytes)));
    row.parsed.at = i64::from_le_bytes(take(&mut bytes));
    let [flags] = take(&mut bytes);
    let held = u64::from_le_bytes(take(&mut bytes));
    let mut cells = Unpacking { bytes: [0; ROOM], at: 0, held };
    let near = bytes.len().min(ROOM);
    cells.bytes[..near].copy_from_slice(&bytes[..near]);
    (layout.unpack)(row, &mut cells);
    (layout.set_entity)(row, entity);
    bytes = &bytes[cells.at..];
    let is = |flag: u8| flags & flag != 0;
    row.published_at = Some(row.parsed.at).into();
    row.parsed.number.valid = is(VALID);
    let mut part = || if is(SMALL) { u32::from(take::<1>(&mut bytes)[0]) } else { number(&mut bytes) };
    row.parsed.number.triple = if is(VALID) { (part(), part(), part()) } else { (0, 0, 0) };
    row.parsed.unverified = is(UNVERIFIED);
    row.parsed.refused = is(REFUSED);
    row.removed = is(REMOVED).then_some(true);
    let teaching = match (is(TEACHES), is(AT_ONCE)) {
        (false, _) => Teaching::Never,
        (true, true) => Teaching::AtOnce,
        (true, false) => Teaching::Settled,
    };
    Tag { next, known: Known { teaching, stale: is(STALE) } }
}

/// Length and entity of the record at the beginning of `bytes`.
#[must_use]
pub fn head(mut bytes: &[u8]) -> (usize, Sym) {
    let length = u16::from_le_bytes(take(&mut bytes));
    (usize::from(length), Sym::from_number(number(&mut bytes)))
}

fn number(bytes: &mut &[u8]) -> u32 {
    u32::from_le_bytes(take(bytes))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (taken, rest) = bytes.split_first_chunk::<N>().expect("a whole record");
    *bytes = rest;
    *taken
}
