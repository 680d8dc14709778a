//! The only door to the network.
//!
//! [`Client::get`] asks one address politely: bounded connections, the pace of each [`host`], retries
//! with jitter of what may pass, caps on size and time, redirects followed by hand so that a credential
//! never leaves for an address it was not configured for. Bodies come as they were sent, still packed.

mod address;
mod fault;
mod host;
mod redirect;
pub mod send;
pub mod smtp;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
};
use reqwest::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

pub use self::address::{is_loopback, show};
use self::fault::{Fault, chain};
use self::host::Host;
use self::redirect::redirected;
use crate::config::{Addresses, Credential, Network};
use crate::error::{Error, Result};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// Bytes up to which any number of answers may arrive at once; a larger one waits until it is alone.
const SMALL: usize = 4 << 20;
/// Longest pause that a server may ask for; whoever asks for more is not waited for.
const MAX_PAUSE: Duration = Duration::from_mins(10);
/// How many times the silence limit a whole answer may take.
const WHOLE: u32 = 8;

/// One question.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Where.
    pub url: Url,
    /// The `Accept` header, exactly.
    pub accept: &'static str,
    /// What is held already, by its entity tag.
    pub etag: Option<String>,
    /// Requests a second that this host may be sent; loopback is not slowed unless this says so.
    pub pace: Pace,
    /// Sent as a POST with this body, if any.
    pub body: Option<(&'static str, Vec<u8>)>,
}

/// How fast a host may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So many requests a second, because the user says so.
    Fixed(u32),
    /// So many requests a second on a public host, because its operator finds that polite.
    Polite(u32),
}

/// What came back.
#[derive(Debug)]
pub enum Answer {
    /// A document.
    Document(Body),
    /// What is held is still current.
    NotModified,
    /// There is nothing at that address (404 or 410).
    Absent,
}

/// A document as it was sent.
#[derive(Debug)]
pub struct Body {
    /// The bytes, gzip if the server packed them.
    pub bytes: Vec<u8>,
    /// Its entity tag.
    pub etag: Option<String>,
    /// The credential that was sent with the question, so that a document that echoes it is not kept.
    pub sent: Option<Credential>,
    /// Held while a large document is in memory.
    pub alone: Option<OwnedSemaphorePermit>,
}

/// What was asked and received so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests sent, repeated ones and redirects included.
    pub requests: u64,
    /// Answers "not modified".
    pub not_modified: u64,
    /// Requests that were sent again after a failure that may pass.
    pub repeated: u64,
    /// Bytes of bodies, as sent.
    pub bytes: u64,
}

/// Pauses between the tries of one request, each about twice as long as the one before it; at their end it is given up.
fn pauses(network: &Network) -> impl Iterator<Item = Duration> + use<> {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(network.first_pause_ms))
        .with_max_delay(MAX_PAUSE)
        .with_max_times(network.attempts.saturating_sub(1) as usize)
        .build()
}

/// Asks registries and logs.
pub struct Client {
    http: reqwest::Client,
    network: Network,
    addresses: Arc<Addresses>,
    offline: bool,
    open: Semaphore,
    large: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    requests: AtomicU64,
    not_modified: AtomicU64,
    repeated: AtomicU64,
    bytes: AtomicU64,
}

impl Client {
    /// A client that sends each credential that is found only to the addresses that it was configured for.
    ///
    /// # Errors
    /// When the system offers no TLS roots or no sockets.
    pub fn new(network: &Network, addresses: Arc<Addresses>, offline: bool) -> Result<Self> {
        let silence = Duration::from_secs(network.timeout_seconds);
        let contact = network.contact.as_ref().map_or_else(String::new, |contact| format!(" ({contact})"));
        let agent = format!("gaitkeeper/{}{contact}", env!("CARGO_PKG_VERSION"));
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(silence)
            .read_timeout(silence)
            .timeout(silence * WHOLE)
            .pool_max_idle_per_host(network.connections)
            .user_agent(agent)
            .build()
            .map_err(|e| Error::tool(format!("no connection can be opened: {}", chain(&e))))?;
        Ok(Self {
            http,
            network: network.clone(),
            addresses,
            offline,
            open: Semaphore::new(network.connections),
            large: Arc::new(Semaphore::new(1)),
            hosts: Mutex::default(),
            requests: AtomicU64::new(0),
            not_modified: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    /// Most bytes that a document may have, packed or not.
    #[must_use]
    pub fn max_document(&self) -> usize {
        usize::try_from(self.network.max_document_mb).unwrap_or(usize::MAX).saturating_mul(1 << 20)
    }

    /// What was asked so far.
    pub fn tally(&self) -> Tally {
        Tally {
            requests: self.requests.load(Ordering::Relaxed),
            not_modified: self.not_modified.load(Ordering::Relaxed),
            repeated: self.repeated.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// The permit that lets one large document be in memory, for who unpacks one.
    ///
    /// # Errors
    /// When the client is being dropped.
    pub async fn alone(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.large).acquire_owned().await.map_err(|_| Error::tool("the client has ended"))
    }

    /// Asks until there is an answer, or none is to be expected.
    ///
    /// # Errors
    /// Offline; the host is given up; every attempt failed; the answer is too large, a web page, a
    /// refusal, or leads in circles. Errors name the address without user, query or credential.
    pub async fn get(&self, ask: &Ask) -> Result<Answer> {
        if self.offline {
            return Err(Error::tool(format!("{} was not asked: --offline", show(&ask.url)))
                .remedy("leave --offline out to open connections"));
        }
        let host = self.host(&ask.url, ask.pace);
        let mut pauses = pauses(&self.network);
        let mut throttled = 0;
        loop {
            if let Some(why) = host.given_up() {
                return Err(why);
            }
            let fault = {
                let _open = self.open.acquire().await.map_err(|_| Error::tool("the client has ended"))?;
                host.turn().await;
                match self.attempt(ask, &host).await {
                    Ok(answer) => {
                        host.answered();
                        return Ok(answer);
                    }
                    Err(fault) => fault,
                }
            };
            match fault {
                Fault::Final(error) => return Err(error),
                Fault::Passing(error) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(host.failed(error)),
                },
                // The next turn of this host comes after the pause, for everybody.
                Fault::Throttled(asked) => {
                    let least = Duration::from_millis(self.network.throttle_pause_ms);
                    let pause = host.throttle(asked, throttled, least);
                    throttled += 1;
                    if throttled >= self.network.attempts || pause > MAX_PAUSE {
                        let error = Error::tool(format!("{} answers 429, too many requests", show(&ask.url)))
                            .remedy("wait before the next run, and set a lower requests_per_second in gaitkeeper.toml");
                        return Err(host.failed(error));
                    }
                }
            }
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn attempt(&self, ask: &Ask, host: &Arc<Host>) -> std::result::Result<Answer, Fault> {
        let mut url = ask.url.clone();
        let mut held = Arc::clone(host);
        for _ in 0..=MAX_REDIRECTS {
            let credential = self.credential(&url);
            let response = self.send(ask, &url, credential.as_ref()).await?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED {
                self.not_modified.fetch_add(1, Ordering::Relaxed);
                return if ask.etag.is_some() {
                    Ok(Answer::NotModified)
                } else {
                    Err(Fault::Final(Error::tool(format!(
                        "{} answers \"not modified\" to a question that held nothing",
                        show(&url)
                    ))))
                };
            }
            if status.is_redirection() {
                url = redirected(&url, &response)?;
                held = self.host(&url, ask.pace);
                held.turn().await;
                continue;
            }
            drop(held);
            return self.receive(ask, &url, response, credential).await;
        }
        Err(Fault::Final(
            Error::tool(format!("{} was redirected more than {MAX_REDIRECTS} times", show(&ask.url)))
                .remedy("check the registry's address"),
        ))
    }

    async fn send(
        &self,
        ask: &Ask,
        url: &Url,
        credential: Option<&Credential>,
    ) -> std::result::Result<Response, Fault> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut request = match &ask.body {
            None => self.http.get(url.clone()),
            Some((kind, body)) => self.http.post(url.clone()).header(CONTENT_TYPE, *kind).body(body.clone()),
        };
        request = request.header(ACCEPT, ask.accept).header(ACCEPT_ENCODING, "gzip");
        if let Some(etag) = &ask.etag
            && *url == ask.url
        {
            request = request.header(IF_NONE_MATCH, etag);
        }
        if let Some(credential) = credential {
            let mut value = HeaderValue::from_str(credential.header.reveal()).map_err(|_| {
                Fault::Final(
                    Error::usage(format!("the credential of {} cannot be sent as a header", credential.origin))
                        .remedy("write the token as the registry gave it, without blanks or line ends"),
                )
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.send().await.map_err(|e| {
            let what = if e.is_timeout() { "does not answer in time" } else { "cannot be reached" };
            let cause = chain(&e.without_url());
            let remedy = fault::remedy(&cause, "check the address and the connection; what was fetched so far is kept");
            Fault::Passing(Error::tool(format!("{} {what}: {cause}", show(url))).remedy(remedy))
        })
    }

    async fn receive(
        &self,
        ask: &Ask,
        url: &Url,
        mut response: Response,
        sent: Option<Credential>,
    ) -> std::result::Result<Answer, Fault> {
        let status = response.status();
        let headers = response.headers().clone();
        if let Some(nothing) = fault::of_status(status, url, &headers, sent.as_ref())? {
            return Ok(nothing);
        }
        let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        let limit = self.max_document();
        let too_large = || {
            Fault::Final(
                Error::tool(format!("{} sends more than {} MB", show(url), limit >> 20))
                    .remedy("raise network.max_document_mb in gaitkeeper.toml if the registry is to be trusted"),
            )
        };
        if announced.is_some_and(|n| n > limit) {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(SMALL));
        let mut alone = None;
        loop {
            let chunk = response.chunk().await.map_err(|e| {
                Fault::Passing(
                    Error::tool(format!("{} broke off: {}", show(url), chain(&e.without_url())))
                        .remedy("try again; what was fetched so far is kept"),
                )
            })?;
            let Some(chunk) = chunk else { break };
            self.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            if bytes.len() + chunk.len() > limit {
                return Err(too_large());
            }
            if alone.is_none() && bytes.len() + chunk.len() > SMALL {
                alone = Some(self.alone().await.map_err(Fault::Final)?);
                bytes.reserve_exact(announced.unwrap_or(0).saturating_sub(bytes.len()));
            }
            bytes.extend_from_slice(&chunk);
        }
        // An entity tag that was redirected to belongs to another address.
        let etag = headers.get(ETAG).and_then(|v| v.to_str().ok()).filter(|_| *url == ask.url).map(str::to_owned);
        Ok(Answer::Document(Body { bytes, etag, sent, alone }))
    }

    /// The credential with the longest scope that covers an address.
    fn credential(&self, url: &Url) -> Option<Credential> {
        self.addresses.credentials().into_iter().filter(|c| c.applies_to(url)).max_by_key(|c| c.scope.path.len())
    }

    fn host(&self, url: &Url, pace: Pace) -> Arc<Host> {
        let name =
            format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(name).or_insert_with(|| {
            Arc::new(Host::new(match pace {
                Pace::Fixed(n) => Some(n),
                Pace::Polite(n) => (!is_loopback(url)).then_some(n),
            }))
        }))
    }
}
