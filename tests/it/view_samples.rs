//! A view with one string in all of its fields, for the tests of formats.

use std::collections::BTreeMap;

use gaitkeeper::archive::corroboration::Claim;
use gaitkeeper::detect::alert::{Finding, Reason};
use gaitkeeper::detect::evidence::{Judgement, Seen};
use gaitkeeper::detect::raised::{Cause, Membership, Raised};
use gaitkeeper::detect::signals::SIGNALS;
use gaitkeeper::engine::campaign::Campaign;
use gaitkeeper::engine::surge::Surge;
use gaitkeeper::names::ReleaseId;
use gaitkeeper::report::view::{Elsewhere, NotAlerted, Standing, Suppressed, Suppression, View};

/// 2026-05-19T02:00:00Z.
const AT: i64 = 1_779_156_000_000;

/// A string that asks for nothing: what a hostile one is compared with.
pub const HARMLESS: &str = "plain";

/// Strings that want to be markup, a formula, a command to a terminal, a link, or the end of what they stand in.
pub fn payloads() -> Vec<String> {
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "\"><svg/onload=alert(1)>' onfocus='alert(1)",
        "</code></style></title></details><!-- <![CDATA[",
        "]]><b>",
        "&lt;b&gt; &#60;i&#62; &amp;",
        "=HYPERLINK(\"https://evil.example\")",
        "+1+1",
        "-2+3",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "\t=1+1",
        "\r=1+1",
        "  =1+1",
        "\u{ff1d}1+1",
        "\"quoted\",\"cells\"",
        "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{7f}",
        "\u{202e}reversed\u{2066}\u{200b}\u{feff}",
        "nul\0nul",
        "two\nlines\r\nand\u{2028}more\u{2029}\u{85}",
        "\n# heading\n| a | b |\n| - | - |\n\n<details open>",
        "``` `` ` a`b``c```d",
        "`",
        "|",
        "a\\|b|c\\\\|d\\",
        "@octocat #1 GH-1 octo/repo#1 :tada: *a* _b_ ~~c~~ **d** $x$",
        "www.evil.example https://evil.example <https://evil.example> mail@evil.example",
        "[x](https://evil.example) ![y](https://evil.example/y.png) [z]: https://evil.example [^1]",
        "[a](1) {0} {{7*7}} {% raw %} ${7}",
        "javascript:alert(1)",
        "../../../etc/passwd",
        "1.10",
        "3.0.7",
        "2026-05-19",
        "1e5",
        "007",
        "true",
        "é 漢字 🎉 \u{10ffff}",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The same at 64 KB.
pub fn long_payloads() -> Vec<String> {
    ["x", "<|", "`", "\\\u{202e}", "=\"漢"].map(|part| part.repeat(65_536 / part.len())).to_vec()
}

/// Three findings, one of them alone and two a campaign of which one was raised, and everything else that a view may
/// hold; every string in it begins with `text`.
pub fn view(text: &str) -> View {
    let findings = vec![finding(text, "1", None), finding(text, "2", Some(false)), finding(text, "3", Some(true))];
    View {
        source: text.to_owned(),
        investigate: text.to_owned(),
        since: AT - 86_400_000,
        as_of: AT + 86_400_000,
        budget: Some("1/1000".parse().expect("a budget")),
        model: text.to_owned(),
        publishes: 2_556,
        taught: 100_000,
        alerts: 2,
        raised: 1,
        unjudged: BTreeMap::from([("the registry records no publisher", 7)]),
        findings,
        closest: Vec::new(),
        campaigns: vec![Campaign {
            id: text.to_owned(),
            first: AT,
            last: AT + 60_000,
            visible_at: AT,
            members: vec![4, 5, 6],
            raised: 1,
            quiet: vec![ReleaseId { registry: "npm".to_owned(), package: text.to_owned(), version: text.to_owned() }],
            accounts: vec![text.to_owned()],
            packages: 2,
            shared: vec![SIGNALS[0].id],
            highest: 1_234,
        }],
        surges: vec![Surge {
            first: AT,
            last: AT + 3_600_000,
            visible_at: AT,
            at_once: 4,
            accounts: 5,
            usual: 0.25,
            probability: 1e-7,
            raised: 1,
        }],
        suppressed: vec![Suppressed { finding: finding(text, "6", None), by: suppression(text) }],
        standing: vec![(Standing::Wide, suppression(text)), (Standing::Ended, suppression(text))],
        elsewhere: Some(Elsewhere {
            rows: 4,
            unmatched: 1,
            withdrawn: 1,
            ranges_unread: 1,
            files_unread: (2, Some(text.to_owned())),
            publishes: 2,
            not_alerted: vec![NotAlerted { release: release(text, "4"), at: AT, p_value: 0.01, claims: claims(text) }],
        }),
    }
}

fn suppression(text: &str) -> Suppression {
    Suppression { who: text.to_owned(), why: text.to_owned(), until: text.to_owned(), scope: text.to_owned() }
}

/// The same without findings, and with those that come closest.
pub fn quiet_view(text: &str) -> View {
    let mut view = view(text);
    view.closest = vec![finding(text, "5", None)];
    view.findings.clear();
    view.campaigns.clear();
    view
}

fn release(text: &str, end: &str) -> ReleaseId {
    ReleaseId { registry: text.to_owned(), package: format!("{text}{end}"), version: text.to_owned() }
}

fn claims(text: &str) -> Vec<Claim> {
    vec![Claim { source: text.to_owned(), verdict: text.to_owned(), note: text.to_owned() }]
}

fn finding(text: &str, end: &str, in_campaign: Option<bool>) -> Finding {
    let seen = || Seen { observed: text.to_owned(), usual: text.to_owned(), n: 12 };
    let signal = |name: &str, points: i32| Reason {
        name: name.to_owned(),
        kind: SIGNALS[1].group.name(),
        points,
        bits: Some(3.25),
        seen: seen(),
        sentence: text.to_owned(),
    };
    let mut reasons = vec![signal(SIGNALS[1].id, 1_500), signal(text, 400)];
    reasons.extend((0..8).map(|i| signal(SIGNALS[2 + i].id, 90)));
    reasons.push(signal(SIGNALS[11].id, -20));
    reasons.push(Reason {
        name: "start:robot".to_owned(),
        kind: "start",
        points: -970,
        bits: None,
        seen: Seen::default(),
        sentence: text.to_owned(),
    });
    let points = reasons.iter().map(|reason| reason.points).sum();
    let mut finding = Finding {
        release: release(text, end),
        at: AT,
        actor: text.to_owned(),
        cohort: "robot",
        removed: true,
        caveat: Some("first publish of its package in the archive"),
        points,
        p_value: 0.000_674,
        reasons,
        usual: 30,
        unjudged: vec![(SIGNALS[12].id, Judgement::NoHistory), (SIGNALS[13].id, Judgement::Missing)],
        raised: None,
        campaign: in_campaign.map(|_| Membership { id: text.to_owned(), size: 2 }),
        corroboration: claims(text),
    };
    if in_campaign == Some(true) {
        finding.raise(Raised {
            cause: Cause::SecondLook,
            by: release(text, "2"),
            p_value: 0.000_05,
            visible_at: AT + 60_000,
            points: 310,
            sentence: text.to_owned(),
        });
    }
    finding
}
