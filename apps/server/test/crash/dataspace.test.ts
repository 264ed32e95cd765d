/**
 * kill -9 of two exchanges that deal with each other over the Dataspace Protocol: of the provider, the consumer or both, at each
 * message of negotiation and transfer, before it is there and after it was taken, and at any time. Both come to the same end, hold
 * the same agreement, and the money is held once. Long: only where SHUGU_CRASH_DATASPACE_ROUNDS is set.
 */
import { randomInt } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import type { Sabotage } from './connector.ts';
import type { Side } from './dealers.ts';
import { askAndDie, breakOff, buy, conclude, endWorld, openWorld, type Storm, strikeAt, type World } from './deals.ts';

const asked = Number(process.env.SHUGU_CRASH_DATASPACE_ROUNDS ?? 0);
/** Deals in which somebody is killed at any time; those at each message are always the same. */
const wild = Math.ceil(asked / 25);
const sides: readonly Side[] = ['provider', 'consumer'];
const storms: readonly Storm[] = [
  { victims: ['provider'], moment: 'before' },
  { victims: ['consumer'], moment: 'before' },
  { victims: ['provider'], moment: 'after' },
  { victims: ['consumer'], moment: 'after' },
  { victims: sides, moment: 'after' },
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
].sort();

const through = async (one: World, storm: Storm, deals: ((world: World) => Promise<string[]>)[]): Promise<string[]> => {
  one.storm = storm;
  one.struck = [];
  const faults: string[] = [];
  for (const deal of deals) if (faults.length === 0) faults.push(...(await deal(one)));
  one.storm = undefined;
  return faults.map((fault) => `${storm.victims.join(' and ')} ${storm.moment} ${one.struck.at(-1)}: ${fault}`);
};

/** Somebody dies again and again until it is over. */
const wildly = async (one: World): Promise<string[]> => {
  let over = false;
  const dealing = buy(one).finally(() => {
    over = true;
  });
  const killing = (async () => {
    while (!over) {
      await new Promise((done) => setTimeout(done, 500 + randomInt(4000)));
      const victims = [['provider'], ['consumer'], sides][randomInt(3)] as readonly Side[];
      if (!over) await strikeAt(one, victims);
      await one.starting;
    }
  })();
  await Promise.all([dealing, killing]);
  return dealing;
};

describe.runIf(asked > 0)('two exchanges that are killed while they deal', () => {
  let world: World;

  test('open a market and an account', { timeout: 1_800_000 }, async () => {
    world = await openWorld();
    expect(world.dealt).toEqual([]);
  });
  afterAll(() => world && endWorld(world));

  for (const storm of storms)
    test(`come to the same end: ${storm.victims.join(' and ')}, ${storm.moment} each message`, {
      timeout: 7_200_000,
    }, async () => {
      expect(await through(world, storm, [buy, breakOff])).toEqual([]);
      expect(world.struck.sort()).toEqual(everyAct);
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
});

describe.runIf(asked > 0)('the suite turns red', () => {
  const red: [Sabotage, Storm, Side, string][] = [
    [
      'outboxInMemory',
      { victims: ['consumer'], moment: 'before' },
      'consumer',
      `state is null and not exists (select from federation_messages m where m.process = p.id and m.state = 'waiting')`,
    ],
    ['forgetsTaken', { victims: ['consumer'], moment: 'after' }, 'provider', `held ->> 'fault' like 'HTTP 400%'`],
  ];
  test.each(red)('with %s', { timeout: 7_200_000 }, async (sabotage, storm, side, stuck) => {
    const world = await openWorld(sabotage);
    try {
      // It would wait for an end that does not come; what it is stuck in says that it does not.
      const dealing = through(world, storm, [buy]).catch(() => undefined);
      const { pool } = world.nodes[side];
      const left = () =>
        pool.query(`select 1 from federation_processes p where ${stuck}`).then(({ rowCount }) => rowCount);
      await expect.poll(left, { timeout: 3_600_000, interval: 50 }).toBe(1);
      world.storm = undefined;
      void dealing;
    } finally {
      await endWorld(world);
    }
  });
});
