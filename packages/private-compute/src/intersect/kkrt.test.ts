/** Two owners alone by oblivious transfers: right results at every size, and nothing told that is not theirs to know. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Frame } from '../channel/frames.ts';
import { identityOf } from '../channel/keys.ts';
import type { Link } from '../channel/link.ts';
import { type Draw, systemDraw } from '../ot/draw.ts';
import { fixedDraw } from '../ot/testing.ts';
import type { Role } from './agree.ts';
import { ownByTransfers } from './kkrt.ts';
import { kind } from './messages.ts';
import type { Reveal } from './terms.ts';
import {
  type Cast,
  castOf,
  codeOf,
  commonRows,
  type Folder,
  makeFolder,
  meetInPair,
  people,
  recorded,
  shapesOf,
} from './testing.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

let runs = 0;
const roles = ['first', 'second'] as const;

interface Asked {
  tables: Record<Role, readonly string[]>;
  cast?: Cast;
  reveal?: Reveal;
  draws?: Record<Role, Draw>;
  bucketKeys?: number;
  touch?: (links: Record<Role, Link>) => void;
}

/** Both sides to their ends, whatever these are. */
const play = async ({ tables, reveal = 'both', cast = castOf('kkrt', reveal), draws, bucketKeys, touch }: Asked) => {
  const links = await meetInPair(cast);
  const seen = { first: recorded(links.first), second: recorded(links.second) };
  touch?.(links);
  const run = runs++;
  const side = async (role: Role) => {
    const path = await folder.table(`${run}-${role}.csv`, tables[role]);
    const out = join(folder.path, `${run}-${role}.out.csv`);
    const input = { path, column: 'id', salt: Buffer.alloc(32, role === 'first' ? 3 : 4), folder: folder.path };
    const draw = draws?.[role] ?? systemDraw;
    const running = ownByTransfers(links[role], cast.terms, role, input, out, draw, bucketKeys);
    const code = await codeOf(running);
    if (code === 'went well') await links[role].close();
    const report = await running.catch(() => undefined);
    return { code, report, lines: await folder.lines(out) };
  };
  const [first, second] = await Promise.all([side('first'), side('second')]);
  await Promise.all(roles.map((role) => links[role].close()));
  return { first, second, seen };
};

test.each<[string, string[], string[], number | undefined]>([
  ['one with many', people(7, 8, ',x'), people(0, 3000, ',y'), undefined],
  ['many with one', people(0, 3000, ',y'), people(7, 8, ',x'), undefined],
  ['none with many', [], people(0, 500, ',y'), undefined],
  ['in buckets', people(0, 700, ',x'), [...people(350, 650, ',y'), ...people(350, 450, ',z')], 64],
  ['few with many in buckets', people(100, 103, ',x'), people(0, 700, ',y'), 64],
])('%s', async (_, a, b, bucketKeys) => {
  const { first, second } = await play({ tables: { first: a, second: b }, bucketKeys });
  expect([first.code, second.code]).toEqual(['went well', 'went well']);
  expect(first.lines).toEqual(commonRows(a, b));
  expect(second.lines).toEqual(commonRows(b, a));
  expect(second.report!.common).toBe(first.report!.common);
});

/** Everything that is drawn is fixed, so that what could differ is what the tables make differ. */
const fixedCast = (reveal: Reveal): Cast => {
  const one = castOf('kkrt', reveal);
  const identities = {
    ...one.identities,
    first: identityOf(Buffer.alloc(32, 1)),
    second: identityOf(Buffer.alloc(32, 2)),
  };
  const hex = (role: Role) => identities[role].publicKey.toString('hex');
  return { identities, terms: { ...one.terms, job: 'a-job-of-the-test', first: hex('first'), second: hex('second') } };
};
const draws = () => ({ first: fixedDraw('first'), second: fixedDraw('second') });
const kept = new Map<string, ReturnType<typeof play>>();
/** A run is the same each time, so once is enough. */
const fixedRun = (first: string[], second: string[], reveal: Reveal = 'first') => {
  const name = JSON.stringify([first, second, reveal]);
  const run = kept.get(name) ?? play({ tables: { first, second }, cast: fixedCast(reveal), draws: draws(), reveal });
  kept.set(name, run);
  return run;
};
const without = (frames: readonly Frame[], ...types: number[]) => frames.filter(({ type }) => !types.includes(type));
const bodiesOf = (frames: readonly Frame[], type: number): Buffer =>
  Buffer.concat(frames.filter((frame) => frame.type === type).map(({ body }) => body));

test('what the first owner sends does not depend on what the second has, nor on the result', async () => {
  const one = await fixedRun(people(0, 300, ',x'), people(150, 450, ',y'));
  const other = await fixedRun(people(0, 300, ',x'), people(900, 1200, ',y'));
  expect([one.first.report!.common, other.first.report!.common]).toEqual([150, 0]);
  expect(other.seen.first.sent).toEqual(one.seen.first.sent);
  expect(one.second).toMatchObject({ report: { common: null, rowsOut: null }, lines: undefined });
});

test('what the second owner sends before the values does not depend on either table', async () => {
  const one = await fixedRun(people(0, 300, ',x'), people(150, 450, ',y'));
  const other = await fixedRun(people(500, 800, ',x'), people(900, 1200, ',y'));
  // The commitment to the table is one to another table.
  const open = ({ seen }: typeof one) => without(seen.second.sent, kind.input, kind.values);
  expect(open(other)).toEqual(open(one));
  expect(shapesOf(other.seen.second.sent)).toEqual(shapesOf(one.seen.second.sent));
});

test('neither depends on the order of rows, or how often a key comes', async () => {
  const shuffled = (rows: string[]) => [...rows.slice(100), ...rows.slice(0, 100).reverse(), ...rows.slice(0, 9)];
  const one = await fixedRun(people(0, 300, ',x'), people(150, 450, ',y'), 'both');
  const other = await fixedRun(shuffled(people(0, 300, ',x')), shuffled(people(150, 450, ',y')), 'both');
  const open = (frames: readonly Frame[]) => without(frames, kind.input);
  expect(open(other.seen.first.sent)).toEqual(open(one.seen.first.sent));
  expect(open(other.seen.second.sent)).toEqual(open(one.seen.second.sent));
});

test('values of common keys are the same beside any others, and no other value is; they come in another order than keys are held', async () => {
  const one = await fixedRun(people(0, 300, ',x'), people(150, 450, ',y'));
  const other = await fixedRun(people(0, 300, ',x'), [...people(150, 300, ',y'), ...people(900, 1050, ',y')]);
  const bytes = 8 * 3;
  const recordsOf = ({ seen }: typeof one) => {
    const body = bodiesOf(seen.first.got, kind.values);
    return Array.from({ length: body.length / bytes }, (_, at) => body.toString('hex', at * bytes, (at + 1) * bytes));
  };
  const [a, b] = [recordsOf(one), recordsOf(other)];
  expect([a.length, new Set(a).size]).toEqual([300, 300]);
  const again = new Set(b);
  const common = a.flatMap((record, at) => (again.has(record) ? [at] : []));
  expect(common.length).toBe(150);
  expect(common.every((at, n) => b.indexOf(a[at]!) > (n === 0 ? -1 : b.indexOf(a[common[n - 1]!]!)))).toBe(false);
});

test('rows look like chance, whether there are keys at their places or not', async () => {
  for (const rows of [people(0, 330, ',x'), []]) {
    const { seen } = await fixedRun(rows, people(0, 9, ',y'));
    const body = bodiesOf(seen.first.sent, kind.rows);
    expect(body.length).toBe(660 * 56);
    for (let column = 0; column < 448; column++) {
      let ones = 0;
      for (let row = 0; row < 660; row++) ones += (body[row * 56 + (column >> 3)]! >> (column & 7)) & 1;
      // 330 with a deviation of 13; draws are fixed.
      expect(Math.abs(ones - 330)).toBeLessThan(65);
    }
  }
});

const changed =
  (role: Role, type: number, change: (body: Buffer) => Buffer) =>
  (links: Record<Role, Link>): void => {
    const link = links[role];
    const send = link.send.bind(link);
    link.send = (given, body) => send(given, given === type ? change(Buffer.from(body)) : body);
  };
const leavingAt =
  (role: Role, type: number) =>
  (links: Record<Role, Link>): void => {
    const link = links[role];
    const send = link.send.bind(link);
    link.send = async (given, body) => {
      if (given === type) link.drop();
      await send(given, body);
    };
  };
const shorter = (body: Buffer) => body.subarray(1);
const longer = (body: Buffer) => Buffer.concat([body, body.subarray(0, 56)]);
const first64 = (byte: number) => (body: Buffer) => Buffer.concat([Buffer.alloc(64, byte), body.subarray(64)]);
const offCurve = first64(3);
const beyondField = first64(255);
const smallOrder = first64(0);
const flipped = (body: Buffer) => body.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) as Buffer;
const manyKeys = (body: Buffer) => Buffer.concat([Buffer.from([255, 255, 255, 0]), body.subarray(4)]);

test.each<[string, Role, string, (links: Record<Role, Link>) => void]>([
  ['more keys than the terms allow', 'second', 'compute.sizeCap', changed('second', kind.input, manyKeys)],
  ['another seed than committed to', 'second', 'compute.peerMalformed', changed('second', kind.seed, flipped)],
  ['an offer that is no point', 'first', 'compute.peerMalformed', changed('first', kind.offer, offCurve)],
  ['choices that are no points', 'second', 'compute.peerMalformed', changed('second', kind.choices, offCurve)],
  ['an offer beyond the field', 'first', 'compute.peerMalformed', changed('first', kind.offer, beyondField)],
  ['an offer of small order', 'first', 'compute.peerMalformed', changed('first', kind.offer, smallOrder)],
  ['choices beyond the field', 'second', 'compute.peerMalformed', changed('second', kind.choices, beyondField)],
  ['choices of small order', 'second', 'compute.peerMalformed', changed('second', kind.choices, smallOrder)],
  ['choices too few', 'second', 'compute.peerMalformed', changed('second', kind.choices, (body) => body.subarray(64))],
  ['rows too many', 'first', 'compute.peerMalformed', changed('first', kind.rows, longer)],
  ['values too many', 'second', 'compute.peerMalformed', changed('second', kind.values, longer)],
  ['no result', 'first', 'compute.peerMalformed', changed('first', kind.bits, () => Buffer.alloc(0))],
  ['rows of a wrong length', 'first', 'compute.peerMalformed', changed('first', kind.rows, shorter)],
  ['values of a wrong length', 'second', 'compute.peerMalformed', changed('second', kind.values, shorter)],
  ['a first owner that leaves before the rows', 'first', 'compute.peerGone', leavingAt('first', kind.rows)],
  ['a second owner that leaves before the values', 'second', 'compute.peerGone', leavingAt('second', kind.values)],
])('%s: refused, nothing opened', async (_, liar, code, touch) => {
  const honest = liar === 'first' ? 'second' : 'first';
  const tables = { first: people(0, 3, ',x'), second: people(2, 5, ',y') };
  const outcome = await play({ tables, touch });
  expect(outcome[honest]).toMatchObject({ code, report: undefined, lines: undefined });
});

test('a result that names what is no key is refused', async () => {
  // Of all records three are keys, so that of any four one is none.
  const tables = { first: people(0, 6, ',x'), second: people(2, 5, ',y') };
  const touch = changed('first', kind.bits, ({ length }) =>
    Buffer.concat([Buffer.of(0b1111), Buffer.alloc(length - 1)]),
  );
  const { second } = await play({ tables, bucketKeys: 2, touch });
  expect(second).toMatchObject({ code: 'compute.peerMalformed', report: undefined, lines: undefined });
});

test('a result of more keys than the first owner has is refused', async () => {
  const tables = { first: people(0, 1, ',x'), second: people(0, 8, ',y') };
  const touch = changed('first', kind.bits, ({ length }) => Buffer.concat([Buffer.of(0b11), Buffer.alloc(length - 1)]));
  const { second } = await play({ tables, touch });
  expect(second).toMatchObject({ code: 'compute.peerMalformed', report: undefined, lines: undefined });
});

test('values that come twice are refused', async () => {
  const rows = people(0, 2, ',x');
  const touch = changed('second', kind.values, (body) => Buffer.concat([body.subarray(0, 24), body.subarray(0, 24)]));
  const { first } = await play({ tables: { first: rows, second: rows }, touch });
  expect(first).toMatchObject({ code: 'compute.peerMalformed', report: undefined, lines: undefined });
});

test('a second owner that hangs, not even a beat comes, is given up', async () => {
  const cast = castOf('kkrt', 'first');
  const links = await meetInPair(cast, { first: 400, second: 60_000 });
  const path = await folder.table('waiting.csv', people(0, 3, ',x'));
  const out = join(folder.path, 'waiting.out.csv');
  const input = { path, column: 'id', salt: Buffer.alloc(32), folder: folder.path };
  expect(await codeOf(ownByTransfers(links.first, cast.terms, 'first', input, out))).toBe('compute.peerSilent');
  expect(await folder.lines(out)).toBeUndefined();
  await links.second.close();
});
