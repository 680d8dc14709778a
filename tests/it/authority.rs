//! An authority of a test, and servers that it vouches for: X.509 (RFC 5280) with keys that are made anew each time.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::crafted::{oid, tlv, utf8};

/// Who vouches for servers.
pub struct Authority {
    name: &'static str,
    key: EcdsaKeyPair,
    certificate: Vec<u8>,
}

impl Authority {
    /// One that nobody knows yet.
    pub fn named(name: &'static str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let is_authority = tlv(0x30, &tlv(0x01, &[0xff]));
        let basic = tlv(0x30, &[oid("2.5.29.19"), tlv(0x01, &[0xff]), tlv(0x04, &is_authority)].concat());
        let certificate = signed(name, &key, &basic, (name, &key));
        Self { name, key, certificate }
    }

    /// Its certificate, as a file that programs are told to trust.
    pub fn pem(&self) -> String {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(&self.certificate))
    }

    /// What a server at 127.0.0.1 needs to be known by it.
    pub fn server(&self) -> Arc<ServerConfig> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let names = tlv(0x30, &tlv(0x87, &[127, 0, 0, 1]));
        let names = tlv(0x30, &[oid("2.5.29.17"), tlv(0x04, &names)].concat());
        let certificate = signed("a server", &key, &names, (self.name, &self.key));
        let secret = PrivatePkcs8KeyDer::from(key.to_pkcs8v1().expect("a key").as_ref().to_vec());
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], PrivateKeyDer::Pkcs8(secret))
            .expect("a certificate and its key");
        Arc::new(config)
    }
}

/// A certificate of 2020 to 2120 for a key.
fn signed(subject: &str, key: &EcdsaKeyPair, extension: &[u8], by: (&str, &EcdsaKeyPair)) -> Vec<u8> {
    let name = |text: &str| tlv(0x30, &tlv(0x31, &tlv(0x30, &[oid("2.5.4.3"), utf8(text)].concat())));
    let algorithm = tlv(0x30, &oid("1.2.840.10045.4.3.2"));
    let curve = tlv(0x30, &[oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")].concat());
    let point = [&[0], key.public_key().as_ref()].concat();
    let body = [
        tlv(0xa0, &tlv(0x02, &[2])),
        tlv(0x02, &[1]),
        algorithm.clone(),
        name(by.0),
        tlv(0x30, &[tlv(0x17, b"200101000000Z"), tlv(0x18, b"21200101000000Z")].concat()),
        name(subject),
        tlv(0x30, &[curve, tlv(0x03, &point)].concat()),
        tlv(0xa3, &tlv(0x30, extension)),
    ];
    let body = tlv(0x30, &body.concat());
    let signature = by.1.sign(&SystemRandom::new(), &body).expect("a signature");
    let signature = [&[0], signature.as_ref()].concat();
    tlv(0x30, &[body, algorithm, tlv(0x03, &signature)].concat())
}
