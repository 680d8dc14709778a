//! Every bundle of the shared material, as a case for the verifiers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use sigstore_verify::crypto::sha256;

/// Where the conformance suite's own job signed, unless a folder says otherwise.
const IDENTITY: &str = concat!(
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/",
    "workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
);
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// What a verifier is asked: the line that `tests/oracles/verify.py` describes.
#[derive(Clone, Serialize)]
pub struct Case {
    /// Place of the bundle in the material, or kind of mutation and the case that was mutated.
    pub id: String,
    /// The bundle's text.
    pub bundle: String,
    /// `sha256:HEX` or `sha512:HEX` of what was signed; one of this and `artifact` is there.
    pub digest: Option<String>,
    /// What was signed.
    pub artifact: Option<PathBuf>,
    /// The trusted root.
    pub root: PathBuf,
    /// PEM or base64 of the DER of the key to verify with, in place of a certificate.
    pub key: Option<String>,
    /// The hint that a bundle must give to be verified with the key; none is any.
    pub hint: Option<String>,
    /// The certificate's subject alternative name; none is any.
    pub identity: Option<String>,
    /// The certificate's issuer; none is any.
    pub issuer: Option<String>,
}

/// Reads the material under one folder, with trust roots that are not files there in another.
pub struct Material<'a> {
    /// The folder `sigstore` of the shared material.
    pub folder: &'a Path,
    /// A folder for what is taken out of other files.
    pub scratch: &'a Path,
}

impl Material<'_> {
    /// All cases, in a fixed order. Ids are unique.
    pub fn cases(&self) -> Vec<Case> {
        let keys = self.npm_keys();
        let production = self.folder.join("trust/trusted_root.json");
        let mut cases = self.conformance(&production);
        cases.extend(self.releases(&production));
        for folder in ["npm_attestations", "pypi", "rubygems"] {
            for file in files(&self.folder.join(folder)) {
                cases.extend(self.documents(&file, "", &production, &keys));
            }
        }
        let roots = self.roots();
        for file in files(&self.folder.join("bundles")) {
            for (name, root) in &roots {
                cases.extend(self.documents(&file, &format!("@{name}"), root, &keys));
            }
        }
        cases
    }

    /// Each folder of the conformance suite, by the artifact's bytes and by its digest.
    fn conformance(&self, production: &Path) -> Vec<Case> {
        let folder = self.folder.join("conformance_assets/bundle-verify");
        let mut cases = Vec::new();
        for bundle in files(&folder) {
            if !bundle.ends_with("bundle.sigstore.json") {
                continue;
            }
            let of = |name: &str| bundle.with_file_name(name);
            let text = |name: &str| fs::read_to_string(of(name)).ok().map(|text| text.trim().to_owned());
            let artifact = Some(of("artifact")).filter(|file| file.exists()).unwrap_or_else(|| folder.join("a.txt"));
            let root = Some(of("trusted_root.json")).filter(|file| file.exists());
            let key = text("key.pub");
            let anyone = key.is_some();
            let case = Case {
                id: format!("{}#file", self.name(bundle.parent().expect("a folder"))),
                bundle: fs::read_to_string(&bundle).expect("a bundle"),
                digest: None,
                root: root.unwrap_or_else(|| production.to_owned()),
                key,
                hint: None,
                identity: (!anyone).then(|| text("identity").unwrap_or_else(|| IDENTITY.to_owned())),
                issuer: (!anyone).then(|| text("issuer").unwrap_or_else(|| ISSUER.to_owned())),
                artifact: Some(artifact.clone()),
            };
            let id = case.id.replace("#file", "#digest");
            let digest = Some(format!("sha256:{}", hex(sha256(&fs::read(&artifact).expect("an artifact")).as_slice())));
            cases.push(Case { id, digest, artifact: None, ..case.clone() });
            cases.push(case);
        }
        cases
    }

    /// The files of CPython's releases, verified by the digest that the release says.
    fn releases(&self, production: &Path) -> Vec<Case> {
        let mut cases = Vec::new();
        for file in files(&self.folder.join("cpython/versions")) {
            let list: Vec<Value> = serde_json::from_slice(&fs::read(&file).expect("a file")).expect("a list");
            for (index, entry) in list.iter().enumerate() {
                let bundle = &entry["raw"]["sigstore"];
                if !bundle.is_object() {
                    continue;
                }
                let case = Self::case(format!("{}[{index}]", self.name(&file)), bundle, bundle.to_string(), production);
                let digest = entry["sha256"].as_str().map(|digest| format!("sha256:{digest}"));
                cases.push(Case { digest: digest.or(case.digest), ..case });
            }
        }
        cases
    }

    /// The bundles of one file, whatever document it is; none if it is something else.
    fn documents(&self, file: &Path, suffix: &str, root: &Path, keys: &BTreeMap<String, String>) -> Vec<Case> {
        let Ok(text) = fs::read_to_string(file) else { return Vec::new() };
        let mut values = Vec::new();
        for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            let Ok(value) = value else { return Vec::new() };
            values.push(value);
        }
        let mut bundles = Vec::new();
        for value in &values {
            collect(value, &mut bundles);
        }
        let alone = bundles.len() == 1 && values.first() == bundles.first();
        let artifact = file.to_str().and_then(|name| name.split_once(".sigstore")).map(|(name, _)| PathBuf::from(name));
        let artifact = artifact.filter(|artifact| artifact.is_file());
        let mut cases = Vec::new();
        for (index, bundle) in bundles.iter().enumerate() {
            let place = if alone { String::new() } else { format!("[{index}]") };
            // The text of a file that is a bundle is kept as it is.
            let text = if alone { text.clone() } else { bundle.to_string() };
            let mut case = Self::case(format!("{}{place}{suffix}", self.name(file)), bundle, text, root);
            let hint = bundle["verificationMaterial"]["publicKey"]["hint"].as_str();
            case.key = hint.and_then(|hint| keys.get(hint)).cloned();
            case.hint = hint.filter(|_| case.key.is_some()).map(str::to_owned);
            if let Some(artifact) = &artifact {
                case.artifact = Some(artifact.clone());
                case.digest = None;
            }
            cases.push(case);
        }
        cases
    }

    /// A case for anyone's signature over what the bundle itself says that it is about.
    fn case(id: String, bundle: &Value, text: String, root: &Path) -> Case {
        let digest = subject(bundle).or_else(|| Some(format!("sha256:{}", "0".repeat(64))));
        let root = root.to_owned();
        Case { id, bundle: text, digest, artifact: None, root, key: None, hint: None, identity: None, issuer: None }
    }

    /// The trust roots that the loose bundles are for, each of which is tried.
    fn roots(&self) -> Vec<(&'static str, PathBuf)> {
        let mut roots: Vec<(&'static str, PathBuf)> = [
            ("production", "trust/trusted_root.json"),
            ("staging", "trust/trusted_root_staging.json"),
            ("github", "trust/trusted_root_github.json"),
            ("scaffolding", "bundles/sigstore-go/scaffolding.json"),
            (
                "multi-intermediate",
                "bundles/sigstore-rust/sigstore-verify__test_data__sct-multi-intermediate__staging_trusted_root.json",
            ),
        ]
        .into_iter()
        .map(|(name, file)| (name, self.folder.join(file)))
        .collect();
        let config = fs::read(self.folder.join("bundles/sigstore-python/tsa__trust_config.json")).expect("a file");
        let config: Value = serde_json::from_slice(&config).expect("a trust configuration");
        let path = self.scratch.join("tsa_root.json");
        fs::write(&path, config["trustedRoot"].to_string()).expect("written");
        roots.push(("tsa", path));
        roots
    }

    /// The keys that npm's registry signs with, by their hints.
    fn npm_keys(&self) -> BTreeMap<String, String> {
        let keys = fs::read(self.folder.join("trust/npm_keys.json")).expect("a file");
        let keys: Value = serde_json::from_slice(&keys).expect("keys");
        let keys = keys["keys"].as_array().expect("keys").iter();
        let key = |key: &Value| {
            let bytes = key["publicKey"]["rawBytes"].as_str()?;
            Some((key["keyId"].as_str()?.to_owned(), bytes.to_owned()))
        };
        keys.filter_map(key).collect()
    }

    /// A path without the folder of the material.
    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.folder).expect("a file of the material").display().to_string()
    }
}

/// All files under a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The bundles in a document of npm, PyPI or RubyGems, or the document if it is one itself.
fn collect(value: &Value, bundles: &mut Vec<Value>) {
    let list = value.as_array().or(value["attestations"].as_array()).or(value["attestation_bundles"].as_array());
    if let Some(list) = list {
        for value in list {
            collect(value.get("bundle").unwrap_or(value), bundles);
        }
    } else if value["envelope"]["statement"].is_string() {
        bundles.push(attestation(value));
    } else if value.get("dsseEnvelope").or(value.get("messageSignature")).is_some() {
        bundles.push(value.clone());
    }
}

/// The bundle that an attestation of PEP 740 stands for.
fn attestation(value: &Value) -> Value {
    let material = &value["verification_material"];
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": material["certificate"]},
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": value["envelope"]["statement"],
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": value["envelope"]["signature"]}],
        },
    })
}

/// The digest that a bundle says it is about: of its message, or of its statement's first subject.
fn subject(bundle: &Value) -> Option<String> {
    if let Some(digest) = bundle["messageSignature"]["messageDigest"]["digest"].as_str() {
        return Some(format!("sha256:{}", hex(&STANDARD.decode(digest).ok()?)));
    }
    let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str()?).ok()?;
    let statement: Value = serde_json::from_slice(&payload).ok()?;
    let digest = &statement["subject"][0]["digest"];
    ["sha256", "sha512"].into_iter().find_map(|name| Some(format!("{name}:{}", digest[name].as_str()?)))
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
