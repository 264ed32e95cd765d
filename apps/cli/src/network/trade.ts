/**
 * One trade across two nodes over the Dataspace Protocol, as people of both would make it: connectors opened, an offer taken up,
 * refused for want of money, paid for, reviewed, agreed, and the data read with the key that came of it.
 */
import { type CallOutput, type Client, ProblemError } from '@shugu/wire';
import * as wire from '@shugu/wire/federation';
import { readListing, readOrder } from '@shugu/wire/market';
import { productPage } from '@shugu/wire/market-find';
import { listAdmissions } from '@shugu/wire/members';
import { simulateDeposit } from '@shugu/wire/settlement';
import type { Good } from '../goods/products.ts';
import { move } from '../scenario/cases.ts';
import { until } from '../scenario/resource.ts';
import type { Walk } from '../steps.ts';
import type { Network, RunningNode } from './network.ts';
import { tradersOf } from './plan.ts';

type Told = CallOutput<typeof wire.getProcess>;
type Process = Told['process'];
type Connector = CallOutput<typeof wire.openConnector>;

/** Where one side looks at the trade, and as whom. */
export interface Seen {
  node: string;
  login: string;
  url: string;
}
export interface Traded {
  consumer: Seen;
  provider: Seen;
}

export interface Party {
  node: RunningNode;
  login: string;
  client: Client;
  connector: Connector;
}

const depositFen = '5000';
/** Of the first truck of the supplier's synthetic table. */
export const plate = '湘Z10000';
const format = 'HttpData-PULL';

const rule = (kind: 'negotiation' | 'transfer', on: string, reaction: string): wire.ReactionRule =>
  wire.reactionRule.parse({ kind, on, reaction });
/** Everything that the trade's own review does not ask a person about goes by itself. */
const rules = {
  provider: [
    rule('negotiation', 'request', 'agree'),
    rule('negotiation', 'verify', 'finalize'),
    rule('transfer', 'request', 'start'),
  ],
  consumer: [rule('negotiation', 'agree', 'verify')],
};

export const connect = async (node: RunningNode, member: string, side: keyof typeof rules): Promise<Party> => {
  const login = `${member}.trader`;
  const client = await node.stage.as(login);
  const connector = await client.call(wire.openConnector, { body: {} });
  await client.call(wire.setRules, { body: { rules: rules[side] } });
  return { node, login, client, connector };
};

/** Of what is included nothing would be held at the bank: here every call has its price. */
export const payable = (good: Good): Good => ({
  ...good,
  listing: (...given) => {
    const draft = good.listing(...given);
    const plans = draft.plans.map(({ plan, ...rest }) => ({
      ...rest,
      plan: plan.kind === 'perCall' ? { kind: plan.kind, unitPrice: plan.unitPrice } : plan,
    }));
    return { ...draft, plans };
  },
});

/** The first plan of the product's public page, as anybody reads it. */
const offerOf = async ({ stage, listings }: RunningNode) => {
  const { product } = await stage.anyone.call(readListing, { params: { id: listings[0]! } });
  const { listing, version } = await stage.anyone.call(productPage, { params: { id: product } });
  const { permission, prohibition, obligation, profile } = listing.policy as Record<string, unknown>;
  const parts = Object.entries({ permission, prohibition, obligation, profile });
  const terms = Object.fromEntries(parts.filter(([, part]) => (Array.isArray(part) ? part.length > 0 : part)));
  return { dataset: product, name: version.about.name, offer: listing.plans[0]!.offer, terms: terms as never };
};

const told = ({ client }: Party, id: string) => client.call(wire.getProcess, { params: { id } });

export const reached = (party: Party, id: string, state: Process['state']): Promise<Told> =>
  until(`${id} to be ${state}`, async () => {
    const seen = await told(party, id);
    if (seen.process.state === 'TERMINATED' && state !== 'TERMINATED')
      throw new Error(`${id}: ${seen.messages.find(({ act }) => act === 'terminate')?.reason}`);
    return seen.process.state === state && seen;
  });

/** The same process as the other side has it. */
export const twinOf = ({ client }: Party, theirPid: string): Promise<Process> =>
  until(`the other side of ${theirPid}`, async () => {
    const { items } = await client.call(wire.listProcesses, { query: { limit: 100 } });
    return items.find((one) => one.theirPid === theirPid);
  });

/** Whoever is recognised has nobody at this node: the desk there pretends that its money arrives (simulated bank). */
export const deposit = async ({ stage }: RunningNode, name: string, amountFen: string): Promise<void> => {
  const reviewer = await stage.as('operator.reviewer');
  const { items } = await reviewer.call(listAdmissions, { query: { limit: 100 } });
  const member = items.find((one) => one.dataspaceId === name)!.id;
  const desk = await stage.as('operator.settlement');
  await until('its sub-account', async () => {
    try {
      return await desk.call(simulateDeposit, { body: { amountFen, member } });
    } catch (error) {
      if (error instanceof ProblemError && error.problem.code === 'settlement.accountMissing') return undefined;
      throw error;
    }
  });
};

/** Its product holds personal data: the rules give the trade to a person of the operator. */
export const review = async (provider: Party, negotiation: string): Promise<void> => {
  const order = await until('the order', async () => (await told(provider, negotiation)).process.order ?? undefined);
  const seen = await provider.client.call(readOrder, { params: { id: order } });
  if (seen.state !== 'reviewing') return;
  const reviewer = await provider.node.stage.as('operator.reviewer');
  await move(reviewer, seen.review.case, 'pass', { opinion: '用途明确，逐次提供授权凭证号。' });
};

export interface Address {
  endpoint: string;
  endpointProperties: { name: string; value: string }[];
}

/** As any client reads by a data address, with what this product's policy asks for: a purpose, and its owner's authorisation. */
export const read = async (address: Address, key: string): Promise<string> => {
  const secret = address.endpointProperties.find(({ name }) => name === 'authorization')!.value;
  const answer = await fetch(`${address.endpoint}/${encodeURIComponent(key)}`, {
    headers: {
      authorization: `Bearer ${secret}`,
      'x-purpose': 'logistics',
      'x-authorisation-reference': 'SQ-DEMO-0001',
    },
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`the data answers ${answer.status}: ${text.slice(0, 300)}`);
  return text;
};

/** Tokens live for minutes: both calendars show the same before they speak. */
export const alignClocks = async (nodes: readonly RunningNode[]): Promise<void> => {
  const now = await Promise.all(nodes.map(({ stage }) => stage.now()));
  const latest = new Date(Math.max(...now.map((at) => at.getTime())) + 1000);
  await Promise.all(nodes.map(({ stage }) => stage.moveClock(latest)));
};

const seen = ({ node, login }: Party, process: string): Seen => ({
  node: node.operator,
  login,
  url: `${node.url}/connector/processes/${process}`,
});

/** Undefined where the plan has nobody to trade. */
export const tradeAcross = async ({ nodes }: Network, walk: Walk): Promise<Traded | undefined> => {
  const traders = tradersOf(nodes);
  if (!traders) return undefined;
  const { consumer: bought, provider: sold } = traders;
  return walk.step(
    'trade',
    {
      zh: `跨节点交易：${bought.node.operator} 的会员向 ${sold.node.operator} 的会员购买`,
      en: `A trade across nodes: a member of ${bought.node.operator} buys from one of ${sold.node.operator}`,
    },
    async (prove) => {
      await alignClocks([bought.node, sold.node]);
      const consumer = await connect(bought.node, bought.member, 'consumer');
      const provider = await connect(sold.node, sold.member, 'provider');
      const { name, ...wanted } = await offerOf(sold.node);
      const asking = {
        title: name,
        counterparty: provider.connector.did,
        address: provider.connector.address,
        ...wanted,
      };
      const ask = async () => (await consumer.client.call(wire.requestContract, { body: asking })).id;

      const unpaid = await reached(consumer, await ask(), 'TERMINATED');
      prove(
        {
          zh: `${name}：没有入金，协商被终止，并告知理由`,
          en: `${name}: refused, since no money lies at the bank, and told so`,
        },
        unpaid.messages.some(({ act, reason }) => act === 'terminate' && reason?.includes('deposit first')),
      );
      await deposit(provider.node, consumer.connector.did, depositFen);

      const negotiation = await ask();
      const twin = await twinOf(provider, negotiation);
      await review(provider, twin.id);
      const { process } = await reached(consumer, negotiation, 'FINALIZED');
      prove({
        zh: '入金后再次请求：交易审核通过，合同双方签署，协议生效',
        en: 'asked again with money there: reviewed, the contract signed by both, the agreement final',
      });
      const agreement = (process.agreement as { '@id': string })['@id'];
      const { address } = provider.connector;
      const transfer = await consumer.client.call(wire.requestTransfer, { body: { agreement, address, format } });
      const started = await reached(consumer, transfer.id, 'STARTED');
      const answer = await read(started.process.dataAddress as unknown as Address, plate);
      prove({ zh: `读到 ${plate}：${answer}`, en: `read ${plate}: ${answer}` }, answer.includes('score'));
      return { consumer: seen(consumer, negotiation), provider: seen(provider, twin.id) };
    },
  );
};
