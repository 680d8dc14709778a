//! Is the account's e-mail address one it never had?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};
use crate::detect::wording::{most, name};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "email-change",
    group: Group::Credential,
    question: "Is the account's e-mail address one it never had?",
    why: "Who takes an account over changes its address first. First-ever new addresses come with 0.21 % of publishes.",
    benign: "A new employer; a privacy address.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::Email },
    measure: |look| {
        if look.event.is_trusted_publisher() {
            return Evidence::NotApplicable;
        }
        Evidence::novelty(&look.actor.emails, look.event.publisher_email_id)
    },
    sentence: "The account's e-mail is {observed}; its {n} earlier publishes had {usual}.",
    seen: |look| {
        let domain = name(look.event.publisher_email_domain, look.words);
        Seen::new(
            format!("new (domain: {domain})"),
            format!("{} other(s), domains {}", look.actor.emails.seen.len(), most(&look.actor.domains, look.words)),
            look.actor.emails.n,
        )
    },
    examples: &[
        fires("an address never seen", || Scene::steady(20).next(|e| e.publisher_email_id = said("cccccccccccc"))),
        quiet("the usual address", || Scene::steady(20)),
    ],
};
