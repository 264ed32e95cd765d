import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyToRow } from './apply.ts';
import { odrlFrom, type TermsInput } from './build.ts';
import { policyHash } from './canonical.ts';
import { compile, enforceable } from './compile.ts';
import { rateShare } from './decide.ts';
import { explain } from './explain.ts';
import type { Policy } from './model.ts';
import { type ParseResult, parsePolicy } from './parse.ts';
import { isWithin } from './within.ts';

const truck: TermsInput = {
  assignee: 'urn:shugu:participant:bank',
  actions: ['use', 'derive'],
  prohibited: ['distribute'],
  duties: ['delete'],
  purposes: ['creditRisk'],
  notBefore: Date.parse('2026-01-01T00:00:00+08:00'),
  notAfter: Date.parse('2027-01-01T00:00:00+08:00'),
  hoursOfDay: { from: 9 * 60, to: 18 * 60 },
  quotas: [
    { metric: 'calls', period: 'total', limit: 100_000 },
    { metric: 'calls', period: 'month', limit: 10_000 },
    { metric: 'bytes', period: 'day', limit: 2 ** 30 },
  ],
  rate: { perSecond: 10, burst: 20 },
  regions: ['43'],
  columns: ['plate', 'flag', 'score'],
  masks: { plate: { kind: 'truncate', length: 2 } },
  rowFilter: [
    { column: 'city', operator: '=', value: "长沙'" },
    { column: 'score', operator: '>=', value: 60 },
  ],
  authorisationRequired: true,
};

function parsed(result: ParseResult): Policy {
  if (!result.ok) throw new Error(result.problems.map(({ code, path }) => `${code} ${path}`).join(', '));
  return result.policy;
}
const policyOf = (terms: TermsInput) => parsed(parsePolicy(odrlFrom(terms)));
const withConstraint = (leftOperand: string, operator: string, rightOperand: unknown) => ({
  permission: [{ action: 'use', constraint: [{ leftOperand, operator, rightOperand }] }],
});

describe('parse', () => {
  test('terms written as ODRL come back as they were', () => {
    expect(policyOf(truck).terms).toEqual({ ...truck, timeZone: 'Asia/Shanghai' });
  });

  test.each([
    ['count', 'lteq', '0', 'valueNotInteger'],
    ['count', 'lteq', '1e3', 'valueNotInteger'],
    ['dateTime', 'lt', '2026-12-31', 'valueNotTime'],
    ['dateTime', 'lt', '2026-12-31T00:00:00', 'valueNotTime'],
    ['shugu:timeOfDay', 'eq', '9-18', 'valueNotHours'],
    ['shugu:timeOfDay', 'eq', '09:00-24:30', 'valueNotHours'],
    ['shugu:timeZone', 'eq', 'Asia/Changsha', 'valueNotZone'],
    ['spatial', 'isAnyOf', '湖南', 'valueNotRegions'],
    ['shugu:memberOf', 'eq', 'spc_1,spc_2', 'valueNotSpace'],
    ['shugu:columns', 'isAnyOf', 'a b', 'valueNotColumns'],
    ['shugu:mask', 'eq', 'phone=rot13', 'valueNotMasks'],
    ['shugu:mask', 'eq', '__proto__=hide', 'valueNotMasks'],
    ['shugu:watermarkAlters', 'eq', 'score', 'valueNotAltered'],
    ['shugu:watermarkAlters', 'eq', 'score=0', 'valueNotAltered'],
    ['shugu:watermarkAlters', 'eq', 'score=1e9', 'valueNotAltered'],
    ['shugu:watermarkAlters', 'eq', '__proto__=1', 'valueNotAltered'],
    ['shugu:watermarkRows', 'lteq', '101', 'valueNotSyntheticRows'],
    ['shugu:rowFilter', 'eq', 'score >= 60 or 1 = 1', 'valueNotFilter'],
    ['shugu:rowFilter', 'eq', "city = (select 'x')", 'valueNotFilter'],
    ['shugu:authorisationReference', 'eq', 'optional', 'valueNotRequired'],
    ['shugu:ratePerSecond', 'lteq', '-1', 'valueNotNumber'],
  ])('a malformed value is a problem: %s %s %s', (left, operator, right, code) => {
    const result = parsePolicy(withConstraint(left, operator, right));
    expect(result.ok ? [] : result.problems.map((found) => found.code)).toEqual([code]);
  });

  test.each([
    ['numbers', withConstraint('count', 'lteq', 5)],
    ['no permission', { prohibition: [{ action: 'distribute' }] }],
    ['an empty permission', { permission: [] }],
    ['text', 'use'],
  ])('a malformed shape is a problem: %s', (_name, json) => {
    const result = parsePolicy(json);
    expect(result.ok ? [] : [...new Set(result.problems.map((found) => found.code))]).toEqual(['policyMalformed']);
  });

  test.each([
    [
      'permissionsDiffer',
      { permission: [{ action: 'use' }, { ...withConstraint('count', 'lteq', '5').permission[0], action: 'read' }] },
    ],
    [
      'constraintTwice',
      {
        permission: [
          {
            action: 'use',
            constraint: [1, 2].map((n) => ({ leftOperand: 'count', operator: 'lteq', rightOperand: `${n}` })),
          },
        ],
      },
    ],
    ['permittedAndProhibited', { permission: [{ action: 'use' }], prohibition: [{ action: 'use' }] }],
    ['computeOnlyContradicted', { permission: [{ action: 'shugu:computeOnly' }, { action: 'use' }] }],
  ])('a contradiction is a problem: %s', (code, json) => {
    const result = parsePolicy(json);
    expect(result.ok ? [] : result.problems.map((found) => found.code)).toEqual([code]);
  });

  test('whatever comes in, reading ends in a policy or in problems with codes, and no unknown limit compiles', () => {
    const term = fc.oneof(
      fc.constantFrom(
        'count',
        'purpose',
        'shugu:mask',
        'shugu:rowFilter',
        'dateTime',
        'spatial',
        '__proto__',
        'constructor',
      ),
      fc.string(),
    );
    const operator = fc.oneof(fc.constantFrom('eq', 'lteq', 'isAnyOf', 'gteq'), fc.string());
    const operand = fc.oneof(fc.string(), fc.array(fc.string()), fc.jsonValue());
    const constraint = fc.record({ leftOperand: term, operator, rightOperand: operand });
    const policy = fc.record({
      permission: fc.array(fc.record({ action: fc.constantFrom('use', 'sell'), constraint: fc.array(constraint) })),
    });
    fc.assert(
      fc.property(fc.oneof(policy, fc.jsonValue()), (json) => {
        const result = parsePolicy(json);
        if (!result.ok)
          return result.problems.length > 0 && result.problems.every(({ code, zh, en }) => code && zh && en);
        explain(result.policy, 'zh');
        return compile(result.policy).ok === (result.policy.notUnderstood.length === 0);
      }),
    );
  });

  test('IRIs, prefixes and bare names are one', () => {
    const { terms } = parsed(
      parsePolicy(withConstraint('http://www.w3.org/ns/odrl/2/purpose', 'odrl:isAnyOf', ['a', 'b'])),
    );
    expect(terms.purposes).toEqual(['a', 'b']);
    expect(parsed(parsePolicy(withConstraint('urn:shugu:policy:1:columns', 'eq', 'a'))).terms.columns).toEqual(['a']);
  });
});

describe('compile', () => {
  test.each([
    ['constraintUnknown', withConstraint('elapsedTime', 'lteq', 'P30D')],
    ['constraintUnknown', withConstraint('__proto__', 'eq', 'x')],
    ['operatorUnknown', withConstraint('count', 'gteq', '5')],
    ['actionUnknown', { permission: [{ action: 'use' }, { action: 'sell' }] }],
    ['dutyUnknown', { permission: [{ action: 'use' }], obligation: [{ action: 'anonymize' }] }],
    ['profileUnknown', { permission: [{ action: 'use' }], profile: ['urn:shugu:policy:1:', 'urn:other'] }],
    ['memberUnknown', { permission: [{ action: 'use', refinement: [] }] }],
    ['conditionNotSupported', { permission: [{ action: 'use', constraint: [{ or: [{}] }] }] }],
  ])('refuses what it does not understand: %s', (code, json) => {
    const policy = parsed(parsePolicy(json));
    const result = compile(policy);
    expect(result.ok ? [] : result.problems.map((found) => found.code)).toContain(code);
    expect(enforceable(policy, 'api').length).toBeGreaterThan(0);
    expect(explain(policy, 'zh').join()).toContain('无法执行');
  });

  test('a plan survives JSON and is keyed by the hash of its source', () => {
    const policy = policyOf(truck);
    const result = compile(policy);
    if (!result.ok) throw new Error('expected a plan');
    expect(JSON.parse(JSON.stringify(result.plan))).toEqual(result.plan);
    expect(result.plan.policyHash).toBe(policyHash(odrlFrom(truck) as never));
    expect(result.plan.drivers).toEqual(['api', 'proxy', 'query']);
  });

  test('the hash does not depend on the order of keys', () => {
    expect(policyHash({ b: 1, a: ['x'] })).toBe(policyHash({ a: ['x'], b: 1 }));
  });
});

test('a policy is explained in plain sentences', () => {
  expect(
    explain(policyOf(truck), 'zh', {
      'urn:shugu:participant:bank': '长沙某银行',
      creditRisk: '信贷风控',
      '43': '湖南省',
    }),
  ).toEqual([
    '仅限 长沙某银行 使用。',
    '许可的用法：内部使用、加工形成衍生数据；未列明的用法一律不许可。',
    '禁止转让或再分发。',
    '仅限用于：信贷风控。',
    '每次调用须提供授权凭证号。',
    '使用期限自 2026-01-01 00:00 起，至 2027-01-01 00:00 止（Asia/Shanghai 时间）。',
    '每天仅限 09:00 至 18:00 使用（Asia/Shanghai 时间）。',
    '累计调用不超过 100,000 次。',
    '每自然月调用不超过 10,000 次。',
    '每自然日流量不超过 1 GiB。',
    '调用速率不超过每秒 10 次，瞬时突发不超过 20 次。',
    '仅限下列行政区划的主体使用：湖南省。',
    '仅提供下列字段：plate、flag、score。',
    '脱敏：plate只保留前 2 个字符。',
    "仅提供满足条件的数据行：city = '长沙''' and score >= 60。",
    '需方应当期满后删除所得数据。',
  ]);
  expect(explain(policyOf(truck), 'en')).toHaveLength(16);
});

describe('isWithin', () => {
  test('an offer is within itself', () => expect(isWithin(policyOf(truck), policyOf(truck))).toEqual([]));

  const looser: [string, Partial<TermsInput>][] = [
    ['actions', { actions: ['use', 'derive', 'display'] }],
    ['prohibited', { prohibited: [] }],
    ['duties', { duties: [] }],
    ['purposes', { purposes: ['creditRisk', 'marketing'] }],
    ['notAfter', { notAfter: undefined }],
    ['notBefore', { notBefore: 0 }],
    ['hoursOfDay', { hoursOfDay: { from: 22 * 60, to: 6 * 60 } }],
    ['timeZone', { timeZone: 'America/New_York' }],
    ['quotas/calls:month', { quotas: (truck.quotas ?? []).filter(({ period }) => period !== 'month') }],
    ['rate', { rate: { perSecond: 10, burst: 21 } }],
    ['regions', { regions: ['42'] }],
    ['columns', { columns: undefined }],
    ['masks/plate', { masks: { plate: { kind: 'truncate', length: 3 } } }],
    [
      'rowFilter',
      {
        rowFilter: [
          { column: 'city', operator: '=', value: "长沙'" },
          { column: 'score', operator: '>', value: 59 },
        ],
      },
    ],
    ['authorisation', { authorisationRequired: false }],
  ];
  test.each(looser)('dropping or widening is seen: %s', (limit, change) => {
    expect(isWithin(policyOf({ ...truck, ...change }), policyOf(truck)).map(({ path }) => path)).toEqual([`/${limit}`]);
  });

  const tighter: [string, Partial<TermsInput>][] = [
    ['fewer calls', { quotas: (truck.quotas ?? []).map((quota) => ({ ...quota, limit: quota.limit - 1 })) }],
    ['fewer columns, the masked one gone', { columns: ['flag'], masks: {} }],
    ['a city of the province', { regions: ['4301'] }],
    ['a hidden column', { masks: { plate: { kind: 'hide' } } }],
    [
      'a higher score',
      { rowFilter: [...(truck.rowFilter ?? []).slice(0, 1), { column: 'score', operator: '>=', value: 80 }] },
    ],
  ];
  test.each(tighter)('tightening is allowed: %s', (_name, change) => {
    expect(isWithin(policyOf({ ...truck, ...change }), policyOf(truck))).toEqual([]);
  });

  test('quotas and rates: within exactly when no number grew', () => {
    const one = fc.record({ calls: fc.integer({ min: 1, max: 9 }), rate: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(one, one, (a, b) => {
        const make = ({ calls, rate }: typeof a) =>
          policyOf({
            actions: ['use'],
            quotas: [{ metric: 'calls', period: 'day', limit: calls }],
            rate: { perSecond: rate, burst: 9 },
          });
        expect(isWithin(make(a), make(b)).length === 0).toBe(a.calls <= b.calls && a.rate <= b.rate);
      }),
    );
  });
});

test('shares of a rate: together the rate, each one call at once at least', () => {
  const number = fc.integer({ min: 1, max: 1000 });
  fc.assert(
    fc.property(number, number, fc.integer({ min: 1, max: 100 }), (perSecond, burst, among) => {
      const share = rateShare({ perSecond, burst }, among);
      expect(share.perSecond * among).toBeCloseTo(perSecond, 6);
      expect(share.burst * among).toBeCloseTo(Math.max(burst, among), 6);
    }),
  );
});

describe('applyToRow', () => {
  const effects = {
    columns: ['plate', 'phone', 'score'],
    masks: { plate: { kind: 'truncate', length: 2 }, phone: { kind: 'hash' }, score: { kind: 'hide' } },
    rowFilter: [{ column: 'city', operator: '=', value: '长沙' }],
  } as const;
  const hash = (value: string) => `#${value.length}`;

  test('filters on the original, then columns and masks', () => {
    const row = { plate: '𠮷湘A12345', phone: '13800000000', score: 9, city: '长沙', owner: '张三' };
    expect({ ...applyToRow(effects, row, hash) }).toEqual({ plate: '𠮷湘', phone: '#11' });
    expect({ ...applyToRow(effects, row, hash, ['phone', 'owner']) }).toEqual({ phone: '#11' });
  });

  test.each([{ city: '岳阳' }, { city: null }, {}])('withholds %o', (row) =>
    expect(applyToRow(effects, row, hash)).toBeNull(),
  );
});

describe('a watermark', () => {
  const marked = { ...truck, watermark: { altered: { score: '0.5', flag: '1' }, syntheticRows: 3 } };

  test('comes back as it was written, and only copies of tables can carry it', () => {
    expect(policyOf(marked).terms).toEqual({ ...marked, timeZone: 'Asia/Shanghai' });
    const plan = compile(policyOf({ actions: ['use'], watermark: marked.watermark }));
    expect(plan.ok && [plan.plan.drivers, plan.plan.watermark]).toEqual([['file', 'share'], marked.watermark]);
  });

  test('tells the buyer which columns are altered, by how much at most, and how many rows are made up', () => {
    for (const language of ['zh', 'en'] as const) {
      const text = explain(policyOf(marked), language, { score: '评分 score' }).join('\n');
      expect(text).toContain('评分 score ±0.5');
      expect(text).toContain('flag ±1');
      expect(text).toMatch(/ 3 /);
    }
    const one = explain(policyOf({ ...truck, watermark: { ...marked.watermark!, syntheticRows: 1 } }), 'en', {});
    expect(one.join()).toContain('at most 1 synthetic row is added; it stands');
  });

  test('alters only columns that are permitted and not masked', () => {
    for (const altered of [{ city: '1' }, { plate: '1' }] as Record<string, string>[])
      expect(parsePolicy(odrlFrom({ ...truck, watermark: { altered, syntheticRows: 0 } }))).toMatchObject({
        ok: false,
        problems: [{ code: 'watermarkOutsideColumns' }],
      });
  });

  test('can be neither dropped nor changed by an order; columns that it leaves out need no mark', () => {
    const paths = (watermark: TermsInput['watermark'], columns = truck.columns) =>
      isWithin(policyOf({ ...truck, columns, watermark }), policyOf(marked)).map(({ path }) => path);
    expect(paths(marked.watermark)).toEqual([]);
    expect(paths(undefined)).toEqual(['/watermark']);
    expect(paths({ ...marked.watermark, syntheticRows: 2 })).toEqual(['/watermark']);
    expect(paths({ altered: { score: '0.5' }, syntheticRows: 3 })).toEqual(['/watermark']);
    expect(paths({ altered: { score: '0.5' }, syntheticRows: 3 }, ['plate', 'score'])).toEqual([]);
    expect(isWithin(policyOf(marked), policyOf(truck)).map(({ path }) => path)).toEqual(['/watermark']);
  });
});

describe('membership of a data space', () => {
  const held = { ...truck, memberOf: 'spc_01' };

  test('stands in the policy, in its plan and in words', () => {
    expect(policyOf(held).terms).toEqual({ ...held, timeZone: 'Asia/Shanghai' });
    expect(odrlFrom({ actions: ['use'], memberOf: 'spc_01' })).toMatchObject({ profile: 'urn:shugu:policy:1:' });
    const plan = compile(policyOf(held));
    expect(plan.ok && plan.plan.memberOf).toBe('spc_01');
    const open = compile(policyOf(truck));
    expect(open.ok && 'memberOf' in open.plan).toBe(false);
    for (const language of ['zh', 'en'] as const)
      expect(explain(policyOf(held), language, { spc_01: '货运空间 Freight' }).join()).toContain('货运空间 Freight');
  });

  test('can be neither dropped nor exchanged by an order, and may be added', () => {
    const id = fc.constantFrom(undefined, 'spc_01', 'spc_02');
    fc.assert(
      fc.property(id, id, (asked, offered) => {
        const faults = isWithin(policyOf({ ...truck, memberOf: asked }), policyOf({ ...truck, memberOf: offered }));
        expect(faults.map(({ path }) => path)).toEqual(offered === undefined || asked === offered ? [] : ['/memberOf']);
      }),
    );
  });
});
