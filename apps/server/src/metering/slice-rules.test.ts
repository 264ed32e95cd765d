import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { givenOf, heldBy, isSettled, keptOf } from './slice-rules.ts';

const calls = (count: number) => ({ calls: count, rows: 0, bytes: 0 });

describe('what a gateway is given', () => {
  test('is never more than is left, and never less than waits while it is there', () => {
    const nat = fc.nat(1000);
    fc.assert(
      fc.property(
        nat,
        nat,
        nat,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        (left, need, ahead, gateways, scarce) => {
          const given = givenOf(calls(left), { need: calls(need), ahead: calls(ahead) }, gateways, scarce).calls;
          return given <= left && given >= Math.min(need, left) && given <= Math.max(need, need + ahead);
        },
      ),
    );
  });

  test('leaves something for the others, and nothing is taken ahead while it is scarce', () => {
    const wish = { need: calls(1), ahead: calls(1000) };
    expect(givenOf(calls(100), wish, 4, false).calls).toBe(13);
    expect(givenOf(calls(100), wish, 4, true).calls).toBe(1);
  });
});

test('a statement neither raises a slice nor takes back what is used', () => {
  expect(keptOf({ amount: calls(10), used: calls(4) }, calls(99)).calls).toBe(10);
  expect(keptOf({ amount: calls(10), used: calls(4) }, calls(1)).calls).toBe(4);
});

interface Slice {
  gateway: number;
  amount: number;
  used: number;
  final: number | null;
}
interface Gateway {
  alive: boolean;
  slice: Slice | null;
  /** What it knows that it may use, and what it has: answers may get lost on the way to it. */
  known: number;
  spent: number;
  /** Slices of its records, in order; the first `imported` of them are. */
  records: Slice[];
  imported: number;
}

/** The exchange by these rules, gateways that use what they know, and a truth that counts every use. */
const play = (limit: number, steps: readonly Step[], sabotage?: 'freeOnKill'): { overdrawn: boolean; left: number } => {
  let bound = limit;
  let used = 0;
  let truth = 0;
  let slices: Slice[] = [];
  const gateways: Gateway[] = [0, 1, 2].map(() => ({
    alive: true,
    slice: null,
    known: 0,
    spent: 0,
    records: [],
    imported: 0,
  }));
  const held = () =>
    slices.reduce((sum, { amount, used: own }) => sum + heldBy({ amount: calls(amount), used: calls(own) }).calls, 0);
  const settle = (gateway: number) => {
    slices = slices.filter((one) => one.gateway !== gateway || !isSettled(one.final, gateways[gateway]!.imported));
  };
  let overdrawn = false;
  for (const { act, at, count } of steps) {
    const gateway = gateways[at]!;
    const slice = gateway.slice;
    if (act === 'use' && gateway.alive && slice)
      for (let use = 0; use < count && gateway.spent < gateway.known; use++) {
        gateway.spent += 1;
        gateway.records.push(slice);
        truth += 1;
      }
    if (act === 'import')
      for (let record = 0; record < count && gateway.imported < gateway.records.length; record++) {
        gateway.records[gateway.imported]!.used += 1;
        gateway.imported += 1;
        used += 1;
        settle(at);
      }
    if ((act === 'turn' || act === 'lostTurn' || act === 'recall') && gateway.alive) {
      if (act === 'recall') gateway.known = gateway.spent;
      if (slice)
        slice.amount = keptOf({ amount: calls(slice.amount), used: calls(slice.used) }, calls(gateway.known)).calls;
      const given =
        act === 'recall'
          ? 0
          : givenOf(calls(bound - used - held()), { need: calls(1), ahead: calls(count) }, 3, false).calls;
      const open = slice ?? { gateway: at, amount: 0, used: 0, final: null };
      if (!slice) {
        slices.push(open);
        gateway.slice = open;
      }
      open.amount += given;
      if (act === 'turn') gateway.known = open.amount;
    }
    if (act === 'kill') {
      gateway.alive = false;
      if (sabotage === 'freeOnKill') slices = slices.filter((one) => one.gateway !== at);
    }
    if (act === 'start' && !gateway.alive) {
      for (const one of slices) if (one.gateway === at) one.final ??= gateway.records.length;
      Object.assign(gateway, { alive: true, slice: null, known: 0, spent: 0 });
      settle(at);
    }
    if (act === 'bound') bound += count;
    if (used + held() > bound || truth > bound) overdrawn = true;
  }
  for (const [at, gateway] of gateways.entries()) {
    for (const record of gateway.records.slice(gateway.imported)) record.used += 1;
    used += gateway.records.length - gateway.imported;
    gateway.imported = gateway.records.length;
    for (const one of slices) if (one.gateway === at) one.final ??= gateway.imported;
    settle(at);
  }
  return { overdrawn: overdrawn || used !== truth || held() !== 0, left: bound - used };
};

type Step = { act: (typeof acts)[number]; at: number; count: number };
const acts = ['turn', 'lostTurn', 'recall', 'use', 'use', 'import', 'kill', 'start', 'bound'] as const;
const step = fc.record({ act: fc.constantFrom(...acts), at: fc.nat(2), count: fc.nat(12) });

describe('used and leased together', () => {
  test('never exceed what the money held pays for, whatever is lost, killed, late or raised; at the end the figures are the uses', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.array(step, { maxLength: 120 }), (limit, steps) => {
        const { overdrawn, left } = play(limit, steps);
        return !overdrawn && left >= 0;
      }),
      { numRuns: 300 },
    );
  });

  test('would, if a lost gateway’s slices were given to others before its records are in', () => {
    const lost: Step[] = [
      { act: 'turn', at: 0, count: 12 },
      { act: 'use', at: 0, count: 12 },
      { act: 'kill', at: 0, count: 0 },
      ...Array.from({ length: 20 }, (): Step[] => [
        { act: 'turn', at: 1, count: 12 },
        { act: 'use', at: 1, count: 12 },
      ]).flat(),
    ];
    expect(play(10, lost).overdrawn).toBe(false);
    expect(play(10, lost, 'freeOnKill').overdrawn).toBe(true);
  });
});
