//! What the shared material holds: certificates and statements in bundles of every shape, found by walking through
//! the JSON.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A statement with the certificate of the key that signed it.
pub struct Signed {
    pub file: String,
    pub statement: Vec<u8>,
    pub certificate: Option<Vec<u8>>,
    /// The publisher object that stands beside it in a provenance object of PEP 740.
    pub publisher: Option<Value>,
}

/// JSON documents of a file: one, or one in each line.
pub fn documents(path: &Path) -> Vec<Value> {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    match serde_json::from_str(&text) {
        Ok(value) => vec![value],
        Err(_) => text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
    }
}

/// Every certificate of a file, as DER.
pub fn certificates(path: &Path) -> Vec<Vec<u8>> {
    fn walk(value: &Value, found: &mut Vec<Vec<u8>>) {
        match value {
            Value::String(text) if text.len() > 400 => found.extend(certificate(text)),
            Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
            Value::Object(members) => members.values().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for document in &documents(path) {
        walk(document, &mut found);
    }
    found
}

/// DER from base64, or from PEM in base64.
fn certificate(text: &str) -> Option<Vec<u8>> {
    let der = STANDARD.decode(text).ok()?;
    match der.strip_prefix(b"-----BEGIN CERTIFICATE-----") {
        None => der.starts_with(&[0x30, 0x82]).then_some(der),
        Some(rest) => {
            let text: String = String::from_utf8_lossy(rest).split("-----").next()?.split_whitespace().collect();
            STANDARD.decode(text).ok()
        }
    }
}

/// Every signed statement below a folder, files in the order of their names.
pub fn signed(folder: &Path) -> Vec<Signed> {
    fn walk(value: &Value, file: &str, publisher: Option<&Value>, found: &mut Vec<Signed>) {
        let Value::Object(members) = value else {
            let values = value.as_array().map_or(&[][..], Vec::as_slice);
            for value in values {
                walk(value, file, publisher, found);
            }
            return;
        };
        let publisher = members.get("publisher").or(publisher);
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        let statement = text("/dsseEnvelope/payload").or_else(|| text("/envelope/statement"));
        if let Some(statement) = statement.and_then(|statement| STANDARD.decode(statement).ok()) {
            let certificate = [
                "/verificationMaterial/certificate/rawBytes",
                "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes",
                "/verification_material/certificate",
            ];
            let certificate = certificate.iter().find_map(|pointer| certificate_at(value, pointer));
            let (file, publisher) = (file.to_owned(), publisher.cloned());
            found.push(Signed { file, statement, certificate, publisher });
        }
        members.values().for_each(|value| walk(value, file, publisher, found));
    }
    fn certificate_at(value: &Value, pointer: &str) -> Option<Vec<u8>> {
        STANDARD.decode(value.pointer(pointer)?.as_str()?).ok()
    }
    fn files(folder: &Path, root: &Path, found: &mut BTreeMap<String, Vec<Value>>) {
        for entry in std::fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                files(&path, root, found);
            } else {
                let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                found.insert(name, documents(&path));
            }
        }
    }
    let mut all = BTreeMap::new();
    files(folder, folder, &mut all);
    let mut found = Vec::new();
    for (file, documents) in &all {
        for document in documents {
            walk(document, file, None, &mut found);
        }
    }
    found
}

/// How the index calls each file: real, or altered or made.
pub fn kinds(index: &Path) -> BTreeMap<String, String> {
    let mut rows = csv::Reader::from_path(index).expect("index");
    rows.records().map(|row| row.expect("row")).map(|row| (row[0].to_owned(), row[6].to_owned())).collect()
}
