//! cargo's index, as its configuration names it. The address of the API stands in the index's config.json.

use std::collections::BTreeSet;
use std::path::PathBuf;

use toml::Table;

use super::address::{self, Address};
use super::file;
use super::{CARGO, Surroundings};
use crate::error::printable;

/// What cargo's configuration says about the index.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// The sparse index, if one is named.
    pub address: Option<Address>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// One configuration file.
struct ConfigFile {
    table: Table,
    shown: String,
}

/// Finds the index that stands for the default registry: `CARGO_REGISTRIES_CRATES_IO_INDEX`, else what
/// `[source.crates-io] replace-with` leads to in the configuration files, nearest first.
pub(super) fn index(s: &Surroundings) -> Index {
    let mut warnings = Vec::new();
    let named = named(s, &mut warnings);
    let Some((text, found)) = named else { return Index { address: None, warnings } };
    let Some(sparse) = text.strip_prefix("sparse+") else {
        warnings.push(format!("{found}: the index is no sparse+https:// address, so it cannot be asked"));
        return Index { address: None, warnings };
    };
    match address::parse(CARGO, sparse, &found) {
        Ok(address) => {
            warnings.extend(address.warning());
            Index { address: Some(address), warnings }
        }
        Err(error) => {
            warnings.push(format!("{}; it is not used", error.what));
            Index { address: None, warnings }
        }
    }
}

/// The index as written, and where.
fn named(s: &Surroundings, warnings: &mut Vec<String>) -> Option<(String, String)> {
    let from_env = |registry: &str| {
        let name = format!("CARGO_REGISTRIES_{}_INDEX", registry.to_uppercase().replace('-', "_"));
        s.var(&name).map(|value| (value.to_owned(), format!("environment {}", printable(&name))))
    };
    let default = "crates-io";
    if let Some(named) = from_env(default) {
        return Some(named);
    }
    let files = files(s, warnings);
    let mut name = default.to_owned();
    let mut seen = BTreeSet::new();
    while let Some((next, found)) = setting(&files, "source", &name, "replace-with") {
        if !seen.insert(name) {
            warnings.push(format!("{found}: `replace-with` leads in a circle"));
            return None;
        }
        name = next;
    }
    let named = setting(&files, "source", &name, "registry")
        .or_else(|| from_env(&name))
        .or_else(|| setting(&files, "registries", &name, "index"));
    if named.is_none() && name != default {
        warnings.push(format!("cargo's source `{}` has no registry that can be asked", printable(&name)));
    }
    named
}

/// `[section.name] key` in the nearest file that has it, and that file.
fn setting(files: &[ConfigFile], section: &str, name: &str, key: &str) -> Option<(String, String)> {
    files.iter().find_map(|file| {
        let value = file.table.get(section)?.get(name)?.get(key)?.as_str()?;
        Some((value.to_owned(), file.shown.clone()))
    })
}

/// The configuration files from the working directory upwards, then that of cargo's own folder.
fn files(s: &Surroundings, warnings: &mut Vec<String>) -> Vec<ConfigFile> {
    let mut folders: Vec<PathBuf> = s.cwd.ancestors().map(|folder| folder.join(".cargo")).collect();
    let own = s.var("CARGO_HOME").map(|path| s.cwd.join(path)).or_else(|| Some(s.home.as_ref()?.join(".cargo")));
    folders.extend(own.filter(|own| !folders.contains(own)));
    let mut files = Vec::new();
    for folder in folders {
        // Where both are there, cargo reads the one without an ending.
        for name in ["config", "config.toml"] {
            let path = folder.join(name);
            let Some(text) = file::read_or_warn(s, &path, warnings) else { continue };
            let shown = printable(&s.shown(&path));
            match toml::from_str::<Table>(&text) {
                Ok(table) => files.push(ConfigFile { table, shown }),
                Err(error) => {
                    let line = error.span().map_or(1, |span| {
                        super::toml_file::line_of(text.as_bytes().get(..span.start).unwrap_or_default())
                    });
                    warnings.push(format!("{shown}, line {line}: is not valid TOML; its settings are not used"));
                }
            }
            break;
        }
    }
    files
}
