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

/** Columns of a table; `*` must be there. Lists are separated by ; or ；or 、 */
export const importColumns = {
  version: '*',
  planTitle: '*',
  priceKind: '*',
  price: '',
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

const planOf = (cell: (name: ImportColumn) => string): unknown => {
  const [kind, price] = [cell('priceKind'), cell('price')];
  switch (kind) {
    case 'oneOff':
      return { kind, price };
    case 'subscription':
      return { kind, period: cell('period'), price };
    case 'perCall':
    case 'perRow':
    case 'perGigabyte':
      return { kind, unitPrice: price };
    default:
      // Free and by quotation need no price; tiers do not fit into a row, and are refused by the schema.
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
      return [{ row, body: null, fault: { field: 'policy', code: 'json', message: 'policy is not JSON' } }];
    }
  });
};

const fromLines = (text: string): ImportRow[] =>
  text.split(/\r?\n/u).flatMap((line, at): ImportRow[] => {
    if (line.trim() === '') return [];
    try {
      return [{ row: at + 1, body: JSON.parse(line) as unknown }];
    } catch {
      return [{ row: at + 1, body: null, fault: { field: '', code: 'json', message: 'the line is not JSON' } }];
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

const read = async (format: ImportFormat, content: Buffer): Promise<ImportRow[]> => {
  try {
    if (format === 'xlsx') return fromTable((await readSheet(content)) as unknown[][]);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content).replace(/^\uFEFF/u, '');
    if (format === 'ndjson') return fromLines(text);
    return fromTable(parse(text, { relax_column_count: true }) as string[][]);
  } catch (error) {
    if (error instanceof ImportFault) throw error;
    throw new ImportFault(`the file cannot be read as ${format}: ${(error as Error).message.slice(0, 300)}`);
  }
};
