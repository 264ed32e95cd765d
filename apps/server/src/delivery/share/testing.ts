/** For interop and benches: a table share over real sockets, of data made by SQL, held by a buyer with a profile. */
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { shareName } from '@shugu/gateway';
import type { TermsInput } from '@shugu/policy';
import { newId } from '../../kernel/ids.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { DeliverableVersion } from '../model.ts';
import { openRig, planOf, type Rig, start } from '../testing.ts';

export interface SharedTable {
  rig: Rig;
  grant: string;
  /** As in a profile file. */
  profile: { shareCredentialsVersion: number; endpoint: string; bearerToken: string };
  /** share.schema.table */
  table: string;
  /** Files of the newest version. */
  files: number;
  /** An instant between the first version and the second. */
  between: string;
  /** Makes what a select of DuckDB gives the next version. */
  publish(select: string): Promise<void>;
  withdraw(): Promise<unknown>;
  close(): Promise<void>;
}

const productName = '货车运行指数';
const contentType = 'application/vnd.apache.parquet';

/** As the registry would have stored it after an upload. */
const store = async (kernel: Kernel, duck: DuckDBConnection, home: string, select: string) => {
  const path = join(home, 'made.parquet');
  await duck.run(`COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
  const described = await duck.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet('${path}')`);
  const columns = described.getRowsJS().map(([name, type]) => ({ name: String(name), type: String(type) }));
  const stored = await kernel.objects.put(await readFile(path));
  rmSync(path);
  return { file: { name: 'trucks.parquet', contentType, ...stored }, columns };
};

const madeVersion = async (kernel: Kernel, duck: DuckDBConnection, home: string, select: string) => {
  const { file, columns } = await store(kernel, duck, home, select);
  const version: DeliverableVersion = {
    id: newId('ver', start),
    product: newId('prd', start),
    productName,
    participant: 'org_supplier',
    createdAt: start,
    serviceLevels: null,
    deliveryModes: ['share'],
    tables: [
      {
        name: 'trucks',
        columns,
        cells: [],
        rowCount: null,
        original: null,
        normal: null,
        data: file,
        newest: { ...file, columns },
      },
    ],
  };
  return version;
};

/** `data`, then `changed` as the second version, are selects of DuckDB. */
export const openShare = async (given: {
  data: string;
  changed?: string;
  terms?: Partial<TermsInput>;
  push?: NonNullable<Parameters<typeof openRig>[0]>['push'];
  place?: NonNullable<Parameters<typeof openRig>[0]>['place'];
}): Promise<SharedTable> => {
  const duck = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  let folder = '';
  const rig = await openRig({
    ...(given.push ? { push: given.push } : {}),
    ...(given.place ? { place: given.place } : {}),
    make: (kernel, home) => {
      folder = home;
      return madeVersion(kernel, duck, home, given.data);
    },
  });
  const { version } = rig;
  await rig.call('supplier', 'PUT', `/api/versions/${version.id}/endpoints`, { endpoints: [{ kind: 'share' }] });
  const grant = await rig.grant(planOf(given.terms), [{ kind: 'share' }]);
  const between = new Date(start.getTime() + 60_000);
  const publish = async (select: string): Promise<void> => {
    const { file, columns } = await store(rig.kernel, duck, folder, select);
    version.tables[0]!.newest = { ...file, columns };
    rig.moveTo(new Date(rig.kernel.clock.now().getTime() + 3_600_000));
    const published = await rig.call('supplier', 'POST', `/api/versions/${version.id}/revisions`, {});
    if (published.status !== 201) throw new Error(JSON.stringify(published.body));
    await rig.settle();
  };
  if (given.changed) await publish(given.changed);
  const { profile } = (await rig.call('buyer', 'POST', `/api/grants/${grant}/profiles`, { name: 'interop' })).body;
  const table = `${grant}.${shareName(productName)}.trucks`;
  const address = `${profile.endpoint}shares/${table.split('.')[0]}/schemas/${encodeURIComponent(productName)}/tables/trucks/metadata`;
  const metadata = await fetch(address, { headers: { authorization: `Bearer ${profile.bearerToken}` } });
  const described = JSON.parse((await metadata.text()).split('\n')[1]!) as { metaData: { numFiles: number } };
  return {
    rig,
    grant,
    profile,
    table,
    files: described.metaData.numFiles,
    between: between.toISOString(),
    publish,
    withdraw: () => rig.as('system', (tx) => rig.delivery.withdrawGrants(tx, { grant }, 'interop')),
    close: () => {
      duck.closeSync();
      return rig.close();
    },
  };
};
