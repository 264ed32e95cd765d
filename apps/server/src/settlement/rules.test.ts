import { join } from 'node:path';
import { type PricePlan, parseSplitRule, type SplitResult } from '@shugu/ledger';
import { describe, expect, test } from 'vitest';
import { loadRulePacks } from '../kernel/rulepack/rulebook.ts';
import {
  amountsOf,
  billVerdict,
  type CustodyFacts,
  type CustodyStep,
  estimateFenOf,
  fallbackRules,
  holdKeyOf,
  moneyRules,
  nextCustodyStep,
  partyResult,
  plainSplit,
  quantityFor,
  remainingSplit,
  taxPercent,
} from './rules.ts';

const statement = (more: Partial<NonNullable<CustodyFacts['statement']>> = {}) => ({
  id: 'stm_1',
  totalFen: 100n,
  state: 'issued' as const,
  captured: false,
  ...more,
});
const calm: CustodyFacts = { state: 'open', heldFen: 0n, busy: false, waiting: false };

describe('next step of an order in custody', () => {
  const table: [string, Partial<CustodyFacts>, CustodyStep][] = [
    ['nothing to do before use', { heldFen: 500n }, { do: 'nothing' }],
    ['the bank is at work', { busy: true, statement: statement() }, { do: 'nothing' }],
    ['enough is held', { heldFen: 100n, statement: statement() }, { do: 'capture', statement: 'stm_1' }],
    ['too little is held', { heldFen: 40n, statement: statement() }, { do: 'topUp', fen: 60n }],
    ['the top-up waits for a deposit', { heldFen: 40n, waiting: true, statement: statement() }, { do: 'nothing' }],
    [
      'captured money goes to the parties',
      { statement: statement({ captured: true }) },
      { do: 'transfer', statement: 'stm_1' },
    ],
    ['nothing was owed', { statement: statement({ totalFen: 0n }) }, { do: 'settleEmpty', statement: 'stm_1' }],
    ['the rest goes back', { state: 'final', heldFen: 7n }, { do: 'release', fen: 7n }],
    ['all is done', { state: 'final' }, { do: 'close' }],
    ['a released order gives everything back', { state: 'released', heldFen: 9n }, { do: 'release', fen: 9n }],
    ['and is never settled', { state: 'released' }, { do: 'nothing' }],
    ['a settled order moves nothing', { state: 'settled', heldFen: 9n }, { do: 'nothing' }],
  ];
  test.each(table)('%s', (_name, facts, step) => {
    expect(nextCustodyStep({ ...calm, ...facts })).toEqual(step);
  });
});

test('a bill is agreed only when both sides name the same amount', () => {
  expect(billVerdict(null, null)).toBe('waiting');
  expect(billVerdict(5n, null)).toBe('waiting');
  expect(billVerdict(5n, 4n)).toBe('differing');
  expect(billVerdict(0n, 0n)).toBe('agreed');
});

test('every plan takes the quantity that it measures', () => {
  const usage = { copies: 1n, periods: 2n, calls: 3n, rows: 4n, bytes: 5n };
  const plans: [PricePlan, bigint][] = [
    [{ kind: 'free' }, 3n],
    [{ kind: 'oneOff', price: '1' as never }, 1n],
    [{ kind: 'quotation' }, 1n],
    [{ kind: 'subscription', period: 'month', price: '1' as never }, 2n],
    [{ kind: 'perCall', unitPrice: '1' as never }, 3n],
    [{ kind: 'perRow', unitPrice: '1' as never }, 4n],
    [{ kind: 'perGigabyte', unitPrice: '1' as never }, 5n],
    [{ kind: 'tiered', unit: 'row', mode: 'volume', tiers: [{ upTo: null, unitPrice: '1' as never }] }, 4n],
    [{ kind: 'tiered', unit: 'gigabyte', mode: 'volume', tiers: [{ upTo: null, unitPrice: '1' as never }] }, 5n],
  ];
  for (const [plan, quantity] of plans) expect([plan.kind, quantityFor(plan, usage)]).toEqual([plan.kind, quantity]);
  expect(quantityFor({ kind: 'perRow', unitPrice: '1' as never }, {})).toBe(0n);
  expect(estimateFenOf({ kind: 'perCall', unitPrice: '0.0035' as never }, 3n)).toBe(1n);
});

test('fee and limits come from the operator’s data, frozen into the split', async () => {
  const book = await loadRulePacks(join(import.meta.dirname, '../../../../rulepacks'));
  const rules = moneyRules(book.current('exchange', new Date('2026-03-02T00:00:00Z')));
  expect(rules).toMatchObject({ feeShare: '0.02', feeTaxPercent: '6' });
  expect(moneyRules(undefined)).toMatchObject({ feeShare: '0', ...fallbackRules });
  const rule = parseSplitRule(plainSplit('org_s', 'org_o', rules));
  expect(amountsOf(10_001n, { taxRate: '0.06', splitRule: rule })).toMatchObject({
    netFen: 9435n,
    taxFen: 566n,
    split: { feeFen: 200n, parts: [{ party: 'org_s', fen: 9801n }] },
  });
  expect(taxPercent('0.065')).toBe('6.5');
});

test('a refund’s part of one party carries its legs and the fee, and what is left shrinks by it', () => {
  const paid: SplitResult = {
    totalFen: 100n,
    feeFen: 10n,
    feeParty: 'a',
    parts: [
      { party: 'a', role: 'dataMerchant', fen: 30n },
      { party: 'b', role: 'supplier', fen: 60n },
    ],
  };
  expect(partyResult(paid, 'a')).toEqual({ totalFen: 40n, feeFen: 10n, feeParty: 'a', parts: [paid.parts[0]] });
  expect(partyResult(paid, 'b')).toEqual({ totalFen: 60n, feeFen: 0n, feeParty: null, parts: [paid.parts[1]] });
  const half = {
    ...paid,
    totalFen: 50n,
    feeFen: 5n,
    parts: paid.parts.map((part) => ({ ...part, fen: part.fen / 2n })),
  };
  expect(remainingSplit(paid, [half, half])).toMatchObject({ totalFen: 0n, feeFen: 0n });
});

test('keys of holds', () => {
  expect([holdKeyOf('bill', 'ord_1'), holdKeyOf('dispute', 'dsp_1')]).toEqual(['order:ord_1', 'dispute:dsp_1']);
});
