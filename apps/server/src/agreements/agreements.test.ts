/** Contracts through the door: as the two parties, as strangers, as the operator's people. */
import { createHash } from 'node:crypto';
import { verifyInContext } from '@shugu/evidence';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { stopTestPostgres } from '../kernel/postgres/testing.ts';
import type { Contract, ContractDraft } from './index.ts';
import { draftFor, type Market, openMarket, policy, rightUntil, start, type Who } from './testing.ts';

let market: Market;
let sold: { product: string; version: string };

beforeAll(async () => {
  market = await openMarket();
  sold = await market.version();
  await market.call('reviewer', 'POST', '/api/contract-templates/import', {});
  const drafts = (await market.call('approver', 'GET', '/api/contract-templates?state=draft')).body.items;
  for (const { id } of drafts) await market.call('approver', 'POST', `/api/contract-templates/${id}/enable`, {});
}, 120_000);

afterAll(async () => {
  await market.close();
  await stopTestPostgres();
});

const draft = (more: Partial<ContractDraft> = {}): Promise<Contract> =>
  market.as('system', (tx) => market.agreements.draftContract(tx, draftFor(sold.version, more)));
const post = (who: Who | '', id: string, verb: string, body: object = {}) =>
  market.call(who, 'POST', `/api/contracts/${id}/${verb}`, body);
const get = async (who: Who, id: string) => (await market.call(who, 'GET', `/api/contracts/${id}`)).body;
const sign = async (who: Who, id: string) => {
  const view = await get(who, id);
  return post(who, id, 'sign', { documentHash: (view.open ?? view.current).documentHash });
};
const effective = async (more: Partial<ContractDraft> = {}): Promise<Contract> => {
  const contract = await draft({ agreed: true, ...more });
  await sign('supplier', contract.id);
  await sign('buyer', contract.id);
  return contract;
};
const plan = (id: string) => market.agreements.planOf(market.kernel.database, id);
const refusal = (run: Promise<unknown>) =>
  run.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );
const events = async (id: string): Promise<string[]> =>
  (
    await market.kernel.database.rows<{ type: string }>(
      sql`select type from events where subject = ${id} order by sequence`,
    )
  ).map((row) => row.type.replace('agreements.contract.', ''));

test('an agreed order becomes a contract in force when both have signed what they read', async () => {
  const contract = await draft({ agreed: true, order: 'ord_1' });
  expect(contract).toMatchObject({ state: 'pendingSignature', number: expect.stringMatching(/^HT-202607-\d{4}$/) });
  const view = await get('buyer', contract.id);
  expect(view.next).toEqual({ moves: ['sign', 'refuse'], waitsFor: ['org_supplier', 'org_buyer'] });
  expect((await post('buyer', contract.id, 'sign', { documentHash: `sha256:${'0'.repeat(64)}` })).body.code).toBe(
    'agreements.hashDiffers',
  );
  expect((await sign('buyer', contract.id)).body).toMatchObject({
    state: 'pendingSignature',
    next: { waitsFor: ['org_supplier'] },
  });
  expect((await sign('buyer', contract.id)).body.code).toBe('agreements.alreadySigned');
  expect(await plan(contract.id)).toBeUndefined();
  const done = (await sign('supplier', contract.id)).body;
  expect(done).toMatchObject({
    state: 'effective',
    until: '2027-06-30T16:00:00.000Z',
    paperId: expect.stringMatching(/^ppr_/),
    next: { waitsFor: [] },
  });
  expect(await events(contract.id)).toEqual(['drafted', 'locked', 'signed', 'signed', 'effective']);
  const found = await market.agreements.effectiveContracts(market.kernel.database, { productVersion: sold.version });
  expect(found.items.map((one) => one.id)).toContain(contract.id);
});

test('the signatures verify over the downloaded bytes, and over nothing else', async () => {
  const contract = await effective();
  const { text } = await market.call('buyer', 'GET', `/api/contracts/${contract.id}/versions/1/document`);
  const view = await get('buyer', contract.id);
  const bytes = Buffer.from(text);
  expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(view.current.documentHash);
  const keys = new Map((await market.kernel.keys.known(market.kernel.database)).map((key) => [key.id, key]));
  expect(view.current.signatures).toHaveLength(2);
  for (const { keyId, participant, signature, level } of view.current.signatures) {
    const key = keys.get(keyId)!;
    expect([key.participant, key.purpose, level]).toEqual([participant, 'signature', 'platform']);
    expect(verifyInContext(key.publicKey, 'agreement', bytes, Buffer.from(signature, 'base64'))).toBe(true);
    const other = Buffer.from(text.replace('1000', '9000'));
    expect(verifyInContext(key.publicKey, 'agreement', other, Buffer.from(signature, 'base64'))).toBe(false);
  }
  const document = JSON.parse(text);
  expect(document).toMatchObject({
    parties: { supplier: { creditCode: '91430100MA00000011' }, buyer: { name: '示例商业银行股份有限公司' } },
    subject: { version: sold.version, contentDigests: [`sha256:${'b'.repeat(64)}`] },
    basis: [{ kind: 'operatingRight', reference: 'SJ99-0001' }, { kind: 'complianceReport' }],
    term: { until: '2027-06-30T16:00:00.000Z' },
  });
  const clauses: { text: { zh: string } }[] = document.clauses;
  expect(clauses.some(({ text: { zh } }) => zh.includes('累计调用不超过 1,000 次'))).toBe(true);
  expect(JSON.stringify(clauses)).not.toContain('{{');
});

test('the plan enforces what was signed: parties, target, and no longer than the term', async () => {
  const contract = await effective({ terms: { ...draftFor('').terms, until: null } });
  const until = Date.parse('2027-12-31T16:00:00Z');
  expect(await plan(contract.id)).toMatchObject({
    assignee: 'org_buyer',
    actions: ['use'],
    prohibited: ['distribute'],
    notAfter: until,
    quotas: [{ limit: 1000 }],
  });
  expect((await market.agreements.contract(market.kernel.database, 'system', contract.id))!.until!.getTime()).toBe(
    until,
  );
});

test('a contract never outlasts what it stands on', async () => {
  const long = (until: string) => ({ terms: { ...draftFor('').terms, until } });
  expect(await refusal(draft(long('2027-12-31T16:00:01Z')))).toBe('agreements.outlasts');
  const noReport = { basis: [] };
  expect((await draft({ ...long('2028-06-30T16:00:00Z'), ...noReport })).state).toBe('draft');
  await expect(draft({ ...long('2028-07-01T00:00:00Z'), ...noReport })).rejects.toThrow('operatingRight SJ99-0001');
  market.setRight(undefined);
  expect(await refusal(draft())).toBe('agreements.rightMissing');
  const title = { kind: 'titleProof' as const, reference: 'FL-1', subject: '', until: null };
  expect((await draft({ basis: [title] })).state).toBe('draft');
  market.setRight(rightUntil);
});

test('a right that ends between locking and signing stops the signature', async () => {
  const contract = await draft({ agreed: true });
  await sign('supplier', contract.id);
  market.setRight(undefined);
  expect((await sign('buyer', contract.id)).body.code).toBe('agreements.basisEnded');
  market.setRight(new Date('2027-01-01T00:00:00Z'));
  expect((await sign('buyer', contract.id)).body.code).toBe('agreements.outlasts');
  market.setRight(rightUntil);
  expect((await sign('buyer', contract.id)).body.state).toBe('effective');
});

test('a report that no longer stands stops the signature; a renewed one lets an amendment last longer', async () => {
  const pending = await draft({ agreed: true });
  market.setStanding([]);
  expect((await sign('buyer', pending.id)).body).toMatchObject({
    code: 'agreements.basisEnded',
    detail: 'complianceReport HG-0001',
  });
  market.setStanding(undefined);
  const { id } = await effective();
  const longer = { terms: { until: '2028-03-31T16:00:00Z' }, note: '续期' };
  expect((await post('buyer', id, 'propose', longer)).body.code).toBe('agreements.outlasts');
  market.setStanding([{ kind: 'complianceReport', reference: 'HG-0002', subject: '', until: '2028-12-31T16:00:00Z' }]);
  await post('buyer', id, 'propose', longer);
  await post('supplier', id, 'confirm', { round: 1 });
  await sign('supplier', id);
  expect((await sign('buyer', id)).body).toMatchObject({
    until: '2028-03-31T16:00:00.000Z',
    current: { basis: [{ kind: 'operatingRight' }, { reference: 'HG-0002' }] },
  });
  market.setStanding(undefined);
});

test('an order that falls through takes its unsigned contract with it, and no other', async () => {
  const cancel = (id: string) => market.as('system', (tx) => market.agreements.cancelUnsigned(tx, id, '订单取消'));
  const { id } = await draft({ agreed: true, order: 'ord_cancelled' });
  await cancel(id);
  await cancel(id);
  expect(await get('buyer', id)).toMatchObject({ state: 'refused', endReason: '订单取消' });
  expect((await draft({ order: 'ord_cancelled' })).state).toBe('draft');
  expect(await refusal(cancel((await effective()).id))).toBe('agreements.wrongState');
});

test('terms go back and forth, each from → to, until both confirm', async () => {
  const { id } = await draft();
  expect((await post('buyer', id, 'propose', { terms: { acceptanceDays: 10 } })).body.code).toBe(
    'agreements.nothingChanged',
  );
  const proposed = await post('buyer', id, 'propose', { terms: { acceptanceDays: 20 }, note: '内部流程较长' });
  expect(proposed.body).toMatchObject({
    state: 'negotiating',
    next: { waitsFor: ['org_supplier'], moves: ['refuse'] },
  });
  expect((await post('buyer', id, 'propose', { terms: { acceptanceDays: 30 } })).body.code).toBe(
    'agreements.notYourTurn',
  );
  expect((await post('buyer', id, 'confirm', { round: 1 })).body.code).toBe('agreements.notYourTurn');
  await post('supplier', id, 'propose', {
    terms: { acceptanceDays: 15, supplements: [{ title: '联络', text: '双方各指定一名联络人。' }] },
  });
  expect((await post('buyer', id, 'confirm', { round: 1 })).body.code).toBe('agreements.staleRound');
  const locked = await post('buyer', id, 'confirm', { round: 2 });
  expect(locked.body).toMatchObject({ state: 'pendingSignature', current: { terms: { acceptanceDays: 15 } } });
  const rounds = (await market.call('supplier', 'GET', `/api/contracts/${id}/rounds`)).body.items;
  expect(
    rounds.map((round: { by: string; changes: { field: string }[] }) => [
      round.by,
      round.changes.map((one) => one.field),
    ]),
  ).toEqual([
    ['org_buyer', ['acceptanceDays']],
    ['org_supplier', ['acceptanceDays', 'supplements']],
  ]);
  expect((await post('supplier', id, 'propose', { terms: { acceptanceDays: 1 } })).body.code).toBe(
    'agreements.wrongState',
  );
});

test('a proposal is checked like a draft', async () => {
  const { id } = await draft();
  const code = async (terms: object) => (await post('buyer', id, 'propose', { terms })).body.code;
  expect(await code({ price: { unit: 0.05 } })).toBe('agreements.termsInvalid');
  expect(await code({ price: { gift: true } })).toBe('kernel.invalid');
  expect(await code({ until: '2031-01-01T00:00:00Z' })).toBe('agreements.outlasts');
  expect(await code({ deliveryModes: ['share'] })).toBe('agreements.deliveryUnknown');
  expect(await code({ policy: { permission: 'everything' } })).toBe('agreements.policyInvalid');
  const masked = {
    ...policy,
    permission: [
      { action: 'use', constraint: [{ leftOperand: 'shugu:columns', operator: 'isAnyOf', rightOperand: 'mileage' }] },
    ],
  };
  expect(await code({ policy: masked })).toBe('agreements.policyNotEnforceable');
  expect((await post('buyer', id, 'propose', { terms: { policy: masked, deliveryModes: ['api'] } })).status).toBe(200);
});

test('strangers learn nothing, the wrong seat may not, supervisors may read', async () => {
  const { id } = await effective();
  const unknown = await market.call('stranger', 'GET', '/api/contracts/con_00000000000000000000000000');
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['GET', '/rounds', undefined],
    ['GET', '/versions/1/document', undefined],
    ['POST', '/sign', { documentHash: `sha256:${'0'.repeat(64)}` }],
    ['POST', '/propose', { terms: { acceptanceDays: 1 } }],
    ['POST', '/confirm', { round: 0 }],
    ['POST', '/refuse', { reason: 'x' }],
    ['POST', '/terminations', { reason: 'x' }],
    ['POST', '/forced-terminations', { reason: 'x' }],
  ] as const) {
    const found = await market.call('stranger', method, `/api/contracts/${id}${path}`, body);
    expect([path, found.status, found.body.code]).toEqual([path, unknown.status, unknown.body.code]);
  }
  expect((await market.call('', 'GET', `/api/contracts/${id}`)).status).toBe(401);
  expect((await post('supplierSteward', id, 'terminations', { reason: 'x' })).status).toBe(404);
  expect((await market.call('officer', 'GET', `/api/contracts/${id}`)).status).toBe(200);
  expect((await market.call('reviewer', 'GET', `/api/contracts/${id}`)).status).toBe(200);
  expect((await market.call('stranger', 'GET', '/api/contracts')).body.items).toEqual([]);
  expect((await market.call('buyer', 'GET', '/api/contracts?side=supplier')).body.items).toEqual([]);
  expect((await market.call('buyer', 'GET', '/api/contracts?side=buyer')).body.items.length).toBeGreaterThan(0);
});

test('an amendment replaces the text in force only when both have signed it', async () => {
  const { id } = await effective();
  expect((await post('buyer', id, 'propose', { terms: { acceptanceDays: 3 } })).body.code).toBe('kernel.invalid');
  const doubled = {
    ...policy,
    permission: [{ action: 'use', constraint: [{ leftOperand: 'count', operator: 'lteq', rightOperand: '2000' }] }],
  };
  const open = (await post('buyer', id, 'propose', { terms: { policy: doubled }, note: '业务量增加' })).body;
  expect(open).toMatchObject({
    state: 'effective',
    current: { number: 1 },
    open: { number: 2, state: 'negotiating', reason: '业务量增加' },
  });
  await post('supplier', id, 'confirm', { round: 1 });
  await sign('supplier', id);
  expect((await plan(id))!.quotas[0]!.limit).toBe(1000);
  const amended = (await sign('buyer', id)).body;
  expect(amended).toMatchObject({ state: 'effective', current: { number: 2, state: 'effective' }, open: null });
  expect((await plan(id))!.quotas[0]!.limit).toBe(2000);
  const text = JSON.parse((await market.call('buyer', 'GET', `/api/contracts/${id}/versions/2/document`)).text);
  const first = await market.call('buyer', 'GET', `/api/contracts/${id}/versions/1/document`);
  expect(text).toMatchObject({
    version: 2,
    supersedes: `sha256:${createHash('sha256').update(first.text).digest('hex')}`,
    reason: '业务量增加',
  });
  expect((await events(id)).at(-1)).toBe('amended');
});

test('a refused amendment leaves the contract in force; a refused contract is over', async () => {
  const { id } = await effective();
  await post('buyer', id, 'propose', { terms: { acceptanceDays: 3 }, note: '加快验收' });
  expect((await post('supplier', id, 'refuse', { reason: '不同意' })).body).toMatchObject({
    state: 'effective',
    open: null,
  });
  const pending = await draft({ agreed: true });
  expect((await post('supplier', pending.id, 'refuse', { reason: '条件有变' })).body).toMatchObject({
    state: 'refused',
    endReason: '条件有变',
  });
  expect((await sign('buyer', pending.id)).body.code).toBe('agreements.wrongState');
});

test('an agreed end needs the other party, a forced one another person; use stops at once', async () => {
  const one = await effective();
  const proposed = (await post('buyer', one.id, 'terminations', { reason: '项目取消' })).body;
  const path = `terminations/${proposed.terminations[0].id}/decide`;
  expect((await post('buyer', one.id, path, { accept: true })).body.code).toBe('agreements.notYourTurn');
  expect((await post('supplier', one.id, path, { accept: true })).body.state).toBe('terminatedAgreed');
  expect(await plan(one.id)).toBeUndefined();

  const two = await effective();
  expect((await post('supplier', two.id, 'forced-terminations', { reason: 'x' })).status).toBe(404);
  const forced = (await post('both', two.id, 'forced-terminations', { reason: '监管指令要求停止' })).body;
  const decide = `forced-terminations/${forced.terminations[0].id}/decide`;
  expect((await post('reviewer', two.id, decide, { accept: true })).status).toBe(404);
  expect((await post('both', two.id, decide, { accept: true })).body.code).toBe('agreements.samePerson');
  expect(await plan(two.id)).toBeDefined();
  expect((await post('approver', two.id, decide, { accept: true })).body).toMatchObject({
    state: 'terminatedForced',
    endReason: '监管指令要求停止',
  });
  expect(await plan(two.id)).toBeUndefined();
  expect((await events(two.id)).at(-1)).toBe('terminated');
});

test('a contract signed by hand takes effect when the other party confirms the scan', async () => {
  const { id } = await draft({ agreed: true });
  const hash = (await get('buyer', id)).current.documentHash;
  const upload = (who: Who, content: string) =>
    market.call(who, 'POST', `/api/contracts/${id}/paper?documentHash=${hash}`, Buffer.from(content));
  expect((await upload('supplier', 'GIF89a')).body.code).toBe('agreements.paperNotPdf');
  expect((await upload('stranger', '%PDF-1.7 x')).status).toBe(404);
  const uploaded = await upload('supplier', '%PDF-1.7 scan');
  expect(uploaded.body).toMatchObject({ state: 'pendingSignature', next: { waitsFor: ['org_buyer'] } });
  const { digest } = uploaded.body.current.paper;
  expect((await sign('buyer', id)).body.code).toBe('agreements.waysMixed');
  expect((await post('supplier', id, 'paper/confirm', { digest, documentHash: hash })).body.code).toBe(
    'agreements.alreadySigned',
  );
  expect((await post('buyer', id, 'paper/confirm', { digest, documentHash: hash })).body).toMatchObject({
    state: 'effective',
    current: { signatures: [] },
  });
});

test('two signatures at the same moment put it into effect once', async () => {
  const { id } = await draft({ agreed: true });
  const { documentHash } = (await get('buyer', id)).current;
  const both = await Promise.all(
    (['supplier', 'buyer', 'supplier', 'buyer'] as const).map((who) => post(who, id, 'sign', { documentHash })),
  );
  expect(both.map((one) => one.status).sort()).toEqual([200, 200, 409, 409]);
  expect((await events(id)).filter((one) => one === 'effective')).toHaveLength(1);
});

test('no certification authority is shipped, and a foreign one is not believed', async () => {
  const { id } = await draft({ agreed: true });
  const { documentHash } = (await get('buyer', id)).current;
  const certified = { authority: 'toString', signature: 'eA==', certificates: 'y' };
  expect((await post('buyer', id, 'sign', { documentHash, certified })).body.code).toBe('agreements.authorityUnknown');
});

test('offers are frozen, kept from the wrong audience, and bound what a buyer may ask', async () => {
  const body = {
    productVersion: sold.version,
    policy,
    price: { unit: '0.05' },
    audience: { kind: 'participants', participants: ['org_buyer'] },
  };
  const made = await market.call('supplier', 'POST', '/api/offers', body);
  expect(made.status).toBe(201);
  const { id } = made.body;
  expect((await market.call('stranger', 'POST', '/api/offers', body)).status).toBe(404);
  expect((await market.call('stranger', 'GET', `/api/offers/${id}`)).status).toBe(404);
  expect((await market.call('buyer', 'GET', `/api/offers/${id}`)).body.explanation.zh).toContain(
    '累计调用不超过 1,000 次。',
  );
  const { policy: _, price: __, ...rest } = draftFor('').terms;
  expect((await draft({ offer: id, terms: rest })).state).toBe('draft');
  const more = { ...policy, permission: [{ action: 'use' }] };
  expect(await refusal(draft({ offer: id, terms: { ...rest, policy: more } }))).toBe('agreements.policyExceedsOffer');
  expect(await refusal(draft({ offer: id, buyer: 'org_stranger', terms: rest }))).toBe('agreements.offerClosed');
  await market.call('supplier', 'POST', `/api/offers/${id}/withdraw`, {});
  expect(await refusal(draft({ offer: id, terms: rest }))).toBe('agreements.offerClosed');
  const share = {
    ...body,
    policy: {
      permission: [{ action: 'use', constraint: [{ leftOperand: 'shugu:rows', operator: 'lteq', rightOperand: '5' }] }],
    },
  };
  expect((await market.call('supplier', 'POST', '/api/offers', share)).body.code).toBe(
    'agreements.policyNotEnforceable',
  );
});

test('a watermark alters only what the dictionary holds as numbers or times, and goes only where copies can be marked', async () => {
  const policyOf = (altered: string) => ({
    profile: 'urn:shugu:policy:1:',
    permission: [
      {
        action: 'use',
        constraint: [{ leftOperand: 'shugu:watermarkAlters', operator: 'eq', rightOperand: altered }],
      },
    ],
  });
  const offered = (altered: string, more: object = {}) =>
    market.call('supplier', 'POST', '/api/offers', {
      productVersion: sold.version,
      policy: policyOf(altered),
      price: { unit: '0.05' },
      audience: { kind: 'everyone' },
      ...more,
    });
  const refused = async (altered: string, more: object = {}) => {
    const { code, errors } = (await offered(altered, more)).body;
    return [code, errors[0].code];
  };
  expect(await refused('score=1')).toEqual(['agreements.policyInvalid', 'watermarkColumn']);
  expect(await refused('plate=1')).toEqual(['agreements.policyInvalid', 'watermarkColumn']);
  // This product goes out as a file and by look-up, which can carry no mark.
  expect(await refused('mileage=0.5')).toEqual(['agreements.policyNotEnforceable', 'notEnforceable']);
  const asFile = { deliveryModes: ['file' as const] };
  market.setUnmarkable([{ zh: '文件“附件”不能加注水印', en: 'The file annex cannot be marked' }]);
  expect(await refused('mileage=0.5', asFile)).toEqual(['agreements.policyNotEnforceable', 'notMarkable']);
  const terms = { ...draftFor(sold.version).terms, policy: policyOf('mileage=0.5'), ...asFile };
  expect(await refusal(draft({ terms }))).toBe('agreements.policyNotEnforceable');
  market.setUnmarkable([]);
  expect(await refusal(draft({ terms }))).toBe('done');
  // Kept when files could not be marked yet: the plan of the same policy is made anew when it is offered again.
  const { database } = market.kernel;
  await database.tx({ kind: 'system', id: 'test', participant: '' }, (tx) =>
    tx.exec(sql`update policy_plans set plan = jsonb_set(plan, '{drivers}', '["share"]') where plan ? 'watermark'`),
  );
  expect((await offered('mileage=0.5', asFile)).status).toBe(201);
  const plans = await database.rows<{ drivers: string[] }>(
    sql`select plan -> 'drivers' as drivers from policy_plans where plan ? 'watermark'`,
  );
  expect(plans).toEqual([{ drivers: ['file', 'share'] }]);
});

test('who may not be a party, and what needs a template', async () => {
  expect(await refusal(draft({ buyer: 'org_supplier' }))).toBe('agreements.partiesSame');
  expect(await refusal(draft({ buyer: 'org_operator' }))).toBe('agreements.operatorIsParty');
  await draft({ agreed: true, order: 'ord_twice' });
  await expect(draft({ agreed: true, order: 'ord_twice' })).rejects.toThrow('contracts_order');
});

test('templates are drafted by one person and enabled by another', async () => {
  const shipped = (await market.call('', 'GET', '/api/contract-templates?code=provision')).body.items[0];
  expect(shipped).toMatchObject({ state: 'enabled', version: 1 });
  expect((await market.call('reviewer', 'POST', '/api/contract-templates/import', {})).body.drafted).toEqual([]);
  const clauses = [
    { key: 'one', title: { zh: '一', en: 'One' }, text: { zh: '{{buyer.name}}', en: '{{buyer.name}}' } },
  ];
  const body = { code: 'provision', title: { zh: '自拟', en: 'Own' }, source: { zh: '自拟', en: 'own' }, clauses };
  const wrong = { ...body, clauses: [{ ...clauses[0], text: { zh: '{{buyer.bank}}', en: 'x' } }] };
  expect((await market.call('both', 'POST', '/api/contract-templates', wrong)).body.code).toBe(
    'agreements.placeholderUnknown',
  );
  const { id } = (await market.call('both', 'POST', '/api/contract-templates', body)).body;
  expect((await market.call('', 'GET', `/api/contract-templates/${id}`)).status).toBe(404);
  expect((await market.call('both', 'POST', `/api/contract-templates/${id}/enable`, {})).body.code).toBe(
    'agreements.samePerson',
  );
  expect((await market.call('approver', 'POST', `/api/contract-templates/${id}/enable`, {})).body.state).toBe(
    'enabled',
  );
  expect((await market.call('', 'GET', `/api/contract-templates/${shipped.id}`)).body.state).toBe('retired');
  expect(await draft({ agreed: true })).toMatchObject({ template: id, templateVersion: 2 });
});

test('anybody has a policy explained', async () => {
  const explained = await market.call('', 'POST', '/api/policies/explain', {
    policy: {
      permission: [
        { action: 'use', constraint: [{ leftOperand: 'shugu:mask', operator: 'eq', rightOperand: 'plate=hash' }] },
      ],
    },
  });
  expect(explained.body).toMatchObject({ ok: true, problems: [] });
  const paths = Object.fromEntries(
    explained.body.paths.map((one: { path: string; enforceable: boolean }) => [one.path, one.enforceable]),
  );
  expect(paths).toMatchObject({ file: false, api: true });
  const strange = await market.call('', 'POST', '/api/policies/explain', {
    policy: { permission: [{ action: 'resell' }] },
  });
  expect(strange.body).toMatchObject({ ok: false, problems: [{ code: 'actionUnknown' }, { code: 'noAction' }] });
});

test('a locked text never changes, not even by hand', async () => {
  const { id } = await effective();
  await expect(
    market.kernel.database.pool.query('update contract_versions set document = $1 where contract = $2', ['{}', id]),
  ).rejects.toThrow('never changes');
});

test('a plan of an older compiler is made again from the signed source', async () => {
  const { id } = await effective();
  const before = await plan(id);
  await market.kernel.database.pool.query('update policy_plans set compiler_version = 0');
  expect(await plan(id)).toEqual(before);
});

test('the contract’s paper is printed and bundled once the log holds it', async () => {
  const { id } = await effective({ kind: 'processing' });
  const { paperId } = await get('buyer', id);
  const { database, issue, publicLog } = market.kernel;
  await publicLog.sequence();
  const job = await database.one<{ data: { paper: string } }>(sql`select data from jobs where unique_key = ${paperId}`);
  const context = { database } as Parameters<(typeof issue.jobs)[string]>[1];
  const made = await issue.jobs['kernel.paper.make']!(job as Parameters<(typeof issue.jobs)[string]>[0], context);
  expect(made).toEqual({ missingGlyphs: [] });
  const row = (await issue.read(database, paperId))!;
  const pdf = await issue.file(row, 'pdf');
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  // The log's entry tells nothing: neither the parties nor the number stand in it.
  const { entry } = await database.one<{ entry: Buffer }>(
    sql`select entry from log_entries where id = ${row.log_entry}`,
  );
  expect(entry.toString()).not.toMatch(/示例|HT-|org_/);
});

// Last: it moves the calendar.
test('time ends what is over and what nobody signed', async () => {
  const running = await effective();
  const unsigned = await draft({ agreed: true });
  const amended = await effective();
  await post('buyer', amended.id, 'propose', { terms: { acceptanceDays: 4 }, note: '加快' });
  const expire = () => market.as('system', (tx) => market.agreements.expireDue(tx));
  expect(await expire()).toBe(0);
  market.moveTo(new Date(start.getTime() + 31 * 86_400_000));
  while (await expire());
  expect(await get('buyer', unsigned.id)).toMatchObject({ state: 'expired', endReason: 'unsigned' });
  expect(await get('buyer', amended.id)).toMatchObject({ state: 'effective', open: null });
  expect((await get('buyer', running.id)).state).toBe('effective');
  market.moveTo(new Date('2027-06-30T16:00:00Z'));
  while (await expire());
  expect(await get('buyer', running.id)).toMatchObject({ state: 'expired', endReason: 'term' });
  expect(await plan(running.id)).toBeUndefined();
  await market.as('system', (tx) => market.agreements.complete(tx, running.id));
  expect((await get('buyer', running.id)).state).toBe('completed');
  expect((await events(running.id)).slice(-2)).toEqual(['expired', 'completed']);
});
