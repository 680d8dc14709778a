//! What a lock file says of how its entries are pinned: hosts, hashes that are missing, and what comes from elsewhere.

use gaitkeeper::acquire::lists::{Elsewhere, List};

use crate::list_samples::read;

/// Hosts of a list's first package, and whether some entry of it has no hash.
fn first(list: &List) -> (Vec<&str>, bool) {
    let wanted = list.wanted.first().expect("a package");
    (wanted.hosts.iter().map(String::as_str).collect(), wanted.unhashed)
}

#[test]
fn hosts_are_told_without_credentials_and_paths() {
    let package_lock = |resolved: &str| {
        format!(
            r#"{{"lockfileVersion":3,"packages":{{"node_modules/a":{{"version":"1.0.0","resolved":"{resolved}","integrity":"$SRI"}}}}}}"#
        )
    };
    for (resolved, host) in [
        ("https://user:secret@registry.example/a/-/a.tgz?token=1", vec!["https://registry.example"]),
        ("http://registry.example:8080/a.tgz", vec!["http://registry.example:8080"]),
        ("https://REGISTRY.example:443/a.tgz", vec!["https://registry.example"]),
        ("a-1.0.0.tgz", vec![]),
        ("", vec![]),
        ("https://", vec![]),
    ] {
        assert_eq!(first(&read("package-lock", &package_lock(resolved))), (host, false), "{resolved}");
    }
    let cargo =
        "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"$SOURCE\"\nchecksum = \"$HEX\"\n";
    for (source, host) in [
        ("registry+https://index.example/git/index", "https://index.example"),
        ("sparse+https://index.example/", "https://index.example"),
    ] {
        assert_eq!(first(&read("cargo-lock", &cargo.replace("$SOURCE", source))), (vec![host], false));
    }
    let yarn = "# yarn lockfile v1\n\na@^1:\n  version \"1.0.0\"\n  resolved \"https://registry.example/a.tgz#00\"\n  integrity $SRI\n";
    assert_eq!(first(&read("yarn-lock", yarn)), (vec!["https://registry.example"], false));
    let gems = |remotes: &str| format!("GEM\n{remotes}  specs:\n    a (1.0.0)\n\nCHECKSUMS\n  a (1.0.0) sha256=$HEX\n");
    let one = "  remote: https://gems.example/\n";
    assert_eq!(first(&read("gemfile-lock", &gems(one))), (vec!["https://gems.example"], false));
    for several in [2, 3] {
        assert_eq!(first(&read("gemfile-lock", &gems(&one.repeat(several)))), (vec![], false), "not told which");
    }
    let uv = "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { registry = \"https://index.example/simple\" }\n\
              wheels = [{ url = \"https://files.example/a.whl\", hash = \"sha256:$HEX\" }, { url = \"https://other.example/a.whl\" }]\n";
    assert_eq!(first(&read("uv-lock", uv)), (vec!["https://files.example", "https://other.example"], false));
}

#[test]
fn an_entry_without_a_hash_is_told_even_beside_one_with_a_hash() {
    let entry = |path: &str, integrity: &str| format!(r#""node_modules/{path}":{{"version":"1.0.0"{integrity}}}"#);
    let lock = |entries: [String; 2]| format!(r#"{{"lockfileVersion":3,"packages":{{{}}}}}"#, entries.join(","));
    let hashed = r#","integrity":"$SRI""#;
    let both = read("package-lock", &lock([entry("a", hashed), entry("b/node_modules/a", hashed)]));
    assert!(!both.wanted[0].unhashed);
    for one in [entry("b/node_modules/a", ""), entry("b/node_modules/a", r#","integrity":"sha512-short""#)] {
        let list = read("package-lock", &lock([entry("a", hashed), one]));
        assert!(list.wanted[0].unhashed && !list.wanted[0].integrity.is_empty(), "{list:?}");
    }
    // Hashes that stand elsewhere in the file count.
    let poetry = "[[package]]\nname = \"a\"\nversion = \"1\"\n[metadata.files]\na = [{ file = \"a.whl\", hash = \"sha256:$HEX\" }]\n";
    assert!(!read("poetry-lock", poetry).wanted[0].unhashed);
    assert!(read("poetry-lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n").wanted[0].unhashed);
}

#[test]
fn what_is_left_out_says_what_it_is_and_where_from() {
    let text = r#"{"lockfileVersion":3,"packages":{
        "":{"name":"root"},"part":{"name":"part"},
        "node_modules/git":{"version":"1.0.0","resolved":"git+ssh://git:secret@forge.example/a.git#0123"},
        "node_modules/link":{"link":true,"resolved":"part"},
        "node_modules/odd":7}}"#;
    let list = read("package-lock", text);
    let told: Vec<(&str, Elsewhere, Option<&str>)> =
        list.left_out.iter().map(|left| (left.entry.as_str(), left.elsewhere(), left.address.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("part", Elsewhere::Local, None),
            ("node_modules/git", Elsewhere::Repository, Some("git+ssh://forge.example/a.git#0123")),
            ("node_modules/link", Elsewhere::Local, None),
            ("node_modules/odd", Elsewhere::Unknown, None),
        ]
    );
    let list = read("requirements", "a @ https://files.example/a.whl\n--pre\n-r more.txt\n-e .\n");
    let told: Vec<Elsewhere> = list.left_out.iter().map(gaitkeeper::acquire::lists::LeftOut::elsewhere).collect();
    assert_eq!(told, [Elsewhere::Address, Elsewhere::Local, Elsewhere::Unknown, Elsewhere::Unknown]);
}
