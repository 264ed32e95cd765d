/** Holds both sides of what was dealt against each other and against the money. Returns every fault found, in words. */
import { canonicalBytes } from '@shugu/evidence';
import type { Plane } from '../federation/plane.ts';
import type { Node, Side } from './dealers.ts';

interface Row {
  id: string;
  kind: string;
  state: string | null;
  held: unknown;
  clearance: unknown;
  their_pid: string | null;
  reference: string | null;
}
interface Message {
  direction: string;
  act: string;
  digest: string;
  state: string;
}

export const processOf = async ({ pool }: Node, id: string): Promise<Row | undefined> =>
  (await pool.query<Row>('select * from federation_processes where id = $1 or their_pid = $1', [id])).rows[0];

/** By id of either side: the state at each side that has it. */
export const standings = async (
  nodes: Record<Side, Node>,
  ids: readonly string[],
): Promise<Map<string, (string | null)[]>> => {
  const found = new Map<string, (string | null)[]>(ids.map((id) => [id, []]));
  for (const { pool } of Object.values(nodes)) {
    const { rows } = await pool.query<Row>(
      'select id, their_pid, state from federation_processes where id = any($1) or their_pid = any($1)',
      [ids],
    );
    for (const { id, their_pid, state } of rows) (found.get(id) ?? found.get(their_pid ?? ''))?.push(state);
  }
  return found;
};

const messagesOf = async ({ pool }: Node, process: string): Promise<Message[]> =>
  (await pool.query<Message>('select * from federation_messages where process = $1 order by sequence', [process])).rows;

const told = (messages: Message[], direction: string): string[] =>
  messages
    .filter((one) => one.direction === direction && (one.state === 'sent' || one.state === 'taken'))
    .map(({ act, digest }) => `${act} ${digest.slice(0, 12)}`);

/** What one said, in its order, is what the other took, in its: nothing twice, nothing lost. */
export const processFaults = async (nodes: { consumer: Node; provider: Node }, id: string): Promise<string[]> => {
  const [ours, theirs] = [await processOf(nodes.consumer, id), await processOf(nodes.provider, id)];
  if (!ours || !theirs) return [`${id} is not on both sides`];
  const faults: string[] = [];
  if (ours.state !== theirs.state)
    faults.push(`${id} is ${ours.state} with the consumer, ${theirs.state} with the provider`);
  if (theirs.their_pid !== ours.id || ours.their_pid !== theirs.id) faults.push(`${id}: the pids differ`);
  const [here, there] = [await messagesOf(nodes.consumer, ours.id), await messagesOf(nodes.provider, theirs.id)];
  for (const [said, taken] of [
    [told(here, 'out'), told(there, 'in')],
    [told(there, 'out'), told(here, 'in')],
  ] as const)
    if (said.join() !== taken.join()) faults.push(`${id}: said ${said.join()}; taken ${taken.join()}`);
  if ([...here, ...there].some(({ state }) => state === 'waiting')) faults.push(`${id}: something is still to be said`);
  for (const one of [ours, theirs])
    if (one.held || one.clearance)
      faults.push(`${id}: ${JSON.stringify({ held: one.held, clearance: one.clearance })} waits`);
  return faults;
};

/** Of the transfers of a deal that data planes carry: the one is broken off after a rest, the other carried to its end. */
const signalsOf: Record<string, Record<Side, readonly string[]>> = {
  TERMINATED: {
    provider: ['start', 'suspend', 'resume', 'terminate'],
    consumer: ['prepare', 'started', 'suspend', 'resume', 'terminate'],
  },
  COMPLETED: { provider: ['start', 'completed'], consumer: ['prepare', 'started', 'completed'] },
};

/**
 * Each data plane that carried a transfer heard of all that happened, once, and knows its end. What has no id, as `completed` has no
 * body, may come again where its answer was lost: nobody could tell, and nothing comes of it. What was not answered yet when a transfer
 * was broken off is dropped, heard or not.
 */
export const flowFaults = async (
  { nodes, planes }: { nodes: Record<Side, Node>; planes: Record<Side, Plane> },
  id: string,
): Promise<string[]> => {
  const faults: string[] = [];
  for (const side of ['provider', 'consumer'] as const) {
    const process = await processOf(nodes[side], id);
    const { rows } = await nodes[side].pool.query<{
      flow: string;
      state: string;
      waiting: string[];
      dropped: string[];
    }>(
      `select flow, state,
          array(select signal from federation_signals s where s.process = f.process and s.state = 'waiting') waiting,
          array(select signal from federation_signals s where s.process = f.process and s.state = 'dropped') dropped
        from federation_flows f where process = $1`,
      [process?.id],
    );
    for (const { flow, state, waiting, dropped } of rows) {
      const heard = planes[side].told.filter((one) => one.flow === flow);
      const told: string[] = heard
        .filter(({ signal, body }, at) => body.messageId !== undefined || heard[at - 1]?.signal !== signal)
        .map(({ signal }) => signal);
      const dropsOne = (one: string) => state === 'TERMINATED' && dropped.includes(one);
      const due = signalsOf[state]?.[side].filter((one) => told.includes(one) || !dropsOne(one));
      if (told.join() !== due?.join() || state !== process?.state || waiting.length > 0)
        faults.push(
          `${id}: the ${side}'s data plane heard ${told.join()}, is ${state}; to be told ${waiting.join()}, dropped ${dropped.join()}`,
        );
    }
  }
  return faults;
};

interface Agreement {
  id: string;
  body: object;
}
export const agreementOf = async ({ pool }: Node, negotiation: string): Promise<Agreement[]> =>
  (
    await pool.query<Agreement>(
      `select a.id, a.body from federation_agreements a join federation_processes p on p.id = a.negotiation
        where p.id = $1 or p.their_pid = $1`,
      [negotiation],
    )
  ).rows;

const same = (one: object, other: object): boolean =>
  Buffer.from(canonicalBytes(one)).equals(Buffer.from(canonicalBytes(other)));

/** One agreement, word for word the same on both sides, or none. */
export const agreementFaults = async (
  nodes: { consumer: Node; provider: Node },
  id: string,
  agreed: boolean,
): Promise<string[]> => {
  const [ours, theirs] = [await agreementOf(nodes.consumer, id), await agreementOf(nodes.provider, id)];
  const count = agreed ? 1 : 0;
  if (ours.length !== count || theirs.length !== count)
    return [`${id}: ${ours.length} agreements with the consumer, ${theirs.length} with the provider`];
  return agreed && !same(ours[0]!.body, theirs[0]!.body) ? [`${id}: the agreements differ`] : [];
};

export interface Dealt {
  negotiation: string;
  /** It came so far that there is an order. */
  ordered: boolean;
  /** Its contract is in force and money held for it. */
  holds: boolean;
  /** Reads that were answered, and such as were cut off and may have been uses. */
  read: number;
  cut: number;
}

export const orderOf = async ({ pool }: Node, negotiation: string) =>
  (
    await pool.query<{ id: string; estimate: string; contract: string | null }>(
      `select id, estimate_fen as estimate, contract from orders where id = (
        select reference from federation_processes where id = $1 or their_pid = $1)`,
      [negotiation],
    )
  ).rows[0];

const balanceOf = async ({ pool }: Node, template: 'held' | 'available', member: string): Promise<bigint> => {
  const { rows } = await pool.query<{ fen: string }>(
    'select coalesce(-sum(fen), 0)::text as fen from ledger_balances where template = $1 and participant = $2',
    [template, member],
  );
  return BigInt(rows[0]!.fen);
};
export const freeFen = (node: Node, member: string): Promise<bigint> => balanceOf(node, 'available', member);
export const heldFen = (node: Node, member: string): Promise<bigint> => balanceOf(node, 'held', member);

interface Traded {
  id: string;
  their_pid: string;
  order: string | null;
  estimate: string | null;
  /** Each of the order's contracts, by its state. */
  contracts: string[];
  /** Each of its holds, with its money. */
  holds: string[];
}

/** Of each deal one order and one contract, where it came so far; of each in force one hold of its estimate; nothing else of the member. */
export const moneyFaults = async (node: Node, dealt: readonly Dealt[], member: string): Promise<string[]> => {
  const { pool } = node;
  const faults: string[] = [];
  let expected = 0n;
  const { rows } = await pool.query<Traded>(
    `select p.id, p.their_pid, o.id as order, o.estimate_fen as estimate,
      array(select state from contracts where order_reference = o.id) as contracts,
      array(select state || ' ' || fen from settlement_holds where held_for = o.id) as holds
      from federation_processes p left join orders o on o.id = p.reference where p.kind = 'negotiation' and p.side = 'provider'`,
  );
  const traded = new Map(rows.flatMap((one) => [one.id, one.their_pid].map((id) => [id, one] as const)));
  for (const { negotiation, ordered, holds } of dealt) {
    const found = traded.get(negotiation);
    if ((found?.order != null) !== ordered) faults.push(`${negotiation}: ${ordered ? 'no order' : 'an order'}`);
    if (!found?.order) continue;
    if (found.contracts.length !== 1 || (found.contracts[0] === 'effective') !== holds)
      faults.push(`${negotiation}: its contracts are ${found.contracts.join() || 'none'}`);
    if (!holds) continue;
    if (found.holds.join() !== `placed ${found.estimate}`)
      faults.push(`${negotiation}: held ${found.holds.join() || 'nothing'}`);
    expected += BigInt(found.estimate!);
  }
  const { rows: all } = await pool.query<{ count: number }>(
    'select count(*)::int as count from orders where participant = $1',
    [member],
  );
  const ordered = dealt.filter((one) => one.ordered).length;
  if (all[0]!.count !== ordered) faults.push(`${all[0]!.count} orders of ${ordered} negotiations`);
  const held = await heldFen(node, member);
  if (held !== expected) faults.push(`${held} fen are held, not ${expected}`);
  const { rows: open } = await pool.query<{ count: number }>(
    `select count(*)::int as count from bank_instructions where state not in ('executed', 'refused')`,
  );
  if (open[0]!.count > 0) faults.push(`${open[0]!.count} instructions to the bank are under way`);
  return faults;
};
