/**
 * A purchase at another node, at the buyer's: its money is frozen here, the other node is told so, the supplier is asked over the
 * Dataspace Protocol, and what both nodes' mutual statements say is paid from what was frozen. Docs: docs/operate/nodes.md.
 */
import { parseDecimal, parsePricePlan } from '@shugu/ledger';
import type { Rooms } from '../build.ts';
import type { Terms } from '../federation/index.ts';
import { attempt } from '../kernel/attempt.ts';
import type { Tx } from '../kernel/db/db.ts';
import type { StoredEvent } from '../kernel/outbox.ts';
import type { RoomParts } from '../kernel/parts.ts';
import { Problem } from '../kernel/problem.ts';
import { isClosing } from '../nodes/index.ts';

const inNameOf = (tx: Tx, participant: string): Tx => ({ ...tx, actor: { ...tx.actor, participant } });

type Purchase = NonNullable<Awaited<ReturnType<Rooms['nodes']['purchase']>>>;

/** The seller's node has an account at this node's bank: what its statements ask for is paid into it. */
const creditorOf = async (tx: Tx, { members }: Rooms, { supplier }: Purchase): Promise<string> =>
  (await members.recognise(tx, supplier.slice(0, supplier.lastIndexOf(':dsp:')))).id;

const openMoney = async (tx: Tx, rooms: Rooms, one: Purchase): Promise<void> => {
  const creditor = await creditorOf(tx, rooms, one);
  await rooms.settlement.openOrder(tx, {
    order: one.id,
    contract: one.negotiation,
    title: `${one.title} · ${one.plan_title}`,
    buyer: one.participant,
    supplier: creditor,
    plan: parsePricePlan(one.plan),
    taxRate: one.tax_rate,
    way: 'custody',
    estimateFen: BigInt(one.estimate_fen),
    // The seller's exchange takes its fee from what it is paid.
    splitRule: { legs: [{ party: creditor, role: 'supplier', share: parseDecimal('1') }] },
  });
};

const askSupplier = async (tx: Tx, rooms: Rooms, one: Purchase): Promise<void> => {
  const asked = await attempt(tx, () =>
    rooms.federation.requestContract(inNameOf(tx, one.participant), {
      id: one.negotiation,
      counterparty: one.supplier,
      address: one.address,
      dataset: one.dataset,
      offer: one.offer,
      terms: one.terms as Terms,
    }),
  );
  if (asked instanceof Problem) await rooms.nodes.purchaseFailed(tx, one.id, asked.definition.title.zh);
};

const followPurchase = async (tx: Tx, rooms: Rooms, { type, subject, data }: StoredEvent): Promise<void> => {
  if (type === 'nodes.purchase.failed')
    return rooms.settlement.releaseOrder(tx, { order: subject, reason: String(data.reason) });
  const one = await rooms.nodes.purchase(tx, subject);
  if (type === 'nodes.purchase.asked' && one?.state === 'holding') await openMoney(tx, rooms, one);
  if (type === 'nodes.purchase.guaranteed' && one?.state === 'negotiating') await askSupplier(tx, rooms, one);
};

/** The buyer said yes when it bought: the agreement, which the protocol has compared with what was asked for, is verified at once. */
const verify = async (tx: Tx, { federation }: Rooms, one: Purchase): Promise<void> => {
  // Where a rule of the buyer's own says it already, there is nothing to say.
  await attempt(tx, () => federation.act(inNameOf(tx, one.participant), one.negotiation, 'verify'));
};

const followNegotiation = async (tx: Tx, rooms: Rooms, event: StoredEvent): Promise<void> => {
  const one = await rooms.nodes.purchaseOfNegotiation(tx, event.subject);
  if (!one) return;
  if (event.type === 'federation.process.refused') {
    const process = await rooms.federation.process(tx, event.subject);
    // What was refused later waits for a person; what never began has come to nothing.
    if (process?.state === null) await rooms.nodes.purchaseFailed(tx, one.id, String(event.data.fault));
    return;
  }
  if (event.type === 'federation.agreement.finalized')
    return rooms.nodes.bought(tx, event.subject, String(event.data.agreement));
  if (event.data.state === 'AGREED') return verify(tx, rooms, one);
  if (event.data.state !== 'TERMINATED') return;
  const last = await rooms.federation.lastMessage(tx, event.subject, 'terminate');
  const { reason } = (last?.body ?? {}) as { reason?: unknown };
  const said = Array.isArray(reason) ? reason.map(String).join('; ') : '';
  await rooms.nodes.purchaseFailed(tx, one.id, said || '协商终止 / the negotiation was terminated');
};

interface AgreedLine {
  purchase: string;
  statement: string;
  from: string;
  until: string;
  quantity: string;
  fen: string;
  final: boolean;
}

/** Every line becomes a statement of ours for the purchase, paid from what was frozen for it. */
const payLines = async (tx: Tx, rooms: Rooms, lines: readonly AgreedLine[]): Promise<void> => {
  for (const line of lines) {
    if (isClosing(line)) {
      await rooms.settlement.finishOrder(tx, line.purchase);
      continue;
    }
    const one = (await rooms.nodes.purchase(tx, line.purchase))!;
    const quantity = BigInt(line.quantity);
    const all = { copies: quantity, periods: quantity, calls: quantity, rows: quantity, bytes: quantity };
    await rooms.settlement.settleOrder(tx, {
      order: line.purchase,
      periodKey: line.statement,
      from: new Date(line.from),
      until: new Date(line.until),
      usage: [{ title: one.plan_title, ...all }],
      final: line.final,
    });
  }
};

export const crossingFlow = (rooms: Rooms): RoomParts => ({
  consumers: [
    {
      name: 'flow.crossing',
      types: ['nodes.purchase.asked', 'nodes.purchase.guaranteed', 'nodes.purchase.failed'],
      lane: (event) => event.subject,
      handle: (tx, event) => followPurchase(tx, rooms, event),
    },
    {
      name: 'flow.crossing.negotiation',
      types: ['federation.process.moved', 'federation.process.refused', 'federation.agreement.finalized'],
      lane: (event) => event.subject,
      handle: (tx, event) => followNegotiation(tx, rooms, event),
    },
    {
      name: 'flow.crossing.money',
      types: ['settlement.hold.placed', 'settlement.order.settled'],
      lane: (event) => event.subject,
      handle: (tx, { type, subject }) =>
        type === 'settlement.hold.placed'
          ? rooms.nodes.moneyHeld(tx, subject)
          : rooms.nodes.purchaseSettled(tx, subject),
    },
    {
      name: 'flow.crossing.statement',
      types: ['nodes.statement.agreed'],
      lane: (event) => event.subject,
      handle: async (tx, { data }) => {
        if (data.side === 'debtor') await payLines(tx, rooms, data.lines as AgreedLine[]);
      },
    },
    {
      name: 'flow.crossing.connector',
      types: ['federation.connector.moved'],
      lane: (event) => event.subject,
      handle: async (tx, { subject }) => {
        for (const product of await rooms.market.productsListedBy(tx, subject))
          await rooms.nodes.publishOf(tx, product);
      },
    },
  ],
});
