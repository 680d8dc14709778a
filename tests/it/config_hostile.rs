//! Settings from strangers: whatever stands in them, nothing panics, and nothing goes where it should not.

use std::time::Instant;

use gaitkeeper::config::{Addresses, Config};
use proptest::prelude::*;
use url::Url;

use crate::surroundings::World;

/// Every public answer, so that whatever could panic is reached.
fn exercise(addresses: &Addresses) {
    for id in ["npm", "pypi", "cargo", "gem", "x"] {
        if let Ok(endpoint) = addresses.of(id, "@s/a") {
            assert!(endpoint.base.path().ends_with('/') && endpoint.base.username().is_empty());
            assert!(endpoint.base.password().is_none() && endpoint.base.query().is_none());
            assert!(matches!(endpoint.base.scheme(), "http" | "https"));
        }
    }
    addresses.cargo_index();
    let shown = format!("{:?} {:?}", addresses.warnings(), addresses.credentials());
    assert!(!shown.contains("Bearer") && !shown.contains("Basic"));
}

/// Lines made of the pieces that mean something, in any order.
fn lines() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("//h.example".to_owned()),
        Just(":_authToken=".to_owned()),
        Just("registry=https://".to_owned()),
        Just(":sources:\n- https://".to_owned()),
        Just("[source.crates-io]\nreplace-with = '".to_owned()),
        Just("${A}".to_owned()),
        Just("\\".to_owned()),
        Just("'\"".to_owned()),
        Just("%2".to_owned()),
        "[\\[\\]=:;#@/?.$\\{\\}\\n\\r \"'a%]{0,6}",
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_in_any_file_panics(rc in lines(), gemrc in lines(), cargo in lines(), value in lines()) {
        let world = World::new()
            .env("A", &value)
            .env("npm_config_//e.example/:_auth", &value)
            .env("NPM_CONFIG_REGISTRY", &value)
            .env("PIP_INDEX_URL", &value)
            .file("home/.npmrc", &rc)
            .file("project/.npmrc", &value)
            .file("home/.gemrc", &gemrc)
            .file("home/.cargo/config.toml", &cargo);
        exercise(&world.find());
    }

    #[test]
    fn no_bytes_in_a_file_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let world = World::new();
        std::fs::write(world.path("home/.npmrc"), &bytes).expect("file");
        std::fs::write(world.path("home/.gemrc"), &bytes).expect("file");
        exercise(&world.find());
    }

    #[test]
    fn no_gaitkeeper_toml_and_no_flag_panics(text in lines(), any in "\\PC{0,40}") {
        let world = World::new();
        let _ = Config::parse(&text, world.s.cwd.as_path());
        let _ = Config::parse(&format!("[network]\n{any} = 1\nattempts = {text}"), world.s.cwd.as_path());
        for flag in [&text, &any, &format!("gem=https://{any}"), &format!("https://{text}")] {
            if let Ok(addresses) = world.try_find(&[flag], "") {
                exercise(&addresses);
            }
        }
    }

    #[test]
    fn a_credential_stays_on_its_host(host in "[a-z.@:/%\\\\]{1,12}", path in "[a-b./%2f\\\\]{0,10}") {
        let addresses = World::new().file("home/.npmrc", "//h.example/a/:_authToken=t").find();
        let credential = &addresses.credentials()[0];
        for text in [format!("https://{host}/{path}"), format!("https://h.example/{path}"), format!("https://h.example{host}")] {
            let Ok(url) = Url::parse(&text) else { continue };
            if credential.applies_to(&url) {
                prop_assert_eq!(url.origin().ascii_serialization(), "https://h.example");
                prop_assert!(url.path().starts_with("/a/"));
            }
        }
    }
}

#[test]
fn large_and_odd_files_are_left_alone_with_a_warning() {
    let world = World::new().file("home/.npmrc", &"#".repeat((1 << 20) + 1));
    let warnings = world.find().warnings();
    assert!(warnings[0].starts_with("~/.npmrc: is larger than 1 MiB"), "{warnings:?}");
    let world = World::new();
    std::fs::create_dir(world.path("project/.npmrc")).expect("folder");
    assert!(world.find().warnings()[0].contains("is no file"));
}

#[test]
fn time_grows_with_the_file_and_no_faster() {
    let start = Instant::now();
    for text in
        ["${".repeat(500_000), "\\".repeat(1_000_000), "a=${b\n".repeat(150_000), "//h/:_auth=a\n".repeat(75_000)]
    {
        exercise(&World::new().file("home/.npmrc", &format!("registry={text}")).file("home/.gemrc", &text).find());
    }
    let problems = "é=é\n[[[\n".repeat(20_000);
    assert!(Config::parse(&problems, std::path::Path::new("g")).is_err());
    let keys = (0..40_000).map(|i| format!("k{i}=1")).collect::<Vec<_>>().join("\n");
    assert!(Config::parse(&keys, std::path::Path::new("g")).is_err());
    assert!(start.elapsed().as_secs() < 30, "took {:?}", start.elapsed());
}

#[test]
fn deep_nesting_in_toml_is_refused() {
    let text = format!("a = {}", "[".repeat(200_000));
    assert!(Config::parse(&text, std::path::Path::new("g")).is_err());
    let world = World::new().file("home/.cargo/config.toml", &text);
    assert_eq!(world.find().cargo_index(), None);
}
