/**
 * Two owners alone by oblivious transfers (KKRT16, see `ot/rows.ts`): some hundred public-key operations whatever the size, then hashes alone.
 * The first owner puts each key into one of its three places and gets that place's value of it; the second sends the values of its keys at
 * all of theirs, in random order. What is equal is common.
 */
import { createHash } from 'node:crypto';
import { deriveKey } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { affineBytes } from '../curve/affine.ts';
import { baseReceiver, baseSender } from '../ot/base.ts';
import { blockBytes, codeKeyBytes, Stream, seedBytes } from '../ot/cipher.ts';
import { type Draw, shuffled, systemDraw } from '../ot/draw.ts';
import { codeBits, codeBytes } from '../ot/kernels.ts';
import { Asker, blockRows, Teller } from '../ot/rows.ts';
import { ComputeError } from '../problem.ts';
import { exchangeInputs, otherRole, type Role } from './agree.ts';
import { bucketsFor, intoBuckets, roomOf } from './buckets.ts';
import { functions, place, placer, placesFor } from './cuckoo.ts';
import { kind } from './messages.ts';
import type { TakeRows } from './owner.ts';
import { type Input, prepare, requireWithin, SentRows } from './prepare.ts';
import {
  hasBit,
  type OwnerReport,
  type Result,
  receiveResult,
  reportOf,
  sendResult,
  setBit,
  tellingWhy,
} from './result.ts';
import type { Run } from './runs.ts';
import { tagWords } from './tags.ts';
import { inputCommitment, requireAgreed, type Terms, termsDigest } from './terms.ts';
import { Values, valueBytesFor, valueRecords } from './values.ts';

const blockWords = blockBytes / 4;
/** Of the last word of an item: a key, or what fills up. */
const itemKinds = { key: 0, emptyPlace: 1, noKey: 2 };
/** A frame of rows. */
const frameRows = 1 << 14;
const coinBytes = 32;

/** `out` is as in `ownWithHelper`. Where something fails, the other owner is told the reason. `draw` and `bucketKeys` are for tests. */
export const ownByTransfers = tellingWhy(own);

async function own(
  link: Link,
  terms: Terms,
  role: Role,
  input: Input,
  out: string | TakeRows | undefined,
  draw: Draw = systemDraw,
  bucketKeys = 2 ** 20,
): Promise<OwnerReport> {
  const digest = termsDigest(terms);
  // These tags never leave their owner: they only make keys short and spread them evenly.
  const prepared = await prepare(input, deriveKey(digest, digest, ['shugu transfer tags v1']));
  try {
    const parts: Run[] = [];
    const sent = new SentRows();
    let keys = 0;
    for await (const run of prepared.runs.sorted()) {
      parts.push(run);
      sent.add(run.rows, run.again);
      keys += run.tags.length / tagWords;
    }
    requireWithin(keys, terms.keysMax);
    const commitment = inputCommitment(input.salt, prepared.digest, input.column);
    requireAgreed(input.agreed, commitment.toString('hex'));
    const coin = draw(coinBytes);
    const peer = await exchangeInputs(link, terms, keys, commitment, coinCommitment(digest, role, coin));
    requireAgreed(input.agreed, undefined, peer.commitment.toString('hex'));
    await link.send(kind.seed, coin);
    const peerCoin = await link.receive(kind.seed, coinBytes);
    if (!peer.more.equals(coinCommitment(digest, otherRole(role), peerCoin))) {
      throw new ComputeError('compute.peerMalformed', 'the seed is not the one that was committed to');
    }
    const [a, b] = role === 'first' ? [coin, peerCoin] : [peerCoin, coin];
    const session = deriveKey(Buffer.concat([a, b]), digest, ['shugu transfer session v1']);
    const plan = planOf(session, role === 'first' ? [keys, peer.count] : [peer.count, keys], bucketKeys);
    const buckets = intoBuckets(parts.splice(0), plan.buckets, plan.rooms[role]);
    const known = { ...prepared, keys, commitment, peerCommitment: peer.commitment };
    const result = await (role === 'first' ? ask : tell)(link, terms, plan, buckets, [keys, peer.count], draw);
    if (typeof out === 'function' && result.bits) out(sent.inOrder(result.bits), prepared);
    const file = typeof out === 'string' ? out : undefined;
    return await reportOf(input, known, result, (bits) => sent.chosen(bits, prepared.rows), file);
  } finally {
    await prepared.runs.close();
  }
}

const coinCommitment = (digest: Buffer, role: Role, coin: Buffer): Buffer =>
  createHash('sha256').update('shugu transfer coin v1\n').update(digest).update(role).update(coin).digest();

/** What both owners work out alike once they know the session and each other's number of keys. */
interface Plan {
  session: Buffer;
  codeKeys: Buffer;
  placeKey: Buffer;
  buckets: number;
  /** Keys of each bucket, filled up to. */
  rooms: Record<Role, number>;
  /** Of the first owner's keys, in each bucket. */
  places: number;
  valueBytes: number;
}

/** Keys are drawn after both have committed to their tables, so that nobody can have chosen its keys by them. */
const planOf = (session: Buffer, [first, second]: readonly [number, number], bucketKeys: number): Plan => {
  const key = (name: string) => deriveKey(session, session, [`shugu transfer ${name} v1`]);
  const buckets = bucketsFor(Math.max(first, second), bucketKeys);
  const rooms = { first: roomOf(first, buckets), second: roomOf(second, buckets) };
  return {
    session,
    codeKeys: Buffer.concat([key('code a'), key('code b')]).subarray(0, codeKeyBytes),
    placeKey: key('places').subarray(0, seedBytes),
    buckets,
    rooms,
    places: placesFor(rooms.first),
    valueBytes: valueBytesFor(first, second),
  };
};

const bytesOfWords = (words: Uint32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** Items made of chance, to be overwritten where there is a key. */
const fillers = (count: number, itemKind: number, draw: Draw): Uint32Array => {
  const items = new Uint32Array(count * blockWords);
  new Stream(draw(seedBytes)).fill(bytesOfWords(items));
  for (let at = blockWords - 1; at < items.length; at += blockWords) items[at] = itemKind;
  return items;
};

const writeItem = (items: Uint32Array, at: number, tags: Uint32Array, key: number): void => {
  const to = at * blockWords;
  const from = key * tagWords;
  items[to] = tags[from]!;
  items[to + 1] = tags[from + 1]!;
  items[to + 2] = tags[from + 2]!;
  items[to + 3] = itemKinds.key;
};

interface Placed {
  /** An item for each place. */
  items: Uint8Array;
  /** The key of each place, -1 for none. */
  held: Int32Array;
}

const placeKeys = (plan: Plan, tags: Uint32Array, draw: Draw): Placed => {
  const count = tags.length / tagWords;
  const keys = new Uint32Array(count * blockWords);
  for (let key = 0; key < count; key++) writeItem(keys, key, tags, key);
  const held = place(placer(plan.placeKey, plan.places)(bytesOfWords(keys)), plan.places);
  const items = fillers(plan.places, itemKinds.emptyPlace, draw);
  for (let at = 0; at < held.length; at++) if (held[at]! >= 0) writeItem(items, at, tags, held[at]!);
  return { items: bytesOfWords(items), held };
};

/** The first owner. While it sends the rows of one bucket it reads the values for the one before. */
const ask = async (
  link: Link,
  terms: Terms,
  plan: Plan,
  buckets: readonly Uint32Array[],
  [keys, theirs]: readonly [number, number],
  draw: Draw,
): Promise<Result> => {
  const base = baseSender(codeBits, draw);
  await link.send(kind.offer, base.offer);
  let placed = placeKeys(plan, buckets[0]!, draw);
  const choices = await link.receive(kind.choices, codeBits * affineBytes);
  const asker = new Asker(plan.session, plan.codeKeys, base.seeds(plan.session, choices), plan.places);
  const bits = new Uint8Array((keys + 7) >> 3);
  const theirBits = new Uint8Array((plan.rooms.second * plan.buckets + 7) >> 3);
  let common = 0;
  let before = 0;
  let reading: Promise<void> = Promise.resolve();
  for (const [bucket, tags] of buckets.entries()) {
    const [values] = await Promise.all([sendRows(link, plan, asker, placed), reading]);
    const from = before;
    const { held } = placed;
    reading = readValues(link, plan, values, (found, record) => {
      if (hasBit(bits, from + held[found]!)) {
        throw new ComputeError('compute.peerMalformed', 'the value of a key came twice');
      }
      setBit(bits, from + held[found]!);
      setBit(theirBits, bucket * plan.rooms.second + record);
      common++;
    });
    // Whoever fails first is heard at the next turn; until then nobody waits for it.
    reading.catch(() => undefined);
    before += tags.length / tagWords;
    if (bucket + 1 < buckets.length) placed = placeKeys(plan, buckets[bucket + 1]!, draw);
  }
  await reading;
  if (common > theirs) throw new ComputeError('compute.peerMalformed', 'more keys are common than the other has');
  await sendResult(link, terms, 'second', common, theirBits);
  return { common, bits };
};

const sendRows = async (link: Link, plan: Plan, asker: Asker, { items, held }: Placed): Promise<Values> => {
  const values = new Values(held, plan.valueBytes);
  for (let at = 0; at < plan.places; at += blockRows) {
    const asked = asker.ask(items.subarray(at * blockBytes, (at + blockRows) * blockBytes));
    values.take(asked.values, at);
    const { packed } = asked;
    for (let byte = 0; byte < packed.length; byte += frameRows * codeBytes) {
      await link.send(kind.rows, packed.subarray(byte, byte + frameRows * codeBytes));
    }
  }
  values.index();
  return values;
};

const readValues = async (
  link: Link,
  plan: Plan,
  values: Values,
  onFound: (place: number, record: number) => void,
): Promise<void> => {
  const { valueBytes, rooms } = plan;
  for (let at = 0; at < rooms.second; at += valueRecords) {
    const count = Math.min(valueRecords, rooms.second - at);
    values.find(await link.receive(kind.values, count * functions * valueBytes), (found, record) =>
      onFound(found, at + record),
    );
  }
};

/** The second owner. */
const tell = async (
  link: Link,
  terms: Terms,
  plan: Plan,
  buckets: readonly Uint32Array[],
  [keys, theirs]: readonly [number, number],
  draw: Draw,
): Promise<Result> => {
  const drawn = draw(codeBytes);
  const choices = Array.from({ length: codeBits }, (_, at) => hasBit(drawn, at));
  const base = baseReceiver(plan.session, await link.receive(kind.offer, affineBytes), choices, draw);
  await link.send(kind.choices, base.answers);
  const teller = new Teller(plan.session, plan.codeKeys, choices, base.seeds, plan.places, valueRecords);
  const orders: Uint32Array[] = [];
  for (const tags of buckets) {
    await takeRows(link, plan, teller);
    // One order for all three values of a key: the first owner answers by it, and does not tell at which place it found what.
    const order = shuffled(plan.rooms.second, draw);
    await sendValues(link, plan, teller, tags, order, draw);
    orders.push(order);
  }
  const { common, bits: byRecord } = await receiveResult(
    link,
    terms,
    'second',
    plan.rooms.second * plan.buckets,
    theirs,
  );
  return { common, bits: byRecord && inOwnOrder(byRecord, buckets, orders, keys) };
};

const takeRows = async (link: Link, plan: Plan, teller: Teller): Promise<void> => {
  teller.clear();
  for (let at = 0; at < plan.places; at += blockRows) {
    const rows = Math.min(blockRows, plan.places - at);
    const packed = teller.packed(rows);
    for (let row = 0; row < rows; row += frameRows) {
      const count = Math.min(frameRows, rows - row);
      packed.set(await link.receive(kind.rows, count * codeBytes), row * codeBytes);
    }
    teller.take(rows);
  }
};

const sendValues = async (
  link: Link,
  plan: Plan,
  teller: Teller,
  tags: Uint32Array,
  order: Uint32Array,
  draw: Draw,
): Promise<void> => {
  const { valueBytes } = plan;
  const placesOf = placer(plan.placeKey, plan.places);
  const keys = tags.length / tagWords;
  for (let at = 0; at < order.length; at += valueRecords) {
    const records = order.subarray(at, at + valueRecords);
    const items = fillers(records.length, itemKinds.noKey, draw);
    for (let n = 0; n < records.length; n++) if (records[n]! < keys) writeItem(items, n, tags, records[n]!);
    const bytes = bytesOfWords(items);
    const body = Buffer.allocUnsafe(records.length * functions * valueBytes);
    teller.tell(bytes, placesOf(bytes), (values, which) => {
      let to = which * valueBytes;
      for (let from = 0; from < values.length; from += blockBytes, to += functions * valueBytes) {
        for (let byte = 0; byte < valueBytes; byte++) body[to + byte] = values[from + byte]!;
      }
    });
    await link.send(kind.values, body);
  }
};

/** From the order in which keys were sent to that in which they are held. */
const inOwnOrder = (
  byRecord: Uint8Array,
  buckets: readonly Uint32Array[],
  orders: readonly Uint32Array[],
  keys: number,
): Uint8Array => {
  const bits = new Uint8Array((keys + 7) >> 3);
  let record = 0;
  let before = 0;
  for (const [bucket, order] of orders.entries()) {
    const own = buckets[bucket]!.length / tagWords;
    for (const key of order) {
      if (!hasBit(byRecord, record++)) continue;
      if (key >= own) throw new ComputeError('compute.peerMalformed', 'a result names what is no key');
      setBit(bits, before + key);
    }
    before += own;
  }
  return bits;
};
