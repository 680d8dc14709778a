//! Certificates made for a test: valid DER around arbitrary extensions, with a key and a signature of no meaning.

/// A certificate in the making.
#[derive(Clone, Default)]
pub struct Crafted {
    extensions: Vec<Vec<u8>>,
    names: Vec<u8>,
}

/// Tag, length and content; the length in its long form from 128 bytes on.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    if content.len() < 128 {
        der.push(u8::try_from(content.len()).expect("short"));
    } else {
        der.push(0x80 | u8::try_from(length.len()).expect("short"));
        der.extend(length);
    }
    der.extend(content);
    der
}

pub fn utf8(text: &str) -> Vec<u8> {
    tlv(0x0c, text.as_bytes())
}

/// An object identifier below 2.x.
pub fn oid(arcs: &str) -> Vec<u8> {
    let arcs: Vec<u64> = arcs.split('.').map(|arc| arc.parse().expect("number")).collect();
    let mut content = vec![u8::try_from(arcs[0] * 40 + arcs[1]).expect("first arcs")];
    for arc in &arcs[2..] {
        let groups: Vec<u8> = (0..10).map(|at| u8::try_from((arc >> (7 * at)) & 0x7f).expect("7 bits")).collect();
        let last = groups.iter().rposition(|group| *group != 0).unwrap_or(0);
        content.extend((1..=last).rev().map(|at| groups[at] | 0x80));
        content.push(groups[0]);
    }
    tlv(0x06, &content)
}

impl Crafted {
    /// A certificate of an issuer (extension 8) for a workflow or pipeline.
    pub fn of(issuer: &str, uri: &str) -> Self {
        Self::default().with(8, issuer).uri(uri)
    }

    /// An extension with any identifier and any value.
    pub fn extension(mut self, id: &str, value: &[u8]) -> Self {
        self.extensions.push(tlv(0x30, &[oid(id), tlv(0x04, value)].concat()));
        self
    }

    /// One of Fulcio's extensions from 8 on.
    pub fn with(self, number: u32, text: &str) -> Self {
        self.extension(&format!("1.3.6.1.4.1.57264.1.{number}"), &utf8(text))
    }

    /// One of Fulcio's extensions up to 6.
    pub fn with_raw(self, number: u32, text: &str) -> Self {
        self.extension(&format!("1.3.6.1.4.1.57264.1.{number}"), text.as_bytes())
    }

    /// An alternative name with its tag.
    pub fn name(mut self, tag: u8, content: &[u8]) -> Self {
        self.names.extend(tlv(tag, content));
        self
    }

    pub fn uri(self, uri: &str) -> Self {
        self.name(0x86, uri.as_bytes())
    }

    pub fn der(&self) -> Vec<u8> {
        let mut all = self.clone();
        if !self.names.is_empty() {
            all = all.extension("2.5.29.17", &tlv(0x30, &self.names));
        }
        let algorithm = tlv(0x30, &oid("1.2.840.10045.4.3.2"));
        let attribute = tlv(0x30, &[oid("2.5.4.3"), utf8("test authority")].concat());
        let name = tlv(0x30, &tlv(0x31, &attribute));
        let times = [tlv(0x17, b"260101000000Z"), tlv(0x17, b"260101001000Z")].concat();
        let key = tlv(0x30, &[algorithm.clone(), tlv(0x03, &[0, 4, 1, 2])].concat());
        let body = [
            tlv(0xa0, &tlv(0x02, &[2])),
            tlv(0x02, &[0, 0xab, 0x01]),
            algorithm.clone(),
            name,
            tlv(0x30, &times),
            tlv(0x30, &[]),
            key,
            tlv(0xa3, &tlv(0x30, &all.extensions.concat())),
        ];
        tlv(0x30, &[tlv(0x30, &body.concat()), algorithm, tlv(0x03, &[0, 1, 2, 3])].concat())
    }

    pub fn read(&self) -> gaitkeeper::acquire::sigstore::certificate::Certificate {
        gaitkeeper::acquire::sigstore::certificate::read(&self.der()).expect("a certificate")
    }
}
