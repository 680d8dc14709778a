//! The shared material: real documents and histories that do not come with a clone.

use std::io::Write;
use std::path::PathBuf;

/// A file or folder of the shared material. Where it is absent, a remark that the test was skipped
/// goes past the test runner's capture, and `GAITKEEPER_REQUIRE_SHARED` turns it into a failure.
pub fn shared(what: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GAITKEEPER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(what);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("GAITKEEPER_REQUIRE_SHARED").is_none(), "{} must be there", path.display());
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(std::io::stderr(), "SKIPPED {test}: {} is not there (set GAITKEEPER_SHARED)", path.display())
        .expect("stderr");
    None
}
