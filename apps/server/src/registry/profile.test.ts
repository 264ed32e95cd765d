import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ingestFile } from './ingest/ingest.ts';
import { type Expectations, profileTable, reachesFraction } from './profile.ts';
import { scanTable } from './scan/table.ts';

const root = mkdtempSync(join(tmpdir(), 'profile-'));
afterAll(() => rmSync(root, { recursive: true }));
let serial = 0;

/** All texts, so that a changed cell cannot change the inferred type. */
async function load(rows: string[][], names: string[]): Promise<string> {
  serial += 1;
  const folder = join(root, String(serial));
  writeFileSync(`${folder}.csv`, [names, ...rows].map((row) => row.join(',')).join('\n'));
  await ingestFile({
    path: `${folder}.csv`,
    folder,
    format: 'csv',
    types: Object.fromEntries(names.map((name) => [name, 'string' as const])),
  });
  return folder;
}

const names = ['id', 'code', 'speed', 'state', 'start', 'end'];
const rows = Array.from({ length: 40 }, (_, at) => [
  String(at),
  `A${100 + at}`,
  String(at),
  at % 2 ? 'on' : 'off',
  '2026-06-01',
  '2026-06-02',
]);
const expectations: Expectations = {
  key: ['id'],
  columns: [
    { column: 'code', pattern: 'A\\d{3}', validity: '39/40' },
    { column: 'speed', type: 'integer', min: '0', max: '120' },
    { column: 'state', oneOf: ['on', 'off'] },
  ],
  consistency: [
    {
      id: 'order',
      left: 'start',
      compare: '<=',
      right: { column: 'end' },
      zh: '开始不晚于结束',
      en: 'start is not after end',
    },
  ],
  timeliness: [{ column: 'end', asOf: '2026-06-30', ageDaysMax: 30 }],
};
const measure = async (table: string[][]) => {
  const { quality } = await profileTable({ folder: await load(table, names), expectations });
  return new Map(quality.metrics.map((metric) => [metric.id, metric]));
};

describe('quality metrics', () => {
  it('one changed cell moves the named metric by exactly 1/rows, and no unnamed one', async () => {
    const before = await measure(rows);
    for (const metric of before.values()) expect(metric.numerator, metric.id).toBe(metric.denominator);
    const cases: [row: number, column: number, value: string, moved: string[]][] = [
      [3, 1, '', ['completeness.overall', 'completeness.column.code']],
      [3, 0, '7', ['uniqueness.key']],
      [3, 1, 'B103', ['validity.pattern.code']],
      [3, 2, '121', ['validity.range.speed']],
      [3, 2, 'fast', ['validity.type.speed', 'validity.range.speed']],
      [3, 3, 'idle', ['validity.oneOf.state']],
      [3, 4, '2026-06-03', ['consistency.order']],
      [3, 5, '2026-07-01', ['timeliness.end']],
    ];
    for (const [row, column, value, moved] of cases) {
      const changed = rows.map((cells, at) => (at === row ? cells.with(column, value) : cells));
      const after = await measure(changed);
      const different = [...after.values()].filter((metric) => metric.value !== before.get(metric.id)!.value);
      expect(
        different.map((metric) => metric.id),
        value,
      ).toEqual(moved);
      for (const metric of different) expect(Number(metric.denominator) - Number(metric.numerator)).toBe(1);
    }
  }, 240_000);

  it('compares with thresholds exactly', async () => {
    const one = await measure(rows.map((cells, at) => (at < 1 ? cells.with(1, 'x') : cells)));
    expect(one.get('validity.pattern.code')).toMatchObject({ value: '39/40', threshold: '39/40', met: true });
    const two = await measure(rows.map((cells, at) => (at < 2 ? cells.with(1, 'x') : cells)));
    expect(two.get('validity.pattern.code')).toMatchObject({ value: '38/40', met: false });
    expect(reachesFraction('1/3', '33333333333333333333/100000000000000000000')).toBe(true);
    expect(reachesFraction('1/3', '33333333333333333334/100000000000000000000')).toBe(false);
  });

  it('measures agreement with a reference', async () => {
    const referenceFolder = await load(
      [
        ['1', 'A101'],
        ['2', 'A999'],
        ['2', 'A999'],
        ['99', 'A1'],
      ],
      ['id', 'code'],
    );
    const accuracy = [{ column: 'code', key: 'id', referenceFolder, referenceKey: 'id', referenceColumn: 'code' }];
    const { quality } = await profileTable({ folder: await load(rows, names), expectations: { accuracy } });
    expect(quality.metrics.at(-1)).toMatchObject({ id: 'accuracy.code', value: '1/2' });
  });

  it('names unknown columns and broken patterns', async () => {
    const folder = await load(rows, names);
    await expect(profileTable({ folder, expectations: { key: ['nope'] } })).rejects.toMatchObject({
      code: 'profile.column',
      details: { column: 'nope' },
    });
    await expect(
      profileTable({ folder, expectations: { columns: [{ column: 'code', pattern: '(' }] } }),
    ).rejects.toMatchObject({ code: 'profile.pattern' });
    await expect(
      profileTable({ folder, expectations: { columns: [{ column: 'code', pattern: 'x'.repeat(501) }] } }),
    ).rejects.toMatchObject({ code: 'profile.limit' });
  });
});

describe('column profiles', () => {
  it('counts, and hides the values of personal columns', async () => {
    serial += 1;
    const folder = join(root, String(serial));
    writeFileSync(
      `${folder}.csv`,
      '姓名,手机,里程,日期\n张三,13800138000,1.50,2026-01-02\n李四,13900139001,2.25,2026-01-01\n王五㼆,,0,\n',
    );
    await ingestFile({ path: `${folder}.csv`, folder, format: 'csv' });
    const scans = await scanTable({ folder, asOf: '2026-07-01' });
    const { columns, quality } = await profileTable({ folder, scans });
    expect(columns[0]).toMatchObject({
      masked: true,
      min: null,
      max: null,
      top: [],
      distinct: 3,
      lengthMin: 2,
      lengthMax: 3,
    });
    expect(columns[1]).toMatchObject({ masked: true, nulls: 1, distinct: 2, min: null });
    expect(columns[2]).toMatchObject({
      masked: false,
      type: 'decimal',
      min: '0.00',
      max: '2.25',
      mean: '1.250000',
      distinctExact: true,
      lengthMin: null,
    });
    expect(columns[2]!.top).toEqual([
      { value: '0.00', count: 1 },
      { value: '1.50', count: 1 },
      { value: '2.25', count: 1 },
    ]);
    expect(columns[3]).toMatchObject({ type: 'date', min: '2026-01-01', max: '2026-01-02', nulls: 1 });
    expect(JSON.stringify({ columns, quality })).not.toContain('138');
    expect(quality.metrics[0]).toMatchObject({ id: 'completeness.overall', value: '10/12' });
  });
});
