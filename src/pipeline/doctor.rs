//! `doctor`: what the configured registries can and cannot support.

use std::fmt::Write;

use super::Means;
use super::package::{Desk, ask, ask_at};
use super::pull::{desk, runtime};
use crate::acquire::npm::{anchors, feed, search};
use crate::acquire::raw::RawPackage;
use crate::acquire::sigstore::trust::Trust;
use crate::acquire::{REGISTRIES, Registry, document};
use crate::archive::state::State;
use crate::archive::store::Archive;
use crate::archive::watchlist::{Kind, Line};
use crate::cli::Doctor;
use crate::config::Endpoint;
use crate::error::{Error, Result, exit, printable};
use crate::names::NPM;
use crate::net::{Answer, show};

/// What one check found.
enum Finding {
    /// It works.
    Fine(String),
    /// It does not, and something is lost by that.
    Lacks(String),
    /// Nothing can be learnt from this registry.
    Unfit(String),
    /// Nobody can tell from here.
    Unknown(String),
}

pub(super) fn doctor(options: &Doctor, means: &Means) -> Result<u8> {
    // It examines registries and changes no archive: what it needs of one is made for the moment.
    let moment = tempfile::tempdir().map_err(|e| Error::tool(format!("no temporary folder can be made: {e}")))?;
    let desk = desk(&options.reach, means, false, &Archive::Dir(moment.path().to_path_buf()), Trust::embedded()?)?;
    let watched = match &means.archive {
        Archive::Dir(dir) => State::read(dir)?.map(|state| state.watch_list()).transpose()?.unwrap_or_default(),
        Archive::Box => Vec::new(),
    };
    let runtime = runtime()?;
    let mut out = String::new();
    for warning in desk.addresses.warnings() {
        let _ = writeln!(out, "warning: {}", printable(&warning));
    }
    let mut unfit = Vec::new();
    let mut asked = 0;
    for registry in REGISTRIES {
        if options.package.as_ref().is_some_and(|id| id.registry != registry.id) {
            continue;
        }
        let name = options.package.as_ref().map_or("a", |id| &id.name);
        let endpoint = match runtime.block_on(desk.endpoint(registry.id, name)) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                let _ = writeln!(out, "{}: not configured. {}\n", registry.title, remedy(&error));
                continue;
            }
        };
        asked += 1;
        let _ = writeln!(out, "{}: {} ({})", registry.title, show(&endpoint.base), printable(&endpoint.found));
        let findings = runtime.block_on(examine(&desk, registry, &endpoint, options, &watched));
        for finding in &findings {
            let (mark, text) = match finding {
                Finding::Fine(text) => ("ok  ", text),
                Finding::Lacks(text) => ("no  ", text),
                Finding::Unfit(text) => ("BAD ", text),
                Finding::Unknown(text) => ("?   ", text),
            };
            let _ = writeln!(out, "  {mark}{}", printable(text));
        }
        for (column, why) in registry.not_offered {
            let _ = writeln!(out, "  --  {column} is not offered here: {why}");
        }
        if findings.iter().any(|f| matches!(f, Finding::Unfit(_))) {
            unfit.push(registry.title);
        }
        out.push('\n');
    }
    means.terminal.result(&out)?;
    if asked == 0 {
        return Err(Error::usage("no registry is configured").remedy("name one: --registry URL"));
    }
    if unfit.is_empty() {
        return Ok(exit::CLEAN);
    }
    Err(Error::tool(format!("nothing can be learnt from {} as configured", unfit.join(", ")))
        .remedy("see the lines marked BAD"))
}

async fn examine(
    desk: &Desk,
    registry: &'static Registry,
    endpoint: &Endpoint,
    options: &Doctor,
    watched: &[Line],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match probe(desk, registry, endpoint, options, watched).await {
        Ok(Some((package, etag))) => {
            findings.push(history(&package));
            findings.extend(package.warnings.iter().map(|w| Finding::Lacks(format!("{}: {w}", package.name))));
            findings.push(revalidation(desk, registry, endpoint, &package.name, etag).await);
            findings.push(attestations(desk, registry, endpoint, &package).await);
        }
        Ok(None) => findings.push(Finding::Unknown(format!(
            "no package to try it with: name one it has, gaitkeeper doctor --package {}",
            if registry.id == NPM { "NAME".to_owned() } else { format!("{}:NAME", registry.id) }
        ))),
        Err(error) => findings.push(Finding::Unfit(format!("{error}. {}", remedy(&error)))),
    }
    if registry.id == NPM {
        let keys = reaches(desk, registry, endpoint, "-/npm/v1/keys").await;
        findings.push(keys.map_or_else(
            |why| Finding::Lacks(format!("signing keys: {why}; registry signatures cannot be checked")),
            |_| Finding::Fine("signing keys".to_owned()),
        ));
        let found = reaches(desk, registry, endpoint, &search::path("npm", 0)).await;
        findings.push(found.and_then(|text| search::parse(&text).map_err(|e| e.to_string())).map_or_else(
            |why| Finding::Lacks(format!("search: {why}; a maintainer's packages come from the archive's own index")),
            |_| Finding::Fine("search by maintainer (about ten questions before it refuses)".to_owned()),
        ));
        findings.push(change_feed(desk, registry, endpoint).await);
    }
    findings
}

/// A package that the registry has, read, with the entity tag of its document.
async fn probe(
    desk: &Desk,
    registry: &'static Registry,
    endpoint: &Endpoint,
    options: &Doctor,
    watched: &[Line],
) -> Result<Option<(RawPackage, Option<String>)>> {
    let mut names: Vec<String> = options.package.iter().map(|id| id.name.clone()).collect();
    if names.is_empty() {
        let list = watched.iter().map(|line| line.watched.clone());
        names.extend(list.filter(|w| w.registry == registry.id && w.kind == Kind::Package).map(|w| w.name).take(3));
        if registry.id == NPM {
            names.extend(anchors::packages().take(3).map(str::to_owned));
        }
    }
    for name in names {
        let name = (registry.name)(&name)?;
        let mut texts = Vec::new();
        let mut etag = None;
        for part in (registry.parts)(&name) {
            match desk.client.get(&ask(registry, endpoint, &part, None)?).await? {
                Answer::Document(body) => {
                    etag = etag.or_else(|| body.etag.clone());
                    texts.push(Some(document::from_reader(body.bytes.as_slice(), desk.client.max_document())?));
                }
                Answer::NotModified | Answer::Absent => texts.push(None),
            }
        }
        if texts.first().is_some_and(Option::is_some) {
            let views: Vec<Option<&[u8]>> = texts.iter().map(Option::as_deref).collect();
            let package = (registry.parse)(&name, &views)?;
            super::package::own_tarballs(&package, endpoint)?;
            return Ok(Some((package, etag)));
        }
        if options.package.is_some() {
            return Err(Error::no_input(format!("the registry has no package {name}")).remedy("name one that it has"));
        }
    }
    Ok(None)
}

fn history(package: &RawPackage) -> Finding {
    let present: Vec<_> = package.releases.iter().filter(|r| !r.removed).collect();
    let named = present.iter().filter(|r| r.publisher.is_some()).count();
    let text = format!(
        "history of {}: {} versions, {named} with a publisher, {} no longer public",
        package.name,
        present.len(),
        package.releases.len() - present.len()
    );
    Finding::Fine(text)
}

async fn revalidation(
    desk: &Desk,
    registry: &Registry,
    endpoint: &Endpoint,
    name: &str,
    etag: Option<String>,
) -> Finding {
    let Some(etag) = etag else {
        return Finding::Lacks("no entity tags: every pull fetches every document again".to_owned());
    };
    let part = (registry.parts)(name).swap_remove(0);
    let again = match ask(registry, endpoint, &part, Some(etag)) {
        Ok(ask) => desk.client.get(&ask).await,
        Err(error) => Err(error),
    };
    match again {
        Ok(Answer::NotModified) => Finding::Fine("revalidation: what did not change is not sent again".to_owned()),
        Ok(_) => Finding::Lacks("entity tags are not honoured: every pull fetches every document again".to_owned()),
        Err(error) => Finding::Unknown(format!("revalidation: {error}")),
    }
}

async fn attestations(desk: &Desk, registry: &Registry, endpoint: &Endpoint, package: &RawPackage) -> Finding {
    let path = package.releases.iter().rev().flat_map(|r| (registry.attestations)(&package.name, r)).next();
    let Some(path) = path else {
        return Finding::Unknown(format!("attestation documents: no version of {} says that it has one", package.name));
    };
    match reaches(desk, registry, endpoint, &path).await {
        Ok(_) => Finding::Fine("attestation documents".to_owned()),
        Err(why) => Finding::Lacks(format!("attestation documents: {why}")),
    }
}

async fn change_feed(desk: &Desk, registry: &Registry, endpoint: &Endpoint) -> Finding {
    let Some(feed) = &endpoint.feed else {
        return Finding::Lacks(
            "no change feed is configured (--feed URL): watch asks every package at intervals".to_owned(),
        );
    };
    let at = Endpoint { base: feed.clone(), ..endpoint.clone() };
    for path in feed::HEADS {
        if let Ok(text) = reaches(desk, registry, &at, path).await
            && let Ok(Some(position)) = feed::parse_head(&text)
        {
            return Finding::Fine(format!("change feed: {} is at {position}", show(feed)));
        }
    }
    Finding::Lacks(format!("change feed: {} does not say how far it has come", show(feed)))
}

async fn reaches(
    desk: &Desk,
    registry: &Registry,
    endpoint: &Endpoint,
    path: &str,
) -> std::result::Result<Vec<u8>, String> {
    let ask = ask_at(registry, endpoint, path).map_err(|e| e.to_string())?;
    match desk.client.get(&ask).await {
        Ok(Answer::Document(body)) => {
            document::from_reader(body.bytes.as_slice(), desk.client.max_document()).map_err(|e| e.to_string())
        }
        Ok(_) => Err("not there (404)".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn remedy(error: &Error) -> String {
    error.remedy.as_ref().map_or_else(String::new, |r| printable(r))
}
