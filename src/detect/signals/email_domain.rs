//! Is the domain of the account's e-mail one it never had?

use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::{Scene, said};

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "email-domain",
    group: Group::Credential,
    question: "Is the domain of the account's e-mail one it never had?",
    why: "Privacy mail providers are the usual choice after a takeover.",
    benign: "A new employer; a privacy address.",
    entity: Entity::Actor,
    needs: Needs { history: 3, fact: Fact::EmailDomain },
    measure: |look| {
        if look.event.is_trusted_publisher() {
            return Evidence::NotApplicable;
        }
        Evidence::novelty(&look.actor.domains, look.event.publisher_email_domain)
    },
    sentence: "The account's e-mail is at {observed}; so far at {usual}.",
    seen: |look| Seen::among(look.event.publisher_email_domain, &look.actor.domains, look.words),
    examples: &[
        fires("a domain never seen", || Scene::steady(20).next(|e| e.publisher_email_domain = said("mail.example"))),
        quiet("the usual domain", || Scene::steady(20)),
    ],
};
