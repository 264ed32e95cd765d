/** Parties in networks of their own, where this machine allows it; where not, that is told. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { queryHere } from '../shares/here.ts';
import { sumPlan } from '../shares/plan.ts';
import { networksApart } from './apart.ts';

const run = promisify(execFile);

test('three processes, each in a network of its own, give the result over wires alone', {
  timeout: 120_000,
}, async (context) => {
  const apart = await networksApart();
  if ('why' in apart) {
    expect(apart.why).not.toBe('');
    context.skip(apart.why);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'shugu-apart-'));
  try {
    const table = async (name: string, from: number): Promise<string> => {
      const rows = Array.from({ length: 9 }, (_, n) => `u${n + from},${n}\n`);
      await writeFile(join(folder, name), `id,paid\n${rows.join('')}`);
      return join(folder, name);
    };
    // No way out of such a network but to its peers.
    const [ip, ...words] = apart.within.first;
    const routes = await run(ip!, [...words, ip!, 'route'], { env: {} });
    expect(routes.stdout.trim().split('\n')).toEqual([expect.stringMatching(/^198\.18\.0\.0\/24 dev wire/)]);
    const plan = sumPlan({ first: 'id', second: 'id', payload: 'second', sum: 'paid', atLeast: 3 });
    const tables = { first: await table('a.csv', 0), second: await table('b.csv', 4) };
    const { first } = await queryHere({ plan, recipient: 'first', decimals: 0, rowsMax: 100, ...tables, apart });
    expect(first.answer!.rows).toEqual([['5', '10']]);
  } finally {
    await apart.close();
    await rm(folder, { recursive: true, force: true });
  }
  expect((await run(apart.within.first[0]!, ['netns', 'list'], { env: {} })).stdout).not.toContain(
    apart.within.first[3],
  );
});
