import type { Attachment, BundleCore, BundleKey, BundleLog, BundleSignature, Statement } from './bundle.ts';
import type { Json } from './canonical.ts';
import { readEntry } from './entry.ts';
import { keyIdShape, publicKeyFromJwk } from './keys.ts';
import { EvidenceError } from './problem.ts';
import { plainText, shape, wordShape } from './shape.ts';
import { type SignerLevel, signerLevels } from './signer.ts';
import { isSuiteName, suite } from './suites.ts';

export type BundleFile = BundleCore & { log: BundleLog };

export const bundleLimits = { bytesMax: 4_194_304, attachmentsMax: 256, signaturesMax: 32 } as const;

const read = shape('evidence.bundle-malformed');
const statementMembers = ['format', 'version', 'kind', 'title', 'issued', 'node', 'document', 'attachments'];
const coreMembers = [...statementMembers, 'signatures', 'keys'];

/** All of these throw `evidence.bundle-malformed` with the place, and return the value itself. */
export function readStatement(value: unknown): Statement {
  return statementIn(read.object(value, 'bundle', statementMembers));
}

export function readCore(value: unknown): BundleCore {
  return coreIn(read.object(value, 'bundle', coreMembers));
}

export function readBundle(value: unknown): BundleFile {
  const bundle = read.object(value, 'bundle', [...coreMembers, 'log']);
  const core = coreIn(bundle);
  const log = readLog(bundle.log);
  const foreign = core.attachments.findIndex(({ digest }) => !digest.startsWith(`${suite(log.suite).hash.name}:`));
  if (foreign >= 0) read.fail(`attachments[${foreign}].digest`, "is not of the suite of the bundle's log");
  return { ...core, log };
}

function statementIn(bundle: Record<string, unknown>): Statement {
  if (bundle.format !== 'shugu-bundle' || bundle.version !== 1)
    read.fail('format', 'only shugu-bundle, version 1, is known');
  const title = read.object(bundle.title, 'title', ['zh', 'en']);
  const attachments = read.list(bundle.attachments, 'attachments', bundleLimits.attachmentsMax).map(readAttachment);
  if (new Set(attachments.map(({ name }) => name)).size !== attachments.length) {
    read.fail('attachments', 'two files have one name');
  }
  return {
    format: 'shugu-bundle',
    version: 1,
    kind: read.text(bundle.kind, 'kind', wordShape),
    title: { zh: read.text(title.zh, 'title.zh'), en: read.text(title.en, 'title.en') },
    issued: read.time(bundle.issued, 'issued'),
    node: read.text(bundle.node, 'node'),
    document: bundle.document as Json,
    attachments,
  };
}

/** No separators, no leading dot: a name that is safe to look for in a directory. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const fileName = /^(?!\.)[^/\\:\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]{1,255}$/;

function readAttachment(value: unknown, i: number): Attachment {
  const at = `attachments[${i}]`;
  const { name, mediaType, size, digest } = read.object(value, at, ['name', 'mediaType', 'size', 'digest']);
  return {
    name: read.text(name, `${at}.name`, fileName),
    mediaType: read.text(mediaType, `${at}.mediaType`, /^[a-z0-9]+\/[A-Za-z0-9.+-]+(?:; ?[a-z]+=[A-Za-z0-9-]+)?$/),
    size: read.count(size, `${at}.size`),
    digest: read.text(digest, `${at}.digest`, /^(?:sha256|sm3):[0-9a-f]{64}$/),
  };
}

function coreIn(bundle: Record<string, unknown>): BundleCore {
  const statement = statementIn(bundle);
  const signatures = read.list(bundle.signatures, 'signatures', bundleLimits.signaturesMax).map(readSignature);
  const keys = read.list(bundle.keys, 'keys', bundleLimits.signaturesMax).map(readKey);
  const used = [...new Set(signatures.map(({ keyId }) => keyId))].sort();
  if (signatures.length === 0) read.fail('signatures', 'nobody has signed');
  if (used.join() !== keys.map(({ keyId }) => keyId).join()) {
    read.fail('keys', 'must be the keys of the signatures, each once, sorted by id');
  }
  const signed = signatures.map(({ keyId, role }) => `${keyId} ${role}`);
  if (new Set(signed).size !== signed.length) read.fail('signatures', 'one key has signed twice in one role');
  return { ...statement, signatures, keys };
}

function readSignature(value: unknown, i: number): BundleSignature {
  const at = `signatures[${i}]`;
  const members = read.object(value, at, ['keyId', 'role', 'algorithm', 'level', 'signature']);
  const keyId = read.text(members.keyId, `${at}.keyId`, keyIdShape);
  const algorithm = keyId.startsWith('sm:') ? 'sm2-sm3' : 'ed25519';
  if (members.algorithm !== algorithm) read.fail(`${at}.algorithm`, 'is not that of the key');
  if (typeof members.level !== 'string' || !Object.hasOwn(signerLevels, members.level)) {
    read.fail(`${at}.level`, 'is not known');
  }
  read.bytes(members.signature, `${at}.signature`);
  return {
    keyId,
    role: read.text(members.role, `${at}.role`, wordShape),
    algorithm,
    level: members.level as SignerLevel,
    signature: members.signature as string,
  };
}

function readKey(value: unknown, i: number): BundleKey {
  const at = `keys[${i}]`;
  const { keyId, jwk } = read.object(value, at, ['keyId', 'jwk']);
  try {
    if (publicKeyFromJwk(jwk).keyId === keyId) return { keyId, jwk: jwk as BundleKey['jwk'] };
  } catch (problem) {
    if (!(problem instanceof EvidenceError)) throw problem;
  }
  return read.fail(at, 'the id does not belong to the key');
}

function readLog(value: unknown): BundleLog {
  const log = read.object(
    value,
    'log',
    ['origin', 'suite', 'index', 'entry', 'inclusion', 'checkpoint'],
    ['salt', 'stamp'],
  );
  if (!isSuiteName(log.suite)) return read.fail('log.suite', 'is not known');
  const entry = readEntry(log.entry, 'log.entry', read);
  const inclusion = read.object(log.inclusion, 'log.inclusion', ['size', 'proof']);
  const proof = read.list(inclusion.proof, 'log.inclusion.proof', 64);
  for (const [i, hash] of proof.entries()) read.bytes(hash, `log.inclusion.proof[${i}]`, 32);
  const salted = Object.hasOwn(log, 'salt');
  if (salted !== (entry.form === 'commitment')) read.fail('log.salt', 'belongs to a commitment, and only there');
  if (salted) read.bytes(log.salt, 'log.salt', 32);
  if (log.stamp !== undefined) read.bytes(log.stamp, 'log.stamp');
  if (typeof log.checkpoint !== 'string') return read.fail('log.checkpoint', 'must be a signed note');
  return {
    origin: read.text(log.origin, 'log.origin', plainText),
    suite: log.suite,
    index: read.count(log.index, 'log.index'),
    entry,
    ...(salted ? { salt: log.salt as string } : {}),
    inclusion: { size: read.count(inclusion.size, 'log.inclusion.size'), proof: proof as string[] },
    checkpoint: log.checkpoint,
    ...(log.stamp === undefined ? {} : { stamp: log.stamp as string }),
  };
}
