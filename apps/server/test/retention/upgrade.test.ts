/** A database from before retention: its rows get their class and their region, and none is lost. */
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/kernel/db/db.ts';
import { migrate } from '../../src/kernel/db/migrate.ts';
import { testPostgres } from '../../src/kernel/postgres/testing.ts';
import { ownMigrations } from '../../src/main.ts';

test('rows that are there get their class and the region of the node', { timeout: 120_000 }, async () => {
  const fresh = await (await testPostgres()).freshDatabase();
  const database = openDatabase({
    connection: fresh.connection,
    tenancy: { node: 'hn', market: 'main' },
    region: '430000',
    now: () => new Date('2026-07-01T00:00:00Z'),
    clientsMax: 2,
  });
  try {
    const all = await ownMigrations();
    // What a database of before had: each room's migrations up to the one that brought retention; later rooms were not there.
    const first = (room: string) => all.findIndex((one) => one.room === room && one.name.endsWith('-retention.sql'));
    await migrate(
      database,
      all.filter((one, at) => at < first(one.room)),
    );
    const caseOf = (id: string, procedure: string, pack: string) =>
      database.pool.query(
        `insert into cases (id, node, market, participant, procedure, pack, title, handler, state, turn, private, data, filed_at)
         values ($1, 'hn', 'main', 'org_x', $2, $3, 'x', 'org_y', 'draft', 'applicant', true, '{}', now())`,
        [id, procedure, pack],
      );
    await caseOf('one', 'registration.first', 'dpr26@1.0.0');
    await caseOf('two', 'complaint', 'exchange@1.0.0');
    await caseOf('three', 'member.admission', 'member@1.0.0');
    await database.pool.query(
      `insert into case_moves (case_id, sequence, node, market, participant, at, recorded_at, move, to_state, by, actor, input)
       values ('one', 1, 'hn', 'main', '', now(), now(), 'x', 'x', 'system', 'x', '{}')`,
    );
    await database.pool.query(
      `insert into audit (at, node, market, participant, actor_kind, actor, action, subject, data) values
       (now(), 'hn', 'main', '', 'person', 'x', 'cases.paper.get.read', '{"case":"one"}', '{}'),
       (now(), 'hn', 'main', '', 'person', 'x', 'cases.notice.read', 'ntc_x', '{}')`,
    );
    await migrate(database, all);
    const classes = async (table: string, order: string) =>
      (
        await database.pool.query<{ line: string }>(
          `select retention_class || ' ' || stored_region as line from ${table} order by ${order}`,
        )
      ).rows.map((row) => row.line);
    expect(await classes('cases', 'filed_at')).toEqual(['registration 430000', 'trade 430000', 'member-file 430000']);
    expect(await classes('case_moves', 'sequence')).toEqual(['registration 430000']);
    expect(await classes('audit', 'sequence')).toEqual(['access-log 430000', 'audit 430000']);
  } finally {
    await database.close();
  }
});
