/**
 * A whole exchange for one test file: a copy of a prepared database, a folder of its own, a simulated clock, every reply held
 * against its schema, the demo cast as active members. Preparing happens once a run; a copy starts in a fraction of a second.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, makeClient } from '@shugu/wire';
import { createGateway } from '@shugu/wire/gateways';
import * as membersWire from '@shugu/wire/members';
import type pg from 'pg';
import { enableTemplates, publishRulebook } from '../../../cli/src/scenario/institutions.ts';
import { makeStage, type Stage } from '../../../cli/src/scenario/stage.ts';
import { type Exchange, type ExchangeOptions, startExchange } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/kernel/config.ts';
import { sql } from '../../src/kernel/db/db.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { newSecret } from '../../src/kernel/ids.ts';
import { makeLog } from '../../src/kernel/log.ts';
import { emit } from '../../src/kernel/outbox.ts';
import { sharedPress } from '../../src/kernel/paper/testing.ts';
import type { RunningPostgres } from '../../src/kernel/postgres/index.ts';
import { testPostgres } from '../../src/kernel/postgres/testing.ts';
import { openSession } from '../../src/kernel/session.ts';
import { type Cast, readCast, type SeededCast, seedCast } from '../../src/members/testing.ts';
import { aGateway } from './people.ts';

/** A Wednesday with an ordinary working week before it. */
export const startOfTime = '2026-07-01T09:00:00+08:00';
// Keys in the prepared database are sealed with it, so every copy needs the same one.
const keySecret = 'a secret that all tests share';

export interface TestExchangeOptions {
  /** Settings that differ; `suite` has a prepared database of its own. */
  config?: Partial<Config>;
  /** Who connectors of other nodes are. */
  identity?: ExchangeOptions['identity'];
  /** False gives a node before its set-up. */
  seeded?: boolean;
  /** Opens everybody's sub-account at the bank simulator, for tests in which money moves. */
  accounts?: boolean;
  /** Each time it settles: whether ticks that say they are not due are right. SHUGU_TEST_TICKS=1 asks it of all exchanges. */
  checkTicks?: boolean;
}

export interface TestExchange {
  exchange: Exchange;
  url: string;
  home: string;
  cast: Cast;
  /** Ids by key and login; empty when nothing was seeded. */
  seeded: SeededCast;
  /** A stranger. */
  anyone: Client;
  /** Somebody of the cast, by login, with a session opened in the database: hashing would cost more than the test. */
  as(login: string): Promise<Client>;
  /** `fresh` opens another session, for a request that ends it. */
  token(login: string, fresh?: boolean): Promise<string>;
  /** The walk's view of this exchange, for its steps of a trade. */
  stage: Stage;
  /** Runs everything that is due until nothing is left. */
  settle(): Promise<number>;
  end(): Promise<void>;
}

/**
 * A market that is further on, for files that begin alike: played once a run, through the door as everything else, by
 * whoever needs it first. Each exchange in it has a copy of its database, its objects and its bank.
 */
export interface World<Given, Before = undefined> {
  /** Lower-case letters, digits and underscores. */
  name: string;
  /** Where its play begins; without it, with the cast alone. */
  from?: World<Before, never>;
  accounts?: boolean;
  /** Returns what tests need to know of it, as plain data. */
  play(exchange: TestExchange, before: Before): Promise<Given>;
}

const running = (connection: pg.PoolConfig): RunningPostgres => ({
  connection,
  kind: 'external',
  version: 'test',
  attached: false,
  stop: async () => {},
});

const configFor = (home: string, over: Partial<Config>): Config =>
  readConfig(
    {},
    {
      home,
      port: 0,
      clock: startOfTime,
      keySecret,
      logDelaySeconds: 1,
      commitmentSeconds: 1,
      requestsPerSecond: 100_000,
      loginTriesPerMinute: 1000,
      checkReplies: true,
      logLevel: 'silent',
      ...over,
    },
  );

/** `like`: the folder of which the node's own is a copy. */
const open = async (
  connection: pg.PoolConfig,
  over: Partial<Config>,
  { identity, checkTicks, like }: Pick<ExchangeOptions, 'identity' | 'checkTicks'> & { like?: string | undefined } = {},
) => {
  const home = await mkdtemp(join(tmpdir(), 'shugu-exchange-'));
  const config = configFor(home, over);
  const level = process.env.SHUGU_TEST_LOG as Config['logLevel'] | undefined;
  const end = () => rm(home, { recursive: true, force: true, maxRetries: 3 });
  try {
    if (like) await cp(like, home, { recursive: true });
    const exchange = await startExchange({
      config,
      log: makeLog(level ?? config.logLevel),
      postgres: running(connection),
      press: sharedPress,
      identity,
      checkTicks,
    });
    return {
      exchange,
      home,
      end: async () => {
        await exchange.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
};

const seed = (exchange: Exchange): Promise<SeededCast> =>
  exchange.kernel.database.tx(systemActor('test'), (tx) => seedCast(tx, exchange.kernel.seal));

const nobody: SeededCast = { password: '', organisations: {}, people: {} };

/** Whom `seedCast` wrote, read back from a copy. */
export const seededIn = async (exchange: Exchange, cast: Cast): Promise<SeededCast> => {
  const { pool } = exchange.kernel.database;
  const organisations = await pool.query<{ id: string; credit_code: string }>(
    'select id, credit_code from organisations',
  );
  const people = await pool.query<{ id: string; login: string }>('select id, login from people');
  const byCode = new Map(organisations.rows.map((row) => [row.credit_code, row.id]));
  return {
    password: cast.demoPassword,
    organisations: Object.fromEntries(cast.organisations.map((one) => [one.key, byCode.get(one.creditCode)!])),
    people: Object.fromEntries(people.rows.map((row) => [row.login, row.id])),
  };
};

const stageOf = (exchange: Exchange, cast: Cast, as: TestExchange['as'], seeded: SeededCast): Stage => ({
  ...makeStage(exchange.url, cast),
  as,
  organisation: async (key) => seeded.organisations[key]!,
});

const acceptRules = async (stage: Stage): Promise<void> => {
  const { items } = await stage.anyone.call(membersWire.listRulebook, {});
  for (const organisation of stage.cast.organisations) {
    const administrator = organisation.people.find((one) => one.seats.includes('administrator'));
    if (!administrator || organisation.key === 'regulator') continue;
    const client = await stage.as(administrator.login);
    for (const { current } of items)
      if (current) await client.call(membersWire.acceptRuleVersion, { params: { id: current.id }, body: {} });
  }
};

/** What admission would have told: the bank opens sub-accounts in the books of this copy, not of the prepared one. */
export const tellActivated = async (exchange: Exchange, cast: Cast, seeded: SeededCast): Promise<void> => {
  await exchange.kernel.database.tx(systemActor('test'), async (tx) => {
    for (const { key, roles } of cast.organisations) {
      const id = seeded.organisations[key]!;
      await emit(tx, {
        type: 'members.organisation.activated',
        subject: id,
        participant: id,
        data: { roles: roles.map((one) => one.role) },
      });
    }
  });
};

const prepared = async (seeded: boolean, suite: Config['suite']): Promise<string> => {
  const postgres = await testPostgres();
  return postgres.template(`exchange_${suite}_${seeded ? 'cast' : 'empty'}`, async (connection) => {
    const { exchange, end } = await open(connection, { suite });
    try {
      if (!seeded) return;
      await seed(exchange);
      const cast = await readCast();
      const ids = await seededIn(exchange, cast);
      const stage = stageOf(exchange, cast, clientsOf(exchange, () => ids).as, ids);
      await publishRulebook(stage);
      await enableTemplates(stage);
      await acceptRules(stage);
      await exchange.settle();
    } finally {
      await end();
    }
  });
};

/** A copy of the database with the cast in it, as a process of its own is given one, and the secret that it is sealed with. */
export const preparedDatabase = async () => {
  const { connection, drop } = await (await testPostgres()).freshDatabase(await prepared(true, 'intl'));
  const { connectionString, host, port, user, database } = connection;
  const url =
    connectionString ??
    `postgres://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host ?? 'localhost')}`;
  return { url, keySecret, drop };
};

const clientsOf = (exchange: Exchange, seeded: () => SeededCast) => {
  const { database, clock } = exchange.kernel;
  const sessions = new Map<string, { token: string; expiresAt: Date }>();
  const token = async (login: string, fresh = false): Promise<string> => {
    const known = sessions.get(login);
    if (!fresh && known && known.expiresAt > clock.now()) return known.token;
    if (login === aGateway.login) return gatewayKey();
    const person = seeded().people[login];
    if (!person) throw new Error(`nobody signs in as ${login}`);
    const session = await database.tx(systemActor('test'), async (tx) => {
      const { rows } = await database.pool.query<{ participant: string }>(
        'select participant from people where id = $1',
        [person],
      );
      return openSession(tx, { person, participant: rows[0]!.participant }, { hours: 12 });
    });
    if (!fresh) sessions.set(login, session);
    return session.token;
  };
  let issued: Promise<string> | undefined;
  const gatewayKey = (): Promise<string> => {
    issued ??= as('operator.system').then(async (administrator) => {
      const { key } = await administrator.call(createGateway, { body: { name: '测试网关' } });
      return key;
    });
    return issued;
  };
  const as = async (login: string): Promise<Client> =>
    makeClient({ url: exchange.url, token: await token(login), newKey: newSecret });
  return { token, as };
};

type Opened = Awaited<ReturnType<typeof open>>;

const onStage = async ({ exchange, home }: Opened, wantsCast: boolean): Promise<Omit<TestExchange, 'end'>> => {
  const cast = await readCast();
  const seeded = wantsCast ? await seededIn(exchange, cast) : nobody;
  const { token, as } = clientsOf(exchange, () => seeded);
  return {
    exchange,
    url: exchange.url,
    home,
    cast,
    seeded,
    anyone: makeClient({ url: exchange.url, newKey: newSecret }),
    as,
    token,
    stage: stageOf(exchange, cast, as, seeded),
    settle: () => exchange.settle(),
  };
};

const started = async (
  template: string,
  { config: over = {}, identity, checkTicks, seeded, accounts }: TestExchangeOptions,
  like?: string,
): Promise<TestExchange> => {
  const { connection, done } = await (await testPostgres()).freshDatabase(template);
  const opened = await open(connection, over, {
    identity,
    checkTicks: checkTicks ?? process.env.SHUGU_TEST_TICKS === '1',
    like,
  });
  const made = await onStage(opened, seeded !== false);
  if (accounts) await tellActivated(made.exchange, made.cast, made.seeded);
  const end = async () => {
    await opened.end();
    await done();
  };
  return { ...made, end };
};

export const testExchange = async (options: TestExchangeOptions = {}): Promise<TestExchange> =>
  started(await prepared(options.seeded !== false, options.config?.suite ?? 'intl'), options);

const [homeOf, givenOf] = [(folder: string) => join(folder, 'home'), (folder: string) => join(folder, 'given.json')];

const played = async <Given, Before>(world: World<Given, Before>): Promise<{ template: string; folder: string }> => {
  const postgres = await testPostgres();
  const before = world.from && (await played(world.from));
  const given = before && JSON.parse(await readFile(givenOf(before.folder), 'utf8'));
  const from = before?.template ?? (await prepared(true, 'intl'));
  const play = async (connection: pg.PoolConfig, folder: string) => {
    const opened = await open(connection, {}, { like: before && homeOf(before.folder) });
    try {
      const made = { ...(await onStage(opened, true)), end: opened.end };
      if (world.accounts) await tellActivated(made.exchange, made.cast, made.seeded);
      await writeFile(givenOf(folder), JSON.stringify((await world.play(made, given)) ?? null));
      await settleWhole(made, true);
      await opened.exchange.close();
      await cp(opened.home, homeOf(folder), { recursive: true });
    } finally {
      await opened.end();
    }
  };
  const template = await postgres.template(`world_${world.name}`, play, from);
  return { template, folder: postgres.folderOf(template) };
};

/** An exchange of its own in a world that was played before. */
export const exchangeIn = async <Given, Before>(
  world: World<Given, Before>,
  options: Omit<TestExchangeOptions, 'seeded'> = {},
): Promise<TestExchange & { given: Given }> => {
  const { template, folder } = await played(world);
  const given = JSON.parse(await readFile(givenOf(folder), 'utf8')) as Given;
  return { ...(await started(template, options, homeOf(folder))), given };
};

/** Until nothing is left, in the hands of the exchange's own workers either; `bank`: nor in those of its bank. */
export const settleWhole = async ({ exchange }: Pick<TestExchange, 'exchange'>, bank = false): Promise<void> => {
  const underWay = bank
    ? sql`select 1 from bank_instructions where finished_at is null union all
        select 1 from settlement_accounts where state = 'opening' union all
        select 1 from jobs where state = 'running' limit 1`
    : sql`select 1 from jobs where state = 'running' limit 1`;
  for (;;) {
    await exchange.settle();
    if (!(await exchange.kernel.database.first(underWay))) return;
    await new Promise((resume) => setTimeout(resume, 20));
  }
};
