/** What a node finds in its own records at start, and refuses to go on over. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Exchange, startExchange } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/kernel/config.ts';
import { makeLog } from '../../src/kernel/log.ts';
import { type FreshDatabase, testPostgres } from '../../src/kernel/postgres/testing.ts';

const root = join(import.meta.dirname, '../../../..');
let folder: string;
let fresh: FreshDatabase;

const start = (over: Partial<Config> = {}): Promise<Exchange> =>
  startExchange({
    config: readConfig({}, { home: join(folder, 'home'), port: 0, logLevel: 'silent', ...over }),
    log: makeLog('silent'),
    postgres: {
      connection: fresh.connection,
      kind: 'external',
      version: 'test',
      attached: false,
      stop: async () => {},
    },
  });
/** Starts, does something to the records, and stops. */
const visit = async (work: (exchange: Exchange) => Promise<unknown>, over: Partial<Config> = {}): Promise<void> => {
  const exchange = await start(over);
  try {
    await work(exchange);
  } finally {
    await exchange.close();
  }
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-start-'));
  fresh = await (await testPostgres()).freshDatabase();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

describe('a start', { timeout: 120_000 }, () => {
  test('is refused when a rule pack changed beneath its cases, and goes on when it is brought back', async () => {
    const rulePacks = join(folder, 'rulepacks');
    await cp(join(root, 'rulepacks'), rulePacks, { recursive: true });
    await visit(({ kernel }) =>
      kernel.database.pool.query(
        `insert into cases (id, node, market, participant, procedure, pack, title, handler, state, turn, private, data, filed_at)
         values ('cas_1', 'hn', 'main', 'org_a', 'registration.first', 'dpr26@1.0.0', 't', 'org_k', 'draft', 'applicant', true, '{}', now())`,
      ),
    );
    const path = join(rulePacks, 'dpr26.json');
    const pack = JSON.parse(await readFile(path, 'utf8')) as { rules: { id: string; value: unknown }[] };
    pack.rules.find((one) => one.id === 'noticeDays')!.value = 1;
    await writeFile(path, JSON.stringify(pack));
    await expect(start({ rulePacks })).rejects.toMatchObject({
      code: 'rule_pack_changed',
      message: expect.stringContaining('dpr26@1.0.0'),
    });
    await cp(join(root, 'rulepacks/dpr26.json'), path);
    await visit(async () => undefined, { rulePacks });
  });

  test('is refused on a host that is far behind, unless a standing clock is accepted', async () => {
    const ahead = new Date(Date.now() + 1_200_000);
    // Kept times only grow, so the true one that is kept at the end does not take it back.
    await visit(({ kernel }) =>
      kernel.database.pool.query(
        `insert into node_state (key, value) values ('clock', jsonb_build_object('now', $1::text, 'simulated', false))
         on conflict (key) do update set value = excluded.value`,
        [ahead.toISOString()],
      ),
    );
    await expect(start()).rejects.toMatchObject({ code: 'clock_behind' });
    await visit(
      async ({ kernel, url }) => {
        expect(kernel.clock.now()).toEqual(ahead);
        const metrics = await (await fetch(`${url}/metrics`)).text();
        expect(Number(/^shugu_clock_behind_seconds (\d+)/m.exec(metrics)?.[1])).toBeGreaterThan(1000);
      },
      { clockBehindSecondsMax: 3600 },
    );
  });
});
