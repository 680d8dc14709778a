//! Rekor v1's answers: the log itself, its entries and its index.

use serde_json::{Value, json};

use super::answer::{Answer, Scene};
use super::entries::{Kept, key_of};
use super::fault::Fault;
use super::signing::ENTRIES;
use super::tree::{growth, root};
use super::{Shard, World};
use crate::replay::http::Seen;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Most entries in one question.
const MOST: usize = 10;

impl World {
    /// Answers what is below `/api/v1/`.
    pub fn v1(&self, path: &str, seen: &Seen, scene: &Scene) -> Answer {
        let member = |name: &str| seen.query_members().into_iter().find(|(key, _)| key == name).map(|(_, v)| v);
        match (seen.method.as_str(), path) {
            ("GET", "log") => self.log(scene),
            ("GET", "log/proof") => {
                let size = |name| member(name).and_then(|text| text.parse::<usize>().ok());
                self.proof(size("firstSize"), size("lastSize"), member("treeID"), scene)
            }
            ("GET", "log/entries") => {
                let index = member("logIndex").and_then(|text| text.parse::<u64>().ok());
                one(self.kept().iter().find(|kept| Some(kept.index) == index))
            }
            ("POST", "log/entries/retrieve") => self.retrieve(&seen.body, scene),
            ("POST", "index/retrieve") => self.search(&seen.body, scene),
            ("GET", path) => match path.strip_prefix("log/entries/") {
                Some(uuid) => one(self.kept().iter().find(|kept| names(kept, uuid))),
                None => Answer::error(404, "path not found"),
            },
            _ => Answer::error(405, "method not allowed"),
        }
    }

    fn log(&self, scene: &Scene) -> Answer {
        let mut log = self.shard(&scene.active, scene);
        let closed: Vec<Value> = scene.closed.iter().map(|shard| self.shard(shard, scene)).collect();
        log["inactiveShards"] = json!(closed);
        Answer::json(&log)
    }

    fn shard(&self, shard: &Shard, scene: &Scene) -> Value {
        let hashes = self.tree(shard, &scene.faults);
        let (mut size, mut head) = (shard.size, root(&hashes));
        let name = if scene.has(&Fault::Origin) { "another.example" } else { ENTRIES };
        let signer = if scene.has(&Fault::StrangeKey) { &self.strange[0] } else { &self.entries };
        let mut note = signer.note(&format!("{name} - {}", shard.tree_id), size, &head);
        if scene.has(&Fault::Signature) {
            // Another root under the signature of this one.
            note = note.replacen(&STANDARD.encode(head), &STANDARD.encode([7; 32]), 1);
            head = [7; 32];
        }
        if scene.has(&Fault::Size) {
            size += 1;
        }
        if scene.has(&Fault::Root) {
            head[0] ^= 1;
        }
        let tree = if scene.has(&Fault::Tree) { "5" } else { &shard.tree_id };
        json!({"rootHash": hex(&head), "signedTreeHead": note, "treeID": tree, "treeSize": size})
    }

    fn proof(&self, first: Option<usize>, last: Option<usize>, tree: Option<String>, scene: &Scene) -> Answer {
        let shards = || std::iter::once(&scene.active).chain(&scene.closed);
        let shard = tree.map_or(Some(&scene.active), |id| shards().find(|shard| shard.tree_id == id));
        let (Some(shard), Some(first), Some(last)) = (shard, first, last) else {
            return Answer::error(400, "treeID, firstSize or lastSize is missing");
        };
        if first == 0 || first > last || last > shard.size || scene.has(&Fault::NoProof) {
            return Answer::error(400, "lastSize is not in the tree, or firstSize is larger");
        }
        let last = if scene.has(&Fault::StaleProof) { last - 1 } else { last };
        let hashes = &self.tree(shard, &scene.faults)[..last];
        let proof: Vec<String> = growth(first.min(last), hashes).iter().map(|hash| hex(hash)).collect();
        Answer::json(&json!({"rootHash": hex(&root(hashes)), "hashes": proof}))
    }

    fn retrieve(&self, body: &[u8], scene: &Scene) -> Answer {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return Answer::error(400, "no JSON") };
        let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
        let (uuids, indexes) = (list("entryUUIDs"), list("logIndexes"));
        if uuids.len() + indexes.len() > MOST {
            return Answer::error(422, "more than max allowed 10 entries in request");
        }
        let spoilt = |fault: &Fault| matches!(fault, Fault::SpoiltBatch(name) if uuids.iter().any(|u| u == name));
        if scene.faults.iter().any(spoilt) {
            return Answer::bytes(vec![b'?'; 500]);
        }
        let by_name = uuids.iter().filter_map(Value::as_str).filter_map(|uuid| self.named(uuid));
        let by_index =
            indexes.iter().filter_map(Value::as_u64).filter_map(|n| self.kept().iter().find(|k| k.index == n));
        let mut answer: Vec<Value> = by_name.chain(by_index).map(Kept::answer).collect();
        for fault in &scene.faults {
            match fault {
                Fault::Unasked(uuid) => answer.extend(self.named(uuid).map(Kept::answer)),
                Fault::Swapped(name, other) if uuids.iter().any(|uuid| uuid == name) => {
                    answer.retain(|entry| entry.get(name).is_none());
                    let other = self.named(other).expect("an entry");
                    answer.push(Value::Object([(name.clone(), other.entry.clone())].into_iter().collect()));
                }
                _ => {}
            }
        }
        Answer::json(&json!(answer))
    }

    fn named(&self, uuid: &str) -> Option<&Kept> {
        self.kept().iter().find(|kept| names(kept, uuid))
    }

    fn search(&self, body: &[u8], scene: &Scene) -> Answer {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return Answer::error(400, "no JSON") };
        if scene.has(&Fault::NoIndex) {
            return Answer::error(501, "Search Index API not enabled in this Rekor instance");
        }
        let text = |member: &str| body[member].as_str().map(str::to_lowercase);
        let key = if let Some(subject) = text("subject") {
            if let Some(Fault::NoSubjects(status)) = scene.faults.iter().find(|f| matches!(f, Fault::NoSubjects(_))) {
                return Answer::error(*status, "validation failure list: body must be provided");
            }
            subject
        } else if let Some(content) = body["publicKey"]["content"].as_str() {
            key_of(&STANDARD.decode(content).unwrap_or_default())
        } else if let Some(key) = text("hash").or_else(|| text("email")) {
            key
        } else {
            return Answer::error(400, "nothing to search by");
        };
        let mut names = self.index().get(&key).cloned().unwrap_or_default();
        for fault in &scene.faults {
            if let Fault::AlsoNamed(also) = fault {
                names.extend(also.iter().cloned());
            }
        }
        Answer::json(&json!(names))
    }
}

/// By either form of a name.
fn names(kept: &Kept, uuid: &str) -> bool {
    let leaf = |name: &str| name.get(name.len().saturating_sub(64)..).map(str::to_owned);
    kept.uuid == uuid || (leaf(&kept.uuid) == leaf(uuid) && (kept.uuid.len() != uuid.len()))
}

fn one(kept: Option<&Kept>) -> Answer {
    kept.map_or_else(|| Answer::error(404, "entry not found"), |kept| Answer::json(&kept.answer()))
}

fn hex(hash: &[u8]) -> String {
    hash.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
