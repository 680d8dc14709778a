//! Why an attempt failed, and whether another one may help.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use url::Url;

use super::Answer;
use super::address::show;
use crate::config::Credential;
use crate::error::Error;

/// Why one attempt failed.
pub(super) enum Fault {
    /// May pass: asked again after a pause.
    Passing(Error),
    /// The server asks to be left alone for so long, or does not say how long.
    Throttled(Option<Duration>),
    /// Will not pass.
    Final(Error),
}

/// What helps where nobody whom this machine trusts vouches for a server; else what helps otherwise.
pub(super) fn remedy<'r>(cause: &str, otherwise: &'r str) -> &'r str {
    // The name of this fault in rustls, which every way of sending goes through.
    if cause.contains("UnknownIssuer") {
        "if an authority of your own vouches for this server, let SSL_CERT_FILE name a file with its certificate (PEM), \
         and with the system's others where they are needed"
    } else {
        otherwise
    }
}

/// What the head of an answer says already: nothing there, a failure, or `None` where a document follows.
pub(super) fn of_status(
    status: StatusCode,
    url: &Url,
    headers: &HeaderMap,
    sent: Option<&Credential>,
) -> Result<Option<Answer>, Fault> {
    match status.as_u16() {
        200 => {}
        404 | 410 => return Ok(Some(Answer::Absent)),
        429 => return Err(Fault::Throttled(retry_after(headers))),
        401 | 403 => {
            return Err(Fault::Final(Error::tool(format!("{} answers {status}", show(url))).remedy(match sent {
                Some(credential) => format!("the credential of {} is not accepted: renew it", credential.origin),
                None => "put a token for this registry into .npmrc: //HOST/:_authToken=...".to_owned(),
            })));
        }
        408 | 500..=599 => {
            return Err(Fault::Passing(
                Error::tool(format!("{} answers {status}", show(url)))
                    .remedy("the registry has trouble: try again later; what was fetched so far is kept"),
            ));
        }
        _ => return Err(Fault::Final(Error::tool(format!("{} answers {status}", show(url))))),
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.trim_start().to_ascii_lowercase().starts_with("text/html") {
        return Err(Fault::Final(
            Error::tool(format!("{} answers with a web page", show(url)))
                .remedy("check the registry's address; a proxy or a login page may stand in between"),
        ));
    }
    Ok(None)
}

/// `Retry-After` in seconds; zero, which some gateways send, says nothing.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// An error with what caused it: reqwest's own text names only the outermost.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
