import * as kernelWire from '@shugu/wire/kernel';
import * as marketWire from '@shugu/wire/market';
import * as membersWire from '@shugu/wire/members';
import { describe, expect, test } from 'vitest';
import type { Listing } from '../../../cli/src/scenario/product.ts';
import { freightListed, supplier } from '../../src/market/testing.ts';
import { exchangeIn, testExchange, type World } from './exchange.ts';

describe('the exchange of tests', () => {
  test('starts with the cast, on its own calendar, and twice apart', async () => {
    const first = await testExchange();
    const second = await testExchange();
    try {
      expect(first.exchange.kernel.clock.simulated).toBe(true);
      const me = await (await first.as('xingsha.trader')).call(membersWire.readMe, {});
      expect(me.organisation.id).toBe(first.seeded.organisations.xingsha);
      const later = new Date('2026-07-03T09:00:00+08:00');
      await first.stage.moveClock(later);
      const now = async (one: typeof first) => new Date((await one.anyone.call(kernelWire.clock, {})).now).getTime();
      expect(await now(first)).toBeGreaterThanOrEqual(later.getTime());
      expect(await now(second)).toBeLessThan(later.getTime());
      // A moved calendar ended the session; the next client opens another.
      await expect((await first.as('xingsha.trader')).call(membersWire.readMe, {})).resolves.toBeDefined();
      expect((await first.anyone.call(membersWire.listRulebook, {})).items.length).toBeGreaterThan(0);
    } finally {
      await first.end();
      await second.end();
    }
  });

  test('begins in a world that was played once, with its database and its objects, and goes its own way', async () => {
    let played = 0;
    const world: World<{ kept: string; listing: string }, Listing> = {
      name: 'of_this_test',
      from: freightListed,
      play: async ({ exchange }, { id }) => {
        played += 1;
        return { kept: (await exchange.kernel.objects.put(Buffer.from('kept'))).digest, listing: id };
      },
    };
    const [first, second] = [await exchangeIn(world), await exchangeIn(world)];
    try {
      expect(played).toBe(1);
      const { kept, listing: id } = first.given;
      const states = () =>
        Promise.all(
          [first, second].map(
            async (one) => (await (await one.as(supplier)).call(marketWire.readListing, { params: { id } })).state,
          ),
        );
      expect(await states()).toEqual(['listed', 'listed']);
      const operator = await first.as('operator.reviewer');
      await operator.call(marketWire.suspendListing, { params: { id }, body: { reason: '核查' } });
      expect(await states()).toEqual(['suspended', 'listed']);
      for (const { exchange } of [first, second])
        expect((await exchange.kernel.objects.bytes(kept)).toString()).toBe('kept');
    } finally {
      await first.end();
      await second.end();
    }
  });

  test('can begin before its set-up', async () => {
    const empty = await testExchange({ seeded: false });
    try {
      expect(await empty.anyone.call(membersWire.readSetup, {})).toEqual({ needed: true });
    } finally {
      await empty.end();
    }
  });
});
