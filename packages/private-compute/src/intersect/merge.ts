import type { Link } from '../channel/link.ts';
import { ComputeError } from '../problem.ts';
import { helloBytes, inputBytes, kind } from './messages.ts';
import { sendResult, setBit } from './result.ts';
import { tagBytes, tagWords } from './tags.ts';
import { type AgreedInputs, requireAgreed, type Terms, termsDigest } from './terms.ts';

export interface HelperReport {
  /** Distinct keys of each, common ones, and commitments in hex, in the order of the owners. */
  keys: [number, number];
  common: number;
  commitments: [string, string];
}

interface Announced {
  count: number;
  commitment: Buffer;
  proof: Buffer;
}

/** What comes in: tags of one owner, ascending, as many as it announced; then nothing. */
class Tags {
  readonly #link: Link;
  readonly #count: number;
  #words = new Uint32Array(0);
  #at = 0;
  /** Place of the current tag among all of this owner's. */
  place = -1;
  ended = false;
  t0 = 0;
  t1 = 0;
  t2 = 0;

  constructor(link: Link, count: number) {
    this.#link = link;
    this.#count = count;
  }

  /** Moves to the next tag if it is at hand; else `refill` has to be awaited. */
  step(): boolean {
    if (this.#at === this.#words.length) return false;
    const { t0, t1, t2 } = this;
    this.t0 = this.#words[this.#at]!;
    this.t1 = this.#words[this.#at + 1]!;
    this.t2 = this.#words[this.#at + 2]!;
    this.#at += tagWords;
    if (this.place >= 0 && !(t0 < this.t0 || (t0 === this.t0 && (t1 < this.t1 || (t1 === this.t1 && t2 < this.t2))))) {
      throw new ComputeError('compute.peerMalformed', 'tags come in ascending order, each once');
    }
    this.place++;
    return true;
  }

  async refill(): Promise<void> {
    const frame = await this.#link.next();
    const whole = this.place + 1 === this.#count;
    if (frame.type === kind.done && frame.body.length === 0 && whole) {
      this.ended = true;
      return;
    }
    const { body } = frame;
    const room = (this.#count - this.place - 1) * tagBytes;
    if (frame.type !== kind.items || body.length === 0 || body.length % tagBytes !== 0 || body.length > room) {
      throw new ComputeError('compute.peerMalformed', 'tags came otherwise than announced');
    }
    // Copied: words have to stand at multiples of four.
    this.#words = new Uint32Array(Uint8Array.from(body).buffer);
    this.#at = 0;
  }
}

const bothOf = async <T>(
  links: readonly [Link, Link],
  ask: (link: Link, place: 0 | 1) => Promise<T>,
): Promise<[T, T]> => Promise.all([ask(links[0], 0), ask(links[1], 1)]);

/** Carries the owners' keys and proofs to and fro without being able to use them. */
const introduce = async (links: readonly [Link, Link], terms: Terms): Promise<void> => {
  const digest = termsDigest(terms);
  const fresh = await bothOf(links, async (link) => {
    const hello = await link.receive(kind.hello, helloBytes);
    if (!hello.subarray(0, 32).equals(digest)) {
      throw new ComputeError('compute.termsDiffer', 'the parties do not mean the same terms');
    }
    return hello.subarray(32);
  });
  await bothOf(links, (link, place) => link.send(kind.peerKey, fresh[1 - place]!));
  const proofs = await bothOf(links, (link) => link.receive(kind.proof, 32));
  await bothOf(links, (link, place) => link.send(kind.proof, proofs[1 - place]!));
};

const announced = async (link: Link, keysMax: number): Promise<Announced> => {
  const body = await link.receive(kind.input, inputBytes);
  const count = body.readUInt32LE(0);
  if (count > keysMax)
    throw new ComputeError('compute.sizeCap', `an owner brings ${count} keys; the terms allow ${keysMax}`);
  return { count, commitment: Buffer.from(body.subarray(4, 36)), proof: Buffer.from(body.subarray(36)) };
};

/** By place of each owner's tags: which are common. */
export type Matches = readonly [Uint8Array, Uint8Array];

/**
 * The helper: joins two ascending streams of tags as they come, in memory of one frame each and a bit for each tag. Nobody gets anything
 * before both streams have ended well. `keep` is for a helper that goes on with what it found; with `agreed` it compares no other tables.
 */
export const help = async (
  links: readonly [Link, Link],
  terms: Terms,
  keep: (matches: Matches) => void = () => {},
  agreed?: AgreedInputs,
): Promise<HelperReport> => {
  try {
    await introduce(links, terms);
    const inputs = await bothOf(links, (link) => announced(link, terms.keysMax));
    const [first, second] = inputs.map(({ commitment }) => commitment.toString('hex'));
    requireAgreed(agreed, first, second);
    const { bits, common } = await join(links, inputs);
    // Told to both as that and no more: the number itself is in no message.
    if (terms.atLeast !== undefined && common < terms.atLeast)
      throw new ComputeError('compute.tooFew', `fewer keys are common than the ${terms.atLeast} that were agreed on`);
    keep(bits);
    await bothOf(links, async (link, place) => {
      const other = inputs[1 - place]!;
      await link.send(kind.peerInput, Buffer.concat([other.commitment, other.proof]));
      await sendResult(link, terms, place === 0 ? 'first' : 'second', common, bits[place]);
    });
    return {
      keys: [inputs[0].count, inputs[1].count],
      common,
      commitments: [inputs[0].commitment.toString('hex'), inputs[1].commitment.toString('hex')],
    };
  } catch (error) {
    // Both are told the reason, whoever caused it.
    await bothOf(links, (link) => link.close(error));
    throw error;
  }
};

const join = async (links: readonly [Link, Link], inputs: readonly [Announced, Announced]) => {
  const [a, b] = [new Tags(links[0], inputs[0].count), new Tags(links[1], inputs[1].count)];
  const bits: [Uint8Array, Uint8Array] = [
    new Uint8Array((inputs[0].count + 7) >> 3),
    new Uint8Array((inputs[1].count + 7) >> 3),
  ];
  let common = 0;
  await Promise.all([advance(a), advance(b)]);
  while (!a.ended && !b.ended) {
    const order = a.t0 - b.t0 || a.t1 - b.t1 || a.t2 - b.t2;
    if (order === 0) {
      setBit(bits[0], a.place);
      setBit(bits[1], b.place);
      common++;
    }
    if (order <= 0 && !a.step()) await advance(a);
    if (order >= 0 && !b.step()) await advance(b);
  }
  await Promise.all([drain(a), drain(b)]);
  return { bits, common };
};

const advance = async (tags: Tags): Promise<void> => {
  while (!tags.ended && !tags.step()) await tags.refill();
};

const drain = async (tags: Tags): Promise<void> => {
  while (!tags.ended) await advance(tags);
};
