//! Which use a publish was: exact, by time and account, ambiguous, none; and the same in any order of the input.

use std::time::{Duration, Instant};

use gaitkeeper::acquire::owner::{Log, Token, Use};
use gaitkeeper::baseline::credentials::join::{Ambiguous, How, Joined, Publish, WINDOW_MS, is_publish, join};
use proptest::prelude::*;

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A use in the words `actor package version token country`, `-` for what is not said.
pub fn used(at: i64, words: &str) -> Use {
    let word = |n: usize| words.split(' ').nth(n).filter(|word| *word != "-").and_then(said);
    Use {
        at,
        actor: word(0),
        action: "publish".to_owned(),
        package: word(1),
        version: word(2),
        token: word(3),
        country: word(4),
        network: None,
        log: Log::Own,
    }
}

pub fn publish<'a>(package: &'a str, version: &'a str, at: i64, actor: &'a str) -> Publish<'a> {
    Publish { registry: "npm", package, version, at, actor: Some(actor) }
}

pub fn token(id: &str, name: &str, created: i64) -> Token {
    Token { id: id.to_owned(), name: said(name), created: Some(created), ..Token::default() }
}

const T: i64 = 1_788_336_000_000;

fn one(publishes: &[Publish<'_>], uses: &[Use]) -> Joined {
    join(publishes, &[token("key-1", "ci", 5)], uses, WINDOW_MS)
}

#[test]
fn a_named_version_joins_whatever_the_clock_says() {
    let joined = one(&[publish("a", "1.0.0", T, "ada")], &[used(T + 10 * WINDOW_MS, "eve a 1.0.0 ci DE")]);
    let credential = &joined.credentials[0];
    assert_eq!((credential.token_id.as_deref(), credential.token_created_at), (Some("key-1"), Some(5)));
    assert_eq!((credential.country.as_deref(), credential.actor.as_deref()), (Some("DE"), Some("eve")));
    assert_eq!((credential.how, credential.used_at), (How::NamedVersion, T + 10 * WINDOW_MS));
    assert_eq!((joined.unknown_tokens, joined.unmatched_publishes, joined.unmatched_uses), (0, 0, 0));
}

#[test]
fn time_and_account_join_only_what_is_alone_both_ways() {
    let alone = one(&[publish("a", "1.0.0", T, "ada")], &[used(T - WINDOW_MS, "ada - - other NL")]);
    assert_eq!(alone.credentials[0].how.text(), "time and actor");
    assert_eq!((alone.credentials[0].token_id.as_deref(), alone.unknown_tokens), (Some("other"), 1));
    let late = one(&[publish("a", "1.0.0", T, "ada")], &[used(T - WINDOW_MS - 1, "ada - - ci NL")]);
    assert_eq!((late.credentials.len(), late.unmatched_publishes, late.unmatched_uses), (0, 1, 1));
    let other = one(&[publish("a", "1.0.0", T, "ada")], &[used(T, "eve - - ci NL"), used(T, "ada b - ci NL")]);
    assert_eq!((other.credentials.len(), other.unmatched_publishes, other.unmatched_uses), (0, 1, 2));
    let two_uses = one(&[publish("a", "1.0.0", T, "ada")], &[used(T, "ada - - ci NL"), used(T + 1, "ada a - ci NL")]);
    assert_eq!(two_uses.ambiguous, [Ambiguous { publish: 0, candidates: 2 }]);
    let two_publishes =
        one(&[publish("a", "1.0.0", T, "ada"), publish("b", "1.0.0", T + 1, "ada")], &[used(T, "ada - - ci NL")]);
    assert_eq!((two_publishes.credentials.len(), two_publishes.ambiguous.len()), (0, 2));
    let told_apart = one(
        &[publish("a", "1.0.0", T, "ada"), publish("b", "1.0.0", T + 1, "ada")],
        &[used(T, "ada b - ci NL"), used(T, "ada a - other NL")],
    );
    let tokens: Vec<_> = told_apart.credentials.iter().map(|c| c.token_id.as_deref()).collect();
    assert_eq!(tokens, [Some("other"), Some("key-1")]);
}

#[test]
fn several_words_for_one_publish_are_one_unless_the_tokens_differ() {
    let publishes = [publish("a", "1.0.0", T, "ada")];
    let echo =
        one(&publishes, &[used(T, "ada a 1.0.0 - DE"), used(T + 9, "ada a 1.0.0 ci DE"), used(T, "ada a - - -")]);
    assert_eq!((echo.credentials.len(), echo.undecided_uses, echo.unmatched_uses), (1, 2, 0));
    assert_eq!(echo.credentials[0].token_id.as_deref(), Some("key-1"));
    let same = one(&publishes, &[used(T, "ada a 1.0.0 key-1 DE"), used(T, "ada a 1.0.0 ci NL")]);
    assert_eq!((same.credentials.len(), same.credentials[0].country.as_deref()), (1, None));
    let differ = one(&publishes, &[used(T, "ada a 1.0.0 x DE"), used(T, "ada a 1.0.0 ci DE")]);
    assert_eq!((differ.credentials.len(), differ.ambiguous), (0, vec![Ambiguous { publish: 0, candidates: 2 }]));
}

#[test]
fn used_and_nothing_published_is_found_for_watched_packages() {
    let publishes = [publish("a", "1.0.0", T, "ada")];
    let uses = [
        used(T, "ada a 1.0.0 ci DE"),
        used(T, "ada a 6.6.6 ci DE"),
        used(T + 9 * WINDOW_MS, "ada a - ci DE"),
        used(T, "ada elsewhere 1.0.0 ci DE"),
        Use { action: "unpublish".to_owned(), ..used(T, "ada a 9.9.9 ci DE") },
    ];
    let joined = one(&publishes, &uses);
    assert_eq!((joined.nothing_published, joined.unmatched_uses), (vec![1, 2], 3));
}

#[test]
fn one_version_of_two_registries_is_told_apart_by_the_clock_or_not_at_all() {
    let mut publishes = [publish("a", "1.0.0", T, "ada"), publish("a", "1.0.0", T + 9 * WINDOW_MS, "ada")];
    publishes[1].registry = "pypi";
    let apart = one(&publishes, &[used(T + 9 * WINDOW_MS, "ada a 1.0.0 ci DE")]);
    assert_eq!((apart.credentials[0].publish, apart.credentials.len(), apart.unmatched_publishes), (1, 1, 1));
    publishes[1].at = T;
    let together = one(&publishes, &[used(T, "ada a 1.0.0 ci DE")]);
    assert_eq!((together.credentials.len(), together.ambiguous.len(), together.undecided_uses), (0, 2, 1));
}

#[test]
fn a_name_that_several_tokens_share_means_none() {
    let tokens = [token("k1", "ci", 1), token("k2", "ci", 2)];
    let joined = join(&[publish("a", "1", T, "ada")], &tokens, &[used(T, "ada a 1 ci DE")], WINDOW_MS);
    let credential = &joined.credentials[0];
    assert_eq!((credential.token_id.as_deref(), credential.token_created_at), (Some("ci"), None));
    assert_eq!(joined.unknown_tokens, 1);
}

#[test]
fn actions_that_publish_a_package() {
    for yes in
        ["publish", "Package:Publish", "npm.publish", "packages.package_version_published", "packages.version_upload"]
    {
        assert!(is_publish(yes), "{yes}");
    }
    for no in
        ["", "unpublish", "release.publish", "packages.part_upload", "repo.access", "publisher", "token.create", "…"]
    {
        assert!(!is_publish(no), "{no}");
    }
}

#[test]
fn a_burst_of_one_account_costs_no_square() {
    let names: Vec<String> = (0..100_000).map(|n| format!("p{n}")).collect();
    let publishes: Vec<Publish<'_>> = names.iter().map(|name| publish(name, "1", T, "ada")).collect();
    let uses: Vec<Use> = (0..100_000).map(|n| used(T + n % 7, "ada - - ci DE")).collect();
    let same: Vec<Publish<'_>> = (0..100_000).map(|n| publish("p", "1", T + n % 5, "ada")).collect();
    let saying: Vec<Use> = (0..100_000).map(|n| used(T + n % 7, "ada p 1 ci DE")).collect();
    let began = Instant::now();
    let joined = join(&publishes, &[], &uses, WINDOW_MS);
    assert_eq!((joined.ambiguous.len(), joined.ambiguous[7].candidates), (100_000, 100_000));
    assert_eq!(join(&same, &[], &saying, WINDOW_MS).ambiguous.len(), 100_000);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

const NAMES: [&str; 3] = ["a", "b", "c"];

fn some_publishes() -> impl Strategy<Value = Vec<(usize, usize, i64, usize)>> {
    prop::collection::vec((0..3_usize, 0..3_usize, 0..40_i64, 0..4_usize), 0..12)
}

fn some_uses() -> impl Strategy<Value = Vec<Use>> {
    let word = || prop::sample::select(vec!["a", "b", "c", "-"]);
    let one = (0..40_i64, word(), word(), word(), word(), word(), any::<bool>());
    prop::collection::vec(one, 0..12).prop_map(|all| {
        all.into_iter()
            .map(|(at, actor, package, version, token, country, is_publish)| Use {
                action: if is_publish { "publish" } else { "login" }.to_owned(),
                ..used(T + at, &format!("{actor} {package} {version} {token} {country}"))
            })
            .collect()
    })
}

/// What a join says, in words that do not depend on the order of the input.
fn told(joined: &Joined, publishes: &[Publish<'_>], uses: &[Use]) -> Vec<String> {
    let mut lines: Vec<String> = joined
        .credentials
        .iter()
        .map(|c| {
            let rest = (&c.token_id, c.token_created_at, &c.country, &c.actor, c.used_at, c.how);
            format!("{:?} {rest:?}", publishes[c.publish])
        })
        .chain(joined.ambiguous.iter().map(|a| format!("{:?} ? {}", publishes[a.publish], a.candidates)))
        .chain(joined.nothing_published.iter().map(|&n| format!("nothing {:?}", uses[n])))
        .collect();
    lines.sort();
    lines.push(format!("{} {} {}", joined.unmatched_publishes, joined.unmatched_uses, joined.undecided_uses));
    lines
}

proptest! {
    #[test]
    fn the_order_of_the_input_does_not_matter(
        made in some_publishes(), uses in some_uses(), window in -1..20_i64, turn in 0..12_usize,
    ) {
        let all: Vec<Publish<'_>> = made
            .iter()
            .map(|&(package, version, at, actor)| Publish {
                actor: NAMES.get(actor).copied(),
                ..publish(NAMES[package], NAMES[version], T + at, "")
            })
            .collect();
        let tokens = [token("a", "", 1), token("k", "b", 2), token("k", "b", 3)];
        let straight = join(&all, &tokens, &uses, window);
        let (mut other, mut other_uses, mut other_tokens) = (all.clone(), uses.clone(), tokens.to_vec());
        other.reverse();
        let turned_by = turn.min(other.len());
        other.rotate_left(turned_by);
        other_uses.reverse();
        let turned_by = turn.min(other_uses.len());
        other_uses.rotate_left(turned_by);
        other_tokens.reverse();
        let turned = join(&other, &other_tokens, &other_uses, window);
        prop_assert_eq!(told(&straight, &all, &uses), told(&turned, &other, &other_uses));
        prop_assert_eq!(straight.credentials.len() + straight.ambiguous.len() + straight.unmatched_publishes, all.len());
        let publish_like = uses.iter().filter(|used| is_publish(&used.action)).count();
        prop_assert_eq!(straight.credentials.len() + straight.unmatched_uses + straight.undecided_uses, publish_like);
    }
}
