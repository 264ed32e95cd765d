/** How an intersection ends, whatever the protocol before it: who is told what, and what an owner reports. */
import { type Link, linkLimits } from '../channel/link.ts';
import { ComputeError } from '../problem.ts';
import { type RowSet, writeSelection } from '../table/selection.ts';
import type { Role } from './agree.ts';
import { kind, nothing } from './messages.ts';
import type { Input } from './prepare.ts';
import type { Terms } from './terms.ts';

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
  /** To and from whomever this owner was connected with; of a party that has played to its end. */
  bytes?: { sent: number; received: number };
}

export interface Result {
  common: number | null;
  /** By place of this owner's keys as it sent them, where it may know. */
  bits: Uint8Array | null;
}

/** A party that tells the other why, where something fails. */
export const tellingWhy =
  <Asked extends readonly [Link, ...unknown[]], Report>(play: (...asked: Asked) => Promise<Report>) =>
  async (...asked: Asked): Promise<Report> => {
    try {
      return await play(...asked);
    } catch (error) {
      await asked[0].close(error);
      throw error;
    }
  };

export const learnsRows = (terms: Terms, role: Role): boolean =>
  terms.reveal === 'both' || (terms.reveal === 'first' && role === 'first');

/** Tells an owner what the terms let it know; `bits` by place of its keys. */
export const sendResult = async (
  link: Link,
  terms: Terms,
  to: Role,
  common: number,
  bits: Uint8Array,
): Promise<void> => {
  if (learnsRows(terms, to)) await sendParts(link, kind.bits, bits);
  else if (terms.reveal === 'size') {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(common, 0);
    await link.send(kind.size, size);
  }
  await link.send(kind.done, nothing);
};

/**
 * Nothing is used of a result before its end has come. `count`: keys that this owner sent, `theirs`: the other's, where they are known. Throws
 * `compute.peerMalformed` where more are common than either has.
 */
export const receiveResult = async (
  link: Link,
  terms: Terms,
  role: Role,
  count: number,
  theirs = count,
): Promise<Result> => {
  const bits = learnsRows(terms, role) ? await receiveBits(link, count) : null;
  const size = terms.reveal === 'size' ? (await link.receive(kind.size, 4)).readUInt32LE(0) : null;
  await link.receive(kind.done, 0);
  const common = bits ? countBits(bits) : size;
  if (common !== null && common > Math.min(count, theirs))
    throw new ComputeError('compute.peerMalformed', 'more keys are said to be common than there are');
  if (size !== null && size < (terms.atLeast ?? 0))
    throw new ComputeError('compute.peerMalformed', 'a number was told that should not have opened');
  return { common, bits };
};

/** Bytes in as few frames as there may be; items of `itemBytes` are not divided. */
export const sendParts = async (link: Link, type: number, bytes: Uint8Array, itemBytes = 1): Promise<void> => {
  const most = Math.floor(linkLimits.frameBytes / itemBytes) * itemBytes;
  for (let at = 0; at < bytes.length; at += most) await link.send(type, bytes.subarray(at, at + most));
};

const receiveBits = async (link: Link, count: number): Promise<Uint8Array> => {
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
  return bits;
};

export const setBit = (bits: Uint8Array, at: number): void => {
  bits[at >> 3]! |= 1 << (at & 7);
};
export const hasBit = (bits: Uint8Array, at: number): boolean => ((bits[at >> 3]! >> (at & 7)) & 1) === 1;

const countBits = (bits: Uint8Array): number => {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
};

/** What an owner knows of itself and the other before the result. */
export interface Known {
  rows: number;
  rowsWithoutKey: number;
  digest: Buffer;
  keys: number;
  commitment: Buffer;
  peerCommitment: Buffer;
}

/** Writes the rows that the result chooses, where there is a place for them, and makes up the report. */
export const reportOf = async (
  input: Input,
  known: Known,
  { common, bits }: Result,
  chosenBy: (bits: Uint8Array) => RowSet,
  out: string | undefined,
): Promise<OwnerReport> => ({
  rows: known.rows,
  rowsWithoutKey: known.rowsWithoutKey,
  keys: known.keys,
  commitment: known.commitment.toString('hex'),
  peerCommitment: known.peerCommitment.toString('hex'),
  common,
  rowsOut: bits && out ? await writeSelection(input.path, known.digest, chosenBy(bits), out) : null,
});
