/** SQL of the hub's side: nodes and what they publish. */
import { empty, type Reader, type Sql, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { Envelope } from '../envelope.ts';
import type { Application, Change, ConnectorType, Content, EntryKind, NodeKind, NodeState } from '../model.ts';

export interface NodeRow {
  id: string;
  participant: string;
  key_id: string;
  public_key: unknown;
  name: string;
  kind: NodeKind;
  connector_type: ConnectorType;
  operator_name: string;
  credit_code: string;
  url: string;
  origin: string;
  state: NodeState;
  reason: string;
  case_id: string;
  paper: string | null;
  number: number;
  heartbeat_at: Date | null;
  generation: number;
  held: number;
  announced: number;
  behind_since: Date | null;
  /** How far it holds what the hub tells all nodes. */
  told: number;
  applied_at: Date;
  activated_at: Date | null;
  ended_at: Date | null;
}

export interface NodeView extends NodeRow {
  listings: number;
  demands: number;
}

const columns = sql`n.id, n.participant, n.key_id, n.public_key, n.name, n.kind, n.connector_type, n.operator_name, n.credit_code, n.url, n.origin,
  n.state, n.reason, n.case_id, n.paper, n.number, n.heartbeat_at, n.generation, n.held, n.announced, n.behind_since, n.told, n.applied_at, n.activated_at, n.ended_at`;
const counts = sql`(select count(*)::int from node_entries e where e.node_id = n.id and e.kind = 'listing') as listings,
  (select count(*)::int from node_entries e where e.node_id = n.id and e.kind = 'demand') as demands`;

export interface NodeDraft {
  id: string;
  participant: string;
  application: Application;
  sent: Envelope;
  digest: string;
  case: string;
}

export const insertNode = async (tx: Tx, { application: one, ...draft }: NodeDraft): Promise<void> => {
  await tx.exec(sql`insert into nodes (id, node, market, participant, key_id, public_key, name, kind, connector_type, operator_name, credit_code,
      url, origin, application, application_digest, state, case_id, applied_at)
    values (${draft.id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${draft.participant}, ${draft.sent.keyId}, ${JSON.stringify(one.key)}, ${one.name},
      ${one.nodeKind}, ${one.connectorType}, ${one.operator.name}, ${one.operator.creditCode}, ${one.url}, ${one.origin}, ${JSON.stringify(draft.sent)},
      ${draft.digest}, 'reviewing', ${draft.case}, ${tx.now})`);
};

export const wasSent = async (read: Reader, digest: string): Promise<boolean> =>
  (await read.first(sql`select 1 from nodes where application_digest = ${digest}`)) !== undefined;

/** The latest registration under a key, whatever became of it. */
export const nodeOfKey = (read: Reader, keyId: string, lock = false): Promise<NodeRow | undefined> =>
  read.first<NodeRow>(
    sql`select ${columns} from nodes n where n.key_id = ${keyId} order by n.applied_at desc, n.id desc limit 1 ${lock ? sql`for update` : empty}`,
  );

/** The latest that was let in with a log, whatever became of it. */
export const nodeOfOrigin = (read: Reader, origin: string): Promise<NodeRow | undefined> =>
  read.first<NodeRow>(sql`select ${columns} from nodes n where n.origin = ${origin} and n.activated_at is not null
    order by n.applied_at desc, n.id desc limit 1`);

export const nodeOfCase = (read: Reader, caseId: string): Promise<NodeRow | undefined> =>
  read.first<NodeRow>(sql`select ${columns} from nodes n where n.case_id = ${caseId}`);

export const applicationOf = (
  read: Reader,
  node: string,
): Promise<{ state: NodeState; case_id: string; application: Envelope } | undefined> =>
  read.first(sql`select state, case_id, application from nodes where id = ${node}`);

export const takingPartCount = async (read: Reader): Promise<number> =>
  (await read.one<{ count: number }>(sql`select count(*)::int as count from nodes where state = 'active'`)).count;

export const countNodes = async (read: Reader): Promise<number> =>
  (
    await read.one<{ count: number }>(
      sql`select count(*)::int as count from nodes where state not in ('refused', 'revoked')`,
    )
  ).count;

export const moveNode = async (tx: Tx, id: string, to: { state: NodeState; reason: string; ended: boolean }) => {
  await tx.exec(sql`update nodes set state = ${to.state}, reason = ${to.reason},
    activated_at = case when ${to.state} = 'active' then ${tx.now}::timestamptz else activated_at end,
    ended_at = ${to.ended ? tx.now : null} where id = ${id}`);
};

export const setPaper = async (tx: Tx, id: string, paper: string): Promise<void> => {
  await tx.exec(sql`update nodes set paper = ${paper} where id = ${id}`);
};

export const hearNode = async (
  tx: Tx,
  one: NodeRow,
  heard: { number: number; announced?: number; told?: number },
): Promise<void> => {
  const announced = Math.max(one.held, heard.announced ?? one.announced);
  await tx.exec(sql`update nodes set number = ${heard.number}, heartbeat_at = ${tx.now}, told = ${heard.told ?? one.told}, announced = ${announced},
    behind_since = ${announced > one.held ? (one.behind_since ?? tx.now) : null} where id = ${one.id}`);
};

export const moveAddress = async (tx: Tx, id: string, url: string): Promise<void> => {
  await tx.exec(sql`update nodes set url = ${url} where id = ${id}`);
};

/** Of those that take part under other keys. */
export const placesTaken = (read: Reader, exceptKey: string): Promise<{ url: string; origin: string }[]> =>
  read.rows(sql`select url, origin from nodes where state = 'active' and key_id <> ${exceptKey}`);

export const putEntry = async (tx: Tx, one: NodeRow, change: Change, sequence: number): Promise<void> => {
  if (change.content === null)
    await tx.exec(sql`delete from node_entries where node_id = ${one.id} and subject = ${change.subject}`);
  else
    await tx.exec(sql`insert into node_entries (node_id, subject, node, market, participant, kind, sequence, content, digest, at)
      values (${one.id}, ${change.subject}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${change.kind}, ${sequence},
        ${JSON.stringify(change.content)}, ${change.digest}, ${tx.now})
      on conflict (node_id, subject) do update set kind = excluded.kind, sequence = excluded.sequence, content = excluded.content,
        digest = excluded.digest, at = excluded.at`);
};

export const countEntries = async (read: Reader, node: string, kind?: EntryKind): Promise<number> =>
  (
    await read.one<{ count: number }>(sql`select count(*)::int as count from node_entries where node_id = ${node}
      ${kind ? sql`and kind = ${kind}` : empty}`)
  ).count;

export const dropEntries = async (tx: Tx, node: string): Promise<void> => {
  await tx.exec(sql`delete from node_entries where node_id = ${node}`);
};

export const holdChanges = async (tx: Tx, one: NodeRow, to: { generation: number; held: number }): Promise<void> => {
  // What was announced of a generation that is over says nothing about the new one.
  const announced = Math.max(to.held, to.generation === one.generation ? one.announced : 0);
  await tx.exec(sql`update nodes set generation = ${to.generation}, held = ${to.held}, announced = ${announced},
    behind_since = ${announced > to.held ? (one.behind_since ?? tx.now) : null} where id = ${one.id}`);
};

/** For everybody: a registration that is asked for or refused is nobody's business. */
export const nodesTakingPart = (read: Reader, limit: number): Promise<NodeView[]> =>
  read.rows<NodeView>(
    sql`select ${columns}, ${counts} from nodes n where n.state in ('active', 'revoked')
      and not exists (select 1 from nodes later where later.key_id = n.key_id and later.applied_at > n.applied_at and later.state = 'active')
      order by n.name, n.id limit ${limit}`,
  );

/** Of these, each with how much it lists. */
export const takingPart = (
  read: Reader,
  ids: readonly string[],
): Promise<{ id: string; name: string; url: string; listings: number }[]> =>
  read.rows(sql`select n.id, n.name, n.url, c.listings from nodes n, lateral (select ${counts}) c
    where n.id = any(${[...ids]}) and n.state = 'active'`);

export const nodePage = async (read: Reader, query: PageQuery) => {
  const after = decodeCursor(query.after, 1);
  const rows = await read.rows<NodeView>(sql`select ${columns}, ${counts} from nodes n
    ${after ? sql`where n.id < ${after[0]}` : empty} order by n.id desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.id],
    (row) => row,
  );
};

export interface EntryRow {
  node_id: string;
  node_name: string;
  node_kind: NodeKind;
  node_url: string;
  kind: EntryKind;
  subject: string;
  content: Content;
  digest: string;
  at: Date;
}

export interface EntryQuery extends PageQuery {
  q?: string;
  kind?: string;
  node?: string;
  subject?: string;
}

const likeOf = (words: string): string => `%${words.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;

/** Of active nodes only: what a revoked one published is hidden at once. */
export const entryPage = async (read: Reader, query: EntryQuery) => {
  const after = decodeCursor(query.after, 3);
  const words = (query.q ?? '').split(/\s+/).filter(Boolean).slice(0, 8);
  const rows =
    await read.rows<EntryRow>(sql`select e.node_id, n.name as node_name, n.kind as node_kind, n.url as node_url, e.kind, e.subject, e.content, e.digest, e.at
    from node_entries e join nodes n on n.id = e.node_id where n.state = 'active'
    ${query.kind ? sql`and e.kind = ${query.kind}` : empty} ${query.node ? sql`and e.node_id = ${query.node}` : empty}
    ${query.subject ? sql`and e.subject = ${query.subject}` : empty}
    ${words.length ? sql`and (e.content ->> 'title') || ' ' || (e.content ->> 'summary') || ' ' || (e.content ->> 'by') || ' ' || n.name ilike all(${words.map(likeOf)})` : empty}
    ${after ? sql`and (e.at, e.node_id, e.subject) < (${after[0]}::timestamptz, ${after[1]}, ${after[2]})` : empty}
    order by e.at desc, e.node_id desc, e.subject desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.at.toISOString(), row.node_id, row.subject],
    (row) => row,
  );
};

/**
 * As SQL, for what refers to a listing of a node: it and where it comes from; no row once it is gone there, or its node takes no part.
 * Its aliases are long, so that none takes the place of one that `node` or `subject` means.
 */
export const listedEntry = (
  node: Sql,
  subject: Sql,
): Sql => sql`select told_entry.content ->> 'title' as title, told_entry.content ->> 'summary' as summary,
    told_entry.content ->> 'industry' as industry, told_entry.content ->> 'by' as by, telling_node.name as origin,
    telling_node.url || (told_entry.content ->> 'path') as url, coalesce(told_entry.content -> 'connector', 'null') <> 'null' as traded,
    case when starts_with(told_entry.content -> 'connector' ->> 'address', telling_node.url || '/') then told_entry.content -> 'connector' end as connector
  from node_entries told_entry join nodes telling_node on telling_node.id = told_entry.node_id
  where told_entry.node_id = ${node} and told_entry.subject = ${subject} and told_entry.kind = 'listing' and telling_node.state = 'active'`;
