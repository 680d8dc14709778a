//! What the real servers of the tests answer, where that differs from npm's own registry.

use serde_json::{Value, json};

use crate::client::{ask, get};
use crate::replay::shared_packument;
use crate::servers::{Pouch, Verdaccio};

#[test]
fn verdaccio_gives_times_but_no_publisher() {
    let Some(registry) = Verdaccio::start() else { return };
    registry.publish("@ada/loom", "1.0.0");
    registry.publish("@ada/loom", "1.1.0");
    let url = format!("{}/@ada%2floom", registry.url());
    let answer = get(&url);
    let document = answer.json();
    let version = &document["versions"]["1.1.0"];
    assert!(version["_npmVersion"].is_string() && version["_nodeVersion"].is_string());
    assert_eq!((version.get("_npmUser"), document.get("maintainers")), (None, None));
    let time = document["time"]["1.1.0"].as_str().expect("a time");
    assert!(time.len() == "2020-01-01T00:00:00.000Z".len() && time.ends_with('Z'), "{time}");
    let tarball = version["dist"]["tarball"].as_str().expect("an address");
    assert!(tarball.starts_with(registry.url()), "{tarball}");
    let again = [("Accept", "application/json"), ("If-None-Match", answer.header("etag"))];
    assert_eq!(ask("GET", &url, &again, b"").expect("an answer").status, 304);
    // Unlike npm's, its abbreviated documents have the times too.
    let short = [("Accept", "application/vnd.npm.install-v1+json")];
    let short = ask("GET", &url, &short, b"").expect("an answer").json();
    assert!(short["time"]["1.1.0"].is_string() && short.get("_rev").is_none());
}

#[test]
fn verdaccio_serves_what_it_was_seeded_with() {
    let Some(real) = shared_packument("@ctrl/tinycolor") else { return };
    let Some(registry) = Verdaccio::holding(&[("@ctrl/tinycolor", &real)]) else { return };
    let served = get(&format!("{}/@ctrl%2ftinycolor", registry.url())).json();
    let real: Value = serde_json::from_slice(&real).expect("JSON");
    assert_eq!(served["time"], real["time"]);
    assert_eq!(served["versions"]["4.2.0"]["_npmUser"], real["versions"]["4.2.0"]["_npmUser"]);
    assert!(served["versions"]["4.2.0"]["dist"]["tarball"].as_str().is_some_and(|at| at.starts_with(registry.url())));
    registry.seed("later", real.to_string().replace("@ctrl/tinycolor", "later").as_bytes());
    assert_eq!(get(&format!("{}/later", registry.url())).json()["time"], real["time"]);
}

#[test]
fn pouch_has_a_dense_feed_that_coalesces() {
    let Some(pouch) = Pouch::start() else { return };
    for name in ["a", "@s/b", "c"] {
        pouch.put(name, &json!({"name": name}));
    }
    let (again, gone) = (pouch.put("a", &json!({"name": "a"})), pouch.delete("c"));
    let changes = |query: &str| get(&format!("{}/registry/_changes?{query}", pouch.url())).json();
    let all = changes("since=0");
    let ids: Vec<_> = all["results"].as_array().expect("rows").iter().map(|row| (&row["seq"], &row["id"])).collect();
    assert_eq!(ids, [(&json!(2), &json!("@s/b")), (&json!(4), &json!("a")), (&json!(5), &json!("c"))]);
    assert_eq!(all["results"][1]["changes"], json!([{"rev": again}]));
    assert_eq!((&all["results"][2]["deleted"], &all["results"][2]["changes"]), (&json!(true), &json!([{"rev": gone}])));
    let page = changes("since=2&limit=1");
    assert_eq!((&page["results"], &page["last_seq"]), (&json!([all["results"][1]]), &json!(4)));
    assert_eq!(changes("since=99"), json!({"results": [], "last_seq": 99}));
}
