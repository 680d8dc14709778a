//! Package URLs (purls) in bills of materials.

use std::str::FromStr as _;

use packageurl::PackageUrl;

use super::gather::{CARGO, GEM, Gather, PYPI, clip};
use super::integrity::Integrity;
use crate::names::NPM;

/// Takes up the package that `purl` names, at its own version or else at `version`. Qualifiers (where it was
/// downloaded, where its sources are) do not count: tools write them for packages of registries as well.
pub(super) fn want(gather: &mut Gather, purl: &str, version: Option<&str>, integrity: Integrity) {
    match named(purl) {
        Ok((registry, name, own)) => gather.want(registry, &name, own.as_deref().or(version), integrity),
        Err(reason) => gather.leave(purl, reason),
    }
}

type Named = (&'static str, String, Option<String>);

/// Registry, name and version of a purl, or why it names no package of a registry that is known here.
fn named(purl: &str) -> Result<Named, String> {
    let bad = |what: &str| format!("is not a purl: {what}");
    let rest = purl.strip_prefix("pkg:").ok_or_else(|| bad("it does not begin with pkg:"))?.trim_start_matches('/');
    let (kind, rest) = rest.split_once('/').ok_or_else(|| bad("it has no name"))?;
    let registry = match kind.to_ascii_lowercase().as_str() {
        "npm" => NPM,
        "pypi" => PYPI,
        "cargo" => CARGO,
        "gem" => GEM,
        _ => return Err(format!("packages of the type `{}` are not read", clip(kind))),
    };
    // Read as a type without rules of its own: those of npm turn names into lower case, but the registry still
    // has old names with capitals, and others under the same letters in lower case.
    let parsed =
        PackageUrl::from_str(&format!("pkg:generic/{rest}")).map_err(|error| bad(&clip(&error.to_string())))?;
    let name = match parsed.namespace() {
        Some(scope) if registry == NPM => format!("{scope}/{}", parsed.name()),
        Some(_) => return Err(bad("this type has no namespaces")),
        None => parsed.name().to_owned(),
    };
    Ok((registry, name, parsed.version().map(str::to_owned)))
}
