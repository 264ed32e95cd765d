/**
 * kill -9 of server, bank simulator and database in the middle of trades. After each round nothing that was acknowledged is lost
 * or doubled, the books balance and agree with the bank, and the log extends what it was. SHUGU_CRASH_ROUNDS sets the rounds.
 */
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCast } from '../../../cli/src/scenario/cast.ts';
import { auditExchange, checkpointOf } from './audit.ts';
import { type Prepared, prepareMarket } from './market.ts';
import { bankPid, databasePid, ended, freePort, type Running, runServer, strike } from './processes.ts';
import { type Memory, makeTrader, newMemory, persist } from './trader.ts';

const asked = process.env.SHUGU_CRASH_ROUNDS;
const victims = ['server', 'bank', 'database'] as const;
/** Each victim once, where nobody asks for more. */
const rounds = Number(asked ?? victims.length);
const usesPerOrder = 12;
/** One certificate falls into a storm of each kind, in long runs two: making them ready takes as long as a round. */
const registrations = (asked ? 2 : 1) * victims.length;

let prepared: Prepared;
let password = '';

beforeAll(async () => {
  password = (await readCast()).demoPassword;
  prepared = await prepareMarket(registrations);
}, 240_000);
afterAll(() => prepared?.end());

interface Patience {
  /** Of the trader, in tries 0.12 s apart, and of the audit. */
  triesMax?: number;
  restMilliseconds: number;
}

interface Storm {
  home: string;
  rounds: number;
  sabotage?: 'late_commit';
  patience?: Patience;
  victims: readonly (typeof victims)[number][];
}

const trade = async (trader: ReturnType<typeof makeTrader>, memory: Memory, accept: boolean): Promise<void> => {
  await trader.deposit(200, memory);
  const order = await trader.order(memory);
  const access = await trader.access(order.contract);
  for (let i = 0; i < usesPerOrder; i++) await trader.use(memory, access);
  if (accept) await trader.finish(memory, order);
};

/** What outbox and bank still have under way comes to rest first: a fault counts when it does not go away. */
const atRest = async (look: () => Promise<string[]>, restMilliseconds: number): Promise<string[]> => {
  const end = performance.now() + restMilliseconds;
  for (;;) {
    // The database may still be recovering: not answering now is a fault only if it stays so.
    const faults = await look().catch((error: Error) => [`the audit was not answered: ${error.message}`]);
    if (faults.length === 0 || performance.now() > end) return faults;
    await new Promise((done) => setTimeout(done, 100));
  }
};

/** Runs the storm; faults by round, empty when everything held, and what was acknowledged on the way. */
const weather = async ({
  home,
  rounds: count,
  sabotage,
  patience = { restMilliseconds: 60_000 },
  victims: targets,
}: Storm): Promise<{ faults: string[]; memory: Memory }> => {
  const port = await freePort();
  let server: Running = await runServer({ home, port, sabotage });
  const memory = newMemory();
  const trader = makeTrader({
    url: () => `http://127.0.0.1:${port}`,
    password,
    listing: prepared.listing,
    offer: prepared.offer,
    ...patience,
  });
  const faults: string[] = [];
  try {
    for (let round = 0; round < count && faults.length === 0; round++) {
      const before = await persist(() => checkpointOf(server.url));
      const registration = prepared.registrations[round];
      const working = Promise.allSettled([
        trade(trader, memory, true),
        trade(trader, memory, false),
        ...(registration ? [trader.certify(memory, registration)] : []),
      ]);
      const victim = targets[round % targets.length]!;
      await new Promise((done) => setTimeout(done, 150 + randomInt(1500)));
      if (victim === 'server') {
        strike(server.child.pid);
        await ended(server.child);
        server = await runServer({ home, port, sabotage });
      } else strike(victim === 'bank' ? bankPid(server.child.pid!) : databasePid(home));
      for (const one of await working)
        if (one.status === 'rejected') faults.push(`round ${round} (${victim}): ${one.reason}`);
      if (faults.length === 0) {
        const found = await atRest(() => auditExchange(server.url, trader, memory, before), patience.restMilliseconds);
        faults.push(...found.map((fault) => `round ${round} (${victim}): ${fault}`));
      }
    }
  } finally {
    await server.stop();
  }
  return { faults, memory };
};

test(
  `${rounds} rounds of kill -9 lose and double nothing`,
  async () => {
    const { faults, memory } = await weather({ home: prepared.home, rounds, victims });
    expect(faults).toEqual([]);
    expect(memory.certified).toHaveLength(Math.min(rounds, registrations));
    expect(memory.signedContracts).toHaveLength(2 * rounds);
    // Three papers of each accepted order, one of each certificate.
    expect(memory.papers.size).toBe(3 * memory.acceptedOrders.length + memory.certified.length);
    expect([...memory.uses.values()].flatMap((uses) => uses.answered).length).toBeGreaterThan(rounds * usesPerOrder);
  },
  120_000 + rounds * 60_000,
);

// Where the rounds are long: the first suite of everybody has no time for it.
test.runIf(asked)(
  'the suite turns red when the database acknowledges before it is durable',
  async () => {
    const home = await prepared.copy();
    try {
      // What is lost stays lost, so a shorter wait shows it too.
      const patience = { triesMax: 100, restMilliseconds: 5000 };
      const { faults } = await weather({ home, rounds: 12, sabotage: 'late_commit', patience, victims: ['database'] });
      expect(faults).not.toEqual([]);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
  480_000,
);
