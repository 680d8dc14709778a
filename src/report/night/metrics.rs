//! Figures of a night for a collector: OpenMetrics 1.0 text, gauges alone, so that Prometheus' older form reads it too.
//!
//! A phase that did not run, a rate of nothing and a reason that did not occur have no sample: absent is not zero.

use std::fmt::{Display, Write};

use super::Night;

/// The whole file, ending in `# EOF`.
#[must_use]
pub fn openmetrics(night: &Night) -> String {
    let mut page = Page(String::new());
    #[allow(clippy::cast_precision_loss, reason = "milliseconds since the epoch are exact")]
    let seconds = |ms: i64| ms as f64 / 1e3;
    page.family("gaitkeeper_last_run_timestamp_seconds", "seconds", "When the last run of nightly ended.");
    page.sample("gaitkeeper_last_run_timestamp_seconds", &[], seconds(night.ended_ms));
    page.family("gaitkeeper_last_run_success", "", "1 if everything of the last run worked, else 0.");
    page.sample("gaitkeeper_last_run_success", &[], u8::from(night.is_whole()));
    page.family("gaitkeeper_last_run_failures", "", "Things of the surroundings that did not work in the last run.");
    page.sample("gaitkeeper_last_run_failures", &[], night.failures.len());
    page.family("gaitkeeper_phase_duration_seconds", "seconds", "How long each phase of the last run took.");
    for (phase, ms) in &night.durations_ms {
        page.sample("gaitkeeper_phase_duration_seconds", &[("phase", phase)], seconds(*ms));
    }
    if let Some(fetched) = &night.fetched {
        page.family("gaitkeeper_packages", "", "Packages of the last run, by what became of them.");
        for (outcome, n) in [
            ("new", fetched.first),
            ("changed", fetched.changed),
            ("unchanged", fetched.unchanged),
            ("absent", fetched.absent),
            ("behind", fetched.behind),
            ("failed", fetched.failed),
        ] {
            page.sample("gaitkeeper_packages", &[("outcome", outcome)], n);
        }
    }
    if let Some(judged) = &night.judged {
        page.family("gaitkeeper_publishes_scored", "", "Publishes that the last run judged.");
        page.sample("gaitkeeper_publishes_scored", &[], judged.publishes);
        page.family("gaitkeeper_publishes_hardly_judged", "", "Publishes about which little could be judged.");
        for (reason, n) in &judged.hardly_judged {
            page.sample("gaitkeeper_publishes_hardly_judged", &[("reason", reason)], n);
        }
        page.family("gaitkeeper_alerts", "", "Publishes of the last run at or below the budget.");
        page.sample("gaitkeeper_alerts", &[], judged.alerts);
        page.family("gaitkeeper_findings_raised", "", "Publishes that what came later raised.");
        page.sample("gaitkeeper_findings_raised", &[], judged.raised);
    }
    page.family("gaitkeeper_alert_rate_ratio", "ratio", "Alerts a publish over the last nights.");
    if let Some(rate) = night.rate.rate {
        page.sample("gaitkeeper_alert_rate_ratio", &[], rate);
    }
    page.family("gaitkeeper_alert_budget_ratio", "ratio", "Alerts a publish that somebody is willing to read.");
    page.sample("gaitkeeper_alert_budget_ratio", &[], night.rate.budget);
    page.family("gaitkeeper_notifications", "", "Messages of the last run, by channel and what became of them.");
    for (channel, delivered) in &night.notifications {
        for (outcome, n) in [("sent", delivered.sent), ("waiting", delivered.waiting), ("refused", delivered.refused)] {
            page.sample("gaitkeeper_notifications", &[("channel", channel), ("outcome", outcome)], n);
        }
    }
    page.family("gaitkeeper_run", "", "What the last run was made with.");
    let made = [("config", &*night.config_hash), ("model", &*night.model), ("version", night.version)];
    page.sample("gaitkeeper_run", &made, 1);
    page.0.push_str("# EOF\n");
    page.0
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, unit: &str, help: &str) {
        let _ = writeln!(self.0, "# TYPE {name} gauge");
        if !unit.is_empty() {
            let _ = writeln!(self.0, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.0, "# HELP {name} {help}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        if !labels.is_empty() {
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let _ = write!(self.0, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }
}

/// The value of a label: backslash, quote and line end are the three that the form escapes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
