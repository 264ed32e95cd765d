/** When ticks run: at their rhythm while something happens, seldom at rest; and when an alarm rings. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { limits as alarmLimits, makeAlarm } from './alarm.ts';
import { makeLog } from './log.ts';
import { limits, makeTicker, type Tick } from './ticker.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('a tick', () => {
  let wroteAt = Number.NEGATIVE_INFINITY;
  const ran = (over: Partial<Tick> = {}, done = 0) => {
    const moments: number[] = [];
    const tick: Tick = {
      name: 'test',
      everySeconds: 2,
      run: async () => {
        moments.push(performance.now());
        return done;
      },
      ...over,
    };
    const ticker = makeTicker({ ticks: [tick], now: () => new Date(), log: makeLog('silent'), wroteAt: () => wroteAt });
    ticker.start();
    return { moments, stop: () => ticker.stop() };
  };

  it('rests while nothing is written, and is back at its rhythm with the next write', async () => {
    const { moments, stop } = ran();
    await pass(limits.restSeconds + 1);
    expect(moments).toHaveLength(2);
    await pass(4);
    expect(moments).toHaveLength(2);
    wroteAt = performance.now();
    await pass(1);
    expect(moments).toHaveLength(3);
    await stop();
  });

  it('does not rest while it finds something to do, fails, or waits for what no write tells of', async () => {
    let failed = 0;
    const failing = ran({ run: () => Promise.reject(new Error(`the ${++failed}.`)) });
    const [busy, restless] = [ran({}, 1), ran({ restless: true })];
    await pass(7);
    expect([busy.moments.length, restless.moments.length, failed]).toEqual([4, 4, 4]);
    for (const one of [failing, busy, restless]) await one.stop();
  });
});

describe('an alarm', () => {
  it('rings once at the moment it was last set to, and without one after the safety’s time', async () => {
    const rung: number[] = [];
    const begun = performance.now();
    const alarm = makeAlarm(() => rung.push(Math.round((performance.now() - begun) / 1000)));
    alarm.set(5000);
    alarm.set(2000);
    await pass(6);
    alarm.set();
    await pass(alarmLimits.safetySeconds);
    alarm.set(3_600_000);
    await pass(alarmLimits.safetySeconds);
    alarm.set(1000);
    alarm.stop();
    alarm.set(1000);
    await pass(2);
    expect(rung).toEqual([2, 16, 26]);
  });
});
