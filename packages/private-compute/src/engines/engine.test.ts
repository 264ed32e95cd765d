import { expect, test } from 'vitest';
import type { Plan } from '../shares/plan.ts';
import { engineNames, engineOf, engines, hasThird, isUntested, secretflowFault } from './engine.ts';

const plan: Plan = {
  align: { first: 'id', second: 'id' },
  filters: { first: [], second: [] },
  compared: [],
  groups: { owner: 'second', columns: ['city'] },
  outputs: [{ name: 'n', of: 'rows' }],
};
const compared = [
  { left: { owner: 'first', name: 'a' }, by: '<', right: { owner: 'second', name: 'b' } },
] satisfies Plan['compared'];

test('SecretFlow is asked for what it is known to do, and for nothing else', () => {
  expect(secretflowFault(plan, 'first')).toBeUndefined();
  expect(secretflowFault({ ...plan, atLeast: 5 }, 'second')).toBeUndefined();
  expect(secretflowFault({ ...plan, atLeast: 5, groups: null }, 'both')).toBeUndefined();
  for (const [change, recipient] of [
    [{ align: 'place' }, 'first'],
    [{ align: { first: 'id', second: 'id', payload: 'second' } }, 'first'],
    [{ compared }, 'first'],
    [{ top: { output: 0, descending: true, count: 3 } }, 'first'],
    [{ atLeast: 5 }, 'first'],
    [{ atLeast: 5 }, 'both'],
  ] satisfies [Partial<Plan>, 'first' | 'both'][])
    expect(secretflowFault({ ...plan, ...change }, recipient), JSON.stringify(change)).toBeTruthy();
});

test('a contract that names no engine has this program’s own, with the exchange as the third; every other says what it rests on', () => {
  expect([engineOf({}), hasThird({})]).toEqual(['local', true]);
  const engine = { name: 'secretflow', version: '0.9.5' } as const;
  expect([engineOf({ engine }), hasThird({ engine })]).toEqual(['secretflow', false]);
  // Two alone, by the protocol of an intersection.
  expect([hasThird({ protocol: 'helper' }), hasThird({ protocol: 'ecdh' })]).toEqual([true, false]);
  for (const [name, { trust, package: of }] of Object.entries(engines))
    expect([name, trust === null, of === null]).toEqual([name, ...Array(2).fill(name === 'local')]);
});

test('an engine that was never run against a real one says so first, in both languages', () => {
  expect(engineNames.filter(isUntested)).toEqual(['scql', 'kuscia']);
  for (const name of engineNames) {
    const { trust } = engines[name];
    expect([name, trust?.zh.startsWith('未经实测') ?? false, trust?.en.startsWith('Untested') ?? false]).toEqual([
      name,
      ...Array(2).fill(isUntested(name)),
    ]);
  }
});
