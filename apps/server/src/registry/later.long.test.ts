/** What becomes of a certificate: transfer, change, renewal, expiry, remarks, objection, cancellation, inspection. */
import type { Client } from '@shugu/wire';
import { cases as caseWire } from '@shugu/wire/cases';
import * as wire from '@shugu/wire/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { systemActor } from '../kernel/http/principal.ts';
import { retryJob } from '../kernel/jobs.ts';
import { refusal } from '../members/testing.server.ts';
import { nationalSimulator } from './index.ts';
import {
  approveLater,
  attach,
  certificateFor,
  creditCode,
  freight,
  laterCase,
  mapping,
  move,
  profiledResource,
  review,
  startRegistryServer,
  type TestRegistry,
  xingsha,
} from './testing.server.ts';

let rig: TestRegistry;
let steward: Client;
let buyer: Client;
let clerk: Client;
let reviewer: Client;
let resource: string;
beforeAll(async () => {
  rig = await startRegistryServer();
  steward = await rig.as('xingsha.steward');
  buyer = await rig.as('mapping.trader');
  clerk = await rig.as('registrar.clerk');
  reviewer = await rig.as('registrar.reviewer');
  resource = await profiledResource(rig, steward);
}, 120_000);
afterAll(() => rig?.close());

const seen = (code: string) => rig.stranger.call(wire.getCertificate, { params: { code } });
const rightsOf = async (code: string, who = clerk) =>
  (await who.call(wire.rightsOfCertificate, { params: { code } })).items;
const operates = async (who: 'xingsha' | 'mapping') =>
  (
    await rig.registry.operatingRight(
      rig.kernel.database,
      rig.cast.organisations[who]!,
      resource,
      rig.kernel.clock.now(),
    )
  )?.certificateCode;
const events = async (type: string) =>
  (
    await rig.kernel.database.rows<{ data: Record<string, unknown> }>(
      sql`select data from events where type = ${type} order by sequence`,
    )
  ).map((row) => row.data);

const transferForm = (over: Record<string, unknown> = {}) => ({
  transferor: [{ name: xingsha.name, code: creditCode.xingsha }],
  transferee: [{ name: mapping.name, code: creditCode.mapping }],
  transfereeMember: [rig.cast.organisations.mapping!],
  rights: [{ right: 'operate' }],
  limits: '无',
  noNotice: true,
  ...over,
});

test('a transfer passes the right over, and leaves nothing of it behind', async () => {
  const code = await certificateFor(rig, steward, resource);
  const before = await seen(code);
  expect(await operates('xingsha')).toBe(code);
  const papers = ['identity', 'transferContract'];
  const id = await laterCase(rig, steward, 'registration.transfer', code, transferForm(), papers);
  await move(steward, id, 'submit');
  expect(await refusal(move(clerk, id, 'accept'))).toBe('cases.notNow');
  await move(buyer, id, 'join');
  await review(rig, id);
  await move(reviewer, id, 'exemptFromNotice', { input: { reason: '双方一致' } });
  await rig.settle();
  await move(clerk, id, 'certify');
  await rig.settle();

  const [issued] = (await buyer.call(wire.ownCertificates, {})).items;
  expect(issued).toMatchObject({
    state: 'valid',
    validUntil: before.validUntil,
    holders: [{ name: mapping.name, rights: ['operate'] }],
  });
  expect(issued!.code).not.toBe(code);
  expect([await operates('xingsha'), await operates('mapping')]).toEqual([undefined, issued!.code]);
  expect((await rightsOf(code)).map((right) => [right.right, right.state])).toEqual([
    ['hold', 'active'],
    ['use', 'active'],
    ['operate', 'transferred'],
  ]);
  expect(await seen(code)).toMatchObject({ state: 'valid', revision: 2 });
  expect((await seen(code)).paper).not.toBe(before.paper);

  const again = await laterCase(rig, steward, 'registration.transfer', code, transferForm(), papers);
  expect(await refusal(move(steward, again, 'submit'))).toBe('registry.certificateUnfit');
  const rest = await laterCase(
    rig,
    steward,
    'registration.transfer',
    code,
    transferForm({ rights: [{ right: 'hold' }, { right: 'use' }] }),
    papers,
  );
  await move(steward, rest, 'submit');
  await move(buyer, rest, 'join');
  await review(rig, rest);
  await move(reviewer, rest, 'exemptFromNotice', { input: { reason: '双方一致' } });
  await rig.settle();
  await move(clerk, rest, 'certify');
  expect((await seen(code)).state).toBe('transferred');
});

test('only who holds may apply, citing the certificate, at the registrar that keeps it', async () => {
  const code = await certificateFor(rig, steward, resource);
  const data = { changes: [{ item: 'description', before: '旧', after: '新的数据概述' }] };
  const proof = ['identity', 'changeProof'];
  const foreign = await laterCase(rig, buyer, 'registration.change', code, data, proof);
  expect(await refusal(move(buyer, foreign, 'submit'))).toBe('registry.certificateUnfit');
  const wrong = await laterCase(
    rig,
    steward,
    'registration.change',
    code,
    { ...data, certificate: 'SJ9902026030999' },
    proof,
  );
  expect(await refusal(move(steward, wrong, 'submit'))).toBe('registry.certificateUnfit');

  const id = await laterCase(rig, steward, 'registration.change', code, data, proof);
  await move(steward, id, 'submit');
  await approveLater(rig, id);
  expect(await seen(code)).toMatchObject({ revision: 2, dataSummary: '新的数据概述', state: 'valid' });
  const withdrawn = await rig.kernel.database.rows<{ number: string }>(
    sql`select number from papers where kind = 'certificate' and number like ${`${code}%`} and withdrawn_at is not null`,
  );
  expect(withdrawn).toEqual([{ number: code }]);
});

test('a seizure freezes a right until it is lifted, and says so to the market', async () => {
  const code = await certificateFor(rig, steward, resource);
  const right = (await rightsOf(code)).find((one) => one.right === 'operate')!;
  const draft = { kind: 'seizure' as const, text: '查封裁定', basis: '（2026）样0001执保1号', until: null };
  const remark = (who: Client, over: object = {}) =>
    who.call(wire.addRemark, { params: { id: right.id }, body: { ...draft, ...over } });
  expect(await refusal(remark(clerk))).toBe('kernel.unknown');
  expect(await refusal(remark(steward))).toBe('kernel.unknown');
  expect(await refusal(remark(reviewer, { basis: '' }))).toBe('kernel.invalid');
  await remark(reviewer, { kind: 'agreed', basis: '' });
  expect(await operates('xingsha')).toBe(code);
  const recorded = await remark(reviewer);
  expect(await operates('xingsha')).toBeUndefined();
  expect((await seen(code)).remarks.map((one) => one.kind)).toEqual(['agreed', 'seizure']);
  expect((await events('registry.right.remarked')).slice(-2)).toMatchObject([
    { kind: 'agreed', freezes: false },
    { kind: 'seizure', freezes: true, right: right.id },
  ]);
  const lift = () => reviewer.call(wire.liftRemark, { params: { id: recorded.id }, body: { reason: '解除裁定' } });
  await lift();
  expect(await refusal(lift())).toBe('registry.remarkLifted');
  expect(await operates('xingsha')).toBe(code);
  expect(await events('registry.right.released')).toMatchObject([{ right: right.id }]);
  await remark(reviewer, { kind: 'control', until: '2026-03-05' });
  expect(await operates('xingsha')).toBeUndefined();
  rig.moveTo('2026-03-06T01:00:00Z');
  await rig.settle();
  expect(await operates('xingsha')).toBe(code);
});

test('an objection after issue: the holder is told and is silent, inquiry, upheld; the registrar cancels by two people', async () => {
  const code = await certificateFor(rig, steward, resource);
  const filed = await laterCase(rig, buyer, 'registration.objection', code, {}, []).catch((error) => error);
  expect(filed).toBeInstanceOf(Error);
  const { id: subject } = await seen(code);
  const file = async (holder: string[]) => {
    const { id } = await buyer.call(caseWire.file, {
      body: {
        procedure: 'registration.objection',
        handler: rig.cast.organisations.registrar!,
        title: freight.name,
        subject,
        data: { certificate: code, holder, claim: '请求注销', reason: '数据由本单位采集' },
      },
    });
    await attach(buyer, id, 'identity');
    await attach(buyer, id, 'objectionMaterial');
    return id;
  };
  expect(await refusal(move(buyer, await file([rig.cast.organisations.merchant!]), 'submit'))).toBe(
    'registry.certificateUnfit',
  );
  const id = await file([rig.cast.organisations.xingsha!]);
  await move(buyer, id, 'submit');
  await move(clerk, id, 'accept');
  await move(clerk, id, 'tellHolder');
  const notices = await steward.call(caseWire.notices, {});
  await steward.call(caseWire.readNotice, {
    params: { notice: notices.items.find((notice) => notice.case === id)!.id },
  });
  rig.moveTo('2026-03-23T01:00:00Z');
  await rig.settle();
  await move(reviewer, id, 'uphold', { input: { reason: '异议属实' } });
  expect((await rightsOf(code)).map((right) => right.state)).toEqual(['frozen', 'frozen', 'frozen']);
  expect(await events('registry.objection.upheld')).toMatchObject([{ code }]);

  const params = { code };
  const propose = (who: Client) =>
    who.call(wire.proposeCancellation, { params, body: { ground: 'objection', reason: '异议成立' } });
  const confirm = (who: Client) => who.call(wire.confirmCancellation, { params, body: {} });
  expect(await refusal(confirm(reviewer))).toBe('registry.noProposal');
  await propose(reviewer);
  expect(await refusal(propose(clerk))).toBe('registry.alreadyProposed');
  expect(await refusal(confirm(reviewer))).toBe('registry.samePerson');
  expect(await refusal(confirm(steward))).toBe('kernel.unknown');
  const change = await laterCase(
    rig,
    steward,
    'registration.change',
    code,
    { changes: [{ item: 'description', before: '旧', after: '新' }] },
    ['identity', 'changeProof'],
  );
  await move(steward, change, 'submit');
  await review(rig, change);
  expect((await confirm(await rig.as('registrar.reviewer2'))).state).toBe('cancelled');
  expect(await refusal(move(reviewer, change, 'approve'))).toBe('registry.certificateUnfit');
  expect((await move(reviewer, change, 'terminate', { input: { reason: '凭证已注销' } })).state).toBe('terminated');
  expect((await rightsOf(code)).map((right) => right.state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
  expect(await refusal(propose(clerk))).toBe('registry.certificateUnfit');
});

/** An objection by the buyer, told to the holder, who may answer. */
const objectionTold = async (code: string): Promise<string> => {
  const { id: subject } = await seen(code);
  const { id } = await buyer.call(caseWire.file, {
    body: {
      procedure: 'registration.objection',
      handler: rig.cast.organisations.registrar!,
      title: freight.name,
      subject,
      data: { certificate: code, holder: [rig.cast.organisations.xingsha!], claim: '请求更正', reason: '描述不实' },
    },
  });
  await attach(buyer, id, 'identity');
  await attach(buyer, id, 'objectionMaterial');
  await move(buyer, id, 'submit');
  await move(clerk, id, 'accept');
  await move(clerk, id, 'tellHolder');
  return id;
};
const states = async (code: string) => (await rightsOf(code)).map((right) => right.state);

test('an objection that the holder concedes freezes the rights until the change that removes its cause', async () => {
  const own = await profiledResource(rig, steward);
  const code = await certificateFor(rig, steward, own);
  const id = await objectionTold(code);
  expect(await refusal(move(buyer, id, 'concede'))).toBe('kernel.notPermitted');
  expect((await move(steward, id, 'concede')).state).toBe('conceded');
  expect(await states(code)).toEqual(['frozen', 'frozen', 'frozen']);
  expect(await events('registry.objection.conceded')).toMatchObject([{ code, case: id }]);
  const change = await laterCase(
    rig,
    steward,
    'registration.change',
    code,
    { changes: [{ item: 'description', before: freight.summary, after: '更正后的概述' }] },
    ['identity', 'changeProof'],
  );
  await move(steward, change, 'submit');
  await approveLater(rig, change);
  expect(await states(code)).toEqual(['active', 'active', 'active']);
  expect(await seen(code)).toMatchObject({ state: 'valid', revision: 2, dataSummary: '更正后的概述' });
});

test('an objection that is contested and dismissed leaves everything as it was', async () => {
  const own = await profiledResource(rig, steward);
  const code = await certificateFor(rig, steward, own);
  const before = await seen(code);
  const id = await objectionTold(code);
  expect((await move(steward, id, 'contest', { input: { reason: '描述属实' } })).state).toBe('inquiry');
  expect(await refusal(move(steward, id, 'dismiss', { input: { reason: '-' } }))).toBe('kernel.notPermitted');
  expect((await move(reviewer, id, 'dismiss', { input: { reason: '证据不足' } })).state).toBe('dismissed');
  expect(await states(code)).toEqual(['active', 'active', 'active']);
  expect(await seen(code)).toEqual(before);
  expect(await events('registry.objection.dismissed')).toMatchObject([{ code, case: id }]);

  // The dismissal stands in the log as a commitment: the parties prove it, a stranger sees nothing of it.
  await rig.kernel.publicLog.sequence();
  const { items } = await buyer.call(caseWire.timeline, { params: { case: id } });
  const step = items.at(-1)!;
  expect(step).toMatchObject({ move: 'dismiss', log: 'commitment' });
  const proof = { params: { case: id, sequence: step.sequence } };
  for (const who of [buyer, steward, clerk]) {
    const bundle = await (await who.raw(caseWire.stepProof, proof)).json();
    expect(bundle).toMatchObject({
      kind: 'caseStep',
      document: { move: 'dismiss', procedure: 'registration.objection' },
    });
  }
  const other = await rig.as('merchant.trader');
  expect(await refusal(other.raw(caseWire.stepProof, proof))).toBe('kernel.unknown');
  expect(await refusal(rig.stranger.raw(caseWire.stepProof, proof))).toBe('kernel.notSignedIn');
  const logged = await rig.kernel.database.rows<{ entry: Buffer }>(
    sql`select entry from log_entries where kind = 'caseStep' and form = 'commitment'`,
  );
  expect(logged.length).toBeGreaterThan(0);
  for (const { entry } of logged)
    expect(Object.keys(JSON.parse(entry.toString()))).toEqual(['commitment', 'form', 'kind', 'v']);
});

test('a file is inspected with a purpose: holders at once, others when the registrar grants it', async () => {
  const code = await certificateFor(rig, steward, resource);
  const ask = (who: Client) =>
    who.call(wire.askInspection, { body: { certificate: code, purpose: '核对权属', basis: '拟受让该权利' } });
  const mine = await ask(steward);
  expect(mine.state).toBe('granted');
  const other = await rig.as('merchant.trader');
  const read = () => other.call(caseWire.get, { params: { case: mine.case } }).then((view) => view.data);
  expect(JSON.stringify(await read().catch(() => null))).not.toContain(xingsha.contact);
  const asked = await ask(other);
  expect(asked.state).toBe('asked');
  const answer = (who: Client) =>
    who.call(wire.answerInspection, { params: { id: asked.id }, body: { granted: true, reason: '利害关系成立' } });
  expect((await ask(other)).id).toBe(asked.id);
  expect(await refusal(answer(steward))).toBe('kernel.unknown');
  await answer(reviewer);
  expect(await refusal(answer(reviewer))).toBe('registry.inspectionAnswered');
  expect(JSON.stringify(await read())).toContain(xingsha.contact);
  rig.moveTo('2026-04-23T01:00:00Z');
  expect(JSON.stringify(await read().catch(() => null))).not.toContain(xingsha.contact);
  const log = await rig.kernel.database.rows(sql`select 1 from audit where action = 'registry.file.inspect'`);
  expect(log.length).toBe(1);
});

test('the registrar keeps its public page and volumes', async () => {
  const page = {
    process: '受理—审核—公示—存证—发证',
    complaintChannel: '0731-00000001',
    team: '审核人员 6 名',
    fees: [{ item: '初次登记', fen: '0', unit: '件', note: '试行期间免收' }],
  };
  expect(await refusal(clerk.call(wire.putRegistrar, { body: page }))).toBe('kernel.notPermitted');
  await (await rig.as('registrar.admin')).call(wire.putRegistrar, { body: page });
  const shown = await rig.stranger.call(wire.getRegistrar, {});
  expect(shown).toMatchObject(page);
  expect(shown.nationalSystem.zh).toContain('模拟');
  const volumes = await rig.stranger.call(wire.registryStatistics, { query: { year: 2026 } });
  const first = volumes.items.filter((row) => row.procedure === 'registration.first');
  expect(first.reduce((sum, row) => sum + row.completed, 0)).toBe(7);
  expect(volumes.inForce).toBe(
    (await rig.stranger.call(wire.listCertificates, { query: { state: 'valid' } })).items.length,
  );
});

test('a holder cancels, and the codes of a month end at 9999', async () => {
  const code = await certificateFor(rig, steward, resource);
  const id = await laterCase(rig, steward, 'registration.cancellation', code, {
    ground: 'asked',
    explanation: '不再经营',
  });
  await move(steward, id, 'submit');
  await approveLater(rig, id);
  expect((await seen(code)).state).toBe('cancelled');
  expect(await operates('xingsha')).not.toBe(code);

  await rig.kernel.database.pool.query(`update counters set value = 9998 where name like '%certificate/990/202604'`);
  expect(await certificateFor(rig, steward, resource)).toBe('SJ9902026049999');
  await expect(certificateFor(rig, steward, resource)).rejects.toThrow('registry.codeMissing');
  const stuck = (await clerk.call(wire.listDispatches, {})).items[0]!;
  expect(stuck).toMatchObject({ step: 'code', state: 'doing', failure: expect.stringContaining('codesExhausted') });
  rig.moveTo('2026-05-06T01:00:00Z');
  const { id: job } = await rig.kernel.database.one<{ id: string }>(
    sql`select id from jobs where kind = 'registry.national' and state = 'dead'`,
  );
  await rig.kernel.database.tx(systemActor('test'), (tx) => retryJob(tx, job));
  await rig.settle();
  await move(clerk, stuck.case, 'certify');
  const [late] = (await steward.call(wire.ownCertificates, { query: { limit: 1 } })).items;
  expect(late).toMatchObject({ code: 'SJ9902026050001', evidencedOn: '2026-04-23' });
});

test('the simulator answers a key once, also when asked at the same time, and for no real province', async () => {
  const { database } = rig.kernel;
  const simulator = nationalSimulator(database, { region: '99', registrarDigit: '7' });
  const ask = (key: string) => simulator.obtainCode(key, { case: key, registrar: 'org' });
  const answers = await Promise.all(['a', 'b', 'a', 'a'].map(ask));
  expect(new Set(answers.map((answer) => answer.code))).toEqual(new Set(['SJ9972026050001', 'SJ9972026050002']));
  expect(answers[2]).toEqual(answers[0]);
  expect(answers[3]).toEqual(answers[0]);
  expect((await ask('b')).code).toBe(answers[1]!.code);
  expect(() => nationalSimulator(database, { region: '43', registrarDigit: '1' })).toThrow('region 43');
});

test('renewal opens six months before the last day and closes before it', async () => {
  rig.moveTo('2026-05-11T01:00:00Z');
  const code = await certificateFor(rig, steward, resource);
  expect((await seen(code)).validUntil).toBe('2031-05-10T16:00:00.000Z');
  const renewal = () =>
    laterCase(rig, steward, 'registration.renewal', code, { years: 5, rightsKept: ['use', 'operate'] });
  rig.moveTo('2030-11-09T15:59:00Z');
  await rig.settle();
  const early = await renewal();
  expect(await refusal(move(steward, early, 'submit'))).toBe('cases.guarded');
  rig.moveTo('2030-11-09T16:00:00Z');
  await move(steward, early, 'submit');
  await move(steward, early, 'withdraw');
  rig.moveTo('2031-05-10T01:00:00Z');
  expect(await refusal(move(steward, await renewal(), 'submit'))).toBe('cases.guarded');
}, 60_000);

test('a certificate ends by itself, and a renewal asked for in time brings back what it keeps', async () => {
  rig.moveTo('2031-05-12T01:00:00Z');
  await rig.settle();
  const code = await certificateFor(rig, steward, resource);
  const { validUntil } = await seen(code);
  rig.moveTo('2036-05-08T01:00:00Z');
  await rig.settle();
  const id = await laterCase(rig, steward, 'registration.renewal', code, { years: 5, rightsKept: ['use', 'operate'] });
  await move(steward, id, 'submit');
  await review(rig, id);
  expect(await operates('xingsha')).toBe(code);
  rig.moveTo('2036-05-12T01:00:00Z');
  await rig.settle();
  expect(validUntil).toBe('2036-05-11T16:00:00.000Z');
  expect((await seen(code)).state).toBe('expired');
  expect(await operates('xingsha')).toBeUndefined();
  expect((await events('registry.certificate.ended')).at(-1)).toMatchObject({ code, state: 'expired' });
  await move(reviewer, id, 'approve');
  await rig.settle();
  await move(clerk, id, 'certify');
  expect(await seen(code)).toMatchObject({ state: 'valid', revision: 2, validUntil: '2041-05-11T16:00:00.000Z' });
  expect((await rightsOf(code)).map((right) => [right.right, right.state])).toEqual([
    ['hold', 'expired'],
    ['use', 'active'],
    ['operate', 'active'],
  ]);
}, 60_000);
