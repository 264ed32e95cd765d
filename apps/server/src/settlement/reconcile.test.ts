import * as wire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { dealsOn } from './testing.deals.ts';
import { type Client, refusal, startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const { openFor, contract, use, funds } = dealsOn(() => server);
let buyer: Client;
let clerk: Client;
let approver: Client;
const today = () => new Date(server.clock.now().getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
const accountAt = async (login: string) => (await (await server.as(login)).call(wire.readAccount, {})).bankAccount!;
/** Something at the bank that our books know nothing of. */
const foreign = async (reference: string, from: string, fen: string, to?: string) => {
  await server.bank().instruct({
    reference,
    kind: to ? 'transfer' : 'payout',
    account: await accountAt(from),
    fen,
    ...(to && { legs: [{ account: await accountAt(to), fen }], from: 'available' as const }),
  });
  await server.bank().simulate.flush();
};

beforeAll(async () => {
  server = await startSettlementServer();
  buyer = await openFor('bank.finance', '1000000');
  await openFor('citylogistics.finance', '5000');
  clerk = await server.as('operator.settlement');
  approver = await server.as('operator.settlementapprover');
});
afterAll(() => server?.close());

test('a quiet day matches line by line and leaves a snapshot', async () => {
  const first = today();
  await use(await contract({ shares: true }), 123_456n);
  await server.nextDay();
  await server.nextDay();
  const { items } = await clerk.call(wire.listReconciliations, { query: {} });
  expect(items.map(({ day }) => day)).toEqual(['2026-03-03', '2026-03-02']);
  expect(items[1]).toMatchObject({ day: first, closed: true, differences: 0, open: 0, matched: 8 });
  expect(items[1]!.ours).toBe(items[1]!.theirs);
  const [snapshot] = await server.database.rows<{ balances: Record<string, string> }>(
    sql`select balances from ledger_snapshots where day = ${first}`,
  );
  expect(snapshot!.balances[`available:${server.org('bank')}`]).toBe(`-${(await funds('bank.finance')).available}`);
  expect(await refusal(buyer.call(wire.listReconciliations, { query: {} }))).toBe('kernel.notPermitted');
  expect(await refusal(clerk.call(wire.runReconciliation, { body: { day: '2027-01-01' } }))).toBe('kernel.invalid');
});

test('an instruction of today holds up no earlier day; days that wait too long stop payouts', async () => {
  await server.nextDay();
  const stuck = today();
  await server.bank().simulate.faults({ delayMsMin: 3_600_000, delayMsMax: 3_600_000 });
  await contract({ estimate: 100n, settles: false });
  await server.settlement.runDesk();
  const compare = async () => {
    for (const tick of server.settlement.ticks!) await tick.run(server.clock.now());
    return (await clerk.call(wire.readOverview, {})).lastReconciledDay;
  };
  const yesterday = new Date(Date.parse(stuck) - 86_400_000).toISOString().slice(0, 10);
  expect(await compare()).toBe(yesterday);
  const later = async (days: number) => {
    server.clock.moveTo(new Date(server.clock.now().getTime() + days * 86_400_000));
    expect(await compare()).toBe(yesterday);
    return (await clerk.call(wire.readOverview, {})).payoutsStopped;
  };
  expect(await later(2)).toBe(false);
  expect(await later(1)).toBe(true);
  expect(await refusal(buyer.call(wire.requestPayout, { body: { amountFen: '1' } }))).toBe('settlement.payoutsStopped');
  await server.bank().simulate.faults({ delayMsMin: 0, delayMsMax: 0 });
  await server.bank().simulate.flush();
  await server.settle();
  expect((await compare())! >= stuck).toBe(true);
  expect((await clerk.call(wire.readOverview, {})).payoutsStopped).toBe(false);
});

test('a difference is parked, stops payouts, and two people resolve it', async () => {
  const before = await funds('bank.finance');
  await foreign('unknown-1', 'bank.finance', '500');
  const run = await clerk.call(wire.runReconciliation, { body: { day: today() } });
  expect(run).toMatchObject({ closed: false, differences: 1, open: 1 });
  expect(await clerk.call(wire.runReconciliation, { body: { day: today() } })).toMatchObject({
    differences: 1,
    open: 1,
    runs: 2,
  });
  expect(await funds('bank.finance')).toMatchObject({
    custody: String(BigInt(before.custody) - 500n),
    available: before.available,
    difference: '-500',
  });
  expect(await refusal(buyer.call(wire.requestPayout, { body: { amountFen: '100' } }))).toBe(
    'settlement.payoutsStopped',
  );
  expect(await (await server.as('operator.settlement')).call(wire.readOverview, {})).toMatchObject({
    payoutsStopped: true,
    counts: { differencesOpen: 1 },
  });

  const [found] = (await clerk.call(wire.listDifferences, { query: { open: 'true' } })).items;
  expect(found).toMatchObject({ kind: 'missingHere', reference: 'unknown-1', parked: '-500' });
  const params = { id: found!.id };
  expect(await refusal(approver.call(wire.approveDifference, { params, body: {} }))).toBe('settlement.stateWrong');
  const propose = (resolution: 'toMember' | 'offset' | 'noMoney') =>
    clerk.call(wire.proposeDifference, { params, body: { resolution, explanation: '银行柜面误划，会员确认' } });
  expect(await refusal(propose('noMoney'))).toBe('settlement.stateWrong');
  await propose('offset');
  expect(await refusal(approver.call(wire.approveDifference, { params, body: {} }))).toBe(
    'settlement.differenceStands',
  );
  await propose('toMember');
  expect(await refusal(clerk.call(wire.approveDifference, { params, body: {} }))).toBe('kernel.unknown');
  expect(await approver.call(wire.approveDifference, { params, body: {} })).toMatchObject({ state: 'resolved' });
  expect(await funds('bank.finance')).toMatchObject({
    available: String(BigInt(before.available) - 500n),
    difference: '0',
  });
  await buyer.call(wire.requestPayout, { body: { amountFen: '100' } });
  await server.settle();
  expect(await funds('bank.finance')).toMatchObject({ available: String(BigInt(before.available) - 600n) });
});

test('lines that the bank takes back itself offset each other, and only then', async () => {
  const before = await funds('citylogistics.finance');
  await foreign('unknown-2', 'bank.finance', '300', 'citylogistics.finance');
  await clerk.call(wire.runReconciliation, { body: { day: today() } });
  await server.nextDay();
  await foreign('unknown-3', 'citylogistics.finance', '300', 'bank.finance');
  await clerk.call(wire.runReconciliation, { body: { day: today() } });
  const { items } = await clerk.call(wire.listDifferences, { query: { open: 'true' } });
  expect(items.map(({ parked }) => parked).sort()).toEqual(['-300', '-300', '300', '300']);
  for (const { id } of items)
    await clerk.call(wire.proposeDifference, {
      params: { id },
      body: { resolution: 'offset', explanation: '银行次日冲正' },
    });
  for (const { id } of items) await approver.call(wire.approveDifference, { params: { id }, body: {} });
  expect(await funds('citylogistics.finance')).toEqual(before);
  expect(await clerk.call(wire.readOverview, {})).toMatchObject({ payoutsStopped: false, funds: { difference: '0' } });
});

test('an edited balance is found', async () => {
  await server.tx((tx) =>
    tx.exec(sql`update ledger_balances set fen = fen - 1 where account = ${`available:${server.org('bank')}`}`),
  );
  const { run } = server.settlement.ticks!.find(({ name }) => name === 'settlement.reconcile')!;
  await expect(run(server.clock.now())).resolves.toBe(0);
  server.clock.moveTo(new Date(server.clock.now().getTime() + 86_400_000));
  await expect(run(server.clock.now())).rejects.toThrow(/not the sum/);
});
