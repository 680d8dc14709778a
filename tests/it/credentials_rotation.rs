//! Which tokens are due, why, and in which order.

use gaitkeeper::acquire::owner::{Log, Stated, Token, Use};
use gaitkeeper::baseline::credentials::rotation::{Policy, Reason, Severity, rotations};

use crate::credentials_join::{token, used};

const DAY: i64 = 86_400_000;
const NOW: i64 = 1_788_336_000_000;

/// A token with which the default policy has no quarrel.
fn good(id: &str) -> Token {
    Token {
        expires: Stated::At(NOW + 50 * DAY),
        last_used: Stated::At(NOW - DAY),
        permissions: vec![("package".to_owned(), "write".to_owned())],
        scopes: vec![("package".to_owned(), "a".to_owned())],
        cidr: vec!["192.0.2.0/24".to_owned()],
        ..token(id, "", NOW - 10 * DAY)
    }
}

/// A name, a change to a good token, and the reason that it gives.
type Case = (&'static str, fn(&mut Token), Reason);

fn reasons(token: Token) -> Vec<Reason> {
    let mut report = rotations(&[token], &[], &Policy::default(), NOW);
    report.due.pop().map(|due| due.reasons).unwrap_or_default()
}

#[test]
fn each_reason_on_its_own() {
    assert_eq!(reasons(good("k")), []);
    let cases: [Case; 13] = [
        ("bypass", |t| t.bypass_2fa = true, Reason::Bypass2fa),
        ("automation", |t| t.automation = true, Reason::Bypass2fa),
        ("no scopes", |t| t.scopes.clear(), Reason::WriteToAll),
        ("a scope of all", |t| t.scopes[0].1 = "*".to_owned(), Reason::WriteToAll),
        ("no end", |t| t.expires = Stated::Never, Reason::NeverExpires),
        ("no end known", |t| t.expires = Stated::Absent, Reason::NeverExpires),
        ("old", |t| t.created = Some(NOW - 31 * DAY), Reason::OlderThanPolicy(31)),
        ("long", |t| t.expires = Stated::At(NOW + 81 * DAY), Reason::LivesTooLong(91)),
        ("no age", |t| t.created = None, Reason::AgeUnknown),
        ("minted tomorrow", |t| t.created = Some(NOW + 1), Reason::AgeUnknown),
        ("idle", |t| t.last_used = Stated::At(NOW - 40 * DAY), Reason::Unused(40)),
        ("from anywhere", |t| t.cidr.clear(), Reason::NoCidr),
        ("exposed", |t| t.exposed = true, Reason::Exposed),
    ];
    for (what, change, reason) in cases {
        let mut token = good("k");
        change(&mut token);
        assert_eq!(reasons(token), [reason], "{what}");
    }
    let unreadable = Token { expires: Stated::Unreadable, last_used: Stated::Unreadable, ..good("k") };
    assert_eq!(reasons(unreadable), [], "what cannot be read is no reason; it is listed by the reading");
    let reader = Token { readonly: true, bypass_2fa: true, scopes: Vec::new(), cidr: Vec::new(), ..good("k") };
    assert_eq!(reasons(reader), []);
    let edge = Token { created: Some(NOW - 30 * DAY), ..good("k") };
    assert_eq!(reasons(edge), []);
}

#[test]
fn what_is_over_asks_for_nothing_unless_it_was_used_since() {
    let revoked = Token { revoked: Some(NOW - 5 * DAY), last_used: Stated::At(NOW - 6 * DAY), ..good("gone") };
    let expired = Token { expires: Stated::At(NOW - 5 * DAY), last_used: Stated::At(NOW - 6 * DAY), ..good("over") };
    let tokens = [revoked.clone(), expired.clone(), good("k")];
    let quiet = rotations(&tokens, &[], &Policy::default(), NOW);
    assert_eq!((quiet.due.len(), quiet.revoked, quiet.expired, quiet.fine), (0, 1, 1, 1));
    let after = |id: &str| used(NOW - DAY, &format!("ada - - {id} DE"));
    let uses = [after("gone"), after("gone"), after("over"), Use { log: Log::GitHub, ..after("k") }];
    let loud = rotations(&tokens, &uses, &Policy::default(), NOW);
    let found: Vec<_> = loud.due.iter().map(|due| (due.token.as_str(), due.reasons.as_slice())).collect();
    assert_eq!(
        found,
        [("gone", [Reason::UsedAfterRevocation(2)].as_slice()), ("over", [Reason::UsedAfterExpiry(1)].as_slice())]
    );
    assert_eq!(reasons(Token { last_used: Stated::At(NOW), ..revoked }), [Reason::UsedAfterRevocation(1)]);
}

#[test]
fn a_use_in_the_log_keeps_a_token_from_being_idle() {
    let never = Token { last_used: Stated::Never, created: Some(NOW - 29 * DAY), ..good("k") };
    let policy = Policy { max_unused_days: 20, ..Policy::default() };
    let idle = rotations(std::slice::from_ref(&never), &[], &policy, NOW);
    assert_eq!(idle.due[0].reasons, [Reason::Unused(29)]);
    assert_eq!(rotations(&[never], &[used(NOW - DAY, "ada - - k DE")], &policy, NOW).fine, 1);
    let unknown = Token { last_used: Stated::Absent, ..good("k") };
    assert_eq!(rotations(&[unknown], &[], &policy, NOW).fine, 1, "an inventory that is silent about use says nothing");
}

#[test]
fn the_report_is_ordered_by_severity_and_does_not_depend_on_the_input() {
    let tokens = [
        Token { cidr: Vec::new(), ..good("d") },
        Token { bypass_2fa: true, ..good("c") },
        Token { bypass_2fa: true, expires: Stated::Never, ..good("b") },
        Token { exposed: true, ..good("a") },
        Token { created: Some(NOW - 40 * DAY), ..good("f") },
        Token { created: Some(NOW - 50 * DAY), ..good("e") },
        good("g"),
    ];
    let report = rotations(&tokens, &[], &Policy::default(), NOW);
    let order: Vec<&str> = report.due.iter().map(|due| due.token.as_str()).collect();
    assert_eq!(order, ["a", "b", "c", "e", "f", "d"]);
    assert_eq!((report.due[0].severity, report.due[5].severity), (Severity::Urgent, Severity::Advisable));
    let mut turned = tokens.clone();
    turned.reverse();
    assert_eq!(rotations(&turned, &[], &Policy::default(), NOW), report);
}

#[test]
fn absurd_times_do_not_overflow() {
    for at in [i64::MIN, 0, i64::MAX] {
        for now in [i64::MIN, 0, i64::MAX] {
            let token = Token {
                created: Some(at),
                expires: Stated::At(now),
                last_used: Stated::At(at),
                revoked: Some(now),
                ..good("k")
            };
            let report = rotations(&[token], &[used(at, "ada - - k DE")], &Policy::default(), now);
            assert_eq!(report.due.len() + report.fine + report.revoked + report.expired, 1);
        }
    }
}
