/** A small market for this room's tests: real kernel (keys, log, papers), real catalogue, resources in a table of the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Text } from '@shugu/wire';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import {
  type Catalogue,
  permissions as cataloguePermissions,
  makeCatalogue,
  type ResourceDescription,
} from '../catalogue/index.ts';
import type { SimulatedClock } from '../kernel/clock.ts';
import { readConfig } from '../kernel/config.ts';
import { type Reader, sql, type Tx } from '../kernel/db/db.ts';
import { migratedDatabase } from '../kernel/db/testing.ts';
import { actorOf, type PermissionTable, type Principal } from '../kernel/http/principal.ts';
import { makeHttp } from '../kernel/http/server.ts';
import { type Kernel, openKernel } from '../kernel/kernel.ts';
import { rateLimit } from '../kernel/limits.ts';
import { sharedPress } from '../kernel/paper/testing.ts';
import { kernelProblems } from '../kernel/problem.ts';
import { type Agreements, type BasisItem, type ContractDraft, makeAgreements, readAuthorities } from './index.ts';
import { permissions } from './permissions.ts';

export const resourceId = 'res_01k9f3t6zq8m4x2v7b5n1c0d9e';
export const start = new Date('2026-07-01T02:00:00Z');
/** Ends the right to operate, and with it every contract. */
export const rightUntil = new Date('2028-06-30T16:00:00Z');
const url = 'https://exchange.example.cn';

const holds = (tables: PermissionTable[], roles: string[], seats: string[]): Set<string> =>
  new Set(
    tables
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
  permissions: holds([permissions, cataloguePermissions], roles, seats),
  language: 'zh',
});

/** Who may knock, by token. */
export const people = {
  supplier: person('per_supplier', 'org_supplier', ['productSupplier'], ['trader', 'steward']),
  supplierSteward: person('per_steward', 'org_supplier', ['productSupplier'], ['steward']),
  buyer: person('per_buyer', 'org_buyer', ['demander'], ['trader']),
  stranger: person('per_stranger', 'org_stranger', ['demander', 'productSupplier'], ['trader', 'administrator']),
  reviewer: person('per_reviewer', 'org_operator', ['operator'], ['reviewer']),
  both: person('per_both', 'org_operator', ['operator'], ['reviewer', 'approver']),
  approver: person('per_approver', 'org_operator', ['operator'], ['approver']),
  officer: person('per_officer', 'org_regulator', ['regulator'], ['officer']),
} satisfies Record<string, Principal>;
export type Who = keyof typeof people;

const names: Record<string, [name: string, creditCode: string]> = {
  org_supplier: ['示例物流数据有限公司', '91430100MA00000011'],
  org_buyer: ['示例商业银行股份有限公司', '91430100MA00000022'],
  org_operator: ['示例数据交易所', '91430100MA00000033'],
};

const resourceRow = async (read: Reader, id: string): Promise<ResourceDescription | undefined> =>
  (await read.first<{ about: ResourceDescription }>(sql`select about from test_resources where id = ${id}`))?.about;

const resource: ResourceDescription = {
  id: resourceId,
  participant: 'org_supplier',
  name: 'trucks',
  state: 'profiled',
  columns: [
    { name: 'plate', type: 'VARCHAR', title: '车牌', sensitivity: 'personal' },
    { name: 'mileage', type: 'DECIMAL(10,1)', title: '里程', unit: 'km' },
  ],
  rowCount: 1200,
  bytes: 4096,
  quality: null,
  objects: { original: `sha256:${'a'.repeat(64)}`, normal: `sha256:${'b'.repeat(64)}` },
};

export interface Market {
  kernel: Kernel;
  http: FastifyInstance;
  catalogue: Catalogue;
  agreements: Agreements;
  /** What the market says the product stands on; undefined: the report of `draftFor`. */
  setStanding(items: BasisItem[] | undefined): void;
  /** Why files cannot carry a watermark. */
  setUnmarkable(faults: Text[]): void;
  /** Ends or shortens the right to operate. */
  setRight(until: Date | undefined): void;
  moveTo(at: Date): void;
  as<T>(who: Who | 'system', run: (tx: Tx) => Promise<T>): Promise<T>;
  call(
    who: Who | '',
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    payload?: object | Buffer,
  ): Promise<{ status: number; body: Answer; text: string }>;
  /** A version ready to be sold; its product. */
  version(): Promise<{ product: string; version: string }>;
  close(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of many routes, looked at by tests
type Answer = any;

/** `authorities`: as the setting of that name, a file. */
export const openMarket = async ({ authorities = '' } = {}): Promise<Market> => {
  const fresh = await migratedDatabase('catalogue', 'agreements');
  const home = mkdtempSync(join(tmpdir(), 'shugu-agreements-'));
  const log = pino({ level: process.env.SHUGU_TEST_LOG ?? 'silent' });
  const kernel = await openKernel({
    config: readConfig({}, { home, clock: start.toISOString() }),
    log,
    roomOrder: ['catalogue', 'agreements'],
    postgres: { connection: fresh.connection, kind: 'external', version: '', attached: false, stop: async () => {} },
    press: sharedPress,
    address: () => url,
  });
  const { database, keys, issue, objects, clock } = kernel;
  await database.pool.query('create table test_resources (id text primary key, about jsonb not null)');
  await database.pool.query('insert into test_resources values ($1, $2)', [resourceId, JSON.stringify(resource)]);
  let right: Date | undefined = rightUntil;
  let standing: BasisItem[] | undefined;
  let unmarkable: Text[] = [];
  const organisation = async (_read: Reader, id: string) => {
    const [name, creditCode] = names[id] ?? [id, '91430100MA00000099'];
    return { id, name, creditCode };
  };
  const catalogue = makeCatalogue({
    resources: { resource: resourceRow, sample: async () => ({ columns: [], rows: [] }) },
    operatingRight: async (_read, _participant, _resource, at) =>
      right && right > at ? { certificateCode: 'SJ99-0001', until: right } : undefined,
    organisations: { organisation },
    publicUrl: () => url,
    operatorName: async () => '示例数据交易所',
    now: () => clock.now(),
    database,
    privateSources: [],
  });
  const agreements = makeAgreements({
    database,
    catalogue,
    objects,
    issue,
    suite: 'intl',
    signerFor: (tx, participant) => keys.signer(tx, participant, 'signature'),
    organisations: { organisation },
    operator: async () => ({ id: 'org_operator', name: '示例数据交易所' }),
    authorities: await readAuthorities(authorities),
    unmarkable: async () => unmarkable,
    standing: async (_read, productVersion) => standing ?? draftFor(productVersion).basis,
    checkPrice: (price) =>
      (price as { unit?: unknown }).unit
        ? undefined
        : kernelProblems.invalid({ field: 'body.terms.price', detail: 'no unit price' }),
    priceText: (price) => ({ zh: `价格方案 ${JSON.stringify(price)}`, en: `plan ${JSON.stringify(price)}` }),
  });
  const http = makeHttp({
    routes: [...catalogue.routes, ...agreements.routes],
    database,
    seal: kernel.seal,
    log,
    authenticate: async (token) => people[token.replace(/-token$/, '') as Who],
    checkReplies: true,
    perSource: rateLimit(10_000, 10_000),
  });
  let count = 0;
  const call: Market['call'] = async (who, method, path, payload) => {
    const reply = await http.inject({
      method,
      url: path,
      headers: {
        ...(who ? { authorization: `Bearer ${who}-token` } : {}),
        ...(method === 'POST' ? { 'idempotency-key': `key-${++count}-000000` } : {}),
        ...(Buffer.isBuffer(payload) ? { 'content-type': 'application/octet-stream' } : {}),
      },
      ...(payload ? { payload } : {}),
    });
    const isJson = /json/.test(String(reply.headers['content-type']));
    return { status: reply.statusCode, body: isJson ? reply.json() : undefined, text: reply.payload };
  };
  return {
    kernel,
    http,
    catalogue,
    agreements,
    call,
    setUnmarkable: (faults) => {
      unmarkable = faults;
    },
    setStanding: (items) => {
      standing = items;
    },
    setRight: (until) => {
      right = until;
    },
    moveTo: (at) => (clock as SimulatedClock).moveTo(at),
    as: (who, run) =>
      database.tx(
        who === 'system' ? { kind: 'system', id: 'system:test', participant: '' } : actorOf(people[who]),
        run,
      ),
    version: async () => {
      const product = (await call('supplier', 'POST', '/api/products', productFields)).body.id;
      const version = (await call('supplier', 'POST', `/api/products/${product}/versions`, {})).body.id;
      return { product, version };
    },
    close: async () => {
      await http.close();
      await kernel.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
};

const productFields = {
  kind: 'dataset',
  name: '货车运行指数',
  summary: '全省货运车辆的月度运行情况',
  description: '',
  resources: [resourceId],
  industry: 'G54',
  region: '430000',
  keywords: [],
  scenarios: [],
  deliveryModes: ['file', 'api'],
  updateCycle: 'monthly',
  coverageFrom: null,
  coverageUntil: null,
  language: 'zh',
};

/** Internal use, a thousand calls in total, no redistribution. */
export const policy = {
  '@type': 'Offer',
  permission: [{ action: 'use', constraint: [{ leftOperand: 'count', operator: 'lteq', rightOperand: '1000' }] }],
  prohibition: [{ action: 'distribute' }],
};

export const draftFor = (productVersion: string, more: Partial<ContractDraft> = {}): ContractDraft => ({
  kind: 'provision',
  productVersion,
  buyer: 'org_buyer',
  terms: {
    policy,
    price: { model: 'perCall', unit: '0.0450' },
    settlementWay: 'custody',
    acceptanceDays: 10,
    dispute: { forum: 'court', body: '示例市人民法院' },
    tax: { rate: '0.06', included: true },
    until: '2027-06-30T16:00:00Z',
  },
  basis: [{ kind: 'complianceReport', reference: 'HG-0001', subject: '', until: '2027-12-31T16:00:00Z' }],
  agreed: false,
  ...more,
});
