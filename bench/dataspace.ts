/**
 * Dataspace Protocol beside Eclipse EDC with its stores on the same PostgreSQL:
 *
 *   npm run bench -- dataspace --json
 *
 * Negotiations from the request to FINALIZED between two connectors of the same kind, each a process with a database of its own,
 * begun and watched by their management interfaces; a catalogue of 100,000 data sets in pages of 100, of EDC at the sizes that it
 * answers in a few seconds; what a connector costs at rest. EDC stands as it is shipped (it asks its store once a second for what
 * there is to do) and once more with that wait cut to 50 ms, as its own tests have it. Without its packages only ours is measured.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import pino from 'pino';
import { startPostgres } from '../apps/server/src/kernel/postgres/index.ts';
import setup from '../apps/server/src/kernel/postgres/testing.ts';
import { addAsset, type Edc, missingEdc, offerAll, protocol, startEdc, version } from '../interop/edc/connector.ts';
import { CONTEXT_URL } from '../packages/dataspace/src/index.ts';
import { atLeast, atMost } from './bars.ts';
import { percentile } from './http.ts';
import { cpuSeconds } from './proxies.ts';

const limit = {
  medianMilliseconds: 100,
  timesEdc: 10,
  firstPageMilliseconds: 50,
  page1000ToFirst: 1.5,
  idleCpuPercent: 1,
};
const negotiations = { ours: 60, traded: 20, edc: 8 };
const concurrency = 4;
const datasetsMade = 100_000;
const edcSizes = [1000, 10_000];
const [pagesTimed, edcPagesTimed] = [40, 5];
/** First what came before is put away: both runtimes collect their garbage once more. */
const calmSeconds = 60;
const [idleSeconds, patienceSeconds] = [60, 300];
const pollMilliseconds = 5;

type Json = Record<string, unknown>;
const round = (value: number, places = 1): number => Math.round(value * 10 ** places) / 10 ** places;

interface Connector {
  name: string;
  address: string;
  database: string;
  pid: number;
}

/** Begins one negotiation with a supplier, and says how it stands. */
interface Buyer extends Connector {
  begin(from: Connector, dataset: string, offer: string, terms: Json): Promise<string>;
  state(id: string): Promise<string>;
}

const tokenOf = (name: string): string => JSON.stringify({ region: 'eu', audience: '', clientId: name });

interface Told {
  name: string;
  address: string;
  url: string;
  token: string;
  product: string | null;
  database: string;
}

const heard = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = () => reject(new Error('a node of ours ended'));
    child.once('exit', ended).once('message', (told) => {
      child.off('exit', ended);
      resolve(told as T);
    });
  });

interface Node extends Buyer {
  product: string | null;
  child: ChildProcess;
  fill(count: number): Promise<unknown>;
}

const startNode = async (key: string): Promise<Node> => {
  const child = fork(join(import.meta.dirname, 'dataspace-process.ts'), [key], { stdio: 'inherit' });
  const told = await heard<Told>(child);
  const call = async (path: string, body?: Json): Promise<Json> => {
    const answer = await fetch(`${told.url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${told.token}`,
        ...(body ? { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Json;
  };
  return {
    ...told,
    child,
    pid: child.pid!,
    begin: async (from, dataset, offer, terms) => {
      const asked = { counterparty: from.name, address: from.address, dataset, offer, terms };
      return (await call('/api/dataspace/negotiations', asked)).id as string;
    },
    state: async (id) => ((await call(`/api/dataspace/processes/${id}`)).process as Json).state as string,
    fill: (count) => {
      const filled = heard(child);
      child.send(count);
      return filled;
    },
  };
};

const buyerAt = (edc: Edc, database: string): Buyer => ({
  name: edc.name,
  address: edc.address,
  database,
  pid: edc.process.pid!,
  begin: async (from, dataset, offer) => {
    const permission = [{ action: 'use' }];
    const begun = await edc.call('POST', '/contractnegotiations', {
      '@type': 'ContractRequest',
      protocol,
      counterPartyId: from.name,
      counterPartyAddress: from.address,
      policy: {
        '@context': 'http://www.w3.org/ns/odrl.jsonld',
        '@type': 'Offer',
        '@id': offer,
        assigner: from.name,
        target: dataset,
        permission,
      },
    });
    return begun['@id'] as string;
  },
  state: async (id) => (await edc.call('GET', `/contractnegotiations/${id}/state`)).state as string,
});

/** Milliseconds to FINALIZED on the buyer's side; undefined where it was terminated instead. */
const negotiate = async (buyer: Buyer, begin: () => Promise<string>): Promise<number | undefined> => {
  const begun = performance.now();
  const id = await begin();
  for (;;) {
    const state = await buyer.state(id);
    const passed = performance.now() - begun;
    if (state === 'FINALIZED') return passed;
    if (state === 'TERMINATED') return undefined;
    if (passed > patienceSeconds * 1000) throw new Error(`${buyer.name}: ${id} is ${state}`);
    await pause(pollMilliseconds);
  }
};

const timed = async (count: number, buyer: Buyer, supplier: Connector, begin: () => Promise<string>) => {
  for (let warm = 0; warm < 3; warm++) await negotiate(buyer, begin);
  let terminated = 0;
  const alone: number[] = [];
  const together: number[] = [];
  const one = async (times: number[]) => {
    const ms = await negotiate(buyer, begin);
    if (ms === undefined) terminated++;
    else times.push(ms);
  };
  for (let at = 0; at < count; at++) await one(alone);
  const [before, begun] = [cpuSeconds(buyer.pid) + cpuSeconds(supplier.pid), performance.now()];
  let left = count;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) await one(together);
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  if (alone.length === 0 || together.length === 0) throw new Error(`${buyer.name}: no negotiation was final`);
  return {
    count: 2 * count,
    terminated,
    medianMs: round(percentile(alone, 0.5)),
    p95Ms: round(percentile(alone, 0.95)),
    perSecond: round(together.length / seconds, 2),
    cpuMillisecondsEach: round(((cpuSeconds(buyer.pid) + cpuSeconds(supplier.pid) - before) * 1000) / count),
  };
};

const catalogue = async (address: string, from: string, body: Json = {}) => {
  const begun = performance.now();
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: tokenOf(from) },
    body: JSON.stringify({ '@context': [CONTEXT_URL], '@type': 'CatalogRequestMessage', ...body }),
    signal: AbortSignal.timeout(patienceSeconds * 1000),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${text}`);
  const ms = performance.now() - begun;
  return { ms, datasets: [(JSON.parse(text) as { dataset?: Json[] }).dataset ?? []].flat(), text };
};

/** Medians, asked for in turns, so that all stand in the same weather. `turn` lets each ask for what nobody has asked for before. */
const pageMs = async <Page extends string>(
  times: number,
  asks: Record<Page, (turn: number) => Promise<{ ms: number; datasets: Json[] }>>,
): Promise<Record<Page, number>> => {
  const all = Object.keys(asks).map((page) => [page as Page, [] as number[]] as const);
  for (let at = 0; at <= times; at++)
    for (const [page, found] of all) {
      const { ms, datasets } = await asks[page](at);
      if (datasets.length !== 100) throw new Error(`a page of ${datasets.length}`);
      // The first fills caches of the database.
      if (at > 0) found.push(ms);
    }
  return Object.fromEntries(all.map(([page, found]) => [page, round(percentile(found, 0.5))])) as Record<Page, number>;
};

/** CPU seconds of the sessions of a database. */
const sessionsCpu = async (admin: pg.Client, database: string): Promise<Map<number, number>> => {
  const { rows } = await admin.query<{ pid: number }>('select pid from pg_stat_activity where datname = $1', [
    database,
  ]);
  return new Map(rows.map(({ pid }) => [pid, statSeconds(pid)]));
};
const statSeconds = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
};

/** Percent of a core, of the process and of its sessions at the database. */
const idle = async (admin: pg.Client, of: Connector[]) => {
  const read = async () =>
    Promise.all(
      of.map(async ({ pid, database }) => ({ own: cpuSeconds(pid), sessions: await sessionsCpu(admin, database) })),
    );
  await pause(calmSeconds * 1000);
  const before = await read();
  await pause(idleSeconds * 1000);
  const after = await read();
  return of.map((_, at) => {
    const sessions = [...after[at]!.sessions].reduce(
      (sum, [pid, cpu]) => sum + cpu - (before[at]!.sessions.get(pid) ?? 0),
      0,
    );
    const percent = (seconds: number) => round((100 * seconds) / idleSeconds, 2);
    return { processPercent: percent(after[at]!.own - before[at]!.own), databasePercent: percent(sessions) };
  });
};

const measureOurs = async (admin: pg.Client, end: (() => Promise<unknown> | unknown)[]) => {
  const supplier = await startNode('xingsha');
  end.push(() => supplier.child.disconnect());
  const buyer = await startNode('citylogistics');
  end.push(() => buyer.child.disconnect());
  const { datasets } = await catalogue(`${supplier.address}/catalog/request`, buyer.name);
  const [{ '@id': offer, ...terms }] = datasets[0]!.hasPolicy as [Json];
  await supplier.fill(datasetsMade);
  const [full, small] = await idle(admin, [supplier, buyer]);
  const plain = await timed(negotiations.ours, buyer, supplier, () =>
    buyer.begin(supplier, 'asset-000001', 'offer-1', { permission: [{ action: 'use' }] }),
  );
  const { '@type': _, ...rules } = terms;
  const traded = await timed(negotiations.traded, buyer, supplier, () =>
    buyer.begin(supplier, supplier.product!, String(offer), rules),
  );
  const path = `${supplier.address}/catalog/request`;
  const from = (number: number) =>
    `${path}?after=${Buffer.from(`asset-${String(number).padStart(6, '0')}`).toString('base64url')}`;
  const query = (offset: number) => ({ filter: [{ '@type': 'QuerySpec', offset, limit: 100, filterExpression: [] }] });
  return {
    negotiation: plain,
    negotiationWithContract: traded,
    catalogue: {
      datasets: datasetsMade,
      ...(await pageMs(pagesTimed, {
        firstPageMs: (turn) => catalogue(from(turn), buyer.name),
        page1000Ms: (turn) => catalogue(from(datasetsMade - 100 - turn), buyer.name),
        page1000ByOffsetMs: (turn) => catalogue(path, buyer.name, query(datasetsMade - 100 - turn)),
        keptPageMs: () => catalogue(path, buyer.name),
      })),
    },
    // With the whole catalogue, and with next to none.
    idle: { full: full!, small: small! },
  };
};

const copyAssets = `insert into edc_asset select 'copy-' || n, created_at, properties::jsonb ||
    jsonb_build_object('https://w3id.org/edc/v0.0.1/ns/id', 'copy-' || n), private_properties, data_address, participant_context_id,
    dataplane_metadata
  from edc_asset, generate_series((select count(*) from edc_asset), $1::int - 1) n where asset_id = 'asset-1'`;

const measureEdc = async (
  admin: pg.Client,
  connection: pg.PoolConfig,
  folder: string,
  end: (() => Promise<unknown> | unknown)[],
  tuned: boolean,
) => {
  const wait = 'state-machine.iteration-wait-millis';
  const settings: Record<string, string> = tuned
    ? { [`edc.negotiation.consumer.${wait}`]: '50', [`edc.negotiation.provider.${wait}`]: '50' }
    : {};
  const [supplier, buyer] = await Promise.all(
    ['supplier', 'buyer'].map(async (role) => {
      const name = `edc_${role}${tuned ? '_tuned' : ''}`;
      await admin.query(`create database ${name}`);
      const database = { ...connection, database: name };
      const edc = await startEdc({ name: `urn:example:${name}`, database, folder: join(folder, name), settings });
      end.push(edc.end);
      return { ...buyerAt(edc, name), edc };
    }),
  );
  await offerAll(supplier!.edc);
  await addAsset(supplier!.edc, 'asset-1', 'http://127.0.0.1:9/');
  const path = `${supplier!.address}/catalog/request`;
  const { datasets } = await catalogue(path, buyer!.name);
  const [offered] = [datasets[0]!.hasPolicy].flat() as Json[];
  const [rest] = tuned ? [undefined] : await idle(admin, [buyer!]);
  const negotiation = await timed(negotiations.edc, buyer!, supplier!, () =>
    buyer!.begin(supplier!, 'asset-1', String(offered!['@id']), {}),
  );
  const pages: Json[] = [];
  const client = new pg.Client({ ...connection, database: supplier!.database } as pg.ClientConfig);
  await client.connect();
  for (const size of tuned ? [] : edcSizes) {
    await client.query(copyAssets, [size]);
    await client.query('vacuum analyze edc_asset');
    const query = (offset: number) => ({
      filter: [{ '@type': 'QuerySpec', offset, limit: 100, filterExpression: [] }],
    });
    const context = { '@context': [CONTEXT_URL, 'https://w3id.org/edc/dspace/v0.0.1'] };
    const ask = (offset: number) => () => catalogue(path, buyer!.name, { ...context, ...query(offset) });
    pages.push({
      datasets: size,
      ...(await pageMs(edcPagesTimed, { firstPageMs: ask(0), lastPageMs: ask(size - 100) })),
    });
  }
  await client.end();
  await Promise.all([supplier!.edc.end(), buyer!.edc.end()]);
  return { negotiation, ...(tuned ? {} : { catalogue: pages, idle: rest }) };
};

export const run = async (): Promise<object> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-bench-'));
  const end: (() => Promise<unknown> | unknown)[] = [];
  try {
    const log = pino({ level: 'silent' });
    const server = await startPostgres({ dataDirectory: join(folder, 'postgres'), log, durability: 'full' });
    end.push(() => server.stop());
    const { host, port, user } = server.connection;
    process.env.SHUGU_TEST_DATABASE_URL = `postgres://${user}@localhost:${port}/postgres?host=${encodeURIComponent(host!)}`;
    const admin = new pg.Client({ ...server.connection, database: 'postgres' } as pg.ClientConfig);
    await admin.connect();
    end.push(() => admin.end());
    end.push(await setup());
    const ours = await measureOurs(admin, end);
    const missing = await missingEdc();
    const edc = missing ? undefined : await measureEdc(admin, server.connection, folder, end, false);
    const quick = missing ? undefined : await measureEdc(admin, server.connection, folder, end, true);
    const { medianMs, perSecond } = ours.negotiation;
    const cpuAtRest = ({ processPercent, databasePercent }: (typeof ours.idle)['full']) =>
      round(processPercent + databasePercent, 2);
    const page1000ToFirst = round(ours.catalogue.page1000Ms / ours.catalogue.firstPageMs, 2);
    return {
      bench: 'dataspace',
      limit,
      negotiationsTogether: concurrency,
      ours,
      ...(edc ? { edc: { version, ...edc, waiting50Ms: quick } } : { skipped: { edc: missing } }),
      ratios: {
        page1000ToFirst,
        page1000ByOffsetToFirst: round(ours.catalogue.page1000ByOffsetMs / ours.catalogue.firstPageMs, 2),
        ...(edc && quick
          ? {
              medianOfEdc: round(edc.negotiation.medianMs / medianMs),
              perSecondToEdc: round(perSecond / edc.negotiation.perSecond),
              // With a contract and money held, of which EDC knows nothing.
              perSecondWithContractToEdc: round(ours.negotiationWithContract.perSecond / edc.negotiation.perSecond),
              medianOfEdcWaiting50Ms: round(quick.negotiation.medianMs / medianMs),
              perSecondToEdcWaiting50Ms: round(perSecond / quick.negotiation.perSecond),
            }
          : {}),
      },
      bars: {
        medianMilliseconds: atMost(medianMs, limit.medianMilliseconds),
        ...(edc ? { timesEdc: atLeast(round(perSecond / edc.negotiation.perSecond), limit.timesEdc) } : {}),
        firstPageMilliseconds: atMost(ours.catalogue.firstPageMs, limit.firstPageMilliseconds),
        page1000ToFirst: atMost(page1000ToFirst, limit.page1000ToFirst),
        idleCpuPercent: atMost(Math.max(...Object.values(ours.idle).map(cpuAtRest)), limit.idleCpuPercent),
      },
    };
  } finally {
    delete process.env.SHUGU_TEST_DATABASE_URL;
    for (const one of end.reverse()) await one();
    await rm(folder, { recursive: true, force: true });
  }
};
