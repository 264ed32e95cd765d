import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { help } from './merge.ts';
import { ownWithHelper } from './owner.ts';
import type { Reveal } from './terms.ts';
import { castOf, commonRows, type Folder, makeFolder, meetAtHelper } from './testing.ts';

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

const salt = Buffer.alloc(32, 5);

const intersect = async (a: readonly string[], b: readonly string[], reveal: Reveal, name = 'x') => {
  const cast = castOf('helper', reveal);
  const links = await meetAtHelper(cast);
  const side = async (role: 'first' | 'second', rows: readonly string[]) => {
    const path = await folder.table(`${name}-${role}.csv`, rows);
    const out = join(folder.path, `${name}-${role}.out.csv`);
    const input = { path, column: 'id', salt, folder: folder.path };
    const report = await ownWithHelper(links[role], cast.terms, role, cast.identities[role], input, out);
    await links[role].close();
    return { ...report, lines: await folder.lines(out) };
  };
  const [first, second, helper] = await Promise.all([
    side('first', a),
    side('second', b),
    help(links.helper, cast.terms),
  ]);
  await folder.remove();
  folder = await makeFolder();
  return { first, second, helper };
};

const table = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9 })).map(([id, n]) => `p${id},n${n}`),
  { maxLength: 60 },
);

test('the common rows of random tables, whatever their sizes, with duplicates and without', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(table, table, async (a, b) => {
      const { first, second, helper } = await intersect(a, b, 'both');
      expect(first.lines).toEqual(commonRows(a, b));
      expect(second.lines).toEqual(commonRows(b, a));
      expect(helper.common).toBe(new Set(commonRows(a, b).map((line) => line.split(',')[0])).size);
      expect([first.peerCommitment, second.peerCommitment]).toEqual([second.commitment, first.commitment]);
    }),
    {
      numRuns: 25,
      examples: [
        [[], []],
        [['p1,x'], []],
        [['p1,x'], ['p1,y']],
        [['p1,x', 'p1,y'], ['p2,z']],
      ],
    },
  );
});
