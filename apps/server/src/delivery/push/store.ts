/** Rows of destinations, pushes and runs. */
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { FaultView } from '../../kernel/problem.ts';
import type { Destination, Push, Run, RunState } from './model.ts';

const destinationColumns = sql`d.id, d.participant, d.name, d.kind, d.settings, d.secret_sealed as "secretSealed", d.checked_at as "checkedAt",
  d.check_fault as "checkFault", d.created_at as "createdAt", d.removed_at as "removedAt"`;
const pushColumns = sql`p.id, p.participant, p.grant_id as "grant", p.destination, p.rhythm, p.mode, p.purpose, p.next_at as "nextAt",
  p.created_at as "createdAt", p.ended_at as "endedAt"`;
const runColumns = sql`r.id, r.participant, r.push, r.cause, r.state, r.job, r.version, r.rows, r.bytes, r.rows_total as "rowsTotal",
  r.bytes_total as "bytesTotal", r.counted, r.read_back as "readBack", r.uploads, r.sent, r.fault, r.created_at as "createdAt", r.started_at as "startedAt",
  r.finished_at as "finishedAt"`;

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export const insertDestination = async (
  tx: Tx,
  one: Pick<Destination, 'id' | 'name' | 'kind' | 'settings' | 'secretSealed'>,
): Promise<void> => {
  await tx.exec(sql`insert into delivery_destinations (id, node, market, participant, name, kind, settings, secret_sealed, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${one.name}, ${one.kind},
      ${JSON.stringify(one.settings)}, ${one.secretSealed}, ${tx.actor.id}, ${tx.now})`);
};

export const setChecked = (tx: Tx, id: string, found: FaultView | null): Promise<number> =>
  tx.exec(sql`update delivery_destinations set checked_at = ${tx.now}, check_fault = ${json(found)} where id = ${id}`);

export const removeDestination = (tx: Tx, id: string): Promise<number> =>
  tx.exec(
    sql`update delivery_destinations set removed_at = ${tx.now}, secret_sealed = null where id = ${id} and removed_at is null`,
  );

export const findDestination = (read: Reader, id: string): Promise<Destination | undefined> =>
  read.first<Destination>(sql`select ${destinationColumns} from delivery_destinations d where d.id = ${id}`);

export const destinationsOf = (read: Reader, participant: string): Promise<Destination[]> =>
  read.rows<Destination>(sql`select ${destinationColumns} from delivery_destinations d
    where d.participant = ${participant} and d.removed_at is null order by d.id desc`);

export const destinationsById = (read: Reader, ids: readonly string[]): Promise<Destination[]> =>
  read.rows<Destination>(
    sql`select ${destinationColumns} from delivery_destinations d where d.id = any(${[...new Set(ids)]})`,
  );

export const insertPush = async (tx: Tx, one: Omit<Push, 'participant' | 'createdAt' | 'endedAt'>): Promise<void> => {
  await tx.exec(sql`insert into delivery_pushes (id, node, market, participant, grant_id, destination, rhythm, mode, purpose, next_at, created_by, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${one.grant}, ${one.destination},
      ${JSON.stringify(one.rhythm)}, ${one.mode}, ${one.purpose}, ${one.nextAt}, ${tx.actor.id}, ${tx.now})`);
};

export const setNext = (tx: Tx, id: string, at: Date | null): Promise<number> =>
  tx.exec(sql`update delivery_pushes set next_at = ${at} where id = ${id} and ended_at is null`);

export const endPush = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update delivery_pushes set ended_at = ${tx.now}, next_at = null where id = ${id} and ended_at is null`);

export const findPush = (read: Reader, id: string): Promise<Push | undefined> =>
  read.first<Push>(sql`select ${pushColumns} from delivery_pushes p where p.id = ${id}`);

export const openPushesTo = (read: Reader, destination: string): Promise<Push[]> =>
  read.rows<Push>(
    sql`select ${pushColumns} from delivery_pushes p where p.destination = ${destination} and p.ended_at is null`,
  );

export const countOpenPushes = async (read: Reader, grant: string): Promise<number> =>
  (
    await read.one<{ count: number }>(
      sql`select count(*)::int as count from delivery_pushes where grant_id = ${grant} and ended_at is null`,
    )
  ).count;

export interface PushFilter extends PageQuery {
  grant?: string;
  state?: RunState;
}

export const pushPage = async (read: Reader, participant: string, filter: PushFilter) => {
  const after = decodeCursor(filter.after, 1);
  const rows =
    await read.rows<Push>(sql`select ${pushColumns} from delivery_pushes p where p.participant = ${participant}
    ${filter.grant ? sql`and p.grant_id = ${filter.grant}` : empty}
    ${
      filter.state
        ? sql`and (select r.state from delivery_push_runs r where r.push = p.id order by r.id desc limit 1) = ${filter.state}`
        : empty
    }
    ${after ? sql`and p.id < ${after[0]}` : empty} order by p.id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.id],
    (row) => row,
  );
};

const behind = sql`from delivery_pushes p join delivery_grants g on g.id = p.grant_id
    join lateral (select v.number, v.published_at from delivery_revisions v where v.version = g.version
      order by v.number desc limit 1) newest on true
    where p.ended_at is null and p.rhythm ->> 'kind' = 'revision' and g.ended_at is null
      and not exists (select 1 from delivery_push_runs r where r.push = p.id
        and (r.state in ('waiting', 'running') or r.version >= newest.number or r.created_at >= newest.published_at))`;

/** Whether a run is to be started, by time or by new data. */
export const pushesDue = (at: Moment): Sql => sql`(exists (select from delivery_pushes p where p.next_at <= ${at})
  or exists (select ${behind}))`;

export const duePushes = (tx: Tx): Promise<Push[]> =>
  tx.rows<Push>(
    sql`select ${pushColumns} from delivery_pushes p where p.next_at <= ${tx.now} order by p.next_at limit 50 for update skip locked`,
  );

/** Pushes by revision whose grant has data that is newer than any run. */
export const pushesBehind = (tx: Tx): Promise<Push[]> =>
  tx.rows<Push>(sql`select ${pushColumns} ${behind} order by p.id limit 50 for update of p skip locked`);

export const insertRun = async (
  tx: Tx,
  one: Pick<Run, 'id' | 'push' | 'participant' | 'cause' | 'job'>,
): Promise<number> =>
  tx.exec(sql`insert into delivery_push_runs (id, node, market, participant, push, cause, state, job, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.push}, ${one.cause}, 'waiting', ${one.job}, ${tx.now})
    on conflict do nothing`);

export const findRun = (read: Reader, id: string): Promise<Run | undefined> =>
  read.first<Run>(sql`select ${runColumns} from delivery_push_runs r where r.id = ${id}`);

export const openRunOf = (read: Reader, push: string): Promise<Run | undefined> =>
  read.first<Run>(
    sql`select ${runColumns} from delivery_push_runs r where r.push = ${push} and r.state in ('waiting', 'running')`,
  );

const begun = sql`r.uploads <> '{}' and r.state in ('stopped', 'failed')`;

/** Runs that came to an end before their uploads did. */
export const runsWithUploads = (read: Reader): Promise<Run[]> =>
  read.rows<Run>(sql`select ${runColumns} from delivery_push_runs r where ${begun} order by r.id limit 50`);

export const runsWithUploadsTo = (read: Reader, destination: string): Promise<Run[]> =>
  read.rows<Run>(sql`select ${runColumns} from delivery_push_runs r join delivery_pushes p on p.id = r.push
    where p.destination = ${destination} and ${begun} order by r.id limit 50`);

export const forgetUploads = (tx: Tx, run: Pick<Run, 'id'>): Promise<number> =>
  tx.exec(sql`update delivery_push_runs r set uploads = '{}' where r.id = ${run.id} and ${begun}`);

export const lastRunsOf = (read: Reader, pushes: readonly string[]): Promise<Run[]> =>
  read.rows<Run>(sql`select distinct on (r.push) ${runColumns} from delivery_push_runs r where r.push = any(${[...pushes]})
    order by r.push, r.id desc`);

export const runPage = async (
  read: Reader,
  participant: string,
  filter: PageQuery & { push?: string; state?: RunState },
) => {
  const after = decodeCursor(filter.after, 1);
  const rows =
    await read.rows<Run>(sql`select ${runColumns} from delivery_push_runs r where r.participant = ${participant}
    ${filter.push ? sql`and r.push = ${filter.push}` : empty} ${filter.state ? sql`and r.state = ${filter.state}` : empty}
    ${after ? sql`and r.id < ${after[0]}` : empty} order by r.id desc limit ${pageSize(filter) + 1}`);
  return pageOf(
    rows,
    filter,
    (row) => [row.id],
    (row) => row,
  );
};

/** The words of a job that the run does not listen to any more change nothing. */
const ofJob = ({ id, job }: Pick<Run, 'id' | 'job'>) =>
  sql`id = ${id} and job = ${job} and state in ('waiting', 'running')`;

export const setRunning = (tx: Tx, run: Run): Promise<number> =>
  tx.exec(sql`update delivery_push_runs set state = 'running', fault = null, started_at = coalesce(started_at, ${tx.now}),
    finished_at = null where ${ofJob(run)}`);

export const setProgress = (tx: Tx, run: Run): Promise<number> =>
  tx.exec(sql`update delivery_push_runs set version = ${run.version}, rows = ${run.rows}, bytes = ${run.bytes},
    rows_total = ${run.rowsTotal}, bytes_total = ${run.bytesTotal}, counted = ${JSON.stringify(run.counted)},
    read_back = ${JSON.stringify(run.readBack)}, uploads = ${JSON.stringify(run.uploads)},
    sent = ${JSON.stringify(run.sent)} where ${ofJob(run)}`);

export const settleRun = (tx: Tx, run: Run, state: RunState, found: FaultView | null): Promise<number> =>
  tx.exec(sql`update delivery_push_runs set state = ${state}, fault = ${json(found)},
    finished_at = ${state === 'waiting' ? null : tx.now} where ${ofJob(run)}`);

export const setRunJob = (tx: Tx, run: Pick<Run, 'id'>, job: string): Promise<number> =>
  tx.exec(sql`update delivery_push_runs set state = 'waiting', job = ${job}, finished_at = null where id = ${run.id}`);

/** In the name of a person, whatever job is at it. */
export const stopRun = (tx: Tx, id: string): Promise<number> =>
  tx.exec(sql`update delivery_push_runs set state = 'stopped', job = null, finished_at = ${tx.now}
    where id = ${id} and state in ('waiting', 'running')`);
