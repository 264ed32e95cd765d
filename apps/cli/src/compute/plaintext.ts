/** DuckDB beside a query on shares: it parses the query, and answers it over the open tables for comparison. */
import { DuckDBInstance } from '@duckdb/node-api';
import { columnsOf, type Plan } from '@shugu/private-compute';

const connected = async <T>(
  use: (ask: (sql: string, ...values: string[]) => Promise<unknown[][]>) => Promise<T>,
): Promise<T> => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    return await use(async (sql, ...values) => (await connection.runAndReadAll(sql, values)).getRows());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

/** Queries as trees, for `planOf`. */
export const treesOf = (queries: readonly string[]): Promise<string[]> =>
  connected(async (ask) => {
    const trees: string[] = [];
    for (const sql of queries) trees.push(String((await ask('select json_serialize_sql($1::varchar)', sql))[0]![0]));
    return trees;
  });
export const treeOf = async (sql: string): Promise<string> => (await treesOf([sql]))[0]!;

const named = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export interface Plaintext {
  rows: (string | null)[][];
  milliseconds: number;
}

/** DuckDB reads text into wider numbers a hundred times slower: these are for tables in which a value needs more than 18 digits. */
const digits = [18, 38] as const;
const isTooNarrow = (error: unknown): boolean => /could not convert|out of range|overflow/iu.test(String(error));

/** The price of not showing each other the data: the same query, by one who has both tables, files to result on one core. */
export const inPlaintext = (
  sql: string,
  plan: Plan,
  paths: Record<'a' | 'b', string>,
  decimals: number,
): Promise<Plaintext> =>
  connected(async (ask) => {
    const answer = async (width: number): Promise<Plaintext> => {
      const begun = performance.now();
      for (const [table, role] of [
        ['a', 'first'],
        ['b', 'second'],
      ] as const) {
        const { numbers, texts } = columnsOf(plan, role);
        const key = plan.align === 'place' || texts.includes(plan.align[role]) ? [] : [plan.align[role]];
        const columns = [
          ...numbers.map((name) => `cast(${named(name)} as decimal(${width}, ${decimals})) as ${named(name)}`),
          ...texts.map(named),
          ...key.map((name) => `lower(trim(${named(name)})) as ${named(name)}`),
        ];
        const file = `read_csv(${quoted(paths[table])}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')`;
        await ask(`create or replace view ${table} as select ${columns.join(', ') || '1'} from ${file}`);
      }
      const rows = await ask(sql);
      const text = (value: unknown): string | null => (value === null ? null : String(value));
      return { rows: rows.map((row) => row.map(text)), milliseconds: Math.round(performance.now() - begun) };
    };
    const [narrow, wide] = digits;
    return answer(narrow).catch((error: unknown) => {
      if (isTooNarrow(error)) return answer(wide);
      throw error;
    });
  });

/** Which keys two tables of one who has both have in common, in ascending order; no key is there twice. */
export const commonInPlaintext = (
  paths: Record<'a' | 'b', string>,
  key: string,
): Promise<{ keys: string[]; milliseconds: number }> =>
  connected(async (ask) => {
    const begun = performance.now();
    const keysOf = (path: string): string =>
      `(SELECT DISTINCT lower(trim(${named(key)})) AS k FROM read_csv(${quoted(path)}, header = true, all_varchar = true))`;
    const rows = await ask(`SELECT k FROM ${keysOf(paths.a)} JOIN ${keysOf(paths.b)} USING (k) ORDER BY k`);
    return { keys: rows.map(([one]) => String(one)), milliseconds: Math.round(performance.now() - begun) };
  });

/** As numbers, where both are: DuckDB tells averages as doubles. A sum of nothing is null there and nought here. */
const alike = (ours: string | null, theirs: string | null): boolean => {
  if (ours === theirs) return true;
  if (theirs === null) return ours === '0';
  const [a, b] = [Number(ours), Number(theirs)];
  return ours !== null && Math.abs(a - b) <= 1e-6 + 1e-9 * Math.abs(b);
};

/** Groups none of whose rows were taken stand in ours with noughts, and not in theirs. */
export const sameRows = (plan: Plan, ours: (string | null)[][], theirs: (string | null)[][]): boolean => {
  const isKey = plan.outputs.map(({ of }) => of === 'group');
  const keyOf = (row: (string | null)[]) => JSON.stringify(row.filter((_, at) => isKey[at]));
  const byKey = new Map(theirs.map((row) => [keyOf(row), row]));
  const known = ours.filter((row) => byKey.has(keyOf(row)));
  const others = ours.filter((row) => !byKey.has(keyOf(row)));
  return (
    known.length === theirs.length &&
    known.every((row) => row.every((cell, at) => alike(cell, byKey.get(keyOf(row))![at]!))) &&
    others.every((row) => row.every((cell, at) => isKey[at] || cell === null || cell === '0'))
  );
};
