//! Yarn's lock file, `yarn.lock`: the classic form (version 1) and that of Yarn 2 and later.

mod berry;
mod classic;

use super::{ListFormat, head};

/// The row of the table.
pub static LIST: ListFormat = ListFormat {
    id: "yarn-lock",
    files: "yarn.lock",
    recognises: |name, text| {
        let start = head(text);
        name == "yarn.lock" || start.lines().take(5).any(|line| line == "# yarn lockfile v1") || is_berry(start)
    },
    read: |text| if is_berry(text) { berry::read(text) } else { classic::read(text) },
};

const REMAKE: &str = "`yarn install`";

/// Only Yarn 2 and later write this key.
fn is_berry(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("__metadata:"))
}
