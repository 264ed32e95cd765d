/**
 * How well and how fast the identifier scanner works, on 100,000 SYNTHETIC labelled rows (scan-rows.ts). Beside it, in the
 * same run, the usual baseline: regular expressions alone.
 *
 *   npm run bench -- scan --json
 *
 * precision and recall count cells over all kinds; `columns` counts verdicts on whole columns.
 */
import type { IdentifierKind } from '../apps/server/src/registry/scan/kinds.ts';
import { holdsKind, scanColumn } from '../apps/server/src/registry/scan/scan.ts';
import { type LabelledColumn, labelledTables } from './scan-rows.ts';

class Score {
  right = 0;
  wrong = 0;
  missed = 0;
  count(label: string | null, found: string | null): void {
    if (label !== null && label === found) this.right += 1;
    else {
      if (found !== null) this.wrong += 1;
      if (label !== null) this.missed += 1;
    }
  }
  report() {
    const share = (part: number, whole: number) => (whole === 0 ? null : Number((part / whole).toFixed(5)));
    return {
      precision: share(this.right, this.right + this.wrong),
      recall: share(this.right, this.right + this.missed),
      cells: this.right + this.missed,
    };
  }
}

/** Regular expressions without names, checksums or columns: what a first attempt does. */
const naive: [IdentifierKind, RegExp][] = [
  ['residentId', /^\d{17}[\dX]$/],
  ['mobile', /1[3-9]\d{9}/],
  ['bankCard', /^\d{16,19}$/],
  ['plate', /^[\u4e00-\u9fa5][A-Z][A-Z0-9]{5,6}$/],
  ['vin', /^[A-HJ-NPR-Z0-9]{17}$/],
  ['email', /@/],
  ['ipv4', /^\d+\.\d+\.\d+\.\d+$/],
  ['mac', /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i],
  ['position', /^\d+\.\d+,\d+\.\d+$/],
  ['creditCode', /^[0-9A-Z]{18}$/],
  ['passport', /^[A-Z]{1,2}\d{7,8}$/],
  ['address', /[省市区].*[路街号]/],
  ['personName', /^[\u4e00-\u9fa5]{2,3}$/],
];

type Verdict = { kind: IdentifierKind | null; cells: (IdentifierKind | null)[] };

const byScanner = (column: LabelledColumn): Verdict => {
  const { findings } = scanColumn(column, { asOf: '2026-07-01', valuesPerColumnMax: 10_000 });
  // Kinds judged by name alone, and under-14 (a property of persons, not of cells), have no labelled cells here.
  const finding = findings.find((each) => each.kind !== 'minor' && each.examples.length > 0);
  const cells = column.values.map((value) => (finding && holdsKind(value, finding) ? finding.kind : null));
  return { kind: finding?.kind ?? null, cells };
};

const byShapeAlone = (column: LabelledColumn): (IdentifierKind | null)[] =>
  column.values.map((value) => naive.find(([, shape]) => shape.test(value))?.[0] ?? null);

const rounded = (value: number) => Number(value.toFixed(3));

/** Precision and recall of the scanner on that many rows; the same seed draws the same rows. */
export const measureScan = (rowsWanted: number, seed = 20260701) => {
  const [all, columns, baseline] = [new Score(), new Score(), new Score()];
  const perKind = new Map<string, Score>();
  const misjudged = new Map<string, number>();
  let [rows, cells, scanMs, baselineMs] = [0, 0, 0, 0];
  const countCell = (label: IdentifierKind | null, found: IdentifierKind | null) => {
    cells += 1;
    all.count(label, found);
    for (const kind of new Set([label, found])) {
      if (kind === null) continue;
      const score = perKind.get(kind) ?? new Score();
      perKind.set(kind, score);
      score.count(label === kind ? kind : null, found === kind ? kind : null);
    }
  };
  for (const table of labelledTables(rowsWanted, seed)) {
    rows += table[0]!.values.length;
    for (const column of table) {
      const started = performance.now();
      const verdict = byScanner(column);
      const between = performance.now();
      const plain = byShapeAlone(column);
      scanMs += between - started;
      baselineMs += performance.now() - between;
      columns.count(column.kind, verdict.kind);
      if (verdict.kind !== column.kind) {
        const what = `${column.kind ?? 'none'} → ${verdict.kind ?? 'none'} (${column.name.replace(/\d+$/, '')})`;
        misjudged.set(what, (misjudged.get(what) ?? 0) + 1);
      }
      for (const [at, label] of column.labels.entries()) {
        countCell(label, verdict.cells[at]!);
        baseline.count(label, plain[at]!);
      }
    }
  }
  const { precision, recall } = all.report();
  const plain = baseline.report();
  return {
    bench: 'scan',
    data: 'synthetic, seeded; belongs to nobody',
    seed,
    rows,
    cells,
    precision,
    recall,
    columns: columns.report(),
    perKind: Object.fromEntries([...perKind].sort().map(([kind, score]) => [kind, score.report()])),
    rowsPerSecond: Math.round(rows / (scanMs / 1_000)),
    baseline: { name: 'regular expressions only', ...plain },
    ratios: {
      precisionToRegexOnly: rounded(precision! / plain.precision!),
      recallToRegexOnly: rounded(recall! / plain.recall!),
      speedToRegexOnly: rounded(baselineMs / scanMs),
    },
    misjudgedColumns: Object.fromEntries([...misjudged].sort((a, b) => b[1] - a[1]).slice(0, 12)),
  };
};

export const run = async (): Promise<object> => measureScan(100_000);
