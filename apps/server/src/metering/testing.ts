/** For tests only: metering on a real kernel, database and folder; uses are appended as a gateway would. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Meter, Use } from '@shugu/gateway';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import type { SimulatedClock } from '../kernel/clock.ts';
import { readConfig } from '../kernel/config.ts';
import type { Tx } from '../kernel/db/db.ts';
import { migratedDatabase } from '../kernel/db/testing.ts';
import { type Principal, systemActor } from '../kernel/http/principal.ts';
import { makeHttp } from '../kernel/http/server.ts';
import { newId } from '../kernel/ids.ts';
import { type Kernel, openKernel } from '../kernel/kernel.ts';
import { rateLimit } from '../kernel/limits.ts';
import { type MeteredGrant, type Metering, makeMetering, permissions } from './index.ts';

export const start = new Date('2026-07-01T02:00:00Z');

const person = (id: string, participant: string, roles: string[], seats: string[]): Principal => ({
  kind: 'person',
  id,
  name: id,
  participant,
  roles: new Set(roles),
  permissions: new Set(
    Object.entries(permissions).flatMap(([name, rule]) =>
      rule.roles.some((role) => roles.includes(role)) && rule.seats.some((seat) => seats.includes(seat)) ? [name] : [],
    ),
  ),
  language: 'zh',
});

export const people = {
  supplier: person('per_supplier', 'org_supplier', ['productSupplier'], ['trader']),
  buyer: person('per_buyer', 'org_buyer', ['demander'], ['trader']),
  stranger: person('per_stranger', 'org_stranger', ['demander'], ['trader']),
  settlement: person('per_settlement', 'org_operator', ['operator'], ['settlement']),
  both: person('per_both', 'org_operator', ['operator'], ['settlement', 'settlementApprover']),
  approver: person('per_approver', 'org_operator', ['operator'], ['settlementApprover']),
} satisfies Record<string, Principal>;
export type Who = keyof typeof people;

// biome-ignore lint/suspicious/noExplicitAny: answers of many routes, looked at by tests
type Answer = any;

export interface MeteringRig {
  kernel: Kernel;
  metering: Metering;
  /** Sealed segments of the source. */
  segments: string;
  call(
    who: Who | '',
    method: 'GET' | 'POST',
    path: string,
    payload?: object,
  ): Promise<{ status: number; body: Answer }>;
  as<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  grant(more?: Partial<MeteredGrant>): Promise<MeteredGrant>;
  /** Appends one use of a grant, to the node's own meter unless another is named; its id. */
  use(grant: MeteredGrant, more?: Partial<Use>, meter?: Meter): Promise<string>;
  tick(): Promise<number>;
  moveTo(at: Date): void;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export const openMeteringRig = async (): Promise<MeteringRig> => {
  const fresh = await migratedDatabase('metering');
  const home = mkdtempSync(join(tmpdir(), 'shugu-metering-'));
  const log = pino({ level: process.env.SHUGU_TEST_LOG ?? 'silent' });
  const kernel = await openKernel({
    config: readConfig({}, { home, clock: start.toISOString() }),
    log,
    roomOrder: ['metering'],
    postgres: { connection: fresh.connection, kind: 'external', version: '', attached: false, stop: async () => {} },
    address: () => 'https://exchange.example.cn',
  });
  const { database, clock, objects, keys, publicLog } = kernel;
  const startRoom = async () => {
    const metering = makeMetering({ database, clock, objects, keys, publicLog, suite: 'intl', node: 'hn' });
    await metering.beforeListen();
    const http: FastifyInstance = makeHttp({
      routes: metering.routes,
      database,
      seal: kernel.seal,
      log,
      authenticate: async (token) => people[token.replace(/-token$/, '') as Who],
      checkReplies: true,
      perSource: rateLimit(10_000, 10_000),
    });
    return { metering, http };
  };
  let room = await startRoom();
  let count = 0;
  const as: MeteringRig['as'] = (run) => database.tx(systemActor('test'), run);
  return {
    kernel,
    get metering() {
      return room.metering;
    },
    segments: join(home, 'objects', 'segments', 'hn-gateway-1'),
    call: async (who, method, path, payload) => {
      const reply = await room.http.inject({
        method,
        url: path,
        headers: {
          ...(who ? { authorization: `Bearer ${who}-token` } : {}),
          ...(method === 'POST' ? { 'idempotency-key': `key-${++count}-000000` } : {}),
        },
        ...(payload ? { payload } : {}),
      });
      return { status: reply.statusCode, body: reply.json() };
    },
    as,
    grant: async (more = {}) => {
      const grant: MeteredGrant = {
        id: newId('grt', clock.now()),
        supplier: 'org_supplier',
        buyer: 'org_buyer',
        contract: newId('con', clock.now()),
        product: newId('prd', clock.now()),
        productVersion: newId('ver', clock.now()),
        timeZone: 'Asia/Shanghai',
        quotas: [{ metric: 'calls', period: 'day', limit: 10 }],
        trial: false,
        ...more,
      };
      await as((tx) => room.metering.registerGrant(tx, grant));
      return grant;
    },
    use: async (grant, more = {}, meter = room.metering.meter()) => {
      const at = clock.now().getTime();
      const use = newId('use', new Date(at));
      await meter.append({
        use,
        grant: `${grant.id}.api`,
        contract: grant.contract ?? '',
        product: grant.product,
        tenancy: { node: 'hn', market: 'main', participant: grant.supplier },
        at,
        driver: 'api',
        action: 'use',
        policy: 'p'.repeat(64),
        status: 'complete',
        units: { calls: 1, rows: 2, bytes: 100 },
        latencyMs: 1,
        ...more,
      });
      return use;
    },
    tick: async () => {
      let total = 0;
      for (const { run } of room.metering.ticks) total += await run(clock.now());
      return total;
    },
    moveTo: (at) => (clock as SimulatedClock).moveTo(at),
    restart: async () => {
      await room.http.close();
      await room.metering.close();
      room = await startRoom();
    },
    close: async () => {
      await room.http.close();
      await room.metering.close();
      await kernel.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
};
