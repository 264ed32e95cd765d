/** The import itself: each row is one application, in a transaction of its own, through the same gates as one typed by hand. */
import { createListing } from '@shugu/wire/market';
import { ChildError } from '../../kernel/child/error.ts';
import { runChild } from '../../kernel/child/run.ts';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { actorOf, type Principal, systemActor } from '../../kernel/http/principal.ts';
import type { JobHandler } from '../../kernel/jobs.ts';
import { Problem, type Words } from '../../kernel/problem.ts';
import type { MarketDeps } from '../model.ts';
import { createListingOf } from '../service/listings.ts';
import type { ImportFormat, ImportRow, ReadRows } from './rows.ts';
import {
  addReport,
  contentOf,
  endImport,
  findImport,
  type ListingImport,
  type RowReport,
  type StoredFault,
} from './store.ts';

export const importJob = 'market.listing.import';

/** Carries a finished dry run out of its transaction, which must not stay. */
class DryRun extends Error {
  readonly product: string;
  constructor(product: string) {
    super('dry run');
    this.product = product;
  }
}

// Permission was asked when the file came in; the job acts in that person's name and with no other permission.
const principalOf = (one: ListingImport): Principal => ({
  kind: 'person',
  id: one.person,
  name: '',
  participant: one.participant,
  roles: new Set(one.roles),
  permissions: new Set(['market.listing.apply']),
  language: 'zh',
});

// The report is kept for whoever reads it later, so its words stand in both languages.
const both = (words: Words): string => (typeof words === 'string' ? words : `${words.zh} / ${words.en}`);
const faultsOf = (error: Problem): StoredFault[] =>
  error.errors?.map((one) => ({ ...one, message: both(one.message) })) ?? [
    { field: '', code: error.code, message: both(error.detail || error.definition.title) },
  ];

const refused = (row: number, errors: StoredFault[]): RowReport => ({
  row,
  ok: false,
  listing: null,
  product: null,
  errors,
});

const runRow = async (
  deps: MarketDeps,
  database: Database,
  one: ListingImport,
  { row, body, fault }: ImportRow,
): Promise<void> => {
  const principal = principalOf(one);
  const keep = (report: RowReport) => database.tx(systemActor('import'), (tx) => addReport(tx, one.id, report));
  const parsed = createListing.body!.safeParse(body);
  if (fault || !parsed.success) {
    const errors = parsed.error?.issues.map((issue) => ({
      field: issue.path.join('.'),
      code: issue.code as string,
      message: issue.message,
    }));
    return keep(refused(row, fault ? [fault] : (errors ?? [])));
  }
  const apply = async (tx: Tx): Promise<void> => {
    const made = await createListingOf(deps, tx, principal, parsed.data);
    if (one.dry_run) throw new DryRun(made.product);
    await addReport(tx, one.id, { row, ok: true, listing: made.id, product: made.product, errors: [] });
  };
  try {
    await database.tx(actorOf(principal), apply);
  } catch (error) {
    if (error instanceof DryRun) await keep({ row, ok: true, listing: null, product: error.product, errors: [] });
    else if (error instanceof Problem) await keep(refused(row, faultsOf(error)));
    else throw error;
  }
};

/** In a process of its own: a small spreadsheet may unpack to more than the server's memory. */
const readFile = async (format: ImportFormat, content: Buffer): Promise<ReadRows> => {
  try {
    return await runChild<ReadRows>({
      script: new URL('./rows.child.ts', import.meta.url),
      input: { format, content: content.toString('base64') },
      timeLimitMs: 60_000,
      memoryLimitMB: 256,
    });
  } catch (error) {
    // A full queue passes; what the file did to its reader will not.
    if (error instanceof ChildError && error.code !== 'child.queue-full') return { failure: error.zh };
    throw error;
  }
};

export const bulkJobs = (deps: MarketDeps): Record<string, JobHandler> => ({
  [importJob]: async (job, { database, progress }) => {
    const one = (await findImport(database, job.data.import))!;
    if (one.state !== 'queued') return { rows: one.report.length };
    const end = (state: 'done' | 'failed', failure: string | null) =>
      database.tx(systemActor('import'), (tx) => endImport(tx, one.id, state, failure));
    const read = await readFile(one.format, await contentOf(database, one.id));
    if (read.failure !== undefined) {
      await end('failed', read.failure);
      return { rows: 0, failure: read.failure };
    }
    const { rows } = read;
    const done = new Set(one.report.map((report) => report.row));
    for (const [at, row] of rows.entries()) {
      if (!done.has(row.row)) await runRow(deps, database, one, row);
      if (at % 10 === 9) await progress((at + 1) / rows.length, `${at + 1}/${rows.length}`);
    }
    await end('done', null);
    return { rows: rows.length };
  },
});
