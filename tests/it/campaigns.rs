//! Campaigns and surges: what belongs together is one line, what does not is not, and a flood stays cheap.

use gaitkeeper::archive::columns::PublishEvent;
use gaitkeeper::archive::history::History;
use gaitkeeper::baseline::stance::{DAY, HOUR, MINUTE};
use gaitkeeper::detect::model::Model;
use gaitkeeper::detect::raised::Cause;
use gaitkeeper::detect::scene::{Scene, said};
use gaitkeeper::detect::score::{Contribution, Source};
use gaitkeeper::engine::campaign::group;
use gaitkeeper::engine::embedded::fold;
use gaitkeeper::engine::surge::tail;
use gaitkeeper::engine::trace::{Shape, Trace, UNUSUAL};
use gaitkeeper::engine::window::{Grouped, Window};
use serde_json::Value;

use crate::command::Place;
use crate::tables::parquet;

/// 2024-06-01, after every ordinary publish of these histories.
const OUTBREAK: i64 = 1_717_200_000_000;
const BAD: &str = "9.9.9";

/// The p-value of every publish, in the order of the history.
pub fn p_values(history: &History) -> Vec<f64> {
    let mut values = Vec::new();
    fold(history, &Model::embedded().expect("the model"), |assessed| values.push(assessed.p_value));
    values
}

/// A window over a history, at a budget.
pub fn grouped(history: &History, since: i64, rate: f64) -> Grouped {
    let mut window = Window::new(since, rate);
    fold(history, &Model::embedded().expect("the model"), |assessed| window.note(assessed));
    window.close(history)
}

/// `ann` publishes a package once in three hours, each of `packages` in its turn, `rounds` times, up to
/// the outbreak.
fn portfolio(packages: usize, rounds: usize) -> Vec<PublishEvent> {
    let begin = OUTBREAK - DAY - i64::try_from(packages * rounds).expect("few") * 3 * HOUR;
    let mut scene = Scene::default();
    for k in 0..packages * rounds {
        scene = scene.after(0, |e| {
            e.package = Some(format!("@ann/pkg-{}", k % packages));
            e.version = Some(format!("1.0.{}", k / packages));
            e.published_at = Some(begin + i64::try_from(k).expect("few") * 3 * HOUR);
        });
    }
    scene.events
}

/// One account's package, published every week `weeks` times up to the outbreak.
fn weekly(account: &str, weeks: usize, offset: i64) -> Vec<PublishEvent> {
    let mut scene = Scene::default();
    for week in 0..weeks {
        scene = scene.after(0, |e| {
            belongs(e, account);
            e.version = Some(format!("1.0.{week}"));
            e.published_at = Some(OUTBREAK - DAY - offset - i64::try_from(weeks - week).expect("few") * 7 * DAY);
        });
    }
    scene.events
}

fn belongs(event: &mut PublishEvent, account: &str) {
    event.package = Some(format!("{account}-pkg"));
    event.publisher = said(account);
    event.maintainers = said(account);
    event.repository = Some(format!("forge.example/{account}/pkg"));
}

/// A publish of a worm: a hook, a dependency by address, no commit. The registry has removed it since.
fn infected(event: &mut PublishEvent) {
    event.install_scripts = said("preinstall");
    event.install_script_id = said("b3:666666666666");
    event.url_dependencies = said("@worm/setup");
    event.dependencies = said("left|right|@worm/setup");
    event.git_head = None;
    event.removed = Some(true);
}

/// 633 versions of 320 packages of one account in 25 minutes.
pub fn worm_of_one_account() -> Vec<PublishEvent> {
    let mut events = portfolio(320, 3);
    for k in 0..633usize {
        let mut event = events[k % 320].clone();
        event.version = Some(format!("1.{}.0", 1 + k / 320));
        event.published_at = Some(OUTBREAK + i64::try_from(k).expect("few") * 2_369);
        infected(&mut event);
        events.push(event);
    }
    events.extend(weekly("bob", 12, 0));
    events
}

/// Forty accounts in three hours, one publish each; every other account has little history.
fn worm_of_many_accounts() -> Vec<PublishEvent> {
    let mut events = Vec::new();
    for k in 0..40i64 {
        let account = format!("user-{k}");
        events.extend(weekly(&account, if k % 2 == 0 { 60 } else { 12 }, k * 3 * HOUR));
        let mut event = events.last().expect("a publish").clone();
        event.version = said(BAD);
        event.published_at = Some(OUTBREAK + k * 4 * MINUTE + 30_000 * k);
        infected(&mut event);
        events.push(event);
    }
    events
}

/// p-values of the publishes of an outbreak; no other publish may be as rare as the rarest of them is common.
fn outbreak(history: &History) -> Vec<f64> {
    let values = p_values(history);
    let from = history.events.partition_point(|e| e.at < OUTBREAK);
    values[from..].to_vec()
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

#[test]
fn an_account_that_publishes_633_versions_in_25_minutes_is_one_line() {
    let events = worm_of_one_account();
    let history = History::from_events(events.clone());
    let rate = most(&outbreak(&history)) * 1.001;
    let found = grouped(&history, OUTBREAK - DAY, rate);
    assert_eq!(found.campaigns.len(), 1, "{:?}", found.campaigns.iter().map(|c| c.members.len()).collect::<Vec<_>>());
    let campaign = &found.campaigns[0];
    assert_eq!((campaign.members.len(), campaign.packages, campaign.raised), (633, 320, 0));
    assert_eq!(campaign.accounts, ["ann"]);
    assert!(campaign.shared.contains(&"url-dependency"), "{:?}", campaign.shared);
    assert_eq!((campaign.first, campaign.last - campaign.first), (OUTBREAK, 632 * 2_369));
    assert_eq!(campaign.visible_at, OUTBREAK + 2_369);
    assert_eq!(found.surges, [], "one account is no surge");

    let place = Place::new();
    place.import("events.parquet", parquet(&events));
    let budget = rate.to_string();
    let args = ["score", "--since", "1d", "--budget", &budget, "--format"];
    let text = place.on_archive(&[&args[..], &["text"]].concat()).exits(0).out;
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("Campaign ")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(
        lines[0].contains("633 publishes of 320 packages by ann in 25 min from 2024-06-01T00:00:00.000Z"),
        "{}",
        lines[0]
    );
    assert!(lines[0].contains("url-dependency"), "{}", lines[0]);
    assert_eq!(text.matches("  score ").count(), 3, "the highest few are told in full");
    assert!(text.contains(&format!("and 630 more of campaign {}", campaign.id)), "{text}");

    let jsonl = place.on_archive(&[&args[..], &["jsonl"]].concat()).exits(0).out;
    let mut lines: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.pop().expect("a summary");
    assert_eq!(lines.len(), 633);
    assert!(lines.iter().all(|l| l["campaign"]["id"] == *campaign.id && l["campaign"]["size"] == 633), "{jsonl}");
    let told = &summary["campaigns"][0];
    assert_eq!(
        (&told["members"], &told["packages"], &told["accounts"]),
        (&633.into(), &320.into(), &vec!["ann"].into())
    );

    let table = place.on_archive(&[&args[..], &["csv"]].concat()).exits(0).out;
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let at = table.headers().expect("header").iter().position(|name| name == "campaign_size").expect("its column");
    assert!(table.records().all(|row| &row.expect("a row")[at] == "633"));
}

#[test]
fn a_filter_hides_members_and_not_the_size_of_the_campaign() {
    let events = worm_of_one_account();
    let history = History::from_events(events.clone());
    let budget = (most(&outbreak(&history)) * 1.001).to_string();
    let place = Place::new();
    place.import("events.parquet", parquet(&events));
    let args = ["score", "--since", "1d", "--budget", &budget, "--package", "@ann/pkg-7"];
    let text = place.on_archive(&args).exits(0).out;
    assert!(text.contains("633 publishes of 320 packages"), "{text}");
    assert_eq!(text.matches("@ann/pkg-7@1.").count(), 4, "two findings, each with its command: {text}");
}

#[test]
fn many_accounts_with_the_same_evidence_are_one_campaign_and_a_surge() {
    let history = History::from_events(worm_of_many_accounts());
    let rate = most(&outbreak(&history)) * 1.001;
    assert!(rate < UNUSUAL, "a worm is unusual: {rate}");
    let found = grouped(&history, OUTBREAK - DAY, rate);
    assert_eq!(found.campaigns.len(), 1, "{:?}", found.campaigns.iter().map(|c| c.members.len()).collect::<Vec<_>>());
    assert_eq!((found.campaigns[0].members.len(), found.campaigns[0].accounts.len()), (40, 40));
    assert_eq!(found.surges.len(), 1, "{:?}", found.surges);
    let surge = &found.surges[0];
    assert_eq!((surge.first, surge.accounts, surge.raised), (OUTBREAK, 40, 0));
    assert!(surge.at_once >= 13 && surge.usual < 0.5 && surge.probability < 1e-6, "{surge:?}");
    assert!(surge.visible_at < OUTBREAK + HOUR, "{surge:?}");
}

#[test]
fn a_surge_raises_what_resembles_its_alerts_and_says_so() {
    let history = History::from_events(worm_of_many_accounts());
    let mut values = outbreak(&history);
    values.sort_by(f64::total_cmp);
    // Some of the worm's accounts are above the budget, the rest is below it.
    let rate = values[25];
    let found = grouped(&history, OUTBREAK - DAY, rate);
    let below = values.iter().filter(|p| **p > rate).count();
    assert!((5..=35).contains(&below), "the budget splits the worm: {below}");
    assert!(!found.raised.is_empty());
    assert_eq!(found.surges[0].raised, found.raised.len());
    for (index, raised) in &found.raised {
        let event = &history.events[*index];
        assert_eq!(raised.cause, Cause::Surge);
        assert_eq!(raised.by.version, BAD);
        assert!(raised.visible_at >= event.at.max(found.surges[0].visible_at));
        assert!(raised.points > 0 && raised.sentence.contains("accounts were unusual within an hour"), "{raised:?}");
        let alert = history.find(&raised.by.registry, &raised.by.package, &raised.by.version).expect("the alert");
        let campaign = found.campaign_of(*index).expect("its alert's campaign");
        assert!(campaign.members.contains(&alert) && campaign.members.contains(index));
    }
    let all: usize = found.campaigns.iter().map(|campaign| campaign.members.len()).sum();
    assert_eq!(all, 40 - below + found.raised.len(), "every alert and every raised publish is in one campaign");
}

#[test]
fn two_alerts_that_have_nothing_to_do_with_each_other_stay_two() {
    let mut events: Vec<PublishEvent> = (0..6).flat_map(|k| weekly(&format!("user-{k}"), 40, k * 5 * HOUR)).collect();
    let mut one = events[39].clone();
    one.version = said(BAD);
    one.published_at = Some(OUTBREAK);
    infected(&mut one);
    let mut other = events[239].clone();
    other.version = said(BAD);
    other.published_at = Some(OUTBREAK + 10 * MINUTE);
    other.publisher = said("mallory");
    other.publisher_email_id = said("666666666666");
    other.publisher_email_domain = said("mallory.example");
    other.removed = Some(true);
    events.extend([one, other]);
    let history = History::from_events(events);
    let values = outbreak(&history);
    assert_eq!(values.len(), 2);
    let found = grouped(&history, OUTBREAK - DAY, most(&values) * 1.001);
    let members: Vec<usize> = found.campaigns.iter().map(|campaign| campaign.members.len()).collect();
    assert_eq!(members, [1, 1], "{:?}", found.campaigns);
    assert_ne!(found.campaigns[0].id, found.campaigns[1].id);
    assert!(found.raised.is_empty() && found.surges.is_empty());
}

#[test]
fn a_campaign_keeps_its_name_while_it_grows() {
    let events = worm_of_many_accounts();
    let whole = History::from_events(events);
    let rate = most(&outbreak(&whole)) * 1.001;
    let mut early = whole.clone();
    early.events.retain(|e| e.at <= OUTBREAK + 20 * MINUTE);
    let (before, after) = (grouped(&early, OUTBREAK - DAY, rate), grouped(&whole, OUTBREAK - DAY, rate));
    assert_eq!(before.campaigns.len(), 1);
    assert!(before.campaigns[0].members.len() < after.campaigns[0].members.len());
    assert_eq!(before.campaigns[0].id, after.campaigns[0].id);
    assert_eq!(before.campaigns[0].visible_at, after.campaigns[0].visible_at);
}

/// Ten thousand alerts of as many accounts, `gap` milliseconds apart, with evidence in sixty proportions.
fn flood(gap: i64) -> (History, Vec<Trace>) {
    let mut scene = Scene::default();
    for k in 0..10_000i64 {
        scene = scene.after(0, |e| {
            belongs(e, &format!("user-{k}"));
            e.published_at = Some(OUTBREAK + k * gap);
        });
    }
    let history = History::from_events(scene.events);
    let shape = |k: i32| {
        let parts = [(3, 400 + k % 3 * 10), (7, 300 + k % 4 * 100), (11, 100 + k % 5 * 100)];
        Shape::of(&parts.map(|(at, points)| Contribution { source: Source::Signal(at), points }))
    };
    let traces = (0..).zip(&history.events).map(|(k, e)| Trace {
        index: usize::try_from(k).expect("small"),
        at: e.at,
        actor: e.actor,
        package: (e.registry, e.package),
        points: 2_000,
        p_value: 0.000_1,
        shape: shape(k),
    });
    let traces = traces.collect();
    (history, traces)
}

#[test]
fn ten_thousand_alerts_of_one_flood_are_one_campaign() {
    for gap in [250, 2_000, 30_000] {
        let (history, traces) = flood(gap);
        let groups = group(&traces.iter().collect::<Vec<_>>(), &history);
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [10_000], "{gap} ms apart");
    }
    let (history, traces) = flood(3 * HOUR);
    let groups = group(&traces.iter().collect::<Vec<_>>(), &history);
    assert_eq!(groups.len(), 10_000, "three hours apart, by different accounts, they are no campaign");
}

#[test]
fn the_tail_of_a_count_is_that_of_a_negative_binomial() {
    // One account seen in 24 hours: the chance of none in the next hour is 24/25, of n or more (1/25)^n.
    for n in 0..6 {
        let expected = 0.04f64.powi(n);
        let got = tail(usize::try_from(n).expect("small"), 1.0, 24.0);
        assert!((got / expected - 1.0).abs() < 1e-9, "{n}: {got} instead of {expected}");
    }
    assert!(tail(5, 100.0, 100.0) > tail(5, 10.0, 100.0), "where more is usual, five surprise less");
}
