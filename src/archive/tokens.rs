//! What an owner handed in about its tokens: the inventory, and what the audit log says of their use. Kept as
//! the caller wrote it, each under an identity of its own, so that handing it in again changes nothing.

use rusqlite::params;

use super::state::State;
use crate::error::Result;

impl State {
    /// Keeps tokens (identity, text) and uses (identity, time, text); a token that is known is replaced. How many
    /// of each were not known.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn keep_tokens(
        &self,
        tokens: &[(String, String)],
        uses: &[(String, i64, String)],
        now: i64,
    ) -> Result<(usize, usize)> {
        let mut connection = self.connection();
        let mut work = || -> rusqlite::Result<(usize, usize)> {
            let work = connection.transaction()?;
            let (mut fresh_tokens, mut fresh_uses) = (0, 0);
            for (id, token) in tokens {
                fresh_tokens += work
                    .prepare_cached("INSERT OR IGNORE INTO tokens (id, token, imported_at) VALUES (?1, ?2, ?3)")?
                    .execute(params![id, token, now])?;
                work.prepare_cached("UPDATE tokens SET token = ?2, imported_at = ?3 WHERE id = ?1")?
                    .execute(params![id, token, now])?;
            }
            for (id, at, used) in uses {
                fresh_uses += work
                    .prepare_cached("INSERT OR IGNORE INTO token_uses (id, at, used) VALUES (?1, ?2, ?3)")?
                    .execute(params![id, at, used])?;
            }
            work.commit()?;
            Ok((fresh_tokens, fresh_uses))
        };
        work().map_err(|e| self.fault(&e))
    }

    /// Every token that is kept, by identity.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn tokens(&self) -> Result<Vec<String>> {
        self.list("SELECT token FROM tokens ORDER BY id", |r| r.get(0))
    }

    /// Every use that is kept, by time.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn token_uses(&self) -> Result<Vec<String>> {
        self.list("SELECT used FROM token_uses ORDER BY at, id", |r| r.get(0))
    }
}
