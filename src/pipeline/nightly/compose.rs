//! Which messages a night puts into the outbox: what a channel was told once it is not told again, unless something
//! later raised it.
//!
//! A message's key is a hash over its channel, its night and what it tells: composed again after a kill, it is the same.

use std::collections::BTreeMap;

use serde_json::Value;

use super::deliver::Channel;
use crate::archive::nights::{Message, Told};
use crate::archive::state::State;
use crate::detect::alert::{Finding, id_of};
use crate::error::Result;
use crate::report::night::Night;
use crate::report::notify::{Digest, mail, slack, webhook};
use crate::report::view::View;

/// Findings of a campaign that get an answer of their own in its thread.
const ANSWERS: usize = 10;

/// What goes into the outbox.
#[derive(Default)]
pub(super) struct Composed {
    /// Messages, in the order in which they are sent.
    pub messages: Vec<Message>,
    /// What they tell: channel, id of the finding, and where.
    pub told: Vec<(String, String, Told)>,
}

/// The findings of a night that a channel was not told yet.
pub(super) fn findings(
    channel: &Channel,
    night: &Night,
    view: &View,
    state: &State,
    quiet_nights: bool,
    now: i64,
) -> Result<Composed> {
    let told = state.told(&channel.name)?;
    let is_news =
        |finding: &&Finding| told.get(&finding.id()).is_none_or(|told| finding.raised.is_some() && !told.raised);
    let news: Vec<&Finding> = view.findings.iter().filter(is_news).collect();
    let mut composed = Composed::default();
    if news.is_empty() && !(quiet_nights && view.findings.is_empty()) {
        return Ok(composed);
    }
    let told_of: Vec<String> = news.iter().map(|f| format!("{}{}", f.id(), u8::from(f.raised.is_some()))).collect();
    let key = key(&channel.name, night.number, &format!("digest {}", told_of.join(" ")));
    let digest = Digest { night, view, findings: &news };
    let answered = news.iter().find_map(|finding| thread_of(finding, &told)).map(|told| told.message.clone());
    let payload = match channel.to {
        super::deliver::To::Slack(_) => bytes(&slack::digest(&digest)),
        super::deliver::To::Webhook(_) => bytes(&webhook::digest(&digest)),
        super::deliver::To::Mail(to) => mail::digest(
            &digest,
            &mail::Envelope { from: &to.from, to: &to.to, key: &key, answers: answered.as_deref(), at: now },
        )?,
    };
    composed.messages.push(Message { key: key.clone(), channel: channel.name.clone(), parent: None, payload });
    let mut threads = Threads { channel, night, view, told: &told, digest: &key, begun: BTreeMap::new() };
    for finding in &news {
        let message =
            if channel.has_threads() { threads.answer(finding, &news, &mut composed.messages) } else { key.clone() };
        let told = Told { message, raised: finding.raised.is_some() };
        composed.told.push((channel.name.clone(), finding.id(), told));
    }
    Ok(composed)
}

/// What did not work, for a channel of operations.
pub(super) fn trouble(channel: &Channel, night: &Night, now: i64) -> Result<Composed> {
    let key = key(&channel.name, night.number, &format!("trouble {}\n{}", night.started_at, night.failures.join("\n")));
    let payload = match channel.to {
        super::deliver::To::Slack(_) => bytes(&slack::trouble(night)),
        super::deliver::To::Webhook(_) => bytes(&webhook::trouble(night)),
        super::deliver::To::Mail(to) => {
            mail::trouble(night, &mail::Envelope { from: &to.from, to: &to.to, key: &key, answers: None, at: now })?
        }
    };
    let message = Message { key, channel: channel.name.clone(), parent: None, payload };
    Ok(Composed { messages: vec![message], told: Vec::new() })
}

/// A key of idempotency.
pub(super) fn key(channel: &str, night: i64, of: &str) -> String {
    let hash = blake3::hash(format!("{channel}\n{night}\n{of}").as_bytes());
    format!("msg_{}", &hash.to_hex()[..32])
}

pub(super) fn bytes(message: &Value) -> Vec<u8> {
    message.to_string().into_bytes()
}

/// Where a finding, its campaign, or what raised it was told before.
fn thread_of<'a>(finding: &Finding, told: &'a BTreeMap<String, Told>) -> Option<&'a Told> {
    told.get(&finding.id())
        // A campaign is named after its first alert: its id begins that finding's id.
        .or_else(|| {
            let campaign = &finding.campaign.as_ref()?.id;
            told.range(campaign.clone()..).next().filter(|(id, _)| id.starts_with(campaign)).map(|(_, told)| told)
        })
        .or_else(|| told.get(&id_of(&finding.raised.as_ref()?.by)))
}

/// The threads of a channel: one a campaign of several, and the digest's for what stands alone.
struct Threads<'a> {
    channel: &'a Channel<'a>,
    night: &'a Night,
    view: &'a View,
    told: &'a BTreeMap<String, Told>,
    digest: &'a str,
    begun: BTreeMap<String, (String, usize)>,
}

impl Threads<'_> {
    /// Answers in the thread that a finding belongs to, begun where there is none. Gives the key of its first message.
    fn answer(&mut self, finding: &Finding, news: &[&Finding], messages: &mut Vec<Message>) -> String {
        let several = finding.campaign.as_ref().filter(|campaign| campaign.size > 1).map(|c| c.id.clone());
        let name = several.clone().unwrap_or_default();
        let root = match (thread_of(finding, self.told), several) {
            (Some(told), _) => told.message.clone(),
            (None, Some(id)) => match self.begun.get(&id) {
                Some((root, _)) => root.clone(),
                None => self.begin(&id, news, messages),
            },
            (None, None) => self.digest.to_owned(),
        };
        let (_, answers) = self.begun.entry(name).or_insert_with(|| (root.clone(), 0));
        *answers += 1;
        if *answers <= ANSWERS {
            let of = format!("finding {} {}", finding.id(), finding.raised.is_some());
            messages.push(Message {
                key: key(&self.channel.name, self.night.number, &of),
                channel: self.channel.name.clone(),
                parent: Some(root.clone()),
                payload: bytes(&slack::finding(finding, &self.view.investigate)),
            });
        }
        root
    }

    fn begin(&mut self, id: &str, news: &[&Finding], messages: &mut Vec<Message>) -> String {
        let Some(campaign) = self.view.campaigns.iter().find(|campaign| campaign.id == id) else {
            return self.digest.to_owned();
        };
        let root = key(&self.channel.name, self.night.number, &format!("campaign {id}"));
        let members: Vec<&Finding> =
            news.iter().copied().filter(|f| f.campaign.as_ref().is_some_and(|of| of.id == id)).collect();
        messages.push(Message {
            key: root.clone(),
            channel: self.channel.name.clone(),
            parent: None,
            payload: bytes(&slack::campaign(campaign, &members)),
        });
        self.begun.insert(id.to_owned(), (root.clone(), 0));
        root
    }
}
