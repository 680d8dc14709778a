"""Asks sigstore-python whether bundles verify, without any network: an oracle of the differential test.

    verify.py [FILE]             one JSON answer a line for each case of FILE (default: standard input)
    verify.py --time N [FILE]    verifies the whole list N times in one thread and says how long it took

A case is a line of JSON: {"id", "bundle": its JSON text, or an absolute path, "digest": "sha256:HEX" or
"sha512:HEX" or null, "artifact": path or null, "root": path of a trusted_root.json, "key": PEM or base64
SPKI or null, "hint": the key's or null for any, "identity": exact or null for any, "issuer": exact or null
for any}. Where neither a digest nor an artifact is given, a message signature is verified against the digest
that its bundle names, and the subjects of a statement are not compared.

An answer is {"id", "verified": true, false, or null where sigstore-python cannot judge that kind of
bundle at all, "error"}.
"""

import hashlib
import json
import resource
import signal
import sys
import time
from pathlib import Path

from sigstore.errors import Error
from sigstore.hashes import Hashed
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy
from sigstore_models.common.v1 import HashAlgorithm

MEMORY = 2 << 30
"""Bytes of address space, so that no bundle can take the machine along."""

SECONDS = 20
"""How long one bundle may take, in seconds of processor time."""

IN_TOTO = "application/vnd.in-toto+json"

# A log entry that npm's bundles had until 2025. sigstore-python refuses both the kind and its time.
INTOTO_ENTRY = ("Integrated time only supported", "Unsupported DSSE log entry type: intoto/")


class Unsupported(Exception):
    """A kind of bundle that sigstore-python has no way to judge."""


class TooSlow(Exception):
    """A bundle took longer than it may."""


class Mismatch(Error):
    """A verified statement that is about something else."""


def no_network(event, _arguments):
    """An audit hook: whatever the verifier does, it does alone."""
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError("the oracle asked for the network")


def too_slow(_signal, _frame):
    raise TooSlow(f"took more than {SECONDS} s")


class Case:
    """One line of the list, with all files that it names read."""

    verifiers = {}

    def __init__(self, line):
        case = json.loads(line)
        self.id = case["id"]
        text = case["bundle"]
        self.bundle = Path(text).read_bytes() if text.startswith("/") else text
        artifact = case.get("artifact")
        self.artifact = Path(artifact).read_bytes() if artifact else None
        self.digest = case.get("digest")
        self.keyed = case.get("key") is not None
        policies = []
        if case.get("identity") is not None:
            policies.append(policy.Identity(identity=case["identity"], issuer=case.get("issuer")))
        elif case.get("issuer") is not None:
            policies.append(policy.AnyOf([policy.OIDCIssuerV2(case["issuer"]), policy.OIDCIssuer(case["issuer"])]))
        self.policy = policies[0] if policies else policy.UnsafeNoOp()
        self.root = case["root"]

    def verifier(self):
        """The verifier over this case's trust root, made once for each root."""
        known = self.verifiers.get(self.root)
        if known is None:
            known = self.verifiers[self.root] = Verifier(trusted_root=TrustedRoot.from_file(self.root))
        return known

    def verify(self):
        """Returns if the bundle verifies; raises otherwise."""
        if self.keyed:
            raise Unsupported("a key of the caller's own")
        bundle = Bundle.from_json(self.bundle)
        if bundle._dsse_envelope is not None:
            self.verify_statement(bundle)
        else:
            self.verifier().verify_artifact(self.input(bundle), bundle, self.policy)

    def input(self, bundle):
        """What a message signature is over."""
        if self.artifact is not None:
            return self.artifact
        if self.digest is None:
            signature = bundle._inner.message_signature
            if signature is None or signature.message_digest is None:
                raise Unsupported("nothing says what was signed")
            return Hashed(algorithm=HashAlgorithm.SHA2_256, digest=signature.message_digest.digest)
        name, _, digest = self.digest.partition(":")
        if name != "sha256":
            raise Unsupported(f"a message signature over {name}")
        return Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(digest))

    def verify_statement(self, bundle):
        """verify_dsse leaves the payload to its caller: it must be a statement about the artifact."""
        try:
            kind, payload = self.verifier().verify_dsse(bundle, self.policy)
        except Error as error:
            if str(error).startswith(INTOTO_ENTRY) and entry_kind(bundle) == "intoto":
                raise Unsupported("a log entry of the kind intoto") from error
            raise
        if kind != IN_TOTO:
            raise Mismatch(f"payload type {kind}")
        try:
            subjects = [subject["digest"] for subject in json.loads(payload)["subject"]]
        except (ValueError, KeyError, TypeError) as error:
            raise Mismatch("the payload is no statement") from error
        if self.digest is None and self.artifact is None:
            return
        if self.artifact is not None:
            wanted = {name: hashlib.new(name, self.artifact).hexdigest() for name in ("sha256", "sha512")}
        else:
            wanted = dict([self.digest.split(":", 1)])
        if not any(subject.get(name) == digest for subject in subjects for name, digest in wanted.items()):
            raise Mismatch("no subject of the statement has the digest of the artifact")


def entry_kind(bundle):
    return bundle.log_entry._inner.kind_version.kind


def answer(case):
    """The verdict and, if it is not that the bundle verifies, why."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        case.verify()
        return True, None
    except Unsupported as error:
        return None, f"unsupported: {error}"
    except Error as error:
        return False, f"{type(error).__name__}: {error}"
    # MemoryError and RecursionError are answers as well, and so are panics of Rust code below the tool,
    # which are no Exception.
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return False, f"raised {type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def judge(lines):
    for line in lines:
        case = Case(line)
        verified, error = answer(case)
        text = json.dumps({"id": case.id, "verified": verified, "error": error and " ".join(error.split())[:300]})
        print(text)


def measure(lines, times):
    cases = [Case(line) for line in lines]
    for case in cases:
        case.verifier()
    seconds, cpu = time.perf_counter(), time.process_time()
    verified = 0
    for _ in range(times):
        for case in cases:
            try:
                case.verify()
                verified += 1
            except Exception:
                pass
    seconds, cpu = time.perf_counter() - seconds, time.process_time() - cpu
    print(json.dumps({"cases": len(cases), "verified": verified, "seconds": seconds, "cpu_seconds": cpu}))


def main(arguments):
    times = None
    if arguments[:1] == ["--time"]:
        times = int(arguments[1])
        arguments = arguments[2:]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, too_slow)
    sys.addaudithook(no_network)
    with open(arguments[0], encoding="utf-8") if arguments else sys.stdin as lines:
        if times is None:
            judge(lines)
        else:
            measure(lines, times)


if __name__ == "__main__":
    main(sys.argv[1:])
