/** Which copies a file is compared with, and what follows from it. Pure. */
import { chanceMax, type Judged, judge, type Layout, type Score, type Synthetic } from '@shugu/watermark';
import type { Cut, DeliverableVersion, FileCopy } from '../model.ts';

/** One table of one marked copy. */
export interface CopyTable {
  copy: string;
  version: string;
  table: string;
  layout: Layout;
  synthetic: Synthetic | null;
}

/** The tables of a copy as it was delivered: its permitted columns, of which some are altered. */
export const copyTables = (
  cut: Pick<Cut, 'copy' | 'watermark' | 'version' | 'columns' | 'masks' | 'synthetic'>,
  version: Pick<DeliverableVersion, 'tables'>,
): CopyTable[] =>
  version.tables.flatMap(({ name: table, columns }) => {
    if (!cut.copy || !cut.watermark) return [];
    const delivered = columns
      .map(({ name }) => name)
      .filter((name) => cut.columns === null || cut.columns.includes(name))
      .filter((name) => cut.masks[name]?.kind !== 'hide');
    const alterable = Object.entries(cut.watermark.altered)
      .filter(([column]) => delivered.includes(column))
      .map(([column, maxChange]) => ({ column, maxChange }));
    const synthetic = cut.synthetic?.[table] ?? null;
    if (alterable.length === 0 && !synthetic) return [];
    return [{ copy: cut.copy, version: cut.version, table, layout: { columns: delivered, alterable }, synthetic }];
  });

/** The same of one file, which goes out with all its columns. */
export const copyFileTable = (
  { copy, version: of, table, watermark, synthetic }: FileCopy,
  version: DeliverableVersion,
): CopyTable[] =>
  copyTables(
    { copy, watermark, version: of, columns: null, masks: {}, synthetic: synthetic && { [table]: synthetic } },
    {
      tables: version.tables.filter(({ name }) => name === table),
    },
  );

/** Copies of the same layout are read together. */
export const byLayout = (tables: readonly CopyTable[]): CopyTable[][] => {
  const groups = new Map<string, CopyTable[]>();
  for (const table of tables) {
    const { columns, alterable } = table.layout;
    const text = JSON.stringify([
      [...columns].sort(),
      alterable.map(({ column, maxChange }) => `${column}=${maxChange}`).sort(),
    ]);
    groups.set(text, [...(groups.get(text) ?? []), table]);
  }
  return [...groups.values()];
};

export type Method = 'altered' | 'synthetic';
export interface Tested {
  table: CopyTable;
  method: Method;
}
export type Test = Score & { copy: Tested };

export interface Verdict {
  tests: number;
  chanceMax: number;
  named: Judged<Tested>[];
  closest: Score | null;
}

/** Of a copy that fits in several ways only the best is told; every test counts, told or not. */
export const verdictOf = (tests: readonly Test[]): Verdict => {
  const judged = judge(tests);
  const copies = new Set<string>();
  const named = judged.filter(({ copy, named: isNamed }) => {
    if (!isNamed || copies.has(copy.table.copy)) return false;
    copies.add(copy.table.copy);
    return true;
  });
  const [closest] = judged.filter(({ copy }) => !copies.has(copy.table.copy));
  const plain = closest && { tested: closest.tested, matched: closest.matched, logChance: closest.logChance };
  return { tests: tests.length, chanceMax, named, closest: plain ?? null };
};
