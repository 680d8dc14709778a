//! The lock files and requirement files of Python.

use crate::list_samples::{POETRY, PYLOCK, REQUIREMENTS, UV, assert_list, hex, left_out, read, try_read, wanted};

#[test]
fn uv_names_a_source_for_each_package() {
    assert_list(
        "uv-lock",
        UV,
        &["pypi:attrs@25.1.0", "pypi:zope-interface@7.0 sha256:00 sha256:ab"],
        &[
            "shop: a package of the project itself",
            "forked: from a source repository, not from a registry",
            "near: a package of the project itself",
            "web: from an address, not from a registry",
        ],
    );
    assert_eq!(read("uv-lock", UV).wanted[1].integrity[1], format!("sha256:{}", hex()));
}

#[test]
fn pylock_may_name_no_version() {
    assert_list(
        "pylock",
        PYLOCK,
        &["pypi:any-version@- sha256:ab", "pypi:attrs@25.1.0 sha256:ab sha512:cc"],
        &[
            "forked: from a source repository, not from a registry",
            "near: from a file or folder, not from a registry",
            "packed: from an address, not from a registry",
        ],
    );
}

#[test]
fn poetry_writes_the_source_only_where_it_is_another() {
    assert_list(
        "poetry-lock",
        POETRY,
        &["pypi:attrs@25.1.0 sha256:ab", "pypi:inner-tool@1.0"],
        &["forked: from a source repository, not from a registry"],
    );
}

#[test]
fn old_poetry_files_give_hashes_by_name_alone() {
    let text = r#"
        [[package]]
        name = "attrs"
        version = "20.1"
        [[package]]
        name = "two"
        version = "1"
        [[package]]
        name = "two"
        version = "2"
        [metadata.files]
        attrs = [{file = "attrs.whl", hash = "sha256:$HEX"}]
        two = [{file = "two.whl", hash = "sha256:$HEX"}]
        gone = []
    "#;
    assert_list(
        "poetry-lock",
        text,
        &["pypi:attrs@20.1 sha256:ab", "pypi:two@1", "pypi:two@2"],
        &["metadata.files.two: does not say which version its hashes belong to"],
    );
}

#[test]
fn toml_that_is_malformed_is_refused_with_its_place() {
    for (id, text) in [
        ("uv-lock", "version = 1\nversion = 2\n"),
        ("pylock", "a = 1\n[[packages\n"),
        ("poetry-lock", "\"é\" = 1\nb =\n"),
    ] {
        let error = try_read(id, text).expect_err("malformed");
        assert!(error.place.as_deref().is_some_and(|place| place.starts_with("line 2 column ")), "{error}");
        assert!(error.remedy.is_some(), "{error}");
    }
    for id in ["uv-lock", "pylock", "poetry-lock", "cargo-lock"] {
        let error = try_read(id, "[tool]\nx = 1\n").expect_err("another kind of file");
        assert!(error.to_string().contains("it has no"), "{error}");
    }
}

#[test]
fn requirements_are_pinned_by_equality_alone() {
    let list = read("requirements", REQUIREMENTS);
    assert_eq!(
        wanted(&list),
        [
            "pypi:attrs@25.1.0 sha256:ab sha512:cc",
            "pypi:bare@-",
            "pypi:both@1.5",
            "pypi:exact@1.0+cpu",
            "pypi:loose@-",
            "pypi:wild@-",
            "pypi:zope-interface@7.0",
        ]
    );
    let follow = "includes another file, which is not followed: name that file too";
    assert_eq!(
        left_out(&list),
        [
            "--index-url: an option of pip, which names no package".to_owned(),
            format!("-r base.txt: {follow}"),
            format!("-cbounds.txt: {follow}"),
            "-e git+https://code.example/a/forked.git#egg=forked: an editable install from a folder or a repository"
                .to_owned(),
            format!("--constraint=more.txt: {follow}"),
            "twofold==1,==2: pins two versions at once".to_owned(),
            "direct @ https://files.example/direct-1.0.whl: from an address, not from a registry".to_owned(),
            "cloned @ git+https://code.example/a/cloned@main: from a source repository, not from a registry".to_owned(),
            "./near: from a file or folder, not from a registry".to_owned(),
            "near-1.0-py3-none-any.whl: from a file or folder, not from a registry".to_owned(),
            "https://files.example/web.zip: from an address, not from a registry".to_owned(),
            "what is this: cannot be read as an entry of this format".to_owned(),
        ]
    );
}

#[test]
fn credentials_are_not_passed_on() {
    let list = read("requirements", REQUIREMENTS);
    let all = format!("{list:?}");
    assert!(!all.contains("secret") && !all.contains("token"), "{all}");
}

#[test]
fn continued_lines_end_where_pip_ends_them() {
    assert_list("requirements", "a==1 \\\n\\\n # b\nc==2 \\", &["pypi:a@1", "pypi:c@2"], &[]);
    assert_list("requirements", "# a \\\nb==1\r\n", &["pypi:b@1"], &[]);
}

#[test]
fn python_names_are_checked() {
    let list = read("requirements", "_a==1\nA__b.-C==1\n");
    assert_eq!(wanted(&list), ["pypi:a-b-c@1"]);
    assert_eq!(list.left_out.len(), 1);
}
