/** Warnings, figures and the ledger through the door: as the regulator, and as those who may not know. */
import { PassThrough } from 'node:stream';
import * as marketMore from '@shugu/wire/market-more';
import * as supervisionWire from '@shugu/wire/supervision';
import * as wire from '@shugu/wire/supervision-risk';
import readExcelFile from 'read-excel-file/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Listing } from '../../../../cli/src/scenario/product.ts';
import { exchangeIn, type TestExchange } from '../../../test/support/exchange.ts';
import { buyer, freightListed, refusal, supplier } from '../../market/testing.ts';

const officer = 'regulator.officer';
const strangers = ['operator.approver', 'registrar.clerk', supplier, buyer];
let exchange: TestExchange;
let listing: Listing;
let supplierOrganisation: string;

beforeAll(async () => {
  const opened = await exchangeIn(freightListed);
  exchange = opened;
  listing = opened.given;
  supplierOrganisation = exchange.seeded.organisations.xingsha!;
}, 600_000);
afterAll(() => exchange?.end());

const clock = () => exchange.exchange.kernel.clock as unknown as { moveTo(to: Date): void; now(): Date };
const laterBy = async (days: number) => {
  clock().moveTo(new Date(clock().now().getTime() + days * 86_400_000));
  await exchange.settle();
};
const risks = async (query: object = {}, login = officer) =>
  (await (await exchange.as(login)).call(wire.listRisks, { query })).items;
const read = async (id: string, login = officer) => (await exchange.as(login)).call(wire.readRisk, { params: { id } });
const step = async (id: string, kind: 'note' | 'handle' | 'reopen', login = officer) =>
  (await exchange.as(login)).call(wire.stepRisk, { params: { id }, body: { kind, text: '已约谈' } });
const complain = async () =>
  (await exchange.as(buyer)).call(marketMore.createComplaint, {
    body: { kind: 'complaint', about: '数据质量', subject: listing.id, facts: '字段缺失' },
  });

describe('a warning', () => {
  test('appears when the figure of its rule is met, says why, is dealt with, and passes when it is gone', async () => {
    await complain();
    await exchange.settle();
    expect(await risks({ rule: 'complaintsRepeated' })).toEqual([]);
    await complain();
    await exchange.settle();
    const [one, ...more] = await risks({ rule: 'complaintsRepeated' });
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      severity: 'high',
      state: 'open',
      present: true,
      target: { kind: 'organisation', id: supplierOrganisation },
      organisation: { id: supplierOrganisation },
      cause: { zh: '90 日内被投诉举报 2 次', en: '2 complaints within 90 days' },
    });
    // Looking again finds nothing twice.
    await exchange.settle();
    expect(await risks({ rule: 'complaintsRepeated' })).toHaveLength(1);

    const asked = await (await exchange.as(officer)).call(supervisionWire.createDirective, {
      body: {
        target: { kind: 'organisation', id: supplierOrganisation },
        measure: 'explain',
        basis: '样例依据',
        reason: '说明投诉情况',
        answerDays: 3,
      },
    });
    await step(one!.id, 'note');
    expect((await step(one!.id, 'handle')).state).toBe('handled');
    expect(await refusal(step(one!.id, 'handle'))).toBe('supervision.wrongState');
    expect((await step(one!.id, 'reopen')).state).toBe('open');
    const detail = await read(one!.id);
    expect(detail.steps.map((each) => each.kind)).toEqual(['note', 'handle', 'reopen']);
    expect(detail.directives.map((each) => each.id)).toEqual([asked.id]);
    // Thresholds are nobody's law: each says that it is not confirmed.
    expect(detail.figures.map((each) => [each.value, each.confirmed])).toEqual([
      [2, false],
      [90, false],
    ]);

    await laterBy(100);
    expect(await read(one!.id)).toMatchObject({ state: 'passed', present: false, endedAt: expect.any(String) });
    expect(await refusal(step(one!.id, 'reopen'))).toBe('supervision.wrongState');
  });

  test('is filtered and ordered, the gravest first', async () => {
    const all = await risks();
    expect(new Set(all.map((one) => one.severity)).size).toBeGreaterThan(1);
    const rank = { high: 3, medium: 2, low: 1 };
    expect(all.map((one) => rank[one.severity])).toEqual(
      [...all.map((one) => rank[one.severity])].sort((a, b) => b - a),
    );
    const client = await exchange.as(officer);
    const paged: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await client.call(wire.listRisks, { query: { limit: 1, ...(after ? { after } : {}) } });
      paged.push(...page.items.map((one) => one.id));
      if (!page.next) break;
      after = page.next;
    }
    expect(paged).toEqual(all.map((one) => one.id));
    expect((await risks({ severity: 'medium' })).every((one) => one.severity === 'medium')).toBe(true);
    expect((await risks({ state: 'passed' })).map((one) => one.rule)).toContain('complaintsRepeated');
    // Nobody answered the complaints in a hundred days.
    expect((await risks({ rule: 'caseOverdue' })).map((one) => one.state)).toEqual(['open', 'open']);
  });

  test('is for the regulator alone', async () => {
    const [one] = await risks();
    for (const login of strangers) {
      expect(await refusal(risks({}, login))).toBe('kernel.notPermitted');
      expect(await refusal(read(one!.id, login))).toBe('kernel.unknown');
      expect(await refusal(step(one!.id, 'note', login))).toBe('kernel.unknown');
    }
    // An administrator of the regulator reads, an officer acts.
    expect((await read(one!.id, 'regulator.admin')).id).toBe(one!.id);
    expect(await refusal(step(one!.id, 'note', 'regulator.admin'))).toBe('kernel.unknown');
  });

  test('every rule of the pack shows its thresholds, whose they are and that they are unconfirmed', async () => {
    const rules = await (await exchange.as(officer)).call(wire.riskRules, {});
    expect(rules.pack).toBe('supervision@1.0.0');
    expect(rules.items).toHaveLength(10);
    expect(rules.items.flatMap((one) => one.figures).every((one) => !one.confirmed && one.source !== '')).toBe(true);
    expect(rules.items.find((one) => one.rule === 'caseOverdue')?.open).toBe(2);
  });
});

describe('statistics', () => {
  const figures = async (query: object, login = officer) =>
    (await exchange.as(login)).call(wire.statistics, { query: { from: '2026-07', until: '2026-12', ...query } });

  test('count by month, region, industry and kind, and agree with each other', async () => {
    const byMonth = await figures({});
    expect(byMonth.totals.listings).toBe(1);
    for (const by of ['region', 'industry', 'kind']) expect((await figures({ by })).totals, by).toEqual(byMonth.totals);
    const region = (await figures({ by: 'region' })).rows.find((one) => one.listings > 0);
    expect(region?.key).toMatch(/^\d{2}0000$/);
    expect((await figures({ from: '2025-01', until: '2025-02' })).rows).toEqual([]);
  });

  test('a period that cannot be counted is refused; others are told nothing', async () => {
    expect(await refusal(figures({ from: '2026-08', until: '2026-07' }))).toBe('supervision.monthsUnfit');
    expect(await refusal(figures({ from: '2022-01', until: '2026-07' }))).toBe('supervision.monthsUnfit');
    for (const login of strangers) expect(await refusal(figures({}, login))).toBe('kernel.notPermitted');
  });

  test('are a spreadsheet, too', async () => {
    const answer = await fetch(`${exchange.url}/api/supervision/statistics/xlsx?from=2026-07&until=2026-12&by=region`, {
      headers: { authorization: `Bearer ${await exchange.token(officer)}` },
    });
    expect(answer.status).toBe(200);
    const stream = new PassThrough();
    stream.end(Buffer.from(await answer.arrayBuffer()));
    const sheets = JSON.stringify(await readExcelFile(stream));
    expect(sheets).toContain('统计报表');
    expect(sheets).toContain('合计');
  });
});

describe('the ledger', () => {
  const ledger = async (query: object = {}, login = officer) =>
    (await (await exchange.as(login)).call(wire.ledger, { query })).items;
  const enter = async (dueOn: string, login = officer) =>
    (await exchange.as(login)).call(wire.createTask, { body: { title: '季度检查', dueOn, owner: '监管一处' } });
  const end = async (id: string, login = officer) =>
    (await exchange.as(login)).call(wire.endTask, { params: { id }, body: { state: 'done', result: '已完成' } });

  test('holds tasks and directives by deadline, and says what is late', async () => {
    const today = clock().now();
    const day = (offset: number) => new Date(today.getTime() + offset * 86_400_000).toISOString().slice(0, 10);
    const far = await enter(day(30));
    const near = await enter(day(1));
    await laterBy(3);
    const open = await ledger({ open: 'true' });
    expect(open.map((one) => one.id).filter((id) => id.startsWith('tsk'))).toEqual([near.id, far.id]);
    expect(open.find((one) => one.kind === 'directive')).toMatchObject({ waits: 'confirm', state: 'proposed' });
    expect((await ledger({ late: 'true' })).map((one) => one.id)).toEqual([near.id]);
    expect((await end(near.id)).state).toBe('done');
    expect(await refusal(end(near.id))).toBe('supervision.wrongState');
    expect(await ledger({ late: 'true' })).toEqual([]);
    expect((await ledger({ kind: 'task', open: 'false' })).map((one) => [one.id, one.result])).toEqual([
      [near.id, '已完成'],
    ]);
    for (const login of strangers) {
      expect(await refusal(ledger({}, login))).toBe('kernel.notPermitted');
      expect(await refusal(enter(day(1), login))).toBe('kernel.notPermitted');
      expect(await refusal(end(far.id, login))).toBe('kernel.unknown');
    }
  });
});
