/** For tests only: members and settlement behind the real HTTP door, a real kernel, a fresh database, the real bank simulator. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BankClient } from '@shugu/bank/client';
import { makeClient, ProblemError } from '@shugu/wire';
import * as memberWire from '@shugu/wire/members';
import pino from 'pino';
import { loadCalendar } from '../kernel/calendar/load.ts';
import { makeCases, makeStepLog } from '../kernel/case/index.ts';
import type { SimulatedClock } from '../kernel/clock.ts';
import { readConfig } from '../kernel/config.ts';
import { type Database, sql, type Tx } from '../kernel/db/db.ts';
import { migratedDatabase } from '../kernel/db/testing.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { makeHttp } from '../kernel/http/server.ts';
import { newId, newSecret } from '../kernel/ids.ts';
import { type Kernel, openKernel } from '../kernel/kernel.ts';
import { rateLimit } from '../kernel/limits.ts';
import { sharedPress } from '../kernel/paper/testing.ts';
import { loadRulePacks } from '../kernel/rulepack/rulebook.ts';
import { makeMembers, membersPermissions } from '../members/index.ts';
import { type SeededCast, seedCast } from '../members/testing.ts';
import { makeSettlement, type Settlement, settlementPermissions } from './index.ts';

const settleMsMax = 30_000;
const source = join(import.meta.dirname, '..');

export type Client = ReturnType<typeof makeClient>;

export interface TestServer {
  url: string;
  kernel: Kernel;
  database: Database;
  settlement: Settlement;
  clock: SimulatedClock;
  cast: SeededCast;
  /** Organisation of the cast by key. */
  org(key: string): string;
  as(login: string): Promise<Client>;
  /** A file by GET. */
  bytes(login: string, path: string): Promise<{ status: number; body: Buffer }>;
  tx<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  bank(): BankClient;
  /** Passes at the bank until nothing is left to do. */
  settle(): Promise<void>;
  nextDay(): Promise<void>;
  newOrder(): string;
  events(type: string): Promise<{ subject: string; data: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

export const startSettlementServer = async (options: { simulatorArguments?: string[] } = {}): Promise<TestServer> => {
  const { connection } = await migratedDatabase('members', 'settlement');
  const home = await mkdtemp(join(tmpdir(), 'settlement-'));
  const log = pino({ level: process.env.SHUGU_TEST_LOG ?? 'silent' });
  let url = '';
  const config = readConfig({}, { home, clock: '2026-03-02T01:00:00Z', keySecret: 'settlement-tests' });
  const kernel = await openKernel({
    config,
    log,
    roomOrder: ['members', 'settlement'],
    postgres: { connection, kind: 'external', version: 'test', attached: false, stop: async () => undefined },
    press: sharedPress,
    address: () => url,
  });
  const { database, seal, objects } = kernel;
  const clock = kernel.clock as SimulatedClock;
  const ruleBook = await loadRulePacks(join(source, '../../../rulepacks'));
  const cases = makeCases({
    ruleBook,
    calendar: await loadCalendar(),
    now: clock.now,
    seal,
    stepLog: makeStepLog({ keys: kernel.keys, publicLog: kernel.publicLog, suite: config.suite }),
  });
  const members = makeMembers({
    database,
    seal,
    objects,
    cases,
    now: clock.now,
    permissionTables: [membersPermissions, settlementPermissions],
    settings: { setupToken: 'x', sessionHours: 9000, loginTriesPerMinute: 1000, publicUrl: () => url },
  });
  const settlement = makeSettlement({
    database,
    now: clock.now,
    log,
    issue: kernel.issue,
    objects,
    ruleBook,
    calendar: cases.calendar,
    serve: cases.serve,
    organisations: members,
    bank: { home, url: '', key: '', ...options },
    callbackBase: () => url,
  });
  const app = makeHttp({
    routes: [...members.routes, ...settlement.routes!],
    database,
    seal,
    log,
    authenticate: members.authenticate,
    checkReplies: true,
    perSource: rateLimit(10_000, 10_000),
  });
  const cast = await database.tx(systemActor('test'), (tx) => seedCast(tx, seal));
  await settlement.mount(app);
  await settlement.beforeListen();
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  const client = (token?: string): Client => makeClient({ url, token, newKey: () => newSecret() });
  const tokens = new Map<string, string>();
  const tokenOf = async (login: string): Promise<string> => {
    const { token } = await client().call(memberWire.signIn, { body: { login, password: cast.password } });
    tokens.set(login, token);
    return token;
  };
  // A loaded machine makes the bank slow: at rest is only what has nothing under way.
  const settle = async () => {
    const deadline = performance.now() + settleMsMax;
    for (;;) {
      const done = await settlement.runDesk();
      const { open } = await database.one<{ open: number }>(sql`select
        (select count(*)::int from bank_instructions where finished_at is null) +
        (select count(*)::int from settlement_accounts where state = 'opening') as open`);
      if (done === 0 && open === 0) return;
      if (performance.now() > deadline) throw new Error('the desk does not come to rest');
    }
  };
  return {
    url,
    kernel,
    database,
    settlement,
    clock,
    cast,
    org: (key) => cast.organisations[key]!,
    as: async (login) => client(tokens.get(login) ?? (await tokenOf(login))),
    bytes: async (login, path) => {
      const token = tokens.get(login) ?? (await tokenOf(login));
      const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
      return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
    },
    tx: (run) => database.tx(systemActor('test'), run),
    bank: () => settlement.bank()!.client(),
    settle,
    nextDay: async () => {
      clock.moveTo(new Date(clock.now().getTime() + 86_400_000));
      await settle();
      for (const tick of settlement.ticks!) await tick.run(clock.now());
    },
    newOrder: () => newId('ord', clock.now()),
    // Straight from the table: consumers would wait for every transaction that runs meanwhile.
    events: (type) => database.rows(sql`select subject, data from events where type = ${type} order by sequence`),
    close: async () => {
      await app.close();
      await settlement.close();
      await kernel.close();
      await rm(home, { recursive: true, force: true });
    },
  };
};

/** The code of the refusal; fails when the call succeeds. */
export const refusal = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code;
    throw error;
  }
  throw new Error('the call was not refused');
};
