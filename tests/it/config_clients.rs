//! Where the registries of Python, Rust and Ruby are found.

use crate::surroundings::{World, base, header};

const PIP: &str = "pip config get global.index-url";
const PYTHON: &str = "python3 -I -m pip config get global.index-url";
const GEM: &str = "gem sources --list";

#[test]
fn each_registry_has_a_flag_a_variable_and_a_table() {
    for id in ["pypi", "cargo", "gem"] {
        let toml = format!("[registries.{id}]\nurl='https://registry.example/toml'\nrequests_per_second=3\n");
        let name = format!("GAITKEEPER_{}_REGISTRY", id.to_uppercase());
        let world = World::new()
            .env("PIP_INDEX_URL", "https://registry.example/pip")
            .answers(GEM, "https://registry.example/g");
        let addresses = world.try_find(&[], &toml).expect("addresses");
        let endpoint = addresses.of(id, "a").expect("endpoint");
        assert_eq!(
            (endpoint.base.as_str(), endpoint.found.as_str()),
            ("https://registry.example/toml/", "gaitkeeper.toml")
        );
        assert_eq!((endpoint.registry, endpoint.requests_per_second, endpoint.feed), (id, Some(3), None));

        let world = world.env(&name, "https://registry.example/env");
        let wanted = ("https://registry.example/env/".to_owned(), format!("environment {name}"));
        assert_eq!(base(&world.try_find(&[], &toml).expect("addresses"), id, "a"), wanted);

        let flag = format!("{id}=https://registry.example/flag");
        let wanted = ("https://registry.example/flag/".to_owned(), "--registry".to_owned());
        assert_eq!(base(&world.try_find(&[&flag], &toml).expect("addresses"), id, "a"), wanted);
        assert_eq!(World::calls(), [""; 0]);
    }
}

#[test]
fn a_bad_variable_is_an_error_for_its_registry_only() {
    let addresses =
        World::new().env("GAITKEEPER_GEM_REGISTRY", "nonsense").env("PIP_INDEX_URL", "https://p.example").find();
    assert!(addresses.of("pypi", "a").is_ok());
    let error = addresses.of("gem", "a").expect_err("unusable");
    assert!(error.what.starts_with("environment GAITKEEPER_GEM_REGISTRY: `nonsense`"), "{error}");
}

#[test]
fn none_found_and_unknown_ids_are_errors_with_a_remedy() {
    let addresses = World::new().find();
    for id in ["pypi", "cargo", "gem"] {
        let error = addresses.of(id, "a").expect_err("none");
        let remedy = error.remedy.expect("remedy");
        assert!(
            remedy.contains(&format!("--registry {id}=https://")) && remedy.contains(&format!("registries.{id}.url"))
        );
    }
    let error = addresses.of("pipy", "a").expect_err("unknown");
    assert!(error.remedy.expect("remedy").contains("`pypi`"));
}

#[test]
fn pips_index_loses_its_last_segment() {
    for (index, wanted) in [
        ("https://p.example/simple", "https://p.example/"),
        ("https://p.example/simple/", "https://p.example/"),
        ("https://p.example/a/pypi/b/simple//", "https://p.example/a/pypi/b/"),
        ("https://p.example/root/dev/+simple/", "https://p.example/root/dev/+simple/"),
        ("https://p.example/notsimple", "https://p.example/notsimple/"),
        ("https://simple", "https://simple/"),
    ] {
        assert_eq!(base(&World::new().env("PIP_INDEX_URL", index).find(), "pypi", "a").0, wanted, "{index}");
    }
}

#[test]
fn pip_is_asked_by_either_name_and_once() {
    let addresses = World::new().answers(PIP, "https://u:p@p.example/x/simple").find();
    assert_eq!(base(&addresses, "pypi", "a"), ("https://p.example/x/".to_owned(), PIP.to_owned()));
    assert_eq!(header(&addresses, "https://p.example/x/pypi/a/json").as_deref(), Some("Basic dTpw"));
    assert_eq!(header(&addresses, "https://q.example/x/pypi/a/json"), None);
    assert_eq!(World::calls(), [PIP]);

    let addresses = World::new().answers(PYTHON, "https://p.example/simple").find();
    assert_eq!(base(&addresses, "pypi", "a").1, PYTHON);
    addresses.of("pypi", "b").expect("endpoint");
    assert_eq!(World::calls(), [PIP, PYTHON]);
}

#[test]
fn the_first_gem_source_is_taken_and_the_others_are_mentioned() {
    let out = "*** CURRENT SOURCES ***\n\nhttps://g.example/\nhttps://h.example/";
    let addresses = World::new().answers(GEM, out).find();
    assert_eq!(base(&addresses, "gem", "a"), ("https://g.example/".to_owned(), GEM.to_owned()));
    assert_eq!(addresses.warnings(), ["gem sources --list names 2 sources; only the first is asked"]);
}

#[test]
fn gemrc_is_read_where_gem_does_not_answer() {
    for (text, wanted) in [
        (":sources:\n- https://g.example/\n", Some("https://g.example/")),
        (
            "---\n:backtrace: false\n:sources:\n  # mine\n  - 'https://g.example/x' # why\n:verbose: true\n",
            Some("https://g.example/x/"),
        ),
        (":sources: [\"https://g.example/\", 'https://h.example/']", Some("https://g.example/")),
        ("sources:\n- https://g.example\n", Some("https://g.example/")),
        (":sources:\n:other:\n- https://g.example/\n", None),
        (":verbose: true\n", None),
        (":sources:", None),
        (":sources: [", None),
    ] {
        let world = World::new().file("home/.gemrc", text);
        let addresses = world.find();
        let found = addresses.of("gem", "a").ok().map(|endpoint| endpoint.base.to_string());
        assert_eq!(found.as_deref(), wanted, "{text}");
    }
}

const REPLACED: &str =
    "[source.crates-io]\nreplace-with = 'mirror'\n[source.mirror]\nregistry = 'sparse+https://c.example/index/'\n";

fn index(world: &World) -> Option<String> {
    world.find().cargo_index().map(|url| url.to_string())
}

#[test]
fn cargos_index_follows_the_replacement() {
    assert_eq!(index(&World::new()), None);
    let wanted = Some("https://c.example/index/".to_owned());
    assert_eq!(index(&World::new().file("project/.cargo/config.toml", REPLACED)), wanted);
    assert_eq!(index(&World::new().file("home/.cargo/config.toml", REPLACED)), wanted, "the user's");
    assert_eq!(index(&World::new().file(".cargo/config.toml", REPLACED)), wanted, "from a folder above");
    assert_eq!(index(&World::new().file("project/.cargo/config", REPLACED)), wanted, "the old name");

    let world = World::new().file("elsewhere/config.toml", REPLACED);
    let home = world.path("elsewhere").display().to_string();
    assert_eq!(index(&world.env("CARGO_HOME", &home)), wanted);

    let registries = "[source.crates-io]\nreplace-with='a'\n[source.a]\nreplace-with='my-b'\n[registries.my-b]\n\
                      index='sparse+https://c.example/b'\n";
    let world = World::new().file("home/.cargo/config.toml", registries);
    assert_eq!(index(&world).as_deref(), Some("https://c.example/b/"));
    let world = world.env("CARGO_REGISTRIES_MY_B_INDEX", "sparse+https://c.example/env");
    assert_eq!(index(&world).as_deref(), Some("https://c.example/env/"));
    let world = world.env("CARGO_REGISTRIES_CRATES_IO_INDEX", "sparse+https://c.example/default/");
    assert_eq!(index(&world).as_deref(), Some("https://c.example/default/"));
}

#[test]
fn the_nearest_cargo_configuration_wins_key_by_key() {
    let near = "[source.mirror]\nregistry = 'sparse+https://c.example/near/'\n";
    let world = World::new().file("project/.cargo/config.toml", near).file("home/.cargo/config.toml", REPLACED);
    assert_eq!(index(&world).as_deref(), Some("https://c.example/near/"));
}

#[test]
fn an_index_that_cannot_be_asked_is_explained() {
    for (text, part) in [
        (
            "[source.crates-io]\nreplace-with='m'\n[source.m]\nregistry='https://c.example/git'\n",
            "no sparse+https:// address",
        ),
        ("[source.crates-io]\nreplace-with='m'\n[source.m]\ndirectory='vendor'\n", "`m` has no registry"),
        ("[source.crates-io]\nreplace-with='m'\n[source.m]\nreplace-with='crates-io'\n", "in a circle"),
        ("[source.crates-io]\nreplace-with='m'\n[source.m]\nregistry='sparse+nonsense'\n", "is no address"),
        ("\n\n[source.m\ntoken = 'hunter2'\n", "line 3: is not valid TOML"),
    ] {
        let world = World::new().file("home/.cargo/config.toml", text);
        let addresses = world.find();
        assert_eq!(addresses.cargo_index(), None, "{text}");
        let warnings = addresses.warnings().join("\n");
        assert!(warnings.contains(part) && !warnings.contains("hunter2"), "{part}\nis not in\n{warnings}");
    }
}
