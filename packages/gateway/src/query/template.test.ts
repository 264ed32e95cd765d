import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindings, gateEngine } from '../drivers/query/engine.ts';
import { isFinding, passGate } from './gate.ts';
import { type BoundValue, checkParameter, type Parameter, readParameters } from './template.ts';

let instance: DuckDBInstance;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
});
afterAll(() => instance.closeSync());

const named = { name: 'p', title: 'p' };
const all: Parameter[] = [
  { ...named, type: 'integer', min: -5, max: 5 },
  { ...named, type: 'decimal', scale: 2, min: '-1.50', max: '99.99' },
  { ...named, type: 'text', lengthMax: 6 },
  { ...named, type: 'date', min: '2020-02-29', max: '2026-12-31' },
  { ...named, type: 'boolean' },
  { ...named, type: 'enumeration', values: ['长沙', "it's"] },
];
const read = (parameter: Parameter, p: string): BoundValue | null => {
  const found = readParameters([parameter], { p });
  return 'values' in found ? (found.values.p as BoundValue) : null;
};

describe('a parameter', () => {
  it.each([
    [
      'integer',
      ['0', '-5', '5'],
      ['6', '-6', '', ' 1', '1.0', '1e1', '0x1', '+1', '٣', '99999999999999999999', 'null', '1;'],
    ],
    [
      'decimal',
      ['0', '-1.5', '99.99', '007.10'],
      ['100', '-1.51', '1.234', '.5', '5.', '1e1', 'NaN', 'Infinity', '--1', '1,5'],
    ],
    ['text', ['', '六个汉字也行', "';--", '𠮷𠮷𠮷𠮷𠮷𠮷'], ['1234567', 'a\0b', '\ud800']],
    [
      'date',
      ['2020-02-29', '2024-02-29'],
      ['2023-02-29', '2019-12-31', '2027-01-01', '2024-2-9', '2024-02-30', 'today', '2024-02-29T00:00', ''],
    ],
    ['boolean', ['true', 'false'], ['1', 'TRUE', 'yes', '']],
    ['enumeration', ['长沙', "it's"], ['株洲', '', 'its']],
  ])('of type %s takes its own values and no other', (type, taken, refused) => {
    const parameter = all.find((one) => one.type === type) as Parameter;
    for (const text of taken) expect(read(parameter, text), text).not.toBeNull();
    for (const text of refused) expect(read(parameter, text), text).toBeNull();
  });

  it('is missing, or has its default; what is not declared is a fault', () => {
    const [integer] = all as [Parameter];
    expect(readParameters([integer], {})).toMatchObject({ fault: { field: 'p' } });
    expect(readParameters([{ ...integer, default: '3' }], {})).toEqual({
      values: { p: { type: 'BIGINT', value: 3n } },
    });
    expect(readParameters([integer], { p: '1', q: '1' })).toMatchObject({ fault: { field: 'q' } });
    expect(readParameters([integer], { p: '1', __proto__: '1' } as Record<string, string>)).toMatchObject({
      values: {},
    });
  });

  it('is declared with bounds in order and a default within them', () => {
    const wrong: Parameter[] = [
      { ...named, type: 'integer', min: 2, max: 1 },
      { ...named, type: 'integer', max: 1, default: '2' },
      { ...named, type: 'decimal', scale: 1, min: '1.25' },
      { ...named, type: 'date', min: '2026-02-31' },
      { ...named, type: 'enumeration', values: ['a'], default: 'b' },
    ];
    for (const one of wrong) expect(checkParameter(one), JSON.stringify(one)).not.toBeNull();
    for (const one of all) expect(checkParameter(one)).toBeNull();
  });

  it('never escapes its type: whatever is sent comes back as the same value, or does not get in', async () => {
    const connection = await instance.connect();
    const engine = await gateEngine(connection);
    const nasty = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom(
        "' or '1'='1",
        '$p',
        '?',
        '1); --',
        '\\',
        '%',
        '"',
        '2024-02-29',
        '4',
        '-1.50',
        'true',
        "it's",
        '长沙',
      ),
      fc.integer({ min: -9, max: 9 }).map(String),
    );
    const expected = {
      integer: 'BIGINT',
      decimal: 'DECIMAL(18,2)',
      text: 'VARCHAR',
      date: 'DATE',
      boolean: 'BOOLEAN',
      enumeration: 'VARCHAR',
    };
    for (const parameter of all) {
      const sql = 'select $p as back, 1 as one where $p is not null';
      const passed = await passGate(engine, { name: 't', title: 't', sql, parameters: [parameter] }, []);
      if (isFinding(passed)) throw new Error(passed.en);
      expect(passed.answer[0]?.type).toBe(expected[parameter.type]);
      await fc.assert(
        fc.asyncProperty(nasty, async (text) => {
          const found = readParameters([parameter], { p: text });
          fc.pre('values' in found);
          const rows = (await connection.runAndReadAll(passed.sql, ...bindings(found.values))).getRowsJson();
          expect(rows).toHaveLength(1);
          const back = String(rows[0]?.[0]);
          if (parameter.type === 'integer' || parameter.type === 'decimal') expect(Number(back)).toBe(Number(text));
          else expect(back).toBe(text);
        }),
        { numRuns: 60, seed: 5, maxSkipsPerRun: 10_000 },
      );
    }
  });
});
