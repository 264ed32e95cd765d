import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownByTransfers } from './kkrt.ts';
import { kind, nothing } from './messages.ts';
import { ownInPair } from './pair.ts';
import type { IntersectMode, Reveal } from './terms.ts';
import {
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
const intersect = async (a: readonly string[], b: readonly string[], mode: IntersectMode, reveal: Reveal) => {
  const cast = castOf(mode, reveal);
  const links = await meetInPair(cast);
  const run = runs++;
  const side = async (role: 'first' | 'second', rows: readonly string[]) => {
    const link = links[role];
    const { got: frames } = recorded(link);
    const path = await folder.table(`${run}-${role}.csv`, rows);
    const out = join(folder.path, `${run}-${role}.out.csv`);
    const input = { path, column: 'id', salt: Buffer.alloc(32, 3), folder: folder.path };
    const report = await (mode === 'kkrt' ? ownByTransfers : ownInPair)(link, cast.terms, role, input, out);
    await link.close();
    return { ...report, frames, lines: await folder.lines(out) };
  };
  const [first, second] = await Promise.all([side('first', a), side('second', b)]);
  return { first, second };
};

const table = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })).map(([id, n]) => `p${id},n${n}`),
  { maxLength: 12 },
);
const examples: [string[], string[]][] = [
  [[], []],
  [['p1,x'], []],
  [['p1,x'], ['p1,y']],
  [['p1,x', 'p1,y'], ['p2,z']],
];

test.each(['ecdh', 'sm2', 'kkrt'] as const)(
  'the common rows of random tables by %s',
  { timeout: 120_000 },
  async (mode) => {
    await fc.assert(
      fc.asyncProperty(table, table, async (a, b) => {
        const { first, second } = await intersect(a, b, mode, 'both');
        expect(first.lines).toEqual(commonRows(a, b));
        expect(second.lines).toEqual(commonRows(b, a));
        expect([first.peerCommitment, second.peerCommitment]).toEqual([second.commitment, first.commitment]);
      }),
      // Base transfers take most of a short run by kkrt.
      { numRuns: mode === 'kkrt' ? 3 : 8, examples },
    );
  },
);

test('who is to learn nothing, or only the number, gets no more', async () => {
  const none = await intersect(people(0, 20), people(10, 30), 'ecdh', 'first');
  const disjoint = await intersect(people(50, 70), people(10, 30), 'ecdh', 'first');
  expect(none.first).toMatchObject({ common: 10, rowsOut: 10 });
  expect(none.second).toMatchObject({ common: null, rowsOut: null, lines: undefined });
  expect(shapesOf(none.second.frames)).toEqual(shapesOf(disjoint.second.frames));
  const size = await intersect(people(0, 20), people(10, 30), 'ecdh', 'size');
  expect([size.first, size.second]).toMatchObject([
    { common: 10, rowsOut: null, lines: undefined },
    { common: 10, rowsOut: null, lines: undefined },
  ]);
  // Ascending tags do not say which of the points that were sent they belong to.
  const [answers] = size.first.frames.filter(({ type }) => type === kind.answers);
  const tags = Array.from({ length: 20 }, (_, at) => answers!.body.subarray(at * 12, at * 12 + 12));
  expect(tags.toSorted(Buffer.compare)).toEqual(tags);
});

const input36 = (count: number) => Buffer.concat([Buffer.from([count, 0, 0, 0]), Buffer.alloc(32)]);
const point = (byte: number) => Buffer.alloc(32, byte);

test.each<[string, string, [number, Buffer][]]>([
  [
    'points out of order',
    'compute.peerMalformed',
    [
      [kind.items, Buffer.concat([point(9), point(8)])],
      [kind.done, nothing],
    ],
  ],
  [
    'too few points',
    'compute.peerMalformed',
    [
      [kind.items, point(9)],
      [kind.done, nothing],
    ],
  ],
  ['half a point', 'compute.peerMalformed', [[kind.items, point(9).subarray(1)]]],
  [
    'a point of small order',
    'compute.peerMalformed',
    [
      [kind.items, Buffer.concat([point(0), point(9)])],
      [kind.done, nothing],
    ],
  ],
  ['nothing, and gone', 'compute.peerGone', []],
])('%s: refused, nothing opened', async (_, code, frames) => {
  const cast = castOf('ecdh', 'both');
  const { first: honest, second: other } = await meetInPair(cast);
  const out = join(folder.path, 'not.csv');
  const path = await folder.table('honest.csv', ['p1,x', 'p2,y']);
  const running = codeOf(
    ownInPair(honest, cast.terms, 'first', { path, column: 'id', salt: point(1), folder: folder.path }, out),
  );
  await other.send(kind.input, input36(2));
  for (const [type, body] of frames) await other.send(type, body);
  if (frames.length === 0) other.drop();
  expect(await running).toBe(code);
  expect(await folder.lines(out)).toBeUndefined();
  await Promise.all([honest.close(), other.close()]);
});
