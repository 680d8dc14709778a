//! Where npm's registry is found: precedence, scopes, .npmrc syntax.

use gaitkeeper::config::{Addresses, Config};

use crate::surroundings::{World, base, header};

const TOML: &str = "[registries.npm]\nurl = 'https://registry.example/toml'\n";
const OWN: &str = "GAITKEEPER_NPM_REGISTRY";
const ENV: &str = "NPM_CONFIG_REGISTRY";
const PROJECT: &str = "project/.npmrc";
const USER: &str = "home/.npmrc";
const ASK: &str = "npm config get registry";

/// Name, flags, what is taken away, gaitkeeper.toml, where it is found.
type Row = (&'static str, &'static [&'static str], &'static [&'static str], &'static str, &'static str);

fn at(name: &str) -> String {
    format!("https://registry.example/{name}/")
}

#[test]
fn the_first_source_in_the_order_wins() {
    let full = || {
        World::new()
            .env("GAITKEEPER_NPM_REGISTRY", "https://registry.example/own")
            .env("NPM_CONFIG_REGISTRY", "https://registry.example/env")
            .file("project/.npmrc", "registry=https://registry.example/project")
            .file("home/.npmrc", "registry = https://registry.example/user/")
            .answers(ASK, "https://registry.example/asked")
    };
    let without = |names: &[&str]| {
        let mut world = full();
        for name in names {
            if world.s.env.remove(*name).is_none() {
                std::fs::remove_file(world.path(name)).expect("file");
            }
        }
        world
    };
    let table: [Row; 7] = [
        ("flag", &["https://registry.example/flag"], &[], TOML, "--registry"),
        ("own", &[], &[], TOML, "environment GAITKEEPER_NPM_REGISTRY"),
        ("env", &[], &[OWN], TOML, "environment NPM_CONFIG_REGISTRY"),
        ("toml", &[], &[OWN, ENV], TOML, "gaitkeeper.toml"),
        ("project", &[], &[OWN, ENV], "", "/project/.npmrc"),
        ("user", &[], &[OWN, ENV, PROJECT], "", "~/.npmrc"),
        ("asked", &[], &[OWN, ENV, PROJECT, USER], "", ASK),
    ];
    for (name, flags, gone, toml, found) in table {
        let addresses = without(gone).try_find(flags, toml).expect(name);
        let (address, place) = base(&addresses, "npm", "left-pad");
        assert_eq!(address, at(name));
        assert!(place == found || (name == "project" && place.ends_with(found)), "{place}");
        assert_eq!(World::calls().len(), usize::from(name == "asked"), "{name}: programs are the last resort");
    }
}

#[test]
fn npm_is_asked_once() {
    let addresses = World::new().answers(ASK, "https://registry.example/asked/").find();
    assert_eq!(World::calls().len(), 0, "not before it is needed");
    for _ in 0..3 {
        addresses.of("npm", "a").expect("endpoint");
    }
    assert_eq!(World::calls(), [ASK]);
}

#[test]
fn no_registry_is_an_error_that_says_how_to_name_one() {
    for answer in ["undefined", "", "npm warn: nothing"] {
        let error = World::new().answers(ASK, answer).find().of("npm", "a").expect_err("none");
        assert_eq!(error.exit_code(), 2);
        let remedy = error.remedy.expect("remedy");
        for part in ["--registry https://", "GAITKEEPER_NPM_REGISTRY", "gaitkeeper.toml", "npm config set registry"] {
            assert!(remedy.contains(part), "{part} is not in {remedy}");
        }
    }
}

#[test]
fn variables_count_in_any_case_and_empty_ones_do_not() {
    let world = World::new().env("NPM_CONFIG_REGISTRY", "https://registry.example/upper");
    assert_eq!(base(&world.find(), "npm", "a").0, at("upper"));
    let world = world.env("npm_config_registry", "https://registry.example/lower");
    assert_eq!(base(&world.find(), "npm", "a").1, "environment npm_config_registry");
    let world =
        World::new().env("Npm_Config_Registry", "").file("home/.npmrc", "registry=https://registry.example/user");
    assert_eq!(base(&world.find(), "npm", "a").0, at("user"));
}

#[test]
fn the_registry_of_a_scope_wins_over_the_default() {
    let world = World::new()
        .env("npm_config_@Env:registry", "https://registry.example/env-scope")
        .file("project/.npmrc", "@both:registry=https://registry.example/project-scope\n")
        .file(
            "home/.npmrc",
            "@both:registry=https://registry.example/x\n@mine:registry=https://registry.example/mine\n",
        );
    let addresses = world.try_find(&["https://registry.example/flag"], "").expect("addresses");
    for (package, wanted) in [
        ("@env/a", "env-scope"),
        ("@both/a", "project-scope"),
        ("@mine/a", "mine"),
        ("@other/a", "flag"),
        ("@mine", "flag"),
        ("mine", "flag"),
    ] {
        assert_eq!(base(&addresses, "npm", package).0, at(wanted), "{package}");
    }
    let addresses = world.try_find(&["pypi=https://registry.example/py"], "").expect("addresses");
    assert_eq!(base(&addresses, "pypi", "@mine/a").0, at("py"), "scopes are npm's");
}

#[test]
fn the_feed_is_that_of_the_default_registry() {
    let world = World::new().file("home/.npmrc", "@mine:registry=https://registry.example/mine");
    let toml =
        "[registries.npm]\nurl='https://registry.example/toml'\nfeed='https://feed.example'\nrequests_per_second=7";
    let addresses = world.try_find(&[], toml).expect("addresses");
    let endpoint = addresses.of("npm", "a").expect("endpoint");
    assert_eq!(endpoint.feed.expect("feed").as_str(), "https://feed.example/");
    assert_eq!(endpoint.requests_per_second, Some(7));
    assert_eq!(addresses.of("npm", "@mine/a").expect("endpoint").feed, None);

    let addresses = world.try_find(&["https://registry.example/flag"], toml).expect("addresses");
    assert_eq!(addresses.of("npm", "a").expect("endpoint").feed, None, "another registry has other revisions");
    assert!(addresses.warnings().iter().any(|w| w.contains("feed in gaitkeeper.toml is not used")));

    let config = Config::default();
    let flags = ["https://registry.example/flag".to_owned()];
    let addresses = Addresses::find(&flags, Some("https://feed.example/x"), &config, &world.s).expect("addresses");
    assert_eq!(addresses.of("npm", "a").expect("endpoint").feed.expect("feed").as_str(), "https://feed.example/x/");
    let error = Addresses::find(&[], Some("feed"), &config, &world.s).expect_err("no address");
    assert!(error.what.contains("--feed"), "{error}");
}

#[test]
fn the_project_is_the_nearest_folder_that_npm_takes_for_one() {
    let mut world = World::new().file("project/.npmrc", "registry=https://registry.example/project");
    let deep = world.path("project/src/deep");
    std::fs::create_dir_all(&deep).expect("folder");
    world.s.cwd = deep.clone();
    assert_eq!(base(&world.find(), "npm", "a").0, at("project"));
    std::fs::create_dir(world.path("project/src/node_modules")).expect("folder");
    let world = world.file("project/src/.npmrc", "registry=https://registry.example/src");
    assert_eq!(base(&world.find(), "npm", "a").0, at("src"));
}

#[test]
fn in_the_home_folder_the_file_is_the_users() {
    let mut world =
        World::new().file("home/.npmrc", "registry=https://registry.example/user\n//h.example/:_authToken=t");
    world.s.cwd = world.path("home");
    std::fs::create_dir(world.path("home/node_modules")).expect("folder");
    let addresses = world.find();
    assert_eq!(base(&addresses, "npm", "a").1, "~/.npmrc");
    assert_eq!(addresses.credentials().len(), 1);
}

#[test]
fn the_users_file_can_be_elsewhere_or_nowhere() {
    let world = World::new()
        .file("home/.npmrc", "registry=https://registry.example/user")
        .file("home/other", "registry=https://registry.example/other");
    for path in [world.path("home/other").display().to_string(), "~/other".to_owned(), "../home/other".to_owned()] {
        let mut other = world.s.clone();
        other.env.insert("NPM_CONFIG_USERCONFIG".to_owned(), path.clone());
        let addresses = Addresses::find(&[], None, &Config::default(), &other).expect("addresses");
        assert_eq!(base(&addresses, "npm", "a").0, at("other"), "{path}");
    }
    let addresses = world.env("NPM_CONFIG_USERCONFIG", "/dev/null").find();
    assert!(addresses.of("npm", "a").is_err());
    assert_eq!(addresses.warnings(), [""; 0]);
}

#[test]
fn the_syntax_is_that_of_npm() {
    let cases = [
        ("registry=https://registry.example/a", Some("a")),
        ("  registry  =  https://registry.example/a  ", Some("a")),
        ("registry=https://registry.example/a ; why", Some("a")),
        ("registry=https://registry.example/a # why", Some("a")),
        ("registry=https://registry.example/a\\;b", Some("a;b")),
        ("registry=\"https://registry.example/a\"", Some("a")),
        ("registry='https://registry.example/a'", Some("a")),
        ("\u{feff}registry=https://registry.example/a", Some("a")),
        ("registry=https://registry.example/b\r\nregistry=https://registry.example/a\r\n", Some("a")),
        ("registry=https://registry.example/b\rregistry=https://registry.example/a", Some("a")),
        ("registry=https://registry.example/${NAME}", Some("named")),
        ("registry=https://registry.example/a${NONE?}", Some("a")),
        ("registry=\\${NAME}", None),
        ("; registry=https://registry.example/a", None),
        (" # registry=https://registry.example/a", None),
        ("[section]\nregistry=https://registry.example/a", None),
        ("registry", None),
        ("registry=", None),
        ("Registry=https://registry.example/a", None),
    ];
    for (text, wanted) in cases {
        let addresses = World::new().env("NAME", "named").file("home/.npmrc", text).find();
        let found = addresses.of("npm", "x").ok().map(|endpoint| endpoint.base.to_string());
        assert_eq!(found, wanted.map(at), "{text:?}");
    }
}

#[test]
fn tokens_keep_every_character_that_npm_keeps() {
    let cases = [
        ("abc==", Some("abc==")),
        ("a=b=c", Some("a=b=c")),
        ("\"a;b#c\"", Some("a;b#c")),
        ("a\\;b\\#c", Some("a;b#c")),
        ("a;b", Some("a")),
        ("a#b", Some("a")),
        ("a\\b", Some("a\\b")),
        ("a\\\\b", Some("a\\b")),
        ("x${TOKEN}y", Some("xs3cr3ty")),
        ("\\${TOKEN}", Some("${TOKEN}")),
        ("\\\\\\\\${TOKEN}", Some("\\s3cr3t")),
        ("${TOKEN", Some("${TOKEN")),
        ("${${TOKEN}}", Some("${s3cr3t}")),
        ("${}", Some("${}")),
        ("$TOKEN", Some("$TOKEN")),
        ("${NONE?}", None),
        ("${NONE}", None),
        ("", None),
        ("a b", None),
        ("a\u{7f}", None),
        ("ä", None),
    ];
    for (text, wanted) in cases {
        let rc = format!("//h.example/:_authToken={text}");
        let addresses = World::new().env("TOKEN", "s3cr3t").file("home/.npmrc", &rc).find();
        let wanted = wanted.map(|token| format!("Bearer {token}"));
        assert_eq!(header(&addresses, "https://h.example/a"), wanted, "{text:?}");
    }
}

#[test]
fn malformed_lines_are_named_and_the_rest_is_read() {
    let text = "=x\n//h.example/:_authToken=t\n = y\n";
    let addresses = World::new().file("home/.npmrc", text).find();
    assert_eq!(header(&addresses, "https://h.example/"), Some("Bearer t".to_owned()));
    assert_eq!(addresses.warnings(), ["~/.npmrc, line 1: has no key; lines of that kind, not used: 1"]);
}

#[test]
fn an_unusable_address_is_an_error_with_its_line_only_when_npm_is_asked() {
    for (text, part) in [
        ("\nregistry=nonsense", "~/.npmrc, line 2: `nonsense` is no address"),
        ("registry=https://${WHERE}/", "${WHERE} in the registry's address is not set"),
        ("registry=https://h.example/?a=hunter2", "has a query"),
    ] {
        let world =
            World::new().file("home/.npmrc", text).answers("pip config get global.index-url", "https://p.example");
        let addresses = world.find();
        assert!(addresses.of("pypi", "a").is_ok());
        let error = addresses.of("npm", "a").expect_err("unusable");
        assert!(error.what.contains(part), "{error}");
        assert!(!error.what.contains("hunter2"), "{error}");
    }
}
