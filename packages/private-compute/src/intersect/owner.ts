import { generateIdentity, type Identity } from '../channel/keys.ts';
import { type Link, linkLimits } from '../channel/link.ts';
import { ComputeError } from '../problem.ts';
import { writeSelection } from '../table/selection.ts';
import { agree, inputMessage, type Role, readPeerInput } from './agree.ts';
import { kind, nothing, peerInputBytes } from './messages.ts';
import { type Input, prepare, requireWithin, SentRows } from './prepare.ts';
import type { Run } from './runs.ts';
import { tagBytes } from './tags.ts';
import { inputCommitment, type Terms } from './terms.ts';

export interface OwnerReport {
  rows: number;
  rowsWithoutKey: number;
  /** Distinct keys. */
  keys: number;
  /** Hex. */
  commitment: string;
  peerCommitment: string;
  /** Common keys, where the terms let this owner know. */
  common: number | null;
  /** Rows written to `out`. */
  rowsOut: number | null;
}

const frameTags = Math.floor(linkLimits.frameBytes / tagBytes);

export const learnsRows = (terms: Terms, role: Role): boolean =>
  terms.reveal === 'both' || (terms.reveal === 'first' && role === 'first');

/**
 * One owner's side with a helper in between. `out` gets this owner's own common rows, where the terms let it know them. Where something
 * fails, the helper is told the reason, and through it the other owner.
 */
export const ownWithHelper = async (...asked: Parameters<typeof own>): Promise<OwnerReport> => {
  try {
    return await own(...asked);
  } catch (error) {
    await asked[0].close(error);
    throw error;
  }
};

const own = async (
  link: Link,
  terms: Terms,
  role: Role,
  identity: Identity,
  input: Input,
  out: string | undefined,
  fresh = generateIdentity(),
): Promise<OwnerReport> => {
  const { tagKey, proofKey } = await agree(link, terms, role, identity, fresh);
  const prepared = await prepare(input, tagKey);
  try {
    const runs: Run[] = [];
    const sent = new SentRows();
    let keys = 0;
    for await (const run of prepared.runs.sorted()) {
      runs.push(run);
      sent.add(run.rows, run.again);
      keys += run.tags.length / 3;
    }
    requireWithin(keys, terms.keysMax);
    const commitment = inputCommitment(input.salt, prepared.digest, input.column);
    await link.send(kind.input, inputMessage(proofKey, role, keys, commitment));
    for (const run of runs.splice(0)) await sendTags(link, run.tags);
    await link.send(kind.done, nothing);

    const peer = readPeerInput(proofKey, role, await link.receive(kind.peerInput, peerInputBytes));
    const report = {
      rows: prepared.rows,
      rowsWithoutKey: prepared.rowsWithoutKey,
      keys,
      commitment: commitment.toString('hex'),
      peerCommitment: peer.toString('hex'),
    };
    if (!learnsRows(terms, role)) {
      const common = terms.reveal === 'size' ? (await link.receive(kind.size, 4)).readUInt32LE(0) : null;
      await link.receive(kind.done, 0);
      return { ...report, common, rowsOut: null };
    }
    const bits = await receiveBits(link, keys);
    const rowsOut = out
      ? await writeSelection(input.path, prepared.digest, sent.chosen(bits, prepared.rows), out)
      : null;
    return { ...report, common: countBits(bits), rowsOut };
  } finally {
    await prepared.runs.close();
  }
};

const sendTags = async (link: Link, tags: Uint32Array): Promise<void> => {
  const bytes = Buffer.from(tags.buffer, tags.byteOffset, tags.byteLength);
  for (let at = 0; at < bytes.length; at += frameTags * tagBytes) {
    await link.send(kind.items, bytes.subarray(at, at + frameTags * tagBytes));
  }
};

/** Nothing is used of a result before its end has come. */
export const receiveBits = async (link: Link, count: number): Promise<Uint8Array> => {
  const bits = new Uint8Array((count + 7) >> 3);
  for (let at = 0; at < bits.length; ) {
    const part = await link.receive(kind.bits);
    if (part.length === 0 || at + part.length > bits.length) {
      throw new ComputeError('compute.peerMalformed', 'a result has a wrong length');
    }
    bits.set(part, at);
    at += part.length;
  }
  if ((count & 7) !== 0 && bits[bits.length - 1]! >> (count & 7) !== 0) {
    throw new ComputeError('compute.peerMalformed', 'a result has bits for nothing');
  }
  await link.receive(kind.done, 0);
  return bits;
};

export const sendBits = async (link: Link, bits: Uint8Array): Promise<void> => {
  for (let at = 0; at < bits.length; at += linkLimits.frameBytes) {
    await link.send(kind.bits, bits.subarray(at, at + linkLimits.frameBytes));
  }
  await link.send(kind.done, nothing);
};

export const countBits = (bits: Uint8Array): number => {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
};
