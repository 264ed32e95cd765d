/** Rows of cases and what hangs on them. Names of columns stop here. */
import { type Moment, type Reader, type Sql, sql, type Tx } from '../db/db.ts';
import type { CaseState, ClockState, Data, Decision, LengthUnit } from './model.ts';

interface CaseRow {
  id: string;
  participant: string;
  procedure: string;
  pack: string;
  title: string;
  subject: string | null;
  handler: string;
  state: string;
  turn: string;
  private: boolean;
  data: Data;
  public_data: Data | null;
  published_at: Date | null;
  outcome: Data;
  due_at: Date | null;
  filed_at: Date;
  ended_at: Date | null;
  version: number;
  retention_class: string;
}

interface ClockRow {
  clock: string;
  started_at: Date;
  due_at: Date | null;
  fires_at: Date | null;
  length: number;
  unit: LengthUnit;
  extended_by: number;
  paused_at: Date | null;
  remaining: number | null;
  overdue_at: Date | null;
  stopped_at: Date | null;
  awaits_service: boolean;
  provisional: boolean;
}

/** A case as the service holds it: the rules' state, and what only reading needs. */
export interface CaseRecord extends CaseState {
  /** The form as its row keeps it, personal values sealed; `data` has them open once the service loaded the case. */
  stored: Data;
  turn: string;
  private: boolean;
  publicData: Data | null;
  publishedAt: Date | null;
  dueAt: Date | null;
  retentionClass: string;
}

const columns = sql`c.id, c.participant, c.procedure, c.pack, c.title, c.subject, c.handler, c.state, c.turn, c.private, c.data,
  c.public_data, c.published_at, c.outcome, c.due_at, c.filed_at, c.ended_at, c.version, c.retention_class`;

const clockOf = (row: ClockRow): ClockState => ({
  clock: row.clock,
  startedAt: row.started_at,
  dueAt: row.due_at,
  firesAt: row.fires_at,
  length: row.length,
  unit: row.unit,
  extendedBy: row.extended_by,
  pausedAt: row.paused_at,
  remaining: row.remaining,
  overdueAt: row.overdue_at,
  stoppedAt: row.stopped_at,
  awaitsService: row.awaits_service,
  provisional: row.provisional,
});

const caseOf = (row: CaseRow): CaseRecord => ({
  id: row.id,
  procedure: row.procedure,
  pin: row.pack,
  title: row.title,
  subject: row.subject,
  participant: row.participant,
  handler: row.handler,
  state: row.state,
  turn: row.turn,
  private: row.private,
  data: row.data,
  stored: row.data,
  publicData: row.public_data,
  publishedAt: row.published_at,
  outcome: row.outcome,
  parties: {},
  clocks: [],
  moves: [],
  papers: [],
  version: row.version,
  filedAt: row.filed_at,
  endedAt: row.ended_at,
  dueAt: row.due_at,
  retentionClass: row.retention_class,
});

/** What hangs on a case is kept as long as the case. */
const classOf = (caseId: string) => sql`(select retention_class from cases where id = ${caseId})`;

/** With everything the rules need, personal values still sealed. `lock` holds the case until the transaction ends, so moves of one case are in a row. */
export const loadCase = async (reader: Reader, id: string, lock = false): Promise<CaseRecord | undefined> => {
  const row = await reader.first<CaseRow>(
    lock
      ? sql`select ${columns} from cases c where c.id = ${id} for update`
      : sql`select ${columns} from cases c where c.id = ${id}`,
  );
  if (!row) return undefined;
  const one = caseOf(row);
  const parties = await reader.rows<{ party: string; participant: string }>(
    sql`select party, participant from case_parties where case_id = ${id} order by since, participant`,
  );
  for (const { party, participant } of parties) one.parties[party] = [...(one.parties[party] ?? []), participant];
  one.clocks = (
    await reader.rows<ClockRow>(sql`select * from case_clocks where case_id = ${id} and stopped_at is null order by id`)
  ).map(clockOf);
  one.moves = (
    await reader.rows<{ move: string; actor: string; participant: string; input: Data }>(
      sql`select move, actor, participant, input from case_moves where case_id = ${id} order by sequence`,
    )
  ).map((past) => ({ move: past.move, person: past.actor, participant: past.participant, input: past.input }));
  one.papers = await reader.rows<CaseState['papers'][number]>(
    sql`select kind, participant, object from case_papers where case_id = ${id} order by id`,
  );
  return one;
};

/** Without clocks, parties, moves and papers: for lists. */
export const listCases = async (reader: Reader, where: Sql, order: Sql, limit: number): Promise<CaseRecord[]> =>
  (await reader.rows<CaseRow>(sql`select ${columns} from cases c where ${where} order by ${order} limit ${limit}`)).map(
    caseOf,
  );

export const insertCase = async (tx: Tx, one: CaseRecord): Promise<void> => {
  const { node, market } = tx.tenancy;
  await tx.exec(sql`insert into cases (id, node, market, participant, procedure, pack, title, subject, handler, state, turn, private, data,
      public_data, published_at, filed_at, retention_class)
    values (${one.id}, ${node}, ${market}, ${one.participant}, ${one.procedure}, ${one.pin}, ${one.title}, ${one.subject}, ${one.handler},
      ${one.state}, ${one.turn}, ${one.private}, ${JSON.stringify(one.stored)}, ${one.publicData && JSON.stringify(one.publicData)},
      ${one.publishedAt}, ${one.filedAt}, ${one.retentionClass})`);
};

export const saveParties = async (tx: Tx, caseId: string, parties: Record<string, string[]>): Promise<void> => {
  for (const [party, members] of Object.entries(parties))
    for (const member of members)
      await tx.exec(sql`insert into case_parties (case_id, node, market, participant, party, since, retention_class)
        values (${caseId}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${member}, ${party}, ${tx.now}, ${classOf(caseId)}) on conflict do nothing`);
};

const earliest = (clocks: readonly ClockState[]): Date | null =>
  clocks.reduce<Date | null>(
    (soonest, one) => (one.stoppedAt || !one.dueAt || (soonest && soonest <= one.dueAt) ? soonest : one.dueAt),
    null,
  );

/** Writes the live clocks of a case, and closes those that stopped. */
export const saveClocks = async (tx: Tx, one: CaseRecord, clocks: readonly ClockState[]): Promise<void> => {
  for (const gone of clocks.filter((clock) => clock.stoppedAt))
    await tx.exec(sql`update case_clocks set stopped_at = ${gone.stoppedAt}, fires_at = null, overdue_at = ${gone.overdueAt},
      paused_at = ${gone.pausedAt}, remaining = ${gone.remaining} where case_id = ${one.id} and clock = ${gone.clock} and stopped_at is null`);
  for (const live of clocks.filter((clock) => !clock.stoppedAt))
    await tx.exec(sql`insert into case_clocks (case_id, node, market, participant, clock, started_at, due_at, fires_at, length, unit, extended_by,
        paused_at, remaining, overdue_at, awaits_service, provisional, retention_class)
      values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${live.clock}, ${live.startedAt}, ${live.dueAt},
        ${live.firesAt}, ${live.length}, ${live.unit}, ${live.extendedBy}, ${live.pausedAt}, ${live.remaining}, ${live.overdueAt},
        ${live.awaitsService}, ${live.provisional}, ${one.retentionClass})
      on conflict (case_id, clock) where stopped_at is null do update set started_at = excluded.started_at, due_at = excluded.due_at,
        fires_at = excluded.fires_at, extended_by = excluded.extended_by, paused_at = excluded.paused_at, remaining = excluded.remaining,
        overdue_at = excluded.overdue_at, awaits_service = excluded.awaits_service, provisional = excluded.provisional, failure = null`);
  await tx.exec(sql`update cases set due_at = ${earliest(clocks)} where id = ${one.id}`);
};

export const saveDecision = async (
  tx: Tx,
  one: CaseRecord,
  decision: Decision,
  more: { stored: Data; private: boolean; publishedAt: Date | null; endedAt: Date | null },
): Promise<void> => {
  await tx.exec(sql`update cases set state = ${decision.to}, turn = ${decision.turn}, private = ${more.private},
    data = ${JSON.stringify(more.stored)}, public_data = ${decision.publicData && JSON.stringify(decision.publicData)},
    published_at = ${more.publishedAt}, ended_at = ${more.endedAt}, version = version + 1 where id = ${one.id}`);
  await saveClocks(tx, one, decision.clocks);
  await saveParties(tx, one.id, decision.parties);
};

export const addOutcome = async (tx: Tx, caseId: string, outcome: Data): Promise<void> => {
  await tx.exec(sql`update cases set outcome = outcome || ${JSON.stringify(outcome)}::jsonb where id = ${caseId}`);
};

export interface MoveRow {
  sequence: number;
  at: Date;
  move: string;
  from_state: string | null;
  to_state: string;
  by: string;
  participant: string;
  actor: string;
  input: Data;
}

/** Its place in the case's row of moves. */
export const addMove = async (tx: Tx, caseId: string, row: Omit<MoveRow, 'sequence'>): Promise<number> => {
  const { sequence } = await tx.one<{
    sequence: number;
  }>(sql`insert into case_moves (case_id, sequence, node, market, participant, at, recorded_at, move, from_state, to_state, by, actor,
      input, retention_class)
    select ${caseId}, coalesce(max(sequence), 0) + 1, ${tx.tenancy.node}, ${tx.tenancy.market}, ${row.participant}, ${row.at}::timestamptz,
      ${tx.now}::timestamptz, ${row.move}, ${row.from_state}, ${row.to_state}, ${row.by}, ${row.actor}, ${JSON.stringify(row.input)}::jsonb, ${classOf(caseId)}
    from case_moves where case_id = ${caseId} returning sequence`);
  return sequence;
};

export const movesOf = (reader: Reader, caseId: string): Promise<MoveRow[]> =>
  reader.rows<MoveRow>(sql`select sequence, at, move, from_state, to_state, by, participant, actor, input
    from case_moves where case_id = ${caseId} order by sequence`);

export interface DueClock {
  id: number;
  case_id: string;
  clock: string;
  fires_at: Date;
}

/** Whether any is due. */
export const clocksDue = (at: Moment): Sql => sql`exists (select from case_clocks where fires_at <= ${at})`;

export const nextDueClock = (reader: Reader, now: Date, except: readonly number[]): Promise<DueClock | undefined> =>
  reader.first<DueClock>(sql`select id, case_id, clock, fires_at from case_clocks
    where fires_at <= ${now} and not (id = any(${[...except]}::bigint[])) order by fires_at, id limit 1`);

export const noteClockFailure = async (tx: Tx, clockId: number, failure: string): Promise<void> => {
  await tx.exec(sql`update case_clocks set failure = ${failure} where id = ${clockId}`);
};

/** Live clocks of several cases at once, for lists. */
export const clocksAmong = async (reader: Reader, ids: readonly string[]): Promise<Map<string, ClockState[]>> => {
  const byCase = new Map<string, ClockState[]>();
  const rows = await reader.rows<ClockRow & { case_id: string }>(
    sql`select * from case_clocks where case_id = any(${[...ids]}) and stopped_at is null order by id`,
  );
  for (const row of rows) byCase.set(row.case_id, [...(byCase.get(row.case_id) ?? []), clockOf(row)]);
  return byCase;
};
