/** A bank and the tax office let a credit agency count what they have in common, and nobody sees more than was signed. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSandbox } from '@shugu/gateway';
import { computationLimits, computationTrust, openingCommitment } from '@shugu/private-compute';
import type { Client, ProblemError } from '@shugu/wire';
import { cases as casesWire } from '@shugu/wire/cases';
import * as wire from '@shugu/wire/compute';
import { proofOf } from '@shugu/wire/compute-proof';
import * as kernelWire from '@shugu/wire/kernel';
import * as registryWire from '@shugu/wire/registry';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../../../cli/src/command.ts';
import { districts, reckonedTrucks, trucksDraft } from '../../../cli/src/compute/demo-trucks.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { saidBy } from '../../../cli/src/testing.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { newId } from '../../src/kernel/ids.ts';
import { enqueue } from '../../src/kernel/jobs.ts';
import {
  type Computation,
  type Draft,
  draftOf,
  endedUse,
  type Holdings,
  holdingsBrought,
  type PsiDraft,
  readComputation,
  refusal,
  runOnce,
  signedContract,
  withoutWorkers,
} from '../support/computation.ts';
import { exchangeIn, settleWhole, type TestExchange } from '../support/exchange.ts';

let world: TestExchange;
let bank: Client;
let tax: Client;
let agency: Client;
let stranger: Client;
let held: Holdings;
let contract: Computation;
const owners = ['mapping.trader', 'xingsha.trader'];

const draft = (change: Partial<Draft> = {}) => {
  const { mapping, xingsha, creditagency } = world.seeded.organisations;
  return draftOf(held, { bank: mapping!, tax: xingsha!, recipient: creditagency! }, change);
};
const signed = (change: Partial<Draft> = {}) =>
  signedContract(world, draft(change), { recipient: 'creditagency.trader', owners });
const run = (one: Computation, values?: Record<string, string>, who = agency, query?: string) =>
  runOnce(who, one, values, query);
const read = (one: Computation, who = agency) => readComputation(who, one);
const ended = (one: Computation, use: string) => endedUse(agency, one, use);
const resultOf = (use: string, who = agency) => who.call(wire.getComputationResult, { params: { id: use } });

beforeAll(async () => {
  const opened = await exchangeIn(holdingsBrought);
  world = opened;
  [bank, tax, agency, stranger] = (await Promise.all(
    [...owners, 'creditagency.trader', 'citylogistics.trader'].map((login) => world.as(login)),
  )) as [Client, Client, Client, Client];
  held = opened.given;
  contract = await agency.call(wire.draftComputation, { body: draft() });
}, 600_000);
afterAll(() => world?.end());

describe('before all have signed', () => {
  test('everybody reads what each party will learn, and on what trust; a stranger finds nothing', async () => {
    expect(contract).toMatchObject({
      state: 'draft',
      uses: { total: 3, taken: 0, left: 3 },
      trust: computationTrust.cleanRoom,
    });
    expect(contract.query.sql).toContain(
      'HAVING ((count(DISTINCT l.person) >= 3) AND (count(DISTINCT t.taxpayer) >= 3) AND',
    );
    const told = (await read(contract, tax)).explained.map(({ zh }) => zh).join('\n');
    expect(told).toContain('按 arrears.kind 分组的汇总值：n = count(*)、owed = sum(arrears.owed)');
    expect(told).toMatch(/少于 3 个不同主体/);
    expect(`sha256:${createHash('sha256').update(contract.document).digest('hex')}`).toBe(contract.digest);
    const again = await agency.call(wire.draftComputation, { body: draft() });
    expect(again.digest).not.toBe(contract.digest);
    expect(await refusal(read(contract, stranger))).toBe('404 kernel.unknown');
    expect((await stranger.call(wire.listComputations, {})).items).toEqual([]);
    // Owners are told, and find it on their desk until they have signed.
    await world.settle();
    const notices = async (who: Client) => (await who.call(casesWire.notices, {})).items.map(({ text }) => text.zh);
    for (const who of [bank, tax]) {
      expect((await notices(who)).join()).toContain('贷前联合核查（样例）》等待本单位签署');
      const waiting = await who.call(wire.listComputations, { query: { waiting: 'true' } });
      expect(waiting.items.map(({ id }) => id)).toEqual([again.id, contract.id]);
    }
    expect((await agency.call(wire.listComputations, { query: { waiting: 'true' } })).items).toEqual([]);
    expect((await notices(agency)).join()).not.toContain('等待本单位签署');
    const listed = (await tax.call(wire.listComputations, {})).items.map(({ id }) => id);
    expect(listed.sort()).toEqual([again.id, contract.id].sort());
  });

  test('a query that shows more is refused with the reason, and so is what nobody keeps', async () => {
    // What a draft would tell stands there before it is one.
    const seen = await agency.call(wire.previewComputation, { body: draft() });
    expect(seen.explained).toEqual(contract.explained);
    expect(seen.sql).toBe(contract.query.sql);
    expect(await refusal(agency.call(wire.previewComputation, { body: draft({ uses: 5, until: draft().from }) }))).toBe(
      '422 compute.contractInvalid',
    );
    const refused = (change: Partial<Draft>) => refusal(agency.call(wire.draftComputation, { body: draft(change) }));
    const query = {
      sql: 'select l.person, count(*) as n from loans l join arrears t on l.person = t.taxpayer group by l.person',
    };
    const problem = await agency
      .call(wire.draftComputation, { body: draft({ query }) })
      .catch((error: ProblemError) => error.problem);
    expect(problem).toMatchObject({
      code: 'compute.queryRefused',
      errors: [{ field: 'body.query.sql', message: expect.stringContaining('loans.person') }],
    });
    expect(await refused({ release: { entitiesMin: 3, rowsMax: 10, rho: '0.1' } })).toBe('422 compute.contractInvalid');
    expect(await refused({ release: { entitiesMin: 2, rowsMax: 10, rho: null } })).toBe('400 kernel.invalid');
    expect(await refused({ until: '2026-07-01T00:00:00+08:00' })).toBe('422 compute.contractInvalid');
    expect(await refusal(stranger.call(wire.draftComputation, { body: draft() }))).toBe('422 compute.notAParty');
    expect(wire.computeLimits).toMatchObject(computationLimits);
  });

  test('owners sign what they read, each once, each for its own data; without all of them nothing runs', async () => {
    const sign = (who: Client, digest = contract.digest) =>
      refusal(who.call(wire.signComputation, { params: { id: contract.id }, body: { digest } }));
    expect(await sign(bank, `sha256:${'0'.repeat(64)}`)).toBe('409 compute.digestDiffers');
    expect(await sign(agency)).toBe('404 kernel.unknown');
    expect(await sign(stranger)).toBe('404 kernel.unknown');
    expect(await sign(bank)).toBe('done');
    expect(await sign(bank)).toBe('409 compute.alreadySigned');
    expect(await refusal(run(contract))).toBe('409 compute.unsigned');
    expect(await sign(tax)).toBe('done');
    contract = await read(contract);
    expect(contract.state).toBe('active');
    expect(contract.signatures.map(({ by }) => by.name)).toHaveLength(2);
    // The bank's table under the tax office's name, or of another type, is nobody's to sign.
    const [loans, arrears] = draft().dataSets;
    const foreign = await agency.call(wire.draftComputation, {
      body: draft({ dataSets: [loans!, { ...arrears!, resource: loans!.resource }] }),
    });
    expect(
      await refusal(tax.call(wire.signComputation, { params: { id: foreign.id }, body: { digest: foreign.digest } })),
    ).toBe('422 compute.dataUnknown');
  });
});

describe('a use', () => {
  test('opens the agreed groups to the recipient alone, and leaves evidence', async () => {
    const begun = await run(contract);
    const { use, now } = await ended(contract, begun.id);
    expect([use.state, use.number, use.rows, now.uses.left]).toEqual(['released', 1, 1, 2]);
    expect(use.isolation).toBe((await findSandbox()).kind === 'none' ? 'process' : 'bubblewrap');
    expect(contract.isolation).toBe(use.isolation);
    const result = await resultOf(use.id);
    expect(result).toMatchObject({
      columns: [{ name: 'kind' }, { name: 'n' }, { name: 'owed' }],
      rows: [['增值税', 14, 371]],
    });
    // The operator oversees contracts; results are none of its business.
    const operator = await world.as('operator.reviewer');
    expect((await read(contract, operator)).yours).toEqual({ owner: false, recipient: false, signed: false });
    for (const who of [bank, tax, stranger, operator])
      expect(await refusal(resultOf(use.id, who))).toBe('404 kernel.unknown');
    // Another city: two taxpayers with ten rows are two, and left out.
    const { use: second } = await ended(contract, (await run(contract, { city: '株洲' })).id);
    expect((await resultOf(second.id)).rows).toEqual([['所得税', 4, 142]]);
    await world.settle();
    const evidence = (who: Client) => who.raw(wire.getComputationEvidence, { params: { id: use.id } });
    const bundle = Buffer.from(await (await evidence(tax)).arrayBuffer()).toString('utf8');
    const verified = (file: string) => world.anyone.call(kernelWire.verifyFile, { body: { file } });
    expect((await verified(bundle)).ok).toBe(true);
    expect((await verified(bundle.replace('"number":1', '"number":2'))).ok).toBe(false);
    expect(JSON.parse(bundle).document).toMatchObject({
      contractDigest: contract.digest,
      number: 1,
      query: contract.query.digest,
      values: { city: '长沙' },
      outcome: 'released',
      isolation: use.isolation,
      result: use.resultDigest,
    });
    expect(await refusal(evidence(stranger))).toBe('404 kernel.unknown');
    // Nobody finds a small result by trying; who has it can show that it is what was recorded.
    const { rows, opening } = await resultOf(use.id);
    const digest = createHash('sha256')
      .update(JSON.stringify({ columns: contract.output, rows }))
      .digest();
    expect(bundle).not.toContain(digest.toString('hex'));
    expect(openingCommitment(Buffer.from(opening!.salt, 'hex'), digest)).toBe(use.resultDigest);
    // In one file with the evidence, offline; with another figure, salt or evidence it does not hold.
    const proof = proofOf(await resultOf(use.id), JSON.parse(bundle));
    const place = mkdtempSync(join(tmpdir(), 'shugu-proof-'));
    const trust = join(place, 'trust.json');
    writeFileSync(trust, await (await fetch(`${world.url}/.well-known/shugu-trust.json`)).text());
    const shown = async (one: object) => {
      const file = join(place, 'proof.json');
      writeFileSync(file, JSON.stringify(one));
      const { status, out } = await saidBy(() =>
        command(['compute', 'verify', '--json', '--trust', trust, file], 'en'),
      );
      return [status, (JSON.parse(out) as { uses: { opened: boolean }[] }).uses.map((each) => each.opened)];
    };
    expect(await shown(proof)).toEqual([0, [true]]);
    expect(await shown({ ...proof, rows: [['增值税', 14, 372]] })).toEqual([1, [false]]);
    expect(await shown({ ...proof, opening: { salt: '0'.repeat(64) } })).toEqual([1, [false]]);
    expect(await shown({ ...proof, opening: null })).toEqual([1, [false]]);
    expect(await shown({ ...proof, evidence: JSON.parse(bundle.replace('"number":1', '"number":2')) })).toEqual([
      1,
      [],
    ]);
    rmSync(place, { recursive: true });
  });

  test('shows no sum over many of whom one has a value: that would be that one’s', async () => {
    const [loans, arrears] = draft().dataSets;
    const fine = { name: 'fine', type: 'integer' as const, rule: 'aggregate' as const };
    const dataSets = [loans!, { ...arrears!, columns: [...arrears!.columns, fine] }];
    const query = {
      ...draft().query,
      sql: draft().query.sql!.replace('sum(t.owed) as owed', 'sum(t.owed) as owed, avg(t.fine) as fine'),
    };
    const one = await signed({ dataSets, query });
    const { use } = await ended(one, (await run(one)).id);
    expect([use.state, (await resultOf(use.id)).rows]).toEqual(['released', []]);
  });

  test('is refused where anything was not agreed on, and none of that counts', async () => {
    expect(await refusal(run(contract, { city: '北京' }))).toBe('422 compute.parameterWrong');
    expect(await refusal(run(contract, {}))).toBe('422 compute.parameterWrong');
    expect(await refusal(run(contract, { city: '长沙', kind: '增值税' }))).toBe('422 compute.parameterWrong');
    expect(await refusal(run(contract, { city: '长沙' }, agency, `sha256:${'0'.repeat(64)}`))).toBe(
      '409 compute.queryDiffers',
    );
    for (const who of [bank, tax, stranger])
      expect(await refusal(run(contract, { city: '长沙' }, who))).toBe('404 kernel.unknown');
    expect((await read(contract)).uses.taken).toBe(2);
  });

  test('of two that race for the last one wins, and then there is none', async () => {
    const answers = await Promise.all([refusal(run(contract)), refusal(run(contract))]);
    expect(answers.sort()).toEqual(['409 compute.exhausted', 'done']);
    await settleWhole(world);
    const now = await read(contract);
    expect([now.state, now.uses, now.history.length]).toEqual(['exhausted', { total: 3, taken: 3, left: 0 }, 3]);
    expect(await refusal(run(contract))).toBe('409 compute.exhausted');
    const taken = sql`update compute_contracts set uses_taken = uses_taken + 1 where id = ${contract.id}`;
    await expect(world.exchange.kernel.database.tx(systemActor('test'), (tx) => tx.exec(taken))).rejects.toThrow();
  });

  test('that a crash broke off counts, and is not begun again', async () => {
    const one = await signed();
    const use = newId('cpu', world.exchange.kernel.clock.now());
    // As a process that dies leaves it: reserved and begun, its job to be claimed again.
    await world.exchange.kernel.database.tx(systemActor('test'), async (tx) => {
      await tx.exec(sql`update compute_contracts set uses_taken = 1 where id = ${one.id}`);
      await tx.exec(sql`insert into compute_uses (id, contract, number, node, market, participant, person, parameters, state, created_at)
        values (${use}, ${one.id}, 1, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.recipients[0]!.id}, 'per', '{"city":"长沙"}', 'running', ${tx.now})`);
      await enqueue(tx, { kind: 'compute.run', title: { zh: '样例', en: 'specimen' }, data: { use } });
    });
    const { use: found, now } = await ended(one, use);
    expect([found.state, found.reason?.zh, now.uses.left]).toEqual(['failed', '计算被中断', 2]);
    expect(await refusal(resultOf(use))).toBe('409 compute.notReleased');
    await world.settle();
    const evidence = await bank.raw(wire.getComputationEvidence, { params: { id: use } });
    expect(JSON.parse(await evidence.text()).document).toMatchObject({ outcome: 'compute.interrupted', result: null });
  });

  test('whose job was cancelled before it began counts, and does not stay reserved', async () => {
    const one = await signed();
    const { id, job } = await withoutWorkers(world, () => run(one));
    expect(await refusal(stranger.call(kernelWire.cancelJob, { params: { id: job! } }))).toBe('404 kernel.unknown');
    await agency.call(kernelWire.cancelJob, { params: { id: job! } });
    await settleWhole(world);
    const { use, now } = await ended(one, id);
    expect([use.state, use.reason?.zh, now.uses.taken]).toEqual(['failed', '计算已取消', 1]);
    await world.settle();
    const evidence = await bank.raw(wire.getComputationEvidence, { params: { id } });
    expect(JSON.parse(await evidence.text()).document).toMatchObject({ outcome: 'compute.cancelled', price: null });
    // Asking for the job again does not bring back a use that ended.
    await agency.call(kernelWire.retryJob, { params: { id: job! } });
    await settleWhole(world);
    expect((await read(one)).history.map(({ state }) => state)).toEqual(['failed']);
  });

  test('reads the very bytes that were signed: a file swapped on the disk is noticed, and the use counts', async () => {
    const [loans] = draft().dataSets;
    const { objects } = world.exchange.kernel;
    const path = await objects.local(loans!.version);
    const bytes = await objects.bytes(loans!.version);
    const one = await signed();
    await writeFile(path, Buffer.concat([bytes, Buffer.alloc(1)]));
    const { use, now } = await ended(one, (await run(one)).id);
    await writeFile(path, bytes);
    expect([use.state, use.reason?.en, now.uses.taken]).toEqual([
      'failed',
      'The data are not the version that was signed: loans',
      1,
    ]);
    expect((await ended(one, (await run(one)).id)).use.state).toBe('released');
  });
});

describe('the template of overloaded trucks', () => {
  test('tells an insurer trucks and trips by class of those whom it insures, as reckoned in the open, and no group of few', async () => {
    const { mapping, xingsha } = world.seeded.organisations;
    const [insurer, transport] = [
      { login: 'mapping.trader', id: mapping! },
      { login: 'xingsha.trader', id: xingsha! },
    ];
    const terms = await trucksDraft(world.stage, [insurer, transport]);
    const { uses, from, until: last, priceFen } = draft();
    const body = { ...terms, uses, from, until: last, priceFen };
    const one = await signedContract(world, body, { recipient: insurer.login, owners });
    const opened = async (district: string) => {
      const { id } = await run(one, { district }, bank);
      const { use } = await endedUse(bank, one, id);
      return (await resultOf(use.id, bank)).rows;
    };
    const { entitiesMin } = terms.release;
    for (const district of districts) {
      const rows = await opened(district);
      expect(rows).toHaveLength(reckonedTrucks(district, entitiesMin).length);
      expect(rows).toEqual(expect.arrayContaining(reckonedTrucks(district, entitiesMin)));
    }
    expect(reckonedTrucks(districts[1], entitiesMin).length).toBeLessThan(reckonedTrucks(districts[1], 1).length);
  });
});

describe('with noise', () => {
  // So much of it that its noise has no chance to be anything but 0, and what was bounded shows.
  const rho = '1000000';
  const noise: Draft['noise'] = {
    rows: [
      { table: 'loans', rowsMax: 1 },
      { table: 'arrears', rowsMax: 1 },
    ],
    bounds: [{ column: 'arrears.owed', lower: '0', upper: '30' }],
    groups: [{ column: 'arrears.kind', values: ['增值税', '所得税', '契税'] }],
    answerSeconds: 1,
  };
  const noisy = (change: Partial<Draft> = {}): Partial<Draft> => ({
    release: { entitiesMin: 3, rowsMax: 10, rho },
    noise,
    query: {
      sql: draft().query.sql,
      parameters: [{ name: 'city', title: '城市', values: ['长沙', '株洲', '湘潭'] }],
    },
    ...change,
  });
  const allow = (who: Client, resource: string, entity: string, most: string) =>
    refusal(who.call(wire.setBudget, { body: { resource, entity, rho: most } }));
  const spent = async (who: Client) =>
    (await who.call(wire.listBudgets, {})).items.map(({ entity, limit, spent: gone }) => [entity, limit, gone]);
  const rows = async (use: string) => (await resultOf(use)).rows;

  test('that protects hardly anybody is said to, with the rule that says so; and less of it is not', async () => {
    const one = await agency.call(wire.draftComputation, { body: draft(noisy()) });
    expect(one.privacy!.warning!.en).toMatch(
      /all 3 uses together tell up to ε = .*more than 10 \(following the guide: /,
    );
    // Three uses at 0.3: ε = 7.95; at 0.5, 10.6.
    for (const [each, warned] of [
      ['0.3', false],
      ['0.5', true],
    ] as const) {
      const body = draft(noisy({ release: { entitiesMin: 3, rowsMax: 10, rho: each } }));
      const { explained } = await agency.call(wire.previewComputation, { body });
      expect(explained.map(({ en }) => en).join()).toContain('1 row of loans');
      expect(
        explained.some(({ zh }) => zh.includes('很难保护')),
        each,
      ).toBe(warned);
    }
  });

  test('nobody signs without a budget, and no budget is anybody else’s to set', async () => {
    const one = await agency.call(wire.draftComputation, { body: draft(noisy()) });
    const sign = () =>
      refusal(bank.call(wire.signComputation, { params: { id: one.id }, body: { digest: one.digest } }));
    expect(await sign()).toBe('409 compute.budgetMissing');
    for (const who of [tax, agency, stranger])
      expect(['404 kernel.unknown', '403 kernel.forbidden']).toContain(await allow(who, held.loans.id, 'person', rho));
    expect(await allow(bank, held.loans.id, 'nobody', rho)).toBe('422 compute.dataUnknown');
    expect(await allow(bank, held.loans.id, 'person', '0')).toBe('422 compute.contractInvalid');
    expect(await allow(bank, held.loans.id, 'person', '9000000')).toBe('done');
    expect(await allow(tax, held.arrears.id, 'taxpayer', '2000000')).toBe('done');
    expect(await sign()).toBe('done');
    expect(one.explained.map(({ zh }) => zh).join('\n')).toMatch(/差分隐私[\s\S]*arrears 1 行[\s\S]*arrears.owed 0…30/);
    expect(one.query.sql).not.toContain('HAVING');
  });

  test('every named group is told, each entity weighs what was agreed, and the same question is answered once', async () => {
    const one = await signed(noisy());
    const { use } = await ended(one, (await run(one)).id);
    // 20 to 33 owe as much as their number says, and 31, 32 and 33 count as 30; nobody owes 契税.
    expect(await rows(use.id)).toEqual([
      ['增值税', 14, 365],
      ['所得税', 0, 0],
      ['契税', 0, 0],
    ]);
    const result = await resultOf(use.id);
    expect(result.columns.map(({ name, deviation }) => [name, deviation && Math.round(deviation * 1e4)])).toEqual([
      ['kind', null],
      ['n', 10],
      ['owed', 300],
    ]);
    const again = await run(one);
    expect(again.id).toBe(use.id);
    expect(await spent(tax)).toEqual([['taxpayer', '2000000', '1000000']]);
    // Of the nine rows of one taxpayer one counts.
    const { use: second, now } = await ended(one, (await run(one, { city: '株洲' })).id);
    expect((await rows(second.id)).slice(0, 2)).toEqual([
      ['增值税', 2, 60],
      ['所得税', 4, 120],
    ]);
    expect(now.uses).toEqual({ total: 3, taken: 2, left: 1 });
    expect(now.privacy).toMatchObject({ rho, usesLeft: 0, budgets: [] });
    expect((await read(one, tax)).privacy!.budgets).toMatchObject([{ limit: '2000000', spent: '2000000' }]);
    // All of the tax office's budget is gone: refused before a use counts and before a row is read.
    const problem = await run(one, { city: '湘潭' }).catch((error: ProblemError) => error.problem);
    expect(problem).toMatchObject({ code: 'compute.budgetShort', detail: 'arrears' });
    expect((await read(one)).uses.taken).toBe(2);
    expect(await spent(bank)).toEqual([['person', '9000000', '2000000']]);
    // What was told is told again.
    expect((await run(one)).id).toBe(use.id);
  });

  test('of two contracts that race for the last of a budget one takes a use, and what is spent never comes back', async () => {
    const two = await Promise.all([signed(noisy()), signed(noisy())]);
    expect(await allow(tax, held.arrears.id, 'taxpayer', '3000000')).toBe('done');
    const answers = await Promise.all(two.map((one) => refusal(run(one))));
    expect(answers.sort()).toEqual(['409 compute.budgetShort', 'done']);
    await settleWhole(world);
    expect(await spent(tax)).toEqual([['taxpayer', '3000000', '3000000']]);
    const { database } = world.exchange.kernel;
    const back = sql`update compute_budgets set rho_spent = 0`;
    await expect(database.tx(systemActor('test'), (tx) => tx.exec(back))).rejects.toThrow();
  });
});

describe('the end', () => {
  test('an owner revokes alone, and nothing runs any more', async () => {
    const one = await signed();
    const revoke = (who: Client) =>
      refusal(who.call(wire.revokeComputation, { params: { id: one.id }, body: { reason: '数据主体提出异议' } }));
    expect([await revoke(agency), await revoke(stranger), await revoke(tax)]).toEqual([
      '404 kernel.unknown',
      '404 kernel.unknown',
      'done',
    ]);
    expect(await read(one)).toMatchObject({ state: 'revoked', reason: '数据主体提出异议' });
    expect(await refusal(run(one))).toBe('409 compute.revoked');
    // Each owner sees what else the same recipient has asked of its data; nobody else does.
    const asked = async (who: Client, change: Partial<Draft> = {}) => {
      const { id } = await who.call(wire.draftComputation, { body: draft(change) });
      return (await who.call(wire.getComputation, { params: { id } })).overlaps.map((other) => other.id);
    };
    for (const who of [bank, tax]) expect(await asked(who)).toContain(contract.id);
    expect(await asked(bank)).not.toContain(one.id);
    expect(await asked(agency)).toEqual([]);
    const { mapping } = world.seeded.organisations;
    expect(await asked(bank, { recipients: [mapping!] })).toEqual([]);
    // Last month's version of the same resource is the same; another resource is not.
    const [loans, arrears] = draft().dataSets as [Draft['dataSets'][number], Draft['dataSets'][number]];
    const february = { ...loans, version: `sha256:${'0'.repeat(64)}` };
    // A recipient drafts on: owners' own drafts are held against what they have.
    const toldTo = async (who: Client, change: Partial<Draft>) => {
      const { id } = await agency.call(wire.draftComputation, { body: draft(change) });
      return (await readComputation(who, { id })).overlaps.map((one) => one.id);
    };
    expect(await toldTo(bank, { dataSets: [february, arrears] })).toContain(contract.id);
    const other = { ...loans, resource: held.arrears.id };
    expect(await toldTo(bank, { dataSets: [other, arrears] })).toEqual([]);
  });

  test('of data that stay with their owners each sees what else the same other owner takes part in, whatever file it is of', async () => {
    const { mapping, xingsha, citylogistics } = world.seeded.organisations as Record<string, string>;
    const setOf = (owner: string, table: string) => ({
      ...{ owner, table, key: 'id' },
      ...{ commitment: randomBytes(32).toString('hex'), channelKey: randomBytes(32).toString('hex') },
      signingKey: { kty: 'OKP', crv: 'Ed25519', x: randomBytes(32).toString('base64url') } as const,
    });
    const { title, purpose, uses, from, until: last, priceFen } = draft();
    const psi = (second: string): PsiDraft => ({
      ...{ title, purpose, uses, from, until: last, priceFen, mode: 'psi', protocol: 'helper', opens: 'rows' },
      ...{ dataSets: [setOf(mapping!, 'b'), setOf(second, 's')], recipients: [mapping!], keysMax: 1000 },
    });
    const january = await signedContract(world, psi(xingsha!), { recipient: 'mapping.trader', owners });
    const seen = async (second: string, who: Client) => {
      const { id } = await bank.call(wire.draftComputation, { body: psi(second) });
      return (await readComputation(who, { id })).overlaps.map((one) => one.id);
    };
    for (const who of [bank, tax]) expect(await seen(xingsha!, who)).toContain(january.id);
    for (const who of [bank, stranger]) expect(await seen(citylogistics!, who)).toEqual([]);
  });

  test('data that changed since are not what was signed: refused, and not counted', async () => {
    const one = await signed();
    const file = Buffer.from('taxpayer,kind,owed\nP1020,增值税,5\n');
    const client = await world.as('xingsha.trader');
    const { id } = await client.call(registryWire.startUpload, {
      body: {
        resource: held.arrears.id,
        fileName: 'table.csv',
        bytes: file.length,
        digest: `sha256:${createHash('sha256').update(file).digest('hex')}`,
      },
    });
    await client.raw(
      registryWire.putPart,
      { params: { id, offset: 0 } },
      { rawBody: file, headers: { 'content-type': 'application/octet-stream' } },
    );
    await client.call(registryWire.completeUpload, { params: { id }, body: {} });
    await until('the new data', async () => {
      const { content } = await client.call(registryWire.getResource, { params: { id: held.arrears.id } });
      return content?.state === 'ready' && content.normalDigest !== held.arrears.content!.normalDigest;
    });
    expect(await refusal(run(one))).toBe('409 compute.versionSwapped');
    expect((await read(one)).uses.taken).toBe(0);
    (world.exchange.kernel.clock as SimulatedClock).moveTo(new Date('2026-08-01T00:00:00+08:00'));
    // Sessions of before have ended with the month.
    const later = await world.as('creditagency.trader');
    expect(await refusal(run(one, { city: '长沙' }, later))).toBe('409 compute.expired');
    await until('the contract to be noted as expired', async () => (await read(one, later)).state === 'expired');
  });
});
