//! npm's own settings: registries, registries of scopes, and credentials, from the environment and both .npmrc files.
//!
//! Precedence is npm's: environment, project, user; within a file the last line counts. A credential's key
//! (`//host/path/:_authToken`) names no scheme, so whether it may travel unencrypted follows from the registries that
//! are configured for that host. The project's file comes with the project and may be a stranger's: an http registry
//! in it never opens a user's own credentials to unencrypted connections.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use url::Url;

use super::Surroundings;
use super::address::{self, Address};
use super::credential::{Credential, Scope, Secret, basic, fits_header, is_loopback};
use super::file;
use super::npmrc;
use crate::error::{Error, Result, printable};
use crate::names::NPM;

/// Whose words a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    Env,
    Project,
    User,
}

/// A value and where it stands. Not `Debug`: the value may be a secret.
#[derive(Clone)]
struct Setting {
    value: String,
    unset: Vec<String>,
    layer: Layer,
    found: String,
    origin: String,
}

/// What one scope of addresses has for a login, each the strongest of its kind.
#[derive(Default)]
struct Login {
    token: Option<Setting>,
    auth: Option<Setting>,
    username: Option<Setting>,
    password: Option<Setting>,
}

/// A scope's host, port and path.
type Place = (String, Option<u16>, String);

/// npm's settings as far as they say where to ask and with what.
#[derive(Default)]
pub(super) struct Npm {
    /// `registry` of the environment.
    pub env: Option<Result<Address>>,
    /// `registry` of the project's .npmrc, else of the user's.
    pub file: Option<Result<Address>>,
    /// Registries of scopes, by scope with its `@`.
    pub scopes: BTreeMap<String, Result<Address>>,
    /// Every registry's address that is written anywhere, with whose it is.
    addresses: Vec<(Layer, Url)>,
    logins: BTreeMap<Place, Login>,
}

impl Npm {
    /// Reads the environment and both files.
    pub fn read(s: &Surroundings, warnings: &mut Vec<String>) -> Self {
        let env = env_settings(s);
        let user_file = match env.get("userconfig") {
            Some(setting) => Some(resolve(s, &setting.value)),
            None => s.home.as_ref().map(|home| home.join(".npmrc")),
        };
        let project_file = prefix(&s.cwd).join(".npmrc");
        let mut layers = vec![env];
        // In the home folder both are the same file, and npm takes it as the user's.
        if user_file.as_deref().is_none_or(|user| !same_file(user, &project_file)) {
            layers.push(file_settings(s, &project_file, Layer::Project, warnings));
        }
        if let Some(user) = user_file {
            layers.push(file_settings(s, &user, Layer::User, warnings));
        }
        let mut npm = Self::default();
        for (key, setting) in layers.into_iter().flatten() {
            npm.take(&key, setting, warnings);
        }
        npm
    }

    /// Takes up one setting; stronger ones have been taken before.
    fn take(&mut self, key: &str, setting: Setting, warnings: &mut Vec<String>) {
        if key == "registry" {
            let address = self.registry(&setting);
            let slot = if setting.layer == Layer::Env { &mut self.env } else { &mut self.file };
            slot.get_or_insert(address);
        } else if let Some(scope) = key.strip_suffix(":registry").filter(|scope| scope.starts_with('@')) {
            let address = self.registry(&setting);
            self.scopes.entry(scope.to_owned()).or_insert(address);
        } else if matches!(key, "_authToken" | "_authtoken" | "-authtoken" | "_auth" | "_password" | "username") {
            warnings
                .push(format!("{}: `{key}` names no host and is not used; write it as //host/:{key}", setting.origin));
        } else if key.starts_with("//") {
            self.take_login(key, setting, warnings);
        }
    }

    /// The address that a `registry` setting names, which is noted whether or not it is the one in use.
    fn registry(&mut self, setting: &Setting) -> Result<Address> {
        if let Some(name) = setting.unset.first() {
            return Err(Error::usage(format!("{}: ${{{name}}} in the registry's address is not set", setting.origin))
                .remedy(format!("set {name}, or name the registry with --registry")));
        }
        let mut address = address::parse(NPM, &setting.value, &setting.origin)?;
        address.found.clone_from(&setting.found);
        self.addresses.push((setting.layer, address.url.clone()));
        Ok(address)
    }

    fn take_login(&mut self, key: &str, setting: Setting, warnings: &mut Vec<String>) {
        let Some((dart, field)) = key.rsplit_once(':') else { return };
        if matches!(field, "certfile" | "keyfile" | "tokenHelper") {
            warnings.push(format!("{}: `{field}` is not supported and not used", setting.origin));
            return;
        }
        if !matches!(field, "_authToken" | "_auth" | "username" | "_password") {
            return;
        }
        let Some(place) = place(dart) else {
            warnings.push(format!("{}: the key of `{field}` is no //host/path/: it is not used", setting.origin));
            return;
        };
        if !setting.unset.is_empty() {
            let names: Vec<String> = setting.unset.iter().map(|name| format!("${{{}}}", printable(name))).collect();
            warnings.push(format!("{}: {} is not set, so `{field}` is not used", setting.origin, names.join(", ")));
            return;
        }
        let login = self.logins.entry(place).or_default();
        let slot = match field {
            "_authToken" => &mut login.token,
            "_auth" => &mut login.auth,
            "username" => &mut login.username,
            _ => &mut login.password,
        };
        if slot.is_none() {
            *slot = Some(setting);
        }
    }

    /// The credentials; `others` are the addresses that are configured outside npm.
    pub fn credentials(&self, others: &[Url], warnings: &mut Vec<String>) -> Vec<Credential> {
        let mut out = Vec::new();
        for ((host, port, path), login) in &self.logins {
            let Some((header, setting)) = login.header(warnings) else { continue };
            let mut scope = Scope { plain: false, host: host.clone(), port: *port, path: path.clone() };
            scope.plain = self.plain(&scope, setting.layer, others);
            out.push(Credential { scope, header, origin: setting.origin.clone() });
        }
        out
    }

    /// Whether a credential may travel unencrypted to its host.
    fn plain(&self, scope: &Scope, layer: Layer, others: &[Url]) -> bool {
        let own = self.addresses.iter().map(|(from, url)| (*from, url));
        let known: Vec<(Layer, &Url)> =
            others.iter().map(|url| (Layer::Env, url)).chain(own).filter(|(_, url)| scope.same_origin(url)).collect();
        if known.iter().any(|(_, url)| url.scheme() == "https") {
            return false;
        }
        let trusted = |from: Layer| from != Layer::Project || layer == Layer::Project;
        known.iter().any(|(from, _)| trusted(*from)) || loopback(scope)
    }
}

impl Login {
    /// The header value, in npm's order of preference, and the setting that it comes from.
    fn header(&self, warnings: &mut Vec<String>) -> Option<(Secret, &Setting)> {
        // An empty value switches off what a weaker layer says.
        let given = |slot: &'_ Option<Setting>| slot.as_ref().is_some_and(|setting| !setting.value.is_empty());
        for (slot, scheme, field) in [(&self.token, "Bearer", "_authToken"), (&self.auth, "Basic", "_auth")] {
            let Some(setting) = slot.as_ref().filter(|_| given(slot)) else { continue };
            if fits_header(&setting.value) {
                return Some((Secret::new(format!("{scheme} {}", setting.value)), setting));
            }
            warnings.push(format!("{}: `{field}` cannot be sent as a header and is not used", setting.origin));
        }
        match (&self.username, &self.password) {
            (Some(user), Some(password)) if given(&self.username) && given(&self.password) => {
                let Some(decoded) = decoded(&password.value) else {
                    warnings.push(format!("{}: `_password` is not base64 and is not used", password.origin));
                    return None;
                };
                Some((basic(user.value.as_bytes(), &decoded), password))
            }
            (Some(half), None) | (None, Some(half)) => {
                warnings.push(format!("{}: `username` and `_password` need each other: not used", half.origin));
                None
            }
            _ => None,
        }
    }
}

/// The `npm_config_` variables by the setting that they stand for: `_` within a name is `-`, case does not count.
fn env_settings(s: &Surroundings) -> BTreeMap<String, Setting> {
    const PREFIX: &str = "npm_config_";
    let mut settings = BTreeMap::new();
    for (name, value) in &s.env {
        let (Some(start), Some(rest)) = (name.get(..PREFIX.len()), name.get(PREFIX.len()..)) else { continue };
        if !start.eq_ignore_ascii_case(PREFIX) || rest.is_empty() || value.is_empty() {
            continue;
        }
        let key = if rest.starts_with("//") {
            rest.to_owned()
        } else {
            let mut chars = rest.chars();
            let first: String = chars.next().into_iter().collect();
            (first + &chars.as_str().replace('_', "-")).to_lowercase()
        };
        let (key, _) = npmrc::interpolate(&key, &s.env);
        let (value, unset) = npmrc::interpolate(value.trim(), &s.env);
        let found = format!("environment {}", printable(name));
        settings.insert(key, Setting { value, unset, layer: Layer::Env, origin: found.clone(), found });
    }
    settings
}

/// The settings of one .npmrc, by key.
fn file_settings(s: &Surroundings, path: &Path, layer: Layer, warnings: &mut Vec<String>) -> BTreeMap<String, Setting> {
    let Some(text) = file::read_or_warn(s, path, warnings) else { return BTreeMap::new() };
    let found = printable(&s.shown(path));
    let (entries, malformed) = npmrc::entries(&text);
    if let Some(first) = malformed.first() {
        let count = malformed.len();
        warnings.push(format!("{found}, line {first}: has no key; lines of that kind, not used: {count}"));
    }
    let mut settings = BTreeMap::new();
    // A checkout's own .npmrc names the host and would name any variable to send there: it gets those that
    // are meant for registries.
    let meant = |name: &str| layer != Layer::Project || name == "NODE_AUTH_TOKEN" || name.starts_with("NPM_");
    let env: BTreeMap<String, String> =
        s.env.iter().filter(|(name, _)| meant(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    for entry in entries {
        let (key, mut unset) = npmrc::interpolate(&entry.key, &env);
        // A key without a value is npm's way to write `true`, which is neither an address nor a secret.
        let Some(value) = entry.value else { continue };
        let (value, in_value) = npmrc::interpolate(&value, &env);
        if let Some(withheld) = unset.iter().chain(&in_value).find(|name| s.env.contains_key(*name)) {
            warnings.push(format!(
                "{found}, line {}: ${{{withheld}}} is not given to a project's file; name a variable NPM_..., or put the line into ~/.npmrc",
                entry.line
            ));
        }
        unset.extend(in_value);
        let origin = format!("{found}, line {}", entry.line);
        settings.insert(key, Setting { value, unset, layer, found: found.clone(), origin });
    }
    settings
}

/// The folder whose .npmrc is the project's: the nearest one with package.json or node_modules, else the working
/// directory.
fn prefix(cwd: &Path) -> &Path {
    let is_project = |folder: &&Path| folder.join("package.json").exists() || folder.join("node_modules").is_dir();
    cwd.ancestors().find(is_project).unwrap_or(cwd)
}

/// A path as npm takes it: `~/` is the home folder, others start at the working directory.
fn resolve(s: &Surroundings, text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), &s.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => s.cwd.join(text),
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Host, port and path of a key such as `//host:8080/path/`.
fn place(dart: &str) -> Option<Place> {
    if dart.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    // A parser drops the default port of its scheme; between the two the port as written survives.
    let secure = Url::parse(&format!("https:{dart}")).ok()?;
    let plain = Url::parse(&format!("http:{dart}")).ok()?;
    let bare = secure.username().is_empty()
        && secure.password().is_none()
        && secure.query().is_none()
        && secure.fragment().is_none();
    if !bare {
        return None;
    }
    let path = format!("{}/", secure.path().trim_end_matches('/'));
    Some((secure.host_str()?.to_owned(), plain.port().or(secure.port()), path))
}

fn loopback(scope: &Scope) -> bool {
    Url::parse(&format!("http://{}/", scope.host)).is_ok_and(|url| is_loopback(&url))
}

/// base64 as Node.js reads it: either alphabet, padding or none.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let text = text.replace('-', "+").replace('_', "/");
    GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(text).ok()
}
