/** Two owners alone: Diffie-Hellman on hashed keys (Meadows 1986; Huberman, Franklin, Hogg 1999), for small tables. */
import { hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type Link, linkLimits } from '../channel/link.ts';
import { curve25519 } from '../curve/curve25519.ts';
import { type Group, pointBytes } from '../curve/group.ts';
import { sm2 } from '../curve/sm2.ts';
import { ComputeError } from '../problem.ts';
import { keyBytesMax, writeKey } from '../table/key.ts';
import { scanTable } from '../table/records.ts';
import { RowSet, writeSelection } from '../table/selection.ts';
import type { Role } from './agree.ts';
import { kind, nothing } from './messages.ts';
import { countBits, learnsRows, type OwnerReport, receiveBits, sendBits } from './owner.ts';
import { type Input, requireWithin } from './prepare.ts';
import { tagBytes } from './tags.ts';
import { inputCommitment, type Terms, termsDigest } from './terms.ts';

const pairInputBytes = 36;
/** Points a turn of the event loop: a beat must be able to leave between them. */
const pointsPerTurn = 256;

/** A distinct key's point, multiplied by this owner's secret, and the rows it stands for. */
interface Blinded {
  point: Buffer;
  rows: number[];
}

/** `out` is as in `ownWithHelper`. Where something fails, the other owner is told the reason. */
export const ownInPair = async (...asked: Parameters<typeof own>): Promise<OwnerReport> => {
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
  input: Input,
  out: string | undefined,
  group: Group = terms.mode === 'sm2' ? sm2 : curve25519,
): Promise<OwnerReport> => {
  const multiply = group.draw();
  const { byKey, rows, rowsWithoutKey, digest } = await distinctKeys(input, terms.keysMax);
  const mine = await mapSlowly([...byKey], ([key, numbers]): Blinded => {
    return { point: multiply(group.hash(Buffer.from(key))), rows: numbers };
  });
  // Ascending order is the shuffle: multiplied points look random.
  mine.sort((a, b) => Buffer.compare(a.point, b.point));
  const commitment = inputCommitment(input.salt, digest, input.column);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(mine.length, 0);
  await link.send(kind.input, Buffer.concat([count, commitment]));
  const peerInput = await link.receive(kind.input, pairInputBytes);
  const peerCount = peerInput.readUInt32LE(0);
  if (peerCount > terms.keysMax) {
    throw new ComputeError(
      'compute.sizeCap',
      `the other owner brings ${peerCount} keys; the terms allow ${terms.keysMax}`,
    );
  }
  // Both send before they have read everything; else two full buffers would wait for each other.
  const [theirs] = await Promise.all([
    receiveEach(link, kind.items, peerCount, pointBytes),
    sendEach(
      link,
      kind.items,
      mine.map(({ point }) => point),
    ),
  ]);
  requireAscending(theirs);
  const label = termsDigest(terms);
  const shared = await mapSlowly(theirs, (point) =>
    hash('sha256', Buffer.concat([label, multiply(point)]), 'buffer').subarray(0, tagBytes),
  );
  const result = await (role === 'first'
    ? compare(link, terms, mine.length, shared)
    : answer(link, terms, mine.length, shared));
  const chosen = new RowSet(rows);
  if (result.bits) {
    for (const [place, { rows: numbers }] of mine.entries()) {
      if (((result.bits[place >> 3]! >> (place & 7)) & 1) === 1) for (const row of numbers) chosen.add(row);
    }
  }
  return {
    rows,
    rowsWithoutKey,
    keys: mine.length,
    commitment: commitment.toString('hex'),
    peerCommitment: peerInput.subarray(4).toString('hex'),
    common: result.common,
    rowsOut: result.bits && out ? await writeSelection(input.path, digest, chosen, out) : null,
  };
};

interface Result {
  common: number | null;
  /** By place of this owner's own points, where it may know. */
  bits: Uint8Array | null;
}

/** The first owner: gets its own points multiplied by the other, and finds them among the other's multiplied by itself. */
const compare = async (link: Link, terms: Terms, keys: number, shared: readonly Buffer[]): Promise<Result> => {
  const answers = await receiveEach(link, kind.answers, keys, tagBytes);
  const places = new Map(shared.map((tag, place) => [tag.toString('latin1'), place]));
  const bits = new Uint8Array((keys + 7) >> 3);
  const theirBits = new Uint8Array((shared.length + 7) >> 3);
  for (const [place, tag] of answers.entries()) {
    const found = places.get(tag.toString('latin1'));
    if (found === undefined) continue;
    bits[place >> 3]! |= 1 << (place & 7);
    theirBits[found >> 3]! |= 1 << (found & 7);
  }
  const common = countBits(bits);
  if (terms.reveal === 'both') await sendBits(link, theirBits);
  else {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(common, 0);
    if (terms.reveal === 'size') await link.send(kind.size, size);
    await link.send(kind.done, nothing);
  }
  return { common, bits: terms.reveal === 'size' ? null : bits };
};

/** The second owner: in the order in which they came, so that the first can tell which; in ascending order where only the number counts. */
const answer = async (link: Link, terms: Terms, keys: number, shared: readonly Buffer[]): Promise<Result> => {
  const answers = terms.reveal === 'size' ? [...shared].sort(Buffer.compare) : shared;
  await sendEach(link, kind.answers, answers);
  if (learnsRows(terms, 'second')) {
    const bits = await receiveBits(link, keys);
    return { common: countBits(bits), bits };
  }
  const common = terms.reveal === 'size' ? (await link.receive(kind.size, 4)).readUInt32LE(0) : null;
  await link.receive(kind.done, 0);
  return { common, bits: null };
};

const distinctKeys = async (input: Input, keysMax: number) => {
  const byKey = new Map<string, number[]>();
  const into = Buffer.alloc(keyBytesMax);
  let rowsWithoutKey = 0;
  const scanned = await scanTable(input.path, input.column, (bytes, record, row) => {
    const length = writeKey(bytes, record, row, into);
    if (length === 0) {
      rowsWithoutKey++;
      return;
    }
    const key = into.toString('utf8', 0, length);
    const rows = byKey.get(key);
    if (rows) rows.push(row);
    else {
      byKey.set(key, [row]);
      requireWithin(byKey.size, keysMax);
    }
  });
  return { ...scanned, byKey, rowsWithoutKey };
};

const mapSlowly = async <From, To>(from: readonly From[], work: (one: From) => To): Promise<To[]> => {
  const done: To[] = [];
  for (const one of from) {
    done.push(work(one));
    if (done.length % pointsPerTurn === 0) await turn();
  }
  return done;
};

const sendEach = async (link: Link, type: number, items: readonly Buffer[]): Promise<void> => {
  const perFrame = Math.floor(linkLimits.frameBytes / pointBytes);
  for (let at = 0; at < items.length; at += perFrame) {
    await link.send(type, Buffer.concat(items.slice(at, at + perFrame)));
  }
  await link.send(kind.done, nothing);
};

const receiveEach = async (link: Link, type: number, count: number, bytes: number): Promise<Buffer[]> => {
  const items: Buffer[] = [];
  for (;;) {
    const frame = await link.next();
    if (frame.type === kind.done && frame.body.length === 0 && items.length === count) return items;
    const held = frame.body.length / bytes;
    if (frame.type !== type || held === 0 || !Number.isInteger(held) || items.length + held > count) {
      throw new ComputeError('compute.peerMalformed', 'points came otherwise than announced');
    }
    for (let at = 0; at < frame.body.length; at += bytes) items.push(Buffer.from(frame.body.subarray(at, at + bytes)));
  }
};

const requireAscending = (points: readonly Buffer[]): void => {
  for (let at = 1; at < points.length; at++) {
    if (Buffer.compare(points[at - 1]!, points[at]!) >= 0) {
      throw new ComputeError('compute.peerMalformed', 'points come in ascending order, each once');
    }
  }
};
