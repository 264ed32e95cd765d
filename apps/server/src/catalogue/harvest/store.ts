/** Rows of sources, entries, runs and differences. */
import { harvestLimits } from '@shugu/wire/catalogue';
import { empty, join, type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { newId } from '../../kernel/ids.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type {
  Difference,
  Entry,
  ForeignRecord,
  HarvestRun,
  HarvestState,
  Outcome,
  Source,
  Validators,
} from './model.ts';
import { wordsOf } from './rules.ts';

const sourceColumns = sql`s.id, s.participant, s.name, s.kind, s.address, s.rhythm, s.next_at as "nextAt", s.watermark,
  s.read_whole_at as "readWholeAt", s.validators, s.created_at as "createdAt", s.removed_at as "removedAt"`;
const entryColumns = sql`e.id, e.participant, e.source, e.foreign_id as "foreignId", e.foreign_name as "foreignName", e.digest, e.content,
  e.withdrawn_at as "withdrawnAt", e.created_at as "createdAt", e.changed_at as "changedAt"`;
const runColumns = sql`r.id, r.participant, r.source, r.dry, r.state, r.job, r.incremental, r.complete, r.unmodified, r.added, r.changed, r.unchanged,
  r.withdrawn, r.refused, r.pages, r.bytes, r.total, r.fault, r.created_at as "createdAt", r.started_at as "startedAt",
  r.finished_at as "finishedAt"`;

export const insertSource = async (
  tx: Tx,
  one: Pick<Source, 'name' | 'kind' | 'address' | 'rhythm' | 'nextAt'>,
): Promise<string> => {
  const id = newId('hvs', tx.now);
  await tx.exec(sql`insert into harvest_sources (id, node, market, participant, name, kind, address, rhythm, next_at, created_by, created_at)
    values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${one.name}, ${one.kind}, ${one.address}, ${one.rhythm},
      ${one.nextAt}, ${tx.actor.id}, ${tx.now})`);
  return id;
};

export const findSource = (read: Reader, id: string): Promise<Source | undefined> =>
  read.first<Source>(sql`select ${sourceColumns} from harvest_sources s where s.id = ${id}`);

/** Of one organisation, or all; those given up are left out. */
export const sourcesOf = (read: Reader, participant: string | undefined): Promise<Source[]> =>
  read.rows<Source>(sql`select ${sourceColumns} from harvest_sources s where s.removed_at is null
    ${participant === undefined ? empty : sql`and s.participant = ${participant}`} order by s.id desc limit 500`);

export const sourcesById = (read: Reader, ids: readonly string[]): Promise<Source[]> =>
  read.rows<Source>(sql`select ${sourceColumns} from harvest_sources s where s.id = any(${[...new Set(ids)]})`);

export const sourcesDue = (at: Moment): Sql => sql`exists (select from harvest_sources s where s.next_at <= ${at})`;

export const dueSources = (tx: Tx): Promise<Source[]> =>
  tx.rows<Source>(sql`select ${sourceColumns} from harvest_sources s where s.next_at <= ${tx.now} order by s.next_at limit 50
    for update skip locked`);

export const setNext = (tx: Tx, id: string, at: Date | null): Promise<number> =>
  tx.exec(sql`update harvest_sources set next_at = ${at} where id = ${id} and removed_at is null`);

export const removeSource = (tx: Tx, id: string): Promise<number> =>
  tx.exec(
    sql`update harvest_sources set removed_at = ${tx.now}, next_at = null where id = ${id} and removed_at is null`,
  );

/** After a run that saw all. */
export const setRead = (tx: Tx, id: string, watermark: string | null, whole: Date | null): Promise<number> =>
  tx.exec(sql`update harvest_sources set watermark = coalesce(${watermark}, watermark), read_whole_at = coalesce(${whole}::timestamptz, read_whole_at)
    where id = ${id}`);

export const setValidators = (tx: Tx, id: string, found: Validators | null): Promise<number> =>
  tx.exec(sql`update harvest_sources set validators = ${found && JSON.stringify(found)}::jsonb where id = ${id}`);

export const presentCounts = async (read: Reader, sources: readonly string[]): Promise<Map<string, number>> =>
  new Map(
    (
      await read.rows<{ source: string; count: number }>(sql`select source, count(*)::int as count from harvest_entries
        where source = any(${[...sources]}) and withdrawn_at is null group by source`)
    ).map(({ source, count }) => [source, count]),
  );

export const insertRun = async (
  tx: Tx,
  one: Pick<HarvestRun, 'id' | 'source' | 'participant' | 'dry' | 'job'>,
): Promise<number> =>
  tx.exec(sql`insert into harvest_runs (id, node, market, participant, source, dry, state, job, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.source}, ${one.dry}, 'waiting', ${one.job},
      ${tx.actor.id}, ${tx.now}) on conflict do nothing`);

export const findRun = (read: Reader, id: string): Promise<HarvestRun | undefined> =>
  read.first<HarvestRun>(sql`select ${runColumns} from harvest_runs r where r.id = ${id}`);

/** Whether the job of an open one has ended. */
export const runsAbandoned = (): Sql => sql`exists (select from harvest_runs r join jobs j on j.id = r.job
  where r.state in ('waiting', 'running') and j.state in ('cancelled', 'dead'))`;

export const openRuns = (read: Reader, source?: string): Promise<HarvestRun[]> =>
  read.rows<HarvestRun>(sql`select ${runColumns} from harvest_runs r where r.state in ('waiting', 'running')
    ${source ? sql`and r.source = ${source}` : empty} order by r.id limit 500`);

export const lastRuns = (read: Reader, sources: readonly string[]): Promise<HarvestRun[]> =>
  read.rows<HarvestRun>(sql`select distinct on (r.source) ${runColumns} from harvest_runs r where r.source = any(${[...sources]})
    order by r.source, r.id desc`);

export const runPage = async (
  read: Reader,
  participant: string | undefined,
  filter: PageQuery & { source?: string; state?: HarvestState },
) => {
  const after = decodeCursor(filter.after, 1);
  const rows = await read.rows<HarvestRun>(sql`select ${runColumns} from harvest_runs r where true
    ${participant === undefined ? empty : sql`and r.participant = ${participant}`} ${filter.source ? sql`and r.source = ${filter.source}` : empty}
    ${filter.state ? sql`and r.state = ${filter.state}` : empty} ${after ? sql`and r.id < ${after[0]}` : empty}
    order by r.id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.id],
    (row) => row,
  );
};

/** The words of a job that the run does not listen to any more change nothing. */
const ofJob = ({ id, job }: Pick<HarvestRun, 'id' | 'job'>): Sql =>
  sql`id = ${id} and job = ${job} and state in ('waiting', 'running')`;
const figures = (
  one: HarvestRun,
): Sql => sql`incremental = ${one.incremental}, complete = ${one.complete}, unmodified = ${one.unmodified},
  added = ${one.added}, changed = ${one.changed}, unchanged = ${one.unchanged}, withdrawn = ${one.withdrawn}, refused = ${one.refused}, pages = ${one.pages},
  bytes = ${one.bytes}, total = ${one.total}`;

/** Each try reads anew; what an earlier one found stays found. */
export const setRunning = (tx: Tx, one: HarvestRun): Promise<number> =>
  tx.exec(
    sql`update harvest_runs set state = 'running', fault = null, started_at = coalesce(started_at, ${tx.now}) where ${ofJob(one)}`,
  );

export const setFigures = (tx: Tx, one: HarvestRun): Promise<number> =>
  tx.exec(sql`update harvest_runs set ${figures(one)} where ${ofJob(one)}`);

export const settleRun = (tx: Tx, one: HarvestRun, state: HarvestState): Promise<number> =>
  tx.exec(sql`update harvest_runs set state = ${state}, ${figures(one)}, fault = ${one.fault === null ? null : JSON.stringify(one.fault)},
    finished_at = ${state === 'waiting' ? null : tx.now} where ${ofJob(one)}`);

/** In the name of a person, whatever job is at it. */
export const stopRun = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update harvest_runs set state = 'stopped', job = null, finished_at = ${tx.now}
    where id = ${id} and state in ('waiting', 'running')`);

export const entriesByForeignId = (read: Reader, source: string, ids: readonly string[]): Promise<Entry[]> =>
  read.rows<Entry>(
    sql`select ${entryColumns} from harvest_entries e where e.source = ${source} and e.foreign_id = any(${[...ids]})`,
  );

export const putEntry = (tx: Tx, run: HarvestRun, record: ForeignRecord, digest: string): Promise<number> =>
  tx.exec(sql`insert into harvest_entries (id, node, market, participant, source, foreign_id, foreign_name, digest, content, words, created_at, changed_at)
    values (${newId('hve', tx.now)}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${run.participant}, ${run.source}, ${record.foreignId},
      ${record.foreignName}, ${digest}, ${JSON.stringify(record.content)}, ${wordsOf(record.content)}, ${tx.now}, ${tx.now})
    on conflict (source, foreign_id) do update set foreign_name = excluded.foreign_name, digest = excluded.digest, content = excluded.content,
      words = excluded.words, changed_at = excluded.changed_at, withdrawn_at = null`);

/** Id, name and title of what is not known to be gone. */
export const presentEntries = (
  read: Reader,
  source: string,
): Promise<{ foreignId: string; foreignName: string; title: string }[]> =>
  read.rows(sql`select foreign_id as "foreignId", foreign_name as "foreignName", content ->> 'title' as title from harvest_entries
    where source = ${source} and withdrawn_at is null`);

export const withdrawEntries = (tx: Tx, source: string, ids: readonly string[]): Promise<number> =>
  tx.exec(sql`update harvest_entries set withdrawn_at = ${tx.now}, changed_at = ${tx.now}
    where source = ${source} and foreign_id = any(${[...ids]}) and withdrawn_at is null`);

export const insertDifferences = async (tx: Tx, run: HarvestRun, found: readonly Difference[]): Promise<void> => {
  if (found.length === 0) return;
  await tx.exec(sql`insert into harvest_differences (run, foreign_id, node, market, participant, title, outcome, changes, reason, created_at)
    select ${run.id}, f.id, ${tx.tenancy.node}, ${tx.tenancy.market}, ${run.participant}, f.title, f.outcome, f.changes, f.reason, ${tx.now}
    from jsonb_to_recordset(${JSON.stringify(
      found.map(({ foreignId, ...one }) => ({ id: foreignId, ...one })),
    )}::jsonb) as f (id text, title text, outcome text, changes jsonb, reason jsonb)
    on conflict (run, foreign_id) do nothing`);
};

export const countDifferences = async (read: Reader, run: string): Promise<Partial<Record<Outcome, number>>> =>
  Object.fromEntries(
    (
      await read.rows<{ outcome: Outcome; count: number }>(
        sql`select outcome, count(*)::int as count from harvest_differences where run = ${run} group by outcome`,
      )
    ).map(({ outcome, count }) => [outcome, count]),
  );

/** Those of older runs go: what came of them stays in the run's figures. */
export const forgetDifferences = (tx: Tx, source: string): Promise<number> =>
  tx.exec(sql`delete from harvest_differences where run in (select id from harvest_runs where source = ${source}
    order by id desc offset ${harvestLimits.runsKept})`);

export const differencePage = async (read: Reader, run: string, filter: PageQuery & { outcome?: Outcome }) => {
  const after = decodeCursor(filter.after, 1);
  const rows =
    await read.rows<Difference>(sql`select foreign_id as "foreignId", title, outcome, changes, reason from harvest_differences
    where run = ${run} ${filter.outcome ? sql`and outcome = ${filter.outcome}` : empty} ${after ? sql`and foreign_id > ${String(after[0])}` : empty}
    order by foreign_id limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.foreignId],
    (row) => row,
  );
};

// A source that was given up shows nothing more.
const shown = sql`e.source = s.id and s.removed_at is null`;
const like = (word: string): string => `%${word.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;

export const findEntry = (read: Reader, id: string): Promise<Entry | undefined> =>
  read.first<Entry>(
    sql`select ${entryColumns} from harvest_entries e, harvest_sources s where ${shown} and e.id = ${id}`,
  );

export const entryPage = async (
  read: Reader,
  filter: PageQuery & { search?: string; source?: string; withdrawn?: 'true' | 'false' },
) => {
  const after = decodeCursor(filter.after, 1);
  const words = (filter.search ?? '').split(/\s+/).filter(Boolean).slice(0, 10);
  const rows =
    await read.rows<Entry>(sql`select ${entryColumns} from harvest_entries e, harvest_sources s where ${shown}
    ${filter.withdrawn === 'true' ? sql`and e.withdrawn_at is not null` : sql`and e.withdrawn_at is null`}
    ${filter.source ? sql`and e.source = ${filter.source}` : empty}
    ${
      words.length
        ? sql`and ${join(
            words.map((word) => sql`e.words like ${like(word)}`),
            ' and ',
          )}`
        : empty
    }
    ${after ? sql`and e.id < ${after[0]}` : empty} order by e.id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.id],
    (row) => row,
  );
};

/**
 * As SQL, for what refers to one: it and where it comes from; no row once it is withdrawn there, or its source given up. Its aliases
 * are long, so that none takes the place of one that `id` means.
 */
export const foreignEntry = (
  id: Sql,
): Sql => sql`select found_entry.content ->> 'title' as title, found_entry.content ->> 'summary' as summary, '' as industry,
    coalesce(found_entry.content -> 'publisher' ->> 'name', '') as by, found_source.name as origin,
    coalesce(found_entry.content ->> 'page', found_source.address) as url, false as traded, null::jsonb as connector
  from harvest_entries found_entry join harvest_sources found_source on found_source.id = found_entry.source
  where found_entry.id = ${id} and found_entry.withdrawn_at is null and found_source.removed_at is null`;
