//! `notify test`: a message to every channel, outside the outbox.

use std::fmt::Write;

use super::compose::{bytes, key};
use super::deliver::{Channel, Courier, To, channels};
use crate::archive::nights::Message;
use crate::cli::night::{Notify, NotifyAction};
use crate::config::Config;
use crate::error::{Error, Result, exit};
use crate::net::send::{Sender, Unsent};
use crate::pipeline::{Means, pull, time_of};
use crate::report::notify::{mail, slack, webhook};

pub(in crate::pipeline) fn notify(options: &Notify, means: &Means) -> Result<u8> {
    let NotifyAction::Test { config } = &options.action;
    let surroundings = means.surroundings()?;
    let config = Config::load(config.as_deref(), &surroundings)?;
    let mut all = channels("findings", &config.notify.findings);
    all.extend(channels("operations", &config.notify.operations));
    if all.is_empty() {
        return Err(Error::no_input("no channel is configured").remedy(
            "add [notify.slack], [notify.webhook] or [notify.mail] to gaitkeeper.toml; config init writes examples",
        ));
    }
    if means.offline {
        return Err(Error::usage("a test message cannot be sent with --offline").remedy("leave --offline out"));
    }
    let sender = Sender::new(&config.network)?;
    let courier = Courier { sender, surroundings: &surroundings, network: &config.network, clock: means.clock };
    let (mut out, mut failed) = (String::new(), 0);
    pull::runtime()?.block_on(async {
        for channel in &all {
            match courier.send(channel, &message(channel, means.now())?, None).await {
                Ok(_) => writeln!(out, "{}: sent", channel.name),
                Err(Unsent::Later(error) | Unsent::Never(error)) => {
                    failed += 1;
                    let remedy = error.remedy.as_deref().map_or_else(String::new, |remedy| format!(" ({remedy})"));
                    writeln!(out, "{}: not sent: {error}{remedy}", channel.name)
                }
            }
            // A string takes every line.
            .unwrap_or_default();
        }
        Ok::<(), Error>(())
    })?;
    means.terminal.result(&out)?;
    Ok(if failed > 0 { exit::PARTLY } else { exit::CLEAN })
}

fn message(channel: &Channel, now: i64) -> Result<Message> {
    let key = key(&channel.name, now, "test");
    let payload = match channel.to {
        To::Slack(_) => bytes(&slack::test()),
        To::Webhook(_) => bytes(&webhook::test(&time_of(now))),
        To::Mail(to) => mail::test(&mail::Envelope { from: &to.from, to: &to.to, key: &key, answers: None, at: now })?,
    };
    Ok(Message { key, channel: channel.name.clone(), parent: None, payload })
}
