//! The disagreements that are understood: `tests/oracles/disagreements.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::oracles::Tool;

/// Whose verdict is the one that the client specification asks for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Ours.
    Ours,
    /// The tool's.
    Tool,
    /// Both: the specification leaves it to the client, or says nothing.
    Either,
}

/// One verdict of ours against one of a tool's.
pub struct Dispute<'a> {
    /// The case.
    pub id: &'a str,
    /// Whose the other verdict is.
    pub tool: Tool,
    /// Why the bundle does not verify, by us; none where it does, and the tool says that it does not.
    pub ours: Option<&'a str>,
    /// Why the bundle does not verify, by the tool.
    pub theirs: Option<&'a str>,
}

/// Why tools and we disagree about some cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// Whose verdict is not ours.
    tools: Vec<Tool>,
    /// Ids of cases, each with `*` for any text.
    cases: Vec<String>,
    /// Parts of what the tool that refuses says, one of which is there; any text will do where there are
    /// none. Our own words may be others tomorrow: where we refuse, the kind of alteration is enough.
    #[serde(default)]
    says: Vec<String>,
    /// Whether it is we who refuse.
    we_refuse: bool,
    /// Whose verdict is right.
    pub right: Right,
    /// The reason, in a sentence or two.
    because: String,
}

impl Explanation {
    /// Whether it is about a dispute.
    pub fn covers(&self, dispute: &Dispute) -> bool {
        let theirs = dispute.theirs;
        self.we_refuse == dispute.ours.is_some()
            && self.tools.contains(&dispute.tool)
            && self.cases.iter().any(|pattern| matches(pattern, dispute.id))
            && (self.says.is_empty()
                || theirs.is_some_and(|theirs| self.says.iter().any(|said| theirs.contains(said.as_str()))))
    }

    /// The tools for which it explains nothing, given those that had a dispute which it is about.
    pub fn idle<'a>(&'a self, used: &'a BTreeSet<Tool>) -> impl Iterator<Item = String> + 'a {
        let idle = self.tools.iter().filter(|tool| !used.contains(tool));
        idle.map(|tool| format!("explains nothing of {}: {:?} {:?}", tool.name(), self.cases, self.says))
    }
}

/// All of them, in the file's order.
pub fn explanations() -> Vec<Explanation> {
    #[derive(Deserialize)]
    struct Explanations {
        disagreement: Vec<Explanation>,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/disagreements.toml");
    let text = fs::read_to_string(path).expect("the list of disagreements");
    let list: Explanations = toml::from_str(&text).expect("a list of disagreements");
    for explanation in &list.disagreement {
        assert!(explanation.because.len() > 40, "{:?} is no reason", explanation.because);
    }
    list.disagreement
}

/// Whether a pattern, in which `*` is any text, is that of the whole id.
fn matches(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = id.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[test]
fn patterns_take_any_text_for_a_star_and_nothing_else() {
    assert!(matches("a#file", "a#file"));
    assert!(!matches("a", "a#file"));
    assert!(matches("a*", "a#file"));
    assert!(matches("*#file", "a#file"));
    assert!(matches("flip *sig* of *", "flip /sig of b"));
    assert!(!matches("flip *sig* of *", "flip /payload of b"));
    assert!(!matches("*ab*b", "xab"));
}
