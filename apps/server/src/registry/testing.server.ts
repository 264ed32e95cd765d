/** For tests only: kernel, members, cases and the registry behind the real HTTP door, on a fresh database and a simulated calendar. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, makeClient } from '@shugu/wire';
import { cases as caseWire } from '@shugu/wire/cases';
import * as memberWire from '@shugu/wire/members';
import * as wire from '@shugu/wire/registry';
import pino from 'pino';
import type { z } from 'zod';
import { loadCalendar } from '../kernel/calendar/load.ts';
import { type Cases, casePermissions, makeCases, makeStepLog } from '../kernel/case/index.ts';
import { caseRoutes } from '../kernel/case/routes.ts';
import type { SimulatedClock } from '../kernel/clock.ts';
import { readConfig } from '../kernel/config.ts';
import { migratedDatabase } from '../kernel/db/testing.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { makeHttp } from '../kernel/http/server.ts';
import { newSecret } from '../kernel/ids.ts';
import { issuePermissions, issueRoutes } from '../kernel/issue/index.ts';
import { makeJobs } from '../kernel/jobs.ts';
import { type Kernel, openKernel } from '../kernel/kernel.ts';
import { rateLimit } from '../kernel/limits.ts';
import { sharedPress } from '../kernel/paper/testing.ts';
import { loadRulePacks } from '../kernel/rulepack/rulebook.ts';
import { makeMembers, membersPermissions } from '../members/index.ts';
import { type SeededCast, seedCast } from '../members/testing.ts';
import { makeRegistry, nationalSimulator, type Registry, registryPermissions } from './index.ts';

/** What the steps below need: of this server, or of a whole exchange. */
export type Rig = Pick<TestRegistry, 'as' | 'cast' | 'settle'>;

export interface TestRegistry {
  kernel: Kernel;
  cases: Cases;
  registry: Registry;
  cast: SeededCast;
  stranger: Client;
  /** Signs in by password; the same client for the same log-in. */
  as(login: string): Promise<Client>;
  moveTo(moment: string): void;
  /** Clocks, jobs and ticks, until nothing is left. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export const startRegistryServer = async (options: { start?: string } = {}): Promise<TestRegistry> => {
  const fresh = await migratedDatabase('members', 'registry');
  const home = await mkdtemp(join(tmpdir(), 'registry-'));
  const log = pino({ level: process.env.SHUGU_TEST_LOG ?? 'silent' });
  const config = readConfig(
    {},
    {
      home,
      clock: options.start ?? '2026-03-02T01:00:00Z',
      keySecret: 'of tests only, sixteen and more',
    },
  );
  let address = '';
  const kernel = await openKernel({
    config,
    log,
    roomOrder: ['members', 'registry'],
    postgres: { connection: fresh.connection, version: 'test', stop: async () => undefined } as never,
    press: sharedPress,
    address: () => address,
  });
  const { database, objects, issue, publicLog } = kernel;
  const now = () => kernel.clock.now();
  const ruleBook = await loadRulePacks(join(import.meta.dirname, '../../../../rulepacks'));
  const cases = makeCases({
    ruleBook,
    calendar: await loadCalendar(),
    now,
    seal: kernel.seal,
    stepLog: makeStepLog({ keys: kernel.keys, publicLog, suite: config.suite }),
  });
  const members = makeMembers({
    database,
    seal: kernel.seal,
    objects,
    cases,
    now,
    permissionTables: [
      membersPermissions,
      casePermissions,
      issuePermissions,
      registryPermissions,
      ruleBook.permissions,
    ],
    settings: {
      setupToken: kernel.setupToken,
      sessionHours: 24 * 4000,
      loginTriesPerMinute: 1000,
      publicUrl: kernel.publicUrl,
    },
  });
  const national = nationalSimulator(database, { region: '99', registrarDigit: '0' });
  const registry = makeRegistry({ database, objects, cases, issue, publicLog, members, national, now });
  cases.checkHooks();
  const jobs = makeJobs({ database, clock: kernel.clock, handlers: { ...issue.jobs, ...registry.jobs }, log });
  const app = makeHttp({
    routes: [
      ...members.routes,
      ...caseRoutes({ cases, database, objects }),
      ...registry.routes,
      ...issueRoutes({ issue, keys: kernel.keys, database, holder: (id) => members.displayName(database, id) }),
    ],
    database,
    seal: kernel.seal,
    log,
    authenticate: members.authenticate,
    checkReplies: true,
    perSource: rateLimit(10_000, 10_000),
  });
  address = await app.listen({ host: '127.0.0.1', port: 0 });
  const cast = await database.tx(systemActor('test'), (tx) => seedCast(tx, kernel.seal));
  const client = (token?: string) => makeClient({ url: address, token, newKey: () => newSecret() });
  const stranger = client();
  const known = new Map<string, Client>();

  const settle = async () => {
    for (let round = 0; round < 20; round++) {
      let done = await cases.tick(database);
      done += await publicLog.sequence();
      done += await jobs.drain();
      for (const tick of registry.ticks) done += await tick.run(now());
      if (done === 0) return;
    }
    throw new Error('work does not come to rest');
  };

  return {
    kernel,
    cases,
    registry,
    cast,
    stranger,
    as: async (login) => {
      let found = known.get(login);
      if (!found) {
        const { token } = await stranger.call(memberWire.signIn, { body: { login, password: cast.password } });
        found = client(token);
        known.set(login, found);
      }
      return found;
    },
    moveTo: (moment) => (kernel.clock as SimulatedClock).moveTo(new Date(moment)),
    settle,
    close: async () => {
      await app.close();
      await kernel.close();
      await rm(home, { recursive: true, force: true });
    },
  };
};

export const freight = {
  name: '2025年湘样省货运车辆运行数据表',
  summary: '全省货运车辆运行情况，按日汇总。样张。',
  industry: 'G54',
  source: 'collected' as const,
  regionScope: 'province' as const,
  region: '430000',
  timeFrom: '2025-01-01',
  timeUntil: '2025-12-31',
  updateFrequency: 'day' as const,
  forms: ['table' as const],
  structure: 'structured' as const,
  limits: '无',
  personal: false,
  personCount: null,
  purpose: '运力分析',
  licence: '自有数据',
  synthetic: true,
};

export const freightTable = Buffer.from(
  `day,plate,phone,mileage\n${Array.from({ length: 40 }, (_, row) => `2025-01-${String((row % 28) + 1).padStart(2, '0')},湘A${String(10000 + row * 37)},1380013${String(1000 + row * 13).padStart(4, '0')},${row * 3}.5`).join('\n')}\n`,
);

/** Sends a file whole and waits until it is read. */
export const upload = async (
  rig: Rig,
  client: Client,
  resource: string,
  content: Buffer = freightTable,
  fileName = '货运.csv',
) => {
  const begun = await client.call(wire.startUpload, { body: { resource, fileName, bytes: content.length } });
  await client.raw(
    wire.putPart,
    { params: { id: begun.id, offset: 0 } },
    { rawBody: new Uint8Array(content), headers: { 'content-type': 'application/octet-stream' } },
  );
  const done = await client.call(wire.completeUpload, { params: { id: begun.id }, body: {} });
  await rig.settle();
  return done;
};

export const profiledResource = async (
  rig: Rig,
  client: Client,
  over: Partial<z.input<typeof wire.resourceFields>> = {},
): Promise<string> => {
  const { id } = await client.call(wire.createResource, { body: { ...freight, ...over } });
  await upload(rig, client, id);
  return id;
};

export const creditCode = {
  xingsha: 'Y1990000MAYANG004G',
  mapping: 'Y1990000MAYANG005K',
  merchant: 'Y1990000MAYANG006N',
};

const applicant = (name: string, number: string) => ({
  name,
  kind: 'legal',
  number,
  contact: '样张联系人',
  phone: '0731-00000000',
  address: '湘样省样例市样例路1号',
});

export const xingsha = applicant('星沙物流数据有限公司（样例）', creditCode.xingsha);
export const mapping = applicant('湘江测绘数据有限公司（样例）', creditCode.mapping);

export const firstForm = (over: Record<string, unknown> = {}) => ({
  applicants: [xingsha],
  objectKind: 'resource',
  dataName: freight.name,
  dataSummary: freight.summary,
  industry: freight.industry,
  dataSource: 'collected',
  regionScope: 'province',
  timeFrom: '2025-01-01',
  updateFrequency: 'day',
  dataForm: ['table'],
  structure: 'structured',
  limits: '无',
  rights: (['hold', 'use', 'operate'] as const).map((right) => ({
    holder: xingsha.name,
    code: creditCode.xingsha,
    right,
    limits: '无',
    proof: '自行采集生成说明',
  })),
  ...over,
});

export const attach = async (client: Client, id: string, kind: string) => {
  await client.raw(
    caseWire.addPaper,
    { params: { case: id }, query: { kind, name: `${kind}.pdf`, mediaType: 'application/pdf' } },
    { rawBody: Buffer.from('%PDF-1.7 样张'), headers: { 'content-type': 'application/octet-stream' } },
  );
};

export const move = (client: Client, id: string, step: string, more: { input?: object; form?: object } = {}) =>
  client.call(caseWire.move, { params: { case: id }, body: { move: step, ...more } as never });

/** Draft with its papers, not yet handed in. */
export const draftCase = async (
  rig: Rig,
  client: Client,
  procedure: string,
  subject: string,
  data: object,
  papers: readonly string[],
): Promise<string> => {
  const { id } = await client.call(caseWire.file, {
    body: {
      procedure,
      handler: rig.cast.organisations.registrar!,
      title: freight.name,
      subject,
      data: data as never,
    },
  });
  for (const kind of papers) await attach(client, id, kind);
  return id;
};

const met = { description: 'met', source: 'met', rights: 'met', opinion: '材料齐全，三项审查均通过' };

/** The registrar's side from acceptance to the last review; two people. */
export const review = async (rig: Rig, id: string) => {
  const clerk = await rig.as('registrar.clerk');
  await move(clerk, id, 'accept');
  await move(clerk, id, 'concludeReview', { input: met });
};

/** A certificate by first registration without notice, which takes no time; its code. */
export const certificateFor = async (
  rig: Rig,
  client: Client,
  resource: string,
  over: Record<string, unknown> = {},
): Promise<string> => {
  const form = firstForm({ noNotice: true, noNoticeReason: '涉及商业秘密', ...over });
  const id = await draftCase(rig, client, 'registration.first', resource, form, ['identity', 'sourceProof', 'sample']);
  await move(client, id, 'submit');
  await review(rig, id);
  await move(await rig.as('registrar.reviewer'), id, 'exemptFromNotice', { input: { reason: '理由成立' } });
  await rig.settle();
  await move(await rig.as('registrar.clerk'), id, 'certify');
  await rig.settle();
  const { items } = await client.call(wire.ownCertificates, { query: { limit: 1 } });
  return items[0]!.code;
};

/** A later registration up to its evidence: handed in, reviewed, approved by a second person. */
export const laterCase = async (
  rig: Rig,
  client: Client,
  procedure: string,
  code: string,
  data: Record<string, unknown>,
  papers: readonly string[] = ['identity'],
): Promise<string> => {
  const { id: subject } = await client.call(wire.getCertificate, { params: { code } });
  const form = { certificate: code, dataName: freight.name, ...data };
  return draftCase(rig, client, procedure, subject, form, papers);
};

export const approveLater = async (rig: Rig, id: string): Promise<void> => {
  await review(rig, id);
  await move(await rig.as('registrar.reviewer'), id, 'approve');
  await rig.settle();
  await move(await rig.as('registrar.clerk'), id, 'certify');
  await rig.settle();
};
