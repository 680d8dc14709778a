//! Everything that a pull needs to know about where to go.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use url::Url;

use super::address::{self, Address};
use super::cargo;
use super::npm::Npm;
use super::programs::{self, Discovered};
use super::settings::Config;
use super::{CARGO, Credential, GEM, PYPI, REGISTRY_IDS, Surroundings, nearest, registry_id};
use crate::error::{Error, Result, printable};
use crate::names::NPM;

/// Where one registry is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Registry id.
    pub registry: &'static str,
    /// Base address: ends in `/`, without user info, query and fragment.
    pub base: Url,
    /// Base address of the change feed, of the same form.
    pub feed: Option<Url>,
    /// Where the base address was found: `--registry`, `environment NPM_CONFIG_REGISTRY`, `gaitkeeper.toml`,
    /// `/p/.npmrc`, `npm config get registry`.
    pub found: String,
    /// Most requests a second, if gaitkeeper.toml says.
    pub requests_per_second: Option<u32>,
}

/// Where registries are and what may be sent to them.
///
/// What the command line, the environment, gaitkeeper.toml and .npmrc files say is read at once. The registries' own
/// clients are asked when [`Addresses::of`] first needs their answer, and once.
#[derive(Debug)]
pub struct Addresses {
    surroundings: Surroundings,
    known: BTreeMap<&'static str, Result<Address>>,
    scopes: BTreeMap<String, Result<Address>>,
    feed: Option<Address>,
    rates: BTreeMap<&'static str, u32>,
    credentials: Vec<Credential>,
    warnings: Vec<String>,
    npm: OnceLock<Discovered>,
    pip: OnceLock<Discovered>,
    gem: OnceLock<Discovered>,
    index: OnceLock<cargo::Index>,
    api: OnceLock<Url>,
}

impl Addresses {
    /// Reads what is configured. `flags` are the values of `--registry`, each an address (of npm) or `ID=ADDRESS`;
    /// `feed_flag` is the address of npm's change feed.
    ///
    /// # Errors
    /// A flag is no usable address, names an unknown registry, or names one twice; the feed's address is unusable. An
    /// unusable address that stands elsewhere is an error of [`Addresses::of`], for the registry that it is for.
    pub fn find(flags: &[String], feed_flag: Option<&str>, config: &Config, s: &Surroundings) -> Result<Self> {
        let mut warnings = Vec::new();
        let mut flags = read_flags(flags)?;
        let npm = Npm::read(s, &mut warnings);
        let mut known = BTreeMap::new();
        // Every address that the user wrote outside npm's files, whether or not it is the one in use.
        let mut written: Vec<Url> = Vec::new();
        for id in REGISTRY_IDS {
            let own = |wanted: &Option<Result<Address>>| if id == NPM { wanted.clone() } else { None };
            let flag = flags.remove(id).map(Ok);
            let env = address::from_env(s, id, &format!("GAITKEEPER_{}_REGISTRY", id.to_uppercase()));
            let set = from_config(config, id);
            written.extend([&flag, &env, &set].into_iter().flatten().flatten().map(|a| a.url.clone()));
            let address = flag.or(env).or_else(|| own(&npm.env)).or(set).or_else(|| own(&npm.file));
            known.extend(address.map(|address| (id, address)));
        }
        let feed = feed(feed_flag, config, known.get(NPM), &mut warnings)?;
        written.extend(feed.iter().map(|feed| feed.url.clone()));

        let mut credentials = npm.credentials(&written, &mut warnings);
        let in_use = || known.values().chain(npm.scopes.values()).flatten().chain(&feed);
        for address in in_use() {
            warnings.extend(address.warning());
            warnings.extend(withheld(address, &credentials));
        }
        credentials.extend(in_use().filter_map(|address| address.login.clone()));

        let rate = |id| config.registries.get(id).and_then(|registry| Some((id, registry.requests_per_second?)));
        Ok(Self {
            surroundings: s.clone(),
            scopes: npm.scopes,
            known,
            feed,
            rates: REGISTRY_IDS.into_iter().filter_map(rate).collect(),
            credentials,
            warnings,
            npm: OnceLock::new(),
            pip: OnceLock::new(),
            gem: OnceLock::new(),
            index: OnceLock::new(),
            api: OnceLock::new(),
        })
    }

    /// Where to ask about a package. The registry of an npm scope wins over the default one, as in npm; it has no
    /// change feed here.
    ///
    /// # Errors
    /// The registry is unknown, its address is unusable, or none is found; the remedy says how to name one.
    pub fn of(&self, registry: &str, package: &str) -> Result<Endpoint> {
        let Some(id) = registry_id(registry) else { return Err(unknown_registry(registry)) };
        let scope = package.split_once('/').map(|(scope, _)| scope).filter(|_| id == NPM);
        if let Some(address) = scope.and_then(|scope| self.scopes.get(scope)) {
            return Ok(self.endpoint(id, address.clone()?, None));
        }
        let address = match self.known.get(id) {
            Some(address) => address.clone(),
            None => self.discovered(id).unwrap_or_else(|| Err(nowhere(id))),
        };
        let feed = self.feed.as_ref().filter(|_| id == NPM).map(|feed| feed.url.clone());
        Ok(self.endpoint(id, address?, feed))
    }

    /// The sparse index of cargo, as its own configuration names it; its config.json holds the API's address as
    /// `api`. To be asked where [`Addresses::of`] finds nothing.
    pub fn cargo_index(&self) -> Option<Url> {
        self.index().address.as_ref().map(|address| address.url.clone())
    }

    /// Takes up the API's address that cargo's index names; the first one counts.
    pub fn learn_cargo(&self, api: Url) {
        let _ = self.api.set(api);
    }

    /// The credentials known so far, each with the only addresses that it may be sent to. Those that only a
    /// registry's client knows are in it once [`Addresses::of`] (or [`Addresses::cargo_index`]) has asked that
    /// client. Of two with the same scope the later is the stronger.
    #[must_use]
    pub fn credentials(&self) -> Vec<Credential> {
        let asked = self.asked().filter_map(|d| d.address.as_ref()?.as_ref().ok()?.login.clone());
        let index = self.index.get().and_then(|index| index.address.as_ref()?.login.clone());
        self.credentials.iter().cloned().chain(asked).chain(index).collect()
    }

    /// What the user should know, known so far as in [`Addresses::credentials`]; no secret stands in it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let asked = self.asked().flat_map(|discovered| {
            let address = discovered.address.as_ref().and_then(|address| address.as_ref().ok());
            let of_address = address.and_then(Address::warning);
            let of_login = address.and_then(|address| withheld(address, &self.credentials));
            discovered.warnings.iter().cloned().chain(of_address).chain(of_login)
        });
        let index = self.index.get().into_iter().flat_map(|index| index.warnings.iter().cloned());
        self.warnings.iter().cloned().chain(asked).chain(index).collect()
    }

    fn asked(&self) -> impl Iterator<Item = &Discovered> {
        [&self.npm, &self.pip, &self.gem].into_iter().filter_map(OnceLock::get)
    }

    fn index(&self) -> &cargo::Index {
        self.index.get_or_init(|| cargo::index(&self.surroundings))
    }

    fn discovered(&self, id: &str) -> Option<Result<Address>> {
        let s = &self.surroundings;
        let discovered = match id {
            NPM => self.npm.get_or_init(|| programs::npm(s)),
            PYPI => self.pip.get_or_init(|| programs::pip(s)),
            GEM => self.gem.get_or_init(|| programs::gem(s)),
            _ => {
                let api = self.api.get()?.clone();
                return Some(address::parse(CARGO, api.as_str(), "cargo's index"));
            }
        };
        discovered.address.clone()
    }

    fn endpoint(&self, registry: &'static str, address: Address, feed: Option<Url>) -> Endpoint {
        let requests_per_second = self.rates.get(registry).copied();
        Endpoint { registry, base: address.url, feed, found: address.found, requests_per_second }
    }
}

/// The `--registry` flags by registry.
fn read_flags(flags: &[String]) -> Result<BTreeMap<&'static str, Address>> {
    const FOUND: &str = "--registry";
    let mut read = BTreeMap::new();
    for flag in flags {
        let named = flag.split_once('=').filter(|(id, _)| !id.contains([':', '/', '?', '@', '.']));
        let (id, text) = match named {
            Some((id, text)) => (registry_id(id).ok_or_else(|| unknown_registry(id))?, text),
            None => (NPM, flag.as_str()),
        };
        if read.insert(id, address::parse(id, text, FOUND)?).is_some() {
            return Err(Error::usage(format!("{FOUND} names an address of {id} twice"))
                .remedy(format!("leave one of them out, or write ID=ADDRESS with another ID: {}", ids())));
        }
    }
    Ok(read)
}

fn from_config(config: &Config, id: &str) -> Option<Result<Address>> {
    const FOUND: &str = "gaitkeeper.toml";
    let url = config.registries.get(id)?.url.as_deref()?;
    Some(address::parse(id, url, FOUND))
}

/// npm's change feed. The one in gaitkeeper.toml belongs to the registry that stands beside it: where another registry
/// is chosen, its revisions would not be that feed's.
fn feed(
    flag: Option<&str>,
    config: &Config,
    chosen: Option<&Result<Address>>,
    warnings: &mut Vec<String>,
) -> Result<Option<Address>> {
    if let Some(text) = flag {
        return address::parse(NPM, text, "--feed").map(Some);
    }
    let Some(npm) = config.registries.get(NPM) else { return Ok(None) };
    let Some(text) = &npm.feed else { return Ok(None) };
    let beside = from_config(config, NPM).and_then(Result::ok);
    let chosen = chosen.and_then(|address| address.as_ref().ok());
    if let (Some(beside), Some(chosen)) = (beside, chosen)
        && beside.url != chosen.url
    {
        warnings.push(format!("the feed in gaitkeeper.toml is not used: the registry is that of {}", chosen.found));
        return Ok(None);
    }
    address::parse(NPM, text, "gaitkeeper.toml").map(Some)
}

/// Says that a credential for a registry stays here because the connection is not encrypted.
fn withheld(address: &Address, credentials: &[Credential]) -> Option<String> {
    let kept = credentials.iter().find(|c| c.scope.covers(&address.url) && !c.applies_to(&address.url))?;
    Some(format!(
        "the credential of {} is not sent to {}: it is not encrypted, and no setting beside the credential says http",
        kept.origin, address.url
    ))
}

fn unknown_registry(id: &str) -> Error {
    let shown = address::shown(id);
    let remedy = match nearest(id, REGISTRY_IDS) {
        Some(meant) => format!("did you mean `{meant}`? Known are {}", ids()),
        None => format!("known are {}", ids()),
    };
    Error::usage(format!("there is no registry `{}`", printable(&shown))).remedy(remedy)
}

fn ids() -> String {
    REGISTRY_IDS.join(", ")
}

fn nowhere(id: &str) -> Error {
    let own = match id {
        NPM => ", or set npm's own: npm config set registry https://registry.example/",
        PYPI => ", or set pip's own: pip config set global.index-url https://registry.example/simple",
        GEM => ", or set gem's own: gem sources --add https://registry.example/",
        _ => "",
    };
    let flag = if id == NPM { String::new() } else { format!("{id}=") };
    let what = if id == CARGO { "no address of the API of cargo's registry" } else { "no address of the registry" };
    Error::usage(format!("{what} `{id}` is configured")).remedy(format!(
        "name it with --registry {flag}https://registry.example/, with GAITKEEPER_{}_REGISTRY, or as registries.{id}.url \
         in gaitkeeper.toml{own}",
        id.to_uppercase()
    ))
}
