/** Pure decisions about products: what a version must hold, what a sample may show, what changed. */
import { catalogueLimits, sensitivities } from '@shugu/wire/catalogue';
import type { Problem } from '../kernel/problem.ts';
import type {
  Column,
  Product,
  ProductFields,
  ResourceDescription,
  Sensitivity,
  VersionDraft,
  VersionTable,
} from './model.ts';
import { catalogueProblems as problems } from './problems.ts';

/** Kinds that are data: without a dictionary nobody could know what is sold. */
const dataKinds: ReadonlySet<string> = new Set(['dataset', 'api']);

export const severity = (level: Sensitivity): number => sensitivities.indexOf(level);

/** From here on a public sample shows no value in full (PIPL 28, 51; DSL 21). */
const maskedFrom = severity('personal');

export const checkFields = (fields: Pick<ProductFields, 'coverageFrom' | 'coverageUntil'>): Problem | undefined => {
  const { coverageFrom, coverageUntil } = fields;
  return coverageFrom && coverageUntil && coverageFrom > coverageUntil
    ? problems.coverageReversed({ field: 'body.coverageUntil' })
    : undefined;
};

/** A table of credits goes up: the larger the miss, the more is given back. */
export const checkLevels = (levels: VersionDraft['serviceLevels']): Problem | undefined => {
  const credits = levels?.credits ?? [];
  const at = credits.findIndex(
    (one, index) =>
      index > 0 &&
      (one.missedPercent <= credits[index - 1]!.missedPercent || one.creditPercent < credits[index - 1]!.creditPercent),
  );
  return at < 0 ? undefined : problems.creditsNotRising({ field: `body.serviceLevels.credits.${at}` });
};

const typeNames: Record<string, Column['type']> = {
  text: 'text',
  string: 'text',
  varchar: 'text',
  integer: 'integer',
  bigint: 'integer',
  int: 'integer',
  decimal: 'decimal',
  number: 'decimal',
  double: 'decimal',
  float: 'decimal',
  boolean: 'boolean',
  date: 'date',
  time: 'time',
  timestamp: 'time',
  datetime: 'time',
  bytes: 'bytes',
  blob: 'bytes',
  json: 'json',
};

/** Engine types carry precision, DECIMAL(18,2): the word before the bracket decides. */
export const columnType = (found: string): Column['type'] => typeNames[found.toLowerCase().split(/[ (]/)[0]!] ?? 'text';

export const columnsOf = (resource: ResourceDescription): Column[] =>
  resource.columns.map((found) => ({
    name: found.name,
    title: found.title ?? '',
    type: columnType(found.type),
    description: found.description ?? '',
    sensitivity: found.sensitivity ?? 'general',
    unit: found.unit ?? '',
    nullable: found.nullable ?? true,
  }));

type Described = Pick<VersionTable, 'name' | 'columns'>;

/** The supplier's words over what the scan found. A column may be called more sensitive than the scan says, never less. */
export const describeColumns = <T extends Described>(
  tables: T[],
  draft: Pick<VersionDraft, 'dictionary'>,
): T[] | Problem => {
  const notes = new Map(draft.dictionary.map((note, at) => [`${note.table}\n${note.name}`, { note, at }]));
  const described: T[] = [];
  for (const table of tables) {
    const columns: Column[] = [];
    for (const column of table.columns) {
      const key = `${table.name}\n${column.name}`;
      const found = notes.get(key);
      notes.delete(key);
      const { title, description, unit, sensitivity } = found?.note ?? {};
      if (found && sensitivity && severity(sensitivity) < severity(column.sensitivity))
        return problems.sensitivityLowered({
          field: `body.dictionary.${found.at}.sensitivity`,
          detail: `${column.name}: ${column.sensitivity}`,
        });
      columns.push({
        ...column,
        ...(title === undefined ? {} : { title }),
        ...(description === undefined ? {} : { description }),
        ...(unit === undefined ? {} : { unit }),
        ...(sensitivity === undefined ? {} : { sensitivity }),
      });
    }
    described.push({ ...table, columns });
  }
  for (const { note, at } of notes.values())
    return problems.columnUnknown({ field: `body.dictionary.${at}`, detail: `${note.table}.${note.name}` });
  return described;
};

/** Faults of a version as a whole. */
export const checkTables = (kind: Product['kind'], tables: Described[]): Problem | undefined => {
  if (tables.length === 0 && dataKinds.has(kind)) return problems.nothingDescribed({ field: 'body.declared' });
  const names = new Set<string>();
  for (const table of tables) {
    if (names.has(table.name)) return problems.tableTwice({ detail: table.name });
    names.add(table.name);
    const columns = new Set<string>();
    for (const column of table.columns) {
      if (columns.has(column.name)) return problems.tableTwice({ detail: `${table.name}.${column.name}` });
      columns.add(column.name);
      if (column.sensitivity === 'core') return problems.coreData({ detail: `${table.name}.${column.name}` });
    }
  }
  return undefined;
};

/** Names of tables in a version: the resource's own name, told apart by a number where two are alike. */
export const tableNames = (names: readonly string[]): string[] => {
  const taken = new Set<string>();
  return names.map((name) => {
    const short = name.slice(0, 110);
    let unique = short;
    for (let count = 2; taken.has(unique); count++) unique = `${short}_${count}`;
    taken.add(unique);
    return unique;
  });
};

const cellCharactersMax = 200;

/**
 * One cell of a public sample. Personal information keeps its first character, so that its form can be recognised; what is
 * sensitive or important shows nothing, not even its length. Code points, so that a rare character is not cut in two.
 */
export const maskValue = (value: string | null, level: Sensitivity): string | null => {
  if (value === null || value === '') return value;
  if (severity(level) < maskedFrom) return value.slice(0, cellCharactersMax);
  if (level !== 'personal') return '***';
  const characters = [...value];
  return characters.length === 1 ? '*' : `${characters[0]}${'*'.repeat(Math.min(characters.length - 1, 8))}`;
};

export interface Sample {
  columns: string[];
  rows: (string | null)[][];
}

/** The part of a resource's first rows that strangers may see. Columns that the dictionary does not name are left out. */
export const publicSample = (sample: Sample, columns: Column[], rowsMax: number): Sample => {
  const shown = columns.flatMap((column) => {
    const at = sample.columns.indexOf(column.name);
    return at < 0 ? [] : [{ column, at }];
  });
  const rows = sample.rows.slice(0, Math.min(rowsMax, catalogueLimits.sampleRowsMax));
  return {
    columns: shown.map(({ column }) => column.name),
    rows: rows.map((row) => shown.map(({ column, at }) => maskValue(row[at] ?? null, column.sensitivity))),
  };
};

export interface SchemaChange {
  table: string;
  column: string;
  kind:
    | 'tableAdded'
    | 'tableRemoved'
    | 'columnAdded'
    | 'columnRemoved'
    | 'typeChanged'
    | 'sensitivityChanged'
    | 'unitChanged'
    | 'nullableChanged'
    | 'titleChanged';
  from: string | null;
  to: string | null;
  /** A reader that worked on the older version may fail or misread on the newer one. */
  breaking: boolean;
}

const watched: [
  kind: SchemaChange['kind'],
  read: (column: Column) => string,
  breaks: (from: Column, to: Column) => boolean,
][] = [
  ['typeChanged', (column) => column.type, () => true],
  ['unitChanged', (column) => column.unit, (from) => from.unit !== ''],
  ['nullableChanged', (column) => String(column.nullable), (_from, to) => to.nullable],
  ['sensitivityChanged', (column) => column.sensitivity, () => false],
  ['titleChanged', (column) => column.title, () => false],
];

/** What a buyer of the older version must know about the newer one. */
export const schemaChanges = (from: readonly Described[], to: readonly Described[]): SchemaChange[] => {
  const changes: SchemaChange[] = [];
  const after = new Map(to.map((table) => [table.name, table]));
  const before = new Set(from.map((table) => table.name));
  for (const table of from) {
    const next = after.get(table.name);
    if (next) changes.push(...columnChanges(table, next));
    else
      changes.push({ table: table.name, column: '', kind: 'tableRemoved', from: table.name, to: null, breaking: true });
  }
  for (const table of to)
    if (!before.has(table.name))
      changes.push({ table: table.name, column: '', kind: 'tableAdded', from: null, to: table.name, breaking: false });
  return changes;
};

const columnChanges = (from: Described, to: Described): SchemaChange[] => {
  const changes: SchemaChange[] = [];
  const table = to.name;
  const after = new Map(to.columns.map((column) => [column.name, column]));
  const before = new Set(from.columns.map((column) => column.name));
  for (const column of from.columns) {
    const next = after.get(column.name);
    if (!next) {
      changes.push({ table, column: column.name, kind: 'columnRemoved', from: column.type, to: null, breaking: true });
      continue;
    }
    for (const [kind, read, breaks] of watched)
      if (read(column) !== read(next))
        changes.push({
          table,
          column: column.name,
          kind,
          from: read(column),
          to: read(next),
          breaking: breaks(column, next),
        });
  }
  for (const column of to.columns)
    if (!before.has(column.name))
      changes.push({ table, column: column.name, kind: 'columnAdded', from: null, to: column.type, breaking: false });
  return changes;
};
