//! Pulls from real servers: verdaccio, with what it was seeded with and what `npm publish` put there, and a CouchDB's feed.

use std::fs;

use serde_json::json;

use crate::command::Place;
use crate::pull::loom;
use crate::replay::{Replay, shared_packument};
use crate::servers::{Pouch, Verdaccio};

const DAY_1: &str = "2024-03-01T10:00:00.000Z";

#[test]
fn a_real_registry_is_pulled_and_revalidated() {
    let names = ["@ctrl/tinycolor", "ms"];
    let Some(real) = names.iter().map(|name| shared_packument(name)).collect::<Option<Vec<_>>>() else { return };
    let seeds: Vec<(&str, &[u8])> = names.iter().copied().zip(real.iter().map(Vec::as_slice)).collect();
    let Some(registry) = Verdaccio::holding(&seeds) else { return };
    let place = Place::new();
    // Found as npm finds it: the project's .npmrc, with a scope of its own.
    place.write(".npmrc", format!("registry={0}\n@ctrl:registry={0}\n", registry.url()));
    let first = place.on_archive(&["pull", "@ctrl/tinycolor", "ms"]).exits(0).out;
    assert!(first.contains("2 asked, 2 new"), "{first}");
    let second = place.on_archive(&["pull"]).exits(0).out;
    assert!(second.contains("2 unchanged") && second.contains("2 not modified"), "{second}");
    // What came through the server is what the same documents give without it.
    for (name, bytes) in seeds {
        place.write("document.json", bytes);
        place.run(&["import", "--archive", "direct", "document.json"]).exits(0);
        place.run(&["archive", "export", "--archive", "direct", "direct.csv"]).exits(0);
        place.on_archive(&["archive", "export", "pulled.csv"]).exits(0);
        let rows = |file: &str| {
            let mut reader = csv::Reader::from_path(place.path(file)).expect("CSV");
            let header = reader.headers().expect("header").clone();
            let dropped = ["observed_at"].map(|n| header.iter().position(|h| h == n).expect("column"));
            let mut rows: Vec<Vec<String>> = reader
                .records()
                .map(|r| r.expect("row"))
                .filter(|r| &r[1] == name)
                .map(|r| {
                    r.iter().enumerate().filter(|(i, _)| !dropped.contains(i)).map(|(_, c)| c.to_owned()).collect()
                })
                .collect();
            rows.sort();
            rows
        };
        assert!(rows("pulled.csv").len() > 30, "{name}");
        assert_eq!(rows("pulled.csv"), rows("direct.csv"), "{name}");
        fs::remove_dir_all(place.path("direct")).expect("removed");
    }
    let doctor = place.on_archive(&["doctor", "--package", "ms"]).exits(0).out;
    assert!(doctor.contains("ok  history of ms") && doctor.contains("ok  revalidation"), "{doctor}");
}

#[test]
fn a_registry_that_drops_publishers_is_refused_with_the_remedy() {
    let Some(registry) = Verdaccio::start() else { return };
    registry.publish("@ada/loom", "1.0.0");
    let place = Place::new();
    place.write(".npmrc", format!("registry={}\n", registry.url()));
    let out = place.on_archive(&["pull", "@ada/loom"]).exits(1).out;
    assert!(out.contains("names its publisher (_npmUser)") && out.contains("not from a mirror"), "{out}");
    let doctor = place.on_archive(&["doctor", "--package", "@ada/loom"]).exits(1).out;
    assert!(doctor.contains("BAD ") && doctor.contains("(_npmUser)"), "{doctor}");
    place.on_archive(&["archive", "info"]).exits(3);
}

#[test]
fn the_feed_of_a_real_database_is_followed() {
    let Some(pouch) = Pouch::start() else { return };
    let replay = Replay::start();
    let place = Place::new();
    let settings = |attempts: u32| {
        format!(
            "[registries.npm]\nurl = \"{}\"\nfeed = \"{}\"\n[network]\nattempts = {attempts}\nstale_pauses_ms = []\n",
            replay.url(),
            pouch.url()
        )
    };
    place.write("gaitkeeper.toml", settings(2));
    for name in ["loom", "shed", "@ada/yarn"] {
        replay.serve_packument(name, loom(1, &[("1.0.0", DAY_1)]).replace("\"loom\"", &format!("\"{name}\"")));
        pouch.put(name, &json!({"name": name}));
    }
    place.on_archive(&["watchlist", "add", "loom", "@ada/yarn"]).exits(0);
    place.on_archive(&["watch", "--once"]).exits(0);
    assert!(replay.requests_for("/shed").is_empty());
    // Two change; one of them is watched.
    for name in ["shed", "@ada/yarn"] {
        pouch.put(name, &json!({"name": name}));
        replay.touch(name);
    }
    replay.forget();
    let out = place.on_archive(&["watch", "--once"]).exits(0).out;
    assert!(out.contains("@ada/yarn@"), "{out}");
    assert_eq!(replay.requests().len(), 1, "only what changed is fetched: {:?}", replay.requests());
    replay.forget();
    let out = place.on_archive(&["watch", "--once"]).exits(0).out;
    assert_eq!((out.as_str(), replay.requests().len()), ("", 0), "the cursor stands behind what was taken up");
    let info = place.on_archive(&["archive", "info"]).exits(0).out;
    assert!(info.contains("up to 5"), "{info}");
}
