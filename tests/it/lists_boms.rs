//! Bills of materials: CycloneDX and SPDX in JSON.

use crate::list_samples::{CYCLONEDX, SPDX_2, SPDX_3, assert_list, try_read};

#[test]
fn cyclonedx_components_nest_and_count_by_their_purl() {
    assert_list(
        "cyclonedx",
        CYCLONEDX,
        &[
            "cargo:serde@1.0.0 sha256:ab",
            "gem:rack@3.0.0",
            "npm:@scope/b@2.0.0 sha512:cc",
            "npm:JSONStream@1.3.5",
            "pypi:six@1.16.0",
        ],
        &[
            "pkg:deb/debian/bash@5: packages of the type `deb` are not read",
            "LICENSE: has no package URL",
            "npm/bad@1: is not a purl: it does not begin with pkg:",
            "components[]: cannot be read as an entry of this format",
        ],
    );
}

#[test]
fn spdx_2_names_packages_by_reference() {
    assert_list(
        "spdx",
        SPDX_2,
        &["npm:@scope/b@2.0.0 sha512:cc", "pypi:six@1.16.0"],
        &["shop: a package of the project itself", "x: has no package URL"],
    );
}

#[test]
fn spdx_3_names_packages_in_a_graph() {
    assert_list(
        "spdx",
        SPDX_3,
        &["npm:@scope/b@2.0.0 sha512:cc", "pypi:six@1.16.0"],
        &["shop: a package of the project itself", "x: has no package URL"],
    );
}

#[test]
fn hashes_of_a_package_with_several_purls_belong_to_none() {
    let text = r#"{"spdxVersion":"SPDX-2.2","packages":[{"name":"a",
        "checksums":[{"algorithm":"SHA256","checksumValue":"$HEX"}],
        "externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:npm/a@1"},
                        {"referenceType":"purl","referenceLocator":"pkg:gem/a@1"}]}]}"#;
    assert_list("spdx", text, &["gem:a@1", "npm:a@1"], &["a: has several package URLs: its hashes are not taken up"]);
}

#[test]
fn purls_that_name_no_package_are_left_out() {
    let cases = [
        ("pkg:npm/scope/b@1", "scope/b@1: its name cannot be one: it holds a path"),
        ("pkg:npm", "pkg:npm: is not a purl: it has no name"),
        ("pkg:pypi/a/b@1", "pkg:pypi/a/b@1: is not a purl: this type has no namespaces"),
        ("pkg:cargo/a%20b@1", "a b@1: its name cannot be one: it holds control characters or blanks"),
        ("pkg:gem/a%40b@1", "a@b@1: its name cannot be one: it holds characters that the registry does not allow"),
    ];
    for (purl, reason) in cases {
        let text = format!(r#"{{"bomFormat":"CycloneDX","components":[{{"purl":"{purl}"}}]}}"#);
        assert_list("cyclonedx", &text, &[], &[reason]);
    }
}

#[test]
fn documents_of_another_kind_are_refused() {
    for (id, text, what) in [
        ("cyclonedx", "{}", "it has no `bomFormat`"),
        ("cyclonedx", r#"{"bomFormat":"Other"}"#, "is not CycloneDX"),
        ("spdx", r#"{"packages":[]}"#, "it has no `spdxVersion`"),
        ("spdx", r#"{"@graph":{}}"#, "it has no `spdxVersion`"),
    ] {
        let error = try_read(id, text).expect_err("refused");
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.remedy.is_some(), "{error}");
    }
}
