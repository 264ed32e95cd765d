import { createHmac, hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { canonicalJson, type Json } from '@shugu/policy';
import { leafHash, sha256, verifyInclusion } from '@shugu/tlog';
import {
  manifestBytes,
  readSegment,
  type SegmentManifest,
  segmentPath,
  type UseRecord,
  type VerifySignature,
} from './segment.ts';

/**
 * One key per grant and purpose from the gateway's secret (HKDF-SHA-256, RFC 5869; salt is the grant's id), so that the
 * receipt key can be handed to the buyer with the contract without opening anything else.
 */
export function grantKey(
  secret: Uint8Array,
  grantId: string,
  purpose: 'receipt' | 'address' | 'authorisation' | 'mask',
): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, grantId, `shugu gateway ${purpose} 1`, 32));
}

export type Receipt = { id: string; mac: string };
type ReceiptFields = Pick<UseRecord, 'use' | 'grant' | 'contract' | 'product' | 'policy' | 'at'>;

/** Receipt of a use: its id, and a MAC (HMAC-SHA-256, base64url) over what is known when the answer starts. */
export function receiptFor(record: ReceiptFields, receiptKey: Uint8Array): Receipt {
  const { use, grant, contract, product, policy, at } = record;
  const text = canonicalJson({ use, grant, contract, product, policy, at } as Json);
  return { id: use, mac: createHmac('sha256', receiptKey).update(text).digest('base64url') };
}

/** As `receiptFor`, for many uses of one grant: what they share is prepared once. */
export function receiptsOf(
  { grant, contract, product, policy }: Omit<ReceiptFields, 'use' | 'at'>,
  receiptKey: Uint8Array,
): (use: string, at: number) => Receipt {
  const mac = hmacOf(receiptKey);
  // The members in canonical order are at, contract, grant, policy, product, use.
  const shared = canonicalJson({ grant, contract, product, policy } as Json).slice(1, -1);
  return (use, at) => ({ id: use, mac: mac(`{"at":${at},${shared},"use":${JSON.stringify(use)}}`) });
}

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const TEXT_BYTES_MAX = 4096;

/**
 * HMAC-SHA-256 of texts under one key, base64url: two one-shot hashes over prepared blocks (RFC 2104), at a third of what
 * `createHmac` costs.
 */
function hmacOf(key: Uint8Array): (text: string) => string {
  if (key.length > BLOCK_BYTES) throw new RangeError('a longer key would have to be hashed first');
  const inner = Buffer.alloc(BLOCK_BYTES + TEXT_BYTES_MAX, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  for (const [at, byte] of key.entries()) {
    inner[at]! ^= byte;
    outer[at]! ^= byte;
  }
  return (text) => {
    if (text.length * 3 > TEXT_BYTES_MAX) return createHmac('sha256', key).update(text).digest('base64url');
    const bytes = inner.write(text, BLOCK_BYTES);
    outer.write(hash('sha256', inner.subarray(0, BLOCK_BYTES + bytes), 'binary'), BLOCK_BYTES, 'binary');
    return hash('sha256', outer, 'base64url');
  };
}

export function receiptHolds(record: ReceiptFields, receipt: Receipt, receiptKey: Uint8Array): boolean {
  const expected = Buffer.from(receiptFor(record, receiptKey).mac);
  const given = Buffer.from(receipt.mac);
  return receipt.id === record.use && expected.length === given.length && timingSafeEqual(expected, given);
}

/** A record and its path to the root of a sealed, signed segment. `payload` is base64 of the exact bytes; path base64. */
export type ReceiptProof = { manifest: SegmentManifest; sequence: number; payload: string; path: string[] };

/** Proof for one sequence of a segment file, or null when the segment does not hold it. */
export function receiptProof(segment: Uint8Array, manifest: SegmentManifest, sequence: number): ReceiptProof | null {
  const entries = readSegment(segment)?.entries ?? [];
  const index = sequence - manifest.firstSequence;
  const entry = entries[index];
  if (entry?.sequence !== sequence) return null;
  const path = segmentPath(
    entries.map(({ payload }) => payload),
    index,
  );
  return {
    manifest,
    sequence,
    payload: Buffer.from(entry.payload).toString('base64'),
    path: path.map((hash) => Buffer.from(hash).toString('base64')),
  };
}

/** The proven record, or null when path or signature do not hold. Needs no access to the gateway. */
export async function verifyReceiptProof(proof: ReceiptProof, verify: VerifySignature): Promise<UseRecord | null> {
  const { manifest } = proof;
  const payload = Buffer.from(proof.payload, 'base64');
  const included = verifyInclusion({
    hash: sha256,
    index: proof.sequence - manifest.firstSequence,
    size: manifest.count,
    leaf: leafHash(sha256, payload),
    proof: proof.path.map((hash) => new Uint8Array(Buffer.from(hash, 'base64'))),
    root: new Uint8Array(Buffer.from(manifest.root, 'hex')),
  });
  if (!included || !(await verify(manifest.keyId, manifestBytes(manifest), Buffer.from(manifest.signature, 'base64'))))
    return null;
  const record = JSON.parse(payload.toString('utf8')) as UseRecord;
  return record.sequence === proof.sequence && record.source === manifest.source ? record : null;
}
