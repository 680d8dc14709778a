//! Sends what stands in the outbox, in order, and notes what became of it.
//!
//! A message is marked after its receiver took it. Who is killed in between sends it again, under the same key:
//! `webhook-id`, `Message-ID`, or the metadata of a Slack message.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::compose::bytes;
use crate::archive::nights::Message;
use crate::archive::state::State;
use crate::config::{Channels, Mail, Network, SLACK_API, Secret, Slack, Surroundings, Webhook};
use crate::error::{Error, Result};
use crate::net::send::{Post, Sender, Unsent};
use crate::net::smtp;
use crate::report::night::Delivered;
use crate::report::notify::{slack, webhook};

/// Errors of Slack's web API that a message has by itself: it is refused whenever it is sent.
const SLACK_REFUSES: &[&str] = &[
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_too_long",
    "msg_blocks_too_long",
    "no_text",
    "invalid_metadata_format",
];

/// A way to reach somebody, under its name.
pub(super) struct Channel<'a> {
    /// `findings.slack`, `operations.mail`, ...
    pub name: String,
    /// What it is.
    pub to: To<'a>,
}

/// What a channel is.
#[derive(Clone, Copy)]
pub(super) enum To<'a> {
    Slack(&'a Slack),
    Webhook(&'a Webhook),
    Mail(&'a Mail),
}

impl Channel<'_> {
    /// Slack shows threads, to who comes with a token.
    pub(super) fn has_threads(&self) -> bool {
        matches!(self.to, To::Slack(slack) if slack.token.is_some())
    }
}

/// The channels of one purpose.
pub(super) fn channels<'a>(purpose: &str, of: &'a Channels) -> Vec<Channel<'a>> {
    let named = |kind: &str, to| Channel { name: format!("{purpose}.{kind}"), to };
    let slack = of.slack.as_ref().map(|slack| named("slack", To::Slack(slack)));
    let webhook = of.webhook.as_ref().map(|webhook| named("webhook", To::Webhook(webhook)));
    let mail = of.mail.as_ref().map(|mail| named("mail", To::Mail(mail)));
    slack.into_iter().chain(webhook).chain(mail).collect()
}

/// Sends messages.
pub(super) struct Courier<'a> {
    pub sender: Sender,
    pub surroundings: &'a Surroundings,
    pub network: &'a Network,
    pub clock: fn() -> i64,
}

impl Courier<'_> {
    /// Sends what waits for these channels. Once a receiver does not take one for now, the others wait for the next
    /// run, so that their order stands.
    pub(super) async fn deliver(&self, state: &State, channels: &[Channel<'_>]) -> Result<BTreeMap<String, Delivered>> {
        let mut report: BTreeMap<String, Delivered> =
            channels.iter().map(|channel| (channel.name.clone(), Delivered::default())).collect();
        let mut deaf: BTreeSet<String> = BTreeSet::new();
        for message in state.waiting()? {
            let Some(channel) = channels.iter().find(|channel| channel.name == message.channel) else { continue };
            let delivered = report.entry(channel.name.clone()).or_default();
            if deaf.contains(&channel.name) {
                delivered.waiting += 1;
                continue;
            }
            let thread = message.parent.as_deref().map(|parent| state.receipt(parent)).transpose()?.flatten();
            match self.send(channel, &message, thread.as_deref()).await {
                Ok(receipt) => {
                    state.sent(&message.key, (self.clock)(), receipt.as_deref())?;
                    delivered.sent += 1;
                }
                Err(unsent) => {
                    let (error, never) = match unsent {
                        Unsent::Later(error) => (error, false),
                        Unsent::Never(error) => (error, true),
                    };
                    state.not_sent(&message.key, (self.clock)(), &error.to_string(), never)?;
                    delivered.failure = Some(error.to_string());
                    if never {
                        delivered.refused += 1;
                    } else {
                        delivered.waiting += 1;
                        deaf.insert(channel.name.clone());
                    }
                }
            }
        }
        Ok(report)
    }

    /// Sends one message. Gives what the receiver answered, if a later one needs it.
    pub(super) async fn send(
        &self,
        channel: &Channel<'_>,
        message: &Message,
        thread: Option<&str>,
    ) -> std::result::Result<Option<String>, Unsent> {
        match channel.to {
            To::Slack(slack) => self.slack(slack, message, thread).await,
            To::Webhook(webhook) => self.webhook(webhook, message).await.map(|()| None),
            To::Mail(mail) => self.mail(mail, message).map(|()| None),
        }
    }

    async fn slack(
        &self,
        to: &Slack,
        message: &Message,
        thread: Option<&str>,
    ) -> std::result::Result<Option<String>, Unsent> {
        if let Some(url) = &to.url {
            let url = url.read(self.surroundings).map_err(Unsent::Later)?;
            let post = || Post { url: url.clone(), headers: Vec::new(), body: message.payload.clone() };
            return self.sender.send(post).await.map(|_| None);
        }
        let unfit = || Unsent::Later(Error::usage("Slack is configured neither with an address nor with a token"));
        let token = to.token.as_ref().ok_or_else(unfit)?.read(self.surroundings).map_err(Unsent::Later)?;
        let api = to.api_url.as_deref().unwrap_or(SLACK_API);
        // A thread is where it was begun, whatever channel is configured now.
        let (place, thread) = match thread.and_then(|receipt| receipt.split_once('/')) {
            Some((place, thread)) => (place, Some(thread)),
            None => (to.channel.as_deref().ok_or_else(unfit)?, None),
        };
        let content: Value = serde_json::from_slice(&message.payload)
            .map_err(|e| Unsent::Never(Error::tool(format!("the message is damaged: {e}"))))?;
        let body = bytes(&slack::addressed(content, place, thread, &message.key));
        let answer = self
            .sender
            .send(|| Post {
                url: Secret::new(format!("{api}chat.postMessage")),
                headers: vec![("authorization", Secret::new(format!("Bearer {}", token.reveal())))],
                body: body.clone(),
            })
            .await?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if answer["ok"] == Value::Bool(true) {
            let text = |key: &str| answer[key].as_str();
            return Ok(text("channel").zip(text("ts")).map(|(channel, ts)| format!("{channel}/{ts}")));
        }
        let why = answer["error"].as_str().unwrap_or("the answer is not Slack's");
        let error = Error::tool(format!("Slack answers: {why}"));
        Err(if SLACK_REFUSES.contains(&why) {
            Unsent::Never(error.remedy("Slack does not take this message; it is not sent again"))
        } else {
            Unsent::Later(error.remedy("check the token, its scope chat:write, and that the app is in the channel"))
        })
    }

    async fn webhook(&self, to: &Webhook, message: &Message) -> std::result::Result<(), Unsent> {
        let unfit = || Unsent::Later(Error::usage("the webhook has no address or no secret"));
        let read = |source: &Option<crate::config::SecretSource>| {
            source.as_ref().ok_or_else(unfit)?.read(self.surroundings).map_err(Unsent::Later)
        };
        let (url, secret) = (read(&to.url)?, read(&to.secret)?);
        let key = webhook::Key::parse(secret.reveal()).map_err(Unsent::Later)?;
        let post = || {
            let seconds = (self.clock)().div_euclid(1000);
            Post {
                url: url.clone(),
                headers: vec![
                    ("webhook-id", Secret::new(message.key.clone())),
                    ("webhook-timestamp", Secret::new(seconds.to_string())),
                    ("webhook-signature", Secret::new(key.sign(&message.key, seconds, &message.payload))),
                ],
                body: message.payload.clone(),
            }
        };
        self.sender.send(post).await.map(|_| ())
    }

    fn mail(&self, to: &Mail, message: &Message) -> std::result::Result<(), Unsent> {
        let password = to.password.as_ref().map(|source| source.read(self.surroundings)).transpose();
        let password = password.map_err(Unsent::Later)?;
        let patience = Duration::from_secs(self.network.timeout_seconds);
        tokio::task::block_in_place(|| smtp::send(to, password.as_ref(), &message.payload, patience))
    }
}
