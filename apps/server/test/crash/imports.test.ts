/** kill -9 of the server in the middle of an import: it starts anew, and no half of a table becomes anybody's data. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClient } from '@shugu/wire';
import * as wire from '@shugu/wire/delivery';
import { signIn } from '@shugu/wire/members';
import * as registryWire from '@shugu/wire/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCast } from '../../../cli/src/scenario/cast.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { divisionsResource } from '../../../cli/src/trade/goods.ts';
import { type FarDatabase, openFarDatabase } from '../../src/delivery/push/testing.ts';
import { newSecret } from '../../src/kernel/ids.ts';
import { preparedDatabase } from '../support/exchange.ts';
import { ended, freePort, runServer, strike } from './processes.ts';

const rows = 300_000;

let far: FarDatabase;
let home: string;
let database: Awaited<ReturnType<typeof preparedDatabase>>;
beforeAll(async () => {
  far = await openFarDatabase();
  home = await mkdtemp(join(tmpdir(), 'shugu-import-'));
  database = await preparedDatabase();
  await far.pool.query(
    `create table trucks as select i as id, sha256(i::text::bytea)::text as plate from generate_series(1, ${rows}) i; analyze trucks`,
  );
}, 240_000);
afterAll(async () => {
  await far?.close();
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

test.runIf(process.env.SHUGU_CRASH_ROUNDS)(
  'an import that was killed begins again',
  async () => {
    const port = await freePort();
    const settings = {
      SHUGU_DATABASE_URL: database.url,
      SHUGU_KEY_SECRET: database.keySecret,
      SHUGU_PRIVATE_DESTINATIONS: '127.0.0.0/8',
    };
    let server = await runServer({ home, port, settings });
    try {
      const { demoPassword: password } = await readCast();
      const anyone = makeClient({ url: server.url, newKey: newSecret });
      const { token } = await anyone.call(signIn, { body: { login: 'xingsha.steward', password } });
      const client = makeClient({ url: server.url, token, newKey: newSecret });
      const { kind: _, ...address } = far.draft;
      const { id: connection } = await client.call(wire.createConnection, { body: address });
      const { id: resource } = await client.call(registryWire.createResource, {
        body: (await divisionsResource()).fields,
      });

      const { held, free } = far.holdAnswersAfter(8_000_000);
      const body = { connection, resource, schema: 'public', table: 'trucks', columns: ['id', 'plate'] };
      const started = await client.call(wire.startImport, { body });
      await held;
      const seen = () => client.call(wire.getImport, { params: { id: started.id } });
      const halfway = join(home, 'objects/imports', started.id, 'rows.csv');
      await until('rows on the disk', async () => (await stat(halfway).catch(() => undefined))?.size);
      strike(server.child.pid);
      await ended(server.child);
      expect((await stat(halfway)).size).toBeGreaterThan(0);
      free();

      // Several servers may share a database from outside: what one has taken is free when its lease is over, after five minutes.
      server = await runServer({ home, port, settings: { ...settings, SHUGU_CLOCK: '2026-07-01T09:10:00+08:00' } });
      const done = await until('the import', async () => {
        const now = await seen();
        return !['waiting', 'running'].includes(now.state) && now;
      });
      expect(done).toMatchObject({ state: 'done', rows, fault: null });
      const read = await until('the data', async () => {
        const { content } = await client.call(registryWire.getResource, { params: { id: resource } });
        return content?.state === 'ready' && content;
      });
      expect(read).toMatchObject({ id: done.content, rowCount: rows });
      await expect.poll(() => readdir(join(home, 'objects/imports'))).toEqual([]);
      await expect.poll(() => readdir(join(home, 'objects/uploads'))).toEqual([]);
    } finally {
      await server.stop();
    }
  },
  240_000,
);
