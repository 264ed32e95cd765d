import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifierOf, verifyBundle } from '@shugu/evidence';
import { openNote, parseCheckpoint, sha256, verifyConsistency } from '@shugu/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RestoreOptions, restoreBackup } from '../../src/kernel/backup/index.ts';
import { migrationsOf } from '../../src/kernel/backup/restore.ts';
import { ownMigrations } from '../../src/main.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { backUp, bundlesOf, emptyPlace, issuePapers, type Place, startOn, trustServedBy } from './support.ts';

let from: TestExchange;
let backup: Awaited<ReturnType<typeof backUp>>;
let frozen: Record<string, string[]>;
const places: Place[] = [];

const place = async (): Promise<Place> => {
  const made = await emptyPlace();
  places.push(made);
  return made;
};

const restoreInto = async ({ home, postgres }: Place, over: Partial<RestoreOptions> = {}) =>
  restoreBackup({
    config: { ...from.exchange.kernel.config, home },
    file: backup.out,
    migrations: await ownMigrations(),
    connect: async () => ({ connection: postgres.connection, close: async () => {} }),
    now: from.exchange.kernel.clock.now(),
    ...over,
  });

beforeAll(async () => {
  from = await testExchange();
  await issuePapers(from.exchange, from.seeded.organisations.operator!, 5);
  backup = await backUp(from.exchange);
  // The node runs on after the backup; these rows it no longer touches.
  const tables = backup.manifest.tables.filter((one) => !['node_state', 'subject_keys'].includes(one.name));
  frozen = await contentOf(from.exchange.kernel.postgres.connection, tables);
});

afterAll(async () => {
  await backup.remove();
  for (const one of places) await one.remove();
  await from.end();
});

/** Every row as text, transaction ids aside. */
const contentOf = async (
  connection: Place['postgres']['connection'],
  tables: { name: string; columns: { name: string; type: string }[] }[],
) => {
  const pool = new (await import('pg')).default.Pool(connection);
  try {
    const content: Record<string, string[]> = {};
    for (const table of tables) {
      const columns = table.columns.filter((one) => one.type !== 'xid8').map((one) => `"${one.name}"`);
      const { rows } = await pool.query<{ line: string }>(
        `select row(${columns.join(', ')})::text as line from "${table.name}" order by 1`,
      );
      content[table.name] = rows.map((row) => row.line);
    }
    return content;
  } finally {
    await pool.end();
  }
};

describe('backup and restore', () => {
  it('brings every row and file back on a database of its own, and the node goes on', async () => {
    const to = await place();
    const { rows: sealed } = await from.exchange.kernel.database.pool.query<{ subject: string }>(
      'select subject from subject_keys join people on people.id = subject order by subject limit 1',
    );
    const subject = sealed[0]!.subject;
    const report = await restoreInto(to, { erased: [subject] });
    expect(report).toMatchObject({ standing: { kind: 'unwitnessed' } });
    expect(report.succeeded).toBeUndefined();
    expect(report.rows).toBeGreaterThan(200);
    expect(await readdir(to.home)).not.toContain('restore.unfinished');
    // The simulated calendar may be raised and somebody was erased meanwhile; all else is the same to the last digit.
    const tables = backup.manifest.tables.filter((one) => !['node_state', 'subject_keys'].includes(one.name));
    expect(tables.length).toBeGreaterThan(40);
    const after = await contentOf(to.postgres.connection, tables);
    for (const { name } of tables) expect(after[name], name).toEqual(frozen[name]);
    const checkpoint = backup.manifest.checkpoints.find((one) => one.open)!;
    const exchange = await startOn(from.exchange.kernel.config, to);
    try {
      const kept = await exchange.kernel.database.pool.query(
        'select sealed_key, destroyed_at is not null as destroyed from subject_keys where subject = $1',
        [subject],
      );
      expect(kept.rows).toEqual([{ sealed_key: null, destroyed: true }]);
      // Their row came back from the backup with name, log-in and password; the start has finished what the list began.
      const people = await exchange.kernel.database.pool.query(
        `select login = 'erased-' || lower(id) as anonymous, display_name, password_hash, phone, status, erased_at is not null as erased
         from people where id = $1`,
        [subject],
      );
      expect(people.rows).toEqual([
        { anonymous: true, display_name: '—', password_hash: null, phone: null, status: 'disabled', erased: true },
      ]);
      await issuePapers(exchange, from.seeded.organisations.operator!, 2);
      const trust = await trustServedBy(exchange);
      const bundles = await bundlesOf(exchange);
      expect(bundles).toHaveLength(7);
      for (const bundle of bundles)
        expect((await verifyBundle(bundle, trust)).checks.filter((one) => !one.ok)).toEqual([]);
      const verifier = verifierOf(trust.logs[0]!.vkey);
      const before = parseCheckpoint((await openNote(checkpoint.note, [verifier])).text);
      const after = parseCheckpoint(
        (await openNote(await (await fetch(`${exchange.url}/log/checkpoint`)).text(), [verifier])).text,
      );
      expect(after.size).toBeGreaterThan(before.size);
      const proof = await exchange.kernel.publicLog.consistency(
        exchange.kernel.database,
        before.origin,
        before.size,
        after.size,
      );
      expect(
        verifyConsistency({
          hash: sha256,
          from: before.size,
          to: after.size,
          fromRoot: before.root,
          toRoot: after.root,
          proof,
        }),
      ).toBe(true);
    } finally {
      await exchange.close();
    }
  });

  it('refuses an archive with a flipped bit anywhere, and writes nothing', async () => {
    const good = await readFile(backup.out);
    const to = await place();
    const file = `${backup.out}.bad`;
    for (let try_ = 0; try_ < 110; try_++) {
      // A stride that meets headers, contents, padding, the manifest and the end.
      const at = try_ < 20 ? good.length - 1 - try_ * 97 : Math.floor((good.length / 90) * (try_ - 20));
      const bad = Buffer.from(good);
      bad[at]! ^= 1 << (try_ % 8);
      await writeFile(file, bad);
      await expect(restoreInto(to, { file }), `byte ${at}`).rejects.toThrow(/backup\.(damaged|not_a_backup)/);
    }
    for (const bad of [
      good.subarray(0, -512),
      Buffer.concat([good, Buffer.alloc(512)]),
      Buffer.alloc(0),
      good.subarray(0, 700),
    ]) {
      await writeFile(file, bad);
      await expect(restoreInto(to, { file })).rejects.toThrow(/backup\.(damaged|not_a_backup)/);
    }
    expect(await readdir(to.home)).toEqual([]);
  });

  it('refuses a folder or a database that is not empty', async () => {
    const [full, to] = [await place(), await place()];
    await writeFile(join(full.home, 'something'), '');
    await expect(restoreInto(full)).rejects.toThrow('backup.not_empty');
    await expect(restoreInto({ ...to, postgres: from.exchange.kernel.postgres })).rejects.toThrow('backup.not_empty');
    // What was begun is marked, and no server starts on it.
    await expect(startOn(from.exchange.kernel.config, to)).rejects.toThrow('was not finished');
  });

  it('says what is missing: the secret, a newer program', async () => {
    const to = await place();
    const config = { ...from.exchange.kernel.config, home: to.home, keySecret: '' };
    await expect(restoreInto(to, { config })).rejects.toThrow('backup.secret_missing');
    const own = await ownMigrations();
    expect(() => migrationsOf(backup.manifest, own.slice(1))).toThrow('backup.too_new');
    expect(() =>
      migrationsOf(
        backup.manifest,
        own.map((one) => ({ ...one, digest: 'edited' })),
      ),
    ).toThrow('backup.too_new');
    expect(migrationsOf({ migrations: backup.manifest.migrations.slice(0, 2) }, own)).toHaveLength(2);
  });
});
