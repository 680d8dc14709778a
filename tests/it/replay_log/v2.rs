//! A v2 log's answers: checkpoint, tiles and bundles (C2SP tlog-tiles).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::{Answer, Scene};
use super::fault::Fault;
use super::signing::TILES;
use super::tree::{Hash, root, tile};
use super::{FORKED, World};

/// Entries in a full bundle, hashes in a full tile.
const WIDTH: usize = 256;

impl World {
    /// Answers what is below `/api/v2/`.
    pub fn v2(&self, path: &str, scene: &Scene) -> Answer {
        let hashes = self.tree(&scene.active, &scene.faults);
        let found = if path == "checkpoint" {
            Some(self.checkpoint(&hashes, scene).into_bytes())
        } else if let Some(rest) = path.strip_prefix("tile/entries/") {
            self.bundle(rest, scene)
        } else {
            path.strip_prefix("tile/").and_then(|rest| hashes_of(rest, &hashes, scene))
        };
        found.map_or_else(|| Answer::error(404, "not found"), Answer::bytes)
    }

    fn checkpoint(&self, hashes: &[Hash], scene: &Scene) -> String {
        let origin = if scene.has(&Fault::Origin) { "another.example" } else { TILES };
        let signer = if scene.has(&Fault::StrangeKey) { &self.strange[1] } else { &self.tiles };
        let old = scene.faults.iter().find_map(|fault| match fault {
            Fault::OldCheckpoint(size) => Some(&hashes[..*size]),
            _ => None,
        });
        let hashes = old.unwrap_or(hashes);
        let head = root(hashes);
        let note = signer.note(origin, hashes.len(), &head);
        if scene.has(&Fault::Signature) {
            return note.replacen(&STANDARD.encode(head), &STANDARD.encode([7; 32]), 1);
        }
        note
    }

    fn bundle(&self, rest: &str, scene: &Scene) -> Option<Vec<u8>> {
        let (index, width) = place(rest, scene.active.size, scene)?;
        let mut bytes = Vec::new();
        for n in index * WIDTH..index * WIDTH + width {
            let leaf = if scene.has(&Fault::Fork(n)) { FORKED } else { &self.leaves[scene.active.begin + n] };
            bytes.extend(u16::try_from(leaf.len()).expect("a short leaf").to_be_bytes());
            bytes.extend(leaf);
        }
        Some(bytes)
    }
}

fn hashes_of(rest: &str, hashes: &[Hash], scene: &Scene) -> Option<Vec<u8>> {
    let (level, rest) = rest.split_once('/')?;
    let level: u32 = level.parse().ok()?;
    let there = hashes.len() / WIDTH.checked_pow(level)?;
    let (index, width) = place(rest, there, scene)?;
    Some(tile(hashes, level, index, width)?.concat())
}

/// Number and width that a path names: `x001/234.p/5`. Nothing where it is not in the tree.
fn place(rest: &str, there: usize, scene: &Scene) -> Option<(usize, usize)> {
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok().filter(|width| (1..WIDTH).contains(width))?),
        None => (rest, WIDTH),
    };
    let groups: Vec<&str> = number.split('/').collect();
    let (last, before) = groups.split_last()?;
    let three = |group: &str| (group.len() == 3).then(|| group.parse::<usize>().ok()).flatten();
    let mut index = 0;
    for group in before {
        index = index * 1000 + three(group.strip_prefix('x')?)?;
    }
    index = index * 1000 + three(last)?;
    if width < WIDTH && scene.has(&Fault::NoPartials) {
        return None;
    }
    (index.checked_mul(WIDTH)?.checked_add(width)? <= there).then_some((index, width))
}
