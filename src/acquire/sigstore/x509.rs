//! The parts of an X.509 certificate in DER (RFC 5280) that are read here, each no further than it is needed: what
//! only a verifier needs is stepped over.

use std::fmt::Write as _;

use x509_cert::der::asn1::{AnyRef, BitStringRef, ContextSpecific, ObjectIdentifier, Utf8StringRef};
use x509_cert::der::{self, Decode, Reader, Tag, TagNumber, Tagged};
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

use super::certificate::MAX_EXTENSIONS;

/// Most alternative names that are read of one certificate. Fulcio gives one.
const MAX_IDENTITIES: usize = 100;
/// Largest issuer name, in bytes: the parts of a name are sorted while they are read.
const MAX_NAME: usize = 4 << 10;
/// The type of a user name among the alternative names (sigstore/fulcio, docs/oid-info.md).
const USER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// An alternative name of the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A URI: of a workflow, or of a workload.
    Uri(String),
    /// An e-mail address.
    Email(String),
    /// A user name with its domain (`name!domain`), for issuers that give no addresses.
    UserName(String),
    /// A name that Fulcio gives no signer.
    Other {
        /// What it is, in the terms of RFC 5280.
        kind: &'static str,
        /// Its DER content in lower-case hexadecimal; for a DNS name the name.
        value: String,
    },
}

/// The parts of a certificate's body (TBSCertificate) that are read here.
pub(super) struct Body<'a> {
    /// Number that the authority gave it.
    pub serial: SerialNumber,
    /// Name of the authority, still encoded.
    pub issuer: AnyRef<'a>,
    /// From when until when it is valid.
    pub validity: Validity,
    /// The first [`MAX_EXTENSIONS`] extensions.
    pub extensions: Vec<Extension>,
    /// There are more extensions.
    pub is_cut: bool,
}

/// Walks through a certificate as far as its extensions.
pub(super) fn body(der: &[u8]) -> der::Result<Body<'_>> {
    let body = AnyRef::from_der(der)?.sequence(|reader| {
        let body: AnyRef<'_> = reader.decode()?;
        let _algorithm: AnyRef<'_> = reader.decode()?;
        let _signature: BitStringRef<'_> = reader.decode()?;
        Ok(body)
    })?;
    body.sequence(|reader| {
        let _version: Option<ContextSpecific<u8>> = ContextSpecific::decode_explicit(reader, TagNumber::N0)?;
        let serial = reader.decode()?;
        let _algorithm: AnyRef<'_> = reader.decode()?;
        let issuer = reader.decode()?;
        let validity = reader.decode()?;
        let _subject: AnyRef<'_> = reader.decode()?;
        let _key: AnyRef<'_> = reader.decode()?;
        let mut body = Body { serial, issuer, validity, extensions: Vec::new(), is_cut: false };
        while !reader.is_finished() {
            let part: AnyRef<'_> = reader.decode()?;
            match part.tag() {
                // The identifiers of issuer and subject that RFC 5280 advises against.
                Tag::ContextSpecific { number: TagNumber::N1 | TagNumber::N2, .. } => {}
                Tag::ContextSpecific { number: TagNumber::N3, constructed: true } if body.extensions.is_empty() => {
                    body.take_extensions(AnyRef::from_der(part.value())?)?;
                }
                other => return Err(other.value_error()),
            }
        }
        Ok(body)
    })
}

impl Body<'_> {
    fn take_extensions(&mut self, list: AnyRef<'_>) -> der::Result<()> {
        list.sequence(|reader| {
            while !reader.is_finished() {
                if self.extensions.len() == MAX_EXTENSIONS {
                    self.is_cut = true;
                    reader.read_slice(reader.remaining_len())?;
                    return Ok(());
                }
                self.extensions.push(reader.decode()?);
            }
            Ok(())
        })
    }
}

/// The alternative names in the value of that extension, in their order. What is none, and that there are more
/// than [`MAX_IDENTITIES`], goes to the faults.
pub(super) fn identities(value: &[u8], faults: &mut Vec<String>) -> Vec<Identity> {
    let mut identities = Vec::new();
    let outcome = AnyRef::from_der(value).and_then(|names| {
        names.sequence(|reader| {
            for _ in 0..MAX_IDENTITIES {
                if reader.is_finished() {
                    return Ok(());
                }
                match identity(&reader.decode()?) {
                    Ok(identity) => identities.push(identity),
                    Err(fault) => faults.push(fault),
                }
            }
            if !reader.is_finished() {
                faults.push(format!("has more than {MAX_IDENTITIES} names, and the rest was not read"));
                reader.read_slice(reader.remaining_len())?;
            }
            Ok(())
        })
    });
    if let Err(e) = outcome {
        faults.push(format!("is no list of names: {e}"));
    }
    identities
}

/// One GeneralName (RFC 5280, 4.2.1.6).
fn identity(name: &AnyRef<'_>) -> std::result::Result<Identity, String> {
    let Tag::ContextSpecific { number, .. } = name.tag() else {
        return Err(format!("holds a {}, which is no name", name.tag()));
    };
    let text = |kind: &str| match std::str::from_utf8(name.value()) {
        Ok(text) if text.is_ascii() => Ok(text.to_owned()),
        _ => Err(format!("holds {kind} that is not ASCII")),
    };
    let other = |kind| Ok(Identity::Other { kind, value: hexadecimal(name.value()) });
    match number.value() {
        0 => other_name(name.value()),
        1 => text("an e-mail address").map(Identity::Email),
        2 => text("a DNS name").map(|value| Identity::Other { kind: "DNS name", value }),
        3 => other("X.400 address"),
        4 => other("directory name"),
        5 => other("EDI party name"),
        6 => text("a URI").map(Identity::Uri),
        7 => other("IP address"),
        8 => other("registered ID"),
        unknown => Err(format!("holds a name of the unknown kind {unknown}")),
    }
}

/// An OtherName: its type, and a value that is a UTF8String where the type is Fulcio's.
fn other_name(content: &[u8]) -> std::result::Result<Identity, String> {
    let parts = || -> der::Result<(ObjectIdentifier, AnyRef<'_>)> {
        let mut reader = der::SliceReader::new(content)?;
        let kind: ObjectIdentifier = reader.decode()?;
        let value: AnyRef<'_> = reader.decode()?;
        value.tag().assert_eq(Tag::ContextSpecific { number: TagNumber::N0, constructed: true })?;
        reader.finish((kind, AnyRef::from_der(value.value())?))
    };
    match parts() {
        Ok((USER_NAME, value)) => match value.decode_as::<Utf8StringRef<'_>>() {
            Ok(text) => Ok(Identity::UserName(text.as_str().to_owned())),
            Err(e) => Err(format!("holds a user name that is no UTF8String: {e}")),
        },
        Ok(_) => Ok(Identity::Other { kind: "other name", value: hexadecimal(content) }),
        Err(e) => Err(format!("holds an other name that cannot be read: {e}")),
    }
}

/// A distinguished name as in RFC 4514; `None` if it is none, or too long.
pub(super) fn name(encoded: AnyRef<'_>) -> Option<String> {
    if encoded.value().len() > MAX_NAME {
        return None;
    }
    let name: Name = encoded.decode_as().ok()?;
    let mut text = String::new();
    // Formatting may fail where `to_string` would panic.
    write!(text, "{name}").ok()?;
    Some(text)
}

/// Milliseconds since the Unix epoch.
pub(super) fn milliseconds(time: &Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX)
}

/// A serial number in hexadecimal, without the zero byte that keeps it positive.
pub(super) fn serial(number: &SerialNumber) -> String {
    match number.as_bytes() {
        [0, rest @ ..] if !rest.is_empty() => hexadecimal(rest),
        bytes => hexadecimal(bytes),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
