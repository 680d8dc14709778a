//! The seal of a segment: a hash over its bytes, kept in its own footer. Parquet pages have no checksum that
//! is written here, and a changed byte in one mostly reads as other values.
//!
//! The footer's metadata (parquet.thrift, `FileMetaData.key_value_metadata`) gets a value of zeros first;
//! the BLAKE3 of the file in that state is then written over them.

use std::ops::Range;

/// Key of the seal in the file's metadata.
pub const KEY: &str = "gaitkeeper.blake3";
/// What stands in the place of the hash while it is computed.
pub const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Between key and value in Thrift's compact protocol: the next field is a string, of that length.
const BETWEEN: [u8; 2] = [0x18, 64];

/// Seals a file that was written with [`BLANK`] under [`KEY`]; one without is left as it is.
pub fn seal(file: &mut [u8]) {
    if let Some(place) = place(file) {
        let hash = hash(file, &place);
        file[place].copy_from_slice(hash.as_bytes());
    }
}

/// Whether the file has a seal at all.
#[must_use]
pub fn is_sealed(file: &[u8]) -> bool {
    place(file).is_some()
}

/// Whether the file is, to the byte, the one that was sealed.
#[must_use]
pub fn is_unbroken(file: &[u8]) -> bool {
    place(file).is_some_and(|place| hash(file, &place).as_bytes() == &file[place])
}

/// Where the hash stands: the metadata come last in the footer, after all that strings of the table can be in.
fn place(file: &[u8]) -> Option<Range<usize>> {
    let start = memchr::memmem::rfind(file, KEY.as_bytes())? + KEY.len() + BETWEEN.len();
    let place = start..start + BLANK.len();
    (file.len() > place.end && file[start - BETWEEN.len()..start] == BETWEEN).then_some(place)
}

fn hash(file: &[u8], place: &Range<usize>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&file[..place.start]).update(BLANK.as_bytes()).update(&file[place.end..]);
    hasher.finalize().to_hex().to_string()
}
