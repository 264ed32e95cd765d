/** The job of a run: page after page is read, compared with what is here, and taken in; in the end what is gone is marked so. */
import { harvestLimits as limits } from '@shugu/wire/catalogue';
import type { Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { enqueue, type Job, type JobContext, type JobHandler } from '../../kernel/jobs.ts';
import { faultView, type Problem } from '../../kernel/problem.ts';
import { ckanPages } from './ckan.ts';
import { dcatPages } from './dcat.ts';
import { type Far, openFar } from './far.ts';
import type {
  Difference,
  Entry,
  ForeignPage,
  ForeignRecord,
  HarvestRun,
  HarvestState,
  Presence,
  Refused,
  Source,
  Validators,
} from './model.ts';
import { problemOf, problems } from './problems.ts';
import { changesBetween, digestOf, readsOnlyChanges, readWholeLately, reasons } from './rules.ts';
import * as store from './store.ts';

export const harvestJob = 'catalogue.harvest';

/** What does not go after three tries is told. */
const attemptsMax = 3;

export interface HarvestDeps {
  /** Private addresses or networks that sources may lie at. */
  privateSources: readonly string[];
  /** Runs at work in this process, by id: how to stop each at once. */
  stoppers: Map<string, () => void>;
}

/** Somebody stopped the run, or another job has it. */
class Superseded extends Error {}

export const enqueueHarvest = (
  tx: Tx,
  source: Pick<Source, 'name' | 'participant'>,
  run: { id: string; dry: boolean },
): Promise<string | undefined> =>
  enqueue(tx, {
    kind: harvestJob,
    title: run.dry
      ? { zh: `试采集目录 ${source.name}`, en: `Dry run of harvesting ${source.name}` }
      : { zh: `采集目录 ${source.name}`, en: `Harvest ${source.name}` },
    data: { run: run.id },
    participant: source.participant,
    attemptsMax,
  });

interface Work {
  context: JobContext;
  run: HarvestRun;
  source: Source;
  far: Far;
  signal: AbortSignal;
  /** Digests of what this try has read, by foreign id. */
  read: Map<string, string>;
  newest: string | null;
  /** Of what was read, where one page was all. */
  validators: Validators | null;
  refused: number;
}

const asSystem = <T>({ context }: Pick<Work, 'context'>, run: (tx: Tx) => Promise<T>): Promise<T> =>
  context.database.tx(systemActor('catalogue'), run);

const isRefused = (one: ForeignRecord | Refused): one is Refused => 'reason' in one;
const difference = (
  foreignId: string,
  title: string,
  more: Pick<Difference, 'outcome'> & Partial<Difference>,
): Difference => ({
  foreignId,
  title,
  changes: [],
  reason: null,
  ...more,
});

/** Those of a page that can be looked at; the others are found refused. What came before in the same words is passed over. */
const admitted = (
  work: Work,
  { records }: ForeignPage,
): { taken: [ForeignRecord, string][]; refused: Difference[] } => {
  const taken: [ForeignRecord, string][] = [];
  const refused: Difference[] = [];
  for (const one of records) {
    if (isRefused(one)) {
      work.refused += 1;
      if (one.foreignId) work.read.set(one.foreignId, '');
      refused.push(
        difference(one.foreignId ?? `#${work.refused}`, one.title, { outcome: 'refused', reason: one.reason }),
      );
      continue;
    }
    const digest = digestOf(one.content);
    const before = work.read.get(one.foreignId);
    if (before === undefined) {
      work.read.set(one.foreignId, digest);
      taken.push([one, digest]);
    } else if (before !== digest)
      refused.push(
        difference(`${one.foreignId} #2`, one.content.title, { outcome: 'refused', reason: reasons.twice().reason }),
      );
  }
  return { taken, refused };
};

const takePage = async (work: Work, page: ForeignPage): Promise<void> => {
  const { run, source, read } = work;
  const { taken, refused } = admitted(work, page);
  if (read.size > limits.entriesMax) throw problems.sourceTooLarge({ detail: `${limits.entriesMax}` });
  run.pages += 1;
  if (run.pages > limits.pagesMax)
    throw problems.sourceTooLarge({ detail: { zh: `${limits.pagesMax} 页`, en: `${limits.pagesMax} pages` } });
  run.bytes = work.far.bytes;
  run.total = page.total ?? run.total;
  work.validators = page.validators ?? null;
  if (page.newest && page.newest > (work.newest ?? '')) work.newest = page.newest;
  await asSystem(work, async (tx) => {
    const ids = taken.map(([{ foreignId }]) => foreignId);
    const before = new Map(
      (await store.entriesByForeignId(tx, source.id, ids)).map((entry) => [entry.foreignId, entry]),
    );
    const found = [...refused];
    // Until all is taken in, what the source gave last does not stand here.
    if (!run.dry && source.validators) await store.setValidators(tx, source.id, null);
    for (const [record, digest] of taken) {
      const known: Entry | undefined = before.get(record.foreignId);
      if (known && known.digest === digest && !known.withdrawnAt && known.foreignName === record.foreignName) continue;
      const isNew = !known || known.withdrawnAt !== null;
      const changes = changesBetween(isNew ? undefined : known.content, record.content);
      if (isNew || changes.length > 0)
        found.push(
          difference(record.foreignId, record.content.title, { outcome: isNew ? 'added' : 'changed', changes }),
        );
      if (!run.dry) await store.putEntry(tx, run, record, digest);
    }
    await store.insertDifferences(tx, run, found);
    await figures(work, tx);
    if ((await store.setFigures(tx, run)) === 0) throw new Superseded();
  });
  const { size } = read;
  await work.context.progress(Math.min(0.95, size / (run.total || Number.POSITIVE_INFINITY)), `${size}`);
};

/** Found by this try and those before it; what is neither is unchanged. */
const figures = async ({ run, read }: Work, tx: Tx): Promise<void> => {
  const found = await store.countDifferences(tx, run.id);
  run.added = found.added ?? 0;
  run.changed = found.changed ?? 0;
  run.withdrawn = found.withdrawn ?? 0;
  run.refused = found.refused ?? 0;
  const compared = [...read.values()].filter(Boolean).length;
  run.unchanged = Math.max(0, compared - run.added - run.changed);
};

const unreadOrSame = async (tx: Tx, { source, dry, added, changed, withdrawn }: HarvestRun): Promise<number> => {
  const present = (await store.presentCounts(tx, [source])).get(source) ?? 0;
  return dry ? present - changed - withdrawn : present - changed - added;
};

const conclude = (work: Work, presence: Presence): Promise<void> =>
  asSystem(work, async (tx) => {
    const { run, source } = work;
    run.complete = presence !== undefined;
    run.unmodified = presence === 'unmodified';
    if (presence && presence !== 'unmodified') {
      const gone = (await store.presentEntries(tx, source.id)).filter(
        ({ foreignId, foreignName }) => !presence.has(foreignId) && !presence.has(foreignName),
      );
      await store.insertDifferences(
        tx,
        run,
        gone.map(({ foreignId, title }) => difference(foreignId, title, { outcome: 'withdrawn' })),
      );
      if (!run.dry) {
        await store.withdrawEntries(
          tx,
          source.id,
          gone.map(({ foreignId }) => foreignId),
        );
        await store.setRead(tx, source.id, work.newest, run.incremental ? null : tx.now);
        // What was refused is told again each time.
        await store.setValidators(tx, source.id, work.refused === 0 ? work.validators : null);
      }
    }
    await figures(work, tx);
    // What was not read because it has not changed is unchanged too.
    if (presence && (run.incremental || run.unmodified)) run.unchanged = await unreadOrSame(tx, run);
    await store.forgetDifferences(tx, source.id);
    if ((await store.settleRun(tx, run, 'done')) === 0) throw new Superseded();
  });

const carry = async (work: Work): Promise<void> => {
  const { run, source, far, signal } = work;
  const pages =
    source.kind === 'ckan'
      ? ckanPages(far, source.address, run.incremental ? source.watermark! : undefined)
      : dcatPages(
          far,
          source.address,
          readWholeLately(source, work.context.now()) ? (source.validators ?? undefined) : undefined,
        );
  for (;;) {
    const step = await pages.next();
    signal.throwIfAborted();
    if (step.done) return conclude(work, step.value);
    await takePage(work, step.value);
  }
};

const settle = async (work: Work, state: HarvestState): Promise<void> => {
  if ((await asSystem(work, (tx) => store.settleRun(tx, work.run, state))) === 0) throw new Superseded();
};

/** Throws for another try of the job; returns what the job is to say. */
const concluded = async (job: Job, work: Work, error: unknown): Promise<object> => {
  if (error instanceof Superseded) return { superseded: true };
  const late = work.signal.reason instanceof DOMException && work.signal.reason.name === 'TimeoutError';
  const found: Problem = late ? problems.sourceTooSlow() : problemOf(error);
  if (found.code === 'jobs.cancelled') {
    await settle(work, 'stopped').catch(() => undefined);
    throw error;
  }
  const again = found.definition.status >= 500 && job.attempts < job.attempts_max;
  work.run.fault = faultView(found);
  await settle(work, again ? 'waiting' : 'failed').catch((lost) => {
    if (!(lost instanceof Superseded)) throw lost;
  });
  if (again) throw found;
  return { failed: found.code };
};

export const harvestJobHandler =
  (deps: HarvestDeps): JobHandler =>
  async (job: Job, context) => {
    const found = await store.findRun(context.database, (job.data as { run: string }).run);
    const source = found && (await store.findSource(context.database, found.source));
    if (!found || !source || found.job !== job.id) return { superseded: true };
    const stopping = new AbortController();
    deps.stoppers.set(found.id, () => stopping.abort());
    const signal = AbortSignal.any([context.signal, stopping.signal, AbortSignal.timeout(limits.secondsMax * 1000)]);
    const far = openFar({ allowed: deps.privateSources, signal });
    const incremental = source.kind === 'ckan' && readsOnlyChanges(source, context.now());
    const run = {
      ...found,
      incremental,
      complete: false,
      unmodified: false,
      pages: 0,
      bytes: 0,
      total: null,
      fault: null,
    };
    const work: Work = {
      context,
      run,
      source,
      far,
      signal,
      read: new Map(),
      newest: null,
      validators: null,
      refused: 0,
    };
    try {
      if ((await asSystem(work, (tx) => store.setRunning(tx, found))) === 0) return { superseded: true };
      await carry(work);
      return { added: run.added, changed: run.changed, withdrawn: run.withdrawn, refused: run.refused };
    } catch (error) {
      return await concluded(job, work, error);
    } finally {
      deps.stoppers.delete(found.id);
      await far.close();
    }
  };
