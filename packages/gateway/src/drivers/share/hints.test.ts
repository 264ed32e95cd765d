import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outcomes, predicateFrom } from './hints.ts';
import type { FileStats, ShareField } from './manifest.ts';
import type { Predicate } from './predicate.ts';
import { parseSqlHint } from './sqlhint.ts';

const fields: ShareField[] = [
  { name: 'n', type: 'long' },
  { name: 's', type: 'string' },
  { name: 'd', type: 'date' },
];
type Row = { n: number | null; s: string | null; d: string | null };

/** Statistics as the server makes them. */
function statsOf(rows: readonly Row[]): FileStats {
  const stats: FileStats = { numRecords: rows.length, minValues: {}, maxValues: {}, nullCount: {} };
  for (const name of ['n', 's', 'd'] as const) {
    const values = rows.map((row) => row[name]).filter((value) => value !== null);
    stats.nullCount[name] = rows.length - values.length;
    const ordered = [...values].sort((one, other) =>
      typeof one === 'number' ? one - Number(other) : Buffer.compare(Buffer.from(one), Buffer.from(String(other))),
    );
    if (ordered.length === 0) continue;
    stats.minValues[name] = ordered[0] as string | number;
    stats.maxValues[name] = ordered.at(-1) as string | number;
  }
  return stats;
}

/** SQL's own answer for one row: true, false or null for unknown. */
function holds(predicate: Predicate, row: Row): boolean | null {
  switch (predicate.op) {
    case 'and':
    case 'or': {
      const decisive = predicate.op === 'or';
      const parts = predicate.parts.map((part) => holds(part, row));
      return parts.includes(decisive) ? decisive : parts.includes(null) ? null : !decisive;
    }
    case 'not': {
      const inner = holds(predicate.part, row);
      return inner === null ? null : !inner;
    }
    case 'isNull':
      return row[predicate.column as keyof Row] === null;
    case 'any':
      return true;
    default: {
      const value = row[predicate.column as keyof Row];
      if (value === null || predicate.value === null) return null;
      const order =
        typeof value === 'number'
          ? value - Number(predicate.value)
          : Buffer.compare(Buffer.from(value), Buffer.from(String(predicate.value)));
      const { op } = predicate;
      if (op === 'equal') return order === 0;
      if (op === 'lessThan') return order < 0;
      if (op === 'lessThanOrEqual') return order <= 0;
      return op === 'greaterThan' ? order > 0 : order >= 0;
    }
  }
}

const numbers = fc.integer({ min: -5, max: 5 });
const texts = fc.constantFrom('', 'a', 'b', '长沙', '株洲', '𠮷', '\uffee');
const days = fc.constantFrom('2025-12-31', '2026-01-01', '2026-02-28');
const row: fc.Arbitrary<Row> = fc.record({
  n: fc.option(numbers),
  s: fc.option(texts),
  d: fc.option(days),
});
const comparison = fc
  .tuple(
    fc.constantFrom('equal', 'lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'),
    fc.oneof(
      fc.tuple(fc.constant('n'), fc.option(numbers)),
      fc.tuple(fc.constant('s'), fc.option(texts)),
      fc.tuple(fc.constant('d'), fc.option(days)),
    ),
  )
  .map(([op, [column, value]]) => ({ op, column, value }) as Predicate);
const { predicate } = fc.letrec<{ predicate: Predicate }>((tie) => ({
  predicate: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    comparison,
    fc.constantFrom('n', 's', 'd').map((column): Predicate => ({ op: 'isNull', column })),
    tie('predicate').map((part): Predicate => ({ op: 'not', part })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('predicate'), { minLength: 1, maxLength: 3 }))
      .map(([op, parts]): Predicate => ({ op, parts })),
  ),
}));

const jsonOf = (given: Predicate): object => {
  switch (given.op) {
    case 'and':
    case 'or':
      return { op: given.op, children: given.parts.map(jsonOf) };
    case 'not':
      return { op: 'not', children: [jsonOf(given.part)] };
    case 'any':
      return { op: 'unheardOf' };
    default: {
      const column = { op: 'column', name: given.column, valueType: 'string' };
      if (given.op === 'isNull') return { op: 'isNull', children: [column] };
      return { op: given.op, children: [column, { op: 'literal', value: given.value, valueType: 'string' }] };
    }
  }
};
const literalSql = (value: unknown) =>
  value === null ? 'null' : typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
const SIGNS = { equal: '=', lessThan: '<', lessThanOrEqual: '<=', greaterThan: '>', greaterThanOrEqual: '>=' } as const;
const sqlOf = (given: Predicate): string => {
  switch (given.op) {
    case 'and':
    case 'or':
      return `(${given.parts.map(sqlOf).join(` ${given.op} `)})`;
    case 'not':
      return `not ${sqlOf(given.part)}`;
    case 'any':
      return '1 = 1';
    case 'isNull':
      return `\`${given.column}\` IS NULL`;
    default:
      return `${given.column} ${SIGNS[given.op]} ${literalSql(given.value)}`;
  }
};

describe('hints', () => {
  it('never leave out a file with a row that matches, and call certain only what every row fulfils', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), predicate, (rows, given) => {
        for (const parsed of [
          predicateFrom(undefined, JSON.stringify(jsonOf(given))),
          predicateFrom([sqlOf(given)], undefined),
        ]) {
          const may = outcomes(parsed as Predicate, statsOf(rows), fields);
          for (const one of rows) {
            const held = holds(given, one);
            expect(held === true ? may.true : held === false ? may.false : may.unknown).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('leave out what cannot match', () => {
    const stats = statsOf([
      { n: 1, s: '长沙', d: '2026-01-01' },
      { n: 3, s: '长沙', d: '2026-01-02' },
    ]);
    const may = (hint: string) => outcomes(predicateFrom([hint], undefined) as Predicate, stats, fields).true;
    expect(
      ['n > 3.5', "s = '株洲'", 'N < 1', "d >= date '2026-02-01'", 'n in (7, 8)', 'n is null', 'not n > 1'].map(may),
    ).toEqual([
      false,
      false,
      // A strict bound is read as inclusive, which costs a file and never a row.
      true,
      false,
      false,
      false,
      true,
    ]);
    expect(may('not n > 0') || may('not (n is not null)')).toBe(false);
  });

  it('that are not understood say nothing', () => {
    for (const hint of [
      'n > (select 1)',
      'f(n) = 1',
      'n = 1; drop table x',
      "s like 'a%'",
      "n = '",
      '',
      'n',
      'n = 1 and',
      '((n = 1)',
    ])
      expect(parseSqlHint(hint), hint).toBeNull();
    const stats = statsOf([{ n: 1, s: 'a', d: null }]);
    for (const json of [
      '{',
      '[]',
      '7',
      '{"op":"and"}',
      '{"op":"equal","children":[{"op":"column","name":"n"}]}',
      '{"op":"like","children":[1,2]}',
    ])
      expect(outcomes(predicateFrom(undefined, json) as Predicate, stats, fields).true, json).toBe(true);
    expect(predicateFrom(undefined, undefined)).toBeNull();
    expect(outcomes(predicateFrom(['x = 5', 's = 5'], undefined) as Predicate, stats, fields).true).toBe(true);
    expect(parseSqlHint(`${'not '.repeat(5000)}n = 1`)).toBeNull();
  });
});
