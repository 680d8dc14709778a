//! npm's search for the packages of a maintainer.

use serde_json::{Value, json};

use super::http::Seen;

/// Results on a page if nothing is said, and at most.
const PAGE: (usize, usize) = (20, 250);

/// Answers a search among these packuments with a status and a body.
pub fn answer(seen: &Seen, packuments: &[Value]) -> (u16, Value) {
    let members = seen.query_members();
    let get = |wanted: &str| members.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.as_str());
    let Some(text) = get("text").filter(|text| !text.is_empty()) else {
        return (400, json!({"error": "\"text\" query parameter is required", "code": "ERR_TEXT_MISSING"}));
    };
    let number = |wanted: &str, default: usize| get(wanted).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (size, from) = (number("size", PAGE.0).min(PAGE.1), number("from", 0));
    let login = text.strip_prefix("maintainer:");
    let mut found: Vec<Value> = packuments
        .iter()
        .filter(|document| match login {
            Some(login) => logins(document).any(|known| known == login),
            None => document["name"].as_str().is_some_and(|name| name.contains(text)),
        })
        .filter_map(shown)
        .collect();
    found.sort_by(|a, b| a["package"]["name"].as_str().cmp(&b["package"]["name"].as_str()));
    let total = found.len();
    let objects: Vec<Value> = found.into_iter().skip(from).take(size).collect();
    (200, json!({"objects": objects, "total": total, "time": "2026-01-01T00:00:00.000Z"}))
}

fn logins(document: &Value) -> impl Iterator<Item = &str> {
    document["maintainers"].as_array().into_iter().flatten().filter_map(|owner| owner["name"].as_str())
}

/// A result for a packument; none for one whose latest version is missing or deprecated.
fn shown(document: &Value) -> Option<Value> {
    let version = document["dist-tags"]["latest"].as_str()?;
    let object = document["versions"].get(version)?;
    let deprecated = &object["deprecated"];
    if deprecated.as_str().is_some_and(|text| !text.is_empty()) || deprecated == &json!(true) {
        return None;
    }
    let owners = document["maintainers"].as_array().into_iter().flatten();
    let owners: Vec<Value> = owners.map(person).collect();
    let mut publisher = person(&object["_npmUser"]);
    if let Some(trusted) = object["_npmUser"].get("trustedPublisher") {
        publisher["trustedPublisher"] = trusted.clone();
    }
    let date = &document["time"][version];
    let package = json!({"name": document["name"], "version": version, "date": date, "publisher": publisher,
                         "maintainers": owners, "links": {}});
    Some(json!({"package": package, "downloads": {"monthly": 0, "weekly": 0}, "dependents": 0, "updated": date,
                "searchScore": 1.0, "flags": {"insecure": 0}}))
}

fn person(user: &Value) -> Value {
    json!({"username": user["name"], "email": user["email"]})
}
