//! Vocabulary that every stage shares: what a version of a package is called, and how people write it.

use std::fmt;
use std::str::FromStr;

use packageurl::PackageUrl;

use crate::error::{Error, Result, printable};

/// A package registry's short id, as it stands in the `registry` column (`npm`).
pub const NPM: &str = "npm";

/// The publisher name that npm shows for every trusted-publisher publish of every package. It names
/// no one: the identity behind it is the repository.
pub const NPM_TRUSTED_PUBLISHER_ACCOUNT: &str = "GitHub Actions";

/// One package in one registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId {
    /// Registry id.
    pub registry: String,
    /// Package name, with its scope.
    pub name: String,
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.registry == NPM {
            write!(f, "{}", printable(&self.name))
        } else {
            write!(f, "{}:{}", printable(&self.registry), printable(&self.name))
        }
    }
}

impl FromStr for PackageId {
    type Err = Error;

    /// Reads a purl (`pkg:pypi/requests`, a version in it is ignored), `pypi:requests`, or a bare npm name.
    fn from_str(text: &str) -> Result<Self> {
        const REMEDY: &str =
            "write a name of npm (axios, @scope/name), pypi:requests, or a purl such as pkg:cargo/serde";
        let wrong = |what: String| Error::usage(what).remedy(REMEDY);
        if text.starts_with("pkg:") {
            let (registry, name, _) = parts_of_purl(text, REMEDY)?;
            return Ok(Self { registry, name });
        }
        let (registry, name) = match text.split_once(':') {
            Some((registry, name)) => (registry, name),
            None => (NPM, text),
        };
        if let Some(why) = package_name_fault(name) {
            return Err(wrong(format!("`{text}` is not a package name: {why}")));
        }
        if name.rfind('@').is_some_and(|at| at > 0) {
            return Err(wrong(format!("`{text}` names a version: packages are watched as a whole")));
        }
        Ok(Self { registry: registry.to_owned(), name: name.to_owned() })
    }
}

/// Registry, name with its namespace, and version of a purl.
fn parts_of_purl(text: &str, remedy: &str) -> Result<(String, String, Option<String>)> {
    let wrong = |what: String| Error::usage(what).remedy(remedy);
    // As npm's own type the name would lose its capitals, which legacy packages have.
    let (plain, as_npm) = match text.strip_prefix("pkg:npm/") {
        Some(rest) => (format!("pkg:generic/{rest}"), true),
        None => (text.to_owned(), false),
    };
    let purl = PackageUrl::from_str(&plain).map_err(|e| wrong(format!("`{text}` is not a purl: {e}")))?;
    let name = match purl.namespace() {
        Some(scope) => format!("{scope}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    let registry = if as_npm { NPM } else { purl.ty() };
    Ok((registry.to_owned(), name, purl.version().map(str::to_owned)))
}

/// One version of one package in one registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseId {
    /// Registry id.
    pub registry: String,
    /// Package name, with its scope.
    pub package: String,
    /// Version string.
    pub version: String,
}

impl ReleaseId {
    /// The package URL (purl) of this release.
    ///
    /// # Errors
    /// When the registry id or the name cannot stand in a purl.
    pub fn purl(&self) -> Result<String> {
        let bad = |e: packageurl::Error| Error::tool(format!("{self} has no purl: {e}"));
        let (namespace, name) = match self.package.rsplit_once('/') {
            Some((scope, name)) => (Some(scope), name),
            None => (None, self.package.as_str()),
        };
        let mut purl = PackageUrl::new(self.registry.as_str(), name).map_err(bad)?;
        if let Some(scope) = namespace {
            purl.with_namespace(scope).map_err(bad)?;
        }
        purl.with_version(self.version.as_str()).map_err(bad)?;
        Ok(purl.to_string())
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", printable(&self.package), printable(&self.version))
    }
}

impl FromStr for ReleaseId {
    type Err = Error;

    /// Reads `name@version`, `@scope/name@version` or a purl (`pkg:npm/%40scope/name@version`).
    fn from_str(text: &str) -> Result<Self> {
        const REMEDY: &str = "write PKG@VERSION, for example axios@1.14.1, or a purl such as pkg:npm/axios@1.14.1";
        let wrong = |what: String| Error::usage(what).remedy(REMEDY);
        if text.starts_with("pkg:") {
            let (registry, package, version) = parts_of_purl(text, REMEDY)?;
            let version = version.ok_or_else(|| wrong(format!("`{text}` names no version")))?;
            return Ok(Self { registry, package, version });
        }
        match text.rsplit_once('@') {
            Some((package, version)) if !package.is_empty() && !version.is_empty() => {
                Ok(Self { registry: NPM.to_owned(), package: package.to_owned(), version: version.to_owned() })
            }
            _ => Err(wrong(format!("`{text}` names no version of a package"))),
        }
    }
}

/// Why `name` cannot be a package name in any registry that is read here, or `None` where it can.
/// Legacy names (upper case, `-`) pass; what could escape a directory or a terminal does not.
#[must_use]
pub fn package_name_fault(name: &str) -> Option<&'static str> {
    const LONGEST: usize = 214;
    let (scope, bare) = match name.strip_prefix('@') {
        Some(rest) => match rest.split_once('/') {
            Some((scope, bare)) => (Some(scope), bare),
            None => return Some("a scope without a name"),
        },
        None => (None, name),
    };
    if name.is_empty() || bare.is_empty() || scope == Some("") {
        Some("it is empty")
    } else if name.len() > LONGEST {
        Some("it is longer than 214 bytes")
    } else if printable(name) != name || name.contains(char::is_whitespace) {
        Some("it holds control characters or blanks")
    } else if bare.contains(['/', '\\']) || scope.is_some_and(|s| s.contains(['/', '\\'])) {
        Some("it holds a path")
    } else if bare.starts_with('.') || scope.is_some_and(|s| s.starts_with('.')) {
        Some("it begins with a dot")
    } else {
        None
    }
}
