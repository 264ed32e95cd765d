/**
 * A buyer who trades through storms: every POST carries a key of its own and is repeated with the same key until it is answered.
 * It remembers only what was acknowledged; whoever checks holds the exchange against that memory.
 */
import { randomUUID } from 'node:crypto';
import { type Client, makeClient, ProblemError } from '@shugu/wire';
import * as agreementsWire from '@shugu/wire/agreements';
import * as casesWire from '@shugu/wire/cases';
import * as deliveryWire from '@shugu/wire/delivery';
import * as marketWire from '@shugu/wire/market';
import * as membersWire from '@shugu/wire/members';
import * as settlementWire from '@shugu/wire/settlement';
import type { Registration } from './market.ts';

export interface Memory {
  orders: { id: string; number: string; key: string }[];
  /** By grant: receipts of answers that arrived whole, and calls sent at all. */
  uses: Map<string, { answered: string[]; sent: number }>;
  depositsFen: number;
  acceptedOrders: string[];
  /** Contracts that both sides were told they had signed. */
  signedContracts: string[];
  /** Registrations whose certificate the clerk was told is issued. */
  certified: Registration[];
  /** By id: digest of the bundle that was once handed out. */
  papers: Map<string, string>;
  endedContracts: string[];
}

export const newMemory = (): Memory => ({
  orders: [],
  uses: new Map(),
  depositsFen: 0,
  acceptedOrders: [],
  signedContracts: [],
  certified: [],
  papers: new Map(),
  endedContracts: [],
});

export interface Market {
  url(): string;
  password: string;
  listing: string;
  offer: string;
  /** How often it tries before it gives up, where not for long enough for a slow machine. */
  triesMax?: number;
}

/** A grant, where it is served, and a key of its own. */
export interface Access {
  grant: string;
  path: string;
  secret: string;
}

const pauseMilliseconds = 120;
const triesMax = 400;
const pause = () => new Promise((done) => setTimeout(done, pauseMilliseconds));

/** Repeats until the exchange answers with anything but "not now"; a refusal is an answer. */
export const persist = async <T>(run: () => Promise<T>, most = triesMax): Promise<T> => {
  for (let tries = 0; ; tries++) {
    try {
      return await run();
    } catch (error) {
      const status = error instanceof ProblemError ? error.problem.status : 0;
      const passing = status === 0 || status >= 500 || status === 429 || status === 401;
      if (!passing || tries >= most) throw error;
      await pause();
    }
  }
};

export const makeTrader = (market: Market) => {
  const tokens = new Map<string, string>();
  const insist = <T>(run: () => Promise<T>): Promise<T> => persist(run, market.triesMax);
  const signIn = async (login: string): Promise<Client> => {
    const open = (token?: string) => makeClient({ url: market.url(), token, newKey: randomUUID });
    const known = tokens.get(login);
    if (known) return open(known);
    const session = await open().call(membersWire.signIn, { body: { login, password: market.password } });
    tokens.set(login, session.token);
    return open(session.token);
  };
  const as = <T>(login: string, run: (client: Client) => Promise<T>): Promise<T> =>
    insist(async () => run(await signIn(login)));

  const deposit = (fen: number, memory: Memory) => {
    const key = randomUUID();
    return as('citylogistics.finance', (client) =>
      client.call(settlementWire.simulateDeposit, { body: { amountFen: String(fen) } }, { idempotencyKey: key }),
    ).then(() => {
      memory.depositsFen += fen;
    });
  };

  const order = async (
    memory: Memory,
    { offer = market.offer, quantity = 20 }: { offer?: string; quantity?: number } = {},
  ): Promise<{ id: string; contract: string }> => {
    const buyer = 'citylogistics.trader';
    const today = '2026-07-10';
    const scenarioKey = randomUUID();
    const scenario = await as(buyer, (client) =>
      client.call(
        marketWire.createScenario,
        {
          body: {
            title: '压力测试',
            purposes: ['logistics'],
            endUser: '城配通达物流有限公司（样例）',
            personalData: false,
            onwardUse: '',
            licence: '',
            region: '430100',
            from: today,
            until: '2026-12-31',
            authorisation: '',
          },
        },
        { idempotencyKey: scenarioKey },
      ),
    );
    const key = randomUUID();
    const placed = await as(buyer, (client) =>
      client.call(
        marketWire.placeOrder,
        {
          body: {
            listing: market.listing,
            offer,
            scenario: scenario.id,
            quantity,
            settlementWay: 'custody',
            months: 3,
          },
        },
        { idempotencyKey: key },
      ),
    );
    memory.orders.push({ id: placed.id, number: placed.number, key });
    for (const login of [buyer, 'xingsha.trader']) {
      const seen = await as(login, (client) =>
        client.call(agreementsWire.getContract, { params: { id: placed.contract! } }),
      );
      const signKey = randomUUID();
      await as(login, (client) =>
        client.call(
          agreementsWire.signContract,
          { params: { id: placed.contract! }, body: { documentHash: seen.current.documentHash! } },
          { idempotencyKey: signKey },
        ),
      );
    }
    memory.signedContracts.push(placed.contract!);
    return { id: placed.id, contract: placed.contract! };
  };

  const certify = async (memory: Memory, registration: Registration): Promise<void> => {
    const idempotencyKey = randomUUID();
    await as('registrar.clerk', (client) =>
      client.call(
        casesWire.cases.move,
        { params: { case: registration.case }, body: { move: 'certify', input: {} } },
        { idempotencyKey },
      ),
    );
    memory.certified.push(registration);
  };

  const access = async (contract: string, kind = 'api'): Promise<Access> => {
    const developer = 'citylogistics.developer';
    const grant = await insist(async () => {
      const client = await signIn(developer);
      const { items } = await client.call(deliveryWire.listGrants, { query: { contract } });
      const found = items.find((one) => one.state === 'active');
      const address = found?.lines.find((line) => line.kind === kind)?.address;
      if (!found || !address) throw new Error('not open yet');
      return { id: found.id, address };
    });
    // A repeated key request is answered "already done" without its secret: then another key is made.
    const key = await insist(async () =>
      (await signIn(developer)).call(deliveryWire.createKey, {
        params: { id: grant.id },
        body: { name: `k${randomUUID().slice(0, 8)}` },
      }),
    );
    return { grant: grant.id, path: new URL(grant.address, market.url()).pathname, secret: key.secret };
  };

  /** One call; what breaks off half-way counts as sent, not as answered. */
  const use = async (memory: Memory, { grant, path, secret }: Access): Promise<void> => {
    const uses = memory.uses.get(grant) ?? { answered: [], sent: 0 };
    memory.uses.set(grant, uses);
    uses.sent++;
    try {
      const response = await fetch(`${market.url()}${path.replace(/\/$/, '')}/430102`, {
        headers: { authorization: `Bearer ${secret}` },
      });
      const body = await response.text();
      const receipt = response.headers.get('x-receipt');
      if (response.ok && receipt && body.endsWith('}')) uses.answered.push(receipt);
      else if (response.status < 500) uses.sent--;
    } catch {
      // Cut off: it may have been recorded, or not.
      await pause();
    }
  };

  const finish = async (memory: Memory, { id, contract }: { id: string; contract: string }): Promise<void> => {
    const deliverKey = randomUUID();
    await as('xingsha.trader', (client) =>
      client.call(
        marketWire.deliverOrder,
        { params: { id }, body: { note: '已开通' } },
        { idempotencyKey: deliverKey },
      ),
    );
    const acceptKey = randomUUID();
    await as('citylogistics.trader', (client) =>
      client.call(marketWire.acceptOrder, { params: { id }, body: { note: '同意' } }, { idempotencyKey: acceptKey }),
    );
    memory.acceptedOrders.push(id);
    // Acceptance ends nothing: the last bill and the split follow the agreed end.
    const ends = { params: { id: contract }, body: { reason: '所需数据已取得' } };
    const endKey = randomUUID();
    const asked = await as('citylogistics.trader', (client) =>
      client.call(agreementsWire.proposeTermination, ends, { idempotencyKey: endKey }),
    );
    const termination = asked.terminations.at(-1)!.id;
    const agreeKey = randomUUID();
    await as('xingsha.trader', (client) =>
      client.call(
        agreementsWire.decideTermination,
        { params: { id: contract, termination }, body: { accept: true } },
        { idempotencyKey: agreeKey },
      ),
    );
    memory.endedContracts.push(contract);
  };

  return { as, deposit, order, certify, access, use, finish };
};

export type Trader = ReturnType<typeof makeTrader>;
