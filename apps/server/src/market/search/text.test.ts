/** Cutting and marking, without a database. */
import { expect, test } from 'vitest';
import { countNumbers, facetsOf, industryLabel, isFine, labelsOf, regionLabel } from './labels.ts';
import { documentWords, marked, queryWords, vocabulary } from './text.ts';

test('long words bring their parts, terms of the trade stay whole', () => {
  const words = documentWords([{ text: '货车宝道路货运指数', weight: 'A' }]);
  for (const word of ['货车', '货车宝', '道路', '货运', '指数']) expect(words).toContain(`'${word}':`);
  expect(words).not.toMatch(/B|C|D/);
});

test('every word keeps its weights and places; no phrase reaches across a comma', () => {
  const words = documentWords([
    { text: '星沙', weight: 'A' },
    { text: '星，沙', weight: 'D' },
  ]);
  expect(words).toBe("'星':1A,4D '沙':2A,6D");
});

test('beginnings of Latin words and numbers are words too, with the places of the word', () => {
  const words = documentWords([{ text: 'ETC 货运', weight: 'A' }]);
  expect(words).toBe("'etc':1A '^et':1A '^etc':1A '货运':3A");
  expect(documentWords([{ text: 'SJ9912026', weight: 'A' }])).not.toContain("'^sj9912026'");
});

test.each([
  ['道路货运 轨迹', "'道路' & '货运' & '轨迹'", ['道路', '货运', '轨迹']],
  ['用于征信的数据', "'用于' & '征信' & '数据'", ['用于', '征信', '数据']],
  ['星沙物流', "('星' <-> '沙') & '物流'", ['星沙', '物流']],
  ['ETC 2026', "'^etc' & '^2026'", ['etc', '2026']],
  ['x 914301000000000000', "'x':* & '914301000000000000':*", ['x', '914301000000000000']],
  ['的', "'的'", ['的']],
  ['  ，。 ', '', []],
  ['', '', []],
])('a query %j asks for %s', (text, tsquery, words) => {
  expect(queryWords(text)).toEqual({ tsquery, words });
});

test('quotes and backslashes of a query are words at most, never syntax', () => {
  for (const text of ["a' | b", '\\', "'", '!(x)', 'a & b:* <-> c', "o'neil\\"])
    expect(queryWords(text).tsquery.replace(/'(?:[^'\\]|''|\\\\)*'/g, '')).toMatch(/^[\s&():*<>-]*$/);
});

test('a query has at most sixteen words', () => {
  const many = Array.from({ length: 40 }, (_, place) => `w${place}`).join(' ');
  expect(queryWords(many).words).toHaveLength(16);
  expect(queryWords(many).tsquery.split('&')).toHaveLength(16);
});

test('full-width letters and capitals are found as plain ones', () => {
  expect(queryWords('ＥＴＣ').tsquery).toBe(queryWords('etc').tsquery);
});

test('hits are marked in the text as it was written', () => {
  expect(marked('ETC 通行记录', ['etc', '通行'])).toEqual([
    { text: 'ETC', hit: true },
    { text: ' ', hit: false },
    { text: '通行', hit: true },
    { text: '记录', hit: false },
  ]);
  expect(marked('数据产品目录', ['数据', '数据产品'])[0]).toEqual({ text: '数据产品', hit: true });
  expect(marked('a+b', ['+'])).toContainEqual({ text: '+', hit: true });
  expect(marked('', ['x'])).toEqual([]);
  for (const [text, words] of [
    ['㎏ 的重量', ['重量']],
    ['ＡＢＣ数据', ['数据', 'abc']],
  ] as const)
    expect(
      marked(text, words)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
});

test('labels: what is finer than a facet is asked for but never counted', () => {
  const labels = labelsOf(
    {
      participant: 'org_1',
      delivery_modes: ['api', 'api'],
      plans: [{ plan: { kind: 'free' } }, { plan: { kind: 'free' } }],
    } as never,
    { industry: 'G5412', region: '430102', updateCycle: 'daily', kind: 'api' } as never,
  );
  expect(labels.filter((label) => !isFine(label))).toEqual([
    'industry:G',
    'region:430000',
    'deliveryMode:api',
    'priceKind:free',
    'updateCycle:daily',
    'kind:api',
    'supplier:org_1',
  ]);
  for (const asked of ['G', 'G54', 'G541', 'G5412']) expect(labels).toContain(industryLabel(asked));
  for (const asked of ['430000', '430100', '430102']) expect(labels).toContain(regionLabel(asked));
  expect(labels).not.toContain(regionLabel('430200'));
});

test('labels are counted by their characters; what is none is nobody’s', () => {
  expect([...countNumbers('ĀāĀ a\n\ud83d\ude00')]).toEqual([
    [0x100, 2],
    [0x101, 1],
  ]);
});

test('the fullest values of a facet come first', () => {
  const facets = facetsOf([
    ['kind:dataset', 1],
    ['industry:I', 1],
    ['kind:api', 2],
    ['industry:G', 2],
    ['', 3],
  ]);
  expect(facets.kind).toEqual([
    { value: 'api', count: 2, name: null },
    { value: 'dataset', count: 1, name: null },
  ]);
  expect(facets.industry.map((one) => one.value)).toEqual(['G', 'I']);
  expect(facets.supplier).toEqual([]);
});

test('the vocabulary names its own contents', () => {
  expect(vocabulary).toMatch(/^\d+-[0-9a-f]{12}$/);
});
