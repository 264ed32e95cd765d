/** Parties as processes over a network that breaks: the same result as over one that does not, and one that is gone is told. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cutter, cutter } from '../channel/testing.ts';
import type { IntersectMode } from '../intersect/terms.ts';
import { commonRows, type Folder, makeFolder, people } from '../intersect/testing.ts';
import { intersectHere } from './here.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

// Each connection after its own number of bytes, so that it breaks in another step: the first in its handshake, the next, at least, midway.
test.each<[IntersectMode, number]>([
  ['helper', 12_000],
  ['ecdh', 600],
])('%s, over connections that break', async (mode, rows) => {
  const [a, b] = [people(0, rows, ',x'), people(rows / 2, rows + rows / 2, ',y')];
  const cutters: Cutter[] = [];
  const out = join(folder.path, `${mode}.csv`);
  const asked = {
    mode,
    reveal: 'first' as const,
    keysMax: rows,
    first: { path: await folder.table(`${mode}-a.csv`, a), column: 'id', out },
    second: { path: await folder.table(`${mode}-b.csv`, b), column: 'id' },
    between: async (_: string, port: number) => {
      const one = await cutter(port, (n) => (n < 5 ? { afterBytes: n === 0 ? 400 : 9_000 * n - 2_000 } : undefined));
      cutters.push(one);
      return one.port;
    },
  };
  const { first } = await intersectHere(asked).finally(() => cutters.map((one) => one.close()));
  expect(first.common).toBe(rows / 2);
  expect(await folder.lines(out)).toEqual(commonRows(a, b));
  for (const { cut } of cutters) expect(cut).toBeGreaterThanOrEqual(3);
});
