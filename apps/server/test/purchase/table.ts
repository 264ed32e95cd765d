/**
 * Every kind of price, every way to settle, every end of an order, taken to the money. The rows say in verbs what people do in
 * July, in August, and after the contract's term in October; and by hand what each statement comes to.
 */
import * as settlementWire from '@shugu/wire/settlement';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Order } from '../../../cli/src/scenario/order.ts';
import { journalFaults } from '../crash/audit.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';
import { buyer, makeScene, openShop, type Price, prices, registered, type Scene, supplier, type Way } from './scene.ts';

type Verb = 'use' | 'deliver' | 'accept' | 'object' | 'agree' | 'force' | 'cancel' | 'bill' | 'release';

export interface Row {
  name: string;
  price: Price;
  way: Way;
  /** `use`: three calls in July, two in August. */
  july: Verb[];
  august?: Verb[];
  october?: Verb[];
  order: string;
  contract: string;
  /** Fen of each statement; null: as many bytes as were sent, a tenth of a fen each. */
  totals: (number | null)[];
}

const ways: Way[] = ['custody', 'direct', 'postpaid'];
const once: Price[] = ['free', 'oneOff'];
const metered: Price[] = ['perCall', 'perRow', 'perGigabyte', 'tiered'];
const few: Price[] = ['oneOff', 'subscription', 'perCall', 'tiered'];

/** What three and two units, or a period, cost: 31.5 rounded, 2 × 1.00 + 0.50, … */
const july: Record<Price, number | null> = {
  free: 0,
  oneOff: 12_000,
  subscription: 10_000,
  perCall: 32,
  perRow: 90,
  perGigabyte: null,
  tiered: 250,
};
const august: Partial<Record<Price, number | null>> = { perCall: 21, perRow: 60, perGigabyte: null, tiered: 200 };

const row = (name: string, price: Price, way: Way, more: Omit<Row, 'name' | 'price' | 'way'>): Row => ({
  name: `${name}: ${price}, ${way}`,
  price,
  way,
  ...more,
});
const by = <T extends Price>(all: T[], make: (price: T) => Row): Row[] => all.map(make);

export const allRows: Row[] = [
  // Paid once: acceptance settles; access runs on to the end of the term.
  ...ways.flatMap((way) =>
    by(once, (price) =>
      row('accepted', price, way, {
        july: ['use', 'deliver', 'accept'],
        order: 'settled',
        contract: 'completed',
        totals: [july[price]],
      }),
    ),
  ),
  // Running: July's bill at the cycle's end, August's at the agreed end.
  ...ways.flatMap((way) =>
    by(metered, (price) =>
      row('accepted, ended in August', price, way, {
        july: ['use', 'deliver', 'accept'],
        august: ['use', 'agree'],
        order: 'settled',
        contract: 'terminatedAgreed',
        totals: [july[price], august[price]!],
      }),
    ),
  ),
  // A period that has begun is owed whole; those that have not are given back.
  ...ways.map((way) =>
    row('accepted, ended in August', 'subscription', way, {
      july: ['deliver', 'accept'],
      august: ['agree'],
      order: 'settled',
      contract: 'terminatedAgreed',
      totals: [10_000],
    }),
  ),
  row('accepted, runs its term', 'subscription', 'custody', {
    july: ['deliver', 'accept'],
    order: 'settled',
    contract: 'completed',
    totals: [10_000, 10_000, 10_000],
  }),
  ...ways.map((way) =>
    row('accepted, runs its term', 'perCall', way, {
      july: ['use', 'deliver', 'accept'],
      order: 'settled',
      contract: 'completed',
      totals: [32],
    }),
  ),
  ...by(few, (price) =>
    row('objected, delivered again', price, 'custody', {
      july: ['use', 'deliver', 'object', 'deliver', 'accept', 'agree'],
      order: 'settled',
      contract: 'terminatedAgreed',
      totals: [july[price]],
    }),
  ),
  // Rescission: both end what the buyer objected to. Use that was made of it is decided by two people.
  ...by(['oneOff', 'subscription'], (price) =>
    row('objected, ended by both', price, 'custody', {
      july: ['use', 'deliver', 'object', 'agree'],
      order: 'closed',
      contract: 'terminatedAgreed',
      totals: [],
    }),
  ),
  row('objected, ended by both, use billed', 'perCall', 'custody', {
    july: ['use', 'deliver', 'object', 'agree', 'bill'],
    order: 'closed',
    contract: 'terminatedAgreed',
    totals: [32],
  }),
  row('objected, ended by both, use not billed', 'tiered', 'custody', {
    july: ['use', 'deliver', 'object', 'agree', 'release'],
    order: 'closed',
    contract: 'terminatedAgreed',
    totals: [],
  }),
  row('objected, ended by both, nothing used', 'perRow', 'custody', {
    july: ['deliver', 'object', 'agree'],
    order: 'closed',
    contract: 'terminatedAgreed',
    totals: [],
  }),
  row('objected, term over, given back', 'oneOff', 'custody', {
    july: ['use', 'deliver', 'object'],
    october: ['release'],
    order: 'closed',
    contract: 'expired',
    totals: [],
  }),
  // Stopped by force while used and not delivered: recorded use is owed, what is paid once is decided.
  ...ways.map((way) =>
    row('forced end of use', 'perCall', way, {
      july: ['use', 'force'],
      order: 'closed',
      contract: 'terminatedForced',
      totals: [32],
    }),
  ),
  row('forced end of use', 'oneOff', 'custody', {
    july: ['use', 'force', 'bill'],
    order: 'closed',
    contract: 'terminatedForced',
    totals: [12_000],
  }),
  row('forced end of use', 'subscription', 'custody', {
    july: ['use', 'force', 'release'],
    order: 'closed',
    contract: 'terminatedForced',
    totals: [],
  }),
  row('forced end after acceptance', 'tiered', 'postpaid', {
    july: ['use', 'deliver', 'accept', 'force'],
    order: 'settled',
    contract: 'terminatedForced',
    totals: [250],
  }),
  // Silence is no consent: the operator decides, within the term or after it.
  row('silent buyer, billed in time', 'oneOff', 'custody', {
    july: ['use', 'deliver'],
    august: ['bill'],
    order: 'settled',
    contract: 'completed',
    totals: [12_000],
  }),
  ...by(few, (price) =>
    row('silent buyer, billed after the term', price, 'custody', {
      july: ['use', 'deliver'],
      october: ['bill'],
      order: 'settled',
      contract: 'completed',
      totals: price === 'subscription' ? [10_000, 10_000, 10_000] : [july[price]],
    }),
  ),
  row('silent buyer, given back after the term', 'perRow', 'custody', {
    july: ['use', 'deliver'],
    october: ['release'],
    order: 'closed',
    contract: 'expired',
    totals: [],
  }),
  row('silent buyer accepts after the term', 'perCall', 'postpaid', {
    july: ['use', 'deliver'],
    october: ['accept'],
    order: 'settled',
    contract: 'completed',
    totals: [32],
  }),
  row('silent buyer objects after the term', 'perCall', 'direct', {
    july: ['use', 'deliver'],
    october: ['object', 'bill'],
    order: 'closed',
    contract: 'completed',
    totals: [32],
  }),
  ...by(few, (price) =>
    row('never delivered, term over', price, 'custody', { july: [], order: 'closed', contract: 'expired', totals: [] }),
  ),
  row('used, never delivered, term over', 'perCall', 'custody', {
    july: ['use'],
    order: 'closed',
    contract: 'completed',
    totals: [32],
  }),
  ...by(['oneOff', 'perCall'], (price) =>
    row('cancelled', price, 'custody', { july: ['cancel'], order: 'cancelled', contract: 'refused', totals: [] }),
  ),
];

/** Plays them all at once on an exchange of its own, and tests each. */
export const takeToTheirMoney = (rows: readonly Row[]): void => {
  const depositFen = 10_000_000;
  /** What the desk was owed in fees before they were paid. */
  let owedBefore = 0;
  let exchange: TestExchange;
  let scene: Scene;
  const orders = new Map<Row, Order>();
  /** Bytes sent to a buyer, by month, as receipts say. */
  const bytes = new Map<Row, number[]>();

  const atOnce = 6;
  /** Every row's part, a few at a time: they are each other's strangers. */
  const each = async (run: (one: Row) => Promise<unknown>): Promise<void> => {
    const left = rows.values();
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const one of left) await run(one);
      }),
    );
  };

  const play = async (one: Row, verbs: readonly Verb[], uses: number): Promise<void> => {
    const order = orders.get(one)!;
    for (const verb of verbs)
      await act(order, verb, uses).catch((error) => {
        throw new Error(`${one.name}: ${verb}: ${error.message}`);
      });
  };
  const act = async (order: Order, verb: Verb, uses: number): Promise<void> => {
    switch (verb) {
      case 'use':
        return expect(await scene.call(order, uses)).toEqual(Array(uses).fill(200));
      case 'agree':
        return scene.endAgreed(order);
      case 'force':
        return scene.endForced(order);
      case 'bill':
      case 'release':
        await scene.rest();
        return scene.decide(order, verb);
      default:
        await scene.act(verb === 'deliver' ? supplier : buyer, verb, order.id);
    }
  };
  const measure = async (): Promise<void> => {
    for (const one of rows.filter(({ price, july: verbs }) => price === 'perGigabyte' && verbs.includes('use')))
      bytes.set(one, [...(bytes.get(one) ?? []), (await scene.balanceOf(orders.get(one)!)).used.bytes]);
  };
  const payAll = async (): Promise<void> => {
    await each(async (one) => {
      if (one.way !== 'custody') await scene.pay(orders.get(one)!);
    });
    await scene.rest();
  };

  const owedFen = async (): Promise<number> =>
    Number((await (await exchange.as('operator.settlement')).call(settlementWire.readOverview, {})).feesOwed);
  /** Two per cent of the price, half a fen up: taken by the bank, or owed by the supplier where the parties settle themselves. */
  const feeOf = (fen: number): number => Math.floor((fen * 2 + 50) / 100);
  const payFees = async (): Promise<void> => {
    await each(async (one) => {
      if (one.way !== 'direct') return;
      for (const { id } of await scene.statementsOf(orders.get(one)!)) await scene.payFee(id);
    });
    await scene.rest();
  };

  beforeAll(async () => {
    exchange = await testExchange({ accounts: true });
    const { resource } = await registered.play(exchange, undefined);
    scene = makeScene(exchange, await openShop(exchange, resource));
    await scene.deposit(depositFen);
    await each(async (one) => {
      const order = await scene.place(one.price, one.way);
      orders.set(one, order);
      if (!one.july.includes('cancel')) await scene.sign(order);
    });
    await scene.rest();
    await each((one) => play(one, one.july, 3));
    await scene.rest();
    await measure();
    for (const month of ['2026-08-03', '2026-09-02', '2026-10-02', '2026-10-09']) {
      await scene.moveTo(`${month}T09:00:00+08:00`);
      if (month === '2026-08-03') {
        await each((one) => play(one, one.august ?? [], 2));
        await scene.rest();
        await measure();
      }
    }
    await each((one) => play(one, one.october ?? [], 0));
    await scene.rest();
    await payAll();
    await payAll();
    owedBefore = await owedFen();
    await payFees();
  }, 600_000);
  afterAll(() => exchange.end());

  const totalsOf = (one: Row): number[] => {
    const [first = 0, second = 0] = bytes.get(one) ?? [];
    const sent = [first, second - first];
    return one.totals.map((fen, at) => fen ?? Math.floor((sent[at]! + 5) / 10));
  };

  describe('an order taken to its money', () => {
    test.each(rows.map((one) => [one.name, one] as const))('%s', async (_, one) => {
      const order = orders.get(one)!;
      const [seen, contract, money] = [
        await scene.order(order),
        await scene.contract(order),
        await scene.moneyOf(order),
      ];
      const statements = await scene.statementsOf(order);
      expect({
        order: seen.state,
        contract: contract.state,
        statements: statements.map(({ total, state }) => [Number(total), state]),
        held: money?.held ?? '0',
        waiting: money?.waiting ?? false,
      }).toEqual({
        order: one.order,
        contract: one.contract,
        statements: totalsOf(one).map((fen) => [fen, 'settled']),
        held: '0',
        waiting: false,
      });
      const desk = await exchange.as('operator.settlement');
      const fees = await Promise.all(
        statements.map(async ({ id }) => {
          const { fee, legs } = await desk.call(settlementWire.readStatement, { params: { id } });
          expect(fee === null || fee.paid === fee.charged).toBe(true);
          return [Number(legs.find((leg) => leg.fee)?.amount ?? 0), fee ? Number(fee.charged) : null];
        }),
      );
      expect(fees).toEqual(
        totalsOf(one).map((fen) => [feeOf(fen), one.way === 'direct' && feeOf(fen) > 0 ? feeOf(fen) : null]),
      );
      // A voucher is for what was accepted, and for nothing else.
      expect(seen.papers.some(({ kind }) => kind === 'tradeVoucher')).toBe(one.order === 'settled');
      if (one.july.includes('use')) expect(await scene.call(order, 1)).not.toContain(200);
    });
  });

  test('the books add up, nothing is held or due, and the bank says the same', async () => {
    const paid = rows.filter(({ way }) => way !== 'direct').flatMap(totalsOf);
    const spent = paid.reduce((sum, fen) => sum + fen, 0);
    expect(await scene.funds()).toMatchObject({ available: String(depositFen - spent), held: '0', due: '0' });
    const desk = await exchange.as('operator.settlement');
    const { funds, feeIncome, feesOwed } = await desk.call(settlementWire.readOverview, {});
    const feesOf = (some: readonly Row[]) => some.flatMap(totalsOf).reduce((sum, fen) => sum + feeOf(fen), 0);
    expect(owedBefore).toBe(feesOf(rows.filter(({ way }) => way === 'direct')));
    expect([Number(feeIncome), feesOwed]).toEqual([feesOf(rows), '0']);
    const own = (await desk.call(settlementWire.readAccount, {})).funds;
    expect(Number(own.available)).toBe(feesOf(rows));
    expect(funds).toMatchObject({ held: '0', due: '0', difference: '0', custody: funds.available });
    const journal = await (await desk.raw(settlementWire.readJournal, { query: {} })).text();
    expect(journalFaults(journal)).toEqual([]);
    const day = { day: '2026-10-09' };
    const compared = await desk.call(settlementWire.runReconciliation, { body: day });
    expect([compared.differences, compared.ours]).toEqual([0, compared.theirs]);
    expect(Object.keys(prices).every((price) => rows.some((one) => one.price === price))).toBe(true);
  });
};
