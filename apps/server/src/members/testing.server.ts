/** For tests only: the members room behind the real HTTP door, on a fresh database. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClient, ProblemError } from '@shugu/wire';
import * as wire from '@shugu/wire/members';
import pino from 'pino';
import { loadCalendar } from '../kernel/calendar/load.ts';
import { type Cases, casePermissions, makeCases, makeStepLog } from '../kernel/case/index.ts';
import { caseRoutes } from '../kernel/case/routes.ts';
import { type SimulatedClock, simulatedClock } from '../kernel/clock.ts';
import { type Database, openDatabase } from '../kernel/db/db.ts';
import { migratedDatabase } from '../kernel/db/testing.ts';
import type { PermissionTable } from '../kernel/http/principal.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { makeHttp } from '../kernel/http/server.ts';
import { newSecret } from '../kernel/ids.ts';
import { rateLimit } from '../kernel/limits.ts';
import { folderObjects } from '../kernel/objects.ts';
import { logOn } from '../kernel/publiclog/testing.ts';
import { loadRulePacks } from '../kernel/rulepack/rulebook.ts';
import { makeSeal } from '../kernel/seal.ts';
import { type Members, type MembersSettings, makeMembers, membersPermissions } from './index.ts';
import { type SeededCast, seedCast } from './testing.ts';

export const setupToken = 'setup-token-of-tests';
export const letter = {
  fileName: '授权书.pdf',
  mediaType: 'application/pdf' as const,
  content: Buffer.from('%PDF-1.7 样张').toString('base64'),
};

export interface TestServer {
  url: string;
  database: Database;
  members: Members;
  cases: Cases;
  clock: SimulatedClock;
  cast: SeededCast | undefined;
  client(token?: string, headers?: Record<string, string>): ReturnType<typeof makeClient>;
  /** Signs in by password. */
  as(login: string, password?: string): Promise<ReturnType<typeof makeClient>>;
  close(): Promise<void>;
}

/** `seeded: false` gives a node before its set-up. */
export const startMembersServer = async (
  options: {
    seeded?: boolean;
    loginTriesPerMinute?: number;
    oidc?: MembersSettings['oidc'];
    tables?: PermissionTable[];
  } = {},
): Promise<TestServer> => {
  const { connection } = await migratedDatabase('members');
  const clock = simulatedClock(new Date('2026-03-02T01:00:00Z'));
  const database = openDatabase({ connection, tenancy: { node: 'hn', market: 'main' }, now: clock.now, clientsMax: 8 });
  const home = await mkdtemp(join(tmpdir(), 'members-'));
  const seal = makeSeal(Buffer.alloc(32, 7));
  const objects = folderObjects(home);
  const ruleBook = await loadRulePacks(join(import.meta.dirname, '../../../../rulepacks'));
  const cases = makeCases({
    ruleBook,
    calendar: await loadCalendar(),
    now: clock.now,
    seal,
    stepLog: makeStepLog(await logOn(database)),
  });
  let url = '';
  const members = makeMembers({
    database,
    seal,
    objects,
    cases,
    now: clock.now,
    permissionTables: [membersPermissions, casePermissions, ruleBook.permissions, ...(options.tables ?? [])],
    settings: {
      setupToken,
      sessionHours: 12,
      loginTriesPerMinute: options.loginTriesPerMinute ?? 1000,
      publicUrl: () => url,
      oidc: options.oidc,
    },
  });
  const app = makeHttp({
    routes: [...members.routes, ...caseRoutes({ cases, database, objects })],
    database,
    seal,
    log: pino({ level: process.env.SHUGU_TEST_LOG ?? 'silent' }),
    authenticate: members.authenticate,
    checkReplies: true,
    perSource: rateLimit(10_000, 10_000),
  });
  const listening = await app.listen({ host: '127.0.0.1', port: 0 });
  url = listening.replace('127.0.0.1', 'localhost');
  const cast =
    options.seeded === false ? undefined : await database.tx(systemActor('test'), (tx) => seedCast(tx, seal));
  const client: TestServer['client'] = (token, headers) =>
    makeClient({ url: listening, token, headers, newKey: () => newSecret() });
  return {
    url,
    database,
    members,
    cases,
    clock,
    cast,
    client,
    as: async (login, password) => {
      const { token } = await client().call(wire.signIn, {
        body: { login, password: password ?? cast?.password ?? '' },
      });
      return client(token);
    },
    close: async () => {
      await app.close();
      await database.close();
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
