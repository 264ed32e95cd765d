/** A listed product with every kind of price, and short words for what buyer, supplier and operator do with an order. */
import { odrlFrom } from '@shugu/policy';
import * as agreementsWire from '@shugu/wire/agreements';
import * as deliveryWire from '@shugu/wire/delivery';
import * as marketWire from '@shugu/wire/market';
import * as meteringWire from '@shugu/wire/metering';
import * as settlementWire from '@shugu/wire/settlement';
import {
  type Order,
  readContract,
  readOrder,
  type ScenarioDraft,
  signBoth,
  stateScenario,
} from '../../../cli/src/scenario/order.ts';
import {
  applyForListing,
  assess,
  draftProduct,
  type Listing,
  type ListingDraft,
  reviewListing,
} from '../../../cli/src/scenario/product.ts';
import { until } from '../../../cli/src/scenario/resource.ts';
import { makeWalk } from '../../../cli/src/steps.ts';
import { makeFolder } from '../../../cli/src/trade/folder.ts';
import { divisionsListing, divisionsProduct } from '../../../cli/src/trade/goods.ts';
import { configureDelivery } from '../../../cli/src/trade/settle.ts';
import { register } from '../../../cli/src/trade/walk.ts';
import type { TestExchange, World } from '../support/exchange.ts';

export const buyer = 'citylogistics.trader';
export const supplier = 'xingsha.trader';
export const finance = 'citylogistics.finance';
const payee = 'xingsha.finance';
const developer = 'citylogistics.developer';

export type Way = 'custody' | 'direct' | 'postpaid';

/** Price, and how much of it is ordered. */
export const prices = {
  free: [{ kind: 'free' }, 1],
  oneOff: [{ kind: 'oneOff', price: '120.00' }, 1],
  subscription: [{ kind: 'subscription', period: 'month', price: '100.00' }, 3],
  perCall: [{ kind: 'perCall', unitPrice: '0.105' }, 8],
  perRow: [{ kind: 'perRow', unitPrice: '0.30' }, 8],
  // A byte costs a tenth of a fen.
  perGigabyte: [{ kind: 'perGigabyte', unitPrice: '1000000' }, 20_000],
  tiered: [
    {
      kind: 'tiered',
      unit: 'call',
      mode: 'graduated',
      tiers: [
        { upTo: 2, unitPrice: '1.00' },
        { upTo: null, unitPrice: '0.50' },
      ],
    },
    8,
  ],
} as const;
export type Price = keyof typeof prices;

const policyWith = (more: object) =>
  odrlFrom({
    actions: ['use', 'read', 'derive'],
    prohibited: ['distribute'],
    purposes: ['logistics', 'statistics'],
    quotas: [],
    ...more,
  } as never) as unknown as ListingDraft['policy'];

/** Served by the supplier's own interface, with what it promises of it. */
export interface Served {
  upstream: string;
  levels: NonNullable<Parameters<typeof draftProduct>[3]['serviceLevels']>;
}

const configureProxy = async (exchange: TestExchange, version: string, upstream: string): Promise<void> => {
  await (await exchange.as('xingsha.developer')).call(deliveryWire.putEndpoints, {
    params: { id: version },
    body: { endpoints: [{ kind: 'proxy', upstream }] },
  });
};

/** The codes of divisions have their certificate, and all members their accounts. */
export const registered: World<{ resource: string; code: string }> = {
  name: 'registered',
  accounts: true,
  play: async ({ stage, home }) => {
    const { resource, certificate } = await register({
      stage,
      walk: makeWalk('en'),
      folder: makeFolder(home),
      suite: 'intl',
    });
    return { resource: resource.id, code: certificate.code };
  },
};

/** Assessed and listed, with its look-up API ready; or `served` otherwise. */
export const openShop = async (
  exchange: TestExchange,
  resource: string,
  limits: object = {},
  served?: Served,
): Promise<Listing> => {
  const { stage } = exchange;
  const goods = divisionsProduct(resource);
  if (served) {
    goods.fields.deliveryModes = ['proxy'];
    goods.version.serviceLevels = served.levels;
  }
  const made = await draftProduct(stage, 'xingsha.steward', goods.fields, goods.version);
  const report = await assess(
    stage,
    supplier,
    { key: 'lawfirm', login: 'lawfirm.assessor' },
    made.version,
    goods.fields.name,
  );
  const shares = { xingsha: '0.6', mapping: '0.4' };
  const split = Object.entries(shares).map(([key, share]) => ({
    party: exchange.seeded.organisations[key]!,
    share,
  }));
  const draft = divisionsListing(made.version, report.id, await stage.now(), split);
  const listed = await applyForListing(stage, supplier, {
    ...draft,
    policy: policyWith(limits),
    ...(served ? { deliveryModes: ['proxy'] } : {}),
    plans: Object.entries(prices).map(([title, [plan]]) => ({
      title,
      plan: plan as never,
      settlementWays: ['custody', 'direct', 'postpaid'],
      taxRate: '0.06',
    })),
  });
  if (served) await configureProxy(exchange, made.version, served.upstream);
  else await configureDelivery(stage, made.product, made.version);
  return await reviewListing(stage, listed);
};

/** Each kind of price can be bought. */
export const shop: World<Listing, { resource: string }> = {
  name: 'shop',
  from: registered,
  play: (exchange, { resource }) => openShop(exchange, resource),
};

export const makeScene = (exchange: TestExchange, listing: Listing) => {
  const { stage } = exchange;
  const keys = new Map<string, { address: string; secret: string }>();

  /** Runs what is due until the bank has nothing under way either. */
  const rest = async (): Promise<void> => {
    const desk = await exchange.as('operator.settlement');
    await until('the desk to come to rest', async () => {
      await exchange.settle();
      const { items } = await desk.call(settlementWire.listInstructions, { query: { limit: 100 } });
      const open = items.some(({ state }) => ['planned', 'sent', 'acknowledged'].includes(state));
      return !open && (await exchange.settle()) === 0;
    });
  };

  const moveTo = async (at: string): Promise<void> => {
    await stage.moveClock(new Date(at));
    await rest();
  };

  const deposit = async (fen: number): Promise<void> => {
    const client = await exchange.as(finance);
    await until('the sub-account', async () => {
      await exchange.settle();
      return (await client.call(settlementWire.readAccount, {})).state === 'open';
    });
    await client.call(settlementWire.simulateDeposit, { body: { amountFen: String(fen) } });
  };

  const place = async (
    price: Price,
    way: Way,
    more: { quantity?: number; months?: number; stated?: Partial<ScenarioDraft> } = {},
  ): Promise<Order> => {
    const scenario = await stateScenario(stage, buyer, {
      title: '城配地址规整',
      purposes: ['logistics'],
      endUser: '城配通达物流有限公司（样例）',
      personalData: false,
      onwardUse: '',
      licence: '',
      region: '430100',
      from: '2026-07-01',
      until: '2027-06-30',
      authorisation: '',
      ...more.stated,
    });
    const plan = listing.plans.find(({ title }) => title === price)!;
    return (await exchange.as(buyer)).call(marketWire.placeOrder, {
      body: {
        listing: listing.id,
        offer: plan.offer,
        scenario,
        quantity: more.quantity ?? prices[price][1],
        settlementWay: way,
        months: more.months ?? 3,
      },
    });
  };
  const sign = (order: Order) => signBoth(stage, buyer, supplier, order.contract!);

  const verbs = {
    cancel: marketWire.cancelOrder,
    deliver: marketWire.deliverOrder,
    accept: marketWire.acceptOrder,
    object: marketWire.objectOrder,
  };
  const act = async (login: string, verb: keyof typeof verbs, id: string, note = '说明') =>
    (await exchange.as(login)).call(verbs[verb], { params: { id }, body: { note } });

  const grantOf = async (contract: string) =>
    (await (await exchange.as(developer)).call(deliveryWire.listGrants, { query: { contract } })).items[0];
  const keyOf = async (contract: string) => {
    const known = keys.get(contract);
    if (known) return known;
    const grant = await grantOf(contract);
    if (!grant?.lines[0]?.address) throw new Error(`no access to ${contract}`);
    const client = await exchange.as(developer);
    const { secret } = await client.call(deliveryWire.createKey, { params: { id: grant.id }, body: { name: '联调' } });
    const key = { address: new URL(grant.lines[0].address, exchange.url).toString().replace(/\/$/, ''), secret };
    keys.set(contract, key);
    return key;
  };
  /** Statuses of so many calls, one row each. */
  const call = async (order: Order, times: number, headers: Record<string, string> = {}): Promise<number[]> => {
    const { address, secret } = await keyOf(order.contract!);
    const statuses: number[] = [];
    for (let at = 0; at < times; at++) {
      const answer = await fetch(`${address}/430102`, { headers: { authorization: `Bearer ${secret}`, ...headers } });
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
    return statuses;
  };

  const endAgreed = async (order: Order): Promise<void> => {
    const params = { id: order.contract! };
    const seen = await (await exchange.as(buyer)).call(agreementsWire.proposeTermination, {
      params,
      body: { reason: '双方协商一致' },
    });
    await (await exchange.as(supplier)).call(agreementsWire.decideTermination, {
      params: { ...params, termination: seen.terminations.at(-1)!.id },
      body: { accept: true },
    });
  };
  const endForced = async (order: Order): Promise<void> => {
    const params = { id: order.contract! };
    const seen = await (await exchange.as('operator.reviewer')).call(agreementsWire.forceTermination, {
      params,
      body: { reason: '违规' },
    });
    await (await exchange.as('operator.approver')).call(agreementsWire.confirmForcedTermination, {
      params: { ...params, termination: seen.terminations.at(-1)!.id },
      body: { accept: true },
    });
  };
  const decide = async (order: Order, verdict: 'bill' | 'release'): Promise<void> => {
    const params = { id: order.id };
    await (await exchange.as('operator.reviewer')).call(marketWire.proposeOrderDecision, {
      params,
      body: { verdict, reason: '依据交付与使用记录' },
    });
    await (await exchange.as('operator.approver')).call(marketWire.approveOrderDecision, { params, body: {} });
  };

  const statementsOf = async (order: Order) =>
    (
      await (await exchange.as(finance)).call(settlementWire.listStatements, { query: { order: order.id, limit: 100 } })
    ).items.toReversed();

  /** Pays what waits for the parties themselves: proofs of direct payments, postpaid bills. */
  const pay = async (order: Order): Promise<void> => {
    const [from, to] = [await exchange.as(finance), await exchange.as(payee)];
    for (const one of await statementsOf(order)) {
      const params = { id: one.id };
      const amountFen = one.total ?? '0';
      if (one.state === 'settled') continue;
      if (one.way === 'direct') {
        const filed = await from.call(settlementWire.fileProof, {
          params,
          body: {
            amountFen,
            paidOn: '2026-07-02',
            file: {
              name: 'proof.pdf',
              mediaType: 'application/pdf',
              content: Buffer.from('%PDF-1.4').toString('base64'),
            },
          },
        });
        await to.call(settlementWire.answerProof, { params: { id: filed.proofs[0]!.id }, body: { received: true } });
      } else if (one.way === 'postpaid') {
        await from.call(settlementWire.answerBill, { params, body: { amountFen } });
        await to.call(settlementWire.answerBill, { params, body: { amountFen } });
        if (amountFen === '0') continue;
        await to.call(settlementWire.recordInvoice, {
          params,
          body: { number: one.number.replace(/\D/g, '').padStart(20, '0'), day: '2026-07-02' },
        });
        await from.call(settlementWire.payBill, { params, body: { amountFen } });
      }
    }
  };

  /** The supplier pays what it owes the exchange for what was paid directly; false where it owes nothing. */
  const payFee = async (statement: string): Promise<boolean> => {
    const client = await exchange.as(payee);
    const params = { id: statement };
    const { fee } = await client.call(settlementWire.readStatement, { params });
    if (fee?.state !== 'owed') return false;
    await client.call(settlementWire.payFee, { params, body: { amountFen: fee.owed } });
    return true;
  };

  const moneyOf = async (order: Order) =>
    (await exchange.as(finance))
      .call(settlementWire.readOrderMoney, { params: { order: order.id } })
      .catch(() => undefined);
  const balanceOf = async (order: Order) => {
    const grant = await grantOf(order.contract!);
    return (await exchange.as(developer)).call(meteringWire.getBalance, { params: { id: grant!.id } });
  };
  return {
    rest,
    moveTo,
    deposit,
    place,
    sign,
    act,
    call,
    grantOf,
    endAgreed,
    endForced,
    decide,
    statementsOf,
    pay,
    payFee,
    moneyOf,
    balanceOf,
    order: (order: Order) => readOrder(stage, buyer, order.id),
    contract: (order: Order) => readContract(stage, buyer, order.contract!),
    funds: async () => (await (await exchange.as(finance)).call(settlementWire.readAccount, {})).funds,
  };
};

export type Scene = ReturnType<typeof makeScene>;
