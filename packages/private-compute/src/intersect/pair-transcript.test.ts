/**
 * Two owners alone by Diffie-Hellman: what each sees of the other is how many keys there are, points that look like chance, and the result. All
 * that is drawn is fixed, so that a statistic is the same on each run.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Frame } from '../channel/frames.ts';
import { identityOf } from '../channel/keys.ts';
import { curve25519 } from '../curve/curve25519.ts';
import { sm2 } from '../curve/sm2.ts';
import { fixedDraw } from '../ot/testing.ts';
import type { Role } from './agree.ts';
import { kind } from './messages.ts';
import { ownInPair } from './pair.ts';
import type { Reveal } from './terms.ts';
import { type Cast, castOf, type Folder, makeFolder, meetInPair, people, recorded, shapesOf } from './testing.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

const modes = ['ecdh', 'sm2'] as const;
type Mode = (typeof modes)[number];
const groups = { ecdh: curve25519, sm2 };
/** The SM2 curve is the slower one. */
const keysOf = { ecdh: 160, sm2: 32 };

const castFor = (mode: Mode, reveal: Reveal): Cast => {
  const one = castOf(mode, reveal);
  const identities = {
    ...one.identities,
    first: identityOf(Buffer.alloc(32, 1)),
    second: identityOf(Buffer.alloc(32, 2)),
  };
  const hex = (role: Role) => identities[role].publicKey.toString('hex');
  return { identities, terms: { ...one.terms, job: 'a-job-of-the-test', first: hex('first'), second: hex('second') } };
};

type Seen = Record<Role, ReturnType<typeof recorded>>;
const kept = new Map<string, Promise<Seen>>();
/** A run is the same each time, so once is enough. */
const run = (mode: Mode, reveal: Reveal, tables: Record<Role, readonly string[]>): Promise<Seen> => {
  const name = JSON.stringify([mode, reveal, tables]);
  const found = kept.get(name) ?? play(mode, reveal, tables, kept.size);
  kept.set(name, found);
  return found;
};
const play = async (mode: Mode, reveal: Reveal, tables: Record<Role, readonly string[]>, number: number) => {
  const cast = castFor(mode, reveal);
  const links = await meetInPair(cast);
  const seen = { first: recorded(links.first), second: recorded(links.second) };
  await Promise.all(
    (['first', 'second'] as const).map(async (role) => {
      const path = await folder.table(`${number}-${role}.csv`, tables[role], 'id');
      const input = { path, column: 'id', salt: Buffer.alloc(32, 4), folder: folder.path };
      await ownInPair(links[role], cast.terms, role, input, undefined, fixedDraw(role));
      await links[role].close();
    }),
  );
  return seen;
};

const bodiesOf = (frames: readonly Frame[], type: number): Buffer =>
  Buffer.concat(frames.filter((frame) => frame.type === type).map(({ body }) => body));
const pointsIn = (frames: readonly Frame[]): Buffer[] => {
  const body = bodiesOf(frames, kind.items);
  return Array.from({ length: body.length / 32 }, (_, at) => body.subarray(at * 32, (at + 1) * 32));
};
/** The commitment, under a salt that stays with its owner, is another one for another table. */
const open = (frames: readonly Frame[]) => frames.filter(({ type }) => type !== kind.input);

test.each(modes)(
  '%s: what either owner sends does not depend on the other’s table, but for the result',
  async (mode) => {
    const n = keysOf[mode];
    const [a, b] = [people(0, n), people(n / 2, n + n / 2)];
    const one = await run(mode, 'first', { first: a, second: b });
    const other = await run(mode, 'first', { first: a, second: people(5000, 5000 + n) });
    expect(other.first.sent).toEqual(one.first.sent);
    // Nor what the second answers, though half of the keys are common in one run and none in the other.
    expect(bodiesOf(other.second.sent, kind.answers)).toEqual(bodiesOf(one.second.sent, kind.answers));
    const third = await run(mode, 'first', { first: people(7000, 7000 + n), second: b });
    expect(pointsIn(third.second.sent)).toEqual(pointsIn(one.second.sent));
    // With the result for the first owner alone, all that the second gets is as long as it would be anyway.
    for (const seen of [other, third]) expect(shapesOf(seen.second.got)).toEqual(shapesOf(one.second.got));
  },
);

test.each(modes)('%s: nor on the order of rows, or how often a key comes', async (mode) => {
  const n = keysOf[mode];
  const [a, b] = [people(0, n), people(n / 2, n + n / 2)];
  const shuffled = (rows: string[]) => [...rows.slice(9), ...rows.slice(0, 9).reverse(), ...rows.slice(0, 4)];
  const one = await run(mode, 'first', { first: a, second: b });
  const other = await run(mode, 'first', { first: shuffled(a), second: shuffled(b) });
  for (const role of ['first', 'second'] as const) expect(open(other[role].sent)).toEqual(open(one[role].sent));
});

/**
 * How far a list of points is from chance, in standard deviations: the worst of its bits, and of all bytes together (chi-squared with its mean
 * and deviation). The highest byte is left out: a field ends somewhere.
 */
const strangeness = (points: readonly Buffer[], mode: Mode): number => {
  const from = mode === 'ecdh' ? 0 : 1;
  const [bits, bytes] = [new Uint32Array(31 * 8), new Uint32Array(256)];
  for (const point of points) {
    for (let at = 0; at < 31; at++) {
      const byte = point[from + at]!;
      bytes[byte]!++;
      for (let bit = 0; bit < 8; bit++) bits[at * 8 + bit]! += (byte >> bit) & 1;
    }
  }
  const deviation = Math.sqrt(points.length) / 2;
  const worst = Math.max(...Array.from(bits, (ones) => Math.abs(ones - points.length / 2) / deviation));
  const due = (points.length * 31) / 256;
  const squares = bytes.reduce((sum, found) => sum + (found - due) ** 2 / due, 0);
  return Math.max(worst, Math.abs(squares - 255) / Math.sqrt(2 * 255));
};
/** Of 248 bits the worst is beyond this once in some thousand tries. */
const strange = 5;

test.each(modes)('%s: points look like chance, whatever the table', async (mode) => {
  const n = keysOf[mode];
  const letters = Array.from({ length: n }, (_, at) => 'a'.repeat(at + 1));
  for (const first of [people(0, n), letters]) {
    const { first: seen } = await run(mode, 'first', { first, second: people(0, 3) });
    expect(pointsIn(seen.sent).length).toBe(n);
    expect(strangeness(pointsIn(seen.sent), mode)).toBeLessThan(strange);
  }
  // What is not so random is seen: keys as they are, and points of which every second has one bit set.
  expect(
    strangeness(
      letters.map((key) => Buffer.from(key.padEnd(32, '.').slice(0, 32))),
      mode,
    ),
  ).toBeGreaterThan(strange);
  const { first: seen } = await run(mode, 'first', { first: letters, second: people(0, 3) });
  const slanted = pointsIn(seen.sent).map((point) =>
    Buffer.from(point.map((byte, at) => (at === 9 ? byte | 1 : byte))),
  );
  expect(strangeness(slanted, mode)).toBeGreaterThan(strange);
});

test.each(modes)('%s: the order of points says nothing about the order of rows', async (mode) => {
  const n = keysOf[mode];
  const rows = people(0, n);
  const { first: seen } = await run(mode, 'first', { first: rows, second: people(0, 3) });
  const sent = pointsIn(seen.sent).map((point) => point.toString('hex'));
  const [group, multiply] = [groups[mode], groups[mode].draw(fixedDraw('first'))];
  const places = rows.map((key) => sent.indexOf(multiply(group.hash(Buffer.from(key))).toString('hex')));
  expect(places).not.toContain(-1);
  // Spearman's coefficient has a deviation of 1 / sqrt(n - 1).
  const apart = places.reduce((sum, place, row) => sum + (place - row) ** 2, 0);
  expect(Math.abs(1 - (6 * apart) / (n * (n * n - 1))) * Math.sqrt(n - 1)).toBeLessThan(4);
});

test.each(modes)('%s: where the number alone is told, answers stand in an order of their own', async (mode) => {
  const n = keysOf[mode];
  const [a, b] = [people(0, n), people(n / 2, n + n / 2)];
  const [size, rows] = [
    await run(mode, 'size', { first: a, second: b }),
    await run(mode, 'first', { first: a, second: b }),
  ];
  const tagsIn = ({ second }: Seen) => bodiesOf(second.sent, kind.answers).toString('hex').match(/.{24}/g)!;
  expect(tagsIn(size)).toEqual(tagsIn(size).toSorted());
  expect(tagsIn(rows)).not.toEqual(tagsIn(rows).toSorted());
});
