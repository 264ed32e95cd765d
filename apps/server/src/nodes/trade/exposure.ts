/** 担保上限: what one node guarantees to another at most, counted at both. What a statement under both keys asks for is paid already. */
import type { Reader, Tx } from '../../kernel/db/db.ts';
import { sql } from '../../kernel/db/db.ts';
import { figure } from '../figures.ts';
import type { NodesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { believed } from './goods.ts';

type Side = 'owing' | 'owed';

/** Fen that stand guaranteed, by key of the other node. What no bank has frozen yet binds nobody: it takes its room when it does. */
const owing = sql`select peer_key, sum(estimate_fen - owed_fen)::bigint as fen from node_purchases
  where state in ('guaranteeing', 'negotiating', 'withdrawing') or (state = 'bought' and not closed) group by peer_key`;

/** A guarantee that nobody made use of in the time that a negotiation may take counts no longer. */
const owed = (
  since: Date,
) => sql`select g.peer_key, sum(g.fen - coalesce(l.fen, 0))::bigint as fen from node_guarantees g
  left join lateral (select sum(l.fen) as fen, bool_or(l.final) as final from node_statement_lines l join node_statements s on s.id = l.mutual
    where s.side = 'creditor' and s.state = 'agreed' and s.peer_key = g.peer_key and l.purchase = g.purchase) l on true
  where g.withdrawn is distinct from 'void' and l.final is not true and (g.order_id is not null or g.at > ${since}) group by g.peer_key`;

const dayMilliseconds = 86_400_000;

const usedOn = async (deps: NodesDeps, read: Reader, side: Side): Promise<Map<string, bigint>> => {
  const now = deps.now();
  const since = new Date(now.getTime() - figure(deps, 'negotiationDays', now) * dayMilliseconds);
  const rows = await read.rows<{ peer_key: string; fen: number }>(side === 'owing' ? owing : owed(since));
  return new Map(rows.map(({ peer_key, fen }) => [peer_key, BigInt(fen)]));
};

interface Wanted {
  side: Side;
  peerKey: string;
  fen: bigint;
}

/** Two that are asked for at once are counted one after the other. */
const usedNow = async (deps: NodesDeps, tx: Tx, { side, peerKey }: Wanted): Promise<bigint> => {
  await tx.first(sql`select pg_advisory_xact_lock(hashtext(${`nodes/exposure/${side}/${peerKey}`}))`);
  return (await usedOn(deps, tx, side)).get(peerKey) ?? 0n;
};

export const hasRoom = async (deps: NodesDeps, tx: Tx, wanted: Wanted): Promise<boolean> =>
  (await usedNow(deps, tx, wanted)) + wanted.fen <= deps.settings.exposureFen;

/** One guarantee more of so much. @throws nodes.exposureReached */
export const requireRoom = async (deps: NodesDeps, tx: Tx, wanted: Wanted): Promise<void> => {
  const { fen } = wanted;
  const used = await usedNow(deps, tx, wanted);
  const limit = deps.settings.exposureFen;
  if (used + fen <= limit) return;
  const yuan = (one: bigint) => (Number(one) / 100).toFixed(2);
  throw problems.exposureReached({
    detail: {
      zh: `已担保 ${yuan(used)} 元，本次 ${yuan(fen)} 元，上限 ${yuan(limit)} 元`,
      en: `${yuan(used)} yuan guaranteed, ${yuan(fen)} asked for, ${yuan(limit)} at most`,
    },
  });
};

export const exposureView = async (deps: NodesDeps, read: Reader) => {
  const [owing, owed] = [await usedOn(deps, read, 'owing'), await usedOn(deps, read, 'owed')];
  const used = (of: Map<string, bigint>, keyId: string) => ({ used: String(of.get(keyId) ?? 0n) });
  return {
    limit: String(deps.settings.exposureFen),
    items: (await believed(deps, read)).map(({ id, name, key }) => ({
      node: { id, name },
      owing: used(owing, key.keyId),
      owed: used(owed, key.keyId),
    })),
  };
};
