//! Did more time pass between certificate and publish than usual?

use crate::baseline::actor::log_hours;
use crate::baseline::ci::certificate_delay;
use crate::baseline::package::channel_kind;
use crate::baseline::stance::{DAY, HOUR, MINUTE};
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;
use crate::detect::wording::{count, span, typical_gap};

/// A publish within this time of its certificate is as prompt as any.
const PROMPT: i64 = HOUR / 2;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "certificate-delay",
    group: Group::CiIdentity,
    question: "Did more time pass between certificate and publish than usual?",
    why: "A tarball signed earlier and kept can be published by whoever finds it.",
    benign: "A staged publish waits hours for its approval.",
    entity: Entity::Package,
    needs: Needs { history: 3, fact: Fact::CertificateTime },
    measure: |look| {
        let past = look.package.ci[channel_kind(look.event)].delay;
        match certificate_delay(look.event) {
            Some(delay) if delay > PROMPT => Evidence::Above { value: log_hours(delay), past },
            _ => Evidence::Usual,
        }
    },
    sentence: "Published {observed} after the certificate was issued; usually {usual}.",
    seen: |look| {
        let past = &look.package.ci[channel_kind(look.event)].delay;
        Seen::new(certificate_delay(look.event).map_or_else(String::new, span), typical_gap(past), count(past.n))
    },
    examples: &[
        fires("two days later", || {
            Scene::steady(20)
                .all(|e| e.cert_issued_at = e.published_at.map(|at| at - MINUTE))
                .next(|e| e.cert_issued_at = e.published_at.map(|at| at - 2 * DAY))
        }),
        quiet("a minute later", || Scene::steady(21).all(|e| e.cert_issued_at = e.published_at.map(|at| at - MINUTE))),
    ],
};
