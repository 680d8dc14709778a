// Asks @sigstore/verify whether bundles verify, without any network: an oracle of the differential test.
//
//     node verify.mjs FOLDER [FILE]             one JSON answer a line for each case of FILE (default: stdin)
//     node verify.mjs FOLDER --time N [FILE]    verifies the whole list N times and says how long it took
//
// FOLDER is where .ci/oracles installed the packages. Cases and answers are those of verify.py.
//
// @sigstore/verify wants the bytes that a message signature is over. Where there is only a digest, all
// but that signature is judged: a bundle that fails before is refused, and one that does not is
// unsupported. With --time the same signature check is made over the digest's own bytes, which costs the
// same, and such bundles are counted as "unjudged".

import { createPublicKey, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { resolve } from 'node:path';
import { runInThisContext } from 'node:vm';

const MILLISECONDS = 20_000; // how long one bundle may take
const IN_TOTO = 'application/vnd.in-toto+json';

const [folder, ...options] = process.argv.slice(2);
const load = createRequire(resolve(folder, 'package.json'));
const { bundleFromJSON, ValidationError } = load('@sigstore/bundle');
const { TrustedRoot } = load('@sigstore/protobuf-specs');
const { PolicyError, toSignedEntity, toTrustMaterial, VerificationError, Verifier } = load('@sigstore/verify');

// Whatever the verifier does, it does alone.
Socket.prototype.connect = () => {
  throw new Error('the oracle asked for the network');
};

class Unsupported extends Error {}
class Mismatch extends Error {}

const roots = new Map();

/** The trust root of a file, read once. */
function trustedRoot(path) {
  if (!roots.has(path)) roots.set(path, TrustedRoot.fromJSON(JSON.parse(readFileSync(path, 'utf8'))));
  return roots.get(path);
}

const verifiers = new Map();

/** The verifier over a trust root and perhaps a key of the caller's, made once for each of them. */
function verifierOf({ root, key, hint }) {
  const which = [root, key, hint].join('\n');
  if (!verifiers.has(which)) verifiers.set(which, new Verifier(toTrustMaterial(trustedRoot(root), finder(key, hint))));
  return verifiers.get(which);
}

function finder(key, hint) {
  if (key === undefined) return undefined;
  const publicKey = key.trimStart().startsWith('-----')
    ? createPublicKey(key)
    : createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' });
  return (asked) => {
    if (hint !== undefined && asked !== hint) throw new Mismatch(`key not found: ${asked}`);
    return { publicKey, validFor: () => true };
  };
}

const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

/** One line of the list, with all files that it names read. */
class Case {
  constructor(line) {
    const { id, bundle, digest, artifact, root, key, hint, identity, issuer } = JSON.parse(line);
    this.id = id;
    this.text = bundle.startsWith('/') ? readFileSync(bundle, 'utf8') : bundle;
    this.artifact = artifact ? readFileSync(artifact) : undefined;
    this.digest = digest ?? undefined;
    this.root = root;
    this.key = key ?? undefined;
    this.hint = hint ?? undefined;
    this.policy = {
      subjectAlternativeName: identity == null ? undefined : `^${quoted(identity)}$`,
      extensions: issuer == null ? undefined : { issuer },
    };
  }

  /** A root or key that cannot be read is an answer as well, so that this is not done on reading. */
  get verifier() {
    return verifierOf(this);
  }

  /** Returns if the bundle verifies; throws otherwise. */
  verify() {
    const bundle = bundleFromJSON(JSON.parse(this.text));
      if (this.key !== undefined && bundle.verificationMaterial.content.$case !== 'publicKey') {
      throw new Mismatch('a certificate where a key was to be verified with');
    }
    if (bundle.content.$case === 'messageSignature') {
      this.verifyMessage(bundle);
    } else {
      this.verifier.verify(toSignedEntity(bundle), this.policy);
      this.compareSubjects(bundle.content.dsseEnvelope);
    }
  }

  verifyMessage(bundle) {
    if (this.artifact !== undefined) {
      this.verifier.verify(toSignedEntity(bundle, this.artifact), this.policy);
      return;
    }
    // What the log entry is compared with is the digest that the bundle names, so that must be ours.
    const named = bundle.content.messageSignature.messageDigest.digest;
    const wanted = this.digest === undefined ? named : Buffer.from(this.digest.split(':')[1], 'hex');
    if (!named.equals(wanted)) throw new Mismatch('the digest of the bundle is not that of the artifact');
    const entity = toSignedEntity(bundle, wanted);
    const check = entity.signature.verifySignature.bind(entity.signature);
    entity.signature.verifySignature = (key) => {
      check(key);
      return true;
    };
    this.verifier.verify(entity, this.policy);
    throw new Unsupported('a message signature over a digest');
  }

  /** The verifier leaves the payload to its caller: it must be a statement about the artifact. */
  compareSubjects({ payloadType, payload }) {
    if (payloadType !== IN_TOTO) throw new Mismatch(`payload type ${payloadType}`);
    let subjects;
    try {
      subjects = JSON.parse(payload.toString('utf8')).subject.map(({ digest }) => ({ ...digest }));
    } catch {
      throw new Mismatch('the payload is no statement');
    }
    if (this.digest === undefined && this.artifact === undefined) return;
    const wanted =
      this.artifact === undefined
        ? [this.digest.split(':')]
        : ['sha256', 'sha512'].map((name) => [name, createHash(name).update(this.artifact).digest('hex')]);
    if (!subjects.some((subject) => wanted.some(([name, digest]) => subject[name] === digest))) {
      throw new Mismatch('no subject of the statement has the digest of the artifact');
    }
  }
}

/** The first cause of an error says more than its last. */
function described(error) {
  const details = error.fields ? ` (${error.fields.join(', ')})` : '';
  const cause = error.cause ? `: ${described(error.cause)}` : '';
  return `${error.code ? `${error.code}: ` : ''}${error.message}${details}${cause}`;
}

function answer(one) {
  globalThis.judgeBundle = () => one.verify();
  try {
    // Only a script of its own can be stopped when it takes too long.
    runInThisContext('judgeBundle()', { timeout: MILLISECONDS });
    return [true, null];
  } catch (error) {
    if (error instanceof Unsupported) return [null, `unsupported: ${error.message}`];
    const kinds = [VerificationError, PolicyError, ValidationError, Mismatch];
    if (kinds.some((kind) => error instanceof kind)) return [false, described(error)];
    return [false, `raised ${error?.name}: ${error?.message}`];
  }
}

function measure(cases, times) {
  for (const one of cases) one.verifier;
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  let verified = 0;
  let unjudged = 0;
  for (let round = 0; round < times; round++) {
    for (const one of cases) {
      try {
        one.verify();
        verified++;
      } catch (error) {
        if (error instanceof Unsupported) unjudged++;
      }
    }
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(before);
  return { cases: cases.length, verified, unjudged, seconds, cpu_seconds: (user + system) / 1e6 };
}

const timed = options[0] === '--time';
const times = timed ? Number(options[1]) : 0;
const file = options[timed ? 2 : 0] ?? 0;
const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
if (timed) {
  process.stdout.write(`${JSON.stringify(measure(lines.map((line) => new Case(line)), times))}\n`);
} else {
  const answers = lines.map((line) => {
    const one = new Case(line);
    const [verified, error] = answer(one);
    return JSON.stringify({ id: one.id, verified, error: error?.replace(/\s+/g, ' ').slice(0, 300) ?? null });
  });
  process.stdout.write(`${answers.join('\n')}\n`);
}
