//! PyPI's journal: every change of every project, by XML-RPC (`POST` [`PATH`], `Content-Type: text/xml`), with
//! the roles that accounts gained and lost.

use std::collections::BTreeSet;

use super::xml_rpc::{self, Value};
use crate::error::{Error, Result};

/// Where the methods are called, below the registry's base address.
pub const PATH: &str = "pypi";

/// Words of an action that begin a role, and those that end one. A role that was offered begins when it is
/// accepted; `invite`, `revoke_invite` and `change ... to ...` leave the circle of those with a role as it is.
const BEGIN: [&str; 2] = ["add", "accepted"];
const END: &str = "remove";
const ROLES: [&str; 2] = ["Owner", "Maintainer"];

/// One change of one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Project name, as its owners write it.
    pub name: String,
    /// Version concerned, if it is one.
    pub version: Option<String>,
    /// When, in milliseconds since the Unix epoch; the journal counts whole seconds.
    pub at_ms: i64,
    /// What was done: `new release`, `add source file x-1.tar.gz`, `yank release`, `add Owner x`.
    pub action: String,
    /// Position in the journal; gaps are usual.
    pub serial: u64,
}

/// The request for all entries after `since_serial`. The registry answers with the 50,000 oldest of them.
#[must_use]
pub fn journal_request(since_serial: u64) -> Vec<u8> {
    xml_rpc::call("changelog_since_serial", Some(since_serial))
}

/// The request for the serial of the newest entry.
#[must_use]
pub fn last_serial_request() -> Vec<u8> {
    xml_rpc::call("changelog_last_serial", None)
}

/// The entries that the answer to [`journal_request`] holds, in its order.
///
/// # Errors
/// The answer is no XML-RPC, or a fault; a row is not (name, version or nothing, seconds, action, serial). A row
/// is never left out, because one lost change of roles makes every earlier list of owners wrong.
pub fn parse_journal(answer: &[u8]) -> Result<Vec<JournalEntry>> {
    let Value::List(rows) = xml_rpc::answer(answer)? else {
        return Err(unfit("the journal is not a list"));
    };
    let entries = rows.into_iter().enumerate().map(|(at, row)| {
        entry(row).ok_or_else(|| {
            unfit("is not (name, version, seconds, action, serial)").place(format!("row {at} of the journal"))
        })
    });
    entries.collect()
}

/// The serial that the answer to [`last_serial_request`] holds.
///
/// # Errors
/// The answer is no XML-RPC, a fault, or not a whole number from 0.
pub fn parse_last_serial(answer: &[u8]) -> Result<u64> {
    let serial = if let Value::Whole(serial) = xml_rpc::answer(answer)? { u64::try_from(serial).ok() } else { None };
    serial.ok_or_else(|| unfit("the newest serial is not a whole number"))
}

/// Who had a role at `t_ms` (milliseconds since the Unix epoch), sorted: the accounts that have one now, with the
/// changes that the project's journal entries (in any order) record after that time undone, from the newest back.
///
/// The entries must be the project's own and reach from `t_ms` to when `roles_now` was seen; others lead
/// astray. A team of an organisation is written like an account, and taken for one unless its name holds a blank.
#[must_use]
pub fn owners_at(roles_now: &[String], journal: &[JournalEntry], t_ms: i64) -> Vec<String> {
    let mut owners: BTreeSet<&str> = roles_now.iter().map(String::as_str).collect();
    let mut later: Vec<&JournalEntry> = journal.iter().filter(|entry| entry.at_ms > t_ms).collect();
    later.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.serial));
    for entry in later {
        match change(&entry.action) {
            Some((true, account)) => drop(owners.remove(account)),
            Some((false, account)) => drop(owners.insert(account)),
            None => {}
        }
    }
    owners.into_iter().map(str::to_owned).collect()
}

/// Whether an action begins a role or ends one, and whose.
fn change(action: &str) -> Option<(bool, &str)> {
    let mut words = action.split(' ');
    let (verb, role, account) = (words.next()?, words.next()?, words.next()?);
    let begins = BEGIN.contains(&verb);
    let is_change = (begins || verb == END) && ROLES.contains(&role) && !account.is_empty() && words.next().is_none();
    is_change.then_some((begins, account))
}

fn entry(row: Value) -> Option<JournalEntry> {
    let Value::List(cells) = row else { return None };
    let cells: [Value; 5] = cells.try_into().ok()?;
    let [Value::Text(name), version, Value::Whole(seconds), Value::Text(action), Value::Whole(serial)] = cells else {
        return None;
    };
    let version = match version {
        Value::Text(version) => Some(version).filter(|version| !version.is_empty()),
        Value::Nil => None,
        _ => return None,
    };
    let serial = u64::try_from(serial).ok()?;
    Some(JournalEntry { name, version, at_ms: seconds.checked_mul(1000)?, action, serial })
}

fn unfit(what: &str) -> Error {
    Error::tool(what).remedy("ask for the journal again, from the registry itself")
}
