/** A contract whose results its owners see first: nothing reaches a recipient before all have said yes, and a refusal counts. */
import type { Client, ProblemError } from '@shugu/wire';
import * as wire from '@shugu/wire/compute';
import * as modulesWire from '@shugu/wire/compute-modules';
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../cli/src/scenario/resource.ts';
import {
  type Computation,
  type Draft,
  draftOf,
  endedUse,
  holdingsBrought,
  readComputation,
  refusal,
  runOnce,
  signedContract,
} from '../support/computation.ts';
import { exchangeIn, type TestExchange } from '../support/exchange.ts';

const owners = ['mapping.trader', 'xingsha.trader'];
let world: TestExchange;
let bank: Client;
let tax: Client;
let agency: Client;
let stranger: Client;
let draft: (change?: Partial<Draft>) => Draft;

const release = { entitiesMin: 3, rowsMax: 100, rho: null, how: 'ask' as const };
const signed = (change: Partial<Draft> = {}): Promise<Computation> =>
  signedContract(world, draft({ release, ...change }), { recipient: 'creditagency.trader', owners });
const useOf = async (one: Computation, use: string) =>
  (await readComputation(agency, one)).history.find(({ id }) => id === use)!;
const held = (one: Computation, use: string) =>
  until('the result to be held', async () => (await useOf(one, use)).state === 'held');
const outputOf = (use: string, who: Client) => who.call(modulesWire.getHeldOutput, { params: { id: use } });
const approve = (use: string, who: Client, digest: string) =>
  refusal(who.call(modulesWire.approveOutput, { params: { id: use }, body: { digest } }));
const refuse = (use: string, who: Client) =>
  refusal(who.call(modulesWire.refuseOutput, { params: { id: use }, body: { reason: '一组说明了某个客户' } }));
const resultOf = (use: string, who = agency) => who.call(wire.getComputationResult, { params: { id: use } });
const recordOf = async (use: string): Promise<string> => {
  await world.settle();
  return (await bank.raw(wire.getComputationEvidence, { params: { id: use } })).text();
};

beforeAll(async () => {
  const opened = await exchangeIn(holdingsBrought);
  world = opened;
  [bank, tax, agency, stranger] = (await Promise.all(
    [...owners, 'creditagency.trader', 'citylogistics.trader'].map((login) => world.as(login)),
  )) as [Client, Client, Client, Client];
  const { mapping, xingsha, creditagency } = world.seeded.organisations;
  draft = (change = {}) => draftOf(opened.given, { bank: mapping!, tax: xingsha!, recipient: creditagency! }, change);
}, 600_000);
afterAll(() => world?.end());

test('a result waits until every owner has approved it; then its recipients have it, and the record says who looked', async () => {
  const one = await signed();
  const told = one.explained.map(({ zh }) => zh).join('\n');
  expect(told).toMatch(/每次结果先由.*看过并按摘要批准/);
  expect(told).toContain('看的人因此得知结果');
  expect(told).not.toContain('得不到结果');
  expect(one.release).toMatchObject({ how: 'ask' });
  const { id } = await runOnce(agency, one);
  await held(one, id);
  expect(await refusal(resultOf(id))).toBe('409 compute.notReleased');
  for (const who of [agency, stranger]) {
    expect(await refusal(outputOf(id, who))).toBe('404 kernel.unknown');
    expect(await approve(id, who, one.digest)).toBe('404 kernel.unknown');
    expect(await refuse(id, who)).toBe('404 kernel.unknown');
  }
  const { rows, digest } = await outputOf(id, tax);
  expect(rows).toEqual([['增值税', 14, 371]]);
  expect(await approve(id, bank, one.digest)).toBe('409 compute.outputDiffers');
  expect(await approve(id, bank, digest)).toBe('done');
  expect(await refusal(resultOf(id))).toBe('409 compute.notReleased');
  expect(await approve(id, tax, digest)).toBe('done');
  expect((await resultOf(id)).rows).toEqual(rows);
  const file = await recordOf(id);
  expect((await world.anyone.call(kernelWire.verifyFile, { body: { file } })).ok).toBe(true);
  expect(JSON.parse(file).document).toMatchObject({
    outcome: 'released',
    result: digest,
    answers: [
      { approved: true, digest },
      { approved: true, digest },
    ],
  });
});

test('one refusal opens nothing to anybody and counts; what the record says is that it was refused', async () => {
  const one = await signed();
  const { id } = await runOnce(agency, one);
  await held(one, id);
  const { digest } = await outputOf(id, bank);
  expect([await approve(id, bank, digest), await refuse(id, tax)]).toEqual(['done', 'done']);
  const { use, now } = await endedUse(agency, one, id);
  expect([use.state, use.reason?.zh, now.uses]).toEqual([
    'failed',
    '数据持有单位拒绝发布输出',
    { total: 3, taken: 1, left: 2 },
  ]);
  expect(await refusal(resultOf(id))).toBe('409 compute.notReleased');
  expect(await refusal(outputOf(id, bank))).toBe('409 compute.wrongState');
  expect(JSON.parse(await recordOf(id)).document).toMatchObject({
    outcome: 'compute.outputRefused',
    rows: null,
    result: null,
    answers: [{ approved: true }, { approved: false }],
  });
});

test('with noise the same question while it waits is the same use: owners are not shown the figures with other noise', async () => {
  const [loans, arrears] = draft().dataSets;
  for (const [who, set] of [
    [bank, loans!],
    [tax, arrears!],
  ] as const)
    await who.call(wire.setBudget, { body: { resource: set.resource, entity: set.entity, rho: '1' } });
  const one = await signed({
    query: {
      sql: 'select t.kind, count(*) as n from loans l join arrears t on l.person = t.taxpayer group by t.kind',
      parameters: [],
    },
    release: { entitiesMin: 3, rowsMax: 100, rho: '0.1', how: 'ask' },
    noise: {
      rows: [
        { table: 'loans', rowsMax: 1 },
        { table: 'arrears', rowsMax: 1 },
      ],
      bounds: [],
      groups: [{ column: 'arrears.kind', values: ['增值税', '所得税'] }],
    },
  });
  const { id } = await runOnce(agency, one, {});
  await held(one, id);
  expect((await runOnce(agency, one, {})).id).toBe(id);
  const { digest, rows } = await outputOf(id, bank);
  for (const who of [bank, tax]) expect(await approve(id, who, digest)).toBe('done');
  expect((await resultOf(id)).rows).toEqual(rows);
  expect((await runOnce(agency, one, {})).id).toBe(id);
  const now = await readComputation(bank, one);
  expect([now.uses.taken, now.privacy?.budgets[0]?.spent]).toEqual([1, '0.1']);
});

test('is no rule of a program’s query, nor without it of anybody: what is left out is given out at once', async () => {
  const one = await signed({ release: { entitiesMin: 3, rowsMax: 100, rho: null, how: 'direct' } });
  const { use } = await endedUse(agency, one, (await runOnce(agency, one)).id);
  expect([use.state, use.answers]).toEqual(['released', []]);
  const module = { digest: one.digest, output: [{ name: 'n', type: 'integer' as const }] };
  const problem = await agency
    .call(wire.draftComputation, { body: draft({ release, module, query: { parameters: [] } }) })
    .catch((error: ProblemError) => error.problem);
  expect(problem).toMatchObject({ code: 'compute.contractInvalid', errors: [{ field: 'body.release.how' }] });
});
