//! npm's replication feed, in the form valid since 2025-05-29: one row a package, sparse numbers, and
//! a plain refusal of CouchDB's other options.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::http::Seen;

/// Rows that one request may ask for.
const MOST: usize = 10_000;

#[derive(Clone, Debug)]
struct Row {
    id: String,
    rev: String,
    deleted: bool,
}

/// The rows of the feed and where it stands.
#[derive(Debug)]
pub struct Feed {
    rows: BTreeMap<u64, Row>,
    places: HashMap<String, u64>,
    /// `update_seq`.
    head: u64,
    pushed: u64,
}

impl Feed {
    /// A feed without rows, well advanced as the real one is.
    pub fn new() -> Self {
        Self { rows: BTreeMap::new(), places: HashMap::new(), head: 122_786_079, pushed: 0 }
    }

    /// Adds a row, which replaces the earlier one of that package; returns its number.
    pub fn push(&mut self, name: &str, rev: &str, deleted: bool) -> u64 {
        let seq = self.head + 2 + self.pushed % 3;
        if let Some(earlier) = self.places.insert(name.to_owned(), seq) {
            self.rows.remove(&earlier);
        }
        self.rows.insert(seq, Row { id: name.to_owned(), rev: rev.to_owned(), deleted });
        // Numbers that lead to no row stand between rows and behind the last one.
        self.head = seq + 1 + self.pushed % 2;
        self.pushed += 1;
        seq
    }

    /// `update_seq`: the number up to which the feed has come.
    pub fn update_seq(&self) -> u64 {
        self.head
    }

    /// Numbers all rows anew from a low start, as after a restore: `update_seq` falls back.
    pub fn reset(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        self.places.clear();
        self.head = 1_000;
        for row in rows.into_values() {
            self.push(&row.id, &row.rev, row.deleted);
        }
    }

    /// Answers a request to `/feed/` and below with a status and a body.
    pub fn answer(&self, path: &str, seen: &Seen) -> (u16, Value) {
        if seen.method == "POST" {
            return (405, json!({"error": "method_not_allowed", "reason": "Only GET allowed"}));
        }
        match path {
            "" | "/" => (
                200,
                json!({"db_name": "registry", "engine": "npm-replicate",
                       "doc_count": self.rows.values().filter(|row| !row.deleted).count(), "update_seq": self.head}),
            ),
            "/registry/_changes" => match Options::read(seen) {
                Ok(options) => (200, self.changes(&options)),
                Err(reason) => (400, json!({"error": "bad_request", "reason": reason})),
            },
            _ => (404, json!({"error": "not_found", "reason": "missing"})),
        }
    }

    fn changes(&self, options: &Options) -> Value {
        let wanted = |row: &Row| options.ids.as_ref().is_none_or(|ids| ids.contains(&row.id));
        let since = options.since;
        if since >= self.head {
            return json!({"results": [], "last_seq": since});
        }
        let after = self.rows.range(since + 1..).filter(|(_, row)| wanted(row));
        let picked: Vec<(&u64, &Row)> = if options.descending {
            after.rev().take(options.limit).collect()
        } else {
            after.take(options.limit).collect()
        };
        let last = match picked.last() {
            Some((seq, _)) if options.descending || picked.len() == options.limit => **seq,
            None if options.limit == 0 => since,
            _ => self.head,
        };
        let results: Vec<Value> = picked.into_iter().map(|(seq, row)| shown(*seq, row)).collect();
        json!({"results": results, "last_seq": last})
    }
}

fn shown(seq: u64, row: &Row) -> Value {
    let mut shown = json!({"seq": seq, "id": row.id, "changes": [{"rev": row.rev}]});
    if row.deleted {
        shown["deleted"] = Value::Bool(true);
    }
    shown
}

/// What may be asked of `_changes`.
struct Options {
    since: u64,
    limit: usize,
    descending: bool,
    ids: Option<Vec<String>>,
}

impl Options {
    fn read(seen: &Seen) -> Result<Self, String> {
        let mut options = Self { since: 0, limit: MOST, descending: false, ids: None };
        for (key, value) in seen.query_members() {
            let refused = || format!("invalid value for {key}");
            match key.as_str() {
                "since" | "last-event-id" => options.since = value.parse().map_err(|_| refused())?,
                "limit" => {
                    options.limit = value.parse().map_err(|_| refused())?;
                    if options.limit > MOST {
                        return Err(format!("limit must not be above {MOST}"));
                    }
                }
                "descending" => options.descending = value.parse().map_err(|_| refused())?,
                "doc_ids" => options.ids = Some(serde_json::from_str(&value).map_err(|_| refused())?),
                _ => return Err(format!("unsupported option {key}")),
            }
        }
        Ok(options)
    }
}
