//! A [`shelf`](super::shelf) on which many tables were put, made smaller.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Transaction, TransactionBehavior};

use super::shelf::{about, connect, failed, of_package, pack, put_package};
use super::vocabulary::Vocabulary;
use crate::error::Result;

/// Joins the runs of each package into one, and gives back the space. Hands back how many runs there were and are.
///
/// # Errors
/// When the shelf is damaged, or the disk is full; what was there is intact then.
pub fn compact(folder: &Path) -> Result<(u64, u64)> {
    let (mut connection, path) = connect(folder)?;
    about(&connection, &path)?;
    let broken = |e: rusqlite::Error| failed(&path, &e);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(broken)?;
    let count = |of: &Transaction| -> Result<u64> {
        of.query_row("SELECT count(*) FROM packages", [], |row| row.get(0)).map_err(broken)
    };
    let before = count(&transaction)?;
    let several: BTreeMap<i64, i64> = {
        let sql = "SELECT package, min(since) FROM packages GROUP BY package HAVING count(*) > 1";
        let mut query = transaction.prepare(sql).map_err(broken)?;
        let found = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(broken)?;
        found.collect::<rusqlite::Result<_>>().map_err(broken)?
    };
    for (package, since) in several {
        let (mut words, mut rows) = (Vocabulary::default(), Vec::new());
        of_package(&transaction, &path, package, &mut words, &mut rows)?;
        let run = pack(rows, &words)?;
        transaction.execute("DELETE FROM packages WHERE package = ?", [package]).map_err(broken)?;
        put_package(&transaction, package, since, &run).map_err(broken)?;
    }
    let after = count(&transaction)?;
    transaction.commit().map_err(broken)?;
    connection.execute_batch("VACUUM").map_err(broken)?;
    Ok((before, after))
}
