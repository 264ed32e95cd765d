/**
 * Between accepting a record and showing it in the log there is a wait. A **promise** covers it: the log's own key says which
 * leaf it will hold and by when. A **dated checkpoint** is the log's word on how far it has grown at a moment; C2SP checkpoints
 * bear no time, and a witness may be shown an old one, so only this proves what the log did *not* hold. A promise whose time is
 * over and a later dated checkpoint without its leaf convict the log before anybody, with nothing but its own signatures.
 */
import {
  decodeBase64,
  encodeBase64,
  equalBytes,
  leafHashes,
  openNote,
  parseCheckpoint,
  rightEdge,
  type TileStore,
  TlogError,
} from '@shugu/tlog';
import { canonicalBytes, parseCanonical } from './canonical.ts';
import type { Context } from './contexts.ts';
import { verifierOf } from './notes.ts';
import { chineseOf, EvidenceError } from './problem.ts';
import { plainText, shape } from './shape.ts';
import { type Signer, signInContext, verifyInContext } from './signer.ts';
import { isSuiteName, type SuiteName, suite } from './suites.ts';
import type { Trust } from './trust.ts';
import type { Check } from './verify-log.ts';

/** `leaf`: base64 of the entry's leaf hash (RFC 6962); times are RFC 3339. */
export type LogPromise = {
  format: 'shugu-promise';
  version: 1;
  origin: string;
  suite: SuiteName;
  leaf: string;
  acceptedAt: string;
  sequencedBy: string;
  signature: string;
};

/** `checkpoint`: a note signed by the log, of the largest tree that it had at `at`. */
export type DatedCheckpoint = {
  format: 'shugu-dated-checkpoint';
  version: 1;
  origin: string;
  suite: SuiteName;
  checkpoint: string;
  at: string;
  signature: string;
};

type Signed = LogPromise | DatedCheckpoint;
type Unsigned<T extends Signed> = Omit<T, 'format' | 'version' | 'signature'>;

export const promiseBytesMax = 524_288;
const read = shape('evidence.promise-malformed');

const contextOf: Record<Signed['format'], Context> = {
  'shugu-promise': 'promise',
  'shugu-dated-checkpoint': 'datedCheckpoint',
};

async function signed<T extends Signed>(body: Omit<T, 'signature'>, signer: Signer): Promise<Uint8Array> {
  const { format } = body as unknown as Signed;
  const signature = encodeBase64(await signInContext(signer, contextOf[format], canonicalBytes(body)));
  return canonicalBytes({ ...body, signature }, { bytesMax: promiseBytesMax });
}

/** The file, signed by the key that signs the origin's checkpoints. */
export function makePromise(input: Unsigned<LogPromise>, signer: Signer): Promise<Uint8Array> {
  return signed<LogPromise>({ format: 'shugu-promise', version: 1, ...input }, signer);
}

export function makeDatedCheckpoint(input: Unsigned<DatedCheckpoint>, signer: Signer): Promise<Uint8Array> {
  return signed<DatedCheckpoint>({ format: 'shugu-dated-checkpoint', version: 1, ...input }, signer);
}

const members = {
  'shugu-promise': ['leaf', 'acceptedAt', 'sequencedBy'],
  'shugu-dated-checkpoint': ['checkpoint', 'at'],
} as const;

function readSigned<T extends Signed>(bytes: Uint8Array, format: T['format']): T {
  const value = parseCanonical(bytes, { bytesMax: promiseBytesMax });
  const own = members[format as Signed['format']];
  const file = read.object(value, '', ['format', 'version', 'origin', 'suite', ...own, 'signature']);
  if (file.format !== format || file.version !== 1) read.fail('format', `only ${format}, version 1, is known`);
  read.text(file.origin, 'origin', plainText);
  if (!isSuiteName(file.suite)) read.fail('suite', 'is not known');
  if ('leaf' in file) read.bytes(file.leaf, 'leaf', 32);
  if ('checkpoint' in file && typeof file.checkpoint !== 'string') read.fail('checkpoint', 'must be a note');
  for (const time of ['acceptedAt', 'sequencedBy', 'at']) if (time in file) read.time(file[time], time);
  read.bytes(file.signature, 'signature');
  return file as unknown as T;
}

function logSigned(file: Signed, trust: Trust): 'unknownLog' | 'wrong' | 'holds' {
  const keys = trust.logs.filter((one) => one.origin === file.origin && one.suite === file.suite);
  if (keys.length === 0) return 'unknownLog';
  const { signature, ...body } = file;
  const message = canonicalBytes(body, { bytesMax: promiseBytesMax });
  const holds = keys.some(({ vkey }) =>
    verifyInContext(verifierOf(vkey).publicKey, contextOf[file.format], message, decodeBase64(signature)),
  );
  return holds ? 'holds' : 'wrong';
}

export type PromiseReport = { ok: boolean; checks: Check[]; promise?: LogPromise };

/** Never throws for any bytes. `ok` says that a trusted log gave this promise, not that it was kept. */
export function verifyPromise(bytes: Uint8Array, trust: Trust): PromiseReport {
  let promise: LogPromise;
  try {
    promise = readSigned<LogPromise>(bytes, 'shugu-promise');
  } catch (problem) {
    if (!(problem instanceof EvidenceError)) throw problem;
    const [zh, en] = [`不是规范的收录承诺：${chineseOf(problem)}`, `not a promise: ${problem.message}`];
    return { ok: false, checks: [{ id: 'format', ok: false, zh, en }] };
  }
  const { origin, sequencedBy } = promise;
  const found = logSigned(promise, trust);
  const texts = {
    unknownLog: { zh: `日志${origin}不在信任文件之中`, en: `the log ${origin} is not in the trust file` },
    wrong: { zh: `签名无效：${origin}`, en: `the signature is wrong: ${origin}` },
    holds: {
      zh: `日志${origin}承诺至迟于${sequencedBy}收录`,
      en: `the log ${origin} promises to hold the entry by ${sequencedBy}`,
    },
  };
  const ok = found === 'holds';
  return { ok, checks: [{ id: 'promise', ok, ...texts[found] }], ...(ok ? { promise } : {}) };
}

/**
 * `kept`: the leaf is in the tree. `open`: not yet, and its time is not over. `broken`: not, and its time is over: promise, dated
 * checkpoint and leaves together prove it. `unproven`: what the log shows does not hold together.
 */
export type PromiseVerdict = 'kept' | 'open' | 'broken' | 'unproven';

/**
 * What a monitor asks, of a promise that `verifyPromise` accepted. Reads every leaf, since that something is *not* in a tree
 * takes the whole tree. Throws only what `store` throws.
 */
export async function judgePromise(
  promise: LogPromise,
  trust: Trust,
  shown: { dated: Uint8Array; store: TileStore },
): Promise<PromiseVerdict> {
  try {
    return await judge(promise, datedTree(promise.origin, trust, shown.dated), shown.store);
  } catch (problem) {
    if (problem instanceof EvidenceError || problem instanceof TlogError) return 'unproven';
    throw problem;
  }
}

type DatedTree = { size: number; root: Uint8Array; at: string } | undefined;

async function judge(promise: LogPromise, dated: Promise<DatedTree>, store: TileStore): Promise<PromiseVerdict> {
  const tree = await dated;
  if (!tree) return 'unproven';
  const { hash } = suite(promise.suite);
  const edge = rightEdge(hash);
  const wanted = decodeBase64(promise.leaf);
  let kept = false;
  for await (const leaf of leafHashes(hash, store, tree.size)) {
    edge.add(leaf);
    kept ||= equalBytes(leaf, wanted);
  }
  if (!equalBytes(edge.root(), tree.root)) return 'unproven';
  if (kept) return 'kept';
  return Date.parse(tree.at) > Date.parse(promise.sequencedBy) ? 'broken' : 'open';
}

async function datedTree(origin: string, trust: Trust, bytes: Uint8Array): Promise<DatedTree> {
  const dated = readSigned<DatedCheckpoint>(bytes, 'shugu-dated-checkpoint');
  if (dated.origin !== origin || logSigned(dated, trust) !== 'holds') return undefined;
  const verifiers = trust.logs.filter((one) => one.origin === origin).map(({ vkey }) => verifierOf(vkey));
  const checkpoint = parseCheckpoint((await openNote(dated.checkpoint, verifiers)).text);
  return checkpoint.origin === origin ? { ...checkpoint, at: dated.at } : undefined;
}
