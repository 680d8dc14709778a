//! The hashes of a package's files, in the two forms in which they are compared.

use super::gather::clip;

/// The hash kinds of Subresource Integrity that registries have used, with the length of a digest in bytes.
const KINDS: [(&str, usize); 4] = [("sha1", 20), ("sha256", 32), ("sha384", 48), ("sha512", 64)];

/// The hashes that a file gives for one package, sorted out.
#[derive(Default)]
pub(super) struct Integrity {
    /// Well-formed hashes: `sha512-<base64>` or `sha256:<hex>`.
    pub(super) kept: Vec<String>,
    /// The first one that is not, shortened.
    pub(super) faulty: Option<String>,
}

impl Integrity {
    /// Takes Subresource Integrity metadata: hashes with blanks between, each `kind-base64`, perhaps followed
    /// by `?options`.
    pub(super) fn sri(mut self, text: Option<&str>) -> Self {
        for hash in text.unwrap_or_default().split_ascii_whitespace() {
            let bare = hash.split('?').next().unwrap_or_default();
            let sound = bare.split_once('-').is_some_and(|(kind, digest)| is_base64_digest(kind, digest));
            self.take(sound.then(|| bare.to_owned()), hash);
        }
        self
    }

    /// Takes `kind:hex`, as Python's lock files write it.
    pub(super) fn prefixed(self, text: Option<&str>) -> Self {
        let Some(text) = text else { return self };
        match text.split_once(':') {
            Some((kind, digest)) => self.hex(kind, digest),
            None => self.hex("sha256", text),
        }
    }

    /// Takes a digest in hexadecimal. Kinds other than SHA-256 and SHA-512 are passed over: registries give
    /// nothing to compare them with.
    pub(super) fn hex(mut self, kind: &str, digest: &str) -> Self {
        let (kind, length) = match kind {
            "sha256" | "SHA256" | "SHA-256" => ("sha256", 64),
            "sha512" | "SHA512" | "SHA-512" => ("sha512", 128),
            _ => return self,
        };
        let sound = digest.len() == length && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.take(sound.then(|| format!("{kind}:{}", digest.to_ascii_lowercase())), digest);
        self
    }

    fn take(&mut self, sound: Option<String>, raw: &str) {
        match sound {
            Some(hash) => self.kept.push(hash),
            None if self.faulty.is_none() => self.faulty = Some(clip(raw)),
            None => {}
        }
    }
}

/// Whether `digest` is the padded base64 form of a digest of this kind.
fn is_base64_digest(kind: &str, digest: &str) -> bool {
    let Some((_, bytes)) = KINDS.iter().find(|(known, _)| *known == kind) else { return false };
    let padding = (3 - bytes % 3) % 3;
    let body = digest.trim_end_matches('=');
    digest.len() == bytes.div_ceil(3) * 4
        && digest.len() - body.len() == padding
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}
