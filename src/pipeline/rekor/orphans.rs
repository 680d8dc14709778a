//! Signatures that no publish explains, and publishes that the log does not know.
//!
//! Pure: what the log has was looked up before, what was published is in the archive.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::ask::Trouble;
use super::lookup::Found;
use crate::acquire::rekor::Hash;
use crate::acquire::rekor::body::{Digest, Named};
use crate::acquire::rekor::entry::{Entry, Step};
use crate::acquire::rekor::signer::{Signer, SignerKind};
use crate::acquire::rekor::v1::{Key, Uuid, digest_key};

/// Somebody whose signatures are expected.
#[derive(Clone, PartialEq, Eq)]
pub enum Expected {
    /// An e-mail address in a certificate, of any issuer where `issuer` is `None`.
    Email {
        /// The address.
        address: String,
        /// OIDC issuer that must have vouched for it.
        issuer: Option<String>,
    },
    /// Jobs of a repository, by its URI.
    Repository(String),
    /// A subject alternative name, whole.
    Subject(String),
    /// A public key: SHA-256 of its SPKI, hex digits. A registry's own keys belong here.
    Key(String),
}

impl fmt::Debug for Expected {
    /// Without names, which may be people's addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email { .. } => "Email",
            Self::Repository(_) => "Repository",
            Self::Subject(_) => "Subject",
            Self::Key(_) => "Key",
        })
    }
}

impl Expected {
    /// Whether a signer is the one.
    #[must_use]
    pub fn is(&self, signer: &Signer) -> bool {
        let same = |known: &str, found: Option<&str>| found.is_some_and(|found| found.eq_ignore_ascii_case(known));
        match self {
            Self::Email { address, issuer } => {
                signer.kind == SignerKind::Email
                    && same(address, signer.name.as_deref())
                    && issuer.as_deref().is_none_or(|issuer| signer.issuer.as_deref() == Some(issuer))
            }
            Self::Repository(uri) => {
                signer.kind == SignerKind::Workflow && same(uri.trim_end_matches('/'), signer.repository.as_deref())
            }
            Self::Subject(name) => signer.name.as_deref() == Some(name.as_str()),
            Self::Key(digest) => same(digest, signer.key.as_deref()),
        }
    }
}

/// A publish whose attestation says where it is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// Release, as the archive names it: `NAME@VERSION`.
    pub release: String,
    /// Index over all shards, where the attestation holds it.
    pub index: Option<u64>,
    /// Name of the entry, where it is known.
    pub uuid: Option<Uuid>,
    /// Hash of the entry's body as the attestation holds it.
    pub leaf: Hash,
}

/// What the archive knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Release of every published file, by digest (`sha256:HEX`, `sha512:HEX`).
    pub digests: BTreeMap<String, String>,
    /// Entries of the log that attestations of publishes name.
    pub attested: Vec<Attested>,
    /// Those whose signatures are expected.
    pub expected: Vec<Expected>,
    /// Unix seconds up to which every publish is known. A job signs before it publishes: what was signed
    /// later than this is not judged yet.
    pub until: i64,
}

/// What the log answered when asked for the entry of an attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An entry.
    Entry(Box<Entry>),
    /// It has none there (404).
    Absent,
    /// It did not answer.
    Failed(Trouble),
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Somebody who publishes here, or for whom the index names a watched package's file, signed what was never
    /// published.
    Orphan(Signature),
    /// Somebody else signed a published file.
    Foreign {
        /// The release that the file belongs to.
        release: String,
        /// The signature.
        signature: Signature,
    },
    /// The log does not have the entry that a publish's attestation names.
    Unlogged {
        /// The release.
        release: String,
        /// Index that the attestation names.
        index: Option<u64>,
        /// What the log has instead.
        why: Unlogged,
    },
}

/// What the log has in place of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlogged {
    /// Nothing.
    Absent,
    /// An entry with another body.
    OtherBody,
    /// The entry, at another index.
    OtherIndex(u64),
}

/// A signature in the log, told so that nobody's address is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// What it is over.
    pub over: Over,
    /// What kinds of identities signed.
    pub signers: Vec<SignerKind>,
    /// Index over all shards.
    pub index: u64,
    /// Name of the entry.
    pub uuid: String,
    /// Unix seconds at which the log took it up.
    pub time: i64,
}

/// What a signature is over, as far as can be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// A file of this digest: the body names it.
    File(String),
    /// A file of this digest, as the index says: the log does not keep the subjects of statements.
    Named(String),
    /// A statement whose subjects are not known; its own digest, if the body names one.
    Statement(Option<String>),
}

/// An entry that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// Name of the entry, or release of the publish.
    pub what: String,
    /// Why.
    pub why: Reason,
}

/// Why there is no judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The log does not vouch for the entry, or not for its time.
    NotVouched,
    /// It was signed later than publishes are known.
    TooNew,
    /// Neither its signer nor its digest is one of those that are watched.
    Unrelated,
    /// The log did not answer, or not to this question.
    NotAnswered,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What does not fit.
    pub findings: Vec<Finding>,
    /// Entries that publishes explain.
    pub explained: usize,
    /// Publishes whose entry the log has as it should.
    pub logged: usize,
    /// What could not be judged.
    pub unjudged: Vec<Unjudged>,
}

impl Finding {
    /// The name as machines read it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Orphan(_) => "orphan-signature",
            Self::Foreign { .. } => "foreign-signature",
            Self::Unlogged { .. } => "publish-not-in-log",
        }
    }

    /// One sentence without a full stop; nobody's address is in it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Orphan(signature) => format!("{signature}, and no publish is known that it belongs to"),
            Self::Foreign { release, signature } => {
                format!("{signature} is over a file of {release}, and not by anybody whose signatures are expected")
            }
            Self::Unlogged { release, index, why } => {
                let place = index.map_or_else(|| "the entry".to_owned(), |index| format!("entry {index}"));
                let has = match why {
                    Unlogged::Absent => "the log has nothing there".to_owned(),
                    Unlogged::OtherBody => "the log has another entry there".to_owned(),
                    Unlogged::OtherIndex(index) => format!("the log has it as entry {index}"),
                };
                format!("the attestation of {release} names {place} of the log, and {has}")
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Orphan(_) => "ask the signer what was signed: a release that failed, or a stolen identity at work",
            Self::Foreign { .. } => {
                "find out who signed it: a redistributor who signs what it mirrors, or a claim to somebody else's release"
            }
            Self::Unlogged { .. } => {
                "do not trust the attestation until the entry is found: ask again, then tell the registry and the log"
            }
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: BTreeSet<&str> = self.signers.iter().map(|kind| kind.words()).collect();
        let kinds = if kinds.is_empty() { "nobody named".to_owned() } else { Vec::from_iter(kinds).join(" and ") };
        write!(f, "the signature by {kinds} in log entry {} at {}", self.index, self.time)?;
        match &self.over {
            Over::File(digest) => write!(f, " over {digest}"),
            Over::Named(digest) => write!(f, ", which the index names for {digest},"),
            Over::Statement(Some(digest)) => write!(f, " over the statement {digest}"),
            Over::Statement(None) => f.write_str(" over a statement"),
        }
    }
}

/// Judges, for one package, entries that were found for its identities and files, and what the log answered for attestations:
/// `asked` goes with [`Known::attested`], by place.
#[must_use]
pub fn judge(found: &[Found], known: &Known, asked: &[Asked]) -> Judged {
    let mut judged = Judged::default();
    let explained = Explained::of(known);
    let mut seen = BTreeSet::new();
    for found in found {
        // The same leaf found twice, by both forms of its name.
        if seen.insert((found.entry.leaf_hash, found.entry.index)) {
            entry(found, known, &explained, &mut judged);
        }
    }
    for (place, attested) in known.attested.iter().enumerate() {
        publish(attested, asked.get(place), &mut judged);
    }
    judged
}

/// Entries that publishes explain.
struct Explained(BTreeSet<Hash>);

impl Explained {
    /// By their bodies: an index or a name could be written into an attestation by anybody.
    fn of(known: &Known) -> Self {
        Self(known.attested.iter().map(|attested| attested.leaf).collect())
    }

    fn has(&self, entry: &Entry) -> bool {
        self.0.contains(&entry.leaf_hash)
    }
}

fn entry(found: &Found, known: &Known, explained: &Explained, judged: &mut Judged) {
    let entry = &found.entry;
    let mut put_off = |why| judged.unjudged.push(Unjudged { what: entry.uuid.clone(), why });
    // Without the log's word anybody could have made the entry, at any time.
    let Some(time) = found.report.time.filter(|_| found.report.set == Step::Verified && found.report.is_vouched())
    else {
        return put_off(Reason::NotVouched);
    };
    if explained.has(entry) {
        judged.explained += 1;
        return;
    }
    if time > known.until {
        return put_off(Reason::TooNew);
    }
    let signers: Vec<Signer> = entry.body.identities.iter().map(Signer::of).collect();
    let expected = signers.iter().any(|signer| known.expected.iter().any(|expected| expected.is(signer)));
    let files: Vec<String> =
        entry.body.digests.iter().filter(|digest| digest.of == Named::Artifact).map(Digest::key).collect();
    // Such an entry is indexed by the digest in its body only: what else the index names it for is not so.
    let whole = entry.body.kind == "hashedrekord";
    let named = found.by.iter().filter_map(digest_of).filter(|digest| !whole || files.contains(digest));
    let named: Vec<String> = named.collect();
    let release = |digest: &String| known.digests.get(digest);
    let signature = |over: Over| Signature {
        over,
        signers: signers.iter().map(|signer| signer.kind).collect(),
        index: entry.index,
        uuid: entry.uuid.clone(),
        time,
    };
    // A file that was published: the body says so, or only the index.
    let inside = files.iter().find_map(|d| Some((release(d)?, Over::File(d.clone()))));
    let over = inside.or_else(|| named.iter().find_map(|d| Some((release(d)?, Over::Named(d.clone())))));
    match over {
        Some(_) if expected => judged.explained += 1,
        Some((release, over)) => {
            judged.findings.push(Finding::Foreign { release: release.clone(), signature: signature(over) });
        }
        // Nothing that was published. A digest that is watched without being published counts too: somebody
        // signed what may yet appear.
        None if expected || !named.is_empty() => {
            let statement = || entry.body.digests.first().map(Digest::key);
            let over = match (files.first(), named.first()) {
                (Some(file), _) => Over::File(file.clone()),
                (None, Some(digest)) => Over::Named(digest.clone()),
                (None, None) => Over::Statement(statement()),
            };
            judged.findings.push(Finding::Orphan(signature(over)));
        }
        None => put_off(Reason::Unrelated),
    }
}

fn digest_of(key: &Key) -> Option<String> {
    match key {
        Key::Digest(digest) => digest_key(digest),
        _ => None,
    }
}

fn publish(attested: &Attested, asked: Option<&Asked>, judged: &mut Judged) {
    let why = match asked {
        Some(Asked::Entry(entry)) if entry.leaf_hash != attested.leaf => Unlogged::OtherBody,
        Some(Asked::Entry(entry)) if attested.index.is_some_and(|index| index != entry.index) => {
            Unlogged::OtherIndex(entry.index)
        }
        Some(Asked::Entry(_)) => {
            judged.logged += 1;
            return;
        }
        Some(Asked::Absent) => Unlogged::Absent,
        Some(Asked::Failed(_)) | None => {
            judged.unjudged.push(Unjudged { what: attested.release.clone(), why: Reason::NotAnswered });
            return;
        }
    };
    judged.findings.push(Finding::Unlogged { release: attested.release.clone(), index: attested.index, why });
}
