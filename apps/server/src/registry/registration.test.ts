/** First registration through the door: as applicant, clerk, reviewer, neighbour and stranger, on a simulated calendar. */
import { verifyBundle } from '@shugu/evidence';
import type { Client } from '@shugu/wire';
import { cases as caseWire } from '@shugu/wire/cases';
import * as kernelWire from '@shugu/wire/kernel';
import * as wire from '@shugu/wire/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { trustOf } from '../kernel/issue/routes.ts';
import { refusal } from '../members/testing.server.ts';
import { inOrder } from './rules.ts';
import {
  attach,
  certificateFor,
  draftCase,
  firstForm,
  freight,
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
let clerk: Client;
let reviewer: Client;
let resource: string;
beforeAll(async () => {
  rig = await startRegistryServer();
  steward = await rig.as('xingsha.steward');
  clerk = await rig.as('registrar.clerk');
  reviewer = await rig.as('registrar.reviewer');
  resource = await profiledResource(rig, steward);
}, 120_000);
afterAll(() => rig?.close());

const papers = ['identity', 'sourceProof', 'sample'];
const fresh = (form = firstForm(), subject = resource) =>
  draftCase(rig, steward, 'registration.first', subject, form, papers);
const submitted = async (form = firstForm()) => {
  const id = await fresh(form);
  await move(steward, id, 'submit');
  return id;
};
const precheck = (form: object, of = resource) =>
  steward.call(wire.precheckRegistration, { body: { resource: of, form: form as never } });
const state = async (id: string) => (await steward.call(caseWire.get, { params: { case: id } })).state;

test('the pre-check says what each source of data may register, and what contradicts itself', async () => {
  const own = await precheck(firstForm());
  expect(own).toMatchObject({ ready: true, registrable: ['hold', 'use', 'operate'], faults: [] });
  expect(own.papers.map((paper) => paper.id)).toEqual(papers);
  const cases: [object, string[], string[]][] = [
    [{ dataSource: 'publicCrawl' }, ['hold', 'use'], ['crawlOperate', 'sourceDiffers']],
    [{ dataSource: 'publicCrawl', notSubstituting: true }, ['hold', 'use', 'operate'], ['sourceDiffers']],
    [{ dataSource: 'entrusted' }, [], ['entrustedNone', 'entrustedNone', 'entrustedNone', 'sourceDiffers']],
    [{ dataSource: 'government' }, [], ['governmentNone', 'governmentNone', 'governmentNone', 'sourceDiffers']],
    [
      { applicants: [mapping] },
      ['hold', 'use', 'operate'],
      ['notApplicant', 'notApplicant', 'notApplicant', 'notApplicant', 'withoutRight'],
    ],
    [
      { rights: [{ ...firstForm().rights[0]!, from: '2027-01-01', to: '2026-12-31' }] },
      ['hold', 'use', 'operate'],
      ['order'],
    ],
  ];
  for (const [over, registrable, codes] of cases) {
    const found = await precheck(firstForm(over as never));
    expect([over, found.registrable, found.faults.map((fault) => fault.code)]).toEqual([over, registrable, codes]);
  }
  const silent = await precheck(firstForm({ dataSource: 'agreement', contractSilent: true }));
  expect(silent.warnings.map((warning) => warning.field)).toContain('body.form.rights.0.right');
  expect(
    await refusal(
      precheck(
        firstForm(),
        resource.replace(/.$/, (last) => (last === 'z' ? 'y' : 'z')),
      ),
    ),
  ).toBe('kernel.unknown');
});

test('from a file to a certificate: notice, evidence at which it is complete, code, paper', async () => {
  const id = await submitted();
  await review(rig, id);
  expect(await refusal(move(clerk, id, 'publish'))).toBe('kernel.notPermitted');
  await move(reviewer, id, 'publish');
  expect(await refusal(move(clerk, id, 'certify'))).toBe('cases.notNow');
  const notice = (await rig.stranger.call(caseWire.publicNotices, {})).items.find((item) => item.case === id)!;
  expect(notice.fields.map((field) => field.id).sort()).toEqual(['applicants', 'dataName', 'dataSummary', 'limits']);
  expect(JSON.stringify(notice.fields)).not.toContain(xingsha.number);
  await rig.settle();
  rig.moveTo('2026-03-09T01:00:00Z');
  await rig.settle();
  expect(await state(id)).toBe('notice');
  rig.moveTo('2026-03-10T01:00:00Z');
  await rig.settle();
  expect(await state(id)).toBe('registered');
  const dispatches = await clerk.call(wire.listDispatches, { query: { case: id } });
  expect(dispatches.items.map(({ step, state: sent }) => [step, sent])).toEqual([
    ['code', 'done'],
    ['evidence', 'done'],
    ['notice', 'done'],
  ]);
  for (const { answer } of dispatches.items) expect(JSON.stringify(answer)).toContain('模拟');
  await move(clerk, id, 'certify');
  await rig.settle();

  const code = 'SJ9902026030001';
  const certificate = await rig.stranger.call(wire.getCertificate, { params: { code } });
  expect(certificate).toMatchObject({
    state: 'valid',
    specimen: true,
    evidencedOn: '2026-03-10',
    validFrom: '2026-03-09T16:00:00.000Z',
    validUntil: '2031-03-09T16:00:00.000Z',
    holders: [{ name: xingsha.name, rights: ['hold', 'use', 'operate'] }],
  });
  expect(JSON.stringify(certificate)).not.toContain(xingsha.phone);
  const paper = await rig.stranger.call(kernelWire.paperRead, { params: { id: certificate.paper! } });
  expect(paper).toMatchObject({ kind: 'certificate', number: code, disclosure: 'clear', ready: true });
  const bundle = await rig.stranger.raw(kernelWire.paperBundle, { params: { id: certificate.paper! } });
  const trust = await trustOf(rig.kernel.database, rig.kernel.keys, async (participant) => participant);
  const report = await verifyBundle(new Uint8Array(await bundle.arrayBuffer()), trust);
  expect([report.checks.filter((check) => !check.ok), report.ok]).toEqual([[], true]);
  expect(report.signers).toMatchObject([{ role: 'registrar' }]);
  const logged = await rig.kernel.database.rows<{ kind: string; entry: Buffer }>(
    sql`select kind, entry from log_entries order by created_at, id`,
  );
  expect(logged.map((row) => row.kind)).toEqual(['registration.notice', 'registration.evidence', 'certificate']);
  expect(logged.map((row) => row.entry.toString()).join()).not.toContain(xingsha.phone);

  const own = rig.cast.organisations.xingsha!;
  const right = (at: string, who = own) =>
    rig.registry.operatingRight(rig.kernel.database, who, resource, new Date(at));
  expect(await right('2026-03-11T00:00:00Z')).toMatchObject({ certificateCode: code });
  expect(await right('2026-03-09T15:59:59Z')).toBeUndefined();
  expect(await right('2031-03-09T16:00:00Z')).toBeUndefined();
  expect(await right('2026-03-11T00:00:00Z', rig.cast.organisations.mapping!)).toBeUndefined();
});

test('silence accepts on the working day after the limit; gaps are told once; late correction lapses', async () => {
  rig.moveTo('2026-03-16T01:00:00Z');
  const silent = await submitted();
  rig.moveTo('2026-03-19T15:00:00Z');
  await rig.settle();
  expect(await state(silent)).toBe('submitted');
  rig.moveTo('2026-03-20T01:00:00Z');
  await rig.settle();
  expect(await state(silent)).toBe('reviewing');
  await move(steward, silent, 'withdraw');

  const gaps = { input: { gaps: ['补充来源证明'], workingDays: 3 } };
  const corrected = await submitted();
  await move(clerk, corrected, 'requestCorrection', gaps);
  await move(steward, corrected, 'resubmit');
  expect(await refusal(move(clerk, corrected, 'requestCorrection', gaps))).toBe('cases.timesUsedUp');
  await move(steward, corrected, 'withdraw');

  const late = await submitted();
  await move(clerk, late, 'requestCorrection', gaps);
  rig.moveTo('2026-03-27T01:00:00Z');
  await rig.settle();
  expect(await state(late)).toBe('lapsed');
});

test('an objection in the notice holds it up; upheld, nothing is registered', async () => {
  rig.moveTo('2026-04-07T01:00:00Z');
  const certificatesBefore = (await rig.stranger.call(wire.listCertificates, {})).items.length;
  const id = await submitted();
  await review(rig, id);
  await move(reviewer, id, 'publish');
  const objector = await rig.as('mapping.trader');
  const reason = { input: { reason: '该数据由本单位采集' } };
  expect(await refusal(move(objector, id, 'object', reason))).toBe('cases.paperMissing');
  await attach(objector, id, 'objectionMaterial');
  await move(objector, id, 'object', reason);
  rig.moveTo('2026-04-16T01:00:00Z');
  await rig.settle();
  expect(await state(id)).toBe('objection');
  expect(
    await refusal(move(clerk, id, 'upholdObjection', { input: { ground: 'dispute', reason: '权属有争议' } })),
  ).toBe('kernel.notPermitted');
  await move(reviewer, id, 'upholdObjection', { input: { ground: 'dispute', reason: '权属有争议' } });
  await rig.settle();
  expect(await state(id)).toBe('refused');
  expect((await rig.stranger.call(wire.listCertificates, {})).items.length).toBe(certificatesBefore);
});

test('what does not fit is refused where it is handed in', async () => {
  expect(await refusal(fresh().then((id) => move(steward, id, 'submit', { form: { dataSource: 'government' } })))).toBe(
    'kernel.invalid',
  );
  expect(await refusal(fresh().then((id) => move(steward, id, 'submit', { form: { dataSource: 'utility' } })))).toBe(
    'registry.applicationUnfit',
  );
  const foreign = await profiledResource(rig, await rig.as('mapping.trader'));
  expect(await refusal(fresh(firstForm(), foreign).then((id) => move(steward, id, 'submit')))).toBe('kernel.unknown');
  const { id: bare } = await steward.call(wire.createResource, {
    body: { ...freight, name: '未上传的资源' },
  });
  expect(await refusal(fresh(firstForm(), bare).then((id) => move(steward, id, 'submit')))).toBe(
    'registry.notProfiled',
  );
  const open = await submitted();
  expect(await refusal(submitted())).toBe('registry.caseOpen');
  expect(await refusal(steward.call(wire.retireResource, { params: { id: resource }, body: { reason: '不用' } }))).toBe(
    'registry.registered',
  );
  await move(steward, open, 'withdraw');
  const finance = await rig.as('xingsha.finance');
  expect(await refusal(finance.call(wire.precheckRegistration, { body: { resource, form: {} } }))).toBe(
    'kernel.notPermitted',
  );
  expect(
    await refusal(
      draftCase(rig, steward, 'registration.first', resource, firstForm(), []).then((id) =>
        move(steward, id, 'submit'),
      ),
    ),
  ).toBe('cases.paperMissing');
  const operator = rig.cast.organisations.operator!;
  const wrong = await steward.call(caseWire.file, {
    body: {
      procedure: 'registration.first',
      handler: operator,
      title: '错误受理机构',
      subject: resource,
      data: firstForm() as never,
    },
  });
  for (const kind of papers) await attach(steward, wrong.id, kind);
  expect(await refusal(move(steward, wrong.id, 'submit'))).toBe('registry.notRegistrar');
});

test('a natural person by an agent: in the log no name, to strangers a shortened one', async () => {
  rig.moveTo('2026-05-11T01:00:00Z');
  const person = { ...xingsha, name: '样例张三', kind: 'natural', number: '99000019900101001X' };
  const form = firstForm({
    applicants: [person],
    agent: xingsha.name,
    rights: [{ holder: person.name, right: 'hold', limits: '无', proof: '本人合法取得' }],
  } as never);
  const code = await certificateFor(rig, steward, resource, form);
  const shown = await rig.stranger.call(wire.getCertificate, { params: { code } });
  expect(shown.holders).toEqual([{ id: null, name: '样***', rights: ['hold'] }]);
  const text = JSON.stringify(shown);
  expect([person.name, person.number].filter((one) => text.includes(one))).toEqual([]);
  const logged = await rig.kernel.database.rows<{ entry: Buffer }>(sql`select entry from log_entries`);
  const log = logged.map((row) => row.entry.toString()).join();
  expect([person.name, person.number].filter((one) => log.includes(one))).toEqual([]);
  const paper = { params: { id: shown.paper! } };
  expect(await refusal(rig.stranger.call(kernelWire.paperRead, paper))).toBe('kernel.unknown');
  expect((await steward.call(kernelWire.paperRead, paper)).disclosure).toBe('commitment');
});

test('two holders register the same right at once, each with its own term', async () => {
  rig.moveTo('2026-05-12T01:00:00Z');
  const line = (holder: typeof xingsha, over: object = {}) => ({
    holder: holder.name,
    code: holder.number,
    right: 'use',
    limits: '无',
    proof: '联合采集协议',
    ...over,
  });
  const id = await submitted(
    firstForm({
      applicants: [xingsha, mapping],
      rights: [line(xingsha), line(mapping, { to: '2027-12-31' })],
      noNotice: true,
      noNoticeReason: '涉及商业秘密',
    } as never),
  );
  await review(rig, id);
  await move(reviewer, id, 'exemptFromNotice', { input: { reason: '理由成立' } });
  await rig.settle();
  expect(await state(id)).toBe('registered');
  await move(clerk, id, 'certify');
  const rights = inOrder(await rig.registry.rightsOf(rig.kernel.database, resource)).filter(
    (right) => right.caseId === id,
  );
  expect(rights.map((right) => [right.holderName, right.right, right.validUntil.toISOString()])).toEqual([
    [xingsha.name, 'use', '2031-05-11T16:00:00.000Z'],
    [mapping.name, 'use', '2027-12-31T16:00:00.000Z'],
  ]);
  const joint = await rig.as('mapping.trader');
  expect((await joint.call(wire.ownRights, {})).items).toMatchObject([{ right: 'use', state: 'active' }]);
  expect((await joint.call(wire.getResource, { params: { id: resource } })).id).toBe(resource);
  rig.moveTo('2027-12-31T15:59:00Z');
  await rig.settle();
  expect((await joint.call(wire.ownRights, {})).items[0]!.state).toBe('active');
  rig.moveTo('2027-12-31T16:00:00Z');
  await rig.settle();
  expect((await joint.call(wire.ownRights, {})).items[0]!.state).toBe('expired');
});
