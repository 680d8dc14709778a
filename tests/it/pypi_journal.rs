//! PyPI's journal by XML-RPC, and what it tells of the owners at an earlier time.

use std::fmt::Write as _;

use gaitkeeper::acquire::pypi::journal::{
    JournalEntry, journal_request, last_serial_request, owners_at, parse_journal, parse_last_serial,
};
use proptest::prelude::*;

fn answer(value: &str) -> Vec<u8> {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>{value}</value>\n</param>\n</params>\n\
         </methodResponse>\n"
    )
    .into_bytes()
}

fn rows(rows: &[&str]) -> Vec<u8> {
    let rows: Vec<String> =
        rows.iter().map(|cells| format!("<value><array><data>\n{cells}\n</data></array></value>\n")).collect();
    let rows = rows.concat();
    answer(&format!("<array><data>\n{rows}</data></array>"))
}

fn entry(serial: u64, at_ms: i64, action: &str) -> JournalEntry {
    JournalEntry { name: "pkg".into(), version: None, at_ms, action: action.into(), serial }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn requests_call_the_documented_methods() {
    let text = String::from_utf8(journal_request(31_000_000)).expect("text");
    assert!(text.contains("<methodName>changelog_since_serial</methodName>"), "{text}");
    assert!(text.contains("<param><value><int>31000000</int></value></param>"), "{text}");
    let text = String::from_utf8(last_serial_request()).expect("text");
    assert!(text.contains("<methodName>changelog_last_serial</methodName>") && !text.contains("<param>"), "{text}");
}

#[test]
fn rows_are_read_in_every_spelling() {
    let text = rows(&[
        "<value><string>pkg</string></value><value><string>1.0</string></value><value><int>1730932629</int></value>\
         <value><string>new release</string></value><value><int>31000001</int></value>",
        "<value>Pkg</value><value><nil/></value><value><i4>1730932630</i4></value>\
         <value><string>add Owner a&amp;b &#65;&lt;</string></value><value><ex:i8>31000002</ex:i8></value>",
        "<value><string><![CDATA[pkg]]></string></value><value><string/></value><value><i8> 7 </i8></value>\
         <value><!-- x --><string></string></value><value><int>3</int></value>",
    ]);
    let found = parse_journal(&text).expect("read");
    let row = |name: &str, version: Option<&str>, at_ms, action: &str, serial| JournalEntry {
        name: name.into(),
        version: version.map(str::to_owned),
        at_ms,
        action: action.into(),
        serial,
    };
    assert_eq!(
        found,
        [
            row("pkg", Some("1.0"), 1_730_932_629_000, "new release", 31_000_001),
            row("Pkg", None, 1_730_932_630_000, "add Owner a&b A<", 31_000_002),
            row("pkg", None, 7_000, "", 3),
        ]
    );
    assert_eq!(parse_journal(&answer("<array><data></data></array>")).expect("none"), []);
    assert_eq!(parse_last_serial(&answer("<int>31000002</int>")).expect("read"), 31_000_002);
}

#[test]
fn a_fault_is_an_error_with_its_words() {
    let text = "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>-32500</int></value>\
                </member><member><name>faultString</name><value><string>HTTPTooManyRequests: slow \u{1b}down</string>\
                </value></member></struct></value></fault></methodResponse>";
    let error = parse_journal(text.as_bytes()).expect_err("a fault");
    assert!(error.to_string().contains("fault -32500: HTTPTooManyRequests: slow \\u{1b}down"), "{error}");
    assert!(error.remedy.is_some_and(|remedy| remedy.contains("wait")));
    assert!(parse_last_serial(text.as_bytes()).is_err());
}

#[test]
fn what_is_no_journal_is_refused_with_its_place() {
    let cell = "<value><string>x</string></value>";
    let short = rows(&[&cell.repeat(4)]);
    let error = parse_journal(&short).expect_err("four cells");
    assert_eq!(error.place.as_deref(), Some("row 0 of the journal"));
    for bad in [
        rows(&[&cell.repeat(5)]),
        answer("<int>1</int>"),
        answer("<array><data><value><int>one</int></value></data></array>"),
        answer("<array><data><x></x></data></array>"),
        answer("<string>a<b/></string>"),
        b"<html><body>busy</body></html>".to_vec(),
        b"{}".to_vec(),
        b"".to_vec(),
        b"\xff<methodResponse/>".to_vec(),
        answer("<array><data>")[..60].to_vec(),
        [answer("<array><data></data></array>"), b"<more/>".to_vec()].concat(),
    ] {
        let error = parse_journal(&bad).expect_err("refused");
        assert!(error.place.is_some() || error.what.contains("journal"), "{error}");
        assert!(error.remedy.is_some(), "{error}");
    }
    for serial in ["<int>-1</int>", "<string>1</string>", "<nil/>", "<double>1.0</double>"] {
        assert!(parse_last_serial(&answer(serial)).is_err(), "{serial}");
    }
}

#[test]
fn entities_and_depth_cost_nothing() {
    let mut text = String::from("<!DOCTYPE x [<!ENTITY a \"aaaaaaaa\">");
    for n in 1..20 {
        write!(text, "<!ENTITY a{n} \"&a;&a;&a;\">").expect("text");
    }
    let bomb = format!("{text}]><methodResponse><params><param><value>&a19;</value></param></params></methodResponse>");
    let error = parse_last_serial(bomb.as_bytes()).expect_err("refused");
    assert!(error.to_string().contains("document type"), "{error}");
    let error = parse_last_serial(&answer("<string>&a;</string>")).expect_err("refused");
    assert!(error.to_string().contains("`a`"), "{error}");
    let deep = answer(&"<array><data><value>".repeat(200_000));
    assert!(parse_journal(&deep).expect_err("refused").to_string().contains("deeper"));
}

#[test]
fn a_full_answer_is_read() {
    let row = "<value><string>pkg</string></value><value><nil/></value><value><int>1730932629</int></value>\
               <value><string>add Owner ada</string></value><value><int>1</int></value>";
    assert_eq!(parse_journal(&rows(&vec![row; 50_000])).expect("read").len(), 50_000);
}

#[test]
fn role_changes_are_undone_from_now_back() {
    let journal = [
        entry(1, 1_000, "create"),
        entry(2, 1_000, "add Owner ada"),
        entry(3, 2_000, "add Maintainer grace"),
        entry(4, 3_000, "invite Owner mallory"),
        entry(5, 4_000, "accepted Owner mallory"),
        entry(6, 5_000, "change Owner ada to Maintainer"),
        entry(7, 6_000, "remove Maintainer ada"),
        entry(8, 7_000, "add source file pkg-9.tar.gz"),
        entry(9, 8_000, "remove Maintainer grace"),
        entry(10, 9_000, "add Maintainer grace"),
    ];
    let now = names(&["mallory", "grace"]);
    for (at, expected) in [
        (10_000, &["grace", "mallory"][..]),
        (9_000, &["grace", "mallory"]),
        (8_999, &["mallory"]),
        (7_999, &["grace", "mallory"]),
        (5_999, &["ada", "grace", "mallory"]),
        (4_000, &["ada", "grace", "mallory"]),
        (3_999, &["ada", "grace"]),
        (1_999, &["ada"]),
        (999, &[]),
    ] {
        assert_eq!(owners_at(&now, &journal, at), names(expected), "at {at}");
    }
    let mut shuffled = journal.to_vec();
    shuffled.reverse();
    assert_eq!(owners_at(&now, &shuffled, 3_999), names(&["ada", "grace"]), "the serial gives the order");
}

#[test]
fn what_only_looks_like_a_role_changes_nothing() {
    let now = names(&["ada"]);
    for action in [
        "invite Owner eve",
        "revoke_invite Owner eve",
        "declined Owner eve",
        "remove Owner",
        "remove Owner ",
        "remove file Owner-1.tar.gz",
        "remove Owner Core Team",
        "remove owner eve",
        "change Owner eve to Maintainer",
        "remove  Owner eve",
    ] {
        assert_eq!(owners_at(&now, &[entry(1, 5, action)], 0), now, "{action}");
    }
    assert_eq!(owners_at(&now, &[entry(1, 5, "remove Owner eve")], 0), names(&["ada", "eve"]));
}

proptest! {
    #[test]
    fn no_damage_makes_it_panic(at in 0_usize..700, byte: u8, cut in 0_usize..700) {
        let cells = "<value><string>a&amp;</string></value><value><nil/></value><value><int>1</int></value>\
                     <value>x</value><value><int>1</int></value>";
        let mut bytes = rows(&[cells, cells]);
        let place = at % bytes.len();
        bytes[place] = byte;
        let _ = parse_journal(&bytes);
        bytes.truncate(cut);
        let _ = parse_journal(&bytes);
        let _ = parse_last_serial(&bytes);
    }

    #[test]
    fn undoing_everything_leaves_no_one_who_was_added(accounts in prop::collection::vec("[a-e]", 0..20)) {
        let journal: Vec<JournalEntry> =
            accounts.iter().zip(1_u64..).map(|(who, at)| entry(at, 1_000, &format!("add Owner {who}"))).collect();
        prop_assert_eq!(owners_at(&accounts, &journal, 0), Vec::<String>::new());
        let mut now = accounts.clone();
        now.sort();
        now.dedup();
        prop_assert_eq!(owners_at(&accounts, &journal, 1_000), now);
    }
}
