/**
 * A purchase at another node, at the buyer's: its money is frozen here, the other node is told so, the supplier is asked over the
 * Dataspace Protocol, and what both nodes' mutual statements say is paid from what was frozen. Docs: docs/operate/nodes.md.
 */
import { parseDecimal, parsePricePlan } from '@shugu/ledger';
import type { Tier } from '@shugu/wire/federation-terms';
import type { Rooms } from '../build.ts';
import { keptPrices, listedPrices, type Terms } from '../federation/index.ts';
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

/** For the buyer's rules and pages. */
const pricesIn = ({ plan, offer }: Purchase): { price?: string; tiers?: Tier[] } => {
  const { price, tiers } = keptPrices(listedPrices({ 'shugu:price': [{ offer, plan }] }, offer));
  return { ...(price === null ? {} : { price }), ...(tiers === null ? {} : { tiers }) };
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
      title: one.title,
      ...pricesIn(one),
    }),
  );
  if (asked instanceof Problem) {
    const { zh, en } = asked.definition.title;
    await rooms.nodes.withdraw(tx, one.id, `${zh} / ${en}`);
  }
};

/** Without our verification no contract takes effect anywhere: only what was never verified may be given up before the other node answers. */
const giveUp = async (tx: Tx, { federation }: Rooms, { negotiation }: Purchase): Promise<boolean> => {
  if (await federation.wasTried(tx, negotiation, 'verify')) return false;
  await federation.abandon(tx, negotiation);
  return true;
};

const followPurchase = async (tx: Tx, rooms: Rooms, { type, subject, data }: StoredEvent): Promise<void> => {
  const one = await rooms.nodes.purchase(tx, subject);
  if (type === 'nodes.purchase.failed') {
    if (one) await rooms.federation.abandon(tx, one.negotiation);
    return rooms.settlement.releaseOrder(tx, { order: subject, reason: String(data.reason) });
  }
  if (type === 'nodes.purchase.abandoned') return rooms.settlement.finishOrder(tx, subject);
  if (type === 'nodes.purchase.withdrawing' && one?.state === 'withdrawing') await giveUp(tx, rooms, one);
  if (type === 'nodes.purchase.unanswered' && one?.state === 'withdrawing' && (await giveUp(tx, rooms, one)))
    await rooms.nodes.purchaseFailed(tx, one.id, one.reason);
  if (type === 'nodes.purchase.asked' && one?.state === 'holding') await openMoney(tx, rooms, one);
  if (type === 'nodes.purchase.guaranteed' && one?.state === 'negotiating') await askSupplier(tx, rooms, one);
};

/** The buyer said yes when it bought: the agreement, which the protocol has compared with what was asked for, is verified at once. */
const verify = async (tx: Tx, { federation }: Rooms, one: Purchase): Promise<void> => {
  // Where a rule of the buyer's own says it already, there is nothing to say.
  await attempt(tx, () => federation.act(inNameOf(tx, one.participant), one.negotiation, 'verify'));
};

const followed: readonly string[] = ['AGREED', 'TERMINATED'];

const followNegotiation = async (tx: Tx, rooms: Rooms, event: StoredEvent): Promise<void> => {
  const one = await rooms.nodes.purchaseOfNegotiation(tx, event.subject);
  if (!one) return;
  if (event.type === 'federation.process.refused') {
    // Nobody can be told any more, or says no: the other node knows what came of it.
    return rooms.nodes.withdraw(tx, one.id, String(event.data.fault));
  }
  if (event.type === 'federation.agreement.finalized')
    return rooms.nodes.bought(tx, event.subject, String(event.data.agreement));
  if (event.data.state === 'AGREED') return one.state === 'negotiating' ? verify(tx, rooms, one) : undefined;
  // What was given up here is over once the other node has said so.
  if (event.data.state !== 'TERMINATED' || (one.state === 'withdrawing' && event.data.by === 'self')) return;
  const last = await rooms.federation.lastMessage(tx, event.subject, 'terminate');
  const { reason } = (last?.body ?? {}) as { reason?: unknown };
  const said = Array.isArray(reason) ? reason.map(String).join('; ') : '';
  await rooms.nodes.purchaseFailed(tx, one.id, said || '协商终止 / the negotiation was terminated');
};

const inForce: readonly string[] = ['effective', 'completed', 'terminatedAgreed', 'terminatedForced', 'basisEnded'];

/** At the seller's: what became of a negotiation whose money the buyer's node asks back. From here on nothing new comes of it. */
const concludeGuarantee = async (tx: Tx, rooms: Rooms, id: string): Promise<void> => {
  const { agreements, federation, nodes } = rooms;
  const one = await nodes.guarantee(tx, id);
  if (one?.withdrawn !== 'asked') return;
  const process = await federation.negotiationWith(tx, { consumer: one.buyer, theirPid: one.negotiation });
  const contract = one.order_id === null ? undefined : await agreements.contractOfOrder(tx, one.order_id);
  const agreement = process?.agreement?.['@id'];
  if (process?.state !== 'TERMINATED' && agreement && contract && inForce.includes(contract.state))
    return nodes.concludeGuarantee(tx, id, agreement);
  if (process) await federation.abandon(tx, process.id);
  await nodes.concludeGuarantee(tx, id, null);
};

/** At the seller's: the node that guarantees is believed no longer, so nothing stands behind further use. */
const endUnbacked = async (tx: Tx, rooms: Rooms, id: string, reason: string): Promise<void> => {
  const { agreements, federation, nodes } = rooms;
  const one = await nodes.guarantee(tx, id);
  if (!one) return;
  const contract = one.order_id === null ? undefined : await agreements.contractOfOrder(tx, one.order_id);
  if (contract?.state === 'effective') return agreements.rescind(tx, contract.id, reason);
  const process = await federation.negotiationWith(tx, { consumer: one.buyer, theirPid: one.negotiation });
  if (process) await federation.abandon(tx, process.id);
};

/** At the seller's: a negotiation came to nothing, and so did the money that was guaranteed for it. */
const voidGuarantee = async (tx: Tx, rooms: Rooms, subject: string): Promise<void> => {
  const process = (await rooms.federation.process(tx, subject))!;
  const of = { buyer: process.counterparty, negotiation: process.their_pid ?? '' };
  const one = await rooms.nodes.guaranteeFor(tx, of);
  if (one?.withdrawn === null) await rooms.nodes.concludeGuarantee(tx, one.id, null);
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
      types: [
        'nodes.purchase.asked',
        'nodes.purchase.guaranteed',
        'nodes.purchase.withdrawing',
        'nodes.purchase.unanswered',
        'nodes.purchase.failed',
        'nodes.purchase.abandoned',
      ],
      lane: (event) => event.subject,
      handle: (tx, event) => followPurchase(tx, rooms, event),
    },
    {
      name: 'flow.crossing.negotiation',
      types: ['federation.process.moved', 'federation.process.refused', 'federation.agreement.finalized'],
      // A purchase is the consumer's; of its moves only these make anything of it.
      concerns: ({ type, data }) =>
        type === 'federation.process.refused' ||
        (data.side === 'consumer' && (type === 'federation.agreement.finalized' || followed.includes(data.state))),
      among: rooms.nodes.purchasesNegotiated,
      lane: (event) => event.subject,
      handle: (tx, event) => followNegotiation(tx, rooms, event),
    },
    {
      name: 'flow.crossing.guarantee',
      types: ['nodes.guarantee.asked', 'nodes.guarantee.unbacked', 'federation.process.moved'],
      concerns: ({ type, data }) =>
        type !== 'federation.process.moved' ||
        (data.state === 'TERMINATED' && data.side === 'provider' && data.kind === 'negotiation'),
      lane: (event) => event.subject,
      handle: (tx, event) =>
        event.type === 'nodes.guarantee.asked'
          ? concludeGuarantee(tx, rooms, event.subject)
          : event.type === 'nodes.guarantee.unbacked'
            ? endUnbacked(tx, rooms, event.subject, String(event.data.reason))
            : voidGuarantee(tx, rooms, event.subject),
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
      handle: async (tx, { subject, data }) => {
        // A closed connector says and hears nothing: what it was negotiating is taken back by the nodes.
        if (!data.open)
          for (const one of await rooms.nodes.negotiating(tx, subject))
            await rooms.nodes.withdraw(tx, one.id, '连接器已关闭 / the connector was closed');
        for (const product of await rooms.market.productsListedBy(tx, subject))
          await rooms.nodes.publishOf(tx, product);
      },
    },
  ],
});
