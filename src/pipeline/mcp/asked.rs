//! What the tools are asked. The descriptions are what a client's model reads.

use schemars::JsonSchema;
use serde::Deserialize;

/// Findings and moments in one answer, unless asked otherwise.
pub(super) const USUAL: usize = 20;
/// Findings and moments in one answer, whatever is asked.
pub(super) const MOST: usize = 100;

/// A window, a budget and filters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Score {
    /// End of the window, inclusive: a date (its first moment, UTC) or a time in RFC 3339. Without it, the newest publish.
    pub(super) as_of: Option<String>,
    /// Beginning of the window: a date or time, or a span before its end such as 30d or 12h. Without it, 30d.
    pub(super) since: Option<String>,
    /// Alerts that are wanted, as a share of publishes such as 1/1000 (usual) or 1/10000; at most 1/100.
    pub(super) budget: Option<String>,
    /// Only these packages, by the name in their registry.
    pub(super) packages: Vec<String>,
    /// Only these publishers.
    pub(super) publishers: Vec<String>,
    /// Findings in the answer: 20 usually, at most 100. What is cut is counted.
    pub(super) limit: Option<usize>,
}

/// One release.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Investigate {
    /// name@version of npm, or a purl such as pkg:cargo/serde@1.0.0.
    pub(super) release: String,
}

/// A package or a publisher.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Timeline {
    /// A package: a name of npm, pypi:name, or a purl without a version. Either this or a publisher.
    pub(super) package: Option<String>,
    /// A publisher, as answers name it. Either this or a package.
    pub(super) publisher: Option<String>,
    /// Only publishes before this time (a date, or RFC 3339): to go further back.
    pub(super) before: Option<String>,
    /// Publishes in the answer, the newest ones: 20 usually, at most 100. What is cut is counted.
    pub(super) limit: Option<usize>,
}

/// A signal, or all of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Signals {
    /// Id of one signal, as contributions name it; without it, all are listed.
    pub(super) id: Option<String>,
}

/// A conclusion about a release.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    /// name@version of npm, or a purl.
    pub(super) release: String,
    /// What was concluded.
    pub(super) verdict: Conclusion,
    /// Why, for whoever reads it later: what was looked at, and what it showed.
    pub(super) reason: String,
}

/// What can be concluded.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Conclusion {
    /// Its owner's work.
    Benign,
    /// Somebody else's work.
    Malicious,
    /// Looked at without a conclusion.
    Unsure,
}
