//! Token inventories in every shape that npm has used.

use gaitkeeper::acquire::owner::inventory::parse;
use gaitkeeper::acquire::owner::{Stated, Taken, Token};

pub const NEWER: &str = r#"{"objects":[
 {"name":"ci","description":null,"expiry":"2026-12-01T00:00:00.000Z","key":"6d1f2a3c-0000-4000-8000-000000000001",
  "token":"npm_aBcD...7890","readonly":false,"bypass_2fa":true,"cidr":["192.0.2.0/24"],"revoked":null,
  "created":"2026-09-02T08:00:00.000Z","updated":"2026-09-02T08:00:00.500Z","accessed":null,
  "permissions":[{"name":"package","action":"write"},{"name":"org","action":"read"}],
  "scopes":[{"type":"package","name":"left-hand"}]},
 {"name":"laptop","expiry":null,"key":"6d1f2a3c-0000-4000-8000-000000000002","token":"npm_zzzz...0001",
  "readonly":true,"bypass_2fa":false,"cidr":null,"revoked":"2026-09-10T00:00:00Z","created":"2026-08-01T00:00:00Z",
  "updated":"2026-08-01T00:00:00Z","accessed":"2026-09-01T12:00:00Z","permissions":[],"scopes":[]}],
 "total":2,"urls":{"next":null,"prev":null}}"#;

const OLDER: &str = r#"[
 {"token":"1fa9ba","key":"9c5d0a61f2","cidr_whitelist":["198.51.100.0/24"],"readonly":false,"automation":true,
  "created":"2017-10-02T07:00:00.000Z","updated":"2017-10-02T07:00:00.000Z"},
 {"token":"[REDACTED]","key":"77aa","cidr_whitelist":null,"readonly":true,"created":"2018-01-01T00:00:00.000Z",
  "updated":"2018-01-01T00:00:00.000Z"}]"#;

fn taken(text: &str) -> Taken<Token> {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn places(taken: &Taken<Token>) -> Vec<&str> {
    taken.skipped.iter().map(|left| left.place.as_str()).collect()
}

#[test]
fn the_newer_shape_gives_every_field() {
    let taken = taken(NEWER);
    assert_eq!((taken.skipped.len(), taken.warnings.len(), taken.rows.len()), (0, 0, 2));
    let ci = Token {
        id: "6d1f2a3c-0000-4000-8000-000000000001".to_owned(),
        name: Some("ci".to_owned()),
        masked: Some("npm_aBcD...7890".to_owned()),
        created: Some(1_788_336_000_000),
        updated: Some(1_788_336_000_500),
        last_used: Stated::Never,
        expires: Stated::At(1_796_083_200_000),
        revoked: None,
        readonly: false,
        automation: false,
        bypass_2fa: true,
        exposed: false,
        permissions: vec![("org".to_owned(), "read".to_owned()), ("package".to_owned(), "write".to_owned())],
        scopes: vec![("package".to_owned(), "left-hand".to_owned())],
        cidr: vec!["192.0.2.0/24".to_owned()],
    };
    assert_eq!(taken.rows[0], ci);
    let laptop = &taken.rows[1];
    assert_eq!((laptop.expires, laptop.readonly, laptop.revoked.is_some()), (Stated::Never, true, true));
    assert_eq!(laptop.last_used, Stated::At(1_788_264_000_000));
}

#[test]
fn the_older_shape_states_neither_an_end_nor_a_use() {
    let taken = taken(OLDER);
    assert_eq!(taken.skipped, []);
    let [first, second] = taken.rows.as_slice() else { panic!("two") };
    assert_eq!((first.id.as_str(), first.masked.as_deref(), first.automation), ("9c5d0a61f2", Some("1fa9ba"), true));
    assert_eq!((first.expires, first.last_used), (Stated::Absent, Stated::Absent));
    assert_eq!(first.cidr, ["198.51.100.0/24"]);
    assert_eq!((second.masked.as_deref(), second.cidr.len(), second.readonly), (None, 0, true));
}

#[test]
fn pages_in_a_row_are_one_inventory_and_a_missing_page_is_told() {
    let page = |key: &str| {
        format!("{{\"objects\":[{{\"key\":\"{key}\",\"created\":\"2026-01-01T00:00:00Z\"}}],\"total\":3}}\n")
    };
    let two = taken(&(page("a") + &page("b")));
    assert_eq!(two.rows.len(), 2);
    assert!(two.warnings[0].contains("3 tokens and 2 are here"), "{:?}", two.warnings);
    let three = taken(&(page("a") + &page("b") + &page("c")));
    assert!(three.warnings.is_empty());
    assert_eq!(taken(&(page("a") + &page("a"))).skipped[0].place, "line 2 objects[0]");
}

#[test]
fn every_odd_field_is_listed_and_the_token_stays() {
    let taken = taken(
        r#"[{"key":"k","created":"yesterday","updated":12,"accessed":"1871-01-01T00:00:00Z","expiry":true,
            "readonly":"no","cidr":"192.0.2.0/24","permissions":[{"name":"package","action":7}],"revoked":[]}]"#,
    );
    let odd = &taken.rows[0];
    assert_eq!((odd.created, odd.last_used, odd.expires), (None, Stated::Unreadable, Stated::Unreadable));
    let fields: Vec<&str> = places(&taken).into_iter().map(|place| place.trim_start_matches("[0].")).collect();
    assert_eq!(fields, ["created", "updated", "accessed", "expiry", "revoked", "readonly", "permissions", "cidr"]);
}

#[test]
fn entries_that_are_no_tokens_are_counted() {
    let taken = taken(r#"[1,null,"x",{},{"key":"k"},{"key":"k"},{"key":"","token":""},{"key":"a","key":"b"},[]]"#);
    assert_eq!(taken.rows.len(), 1);
    assert_eq!(places(&taken), ["[0]", "[1]", "[2]", "[3]", "[5]", "[6]", "[7]", "[8]"]);
}

#[test]
fn an_end_in_the_far_future_is_an_end() {
    let taken = taken(r#"[{"key":"k","expires":"9999-12-31T23:59:59Z"}]"#);
    assert_eq!((taken.rows[0].expires, taken.skipped.len()), (Stated::At(253_402_300_799_000), 0));
}

#[test]
fn an_empty_inventory_is_one_and_what_is_none_is_refused_with_a_place() {
    assert!(taken("[]").rows.is_empty());
    assert!(taken("{\"objects\":[],\"total\":0}").rows.is_empty());
    let refused = ["", " ", "{}", "{\"message\":\"no\"}", "{\"objects\":7}", "[1,2,3,4,5,6,7]", "<html>", "nul", "[{]"];
    for text in refused {
        let error = parse(text.as_bytes()).expect_err(text);
        assert!(error.place.as_deref().is_some_and(|place| !place.is_empty()), "{text}: {error}");
        assert!(error.remedy.is_some(), "{text}");
    }
    let error = parse(b"[1,2,3,4,5,6,7]").expect_err("numbers");
    assert!(error.what.contains("[4]: is not an object; and 2 more"), "{error}");
}

#[test]
fn utf_16_from_a_shell_is_named() {
    let text: Vec<u8> = [0xfeff_u16].into_iter().chain("[]".encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert!(parse(&text).expect_err("UTF-16").what.contains("UTF-16"));
    assert!(parse(b"\xef\xbb\xbf[]").is_ok());
    assert_eq!(parse(b"[\"\xff\"]").expect_err("bytes").place.as_deref(), Some("byte 2"));
}
