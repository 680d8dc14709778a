//! Source repositories as host/owner/name, and dependency specifiers that are addresses.

/// Longest result of [`repository`], in bytes.
const MAX_REPOSITORY: usize = 256;

/// Host of each shorthand prefix; an empty host means that there is no owner and name to tell.
const SHORTHANDS: [(&str, &str); 4] =
    [("github:", "github.com"), ("gitlab:", "gitlab.com"), ("bitbucket:", "bitbucket.org"), ("gist:", "")];

/// Reduces a repository address to lower-case `host/owner/name`; `None` if it names no host, owner and
/// name. Knows URLs with any scheme, `git@host:owner/name`, shorthands, and bare `owner/name` (GitHub).
pub(super) fn repository(address: &str) -> Option<String> {
    let address = address.trim();
    let address = address.split(['#', '?']).next().unwrap_or_default();
    let shorthand = SHORTHANDS.iter().find_map(|(prefix, host)| Some((*host, address.strip_prefix(prefix)?)));
    let (host, path) = shorthand.or_else(|| host_and_path(address))?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let mut parts = path.split(['/', ':']).filter(|part| !part.is_empty());
    let owner = parts.next()?;
    let name = parts.next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().any(|c| c != '.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | '%'))
    };
    let fits = host.contains('.') && plain(host) && plain(owner) && plain(name);
    let result = format!("{host}/{owner}/{name}").to_ascii_lowercase();
    (fits && result.len() <= MAX_REPOSITORY).then_some(result)
}

/// Splits an address into host and path.
fn host_and_path(address: &str) -> Option<(&str, &str)> {
    if let Some((_, rest)) = address.split_once("://") {
        let authority = rest.split('/').next().unwrap_or_default();
        let rest = rest.get(authority.len() - after_user(authority).len()..)?;
        let (host, path) = rest.split_once(['/', ':'])?;
        // `ssh://git@host:owner/name` has no port: what follows the colon is the owner.
        let port = path.split('/').next().unwrap_or_default();
        let has_port = rest[host.len()..].starts_with(':') && port.bytes().all(|byte| byte.is_ascii_digit());
        return Some((host, if has_port { &path[port.len()..] } else { path }));
    }
    let address = address.trim_start_matches('/');
    let first = address.split('/').next().unwrap_or_default();
    if let Some((host, _)) = first.split_once(':') {
        return Some((after_user(host), &address[host.len()..]));
    }
    match address.split('/').filter(|part| !part.is_empty()).count() {
        2 if !first.contains('.') => Some(("github.com", address)),
        3.. if first.contains('.') => Some((first, &address[first.len()..])),
        _ => None,
    }
}

fn after_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Whether a dependency specifier leads outside the registry: a git, ssh or http address, a forge
/// shorthand, or bare `owner/name`. Aliases (`npm:`) and local ones (`file:`, `link:`, `workspace:`) do not.
pub(super) fn is_url(specifier: &str) -> bool {
    const SCHEMES: [&str; 9] = ["git:", "git+", "ssh:", "github:", "gitlab:", "bitbucket:", "gist:", "http:", "https:"];
    let specifier = specifier.trim();
    let starts = |scheme: &str| specifier.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if SCHEMES.into_iter().any(starts) {
        return true;
    }
    let bare = specifier.split('#').next().unwrap_or_default();
    let word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    if let Some((before, path)) = bare.split_once(':') {
        return before.split_once('@').is_some_and(|(user, host)| word(user) && word(host)) && path.contains('/');
    }
    bare.split_once('/').is_some_and(|(owner, name)| word(owner) && !owner.starts_with('.') && word(name))
}
