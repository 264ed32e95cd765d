/**
 * kill -9 of two exchanges that deal with each other over the Dataspace Protocol: of the provider, the consumer or both, at each
 * message of negotiation and transfer and at what their data planes are told, before it is there and after it was taken, and at any
 * time. Both come to the same end, hold the same agreement, and the money is held once. Long: only where
 * SHUGU_CRASH_DATASPACE_ROUNDS is set, to the number of deals in which somebody is killed at any time; 1 leaves it at kills of either
 * side after each message.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

const wild = Number(process.env.SHUGU_CRASH_DATASPACE_ROUNDS ?? 0);
const killsMax = 8;
const sides: readonly Side[] = ['provider', 'consumer'];
const storms: readonly Storm[] = [
  { victims: ['provider'], moment: 'after' },
  { victims: ['consumer'], moment: 'after' },
  ...(wild > 1
    ? ([
        { victims: ['provider'], moment: 'before' },
        { victims: ['consumer'], moment: 'before' },
        { victims: sides, moment: 'after' },
      ] as const)
    : []),
];
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
  provider: ["provider's signal start", "provider's signal terminate"],
  consumer: ["consumer's signal prepare", "consumer's signal started", "consumer's signal terminate"],
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
      const victims = [['provider'], ['consumer'], sides][randomInt(3)] as readonly Side[];
      if (!over) await strikeAt(one, victims);
      await one.starting;
    }
  })();
  await Promise.all([dealing, killing]);
  return dealing;
};

describe.runIf(wild > 0)('two exchanges that are killed while they deal', () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld();
  }, 1_800_000);
  afterAll(() => world && endWorld(world));

  for (const storm of storms)
    test(`come to the same end: ${storm.victims.join(' and ')}, ${storm.moment} each message`, {
      timeout: 7_200_000,
    }, async () => {
      expect(await through(world, storm, [buy, breakOff])).toEqual([]);
      expect(world.struck.sort()).toEqual([...everyAct, ...storm.victims.flatMap((side) => everySignal[side])].sort());
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

  const red: [Sabotage, Storm, string][] = [
    [
      'outboxInMemory',
      { victims: ['consumer'], moment: 'before' },
      `state is null and not exists (select from federation_messages m where m.process = p.id and m.state = 'waiting')`,
    ],
    ['forgetsTaken', { victims: ['consumer'], moment: 'after' }, `held ->> 'fault' like 'HTTP 400%'`],
  ];
  // Last: what is stuck stays so.
  test.each(red)('are seen not to with %s', { timeout: 3_600_000 }, async (sabotage, storm, stuck) => {
    await sabotaged(world, sabotage);
    // It would wait for an end that does not come; what it is stuck in says that it does not.
    const ended = through(world, storm, [buy]).then(
      (faults) => faults.join(),
      (error: Error) => error.message,
    );
    const left = async () => {
      const query = `select 1 from federation_processes p where ${stuck}`;
      const found = await Promise.all(Object.values(world.nodes).map(({ pool }) => pool.query(query)));
      return found.some(({ rowCount }) => rowCount! > 0);
    };
    await expect.poll(left, { timeout: 1_800_000, interval: 50 }).toBe(true);
    world.over = new Error('seen');
    expect(await ended).not.toBe('');
    world.over = undefined;
  });
});
