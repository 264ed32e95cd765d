import { expect, test } from 'vitest';
import { Problem } from '../kernel/problem.ts';
import type { Column } from './model.ts';
import {
  checkFields,
  checkTables,
  columnType,
  describeColumns,
  maskValue,
  publicSample,
  schemaChanges,
  tableNames,
} from './rules.ts';

const column = (name: string, more: Partial<Column> = {}): Column => ({
  name,
  title: '',
  type: 'text',
  description: '',
  sensitivity: 'general',
  unit: '',
  nullable: true,
  ...more,
});

test.each([
  ['湘A12345', 'open', '湘A12345'],
  ['湘A12345', 'personal', '湘******'],
  ['李', 'personal', '*'],
  ['𠮷野', 'personal', '𠮷*'],
  ['430102199001011234', 'sensitivePersonal', '***'],
  ['28.2', 'important', '***'],
  ['', 'important', ''],
  [null, 'personal', null],
] as const)('a sample shows %s (%s) as %s', (value, level, shown) => {
  expect(maskValue(value, level)).toBe(shown);
});

test('a public sample keeps the dictionary’s columns, masks them and has a limit', () => {
  const sample = {
    columns: ['id', 'hidden', 'plate'],
    rows: Array.from({ length: 50 }, (_, at) => [`${at}`, 'x', '湘A1']),
  };
  const shown = publicSample(sample, [column('plate', { sensitivity: 'personal' }), column('id')], 100);
  expect(shown.columns).toEqual(['plate', 'id']);
  expect(shown.rows).toHaveLength(20);
  expect(shown.rows[1]).toEqual(['湘**', '1']);
});

test('engine types become words of the dictionary', () => {
  expect(['DECIMAL(18,2)', 'BIGINT', 'TIMESTAMP WITH TIME ZONE', 'geometry'].map(columnType)).toEqual([
    'decimal',
    'integer',
    'time',
    'text',
  ]);
});

const codeOf = (value: unknown) => (value instanceof Problem ? value.code : undefined);
const note = (name: string, sensitivity?: Column['sensitivity']) => ({
  dictionary: [{ table: 't', name, title: '车牌', sensitivity }],
});

test('a supplier may raise the sensitivity that the scan found, never lower it', () => {
  const tables = [{ name: 't', columns: [column('plate', { sensitivity: 'personal' })] }];
  const raised = describeColumns(tables, note('plate', 'important'));
  expect(raised).toMatchObject([{ columns: [{ title: '车牌', sensitivity: 'important' }] }]);
  expect(codeOf(describeColumns(tables, note('plate', 'general')))).toBe('catalogue.sensitivityLowered');
  expect(codeOf(describeColumns(tables, note('plat', 'important')))).toBe('catalogue.columnUnknown');
});

test.each([
  ['dataset', [], 'catalogue.nothingDescribed'],
  ['service', [], undefined],
  ['dataset', [{ name: 't', columns: [column('a'), column('a')] }], 'catalogue.tableTwice'],
  [
    'dataset',
    [
      { name: 't', columns: [column('a')] },
      { name: 't', columns: [column('b')] },
    ],
    'catalogue.tableTwice',
  ],
  ['dataset', [{ name: 't', columns: [column('a', { sensitivity: 'core' })] }], 'catalogue.coreData'],
  ['dataset', [{ name: 't', columns: [column('a', { sensitivity: 'important' })] }], undefined],
] as const)('a version of a %s: case %#', (kind, tables, code) => {
  expect(
    codeOf(
      checkTables(
        kind,
        tables.map((table) => ({ ...table, columns: [...table.columns] })),
      ),
    ),
  ).toBe(code);
});

test('coverage runs forward', () => {
  expect(codeOf(checkFields({ coverageFrom: '2026-02-01', coverageUntil: '2026-01-01' }))).toBe(
    'catalogue.coverageReversed',
  );
  expect(checkFields({ coverageFrom: '2026-01-01', coverageUntil: '2026-01-01' })).toBeUndefined();
});

test('tables of one name are told apart', () => {
  expect(tableNames(['a', 'a', 'a_2', 'b'])).toEqual(['a', 'a_2', 'a_2_2', 'b']);
});

test('changes say which of them break a reader', () => {
  const from = [
    {
      name: 't',
      columns: [column('a'), column('b', { type: 'integer', unit: 'km' }), column('c', { nullable: false })],
    },
  ];
  const to = [
    { name: 't', columns: [column('b', { type: 'decimal', unit: 'm' }), column('c', { title: '丙' }), column('d')] },
    { name: 'u', columns: [] },
  ];
  expect(schemaChanges(from, to).map(({ column: name, kind, breaking }) => [name, kind, breaking])).toEqual([
    ['a', 'columnRemoved', true],
    ['b', 'typeChanged', true],
    ['b', 'unitChanged', true],
    ['c', 'nullableChanged', true],
    ['c', 'titleChanged', false],
    ['d', 'columnAdded', false],
    ['', 'tableAdded', false],
  ]);
  expect(schemaChanges(from, from)).toEqual([]);
});
