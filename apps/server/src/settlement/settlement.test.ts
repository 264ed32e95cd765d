import * as wire from '@shugu/wire/settlement';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { dealsOn } from './testing.deals.ts';
import { refusal, startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startSettlementServer();
});
afterAll(() => server?.close());

const { openFor, contract, use, funds } = dealsOn(() => server);

describe('custody', () => {
  test('deposit, hold, use, capture, split, release, statement for each by its standing', async () => {
    const buyer = await openFor('bank.finance', '1000000');
    expect(await buyer.call(wire.readAccount, {})).toMatchObject({
      state: 'open',
      simulator: true,
      funds: { available: '1000000', custody: '1000000' },
    });

    const order = await contract({ shares: true });
    expect(await funds('bank.finance')).toMatchObject({ available: '900000', held: '100000' });
    expect(await server.events('settlement.hold.placed')).toContainEqual(expect.objectContaining({ subject: order }));

    const id = await use(order, 123_457n);
    // 123,457 × 0.0035 = 432.0995 yuan → 43,210 fen; fee 2 % = 864.2 → 864; 42,346 × 0.7 = 29,642.2, × 0.3 = 12,703.8
    expect(await funds('bank.finance')).toMatchObject({ available: String(1_000_000 - 43_210), held: '0', due: '0' });
    expect((await funds('xingsha.finance')).available).toBe('29642');
    expect((await funds('mapping.finance')).available).toBe('12704');
    expect((await funds('operator.settlement')).available).toBe('864');
    expect(await server.events('settlement.order.settled')).toContainEqual(expect.objectContaining({ subject: order }));

    const seen = await buyer.call(wire.readStatement, { params: { id } });
    expect(seen).toMatchObject({ state: 'settled', total: '43210', tax: '2446', legs: [], next: { who: 'nobody' } });
    expect(seen.lines).toMatchObject([
      { quantity: '123457', unitPrice: '0.0035', amountExact: '432.0995', amount: '43210' },
    ]);
    const supplier = await (await server.as('xingsha.finance')).call(wire.readStatement, { params: { id } });
    expect(supplier).toMatchObject({ total: '43210', legs: [{ role: 'supplier', amount: '29642' }] });
    const holder = await (await server.as('mapping.finance')).call(wire.readStatement, { params: { id } });
    expect(holder).toMatchObject({
      total: null,
      lines: [],
      plan: null,
      legs: [{ role: 'rightsHolder', amount: '12704' }],
    });
    expect(holder.papers.map(({ kind }) => kind)).toEqual(['statementShare']);
    const desk = await (await server.as('operator.settlement')).call(wire.readStatement, { params: { id } });
    expect(desk.legs.map(({ amount }) => amount)).toEqual(['29642', '12704', '864']);
    const stranger = await server.as('citylogistics.finance');
    expect(await refusal(stranger.call(wire.readStatement, { params: { id } }))).toBe('kernel.unknown');
    expect((await stranger.call(wire.listStatements, { query: {} })).items).toEqual([]);
    expect(await refusal((await server.as('bank.trader')).call(wire.openAccount, { body: {} }))).toBe(
      'kernel.notPermitted',
    );
  });

  test('a hold without money waits for the deposit, a smaller one need not', async () => {
    const buyer = await openFor('citylogistics.finance', '1000');
    const first = await contract({ buyer: 'citylogistics', estimate: 5000n });
    const second = await contract({ buyer: 'citylogistics', estimate: 900n });
    expect(await buyer.call(wire.readOrderMoney, { params: { order: first } })).toMatchObject({
      waiting: true,
      held: '0',
    });
    expect((await buyer.call(wire.readOrderMoney, { params: { order: second } })).held).toBe('900');
    await buyer.call(wire.simulateDeposit, { body: { amountFen: '4900' } });
    await server.settle();
    expect(await buyer.call(wire.readOrderMoney, { params: { order: first } })).toMatchObject({
      waiting: false,
      held: '5000',
    });
    expect(await funds('citylogistics.finance')).toMatchObject({ available: '0', held: '5900' });
    await server.tx((tx) => server.settlement.releaseOrder(tx, { order: first, reason: '合同未成立' }));
    await server.settle();
    expect(await funds('citylogistics.finance')).toMatchObject({ available: '5000', held: '900' });
  });

  test('a deposit taken in while the hold is still being decided is not overlooked', async () => {
    const buyer = await openFor('merchant.finance');
    const order = server.newOrder();
    let deposit: Promise<unknown> | undefined;
    await server.tx(async (tx) => {
      await server.settlement.openOrder(tx, {
        order,
        contract: 'ctr_test',
        title: '货车宝：近一年里程（样例）',
        buyer: server.org('merchant'),
        supplier: server.org('xingsha'),
        plan: { kind: 'free' },
        taxRate: '0.06',
        way: 'custody',
        estimateFen: 700n,
      });
      deposit = buyer.call(wire.simulateDeposit, { body: { amountFen: '700' } });
      // Either the deposit is taken in already, or it waits for this decision.
      for (;;) {
        const { seen } = await server.database.one<{ seen: boolean }>(sql`select
          exists (select from bank_deposits where participant = ${server.org('merchant')})
          or exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as seen`);
        if (seen) break;
        await new Promise((done) => setTimeout(done, 10));
      }
    });
    await deposit;
    await server.settle();
    expect(await buyer.call(wire.readOrderMoney, { params: { order } })).toMatchObject({ waiting: false, held: '700' });
  });

  test('use beyond the hold tops it up; a period is rated once', async () => {
    const before = BigInt((await funds('bank.finance')).available);
    const order = await contract({ estimate: 100n });
    const first = await use(order, 100_000n, { final: false, periodKey: '2026-03' });
    const again = await use(order, 999_999n, { final: false, periodKey: '2026-03' });
    expect(again).toBe(first);
    await use(order, 0n, { final: true, periodKey: '2026-04' });
    expect(BigInt((await funds('bank.finance')).available)).toBe(before - 35_000n);
    expect(
      (await server.events('settlement.order.settled')).find(({ subject }) => subject === order)?.data,
    ).toMatchObject({ fen: '35000' });
  });
});

test('a free order in custody has nothing to hold and settles by itself', async () => {
  const order = await contract({ estimate: 0n, plan: { kind: 'free' } });
  expect(await server.events('settlement.hold.placed')).toContainEqual(
    expect.objectContaining({ subject: order, data: { order, hold: '', fen: '0' } }),
  );
  await use(order, 12n);
  expect((await server.events('settlement.order.settled')).map(({ subject }) => subject)).toContain(order);
});

test('a buyer is no payee, and a statement has a limit of lines', async () => {
  await expect(contract({ buyer: 'mapping', shares: true })).rejects.toThrow('no payee');
  const order = await contract({ estimate: 0n });
  const lines = Array.from({ length: 501 }, (_, line) => ({ title: `第 ${line} 行`, calls: 1n }));
  await expect(use(order, lines)).rejects.toThrow('500 lines');
});

describe('the database keeps the books', () => {
  test('entries and postings are neither changed nor removed, and must balance', async () => {
    const constraint = (run: (tx: Parameters<Parameters<TestServer['tx']>[0]>[0]) => Promise<unknown>) =>
      server.tx(run).then(
        () => 'allowed',
        (error: { constraint?: string }) => error.constraint,
      );
    expect(await constraint((tx) => tx.exec(sql`update ledger_postings set fen = fen + 1`))).toBe('ledger_append_only');
    expect(await constraint((tx) => tx.exec(sql`delete from ledger_entries`))).toBe('ledger_append_only');
    expect(await constraint((tx) => tx.exec(sql`truncate ledger_postings, ledger_entries cascade`))).toBe(
      'ledger_append_only',
    );
    expect(
      await constraint((tx) =>
        tx.exec(sql`insert into ledger_entries (id, node, market, participant, key, at, day, kind, memo, created_at)
          values ('ent_x', 'hn', 'main', '', 'x', now(), '2026-03-02', 'depositSeen', '', now())`),
      ),
    ).toBe('ledger_zero_sum');
    expect(
      await constraint((tx) =>
        tx.exec(sql`insert into ledger_postings (entry, line, node, market, participant, account, owner, fen, created_at)
          select max(sequence), 99, 'hn', 'main', '', 'available:x', 'x', 5, now() from ledger_entries`),
      ),
    ).toBe('ledger_zero_sum');
    expect(
      await constraint((tx) => tx.exec(sql`update ledger_balances set fen = 1 where template = 'available'`)),
    ).toBe('ledger_not_overdrawn');
    expect(await constraint((tx) => tx.exec(sql`update settlement_orders set tax_rate = '0'`))).toBe(
      'settlement_terms_fixed',
    );
  });
});
