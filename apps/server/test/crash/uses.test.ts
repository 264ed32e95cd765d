import { expect, test } from 'vitest';
import { type Call, callFaults, cutFaults, type Death, longBytes, type Recorded, recordFaults } from './uses.ts';

const ordered = 3;
const call = (at: number, outcome: Call['outcome'], receipt = `use_${at}`): Call => ({
  gateway: at % 2,
  sentAt: at * 1000,
  endedAt: at * 1000 + 10,
  outcome,
  ...(outcome === 'answered' ? { receipt } : {}),
});
/** The first gateway dies while its second call runs; what it had is there again later. */
const deaths: Death[] = [{ gateway: 0, from: 2005, until: 2500 }];
const seen = [call(0, 'answered'), call(1, 'answered'), call(2, 'broken'), call(3, 'countExhausted'), call(6, 'later')];
const record = (id: string, more: Partial<Recorded> = {}): Recorded => ({
  id,
  status: 'complete',
  calls: 1,
  bytes: 100,
  corrects: null,
  ...more,
});
const kept = [record('use_0'), record('use_1'), record('use_2')];
const faultsOf = (calls: Call[], recorded = kept) => [
  ...callFaults(ordered, calls, deaths),
  ...recordFaults(ordered, calls, recorded),
];

test('what holds has no faults', () => {
  expect(faultsOf(seen)).toEqual([]);
  // A dead gateway may hold what others look for.
  expect(callFaults(ordered, [call(0, 'answered'), { ...call(1, 'countExhausted'), endedAt: 2100 }], deaths)).toEqual(
    [],
  );
});

test.each<[string, Call[], Recorded[], RegExp]>([
  ['one receipt twice', [...seen.slice(1), call(1, 'answered')], kept, /one receipt/],
  ['more than ordered', [...seen, call(7, 'answered'), call(8, 'answered')], kept, /4 calls were answered/],
  ['broken elsewhere', [...seen, call(5, 'broken')], kept, /1 calls broke at a gateway that was not killed/],
  ['refused too early', [call(0, 'answered'), call(5, 'countExhausted')], kept, /1 calls were refused/],
  ['refused for no reason', [...seen, call(6, 'driverFailed')], kept, /answered driverFailed/],
  ['lost', seen, [record('use_1'), record('use_2'), record('use_3')], /1 of 2 answered uses are not recorded/],
  ['not whole', seen, [record('use_0', { status: 'incomplete' }), ...kept.slice(1)], /not recorded as complete/],
  ['recorded twice', seen, [...kept, kept[0]!], /1 uses are recorded twice/],
  ['recorded for nobody', seen.filter(({ outcome }) => outcome !== 'broken'), kept, /without an answer/],
  ['recorded beyond the limit', seen, [...kept, record('use_9')], /4 calls are recorded/],
])('%s is a fault', (_, calls, recorded, fault) => {
  expect(faultsOf(calls, recorded).join()).toMatch(fault);
});

test('of a cut answer no more is recorded than arrived, and billed as recorded', () => {
  const cuts = [{ receipt: 'use_0', received: 300 }];
  const part = (id: string, bytes: number, more: Partial<Recorded> = {}) =>
    record(id, { status: 'incomplete', bytes, ...more });
  const rest = { calls: 0, corrects: 'use_0' };
  const held = [part('use_0', 200), part('use_0.1', 100, rest)];
  expect(cutFaults(cuts, held, 300)).toEqual([]);
  expect(cutFaults(cuts, held, 301).join()).toMatch(/301 bytes are billed/);
  expect(cutFaults([{ receipt: 'use_0', received: 299 }], held, 300).join()).toMatch(/300 bytes are recorded, 299/);
  expect(cutFaults(cuts, [part('use_0', 200), record('use_0.1', rest)], 300).join()).toMatch(/recorded as complete/);
  expect(cutFaults(cuts, [part('use_0', 200), part('use_0.1', 100, { corrects: 'use_0' })], 300).join()).toMatch(
    /1 calls/,
  );
  expect(cutFaults(cuts, [...held, held[1]!], 400).join()).toMatch(/a part is recorded twice/);
  expect(cutFaults([], held, 300).join()).toMatch(/nobody read it/);
  expect(cutFaults([{ receipt: 'use_1', received: longBytes }], [], 0).join()).toMatch(/none of 1048576 bytes/);
});
