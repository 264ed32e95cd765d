/** Cases through the door: as the right user and as the wrong ones, over HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { caseLimits } from '@shugu/wire/cases';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCalendar } from '../calendar/load.ts';
import { type Database, openDatabase, sql } from '../db/db.ts';
import { migratedDatabase } from '../db/testing.ts';
import type { Principal } from '../http/principal.ts';
import { makeHttp } from '../http/server.ts';
import { rateLimit } from '../limits.ts';
import { folderObjects } from '../objects.ts';
import { stopTestPostgres } from '../postgres/testing.ts';
import { logOn } from '../publiclog/testing.ts';
import { loadRulePacks } from '../rulepack/rulebook.ts';
import { makeSeal } from '../seal.ts';
import { type Cases, makeCases, makeStepLog } from './index.ts';
import { caseRoutes } from './routes.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const person = (id: string, participant: string, roles: string[], permissions: string[] = []): Principal => ({
  kind: 'person',
  id,
  name: id,
  participant,
  roles: new Set(roles),
  permissions: new Set(permissions),
  language: 'zh',
});
const registry = (...steps: string[]) => steps.map((step) => `registry.registration.${step}`);
const people: Record<string, Principal> = {
  alice: person('alice', 'org_a', ['productSupplier'], registry('apply')),
  chen: person('chen', 'org_r', ['registrar'], registry('accept', 'review', 'certify')),
  rui: person('rui', 'org_r', ['registrar'], registry('review', 'approve', 'certify')),
  sam: person('sam', 'org_s', ['demander']),
  other: person('other', 'org_q', ['registrar'], registry('accept', 'review', 'approve')),
};

let now = new Date('2026-10-09T01:00:00Z');
let database: Database;
let app: FastifyInstance;
let cases: Cases;
let folder: string;
const seal = makeSeal(Buffer.alloc(32, 7));
let keys = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-case-routes-'));
  const fresh = await migratedDatabase();
  database = openDatabase({
    connection: fresh.connection,
    tenancy: { node: 'n', market: 'm' },
    now: () => now,
    clientsMax: 4,
  });
  const book = await loadRulePacks(here('../../../../../rulepacks'));
  cases = makeCases({
    ruleBook: book,
    calendar: await loadCalendar(),
    now: () => now,
    seal,
    stepLog: makeStepLog(await logOn(database)),
  });
  // Stands for the registry: what its guards and effects do is tested there.
  const { moves } = book.procedure('registration.first', now)!.procedure;
  cases.register('registration.first', {
    guards: Object.fromEntries(moves.flatMap((one) => one.guards).map((name) => [name, async () => true as const])),
    effects: {
      ...Object.fromEntries(moves.flatMap((one) => one.effects).map((name) => [name, async () => undefined])),
      issueCertificate: async (_tx, { case: one }) => ({ certificate: `样张-${one.title}` }),
    },
  });
  cases.checkHooks();
  app = makeHttp({
    routes: caseRoutes({ cases, database, objects: folderObjects(folder) }),
    database,
    seal,
    log: pino({ level: 'silent' }),
    authenticate: async (token) => people[token.slice('token-of-'.length)],
    checkReplies: true,
    perSource: rateLimit(10_000, 10_000),
  });
});
afterAll(async () => {
  await app.close();
  await database.close();
  await rm(folder, { recursive: true, force: true });
  await stopTestPostgres();
});

const call = async (who: string, method: 'GET' | 'POST', url: string, body?: unknown) => {
  const raw = Buffer.isBuffer(body);
  const answer = await app.inject({
    method,
    url,
    payload: raw ? body : body === undefined ? undefined : JSON.stringify(body),
    headers: {
      ...(who ? { authorization: `Bearer token-of-${who}` } : {}),
      'idempotency-key': `test-key-${keys++}`,
      ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
    },
  });
  const json = answer.headers['content-type']?.toString().includes('json') ? answer.json() : undefined;
  return { status: answer.statusCode, code: json?.code, json, answer };
};
const move = (who: string, id: string, name: string, input = {}) =>
  call(who, 'POST', `/api/cases/${id}/moves`, { move: name, input });

const form = {
  applicants: [
    { name: '甲公司', kind: 'legal', number: '91430100', contact: '张三', phone: '0731-1', address: '长沙' },
  ],
  objectKind: 'resource',
  dataName: '数'.repeat(41),
  dataSummary: '统计',
  industry: 'G54',
  dataSource: 'collected',
  regionScope: 'province',
  timeFrom: '2025-01-01',
  updateFrequency: 'month',
  dataForm: ['table'],
  structure: 'structured',
  limits: '无',
  rights: [{ holder: '甲公司', right: 'hold' }],
};

describe('first registration over HTTP', () => {
  let id = '';
  it('is filed with papers, warned about and handed in', async () => {
    const filed = await call('alice', 'POST', '/api/cases', {
      procedure: 'registration.first',
      handler: 'org_r',
      subject: 'res_1',
      title: '轨迹',
      data: form,
    });
    expect(filed).toMatchObject({
      status: 201,
      json: { state: 'draft', pack: 'dpr26@1.0.0', warnings: [{ field: 'body.data.dataName' }] },
    });
    id = filed.json.id;
    expect((await move('alice', id, 'submit')).json).toMatchObject({
      code: 'cases.paperMissing',
      errors: [{ field: 'papers.identity' }, { field: 'papers.sourceProof' }, { field: 'papers.sample' }],
    });
    for (const kind of ['identity', 'sourceProof', 'sample'])
      expect(
        await call(
          'alice',
          'POST',
          `/api/cases/${id}/papers?kind=${kind}&name=${kind}.pdf&mediaType=text/html`,
          Buffer.from(`<script>${kind}`),
        ),
      ).toMatchObject({ status: 201, json: { kind, sensitive: true } });
    expect(await call('alice', 'POST', `/api/cases/${id}/papers?kind=photo&name=x`, Buffer.from('x'))).toMatchObject({
      status: 400,
      code: 'cases.paperUnknown',
    });
    expect((await move('alice', id, 'submit')).json).toMatchObject({
      state: 'submitted',
      turn: 'handler',
      next: { zh: '登记机构核对材料是否齐全' },
    });
  });

  it('looks to others as if it did not exist', async () => {
    const missing = 'cas_00000000000000000000000000';
    for (const who of ['sam', 'other'])
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/timeline'],
        ['POST', '/moves'],
      ] as const) {
        const of = (one: string) =>
          call(who, method, `/api/cases/${one}${path}`, method === 'POST' ? { move: 'accept' } : undefined);
        const [hidden, none] = [await of(id), await of(missing)];
        expect(hidden.status).toBe(404);
        const { requestId: _, ...left } = hidden.json;
        const { requestId: __, ...right } = none.json;
        expect(left).toEqual(right);
      }
    expect((await call('', 'GET', `/api/cases/${id}`)).code).toBe('kernel.notSignedIn');
    expect((await call('', 'GET', `/api/public-notices/${id}`)).code).toBe('kernel.unknown');
    expect(
      (await call('sam', 'POST', `/api/cases/${id}/papers?kind=objectionMaterial&name=x`, Buffer.from('x'))).code,
    ).toBe('kernel.unknown');
  });

  it('is reviewed by two people, with reasons why a step is closed', async () => {
    expect((await move('chen', id, 'accept')).json.state).toBe('reviewing');
    const opinion = { description: 'met', source: 'met', rights: 'met', opinion: '同意' };
    await move('chen', id, 'concludeReview', opinion);
    const seen = (await call('chen', 'GET', `/api/cases/${id}`)).json;
    expect(seen.moves.find((one: { id: string }) => one.id === 'publish')).toMatchObject({ allowed: false });
    expect((await move('chen', id, 'publish')).code).toBe('kernel.notPermitted');
    expect((await move('rui', id, 'publish')).json.state).toBe('notice');
  });

  it('opens papers to those concerned, as a download, and notes who read', async () => {
    const { papers } = (await call('rui', 'GET', `/api/cases/${id}`)).json;
    const paper = papers.find((one: { kind: string }) => one.kind === 'identity');
    const got = await call('rui', 'GET', `/api/cases/${id}/papers/${paper.id}`);
    expect(got.answer.body).toBe('<script>identity');
    expect(got.answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename*=UTF-8''identity.pdf`,
    });
    expect(
      (await database.rows(sql`select 1 from audit where action = 'cases.paper.get.read' and actor = 'rui'`)).length,
    ).toBe(1);
    expect((await call('sam', 'GET', `/api/cases/${id}/papers/${paper.id}`)).code).toBe('kernel.unknown');
  });

  it('is public without personal data, and anyone signed in may object with material', async () => {
    const list = (await call('', 'GET', '/api/public-notices?running=true')).json;
    expect(list.items).toMatchObject([{ case: id, until: '2026-10-15T16:00:00.000Z', objectionOpen: true }]);
    expect(JSON.stringify(list)).not.toMatch(/91430100|0731|张三/);
    expect((await move('sam', id, 'object', { reason: '有争议' })).code).toBe('cases.paperMissing');
    expect(
      await call('sam', 'POST', `/api/cases/${id}/papers?kind=objectionMaterial&name=材料`, Buffer.from('x')),
    ).toMatchObject({ status: 201 });
    expect((await move('sam', id, 'object', { reason: '有争议' })).json).toMatchObject({
      state: 'objection',
      seen: 'public',
      papers: [{ name: '材料' }],
    });
    expect((await call('sam', 'GET', '/api/cases?view=waiting')).json.items).toEqual([]);
    expect((await move('rui', id, 'dismissObjection', { reason: '不成立' })).json.state).toBe('notice');
    const inbox = (await call('sam', 'GET', '/api/notices?unread=true')).json.items;
    expect(inbox).toMatchObject([{ case: id, text: { zh: '对《轨迹》的异议不成立：不成立' } }]);
    expect((await call('alice', 'POST', `/api/notices/${inbox[0].id}/read`)).code).toBe('kernel.unknown');
    expect((await call('sam', 'POST', `/api/notices/${inbox[0].id}/read`)).json).toEqual({ ok: true });
    expect((await call('sam', 'GET', '/api/notices?unread=true')).json.items).toEqual([]);
  });

  it('ends with what the room issued, and says so in the timeline', async () => {
    now = new Date('2026-10-15T16:00:00Z');
    await cases.tick(database);
    expect(
      (await move('chen', id, 'recordEvidence', { evidenceNumber: 'E1', evidencedAt: '2026-10-16' })).json.state,
    ).toBe('registered');
    const done = (await move('chen', id, 'certify')).json;
    expect(done).toMatchObject({ state: 'certified', outcome: { certificate: '样张-轨迹' }, moves: [], clocks: [] });
    const entries = (await call('alice', 'GET', `/api/cases/${id}/timeline`)).json.items;
    expect(entries.map((entry: { move: string }) => entry.move)).toEqual([
      'submit',
      'accept',
      'concludeReview',
      'publish',
      'object',
      'dismissObjection',
      'endNotice',
      'recordEvidence',
      'certify',
    ]);
    expect((await call('sam', 'GET', `/api/cases/${id}`)).json.outcome).toEqual({});
  });
});

it('offers only procedures whose room is on', async () => {
  const offered = (await call('', 'GET', '/api/procedures')).json.items.map((one: { id: string }) => one.id);
  expect(offered).toContain('registration.first');
  expect(offered).not.toContain('registration.transfer');
  expect(
    (
      await call('alice', 'POST', '/api/cases', {
        procedure: 'registration.transfer',
        handler: 'org_r',
        subject: 'x',
        title: 'x',
      })
    ).code,
  ).toBe('cases.procedureClosed');
});

it('a paper over the limit is refused and leaves nothing', async () => {
  const { json } = await call('alice', 'POST', '/api/cases', {
    procedure: 'registration.first',
    handler: 'org_r',
    subject: 'res_1',
    title: '大',
    data: {},
  });
  const large = await call(
    'alice',
    'POST',
    `/api/cases/${json.id}/papers?kind=sample&name=x`,
    Buffer.alloc(caseLimits.paperBytesMax + 1),
  );
  expect(large.code).toBe('kernel.tooLarge');
  expect((await call('alice', 'GET', `/api/cases/${json.id}`)).json.papers).toEqual([]);
});

it('an organisation has no more papers on a case than the limit', async () => {
  const { json } = await call('alice', 'POST', '/api/cases', {
    procedure: 'registration.first',
    handler: 'org_r',
    subject: 'res_1',
    title: '多',
    data: {},
  });
  for (let count = 0; count < caseLimits.papersPerParticipantMax; count++)
    await call('alice', 'POST', `/api/cases/${json.id}/papers?kind=sample&name=x`, Buffer.from('x'));
  expect((await call('alice', 'POST', `/api/cases/${json.id}/papers?kind=sample&name=x`, Buffer.from('x'))).code).toBe(
    'cases.limitReached',
  );
});
