//! Alterations of what a bundle says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::mutations::Altered;
use super::random::Random;

/// The pointers of all values within one, itself left out.
pub fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, place: &str, found: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(list) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
            _ => return,
        };
        for (name, child) in children {
            let place = format!("{place}/{name}");
            found.push(place.clone());
            walk(child, &place, found);
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// A copy with something else in one place.
pub fn with(bundle: &Value, place: &str, value: Value) -> Option<Value> {
    let mut bundle = bundle.clone();
    *bundle.pointer_mut(place)? = value;
    Some(bundle)
}

/// A copy without one place.
fn without(bundle: &Value, place: &str) -> Option<Value> {
    let (parent, name) = place.rsplit_once('/')?;
    let mut bundle = bundle.clone();
    match bundle.pointer_mut(parent)? {
        Value::Object(fields) => drop(fields.remove(name)?),
        Value::Array(list) => drop(list.remove(name.parse().ok()?)),
        _ => return None,
    }
    Some(bundle)
}

/// The bytes of a place, if it holds bytes: base64 of some length under a name that is not for text.
pub fn bytes(bundle: &Value, place: &str) -> Option<Vec<u8>> {
    let text = bundle.pointer(place)?.as_str()?;
    let name = place.rsplit('/').find(|part| part.parse::<usize>().is_err())?;
    let named = ["mediaType", "payloadType", "kind", "version", "algorithm", "hint", "keyid", "envelope"];
    let number = ["logIndex", "treeSize", "integratedTime"];
    if named.contains(&name) || number.contains(&name) || text.is_empty() {
        return None;
    }
    STANDARD.decode(text).ok()
}

/// One of the places for which `wanted` is true.
pub fn one_of(random: &mut Random, bundle: &Value, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let places: Vec<String> = places(bundle).into_iter().filter(|place| wanted(place)).collect();
    random.pick(&places).cloned()
}

/// One bit of some bytes is another.
pub fn flip(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |place| bytes(bundle, place).is_some())?;
    let mut bytes = bytes(bundle, &place)?;
    let at = random.below(bytes.len());
    bytes[at] ^= 1 << random.below(8);
    Some(Altered::new(&place, &with(bundle, &place, STANDARD.encode(bytes).into())?))
}

/// A part comes from another bundle.
pub fn swap(random: &mut Random, bundle: &Value, other: &Value) -> Option<Altered> {
    let place =
        one_of(random, bundle, |place| other.pointer(place).is_some_and(|value| bundle.pointer(place) != Some(value)))?;
    Some(Altered::new(&place, &with(bundle, &place, other.pointer(&place)?.clone())?))
}

/// A part is missing.
pub fn drop_field(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |_| true)?;
    Some(Altered::new(&place, &without(bundle, &place)?))
}

/// A part is null.
pub fn null(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |_| true)?;
    Some(Altered::new(&place, &with(bundle, &place, Value::Null)?))
}

/// A part is there and empty.
pub fn empty(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |_| true)?;
    let value = match bundle.pointer(&place)? {
        Value::Object(_) => json!({}),
        Value::Array(_) => json!([]),
        _ => json!(""),
    };
    Some(Altered::new(&place, &with(bundle, &place, value)?))
}

/// A part is of another type of JSON.
pub fn other_type(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |_| true)?;
    let old = bundle.pointer(&place)?;
    let (how, value) = match random.below(4) {
        0 => ("a number", json!(1)),
        1 => ("true", json!(true)),
        2 => ("a list of it", json!([old])),
        _ => ("an object of it", json!({"value": old})),
    };
    Some(Altered::new(format!("{place} {how}"), &with(bundle, &place, value)?))
}

/// Other values, and other forms of the same value, of an integer that is written as a string.
fn renumbered(random: &mut Random, bundle: &Value, place: &str) -> Option<Altered> {
    let old = bundle.pointer(place)?.as_str()?;
    let number: i64 = old.parse().ok()?;
    let (how, value) = match random.below(14) {
        0 => ("plus 1", json!((number + 1).to_string())),
        1 => ("minus 1", json!((number - 1).to_string())),
        2 => ("zero", json!("0")),
        3 => ("negative", json!(format!("-{old}"))),
        4 => ("beyond 64 bits", json!("18446744073709551616")),
        5 => ("beyond 63 bits", json!("9223372036854775808")),
        6 => ("a JSON number", json!(number)),
        7 => ("leading zero", json!(format!("0{old}"))),
        8 => ("plus sign", json!(format!("+{old}"))),
        9 => ("space", json!(format!(" {old}"))),
        10 => ("fraction", json!(format!("{old}.0"))),
        11 => ("exponent", json!(format!("{old}e0"))),
        12 => ("hexadecimal", json!(format!("0x{number:x}"))),
        _ => ("other digits", json!(old.replace('1', "\u{ff11}"))),
    };
    let changed = value != *old;
    changed.then_some(())?;
    Some(Altered::new(format!("{place} {how}"), &with(bundle, place, value)?))
}

/// Any integer.
pub fn number(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |place| {
        ["logIndex", "treeSize", "integratedTime"].contains(&place.rsplit('/').next().unwrap_or_default())
    })?;
    renumbered(random, bundle, &place)
}

/// The time of the log.
pub fn time(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |place| place.ends_with("/integratedTime"))?;
    let time: i64 = bundle.pointer(&place)?.as_str()?.parse().ok()?;
    let shifts = [1, -1, 300, -300, 900, -900, 86_400, 31_556_952, -31_556_952, 3_155_695_200];
    let shift = *random.pick(&shifts)?;
    Some(Altered::new(format!("by {shift} s"), &with(bundle, &place, (time + shift).to_string().into())?))
}

/// One of the two indexes, or both.
pub fn index(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let entry = "/verificationMaterial/tlogEntries/0";
    let (outer, inner) = (format!("{entry}/logIndex"), format!("{entry}/inclusionProof/logIndex"));
    let of = |place: &str| bundle.pointer(place)?.as_str()?.parse::<i64>().ok();
    let shift = *random.pick(&[1, -1, 2, 256, -256, 1 << 20])?;
    let moved = |bundle: &Value, place: &str| with(bundle, place, (of(place)? + shift).to_string().into());
    let (how, altered) = match random.below(4) {
        0 => ("outer", moved(bundle, &outer)?),
        1 => ("inner", moved(bundle, &inner)?),
        2 => ("both", moved(&moved(bundle, &outer)?, &inner)?),
        _ => ("inner is outer", with(bundle, &inner, of(&outer)?.to_string().into())?),
    };
    (altered != *bundle).then(|| Altered::new(format!("{how} {shift}"), &altered))
}

/// The statement says something else, or the same in other words.
pub fn statement(random: &mut Random, bundle: &Value, other: &Value) -> Option<Altered> {
    let place = "/dsseEnvelope/payload";
    let payload = bytes(bundle, place)?;
    let mut statement: Value = serde_json::from_slice(&payload).ok()?;
    let (how, payload) = match random.below(7) {
        0 => ("space at the end", [payload.as_slice(), b" "].concat()),
        1 => ("written anew", [statement.to_string().as_bytes(), b"\n"].concat()),
        2 => {
            *statement.pointer_mut("/subject/0/name")? = "else".into();
            ("subject's name", statement.to_string().into_bytes())
        }
        3 => {
            let digest = statement.pointer_mut("/subject/0/digest")?.as_object_mut()?.values_mut().next()?;
            *digest = digest.as_str()?.replace(['0', '1'], "a").into();
            ("subject's digest", statement.to_string().into_bytes())
        }
        4 => {
            statement["predicateType"] = "https://predicate.example/v1".into();
            ("predicate type", statement.to_string().into_bytes())
        }
        5 => {
            statement["subject"] = json!([]);
            ("no subject", statement.to_string().into_bytes())
        }
        _ => ("of another bundle", bytes(other, place)?),
    };
    let altered = with(bundle, place, STANDARD.encode(payload).into())?;
    (altered != *bundle).then(|| Altered::new(how, &altered))
}

/// The envelope's signatures are other ones, or more.
pub fn signatures(random: &mut Random, bundle: &Value, other: &Value) -> Option<Altered> {
    let place = "/dsseEnvelope/signatures";
    let own = bundle.pointer(place)?.get(0)?.clone();
    let foreign = other.pointer(place).and_then(|list| list.get(0)).cloned();
    let (how, list) = match random.below(6) {
        0 => ("twice", json!([own, own])),
        1 => ("a foreign one after", json!([own, foreign?])),
        2 => ("a foreign one before", json!([foreign?, own])),
        3 => ("an empty one after", json!([own, {"sig": ""}])),
        4 => ("key id", json!([{"sig": own["sig"], "keyid": "else"}])),
        _ => ("no key id", json!([{"sig": own["sig"]}])),
    };
    let altered = with(bundle, place, list)?;
    (altered != *bundle).then(|| Altered::new(how, &altered))
}

/// The certificate's bytes are fewer or more.
pub fn certificate(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |place| place.ends_with("/rawBytes"))?;
    let mut bytes = bytes(bundle, &place)?;
    let how = match random.below(5) {
        0 => {
            bytes.truncate(bytes.len() - 1);
            "one byte less"
        }
        1 => {
            bytes.truncate(random.below(bytes.len()));
            "truncated"
        }
        2 => {
            bytes.push(0);
            "a byte after"
        }
        3 => {
            bytes.insert(0, 0x30);
            "a byte before"
        }
        _ => {
            let text = STANDARD.encode(&bytes);
            bytes = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes();
            "PEM"
        }
    };
    Some(Altered::new(how, &with(bundle, &place, STANDARD.encode(bytes).into())?))
}

/// A list has another order or length.
pub fn list(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let place = one_of(random, bundle, |place| {
        bundle.pointer(place).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    })?;
    let mut list = bundle.pointer(&place)?.as_array()?.clone();
    let how = match random.below(5) {
        0 => {
            list.reverse();
            "reversed"
        }
        1 => {
            list.push(list.last()?.clone());
            "last twice"
        }
        2 => {
            list.insert(0, list.first()?.clone());
            "first twice"
        }
        3 => {
            list.pop();
            "last missing"
        }
        _ => {
            list.remove(0);
            "first missing"
        }
    };
    let altered = with(bundle, &place, Value::Array(list))?;
    (altered != *bundle).then(|| Altered::new(format!("{place} {how}"), &altered))
}

/// The entry is said to be of another log.
pub fn log_id(random: &mut Random, bundle: &Value, other: &Value) -> Option<Altered> {
    let place = "/verificationMaterial/tlogEntries/0/logId/keyId";
    let (how, value) = match random.below(3) {
        0 => ("of another bundle", other.pointer(place)?.clone()),
        1 => ("unknown", STANDARD.encode([7; 32]).into()),
        _ => ("of another length", STANDARD.encode([7; 4]).into()),
    };
    let altered = with(bundle, place, value)?;
    (altered != *bundle).then(|| Altered::new(how, &altered))
}

/// What proves the time or the place in the log is missing.
pub fn unproved(random: &mut Random, bundle: &Value, _: &Value) -> Option<Altered> {
    let entry = "/verificationMaterial/tlogEntries/0";
    let mut altered = bundle.clone();
    let parts: &[&str] = match random.below(6) {
        0 => &["inclusionPromise"],
        1 => &["inclusionProof"],
        2 => &["inclusionProof/checkpoint"],
        3 => &["inclusionPromise", "inclusionProof"],
        4 => &["inclusionPromise", "integratedTime"],
        _ => &["integratedTime"],
    };
    for part in parts {
        altered = without(&altered, &format!("{entry}/{part}"))?;
    }
    Some(Altered::new(format!("without {}", parts.join(" and ")), &altered))
}

/// A second entry of the log, this bundle's or another's.
pub fn second_entry(random: &mut Random, bundle: &Value, other: &Value) -> Option<Altered> {
    let place = "/verificationMaterial/tlogEntries";
    let own = bundle.pointer(place)?.get(0)?.clone();
    let foreign = other.pointer(place).and_then(|list| list.get(0)).cloned();
    let (how, list) = match random.below(4) {
        0 => ("the same", json!([own, own])),
        1 => ("a foreign one after", json!([own, foreign?])),
        2 => ("a foreign one before", json!([foreign?, own])),
        _ => {
            let mut bare = own.clone();
            bare.as_object_mut()?.remove("inclusionPromise");
            ("the same without promise", json!([own, bare]))
        }
    };
    let altered = with(bundle, place, list)?;
    (altered != *bundle).then(|| Altered::new(how, &altered))
}

/// Signed timestamps are another's, or twice, or damaged.
pub fn timestamps(random: &mut Random, bundle: &Value, other: &Value) -> Option<Altered> {
    let data =
        |bundle: &Value| bundle.pointer("/verificationMaterial/timestampVerificationData/rfc3161Timestamps").cloned();
    let list = |bundle: &Value| data(bundle).and_then(|data| data.as_array().cloned()).unwrap_or_default();
    let (own, foreign) = (list(bundle), list(other));
    let (how, list) = match random.below(5) {
        0 => ("twice", [own.clone(), own].concat()),
        1 => ("with a foreign one", [own, foreign].concat()),
        2 => ("only a foreign one", foreign),
        3 => ("with a damaged one", [own, vec![json!({"signedTimestamp": "MAMCAQA="})]].concat()),
        _ => ("none", Vec::new()),
    };
    let mut altered = bundle.clone();
    altered["verificationMaterial"]["timestampVerificationData"] = json!({"rfc3161Timestamps": list});
    (altered != *bundle).then(|| Altered::new(how, &altered))
}
