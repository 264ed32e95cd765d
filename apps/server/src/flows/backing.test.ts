import { describe, expect, test } from 'vitest';
import { backingOf } from './backing.ts';

const perCall = (unitPrice: string) => ({ kind: 'perCall' as const, unitPrice });

/** Of rows there may be fewer, and a day is not all. */
const forty = [
  { metric: 'calls', period: 'total', limit: 40 },
  { metric: 'rows', period: 'total', limit: 3 },
  { metric: 'calls', period: 'day', limit: 2 },
];

describe('what backs an order over the protocol', () => {
  test.each([
    ['a free product needs nothing', { kind: 'free' as const }, ['postpaid'], [], 0n, { way: 'postpaid', quantity: 1 }],
    ['use that costs nothing', perCall('0'), ['custody'], forty, 0n, { way: 'custody', quantity: 40 }],
    ['as many calls as the money pays for', perCall('0.10'), ['custody'], [], 500n, { way: 'custody', quantity: 50 }],
    ['never more than the policy allows', perCall('0.10'), ['custody'], forty, 500n, { way: 'custody', quantity: 40 }],
    ['not one call', perCall('0.10'), ['custody'], [], 4n, { missing: 'money' }],
    ['all of a single price', { kind: 'oneOff' as const, price: '5.00' }, ['custody'], [], 499n, { missing: 'money' }],
    [
      'once, where it is covered',
      { kind: 'oneOff' as const, price: '5.00' },
      ['custody'],
      [],
      500n,
      { way: 'custody', quantity: 1 },
    ],
    ['a price that is billed later', perCall('0.10'), ['direct', 'postpaid'], [], 500n, { missing: 'custody' }],
    ['a price by quotation', { kind: 'quotation' as const }, ['custody'], [], 500n, { missing: 'price' }],
  ] as const)('%s', (_name, plan, ways, quotas, free, backing) => {
    expect(backingOf({ plan, ways, quotas }, free)).toEqual(backing);
  });
});
