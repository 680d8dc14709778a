//! npm's search: the packages of one account.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::names::package_name_fault;

/// Entries that are asked for at once, the most that the registry gives.
const PAGE: usize = 250;
/// Entries after which the search stops: it answers about ten questions before it refuses.
pub const MAX_RESULTS: usize = 2_500;

/// One page of results.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Package names.
    pub names: Vec<String>,
    /// Entries of the page, names that cannot be package names included.
    pub entries: usize,
    /// How many there are in all, as the registry counts.
    pub total: usize,
}

#[derive(Deserialize)]
struct Answer {
    objects: Vec<Object>,
    #[serde(default)]
    total: usize,
}

#[derive(Deserialize)]
struct Object {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// The question for an account's packages from position `from` on, below the registry's address.
#[must_use]
pub fn path(account: &str, from: usize) -> String {
    let text: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("text", &format!("maintainer:{account}"))
        .append_pair("size", &PAGE.to_string())
        .append_pair("from", &from.to_string())
        .finish();
    format!("-/v1/search?{text}")
}

/// Reads one page; names that cannot be package names are left out.
///
/// # Errors
/// When the answer is not a page of results.
pub fn parse(bytes: &[u8]) -> Result<Page> {
    let answer: Answer = serde_json::from_slice(bytes)
        .map_err(|e| Error::tool(format!("the search answers with something else: {e}")))?;
    let entries = answer.objects.len();
    let names =
        answer.objects.into_iter().map(|o| o.package.name).filter(|n| package_name_fault(n).is_none()).collect();
    Ok(Page { names, entries, total: answer.total })
}
