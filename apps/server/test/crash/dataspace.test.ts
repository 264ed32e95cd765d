/**
 * kill -9 of two exchanges that deal with each other over the Dataspace Protocol: of the provider, the consumer or both, at each step
 * that the protocol's tables know, in each transaction that it takes, and at what their data planes are told. Both come to the same
 * end, hold the same agreement, and the money is held once. Long: only where SHUGU_CRASH_DATASPACE_ROUNDS is set, to the number of
 * deals in which somebody is killed at any time; from 2 on also at each message of a deal as it is on the line.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isNegotiationOver, isTransferOver, negotiationStates, transferStates } from '@shugu/dataspace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doors } from '../../src/federation/messages.ts';
import type { Side } from './dealers.ts';
import {
  askAndDie,
  breakOff,
  buy,
  conclude,
  endWorld,
  openWorld,
  type Sabotage,
  type Storm,
  sabotaged,
  strikeAt,
  type World,
} from './deals.ts';
import { nameOf, type Stroke, sides, steps, strokes } from './steps.ts';
import { wave } from './waves.ts';

const wild = Number(process.env.SHUGU_CRASH_DATASPACE_ROUNDS ?? 0);
const killsMax = 8;
const everybody: readonly (readonly Side[])[] = [['provider'], ['consumer'], sides];
const storms: readonly Storm[] = everybody.flatMap((victims) =>
  (['before', 'after'] as const).flatMap((moment): Storm[] => [
    ...(wild > 1 || victims.length === 1 ? [{ victims, moment, signals: true } as const] : []),
    ...(wild > 1 ? [{ victims, moment }] : []),
  ]),
);
const everyAct = [
  'offers',
  'request',
  'ACCEPTED',
  'agreement',
  'verification',
  'FINALIZED',
  'termination',
  'transfer request',
  'transfer start',
  'transfer start',
  'transfer suspension',
  'transfer completion',
  'transfer termination',
];
const everySignal: Record<Side, readonly string[]> = {
  provider: ['start', 'suspend', 'resume', 'terminate', 'completed'].map((one) => `provider's signal ${one}`),
  consumer: ['prepare', 'started', 'suspend', 'resume', 'terminate', 'completed'].map(
    (one) => `consumer's signal ${one}`,
  ),
};

const through = async (one: World, storm: Storm, deals: ((world: World) => Promise<string[]>)[]): Promise<string[]> => {
  one.storm = storm;
  one.struck = [];
  const faults: string[] = [];
  try {
    for (const deal of deals) if (faults.length === 0) faults.push(...(await deal(one)));
  } finally {
    one.storm = undefined;
  }
  return faults.map((fault) => `${storm.victims.join(' and ')} ${storm.moment} ${one.struck.at(-1)}: ${fault}`);
};

/** Somebody dies again and again until it is over, or there have been so many as a storm has. */
const wildly = async (one: World): Promise<string[]> => {
  let over = false;
  const dealing = buy(one).finally(() => {
    over = true;
  });
  const killing = (async () => {
    for (let kills = 0; !over && kills < killsMax; kills++) {
      await pause(100 + randomInt(2000));
      const victims = everybody[randomInt(everybody.length)]!;
      if (!over) await strikeAt(one, victims);
      await one.starting;
    }
  })();
  await Promise.all([dealing, killing]);
  return dealing;
};

const told = ({ at, kept, victims }: Stroke): string =>
  `${victims.join(' and ')}, when a step is ${at}, ${kept ? 'after' : 'before'} the commit`;

describe('every step that somebody may die of', () => {
  test('is struck once for each side and moment', () => {
    expect(new Set(steps.map(nameOf)).size).toBe(steps.length);
    expect(new Set(strokes.map(told)).size).toBe(3 * 2 * 3);
    // In words: states.test.ts of package dataspace.
    expect(steps.filter(({ kind }) => kind === 'negotiation')).toHaveLength(19);
    expect(steps.filter(({ kind }) => kind === 'transfer')).toHaveLength(16);
  });

  test('comes through each door that takes messages, from each state that is not the last', () => {
    const events = ['accept', 'finalize'] as const;
    const taken = doors.flatMap(({ kind, act, first }) =>
      (act ? [act] : events).map((one) => `${kind} ${one} ${first ?? 'later'}`),
    );
    const struck = steps.map(({ kind, act, by, path }) => {
      const first = path.length === 0 ? sides.find((side) => side !== by) : 'later';
      return `${kind} ${act} ${first}`;
    });
    expect([...new Set(struck)].sort()).toEqual(taken.sort());
    const from = new Set(steps.map(({ kind, path }) => `${kind} ${path.at(-1)?.to.state ?? 'none'}`));
    const open = [
      ...['none', ...negotiationStates.filter((one) => !isNegotiationOver(one))].map((one) => `negotiation ${one}`),
      ...['none', ...transferStates.filter((one) => !isTransferOver(one))].map((one) => `transfer ${one}`),
    ];
    expect([...from].sort()).toEqual(open.sort());
  });
});

describe.runIf(wild > 0)('two exchanges that are killed while they deal', () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld();
  }, 1_800_000);
  afterAll(() => world && endWorld(world));

  for (const stroke of strokes)
    test(`come to the same end: ${told(stroke)}`, { timeout: 3_600_000 }, async () => {
      const faults = await wave(world, stroke).catch((error: Error) => {
        // What hangs here would hang in each of the others, too.
        world.over ??= error;
        throw error;
      });
      expect(faults).toEqual([]);
    });

  for (const storm of storms)
    test(`come to the same end: ${storm.victims.join(' and ')}, ${storm.moment} each ${storm.signals ? 'signal' : 'message'}`, {
      timeout: 7_200_000,
    }, async () => {
      expect(await through(world, storm, storm.signals ? [buy] : [buy, breakOff])).toEqual([]);
      const struck = [...(storm.signals ? [] : everyAct), ...storm.victims.flatMap((side) => everySignal[side])];
      expect(world.struck.sort()).toEqual(struck.sort());
    });

  test('go on at once with what a process left behind when it died', { timeout: 3_600_000 }, async () => {
    expect(await buy(world, askAndDie)).toEqual([]);
  });

  test('come to the same end, whoever dies whenever', { timeout: 7_200_000 }, async () => {
    for (let round = 0; round < wild; round++) expect(await wildly(world)).toEqual([]);
  });

  test('have billed what was read, once, and given back the rest', { timeout: 1_800_000 }, async () => {
    expect(await conclude(world)).toEqual([]);
  });

  const red: [Sabotage, Stroke, string][] = [
    [
      'outboxInMemory',
      { at: 'written', kept: true, victims: ['consumer'] },
      `state is null and not exists (select from federation_messages m where m.process = p.id and m.state = 'waiting')`,
    ],
    ['forgetsTaken', { at: 'taken', kept: true, victims: ['provider'] }, `held ->> 'fault' like 'HTTP 400%'`],
  ];
  // Last: what is stuck stays so.
  test.each(red)('are seen not to with %s', { timeout: 3_600_000 }, async (sabotage, stroke, stuck) => {
    const asked = (query: string, values: unknown[]) =>
      Promise.all(Object.values(world.nodes).map(({ pool }) => pool.query<{ id: string }>(query, values)));
    const idsOf = async (query: string, values: unknown[] = []) =>
      (await asked(query, values)).flatMap(({ rows }) => rows.map(({ id }) => id));
    // What the test before it has left stuck is no sign of this one.
    const before = await idsOf('select id from federation_processes');
    await sabotaged(world, sabotage);
    // It would wait for an end that does not come; what it is stuck in says that it does not.
    const ended = wave(world, stroke).then(
      (faults) => faults.join(),
      (error: Error) => error.message,
    );
    const left = async () =>
      (await idsOf(`select id from federation_processes p where id <> all($1) and ${stuck}`, [before])).length > 0;
    await expect.poll(left, { timeout: 1_800_000, interval: 50 }).toBe(true);
    await world.starting;
    world.over = new Error('seen');
    expect(await ended).not.toBe('');
    world.over = undefined;
  });
});
