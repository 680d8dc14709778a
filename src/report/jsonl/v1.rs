//! JSON Lines, version 1: what stands in a line. Frozen but for additions; a change that breaks a reader makes a version
//! 2 beside it. The comments are the descriptions of the schema that `gaitkeeper schema findings` prints.
#![allow(missing_docs, reason = "where a name says everything, the schema says no more")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// The version.
pub const SCHEMA_VERSION: u32 = 1;

/// One publish with its score. The points of its contributions sum to the score.
#[derive(Serialize, JsonSchema)]
pub struct Line<'a> {
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: u32,
    #[schemars(extend("const" = "finding"))]
    pub kind: &'static str,
    /// The same for one release, whatever model judged it.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub id: String,
    /// Package URL; empty where the release cannot have one.
    pub purl: String,
    pub registry: &'a str,
    pub package: &'a str,
    pub version: &'a str,
    /// UTC.
    #[schemars(extend("format" = "date-time"))]
    pub published_at: String,
    /// Account, or the repository and workflow of a trusted publisher.
    pub publisher: &'a str,
    /// Kind of publisher, whose usual score it starts from.
    pub cohort: &'a str,
    /// No longer public.
    pub removed: bool,
    /// Why little could be judged, if so: then a low score says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardly_judged: Option<&'a str>,
    /// Logarithm of the odds that the model gives, with two digits: an order, no probability.
    #[schemars(regex(pattern = r"^-?[0-9]+\.[0-9]{2}$"))]
    pub score: String,
    /// Share of past publishes that scored at least as high.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub p_value: f64,
    /// The summands, largest first.
    pub contributions: Vec<Contribution<'a>>,
    /// Signals that judged and found nothing unusual.
    pub signals_usual: usize,
    /// Signals that could not judge, with the reason.
    pub not_judged: BTreeMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignOf<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<RaisedBy<'a>>,
    /// What others say of it; no part of the score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub corroboration: Vec<ClaimLine<'a>>,
    /// Model that scored.
    pub model: &'a str,
}

/// The campaign that a finding belongs to.
#[derive(Serialize, JsonSchema)]
pub struct CampaignOf<'a> {
    pub id: &'a str,
    /// Its members, this one among them.
    pub size: usize,
}

/// What later made an alert of a publish that was below the budget.
#[derive(Serialize, JsonSchema)]
pub struct RaisedBy<'a> {
    pub cause: &'static str,
    /// The alert that raised it.
    pub release: String,
    pub purl: String,
    /// When it became visible, UTC.
    #[schemars(extend("format" = "date-time"))]
    pub visible_at: String,
    /// What it adds to the score.
    #[schemars(regex(pattern = r"^-?[0-9]+\.[0-9]{2}$"))]
    pub points: String,
    /// That of the alert.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub p_value: f64,
    pub sentence: &'a str,
}

/// One summand.
#[derive(Serialize, JsonSchema)]
pub struct Contribution<'a> {
    /// Signal id, `start:` and the cohort, `prerelease`, or what raised it.
    pub name: &'a str,
    /// Group of the signal, `start`, `scale` (what a prerelease counts for less) or `raised`.
    pub kind: &'a str,
    #[schemars(regex(pattern = r"^-?[0-9]+\.[0-9]{2}$"))]
    pub points: String,
    /// Surprise in bits, for a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<f32>,
    pub observed: &'a str,
    pub usual: &'a str,
    /// Past observations behind `usual`.
    pub n: u32,
    pub sentence: &'a str,
}

/// A finding that a suppression keeps quiet.
#[derive(Serialize, JsonSchema)]
pub struct SuppressedLine<'a> {
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: u32,
    #[schemars(extend("const" = "suppressed"))]
    pub kind: &'static str,
    /// The same for one release, whatever model judged it.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub id: String,
    /// Package URL; empty where the release cannot have one.
    pub purl: String,
    pub registry: &'a str,
    pub package: &'a str,
    pub version: &'a str,
    /// UTC.
    #[schemars(extend("format" = "date-time"))]
    pub published_at: String,
    pub publisher: &'a str,
    pub score: String,
    pub p_value: f64,
    /// What the suppression is about, in words.
    pub scope: &'a str,
    /// Who answers for it.
    pub who: &'a str,
    pub why: &'a str,
    /// The last day on which it holds.
    pub until: &'a str,
}

/// A suppression that every report names, whether or not it kept something quiet.
#[derive(Serialize, JsonSchema)]
pub struct StandingLine<'a> {
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: u32,
    #[schemars(extend("const" = "suppression"))]
    pub kind: &'static str,
    /// It holds for whatever comes, ends within two weeks, or has ended.
    #[schemars(extend("enum" = ["wide", "ending", "ended"]))]
    pub standing: &'static str,
    /// What it is about, in words.
    pub scope: &'a str,
    /// Who answers for it.
    pub who: &'a str,
    pub why: &'a str,
    /// The last day on which it holds.
    pub until: &'a str,
}

/// The last line: the window as a whole.
#[derive(Serialize, JsonSchema)]
pub struct Summary<'a> {
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: u32,
    #[schemars(extend("const" = "summary"))]
    pub kind: &'static str,
    /// Where the events came from.
    pub source: &'a str,
    /// Beginning of the window, UTC, inclusive.
    #[schemars(extend("format" = "date-time"))]
    pub since: String,
    /// Its end, UTC, inclusive.
    #[schemars(extend("format" = "date-time"))]
    pub as_of: String,
    /// Share of publishes that chose the findings; null where everything is listed.
    pub budget: Option<f64>,
    /// Publishes in the window.
    pub publishes: usize,
    /// Publishes before it.
    pub taught: usize,
    /// Publishes of the window at or below the budget.
    pub alerts: usize,
    /// Share of the window's publishes that are alerts.
    pub empirical_rate: f64,
    /// Findings that a later alert or a surge raised.
    pub raised: usize,
    pub campaigns: Vec<CampaignLine<'a>>,
    pub surges: Vec<SurgeLine>,
    /// Publishes about which little could be judged, by reason.
    pub hardly_judged: &'a BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<ElsewhereLine<'a>>,
    /// Model that scored.
    pub model: &'a str,
}

/// Findings near in time and alike in evidence.
#[derive(Serialize, JsonSchema)]
pub struct CampaignLine<'a> {
    pub id: &'a str,
    #[schemars(extend("format" = "date-time"))]
    pub first_at: String,
    #[schemars(extend("format" = "date-time"))]
    pub last_at: String,
    #[schemars(extend("format" = "date-time"))]
    pub visible_at: String,
    pub members: usize,
    /// How many of them were raised.
    pub raised: usize,
    /// Package URLs of those that are no findings: they came after an alert of their act, with evidence like it.
    pub quiet: Vec<String>,
    pub accounts: &'a [String],
    /// Distinct packages.
    pub packages: usize,
    /// Signals that more than half of its alerts show.
    pub shared: &'a [&'static str],
    #[schemars(regex(pattern = r"^-?[0-9]+\.[0-9]{2}$"))]
    pub highest_score: String,
}

/// More accounts unusual at once than the past month explains.
#[derive(Serialize, JsonSchema)]
pub struct SurgeLine {
    #[schemars(extend("format" = "date-time"))]
    pub first_at: String,
    #[schemars(extend("format" = "date-time"))]
    pub last_at: String,
    #[schemars(extend("format" = "date-time"))]
    pub visible_at: String,
    pub accounts: usize,
    pub accounts_within_an_hour: usize,
    pub usual_within_an_hour: f64,
    pub probability: f64,
    /// Publishes that it raised.
    pub raised: usize,
}

/// What others say of the publishes of the window.
#[derive(Serialize, JsonSchema)]
pub struct ElsewhereLine<'a> {
    /// Rows of tables, and affected packages of OSV records.
    pub rows: usize,
    /// Of them, about no publish that the archive held at the end of the window.
    pub unmatched: usize,
    /// Records that were withdrawn.
    pub withdrawn: usize,
    /// Rows whose range of versions could not be worked out in full.
    pub ranges_unread: usize,
    /// Files of a folder that are no record.
    pub files_unread: usize,
    /// Publishes of the window that somebody names.
    pub publishes: usize,
    /// Publishes of the window that others call malicious and that are no alert here.
    pub not_alerted: Vec<NotAlertedLine<'a>>,
}

/// What one of the others says.
#[derive(Serialize, JsonSchema)]
pub struct ClaimLine<'a> {
    /// Who says it.
    pub source: &'a str,
    /// The verdict, in their word.
    pub verdict: &'a str,
    /// More about it; may be empty.
    pub note: &'a str,
}

/// A publish that others call malicious and that is no alert here.
#[derive(Serialize, JsonSchema)]
pub struct NotAlertedLine<'a> {
    pub purl: String,
    pub registry: &'a str,
    pub package: &'a str,
    pub version: &'a str,
    #[schemars(extend("format" = "date-time"))]
    pub published_at: String,
    #[schemars(range(min = 0.0, max = 1.0))]
    pub p_value: f64,
    pub corroboration: Vec<ClaimLine<'a>>,
}

/// What surrounds one release, behind its finding where a version was named: `investigate --format jsonl`.
#[derive(Serialize, JsonSchema)]
pub struct SurroundingsLine<'a> {
    #[schemars(extend("const" = SCHEMA_VERSION))]
    pub schema_version: u32,
    #[schemars(extend("const" = "surroundings"))]
    pub kind: &'static str,
    /// That of the finding; without a version, of the newest one.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    pub id: String,
    /// The version that it is compared with; null where there is none before it.
    pub changed_against: Option<&'a str>,
    /// What differs from that version.
    pub changes: Vec<ChangeLine<'a>>,
    /// Fields that do not.
    pub unchanged: &'a [&'static str],
    /// Versions of the package that the archive holds.
    pub versions: usize,
    /// Those of them that are nearest in time, oldest first, the release among them.
    pub package: Vec<MomentLine<'a>>,
    /// Publishes of the same publisher in the same hours, this one among them.
    pub same_hours: usize,
    /// Those of them that are listed, oldest first.
    pub publishes: Vec<MomentLine<'a>>,
    /// Entry in the transparency log, where the release states one.
    pub log_index: Option<i64>,
}

/// One field that is not as it was.
#[derive(Serialize, JsonSchema)]
pub struct ChangeLine<'a> {
    pub field: &'static str,
    pub before: &'a str,
    /// What the last versions had, in words.
    pub usual: &'a str,
    pub now: &'a str,
    /// No version before it had this.
    pub is_new: bool,
}

/// One publish beside the release.
#[derive(Serialize, JsonSchema)]
pub struct MomentLine<'a> {
    pub package: &'a str,
    pub version: &'a str,
    /// UTC.
    #[schemars(extend("format" = "date-time"))]
    pub published_at: String,
    /// Empty where it is not recorded.
    pub publisher: &'a str,
    /// How the publisher logged in; empty where it is not recorded.
    pub credential_path: &'a str,
    /// It comes with an attestation.
    pub attested: bool,
    /// What became of its certificate; empty where it has none.
    pub certificate: &'a str,
    /// No longer public.
    pub removed: bool,
    #[schemars(regex(pattern = r"^-?[0-9]+\.[0-9]{2}$"))]
    pub score: String,
}

/// One name of the watch list.
#[derive(Serialize)]
pub struct WatchedLine<'a> {
    pub schema_version: u32,
    pub kind: &'static str,
    pub registry: &'a str,
    pub watched: &'static str,
    pub name: &'a str,
    pub projects: BTreeMap<&'a str, &'a [String]>,
}
