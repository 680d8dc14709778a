//! The page of an investigation: it sums up, obeys no stranger, loads nothing, and tells a campaign as one timeline.

use gaitkeeper::archive::history::History;
use gaitkeeper::detect::alert::show_points;
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::engine::investigate::{Investigation, investigate};
use gaitkeeper::report::timeline::page::{Making, html};
use gaitkeeper::report::timeline::text;

use crate::campaigns::worm_of_one_account;
use crate::command::Place;
use crate::tables::parquet;

fn found(history: &History, position: usize) -> Investigation {
    investigate(history, &Model::embedded().expect("the model"), position).expect("the event")
}

fn page(found: &Investigation) -> String {
    let making = Making {
        model: "0123456789ab".to_owned(),
        source: "a test".to_owned(),
        command: "gaitkeeper investigate x".to_owned(),
    };
    html(found, &making).expect("a page")
}

fn worm() -> Investigation {
    let history = History::from_events(worm_of_one_account());
    let subject = history.events.len() - 300;
    found(&history, subject)
}

/// The words in each cell of a class, as they stand in the page.
fn cells<'a>(page: &'a str, class: &str) -> Vec<&'a str> {
    let mark = format!("<span class=\"{class}\">");
    page.split(mark.as_str()).skip(1).filter_map(|rest| rest.split('<').next()).collect()
}

fn hundredths(text: &str) -> i32 {
    text.replace(['.', '+'], "").parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

#[test]
fn the_waterfall_sums_to_the_score_to_the_digit() {
    let found = worm();
    let page = page(&found);
    let (points, sums) = (cells(&page, "points"), cells(&page, "sum"));
    assert_eq!((points[0], sums[0]), ("points", "sum"));
    let (last, steps) = points[1..].split_last().expect("steps");
    assert!(steps.len() > 3, "{points:?}");
    let mut sum = 0;
    for (step, said) in steps.iter().zip(&sums[1..]) {
        sum += hundredths(step);
        assert_eq!(hundredths(said), sum);
    }
    assert_eq!((sum, *last), (found.finding.points, show_points(found.finding.points).as_str()));
}

#[test]
fn a_campaign_of_633_versions_is_one_timeline() {
    let found = worm();
    assert_eq!((found.act.len(), found.acts), (633, 633));
    let page = page(&found);
    assert!(page.contains("633 publishes of 320 packages within twelve hours"), "no count");
    let minutes: Vec<&str> = page.split("<td>2024-06-01 00:").filter(|line| line[2..].starts_with("</td>")).collect();
    assert_eq!(minutes.len(), 25, "one line a minute");
    let counted: usize = minutes
        .iter()
        .map(|line| line.split("<td class=\"number\">").nth(2).expect("a count"))
        .map(|cell| cell.split('<').next().expect("a cell").parse::<usize>().expect("a number"))
        .sum();
    assert_eq!(counted, 633);
    assert!(page.len() < 300_000, "{} bytes", page.len());
}

#[test]
fn the_same_investigation_is_the_same_page() {
    let place = Place::new();
    place.import("events.parquet", parquet(&Scene::steady(20).events));
    for name in ["one.html", "two.html"] {
        place.on_archive(&["investigate", "pkg@1.0.19", "--html", name]).exits(0);
    }
    let read = |name| std::fs::read_to_string(place.path(name)).expect("the page");
    let page = read("one.html");
    assert_eq!(page, read("two.html"));
    assert!(page.contains("gaitkeeper investigate --archive archive pkg:npm/pkg@1.0.19 --html page.html"), "{page}");
}

const EVIL: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "a\u{202e}b\u{1b}[2Jc\u{0}",
    "'-->{{7*7}}<!--&amp;",
    "javascript:alert(1)",
];

#[test]
fn strings_of_strangers_are_shown_and_never_obeyed() {
    let long = "x".repeat(64 << 10);
    let all: Vec<String> = EVIL.iter().map(|text| (*text).to_owned()).chain([long]).collect();
    for evil in &all {
        let history = History::from_events(
            Scene::steady(12)
                .next(|e| {
                    for field in [
                        &mut e.version,
                        &mut e.publisher,
                        &mut e.publisher_email_id,
                        &mut e.publisher_email_domain,
                        &mut e.auth_kind,
                        &mut e.approver,
                        &mut e.npm_version,
                        &mut e.node_version,
                        &mut e.provenance,
                        &mut e.git_head,
                        &mut e.install_scripts,
                        &mut e.install_script_id,
                        &mut e.dependencies,
                        &mut e.optional_dependencies,
                        &mut e.url_dependencies,
                        &mut e.maintainers,
                        &mut e.repository,
                        &mut e.ci_workflow,
                        &mut e.ci_trigger,
                        &mut e.ci_ref_kind,
                        &mut e.ci_ref,
                        &mut e.ci_runner,
                        &mut e.ci_environment,
                        &mut e.ci_signer,
                        &mut e.cert_state,
                        &mut e.cert_issuer,
                        &mut e.cert_identity,
                        &mut e.cert_repository,
                        &mut e.cert_run_uri,
                        &mut e.cert_differs,
                        &mut e.token_id,
                        &mut e.country,
                    ] {
                        *field = Some(evil.clone());
                    }
                })
                .then(2, |e| {
                    e.package = Some(evil.clone());
                    e.dependencies = said("<b>|<i>");
                })
                .events,
        );
        for subject in [12, 14] {
            let found = found(&history, subject);
            let page = page(&found);
            for tag in ["<script", "<img", "<b>", "<i>", "onerror=alert(1)>", "href=\"javascript"] {
                assert!(!page.contains(tag), "{tag} stands in the page");
            }
            assert!(!page.contains(['\u{202e}', '\u{1b}', '\u{0}']), "an obeyed character stands in the page");
            assert!(page.len() < 400_000, "{} bytes", page.len());
            assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
            let text = text(&found);
            assert!(!text.contains(['\u{202e}', '\u{0}']) && text.len() < 60_000, "{} bytes", text.len());
        }
    }
}

#[test]
fn only_addresses_that_are_safe_to_follow_are_links() {
    let links = |repository: &str, run: &str| {
        let history = History::from_events(
            Scene::steady(6)
                .next(|e| {
                    e.repository = said(repository);
                    e.cert_run_uri = said(run);
                    e.cert_log_index = Some(77);
                })
                .events,
        );
        let page = page(&found(&history, 6));
        let links: Vec<String> = page
            .split("<a href=\"")
            .skip(1)
            .map(|rest| rest.split('>').next().expect("a tag").to_owned())
            .inspect(|tag| assert!(tag.ends_with("rel=\"noopener noreferrer nofollow\""), "{tag}"))
            .map(|tag| tag.split('"').next().expect("an address").to_owned())
            .collect();
        links
    };
    let log = "https://search.sigstore.dev/?logIndex=77".to_owned();
    assert_eq!(
        links("forge.example/ann/pkg", "https://forge.example/ann/pkg/actions/runs/1"),
        [log.clone(), "https://forge.example/ann/pkg".into(), "https://forge.example/ann/pkg/actions/runs/1".into()]
    );
    for evil in [
        "javascript:alert(1)//a.b",
        "data:text/html,<script>",
        "https://user:secret@forge.example/x",
        "https://forge.example/ x",
        "file:///etc/passwd",
        "https://forge.example/\u{202e}",
        "localhost/x",
        "",
    ] {
        assert_eq!(links(evil, evil), std::slice::from_ref(&log), "{evil}");
    }
}
