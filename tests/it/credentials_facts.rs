//! How a publish stands to the life of its token, in numbers.

use gaitkeeper::acquire::owner::{Stated, Token, Use};
use gaitkeeper::baseline::credentials::join::{Credential, WINDOW_MS, join};
use gaitkeeper::baseline::credentials::life::lives;
use gaitkeeper::baseline::credentials::measure::{TokenFacts, facts};
use gaitkeeper::baseline::credentials::rotation::Policy;

use crate::credentials_join::{publish, token, used};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The beginning of a day of UTC.
const T: i64 = 1_788_307_200_000;

/// The facts of a publish of ada's at `at`, by the use that is the last of `uses`.
fn of(tokens: &[Token], uses: &[Use], at: i64) -> TokenFacts {
    let joined = join(&[publish("a", "1", at, "ada")], tokens, uses, WINDOW_MS);
    let mut all = facts(&joined.credentials, tokens, uses, &Policy::default());
    assert_eq!(all.len(), 1, "{joined:?}");
    all.remove(0)
}

#[test]
fn a_token_minted_minutes_before() {
    let found = of(&[token("k", "", T)], &[used(T + 7 * 60_000, "ada a 1 k DE")], T + 7 * 60_000);
    assert_eq!((found.age_ms, found.silent_ms, found.log_covers_ms), (Some(7 * 60_000), None, 0));
    assert_eq!(found.over_policy_ms, Some(7 * 60_000 - 30 * DAY));
    assert_eq!((found.pace, found.is_new_country_of_token, found.is_new_country_of_actor), (None, None, None));
}

#[test]
fn a_token_that_came_alive_from_a_new_country() {
    let uses = [
        used(T, "ada - - k DE"),
        used(T + DAY, "ada - - other NL"),
        used(T + 100 * DAY, "ada a 1 k NL"),
        used(T + 200 * DAY, "ada - - k NL"),
    ];
    let found = of(&[token("k", "", T - DAY)], &uses, T + 100 * DAY);
    assert_eq!((found.silent_ms, found.log_covers_ms), (Some(100 * DAY), 100 * DAY));
    assert_eq!((found.is_new_country_of_token, found.is_new_country_of_actor), (Some(true), Some(false)));
    assert_eq!(found.over_policy_ms, Some(71 * DAY));
}

#[test]
fn past_its_end_and_after_its_revocation() {
    let mut k = token("k", "", T);
    (k.expires, k.revoked) = (Stated::At(T + DAY), Some(T + 3 * DAY));
    let found = of(&[k], &[used(T + 2 * DAY, "ada a 1 k DE")], T + 2 * DAY);
    assert_eq!((found.past_expiry_ms, found.since_revocation_ms), (Some(DAY), Some(-DAY)));
}

#[test]
fn the_hour_before_is_held_against_the_token_s_own_pace() {
    let steady = (0..100).map(|hour| used(T + hour * HOUR, "ada - - k DE"));
    let now = T + 101 * HOUR;
    let burst = (0..20).map(|n| used(now - 60_000 * n - 60_000, "ada - - k DE"));
    let this = used(now, "ada a 1 k DE");
    let calm = of(&[], &steady.clone().chain([this.clone()]).collect::<Vec<_>>(), now).pace.expect("pace");
    assert_eq!((calm.hour_uses, calm.earlier_uses), (1, 100));
    assert!((calm.expected - 1.0).abs() < 1e-9 && (calm.tail - 0.632).abs() < 1e-3, "{calm:?}");
    let wild = of(&[], &steady.chain(burst).chain([this]).collect::<Vec<_>>(), now).pace.expect("pace");
    assert_eq!((wild.hour_uses, wild.earlier_uses), (21, 100));
    assert!(wild.tail < 1e-19 && wild.tail > 0.0, "{wild:?}");
}

#[test]
fn the_future_does_not_count() {
    let past = [used(T, "ada - - k DE"), used(T + DAY, "ada a 1 k NL")];
    let with_future: Vec<Use> =
        past.iter().cloned().chain((2..50).map(|day| used(T + day * DAY, "ada - - k NL"))).collect();
    assert_eq!(of(&[], &past, T + DAY), of(&[], &with_future, T + DAY));
}

#[test]
fn a_life_is_the_same_in_any_order() {
    let mut uses: Vec<Use> = (0..10).map(|n| used(T + n * DAY / 4, "ada - - ci DE")).collect();
    uses.push(used(T + 9 * DAY, "bob - - k NL"));
    uses.push(used(T + 9 * DAY, "bob - - unknown NL"));
    let tokens = [token("k", "ci", 3), token("idle", "", 4)];
    let all = lives(&tokens, &uses);
    uses.reverse();
    assert_eq!(lives(&tokens, &uses), all);
    let ids: Vec<&str> = all.iter().map(|life| life.id.as_str()).collect();
    assert_eq!(ids, ["idle", "k", "unknown"]);
    assert_eq!((all[0].uses, all[0].created, all[0].first_use), (0, Some(4), None));
    let k = &all[1];
    assert_eq!((k.uses, k.active_days, k.per_day_max), (11, 4, 4));
    assert_eq!((k.first_use, k.last_use), (Some(T), Some(T + 9 * DAY)));
    assert!((k.per_day_mean - 1.1).abs() < 1e-9);
    assert_eq!(k.countries.iter().map(|(c, n)| format!("{c}{n}")).collect::<Vec<_>>(), ["DE10", "NL1"]);
}

#[test]
fn absurd_times_do_not_overflow() {
    let mut tokens = vec![token("k", "", i64::MAX), token("m", "", i64::MIN)];
    tokens[1].expires = Stated::At(i64::MAX);
    tokens[1].revoked = Some(i64::MIN);
    let ends = [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX];
    let uses: Vec<Use> = ends.iter().flat_map(|&at| [used(at, "ada a 1 k DE"), used(at, "ada - - m NL")]).collect();
    let publishes: Vec<_> = ends.iter().map(|&at| publish("a", "1", at, "ada")).collect();
    for window in [i64::MIN, 0, WINDOW_MS, i64::MAX] {
        let joined = join(&publishes, &tokens, &uses, window);
        let credentials: Vec<Credential> = ends
            .iter()
            .flat_map(|&at| joined.credentials.iter().cloned().map(move |c| Credential { used_at: at, ..c }))
            .collect();
        for found in facts(&credentials, &tokens, &uses, &Policy::default()) {
            assert!(found.pace.is_none_or(|pace| pace.tail.is_finite() && pace.expected.is_finite()), "{found:?}");
        }
    }
    assert_eq!(lives(&tokens, &uses).len(), 2);
}
