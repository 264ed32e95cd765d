/** What a party sees looks the same whatever the others have: drawn anew, evenly spread, and of lengths that only sizes decide. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../channel/link.ts';
import { Additive } from './additive.ts';
import { packed } from './bits.ts';
import { answered, execute, ownOf, tellSizes } from './execute.ts';
import { kind, type Mesh, type Place } from './mesh.ts';
import { type Plan, payloadOf, sumPlan } from './plan.ts';
import { replicated } from './protocol.ts';
import { Stream } from './stream.ts';
import { readTable, type Table } from './table.ts';
import { demandsOf } from './tally.ts';
import { allThree, closeAll, dealtFor, meetAll, meshesOver, termsFor, wiresOfTwo } from './testing.ts';

let folder: string;
let links: (Link | undefined)[][];
/** Bodies of columns that came to each place, in order. */
let seen: Buffer[][];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-shares-'));
  links = await meetAll();
  for (const [place, row] of links.entries()) {
    for (const link of row) {
      if (!link) continue;
      const next = link.next.bind(link);
      link.next = async () => {
        const frame = await next();
        if (frame.type === kind.column) seen[place]!.push(Buffer.from(frame.body));
        return frame;
      };
    }
  }
});
afterAll(async () => {
  await closeAll(links);
  await rm(folder, { recursive: true, force: true });
});

const rows = 72;
const read = new Map<string, Table>();
const tableOf = async (plan: Plan, role: 'first' | 'second', value: (n: number) => number): Promise<Table> => {
  const key = `${role} ${JSON.stringify(plan)} ${value}`;
  const found = read.get(key);
  if (found) return found;
  const path = join(folder, `${role}.csv`);
  const lines = Array.from({ length: rows }, (_, n) => `${value(n)},${value(n + 1)},c${value(n) % 3}`);
  await writeFile(path, `x,y,city\n${lines.join('\n')}\n`);
  const table = await readTable(path, plan, role, 0);
  read.set(key, table);
  return table;
};

const base: Plan = {
  align: 'place',
  filters: { first: [], second: [{ kind: 'compare', column: 'y', by: '>', constant: { number: '-1' } }] },
  compared: [],
  groups: null,
  outputs: [{ name: 's', of: 'sum', column: { owner: 'first', name: 'x' } }],
};
const compared: Plan = {
  ...base,
  compared: [{ left: { owner: 'first', name: 'x' }, by: '<', right: { owner: 'second', name: 'x' } }],
};
const grouped: Plan = { ...base, groups: { owner: 'second', columns: ['city'] } };
const enough: Plan = { ...grouped, atLeast: 5 };
const ordered: Plan = { ...enough, top: { output: 0, descending: true, count: 1 } };
/** Matches stay with the helper: which ones they are is its secret, as values are the second owner’s. */
const hidden: Plan = sumPlan({ first: 'x', second: 'x', payload: 'second', sum: 'y', group: 'city', atLeast: 5 });
const hiddenWhole: Plan = sumPlan({ first: 'x', second: 'x', payload: 'second', sum: 'y', atLeast: 5 });

/** Opened to the second owner, so that what comes to the first and the helper is masks alone. */
const run = async (
  plan: Plan,
  seed: string,
  value: (n: number) => number,
  changed: (meshes: Mesh[]) => void = () => {},
) => {
  seen = [[], [], []];
  const terms = termsFor({ plan, recipient: 'second', decimals: 0 });
  const tables = [await tableOf(plan, 'first', value), await tableOf(plan, 'second', value)];
  const meshes = await meshesOver(links, seed);
  changed(meshes);
  const matching = packed(Uint8Array.from({ length: rows }, (_, n) => (value(n) % 7 < 4 ? 1 : 0)));
  const hides = payloadOf(plan) !== undefined;
  await allThree(meshes, (mesh) =>
    execute(replicated(mesh), terms, {
      rows,
      table: hides && mesh.place === 0 ? undefined : tables[mesh.place],
      matches: hides && mesh.place === 2 ? matching : undefined,
    }),
  );
  return seen;
};

const cases: [string, Plan][] = [
  ['a sum', base],
  ['a secret comparison', compared],
  ['groups', grouped],
  ['groups with enough rows', enough],
  ['the first of groups', ordered],
  ['groups of keys that match in secret', hidden],
  ['keys that match in secret', hiddenWhole],
];
const shapes = (frames: Buffer[][]) => frames.map((all) => all.map(({ length }) => length));

test.each(cases)('%s: the same messages of the same lengths, whatever the rows hold', async (_, plan) => {
  const one = shapes(await run(plan, 's', (n) => n));
  expect(one[2]!.length).toBeGreaterThan(0);
  // As many groups in each, which the other owner is told.
  expect(shapes(await run(plan, 's', (n) => n * 400))).toEqual(one);
  expect(shapes(await run(plan, 't', (n) => 71 - n))).toEqual(one);
});

/**
 * As if no wire held anything: who sends goes on once the other has read. Who sends while the other does would wait without end, as two do
 * who fill each other's buffers with columns that are long enough.
 */
const withoutRoom = (): (() => void) => {
  const undo: (() => void)[] = [];
  for (const [from, row] of links.entries()) {
    for (const [to, near] of row.entries()) {
      if (!near) continue;
      const far = links[to]![from]!;
      const [send, next] = [near.send, far.next];
      const unread: (() => void)[] = [];
      near.send = async (type, body) => {
        const read = new Promise<void>((done) => unread.push(done));
        await send.call(near, type, body);
        await read;
      };
      far.next = async () => {
        const frame = await next();
        unread.shift()!();
        return frame;
      };
      undo.push(
        () => Object.assign(near, { send }),
        () => Object.assign(far, { next }),
      );
    }
  }
  return () => {
    for (const one of undo) one();
  };
};

test.each(cases)('%s: nobody waits for room at somebody who waits for room', async (_, plan) => {
  const restore = withoutRoom();
  try {
    expect((await run(plan, 's', (n) => n)).flat().length).toBeGreaterThan(0);
  } finally {
    restore();
  }
});

/** Chi square of bytes against an even spread: 255 ± 5 deviations (22.6 each). Seeds are fixed, so the outcome is. */
const uneven = (bytes: Buffer): boolean => {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte]!++;
  const expected = bytes.length / 256;
  return counts.reduce((all, count) => all + (count - expected) ** 2 / expected, 0) > 368;
};

const spread = async (plan: Plan, place: Place, value: (n: number) => number, changed?: (meshes: Mesh[]) => void) => {
  const all: Buffer[] = [];
  for (let n = 0; n < 8; n++) {
    const frames = (await run(plan, `${plan.compared.length} ${n}`, value, changed))[place]!;
    // Places in an order come as words of 4 bytes each, evenly among so many and not among all numbers; how many groups there are is told.
    all.push(...(plan.groups ? frames.filter(({ length }) => length > 200 && length !== rows * 4) : frames));
  }
  return Buffer.concat(all);
};

test.each(cases)(
  '%s: what comes to the helper and the other owner is evenly spread, of constant rows, too',
  async (_, plan) => {
    for (const place of [0, 2] as const) {
      const bytes = await spread(plan, place, () => 7);
      if (bytes.length > 0) expect(uneven(bytes)).toBe(false);
    }
    const told = plan === hiddenWhole ? 0 : 4000;
    expect((await spread(plan, 2, () => 7)).length).toBeGreaterThan(told);
  },
);

const withoutMasks = (stream: Stream): Stream => {
  stream.draw = (length) => new Uint8Array(length);
  stream.permutation = Stream.prototype.permutation.bind(new Stream(Buffer.alloc(32)));
  return stream;
};

test('without masks the same look finds it', async () => {
  const unmasked = (meshes: Mesh[]) => {
    for (const mesh of meshes) for (const stream of [mesh.own, mesh.next]) withoutMasks(stream);
  };
  for (const [, plan] of cases) expect(uneven(await spread(plan, 2, () => 7, unmasked))).toBe(true);
});

test('orders that come to the helper are as likely one as another, whatever the groups', async () => {
  const first = new Array<number>(rows).fill(0);
  for (let n = 0; n < 216; n++) {
    const order = (await run(grouped, `order ${n}`, (at) => at)).at(2)!.find(({ length }) => length === rows * 4)!;
    first[order.readUInt32LE(0)]!++;
  }
  // 3 each on average; the seeds are fixed.
  expect(first.filter((count) => count > 0).length).toBeGreaterThan(60);
  expect(Math.max(...first)).toBeLessThan(12);
});

/** The owners alone, with what was dealt. Opened to one of them, so that what comes to the other is masks alone. */
const runDealt = async (
  plan: Plan,
  recipient: 'first' | 'second',
  seed: string,
  value: (n: number) => number,
  changed?: (stream: Stream) => Stream,
) => {
  seen = [[], [], []];
  const terms = termsFor({ plan, recipient, decimals: 0, protocol: 'dealer' });
  const tables = [await tableOf(plan, 'first', value), await tableOf(plan, 'second', value)];
  const wires = [wiresOfTwo(links, 0, seed), wiresOfTwo(links, 1, seed)];
  const owns = wires.map((one) => ownOf(one, terms, { rows, table: tables[one.place] }));
  const sizes = await Promise.all(wires.map((one, at) => tellSizes(one, terms, owns[at]!)));
  expect(sizes[0]).toEqual(sizes[1]);
  const dealt = dealtFor(await demandsOf(terms, sizes[0]!), seed, changed);
  await Promise.all(
    dealt.map(([side, take]) => answered(new Additive(wires[side]!, take), terms, owns[side]!, sizes[0]!)),
  );
  return seen[recipient === 'first' ? 1 : 0]!;
};

describe.each(['second', 'first'] as const)('after a dealer, what comes to the owner beside the %s', (recipient) => {
  const dealtCases = cases.filter(([, plan]) => payloadOf(plan) === undefined);
  const shapeOf = (frames: Buffer[]) => frames.map(({ length }) => length);

  test.each(dealtCases)('%s: has the same lengths whatever the rows hold', async (_, plan) => {
    const one = shapeOf(await runDealt(plan, recipient, 's', (n) => n));
    expect(one.length).toBeGreaterThan(0);
    expect(shapeOf(await runDealt(plan, recipient, 's', (n) => n * 400))).toEqual(one);
    expect(shapeOf(await runDealt(plan, recipient, 't', (n) => 71 - n))).toEqual(one);
  });

  // Of groups alone nothing but orders comes to whom the groups are not of: those are looked at below.
  const masked = dealtCases.filter(([, plan]) => plan !== grouped || recipient === 'first');
  const bytesOf = async (plan: Plan, runs: number, changed?: (stream: Stream) => Stream): Promise<Buffer> => {
    const all: Buffer[] = [];
    for (let n = 0; n < runs; n++)
      // Orders, and how many groups there are, come as words that lie within the number of rows.
      for (const frame of await runDealt(plan, recipient, `dealt ${n}`, () => 7, changed))
        if (frame.length > 8 && !(plan.groups && recipient === 'second' && frame.length === rows * 4)) all.push(frame);
    return Buffer.concat(all);
  };

  test.each(masked)('%s: is evenly spread, of constant rows, too', async (_, plan) => {
    const bytes = await bytesOf(plan, 40);
    expect(bytes.length).toBeGreaterThan(300);
    expect(uneven(bytes)).toBe(false);
  });

  test('without masks the same look finds it', async () => {
    for (const [, plan] of masked) expect(uneven(await bytesOf(plan, 8, withoutMasks))).toBe(true);
  });

  test.each(dealtCases)('%s: nobody waits for room at somebody who waits for room', async (_, plan) => {
    const restore = withoutRoom();
    try {
      expect((await runDealt(plan, recipient, 's', (n) => n)).length).toBeGreaterThan(0);
    } finally {
      restore();
    }
  });
});

test('after a dealer, orders that the other owner is told are as likely one as another', async () => {
  const first = new Array<number>(rows).fill(0);
  for (let n = 0; n < 216; n++) {
    const order = (await runDealt(grouped, 'second', `order ${n}`, (at) => at)).find(
      ({ length }) => length === rows * 4,
    )!;
    first[order.readUInt32LE(0)]!++;
  }
  expect(first.filter((count) => count > 0).length).toBeGreaterThan(60);
  expect(Math.max(...first)).toBeLessThan(12);
});
