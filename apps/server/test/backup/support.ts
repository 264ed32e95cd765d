/** Papers, a second node on a restored folder, and a witness on a port: what the tests of backup and log share. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseTrust, type Trust } from '@shugu/evidence';
import type pg from 'pg';
import { type Exchange, startExchange } from '../../src/app.ts';
import { writeBackup } from '../../src/kernel/backup/index.ts';
import type { Config } from '../../src/kernel/config.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { makeLog } from '../../src/kernel/log.ts';
import type { RunningPostgres } from '../../src/kernel/postgres/index.ts';
import { testPostgres } from '../../src/kernel/postgres/testing.ts';
import { openWitness, serveWitness, type WitnessNode } from '../../src/kernel/publiclog/witness.ts';

export const emptyFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'shugu-backup-'));

/** One paper in clear and one as a commitment; ids. */
export const issuePapers = async (exchange: Exchange, participant: string, count: number): Promise<string[]> => {
  const { kernel } = exchange;
  const ids = await kernel.database.tx(systemActor('test'), async (tx) => {
    const made: string[] = [];
    for (let number = 0; number < count; number++) {
      const paper = await kernel.issue.paper(tx, {
        kind: 'testNotice',
        title: { zh: '测试凭证', en: 'Test notice' },
        series: 'TN',
        document: { text: `第 ${number} 份；𠮷 and \\ " quotes`, count: number },
        parties: [participant],
        signers: [{ participant: '', role: 'operator' }],
        disclosure: number % 2 === 0 ? 'clear' : 'commitment',
        retentionClass: 'trade',
      });
      made.push(paper.id);
    }
    return made;
  });
  // Workers of the exchange make papers beside `settle`, so it may return before they have ended.
  for (let tries = 0; tries < 200; tries++) {
    await exchange.settle();
    const { rowCount } = await kernel.database.pool.query(
      `select 1 from papers where bundle_digest is null union all select 1 from jobs where state in ('queued', 'running', 'failed') limit 1`,
    );
    if (rowCount === 0) return ids;
    await sleep(50);
  }
  throw new Error('the papers are not made');
};

export const bundlesOf = async ({ kernel }: Exchange): Promise<Buffer[]> => {
  const { rows } = await kernel.database.pool.query<{ bundle_digest: string }>(
    'select bundle_digest from papers order by id',
  );
  return Promise.all(rows.map((row) => kernel.objects.bytes(row.bundle_digest)));
};

export const trustServedBy = async ({ url }: Exchange): Promise<Trust> =>
  parseTrust(new Uint8Array(await (await fetch(`${url}/.well-known/shugu-trust.json`)).arrayBuffer()));

export const backUp = async (exchange: Exchange, more: { passphrase?: string } = {}) => {
  const { config, postgres, clock } = exchange.kernel;
  const out = join(await emptyFolder(), 'node.backup');
  const report = await writeBackup({
    config,
    connection: postgres.connection,
    databaseVersion: postgres.version,
    program: 'test',
    out,
    now: clock.now(),
    ...more,
  });
  return { out, ...report, remove: () => rm(join(out, '..'), { recursive: true, force: true }) };
};

export interface Place {
  home: string;
  postgres: RunningPostgres;
  remove(): Promise<void>;
}

/** What SHUGU_DATABASE_URL would say. */
export const urlOf = ({ connectionString, host, port, user, password, database }: pg.PoolConfig): string =>
  connectionString ??
  `postgres://${encodeURIComponent(String(user))}${password ? `:${encodeURIComponent(String(password))}` : ''}@/${database}?host=${encodeURIComponent(String(host))}&port=${port ?? 5432}`;

/** An empty folder and an empty database. */
export const emptyPlace = async (): Promise<Place> => {
  const home = await emptyFolder();
  const { connection, drop } = await (await testPostgres()).freshDatabase();
  return {
    home,
    postgres: { connection, kind: 'external', version: 'test', attached: false, stop: async () => {} },
    remove: async () => {
      await rm(home, { recursive: true, force: true });
      await drop();
    },
  };
};

export const startOn = (config: Config, { home, postgres }: Place, over: Partial<Config> = {}): Promise<Exchange> =>
  startExchange({ config: { ...config, home, ...over }, log: makeLog('silent'), postgres });

/** A log whose key is known only once the log has been told of its witness is watched later. */
export const witnessOnPort = async (
  logs: readonly string[],
): Promise<{
  witness: WitnessNode;
  url: string;
  watch(more: readonly string[]): Promise<void>;
  end(): Promise<void>;
}> => {
  const home = await emptyFolder();
  const open = (watched: readonly string[]) =>
    openWitness({ home, name: 'witness.test/w1', suite: 'intl', logs: watched, now: () => new Date() });
  const witness = await open(logs);
  let serving = serveWitness(witness);
  const server = createServer((request, response) => serving.emit('request', request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    witness,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    watch: async (more) => {
      serving = serveWitness(await open(more));
    },
    end: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(home, { recursive: true, force: true });
    },
  };
};
