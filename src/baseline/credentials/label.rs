//! What logs call tokens, and which token is meant.

use std::collections::HashMap;

use crate::acquire::owner::Token;

/// The tokens of an inventory by what logs call them.
#[derive(Clone, Debug, Default)]
pub struct Labels<'a> {
    by_id: HashMap<&'a str, &'a Token>,
    /// By masked text or name; nothing where several tokens share it.
    by_hint: HashMap<&'a str, Option<&'a Token>>,
}

impl<'a> Labels<'a> {
    /// Indexes an inventory. Of several tokens with one identity the first in the order of their contents counts.
    #[must_use]
    pub fn new(tokens: &'a [Token]) -> Self {
        let mut labels = Self::default();
        for token in tokens {
            let known = labels.by_id.entry(&token.id).or_insert(token);
            if rank(token) < rank(known) {
                *known = token;
            }
        }
        for token in tokens {
            for hint in [token.masked.as_deref(), token.name.as_deref()].into_iter().flatten() {
                let known = labels.by_hint.entry(hint).or_insert(Some(token));
                if known.is_some_and(|known| known.id != token.id) {
                    *known = None;
                }
            }
        }
        labels
    }

    /// The token that a log means: by its key, else by its masked text or its name where only one token has it.
    #[must_use]
    pub fn token(&self, label: &str) -> Option<&'a Token> {
        let known = self.by_id.get(label).copied();
        // Through the identity, so that of several entries for one token the same one counts always.
        known.or_else(|| {
            self.by_hint.get(label).copied().flatten().and_then(|token| self.by_id.get(&*token.id).copied())
        })
    }

    /// The identity of what a log names: the token's key, or the log's own word where the inventory has none.
    #[must_use]
    pub fn id<'t>(&self, label: &'t str) -> &'t str
    where
        'a: 't,
    {
        self.token(label).map_or(label, |token| &token.id)
    }
}

/// Puts several entries for one token in an order that does not depend on the order of the file.
fn rank(token: &Token) -> impl Ord + use<'_> {
    (token.created, token.updated, token.revoked, token.expires.at(), token.last_used.at(), &token.name, &token.masked)
}
