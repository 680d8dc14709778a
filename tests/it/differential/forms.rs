//! Alterations of how a bundle is written, and of the parts that have a form of their own.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Value, json};

use super::alter::{bytes, one_of, with};
use super::mutations::Altered;
use super::random::Random;

/// Another version of the format, or none.
pub fn media_type(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let types = [
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.dev.sigstore.bundle.v0.1+json",
        "application/vnd.dev.sigstore.bundle.v0.2+json",
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "application/vnd.dev.sigstore.bundle.v0.30+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.4",
        "application/vnd.dev.sigstore.bundle+json; version=0.3",
        "application/vnd.dev.sigstore.bundle+json;version=0.3;charset=utf-8",
        "Application/vnd.dev.sigstore.bundle.v0.3+json",
        " application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.dev.sigstore.bundle.v0.3+json ",
        "application/vnd.dev.sigstore.bundle+json",
        "application/json",
    ];
    let value = *random.pick(&types)?;
    let altered = with(bundle, "/mediaType", value.into())?;
    (altered != *bundle).then(|| Altered::new(format!("{value:?}"), &altered))
}

/// A field that no version of the format has.
pub fn unknown_field(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let objects = |place: &str| bundle.pointer(place).is_some_and(Value::is_object);
    let place = if random.below(8) == 0 { String::new() } else { one_of(random, bundle, objects)? };
    let mut altered = bundle.clone();
    let value = random.pick(&[json!("x"), json!(null), json!({"a": [1]})])?.clone();
    altered.pointer_mut(&place)?.as_object_mut()?.insert("unknownField".to_owned(), value);
    Some(Altered::new(format!("in {place}/"), &altered))
}

/// The same bytes in base64 that is not the standard's, or nearly the same.
pub fn base64(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |place| bytes(bundle, place).is_some())?;
    let text = bundle.pointer(&place)?.as_str()?;
    let (how, text) = match random.below(9) {
        0 => ("URL-safe", URL_SAFE.encode(bytes(bundle, &place)?)),
        1 => ("without padding", text.trim_end_matches('=').to_owned()),
        2 => ("more padding", format!("{text}=")),
        3 => ("line feed at the end", format!("{text}\n")),
        4 => ("line feed within", format!("{}\n{}", &text[..4], &text[4..])),
        5 => ("space before", format!(" {text}")),
        6 => ("character of no alphabet", format!("{}!{}", &text[..4], &text[4..])),
        7 => ("padding within", format!("{}={}", &text[..4], &text[4..])),
        _ => ("spare bits set", spare_bits(text)?),
    };
    let altered = with(bundle, &place, text.into())?;
    (altered != *bundle).then(|| Altered::new(format!("{place} {how}"), &altered))
}

/// Base64 whose last character has bits that belong to no byte.
fn spare_bits(text: &str) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let body = text.trim_end_matches('=');
    (body.len() < text.len()).then_some(())?;
    let last = body.bytes().last()?;
    let value = ALPHABET.iter().position(|character| *character == last)?;
    let padding = &text[body.len()..];
    Some(format!("{}{}{padding}", &body[..body.len() - 1], char::from(ALPHABET[value | 1])))
}

/// The same JSON with white space, or something before or after it.
pub fn white_space(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let text = bundle.to_string();
    let (how, text) = match random.below(7) {
        0 => ("indented", serde_json::to_string_pretty(bundle).ok()?),
        1 => ("around", format!(" \t\n{text}\r\n ")),
        2 => ("after each colon", text.replace("\":\"", "\":  \"")),
        3 => ("byte order mark", format!("\u{feff}{text}")),
        4 => ("no-break space", format!("\u{a0}{text}")),
        5 => ("text after", format!("{text}x")),
        _ => ("escaped slashes", text.replace('/', "\\/")),
    };
    Some(Altered { how: how.to_owned(), text })
}

/// A field twice in one object, with the same value or another.
pub fn twice(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let name = |place: &str| place.rsplit('/').next().unwrap_or_default().to_owned();
    let place = one_of(random, bundle, |place| name(place).parse::<usize>().is_err())?;
    let value = bundle.pointer(&place)?;
    let marker = "GAITKEEPERTWICE";
    let text = with(bundle, &place, marker.into())?.to_string();
    let other = match value {
        Value::String(text) => format!("{text}A").into(),
        _ => json!({}),
    };
    let (how, values) = match random.below(3) {
        0 => ("equal", [value, value]),
        1 => ("another before", [&other, value]),
        _ => ("another after", [value, &other]),
    };
    let fields = format!("{}:{},{}:{}", json!(name(&place)), values[0], json!(name(&place)), values[1]);
    let text = text.replace(&format!("{}:\"{marker}\"", json!(name(&place))), &fields);
    Some(Altered { how: format!("{place} {how}"), text })
}

/// Another text of the checkpoint.
pub fn checkpoint(random: &mut Random, bundle: &Value, other: &Value) -> Option<Altered> {
    let place = "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope";
    let text = bundle.pointer(place)?.as_str()?;
    let (body, signatures) = text.split_once("\n\n")?;
    let line = "\u{2014} witness.example AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    let (how, text) = match random.below(13) {
        0 => ("line added to the body", format!("{body}\nextra\n\n{signatures}")),
        1 => ("signature of a stranger after", format!("{text}{line}")),
        2 => ("signature of a stranger before", format!("{body}\n\n{line}{signatures}")),
        3 => ("signature twice", format!("{body}\n\n{signatures}{signatures}")),
        4 => ("signature of no base64 after", format!("{text}\u{2014} witness.example ****\n")),
        5 => ("no line feed at the end", text.trim_end().to_owned()),
        6 => ("line feed at the end", format!("{text}\n")),
        7 => ("carriage returns", text.replace('\n', "\r\n")),
        8 => ("no signature", format!("{body}\n\n")),
        9 => ("size with a zero before", body.replacen('\n', "\n0", 1) + "\n\n" + signatures),
        10 => ("hyphen for the dash", text.replace('\u{2014}', "-")),
        11 => ("text after the signature", format!("{text}extra\n")),
        _ => ("of another bundle", other.pointer(place)?.as_str()?.to_owned()),
    };
    let altered = with(bundle, place, text.into())?;
    (altered != *bundle).then(|| Altered::new(how, &altered))
}

/// The certificate with others after or before it, or in the other of the two forms.
pub fn chain(random: &mut Random, bundle: &Value, other: &Value) -> Option<Altered> {
    let leaf = |bundle: &Value| {
        let material = &bundle["verificationMaterial"];
        let first = material["x509CertificateChain"]["certificates"].get(0).or(material.get("certificate"));
        first.filter(|certificate| certificate["rawBytes"].is_string()).cloned()
    };
    let (own, foreign) = (leaf(bundle)?, leaf(other));
    let mut altered = bundle.clone();
    let material = altered["verificationMaterial"].as_object_mut()?;
    let single = material.remove("certificate");
    material.remove("x509CertificateChain");
    let damaged = json!({"rawBytes": STANDARD.encode(b"0\x03\x02\x01\x00")});
    let (how, name, value) = match random.below(8) {
        0 => ("the other form", if single.is_some() { "x509CertificateChain" } else { "certificate" }, vec![own]),
        1 => ("twice", "x509CertificateChain", vec![own.clone(), own]),
        2 => ("a foreign one after", "x509CertificateChain", vec![own, foreign?]),
        3 => ("a foreign one before", "x509CertificateChain", vec![foreign?, own]),
        4 => ("a damaged one after", "x509CertificateChain", vec![own, damaged]),
        5 => ("an empty one after", "x509CertificateChain", vec![own, json!({"rawBytes": ""})]),
        6 => {
            material.insert("certificate".to_owned(), own.clone());
            ("both forms", "x509CertificateChain", vec![own])
        }
        _ => {
            material.insert("publicKey".to_owned(), json!({"hint": "else"}));
            ("with a key's hint", "certificate", vec![own])
        }
    };
    let value = if name == "certificate" { value.into_iter().next()? } else { json!({"certificates": value}) };
    material.insert(name.to_owned(), value);
    (altered != *bundle).then(|| Altered::new(how, &altered))
}

/// A field under its name of the protocol definition, which the JSON form of protobuf takes as well.
pub fn snake_case(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let camel = |place: &str| place.rsplit('/').next().is_some_and(|name| name.chars().any(char::is_uppercase));
    let place = one_of(random, bundle, camel)?;
    let (parent, name) = place.rsplit_once('/')?;
    let mut altered = bundle.clone();
    let fields = altered.pointer_mut(parent)?.as_object_mut()?;
    let value = fields.remove(name)?;
    let snake = name.chars().fold(String::new(), |mut snake, character| {
        if character.is_uppercase() {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
        snake
    });
    fields.insert(snake, value);
    Some(Altered::new(&place, &altered))
}
