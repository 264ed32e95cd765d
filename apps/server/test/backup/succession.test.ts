import { readdir } from 'node:fs/promises';
import { parseEntry, type Trust, verifierOf, verifyBundle } from '@shugu/evidence';
import { openNote, parseCheckpoint, rootAt, sha256 } from '@shugu/tlog';
import { afterEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/app.ts';
import { type RestoreOptions, restoreBackup } from '../../src/kernel/backup/index.ts';
import type { Witness } from '../../src/kernel/publiclog/witnesses.ts';
import { ownMigrations } from '../../src/main.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import {
  backUp,
  bundlesOf,
  emptyPlace,
  issuePapers,
  type Place,
  startOn,
  trustServedBy,
  witnessOnPort,
} from './support.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});
const ending = <T>(made: T, end: () => Promise<unknown>): T => {
  endings.push(end);
  return made;
};

/** A node whose log a witness watches. Copies of the prepared exchange share the log's key, so it is learnt from one. */
const watched = async (): Promise<{
  from: TestExchange;
  witness: Witness;
  watch: Awaited<ReturnType<typeof witnessOnPort>>;
}> => {
  const first = await testExchange();
  const { logs } = await trustServedBy(first.exchange);
  await first.end();
  const watch = await witnessOnPort([logs[0]!.vkey]);
  endings.push(() => watch.end().catch(() => undefined));
  const witness = { url: watch.url, vkey: watch.witness.vkey };
  const from = await testExchange({ config: { witnesses: [witness] } });
  endings.push(from.end);
  return { from, witness, watch };
};

const restore = async (from: TestExchange, file: string, to: Place, over: Partial<RestoreOptions> = {}) =>
  restoreBackup({
    config: { ...from.exchange.kernel.config, home: to.home },
    file,
    migrations: await ownMigrations(),
    connect: async () => ({ connection: to.postgres.connection, close: async () => {} }),
    now: from.exchange.kernel.clock.now(),
    ...over,
  });

const place = async (): Promise<Place> => {
  const made = await emptyPlace();
  return ending(made, made.remove);
};

/** A log as strangers read it, by its origin: the signature holds, and the tiles give the root that is signed. */
const readLog = async ({ url }: Exchange, trust: Trust, origin: string) => {
  const get = async (path: string) => {
    const response = await fetch(`${url}/log/${origin}/${path}`);
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  };
  const note = Buffer.from((await get('checkpoint'))!).toString('utf8');
  const { vkey } = trust.logs.find((one) => one.origin === origin)!;
  const { size, root } = parseCheckpoint((await openNote(note, [verifierOf(vkey)])).text);
  expect(await rootAt({ hash: sha256, store: { read: get }, size })).toEqual(root);
  return { note, size };
};

describe('a witnessed log', { timeout: 180_000 }, () => {
  it('is cosigned, goes on from a backup that it has not outgrown, and is succeeded where it has', async () => {
    const { from, watch } = await watched();
    const operator = from.seeded.organisations.operator!;
    await issuePapers(from.exchange, operator, 2);
    const served = await trustServedBy(from.exchange);
    expect(served.witnesses).toEqual([{ vkey: watch.witness.vkey }]);
    for (const bundle of await bundlesOf(from.exchange)) {
      const report = await verifyBundle(bundle, { ...served, quorum: 1 });
      expect(report.checks.filter((one) => !one.ok)).toEqual([]);
      expect(report.asOf?.witnesses).toEqual(['witness.test/w1']);
    }

    const backup = await backUp(from.exchange);
    endings.push(backup.remove);
    const { size } = backup.manifest.checkpoints[0]!;
    const straight = await restore(from, backup.out, await place());
    expect(straight).toMatchObject({ standing: { kind: 'continues' }, size });
    expect(straight.succeeded).toBeUndefined();

    await issuePapers(from.exchange, operator, 3);
    const lost = await bundlesOf(from.exchange);
    const witnessed = watch.witness.logs()[0]!;
    // Two clear entries, and one commitment among seven to nothing.
    expect(witnessed.size).toBe(size + 2 + 8);

    const to = await place();
    const report = await restore(from, backup.out, to);
    expect(report).toMatchObject({
      standing: { kind: 'behind', last: { size: witnessed.size } },
      succeeded: witnessed.origin,
      size: 1,
    });
    const exchange = await startOn(from.exchange.kernel.config, to, { witnesses: [] });
    endings.push(() => exchange.close());
    const { pool } = exchange.kernel.database;
    const origins = await pool.query(
      'select origin, closed_at is null as open, successor from log_origins order by origin = $1',
      [report.origin],
    );
    expect(origins.rows).toEqual([
      { origin: witnessed.origin, open: false, successor: report.origin },
      { origin: report.origin, open: true, successor: null },
    ]);
    const first = await pool.query<{ entry: Buffer }>(
      'select entry from log_entries where origin = $1 and position = 0',
      [report.origin],
    );
    expect(parseEntry(first.rows[0]!.entry)).toMatchObject({
      kind: 'logSuccession',
      form: 'clear',
      body: { previousOrigin: witnessed.origin, keptSize: size, lastKnownSize: witnessed.size },
    });

    await issuePapers(exchange, operator, 2);
    const trust = await trustServedBy(exchange);
    expect(trust.logs.map((one) => one.origin).sort()).toEqual([witnessed.origin, report.origin].sort());
    const fresh = await bundlesOf(exchange);
    for (const bundle of [...lost, ...fresh])
      expect((await verifyBundle(bundle, trust)).checks.filter((one) => !one.ok)).toEqual([]);
    expect((await verifyBundle(fresh.at(-1)!, trust)).asOf?.origin).toBe(report.origin);

    // Whoever holds an old paper can still check it: the closed log is served by its name as it was kept.
    expect((await readLog(exchange, trust, witnessed.origin)).size).toBe(size);
    const open = await readLog(exchange, trust, report.origin);
    expect(await (await fetch(`${exchange.url}/log/checkpoint`)).text()).toBe(open.note);
    for (const path of ['shugu.hn/0000/checkpoint', `${witnessed.origin}/tile/9/000`, `${witnessed.origin}/secrets`])
      expect((await fetch(`${exchange.url}/log/${path}`)).status, path).toBe(404);

    await watch.end();
    const untouched = await place();
    await expect(restore(from, backup.out, untouched)).rejects.toThrow('backup.witness_silent');
    expect(await readdir(untouched.home)).toEqual([]);
  });
});
