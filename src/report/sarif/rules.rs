//! The signal table as SARIF's rules. A result names one of them and never a word of a stranger.

use serde_json::{Value, json};

use crate::detect::raised::Cause;
use crate::detect::signals::{SIGNALS, position};

/// Rules that are no signals, after them: id, name, what it says, more.
const OTHERS: [(&str, &str, &str); 3] = [
    (
        "unusual-publish",
        "Does the publish as a whole not look like its maintainer?",
        "No single signal weighs most: the start of its kind of publisher and small differences make the score.",
    ),
    (
        "second-look",
        "Did a later publish of the same act turn out to be an alert?",
        "The publish was below the budget alone; what followed in the same burst or package was not.",
    ),
    (
        "surge",
        "Were many accounts unusual at once, with the same evidence?",
        "The publish was below the budget alone; it resembles the alerts of a surge.",
    ),
];

/// The rule of the reason that weighs most, with its place.
pub fn rule_of(reason: &str) -> (&'static str, usize) {
    if let Some(at) = position(reason) {
        return (SIGNALS[at].id, at);
    }
    let causes = [Cause::SecondLook, Cause::Surge].map(Cause::name);
    let at = causes.iter().position(|cause| *cause == reason).map_or(0, |at| at + 1);
    (OTHERS[at].0, SIGNALS.len() + at)
}

/// Every rule, whether a result names it or not: a reader finds each signal explained.
pub fn rules() -> Vec<Value> {
    let signals = SIGNALS.iter().map(|signal| {
        let help = format!(
            "{} {}\n\nBenign causes: {}\n\nUnusual is not malicious: look at the release with `gaitkeeper investigate`.",
            signal.question, signal.why, signal.benign
        );
        rule(signal.id, signal.question, signal.why, &help, &["supply-chain", signal.group.name()])
    });
    let others = OTHERS
        .iter()
        .map(|(id, question, why)| rule(id, question, why, &format!("{question} {why}"), &["supply-chain"]));
    signals.chain(others).collect()
}

/// No `security-severity`: GitHub would rank by it, the same for every result of a rule, where rarity decides here.
fn rule(id: &str, question: &str, why: &str, help: &str, tags: &[&str]) -> Value {
    let mut rule = json!({
        "id": id,
        "shortDescription": { "text": question },
        "fullDescription": { "text": why },
        "help": { "text": help, "markdown": help },
        "defaultConfiguration": { "level": "warning" },
        "properties": { "tags": tags },
    });
    let name = pascal(id);
    if !name.eq_ignore_ascii_case(id) {
        rule["name"] = name.into();
    }
    rule
}

/// `url-dependency` as `UrlDependency`, as the standard wants names; where it is the id again, it wants none.
fn pascal(id: &str) -> String {
    id.split('-')
        .filter_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        })
        .collect()
}
