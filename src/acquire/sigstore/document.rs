//! The documents that carry attestations, told apart by their content.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::json::{AtMost, Text, shown};
use super::statement::Rules;
use crate::error::{Error, Result};
use crate::names::{NPM, ReleaseId};

/// Most bytes of a document (32 MiB); real ones have some 20 KB an attestation.
pub const MAX_BYTES: usize = 32 << 20;
/// Most attestations of a document.
pub const MAX_ATTESTATIONS: usize = 1000;

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// npm's `{"attestations": [...]}`, or only the list in it.
    NpmAttestations,
    /// What `npm audit signatures --json --include-attestations` writes (npm 11.19 and later).
    NpmAudit,
    /// PEP 740's provenance object of a file.
    Pep740Provenance,
    /// A single attestation object of PEP 740.
    Pep740Attestation,
    /// A list of bundles, as RubyGems serves it.
    BundleArray,
    /// A single bundle.
    Bundle,
    /// A bundle a line.
    BundleLines,
}

impl Form {
    pub(super) fn rules(self) -> Rules {
        match self {
            Self::NpmAttestations | Self::NpmAudit => Rules::Npm,
            Self::Pep740Provenance | Self::Pep740Attestation => Rules::Pep740,
            Self::BundleArray | Self::Bundle | Self::BundleLines => Rules::Bundle,
        }
    }
}

/// What stands at one place of a document.
pub(super) enum Body<'a> {
    Bundle(&'a str),
    Pep740(&'a str),
    /// Nothing that could be an attestation, for this reason.
    Damaged(String),
}

/// One attestation of a document, not yet read.
pub(super) struct Item<'a> {
    pub(super) place: String,
    pub(super) about: Option<String>,
    pub(super) predicate_type: Option<Text<'a>>,
    pub(super) publisher: Option<&'a str>,
    pub(super) body: Body<'a>,
}

impl<'a> Item<'a> {
    fn new(place: String, body: Body<'a>) -> Self {
        Self { place, about: None, predicate_type: None, publisher: None, body }
    }
}

/// A document taken apart.
pub(super) struct Parts<'a> {
    pub(super) form: Form,
    pub(super) items: Vec<Item<'a>>,
    pub(super) remarks: Vec<String>,
}

type RawList<'a> = AtMost<&'a RawValue, MAX_ATTESTATIONS>;

/// The members by which the shapes differ; a member that stands twice is an error.
#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow)]
    attestations: Option<RawList<'a>>,
    #[serde(borrow)]
    verified: Option<AtMost<Audited<'a>, MAX_ATTESTATIONS>>,
    #[serde(borrow)]
    invalid: Option<AtMost<Named<'a>, MAX_ATTESTATIONS>>,
    #[serde(borrow)]
    missing: Option<AtMost<Named<'a>, MAX_ATTESTATIONS>>,
    #[serde(borrow)]
    attestation_bundles: Option<AtMost<Published<'a>, MAX_ATTESTATIONS>>,
    envelope: Option<IgnoredAny>,
    verification_material: Option<IgnoredAny>,
    #[serde(rename = "verificationMaterial")]
    bundle_material: Option<IgnoredAny>,
    #[serde(rename = "dsseEnvelope")]
    dsse_envelope: Option<IgnoredAny>,
    #[serde(rename = "messageSignature")]
    message_signature: Option<IgnoredAny>,
}

/// A package that npm's client verified (`verify-signatures.js`, `getVerifiedInfo`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Audited<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    attestation_bundles: Option<RawList<'a>>,
}

/// A package that npm's client could not verify.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    version: Option<Text<'a>>,
    #[serde(borrow)]
    code: Option<Text<'a>>,
}

impl Named<'_> {
    fn release(&self) -> ReleaseId {
        let text = |text: &Option<Text<'_>>| text.as_deref().unwrap_or("?").to_owned();
        ReleaseId { registry: NPM.to_owned(), package: text(&self.name), version: text(&self.version) }
    }
}

/// What one publisher attests of a file, in PEP 740's provenance object.
#[derive(Deserialize)]
struct Published<'a> {
    #[serde(borrow)]
    publisher: Option<&'a RawValue>,
    #[serde(borrow)]
    attestations: Option<RawList<'a>>,
}

/// An entry of npm's list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow)]
    predicate_type: Option<Text<'a>>,
    #[serde(borrow)]
    bundle: Option<&'a RawValue>,
}

/// Takes a document apart.
pub(super) fn parts<'a>(text: &'a [u8], purl: Option<&str>) -> Result<Parts<'a>> {
    if text.len() > MAX_BYTES {
        return Err(refused(format!("the document has {} bytes, at most {MAX_BYTES} are read", text.len())));
    }
    let text = std::str::from_utf8(text)
        .map_err(|error| refused(format!("the document is no UTF-8 from byte {} on", error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    match text.as_bytes().first() {
        Some(b'[') => of_list(text),
        Some(b'{') => match serde_json::from_str::<Shape<'_>>(text) {
            Ok(shape) => of_shape(text, shape, purl),
            Err(error) if error.is_syntax() && is_lines(text) => of_lines(text),
            Err(error) => Err(not_read(&error)),
        },
        _ => Err(refused("the document is no JSON object or list".to_owned())),
    }
}

/// Whether the text goes on after a first line that is an object of its own.
fn is_lines(text: &str) -> bool {
    text.split_once('\n').is_some_and(|(line, _)| serde_json::from_str::<&RawValue>(line.trim()).is_ok())
}

fn of_lines(text: &str) -> Result<Parts<'_>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let count = lines.clone().count();
    bounded(count)?;
    let items = lines.map(|(at, line)| Item::new(format!("line {}", at + 1), Body::Bundle(line.trim()))).collect();
    Ok(Parts { form: Form::BundleLines, items, remarks: Vec::new() })
}

/// A list is npm's where its first object has a `bundle`; else it is one of bundles.
fn of_list(text: &str) -> Result<Parts<'_>> {
    let list: RawList<'_> = serde_json::from_str(text).map_err(|error| not_read(&error))?;
    let list = whole(list, "the list")?;
    let is_entry =
        |raw: &&RawValue| serde_json::from_str::<Entry<'_>>(raw.get()).is_ok_and(|entry| entry.bundle.is_some());
    if list.first().is_some_and(is_entry) {
        let items = list.into_iter().enumerate().map(|(at, raw)| entry(format!("[{at}]"), raw));
        return Ok(Parts { form: Form::NpmAttestations, items: items.collect(), remarks: Vec::new() });
    }
    let items = list.into_iter().enumerate().map(|(at, raw)| Item::new(format!("[{at}]"), Body::Bundle(raw.get())));
    Ok(Parts { form: Form::BundleArray, items: items.collect(), remarks: Vec::new() })
}

fn of_shape<'a>(text: &'a str, shape: Shape<'a>, purl: Option<&str>) -> Result<Parts<'a>> {
    let is_audit = shape.verified.is_some() || shape.invalid.is_some() || shape.missing.is_some();
    let is_object = shape.envelope.is_some() || shape.verification_material.is_some();
    let is_bundle =
        shape.bundle_material.is_some() || shape.dsse_envelope.is_some() || shape.message_signature.is_some();
    let kinds = [shape.attestations.is_some(), is_audit, shape.attestation_bundles.is_some(), is_object, is_bundle];
    match kinds.iter().filter(|&&is| is).count() {
        0 => return Err(refused("the document is of no known shape".to_owned())),
        1 => {}
        _ => return Err(refused("the document mixes the shapes of several kinds of documents".to_owned())),
    }
    let single = |form, body| Ok(Parts { form, items: vec![Item::new("document".to_owned(), body)], remarks: vec![] });
    if let Some(list) = shape.attestations {
        let list = whole(list, "attestations")?.into_iter().enumerate();
        let items = list.map(|(at, raw)| entry(format!("attestations[{at}]"), raw)).collect();
        Ok(Parts { form: Form::NpmAttestations, items, remarks: Vec::new() })
    } else if is_audit {
        of_audit(shape, purl)
    } else if let Some(publishers) = shape.attestation_bundles {
        of_provenance(publishers)
    } else if is_object {
        single(Form::Pep740Attestation, Body::Pep740(text))
    } else {
        single(Form::Bundle, Body::Bundle(text))
    }
}

/// An entry of npm's list; one without a bundle cannot be judged.
fn entry(place: String, raw: &RawValue) -> Item<'_> {
    match serde_json::from_str::<Entry<'_>>(raw.get()) {
        Ok(Entry { predicate_type: None, .. }) => {
            Item::new(place, Body::Damaged("the entry has no predicateType".to_owned()))
        }
        Ok(Entry { predicate_type, bundle }) => {
            let body = match bundle {
                Some(bundle) => Body::Bundle(bundle.get()),
                None => Body::Damaged("the entry has no bundle".to_owned()),
            };
            Item { predicate_type, ..Item::new(place, body) }
        }
        Err(error) => {
            Item::new(place, Body::Damaged(format!("the entry cannot be read: {}", shown(&error.to_string()))))
        }
    }
}

/// npm's audit names many packages. Where one is asked for, the others are counted and left out.
fn of_audit<'a>(shape: Shape<'a>, purl: Option<&str>) -> Result<Parts<'a>> {
    let asked = purl.map(str::parse::<ReleaseId>).transpose()?;
    let invalid = whole(shape.invalid.unwrap_or_default(), "invalid")?;
    let missing = whole(shape.missing.unwrap_or_default(), "missing")?;
    let mut others = 0_usize;
    let mut items = Vec::new();
    for (at, named) in invalid.iter().enumerate() {
        let release = named.release();
        if asked.as_ref().is_some_and(|asked| *asked != release) {
            others += 1;
            continue;
        }
        let code = named.code.as_deref().unwrap_or("no reason given");
        let why = format!("npm itself found {} invalid: {}", shown(&release.to_string()), shown(code));
        items.push(Item { about: release.purl().ok(), ..Item::new(format!("invalid[{at}]"), Body::Damaged(why)) });
    }
    let mut remarks = Vec::new();
    if let Some(named) = unsigned(&missing) {
        remarks.push(named);
    }
    let Some(verified) = shape.verified else {
        if items.is_empty() {
            return Err(refused("npm's audit output holds no attestations".to_owned())
                .remedy("write it with: npm audit signatures --json --include-attestations (npm 11.19 or later)"));
        }
        return Ok(Parts { form: Form::NpmAudit, items, remarks });
    };
    for (at, audited) in whole(verified, "verified")?.into_iter().enumerate() {
        let place = format!("verified[{at}]");
        let (Some(name), Some(version)) = (audited.name, audited.version) else {
            items.push(Item::new(place, Body::Damaged("the entry names no version of a package".to_owned())));
            continue;
        };
        let release =
            ReleaseId { registry: NPM.to_owned(), package: name.0.into_owned(), version: version.0.into_owned() };
        if asked.as_ref().is_some_and(|asked| *asked != release) {
            others += 1;
            continue;
        }
        let about = match release.purl() {
            Ok(about) => about,
            Err(error) => {
                items.push(Item::new(place, Body::Damaged(error.what)));
                continue;
            }
        };
        let Some(list) = audited.attestation_bundles else {
            let item = Item::new(place, Body::Damaged("the entry has no attestationBundles".to_owned()));
            items.push(Item { about: Some(about), ..item });
            continue;
        };
        for (number, raw) in whole(list, "attestationBundles")?.into_iter().enumerate() {
            let item = entry(format!("{place}.attestationBundles[{number}]"), raw);
            items.push(Item { about: Some(about.clone()), ..item });
        }
        bounded(items.len())?;
    }
    if others > 0 {
        remarks.push(format!("{others} other packages of the audit were left out"));
    }
    Ok(Parts { form: Form::NpmAudit, items, remarks })
}

/// The packages that npm found no signature of, the first few by name.
fn unsigned(missing: &[Named<'_>]) -> Option<String> {
    const SHOWN: usize = 5;
    let names: Vec<String> = missing.iter().take(SHOWN).map(|named| shown(&named.release().to_string())).collect();
    let more = missing.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("npm found no signature of {}{rest}", names.join(", ")))
}

fn of_provenance(publishers: AtMost<Published<'_>, MAX_ATTESTATIONS>) -> Result<Parts<'_>> {
    let mut items = Vec::new();
    for (at, published) in whole(publishers, "attestation_bundles")?.into_iter().enumerate() {
        let list = whole(published.attestations.unwrap_or_default(), "attestations")?;
        for (number, raw) in list.into_iter().enumerate() {
            let place = format!("attestation_bundles[{at}].attestations[{number}]");
            let item = Item::new(place, Body::Pep740(raw.get()));
            items.push(Item { publisher: published.publisher.map(RawValue::get), ..item });
        }
        bounded(items.len())?;
    }
    Ok(Parts { form: Form::Pep740Provenance, items, remarks: Vec::new() })
}

fn whole<T, const N: usize>(list: AtMost<T, N>, name: &str) -> Result<Vec<T>> {
    list.whole(name).map_err(refused)
}

fn bounded(count: usize) -> Result<()> {
    if count <= MAX_ATTESTATIONS {
        return Ok(());
    }
    Err(refused(format!("the document holds {count} attestations, at most {MAX_ATTESTATIONS} are read")))
}

fn not_read(error: &serde_json::Error) -> Error {
    refused(format!("the document cannot be read: {}", shown(&error.to_string())))
}

fn refused(what: String) -> Error {
    Error::tool(what).remedy(
        "hand in the attestations as the registry serves them: npm's attestations document, a PEP 740 provenance \
         or attestation object, a Sigstore bundle, a list of bundles or one a line",
    )
}
