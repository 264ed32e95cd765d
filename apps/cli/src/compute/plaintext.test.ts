/** What a query on shares is compared with is right for every number that shares can hold. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planOf } from '@shugu/private-compute';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inPlaintext, treeOf } from './plaintext.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-plaintext-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['of few digits', ['1.50', '2.25'], '2.25'],
  ['of nineteen digits', ['1.50', '46116860184273879.03'], '46116860184273879.03'],
])('numbers %s', async (_, amounts, sum) => {
  const [a, b] = [join(folder, 'a.csv'), join(folder, 'b.csv')];
  await writeFile(a, ['amount', ...amounts, ''].join('\n'));
  await writeFile(b, 'age\n20\n70\n');
  const sql = 'select sum(a.amount) as s from a positional join b where b.age >= 60';
  const plan = planOf(await treeOf(sql), ['a', 'b']);
  expect((await inPlaintext(sql, plan, { a, b }, 2)).rows).toEqual([[sum]]);
});
