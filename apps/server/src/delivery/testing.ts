/** For tests only: metering and delivery on a real kernel, database, folder and socket; versions from a table of the test. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, odrlFrom, type Plan, parsePolicy, type TermsInput } from '@shugu/policy';
import type { FastifyInstance } from 'fastify';
import type { PoolConfig } from 'pg';
import pino from 'pino';
import type { SimulatedClock } from '../kernel/clock.ts';
import { type Config, readConfig } from '../kernel/config.ts';
import type { Tx } from '../kernel/db/db.ts';
import { migratedDatabase } from '../kernel/db/testing.ts';
import { actorOf, type PermissionTable, type Principal, systemActor } from '../kernel/http/principal.ts';
import { makeHttp } from '../kernel/http/server.ts';
import { newId } from '../kernel/ids.ts';
import { makeJobs } from '../kernel/jobs.ts';
import { type Kernel, openKernel } from '../kernel/kernel.ts';
import { rateLimit } from '../kernel/limits.ts';
import { sharedPress } from '../kernel/paper/testing.ts';
import { makeTicker } from '../kernel/ticker.ts';
import { tracesSettings } from '../kernel/tracing.ts';
import { type Metering, makeMetering, permissions as meteringPermissions } from '../metering/index.ts';
import { ingestFile } from '../registry/ingest/ingest.ts';
import { buildTableStore } from '../registry/ingest/tablestore.ts';
import { type DeliverableVersion, type Delivery, type GrantDraft, makeDelivery, permissions } from './index.ts';

export const start = new Date('2026-07-01T02:00:00Z');
const until = new Date('2027-06-30T16:00:00Z');

const holds = (roles: string[], seats: string[]): Set<string> =>
  new Set(
    ([permissions, meteringPermissions] as PermissionTable[])
      .flatMap((table) => Object.entries(table))
      .flatMap(([name, rule]) =>
        rule.roles.some((role) => roles.includes(role)) && rule.seats.some((seat) => seats.includes(seat))
          ? [name]
          : [],
      ),
  );

const person = (id: string, participant: string, roles: string[], seats: string[]): Principal => ({
  kind: 'person',
  id,
  name: id,
  participant,
  roles: new Set(roles),
  permissions: holds(roles, seats),
  language: 'zh',
});

/** Who may knock, by token. */
export const people = {
  supplier: person('per_supplier', 'org_supplier', ['productSupplier'], ['trader', 'steward']),
  buyer: person('per_buyer', 'org_buyer', ['demander'], ['trader', 'developer']),
  stranger: person('per_stranger', 'org_stranger', ['demander', 'productSupplier'], ['trader', 'administrator']),
  operator: person('per_operator', 'org_operator', ['operator'], ['settlement']),
  both: person('per_both', 'org_operator', ['operator'], ['settlement', 'settlementApprover']),
  approver: person('per_approver', 'org_operator', ['operator'], ['settlementApprover']),
  reviewer: person('per_reviewer', 'org_operator', ['operator'], ['reviewer']),
  administrator: person('per_administrator', 'org_operator', ['operator'], ['systemAdministrator']),
  officer: person('per_officer', 'org_regulator', ['regulator'], ['officer']),
} satisfies Record<string, Principal>;
export type Who = keyof typeof people;

/** Any use, without limits but those given. */
export const planOf = (terms: Partial<TermsInput> = {}): Plan => {
  const parsed = parsePolicy(odrlFrom({ actions: ['use'], ...terms }));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const compiled = compile(parsed.policy);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.plan;
};

// biome-ignore lint/suspicious/noExplicitAny: answers of many routes, looked at by tests
export type Answer = any;

export interface Rig {
  kernel: Kernel;
  metering: Metering;
  delivery: Delivery;
  origin: string;
  version: DeliverableVersion;
  call(who: Who | '', method: string, path: string, payload?: object): Promise<{ status: number; body: Answer }>;
  /** Through the gateway, with a key of a grant. */
  use(path: string, key: string, headers?: Record<string, string>): Promise<Response>;
  as<T>(who: Who | 'system', run: (tx: Tx) => Promise<T>): Promise<T>;
  /** Opens a grant of the rig's version and runs the jobs it needs. */
  grant(plan: Plan, kinds: GrantDraft['drivers'], more?: Partial<GrantDraft>): Promise<string>;
  key(grant: string): Promise<string>;
  settle(): Promise<void>;
  moveTo(at: Date): void;
  /** Ends the rooms and the socket and starts them again on the same database and folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export const csvRows = 60;
export const apiDraft = {
  kind: 'api' as const,
  table: 'trucks',
  keyColumns: ['plate'],
  filterColumns: ['city'],
  answerColumns: ['plate', 'city', 'score'],
};

const makeVersion = async (kernel: Kernel, home: string): Promise<DeliverableVersion> => {
  const lines = Array.from(
    { length: csvRows },
    (_, at) => `湘A${10_000 + at},${at % 2 ? '长沙' : '株洲'},${60 + at},车主${at}`,
  );
  const path = join(home, 'trucks.csv');
  writeFileSync(path, `plate,city,score,owner\n${lines.join('\n')}\n`);
  const folder = join(home, 'objects', 'normal', 'trucks');
  const schema = await ingestFile({ path, folder, format: 'csv' });
  const original = await kernel.objects.put(Buffer.from(`plate,city,score,owner\n${lines.join('\n')}\n`));
  const normal = {
    name: 'trucks.parquet',
    contentType: 'application/vnd.apache.parquet',
    ...(await kernel.objects.put(readFileSync(join(folder, schema.normal.file)))),
  };
  const large = await kernel.objects.put(Buffer.alloc(12 * 2 ** 20, 'x'));
  const columns = ['plate', 'city', 'score', 'owner'].map((name) => ({ name }));
  return {
    id: newId('ver', start),
    product: newId('prd', start),
    productName: '货车运行指数',
    participant: 'org_supplier',
    createdAt: start,
    serviceLevels: null,
    deliveryModes: ['api', 'file', 'proxy', 'query', 'share'],
    tables: [
      {
        name: 'trucks',
        columns,
        cells: [],
        rowCount: csvRows,
        original: { name: '货车 2026.csv', ...original, contentType: 'text/csv' },
        normal: {
          name: 'trucks.parquet',
          digest: `sha256:${schema.normal.digest}`,
          bytes: schema.normal.bytes,
          contentType: 'application/vnd.apache.parquet',
          folder,
        },
        data: normal,
        newest: { ...normal, columns: schema.columns },
      },
      {
        name: 'large',
        columns,
        cells: [],
        rowCount: null,
        original: { name: 'large.bin', ...large, contentType: 'application/octet-stream' },
        normal: null,
        data: null,
        newest: null,
      },
    ],
  };
};

/**
 * `make`: of other data than the small table of lorries. `gateways`: seconds of grace and of a slice. `place`: where everything
 * stands that must outlive the rig, for processes that are killed.
 */
export const openRig = async ({
  make = makeVersion,
  gateways = { grace: 10, slice: 60 },
  push = { folder: '', addresses: [] },
  place,
  settings = {},
}: {
  make?: typeof makeVersion;
  gateways?: { grace: number; slice: number };
  push?: {
    folder: string;
    addresses: string[];
    pace?: { turnMs?: number; rowsPerPiece?: number; testOnlySabotage?: 'noteAfter' };
  };
  place?: { home: string; connection: PoolConfig };
  settings?: Partial<Config>;
} = {}): Promise<Rig> => {
  const { connection } = place ?? (await migratedDatabase('metering', 'delivery'));
  const home = place?.home ?? mkdtempSync(join(tmpdir(), 'shugu-delivery-'));
  const log = pino({ level: process.env.SHUGU_TEST_LOG ?? 'silent' });
  let origin = '';
  const kernel = await openKernel({
    config: readConfig({}, { home, clock: start.toISOString(), ...settings }),
    log,
    roomOrder: ['metering', 'delivery'],
    postgres: { connection, kind: 'external', version: '', attached: false, stop: async () => {} },
    press: sharedPress,
    address: () => origin,
  });
  const { database, clock, objects, keys, publicLog, seal } = kernel;
  const version = await make(kernel, home);

  const startRooms = async () => {
    const metering = makeMetering({ database, clock, objects, keys, publicLog, suite: 'intl', node: 'hn' });
    const delivery = makeDelivery({
      database,
      clock,
      log,
      objects,
      seal,
      metering,
      publicUrl: () => origin,
      planOf: async () => undefined,
      node: 'hn',
      suite: 'intl',
      keys,
      publicLog,
      gatewayGraceSeconds: gateways.grace,
      gatewaySliceSeconds: gateways.slice,
      privateUpstreams: '127.0.0.1:1',
      traces: tracesSettings(kernel.config),
      pushFolder: push.folder,
      ...(push.pace ? { pushPace: push.pace } : {}),
      privateDestinations: push.addresses,
      version: async (_read, id) => (id === version.id ? version : undefined),
      displayNames: async (_read, ids) => new Map(ids.map((id) => [id, `名称${id}`])),
      buildTableStore,
      // The data of these rigs comes from the tests themselves.
      intake: {
        resource: async () => undefined,
        newestContent: async () => undefined,
        pathFor: async (upload) => join(home, upload),
        takeIn: async () => {
          throw new Error('no registry');
        },
      },
    });
    const http: FastifyInstance = makeHttp({
      routes: [...metering.routes, ...delivery.routes],
      database,
      seal,
      log,
      authenticate: async (token, language) =>
        (await delivery.authenticateGateway(token, language)) ?? people[token.replace(/-token$/, '') as Who],
      checkReplies: true,
      perSource: rateLimit(10_000, 10_000),
    });
    await delivery.mount(http);
    await metering.beforeListen();
    await delivery.beforeListen();
    await http.listen({ host: '127.0.0.1', port: 0 });
    origin = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`;
    const stop = async () => {
      await http.close();
      await delivery.close();
      await metering.close();
    };
    const jobs = makeJobs({ database, clock, handlers: delivery.jobs, log, alone: true });
    const ticker = makeTicker({ ticks: [...metering.ticks, ...delivery.ticks], now: () => clock.now(), log });
    return { metering, delivery, stop, jobs, ticker };
  };
  let rooms = await startRooms();
  let count = 0;

  const call: Rig['call'] = async (who, method, path, payload) => {
    const reply = await fetch(origin + path, {
      method,
      headers: {
        ...(who ? { authorization: `Bearer ${who}-token` } : {}),
        ...(method === 'POST' ? { 'idempotency-key': `key-${++count}-000000` } : {}),
        ...(payload ? { 'content-type': 'application/json' } : {}),
      },
      ...(payload ? { body: JSON.stringify(payload) } : {}),
    });
    return { status: reply.status, body: await reply.json() };
  };
  const settle = async () => {
    for (let done = 1; done > 0; ) done = (await rooms.jobs.drain()) + (await rooms.ticker.runAll(clock.now()));
    await publicLog.sequence();
  };
  const as: Rig['as'] = (who, run) => database.tx(who === 'system' ? systemActor('test') : actorOf(people[who]), run);
  return {
    kernel,
    version,
    get metering() {
      return rooms.metering;
    },
    get delivery() {
      return rooms.delivery;
    },
    get origin() {
      return origin;
    },
    call,
    use: (path, key, headers) => fetch(origin + path, { headers: { authorization: `Bearer ${key}`, ...headers } }),
    as,
    settle,
    moveTo: (at) => (clock as SimulatedClock).moveTo(at),
    grant: async (plan, drivers, more = {}) => {
      const id = await as('system', (tx) =>
        rooms.delivery.openGrant(tx, {
          contract: newId('con', tx.now),
          order: null,
          product: version.product,
          productName: version.productName,
          version: version.id,
          supplier: 'org_supplier',
          buyer: 'org_buyer',
          plan,
          policyHash: plan.policyHash,
          from: tx.now,
          until,
          drivers,
          ...more,
        }),
      );
      await settle();
      return id;
    },
    key: async (grant) => (await call('buyer', 'POST', `/api/grants/${grant}/keys`, { name: '测试' })).body.secret,
    restart: async () => {
      await rooms.stop();
      rooms = await startRooms();
    },
    close: async () => {
      await rooms.stop();
      await kernel.close();
      if (!place) rmSync(home, { recursive: true, force: true });
    },
  };
};
