//! What is in effect, key by key, and from which line: shown by `config check`, and hashed into every report of a night.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::address;
use super::notices::{Channels, SecretSource};
use super::settings::Config;
use super::toml_file::line_of;

impl Config {
    /// Every key with its value, as it is written in gaitkeeper.toml; of secrets only where they stand.
    #[must_use]
    pub fn effective(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        let mut set = |key: &str, value: String| out.push((key.to_owned(), value));
        let network = &self.network;
        if let Some(contact) = &network.contact {
            set("network.contact", quoted(contact));
        }
        set("network.connections", network.connections.to_string());
        set("network.timeout_seconds", network.timeout_seconds.to_string());
        set("network.attempts", network.attempts.to_string());
        set("network.first_pause_ms", network.first_pause_ms.to_string());
        set("network.throttle_pause_ms", network.throttle_pause_ms.to_string());
        set("network.max_document_mb", network.max_document_mb.to_string());
        set("network.stale_pauses_ms", format!("{:?}", network.stale_pauses_ms));
        set("network.feed_seconds", network.feed_seconds.to_string());
        set("network.poll_seconds", network.poll_seconds.to_string());
        for (id, registry) in &self.registries {
            for (key, url) in [("url", &registry.url), ("feed", &registry.feed)] {
                if let Some(url) = url {
                    set(&format!("registries.{id}.{key}"), quoted(&address::shown(url)));
                }
            }
            if let Some(rate) = registry.requests_per_second {
                set(&format!("registries.{id}.requests_per_second"), rate.to_string());
            }
        }
        let nightly = &self.nightly;
        set("nightly.budget", format!("\"1/{}\"", nightly.one_in));
        set("nightly.exports", shown(&nightly.exports));
        set("nightly.formats", format!("{:?}", nightly.formats));
        set("nightly.keep", nightly.keep.to_string());
        set("nightly.rate_nights", nightly.rate_nights.to_string());
        set("nightly.corroborate", format!("{:?}", nightly.corroborate));
        set("notify.quiet_nights", self.notify.quiet_nights.to_string());
        channels("notify", &self.notify.findings, &mut set);
        channels("notify.operations", &self.notify.operations, &mut set);
        if let Some(path) = &self.metrics.textfile {
            set("metrics.textfile", shown(path));
        }
        out
    }

    /// The same for the same settings in effect, wherever they come from: 16 hexadecimal digits of BLAKE3. No secret
    /// is in it.
    #[must_use]
    pub fn hash(&self) -> String {
        let lines: Vec<String> = self.effective().into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
        blake3::hash(lines.join("\n").as_bytes()).to_hex()[..16].to_owned()
    }
}

/// Every key that a text sets, with its line from 1; empty where it is no TOML.
#[must_use]
pub fn places(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    if let Ok(root) = DeTable::parse(text) {
        walk(root.get_ref(), "", text, &mut found);
    }
    found
}

fn walk(table: &DeTable<'_>, place: &str, text: &str, found: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = format!("{place}{}", key.get_ref());
        if let DeValue::Table(table) = Spanned::get_ref(value) {
            walk(table, &format!("{path}."), text, found);
        } else {
            let start = key.span().start.min(text.len());
            found.insert(path, line_of(&text.as_bytes()[..start]));
        }
    }
}

fn channels(place: &str, channels: &Channels, set: &mut impl FnMut(&str, String)) {
    let mut secret = |key: &str, source: &Option<SecretSource>| match source {
        Some(SecretSource::Env(name)) => set(&format!("{place}.{key}_env"), quoted(name)),
        Some(SecretSource::File(path)) => set(&format!("{place}.{key}_file"), shown(path)),
        None => {}
    };
    if let Some(slack) = &channels.slack {
        secret("slack.url", &slack.url);
        secret("slack.token", &slack.token);
    }
    if let Some(webhook) = &channels.webhook {
        secret("webhook.url", &webhook.url);
        secret("webhook.secret", &webhook.secret);
    }
    if let Some(mail) = &channels.mail {
        secret("mail.password", &mail.password);
    }
    let mut text = |key: &str, value: &str| set(&format!("{place}.{key}"), quoted(value));
    if let Some(slack) = &channels.slack {
        slack.channel.iter().for_each(|channel| text("slack.channel", channel));
        slack.api_url.iter().for_each(|url| text("slack.api_url", url));
    }
    if let Some(mail) = &channels.mail {
        text("mail.server", &mail.server);
        text("mail.security", mail.security.name());
        mail.user.iter().for_each(|user| text("mail.user", user));
        text("mail.from", &mail.from);
        set(&format!("{place}.mail.port"), mail.port.to_string());
        set(&format!("{place}.mail.to"), format!("{:?}", mail.to));
    }
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn shown(path: &Path) -> String {
    quoted(&path.display().to_string())
}
