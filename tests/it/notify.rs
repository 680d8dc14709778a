//! Messages: what each channel gets, once, whoever fails; and what strangers write into it.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::detect::scene::said;
use serde_json::Value;

use crate::command::Place;
use crate::nightly::{budget, night, settled};
use crate::receivers::{MailServer, Reaction, Receiver};
use crate::tables::parquet;

/// A key of 32 bytes.
pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const HASTE: &str = "[network]\nattempts = 2\nfirst_pause_ms = 20\n";

/// A settled place whose findings go to Slack by token, and the receiver that is Slack.
fn with_slack(more: &str) -> (Place, Vec<PublishEvent>, Receiver) {
    let slack = Receiver::start();
    let (place, events) = settled(&format!(
        "[notify.slack]\ntoken_file = \"slack.token\"\nchannel = \"C123\"\napi_url = \"{}/api/\"\n{more}{HASTE}",
        slack.url()
    ));
    place.write("slack.token", "xoxb-never-shown\n");
    (place, events, slack)
}

fn with_webhook(more: &str) -> (Place, Vec<PublishEvent>, Receiver) {
    let hook = Receiver::start();
    let (place, events) =
        settled(&format!("[notify.webhook]\nurl_file = \"hook.url\"\nsecret_file = \"hook.key\"\n{more}{HASTE}"));
    place.write("hook.url", format!("{}/hook", hook.url()));
    place.write("hook.key", SECRET);
    (place, events, hook)
}

fn text_of(block: &Value) -> String {
    match block {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| {
                if key == "text" && value.is_string() {
                    value.as_str().unwrap_or_default().to_owned()
                } else {
                    text_of(value)
                }
            })
            .collect(),
        Value::Array(items) => items.iter().map(text_of).collect(),
        _ => String::new(),
    }
}

#[test]
fn slack_gets_a_digest_and_a_thread_a_campaign_and_a_later_alert_goes_into_the_same_thread() {
    let (place, events, slack) = with_slack("");
    place.import("both.parquet", parquet(&events[60..]));
    night(&place, &[]).exits(0);
    let bodies = slack.bodies();
    assert_eq!(bodies.len(), 4, "a digest, the campaign's first message, and two answers: {bodies:#?}");
    assert!(slack.seen().iter().all(|seen| seen.header("authorization") == Some("Bearer xoxb-never-shown")));
    assert!(bodies.iter().all(|body| body["channel"] == "C123"));
    assert!(text_of(&bodies[0]["blocks"]).contains("2 unusual publishes in night 2"), "{:#}", bodies[0]);
    assert!(text_of(&bodies[1]["blocks"]).contains("Campaign "), "{:#}", bodies[1]);
    assert_eq!(bodies[1].get("thread_ts"), None);
    for answer in &bodies[2..] {
        assert_eq!(answer["thread_ts"], "1700000000.000002", "in the campaign's thread: {answer:#}");
    }
    let raised = bodies.iter().filter(|body| text_of(&body["blocks"]).contains("raised by a second look")).count();
    assert_eq!(raised, 2, "in the digest and in the thread");
    // A third version of the same act, the day after.
    let mut third = events[61].clone();
    third.version = said("1.0.62");
    third.published_at = third.published_at.map(|at| at + 40 * 60_000);
    place.import("third.parquet", parquet(&[third]));
    night(&place, &[]).exits(0);
    let bodies = slack.bodies();
    assert_eq!(bodies.len(), 6, "a digest and an answer: {bodies:#?}");
    assert_eq!(bodies[5]["thread_ts"], "1700000000.000002", "{:#}", bodies[5]);
    night(&place, &[]).exits(0);
    assert_eq!(slack.seen().len(), 6, "a quiet night is not told unless asked for");
}

#[test]
fn what_is_raised_after_it_was_told_updates_its_thread_and_is_not_told_a_third_time() {
    let (place, events, slack) = with_slack("");
    place.import("first.parquet", parquet(&events[60..61]));
    // Unusual enough for this budget alone.
    night(&place, &["--budget", "1/5"]).exits(0);
    let before = slack.bodies();
    assert!(!before.is_empty() && text_of(&before[0]["blocks"]).contains("pkg@1.0.60"), "{before:#?}");
    place.import("second.parquet", parquet(&events[61..]));
    night(&place, &["--budget", &budget()]).exits(0);
    let after = slack.bodies();
    let raised: Vec<&Value> = after[before.len()..]
        .iter()
        .filter(|body| text_of(&body["blocks"]).contains("raised by a second look"))
        .collect();
    assert!(raised.iter().any(|body| body["thread_ts"] == "1700000000.000001"), "{raised:#?}");
    night(&place, &["--budget", &budget()]).exits(0);
    assert_eq!(slack.bodies().len(), after.len());
}

#[test]
fn hostile_names_are_text_to_slack_and_mail() {
    let server = MailServer::start();
    let (place, mut events, slack) = with_slack(&format!(
        "[notify.mail]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"Gait <g@shop.example>\"\nto = [\"sec@shop.example\"]\n",
        server.port()
    ));
    let evil = "<!channel> *x* & <script>alert(1)</script>\u{202e}\r\nBcc: all@shop.example";
    for event in &mut events[60..] {
        event.publisher = said(evil);
    }
    place.import("evil.parquet", parquet(&events[60..]));
    night(&place, &[]).exits(0);
    for body in slack.bodies() {
        let fallback = body["text"].as_str().expect("text");
        assert!(!fallback.contains("<!channel>"), "{fallback}");
        let blocks = body["blocks"].as_array().expect("blocks");
        assert!(blocks.iter().all(|block| block["type"] == "rich_text" || block["text"]["type"] == "plain_text"));
        assert!(!body.to_string().contains('\u{202e}'), "{body}");
    }
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    let (head, body) = mails[0].split_once("\r\n\r\n").expect("a head");
    assert!(!head.contains("Bcc") && !mails[0].contains("\r\nBcc:"), "{}", mails[0]);
    assert!(head.contains("Subject: gaitkeeper: 2 unusual publishes in night 2") && head.contains("@shop.example>"));
    // Quoted-printable breaks lines anywhere.
    let (_, html) = body.split_once("text/html").expect("an HTML part");
    let html = html.replace("=\r\n", "");
    assert!(!html.contains("<script>") && html.contains("script&#62;"), "{html}");
}

#[test]
fn the_limits_of_slacks_blocks_hold_however_much_was_found() {
    let (place, events, slack) = with_slack("");
    let mut many = Vec::new();
    for n in 0..80 {
        for event in &events {
            let mut event = event.clone();
            event.package = Some(format!("{}-{n}", "long-name-".repeat(15)));
            event.publisher = Some(format!("ann-{n}"));
            many.push(event);
        }
    }
    place.write("many.parquet", parquet(&many));
    // Their past is of packages that were not known, so that another archive takes it all for its first night.
    place.run(&["import", "many.parquet", "--archive", "other"]).exits(0);
    place.run(&["nightly", "--no-fetch", "--since", "2024-01-02", "--archive", "other"]).exits(0);
    assert!(!slack.seen().is_empty(), "something was found");
    for body in slack.bodies() {
        let blocks = body["blocks"].as_array().expect("blocks");
        assert!(blocks.len() <= 50);
        assert!(body["text"].as_str().expect("text").chars().count() <= 4_000);
        for block in blocks {
            let most = if block["type"] == "header" { 150 } else { 3_000 };
            assert!(text_of(block).chars().count() <= most, "{block:#}");
        }
        assert!(body.to_string().len() < 40_000);
    }
}

#[test]
fn a_webhook_is_signed_over_id_time_and_body_and_carries_the_findings() {
    let (place, events, hook) = with_webhook("");
    place.import("both.parquet", parquet(&events[60..]));
    night(&place, &[]).exits(0);
    let seen = &hook.seen()[0];
    let header = |name: &str| seen.header(name).expect("a header").to_owned();
    let signed =
        [header("webhook-id").as_bytes(), b".", header("webhook-timestamp").as_bytes(), b".", &seen.body].concat();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"0123456789abcdef0123456789abcdef");
    let wanted = STANDARD.encode(aws_lc_rs::hmac::sign(&key, &signed).as_ref());
    assert_eq!(header("webhook-signature"), format!("v1,{wanted}"));
    assert!(header("webhook-id").starts_with("msg_"));
    let body = &hook.bodies()[0];
    assert_eq!(body["type"], "gaitkeeper.findings");
    assert_eq!(body["data"]["findings"].as_array().map(Vec::len), Some(2));
    assert_eq!(body["data"]["findings"][0]["kind"], "finding");
    assert!(!body.to_string().contains("whsec_") && !body.to_string().contains("/hook"), "no secret is told");
}

#[test]
fn the_signature_is_that_of_the_specifications_example() {
    let key = gaitkeeper::report::notify::webhook::Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a key");
    let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_receiver_that_is_down_gets_everything_later_in_order_and_once() {
    let (place, events, hook) = with_webhook("");
    let down = || Reaction::Answer(500, Vec::new(), "broken");
    hook.script([down(), down(), down(), down()]);
    place.import("first.parquet", parquet(&events[60..61]));
    let out = night(&place, &["--budget", "1/5"]).exits(4).out;
    assert!(out.contains("findings.webhook: 0 sent, 1 waiting") && out.contains("500: broken"), "{out}");
    place.import("second.parquet", parquet(&events[61..]));
    let out = night(&place, &["--budget", "1/5"]).exits(4).out;
    assert!(out.contains("findings.webhook: 0 sent, 2 waiting"), "{out}");
    let out = night(&place, &["--budget", "1/5"]).exits(0).out;
    assert!(out.contains("findings.webhook: 2 sent, 0 waiting"), "{out}");
    let taken = &hook.bodies()[4..];
    assert_eq!(taken.len(), 2);
    assert_eq!((&taken[0]["data"]["night"]["number"], &taken[1]["data"]["night"]["number"]), (&2.into(), &3.into()));
    night(&place, &[]).exits(0);
    assert_eq!(hook.seen().len(), 6);
}

#[test]
fn a_receiver_that_throttles_is_waited_for_as_long_as_it_asks() {
    let (place, events, slack) = with_slack("");
    slack.script([Reaction::Answer(429, vec![("retry-after", "1")], "")]);
    place.import("both.parquet", parquet(&events[60..]));
    night(&place, &[]).exits(0);
    let seen = slack.seen();
    assert_eq!(seen.len(), 5);
    assert!(seen[1].time - seen[0].time >= std::time::Duration::from_secs(1));
    assert_eq!(seen[0].body, seen[1].body, "the same message, with the same key");
}

#[test]
fn what_a_receiver_refuses_for_good_is_not_sent_again_and_not_hidden() {
    let (place, events, slack) = with_slack("");
    slack.script([Reaction::Answer(200, Vec::new(), r#"{"ok":false,"error":"invalid_blocks"}"#)]);
    place.import("both.parquet", parquet(&events[60..]));
    let out = night(&place, &[]).exits(4).out;
    assert!(out.contains("findings.slack: 3 sent, 0 waiting, 1 refused: Slack answers: invalid_blocks"), "{out}");
    night(&place, &[]).exits(0);
    assert_eq!(slack.seen().len(), 4);
    slack.script([Reaction::Answer(200, Vec::new(), r#"{"ok":false,"error":"invalid_auth"}"#)]);
    let mut third = events[61].clone();
    third.version = said("1.0.62");
    place.import("third.parquet", parquet(&[third]));
    let out = night(&place, &[]).exits(4).out;
    assert!(out.contains("invalid_auth") && out.contains("0 refused"), "a token can be mended: {out}");
    assert!(!out.contains("xoxb-"), "{out}");
    assert!(night(&place, &[]).exits(0).out.contains("findings.slack: 2 sent"));
}

#[test]
fn a_mail_server_that_refuses_is_asked_again_the_next_night() {
    let server = MailServer::start();
    let (place, events) = settled(&format!(
        "[notify.mail]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"g@shop.example\"\nto = [\"a@shop.example\", \"b@shop.example\"]\n{HASTE}",
        server.port()
    ));
    server.refuse(Some("550 not today"));
    place.import("both.parquet", parquet(&events[60..]));
    let out = night(&place, &[]).exits(4).out;
    assert!(out.contains("findings.mail: 0 sent, 1 waiting") && out.contains("not today"), "{out}");
    server.refuse(None);
    night(&place, &[]).exits(0);
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].contains("text/plain") && mails[0].contains("text/html") && mails[0].contains("Message-ID: <msg_")
    );
    night(&place, &[]).exits(0);
    assert_eq!(server.mails().len(), 1);
}

#[test]
fn trouble_goes_to_operations_and_findings_do_not() {
    let operations = Receiver::start();
    let (place, events, hook) =
        with_webhook("[notify.operations.slack]\nurl_file = \"ops.url\"\n[metrics]\ntextfile = \"gait.prom\"\n");
    place.write("ops.url", format!("{}/ops", operations.url()));
    place.import("both.parquet", parquet(&events[60..]));
    hook.script(vec![Reaction::Answer(503, Vec::new(), ""); 2]);
    night(&place, &[]).exits(4);
    let told = operations.bodies();
    assert_eq!(told.len(), 1);
    let text = text_of(&told[0]["blocks"]);
    assert!(
        text.contains("1 thing did not work") && text.contains("findings.webhook") && !text.contains("pkg@"),
        "{text}"
    );
    let figures = fs::read_to_string(place.path("gait.prom")).expect("written");
    assert!(figures.contains("gaitkeeper_last_run_success 0") && figures.contains("gaitkeeper_alerts 1"), "{figures}");
    night(&place, &[]).exits(0);
    assert_eq!(operations.seen().len(), 1, "what works is not told to operations");
    assert!(fs::read_to_string(place.path("gait.prom")).expect("written").contains("gaitkeeper_last_run_success 1"));
}

#[test]
fn quiet_nights_are_told_where_that_is_asked_for() {
    let (place, _, hook) = with_webhook("[notify]\nquiet_nights = true\n");
    let before = hook.seen().len();
    night(&place, &[]).exits(0);
    let bodies = hook.bodies();
    assert_eq!(bodies.len(), before + 1);
    assert!(bodies[before]["data"]["headline"].as_str().expect("text").contains("nothing unusual in night 2"));
}

#[test]
fn a_test_message_goes_to_every_channel_and_says_which_failed() {
    let server = MailServer::start();
    let (place, _, slack) = with_slack(&format!(
        "[notify.mail]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"g@shop.example\"\nto = [\"a@shop.example\"]\n\
         [notify.webhook]\nurl_env = \"NO_SUCH_VARIABLE\"\nsecret_file = \"hook.key\"\n",
        server.port()
    ));
    let out = place.run(&["notify", "test"]).exits(4).out;
    assert!(out.contains("findings.slack: sent") && out.contains("findings.mail: sent"), "{out}");
    assert!(out.contains("findings.webhook: not sent: the environment variable NO_SUCH_VARIABLE is not set"), "{out}");
    assert!(text_of(&slack.bodies()[0]["blocks"]).contains("nothing was found"));
    assert!(server.mails()[0].contains("this channel works"));
    place.write("gaitkeeper.toml", "");
    place.run(&["notify", "test"]).exits(3).says(&["no channel is configured"]);
}
