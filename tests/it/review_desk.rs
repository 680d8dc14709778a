//! The desk over HTTP: who comes in, what a form may do, and what strangers' names do to a page.

use gaitkeeper::archive::verdicts::Verdict;
use gaitkeeper::review::store::{Kept, Store};

use crate::command::Place;
use crate::review_setting::{HOSTILE, Open, archive};
use crate::review_store::given;

fn verdicts(place: &Place) -> Vec<Kept> {
    Store::read(&place.path("archive")).expect("readable").map_or_else(Vec::new, |store| store.all().expect("read"))
}

#[test]
fn only_a_browser_that_was_given_the_address_comes_in() {
    let place = archive();
    let open = Open::at(&place);
    let host = &open.host;
    let port = host.rsplit(':').next().expect("a port");
    let cookie = &open.cookie;
    let entrance = open.raw(&format!("GET {} HTTP/1.1\r\nHost: {host}\r\n\r\n", &open.url[7 + host.len()..]));
    assert!(entrance.header("set-cookie").ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{}", entrance.head);
    assert!(!entrance.header("set-cookie").contains(open.url.split_once("token=").expect("a token").1));

    let asked = |host: &str, path: &str, headers: &str| {
        open.raw(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n")).status
    };
    let let_in = format!("Cookie: other=1; {cookie}\r\n");
    assert_eq!(asked(host, "/", &let_in), 200);
    assert_eq!(asked(&format!("localhost:{port}"), "/", &let_in), 200);
    let name = cookie.split('=').next().expect("a name");
    for (headers, path) in [
        (String::new(), "/"),
        (String::new(), "/history"),
        (String::new(), "/?token="),
        (String::new(), "/?token=0123456789abcdef0123456789abcdef0123456789abcdef"),
        (format!("Cookie: {name}=\r\n"), "/"),
        (format!("Cookie: {name}={}\r\n", "0".repeat(48)), "/done"),
        (format!("Cookie: {}\r\n", cookie.replace("desk", "disk")), "/"),
    ] {
        let refused = open.raw(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n"));
        assert_eq!(refused.status, 401, "{path} {headers}");
        assert!(!refused.body.contains("bob") && refused.header("set-cookie").is_empty(), "{}", refused.body);
    }
    for other in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", "127.0.0.1:1", "0.0.0.0", ""] {
        let status = asked(other, "/", &let_in);
        assert!(status == 421 || status == 400, "Host: {other} gives {status}");
        assert_ne!(asked(other, "/style.css", ""), 200, "Host: {other}");
    }
    assert_ne!(open.raw(&format!("GET / HTTP/1.0\r\n{let_in}\r\n")).status, 200, "no Host at all");
    let doubled = format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n{let_in}\r\n");
    assert_ne!(open.raw(&doubled).status, 200, "two hosts");
}

#[test]
fn every_answer_forbids_what_no_page_needs() {
    let place = archive();
    let open = Open::at(&place);
    for path in ["/", "/done", "/history", "/help", "/style.css", "/desk.js", "/icon.svg", "/nothing", "/alert/x"] {
        let answer = open.get(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let bare = [" style=", "<style", " onclick", "javascript:", "http://", "https://", "//cdn"];
        let page = answer.body.replace("http://www.w3.org/2000/svg", "");
        assert!(!bare.iter().any(|mark| page.contains(mark)), "{path}: {page}");
        assert!(!page.contains("<script>"), "{path}");
    }
}

#[test]
fn only_a_form_of_the_desk_itself_records_anything() {
    let place = archive();
    let open = Open::at(&place);
    let alert = open.alert("lonely@2.0.0");
    let csrf = open.csrf.clone();
    let fields = [("csrf", csrf.as_str()), ("seen", "0"), ("verdict", "benign"), ("reason", "x")];
    let without = [("csrf", ""), fields[1], fields[2], fields[3]];
    let cookie = format!("Cookie: {}\r\n", open.cookie);
    let from = |origin: &str| format!("{cookie}Origin: {origin}\r\n");
    assert_eq!(open.form(&alert, &fields, "").status, 401, "no cookie");
    assert_eq!(open.form(&alert, &without, &cookie).status, 403, "no secret");
    assert_eq!(open.form(&alert, &fields[1..], &cookie).status, 422, "not even an empty secret");
    assert_eq!(open.form(&alert, &fields, &from("http://evil.example")).status, 403);
    assert_eq!(open.form(&alert, &fields, &from("null")).status, 403);
    assert_eq!(open.form(&alert, &fields, &format!("{cookie}Sec-Fetch-Site: cross-site\r\n")).status, 403);
    assert_eq!(open.form(&alert, &fields, &format!("{cookie}Sec-Fetch-Site: same-site\r\n")).status, 403);
    assert_eq!(open.form("/score-again", &without[..1], &cookie).status, 403);
    let json = format!(
        "POST {alert} HTTP/1.1\r\nHost: {}\r\n{cookie}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
        open.host
    );
    assert_eq!(open.raw(&json).status, 415);
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = open.raw(&format!("{method} {alert} HTTP/1.1\r\nHost: {}\r\n{cookie}\r\n", open.host));
        assert_eq!(answer.status, 405, "{method}");
    }
    assert_eq!(open.get("/score-again").status, 405);
    let huge = "x".repeat(40_000);
    assert_eq!(open.post(&alert, &[("seen", "0"), ("verdict", "benign"), ("reason", &huge)]).status, 413);
    let bomb = format!(
        "POST {alert} HTTP/1.1\r\nHost: {}\r\n{cookie}Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 99999999999\r\n\r\ncsrf={csrf}",
        open.host
    );
    assert_eq!(open.raw(&bomb).status, 413);
    for (verdict, reason, why) in [
        ("guilty", "x", "Choose"),
        ("", "x", "Choose"),
        ("benign", " \n ", "Say why"),
        ("benign", &"é".repeat(2_001), "4000"),
    ] {
        let answer = open.post(&alert, &[("seen", "0"), ("verdict", verdict), ("reason", reason)]);
        assert!(answer.status == 422 && answer.body.contains(why), "{verdict}: {}", answer.body);
        assert!(reason.trim().is_empty() || answer.body.contains(reason), "what was typed is kept");
    }
    assert_eq!(open.post("/alert/0000000000000000", &fields[1..]).status, 404);
    assert_eq!(open.post("/alert/..%2f..%2fetc", &fields[1..]).status, 404);
    assert!(verdicts(&place).is_empty(), "nothing of all that was recorded");
    assert_eq!(open.form(&alert, &fields, &from(&format!("http://{}", open.host))).status, 303);
    assert_eq!(verdicts(&place).len(), 1);
}

#[test]
fn a_verdict_is_recorded_shown_and_moves_the_alert_to_done() {
    let place = archive();
    let open = Open::at(&place);
    let alert = open.alert("lonely@2.0.0");
    let page = open.get(&alert).body;
    for part in [
        "postinstall",
        "first-hook",
        "What could not be judged",
        "The package around it",
        "2024-05-29",
        "by <b>eve</b>",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let answer = open.post(&alert, &[("seen", "0"), ("verdict", "malicious"), ("reason", "token <stolen> & used")]);
    assert_eq!(answer.status, 303);
    let next = answer.header("location").to_owned();
    assert!(next.starts_with("/alert/") && !next.contains(&alert), "on to the next one: {next}");
    assert!(open.get(&next).body.contains("Recorded: lonely@2.0.0 is malicious"));

    let kept = verdicts(&place).remove(0).given;
    assert_eq!((kept.verdict, kept.reviewer.as_str()), (Verdict::Malicious, "ann"));
    assert_eq!(kept.reason, "token <stolen> & used");
    assert!(!open.get("/").body.contains(">lonely@2.0.0<"));
    for path in ["/done", "/history", "/history?q=stolen+ANN", "/done?q=lonely"] {
        assert!(open.get(path).body.contains(">lonely@2.0.0<"), "{path}");
        assert!(open.get(path).body.contains("token &#60;stolen&#62; &#38; used"), "{path}");
    }
    assert!(!open.get("/history?q=bob").body.contains("lonely"));

    // Somebody else decides from the command line while the page is open.
    let other = given("x", Verdict::Benign, "asked her", 7);
    let other = gaitkeeper::review::store::Given { release: kept.release.clone(), ..other };
    Store::open(&place.path("archive")).expect("the store").record(&other).expect("recorded");
    let late = open.post(&alert, &[("seen", "1"), ("verdict", "malicious"), ("reason", "still sure")]);
    assert!(late.status == 409 && late.body.contains("asked her") && late.body.contains("still sure"), "{}", late.body);
    assert_eq!(verdicts(&place).len(), 2);
    let seen = late.body.split("name=\"seen\" value=\"").nth(1).and_then(|s| s.split('"').next()).expect("a number");
    assert_eq!(open.post(&alert, &[("seen", seen), ("verdict", "unsure"), ("reason", "ask again")]).status, 303);
    let queue = open.get("/").body;
    let (_, unsure) = queue.split_once("<h2>Unsure</h2>").expect("what nobody concluded stays in the queue");
    assert!(unsure.contains("lonely@2.0.0"), "{unsure}");
    assert!(queue.contains("3 verdicts since the last scoring"), "{queue}");
    assert_eq!(open.post("/score-again", &[]).status, 303);
    assert!(!open.get("/").body.contains("since the last scoring"));

    let (code, said) = open.terminate();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("every verdict that was recorded is kept"), "{said}");
    assert_eq!(verdicts(&place).len(), 3);
}

#[test]
fn a_whole_campaign_is_decided_at_once_and_what_is_decided_keeps_its_verdict() {
    let place = archive();
    let open = Open::at(&place);
    let queue = open.get("/").body;
    let campaign = queue.split("href=\"/campaign/").nth(1).and_then(|r| r.split('"').next()).expect("a campaign");
    let campaign = format!("/campaign/{campaign}");
    let alert = open.alert("left@1.10");
    assert_eq!(open.post(&alert, &[("seen", "0"), ("verdict", "benign"), ("reason", "tested it")]).status, 303);
    let page = open.get(&campaign).body;
    assert!(page.contains("2 of 3 are open") && page.contains("Record for 2 publishes"), "{page}");
    let stale = open.post(&campaign, &[("seen", "0"), ("verdict", "malicious"), ("reason", "one act")]);
    assert!(stale.status == 409 && stale.body.contains("tested it"), "a page from before that verdict: {}", stale.body);
    assert_eq!(open.post(&campaign, &[("seen", "1"), ("verdict", "malicious"), ("reason", "one act")]).status, 303);
    let given: Vec<_> = verdicts(&place).into_iter().map(|kept| kept.given).collect();
    assert_eq!(given.len(), 3);
    let names: Vec<&str> = given[1..].iter().map(|one| one.release.package.as_str()).collect();
    assert!(names.contains(&"right") && names.contains(&"@bob/middle"), "{names:?}");
    assert!(given[1..].iter().all(|one| one.verdict == Verdict::Malicious && one.at == given[1].at));
    let nothing_left = open.post(&campaign, &[("seen", "3"), ("verdict", "benign"), ("reason", "again")]);
    assert!(nothing_left.status == 422 && nothing_left.body.contains("Every publish of it is decided"));
    assert_eq!(open.post("/campaign/none", &[("seen", "3"), ("verdict", "benign"), ("reason", "x")]).status, 404);
}

#[test]
fn strangers_names_stay_words() {
    let place = archive();
    let open = Open::at(&place);
    let queue = open.get("/").body;
    let link = queue.split("&#60;img&#62;").next().and_then(|b| b.rsplit("href=\"").next());
    let link = link.and_then(|rest| rest.split('"').next()).expect("the alert about the hostile name");
    let reason = format!("{HOSTILE}\u{202e}\u{7}{{{{7*7}}}}");
    for path in ["/", link, "/?q=%22%3E%3Cscript%3E", "/history?q=%3Cb%3E&before=zz", "/done?recorded=1"] {
        let body = open.get(path).body;
        assert!(!body.contains("<script>") && !body.contains("<img") && !body.contains('\u{202e}'), "{path}: {body}");
    }
    assert_eq!(open.post(link, &[("seen", "0"), ("verdict", "unsure"), ("reason", &reason)]).status, 303);
    for path in ["/", link, "/history"] {
        let body = open.get(path).body;
        assert!(body.contains("{{7*7}}") && !body.contains("<script>"), "{path}: {body}");
        assert!(!body.contains('\u{202e}') && !body.contains('\u{7}'), "{path}: {body}");
    }
}

#[test]
fn a_desk_opens_only_where_only_this_machine_can_reach_it() {
    let place = archive();
    for address in ["0.0.0.0", "::", "192.0.2.1"] {
        let serve = ["review", "serve", "--reviewer", "ann", "--address", address];
        place.on_archive(&serve).exits(2).says(&["other machines", "127.0.0.1"]);
    }
    place.on_archive(&["review", "serve"]).exits(2).says(&["--reviewer"]);
    place.run(&["review", "serve", "--reviewer", "ann"]).exits(2).says(&["--archive"]);
    place.run(&["review", "serve", "--reviewer", "ann", "--archive", "none"]).exits(3);
}
