/** Demands that the hub tells all its nodes, its own members' among them: each change once, in their order. */
import { type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { nextNumber } from '../../kernel/numbers.ts';
import type { Answer, Content } from '../model.ts';

export interface Relay {
  participant: string;
  /** Null: of the hub itself. */
  node: string | null;
  subject: string;
  content: Content | null;
}

export const relay = async (tx: Tx, one: Relay): Promise<void> => {
  const sequence = await nextNumber(tx, 'nodes/relay');
  await tx.exec(sql`insert into node_relays (sequence, node, market, participant, node_id, subject, content, at)
    values (${sequence}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${one.node}, ${one.subject},
      ${one.content === null ? null : JSON.stringify(one.content)}, ${tx.now})`);
};

/** A node that ends, or begins anew, takes its demands with it. */
export const relayEndOfAll = async (tx: Tx, participant: string, node: string): Promise<void> => {
  const standing = await tx.rows<{ subject: string }>(
    sql`select subject from node_entries where node_id = ${node} and kind = 'demand' order by subject`,
  );
  for (const { subject } of standing) await relay(tx, { participant, node, subject, content: null });
};

export const lastRelay = async (read: Reader): Promise<number> =>
  (await read.one<{ last: number }>(sql`select coalesce(max(sequence), 0)::bigint as last from node_relays`)).last;

interface RelayRow {
  sequence: number;
  node_id: string | null;
  name: string | null;
  url: string | null;
  subject: string;
  content: Content | null;
}

/** What was told last of a demand of the hub's own; undefined: never. */
export const lastOfOwn = async (read: Reader, subject: string): Promise<Content | null | undefined> =>
  (
    await read.first<{ content: Content | null }>(
      sql`select content from node_relays where node_id is null and subject = ${subject} order by sequence desc limit 1`,
    )
  )?.content;

type Teller = Answer['demands'][number]['node'];

/** Those that were replaced since may be gone: whoever takes what follows in its order comes to the same end. */
export const relaysAfter = async (read: Reader, held: number, limit: number, own: Teller): Promise<Answer['demands']> =>
  (
    await read.rows<RelayRow>(sql`select r.sequence, r.node_id, n.name, n.url, r.subject, r.content from node_relays r
      left join nodes n on n.id = r.node_id where r.sequence > ${held} order by r.sequence limit ${limit}`)
  ).map(({ node_id, name, url, ...row }) => ({
    ...row,
    node: node_id === null ? own : { id: node_id, name: name!, url: url! },
  }));
