/** The import itself: each row is one application, in a transaction of its own, through the same gates as one typed by hand. */
import { createListing } from '@shugu/wire/market';
import type { Database, Tx } from '../../kernel/db/db.ts';
import { actorOf, type Principal, systemActor } from '../../kernel/http/principal.ts';
import type { JobHandler } from '../../kernel/jobs.ts';
import { type FieldFault, Problem } from '../../kernel/problem.ts';
import type { MarketDeps } from '../model.ts';
import { createListingOf } from '../service/listings.ts';
import { ImportFault, type ImportRow, readRows } from './rows.ts';
import { addReport, contentOf, endImport, findImport, type ListingImport, type RowReport } from './store.ts';

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

const faultsOf = (error: Problem): FieldFault[] =>
  error.errors ?? [{ field: '', code: error.code, message: error.detail || error.definition.title.zh }];

const refused = (row: number, errors: FieldFault[]): RowReport => ({
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

export const bulkJobs = (deps: MarketDeps): Record<string, JobHandler> => ({
  [importJob]: async (job, { database, progress }) => {
    const one = (await findImport(database, job.data.import))!;
    if (one.state !== 'queued') return { rows: one.report.length };
    const end = (state: 'done' | 'failed', failure: string | null) =>
      database.tx(systemActor('import'), (tx) => endImport(tx, one.id, state, failure));
    let rows: ImportRow[];
    try {
      rows = await readRows(one.format, await contentOf(database, one.id));
    } catch (error) {
      if (!(error instanceof ImportFault)) throw error;
      await end('failed', error.message);
      return { rows: 0, failure: error.message };
    }
    const done = new Set(one.report.map((report) => report.row));
    for (const [at, row] of rows.entries()) {
      if (!done.has(row.row)) await runRow(deps, database, one, row);
      if (at % 10 === 9) await progress((at + 1) / rows.length, `${at + 1}/${rows.length}`);
    }
    await end('done', null);
    return { rows: rows.length };
  },
});
