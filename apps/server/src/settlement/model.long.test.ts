/** Random trading against a model of a few lines: whatever happens, everybody has what the model says. */

import * as wire from '@shugu/wire/settlement';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dealsOn } from './testing.deals.ts';
import { refusal, startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const { openFor, contract, use } = dealsOn(() => server);
const buyers = ['bank', 'citylogistics', 'merchant'] as const;
beforeAll(async () => {
  server = await startSettlementServer();
  for (const buyer of [...buyers, 'xingsha'] as const) await openFor(`${buyer}.finance`);
});
afterAll(() => server?.close());

interface Order {
  buyer: string;
  held: bigint;
  waiting: bigint | null;
  owed: bigint | null;
  over: boolean;
}

/** No bank, no books, no instructions: only what must be true once everything has come to rest. */
class Model {
  free = new Map<string, bigint>();
  orders: Order[] = [];
  add(member: string, fen: bigint) {
    this.free.set(member, (this.free.get(member) ?? 0n) + fen);
  }
  get(member: string) {
    return this.free.get(member) ?? 0n;
  }
  rest() {
    for (let moved = true; moved; ) {
      moved = false;
      for (const order of this.orders) {
        if (order.waiting !== null && this.get(order.buyer) >= order.waiting) {
          this.add(order.buyer, -order.waiting);
          order.held += order.waiting;
          order.waiting = null;
          moved = true;
        }
        if (order.owed !== null && order.held >= order.owed) {
          const fee = (order.owed * 200n + 5_000n) / 10_000n;
          this.add('xingsha', order.owed - fee);
          this.add('operator', fee);
          this.add(order.buyer, order.held - order.owed);
          Object.assign(order, { held: 0n, owed: null, over: true });
          moved = true;
        }
      }
    }
  }
  /** One of the orders that nothing was billed on yet; −1 when there is none. */
  running(which: number): number {
    const running = this.orders.flatMap(({ over, owed }, index) => (over || owed !== null ? [] : [index]));
    return running.at(which % Math.max(1, running.length)) ?? -1;
  }
  held(member: string) {
    return this.orders.filter(({ buyer }) => buyer === member).reduce((sum, { held }) => sum + held, 0n);
  }
}

const operation = fc.oneof(
  fc.record({
    do: fc.constant('deposit' as const),
    who: fc.constantFrom(...buyers),
    fen: fc.bigInt({ min: 1n, max: 90_000n }),
  }),
  fc.record({
    do: fc.constant('order' as const),
    who: fc.constantFrom(...buyers),
    fen: fc.bigInt({ min: 0n, max: 60_000n }),
  }),
  fc.record({ do: fc.constant('use' as const), which: fc.nat(99), fen: fc.bigInt({ min: 0n, max: 50_000n }) }),
  fc.record({ do: fc.constant('release' as const), which: fc.nat(99) }),
  fc.record({
    do: fc.constant('payout' as const),
    who: fc.constantFrom(...buyers, 'xingsha' as const),
    fen: fc.bigInt({ min: 1n, max: 50_000n }),
  }),
);

test('random deposits, orders, uses, releases and payouts', { timeout: 120_000 }, async () => {
  const model = new Model();
  const ids: string[] = [];
  const [operations] = fc.sample(fc.array(operation, { minLength: 80, maxLength: 80 }), {
    numRuns: 1,
    seed: 20_260_302,
  });
  for (const one of operations!) {
    switch (one.do) {
      case 'deposit':
        await (await server.as(`${one.who}.finance`)).call(wire.simulateDeposit, {
          body: { amountFen: one.fen.toString() },
        });
        model.add(one.who, one.fen);
        break;
      case 'order':
        ids.push(
          await contract({ buyer: one.who, estimate: one.fen, plan: { kind: 'perCall', unitPrice: '0.01' } as never }),
        );
        model.orders.push({ buyer: one.who, held: 0n, waiting: one.fen || null, owed: null, over: false });
        break;
      case 'use': {
        const index = model.running(one.which);
        const order = model.orders[index];
        if (!order) break;
        await use(ids[index]!, one.fen);
        // The sum is known now: an estimate that still waits gives way to what is missing.
        order.owed = one.fen;
        order.waiting = order.held >= one.fen ? null : one.fen - order.held;
        break;
      }
      case 'release': {
        const index = model.running(one.which);
        const order = model.orders[index];
        if (!order) break;
        await server.tx((tx) => server.settlement.releaseOrder(tx, { order: ids[index]!, reason: '试验' }));
        model.add(order.buyer, order.held);
        Object.assign(order, { held: 0n, waiting: null, over: true });
        break;
      }
      case 'payout': {
        const call = (await server.as(`${one.who}.finance`)).call(wire.requestPayout, {
          body: { amountFen: one.fen.toString() },
        });
        if (model.get(one.who) < one.fen) expect(await refusal(call)).toBe('settlement.fundsShort');
        else {
          await call;
          model.add(one.who, -one.fen);
        }
      }
    }
    model.rest();
    await server.settle();
    for (const member of [...buyers, 'xingsha', 'operator']) {
      const { available, held, due, custody } = await server.settlement.funds(server.database, server.org(member));
      expect({ member, one, available, held, due }).toEqual({
        member,
        one,
        available: model.get(member),
        held: model.held(member),
        due: 0n,
      });
      expect(custody).toBe(available + held);
    }
  }
  expect(model.orders.filter(({ over }) => over).length).toBeGreaterThan(5);
  const clerk = await server.as('operator.settlement');
  expect(await clerk.call(wire.runReconciliation, { body: { day: '2026-03-02' } })).toMatchObject({ differences: 0 });
});
