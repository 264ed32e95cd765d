/** A buyer's program goes to the data: named by its digest, run in the sandbox, its output looked at before anybody gets it. */
import { createHash } from 'node:crypto';
import { findSandbox } from '@shugu/gateway';
import { openingCommitment } from '@shugu/private-compute';
import type { Client, ProblemError } from '@shugu/wire';
import { cases as casesWire } from '@shugu/wire/cases';
import * as wire from '@shugu/wire/compute';
import * as modulesWire from '@shugu/wire/compute-modules';
import * as kernelWire from '@shugu/wire/kernel';
import * as membersWire from '@shugu/wire/members';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import wabtOf from 'wabt';
import { countingModule, moduleOf } from '../../../../packages/gateway/src/module/testing.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import type { SimulatedClock } from '../../src/kernel/clock.ts';
import { sql } from '../../src/kernel/db/db.ts';
import {
  type Computation,
  type Draft,
  draftOf,
  endedUse,
  holdingsBrought,
  readComputation,
  refusal,
  runOnce,
} from '../support/computation.ts';
import { exchangeIn, settleWhole, type TestExchange } from '../support/exchange.ts';

const here = (await findSandbox()).kind === 'bubblewrap';
const wabt = await wabtOf();
const owners = ['mapping.trader', 'xingsha.trader'];
const digestOf = (one: { columns: { name: string; type: string }[]; rows: unknown[] }) =>
  createHash('sha256')
    .update(JSON.stringify({ columns: one.columns.map(({ name, type }) => ({ name, type })), rows: one.rows }))
    .digest();
/** Tells 100 and the number of rows of the first table, the loans: there are 40. */
const counting = countingModule(wabt, 1);

let world: TestExchange;
let bank: Client;
let tax: Client;
let agency: Client;
let stranger: Client;
let draft: (change?: Partial<Draft>) => Draft;

const send = async (bytes: Uint8Array, name = '统计程序（样例）', who = agency) =>
  who.call(modulesWire.sendModule, { body: { name, content: Buffer.from(bytes).toString('base64') } });
const signed = async (change: Partial<Draft> = {}): Promise<Computation> => {
  let contract = await agency.call(wire.draftComputation, { body: draft(change) });
  for (const who of [bank, tax])
    contract = await who.call(wire.signComputation, { params: { id: contract.id }, body: { digest: contract.digest } });
  return contract;
};
const run = (one: Computation, who = agency) => runOnce(who, one, {});
const read = (one: Computation, who = agency) => readComputation(who, one);
const stateOf = async (one: Computation, use: string) => (await read(one)).history.find(({ id }) => id === use)!;
const held = (one: Computation, use: string) =>
  until('the output to be held', async () => (await stateOf(one, use)).state === 'held');
const outputOf = (use: string, who: Client) => who.call(modulesWire.getHeldOutput, { params: { id: use } });
const approve = (use: string, who: Client, digest: string) =>
  refusal(who.call(modulesWire.approveOutput, { params: { id: use }, body: { digest } }));
const refuse = (use: string, who: Client) =>
  refusal(who.call(modulesWire.refuseOutput, { params: { id: use }, body: { reason: '逐人金额不应给出' } }));
const resultOf = (use: string, who = agency) => who.call(wire.getComputationResult, { params: { id: use } });
const notices = async (who: Client) => (await who.call(casesWire.notices, {})).items.map(({ text }) => text.zh).join();

beforeAll(async () => {
  const opened = await exchangeIn(holdingsBrought);
  world = opened;
  [bank, tax, agency, stranger] = (await Promise.all(
    [...owners, 'creditagency.trader', 'citylogistics.trader'].map((login) => world.as(login)),
  )) as [Client, Client, Client, Client];
  const holdings = opened.given;
  const { mapping, xingsha, creditagency } = world.seeded.organisations;
  const parties = { bank: mapping!, tax: xingsha!, recipient: creditagency! };
  draft = (change = {}) => {
    const base = draftOf(holdings, parties);
    return {
      ...base,
      title: '评分程序（样例）',
      query: { parameters: [] },
      module: {
        digest: `sha256:${createHash('sha256').update(counting).digest('hex')}`,
        output: [{ name: 'rows', type: 'integer' }],
      },
      dataSets: base.dataSets.map((set, at) => ({
        ...set,
        columns: set.columns.map((column) => ({
          ...column,
          rule: (at === 0 ? ['city'] : ['kind', 'owed']).includes(column.name) ? 'open' : 'hidden',
        })),
      })),
      ...change,
    };
  };
}, 600_000);
afterAll(() => world?.end());

describe.skipIf(here)('where there is no sandbox', () => {
  test('foreign code is refused, and it is said why', async () => {
    expect(await refusal(send(counting))).toBe('503 compute.sandboxMissing');
  });
});

describe.skipIf(!here)('a module', () => {
  test('is looked at when it is sent, and named by its digest by whoever sent it', async () => {
    const wild = moduleOf(
      wabt,
      '(module (import "env" "open" (func)) (memory (export "memory") 1 1) (func (export "run")))',
    );
    const problem = await send(wild).catch((error: ProblemError) => error.problem);
    expect(problem).toMatchObject({
      code: 'compute.moduleRefused',
      errors: [{ field: 'body.content', message: expect.stringContaining('env.open') }],
    });
    expect(await refusal(agency.call(wire.draftComputation, { body: draft() }))).toBe('422 compute.moduleUnknown');
    const { digest, bytes } = await send(counting);
    expect([digest, bytes]).toEqual([draft().module!.digest, counting.length]);
    expect((await agency.call(modulesWire.listModules, {})).items.map((one) => one.digest)).toEqual([digest]);
    expect((await bank.call(modulesWire.listModules, {})).items).toEqual([]);
    expect(await refusal(bank.call(wire.draftComputation, { body: draft() }))).toBe('422 compute.moduleUnknown');
  });

  test('is drafted with rules that can be kept: what a program does with a column nobody sees', async () => {
    const refused = (change: Partial<Draft>) => refusal(agency.call(wire.draftComputation, { body: draft(change) }));
    const [loans, arrears] = draft().dataSets;
    const joined = { ...loans!, columns: loans!.columns.map((one) => ({ ...one, rule: 'join' as const })) };
    expect(await refused({ dataSets: [joined, arrears!] })).toBe('422 compute.contractInvalid');
    expect(await refused({ release: { entitiesMin: 3, rowsMax: 10, rho: '0.1' } })).toBe('422 compute.contractInvalid');
    expect(await refused({ query: { sql: 'select 1', parameters: [] } })).toBe('422 compute.contractInvalid');
    expect(await refused({ module: { ...draft().module!, memoryMB: 100_000 } })).toBe('400 kernel.invalid');
    const small = { ...draft().module!, memoryMB: 1 };
    expect(await refused({ module: small })).toBe('done');
    const wide = moduleOf(wabt, '(module (memory (export "memory") 1 64) (func (export "run")))');
    const { digest } = await send(wide, '占内存的程序（样例）');
    expect(await refused({ module: { ...small, digest } })).toBe('422 compute.moduleRefused');
    const told = (await agency.call(wire.previewComputation, { body: draft() })).explained
      .map(({ zh }) => zh)
      .join('\n');
    expect(told).toContain('程序逐行读取 kind、owed，其他字段读不到');
    expect(told).toMatch(/先由.*看过并按摘要批准/);
  });

  test('runs next to the data; every owner looks at what it gave before the recipient gets it', async () => {
    const one = await signed();
    const bytes = async (who: Client) =>
      (await who.raw(modulesWire.getModule, { params: { id: one.id } })).arrayBuffer();
    expect(Buffer.from(await bytes(tax)).equals(Buffer.from(counting))).toBe(true);
    expect(await refusal(bytes(stranger))).toBe('404 kernel.unknown');
    const { id } = await run(one);
    await held(one, id);
    expect(await refusal(resultOf(id))).toBe('409 compute.notReleased');
    for (const who of [agency, stranger]) {
      expect(await refusal(outputOf(id, who))).toBe('404 kernel.unknown');
      expect(await approve(id, who, one.digest)).toBe('404 kernel.unknown');
      expect(await refuse(id, who)).toBe('404 kernel.unknown');
    }
    await world.settle();
    const shown = await outputOf(id, tax);
    const { rows, digest } = shown;
    expect(rows).toEqual([[140]]);
    // Who sees the output can hold what is approved against it; who does not finds nothing by trying.
    expect(openingCommitment(Buffer.from(shown.opening!.salt, 'hex'), digestOf(shown))).toBe(digest);
    for (const who of [bank, tax]) {
      expect(await notices(who)).toContain('第 1 次使用的输出等待本单位查看并批准');
      expect((await who.call(modulesWire.listHeldOutputs, {})).items.map(({ use }) => use)).toEqual([id]);
    }
    expect(await approve(id, bank, one.digest)).toBe('409 compute.outputDiffers');
    expect(await approve(id, bank, digest)).toBe('done');
    expect(await approve(id, bank, digest)).toBe('409 compute.alreadyAnswered');
    expect((await stateOf(one, id)).answers.map(({ approved }) => approved)).toEqual([true]);
    expect((await bank.call(modulesWire.listHeldOutputs, {})).items).toEqual([]);
    expect(await refusal(resultOf(id))).toBe('409 compute.notReleased');
    expect(await approve(id, tax, digest)).toBe('done');
    const given = await resultOf(id);
    expect([given.rows, given.opening]).toEqual([[[140]], shown.opening]);
    expect((await stateOf(one, id)).resultDigest).toBe(digest);
    await world.settle();
    expect(await notices(agency)).toContain('已由全部数据持有单位批准，交给接收单位');
    const evidence = await bank.raw(wire.getComputationEvidence, { params: { id } });
    const file = await evidence.text();
    expect((await world.anyone.call(kernelWire.verifyFile, { body: { file } })).ok).toBe(true);
    expect(file).not.toContain(digestOf(shown).toString('hex'));
    expect(JSON.parse(file).document).toMatchObject({
      query: one.query.digest,
      isolation: 'bubblewrap',
      outcome: 'released',
      result: digest,
      answers: [
        { approved: true, digest },
        { approved: true, digest },
      ],
    });
  });

  test('whose output one owner refuses gives nothing to anybody, and keeps it nowhere', async () => {
    const one = await signed();
    const { id } = await run(one);
    await held(one, id);
    const refused = await outputOf(id, bank);
    expect([await approve(id, bank, refused.digest), await refuse(id, tax)]).toEqual(['done', 'done']);
    const use = await stateOf(one, id);
    expect([use.state, use.reason?.zh]).toEqual(['failed', '数据持有单位拒绝发布输出']);
    expect(await refusal(resultOf(id))).toBe('409 compute.notReleased');
    expect(await refusal(outputOf(id, bank))).toBe('409 compute.wrongState');
    await world.settle();
    expect(await notices(agency)).toContain('被一家数据持有单位拒绝，不给任何人');
    // Neither the record nor the audit, its own organisation’s among it, lets the recipient try out what was refused.
    const record = await (await agency.raw(wire.getComputationEvidence, { params: { id } })).text();
    const auditor = await world.as('operator.audit');
    const audited = JSON.stringify((await auditor.call(membersWire.listAudit, { query: { subject: id } })).items);
    expect(record).toContain(refused.digest);
    expect(audited).toContain(id);
    for (const text of [record, audited]) expect(text).not.toContain(digestOf(refused).toString('hex'));
    expect(
      await world.exchange.kernel.database.rows(sql`select 1 from compute_held_outputs where use = ${id}`),
    ).toEqual([]);
  });

  test('that breaks what was agreed ends with the reason, gives nothing, and the use counts', async () => {
    const many = moduleOf(
      wabt,
      `(module (import "shugu" "write" (func $write (param i32 i32))) (memory (export "memory") 1 1) (data (i32.const 0) "[1]\\0a")
        (func (export "run") (loop (call $write (i32.const 0) (i32.const 4)) (br 0))))`,
    );
    const { digest } = await send(many, '不停输出的程序（样例）');
    const one = await signed({ module: { ...draft().module!, digest } });
    const { use, now } = await endedUse(agency, one, (await run(one)).id);
    expect([use.state, use.reason?.zh, now.uses.taken]).toEqual([
      'failed',
      '模块没有给出可用的输出：输出超过约定的行数',
      1,
    ]);
    const text = moduleOf(
      wabt,
      `(module (import "shugu" "write" (func $write (param i32 i32))) (memory (export "memory") 1 1)
        (data (i32.const 0) "[\\22all of it\\22]\\0a") (func (export "run") (call $write (i32.const 0) (i32.const 14))))`,
    );
    const other = await signed({ module: { ...draft().module!, digest: (await send(text)).digest } });
    const ended = await endedUse(agency, other, (await run(other)).id);
    expect(ended.use.reason?.en).toBe(
      'The module gave no output that can be used: The output does not have the agreed columns: 1',
    );
  });

  test('without a second look gives its output at once; a revoked contract or time that is over gives a held one to nobody', async () => {
    const direct = await signed({ module: { ...draft().module!, release: 'direct' } });
    const given = await endedUse(agency, direct, (await run(direct)).id);
    expect([given.use.state, (await resultOf(given.use.id)).rows]).toEqual(['released', [[140]]]);
    const [one, two] = [await signed(), await signed()];
    const uses = [(await run(one)).id, (await run(two)).id];
    await held(one, uses[0]!);
    await held(two, uses[1]!);
    const { digest } = await outputOf(uses[0]!, bank);
    await tax.call(wire.revokeComputation, { params: { id: one.id }, body: { reason: '数据主体提出异议' } });
    // The node may have ended it already.
    expect(await approve(uses[0]!, bank, digest)).toMatch(/^409 compute\.(revoked|wrongState)$/);
    expect((await endedUse(agency, one, uses[0]!)).use.reason?.zh).toBe('合约已被撤销');
    (world.exchange.kernel.clock as SimulatedClock).moveTo(new Date('2026-07-16T09:00:00+08:00'));
    await settleWhole(world);
    const later = await world.as('creditagency.trader');
    const ended = await until('the time to answer to be over', async () => {
      const found = (await readComputation(later, two)).history.find(({ id }) => id === uses[1]);
      return found?.endedAt ? found : undefined;
    });
    expect(ended.reason?.zh).toBe('数据持有单位未在期限内答复，输出不予发布');
  });
});
