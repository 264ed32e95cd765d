import { timingSafeEqual } from 'node:crypto';
import { deriveKey, type Identity, proofOf, sharedSecret } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { ComputeError } from '../problem.ts';
import { helloBytes, inputBytes, kind, nothing, peerInputBytes } from './messages.ts';
import { type Terms, termsDigest } from './terms.ts';

export type Role = 'first' | 'second';
export const otherRole = (role: Role): Role => (role === 'first' ? 'second' : 'first');

export interface CommonKeys {
  /** For tags: the helper never has it. */
  tagKey: Buffer;
  /** For telling the other owner things that the helper carries and must not change. */
  proofKey: Buffer;
}

/**
 * A key that both owners have and the helper, who carries all of this, has not: two X25519 exchanges (fresh keys, and pinned ones, which
 * the helper cannot replace), HKDF over the terms, and a proof from each side before a single tag is sent.
 */
export const agree = async (
  link: Link,
  terms: Terms,
  role: Role,
  own: Identity,
  fresh: Identity,
): Promise<CommonKeys> => {
  const digest = termsDigest(terms);
  await link.send(kind.hello, Buffer.concat([digest, fresh.publicKey]));
  const peerFresh = await link.receive(kind.peerKey, helloBytes / 2);
  const pinned = Buffer.from(terms[otherRole(role)], 'hex');
  const secret = Buffer.concat([sharedSecret(fresh, peerFresh), sharedSecret(own, pinned)]);
  const [first, second] = role === 'first' ? [fresh.publicKey, peerFresh] : [peerFresh, fresh.publicKey];
  const tagKey = deriveKey(secret, digest, ['shugu tags v1', first, second]);
  const proofKey = deriveKey(secret, digest, ['shugu proof v1', first, second]);
  await link.send(kind.proof, proofOf(proofKey, 'agreed', role));
  const proof = await link.receive(kind.proof, 32);
  if (!timingSafeEqual(proof, proofOf(proofKey, 'agreed', otherRole(role)))) {
    throw new ComputeError(
      'compute.keyDiffers',
      'the other owner has another key: somebody in between changed something',
    );
  }
  return { tagKey, proofKey };
};

export interface PeerInput {
  count: number;
  commitment: Buffer;
  /** What the protocol has each say with its input. */
  more: Buffer;
}

/** Two owners alone tell each other how many keys they bring and what they commit to. */
export const exchangeInputs = async (
  link: Link,
  terms: Terms,
  count: number,
  commitment: Buffer,
  more: Buffer = nothing,
): Promise<PeerInput> => {
  const counted = Buffer.alloc(4);
  counted.writeUInt32LE(count, 0);
  await link.send(kind.input, Buffer.concat([counted, commitment, more]));
  const body = await link.receive(kind.input, 36 + more.length);
  const peerCount = body.readUInt32LE(0);
  if (peerCount > terms.keysMax) {
    throw new ComputeError(
      'compute.sizeCap',
      `the other owner brings ${peerCount} keys; the terms allow ${terms.keysMax}`,
    );
  }
  return { count: peerCount, commitment: Buffer.from(body.subarray(4, 36)), more: Buffer.from(body.subarray(36)) };
};

export const inputMessage = (proofKey: Buffer, role: Role, count: number, commitment: Buffer): Buffer => {
  const body = Buffer.alloc(inputBytes - 32);
  body.writeUInt32LE(count, 0);
  commitment.copy(body, 4);
  return Buffer.concat([body, proofOf(proofKey, 'input', role, commitment)]);
};

/** The other owner's commitment, proved by it. */
export const readPeerInput = (proofKey: Buffer, role: Role, body: Buffer): Buffer => {
  if (body.length !== peerInputBytes)
    throw new ComputeError('compute.peerMalformed', 'a commitment has a wrong length');
  const commitment = Buffer.from(body.subarray(0, 32));
  if (!timingSafeEqual(body.subarray(32), proofOf(proofKey, 'input', otherRole(role), commitment))) {
    throw new ComputeError('compute.keyDiffers', 'the commitment is not the other owner’s');
  }
  return commitment;
};
