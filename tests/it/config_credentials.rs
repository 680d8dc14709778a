//! Credentials: where they come from, the only places they may go, and that nothing shows them.

use gaitkeeper::config::{Addresses, Config, Secret};
use url::Url;

use crate::surroundings::{World, base, header};

fn of_user(rc: &str) -> Addresses {
    World::new().file("home/.npmrc", rc).find()
}

fn token(addresses: &Addresses, address: &str) -> bool {
    header(addresses, address).is_some()
}

#[test]
fn a_credential_applies_to_its_host_port_and_path_only() {
    let addresses =
        of_user("//H.Example/a/:_authToken=t\n//p.example:8443/:_authToken=t\n//[::1]:4873/:_authToken=t\n");
    for (address, wanted) in [
        ("https://h.example/a/", true),
        ("https://h.example/a/b", true),
        ("https://h.example:443/a/@s%2fname", true),
        ("https://u@h.example/a/x?q=1#f", true),
        ("https://h.example/a", false),
        ("https://h.example/ab/", false),
        ("https://h.example/A/", false),
        ("https://h.example/", false),
        ("https://h.example/b/a/", false),
        ("https://h.example/a/../b/", false),
        ("https://h.example/a/%2e%2e/b/", false),
        ("https://h.example/a/..%2fb/", false),
        ("https://h.example/a/%2E%2e%5Cb/", false),
        ("https://h.example/a/a..b", true),
        ("https://h.example:8443/a/", false),
        ("https://sub.h.example/a/", false),
        ("https://h.example.evil.example/a/", false),
        ("https://evilh.example/a/", false),
        ("https://h.example@evil.example/a/", false),
        ("https://h.example./a/", false),
        ("http://h.example/a/", false),
        ("http://h.example:443/a/", false),
        ("ftp://h.example/a/", false),
        ("https://p.example:8443/x", true),
        ("https://p.example/x", false),
        ("http://p.example:8443/x", false),
        ("http://[::1]:4873/x", true),
        ("http://[::1]/x", false),
    ] {
        assert_eq!(token(&addresses, address), wanted, "{address}");
    }
}

#[test]
fn a_key_without_a_last_slash_keeps_to_the_segment() {
    let addresses = of_user("//h.example/a:_authToken=t");
    assert!(token(&addresses, "https://h.example/a/b"));
    assert!(!token(&addresses, "https://h.example/ab"));
}

#[test]
fn default_ports_may_be_written_out() {
    let addresses = of_user("//h.example:443/:_authToken=t");
    assert!(token(&addresses, "https://h.example/"));
    assert!(!token(&addresses, "https://h.example:444/"));
}

#[test]
fn unencrypted_only_where_it_was_configured_so() {
    let rc = "//h.example/:_authToken=t\n";
    let plain = of_user(&format!("registry=http://h.example/\n{rc}"));
    assert!(token(&plain, "http://h.example/x"));
    assert!(!token(&plain, "http://h.example:81/x"));
    assert!(plain.warnings().iter().any(|w| w.contains("not encrypted")), "{:?}", plain.warnings());

    let both = of_user(&format!("registry=http://h.example/\n@s:registry=https://h.example/s/\n{rc}"));
    assert!(!token(&both, "http://h.example/x"), "https anywhere wins");
    assert!(both.warnings().iter().any(|w| w.contains("is not sent to")), "{:?}", both.warnings());

    let loopback = of_user("//127.0.0.1:4873/:_authToken=t\n//localhost:4873/:_authToken=t");
    assert!(token(&loopback, "http://127.0.0.1:4873/x") && token(&loopback, "http://localhost:4873/x"));
    let secure = of_user("registry=https://127.0.0.1:4873/\n//127.0.0.1:4873/:_authToken=t");
    assert!(!token(&secure, "http://127.0.0.1:4873/x"));
}

#[test]
fn a_projects_http_registry_does_not_open_the_users_credential() {
    let project = "registry=http://h.example/\n";
    let user = "//h.example/:_authToken=t\n";
    let world = World::new().file("project/.npmrc", project).file("home/.npmrc", user);
    let addresses = world.find();
    assert_eq!(base(&addresses, "npm", "a").0, "http://h.example/");
    assert!(!token(&addresses, "http://h.example/a"));
    assert!(token(&addresses, "https://h.example/a"));
    assert!(addresses.warnings().iter().any(|w| w.contains("~/.npmrc, line 1 is not sent to")));

    let own = World::new().file("project/.npmrc", &format!("{project}{user}")).find();
    assert!(token(&own, "http://h.example/a"), "a project's own credential goes where the project says");

    let flag = world.try_find(&["http://h.example/"], "").expect("addresses");
    assert!(token(&flag, "http://h.example/a"), "the user says http");
}

#[test]
fn every_kind_of_login_becomes_a_header() {
    let addresses = of_user(
        "//a.example/:_authToken=tok\n//b.example/:_auth=dTpw\n//c.example/:username=u\n//c.example/:_password=cA==\n\
         //d.example/:_auth=dTpw\n//d.example/:_authToken=first\n//e.example/:username=u\n//e.example/:_password=cA\n",
    );
    for (host, wanted) in
        [("a", "Bearer tok"), ("b", "Basic dTpw"), ("c", "Basic dTpw"), ("d", "Bearer first"), ("e", "Basic dTpw")]
    {
        assert_eq!(header(&addresses, &format!("https://{host}.example/")).as_deref(), Some(wanted), "{host}");
    }
    assert_eq!(addresses.warnings(), [""; 0]);
    let origins: Vec<String> = addresses.credentials().into_iter().map(|c| c.origin).collect();
    assert!(origins.contains(&"~/.npmrc, line 1".to_owned()), "{origins:?}");
}

#[test]
fn environment_project_and_user_in_that_order() {
    let world = World::new()
        .env("npm_config_//h.example/:_authToken", "env")
        .file("project/.npmrc", "//h.example/:_authToken=project\n//g.example/:_authToken=project\n")
        .file(
            "home/.npmrc",
            "//h.example/:_authToken=user\n//g.example/:_authToken=user\n//f.example/:_authToken=user\n",
        );
    let addresses = world.find();
    for (host, wanted) in [("h", "env"), ("g", "project"), ("f", "user")] {
        assert_eq!(header(&addresses, &format!("https://{host}.example/")), Some(format!("Bearer {wanted}")));
    }
    let off = world.file("project/.npmrc", "//f.example/:_authToken=${NONE?}").find();
    assert!(!token(&off, "https://f.example/"), "an empty value switches the user's off, as in npm");
}

#[test]
fn the_longest_scope_is_found_among_several() {
    let addresses =
        of_user("//h.example/:_authToken=root\n//h.example/a/b/:_authToken=deep\n//h.example/a/:_authToken=mid\n");
    assert_eq!(header(&addresses, "https://h.example/a/b/c").as_deref(), Some("Bearer deep"));
    assert_eq!(header(&addresses, "https://h.example/a/c").as_deref(), Some("Bearer mid"));
    assert_eq!(header(&addresses, "https://h.example/c").as_deref(), Some("Bearer root"));
}

#[test]
fn the_environment_alone_sends_nothing() {
    let world = World::new().env("NPM_TOKEN", "t0p").env("NODE_AUTH_TOKEN", "t0p");
    assert!(world.find().credentials().is_empty());
    let named = world.file("project/.npmrc", "//h.example/:_authToken=${NPM_TOKEN}").find();
    assert_eq!(header(&named, "https://h.example/").as_deref(), Some("Bearer t0p"));
}

#[test]
fn what_cannot_be_used_is_named_with_its_line_and_without_the_secret() {
    for (rc, part) in [
        ("\n//h.example/:_authToken=hunter2${NONE}", "line 2: ${NONE} is not set, so `_authToken` is not used"),
        ("_authToken=hunter2", "line 1: `_authToken` names no host and is not used"),
        ("_auth=hunter2", "line 1: `_auth` names no host"),
        ("_password=hunter2", "line 1: `_password` names no host"),
        ("//h.example/:_authToken=hunter2 x", "line 1: `_authToken` cannot be sent"),
        ("//h.example/:username=u\n//h.example/:_password=hunter2!", "line 2: `_password` is not base64"),
        ("//h.example/:_password=hunter2", "line 1: `username` and `_password` need each other"),
        ("//h.example/:keyfile=hunter2", "line 1: `keyfile` is not supported"),
        ("//h.example/:tokenHelper=hunter2", "line 1: `tokenHelper` is not supported"),
        ("//u:hunter2@h.example/:_authToken=hunter2", "line 1: the key of `_authToken` is no //host/path/"),
        ("///:_authToken=hunter2", "line 1: the key of `_authToken` is no //host/path/"),
        ("//h.example/?x=1:_authToken=hunter2", ""),
    ] {
        let addresses = of_user(rc);
        assert!(addresses.credentials().is_empty(), "{rc}");
        let warnings = addresses.warnings().join("\n");
        assert!(warnings.contains(part), "{part}\nis not in\n{warnings}");
        assert!(!warnings.contains("hunter2"), "{warnings}");
    }
    let addresses = World::new().env("npm_config__authToken", "hunter2").find();
    assert!(addresses.warnings().join("").contains("environment npm_config__authToken"));
}

#[test]
fn user_info_in_an_address_becomes_a_credential_for_that_address() {
    let flags = ["https://us%65r:p%40ss@h.example:8443/npm", "gem=https://key@g.example/"];
    let addresses = World::new().try_find(&flags, "").expect("addresses");
    assert_eq!(base(&addresses, "npm", "a").0, "https://h.example:8443/npm/");
    assert_eq!(header(&addresses, "https://h.example:8443/npm/a").as_deref(), Some("Basic dXNlcjpwQHNz"));
    for other in ["https://h.example/npm/a", "https://h.example:8443/", "http://h.example:8443/npm/a"] {
        assert!(!token(&addresses, other), "{other}");
    }
    assert_eq!(header(&addresses, "https://g.example/x").as_deref(), Some("Basic a2V5Og=="));

    let plain = World::new().try_find(&["http://u:p@h.example/"], "").expect("addresses");
    assert!(token(&plain, "http://h.example/") && !token(&plain, "https://h.example/"), "another port");
    assert!(plain.warnings().iter().any(|w| w.contains("http://h.example/") && w.contains("not encrypted")));
    let here = World::new().try_find(&["http://u:p@127.0.0.1:4873/"], "").expect("addresses");
    assert_eq!(here.warnings(), [""; 0]);
}

#[test]
fn the_stronger_of_two_credentials_for_one_scope_comes_later() {
    let world = World::new().file("home/.npmrc", "//h.example/:_authToken=file");
    let addresses = world.try_find(&["https://u:p@h.example/"], "").expect("addresses");
    let url = Url::parse("https://h.example/a").expect("address");
    let applying: Vec<_> = addresses.credentials().into_iter().filter(|c| c.applies_to(&url)).collect();
    assert_eq!(applying.last().map(|c| c.origin.as_str()), Some("--registry"));
}

#[test]
fn nothing_shows_a_secret() {
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    assert_eq!(secret.reveal(), "hunter2");
    let world = World::new()
        .env("T", "hunter2")
        .env("PIP_INDEX_URL", "https://u:hunter2@p.example/simple")
        .file(
            "home/.npmrc",
            "//h.example/:_authToken=${T}\n//h.example/:_auth=hunter2\nregistry=http://u:hunter2@h.example/",
        )
        .answers("gem sources --list", "http://u:hunter2@g.example/");
    let toml = "[registries.cargo]\nurl='http://u:hunter2@c.example/'";
    let addresses = world.try_find(&[], toml).expect("addresses");
    for id in ["npm", "pypi", "cargo", "gem"] {
        let endpoint = addresses.of(id, "a").expect(id);
        assert!(!format!("{endpoint:?}").contains("hunter2"));
    }
    let shown = format!("{addresses:?} {:?} {:?} {:?}", addresses.credentials(), addresses.warnings(), world.s);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(addresses.credentials().len() >= 4);
}

#[test]
fn errors_about_addresses_show_no_user_info_and_no_query() {
    for flag in [
        "ftp://u:hunter2@h.example/",
        "https://u:hunter2@h.example/?x",
        "https://h.example/?token=hunter2",
        "https://h.example/#hunter2",
        "https://u:hunter2 x@h.example/",
        "https://u:hunter2@",
        "https://u:1?hunter2@h.example/",
        "u:hunter2@h.example",
        "https://u:hunter2@h.example:99999/",
        "gem=ftp://u:hunter2@h.example/",
        "npn=https://u:hunter2@h.example/",
        "https://:hunter2@/",
    ] {
        let error = World::new().try_find(&[flag], "").expect_err(flag);
        assert_eq!(error.exit_code(), 2, "{flag}");
        assert!(error.remedy.is_some(), "{flag}");
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{flag}: {error:?}");
    }
}

#[test]
fn flags_are_checked_at_once() {
    let find = |flags: &[&str]| World::new().try_find(flags, "").expect_err("refused");
    let error = find(&["ftp://x"]);
    assert_eq!(error.what, "--registry: `ftp://x/` is not an http or https address");
    assert!(error.remedy.expect("remedy").contains("https://registry.example/"));
    assert!(find(&["registry.example/npm"]).what.contains("`registry.example/npm` is no address"));
    assert!(find(&["localhost:4873"]).what.contains("localhost:4873"));
    assert!(find(&[""]).what.contains("empty"));
    assert!(find(&["https://h.exa\tmple/"]).what.contains("blanks or control"));
    assert!(find(&["pip=https://h.example/"]).remedy.expect("remedy").contains("`pypi`"));
    assert!(find(&["https://a.example/", "npm=https://b.example/"]).what.contains("twice"));
    let long = format!("https://h.example/{}", "a".repeat(5000));
    assert!(find(&[&long]).what.contains("longer"));
    let odd = Addresses::find(&["https://h.example/a=b".to_owned()], None, &Config::default(), &World::new().s);
    assert_eq!(base(&odd.expect("addresses"), "npm", "a").0, "https://h.example/a=b/");
}
