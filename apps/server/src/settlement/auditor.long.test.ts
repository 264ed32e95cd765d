/**
 * An auditor who trusts nobody: from usage as it was counted and the plans as they were agreed, all amounts are computed again
 * with arithmetic of its own (nothing of @shugu/ledger), and held against statements, accounts, the journal's text and the bank.
 */
import * as wire from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../kernel/db/db.ts';
import { dealsOn } from './testing.deals.ts';
import { startSettlementServer, type TestServer } from './testing.server.ts';

let server: TestServer;
const { openFor, contract, use } = dealsOn(() => server);
beforeAll(async () => {
  server = await startSettlementServer();
});
afterAll(() => server?.close());

/** A decimal as a whole number of 10^-8. */
const scaled = (decimal: string): bigint => {
  const [whole, fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(8, '0'));
};

interface Plan {
  kind: string;
  price?: string;
  agreedPrice?: string;
  unitPrice?: string;
  included?: number;
  minimumCharge?: string;
  mode?: string;
  tiers?: { upTo: number | null; unitPrice: string }[];
  [other: string]: unknown;
}
interface Counted {
  calls?: bigint;
  rows?: bigint;
  bytes?: bigint;
  copies?: bigint;
  periods?: bigint;
}

const chargeOf = (plan: Plan, counted: Counted): bigint => {
  const gigabyte = plan.kind === 'perGigabyte';
  const quantity = counted.copies ?? counted.periods ?? counted.rows ?? counted.bytes ?? counted.calls ?? 0n;
  const billable = quantity - BigInt(plan.included ?? 0) > 0n ? quantity - BigInt(plan.included ?? 0) : 0n;
  let numerator = 0n;
  if (plan.tiers && plan.mode === 'graduated') {
    let below = 0n;
    for (const { upTo, unitPrice } of plan.tiers) {
      const top = upTo === null ? billable : BigInt(upTo) < billable ? BigInt(upTo) : billable;
      if (top > below) numerator += (top - below) * scaled(unitPrice);
      below = top > below ? top : below;
    }
  } else if (plan.tiers) {
    const tier = plan.tiers.find(({ upTo }) => upTo === null || billable <= BigInt(upTo))!;
    numerator = billable * scaled(tier.unitPrice);
  } else numerator = billable * scaled(plan.price ?? plan.agreedPrice ?? plan.unitPrice ?? '0');
  const divisor = gigabyte ? 1_000_000_000n : 1n;
  const minimum = scaled(plan.minimumCharge ?? '0') * divisor;
  const charged = numerator < minimum ? minimum : numerator;
  return (charged + 500_000n * divisor) / (1_000_000n * divisor);
};

/** Fee first, half up; then the rest by largest remainder, ties to the first. */
const sharesOf = (total: bigint, basisPoints: bigint[], feePoints: bigint): { fee: bigint; shares: bigint[] } => {
  const fee = (total * feePoints + 5_000n) / 10_000n;
  const rest = total - fee;
  const shares = basisPoints.map((points) => (rest * points) / 10_000n);
  let left = rest - shares.reduce((sum, fen) => sum + fen, 0n);
  const order = basisPoints.map((points, index) => ({ index, remainder: (rest * points) % 10_000n }));
  order.sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  for (const { index } of order) {
    if (left === 0n) break;
    shares[index]! += 1n;
    left -= 1n;
  }
  return { fee, shares };
};

const plans: [Plan, Counted[]][] = [
  [{ kind: 'perCall', unitPrice: '0.0035' }, [{ calls: 123_457n }, { calls: 1n }]],
  [{ kind: 'perCall', unitPrice: '0.00000001', included: 5, minimumCharge: '0.03' }, [{ calls: 7n }]],
  [{ kind: 'perRow', unitPrice: '0.125', included: 1000 }, [{ rows: 1_003n }, { rows: 999n }]],
  [{ kind: 'perGigabyte', unitPrice: '1.75' }, [{ bytes: 2_500_000_001n }]],
  [{ kind: 'oneOff', price: '1999.99' }, [{ copies: 1n }]],
  [{ kind: 'subscription', period: 'month', price: '333.33' }, [{ periods: 3n }]],
  [
    {
      kind: 'tiered',
      unit: 'call',
      mode: 'graduated',
      tiers: [
        { upTo: 100, unitPrice: '0.5' },
        { upTo: 1000, unitPrice: '0.333' },
        { upTo: null, unitPrice: '0.1' },
      ],
    },
    [{ calls: 1234n }, { calls: 100n }],
  ],
  [
    {
      kind: 'tiered',
      unit: 'row',
      mode: 'volume',
      tiers: [
        { upTo: 10, unitPrice: '3' },
        { upTo: null, unitPrice: '2.005' },
      ],
    },
    [{ rows: 11n }],
  ],
  [{ kind: 'quotation', agreedPrice: '88.005' }, [{ copies: 2n }]],
  [{ kind: 'free' }, [{ calls: 55n }]],
];

test('statements, accounts, journal and bank agree with the auditor’s own computation', async () => {
  const deposited = 100_000_000n;
  await openFor('bank.finance', deposited.toString());
  const expected = new Map<string, bigint>([['bank', deposited]]);
  const add = (key: string, fen: bigint) => expected.set(key, (expected.get(key) ?? 0n) + fen);
  const clerk = await server.as('operator.settlement');
  for (const [plan, counted] of plans) {
    const order = await contract({ plan: plan as never, estimate: 10_000n, shares: true });
    const id = await use(
      order,
      counted.map((each) => ({ title: '用量', ...each })),
    );
    const statement = await clerk.call(wire.readStatement, { params: { id } });
    const lines = counted.map((each) => chargeOf(plan, each));
    const total = lines.reduce((sum, fen) => sum + fen, 0n);
    const { fee, shares } = sharesOf(total, [7000n, 3000n], 200n);
    const net = (total * 100n * 2n + 106n) / (106n * 2n);
    expect({ plan, lines: statement.lines.map(({ amount }) => amount) }).toEqual({ plan, lines: lines.map(String) });
    expect(statement).toMatchObject({ total: String(total), net: String(net), tax: String(total - net) });
    expect(statement.legs.map(({ amount }) => amount)).toEqual([...shares, fee].map(String));
    if (total > 0n) expect(statement.state).toBe('settled');
    add('bank', -total);
    add('xingsha', shares[0]!);
    add('mapping', shares[1]!);
    add('operator', fee);
  }
  const journal = (await server.bytes('operator.settlement', '/api/settlement/journal')).body.toString();
  const sums = new Map<string, bigint>();
  for (const [, account, amount] of journal.matchAll(/^ {4}(\S.*?) {2}(-?\d+\.\d{2}) CNY/gm))
    sums.set(account!, (sums.get(account!) ?? 0n) + BigInt(amount!.replace('.', '')));
  const names = await server.database.rows<{ id: string; name: string }>(sql`select id, name from organisations`);
  for (const [key, fen] of expected) {
    const id = server.org(key);
    const name = names.find((one) => one.id === id)!.name;
    expect(sums.get(`资产:存管子账户:${name}`)).toBe(fen);
    expect(sums.get(`负债:可用余额:${name}`)).toBe(-fen);
    const [there] = (await server.bank().accounts()).filter(({ member }) => member === id);
    expect(there).toMatchObject({ balanceFen: String(fen), availableFen: String(fen) });
  }
  expect([...sums.values()].reduce((sum, fen) => sum + fen, 0n)).toBe(0n);
});
