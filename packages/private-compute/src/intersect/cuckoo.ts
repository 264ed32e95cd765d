/**
 * Cuckoo hashing (Pagh, Rodler 2001) with three functions and no stash: every item finds one of its three places, each item alone. Each
 * function has a third of the places for itself.
 */
import { createCipheriv } from 'node:crypto';
import { blockBytes } from '../ot/cipher.ts';
import { ComputeError } from '../problem.ts';

export const functions = 3;
/** Below it small tables get twice their items, and never fewer than `placesMin`. */
const smallMax = 1 << 15;
const placesMin = 660;

/**
 * Places for `items`, so that no placement exists with a chance of at most 2^-40. It exists unless some t items have only t - 1 places
 * between them (Hall), each of these for two of the items or more, since a least such set has no other. The sum over all such sets bounds
 * the chance (after Dietzfelbinger and others, *Tight Thresholds for Cuckoo Hashing via XORSAT*, ICALP 2010); a test works it out. It is
 * 2^-80 for a million items at 1.3.
 */
export const placesFor = (items: number): number =>
  functions * Math.ceil(Math.max(placesMin, items * (items < smallMax ? 2 : 1.3)) / functions);

/** An item's places by AES-128 under a key of both parties: three words of 32 bits, each brought into its function's third. */
export const placer = (key: Uint8Array, places: number): ((items: Uint8Array) => Uint32Array[]) => {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const third = places / functions;
  return (items) => {
    const bytes = cipher.update(items);
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const count = items.length / blockBytes;
    return Array.from({ length: functions }, (_, which) => {
      const found = new Uint32Array(count);
      for (let at = 0; at < count; at++) {
        // Both factors are whole and their product below 2^53, so this is exact.
        const word = words.getUint32(at * blockBytes + which * 4, true);
        found[at] = which * third + Math.floor((word * third) / 2 ** 32);
      }
      return found;
    });
  };
};

/**
 * Which item each place holds, -1 for none. An item takes a free one of its places, or one of the others' at random, whose item moves on.
 * Throws `compute.unplaced` where that does not end: no reason to try other functions, which would tell the other party something.
 */
export const place = (choices: readonly Uint32Array[], places: number, stepsMax = 100_000): Int32Array => {
  const [a, b, c] = choices as [Uint32Array, Uint32Array, Uint32Array];
  const held = new Int32Array(places).fill(-1);
  // Any sequence will do: who is moved is seen by nobody.
  let luck = 0x9e3779b9;
  for (let first = 0; first < a.length; first++) {
    let item = first;
    let from = -1;
    for (let steps = 0; ; steps++) {
      const [one, two, three] = [a[item]!, b[item]!, c[item]!];
      const free = held[one]! < 0 ? one : held[two]! < 0 ? two : held[three]! < 0 ? three : -1;
      if (free >= 0) {
        held[free] = item;
        break;
      }
      if (steps === stepsMax) throw new ComputeError('compute.unplaced', 'no place was found for every key');
      luck ^= luck << 13;
      luck ^= luck >>> 17;
      luck ^= luck << 5;
      const way = luck & 1;
      // Never back to where it was driven from.
      from = from === one ? (way ? two : three) : from === two ? (way ? one : three) : way ? one : two;
      const next = held[from]!;
      held[from] = item;
      item = next;
    }
  }
  return held;
};
