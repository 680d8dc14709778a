//! Where a redirect may lead.

use reqwest::Response;
use reqwest::header::LOCATION;
use url::Url;

use super::address::{is_loopback, show};
use super::fault::Fault;
use crate::error::Error;

/// Where a redirect leads. Never from https to http, and never from elsewhere into this machine.
pub(super) fn redirected(from: &Url, response: &Response) -> std::result::Result<Url, Fault> {
    let refuse = |what: &str| {
        Fault::Final(Error::tool(format!("{} redirects {what}", show(from))).remedy("check the registry's address"))
    };
    let target = response.headers().get(LOCATION).and_then(|v| v.to_str().ok()).ok_or_else(|| refuse("nowhere"))?;
    let mut to = from.join(target).map_err(|_| refuse("to what is no address"))?;
    if !matches!(to.scheme(), "http" | "https") {
        return Err(refuse("to what is no web address"));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(refuse("from https to http"));
    }
    if is_loopback(&to) && !is_loopback(from) {
        return Err(refuse("into this machine"));
    }
    // A user in the address would become a credential that nobody configured.
    if to.set_username("").is_err() || to.set_password(None).is_err() {
        return Err(refuse("to what is no web address"));
    }
    Ok(to)
}
