//! Is this an hour at which the account does not publish?

use crate::baseline::actor::hour_bin;
use crate::baseline::stance::{DAY, HOUR};
use crate::detect::evidence::{Entity, Evidence, Fact, Group, Needs, Seen, Signal, fires, quiet};
use crate::detect::scene::Scene;

/// The row of the table.
pub static SIGNAL: Signal = Signal {
    id: "hour-of-week",
    group: Group::Cadence,
    question: "Is this an hour at which the account does not publish?",
    why: "A thief lives in another time zone, or works at night.",
    benign: "Travel, a deadline, a scheduled job. Weak alone: the median account has 62 % of its publishes in its best eight hours.",
    entity: Entity::Actor,
    needs: Needs { history: 20, fact: Fact::Publisher },
    measure: |look| {
        let (hours, bin) = (&look.actor.hours.bins, hour_bin(look.event.at));
        let (day, hour) = (bin / 24 * 24, bin % 24);
        let other = 24 - day;
        let around = |kind: usize| {
            0.5 * hours[kind + hour] + 0.25 * (hours[kind + (hour + 1) % 24] + hours[kind + (hour + 23) % 24])
        };
        let total = look.actor.hours.total;
        let near = around(day) + 0.5 * around(other);
        // Four publishes spread evenly stand for the population; 1.0 is an ordinary hour.
        Evidence::Probability((24.0 * (near + 4.0 / 24.0) / (total + 4.0)).min(1.0))
    },
    sentence: "Published at {observed}; the account's usual hours on such days: {usual}.",
    seen: |look| {
        let hours = &look.actor.hours.bins;
        let bin = hour_bin(look.event.at);
        let day = bin / 24 * 24;
        let mut order: Vec<usize> = (0..24).filter(|hour| hours[day + hour] > 0.0).collect();
        order.sort_by(|a, b| hours[day + *b].total_cmp(&hours[day + *a]).then(a.cmp(b)));
        let mut best: Vec<usize> = order.into_iter().take(5).collect();
        best.sort_unstable();
        let best: Vec<String> = best.iter().map(|h| format!("{h:02}")).collect();
        let kind = if bin < 24 { "working day" } else { "weekend" };
        let usual = if best.is_empty() { "none so far".to_owned() } else { format!("{} h", best.join(", ")) };
        Seen::new(format!("{:02} h UTC on a {kind}", bin % 24), usual, look.actor.n)
    },
    examples: &[
        fires("at 22 h on a Friday by an account that publishes on Tuesdays at 10 h", || {
            Scene::steady(40).after(3 * DAY + 12 * HOUR, |_| {})
        }),
        quiet("Tuesday at 10 h", || Scene::steady(40)),
    ],
};
