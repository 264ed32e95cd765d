/** SQL of data planes outside. */
import type { DataFlowSignal } from '@shugu/dataspace';
import { empty, type Moment, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import type { Admission, DataPlane, Flow, Pass, Signal } from './model.ts';

const planeColumns = sql`participant, id, endpoint, profiles, labels, access, sealed_secret, registered_at, changed_at,
  away_since`;
const flowColumns = sql`process, participant, plane, flow, state, pending, fault`;
const signalColumns = sql`id, process, participant, signal, sealed_body, attempts, due_at`;
const jsonOf = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export const planesOf = (read: Reader, participant: string): Promise<DataPlane[]> =>
  read.rows(sql`select ${planeColumns} from federation_data_planes where participant = ${participant} and removed_at is null
    order by id`);

export const findPlane = (read: Reader, participant: string, id: string): Promise<DataPlane | undefined> =>
  read.first(sql`select ${planeColumns} from federation_data_planes where participant = ${participant} and id = ${id}
    and removed_at is null`);

/** The one of a participant that takes transfers of this type. */
export const planeFor = (read: Reader, participant: string, profile: string): Promise<DataPlane | undefined> =>
  read.first(sql`select ${planeColumns} from federation_data_planes where participant = ${participant} and removed_at is null
    and ${profile} = any(profiles) order by id limit 1`);

/** By the token that it was told, or by that of its pass. */
export const planeByDigest = (read: Reader, participant: string, digest: string): Promise<DataPlane | undefined> =>
  read.first(sql`select ${planeColumns} from federation_data_planes p where participant = ${participant} and removed_at is null
    and (callback_digest = ${digest} or exists (select 1 from federation_plane_passes a
      where a.participant = p.participant and a.id = p.id and a.digest = ${digest}))`);

export const passesOf = (read: Reader, participant: string): Promise<Admission[]> =>
  read.rows(
    sql`select participant, id, profiles, made_by, made_at from federation_plane_passes where participant = ${participant} order by id`,
  );

export const passByDigest = (read: Reader, participant: string, digest: string): Promise<Pass | undefined> =>
  read.first(sql`select participant, id, profiles from federation_plane_passes where participant = ${participant}
    and digest = ${digest}`);

export const savePass = (tx: Tx, { participant, id, profiles }: Pass, digest: string): Promise<number> =>
  tx.exec(sql`insert into federation_plane_passes (node, market, participant, id, digest, profiles, made_by, made_at)
    values (${tx.tenancy.node}, ${tx.tenancy.market}, ${participant}, ${id}, ${digest}, ${profiles}, ${tx.actor.id}, ${tx.now})
    on conflict (participant, id) do update set digest = excluded.digest, profiles = excluded.profiles,
      made_by = excluded.made_by, made_at = excluded.made_at`);

export const removePass = (tx: Tx, participant: string, id: string): Promise<number> =>
  tx.exec(sql`delete from federation_plane_passes where participant = ${participant} and id = ${id}`);

/** One writer at a time for the data planes of a participant. */
export const lockPlanes = (tx: Tx, participant: string): Promise<unknown> =>
  tx.first(sql`select 1 from federation_connectors where participant = ${participant} for update`);

/** `callbackDigest` holds of a new one, and of one that was removed before. */
export const savePlane = (
  tx: Tx,
  one: Omit<DataPlane, 'registered_at' | 'changed_at' | 'away_since'>,
  callbackDigest: string,
): Promise<number> =>
  tx.exec(sql`insert into federation_data_planes as p (node, market, participant, id, endpoint, profiles, labels, access, sealed_secret,
      callback_digest, registered_at, changed_at)
    values (${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.id}, ${one.endpoint}, ${one.profiles}, ${one.labels},
      ${JSON.stringify(one.access)}, ${one.sealed_secret}, ${callbackDigest}, ${tx.now}, ${tx.now})
    on conflict (participant, id) do update set endpoint = excluded.endpoint, profiles = excluded.profiles, labels = excluded.labels,
      access = excluded.access, sealed_secret = excluded.sealed_secret, changed_at = excluded.changed_at, away_since = null,
      callback_digest = case when p.removed_at is null then p.callback_digest else excluded.callback_digest end,
      registered_at = case when p.removed_at is null then p.registered_at else excluded.registered_at end, removed_at = null`);

export const removePlane = (tx: Tx, participant: string, id: string): Promise<number> =>
  tx.exec(sql`update federation_data_planes set removed_at = ${tx.now} where participant = ${participant} and id = ${id}
    and removed_at is null`);

/** Those that do not answer, whosesoever. */
export const planesAway = (): Sql =>
  sql`exists (select 1 from federation_data_planes where away_since is not null and removed_at is null)`;

export const awayPlanes = (read: Reader): Promise<DataPlane[]> =>
  read.rows(sql`select ${planeColumns} from federation_data_planes where away_since is not null and removed_at is null
    order by away_since limit 100`);

export const setAway = (
  tx: Tx,
  { participant, id }: Pick<DataPlane, 'participant' | 'id'>,
  since: Date | null,
): Promise<number> =>
  tx.exec(sql`update federation_data_planes set away_since = ${since} where participant = ${participant} and id = ${id}
    and (away_since is null) <> ${since === null}`);

/** Flows that are not over, by data plane. */
export const runningFlows = async (read: Reader, participant: string): Promise<Map<string, number>> =>
  new Map(
    (
      await read.rows<{
        plane: string;
        count: number;
      }>(sql`select f.plane, count(*)::int as count from federation_flows f
        join federation_processes p on p.id = f.process where f.participant = ${participant}
        and (f.pending is not null or p.state in ('REQUESTED', 'STARTED', 'SUSPENDED')) group by f.plane`)
    ).map(({ plane, count }) => [plane, count]),
  );

export const flowOf = (read: Reader, process: string): Promise<Flow | undefined> =>
  read.first(sql`select ${flowColumns} from federation_flows where process = ${process}`);

export const saveFlow = (tx: Tx, one: Flow): Promise<number> =>
  tx.exec(sql`insert into federation_flows (process, node, market, participant, plane, flow, state, pending, fault, changed_at)
    values (${one.process}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.plane}, ${one.flow}, ${one.state},
      ${jsonOf(one.pending)}, ${one.fault}, ${tx.now})
    on conflict (process) do update set plane = excluded.plane, flow = excluded.flow, state = excluded.state,
      pending = excluded.pending, fault = excluded.fault, changed_at = excluded.changed_at`);

export const insertSignal = (
  tx: Tx,
  one: Pick<Signal, 'id' | 'process' | 'participant' | 'signal' | 'sealed_body'>,
): Promise<number> =>
  tx.exec(sql`insert into federation_signals (id, node, market, participant, process, signal, sealed_body, state, due_at, created_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.process}, ${one.signal}, ${one.sealed_body},
      'waiting', ${tx.now}, ${tx.now})`);

/** Strictly in order: the first that waits, whether or not it is due. */
export const nextSignal = (read: Reader, process: string): Promise<Signal | undefined> =>
  read.first(sql`select ${signalColumns} from federation_signals where process = ${process} and state = 'waiting'
    order by sequence limit 1`);

/** One try more: until `dueAt` nobody else takes it. */
export const claimSignal = (tx: Tx, id: string, dueAt: Date): Promise<Signal | undefined> =>
  tx.first(sql`update federation_signals set attempts = attempts + 1, due_at = ${dueAt}
    where id = ${id} and state = 'waiting' and due_at <= ${tx.now} returning ${signalColumns}`);

export const endSignal = (
  tx: Tx,
  id: string,
  state: 'sent' | 'dropped',
  fault: string | null = null,
): Promise<number> =>
  tx.exec(sql`update federation_signals set state = ${state}, due_at = null, done_at = ${tx.now}, fault = ${fault}, sealed_body = null
    where id = ${id} and state = 'waiting'`);

export const delaySignal = (tx: Tx, id: string, dueAt: Date, fault: string): Promise<number> =>
  tx.exec(
    sql`update federation_signals set due_at = ${dueAt}, fault = ${fault} where id = ${id} and state = 'waiting'`,
  );

/** Those of a process that were never tried are not sent any more. */
export const dropUntriedSignals = (tx: Tx, process: string): Promise<number> =>
  tx.exec(sql`update federation_signals set state = 'dropped', due_at = null, done_at = ${tx.now}, sealed_body = null
    where process = ${process} and state = 'waiting' and attempts = 0`);

/** Whether the data plane may have heard of it. `signal`: of this one. */
export const wasSignalled = async (read: Reader, process: string, signal?: DataFlowSignal): Promise<boolean> =>
  (await read.first(sql`select 1 from federation_signals where process = ${process} and state <> 'dropped'
    ${signal ? sql`and signal = ${signal}` : empty} limit 1`)) !== undefined;

const due = (at: Moment): Sql => sql`from federation_signals where state = 'waiting' and due_at <= ${at}`;
export const signalsDue = (at: Moment): Sql => sql`exists (select ${due(at)})`;

export const dueSignals = async (read: Reader, now: Date): Promise<string[]> =>
  (
    await read.rows<{ process: string }>(
      sql`select process ${due(now)} group by process order by min(due_at) limit 100`,
    )
  ).map(({ process }) => process);

/** Tries of a process that died; only where no other server sends. */
export const forgetSignalTries = (tx: Tx): Promise<number> =>
  tx.exec(
    sql`update federation_signals set due_at = ${tx.now} where state = 'waiting' and attempts > 0 and due_at > ${tx.now}`,
  );
