//! The lock files of Cargo and Bundler.

use crate::list_samples::{CARGO, GEMFILE, assert_list, hex, read, try_read};

#[test]
fn cargo_names_registries_by_kind_and_address() {
    assert_list(
        "cargo-lock",
        CARGO,
        &["cargo:ryu@1.0.0 sha256:ab", "cargo:serde_json@1.0.100 sha256:ab"],
        &["shop@0.1.0: a package of the project itself", "forked@0.1.0: from a source repository, not from a registry"],
    );
    assert_eq!(read("cargo-lock", CARGO).wanted[1].integrity, [format!("sha256:{}", hex())]);
}

#[test]
fn bundler_adds_the_platform_to_the_version() {
    assert_list(
        "gemfile-lock",
        GEMFILE,
        &["gem:nokogiri@1.18.0 sha256:11 sha256:ab", "gem:racc@1.8.1.pre.1 sha512:cc"],
        &[
            "forked (1.0.0): from a source repository, not from a registry",
            "near (0.1.0): from a file or folder, not from a registry",
            "broken: cannot be read as an entry of this format",
        ],
    );
}

#[test]
fn a_section_that_is_not_known_is_told() {
    assert_list(
        "gemfile-lock",
        "GEM\n  specs:\n    a (1)\n\nNEW THINGS\n    b (1)\n",
        &["gem:a@1"],
        &["NEW THINGS: a section that is not known here"],
    );
    let error = try_read("gemfile-lock", "\n  specs:\n").expect_err("no section");
    assert_eq!(error.place.as_deref(), Some("line 2"));
    assert!(try_read("gemfile-lock", "").is_err());
}
