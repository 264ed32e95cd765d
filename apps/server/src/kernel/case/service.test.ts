/** A procedure from a data file alone, through the engine and its database. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEntry, trustFrom, verifyBundle, vkeyOf } from '@shugu/evidence';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCalendar } from '../calendar/load.ts';
import { simulatedClock } from '../clock.ts';
import { type Database, openDatabase, sql } from '../db/db.ts';
import { migratedDatabase } from '../db/testing.ts';
import { actorOf, type Principal } from '../http/principal.ts';
import { folderObjects } from '../objects.ts';
import { stopTestPostgres } from '../postgres/testing.ts';
import { Problem } from '../problem.ts';
import { origins } from '../publiclog/store.ts';
import { logOn } from '../publiclog/testing.ts';
import { loadRulePacks } from '../rulepack/rulebook.ts';
import { makeSeal } from '../seal.ts';
import { type Cases, makeCases, makeStepLog, type QueueQuery } from './index.ts';
import { listNotices } from './notices.ts';
import { caseRoutes } from './routes.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const someone = (id: string, participant: string, roles: string[] = [], permissions: string[] = []): Principal => ({
  kind: id ? 'person' : 'anonymous',
  id,
  name: id,
  participant,
  roles: new Set(roles),
  permissions: new Set(permissions),
  language: 'zh',
});
const alice = someone('alice', 'org_a');
const keeper = someone('karl', 'org_k', ['registrar'], ['depot.answer']);
const clerk = someone('kim', 'org_k', ['registrar']);
const stranger = someone('sam', 'org_s');
const regulator = someone('rita', 'org_r', ['regulator'], ['cases.supervise']);
const nobody = someone('', '');

// Frozen between moves: every moment in the assertions is exact.
const clock = simulatedClock(new Date('2026-02-11T02:00:00Z'), () => 0);
let database: Database;
let cases: Cases;
let logged: Awaited<ReturnType<typeof logOn>>;
let folder: string;
const seal = makeSeal(Buffer.alloc(32, 7));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-cases-'));
  const fresh = await migratedDatabase();
  database = openDatabase({
    connection: fresh.connection,
    tenancy: { node: 'n', market: 'm' },
    now: () => clock.now(),
    clientsMax: 4,
  });
  logged = await logOn(database);
  cases = makeCases({
    ruleBook: await loadRulePacks(here('./testdata')),
    calendar: await loadCalendar(here('../../../../../rulepacks/calendars/cn.json')),
    now: () => clock.now(),
    seal,
    stepLog: makeStepLog(logged),
    onTickFailure: (_, __, error) => {
      throw error;
    },
  });
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
  await stopTestPostgres();
});

const file = (
  principal: Principal,
  more: { handler?: string; data?: Record<string, unknown>; procedure?: string } = {},
) =>
  database.tx(actorOf(principal), (tx) =>
    cases.file(tx, principal, {
      procedure: more.procedure ?? 'depot.loan',
      handler: more.handler ?? 'org_k',
      title: '投影仪',
      data: more.data ?? { item: '投影仪', phone: '0731-1' },
    }),
  );
const move = (
  principal: Principal,
  id: string,
  name: string,
  input = {},
  more: { form?: Record<string, unknown>; ifVersion?: number } = {},
) => database.tx(actorOf(principal), (tx) => cases.move(tx, principal, id, name, { input, ...more }));
const attach = (principal: Principal, id: string, kind = 'letter') =>
  database.tx(actorOf(principal), (tx) =>
    cases.addPaper(
      tx,
      principal,
      id,
      { kind, name: '函.pdf', mediaType: 'application/pdf' },
      { digest: `sha256:${'0'.repeat(64)}`, bytes: 3 },
    ),
  );
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error) => {
      if (error instanceof Problem) return error.code;
      throw error;
    },
  );
const idsIn = async (principal: Principal, view: QueueQuery['view'], more = {}) =>
  (await cases.queue(database, principal, { view, ...more })).items.map((one) => one.id);
const asked = async () => {
  const { case: one } = await file(alice);
  await attach(alice, one.id);
  await move(alice, one.id, 'ask');
  return one.id;
};

describe('filing', () => {
  it('opens a draft that nobody else sees', async () => {
    const { case: one } = await file(alice);
    expect(one.pin).toBe('depot@1.0.0');
    for (const other of [keeper, stranger, regulator, nobody])
      expect(await codeOf(cases.get(database, other, one.id))).toBe('kernel.unknown');
    expect((await cases.get(database, alice, one.id)).state).toBe('draft');
    expect(await idsIn(keeper, 'handling')).not.toContain(one.id);
    expect(await idsIn(regulator, 'supervised')).not.toContain(one.id);
  });
  it.each([
    ['cases.procedureUnknown', () => file(alice, { procedure: 'depot.none' })],
    ['cases.ownCase', () => file(keeper)],
    ['kernel.notSignedIn', () => file(nobody)],
    ['kernel.invalid', () => file(alice, { data: { colour: 'red' } })],
    ['kernel.invalid', () => file(alice, { data: { item: 'x'.repeat(301) } })],
  ])('refuses with %s', async (code, work) => expect(await codeOf(work())).toBe(code));
});

describe('handing in', () => {
  it('needs the papers and the whole form; warns where the form only recommends', async () => {
    const { case: one } = await file(alice, { data: { item: '一台很长很长很长名称的投影仪' } });
    expect(await codeOf(move(alice, one.id, 'ask'))).toBe('kernel.invalid');
    expect(await codeOf(move(alice, one.id, 'ask', {}, { form: { phone: '1' } }))).toBe('cases.paperMissing');
    await attach(alice, one.id);
    const done = await move(alice, one.id, 'ask', {}, { form: { phone: '1' } });
    expect(done.case.state).toBe('asked');
    expect(done.warnings.map((warning) => warning.field)).toEqual(['body.form.item']);
  });
  it('refuses a stale version, the wrong side, the missing permission and a step that is not due', async () => {
    const id = await asked();
    expect(await codeOf(move(keeper, id, 'grant', {}, { ifVersion: 1 }))).toBe('kernel.stale');
    expect(await codeOf(move(alice, id, 'grant'))).toBe('kernel.notPermitted');
    expect(await codeOf(move(clerk, id, 'grant'))).toBe('kernel.notPermitted');
    expect(await codeOf(move(someone('karl', 'org_k', [], ['depot.answer']), id, 'grant'))).toBe('kernel.notPermitted');
    expect(await codeOf(move(alice, id, 'collect'))).toBe('cases.notNow');
    expect(await codeOf(move(keeper, id, 'fly'))).toBe('cases.moveUnknown');
    expect(await codeOf(move(keeper, id, 'refuse'))).toBe('kernel.invalid');
  });
});

describe('seeing', () => {
  it('shows strangers the public fields while the state is public, and nothing after', async () => {
    const id = await asked();
    const seen = await cases.get(database, stranger, id);
    expect(seen).toMatchObject({ seen: 'public', data: { item: '投影仪' }, papers: [], parties: {} });
    expect(JSON.stringify(seen)).not.toContain('0731');
    expect(
      (await cases.timeline(database, stranger, id)).every((entry) => entry.person === null && entry.input === null),
    ).toBe(true);
    expect((await cases.publicNotice(database, id)).fields).toMatchObject([{ id: 'item', value: '投影仪' }]);
    expect((await cases.publicNotices(database, { text: '投影', limit: 100 })).items.map((one) => one.case)).toContain(
      id,
    );
    expect((await cases.publicNotices(database, { text: '%' })).items).toEqual([]);
    expect((await cases.get(database, keeper, id)).data).toMatchObject({ phone: '0731-1' });
    expect((await cases.get(database, regulator, id)).seen).toBe('whole');
    await move(keeper, id, 'grant');
    expect(await codeOf(cases.get(database, stranger, id))).toBe('kernel.unknown');
    expect(await codeOf(cases.publicNotice(database, id))).toBe('kernel.unknown');
    expect(await codeOf(move(stranger, id, 'remark', { reason: '晚了' }))).toBe('kernel.unknown');
  });
  it('lets anyone speak while it is public, and makes the speaker a party that sees no more', async () => {
    const id = await asked();
    expect(await codeOf(move(nobody, id, 'remark', { reason: '不同意' }))).toBe('kernel.notPermitted');
    await move(stranger, id, 'remark', { reason: '不同意' });
    expect((await cases.get(database, alice, id)).parties).toEqual({ neighbour: ['org_s'] });
    await move(keeper, id, 'grant');
    expect(await cases.get(database, stranger, id)).toMatchObject({ seen: 'public', data: {} });
    expect((await cases.timeline(database, stranger, id)).map((entry) => entry.input)).toContainEqual({
      reason: '不同意',
    });
  });
  it('keeps papers from those who may not open them', async () => {
    const id = await asked();
    const [paper] = (await cases.get(database, keeper, id)).papers;
    expect(paper).toMatchObject({ kind: 'letter', sensitive: true });
    expect(await codeOf(cases.findPaper(database, stranger, id, paper!.id))).toBe('kernel.unknown');
    expect(await codeOf(attach(stranger, id))).toBe('cases.notNow');
    expect(await codeOf(attach(stranger, id, 'other'))).toBe('cases.paperUnknown');
  });
});

describe('queue', () => {
  it('gives each side its own work', async () => {
    const id = await asked();
    expect(await idsIn(alice, 'mine', { limit: 100 })).toContain(id);
    expect(await idsIn(keeper, 'waiting', { limit: 100 })).toContain(id);
    expect(await idsIn(alice, 'waiting', { limit: 100 })).not.toContain(id);
    expect(await idsIn(stranger, 'handling')).toEqual([]);
    expect(await idsIn(regulator, 'supervised', { limit: 100 })).toContain(id);
    expect(await codeOf(cases.queue(database, alice, { view: 'supervised' }))).toBe('kernel.notPermitted');
    expect(await codeOf(cases.queue(database, nobody, { view: 'mine' }))).toBe('kernel.notSignedIn');
  });
  it('pages without gaps or doubles', async () => {
    for (const view of ['mine', 'handling'] as const) {
      const principal = view === 'mine' ? alice : keeper;
      const all = await idsIn(principal, view, { limit: 100 });
      const seen: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await cases.queue(database, principal, { view, limit: 2, after });
        seen.push(...page.items.map((one) => one.id));
        if (!page.next) break;
        after = page.next;
      }
      expect(seen).toEqual(all);
      expect(all.length).toBeGreaterThan(4);
    }
  });
});

describe('silence and service', () => {
  it('acts on the next working day, in the order of time, with effect from its own moment', async () => {
    // Asked Thursday 12 Feb: 13 (Fri), 14 (make-up Saturday), holiday 15–23, 24 Feb; silence counts from 25 Feb 00:00.
    clock.moveTo(new Date('2026-02-12T09:00:00Z'));
    const id = await asked();
    const before = await cases.get(database, keeper, id);
    expect(before.clocks).toMatchObject([
      { clock: 'answer', dueAt: '2026-02-24T16:00:00.000Z', remainingWorkingDays: 3, overdue: false },
    ]);
    clock.moveTo(new Date('2026-02-24T15:59:59Z'));
    await cases.tick(database);
    expect((await cases.get(database, keeper, id)).state).toBe('asked');
    // The server was down; it comes back two days later.
    clock.moveTo(new Date('2026-02-26T03:00:00Z'));
    await cases.tick(database);
    expect(await cases.get(database, alice, id)).toMatchObject({ state: 'granted', turn: 'applicant' });
    expect((await cases.timeline(database, alice, id)).at(-1)).toMatchObject({
      move: 'grant',
      by: 'system',
      at: '2026-02-24T16:00:00.000Z',
      person: 'clock',
    });

    // The next clock waits until its notice is opened.
    expect((await cases.get(database, alice, id)).clocks).toMatchObject([{ clock: 'collect', dueAt: null }]);
    const inbox = (await listNotices(database, alice, { unread: true, limit: 100 })).items.filter(
      (one) => one.case === id,
    );
    expect(inbox).toMatchObject([{ servedAt: null, text: { zh: '《投影仪》可以领取' } }]);
    expect(await codeOf(database.tx(actorOf(stranger), (tx) => cases.receive(tx, stranger, inbox[0]!.id)))).toBe(
      'kernel.unknown',
    );
    await database.tx(actorOf(alice), (tx) => cases.receive(tx, alice, inbox[0]!.id));
    await database.tx(actorOf(alice), (tx) => cases.receive(tx, alice, inbox[0]!.id));
    // Thursday 26 Feb: 27 (Fri), 28 (make-up Saturday).
    expect((await cases.get(database, alice, id)).clocks).toMatchObject([
      { clock: 'collect', dueAt: '2026-02-28T16:00:00.000Z' },
    ]);
    clock.moveTo(new Date('2026-02-28T16:00:00Z'));
    // What time has decided comes before what anyone asks now, even when no tick has run.
    expect(await codeOf(move(alice, id, 'collect'))).toBe('cases.notNow');
    await cases.tick(database);
    expect(await cases.get(database, alice, id)).toMatchObject({
      state: 'ended',
      endedAt: '2026-02-28T16:00:00.000Z',
      clocks: [],
    });
    expect(await cases.tick(database)).toBe(0);
  });

  it('serves the handler with a date, and writes one audit and one event a move', async () => {
    const id = await asked();
    const inbox = (await listNotices(database, keeper, { limit: 100 })).items.filter((one) => one.case === id);
    expect(inbox).toMatchObject([{ text: { zh: '请于2026-03-04前答复《投影仪》' }, readAt: null }]);
    expect(inbox[0]!.servedAt).not.toBeNull();
    const count = async (table: 'audit' | 'events') =>
      (
        await database.one<{ count: number }>(
          sql`select count(*)::int as count from ${table === 'audit' ? sql`audit` : sql`events`} where subject = ${id}`,
        )
      ).count;
    expect([await count('audit'), await count('events')]).toEqual([3, 2]);
  });

  it('rolls back whole: a refused move leaves no clock, notice or event behind', async () => {
    const id = await asked();
    const before = JSON.stringify(await cases.get(database, keeper, id));
    expect(await codeOf(move(keeper, id, 'refuse', { reason: 'x'.repeat(101) }))).toBe('kernel.invalid');
    expect(JSON.stringify(await cases.get(database, keeper, id))).toBe(before);
  });

  it('lets only one of several movers win', async () => {
    const id = await asked();
    // Connections stand ready, so that all of them are in the case at once.
    await Promise.all([1, 2, 3, 4].map(() => database.rows(sql`select pg_sleep(0.02)`)));
    const refuse = () => codeOf(move(keeper, id, 'refuse', { reason: '无' }));
    const codes = await Promise.all([
      codeOf(move(keeper, id, 'grant')),
      refuse(),
      codeOf(move(keeper, id, 'grant')),
      refuse(),
    ]);
    expect(codes.sort()).toEqual(['cases.notNow', 'cases.notNow', 'cases.notNow', 'done']);
  });
});

describe('the public log', () => {
  const entriesSince = async (before: number) => {
    await logged.publicLog.sequence();
    const rows = await database.rows<{ entry: Buffer; title: unknown; position: number }>(
      sql`select entry, title, position from log_entries where position >= ${before} order by position`,
    );
    return rows.map(({ entry, title }) => ({ ...parseEntry(new Uint8Array(entry)), title }));
  };
  const size = async () => {
    await logged.publicLog.sequence();
    return (await database.one<{ size: number }>(sql`select count(*)::int as size from log_entries`)).size;
  };
  const trust = async () => {
    const [origin] = await origins(database);
    const { publicKey } = await logged.keys.signerById(database, origin!.key);
    return trustFrom({
      logs: [{ origin: origin!.origin, suite: origin!.suite, vkey: vkeyOf(origin!.origin, publicKey) }],
    });
  };
  const proof = (who: Principal, id: string, sequence: number) =>
    cases.stepProof(database, who, id, sequence).then(
      (bundle) => verifyBundle(bundle, trustOf).then((report) => report.ok),
      (error) => (error as Problem).code,
    );
  let trustOf: Awaited<ReturnType<typeof trust>>;

  it('shows of a clear step what the state reached makes public, and nothing else', async () => {
    trustOf = await trust();
    const before = await size();
    const id = await asked();
    const [entry, ...more] = await entriesSince(before);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      form: 'clear',
      kind: 'caseStep',
      title: { zh: '借用·提交' },
      body: { document: { case: id, procedure: 'depot.loan', move: 'ask', to: 'asked', public: { item: '投影仪' } } },
    });
    expect(JSON.stringify(entry)).not.toMatch(/0731|org_a|alice/);
    expect((await cases.timeline(database, alice, id)).map((one) => one.log)).toEqual(['clear']);
    expect(await proof(alice, id, 1)).toBe(true);
  });

  it('shows of a committed step that there was one; who sees the case can prove it, until the salt is erased', async () => {
    const id = await asked();
    const before = await size();
    await move(keeper, id, 'grant');
    expect(await proof(alice, id, 2)).toBe('papers.notReady');
    // Among seven of nothing, and nobody can tell which.
    const entries = await entriesSince(before);
    expect(entries).toHaveLength(8);
    for (const entry of entries) {
      expect(Object.keys(entry).sort()).toEqual(['commitment', 'form', 'kind', 'title', 'v']);
      expect(entry).toMatchObject({ form: 'commitment', kind: 'undisclosed', title: null });
    }
    for (const who of [alice, keeper, regulator]) expect(await proof(who, id, 2)).toBe(true);
    for (const who of [stranger, nobody]) expect(await proof(who, id, 2)).toBe('kernel.unknown');
    expect((await cases.timeline(database, keeper, id)).at(-1)).toMatchObject({ move: 'grant', log: 'commitment' });

    // Equal steps of two cases look different, so that nobody can try out what was committed.
    const other = await asked();
    await move(keeper, other, 'grant');
    const all = (await entriesSince(before)).filter((one) => one.form === 'commitment');
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(all.length);

    // A step that the table does not log has no proof, and a party that joined sees none of the others'.
    await move(alice, other, 'collect');
    expect(await proof(alice, other, 3)).toBe('cases.stepNotLogged');
    expect(await proof(stranger, other, 3)).toBe('kernel.unknown');
    await database.pool.query('update case_step_log set salt = null where case_id = $1', [id]);
    expect(await proof(alice, id, 2)).toBe('cases.stepNotLogged');
    expect((await cases.timeline(database, keeper, id)).at(-1)).toMatchObject({ move: 'grant', log: null });
  });

  it('leaves no entry of a move that did not happen', async () => {
    const id = await asked();
    const before = await size();
    expect(await codeOf(move(clerk, id, 'grant'))).toBe('kernel.notPermitted');
    expect(await size()).toBe(before);
  });
});

it('draws the procedure and hangs its routes', async () => {
  const { mermaid, svg } = cases.drawing('depot.loan', 'zh');
  expect(mermaid).toContain('asked --> granted: 同意');
  expect(svg).toContain('id="state-granted"');
  expect(svg.match(/<rect/g)).toHaveLength(5);
  const routes = caseRoutes({ cases, database, objects: folderObjects(folder) });
  const list = routes.find((route) => route.endpoint.id === 'cases.procedure.list')!;
  const reply = await list.handler({ principal: nobody } as never);
  expect(list.endpoint.reply.parse(reply).items.map((one: { id: string }) => one.id)).toEqual(['depot.loan']);
  const packs = routes.find((route) => route.endpoint.id === 'cases.rulePack.list')!;
  const [pack] = packs.endpoint.reply.parse(await packs.handler({} as never)).items;
  expect(pack.rules[1].text.zh).toContain('未经核实');
  expect(pack.rules[1].text.zh).not.toContain('测试规则');
});
