/**
 * Base transfers: of each pair of seeds the receiver gets the one that its bit chooses; the sender does not learn which, and the receiver
 * nothing of the other. Chou and Orlandi, *The Simplest Protocol for Oblivious Transfer* (LATINCRYPT 2015), on Curve25519: against parties
 * that follow it, receivers are hidden by chance alone and senders by computational Diffie-Hellman with SHA-256 as a random oracle.
 */
import { createHash, diffieHellman } from 'node:crypto';
import { identityOf, importPoint, keyBytes, privateKeyOf, sharedSecret } from '../channel/keys.ts';
import { type Affine, affineBytes, cleared, liftX, negated, readPoint, sum, writePoint, xOf } from '../curve/affine.ts';
import { ComputeError } from '../problem.ts';
import { seedBytes } from './cipher.ts';
import type { Draw } from './draw.ts';

/** The x-coordinate of the base point (RFC 7748, section 4.1). */
const basePoint = Buffer.alloc(keyBytes).fill(9, 0, 1);

export type SeedPair = readonly [Buffer, Buffer];

/** Binds a seed to the session, its place, and all that was sent for it. */
const seedOf = (
  session: Uint8Array,
  place: number,
  offer: Uint8Array,
  answer: Uint8Array,
  shared: Uint8Array,
): Buffer => {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(place, 0);
  const hash = createHash('sha256').update('shugu base transfer v1\n');
  for (const part of [session, number, offer, answer, shared]) hash.update(part);
  return hash.digest().subarray(0, seedBytes);
};

/** The sender: `offer` goes to the receiver, whose answer `seeds` takes. */
export interface BaseSender {
  offer: Buffer;
  /** Throws `compute.peerMalformed` for what is no answer to the offer. */
  seeds(session: Uint8Array, answers: Buffer): SeedPair[];
}

export const baseSender = (count: number, draw: Draw): BaseSender => {
  const secret = identityOf(draw(keyBytes));
  const point = liftX(secret.publicKey, false);
  const offer = writePoint(point);
  const back = negated(cleared(point));
  return {
    offer,
    seeds(session, answers) {
      if (answers.length !== count * affineBytes) {
        throw new ComputeError('compute.peerMalformed', 'base transfers have a wrong length');
      }
      return Array.from({ length: count }, (_, place): SeedPair => {
        const answer = answers.subarray(place * affineBytes, (place + 1) * affineBytes);
        const came = readPoint(answer);
        const seed = (one: Affine) => seedOf(session, place, offer, answer, sharedSecret(secret, xOf(one)));
        return [seed(came), seed(sum(came, back))];
      });
    },
  };
};

export interface BaseAnswers {
  answers: Buffer;
  /** The chosen of each pair. */
  seeds: Buffer[];
}

/**
 * The receiver: each answer is a random point of the prime-order subgroup, plus eight times the offer where the bit is set; eight times,
 * so that an offer outside the subgroup would not show the bit. X25519's secrets with either sign of v cover the subgroup evenly but for
 * 2^-125, so that answers look alike for both bits. Both sums are made, whatever the bit.
 */
export const baseReceiver = (
  session: Uint8Array,
  offer: Buffer,
  choices: readonly boolean[],
  draw: Draw,
): BaseAnswers => {
  const came = readPoint(offer);
  const shift = cleared(came);
  const [base, other] = [importPoint(basePoint), importPoint(xOf(came))];
  const made = choices.map((choice, place) => {
    const privateKey = privateKeyOf(draw(keyBytes));
    const point = liftX(diffieHellman({ privateKey, publicKey: base }), (draw(1)[0]! & 1) === 1);
    const both = [point, sum(point, shift)] as const;
    const answer = writePoint(both[choice ? 1 : 0]);
    return { answer, seed: seedOf(session, place, offer, answer, diffieHellman({ privateKey, publicKey: other })) };
  });
  return { answers: Buffer.concat(made.map(({ answer }) => answer)), seeds: made.map(({ seed }) => seed) };
};
