//! `verify`: a Sigstore document, step by step.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Means;
use super::material::{self, Material};
use crate::acquire::document;
use crate::acquire::sigstore::attestation::{Attestation, BoundTo, Report, Verdict};
use crate::acquire::sigstore::certificate::{self, Certificate};
use crate::acquire::sigstore::claims;
use crate::acquire::sigstore::digest::Digest;
use crate::acquire::sigstore::expected;
use crate::acquire::sigstore::identity::{Signer, signer};
use crate::acquire::sigstore::level::level;
use crate::acquire::sigstore::registry_signature;
use crate::acquire::sigstore::steps::{State, StepId};
use crate::acquire::sigstore::trust::Trust;
use crate::acquire::sigstore::verify::{Expected, verify_document};
use crate::archive::files;
use crate::archive::table::show_time;
use crate::cli::{TrustOptions, Verify};
use crate::error::{Error, Result, exit, printable};
use crate::names::{NPM, ReleaseId};

/// Largest document that is read from a file.
const MAX_DOCUMENT: usize = 64 << 20;

/// One document with what it came to.
struct Seen {
    name: String,
    report: Report,
}

pub(super) fn verify(options: &Verify, means: &Means) -> Result<u8> {
    let trust = trust(&options.trust)?;
    let asked = Expected {
        purl: options.purl.as_deref().map(purl).transpose()?,
        file: None,
        digests: options.digest.iter().map(|digest| Digest::parse(digest)).collect::<Result<_>>()?,
    };
    let path = Path::new(&options.subject);
    let (seen, signatures) = if path.exists() {
        let text = read(path)?;
        let report = verify_document(&text, &asked, &trust).map_err(|error| error.file(path))?;
        (vec![Seen { name: options.subject.clone(), report }], Vec::new())
    } else {
        let release: ReleaseId = options.subject.parse().map_err(|error: Error| {
            Error::usage(format!("`{}` is neither a file that is here nor a release", printable(&options.subject)))
                .remedy(error.remedy.unwrap_or_default())
        })?;
        of_release(&release, options, &asked, &trust, means)?
    };
    let out = if options.json { lines(&seen, &signatures) } else { text(&seen, &signatures, &trust) };
    means.terminal.result(&out)?;
    let refused = signatures.iter().any(|(_, state)| matches!(state, State::Failed(_)));
    let verdicts: Vec<Verdict> = seen.iter().map(|seen| seen.report.verdict()).collect();
    if refused || verdicts.iter().any(|v| matches!(v, Verdict::Failed { .. } | Verdict::Unverifiable { .. })) {
        return Ok(exit::FINDINGS);
    }
    if let Some(Verdict::Infrastructure { why }) = verdicts.iter().find(|v| matches!(v, Verdict::Infrastructure { .. }))
    {
        return Err(Error::tool(format!("nothing can be said of it: {why}"))
            .remedy("set the clock of this machine, or give a newer --trusted-root"));
    }
    let found = verdicts.contains(&Verdict::Verified);
    Ok(if found { exit::CLEAN } else { exit::NO_INPUT })
}

/// A purl with a version, as it was given.
fn purl(text: &str) -> Result<String> {
    const REMEDY: &str = "write it as pkg:npm/axios@1.14.1, pkg:pypi/requests@2.32.0 or pkg:gem/rails@8.0.0";
    if !text.starts_with("pkg:") {
        return Err(Error::usage(format!("--purl: `{}` is no purl", printable(text))).remedy(REMEDY));
    }
    let release = text.parse::<ReleaseId>();
    release.map(|_| text.to_owned()).map_err(|error| Error::usage(format!("--purl: {error}")).remedy(REMEDY))
}

/// Whose signatures count.
pub(super) fn trust(options: &TrustOptions) -> Result<Trust> {
    let text = |path: &Path| fs::read_to_string(path).map_err(|e| files::unreadable(path, &e));
    let trust = match &options.trusted_root {
        None => Trust::embedded()?,
        Some(path) => Trust::from_json(&text(path)?).map_err(|error| error.file(path))?,
    };
    match &options.npm_keys {
        None => Ok(trust),
        Some(path) => trust.with_npm_keys(&text(path)?).map_err(|error| error.file(path)),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let file = fs::File::open(path).map_err(|e| files::unreadable(path, &e))?;
    document::any_from_reader(file, MAX_DOCUMENT).map_err(|error| error.file(path))
}

type Signatures = Vec<(String, State)>;

fn of_release(
    release: &ReleaseId,
    options: &Verify,
    asked: &Expected,
    trust: &Trust,
    means: &Means,
) -> Result<(Vec<Seen>, Signatures)> {
    let found = material::of(release, &options.reach, means)?;
    means.terminal.remark(&format!("{release}: documents of {}", printable(&found.from)));
    let mut seen = Vec::new();
    for (path, document) in &found.attestations {
        let mut expected = expected::of(found.registry.id, &found.package, &found.release, path);
        expected.purl = asked.purl.clone().or(expected.purl);
        if !asked.digests.is_empty() {
            expected.digests.clone_from(&asked.digests);
        }
        let report = verify_document(document, &expected, trust).map_err(|error| error.place(path.clone()))?;
        seen.push(Seen { name: path.clone(), report });
    }
    Ok((seen, registry_signatures(&found, trust)))
}

#[derive(Deserialize)]
struct Packument<'a> {
    #[serde(borrow, default)]
    versions: HashMap<String, &'a RawValue>,
}

#[derive(Deserialize)]
struct Manifest {
    dist: Dist,
}

#[derive(Deserialize)]
struct Dist {
    #[serde(default)]
    integrity: String,
    #[serde(default)]
    signatures: Vec<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    keyid: String,
    sig: String,
}

/// npm's own signatures over the version's name and digest.
fn registry_signatures(found: &Material, trust: &Trust) -> Signatures {
    if found.registry.id != NPM {
        return Vec::new();
    }
    let Ok(packument) = serde_json::from_slice::<Packument>(&found.document) else { return Vec::new() };
    let manifest = packument.versions.get(&found.release.version).map(|raw| raw.get());
    let Some(Ok(Manifest { dist })) = manifest.map(serde_json::from_str) else { return Vec::new() };
    let given: Vec<(&str, &str)> = dist.signatures.iter().map(|s| (s.keyid.as_str(), s.sig.as_str())).collect();
    let published = Some(found.release.published_at / 1000);
    registry_signature::verify(&found.package, &found.release.version, &dist.integrity, &given, published, trust)
        .into_iter()
        .map(|signature| (signature.key_id.clone(), signature.state().clone()))
        .collect()
}

fn mark(state: &State) -> (&'static str, &str) {
    match state {
        State::Verified => ("verified", ""),
        State::Failed(why) => ("FAILED", why),
        State::Absent => ("absent", ""),
        State::NotReached => ("not reached", ""),
    }
}

fn text(seen: &[Seen], signatures: &Signatures, trust: &Trust) -> String {
    let mut out = String::new();
    for Seen { name, report } in seen {
        let _ = writeln!(out, "{}", printable(name));
        for attestation in &report.attestations {
            let kind = attestation.predicate_type.as_deref().unwrap_or("a signature without a statement");
            let _ = writeln!(out, "  {}: {}", printable(&attestation.place), printable(kind));
            for step in &attestation.steps {
                let (mut mark, why) = mark(&step.state);
                if step.id == StepId::Subject && step.state == State::Absent && attestation.compared_with.is_some() {
                    mark = "in part";
                }
                let why = match &step.state {
                    State::Verified | State::Absent if step.id == StepId::Subject => compared(attestation),
                    State::Verified => step.id.proves(),
                    _ => why,
                };
                let _ = writeln!(out, "    {mark:11} {:22} {}", step.id.title(), printable(why));
            }
            for line in facts(attestation) {
                let _ = writeln!(out, "    {}", printable(&line));
            }
        }
        for remark in &report.remarks {
            let _ = writeln!(out, "  remark: {}", printable(remark));
        }
        let _ = writeln!(out, "  {}", printable(&sentence(&report.verdict())));
    }
    for (key, state) in signatures {
        let (mark, why) = mark(state);
        let _ = writeln!(out, "registry signature {}: {mark} {}", printable(key), printable(why));
    }
    if seen.is_empty() {
        let _ = writeln!(out, "no attestation: this release carries none");
    }
    let _ = writeln!(out, "trusted root {}", trust.id());
    out
}

/// What the subject was compared with.
fn compared(attestation: &Attestation) -> &'static str {
    let digest = matches!(attestation.bound_to, BoundTo::Expected(_));
    match (attestation.compared_with.is_some(), digest) {
        (true, true) => StepId::Subject.proves(),
        (false, true) => "it is about the expected digest; no package was asked for",
        (true, false) => "it is about the expected package; no digest was given to compare",
        (false, false) => "not compared: neither a package nor a digest was asked for",
    }
}

fn sentence(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Verified => "verified: who signed is proven, not that the owner meant it".to_owned(),
        Verdict::Failed { step, why } => format!("REFUSED at {}: {why}", step.title()),
        Verdict::Unverifiable { why } => format!("UNVERIFIABLE, neither proven nor disproven: {why}"),
        Verdict::Infrastructure { why } => format!("not judged: {why}"),
        Verdict::Absent => "absent: there is nothing to verify".to_owned(),
    }
}

/// What certificate and statement say, as lines.
fn facts(attestation: &Attestation) -> Vec<String> {
    let mut lines = Vec::new();
    let verified = attestation.verdict() == Verdict::Verified;
    let certificate = attestation.certificate.as_deref().and_then(|der| certificate::read(der).ok());
    let claims = attestation.statement.as_deref().and_then(|s| claims::read(s).ok().flatten());
    if let Some(certificate) = &certificate {
        lines.push(format!("{} by {}", if verified { "signed" } else { "claims to be signed" }, who(certificate)));
        if let Some(stated) = certificate.issuer() {
            lines.push(format!("issuer {}", stated.value));
        }
        if let Some(run) = &certificate.run_invocation_uri {
            lines.push(format!("run {run}"));
        }
    }
    if let Some(key) = &attestation.key_id {
        lines.push(format!("key {key}"));
    }
    for log in &attestation.log {
        let time = log.integrated_at.map_or_else(String::new, |at| format!(" at {}", show_time(at * 1000)));
        lines.push(format!("log index {}{time}, {}", log.index, log.kind));
    }
    match &attestation.bound_to {
        BoundTo::Own(digest) if verified => lines.push(format!(
            "verified for the digest that it names itself, {}:{}: give --digest to tie it to a file",
            digest.algorithm().name(),
            digest.hex()
        )),
        BoundTo::Own(_) | BoundTo::Expected(_) | BoundTo::Nothing => {}
    }
    if let (Some(claims), Some(certificate)) = (&claims, &certificate) {
        for difference in claims::differences(claims, certificate) {
            lines.push(format!(
                "statement and certificate differ in {}: `{}` is claimed, `{}` certified",
                difference.field, difference.claimed, difference.certified
            ));
        }
    }
    if claims.is_some() {
        let level = level(claims.as_ref(), certificate.as_ref(), verified);
        lines.push(format!("SLSA build level {}: {}", level.number, level.why));
    }
    lines
}

fn who(certificate: &Certificate) -> String {
    match signer(certificate) {
        Signer::Ci(ci) => {
            let stated = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
            let by = ci.signer.as_ref().map_or_else(String::new, |signer| format!(", signed by {signer}"));
            format!(
                "{} of {} ({}), started by {} on a {} runner{by}",
                stated(&ci.workflow),
                stated(&ci.repository),
                stated(&ci.ref_),
                stated(&ci.trigger),
                stated(&ci.runner)
            )
        }
        Signer::Person { email, .. } => email,
        Signer::User { name, .. } => name,
        Signer::Workload { uri, .. } => uri,
        Signer::Unknown => "nobody that the certificate names".to_owned(),
    }
}

fn lines(seen: &[Seen], signatures: &Signatures) -> String {
    let mut out = String::new();
    for Seen { name, report } in seen {
        let attestations: Vec<Value> = report.attestations.iter().map(one).collect();
        let verdict = report.verdict();
        let (verdict, step, why) = named(&verdict);
        let line = json!({
            "schema_version": 1, "kind": "verification", "document": name, "form": format!("{:?}", report.form),
            "verdict": verdict, "failed_step": step, "why": why, "attestations": attestations,
            "remarks": report.remarks, "trusted_root": report.trusted_root,
        });
        let _ = writeln!(out, "{line}");
    }
    for (key, state) in signatures {
        let (mark, why) = mark(state);
        let line = json!({
            "schema_version": 1, "kind": "registry_signature", "key": key,
            "state": mark.to_lowercase().replace(' ', "_"), "why": why,
        });
        let _ = writeln!(out, "{line}");
    }
    if seen.is_empty() {
        let _ = writeln!(out, "{}", json!({ "schema_version": 1, "kind": "verification", "verdict": "absent" }));
    }
    out
}

fn named(verdict: &Verdict) -> (&'static str, Option<&'static str>, Option<&str>) {
    match verdict {
        Verdict::Verified => ("verified", None, None),
        Verdict::Failed { step, why } => ("failed", Some(step.id()), Some(why)),
        Verdict::Unverifiable { why } => ("unverifiable", None, Some(why)),
        Verdict::Infrastructure { why } => ("infrastructure", None, Some(why)),
        Verdict::Absent => ("absent", None, None),
    }
}

fn one(attestation: &Attestation) -> Value {
    let (verdict, step, why) = {
        let verdict = attestation.verdict();
        let (name, step, why) = named(&verdict);
        (name, step, why.map(str::to_owned))
    };
    let steps: serde_json::Map<String, Value> = attestation
        .steps
        .iter()
        .map(|step| {
            let (mark, why) = mark(&step.state);
            let state = mark.to_lowercase().replace(' ', "_");
            let value = if why.is_empty() { json!({ "state": state }) } else { json!({ "state": state, "why": why }) };
            (step.id.id().to_owned(), value)
        })
        .collect();
    let log: Vec<Value> = attestation
        .log
        .iter()
        .map(|log| {
            let time = log.integrated_at.map(|at| show_time(at * 1000));
            json!({ "log_id": log.log_id, "index": log.index, "integrated_at": time, "kind": log.kind })
        })
        .collect();
    json!({
        "place": attestation.place, "predicate_type": attestation.predicate_type, "verdict": verdict,
        "failed_step": step, "why": why, "steps": steps, "log": log, "facts": facts(attestation),
    })
}
