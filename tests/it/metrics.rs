//! The figures for collectors: OpenMetrics as an independent parser reads it, whatever the labels hold.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use gaitkeeper::report::night::metrics::openmetrics;
use gaitkeeper::report::night::{Delivered, Fetched, Judged, Night, Rate};

use crate::differential::oracles::Oracles;

/// Reads OpenMetrics from standard input with prometheus_client and writes every sample as JSON.
const READER: &str = "
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
samples = [[s.name, s.labels, s.value] for family in read(sys.stdin.read()) for s in family.samples]
print(json.dumps(samples))
";

fn full() -> Night {
    let mut night = Night::new(7, false, "2026-05-20T02:15:00.000Z".to_owned());
    night.ended_ms = 1_779_243_312_345;
    night.fetched = Some(Fetched { asked: 12, first: 1, unchanged: 10, failed: 1, ..Fetched::default() });
    let hardly_judged = BTreeMap::from([("a \"quoted\" reason\\with\nline ends".to_owned(), 3)]);
    night.judged = Some(Judged { publishes: 40, alerts: 2, hardly_judged, ..Judged::default() });
    night.rate = Rate { nights: 3, publishes: 400, alerts: 2, rate: Some(0.005), budget: 0.001 };
    night.notifications.insert("findings.slack".to_owned(), Delivered { sent: 4, waiting: 1, ..Delivered::default() });
    night.durations_ms = BTreeMap::from([("fetch", 1_234), ("judge", 0)]);
    night.failures = vec!["1 of 12 packages could not be fetched".to_owned()];
    "m1".clone_into(&mut night.model);
    "0123456789abcdef".clone_into(&mut night.config_hash);
    night
}

#[test]
fn an_independent_parser_reads_every_figure() {
    let Some(oracles) = Oracles::installed() else { return };
    let mut child = Command::new(oracles.python())
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    child.stdin.take().expect("piped").write_all(openmetrics(&full()).as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "prometheus_client refuses it");
    let samples: Vec<(String, BTreeMap<String, String>, f64)> =
        serde_json::from_slice(&output.stdout).expect("samples");
    let value = |name: &str, label: &str| {
        let found = samples
            .iter()
            .find(|(n, labels, _)| n == name && (label.is_empty() || labels.values().any(|v| v == label)));
        found.unwrap_or_else(|| panic!("{name} {label} is not in {samples:?}")).2
    };
    for (name, label, wanted) in [
        ("gaitkeeper_last_run_timestamp_seconds", "", 1_779_243_312.345),
        ("gaitkeeper_last_run_success", "", 0.0),
        ("gaitkeeper_phase_duration_seconds", "fetch", 1.234),
        ("gaitkeeper_packages", "failed", 1.0),
        ("gaitkeeper_publishes_scored", "", 40.0),
        ("gaitkeeper_publishes_hardly_judged", "a \"quoted\" reason\\with\nline ends", 3.0),
        ("gaitkeeper_alerts", "", 2.0),
        ("gaitkeeper_alert_rate_ratio", "", 0.005),
        ("gaitkeeper_alert_budget_ratio", "", 0.001),
        ("gaitkeeper_notifications", "waiting", 1.0),
        ("gaitkeeper_run", "0123456789abcdef", 1.0),
    ] {
        assert!((value(name, label) - wanted).abs() < 1e-9, "{name} {label}: {}", value(name, label));
    }
}

#[test]
fn the_page_ends_as_it_must_and_what_is_not_known_is_not_zero() {
    let page = openmetrics(&full());
    assert!(page.ends_with("\n# EOF\n") && page.matches("# EOF").count() == 1);
    let names: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len(), "a family stands in one place");
    let empty = openmetrics(&Night::new(1, false, String::new()));
    for name in ["gaitkeeper_alerts ", "gaitkeeper_packages{", "gaitkeeper_alert_rate_ratio "] {
        assert!(!empty.lines().any(|line| line.starts_with(name)), "{name} of a night that did not judge: {empty}");
    }
}
