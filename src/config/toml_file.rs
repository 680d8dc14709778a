//! The text of gaitkeeper.toml to [`Config`], collecting every problem on the way.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::address;
use super::settings::{Config, Network, RegistryConfig};
use super::{REGISTRY_IDS, nearest, registry_id};
use crate::error::{Error, printable};
use crate::names::NPM;

/// Longest key that is shown whole, in characters.
const LONGEST_KEY: usize = 60;

/// Something wrong, with its line from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    line: usize,
    what: String,
}

/// Reads the text; every problem, in the order of the lines, if there are any.
pub(super) fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, problems: Vec::new() };
    for error in errors {
        let at = error.span().unwrap_or_default();
        // The message names what the syntax wants; the text itself, which may hold a secret, it does not show.
        reader.report(&at, format!("is not valid TOML: {}", error.message()));
    }
    // What recovery made of broken syntax would give problems that are none.
    if !reader.problems.is_empty() {
        return Err(reader.sorted());
    }
    let mut config = Config::default();
    reader.root(root.get_ref(), &mut config);
    if reader.problems.is_empty() { Ok(config) } else { Err(reader.sorted()) }
}

/// All problems as one error.
pub(super) fn error(problems: &[Problem]) -> Error {
    let lines: Vec<(usize, &str)> = problems.iter().map(|p| (p.line, p.what.as_str())).collect();
    Error::of_lines(&lines).remedy("correct these lines; keys that are left out have their defaults")
}

/// The line, from 1, that comes after the bytes.
pub(super) fn line_of(before: &[u8]) -> usize {
    before.split(|byte| *byte == b'\n').count()
}

pub(super) struct Reader<'t> {
    text: &'t str,
    problems: Vec<(usize, String)>,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    pub(super) fn report(&mut self, at: &Range<usize>, what: String) {
        self.problems.push((at.start, what));
    }

    /// The problems by place, each with its line; one pass over the text, however many there are.
    fn sorted(mut self) -> Vec<Problem> {
        self.problems.sort();
        let (mut line, mut upto) = (1, 0);
        let mut out = Vec::with_capacity(self.problems.len());
        for (at, what) in self.problems {
            let at = at.min(self.text.len()).max(upto);
            line += line_of(&self.text.as_bytes()[upto..at]) - 1;
            upto = at;
            out.push(Problem { line, what });
        }
        out
    }

    fn root(&mut self, root: &DeTable<'_>, config: &mut Config) {
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "network" => self.network(value, &mut config.network),
                "registries" => self.registries(value, config),
                "nightly" => self.nightly(value, &mut config.nightly),
                "notify" => self.notify(value, &mut config.notify),
                "metrics" => self.metrics(value, &mut config.metrics),
                other => {
                    self.unknown(&key.span(), "", other, &["network", "registries", "nightly", "notify", "metrics"]);
                }
            }
        }
    }

    fn network(&mut self, value: &Value<'_>, network: &mut Network) {
        const PAUSE: RangeInclusive<u64> = 0..=3_600_000;
        const KEYS: &[&str] = &[
            "contact",
            "connections",
            "timeout_seconds",
            "attempts",
            "first_pause_ms",
            "throttle_pause_ms",
            "max_document_mb",
            "stale_pauses_ms",
            "feed_seconds",
            "poll_seconds",
        ];
        let Some(table) = self.table(value, "network") else { return };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "contact" => self.contact(value, &mut network.contact),
                "connections" => self.number(value, "network.connections", 1..=64, &mut network.connections),
                "timeout_seconds" => {
                    self.number(value, "network.timeout_seconds", 1..=3600, &mut network.timeout_seconds);
                }
                "attempts" => self.number(value, "network.attempts", 1..=20, &mut network.attempts),
                "first_pause_ms" => {
                    self.number(value, "network.first_pause_ms", 0..=600_000, &mut network.first_pause_ms);
                }
                "throttle_pause_ms" => {
                    self.number(value, "network.throttle_pause_ms", PAUSE, &mut network.throttle_pause_ms);
                }
                "max_document_mb" => {
                    self.number(value, "network.max_document_mb", 1..=1024, &mut network.max_document_mb);
                }
                "stale_pauses_ms" => {
                    self.numbers(value, "network.stale_pauses_ms", 10, &PAUSE, &mut network.stale_pauses_ms);
                }
                "feed_seconds" => self.number(value, "network.feed_seconds", 1..=3600, &mut network.feed_seconds),
                "poll_seconds" => self.number(value, "network.poll_seconds", 1..=86_400, &mut network.poll_seconds),
                other => self.unknown(&key.span(), "network.", other, KEYS),
            }
        }
    }

    fn contact(&mut self, value: &Value<'_>, slot: &mut Option<String>) {
        const LONGEST: usize = 200;
        let Some(text) = value.get_ref().as_str() else { return self.wrong_type(value, "network.contact", "a string") };
        let fits = !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        if fits && !text.contains(['(', ')']) {
            *slot = Some(text.to_owned());
        } else {
            let what = format!("`network.contact` is not up to {LONGEST} printable ASCII characters without brackets");
            self.report(&value.span(), what);
        }
    }

    fn registries(&mut self, value: &Value<'_>, config: &mut Config) {
        let Some(table) = self.table(value, "registries") else { return };
        for (key, value) in table {
            let Some(id) = registry_id(key.get_ref()) else {
                self.unknown(&key.span(), "registries.", key.get_ref(), &REGISTRY_IDS);
                continue;
            };
            let place = format!("registries.{id}");
            let Some(table) = self.table(value, &place) else { continue };
            let registry = config.registries.entry(id.to_owned()).or_default();
            self.registry(table, id, &place, registry);
        }
    }

    fn registry(&mut self, table: &DeTable<'_>, id: &str, place: &str, registry: &mut RegistryConfig) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = format!("{place}.{name}");
            match name {
                "url" => self.address(value, id, &path, &mut registry.url),
                "feed" if id == NPM => self.address(value, id, &path, &mut registry.feed),
                "feed" => self.report(&key.span(), format!("`{path}`: only npm has a change feed")),
                "requests_per_second" => {
                    let mut rate = 0;
                    self.number(value, &path, 1..=1000, &mut rate);
                    registry.requests_per_second = Some(rate);
                }
                other => {
                    self.unknown(&key.span(), &format!("{place}."), other, &["url", "feed", "requests_per_second"]);
                }
            }
        }
    }

    pub(super) fn unknown(&mut self, at: &Range<usize>, place: &str, key: &str, known: &[&str]) {
        let hint = match nearest(key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        let short: String = key.chars().take(LONGEST_KEY).collect();
        self.report(at, format!("`{place}{}` is not known; {hint}", printable(&short)));
    }

    pub(super) fn table<'v, 't>(&mut self, value: &'v Value<'t>, path: &str) -> Option<&'v DeTable<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, path, "a table");
        }
        table
    }

    pub(super) fn wrong_type(&mut self, value: &Value<'_>, path: &str, wanted: &str) {
        self.report(&value.span(), format!("`{path}` is of type {}, not {wanted}", value.get_ref().type_str()));
    }

    fn address(&mut self, value: &Value<'_>, id: &str, path: &str, slot: &mut Option<String>) {
        let Some(text) = value.get_ref().as_str() else { return self.wrong_type(value, path, "a string") };
        match address::parse(id, text, &format!("`{path}`")) {
            Ok(_) => *slot = Some(text.to_owned()),
            Err(error) => self.report(&value.span(), error.what),
        }
    }

    pub(super) fn number<N>(&mut self, value: &Value<'_>, path: &str, range: RangeInclusive<N>, slot: &mut N)
    where
        N: TryFrom<u64> + PartialOrd + Display,
    {
        let Some(integer) = value.get_ref().as_integer() else {
            return self.wrong_type(value, path, "a whole number");
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok().and_then(|n| N::try_from(n).ok());
        if let Some(number) = number.filter(|n| range.contains(n)) {
            *slot = number;
        } else {
            let shown: String = integer.as_str().chars().take(LONGEST_KEY).collect();
            self.report(&value.span(), format!("`{path}` is {shown}, not in {} to {}", range.start(), range.end()));
        }
    }

    fn numbers(
        &mut self,
        value: &Value<'_>,
        path: &str,
        most: usize,
        range: &RangeInclusive<u64>,
        slot: &mut Vec<u64>,
    ) {
        let Some(array) = value.get_ref().as_array() else {
            return self.wrong_type(value, path, "a list of whole numbers");
        };
        if array.len() > most {
            let what = format!("`{path}` has {} numbers, more than {most}", array.len());
            return self.report(&value.span(), what);
        }
        slot.clear();
        for (index, item) in array.iter().enumerate() {
            let mut number = 0;
            self.number(item, &format!("{path}[{index}]"), range.clone(), &mut number);
            slot.push(number);
        }
    }
}
