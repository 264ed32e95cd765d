/**
 * kill -9 of gateways of their own process, of the exchange and of its database, in turn, while three gateways serve one order under
 * load and three long answers run. Every answered use is on record once; what was ordered is used up and not exceeded; nobody is
 * refused while something is left that no dead gateway holds; a cut answer is on record as incomplete, with no more bytes than
 * arrived, and billed by them. SHUGU_CRASH_GATEWAY_ROUNDS sets the rounds.
 */
import { randomInt } from 'node:crypto';
import { odrlFrom } from '@shugu/policy';
import { getBalance, readUsageEvents } from '@shugu/wire/metering';
import { listStatements, readStatement } from '@shugu/wire/settlement';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCast } from '../../../cli/src/scenario/cast.ts';
import { untilKnown } from '../../src/delivery/link/testing.ts';
import { openSource, type Source, startCallers, startReaders } from './callers.ts';
import { endFleet, type Gateway, openFleet } from './fleet.ts';
import { type Prepared, prepareMarket } from './market.ts';
import { databasePid, ended, freePort, type Running, runServer, strike } from './processes.ts';
import { type Access, makeTrader, newMemory, persist, type Trader } from './trader.ts';
import { type Call, callFaults, cutFaults, type Death, type Recorded, recordFaults } from './uses.ts';

const asked = process.env.SHUGU_CRASH_GATEWAY_ROUNDS;
const victims = ['gateway', 'exchange', 'database'] as const;
/** Each victim once, where nobody asks for more. */
const rounds = Number(asked ?? victims.length);
type Victim = (typeof victims)[number];
const ordered = 150;
const callers = 9;
const patienceMs = 60_000;
const buyer = 'citylogistics.developer';

let prepared: Prepared;
let source: Source;
let settings: Record<string, string>;
let server: Running;
let trader: Trader;
let port: number;
let fleet: Gateway[] = [];
const memory = newMemory();

/** By the call and by the byte, with no limit but what is ordered. */
const sold = (upstream: string) => ({
  product: { deliveryModes: ['api' as const, 'proxy' as const] },
  listing: {
    deliveryModes: ['api' as const, 'proxy' as const],
    policy: odrlFrom({ actions: ['use', 'read'], purposes: ['logistics'] }) as never,
    plans: [
      { kind: 'perCall' as const, unitPrice: '0.035' },
      { kind: 'perGigabyte' as const, unitPrice: '100' },
    ].map((plan) => ({ title: plan.kind, plan, settlementWays: ['custody' as const], taxRate: '0.06' })),
  },
  endpoints: [{ kind: 'proxy' as const, upstream }],
});

interface UsageEvent {
  id: string;
  position: string;
  data: Omit<Recorded, 'id'> & { grant: string };
}

const start = () => persist(() => runServer({ home: prepared.home, port, settings }));

beforeAll(async () => {
  source = await openSource();
  settings = { SHUGU_PRIVATE_UPSTREAMS: source.host };
  prepared = await prepareMarket(0, sold(`http://${source.host}/`), settings);
  port = await freePort();
  server = await start();
  const { demoPassword: password } = await readCast();
  const { listing, offer } = prepared;
  trader = makeTrader({ url: () => server.url, password, listing, offer });
  fleet = await openFleet(trader, server.url, 3);
}, 240_000);
afterAll(async () => {
  await endFleet(fleet);
  await server?.stop();
  source?.close();
  await prepared?.end();
});

const kill = async (victim: Victim, among: readonly Gateway[], at: number): Promise<Death[]> => {
  const from = performance.now();
  if (victim === 'database') strike(databasePid(prepared.home));
  else if (victim === 'exchange') {
    strike(server.child.pid);
    await ended(server.child);
    server = await start();
  } else {
    await among[at]!.kill();
    await among[at]!.start();
    return [{ gateway: at, from, until: performance.now() }];
  }
  return [];
};

/** All sealed records of the buyer's grants, by grant. A failed use counts nothing, and its caller was told so. */
const readRecords = async (): Promise<Map<string, Recorded[]>> => {
  const found = new Map<string, Recorded[]>();
  for (let after: string | undefined; ; ) {
    const events = await trader.as(buyer, async (client) => {
      const answer = await client.raw(readUsageEvents, { query: { limit: 100, after } });
      return (await answer.json()) as UsageEvent[];
    });
    for (const { id, data } of events)
      if (data.status !== 'failed') found.set(data.grant, [...(found.get(data.grant) ?? []), { id, ...data }]);
    if (events.length === 0) return found;
    after = events.at(-1)!.position;
  }
};

const usedOf = async ({ grant }: Access): Promise<number> =>
  (await trader.as(buyer, (client) => client.call(getBalance, { params: { id: grant } }))).used.calls;

const until = async (holds: () => boolean | Promise<boolean>): Promise<boolean> => {
  const end = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > end) return false;
    await new Promise((done) => setTimeout(done, 20));
  }
  return true;
};

interface Observed {
  order: Awaited<ReturnType<Trader['order']>>;
  grant: string;
  calls: Call[];
}

/** One order, used up through all gateways while one victim dies. */
const storm = async (
  victim: Victim,
  among: readonly Gateway[],
  at: number,
): Promise<Observed & { faults: string[] }> => {
  await trader.deposit(600, memory);
  const order = await trader.order(memory, { quantity: ordered });
  const access = await trader.access(order.contract);
  await untilKnown(among, access.grant, access.secret);
  const using = startCallers(among, access, callers);
  const struckAfter = randomInt(ordered / 10, ordered / 2);
  await until(() => using.answered() >= struckAfter);
  const deaths = await kill(victim, among, at);
  const usedUp = await until(async () => (await usedOf(access)) >= ordered);
  const states = usedUp ? [] : await Promise.all(among.map((gateway) => gateway.state()));
  await using.stop();
  const faults = callFaults(ordered, using.calls, deaths);
  if (!usedUp) faults.push(`only ${await usedOf(access)} of ${ordered} calls could be used:`, ...states);
  return { order, grant: access.grant, calls: using.calls, faults };
};

/** Storms one after the other; the first that shows a fault is the last. */
const weather = async (count: number, targets: readonly Victim[], among: readonly Gateway[]) => {
  const faults: string[] = [];
  const observed: Observed[] = [];
  for (let round = 0; round < count && faults.length === 0; round++) {
    const victim = targets[round % targets.length]!;
    const seen = await storm(victim, among, Math.floor(round / targets.length) % among.length);
    observed.push(seen);
    faults.push(...seen.faults.map((fault) => `round ${round} (${victim}): ${fault}`));
  }
  return { faults, observed };
};

/** Bytes that the one statement of an order bills, once both have ended its contract. */
const billedOf = async (order: { id: string; contract: string }): Promise<number> => {
  await trader.finish(memory, order);
  return persist(() =>
    trader.as('citylogistics.finance', async (client) => {
      const { items } = await client.call(listStatements, { query: { order: order.id } });
      if (!items[0]) throw new Error('no statement yet');
      const { lines } = await client.call(readStatement, { params: { id: items[0].id } });
      return lines.reduce((sum, { quantity }) => sum + Number(quantity), 0);
    }),
  );
};

test(
  `${rounds} rounds of kill -9 of gateways, exchange and database lose, double, exceed and refuse nothing`,
  async () => {
    await trader.deposit(11_000, memory);
    const order = await trader.order(memory, { offer: prepared.offers[1]!, quantity: 10 ** 9 });
    const access = await trader.access(order.contract, 'proxy');
    await untilKnown(fleet, access.grant, access.secret, ['proxy']);
    const reading = startReaders(fleet, access, source);
    const { faults, observed } = await weather(rounds, victims, fleet);
    await reading.stop();
    expect(faults, faults.join('; ')).toEqual([]);
    // The last bill waits for every record of every gateway: from now on all of them are sealed.
    const billed = await billedOf(order);
    const records = await readRecords();
    for (const [round, { grant, calls }] of observed.entries()) {
      const amiss = recordFaults(ordered, calls, records.get(grant) ?? []);
      expect(amiss, `round ${round}: ${amiss.join('; ')}`).toEqual([]);
    }
    const wrong = cutFaults(reading.cuts, records.get(access.grant) ?? [], billed);
    expect(wrong, wrong.join('; ')).toEqual([]);
    expect(reading.cuts.length).toBeGreaterThanOrEqual(fleet.length + Math.ceil(rounds / victims.length));
    expect(billed).toBeGreaterThan(0);
  },
  120_000 + rounds * 60_000,
);

// Where the rounds are long: the first suite of everybody has no time for it.
test.runIf(asked)(
  'the suite turns red when uses are answered before they are on record',
  async () => {
    const weak = await openFleet(trader, server.url, 1, 'answerBeforeAppend');
    try {
      const lost = /answered uses are not recorded as complete/;
      let faults = '';
      // A kill may meet a moment in which all that was answered happens to be on record.
      for (let round = 0; round < 5 && !lost.test(faults); round++) {
        const { observed } = await weather(1, ['gateway'], weak);
        const { order, grant, calls } = observed[0]!;
        await billedOf(order);
        faults = recordFaults(ordered, calls, (await readRecords()).get(grant) ?? []).join();
      }
      expect(faults).toMatch(lost);
    } finally {
      await endFleet(weak);
    }
  },
  240_000,
);
