//! The replay server itself: that it serves as a registry does, and spoils what it is told to.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::client::{Reply, ask, get};
use crate::replay::{Act, Document, Replay, shared_packument};

const PACKUMENT: &str = r#"{"_id":"@ada/loom","_rev":"7-abc","name":"@ada/loom","dist-tags":{"old":"0.9.0","latest":"1.0.0"},"versions":{"0.9.0":{"name":"@ada/loom","version":"0.9.0"},"1.0.0":{"name":"@ada/loom","version":"1.0.0","scripts":{"install":"make"},"_npmUser":{"name":"ada","email":"ada@registry.example"},"dist":{"tarball":"https://registry.example/@ada/loom/-/loom-1.0.0.tgz"}}},"time":{"created":"2020-01-01T00:00:00.000Z","modified":"2020-01-02T00:00:00.000Z","0.9.0":"2020-01-01T00:00:00.000Z","1.0.0":"2020-01-02T00:00:00.000Z","1.0.4":"2020-01-02T00:00:00.000Z"},"maintainers":[{"name":"ada","email":"ada@registry.example"}]}"#;

fn loom() -> (Replay, String) {
    let replay = Replay::start();
    replay.serve_packument("@ada/loom", PACKUMENT);
    let url = format!("{}/@ada%2floom", replay.url());
    (replay, url)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn only_exact_accept_gives_publishers_and_times() {
    let (replay, url) = loom();
    let full = get(&url).json();
    assert_eq!(full["time"]["1.0.0"], "2020-01-02T00:00:00.000Z");
    let tarball = format!("{}/@ada/loom/-/loom-1.0.0.tgz", replay.url());
    assert_eq!(full["versions"]["1.0.0"]["dist"]["tarball"], tarball);
    for accept in ["*/*", "application/json, */*", "application/vnd.npm.install-v1+json"] {
        let short = ask("GET", &url, &[("Accept", accept)], b"").expect("an answer");
        assert_eq!(short.header("content-type"), "application/vnd.npm.install-v1+json");
        let short = short.json();
        assert_eq!(keys(&short), ["dist-tags", "modified", "name", "versions"], "{accept}");
        assert_eq!(keys(&short["versions"]["1.0.0"]), ["dist", "hasInstallScript", "name", "version"]);
    }
}

#[test]
fn revisions_are_not_sent_twice() {
    let (replay, url) = loom();
    let etag = get(&url).header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let conditional = |tag: &str| {
        let headers = [("Accept", "application/json"), ("If-None-Match", tag)];
        ask("GET", &url, &headers, b"").expect("an answer")
    };
    let unchanged = conditional(&etag);
    assert_eq!((unchanged.status, unchanged.body.len(), unchanged.header("etag")), (304, 0, etag.as_str()));
    assert_eq!(conditional(&format!("\"x\", W/{etag}")).status, 304);
    assert_eq!(conditional("\"x\"").status, 200);
    replay.serve_packument("@ada/loom", PACKUMENT.replace("7-abc", "8-abc"));
    assert_eq!(conditional(&etag).status, 200);
}

#[test]
fn bodies_heads_and_unknown_paths() {
    let (replay, url) = loom();
    let gzip = [("Accept", "application/json"), ("Accept-Encoding", "br, gzip;q=0.8")];
    let packed = ask("GET", &url, &gzip, b"").expect("an answer");
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.len() < PACKUMENT.len() && packed.whole);
    assert_eq!(packed.json(), get(&url).json());
    let head = ask("HEAD", &url, &gzip, b"").expect("an answer");
    assert_eq!((head.body.len(), head.header("content-length")), (0, packed.header("content-length")));
    let unknown = get(&format!("{}/unknown", replay.url()));
    assert_eq!((unknown.status, unknown.plain().expect("plain")), (404, br#"{"error":"Not found"}"#.to_vec()));
    for path in ["@ada/loom", "@ada%2Floom", "%40ada/loom"] {
        assert_eq!(get(&format!("{}/{path}", replay.url())).status, 200, "{path}");
    }
    assert_eq!(ask("PUT", &url, &[], b"{}").expect("an answer").status, 405);
}

#[test]
fn one_connection_carries_many_requests_and_all_are_remembered() {
    let (replay, _) = loom();
    replay.serve("/q", Document::json("[1]"));
    let mut stream = TcpStream::connect(("127.0.0.1", replay.port())).expect("connected");
    let (first, second) =
        ("POST /q?a=b%20c HTTP/1.1\r\nX-Of: me\r\nContent-Length: 2\r\n\r\n[]", "GET /q HTTP/1.1\r\n\r\n");
    stream.write_all(format!("{first}{second}").as_bytes()).expect("sent");
    let mut answers = String::new();
    while answers.matches("[1]").count() < 2 {
        let mut bytes = [0; 1024];
        let count = stream.read(&mut bytes).expect("an answer");
        assert!(count > 0, "ended after: {answers}");
        answers += str::from_utf8(&bytes[..count]).expect("text");
    }
    let seen = replay.requests_for("/q");
    assert_eq!(
        (seen[0].method.as_str(), seen[0].body.as_slice(), seen[0].header("x-of")),
        ("POST", &b"[]"[..], Some("me"))
    );
    assert_eq!(seen[0].query_members(), [("a".to_owned(), "b c".to_owned())]);
    assert!(seen[1].method == "GET" && seen[1].time >= seen[0].time);
    assert!(replay.count() == 2 && replay.bytes_sent() >= answers.len() as u64);
    replay.forget();
    assert_eq!((replay.count(), replay.requests().len(), replay.bytes_sent()), (0, 0, 0));
}

#[test]
fn scripted_answers_come_in_order_and_then_the_document_again() {
    let (replay, url) = loom();
    replay.script(
        "/@ada%2Floom",
        [
            Act::Throttled,
            Act::Truncated(100),
            Act::CutGzip(50),
            Act::CutChunked(100),
            Act::Redirect(302, "/elsewhere".into()),
            Act::NotUtf8,
            Act::Status(503, vec![("retry-after".into(), "7".into())], b"busy".to_vec()),
            Act::Document(Document::packument(PACKUMENT.replace("7-abc", "6-abc")).with_etag("\"old\"")),
        ],
    );
    let throttled = get(&url);
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, "0"));
    assert!(throttled.header("content-type").starts_with("text/html"));
    let truncated = get(&url);
    assert!(!truncated.whole && truncated.body.len() == 100 && truncated.status == 200);
    let cut = get(&url);
    assert!(cut.whole && cut.body.len() == 50 && cut.plain().is_err());
    let half = get(&url);
    assert!(half.whole && half.body.len() == 100 && PACKUMENT.as_bytes().starts_with(&half.body));
    let redirect = get(&url);
    assert_eq!((redirect.status, redirect.header("location")), (302, "/elsewhere"));
    assert!(String::from_utf8(get(&url).body).is_err());
    let busy = get(&url);
    assert_eq!((busy.status, busy.header("retry-after"), busy.body.as_slice()), (503, "7", &b"busy"[..]));
    let stale = get(&url);
    assert_eq!((stale.header("etag"), &stale.json()["_rev"]), ("\"old\"", &json!("6-abc")));
    assert_eq!(get(&url).json()["_rev"], "7-abc");
}

#[test]
fn a_reset_is_a_reset_and_not_an_end() {
    let (replay, url) = loom();
    replay.script("/@ada/loom", [Act::Reset]);
    let error = ask("GET", &url, &[], b"").expect_err("no answer");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!((replay.count(), get(&url).status), (1, 200));
}

#[test]
fn slow_late_and_endless_answers() {
    let (replay, url) = loom();
    replay.serve("/small", Document::json("\"0123456789\""));
    let small = format!("{}/small", replay.url());
    replay.script("/small", [Act::Slow { bytes_per_second: 40 }, Act::Late(Duration::from_millis(150))]);
    for least in [200, 150] {
        let start = Instant::now();
        assert_eq!(get(&small).json(), "0123456789");
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(least) && took < Duration::from_secs(10), "{took:?}");
    }
    replay.script("/@ada/loom", [Act::Endless(3_000_000), Act::Hang(Duration::from_millis(50))]);
    let endless = get(&url);
    assert!(endless.whole && endless.body.len() == 3_000_000 && endless.body.starts_with(b"{\"_id\""));
    assert!(ask("GET", &url, &[], b"").is_err());
}

#[test]
fn a_bomb_is_small_and_unpacks_to_far_more() {
    let (replay, url) = loom();
    replay.script("/@ada/loom", [Act::Bomb]);
    let bomb = get(&url);
    assert!(bomb.whole && bomb.body.len() < 16 << 20, "{}", bomb.body.len());
    // A decoder that knows a single member only must be hit too.
    let mut start = GzDecoder::new(bomb.body.as_slice()).take(100 << 20);
    let mut plain = Vec::new();
    start.read_to_end(&mut plain).expect("sound so far");
    assert!(plain.len() == 100 << 20 && plain.starts_with(b"{\"_id\"") && plain.ends_with(b"AA"));
}

#[test]
fn a_touched_package_has_one_more_version() {
    let (replay, url) = loom();
    let before = get(&url);
    assert!(replay.touch("@ada/loom").starts_with("8-"));
    let rev = replay.touch_at("@ada/loom", "2021-01-01T00:00:00.000Z");
    let after = get(&url);
    assert_ne!(after.header("etag"), before.header("etag"));
    let after = after.json();
    assert_eq!(after["_rev"], rev);
    assert_eq!(after["dist-tags"], json!({"old": "0.9.0", "latest": "1.0.6"}));
    // 1.0.4 was removed: its number must not come back.
    assert_eq!(keys(&after["versions"]), ["0.9.0", "1.0.0", "1.0.5", "1.0.6"]);
    assert_eq!(after["versions"]["1.0.6"]["_npmUser"]["name"], "ada");
    assert_eq!(after["time"]["1.0.6"], "2021-01-01T00:00:00.000Z");
    assert_eq!(after["time"]["modified"], after["time"]["1.0.6"]);
    assert_eq!((&after["name"], &after["maintainers"]), (&json!("@ada/loom"), &before.json()["maintainers"]));
}

#[test]
fn a_flock_is_real_documents_under_other_names() {
    let replay = Replay::start();
    let Some(names) = replay.flock(120) else { return };
    assert_eq!((names.len(), names[119].as_str()), (120, "load-00120"));
    let url = |name: &str| format!("{}/{name}", replay.url());
    let gzip = [("Accept", "application/json"), ("Accept-Encoding", "gzip")];
    let packed = |name: &str| ask("GET", &url(name), &gzip, b"").expect("an answer");
    let first = packed("load-00001");
    assert_eq!(first.plain().expect("gzip"), get(&url("load-00001")).body);
    let document = first.json();
    assert_eq!((&document["_id"], &document["name"]), (&json!("load-00001"), &json!("load-00001")));
    let real = shared_packument("is-arrayish").expect("as the flock");
    let real: Value = serde_json::from_slice(&real).expect("JSON");
    let twins = names.iter().filter(|name| get(&url(name)).json()["time"] == real["time"]).count();
    assert!((2..=3).contains(&twins), "{twins} of 120");
    assert_eq!((packed("load-00121").status, packed("load-1").status, packed("load-00000").status), (404, 404, 404));

    let count = |reply: &Reply| reply.json()["versions"].as_object().expect("versions").len();
    let rev = replay.touch("load-00001");
    let touched = packed("load-00001");
    assert_eq!((count(&touched), &touched.json()["_rev"]), (count(&first) + 1, &json!(rev)));
    assert_eq!(touched.plain().expect("gzip"), get(&url("load-00001")).body);
    assert_ne!(touched.header("etag"), first.header("etag"));
    assert_eq!(count(&touched), document["versions"].as_object().expect("versions").len() + 1);
}

#[test]
fn the_feed_coalesces_refuses_and_falls_back() {
    let replay = Replay::start();
    let seqs: Vec<u64> =
        [("a", "1-x"), ("b", "1-x"), ("a", "2-x")].map(|(id, rev)| replay.feed().push(id, rev, false)).into();
    assert!(seqs.is_sorted() && seqs[1] > seqs[0] + 1, "{seqs:?}");
    let gone = replay.feed().push("@s/c", "9-x", true);
    let feed = |rest: &str| get(&format!("{}/feed/{rest}", replay.url()));
    let root = feed("").json();
    assert_eq!((&root["engine"], &root["doc_count"]), (&json!("npm-replicate"), &json!(2)));
    let head = root["update_seq"].as_u64().expect("a number");
    assert!(head > gone);
    let all = feed("registry/_changes?since=0").json();
    let rows = json!([{"seq": seqs[1], "id": "b", "changes": [{"rev": "1-x"}]},
                      {"seq": seqs[2], "id": "a", "changes": [{"rev": "2-x"}]},
                      {"seq": gone, "id": "@s/c", "changes": [{"rev": "9-x"}], "deleted": true}]);
    assert_eq!((&all["results"], &all["last_seq"]), (&rows, &json!(head)));
    let page = feed(&format!("registry/_changes?since={}&limit=1", seqs[1])).json();
    assert_eq!((&page["results"], &page["last_seq"]), (&json!([rows[1]]), &json!(seqs[2])));
    let beyond = feed(&format!("registry/_changes?since={}", head + 5)).json();
    assert_eq!(beyond, json!({"results": [], "last_seq": head + 5}));
    let refused =
        ["since=now", "limit=10001", "include_docs=true", "feed=longpoll", "heartbeat=1", "filter=x", "style=all_docs"];
    for option in refused {
        assert_eq!(feed(&format!("registry/_changes?{option}")).status, 400, "{option}");
    }
    assert_eq!((feed("registry/_changes?limit=10000").status, feed("registry/a").status), (200, 404));
    replay.feed().reset();
    let after = feed("").json()["update_seq"].as_u64().expect("a number");
    assert!(after < seqs[0] && feed("registry/_changes").json()["results"].as_array().expect("rows").len() == 3);
}

#[test]
fn search_runs_into_its_quota() {
    let (replay, _) = loom();
    let search = |query: &str| get(&format!("{}/-/v1/search?{query}", replay.url()));
    let found = search("text=maintainer:ada&size=250&from=0").json();
    assert_eq!((&found["total"], &found["objects"][0]["package"]["publisher"]["username"]), (&json!(1), &json!("ada")));
    assert_eq!(search("text=maintainer:ad").json()["total"], 0);
    let missing = search("size=1");
    assert_eq!((missing.status, &missing.json()["code"]), (400, &json!("ERR_TEXT_MISSING")));
    replay.allow_searches(1);
    assert_eq!([search("text=x").status, search("text=x").status, search("text=x").status], [200, 429, 429]);
}

#[test]
fn ping_keys_and_attestations() {
    let (replay, _) = loom();
    let at = |path: &str| get(&format!("{}/-/{path}", replay.url()));
    assert_eq!(at("ping").json(), json!({}));
    assert_eq!(at("npm/v1/keys").json()["keys"][0]["keytype"], "ecdsa-sha2-nistp256");
    replay.serve_attestations("@ada/loom", "1.0.0", "{\"attestations\":[]}");
    assert_eq!(at("npm/v1/attestations/@ada%2floom@1.0.0").json(), json!({"attestations": []}));
    assert_eq!(at("npm/v1/attestations/@ada%2floom@1.0.1").status, 404);
    replay.withdraw("/-/npm/v1/keys");
    assert_eq!(at("npm/v1/keys").status, 404);
}

#[test]
fn the_end_does_not_wait_for_those_who_hang() {
    let (replay, url) = loom();
    replay.script("/@ada/loom", [Act::Hang(Duration::from_mins(10)), Act::Late(Duration::from_mins(10))]);
    let hanging: Vec<_> = (0..2)
        .map(|_| {
            std::thread::spawn({
                let url = url.clone();
                move || ask("GET", &url, &[], b"")
            })
        })
        .collect();
    let mut idle: Vec<TcpStream> = Vec::new();
    while replay.count() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Two of 64 places are taken.
    idle.extend((0..62).map(|_| TcpStream::connect(("127.0.0.1", replay.port())).expect("connected")));
    assert_eq!(get(&url).status, 503);
    let start = Instant::now();
    drop(replay);
    assert!(start.elapsed() < Duration::from_secs(5));
    for thread in hanging {
        assert!(thread.join().expect("no panic").is_err());
    }
    assert!(TcpStream::connect(url.trim_start_matches("http://").split('/').next().expect("host")).is_err());
}

#[test]
fn what_is_no_request_is_refused() {
    let (replay, url) = loom();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100 << 10));
    let cases = [
        ("\0\u{7}\r\n\r\n", "400"),
        ("GET / HTTP/2\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nnothing\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "413"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "411"),
        (&long, "431"),
    ];
    for (request, status) in cases {
        let mut stream = TcpStream::connect(("127.0.0.1", replay.port())).expect("connected");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!((replay.count(), get(&url).status), (0, 200));
    for path in ["%", "%zz", "%ff%", "a%2", "?", "?=&&%"] {
        assert!([200, 404].contains(&get(&format!("{}/{path}", replay.url())).status), "{path}");
    }
}
