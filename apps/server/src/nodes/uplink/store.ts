/** SQL of the node's side: its registration at a hub, and the changes of what it publishes. */
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import type { Answer, Change, Content, Credential, EntryKind, NodeKind, NodeState } from '../model.ts';

export interface Uplink {
  id: string;
  participant: string;
  hub_url: string;
  hub_name: string;
  hub_key: unknown;
  key_id: string;
  name: string;
  kind: NodeKind;
  registration: string | null;
  state: NodeState;
  reason: string;
  credential: Credential;
  number: number;
  generation: number;
  held: number;
  /** How far the hub's demands are held. */
  relayed: number;
  /** Versions of the roster of nodes: the one held, and the one that the hub named last; null: it keeps none. */
  roster: string | null;
  roster_named: string | null;
  beat_seconds: number;
  applied_at: Date;
  answered_at: Date | null;
  failures: number;
  failure: string;
  next_at: Date;
}

const columns = sql`id, participant, hub_url, hub_name, hub_key, key_id, name, kind, registration, state, reason, credential, number, generation,
  held, relayed, roster, roster_named, beat_seconds, applied_at, answered_at, failures, failure, next_at`;

/** The latest, whatever became of it. */
export const latestUplink = (read: Reader): Promise<Uplink | undefined> =>
  read.first<Uplink>(sql`select ${columns} from node_uplinks order by applied_at desc, id desc limit 1`);

export const lockUplink = (tx: Tx, id: string): Promise<Uplink> =>
  tx.one<Uplink>(sql`select ${columns} from node_uplinks where id = ${id} for update`);

export type UplinkDraft = Pick<
  Uplink,
  'id' | 'participant' | 'hub_url' | 'hub_name' | 'hub_key' | 'key_id' | 'name' | 'kind' | 'beat_seconds'
>;

export const insertUplink = async (tx: Tx, one: UplinkDraft): Promise<void> => {
  await tx.exec(sql`insert into node_uplinks (id, node, market, participant, hub_url, hub_name, hub_key, key_id, name, kind, state, beat_seconds,
      applied_at, next_at)
    values (${one.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.hub_url}, ${one.hub_name}, ${JSON.stringify(one.hub_key)},
      ${one.key_id}, ${one.name}, ${one.kind}, 'reviewing', ${one.beat_seconds}, ${tx.now}, ${tx.now})`);
};

/** The next number to speak under: taken before the message goes out, so that no crash uses one twice. */
export const nextNumber = async (tx: Tx, id: string, atLeast = 0): Promise<number> =>
  (
    await tx.one<{ number: number }>(
      sql`update node_uplinks set number = greatest(number, ${atLeast}) + 1 where id = ${id} returning number`,
    )
  ).number;

/** What the hub said; the generation is the node's own and never goes back. */
export const saveAnswer = async (tx: Tx, id: string, said: Answer): Promise<void> => {
  await tx.note(sql`update node_uplinks set registration = ${said.node}, state = ${said.state}, reason = ${said.reason},
    credential = ${said.credential === null ? null : JSON.stringify(said.credential)}, beat_seconds = ${said.beatSeconds}, roster_named = ${said.roster},
    held = case when generation = ${said.generation} then ${said.held}::bigint else 0 end,
    answered_at = ${tx.now}, failures = 0, failure = '', next_at = ${new Date(tx.now.getTime() + said.beatSeconds * 1000)} where id = ${id}`);
};

export const saveFailure = async (tx: Tx, id: string, failure: string, next: Date): Promise<void> => {
  await tx.note(
    sql`update node_uplinks set failures = failures + 1, failure = ${failure.slice(0, 500)}, next_at = ${next} where id = ${id}`,
  );
};

export const beginGeneration = async (tx: Tx, id: string, generation: number): Promise<void> => {
  await tx.exec(sql`update node_uplinks set generation = ${generation}, held = 0 where id = ${id}`);
};

export const lastChange = async (read: Reader, one: Pick<Uplink, 'id' | 'generation'>): Promise<number> =>
  (
    await read.one<{ last: number }>(
      sql`select coalesce(max(sequence), 0)::bigint as last from node_changes where uplink = ${one.id} and generation = ${one.generation}`,
    )
  ).last;

/** Digest of what was published last of a subject; undefined: never, null: it was taken away. */
export const publishedDigest = async (read: Reader, one: Uplink, subject: string): Promise<string | null | undefined> =>
  (
    await read.first<{ digest: string | null }>(sql`select digest from node_changes where uplink = ${one.id}
      and generation = ${one.generation} and subject = ${subject} order by sequence desc limit 1`)
  )?.digest;

/** The uplink's row lock is held: sequences follow one another without a gap. */
export const appendChange = async (tx: Tx, one: Uplink, change: Change): Promise<void> => {
  const sequence = (await lastChange(tx, one)) + 1;
  await tx.exec(sql`insert into node_changes (uplink, generation, sequence, node, market, participant, kind, subject, content, digest, at)
    values (${one.id}, ${one.generation}, ${sequence}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${change.kind}, ${change.subject},
      ${change.content === null ? null : JSON.stringify(change.content)}, ${change.digest}, ${tx.now})`);
};

export const changesAfter = async (read: Reader, one: Uplink, held: number, limit: number): Promise<Change[]> =>
  read.rows<{ kind: EntryKind; subject: string; content: Content | null; digest: string | null }>(
    sql`select kind, subject, content, digest from node_changes where uplink = ${one.id} and generation = ${one.generation}
      and sequence > ${held} order by sequence limit ${limit}`,
  );

export const isKept = async (
  read: Reader,
  one: Pick<Uplink, 'id' | 'generation'>,
  sequence: number,
): Promise<boolean> =>
  (await read.first(
    sql`select 1 from node_changes where uplink = ${one.id} and generation = ${one.generation} and sequence = ${sequence}`,
  )) !== undefined;

/** What stands published now. */
export const standing = (read: Reader, one: Uplink): Promise<{ kind: EntryKind; subject: string }[]> =>
  read.rows(sql`select kind, subject from (select distinct on (subject) kind, subject, digest from node_changes
    where uplink = ${one.id} and generation = ${one.generation} order by subject, sequence desc) latest where digest is not null`);
