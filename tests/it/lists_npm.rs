//! The lock files of npm, pnpm, Yarn and bun: what each asks for, and what it leaves out.

use crate::list_samples::{
    BUN, PACKAGE_LOCK, PNPM_5, PNPM_6, PNPM_9, SHRINKWRAP, YARN_BERRY, YARN_CLASSIC, assert_list, left_out, read, sri,
    try_read, wanted,
};

#[test]
fn npm_lists_folders_in_versions_2_and_3() {
    assert_list(
        "package-lock",
        PACKAGE_LOCK,
        &[
            "npm:@scope/b@2.0.0-rc.1 sha512-AA",
            "npm:left-pad@1.3.0 sha1-BBBB sha512-AA",
            "npm:optional@-",
            "npm:real@3.0.0",
        ],
        &[
            "node_modules/tools-x: a link to a folder",
            "tools/x: a package of the project itself",
            "node_modules/npm/node_modules/inner: bundled inside another package",
            "node_modules/forked: from a source repository, not from a registry",
            "node_modules/packed: from a file or folder, not from a registry",
            "node_modules/odd: cannot be read as an entry of this format",
        ],
    );
    assert_eq!(read("package-lock", PACKAGE_LOCK).wanted[0].integrity, [sri()], "the whole hash is kept");
}

#[test]
fn npm_nests_dependencies_in_version_1() {
    assert_list(
        "package-lock",
        SHRINKWRAP,
        &["npm:@scope/c@0.1.0", "npm:@scope/real@2.0.0 sha512-AA", "npm:a@1.0.0 sha1-BBBB", "npm:b@1.1.0 sha512-AA"],
        &[
            "d: bundled inside another package",
            "repo@git+https://code.example/a/repo.git#0123456: from a source repository, not from a registry",
            "short@github:a/short#0123456: from a source repository, not from a registry",
            "near@file:../near: from a file or folder, not from a registry",
            "web@https://files.example/web.tgz: from an address, not from a registry",
        ],
    );
}

#[test]
fn the_order_of_npms_two_lists_does_not_matter() {
    let text = r#"{"dependencies":{"a":{"version":"1.0.0"}},"packages":{"node_modules/b":{"version":"2.0.0"}}}"#;
    assert_list("package-lock", text, &["npm:b@2.0.0"], &[]);
    assert_list("package-lock", r#"{"lockfileVersion":3}"#, &[], &[]);
    let error = try_read("package-lock", r#"{"name":"shop"}"#).expect_err("a manifest is no lock file");
    assert!(error.to_string().contains("is not a lock file of npm"), "{error}");
}

#[test]
fn deep_nesting_ends_in_an_error() {
    let text = format!("{}{}", r#"{"dependencies":{"a":"#.repeat(5000), "}".repeat(10_000));
    let error = try_read("package-lock", &text).expect_err("too deep");
    assert!(error.to_string().contains("recursion limit"), "{error}");
}

#[test]
fn pnpm_writes_keys_in_three_ways() {
    assert_list(
        "pnpm-lock",
        PNPM_5,
        &["npm:@scope/b@2.0.0 sha512-AA", "npm:left-pad@1.3.0 sha512-AA", "npm:older@1.0.0 sha512-AA"],
        &[
            "code.example/a/forked/0123456: from an address, not from a registry",
            "file:../near: from a file or folder, not from a registry",
        ],
    );
    assert_list(
        "pnpm-lock",
        PNPM_6,
        &["npm:@scope/b@2.0.0 sha512-AA", "npm:left-pad@1.3.0 sha512-AA"],
        &["@code.example/a/forked/0123456: from a source repository, not from a registry"],
    );
    assert_list(
        "pnpm-lock",
        PNPM_9,
        &[
            "npm:@scope/b@2.0.0 sha512-AA",
            "npm:left-pad@1.3.0 sha512-AA",
            "npm:pnpm@11.0.0 sha512-AA",
            "npm:very-long@1.0.0 sha512-AA",
        ],
        &[
            "forked@https://code.example/a/forked/tar.gz/0123456: from an address, not from a registry",
            "near@file:../near: from a file or folder, not from a registry",
            "cloned@git+https://code.example/a/cloned.git#0123456: from a source repository, not from a registry",
        ],
    );
}

#[test]
fn other_versions_of_pnpms_file_are_refused() {
    for text in ["lockfileVersion: 4\npackages:\n", "packages:\n", ""] {
        let error = try_read("pnpm-lock", text).expect_err("refused");
        assert!(error.to_string().contains("no lock file version that is known"), "{error}");
    }
}

#[test]
fn a_place_in_a_later_document_counts_from_the_start_of_the_file() {
    let text = "lockfileVersion: '9.0'\n---\npackages:\n  a@1: {\n  b: [}\n";
    let error = try_read("pnpm-lock", text).expect_err("malformed");
    assert_eq!(error.place.as_deref(), Some("line 5 column 6"), "{error}");
    assert!(!error.what.contains("line"), "the place is said once: {error}");
}

#[test]
fn yarn_has_a_classic_form() {
    assert_list(
        "yarn-lock",
        YARN_CLASSIC,
        &["npm:@scope/b@1.2.0 sha512-AA", "npm:left-pad@1.3.0", "npm:real@3.1.0 sha512-AA"],
        &[
            "forked@git+https://code.example/a/forked.git: from a source repository, not from a registry",
            "forked2@a/forked2: from a file, a folder or a repository, not from a registry",
            "near@file:../near: from a file or folder, not from a registry",
            "web@https://files.example/web.tgz: from an address, not from a registry",
        ],
    );
    let windows = read("yarn-lock", &YARN_CLASSIC.replace('\n', "\r\n"));
    assert_eq!(windows, read("yarn-lock", YARN_CLASSIC), "line ends do not matter");
}

#[test]
fn a_classic_yarn_entry_names_one_package() {
    assert_list("yarn-lock", "a@1, b@1:\n  version \"1.0.0\"\n", &[], &["a@1: names several packages at once"]);
}

#[test]
fn classic_yarn_text_that_is_none_is_refused_with_its_line() {
    for (text, line) in
        [("a@1:\n  version \"1\"\nb@2\n", "line 3"), ("\n  version \"1\"\n", "line 2"), ("\"a@1:\n", "line 1")]
    {
        let error = try_read("yarn-lock", text).expect_err("refused");
        assert_eq!(error.place.as_deref(), Some(line));
        assert!(error.remedy.is_some_and(|remedy| remedy.contains("yarn install")));
    }
}

#[test]
fn newer_yarn_resolves_patches_to_what_they_patch_and_gives_no_integrity() {
    assert_list(
        "yarn-lock",
        YARN_BERRY,
        &["npm:@scope/b@1.2.0", "npm:archived@1.0.0", "npm:real@3.1.0", "npm:twice@2.0.0", "npm:typescript@5.0.0"],
        &[
            "shop@workspace:.: a package of the project itself",
            "near@portal:../near::locator=shop%40workspace%3A.: a link to a folder",
            "forked@https://code.example/a/forked.git#commit=0123456: from a source repository, not from a registry",
        ],
    );
}

#[test]
fn bun_writes_json_with_comments() {
    assert_list(
        "bun-lock",
        BUN,
        &["npm:@scope/b@2.0.0 sha512-AA", "npm:left-pad@1.3.0 sha512-AA", "npm:real@3.0.0 sha512-AA"],
        &[
            "inner@1.0.0: bundled inside another package",
            "tool@workspace:tools/tool: a package of the project itself",
            "forked@github:a/forked#0123456: from a source repository, not from a registry",
            "near@./near.tgz: from a file or folder, not from a registry",
            "odd: cannot be read as an entry of this format",
            "odder: cannot be read as an entry of this format",
        ],
    );
    let error = try_read("bun-lock", "{ // é\n  \"lockfileVersion\": 1,\n  oops\n}").expect_err("malformed");
    assert_eq!(error.place.as_deref(), Some("line 3 column 3"), "places stay where they were");
}

#[test]
fn names_and_versions_that_cannot_be_are_left_out() {
    let text = r#"{"lockfileVersion":3,"packages":{
        "node_modules/../etc": {"version":"1.0.0"},
        "node_modules/@scope": {"version":"1.0.0"},
        "node_modules/a": {"version":""},
        "node_modules/b": {"version":"1.0.0\u0007"},
        "node_modules/c": {"version":"1.0.0","integrity":"sha512-short md5-AAAA"},
        "node_modules/c": {"version":"1.0.0","integrity":"$SRI"}
    }}"#;
    let list = read("package-lock", text);
    assert_eq!(wanted(&list), ["npm:c@1.0.0 sha512-AA"]);
    let reasons = left_out(&list);
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    assert!(reasons[0].starts_with("../etc@1.0.0: its name cannot be one: "), "{reasons:?}");
    assert!(reasons[2].ends_with("its version cannot be one: it is empty"), "{reasons:?}");
    assert!(reasons[4].contains("taken up without the hash `sha512-short`"), "{reasons:?}");
}
