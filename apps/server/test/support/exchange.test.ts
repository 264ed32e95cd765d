import * as kernelWire from '@shugu/wire/kernel';
import * as membersWire from '@shugu/wire/members';
import { describe, expect, test } from 'vitest';
import { testExchange } from './exchange.ts';

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

  test('can begin before its set-up', async () => {
    const empty = await testExchange({ seeded: false });
    try {
      expect(await empty.anyone.call(membersWire.readSetup, {})).toEqual({ needed: true });
    } finally {
      await empty.end();
    }
  });
});
