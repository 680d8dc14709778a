//! One question to a log, and what its failure means.

use url::Url;

use crate::acquire::document;
use crate::acquire::rekor::head::Sight;
use crate::acquire::rekor::question::Question;
use crate::error::{Error, Result};
use crate::net::{Answer, Ask, Body, Client, Pace};

/// Questions a second on a public log that is asked without a setting: what others settled at.
const POLITE: u32 = 5;
/// Largest answer, unpacked. Ten entries or a bundle of 256 stay far below it.
const MAX_ANSWER: usize = 32 << 20;

/// A log that can be asked.
pub struct Asker<'a> {
    client: &'a Client,
    base: Url,
    pace: Pace,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No connection, no answer in time, or an answer 5xx each time.
    Unreachable(Error),
    /// The log asks for fewer questions (429).
    Limited(Error),
    /// The log refuses the question with this status.
    Refused(u16, Error),
    /// The answer cannot be read.
    Malformed(Error),
}

impl Trouble {
    /// What the client's error means. The client says a status only in words: `ADDRESS answers STATUS`.
    #[must_use]
    pub fn of(error: Error) -> Self {
        let status = error.what.rsplit_once(" answers ").and_then(|(_, after)| after.get(..3)?.parse().ok());
        match status {
            Some(429) => Self::Limited(error),
            // Rekor without an index answers that this is not implemented.
            Some(status @ (100..=499 | 501)) => Self::Refused(status, error),
            _ if error.what.contains(" answers with a web page") => Self::Malformed(error),
            _ if error.what.contains(" sends more than ") => Self::Malformed(error),
            _ => Self::Unreachable(error),
        }
    }

    /// The failure itself.
    #[must_use]
    pub fn error(&self) -> &Error {
        match self {
            Self::Unreachable(error) | Self::Limited(error) | Self::Refused(_, error) | Self::Malformed(error) => error,
        }
    }

    /// What it is as the outcome of a look at a log.
    #[must_use]
    pub fn sight(self) -> Sight {
        match self {
            Self::Unreachable(error) => Sight::Unreachable(error),
            Self::Limited(error) => Sight::Limited(error),
            Self::Refused(_, error) | Self::Malformed(error) => Sight::Malformed(error),
        }
    }
}

impl<'a> Asker<'a> {
    /// A log at an address. `requests_per_second` is what the user set; else a public log is asked politely.
    ///
    /// # Errors
    /// The address is none that can be asked: not http or https.
    pub fn new(client: &'a Client, base: &str, requests_per_second: Option<u32>) -> Result<Self> {
        let unusable = |why: String| {
            Error::usage(format!("the address of the log cannot be used: {why}"))
                .remedy("name it as the trusted root does: https://rekor.sigstore.dev")
        };
        // Paths are joined below it, whether or not it was written with a slash at its end.
        let with_slash = format!("{}/", base.trim_end_matches('/'));
        let base = Url::parse(&with_slash).map_err(|e| unusable(e.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(unusable("it is no web address".to_owned()));
        }
        Ok(Self { client, base, pace: requests_per_second.map_or(Pace::Polite(POLITE), Pace::Fixed) })
    }

    /// Asks, and gives the answer unpacked; `None` where the log has nothing at that address.
    ///
    /// # Errors
    /// [`Trouble`] says which.
    pub async fn ask(&self, question: &Question) -> std::result::Result<Option<Vec<u8>>, Trouble> {
        let Some(body) = self.raw(question).await? else { return Ok(None) };
        if !document::is_packed(&body) {
            return Ok(Some(body));
        }
        let unpacked = document::any_from_reader(body.as_slice(), MAX_ANSWER);
        unpacked.map(Some).map_err(|error| Trouble::Malformed(error.place(question.path.clone())))
    }

    /// As [`Asker::ask`], with the answer as it was sent: tiles may begin like a packed document.
    ///
    /// # Errors
    /// [`Trouble`] says which.
    pub async fn raw(&self, question: &Question) -> std::result::Result<Option<Vec<u8>>, Trouble> {
        let url = self.base.join(&question.path).map_err(|e| {
            Trouble::Malformed(Error::tool(format!("the path of a question cannot be used: {e}")).place(&question.path))
        })?;
        let ask = Ask {
            url,
            accept: question.accept,
            etag: None,
            pace: self.pace,
            body: question.body.clone().map(|body| ("application/json", body)),
        };
        match self.client.get(&ask).await.map_err(Trouble::of)? {
            Answer::Document(Body { bytes, .. }) if bytes.len() > MAX_ANSWER => Err(Trouble::Malformed(
                Error::tool(format!("the answer has more than {} MB", MAX_ANSWER >> 20)).place(&question.path),
            )),
            Answer::Document(Body { bytes, .. }) => Ok(Some(bytes)),
            Answer::Absent => Ok(None),
            Answer::NotModified => Err(Trouble::Malformed(
                Error::tool("the answer says \"not modified\" though nothing is held").place(&question.path),
            )),
        }
    }
}
