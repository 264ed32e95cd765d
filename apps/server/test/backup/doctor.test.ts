import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examine, type Finding } from '../../src/kernel/doctor/index.ts';
import { makeLog } from '../../src/kernel/log.ts';
import { ownMigrations } from '../../src/main.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { issuePapers, urlOf } from './support.ts';

let node: TestExchange;
const look = async (): Promise<Map<string, Finding>> => {
  const { config, postgres, clock } = node.exchange.kernel;
  const findings = await examine({
    config: { ...config, databaseUrl: urlOf(postgres.connection) },
    migrations: await ownMigrations(),
    own: [],
    extra: [
      {
        id: 'counting',
        table: 'counters',
        faults: `select name as fault from counters where value < 0`,
        well: { zh: '', en: 'well' },
        wrong: { zh: '', en: 'counted backwards' },
        next: { zh: '', en: '' },
      },
      {
        id: 'absent',
        table: 'no_such_table',
        faults: 'select 1',
        well: { zh: '', en: '' },
        wrong: { zh: '', en: '' },
        next: { zh: '', en: '' },
      },
    ],
    now: clock.now(),
    nodeVersion: process.versions.node,
    log: makeLog('silent'),
  });
  return new Map(findings.map((one) => [one.id, one]));
};
const wrong = (found: Map<string, Finding>): string[] =>
  [...found.values()].filter((one) => one.level === 'error').map((one) => one.id);

beforeAll(async () => {
  node = await testExchange();
  await issuePapers(node.exchange, node.seeded.organisations.operator!, 4);
});
afterAll(() => node.end());

describe('doctor', () => {
  it('finds a sound node sound, and changes nothing', async () => {
    const found = await look();
    expect(wrong(found)).toEqual([]);
    expect([...found.keys()]).toEqual(
      expect.arrayContaining([
        'node',
        'platform',
        'folder',
        'secret',
        'disk',
        'database',
        'migrations',
        'clock',
        'log',
        'papers',
        'objects',
        'jobs',
        'events',
        'counting',
      ]),
    );
    expect(found.has('absent')).toBe(false);
  });

  it.each([
    [
      'log',
      `update log_entries set entry = entry || 'x'::bytea where position = 2`,
      `update log_entries set entry = substring(entry from 1 for length(entry) - 1) where position = 2`,
    ],
    [
      'log',
      `update log_tiles set bytes = set_byte(bytes, 3, get_byte(bytes, 3) # 1) where path like 'tile/0/%'`,
      `update log_tiles set bytes = set_byte(bytes, 3, get_byte(bytes, 3) # 1) where path like 'tile/0/%'`,
    ],
    [
      'jobs',
      `update jobs set state = 'dead' where id = (select min(id) from jobs)`,
      `update jobs set state = 'done' where state = 'dead'`,
    ],
    [
      'events',
      `insert into stalled_events (id, node, market, participant, consumer, event, lane, state, attempts, next_at, reason, since)
       select 'sev_1', node, market, participant, 'flow.money', sequence, subject, 'dead', 12, at, 'why', at from events limit 1`,
      `delete from stalled_events`,
    ],
    ['counting', `insert into counters values ('backwards', -1)`, `delete from counters where value < 0`],
    ['migrations', `update migrations set digest = 'x' where room = 'kernel' and name like '0001%'`, undefined],
  ])('finds a fault of %s, and says what to do', async (id, harm, mend) => {
    const { pool } = node.exchange.kernel.database;
    await pool.query(harm);
    const found = await look();
    expect(wrong(found)).toEqual([id]);
    expect(found.get(id)?.next?.zh).toBeDefined();
    if (mend) await pool.query(mend);
    else await pool.query(`update migrations set digest = $1 where digest = 'x'`, [(await ownMigrations())[0]!.digest]);
  });

  it('finds files that are damaged or gone', async () => {
    const { objects, database } = node.exchange.kernel;
    const { rows } = await database.pool.query<{ bundle_digest: string }>(
      'select bundle_digest from papers order by id limit 1',
    );
    const path = objects.pathOf(rows[0]!.bundle_digest);
    const bytes = await objects.bytes(rows[0]!.bundle_digest);
    await writeFile(path, Buffer.concat([bytes, Buffer.from(' ')]));
    expect(wrong(await look())).toEqual(['objects']);
    await rm(path);
    expect(wrong(await look())).toEqual(['papers']);
    await writeFile(path, bytes);
    expect(wrong(await look())).toEqual([]);
  });
});
