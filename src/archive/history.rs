//! A history in memory: every publish in the order of the registry's clock, with what every later
//! stage would otherwise parse again and again (actor, version number, client) parsed once.

use serde::{Deserialize, Serialize};

use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use super::columns::{COLUMNS, Field, PublishEvent, Row};
use super::git_ref;
use super::vocabulary::{Sym, Symbols, Vocabulary};
use crate::names::{NPM, NPM_TRUSTED_PUBLISHER_ACCOUNT, ReleaseId};

/// A version number as far as it is comparable. npm versions are semver; what is not stays invalid
/// and takes no part in steps and lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionNumber {
    /// Major, minor and patch.
    pub triple: (u32, u32, u32),
    /// Release channel: the first word of the prerelease tag (`canary`, `next`), [`Sym::NONE`] for stable.
    pub channel: Sym,
    /// The string is a version number.
    pub valid: bool,
}

/// What is parsed once from the columns of a row, because every later stage asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parsed {
    /// Publish time in milliseconds since the Unix epoch.
    pub at: i64,
    /// Who published: the account, or for trusted publishing the repository it is bound to.
    /// [`Sym::NONE`] where the registry does not say.
    pub actor: Sym,
    /// The version, parsed.
    pub number: VersionNumber,
    /// Publishing client and its major version (`npm 10`, `lerna 3`).
    pub client: Sym,
    /// Major version of node.
    pub node: Sym,
    /// The credential path: account or trusted publisher, with its configuration.
    pub path: Sym,
    /// Kind and name shape of the ref that was built.
    pub ref_shape: Sym,
    /// The reusable workflow that signed, or that none did.
    pub signer: Sym,
    /// What its attestation claims was not verified: it teaches no habit.
    pub unverified: bool,
    /// It was looked at and failed a check, as opposed to what cannot be judged.
    pub refused: bool,
}

impl Symbols for Parsed {
    fn symbols(&mut self, visit: &mut dyn FnMut(&mut Sym)) {
        let Self { actor, number, client, node, path, ref_shape, signer, .. } = self;
        [actor, &mut number.channel, client, node, path, ref_shape, signer].into_iter().for_each(visit);
    }
}

/// `cert_state` of an attestation that was looked at and did not verify.
pub const UNVERIFIED: &str = "unverified";
/// `cert_failed` of an attestation that cannot be judged: damaged, or of a kind that is not known here.
pub const UNREADABLE: &str = "unreadable";
/// `cert_state` of an attestation that verified.
pub const VERIFIED: &str = "verified";

/// One publish, ready to be judged.
pub type Event = Row;

impl Event {
    /// Published through a trusted publisher.
    #[must_use]
    pub fn is_trusted_publisher(&self) -> bool {
        self.trusted_publisher.is_some()
    }

    /// Which release it is.
    #[must_use]
    pub fn release(&self, words: &Vocabulary) -> ReleaseId {
        let text = |sym| words.text(sym).to_owned();
        ReleaseId { registry: text(self.registry), package: text(self.package), version: text(self.version) }
    }

    /// The registry showed nothing but the time: the version object was gone before it was seen.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.removed == Some(true) && self.actor.is_none()
    }
}

/// Publishes in the order of time (then package, then version), with their vocabulary.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every string.
    pub words: Vocabulary,
    /// Every publish.
    pub events: Vec<Event>,
}

/// Rows of which a history is being made, in no order yet.
#[derive(Default)]
pub struct Gathered {
    /// Every string.
    pub words: Vocabulary,
    /// Every row: more can be added behind them.
    pub rows: Vec<Row>,
    parser: Parser,
    /// Rows that are parsed.
    parsed: usize,
}

impl Gathered {
    /// Parses what was added.
    pub fn parse(&mut self) {
        for row in &mut self.rows[self.parsed..] {
            row.parsed = self.parser.parse(row, &mut self.words);
        }
        self.parsed = self.rows.len();
    }

    /// Places of the rows in the order of the history, as far as it is there.
    pub fn order(&mut self) -> Vec<usize> {
        self.parse();
        // With the time beside it: few rows need be looked at.
        let mut places: Vec<(i64, usize)> = self.rows.iter().map(|row| row.at).zip(0..).collect();
        places.sort_by(|(a, i), (b, j)| a.cmp(b).then_with(|| order(&self.rows[*i], &self.rows[*j], &self.words)));
        places.into_iter().map(|(_, place)| place).collect()
    }

    /// The history.
    #[must_use]
    pub fn history(mut self) -> History {
        self.parse();
        let Self { words, rows: mut events, .. } = self;
        events.sort_by(|a, b| order(a, b, &words));
        History { words, events }
    }
}

impl History {
    /// Orders rows and parses what they hold.
    #[must_use]
    pub fn new(rows: Vec<Row>, words: Vocabulary) -> Self {
        Gathered { words, rows, ..Gathered::default() }.history()
    }

    /// The same from owned events.
    #[must_use]
    pub fn from_events(events: impl IntoIterator<Item = PublishEvent>) -> Self {
        let mut words = Vocabulary::default();
        let rows = events.into_iter().map(|event| intern(event, &mut words)).collect();
        Self::new(rows, words)
    }

    /// Position of a release.
    #[must_use]
    pub fn find(&self, registry: &str, package: &str, version: &str) -> Option<usize> {
        let (r, p, v) = (self.words.find(registry)?, self.words.find(package)?, self.words.find(version)?);
        self.events.iter().position(|e| e.package == p && e.version == v && e.registry == r)
    }

    /// Time of the newest event.
    #[must_use]
    pub fn newest(&self) -> Option<i64> {
        self.events.last().map(|e| e.at)
    }
}

/// The order of a history: by time, then package, version and registry.
#[must_use]
pub fn order(a: &Event, b: &Event, words: &Vocabulary) -> Ordering {
    let text = |sym| words.text(sym);
    a.at.cmp(&b.at)
        .then_with(|| text(a.package).cmp(text(b.package)))
        .then_with(|| text(a.version).cmp(text(b.version)))
        .then_with(|| text(a.registry).cmp(text(b.registry)))
}

/// An owned event as a row.
pub fn intern(mut event: PublishEvent, words: &mut Vocabulary) -> Row {
    let mut row = Row::default();
    for column in COLUMNS {
        match column.field {
            Field::Text(from, to) => {
                *to(&mut row) = from(&mut event).as_deref().map_or(Sym::NONE, |s| words.intern(s));
            }
            Field::List(from, to) => {
                *to(&mut row) = from(&mut event).as_deref().map_or(Sym::NONE, |s| words.intern_list(s));
            }
            Field::Flag(from, to) => *to(&mut row) = *from(&mut event),
            Field::Int(from, to) | Field::Time(from, to) => *to(&mut row) = (*from(&mut event)).into(),
        }
    }
    row
}

/// Symbols of what is compared with.
#[derive(Clone, Copy)]
struct Marks {
    shared: Sym,
    npm: Sym,
    unverified: Sym,
    unreadable: Sym,
    unsigned: Sym,
    account: Sym,
    with_provenance: Sym,
}

/// Remembers what it has parsed: a history has few distinct versions, clients and actors.
#[derive(Default)]
pub struct Parser {
    marks: Option<Marks>,
    versions: Vec<Option<VersionNumber>>,
    clients: Vec<Option<Sym>>,
    nodes: Vec<Option<Sym>>,
    /// By what their names are made of.
    shared: FxHashMap<(Sym, Sym, Sym), Sym>,
    elsewhere: FxHashMap<(Sym, Sym), Sym>,
    paths: FxHashMap<(Sym, Sym), Sym>,
    /// By ref and version, where it does not depend on the package.
    shapes: FxHashMap<(Sym, Sym), Option<Sym>>,
    shapes_apart: FxHashMap<(Sym, Sym, Sym), Sym>,
}

impl Parser {
    /// What a row's columns hold.
    pub(super) fn parse(&mut self, row: &Row, words: &mut Vocabulary) -> Parsed {
        let marks = self.marks(words);
        Parsed {
            at: row.published_at.get().unwrap_or_default(),
            actor: self.actor(row, words),
            number: memo(&mut self.versions, row.version, words, parse_version),
            client: memo(&mut self.clients, row.npm_version, words, |text, words| words.intern(&client(text))),
            node: memo(&mut self.nodes, row.node_version, words, |text, words| {
                words.intern(&format!("node {}", major(text.trim_start_matches('v'))))
            }),
            path: self.path(row, words),
            ref_shape: self.ref_shape(row, words),
            // Whether a reusable workflow signs is a habit too, so that "none" is a value.
            signer: if row.ci_signer.is_none() && row.ci_workflow.is_some() { marks.unsigned } else { row.ci_signer },
            unverified: row.cert_state == marks.unverified,
            refused: row.cert_failed.is_some() && row.cert_failed != marks.unreadable,
        }
    }

    fn marks(&mut self, words: &mut Vocabulary) -> Marks {
        *self.marks.get_or_insert_with(|| Marks {
            shared: words.intern(NPM_TRUSTED_PUBLISHER_ACCOUNT),
            npm: words.intern(NPM),
            unverified: words.intern(UNVERIFIED),
            unreadable: words.intern(UNREADABLE),
            unsigned: words.intern("no reusable workflow"),
            account: words.intern("account"),
            with_provenance: words.intern("account with provenance"),
        })
    }

    fn ref_shape(&mut self, row: &Row, words: &mut Vocabulary) -> Sym {
        if row.ci_ref.is_none() {
            return Sym::NONE;
        }
        let in_any = *self.shapes.entry((row.ci_ref, row.version)).or_insert_with(|| {
            let shape = git_ref::shape_in_any(words.text(row.ci_ref), words.text(row.version));
            shape.map(|shape| words.intern(shape))
        });
        in_any.unwrap_or_else(|| {
            *self.shapes_apart.entry((row.ci_ref, row.version, row.package)).or_insert_with(|| {
                let (version, package) = (words.text(row.version), words.text(row.package));
                let shape = git_ref::shape(words.text(row.ci_ref), version, package);
                words.intern(shape)
            })
        })
    }

    /// Who published a row.
    pub(super) fn actor(&mut self, row: &Row, words: &mut Vocabulary) -> Sym {
        if row.publisher.is_none() {
            return Sym::NONE;
        }
        let marks = self.marks(words);
        let (publisher, workflow) = (row.publisher, row.ci_workflow);
        if row.trusted_publisher.is_none() && publisher != marks.shared {
            if row.registry == marks.npm {
                return publisher;
            }
            return *self.elsewhere.entry((row.registry, publisher)).or_insert_with(|| {
                let name = format!("{}:{}", words.text(row.registry), words.text(publisher));
                words.intern(&name)
            });
        }
        let owners = [row.cert_repository, row.repository, row.oidc_config_id];
        let owner = owners.into_iter().find(|owner| owner.is_some()).unwrap_or_default();
        *self.shared.entry((publisher, owner, workflow)).or_insert_with(|| {
            let mut name = format!("{} via {}", words.text(publisher), words.text(owner));
            if workflow.is_some() {
                name = format!("{name} {}", words.text(workflow));
            }
            words.intern(&name)
        })
    }

    fn path(&mut self, row: &Row, words: &mut Vocabulary) -> Sym {
        if row.publisher.is_none() {
            return Sym::NONE;
        }
        let marks = self.marks(words);
        if row.trusted_publisher.is_none() {
            return if row.provenance.is_some() { marks.with_provenance } else { marks.account };
        }
        *self.paths.entry((row.trusted_publisher, row.oidc_config_id)).or_insert_with(|| {
            let text =
                format!("trusted publisher {} {}", words.text(row.trusted_publisher), words.text(row.oidc_config_id));
            words.intern(text.trim())
        })
    }
}

fn memo<T: Copy + Default>(
    seen: &mut Vec<Option<T>>,
    sym: Sym,
    words: &mut Vocabulary,
    parse: impl FnOnce(&str, &mut Vocabulary) -> T,
) -> T {
    if sym.is_none() {
        return T::default();
    }
    if let Some(Some(known)) = seen.get(sym.index()) {
        return *known;
    }
    let text = words.text(sym).to_owned();
    let parsed = parse(&text, words);
    if seen.len() <= sym.index() {
        seen.resize(words.len(), None);
    }
    seen[sym.index()] = Some(parsed);
    parsed
}

fn parse_version(text: &str, words: &mut Vocabulary) -> VersionNumber {
    let Ok(version) = semver::Version::parse(text) else { return VersionNumber::default() };
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let channel = if version.pre.is_empty() {
        Sym::NONE
    } else {
        let word: String = version.pre.chars().take_while(char::is_ascii_alphabetic).collect();
        words.intern(if word.is_empty() { "prerelease" } else { &word })
    };
    VersionNumber { triple: (small(version.major), small(version.minor), small(version.patch)), channel, valid: true }
}

/// `10.8.2` is npm 10; `lerna/3.16.4/node@v16.18.1+x64 (linux)` is lerna 3.
fn client(text: &str) -> String {
    match text.split_once('/') {
        Some((name, rest)) if !name.is_empty() => format!("{name} {}", major(rest)),
        _ => format!("npm {}", major(text)),
    }
}

fn major(version: &str) -> &str {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    if end == 0 { "?" } else { &version[..end] }
}
