import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { UsageManifest } from '@shugu/evidence';
import { canonicalJson, type DriverKind, type Json } from '@shugu/policy';
import { emptyRoot, leafHash, nodeHash, rightEdge, sha256 } from '@shugu/tlog';
import { crc32c } from './crc32c.ts';

/**
 * Segment file, the truth about uses:
 *   header  "SHUGUSEG1\n", u32 length, JSON { source, segment, firstSequence }
 *   frame   u32 length of payload, u32 CRC-32C of (sequence, payload), u64 sequence, payload: JSON of one UseRecord
 * Numbers are big-endian. Sequences are contiguous per source over all segments. Merkle leaves are the payload bytes.
 */

/** `failed`: nothing was handed out, by no fault of the buyer; kept for the service level, with no units. */
export type UseStatus = 'complete' | 'incomplete' | 'failed';
export type Units = { calls: number; rows: number; bytes: number };
export type Tenancy = { node: string; market: string; participant: string };

export type UseRecord = {
  version: 1;
  source: string;
  sequence: number;
  /** Id of the use: the receipt's id. */
  use: string;
  grant: string;
  contract: string;
  product: string;
  tenancy: Tenancy;
  /** When the use was admitted, ms since the epoch: the instant whose calendar periods it counts in. */
  at: number;
  driver: DriverKind;
  action: string;
  purpose?: string;
  /** Keyed digest of the authorisation reference; never the reference. */
  authorisation?: string;
  /** Hash of the policy that allowed it. */
  policy: string;
  /** A further part of a use that another record counts as a call. */
  part?: true;
  status: UseStatus;
  units: Units;
  latencyMs: number;
  /** Of a streamed answer: until it could begin. How long a stream lasts is the reader's pace. */
  headMs?: number;
  /** Code of what went wrong on our side or the supplier's: of a failed use, and of one whose answer broke off for it. */
  failure?: string;
  /** Set on corrections: the use whose units these are added to, and why. */
  corrects?: string;
  reason?: string;
  /** The leased slice whose amounts it took, at a gateway of its own process. */
  slice?: string;
};

/** A record before it has its place in a source. */
export type Use = Omit<UseRecord, 'version' | 'source' | 'sequence'>;

export type SegmentHeader = { source: string; segment: number; firstSequence: number };

/** Whoever checks receipts without a gateway reads the same shape, so it is defined there. */
export type SegmentManifest = UsageManifest;

/** A key that signs manifests; may be remote. */
export type Signer = { keyId: string; sign(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array };
export type VerifySignature = (keyId: string, bytes: Uint8Array, signature: Uint8Array) => Promise<boolean> | boolean;

export type SegmentEntry = { sequence: number; payload: Uint8Array; record: UseRecord };
/** `bytes` is the length of the valid part; the rest, if any, is a torn tail. */
export type SegmentContent = { header: SegmentHeader; entries: SegmentEntry[]; bytes: number };

export const PAYLOAD_BYTES_MAX = 16_384;
const MAGIC = Buffer.from('SHUGUSEG1\n');
const FRAME_BYTES = 16;
const HEADER_BYTES_MAX = 4096;

export function encodeHeader(header: SegmentHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([MAGIC, length, json]);
}

/** One framed record. Throws a RangeError when the payload is over PAYLOAD_BYTES_MAX. */
export function encodeFrame(record: UseRecord): Buffer {
  const payload = JSON.stringify(record);
  const frame = Buffer.allocUnsafe(frameRoom(payload));
  return frame.subarray(0, writeFrame(frame, 0, record.sequence, payload));
}

/**
 * The record of a use as JSON, as `JSON.stringify` of the whole would give it where the members stand in the order of a new use,
 * without making the whole. What the uses of a line say alike is kept.
 */
export function recordText(source: string, sequence: number, use: Use): string {
  const start = `{"version":1,"source":${JSON.stringify(source)},"sequence":${sequence},`;
  const { units, authorisation, part, slice, headMs } = use;
  if (!PLAIN_ID.test(use.use) || use.status === 'failed' || use.failure !== undefined || use.corrects !== undefined)
    return start + JSON.stringify(use).slice(1);
  const { beforeTime, afterTime } = lineOf(use);
  return `${start}"use":"${use.use}",${beforeTime}${use.at}${afterTime}${
    authorisation === undefined ? '' : `,"authorisation":${JSON.stringify(authorisation)}`
  }${part ? ',"part":true' : ''}${
    slice === undefined ? '' : `,"slice":${JSON.stringify(slice)}`
  },"status":"${use.status}","units":{"calls":${units.calls},"rows":${units.rows},"bytes":${units.bytes}},"latencyMs":${use.latencyMs}${
    headMs === undefined ? '' : `,"headMs":${headMs}`
  }}`;
}

/** What one use of a grant says as the one before it did, most often all of this. */
type Line = Pick<Use, 'contract' | 'product' | 'tenancy' | 'driver' | 'action' | 'policy' | 'purpose'>;
const LINES_MAX = 4096;
const PURPOSE_LENGTH_MAX = 128;
const lines = new Map<string, { said: Line; beforeTime: string; afterTime: string }>();

function lineOf({ grant, contract, product, tenancy, driver, action, policy, purpose }: Use) {
  const known = lines.get(grant);
  if (known) {
    const { said } = known;
    const isSame =
      said.contract === contract &&
      said.product === product &&
      said.tenancy === tenancy &&
      said.driver === driver &&
      said.action === action &&
      said.policy === policy &&
      said.purpose === purpose;
    if (isSame) return known;
  }
  const before = JSON.stringify({ grant, contract, product, tenancy, at: 0 });
  const line = {
    said: { contract, product, tenancy, driver, action, policy, purpose },
    beforeTime: before.slice(1, -'0}'.length),
    afterTime: `,${JSON.stringify({ driver, action, policy, purpose }).slice(1, -1)}`,
  };
  if (purpose !== undefined && purpose.length > PURPOSE_LENGTH_MAX) return line;
  if (lines.size >= LINES_MAX) lines.clear();
  lines.set(grant, line);
  return line;
}

const PLAIN_ID = /^[\w.-]+$/;
/** Bytes that the frame of a payload may need at most. */
export function frameRoom(payload: string): number {
  return FRAME_BYTES + payload.length * 3;
}

/** Writes a frame at `at`, where there must be `frameRoom`, and returns its end. Throws a RangeError as `encodeFrame`. */
export function writeFrame(target: Buffer, at: number, sequence: number, payload: string): number {
  const length = target.write(payload, at + FRAME_BYTES);
  if (length > PAYLOAD_BYTES_MAX) throw new RangeError(`use record of ${length} bytes`);
  const end = at + FRAME_BYTES + length;
  target.writeUInt32BE(length, at);
  target.writeUInt32BE(Math.floor(sequence / 2 ** 32), at + 8);
  target.writeUInt32BE(sequence % 2 ** 32, at + 12);
  target.writeUInt32BE(crc32c(target, at + 8, end), at + 4);
  return end;
}

/**
 * Read a segment as far as it is valid: a frame that is cut, fails its checksum or breaks the sequence ends it. Returns
 * null when not even the header is whole.
 */
export function readSegment(bytes: Uint8Array): SegmentContent | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(file);
  if (!header) return null;
  const entries: SegmentEntry[] = [];
  let offset = header.bytes;
  for (;;) {
    const sequence = header.value.firstSequence + entries.length;
    const payload = readPayload(file, offset, sequence);
    if (!payload) return { header: header.value, entries, bytes: offset };
    entries.push({ sequence, payload, record: JSON.parse(payload.toString('utf8')) as UseRecord });
    offset += FRAME_BYTES + payload.length;
  }
}

function readHeader(file: Buffer): { value: SegmentHeader; bytes: number } | null {
  const start = MAGIC.length + 4;
  if (file.length < start || !file.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const length = file.readUInt32BE(MAGIC.length);
  if (length > HEADER_BYTES_MAX || file.length < start + length) return null;
  try {
    const value = JSON.parse(file.toString('utf8', start, start + length)) as SegmentHeader | null;
    return Number.isSafeInteger(value?.firstSequence) ? { value: value as SegmentHeader, bytes: start + length } : null;
  } catch {
    return null;
  }
}

function readPayload(file: Buffer, offset: number, sequence: number): Buffer | null {
  if (file.length < offset + FRAME_BYTES) return null;
  const length = file.readUInt32BE(offset);
  const end = offset + FRAME_BYTES + length;
  if (length === 0 || length > PAYLOAD_BYTES_MAX || file.length < end) return null;
  if (file.readUInt32BE(offset + 4) !== crc32c(file, offset + 8, end)) return null;
  if (file.readBigUInt64BE(offset + 8) !== BigInt(sequence)) return null;
  return file.subarray(offset + FRAME_BYTES, end);
}

/** Merkle root of payloads in order (RFC 6962 section 2.1). */
export function segmentRoot(payloads: readonly Uint8Array[]): Uint8Array {
  return payloads.length === 0 ? emptyRoot(sha256) : treeRoot(payloads.map((payload) => leafHash(sha256, payload)));
}

/** Level by level, an odd last node carried up unchanged: the same tree as the RFC's recursive split. */
function treeRoot(leaves: Uint8Array[]): Uint8Array {
  let level = leaves;
  while (level.length > 1) level = pairUp(level);
  return level[0]!;
}

function pairUp(level: readonly Uint8Array[]): Uint8Array[] {
  const next: Uint8Array[] = [];
  for (let index = 0; index < level.length; index += 2) {
    const right = level[index + 1];
    next.push(right ? nodeHash(sha256, level[index]!, right) : level[index]!);
  }
  return next;
}

/** Audit path of one payload, leaf to root (RFC 6962 section 2.1.1). */
export function segmentPath(payloads: readonly Uint8Array[], index: number): Uint8Array[] {
  return segmentPaths(payloads)(index);
}

/** As `segmentPath`, for many payloads of one segment: it is hashed once. */
export function segmentPaths(payloads: readonly Uint8Array[]): (index: number) => Uint8Array[] {
  const levels: Uint8Array[][] = [payloads.map((payload) => leafHash(sha256, payload))];
  while (levels.at(-1)!.length > 1) levels.push(pairUp(levels.at(-1)!));
  return (index) =>
    levels.flatMap((level, height) => {
      const sibling = level[Math.floor(index / 2 ** height) ^ 1];
      return sibling ? [sibling] : [];
    });
}

export function manifestBytes({ signature: _signature, ...signed }: SegmentManifest): Buffer {
  return Buffer.from(canonicalJson(signed as unknown as Json));
}

export async function signManifest(
  unsigned: Omit<SegmentManifest, 'keyId' | 'signature'>,
  signer: Signer,
): Promise<SegmentManifest> {
  const manifest = { ...unsigned, keyId: signer.keyId, signature: '' };
  return { ...manifest, signature: Buffer.from(await signer.sign(manifestBytes(manifest))).toString('base64') };
}

/** Records described before others may have their turn: sealing must not hold up who is served meanwhile. */
const TURN_RECORDS = 128;

/** The manifest of a whole segment file, unsigned; null when it is not whole. */
export async function describeSegment(
  bytes: Uint8Array,
  sealedAt: number,
  previousDigest: string | null,
): Promise<Omit<SegmentManifest, 'keyId' | 'signature'> | null> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(file);
  if (!header) return null;
  const { firstSequence } = header.value;
  const [digest, tree] = [createHash('sha256'), rightEdge(sha256)];
  let count = 0;
  let digested = 0;
  for (let offset = header.bytes; offset < file.length; count++) {
    const payload = readPayload(file, offset, firstSequence + count);
    if (!payload) return null;
    tree.add(leafHash(sha256, payload));
    offset += FRAME_BYTES + payload.length;
    if (count % TURN_RECORDS !== 0) continue;
    digest.update(file.subarray(digested, offset));
    digested = offset;
    await nextTurn();
  }
  if (count === 0) return null;
  return {
    version: 1,
    ...header.value,
    lastSequence: firstSequence + count - 1,
    count,
    bytes: bytes.length,
    sealedAt,
    root: Buffer.from(tree.root()).toString('hex'),
    digest: digest.update(file.subarray(digested)).digest('hex'),
    previousDigest,
  };
}

/** Every difference between a segment file and its signed manifest; empty when all holds. */
export async function verifySegment(
  bytes: Uint8Array,
  manifest: SegmentManifest,
  verify: VerifySignature,
): Promise<string[]> {
  const described = await describeSegment(bytes, manifest.sealedAt, manifest.previousDigest);
  if (!described) return ['segmentMalformed'];
  const differing = Object.entries(described).filter(
    ([key, value]) => manifest[key as keyof SegmentManifest] !== value,
  );
  const problems = differing.map(([key]) => `segmentDiffers:${key}`);
  const signed = await verify(manifest.keyId, manifestBytes(manifest), Buffer.from(manifest.signature, 'base64'));
  if (!signed) problems.push('signatureInvalid');
  const content = readSegment(bytes);
  const foreign = content?.entries.some(
    ({ sequence, record }) => record.sequence !== sequence || record.source !== manifest.source,
  );
  if (foreign) problems.push('recordForeign');
  return problems;
}
