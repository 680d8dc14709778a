//! The text of `[nightly]`, `[notify]` and `[metrics]` to their settings, collecting every problem on the way.

use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use super::address;
use super::notices::{Channels, Mail, Metrics, Nightly, Notify, SecretSource, Security, Slack, Webhook};
use super::toml_file::Reader;
use crate::error::printable;

/// Longest text of a setting, in bytes.
const LONGEST: usize = 1024;
/// Most entries of a list.
const MOST: usize = 100;

type Value<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    pub(super) fn nightly(&mut self, value: &Value<'_>, nightly: &mut Nightly) {
        let Some(table) = self.table(value, "nightly") else { return };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "budget" => self.budget(value, &mut nightly.one_in),
                "exports" => self.path(value, "nightly.exports", &mut nightly.exports),
                "formats" => self.texts(value, "nightly.formats", &mut nightly.formats),
                "keep" => self.number(value, "nightly.keep", 0..=10_000, &mut nightly.keep),
                "rate_nights" => self.number(value, "nightly.rate_nights", 1..=1_000, &mut nightly.rate_nights),
                "corroborate" => self.texts(value, "nightly.corroborate", &mut nightly.corroborate),
                other => {
                    let known = &["budget", "exports", "formats", "keep", "rate_nights", "corroborate"];
                    self.unknown(&key.span(), "nightly.", other, known);
                }
            }
        }
    }

    pub(super) fn notify(&mut self, value: &Value<'_>, notify: &mut Notify) {
        let Some(table) = self.table(value, "notify") else { return };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "quiet_nights" => match value.get_ref().as_bool() {
                    Some(yes) => notify.quiet_nights = yes,
                    None => self.wrong_type(value, "notify.quiet_nights", "true or false"),
                },
                "operations" => {
                    let Some(table) = self.table(value, "notify.operations") else { continue };
                    for (key, value) in table {
                        let name = key.get_ref().as_ref();
                        if !self.channel(value, "notify.operations.", name, &mut notify.operations) {
                            self.unknown(&key.span(), "notify.operations.", name, &["slack", "webhook", "mail"]);
                        }
                    }
                }
                name => {
                    if !self.channel(value, "notify.", name, &mut notify.findings) {
                        let known = &["slack", "webhook", "mail", "operations", "quiet_nights"];
                        self.unknown(&key.span(), "notify.", name, known);
                    }
                }
            }
        }
    }

    pub(super) fn metrics(&mut self, value: &Value<'_>, metrics: &mut Metrics) {
        let Some(table) = self.table(value, "metrics") else { return };
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "textfile" => {
                    let mut path = PathBuf::new();
                    self.path(value, "metrics.textfile", &mut path);
                    metrics.textfile = Some(path);
                }
                other => self.unknown(&key.span(), "metrics.", other, &["textfile"]),
            }
        }
    }

    /// Reads one way to reach somebody; `false` where there is none of that name.
    fn channel(&mut self, value: &Value<'_>, place: &str, name: &str, channels: &mut Channels) -> bool {
        let path = format!("{place}{name}");
        match name {
            "slack" => channels.slack = self.slack(value, &path),
            "webhook" => channels.webhook = self.webhook(value, &path),
            "mail" => channels.mail = self.mail(value, &path),
            _ => return false,
        }
        true
    }

    fn slack(&mut self, value: &Value<'_>, place: &str) -> Option<Slack> {
        const KEYS: &[&str] = &["url_env", "url_file", "token_env", "token_file", "channel", "api_url"];
        let mut slack = Slack::default();
        for (key, value) in self.table(value, place)? {
            let name = key.get_ref().as_ref();
            let path = format!("{place}.{name}");
            match name {
                "url_env" | "url_file" => self.secret(value, &path, &mut slack.url),
                "token_env" | "token_file" => self.secret(value, &path, &mut slack.token),
                "channel" => slack.channel = self.text(value, &path),
                "api_url" => slack.api_url = self.web(value, &path),
                other => self.unknown(&key.span(), &format!("{place}."), other, KEYS),
            }
        }
        let by_webhook = slack.url.is_some() && slack.token.is_none() && slack.channel.is_none();
        let by_token = slack.url.is_none() && slack.token.is_some() && slack.channel.is_some();
        if !by_webhook && !by_token {
            self.lacks(
                &value.span(),
                place,
                "either url_env or url_file (an incoming webhook), or token_env or token_file with channel",
            );
        }
        Some(slack)
    }

    fn webhook(&mut self, value: &Value<'_>, place: &str) -> Option<Webhook> {
        const KEYS: &[&str] = &["url_env", "url_file", "secret_env", "secret_file"];
        let mut webhook = Webhook::default();
        for (key, value) in self.table(value, place)? {
            let name = key.get_ref().as_ref();
            let path = format!("{place}.{name}");
            match name {
                "url_env" | "url_file" => self.secret(value, &path, &mut webhook.url),
                "secret_env" | "secret_file" => self.secret(value, &path, &mut webhook.secret),
                other => self.unknown(&key.span(), &format!("{place}."), other, KEYS),
            }
        }
        if webhook.url.is_none() || webhook.secret.is_none() {
            self.lacks(&value.span(), place, "url_env or url_file, and secret_env or secret_file");
        }
        Some(webhook)
    }

    fn mail(&mut self, value: &Value<'_>, place: &str) -> Option<Mail> {
        const KEYS: &[&str] = &["server", "port", "security", "user", "password_env", "password_file", "from", "to"];
        let mut mail = Mail::default();
        for (key, value) in self.table(value, place)? {
            let name = key.get_ref().as_ref();
            let path = format!("{place}.{name}");
            match name {
                "server" => mail.server = self.text(value, &path).unwrap_or_default(),
                "port" => self.number(value, &path, 1..=65_535, &mut mail.port),
                "security" => self.security(value, &path, &mut mail.security),
                "user" => mail.user = self.text(value, &path),
                "password_env" | "password_file" => self.secret(value, &path, &mut mail.password),
                "from" => mail.from = self.mailbox(value, &path).unwrap_or_default(),
                "to" => {
                    let Some(list) = value.get_ref().as_array() else {
                        self.wrong_type(value, &path, "a list of addresses");
                        continue;
                    };
                    for (at, item) in list.iter().enumerate().take(MOST) {
                        mail.to.extend(self.mailbox(item, &format!("{path}[{at}]")));
                    }
                }
                other => self.unknown(&key.span(), &format!("{place}."), other, KEYS),
            }
        }
        if mail.server.is_empty() || mail.from.is_empty() || mail.to.is_empty() {
            self.lacks(&value.span(), place, "server, from and to");
        }
        if mail.user.is_some() != mail.password.is_some() {
            self.lacks(&value.span(), place, "user and password_env or password_file together, or none of them");
        }
        let here = matches!(mail.server.as_str(), "localhost" | "127.0.0.1" | "::1");
        if mail.security == Security::None && !mail.server.is_empty() && !here {
            let what = format!("`{place}.security` is \"none\", which only a server on this machine itself may have");
            self.report(&value.span(), what);
        }
        Some(mail)
    }

    fn lacks(&mut self, at: &Range<usize>, place: &str, what: &str) {
        self.report(at, format!("`{place}` needs {what}"));
    }

    fn secret(&mut self, value: &Value<'_>, path: &str, slot: &mut Option<SecretSource>) {
        let Some(text) = self.text(value, path) else { return };
        let source = if path.ends_with("_env") {
            if !text.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) {
                // What stands here may be the secret itself.
                let what = format!("`{path}` is no name of an environment variable; the secret goes into the variable");
                return self.report(&value.span(), what);
            }
            SecretSource::Env(text)
        } else {
            SecretSource::File(PathBuf::from(text))
        };
        if slot.replace(source).is_some() {
            self.report(&value.span(), format!("`{path}`: the same secret is named twice, as _env and as _file"));
        }
    }

    fn security(&mut self, value: &Value<'_>, path: &str, slot: &mut Security) {
        let Some(text) = self.text(value, path) else { return };
        if let Some(security) = Security::ALL.into_iter().find(|s| s.name() == text) {
            *slot = security;
        } else {
            let shown: String = printable(&text).chars().take(LONGEST / 16).collect();
            self.report(&value.span(), format!("`{path}` is \"{shown}\", not \"starttls\", \"tls\" or \"none\""));
        }
    }

    fn mailbox(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let text = self.text(value, path)?;
        let bare = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(&text);
        let fits = bare.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !bare.contains(char::is_whitespace)
        });
        if !fits {
            self.report(&value.span(), format!("`{path}` is not a mail address"));
        }
        fits.then_some(text)
    }

    fn budget(&mut self, value: &Value<'_>, slot: &mut u32) {
        let one_in = value.get_ref().as_str().and_then(|text| {
            text.strip_prefix("1/")?.replace('_', "").parse::<u32>().ok().filter(|n| (1..=1_000_000).contains(n))
        });
        match one_in {
            Some(one_in) => *slot = one_in,
            None => self.report(
                &value.span(),
                "`nightly.budget` is not \"1/N\" with N from 1 to 1000000, for example \"1/1000\"".to_owned(),
            ),
        }
    }

    fn web(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let text = self.text(value, path)?;
        match address::parse("", &text, &format!("`{path}`")) {
            Ok(address) => Some(address.url.to_string()),
            Err(error) => {
                self.report(&value.span(), error.what);
                None
            }
        }
    }

    fn path(&mut self, value: &Value<'_>, path: &str, slot: &mut PathBuf) {
        if let Some(text) = self.text(value, path) {
            *slot = PathBuf::from(text);
        }
    }

    fn text(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(value, path, "a string");
            return None;
        };
        if text.is_empty() || text.len() > LONGEST || printable(text) != text {
            self.report(&value.span(), format!("`{path}` is empty, longer than {LONGEST} bytes, or not printable"));
            return None;
        }
        Some(text.to_owned())
    }

    fn texts(&mut self, value: &Value<'_>, path: &str, slot: &mut Vec<String>) {
        let Some(array) = value.get_ref().as_array() else {
            return self.wrong_type(value, path, "a list of strings");
        };
        slot.clear();
        for (at, item) in array.iter().enumerate().take(MOST) {
            slot.extend(self.text(item, &format!("{path}[{at}]")));
        }
    }
}
