#!/bin/sh
# Fills fuzz/corpus with the shared material and with the samples of the tests. Nothing of it is committed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
exec python3 - "${GAITKEEPER_SHARED:-../shared}/sigstore" "$here/corpus" tests/it/list_samples <<'PYTHON'
import base64, gzip, hashlib, json, pathlib, re, sys

shared, corpus, samples = map(pathlib.Path, sys.argv[1:])
MOST = 256 << 10  # Larger seeds slow every run down.
if not shared.is_dir():
    sys.exit(f"{shared} is no directory: set GAITKEEPER_SHARED")


def keep(target, data):
    if 0 < len(data) <= MOST:
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def decoded(text):
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return b""


def der_of(pem):
    inner = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END", pem, re.S)
    return decoded("".join(inner.group(1).split())) if inner else b""


def leaf_seed(leaves, level=0, position=0, size=0):
    body = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
    head = bytes([level, len(leaves) - 1]) + position.to_bytes(8, "big") + size.to_bytes(8, "big")
    keep("tile", head + body)
    keep("tile", head + gzip.compress(body, mtime=0))


def tile_seed(hashes, position, size):
    head = bytes([0, len(hashes) - 1]) + position.to_bytes(8, "big") + size.to_bytes(8, "big")
    keep("tile", head + b"".join(hashes))
    keep("tile", head + gzip.compress(b"".join(hashes), mtime=0))


leaves = []


def log_entry(entry):
    """An entry of a bundle, as a log would answer with it."""
    body = decoded(entry.get("canonicalizedBody"))
    if not body:
        return
    leaves.append(body)
    proof = entry.get("inclusionProof") or {}
    inner = {
        "body": entry["canonicalizedBody"],
        "integratedTime": int(entry.get("integratedTime") or 0),
        "logID": decoded((entry.get("logId") or {}).get("keyId")).hex(),
        "logIndex": int(entry.get("logIndex") or 0),
        "verification": {},
    }
    promise = (entry.get("inclusionPromise") or {}).get("signedEntryTimestamp")
    if promise:
        inner["verification"]["signedEntryTimestamp"] = promise
    if proof.get("rootHash"):
        inner["verification"]["inclusionProof"] = {
            "checkpoint": (proof.get("checkpoint") or {}).get("envelope"),
            "hashes": [decoded(text).hex() for text in proof.get("hashes", [])],
            "logIndex": int(proof.get("logIndex") or 0),
            "rootHash": decoded(proof["rootHash"]).hex(),
            "treeSize": int(proof.get("treeSize") or 0),
        }
    uuid = hashlib.sha256(b"\0" + body).hexdigest()
    keep("checkpoint", json.dumps({uuid: inner}).encode())


def walk(node):
    """Whatever a document holds of certificates, checkpoints, entries, statements and publishers."""
    if isinstance(node, list):
        for item in node:
            walk(item)
        return
    if not isinstance(node, dict):
        return
    if "canonicalizedBody" in node:
        try:
            log_entry(node)
        except (AttributeError, KeyError, TypeError, ValueError):
            pass  # Damaged on purpose.
    for key, value in node.items():
        if isinstance(value, str):
            if key in ("rawBytes", "certificate"):
                keep("certificate", decoded(value) or der_of(value))
            elif key in ("envelope", "checkpoint"):
                keep("checkpoint", value.encode())
            elif key in ("payload", "statement"):
                keep("certificate", decoded(value))
            elif key in ("body", "canonicalizedBody"):
                leaves.append(decoded(value))
        elif key == "publisher" and isinstance(value, dict):
            keep("certificate", json.dumps(value).encode())
        walk(value)


for path in sorted(p for p in shared.rglob("*") if p.is_file()):
    place = path.relative_to(shared)
    data = path.read_bytes()
    if len(data) > MOST and path.suffix != ".jsonl":
        continue
    if path.suffix == ".pem":
        keep("certificate", der_of(data.decode()))
        continue
    if place.name.startswith("rekor_v2_live"):
        keep("checkpoint", data)
        continue
    texts = data.splitlines() if path.suffix == ".jsonl" else [data]
    for number, text in enumerate(texts[:40]):
        try:
            document = json.loads(text)
        except ValueError:
            if "sigstore" in path.name:
                keep("bundle", text)
            continue
        if place.parts[0] not in ("merkle_vectors", "trust") and "trusted_root" not in path.name:
            keep("checkpoint" if place.parts[0] == "rekor_v1" else "bundle", text)
        walk(document)

leaves = sorted({leaf for leaf in leaves if 0 < len(leaf) < 1 << 16}, key=len)
for number, leaf in enumerate(leaves[:200]):
    leaf_seed([leaf], position=number * 256, size=number * 256 + 1)
leaf_seed(leaves[:8], size=8)
leaf_seed(leaves[:256], size=256)
for size in (1, 3, 8, 255, 256):
    tile_seed([hashlib.sha256(bytes([0, n])).digest() for n in range(size)], 0, size)

known = {"$SRI1": f"sha1-{'B' * 27}=", "$SRI": f"sha512-{'A' * 86}==", "$HEX512": "c" * 128, "$HEX": "ab" * 32}
for path in sorted(samples.glob("*.rs")):
    for text in re.findall(r'pub const \w+: &str = r(?:"|#")(.*?)(?:"#|");\n', path.read_text(), re.S):
        for name, hash_ in known.items():
            text = text.replace(name, hash_)
        keep("lockfile", text.encode())
for name in ("Cargo.lock", "fuzz/Cargo.lock"):
    path = pathlib.Path(name)
    if path.is_file():
        keep("lockfile", path.read_bytes()[: 8 << 10])

for folder in sorted(corpus.iterdir()):
    print(f"{folder.name}: {len(list(folder.iterdir()))} seeds")
PYTHON
