import * as wire from '@shugu/wire/settlement';
import { afterEach, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { dealsOn } from './testing.deals.ts';
import { startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const { openFor, contract, use, funds } = dealsOn(() => server);
afterEach(() => server?.close());

const until = async (done: () => Promise<boolean>, secondsMax = 30) => {
  for (let waited = 0; !(await done()); waited += 50) {
    if (waited > secondsMax * 1000) throw new Error('does not come to rest');
    await server.settlement.runDesk();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
const settledOrders = async () =>
  (
    await server.database.one<{ n: number }>(
      sql`select count(*)::int as n from settlement_orders where state = 'settled'`,
    )
  ).n;
/** Our books against the bank's own answers, account by account, and line by line. */
const expectSameBooks = async () => {
  for (const account of await server.bank().accounts()) {
    const ours = await server.settlement.funds(server.database, account.member);
    expect({ balance: ours.custody.toString(), available: ours.available.toString() }).toEqual({
      balance: account.balanceFen,
      available: account.availableFen,
    });
  }
  const clerk = await server.as('operator.settlement');
  expect(await clerk.call(wire.runReconciliation, { body: { day: '2026-03-02' } })).toMatchObject({ differences: 0 });
};

test('lost answers, refusals, delays, doubled and lost callbacks: every order settles once', async () => {
  const faults = {
    delayMsMin: 0,
    delayMsMax: 40,
    refusalRatio: 0.25,
    lostAnswerRatio: 0.3,
    duplicateCallbackRatio: 0.5,
    lostCallbackRatio: 0.3,
    callbackDelayMsMax: 30,
  };
  server = await startSettlementServer({ simulatorArguments: ['--faults', JSON.stringify(faults)] });
  await openFor('bank.finance');
  await until(async () => (await (await server.as('bank.finance')).call(wire.readAccount, {})).state === 'open');
  await server.settlement.simulateDeposit(server.org('bank'), 10_000_000n, 'dep-1');
  const clerk = await server.as('operator.settlement');
  const count = 6;
  for (let n = 0; n < count; n++) await use(await contract({ estimate: 50_000n, shares: true }), 10_000n + BigInt(n));
  await until(async () => {
    const { items } = await clerk.call(wire.listInstructions, { query: { state: 'refused', limit: 100 } });
    // A person orders anew what the bank refused too often; one that has a successor is none of those.
    for (const { id } of items)
      await clerk.call(wire.retryInstruction, { params: { id }, body: {} }).catch(() => undefined);
    return (await settledOrders()) === count;
  });
  const rated = [3500n, 3500n, 3501n, 3501n, 3501n, 3502n].reduce((sum, fen) => sum + fen, 0n);
  expect((await funds('bank.finance')).available).toBe(String(10_000_000n - rated));
  await expectSameBooks();
});

test('kill -9 of the bank in the middle of work: it is started again and nothing is lost or doubled', async () => {
  server = await startSettlementServer({
    simulatorArguments: ['--faults', JSON.stringify({ delayMsMin: 20, delayMsMax: 60 })],
  });
  await openFor('bank.finance', '10000000');
  const before = server.settlement.bank()!.pid()!;
  const orders = [];
  for (let n = 0; n < 4; n++) {
    orders.push(await contract({ estimate: 50_000n }));
    if (n === 1) process.kill(before, 'SIGKILL');
  }
  for (const order of orders) await use(order, 20_000n);
  await until(async () => (await settledOrders()) === orders.length);
  expect(server.settlement.bank()!.pid()).not.toBe(before);
  expect((await funds('bank.finance')).available).toBe(String(10_000_000 - 4 * 7000));
  await expectSameBooks();
});

test('an answer that we died before taking is taken later, once', async () => {
  server = await startSettlementServer();
  const buyer = await openFor('bank.finance', '100000');
  const order = server.newOrder();
  const account = (await buyer.call(wire.readAccount, {})).bankAccount!;
  let reference = '';
  // In one transaction: planned, and already carried out by the bank under its reference, as if we had died after the call.
  await server.tx(async (tx) => {
    await server.settlement.openOrder(tx, {
      order,
      contract: 'ctr_test',
      title: '样例',
      buyer: server.org('bank'),
      supplier: server.org('xingsha'),
      plan: { kind: 'free' },
      taxRate: '0.06',
      way: 'custody',
      estimateFen: 700n,
    });
    reference = (
      await tx.one<{ id: string }>(
        sql`update bank_instructions set state = 'sent' where hold_key = ${`order:${order}`} returning id`,
      )
    ).id;
    await server.bank().instruct({ reference, kind: 'freeze', account, fen: '700', order: `order:${order}` });
    await server.bank().settled(reference);
  });
  await server.settle();
  await server.settle();
  expect(await funds('bank.finance')).toMatchObject({ held: '700', available: '99300' });
  const [entries] = await server.database.rows<{ n: number }>(
    sql`select count(*)::int as n from ledger_entries where bank_reference = ${reference}`,
  );
  expect(entries!.n).toBe(1);
  await expectSameBooks();
});

test('callbacks count only with the bank’s signature', async () => {
  server = await startSettlementServer();
  await openFor('bank.finance', '1000');
  const forged = await fetch(`${server.url}/api/settlement/bank/callback`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-bank-date': new Date().toISOString(),
      'x-bank-nonce': 'n',
      'x-bank-signature': '0'.repeat(64),
    },
    body: JSON.stringify({ reference: 'x', status: 'done' }),
  });
  expect(forged.status).toBe(403);
  // Carried out after the desk's patience is over and no tick runs here: only the bank's callback can tell.
  await server.bank().simulate.faults({ delayMsMin: 700, delayMsMax: 700 });
  await server.tx((tx) =>
    server.settlement.holdForDispute(tx, { dispute: 'dsp_call', participant: server.org('bank'), fen: 77n }),
  );
  for (let waited = 0; waited < 8000 && (await funds('bank.finance')).held !== '77'; waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await funds('bank.finance')).held).toBe('77');
});
