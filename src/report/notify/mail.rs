//! Messages by mail: a text part and an HTML part, whole (RFC 5322), with a header that nobody can add lines to.

use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};

use super::{Digest, clipped, reasons, standing};
use crate::archive::table::show_time;
use crate::error::{Error, Result, printable};
use crate::report::night::Night;

/// Characters of a subject.
const SUBJECT: usize = 150;
/// Findings that are told in full.
const FINDINGS: usize = 50;

/// Who writes to whom, when, and in which thread.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Sender.
    pub from: &'a str,
    /// Receivers.
    pub to: &'a [String],
    /// Key of the message; its Message-ID is made of it, so that a second delivery is recognised.
    pub key: &'a str,
    /// Key of the message that it answers.
    pub answers: Option<&'a str>,
    /// Time, milliseconds since the epoch.
    pub at: i64,
}

#[derive(Template)]
#[template(path = "report/notify/mail.html")]
struct Page<'a> {
    headline: &'a str,
    items: &'a [Item],
    notes: &'a [String],
}

#[derive(Template)]
#[template(path = "report/notify/mail.txt", escape = "none")]
struct Text<'a> {
    headline: &'a str,
    items: &'a [Item],
    notes: &'a [String],
}

/// A finding in strings, every one printable.
struct Item {
    name: String,
    standing: String,
    about: String,
    reasons: Vec<String>,
    command: String,
}

/// The findings of a night.
///
/// # Errors
/// As [`write`].
pub fn digest(digest: &Digest, envelope: &Envelope) -> Result<Vec<u8>> {
    let investigate = printable(&digest.view.investigate);
    let items: Vec<Item> = digest
        .findings
        .iter()
        .take(FINDINGS)
        .map(|finding| Item {
            name: finding.release.to_string(),
            standing: standing(finding),
            about: format!("{}  by {}", show_time(finding.at), printable(&finding.actor)),
            reasons: finding
                .raised
                .iter()
                .map(|raised| format!("raised by {}: {}", raised.cause.words(), printable(&raised.sentence)))
                .chain(reasons(finding))
                .collect(),
            command: format!("{investigate} {}", finding.release),
        })
        .collect();
    let mut notes = Vec::new();
    let more = digest.findings.len().saturating_sub(FINDINGS);
    if more > 0 {
        notes.push(format!(
            "and {more} more in {}",
            printable(digest.night.exports.as_deref().unwrap_or("the exports"))
        ));
    }
    notes.push(digest.figures());
    notes.push(Digest::CAUTION.to_owned());
    write(&digest.headline(), &items, &notes, envelope)
}

/// What did not work.
///
/// # Errors
/// As [`write`].
pub fn trouble(night: &Night, envelope: &Envelope) -> Result<Vec<u8>> {
    let notes: Vec<String> = night.failures.iter().map(|line| printable(line)).collect();
    write(&super::trouble_headline(night), &[], &notes, envelope)
}

/// What is sent to try the channel.
///
/// # Errors
/// As [`write`].
pub fn test(envelope: &Envelope) -> Result<Vec<u8>> {
    write(super::TEST, &[], &[], envelope)
}

/// # Errors
/// When sender or receiver is no mailbox.
fn write(headline: &str, items: &[Item], notes: &[String], envelope: &Envelope) -> Result<Vec<u8>> {
    let unfit = |e: String| Error::usage(e).remedy("correct [notify.mail] in gaitkeeper.toml");
    let mailbox = |text: &str| {
        text.parse::<Mailbox>().map_err(|e| unfit(format!("`{}` is no mail address: {e}", printable(text))))
    };
    let from = mailbox(envelope.from)?;
    let id = |key: &str| format!("<{key}@{}>", from.email.domain());
    let seconds = u64::try_from(envelope.at / 1000).unwrap_or_default();
    let mut message = Message::builder()
        .from(from.clone())
        .subject(clipped(&printable(headline), SUBJECT))
        .message_id(Some(id(envelope.key)))
        .date(UNIX_EPOCH + Duration::from_secs(seconds));
    for to in envelope.to {
        message = message.to(mailbox(to)?);
    }
    if let Some(answers) = envelope.answers {
        message = message.in_reply_to(id(answers)).references(id(answers));
    }
    let broken = |e: askama::Error| Error::tool(format!("the message could not be written: {e}"));
    let text = Text { headline, items, notes }.render().map_err(broken)?;
    let html = Page { headline, items, notes }.render().map_err(broken)?;
    let parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("gaitkeeper-{}", envelope.key))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(html));
    message.multipart(parts).map(|message| message.formatted()).map_err(|e| unfit(format!("the message: {e}")))
}
