//! Forges that publish in an account's stead: how registries write them, and where their repositories are.

/// Longest result of [`repository`], in bytes.
const MAX_REPOSITORY: usize = 256;

/// How a trusted publisher's provider (`github`, `GitHub`) is shown; one that is not known, as it is written.
pub(super) fn title(provider: &str) -> String {
    match provider.to_ascii_lowercase().as_str() {
        "github" => "GitHub",
        "gitlab" => "GitLab",
        _ => provider,
    }
    .to_owned()
}

/// The repository that a provider calls `path` (`owner/name`, for GitLab with all its groups), as lower-case
/// host/owner/name. `None` where the provider has no host of its own, or `path` is no repository.
pub(super) fn repository(provider: &str, path: &str) -> Option<String> {
    let host = match provider.to_ascii_lowercase().as_str() {
        "github" => "github.com",
        "gitlab" => "gitlab.com",
        _ => return None,
    };
    at_host(host, path)
}

/// The repository of an origin that is written as an address (`https://host/owner/name.git`, with the scheme or
/// without it), as lower-case host/owner/name.
pub(super) fn origin(address: &str) -> Option<String> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (host, path) = rest.split_once('/')?;
    let path = path.strip_suffix(".git").unwrap_or(path);
    host.contains('.').then(|| at_host(host, path)).flatten()
}

fn at_host(host: &str, path: &str) -> Option<String> {
    let plain = |part: &str| {
        part.bytes().any(|byte| byte != b'.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_~".contains(&byte))
    };
    let fits = plain(host) && path.contains('/') && path.split('/').all(plain);
    let result = format!("{host}/{path}").to_ascii_lowercase();
    (fits && result.len() <= MAX_REPOSITORY).then_some(result)
}
