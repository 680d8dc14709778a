//! A publish on its way from one step of a sweep to the next, on disk: what the measures read of a row, as symbols. For
//! the time of one run on one machine.

use crate::archive::columns::{Number, Row};
use crate::archive::history::Event;
use crate::archive::vocabulary::Sym;
use crate::baseline::package::Teaching;
use crate::engine::kernel::Known;

type Symbol = fn(&mut Row) -> &mut Sym;
type Quantity = fn(&mut Row) -> &mut Number;

/// What a step reads of a row.
pub struct Layout {
    symbols: &'static [Symbol],
    quantities: &'static [Quantity],
}

/// What is read beside the habits of an account.
pub static ACTOR: Layout = Layout {
    symbols: &[
        |r| &mut r.package,
        |r| &mut r.parsed.actor,
        |r| &mut r.parsed.number.channel,
        |r| &mut r.publisher_email_id,
        |r| &mut r.publisher_email_domain,
        |r| &mut r.trusted_publisher,
        |r| &mut r.parsed.client,
        |r| &mut r.parsed.node,
        |r| &mut r.token_id,
        |r| &mut r.country,
        |r| &mut r.ci_workflow,
        |r| &mut r.ci_trigger,
        |r| &mut r.ci_ref_kind,
        |r| &mut r.parsed.ref_shape,
        |r| &mut r.ci_runner,
        |r| &mut r.ci_environment,
        |r| &mut r.parsed.signer,
        |r| &mut r.cert_issuer,
        |r| &mut r.cert_identity,
        |r| &mut r.cert_repository_id,
        |r| &mut r.cert_owner_id,
        |r| &mut r.cert_differs,
    ],
    quantities: &[
        |r| &mut r.ci_attempt,
        |r| &mut r.cert_issued_at,
        |r| &mut r.cert_integrated_at,
        |r| &mut r.token_created_at,
    ],
};

/// What is read beside the habits of a package.
pub static PACKAGE: Layout = Layout {
    symbols: &[
        |r| &mut r.package,
        |r| &mut r.parsed.actor,
        |r| &mut r.parsed.number.channel,
        |r| &mut r.registry,
        |r| &mut r.publisher,
        |r| &mut r.auth_kind,
        |r| &mut r.trusted_publisher,
        |r| &mut r.oidc_config_id,
        |r| &mut r.parsed.client,
        |r| &mut r.npm_version,
        |r| &mut r.node_version,
        |r| &mut r.provenance,
        |r| &mut r.git_head,
        |r| &mut r.install_scripts,
        |r| &mut r.install_script_id,
        |r| &mut r.dependencies,
        |r| &mut r.optional_dependencies,
        |r| &mut r.url_dependencies,
        |r| &mut r.maintainers,
        |r| &mut r.repository,
        |r| &mut r.parsed.path,
        |r| &mut r.ci_workflow,
        |r| &mut r.ci_trigger,
        |r| &mut r.ci_ref_kind,
        |r| &mut r.ci_ref,
        |r| &mut r.parsed.ref_shape,
        |r| &mut r.ci_runner,
        |r| &mut r.ci_environment,
        |r| &mut r.parsed.signer,
        |r| &mut r.cert_state,
        |r| &mut r.cert_failed,
        |r| &mut r.cert_issuer,
        |r| &mut r.cert_identity,
        |r| &mut r.cert_repository_id,
        |r| &mut r.cert_owner_id,
        |r| &mut r.cert_differs,
    ],
    quantities: &[
        |r| &mut r.ci_attempt,
        |r| &mut r.cert_issued_at,
        |r| &mut r.cert_integrated_at,
        |r| &mut r.file_count,
        |r| &mut r.unpacked_size,
    ],
};

/// What a step must know of a publish besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its place in the order of the history.
    pub row: u32,
    /// Its place among the records of its package's part, and the part.
    pub home: (u32, u16),
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

/// Bytes before the cells: length, entity, row, home, time, flags, and which cells are there.
const HEAD: usize = 2 + 4 + 4 + 6 + 8 + 1 + 8;

/// Appends a record of `entity` to `bytes`.
pub fn write(bytes: &mut Vec<u8>, layout: &Layout, entity: Sym, row: &mut Row, tag: &Tag) {
    let start = bytes.len();
    bytes.resize(start + HEAD, 0);
    let mut held = 0u64;
    let mut bit = 1u64;
    for cell in layout.symbols {
        let symbol = *cell(row);
        if symbol.is_some() {
            held |= bit;
            bytes.extend(symbol.number().to_le_bytes());
        }
        bit <<= 1;
    }
    for cell in layout.quantities {
        if let Some(number) = cell(row).get() {
            held |= bit;
            bytes.extend(number.to_le_bytes());
        }
        bit <<= 1;
    }
    let event: &Event = row;
    if event.number.valid {
        let (major, minor, patch) = event.number.triple;
        for number in [major, minor, patch] {
            bytes.extend(number.to_le_bytes());
        }
    }
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = flag(event.number.valid, VALID)
        | flag(event.unverified, UNVERIFIED)
        | flag(event.refused, REFUSED)
        | flag(event.removed == Some(true), REMOVED)
        | flag(tag.known.stale, STALE)
        | flag(tag.known.teaching != Teaching::Never, TEACHES)
        | flag(tag.known.teaching == Teaching::AtOnce, AT_ONCE);
    let length = u16::try_from(bytes.len() - start).unwrap_or(u16::MAX);
    let parts: [&[u8]; 7] = [
        &length.to_le_bytes(),
        &entity.number().to_le_bytes(),
        &tag.row.to_le_bytes(),
        &tag.home.0.to_le_bytes(),
        &tag.home.1.to_le_bytes(),
        &event.at.to_le_bytes(),
        &[flags],
    ];
    let mut at = start;
    for part in parts.into_iter().chain([&held.to_le_bytes()[..]]) {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
}

/// The record at the beginning of `bytes`.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn read(mut bytes: &[u8], layout: &Layout) -> (Row, Tag) {
    let mut row = Row::default();
    let _length: [u8; 2] = take(&mut bytes);
    let _entity: [u8; 4] = take(&mut bytes);
    let place = u32::from_le_bytes(take(&mut bytes));
    let home = (u32::from_le_bytes(take(&mut bytes)), u16::from_le_bytes(take(&mut bytes)));
    row.parsed.at = i64::from_le_bytes(take(&mut bytes));
    let [flags] = take(&mut bytes);
    let mut held = u64::from_le_bytes(take(&mut bytes));
    for cell in layout.symbols {
        if held & 1 == 1 {
            *cell(&mut row) = Sym::from_number(u32::from_le_bytes(take(&mut bytes)));
        }
        held >>= 1;
    }
    for cell in layout.quantities {
        if held & 1 == 1 {
            *cell(&mut row) = Some(i64::from_le_bytes(take(&mut bytes))).into();
        }
        held >>= 1;
    }
    let is = |flag: u8| flags & flag != 0;
    row.published_at = Some(row.parsed.at).into();
    row.parsed.number.valid = is(VALID);
    if is(VALID) {
        row.parsed.number.triple = (number(&mut bytes), number(&mut bytes), number(&mut bytes));
    }
    row.parsed.unverified = is(UNVERIFIED);
    row.parsed.refused = is(REFUSED);
    row.removed = is(REMOVED).then_some(true);
    let teaching = match (is(TEACHES), is(AT_ONCE)) {
        (false, _) => Teaching::Never,
        (true, true) => Teaching::AtOnce,
        (true, false) => Teaching::Settled,
    };
    (row, Tag { row: place, home, known: Known { teaching, stale: is(STALE) } })
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
