/** What the hub tells of other nodes' demands, taken in exactly once and in the order of its sequence. */
import { empty, type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { decodeCursor, type PageQuery, pageOf, pageSize } from '../../kernel/pages.ts';
import type { Answer, Content } from '../model.ts';
import type { Uplink } from './store.ts';

type Relayed = Answer['demands'][number];

const put = async (tx: Tx, one: Uplink, { node, subject, content, sequence }: Relayed): Promise<void> => {
  if (content === null)
    await tx.exec(
      sql`delete from node_demands where uplink = ${one.id} and node_id = ${node.id} and subject = ${subject}`,
    );
  else
    await tx.exec(sql`insert into node_demands (uplink, node_id, subject, node, market, participant, node_name, node_url, sequence, content, at)
      values (${one.id}, ${node.id}, ${subject}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${one.participant}, ${node.name}, ${node.url}, ${sequence},
        ${JSON.stringify(content)}, ${tx.now})
      on conflict (uplink, node_id, subject) do update set node_name = excluded.node_name, node_url = excluded.node_url, sequence = excluded.sequence,
        content = excluded.content, at = excluded.at`);
};

/** The uplink's row lock is held. A hub or a node that went back in time begins anew. */
export const takeDemands = async (
  tx: Tx,
  one: Uplink,
  said: Pick<Answer, 'relay' | 'anew' | 'demands'>,
): Promise<void> => {
  let relayed = one.relayed;
  if (said.relay < relayed || said.anew) {
    await tx.exec(sql`delete from node_demands where uplink = ${one.id}`);
    relayed = 0;
  }
  for (const demand of said.demands) {
    if (demand.sequence <= relayed) continue;
    relayed = demand.sequence;
    // Its own stand in its own hall.
    if (demand.node.id !== one.registration) await put(tx, one, demand);
  }
  if (relayed !== one.relayed) await tx.exec(sql`update node_uplinks set relayed = ${relayed} where id = ${one.id}`);
};

interface DemandRow {
  node_id: string;
  node_name: string;
  node_url: string;
  subject: string;
  content: Content;
  at: Date;
}

/** Of the hub at which this node is active; what an earlier one told is over. */
export const demandPage = async (read: Reader, query: PageQuery) => {
  const after = decodeCursor(query.after, 3);
  const rows =
    await read.rows<DemandRow>(sql`select d.node_id, d.node_name, d.node_url, d.subject, d.content, d.at from node_demands d
    join node_uplinks u on u.id = d.uplink where u.state = 'active'
    ${after ? sql`and (d.at, d.node_id, d.subject) < (${after[0]}::timestamptz, ${after[1]}, ${after[2]})` : empty}
    order by d.at desc, d.node_id desc, d.subject desc limit ${pageSize(query) + 1}`);
  return pageOf(
    rows,
    query,
    (row) => [row.at.toISOString(), row.node_id, row.subject],
    (row) => ({
      node: { id: row.node_id, name: row.node_name },
      subject: row.subject,
      title: row.content.title,
      summary: row.content.summary,
      budget: row.content.price,
      industry: row.content.industry,
      url: row.node_url + row.content.path,
      at: row.at.toISOString(),
    }),
  );
};
