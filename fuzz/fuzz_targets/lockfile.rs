//! Lock files and bills of materials: every format reads every text.
#![no_main]

use gaitkeeper_fuzz::acquire::lists::{LISTS, MAX_ENTRIES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for format in LISTS {
        let _ = (format.recognises)("", text);
        if let Ok(list) = (format.read)(text) {
            assert!(list.wanted.is_sorted(), "{}: what is wanted is not in order", format.id);
            assert!(list.wanted.len() + list.left_out.len() <= MAX_ENTRIES, "{}: too many entries", format.id);
        }
    }
});
