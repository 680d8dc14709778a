//! Messages for Slack: blocks, with strangers' strings as `rich_text`, which knows no markup at all.
//!
//! Limits are Slack's own (Block Kit reference): 50 blocks a message, 150 characters a header, 3,000 a text.
//! The fallback `text`, which notifications show, is mrkdwn: there `&`, `<` and `>` are escaped, as Slack asks.

use serde_json::{Value, json};

use super::{Digest, clipped, reasons, standing};
use crate::archive::table::show_time;
use crate::detect::alert::Finding;
use crate::engine::campaign::Campaign;
use crate::error::printable;
use crate::report::grouping::quiet;
use crate::report::night::Night;

/// Characters of a header.
const HEADER: usize = 150;
/// Characters of one element of text; Slack takes 3,000 in a block.
const ELEMENT: usize = 600;
/// Findings in one message, a block each: the blocks stay below 50 and the characters below what a message takes.
pub const FINDINGS: usize = 10;
/// Characters of the fallback.
const FALLBACK: usize = 1_000;

/// The digest of a night.
#[must_use]
pub fn digest(digest: &Digest) -> Value {
    let mut blocks = vec![header(&digest.headline())];
    blocks.extend(digest.findings.iter().take(FINDINGS).map(|f| finding_block(f, &digest.view.investigate)));
    let more = digest.findings.len().saturating_sub(FINDINGS);
    if more > 0 {
        let exports = digest.night.exports.as_deref().unwrap_or("the exports");
        blocks.push(plain(&format!("and {more} more in {}", printable(exports))));
    }
    blocks.push(plain(&format!("{}. {}", digest.figures(), Digest::CAUTION)));
    message(&fallback(&digest.headline(), digest.findings), &blocks)
}

/// The first message of a campaign's thread.
#[must_use]
pub fn campaign(campaign: &Campaign, findings: &[&Finding]) -> Value {
    let head = format!(
        "Campaign {}: {} publishes of {} packages{}",
        campaign.id,
        campaign.members.len(),
        campaign.packages,
        quiet(campaign)
    );
    let accounts = match campaign.accounts.as_slice() {
        [] => "publishers not recorded".to_owned(),
        few if few.len() <= 3 => few.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", "),
        many => format!("{} accounts", many.len()),
    };
    let shared = if campaign.shared.is_empty() {
        "no signal in most of them".to_owned()
    } else {
        format!("in common: {}", campaign.shared.join(", "))
    };
    let when = format!("from {} to {}", show_time(campaign.first), show_time(campaign.last));
    let blocks =
        vec![header(&head), plain(&format!("by {accounts}, {when}; {shared}. Each finding is in the thread."))];
    message(&fallback(&head, findings), &blocks)
}

/// One finding, as an answer in a thread.
#[must_use]
pub fn finding(finding: &Finding, investigate: &str) -> Value {
    message(&fallback("gaitkeeper", &[finding]), &[finding_block(finding, investigate)])
}

/// What did not work.
#[must_use]
pub fn trouble(night: &Night) -> Value {
    let head = super::trouble_headline(night);
    let mut blocks = vec![header(&head)];
    blocks.extend(night.failures.iter().take(FINDINGS).map(|line| plain(&printable(line))));
    if night.failures.len() > FINDINGS {
        blocks.push(plain(&format!("and {} more in run.json", night.failures.len() - FINDINGS)));
    }
    message(&escaped(&head), &blocks)
}

/// What is sent to try the channel.
#[must_use]
pub fn test() -> Value {
    message(super::TEST, &[plain(super::TEST)])
}

/// A message as the web API takes it: with its channel, its thread, and its key as metadata, by which a reader tells
/// two deliveries of one message.
#[must_use]
pub fn addressed(mut message: Value, channel: &str, thread: Option<&str>, key: &str) -> Value {
    message["channel"] = json!(channel);
    message["metadata"] = json!({ "event_type": "gaitkeeper_message", "event_payload": { "id": key } });
    if let Some(thread) = thread {
        message["thread_ts"] = json!(thread);
    }
    message
}

/// Text as mrkdwn that shows it (Slack, formatting text: "Escaping text").
#[must_use]
pub fn escaped(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn message(text: &str, blocks: &[Value]) -> Value {
    json!({ "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
}

fn fallback(head: &str, findings: &[&Finding]) -> String {
    let names: Vec<String> = findings.iter().take(3).map(|f| f.release.to_string()).collect();
    let text = if names.is_empty() { head.to_owned() } else { format!("{head}: {}", names.join(", ")) };
    // Escapes are up to five characters long, and none may be cut in two.
    escaped(&clipped(&text, FALLBACK / 5))
}

fn header(text: &str) -> Value {
    json!({ "type": "header", "text": { "type": "plain_text", "text": clipped(text, HEADER), "emoji": false } })
}

fn plain(text: &str) -> Value {
    rich(&[element(text, None)])
}

fn finding_block(finding: &Finding, investigate: &str) -> Value {
    let mut elements = vec![
        element(&finding.release.to_string(), Some("bold")),
        element(&format!("  {}\n{}  by {}", standing(finding), show_time(finding.at), printable(&finding.actor)), None),
    ];
    if let Some(raised) = &finding.raised {
        let text = format!("\nraised by {}: {}", raised.cause.words(), printable(&raised.sentence));
        elements.push(element(&text, None));
    }
    if let Some(caveat) = finding.caveat {
        elements.push(element(&format!("\nhardly judged: {caveat}"), None));
    }
    elements.extend(reasons(finding).map(|reason| element(&format!("\n{reason}"), None)));
    elements.push(element("\n", None));
    elements.push(element(&format!("{} {}", printable(investigate), finding.release), Some("code")));
    rich(&elements)
}

fn rich(elements: &[Value]) -> Value {
    json!({ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": elements }] })
}

fn element(text: &str, style: Option<&str>) -> Value {
    let mut element = json!({ "type": "text", "text": clipped(text, ELEMENT) });
    if let Some(style) = style {
        element["style"] = json!({ style: true });
    }
    element
}
