//! Sends a message to an address that takes it: retried with pauses while that may help, never redirected.
//!
//! The address itself may be a secret (an incoming webhook's is), so that errors name its host alone.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use url::Url;

use super::MAX_PAUSE;
use super::fault::{chain, remedy, retry_after};
use crate::config::{Network, Secret};
use crate::error::Error;

/// Most of an answer that is read, in bytes.
const LONGEST_ANSWER: usize = 64 << 10;
/// How much of a refusal is quoted, in characters.
const QUOTED: usize = 200;

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// It may be taken later: the receiver is down, throttles, or does not know who sends.
    Later(Error),
    /// It is refused for what it is, and would be again.
    Never(Error),
}

/// One message for an address.
#[derive(Clone, Debug)]
pub struct Post {
    /// Where to.
    pub url: Secret,
    /// Headers beside the type of the content, which is JSON.
    pub headers: Vec<(&'static str, Secret)>,
    /// The body, the same at every try.
    pub body: Vec<u8>,
}

/// Sends messages.
pub struct Sender {
    http: reqwest::Client,
    network: Network,
}

impl Sender {
    /// A sender with the timeouts and pauses of the network's settings.
    ///
    /// # Errors
    /// When the system offers no TLS roots or no sockets.
    pub fn new(network: &Network) -> Result<Self, Error> {
        let silence = Duration::from_secs(network.timeout_seconds);
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(silence)
            .timeout(silence)
            .user_agent(concat!("gaitkeeper/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::tool(format!("no connection can be opened: {}", chain(&e))))?;
        Ok(Self { http, network: network.clone() })
    }

    /// Sends until it is taken, or not to be expected to be. `stamped` makes the message anew for every try, for
    /// headers that hold the time. Gives the body of the answer.
    ///
    /// # Errors
    /// What the receiver or the way there says.
    pub async fn send(&self, stamped: impl Fn() -> Post) -> Result<Vec<u8>, Unsent> {
        let mut pauses = super::pauses(&self.network);
        loop {
            let (error, asked) = match self.attempt(&stamped()).await {
                Ok(answer) => return Ok(answer),
                Err(Refused::Never(error)) => return Err(Unsent::Never(error)),
                Err(Refused::NotNow(error)) => return Err(Unsent::Later(error)),
                Err(Refused::Passing(error, asked)) => (error, asked),
            };
            let Some(pause) = pauses.next() else { return Err(Unsent::Later(error)) };
            let pause = asked.map_or(pause, |asked| asked.max(pause));
            if pause > MAX_PAUSE {
                return Err(Unsent::Later(error));
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, post: &Post) -> Result<Vec<u8>, Refused> {
        let url = Url::parse(post.url.reveal())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| {
                Refused::NotNow(
                    Error::usage("the address that the message goes to is no http or https address")
                        .remedy("put the whole address where gaitkeeper.toml says that it stands"),
                )
            })?;
        let host = host(&url);
        let mut request = self.http.post(url).header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in &post.headers {
            let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| {
                Refused::NotNow(
                    Error::usage(format!("the secret for the header {name} cannot be sent"))
                        .remedy("write it as it was given, without blanks or line ends"),
                )
            })?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_static(name), value);
        }
        let response = request.body(post.body.clone()).send().await.map_err(|e| {
            let what = if e.is_timeout() { "does not answer in time" } else { "cannot be reached" };
            let cause = chain(&e.without_url());
            let remedy = remedy(&cause, "the message waits in the outbox, and the next run sends it");
            Refused::Passing(Error::tool(format!("{host} {what}: {cause}")).remedy(remedy), None)
        })?;
        let status = response.status().as_u16();
        let asked = retry_after(response.headers());
        let answer = answer(response).await;
        let error = || {
            let quoted: String = String::from_utf8_lossy(&answer).chars().take(QUOTED).collect();
            let said = if quoted.trim().is_empty() { String::new() } else { format!(": {}", quoted.trim()) };
            Error::tool(format!("{host} answers {status}{said}"))
        };
        match status {
            200..=299 => Ok(answer),
            408 | 425 | 429 | 500..=599 => Err(Refused::Passing(
                error().remedy("the message waits in the outbox, and the next run sends it"),
                asked,
            )),
            400 | 413 | 422 => {
                Err(Refused::Never(error().remedy("the receiver does not take this message; it is not sent again")))
            }
            _ => Err(Refused::NotNow(
                error().remedy("check address, token and permissions; the message waits in the outbox"),
            )),
        }
    }
}

enum Refused {
    Passing(Error, Option<Duration>),
    NotNow(Error),
    Never(Error),
}

async fn answer(mut response: reqwest::Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

fn host(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}{port}", url.host_str().unwrap_or_default())
}
