/** Two owners alone: Diffie-Hellman on hashed keys (Meadows 1986; Huberman, Franklin, Hogg 1999), for small tables. */
import { hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type Link, linkLimits } from '../channel/link.ts';
import { curve25519 } from '../curve/curve25519.ts';
import { type Group, pointBytes } from '../curve/group.ts';
import { sm2 } from '../curve/sm2.ts';
import { type Draw, systemDraw } from '../ot/draw.ts';
import { ComputeError } from '../problem.ts';
import { RowSet } from '../table/selection.ts';
import { exchangeInputs, type Role } from './agree.ts';
import { kind, nothing } from './messages.ts';
import { type Input, requireWithin, scanKeys } from './prepare.ts';
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
import { tagBytes } from './tags.ts';
import { inputCommitment, requireAgreed, type Terms, termsDigest } from './terms.ts';

/** Points a turn of the event loop: a beat must be able to leave between them. */
const pointsPerTurn = 256;

/** A distinct key's point, multiplied by this owner's secret, and the rows it stands for. */
interface Blinded {
  point: Buffer;
  rows: number[];
}

/** `out` is as in `ownWithHelper`. Where something fails, the other owner is told the reason. `draw` is for tests. */
export const ownInPair = tellingWhy(own);

async function own(
  link: Link,
  terms: Terms,
  role: Role,
  input: Input,
  out: string | undefined,
  draw: Draw = systemDraw,
): Promise<OwnerReport> {
  const group: Group = terms.mode === 'sm2' ? sm2 : curve25519;
  const multiply = group.draw(draw);
  const { byKey, rows, rowsWithoutKey, digest } = await distinctKeys(input, terms.keysMax);
  const mine = await mapSlowly([...byKey], ([key, numbers]): Blinded => {
    return { point: multiply(group.hash(Buffer.from(key))), rows: numbers };
  });
  // Ascending order is the shuffle: multiplied points look random.
  mine.sort((a, b) => Buffer.compare(a.point, b.point));
  const commitment = inputCommitment(input.salt, digest, input.column);
  requireAgreed(input.agreed, commitment.toString('hex'));
  const peer = await exchangeInputs(link, terms, mine.length, commitment);
  requireAgreed(input.agreed, undefined, peer.commitment.toString('hex'));
  // Both send before they have read everything; else two full buffers would wait for each other.
  const [theirs] = await Promise.all([
    receiveEach(link, kind.items, peer.count, pointBytes),
    sendEach(
      link,
      kind.items,
      mine.map(({ point }) => point),
    ),
  ]);
  requireAscending(theirs, 'points');
  const label = termsDigest(terms);
  const shared = await mapSlowly(theirs, (point) =>
    hash('sha256', Buffer.concat([label, multiply(point)]), 'buffer').subarray(0, tagBytes),
  );
  const result = await (role === 'first'
    ? compare(link, terms, mine.length, shared)
    : answer(link, terms, mine.length, shared));
  const known = { rows, rowsWithoutKey, digest, keys: mine.length, commitment, peerCommitment: peer.commitment };
  const chosenBy = (bits: Uint8Array) => {
    const chosen = new RowSet(rows);
    for (const [place, { rows: numbers }] of mine.entries()) {
      if (hasBit(bits, place)) for (const row of numbers) chosen.add(row);
    }
    return chosen;
  };
  return reportOf(input, known, result, chosenBy, out);
}

/** The first owner: gets its own points multiplied by the other, and finds them among the other's multiplied by itself. */
const compare = async (link: Link, terms: Terms, keys: number, shared: readonly Buffer[]): Promise<Result> => {
  const answers = await receiveEach(link, kind.answers, keys, tagBytes);
  if (terms.reveal === 'size') requireAscending(answers, 'answers');
  const places = new Map(shared.map((tag, place) => [tag.toString('latin1'), place]));
  const bits = new Uint8Array((keys + 7) >> 3);
  const theirBits = new Uint8Array((shared.length + 7) >> 3);
  let common = 0;
  for (const [place, tag] of answers.entries()) {
    const found = places.get(tag.toString('latin1'));
    if (found === undefined) continue;
    if (hasBit(theirBits, found)) throw new ComputeError('compute.peerMalformed', 'an answer came twice');
    setBit(bits, place);
    setBit(theirBits, found);
    common++;
  }
  await sendResult(link, terms, 'second', common, theirBits);
  return { common, bits: terms.reveal === 'size' ? null : bits };
};

/** The second owner: in the order in which they came, so that the first can tell which; in ascending order where only the number counts. */
const answer = async (link: Link, terms: Terms, keys: number, shared: readonly Buffer[]): Promise<Result> => {
  const answers = terms.reveal === 'size' ? [...shared].sort(Buffer.compare) : shared;
  await sendEach(link, kind.answers, answers);
  return receiveResult(link, terms, 'second', keys, shared.length);
};

const distinctKeys = async (input: Input, keysMax: number) => {
  const byKey = new Map<string, number[]>();
  const scanned = await scanKeys(input, (bytes, length, row) => {
    const key = bytes.toString('utf8', 0, length);
    const rows = byKey.get(key);
    if (rows) rows.push(row);
    else {
      byKey.set(key, [row]);
      requireWithin(byKey.size, keysMax);
    }
  });
  return { ...scanned, byKey };
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

const requireAscending = (points: readonly Buffer[], what: string): void => {
  for (let at = 1; at < points.length; at++) {
    if (Buffer.compare(points[at - 1]!, points[at]!) >= 0) {
      throw new ComputeError('compute.peerMalformed', `${what} come in ascending order, each once`);
    }
  }
};
