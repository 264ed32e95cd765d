/** What is kept and what goes: every class by the calendar, both ways, and a hold that keeps it. */
import * as kernelWire from '@shugu/wire/kernel';
import * as wire from '@shugu/wire/supervision';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pruneTick } from '../../src/kernel/retention/prune.ts';
import { kernelPrunables } from '../../src/kernel/retention/tables.ts';
import { startOf } from '../../src/kernel/rulepack/keeping.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

let world: TestExchange;
let participant: string;
beforeAll(async () => {
  world = await testExchange();
  participant = world.seeded.organisations.bank!;
}, 120_000);
afterAll(() => world?.end());

const pool = () => world.exchange.kernel.database.pool;
const now = () => world.exchange.kernel.clock.now();
const moveTo = async (to: Date) => {
  (world.exchange.kernel.clock as unknown as { moveTo(to: Date): void }).moveTo(to);
  await world.settle();
};
const hour = 3_600_000;
const later = (milliseconds: number) => new Date(now().getTime() + milliseconds);

/** One row of each prunable kind, whose period begins at `at`. The mark finds it again. */
const kinds: Record<string, { class: string; insert(at: Date, mark: string): Promise<unknown>; mark: string }> = {
  idempotency: {
    class: 'retry',
    mark: 'key',
    insert: (at, mark) =>
      pool().query(
        `insert into idempotency (participant, actor, key, endpoint, request_digest, status, at) values ($1, 'a', $2, 'x', 'x', 200, $3)`,
        [participant, mark, at],
      ),
  },
  sessions: {
    class: 'access-log',
    mark: 'client',
    insert: (at, mark) =>
      pool().query(
        `insert into sessions (token_hash, node, market, participant, person, created_at, seen_at, expires_at, client)
         values (sha256(convert_to($2::text, 'UTF8')), 'hn', 'main', $1, 'per_x', $3, $3, $3, $2::text)`,
        [participant, mark, at],
      ),
  },
  audit: {
    class: 'access-log',
    mark: 'subject',
    insert: (at, mark) =>
      pool().query(
        `insert into audit (at, node, market, participant, actor_kind, actor, action, subject, data, retention_class)
         values ($3, 'hn', 'main', $1, 'person', 'per_x', 'x.read', $2, '{}', 'access-log')`,
        [participant, mark, at],
      ),
  },
  events: {
    class: 'message',
    mark: 'subject',
    insert: (at, mark) =>
      pool().query(
        `insert into events (at, node, market, participant, type, subject, data) values ($3, 'hn', 'main', $1, 'nobody.waits.here', $2, '{}')`,
        [participant, mark, at],
      ),
  },
  jobs: {
    class: 'message',
    mark: 'kind',
    insert: (at, mark) =>
      pool().query(
        `insert into jobs (id, node, market, participant, kind, title, data, state, attempts_max, run_at, created_at, finished_at)
         values ($2::text, 'hn', 'main', $1, $2::text, '{"zh":"x","en":"x"}', '{}', 'done', 1, $3, $3, $3)`,
        [participant, mark, at],
      ),
  },
  invitations: {
    class: 'access-log',
    mark: 'id',
    insert: (at, mark) =>
      pool().query(
        `insert into invitations (id, node, market, participant, person, code_hash, created_by, created_at, expires_at)
         values ($2::text, 'hn', 'main', $1, $4, sha256(convert_to($2::text, 'UTF8')), 'x', $3, $3)`,
        [participant, mark, at, world.seeded.people['bank.admin']],
      ),
  },
  passkey_ceremonies: {
    class: 'retry',
    mark: 'id',
    insert: (at, mark) =>
      pool().query(
        `insert into passkey_ceremonies (id, node, market, participant, challenge, created_at, expires_at) values ($2, 'hn', 'main', $1, 'x', $3, $3)`,
        [participant, mark, at],
      ),
  },
  resource_uploads: {
    class: 'message',
    mark: 'id',
    insert: async (at, mark) => {
      await pool().query(
        `insert into resources (id, node, market, participant, name, summary, industry, source, region_scope, time_from, update_frequency, forms,
           structure, limits, personal, purpose, licence, synthetic, state, revision, created_at, updated_at)
         values ('res_x', 'hn', 'main', $1, 'x', 'x', 'I65', 'derived', 'national', '2026-01-01', 'year', '{table}', 'structured', '', false, '', '', false,
           'draft', 1, $2, $2) on conflict do nothing`,
        [participant, at],
      );
      await pool().query(
        `insert into resource_uploads (id, node, market, participant, resource, file_name, bytes, state, created_by, created_at, expires_at)
         values ($2, 'hn', 'main', $1, 'res_x', 'x.csv', 1, 'expired', 'x', $3, $3)`,
        [participant, mark, at],
      );
    },
  },
};

const left = async (table: string, mark: string): Promise<number> =>
  (await pool().query(`select 1 from ${table} where ${kinds[table]!.mark} = $1`, [mark])).rowCount ?? 0;

/** The day on which a row of this class from `at` may go at the soonest, by the pack's own figures. */
const endOf = async (id: string, at: Date): Promise<Date> => {
  const kept = world.exchange.cases.ruleBook.retention(now()).find((one) => one.id === id)!;
  const periods = [...kept.minimum, kept.maximum!];
  let day = at;
  while (!periods.every((rule) => startOf(day, rule)! > at)) day = new Date(day.getTime() + hour);
  return day;
};

describe('what is pruned', () => {
  test.each(Object.keys(kinds))('%s: kept until the end of its class, gone after', async (table) => {
    const kind = kinds[table]!;
    const at = now();
    const mark = `kept-${table}`;
    await kind.insert(at, mark);
    const end = await endOf(kind.class, at);
    // A round is made once a day; the last before the end, and the first after it.
    await moveTo(new Date(end.getTime() - 2 * hour));
    expect(await left(table, mark)).toBe(1);
    await moveTo(new Date(end.getTime() + 24 * hour));
    expect(await left(table, mark)).toBe(0);
  });

  test('what lives is never old: sessions that are open, jobs that run or died, uploads under way', async () => {
    const at = now();
    await kinds.jobs!.insert(at, 'job-dead');
    await kinds.jobs!.insert(at, 'job-queued');
    await pool().query(`update jobs set state = 'dead' where id = 'job-dead'`);
    await pool().query(`update jobs set state = 'queued', finished_at = null, run_at = $1 where id = 'job-queued'`, [
      later(9000 * 24 * hour),
    ]);
    await kinds.sessions!.insert(later(800 * 24 * hour), 'session-open');
    await moveTo(later(500 * 24 * hour));
    for (const mark of ['job-dead', 'job-queued']) expect(await left('jobs', mark)).toBe(1);
    expect(await left('sessions', 'session-open')).toBe(1);
  });

  test('classes without a maximum stay whatever their age: what was done, cases, books', async () => {
    const { rows } = await pool().query<{ sequence: string }>(
      `insert into audit (at, node, market, participant, actor_kind, actor, action, subject, data)
       values ('2001-01-01', 'hn', 'main', $1, 'person', 'x', 'x.do', 'x', '{}') returning sequence`,
      [participant],
    );
    await moveTo(later(25 * hour));
    const found = await pool().query('select 1 from audit where sequence = $1', [rows[0]!.sequence]);
    expect(found.rowCount).toBe(1);
  });

  test('an event stays until every consumer of its type has passed it', async () => {
    const at = new Date(now().getTime() - 400 * 24 * hour);
    const { rows } = await pool().query<{ sequence: string }>(
      `insert into events (at, node, market, participant, type, subject, data)
       values ($1, 'hn', 'main', $2, 'tests.letter.sent', 'x', '{}') returning sequence`,
      [at, participant],
    );
    const sequence = Number(rows[0]!.sequence);
    // As if it were tomorrow, so that the exchange's own round, which knows nothing of these readers, stays done.
    const prune = () =>
      pruneTick({
        database: world.exchange.kernel.database,
        ruleBook: world.exchange.cases.ruleBook,
        prunables: kernelPrunables(['first', 'second'].map((name) => ({ name, types: ['tests.letter.sent'] }))),
        onPruned: () => undefined,
      }).run(later(24 * hour));
    const there = async () => (await pool().query('select 1 from events where sequence = $1', [sequence])).rowCount;
    const passed = (consumer: string, to: number) =>
      pool().query(
        `insert into event_cursors (consumer, sequence) values ($1, $2) on conflict (consumer) do update set sequence = excluded.sequence`,
        [consumer, to],
      );
    await prune();
    expect(await there()).toBe(1);
    await passed('first', sequence);
    await prune();
    expect(await there()).toBe(1);
    await passed('second', sequence - 1);
    await prune();
    expect(await there()).toBe(1);
    await passed('second', sequence);
    await prune();
    expect(await there()).toBe(0);
  });

  test('a hold keeps the records of whom it covers, and lets go when lifted', async () => {
    const hold = await (await world.as('regulator.officer')).call(wire.proposeLegalHold, {
      body: { target: { kind: 'organisation', id: participant }, basis: '调查通知', reason: '调查' },
    });
    await (await world.as('regulator.admin')).call(wire.confirmLegalHold, { params: { id: hold.id }, body: {} });
    const at = now();
    for (const [table, kind] of Object.entries(kinds)) await kind.insert(at, `held-${table}`);
    await moveTo(later(800 * 24 * hour));
    for (const table of Object.keys(kinds)) expect(`${table} ${await left(table, `held-${table}`)}`).toBe(`${table} 1`);
    await (await world.as('regulator.officer')).call(wire.liftLegalHold, {
      params: { id: hold.id },
      body: { reason: '调查终结' },
    });
    await (await world.as('regulator.admin')).call(wire.confirmLegalHold, { params: { id: hold.id }, body: {} });
    await moveTo(later(25 * hour));
    for (const table of Object.keys(kinds)) expect(`${table} ${await left(table, `held-${table}`)}`).toBe(`${table} 0`);
  });
});

describe('a round', () => {
  test('is told: in the audit, in the metrics, to operator and regulator, to nobody else', async () => {
    const at = new Date(now().getTime() - 9 * 24 * hour);
    for (let row = 0; row < 5; row++) await kinds.idempotency!.insert(at, `many-${row}`);
    await moveTo(later(25 * hour));
    const seen = await (await world.as('operator.system')).call(kernelWire.retention, {});
    expect(seen.pruned).toMatchObject({ done: true });
    expect(seen.pruned!.rows.idempotency).toBeGreaterThanOrEqual(5);
    expect(seen.region).toBe('CN-43');
    const registration = seen.classes.find((one) => one.id === 'registration')!;
    expect(registration).toMatchObject({ maximum: null, minimum: [{ force: 'guide', confirmed: true }] });
    expect(registration.tables).toContain('certificates');
    const metrics = await (await fetch(`${world.url}/metrics`)).text();
    expect(metrics).toMatch(/shugu_pruned_rows_total\{table="idempotency"\} [1-9]/);
    const told = await pool().query(
      `select data from audit where action = 'kernel.retention.prune' order by sequence desc limit 1`,
    );
    expect(told.rows[0].data.idempotency).toBeGreaterThanOrEqual(5);
    await expect((await world.as('bank.admin')).call(kernelWire.retention, {})).rejects.toThrow();
  });

  test('goes on where it was cut off, and once a day only', async () => {
    const at = new Date(now().getTime() - 30 * 24 * hour);
    await kinds.idempotency!.insert(at, 'same-day');
    await world.settle();
    // The day's round is over.
    expect(await left('idempotency', 'same-day')).toBe(1);
    // As a killed process leaves it: begun, not done.
    await pool().query(`update node_state set value = value || '{"done": false}' where key = 'retention.pruned'`);
    await world.settle();
    expect(await left('idempotency', 'same-day')).toBe(0);
  });
});

test('every row says where it was stored: by its session, else by the node, else it is refused', async () => {
  const { rows } = await pool().query<{ stored_region: string }>('select distinct stored_region from people');
  expect(rows).toEqual([{ stored_region: 'CN-43' }]);
  const client = await pool().connect();
  const write = async () =>
    (
      await client.query<{ stored_region: string }>(
        `insert into events (at, node, market, participant, type, subject, data) values (now(), 'hn', 'main', '', 'x', 'x', '{}')
         returning stored_region`,
      )
    ).rows[0]!.stored_region;
  try {
    await client.query(`begin; set local shugu.region = '430100'`);
    expect(await write()).toBe('430100');
    await client.query(`set local shugu.region = ''`);
    expect(await write()).toBe('CN-43');
    await client.query(`delete from node_state where key = 'region'`);
    await expect(write()).rejects.toThrow(/stored_region/);
  } finally {
    await client.query('rollback');
    client.release();
  }
});
