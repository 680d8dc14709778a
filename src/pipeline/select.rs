//! What is meant: names, accounts and lock files of the command line, taken up on the watch list.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Means;
use super::package::{Desk, ask};
use super::visit::Target;
use crate::acquire::npm::search;
use crate::acquire::{Part, lists, registry};
use crate::archive::state::State;
use crate::archive::store::Archive;
use crate::archive::watchlist::{Kind, Want, Watched};
use crate::cli::Selection;
use crate::error::{Error, Result, printable};
use crate::names::{NPM, PackageId};
use crate::net::Answer;

/// The project of what is named without one.
const DEFAULT: &str = "default";
/// Entries of a file that are left out are shown up to this many; the rest is counted.
const IN_FULL: usize = 5;

/// What one origin wants.
struct Ask {
    project: String,
    origin: String,
    replaces: bool,
    wants: Vec<Want>,
}

/// Takes up a selection and gives what it names; everything on the watch list where it names nothing.
pub(super) async fn targets(desk: &Desk, selection: &Selection, means: &Means) -> Result<(Vec<Target>, Vec<String>)> {
    let mut remarks = Vec::new();
    let asks = read(selection, &mut remarks)?;
    let state = desk.writing.state();
    for ask in &asks {
        state.want(&ask.project, &ask.origin, ask.replaces, &ask.wants)?;
    }
    let watched: BTreeSet<Watched> = if asks.is_empty() {
        state.watch_list()?.into_iter().map(|line| line.watched).collect()
    } else {
        asks.into_iter().flat_map(|ask| ask.wants).map(|want| want.watched).collect()
    };
    let packages = expand(desk, watched, means, &mut remarks).await?;
    Ok((packages.into_iter().map(Target::of).collect(), remarks))
}

/// Every package of what is watched: maintainers are followed to theirs.
pub(super) async fn expand(
    desk: &Desk,
    watched: BTreeSet<Watched>,
    means: &Means,
    remarks: &mut Vec<String>,
) -> Result<BTreeSet<PackageId>> {
    let mut packages = BTreeSet::new();
    for one in watched {
        match one.kind {
            Kind::Package => {
                packages.insert(PackageId { registry: one.registry, name: one.name });
            }
            Kind::Maintainer => packages.extend(packages_of(desk, &one.name, means, remarks).await?),
        }
    }
    Ok(packages)
}

/// Takes up a selection without fetching anything; what was left out is said.
pub(super) fn add(state: &State, selection: &Selection) -> Result<(usize, Vec<String>)> {
    let mut remarks = Vec::new();
    let mut count = 0;
    for ask in read(selection, &mut remarks)? {
        state.want(&ask.project, &ask.origin, ask.replaces, &ask.wants)?;
        count += ask.wants.len();
    }
    Ok((count, remarks))
}

/// Ends what a selection names, for one project or for all.
pub(super) fn remove(state: &State, selection: &Selection) -> Result<(usize, Vec<String>)> {
    let mut remarks = Vec::new();
    let asks = read(selection, &mut remarks)?;
    let project = selection.project.as_deref();
    if asks.is_empty() {
        let project = project.ok_or_else(|| {
            Error::usage("nothing is named")
                .remedy("name packages, --maintainer ACCOUNT, --from-lock FILE, or a --project")
        })?;
        return Ok((state.unwant(None, Some(project))?, remarks));
    }
    let mut ended = 0;
    for ask in asks {
        if ask.replaces {
            state.want(&ask.project, &ask.origin, true, &[])?;
            ended += ask.wants.len();
            continue;
        }
        for want in &ask.wants {
            let count = state.unwant(Some(&want.watched), project)?;
            if count == 0 {
                remarks.push(format!("{} was not on the list", printable(&want.watched.name)));
            }
            ended += count;
        }
    }
    Ok((ended, remarks))
}

fn read(selection: &Selection, remarks: &mut Vec<String>) -> Result<Vec<Ask>> {
    let mut asks = Vec::new();
    let mut named = Vec::new();
    for id in &selection.packages {
        let name = (registry(&id.registry)?.name)(&id.name)?;
        named.push(want(id.registry.clone(), Kind::Package, name, String::new()));
    }
    for account in &selection.maintainer {
        if account.is_empty() || account.contains(char::is_whitespace) || printable(account) != *account {
            return Err(Error::usage(format!("`{}` is no account name", printable(account)))
                .remedy("write the account as the registry shows it"));
        }
        named.push(want(NPM.to_owned(), Kind::Maintainer, account.clone(), String::new()));
    }
    if !named.is_empty() {
        asks.push(Ask {
            project: selection.project.clone().unwrap_or_else(|| DEFAULT.to_owned()),
            origin: "command line".to_owned(),
            replaces: false,
            wants: named,
        });
    }
    for file in &selection.from_lock {
        asks.push(read_file(file, selection.project.as_deref(), remarks)?);
    }
    Ok(asks)
}

fn read_file(file: &Path, project: Option<&str>, remarks: &mut Vec<String>) -> Result<Ask> {
    let (_, list) = lists::read(file)?;
    let shown = printable(&file.to_string_lossy());
    if !list.left_out.is_empty() {
        let all = list.left_out.len();
        remarks.push(format!(
            "{shown}: {all} entries name no package of a registry that is read here, or were taken in part"
        ));
        let some = list.left_out.iter().take(IN_FULL);
        remarks.extend(some.map(|l| format!("{shown}: {}: {}", printable(&l.entry), printable(&l.reason))));
        if all > IN_FULL {
            remarks.push(format!("{shown}: and {} more", all - IN_FULL));
        }
    }
    let origin = origin(file);
    let folder = Path::new(&origin).parent().and_then(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned());
    let wants = list
        .wanted
        .into_iter()
        .map(|w| want(w.registry.to_owned(), Kind::Package, w.name, w.version.unwrap_or_default()))
        .collect();
    let project = project.map(str::to_owned).or(folder).unwrap_or_else(|| DEFAULT.to_owned());
    Ok(Ask { project, origin, replaces: true, wants })
}

fn want(registry: String, kind: Kind, name: String, version: String) -> Want {
    Want { watched: Watched { registry, kind, name }, version }
}

/// Packages of an npm account: what the registry's search knows and what the archive knows. The search
/// is rationed and forgets deprecated packages, so neither is the whole.
async fn packages_of(
    desk: &Desk,
    account: &str,
    means: &Means,
    remarks: &mut Vec<String>,
) -> Result<BTreeSet<PackageId>> {
    let mut found = BTreeSet::new();
    match searched(desk, account).await {
        Ok(names) => found.extend(names),
        Err(error) => remarks
            .push(format!("{account}: the registry's search does not help: {error}; the archive's own index is used")),
    }
    if let Archive::Dir(dir) = &means.archive
        && dir.join("events").exists()
    {
        let history = means.archive.load()?;
        let words = &history.words;
        let owns = |list: &str| list.split('|').any(|name| name == account);
        let named = |event: &&crate::archive::history::Event| {
            words.text(event.publisher) == account
                || (event.maintainers.is_some() && owns(words.text(event.maintainers)))
        };
        found.extend(
            history
                .events
                .iter()
                .filter(|e| words.text(e.registry) == NPM)
                .filter(named)
                .map(|e| PackageId { registry: NPM.to_owned(), name: words.text(e.package).to_owned() }),
        );
    }
    if found.is_empty() {
        remarks
            .push(format!("{account}: no package of this account is known to the registry's search or to the archive"));
    }
    Ok(found)
}

async fn searched(desk: &Desk, account: &str) -> Result<BTreeSet<PackageId>> {
    let npm = registry(NPM)?;
    let endpoint = desk.addresses.of(NPM, "a")?;
    let mut found = BTreeSet::new();
    let mut from = 0;
    while from < search::MAX_RESULTS {
        let part = Part { path: search::path(account, from), accept: "application/json", optional: true };
        let Answer::Document(body) = desk.client.get(&ask(npm, &endpoint, &part, None)?).await? else {
            return Err(Error::tool("the registry has none"));
        };
        let page =
            search::parse(&crate::acquire::document::from_reader(body.bytes.as_slice(), desk.client.max_document())?)?;
        if page.entries == 0 {
            break;
        }
        from += page.entries;
        found.extend(page.names.into_iter().map(|name| PackageId { registry: NPM.to_owned(), name }));
        if from >= page.total {
            break;
        }
    }
    Ok(found)
}

/// A user's file, as text.
fn origin(path: &Path) -> String {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}
