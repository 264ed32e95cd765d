/**
 * Rows of an import, whatever the file: CSV and XLSX have one plan a row and named columns; NDJSON carries the body of
 * `POST /api/listings`, any number of plans, a line each.
 */
import { type importFormats, marketMoreLimits } from '@shugu/wire/market-more';
import { parse } from 'csv-parse/sync';
import { readSheet } from 'read-excel-file/node';

export type ImportFormat = (typeof importFormats)[number];

export interface ImportRow {
  /** As a person counts: line of the file, header included. */
  row: number;
  body: unknown;
  /** Set when the row cannot even be read. */
  fault?: { field: string; code: string; message: string };
}

export class ImportFault extends Error {}

/** What the child that reads a file answers. */
export type ReadRows = { rows: ImportRow[]; failure?: undefined } | { rows?: undefined; failure: string };

/**
 * Columns of a table; `*` must be there. Lists are separated by ; or ；or 、. `tiers`: `100:1.00; 1000:0.80; *:0.50`, each up to
 * a quantity, the last without; `split`: `organisation:share`, a leg each.
 */
export const importColumns = {
  version: '*',
  planTitle: '*',
  priceKind: '*',
  price: '',
  included: '',
  minimumCharge: '',
  tiers: '',
  tierUnit: '',
  tierMode: '',
  period: '',
  settlementWays: '*',
  taxRate: '*',
  policy: '*',
  deliveryModes: '*',
  acceptanceDays: '*',
  trialCalls: '',
  trialDays: '',
  purposes: '',
  reports: '*',
  split: '',
  personalBasis: '',
  contractKind: '',
  securityStatement: '*',
  sourceStatement: '*',
} as const;
export type ImportColumn = keyof typeof importColumns;

const list = (text: string): string[] =>
  text
    .split(/[;；、]/u)
    .map((one) => one.trim())
    .filter(Boolean);
const whole = (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : text);

/** `a:b` pairs; the schema refuses what is left out. */
const pairs = (text: string): [string, string][] =>
  list(text).map((one) => {
    const [name = '', value = ''] = one.split(/[:：]/u).map((part) => part.trim());
    return [name, value];
  });
const given = (name: string, value: unknown) => (value === '' ? {} : { [name]: value });

const planOf = (cell: (name: ImportColumn) => string): unknown => {
  const [kind, price] = [cell('priceKind'), cell('price')];
  const more = { ...given('included', whole(cell('included'))), ...given('minimumCharge', cell('minimumCharge')) };
  switch (kind) {
    case 'oneOff':
      return { kind, price };
    case 'subscription':
      return { kind, period: cell('period'), price };
    case 'perCall':
    case 'perRow':
    case 'perGigabyte':
      return { kind, unitPrice: price, ...more };
    case 'tiered':
      return {
        kind,
        unit: cell('tierUnit'),
        mode: cell('tierMode'),
        tiers: pairs(cell('tiers')).map(([upTo, unitPrice]) => ({
          upTo: upTo === '*' ? null : whole(upTo),
          unitPrice,
        })),
        ...more,
      };
    default:
      // Free and by quotation need no price.
      return { kind };
  }
};

/** The body of one listing, unchecked: the endpoint's own schema judges it. */
export const bodyOf = (cells: Readonly<Partial<Record<ImportColumn, string>>>): ImportRow['body'] => {
  const cell = (name: ImportColumn) => (cells[name] ?? '').trim();
  const tried = cell('trialCalls') !== '' || cell('trialDays') !== '';
  return {
    version: cell('version'),
    policy: JSON.parse(cell('policy')),
    plans: [
      {
        title: cell('planTitle'),
        plan: planOf(cell),
        settlementWays: list(cell('settlementWays')),
        taxRate: cell('taxRate'),
      },
    ],
    deliveryModes: list(cell('deliveryModes')),
    acceptanceDays: whole(cell('acceptanceDays')),
    trial: tried ? { calls: whole(cell('trialCalls')), days: whole(cell('trialDays')) } : null,
    purposes: list(cell('purposes')),
    reports: list(cell('reports')),
    split: pairs(cell('split')).map(([party, share]) => ({ party, share })),
    personalBasis: cell('personalBasis'),
    ...given('contractKind', cell('contractKind')),
    securityStatement: cell('securityStatement'),
    sourceStatement: cell('sourceStatement'),
  };
};

const fromTable = (table: readonly (readonly unknown[])[]): ImportRow[] => {
  const [header, ...rest] = table;
  const names = (header ?? []).map((one) => String(one ?? '').trim());
  const missing = Object.entries(importColumns).flatMap(([name, must]) =>
    must && !names.includes(name) ? [name] : [],
  );
  if (missing.length) throw new ImportFault(`columns missing: ${missing.join(', ')}`);
  const unknown = names.filter((name) => name !== '' && !(name in importColumns));
  if (unknown.length) throw new ImportFault(`unknown columns: ${unknown.join(', ')}`);
  return rest.flatMap((cells, at): ImportRow[] => {
    if (cells.every((cell) => cell === null || String(cell).trim() === '')) return [];
    const row = at + 2;
    const named = Object.fromEntries(names.map((name, place) => [name, String(cells[place] ?? '')]));
    try {
      return [{ row, body: bodyOf(named) }];
    } catch {
      return [
        { row, body: null, fault: { field: 'policy', code: 'json', message: 'policy 不是 JSON / policy is not JSON' } },
      ];
    }
  });
};

const fromLines = (text: string): ImportRow[] =>
  text.split(/\r?\n/u).flatMap((line, at): ImportRow[] => {
    if (line.trim() === '') return [];
    try {
      return [{ row: at + 1, body: JSON.parse(line) as unknown }];
    } catch {
      return [
        {
          row: at + 1,
          body: null,
          fault: { field: '', code: 'json', message: '该行不是 JSON / the line is not JSON' },
        },
      ];
    }
  });

/** @throws ImportFault when the file as a whole cannot be taken */
export const readRows = async (format: ImportFormat, content: Buffer): Promise<ImportRow[]> => {
  const rows = await read(format, content);
  if (rows.length === 0) throw new ImportFault('there are no rows');
  if (rows.length > marketMoreLimits.importRowsMax)
    throw new ImportFault(`more than ${marketMoreLimits.importRowsMax} rows`);
  return rows;
};

/** Strict UTF-8, else strict GB18030, which Chinese spreadsheets save as: Chinese in the one is hardly ever valid in the other. */
const textOf = (content: Buffer): string => {
  // A byte-order mark goes with the decoding.
  const decode = (encoding: string) => new TextDecoder(encoding, { fatal: true }).decode(content);
  try {
    return decode('utf-8');
  } catch {
    return decode('gb18030');
  }
};

const read = async (format: ImportFormat, content: Buffer): Promise<ImportRow[]> => {
  try {
    if (format === 'xlsx') return fromTable((await readSheet(content)) as unknown[][]);
    const text = textOf(content);
    if (format === 'ndjson') return fromLines(text);
    return fromTable(parse(text, { relax_column_count: true }) as string[][]);
  } catch (error) {
    if (error instanceof ImportFault) throw error;
    throw new ImportFault(`the file cannot be read as ${format}: ${(error as Error).message.slice(0, 300)}`);
  }
};
