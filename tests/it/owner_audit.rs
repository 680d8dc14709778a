//! Audit logs: GitHub's exports and the own form.

use std::net::IpAddr;

use gaitkeeper::acquire::owner::audit::parse;
use gaitkeeper::acquire::owner::network::truncated;
use gaitkeeper::acquire::owner::{Log, Owned, Taken, Use, read};

pub const OWN: &str = "time,actor,action,package,version,token,country,ip\n\
    2026-09-02T08:00:00Z,ada,publish,left-hand,1.2.3,ci,de,192.0.2.77\n\
    1788336060000,ada,publish,@scope/thing,2.0.0,ci,,2001:db8:7:8::9\n\
    2026-09-02 08:02:00 UTC,,token.create,,,\"ci, old\",NL,\n";

const GITHUB: &str = r#"[
 {"@timestamp":1788336000123,"action":"packages.package_version_published","actor":"ada","actor_ip":"192.0.2.77",
  "actor_location":{"country_code":"DE"},"token_id":4711,"hashed_token":"aGFzaA==","org":"left-org",
  "programmatic_access_type":"Fine-grained personal access token","user_agent":"npm/11","repo":"left-org/hand",
  "package":"left-hand","data":{"package_version":"1.2.3"},"_document_id":"d1"},
 {"created_at":1788336000124,"action":"repo.access","actor":"bob","actor_location.country_code":"us",
  "hashed_token":"aGFzaA==","version":"7","_document_id":"d2"},
 {"created_at":1788336000124,"action":"repo.access","actor":"bob","_document_id":"d2"}]"#;

fn taken(text: &str) -> Taken<Use> {
    parse(text.as_bytes(), &truncated).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_own_table_gives_every_field() {
    let taken = taken(OWN);
    assert_eq!((taken.skipped.len(), taken.rows.len()), (0, 3));
    let first = Use {
        at: 1_788_336_000_000,
        actor: Some("ada".to_owned()),
        action: "publish".to_owned(),
        package: Some("left-hand".to_owned()),
        version: Some("1.2.3".to_owned()),
        token: Some("ci".to_owned()),
        country: Some("DE".to_owned()),
        network: Some("192.0.2.0/24".to_owned()),
        log: Log::Own,
    };
    assert_eq!(taken.rows[0], first);
    assert_eq!((taken.rows[1].at, taken.rows[1].network.as_deref()), (1_788_336_060_000, Some("2001:db8:7::/48")));
    let third = &taken.rows[2];
    assert_eq!((third.at, third.actor.as_deref(), third.token.as_deref()), (1_788_336_120_000, None, Some("ci, old")));
}

#[test]
fn json_lines_and_a_table_say_the_same() {
    let lines = "{\"time\":\"2026-09-02T08:00:00Z\",\"actor\":\"ada\",\"action\":\"publish\",\"package\":\"left-hand\",\
                 \"version\":\"1.2.3\",\"token\":\"ci\",\"country\":\"DE\",\"ip\":\"192.0.2.1\"}\n";
    assert_eq!(taken(lines).rows[0], taken(OWN).rows[0]);
}

#[test]
fn githubs_export_is_read_flat_and_nested_and_counts_a_delivery_once() {
    let taken = taken(GITHUB);
    let [first, second] = taken.rows.as_slice() else { panic!("{:?}", taken.rows) };
    assert_eq!((first.log, first.at, first.token.as_deref()), (Log::GitHub, 1_788_336_000_123, Some("4711")));
    assert_eq!((first.package.as_deref(), first.version.as_deref()), (Some("left-hand"), Some("1.2.3")));
    assert_eq!((first.country.as_deref(), first.network.as_deref()), (Some("DE"), Some("192.0.2.0/24")));
    assert_eq!((second.country.as_deref(), second.token.as_deref()), (Some("US"), Some("aGFzaA==")));
    assert_eq!(second.version, None, "a version of no package is another thing's");
    assert_eq!((taken.skipped[0].place.as_str(), taken.skipped.len()), ("[2]", 1));
}

#[test]
fn githubs_table_is_read() {
    let taken = taken(
        "action,actor,user,actor_location.country_code,org,repo,created_at,data.package,data.version\n\
         packages.package_version_published,ada,,US,left-org,left-org/hand,1788336000123,left-hand,1.2.3\n",
    );
    let event = &taken.rows[0];
    assert_eq!(
        (event.log, event.country.as_deref(), event.version.as_deref()),
        (Log::GitHub, Some("US"), Some("1.2.3"))
    );
}

#[test]
fn a_broken_line_does_not_hide_the_others() {
    let line = |at: u32| format!("{{\"time\":17883360{at:02},\"action\":\"publish\"}}\n");
    let taken = taken(&(line(1) + "{\"time\":\n\n" + &line(2) + "{\"time\":1788336003,\"acti"));
    assert_eq!(taken.rows.iter().map(|event| event.at).collect::<Vec<_>>(), [1_788_336_001_000, 1_788_336_002_000]);
    let places: Vec<&str> = taken.skipped.iter().map(|left| left.place.as_str()).collect();
    assert_eq!(places, ["line 2", "line 5"]);
}

#[test]
fn every_odd_field_is_listed_with_its_line() {
    let taken = taken(
        "Time,ACTION,country,ip,actor\n\
         2026-09-02T08:00:00Z,publish,Germany,somewhere,ada\n\
         never,publish,,,\n\
         2026-09-02T08:00:00Z,,,,\n\
         99999999999999999999,publish,,,\n\
         1788336000,publish,,\n",
    );
    assert_eq!((taken.rows.len(), taken.rows[0].country.as_deref(), taken.rows[0].network.as_deref()), (1, None, None));
    let listed: Vec<String> = taken.skipped.iter().map(|left| format!("{}: {}", left.place, left.reason)).collect();
    assert_eq!(
        listed,
        [
            "line 2.country: is no ISO 3166-1 alpha-2 country",
            "line 2.ip: is no address",
            "line 3: is not a time: neither RFC 3339 nor whole seconds or milliseconds",
            "line 4: has no action",
            "line 5: is not a time: neither RFC 3339 nor whole seconds or milliseconds",
            "line 6: has another number of fields than the header",
        ]
    );
}

#[test]
fn a_table_without_its_columns_names_all_that_are_missing() {
    let error = parse(b"who,where\nada,home\n", &truncated).expect_err("no events");
    assert!(error.what.contains("time (or @timestamp, or created_at), nor action"), "{error}");
    assert_eq!(error.place.as_deref(), Some("line 1"));
    let error = parse(b"time,action\nx,y\nz,w\n", &truncated).expect_err("no events");
    assert!(error.what.contains("none of its 2 entries"), "{error}");
}

#[test]
fn the_mask_decides_what_is_kept_of_an_address() {
    let hidden = parse(OWN.as_bytes(), &|_| "hidden".to_owned()).expect("log");
    assert_eq!(hidden.rows[0].network.as_deref(), Some("hidden"));
    let address = |text: &str| truncated(text.parse::<IpAddr>().expect("address"));
    assert_eq!(address("::ffff:192.0.2.9"), "192.0.2.0/24");
    assert!(!format!("{:?}", taken(OWN)).contains("192.0.2.77"));
}

#[test]
fn the_kind_of_a_file_is_told_by_content() {
    let kind = |text: &str| read(text.as_bytes(), &truncated);
    assert!(matches!(kind(crate::owner_inventory::NEWER), Ok(Owned::Inventory(_))));
    for log in [OWN, GITHUB, "{\"time\":1788336000,\"action\":\"publish\",\"token\":\"ci\"}"] {
        assert!(matches!(kind(log), Ok(Owned::Audit(_))));
    }
    for neither in ["[]", "{\"a\":1}", "[1]", "hello", "", "[{\"name\":\"x\"}]"] {
        assert!(kind(neither).is_err(), "{neither}");
    }
}
