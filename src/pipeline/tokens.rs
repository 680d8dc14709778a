//! `tokens`: what an owner knows of its tokens, joined to the publishes of the archive.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Means;
use crate::acquire::owner::{self, Log, Owned, Token, Use, network};
use crate::archive::columns::PublishEvent;
use crate::archive::files;
use crate::archive::history::{History, intern};
use crate::archive::state::State;
use crate::archive::table::show_time;
use crate::archive::vocabulary::Vocabulary;
use crate::baseline::credentials::join::{Joined, Publish, WINDOW_MS, join};
use crate::baseline::credentials::measure::{TokenFacts, facts};
use crate::baseline::credentials::rotation::{Policy, Reason, Rotation, rotations};
use crate::baseline::stance::{DAY, HOUR, TOKEN_DORMANT};
use crate::cli::{Tokens, TokensAction};
use crate::error::{Error, Result, exit, printable};

/// Lines of one kind that are shown in full.
const IN_FULL: usize = 10;

pub(super) fn tokens(options: &Tokens, means: &Means) -> Result<u8> {
    match &options.action {
        TokensAction::Import { files } => import(files, means),
        TokensAction::Report { policy, json } => report(*policy, *json, means),
    }
}

fn import(files: &[PathBuf], means: &Means) -> Result<u8> {
    let dir = means.archive.dir()?;
    let mut out = String::new();
    let (mut tokens, mut uses, mut failed) = (Vec::new(), Vec::new(), 0);
    for file in files {
        match read(file) {
            Ok(Owned::Inventory(taken)) => {
                note(&mut out, file, taken.rows.len(), "tokens", &taken.skipped, taken.more_skipped, &taken.warnings);
                tokens.extend(taken.rows);
            }
            Ok(Owned::Audit(taken)) => {
                note(&mut out, file, taken.rows.len(), "events", &taken.skipped, taken.more_skipped, &taken.warnings);
                uses.extend(taken.rows);
            }
            Err(error) => {
                means.terminal.error(&error);
                failed += 1;
            }
        }
    }
    let history = means.archive.load()?;
    let state = State::open(dir)?;
    let kept_tokens: Vec<_> = tokens.iter().map(|token| (token.id.clone(), text(token))).collect();
    let kept_uses: Vec<_> = uses
        .iter()
        .map(|used| {
            let text = text(used);
            (blake3::hash(text.as_bytes()).to_hex()[..32].to_owned(), used.at, text)
        })
        .collect();
    let (fresh_tokens, fresh_uses) = state.keep_tokens(&kept_tokens, &kept_uses, means.now())?;
    let _ = writeln!(out, "kept: {fresh_tokens} tokens and {fresh_uses} events that were not known");

    let (tokens, uses) = held(&state)?;
    let publishes = publishes(&history);
    let joined = join(&publishes, &tokens, &uses, WINDOW_MS);
    let added = teach(&joined, &publishes, means)?;
    sums(&mut out, &joined, &publishes, added);
    let measured = facts(&joined.credentials, &tokens, &uses, &Policy::default());
    remarkable(&mut out, &measured, &publishes);
    means.terminal.result(&out)?;
    if failed > 0 {
        return Err(Error::tool(format!("{failed} of {} files were not taken up", files.len()))
            .remedy("see the error of each above; the others are kept"));
    }
    means.terminal.remark(&format!("next: {}", means.command("tokens report")));
    Ok(exit::CLEAN)
}

fn read(file: &Path) -> Result<Owned> {
    let bytes = fs::read(file).map_err(|e| files::unreadable(file, &e))?;
    owner::read(&bytes, &network::truncated).map_err(|error| error.file(file))
}

fn note(
    out: &mut String,
    file: &Path,
    rows: usize,
    what: &str,
    skipped: &[owner::Skipped],
    more: usize,
    warnings: &[String],
) {
    let left = skipped.len() + more;
    let _ = writeln!(out, "{}: {rows} {what}, {left} entries or fields left out", printable(&file.to_string_lossy()));
    for skip in skipped.iter().take(IN_FULL) {
        let _ = writeln!(out, "  left out {}: {}", printable(&skip.place), skip.reason);
    }
    if left > IN_FULL {
        let _ = writeln!(out, "  and {} more", left - IN_FULL);
    }
    for warning in warnings {
        let _ = writeln!(out, "  warning: {}", printable(warning));
    }
}

fn text(kept: &impl Serialize) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}

fn held(state: &State) -> Result<(Vec<Token>, Vec<Use>)> {
    fn all<T: DeserializeOwned>(texts: &[String]) -> Result<Vec<T>> {
        let read = texts.iter().map(|text| serde_json::from_str(text));
        read.collect::<std::result::Result<_, _>>().map_err(|e| {
            Error::tool(format!("what is kept of tokens cannot be read: {e}"))
                .remedy("import the inventories and logs again with this version of gaitkeeper")
        })
    }
    Ok((all(&state.tokens()?)?, all(&state.token_uses()?)?))
}

fn publishes(history: &History) -> Vec<Publish<'_>> {
    let text = |sym| history.words.text(sym);
    let named = history.events.iter().filter(|event| !event.is_bare());
    named
        .map(|event| Publish {
            registry: text(event.registry),
            package: text(event.package),
            version: text(event.version),
            at: event.at,
            actor: event.publisher.is_some().then(|| text(event.publisher)),
        })
        .collect()
}

/// Adds token, its age and country to the publishes; how many learnt something.
fn teach(joined: &Joined, publishes: &[Publish<'_>], means: &Means) -> Result<usize> {
    let mut words = Vocabulary::default();
    let rows = joined.credentials.iter().map(|credential| {
        let publish = &publishes[credential.publish];
        // GitHub's log names GitHub's tokens, with which nothing is published to a package registry.
        let own = credential.log == Log::Own;
        intern(
            PublishEvent {
                registry: Some(publish.registry.to_owned()),
                package: Some(publish.package.to_owned()),
                version: Some(publish.version.to_owned()),
                published_at: Some(publish.at),
                publisher: publish.actor.map(str::to_owned),
                token_id: credential.token_id.clone().filter(|_| own),
                token_created_at: credential.token_created_at.filter(|made| own && *made <= publish.at),
                country: credential.country.clone(),
                observed_at: Some(means.now()),
                ..PublishEvent::default()
            },
            &mut words,
        )
    });
    let rows = rows.collect();
    let mut intaker = means.archive.open_intake()?;
    let intake = intaker.offer(rows, &words);
    intaker.commit()?;
    Ok(intake.added)
}

fn sums(out: &mut String, joined: &Joined, publishes: &[Publish<'_>], added: usize) {
    let _ = writeln!(
        out,
        "publishes: {} of {} joined to a use of a token, {added} of them learnt something; {} may have been several \
         uses and were left; {} fit no use",
        joined.credentials.len(),
        publishes.len(),
        joined.ambiguous.len(),
        joined.unmatched_publishes
    );
    let _ = writeln!(
        out,
        "uses: {} fit no publish of this archive, {} were left undecided; {} joined ones name a token that is in no inventory",
        joined.unmatched_uses, joined.undecided_uses, joined.unknown_tokens
    );
    let made_later = joined.credentials.iter().filter_map(|c| Some((c.token_created_at?, publishes[c.publish].at)));
    let early = made_later.filter(|(made, at)| made > at).count();
    if early > 0 {
        let _ = writeln!(
            out,
            "contradictions: {early} publishes were made with a token that its inventory says was created later; its \
             age is left out of them"
        );
    }
    if !joined.nothing_published.is_empty() {
        let _ = writeln!(
            out,
            "used, and nothing published: {} uses name a package of this archive and no version that it has",
            joined.nothing_published.len()
        );
    }
}

/// Publishes whose token stands out, by the numbers.
fn remarkable(out: &mut String, measured: &[TokenFacts], publishes: &[Publish<'_>]) {
    let mut lines = Vec::new();
    for fact in measured {
        let mut why = Vec::new();
        if let Some(age) = fact.age_ms.filter(|age| (0..HOUR).contains(age)) {
            why.push(format!("minted {} min before", age / 60_000));
        }
        if let Some(over) = fact.over_policy_ms.filter(|over| *over > 0) {
            why.push(format!("{} days over the rotation policy", over / DAY));
        }
        if let Some(silent) = fact.silent_ms.filter(|silent| *silent > TOKEN_DORMANT) {
            why.push(format!("not used for {} days before", silent / DAY));
        }
        if let Some(pace) = fact.pace.filter(|pace| pace.tail < 1e-6) {
            why.push(format!("{} uses in an hour, {:.2} expected", pace.hour_uses, pace.expected));
        }
        if fact.is_new_country_of_actor == Some(true) {
            why.push("from a country that the account never acted from".to_owned());
        }
        if fact.past_expiry_ms.is_some_and(|past| past > 0) {
            why.push("past its end".to_owned());
        }
        if fact.since_revocation_ms.is_some_and(|past| past > 0) {
            why.push("revoked before".to_owned());
        }
        if !why.is_empty() {
            let publish = &publishes[fact.publish];
            let release = format!("{}@{}", publish.package, publish.version);
            lines.push(format!(
                "  {} {}: token {}: {}",
                show_time(publish.at),
                printable(&release),
                printable(&fact.token_id),
                why.join(", ")
            ));
        }
    }
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "publishes whose token stands out: {}", lines.len());
    for line in lines.iter().rev().take(IN_FULL) {
        let _ = writeln!(out, "{line}");
    }
    if lines.len() > IN_FULL {
        let _ = writeln!(out, "  and {} earlier ones", lines.len() - IN_FULL);
    }
}

fn report(days: u32, as_json: bool, means: &Means) -> Result<u8> {
    let dir = means.archive.dir()?;
    let nothing = || {
        Error::no_input("no token inventory is held here")
            .file(dir)
            .remedy("gaitkeeper tokens import --archive DIR tokens.json, made with: npm token list --json")
    };
    let state = State::read(dir)?.ok_or_else(nothing)?;
    let (tokens, uses) = held(&state)?;
    if tokens.is_empty() {
        return Err(nothing());
    }
    let policy = Policy { max_age_days: days, ..Policy::default() };
    let due = rotations(&tokens, &uses, &policy, means.now());
    let mut out = String::new();
    if as_json {
        for rotation in &due.due {
            let reasons: Vec<String> = rotation.reasons.iter().map(|reason| words(*reason)).collect();
            let line = json!({
                "schema_version": 1, "kind": "rotation", "token": rotation.token, "name": rotation.name,
                "created_at": rotation.created.map(show_time), "severity": severity(rotation), "reasons": reasons,
            });
            let _ = writeln!(out, "{line}");
        }
        let line = json!({
            "schema_version": 1, "kind": "summary", "due": due.due.len(), "fine": due.fine, "revoked": due.revoked,
            "expired": due.expired, "policy_days": days,
        });
        let _ = writeln!(out, "{line}");
        return means.terminal.result(&out).map(|()| exit::CLEAN);
    }
    for rotation in &due.due {
        let reasons: Vec<String> = rotation.reasons.iter().map(|reason| words(*reason)).collect();
        let name = rotation.name.as_ref().map_or_else(String::new, |name| format!(" ({})", printable(name)));
        let _ = writeln!(out, "{:9} {}{name}: {}", severity(rotation), printable(&rotation.token), reasons.join("; "));
    }
    let _ = writeln!(
        out,
        "{} of {} tokens are to be rotated or removed; {} are fine, {} were revoked, {} have ended",
        due.due.len(),
        tokens.len(),
        due.fine,
        due.revoked,
        due.expired
    );
    means.terminal.result(&out).map(|()| exit::CLEAN)
}

fn severity(rotation: &Rotation) -> &'static str {
    use crate::baseline::credentials::rotation::Severity;
    match rotation.severity {
        Severity::Urgent => "urgent",
        Severity::Due => "due",
        Severity::Advisable => "advisable",
    }
}

fn words(reason: Reason) -> String {
    match reason {
        Reason::UsedAfterRevocation(n) => format!("used {n} times after it was revoked"),
        Reason::UsedAfterExpiry(n) => format!("used {n} times after its end"),
        Reason::Exposed => "its whole secret stands in the inventory file".to_owned(),
        Reason::Bypass2fa => "writes without a second factor".to_owned(),
        Reason::WriteToAll => "may write to every package of the account".to_owned(),
        Reason::NeverExpires => "never ends".to_owned(),
        Reason::OlderThanPolicy(days) => format!("{days} days old"),
        Reason::LivesTooLong(days) => format!("made to live {days} days"),
        Reason::AgeUnknown => "nobody says when it was made".to_owned(),
        Reason::Unused(days) => format!("unused for {days} days"),
        Reason::NoCidr => "works from everywhere".to_owned(),
    }
}
