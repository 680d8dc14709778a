//! `config`: makes, checks and shows gaitkeeper.toml.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::{Means, nightly};
use crate::archive::files::{self, Sharing};
use crate::cli::night::{Config as Options, ConfigAction};
use crate::config::{Channels, Config, FILE, SecretSource, Surroundings, places};
use crate::error::{Error, Result, exit, printable};

pub(super) fn config(options: &Options, means: &Means) -> Result<u8> {
    match &options.action {
        ConfigAction::Init { file } => init(file, means),
        ConfigAction::Check { config } => check(config.as_deref(), means),
        ConfigAction::Hash { config } => {
            let config = Config::load(config.as_deref(), &means.surroundings()?)?;
            means.terminal.result(&format!("{}\n", config.hash())).map(|()| exit::CLEAN)
        }
    }
}

fn init(file: &Path, means: &Means) -> Result<u8> {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = std::iter::once(file.to_path_buf());
    if !files::add(folder, names, Config::template().as_bytes(), Sharing::AsUsual)? {
        return Err(Error::usage("is there already, and is left as it is")
            .file(file)
            .remedy("name another file, or compare: gaitkeeper config init new.toml"));
    }
    means.terminal.result(&format!("{} written: every key with its default\n", printable(&file.to_string_lossy())))?;
    Ok(exit::CLEAN)
}

fn check(path: Option<&Path>, means: &Means) -> Result<u8> {
    let surroundings = means.surroundings()?;
    let config = Config::load(path, &surroundings)?;
    let shown = surroundings.cwd.join(path.unwrap_or(Path::new(FILE)));
    let lines = fs::read_to_string(&shown).map(|text| places(&text)).unwrap_or_default();
    let mut out = String::new();
    for (key, value) in config.effective() {
        let from = lines.get(&key).map_or_else(|| "default".to_owned(), |line| format!("line {line}"));
        let _ = writeln!(out, "{key} = {}  # {from}", printable(&value));
    }
    let _ = writeln!(out, "hash: {}", config.hash());
    means.terminal.result(&out)?;
    let problems = problems(&config, &surroundings);
    if problems.is_empty() {
        return Ok(exit::CLEAN);
    }
    let listed: Vec<String> = problems
        .iter()
        .map(|(key, what)| lines.get(key).map_or_else(|| what.clone(), |line| format!("line {line}: {what}")))
        .collect();
    Err(Error::usage(format!("has {} problems: {}", listed.len(), listed.join("; ")))
        .file(&shown)
        .remedy("set the variables and write the files where nightly runs, or correct these lines"))
}

/// What only the surroundings show: formats that are none, secrets that are not there. Each with its key.
fn problems(config: &Config, surroundings: &Surroundings) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Err(error) = nightly::exports::formats(&config.nightly.formats) {
        let remedy = error.remedy.unwrap_or_default();
        found.push(("nightly.formats".to_owned(), format!("{}; {remedy}", error.what)));
    }
    for (place, channels) in [("notify", &config.notify.findings), ("notify.operations", &config.notify.operations)] {
        for (key, source) in secrets(channels) {
            let ending = match source {
                SecretSource::Env(_) => "env",
                SecretSource::File(_) => "file",
            };
            let key = format!("{place}.{key}_{ending}");
            match source.read(surroundings) {
                Err(error) => found.push((key.clone(), format!("`{key}`: {error}"))),
                Ok(secret) if key.ends_with(&format!("webhook.secret_{ending}")) => {
                    if let Err(error) = crate::report::notify::webhook::Key::parse(secret.reveal()) {
                        found.push((key.clone(), format!("`{key}`: {error}")));
                    }
                }
                Ok(_) => {}
            }
        }
    }
    found
}

fn secrets(channels: &Channels) -> impl Iterator<Item = (&'static str, &SecretSource)> {
    let slack = channels.slack.as_ref();
    let webhook = channels.webhook.as_ref();
    [
        ("slack.url", slack.and_then(|slack| slack.url.as_ref())),
        ("slack.token", slack.and_then(|slack| slack.token.as_ref())),
        ("webhook.url", webhook.and_then(|webhook| webhook.url.as_ref())),
        ("webhook.secret", webhook.and_then(|webhook| webhook.secret.as_ref())),
        ("mail.password", channels.mail.as_ref().and_then(|mail| mail.password.as_ref())),
    ]
    .into_iter()
    .filter_map(|(key, source)| Some((key, source?)))
}
