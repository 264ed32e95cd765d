import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dial, type Frame, type Link, listen } from '../channel/link.ts';
import { kind, nothing } from './messages.ts';
import { ownInPair } from './pair.ts';
import { type IntersectMode, type Reveal, termsDigest } from './terms.ts';
import { type Cast, castOf, type Folder, host, makeFolder } from './testing.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

const meet = async ({ terms, identities }: Cast): Promise<[Link, Link]> => {
  const job = termsDigest(terms);
  const { first, second } = identities;
  const door = await listen({ own: second, job, peers: [first.publicKey], host });
  const [one, [other]] = await Promise.all([
    dial({ own: first, job, peer: second.publicKey, host, port: door.port }),
    door.met,
  ]);
  return [one, other!];
};

const heard = (link: Link): Frame[] => {
  const frames: Frame[] = [];
  const next = link.next.bind(link);
  link.next = async () => {
    const frame = await next();
    frames.push({ type: frame.type, body: Buffer.from(frame.body) });
    return frame;
  };
  return frames;
};

let runs = 0;
const intersect = async (a: readonly string[], b: readonly string[], mode: IntersectMode, reveal: Reveal) => {
  const cast = castOf(mode, reveal);
  const links = await meet(cast);
  const run = runs++;
  const side = async (link: Link, role: 'first' | 'second', rows: readonly string[]) => {
    const frames = heard(link);
    const path = await folder.table(`${run}-${role}.csv`, rows);
    const out = join(folder.path, `${run}-${role}.out.csv`);
    const input = { path, column: 'id', salt: Buffer.alloc(32, 3), folder: folder.path };
    const report = await ownInPair(link, cast.terms, role, input, out);
    await link.close();
    return { ...report, frames, lines: await folder.lines(out) };
  };
  const [first, second] = await Promise.all([side(links[0], 'first', a), side(links[1], 'second', b)]);
  return { first, second };
};

const key = (line: string) => line.split(',')[0]!;
const common = (a: readonly string[], b: readonly string[]) => a.filter((line) => b.map(key).includes(key(line)));
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

test.each(['ecdh', 'sm2'] as const)('the common rows of random tables by %s', { timeout: 120_000 }, async (mode) => {
  await fc.assert(
    fc.asyncProperty(table, table, async (a, b) => {
      const { first, second } = await intersect(a, b, mode, 'both');
      expect(first.lines).toEqual(common(a, b));
      expect(second.lines).toEqual(common(b, a));
      expect([first.peerCommitment, second.peerCommitment]).toEqual([second.commitment, first.commitment]);
    }),
    { numRuns: 8, examples },
  );
});

test('who is to learn nothing, or only the number, gets no more', async () => {
  const people = (from: number, until: number) => Array.from({ length: until - from }, (_, at) => `p${from + at},x`);
  const shapes = (frames: readonly Frame[]) => frames.map(({ type, body }) => [type, body.length]);
  const none = await intersect(people(0, 20), people(10, 30), 'ecdh', 'first');
  const disjoint = await intersect(people(50, 70), people(10, 30), 'ecdh', 'first');
  expect(none.first).toMatchObject({ common: 10, rowsOut: 10 });
  expect(none.second).toMatchObject({ common: null, rowsOut: null, lines: undefined });
  expect(shapes(none.second.frames)).toEqual(shapes(disjoint.second.frames));
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

const codeOf = (running: Promise<unknown>) =>
  running.then(
    () => 'went well',
    (error: { code?: string }) => error.code,
  );
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
  const [honest, other] = await meet(cast);
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
