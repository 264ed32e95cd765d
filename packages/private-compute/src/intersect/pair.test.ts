import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Role } from './agree.ts';
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

/** Little-endian; p and more are other names of 0 and more. */
const beyond25519 = Buffer.from((2n ** 255n - 19n + 9n).toString(16), 'hex').reverse();
const malformed: [string, string, [number, Buffer][]][] = [
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
    'more points than announced',
    'compute.peerMalformed',
    [[kind.items, Buffer.concat([point(7), point(8), point(9)])]],
  ],
  ['a message of another kind', 'compute.peerMalformed', [[kind.answers, point(9)]]],
  ['nothing, and gone', 'compute.peerGone', []],
];
const ofCurve = (name: string, ...points: Buffer[]): [string, string, [number, Buffer][]] => [
  name,
  'compute.peerMalformed',
  [
    [kind.items, Buffer.concat(points)],
    [kind.done, nothing],
  ],
];
const byMode = {
  ecdh: [
    ofCurve('a point of small order', point(0), point(9)),
    ofCurve('a point under another name', point(9), beyond25519),
    ofCurve('a point with a bit too many', point(9), Buffer.concat([Buffer.alloc(31, 9), Buffer.from([0x89])])),
  ],
  // x = 0 is on the SM2 curve, 2 is not, and 2^256 - 1 is none of the field.
  sm2: [
    ofCurve('a point that is on no curve', Buffer.alloc(32), Buffer.concat([Buffer.alloc(31), Buffer.of(2)])),
    ofCurve('a point beyond the field', Buffer.alloc(32), point(255)),
  ],
} as const;
const cases = (['ecdh', 'sm2'] as const).flatMap((mode) =>
  (['first', 'second'] as const).flatMap((role) =>
    [...malformed, ...byMode[mode]].map(([name, code, frames]) => [name, mode, role, code, frames] as const),
  ),
);

test.each(cases)('%s, by %s, against the %s owner: refused, nothing opened', async (_, mode, role, code, frames) => {
  const cast = castOf(mode, 'both');
  const links = await meetInPair(cast);
  const [honest, other] = role === 'first' ? [links.first, links.second] : [links.second, links.first];
  const out = join(folder.path, 'not.csv');
  const path = await folder.table('honest.csv', ['p1,x', 'p2,y']);
  const running = codeOf(
    ownInPair(honest, cast.terms, role, { path, column: 'id', salt: point(1), folder: folder.path }, out),
  );
  await other.send(kind.input, input36(2));
  for (const [type, body] of frames) await other.send(type, body);
  if (frames.length === 0) other.drop();
  expect(await running).toBe(code);
  expect(await folder.lines(out)).toBeUndefined();
  await Promise.all([honest.close(), other.close()]);
});

const tagsOf = (body: Buffer) =>
  Array.from({ length: body.length / 12 }, (_, at) => body.subarray(at * 12, at * 12 + 12));
/** Who lies, in what, how; the other finds it out. */
const lies: [string, Reveal, Role, number, (body: Buffer) => Buffer][] = [
  [
    'an answer twice',
    'both',
    'second',
    kind.answers,
    (body) => Buffer.concat([...tagsOf(body).fill(tagsOf(body)[0]!)]),
  ],
  ['an answer too few', 'both', 'second', kind.answers, (body) => body.subarray(12)],
  ['an answer too many', 'both', 'second', kind.answers, (body) => Buffer.concat([body, Buffer.alloc(12)])],
  ['half an answer', 'both', 'second', kind.answers, (body) => body.subarray(6)],
  ['descending answers', 'size', 'second', kind.answers, (body) => Buffer.concat(tagsOf(body).reverse())],
  ['a number beyond its own', 'size', 'first', kind.size, () => Buffer.of(4, 0, 0, 0)],
  ['a number cut short', 'size', 'first', kind.size, () => Buffer.of(2)],
  ['more bits than it has keys', 'both', 'first', kind.bits, () => Buffer.of(0b11110)],
  ['bits for nothing', 'both', 'first', kind.bits, () => Buffer.of(0b1000000)],
  ['bits too many', 'both', 'first', kind.bits, () => Buffer.alloc(2)],
  ['no bits', 'both', 'first', kind.bits, () => nothing],
];
test.each(lies.flatMap((lie) => (['ecdh', 'sm2'] as const).map((mode) => [...lie, mode] as const)))(
  '%s, opening to %s, from the %s owner: refused, nothing opened',
  async (_, reveal, liar, type, change, mode) => {
    const cast = castOf(mode, reveal);
    const links = await meetInPair(cast);
    const send = links[liar].send.bind(links[liar]);
    links[liar].send = (kindOf, body) => send(kindOf, kindOf === type ? change(Buffer.from(body)) : body);
    const tables = { first: people(0, 3, ',x'), second: people(0, 5, ',y') };
    const ended = (['first', 'second'] as const).map(async (role) => {
      const out = join(folder.path, `lie-${runs++}.csv`);
      const path = await folder.table(`lie-${runs++}.csv`, tables[role]);
      const input = { path, column: 'id', salt: point(1), folder: folder.path };
      const code = await codeOf(ownInPair(links[role], cast.terms, role, input, out));
      return { role, code, lines: await folder.lines(out) };
    });
    const honest = (await Promise.all(ended)).find(({ role }) => role !== liar);
    expect(honest).toMatchObject({ code: 'compute.peerMalformed', lines: undefined });
    await Promise.all([links.first.close(), links.second.close()]);
  },
);
