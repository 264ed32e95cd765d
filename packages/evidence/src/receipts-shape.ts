import { readEntry } from './entry.ts';
import { keyIdShape, publicKeyFromJwk } from './keys.ts';
import { EvidenceError } from './problem.ts';
import type { ReceiptSegment, Receipts, ReceiptsFile, UsageManifest } from './receipts.ts';
import { shape } from './shape.ts';
import { signerLevels } from './signer.ts';
import { isSuiteName } from './suites.ts';

/** A payload has at most 16 KiB, of which a record needs about half of one. */
export const receiptsLimits = {
  bytesMax: 67_108_864,
  receiptsMax: 10_000,
  segmentsMax: 10_000,
  sourcesMax: 1000,
  checkpointsMax: 64,
  keysMax: 1024,
} as const;

const read = shape('evidence.receipts-malformed');
const hex = /^[0-9a-f]{64}$/;

/** Throws `evidence.receipts-malformed` with the place, and returns the value itself. Only the form; nothing is verified. */
export function readReceipts(value: unknown): ReceiptsFile {
  const file = read.object(value, 'receipts', [
    'format',
    'version',
    'issued',
    'node',
    'grant',
    'period',
    'range',
    'total',
    'segments',
    'checkpoints',
    'keys',
    'signer',
    'signature',
  ]);
  if (file.format !== 'shugu-receipts' || (file.version !== 1 && file.version !== 2))
    read.fail('format', 'only shugu-receipts, versions 1 and 2, are known');
  read.time(file.issued, 'issued');
  read.text(file.node, 'node');
  read.text(file.grant, 'grant');
  readScope(file);
  const checkpoints = read.list(file.checkpoints, 'checkpoints', receiptsLimits.checkpointsMax).map(readCheckpoint);
  const segments = read.list(file.segments, 'segments', receiptsLimits.segmentsMax);
  let receipts = 0;
  for (const [i, segment] of segments.entries()) receipts += readSegment(segment, `segments[${i}]`, checkpoints.length);
  if (receipts > receiptsLimits.receiptsMax)
    read.fail('segments', `hold more than ${receiptsLimits.receiptsMax} receipts`);
  readKeys(file, segments as ReceiptSegment[]);
  read.bytes(file.signature, 'signature');
  return file as ReceiptsFile;
}

function readScope(file: Record<string, unknown>): void {
  const period = read.object(file.period, 'period', ['from', 'until']);
  read.time(period.from, 'period.from');
  read.time(period.until, 'period.until');
  readRange(file);
  const total = read.object(file.total, 'total', ['receipts', 'calls', 'incompleteCalls', 'rows', 'bytes']);
  for (const [name, value] of Object.entries(total)) readInteger(value, `total.${name}`);
}

function readRange(file: Record<string, unknown>): void {
  if (file.version === 1) {
    const { complete, ...source } = read.object(file.range, 'range', ['source', 'after', 'through', 'complete']);
    readSource(source, 'range');
    readComplete(complete);
    return;
  }
  const { sources, complete } = read.object(file.range, 'range', ['sources', 'complete']);
  const names = read.list(sources, 'range.sources', receiptsLimits.sourcesMax).map((source, i) => {
    const at = `range.sources[${i}]`;
    return readSource(read.object(source, at, ['source', 'after', 'through']), at);
  });
  if (names.length === 0) read.fail('range.sources', 'are none');
  if (names.some((name, i) => i > 0 && names[i - 1]! >= name))
    read.fail('range.sources', 'must be in the order of their names, each once');
  readComplete(complete);
}

function readComplete(value: unknown): void {
  if (typeof value !== 'boolean') read.fail('range.complete', 'must be true or false');
}

function readSource({ source, after, through }: Record<string, unknown>, at: string): string {
  if (read.count(after, `${at}.after`) > read.count(through, `${at}.through`)) read.fail(at, 'ends before it begins');
  return read.text(source, `${at}.source`);
}

/** Corrections give back, so units may be below zero. */
function readInteger(value: unknown, at: string): void {
  if (!Number.isSafeInteger(value)) read.fail(at, 'must be a whole number');
}

function readCheckpoint(value: unknown, i: number): void {
  const at = `checkpoints[${i}]`;
  const { origin, suite, size, note } = read.object(value, at, ['origin', 'suite', 'size', 'note']);
  read.text(origin, `${at}.origin`);
  if (!isSuiteName(suite)) read.fail(`${at}.suite`, 'is not known');
  read.count(size, `${at}.size`);
  if (typeof note !== 'string') read.fail(`${at}.note`, 'must be a signed note');
}

/** Number of receipts in it. */
function readSegment(value: unknown, at: string, checkpoints: number): number {
  const segment = read.object(value, at, ['manifest', 'log', 'receipts']);
  readManifest(segment.manifest, `${at}.manifest`);
  const log = read.object(segment.log, `${at}.log`, ['checkpoint', 'index', 'entry', 'salt', 'proof']);
  if (read.count(log.checkpoint, `${at}.log.checkpoint`) >= checkpoints)
    read.fail(`${at}.log.checkpoint`, 'is not in the file');
  read.count(log.index, `${at}.log.index`);
  if (readEntry(log.entry, `${at}.log.entry`, read).form !== 'commitment')
    read.fail(`${at}.log.entry`, 'is no commitment');
  read.bytes(log.salt, `${at}.log.salt`, 32);
  readPath(log.proof, `${at}.log.proof`);
  const receipts = read.list(segment.receipts, `${at}.receipts`, receiptsLimits.receiptsMax);
  if (receipts.length === 0) read.fail(`${at}.receipts`, 'are none');
  for (const [i, one] of receipts.entries()) {
    const { sequence, payload, path } = read.object(one, `${at}.receipts[${i}]`, ['sequence', 'payload', 'path']);
    read.count(sequence, `${at}.receipts[${i}].sequence`);
    read.bytes(payload, `${at}.receipts[${i}].payload`);
    readPath(path, `${at}.receipts[${i}].path`);
  }
  return receipts.length;
}

function readPath(value: unknown, at: string): void {
  for (const [i, hash] of read.list(value, at, 64).entries()) read.bytes(hash, `${at}[${i}]`, 32);
}

const manifestMembers: Record<keyof UsageManifest, (value: unknown, at: string) => unknown> = {
  version: (value, at) => value === 1 || read.fail(at, 'only version 1 is known'),
  source: (value, at) => read.text(value, at),
  segment: (value, at) => read.count(value, at),
  firstSequence: (value, at) => read.count(value, at),
  lastSequence: (value, at) => read.count(value, at),
  count: (value, at) => read.count(value, at),
  bytes: (value, at) => read.count(value, at),
  sealedAt: (value, at) => read.count(value, at),
  root: (value, at) => read.text(value, at, hex),
  digest: (value, at) => read.text(value, at, hex),
  previousDigest: (value, at) => value === null || read.text(value, at, hex),
  keyId: (value, at) => read.text(value, at, keyIdShape),
  signature: (value, at) => read.bytes(value, at),
};

function readManifest(value: unknown, at: string): void {
  const manifest = read.object(value, at, Object.keys(manifestMembers));
  for (const [name, check] of Object.entries(manifestMembers)) check(manifest[name], `${at}.${name}`);
}

function readKeys(file: Record<string, unknown>, segments: readonly ReceiptSegment[]): void {
  const signer = read.object(file.signer, 'signer', ['keyId', 'level']) as Receipts['signer'];
  if (typeof signer.level !== 'string' || !Object.hasOwn(signerLevels, signer.level))
    read.fail('signer.level', 'is not known');
  const keys = read.list(file.keys, 'keys', receiptsLimits.keysMax).map((value, i) => {
    const { keyId, jwk } = read.object(value, `keys[${i}]`, ['keyId', 'jwk']);
    if (keyIdOf(jwk) !== keyId) read.fail(`keys[${i}]`, 'the id does not belong to the key');
    return keyId as string;
  });
  const used = [...new Set([signer.keyId, ...segments.map(({ manifest }) => manifest.keyId)])].sort();
  if (used.join() !== keys.join()) read.fail('keys', 'must be the keys that have signed, each once, sorted by id');
}

function keyIdOf(jwk: unknown): string | undefined {
  try {
    return publicKeyFromJwk(jwk).keyId;
  } catch (problem) {
    if (problem instanceof EvidenceError) return undefined;
    throw problem;
  }
}
