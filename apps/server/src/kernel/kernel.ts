/** The kernel built by hand, in order: database, secrets, keys, log, papers. Rooms take what they need from it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite as suiteOf } from '@shugu/evidence';
import type { Logger } from 'pino';
import { restoreMark } from './backup/files.ts';
import { openObjects } from './bucket-objects.ts';
import type { Clock, SimulatedClock } from './clock.ts';
import type { Config } from './config.ts';
import { type Database, openDatabase } from './db/db.ts';
import { migrate, readMigrations } from './db/migrate.ts';
import { systemActor } from './http/principal.ts';
import { type Issue, makeIssue } from './issue/index.ts';
import { type Keys, makeKeys } from './keys.ts';
import { keepClock, nodeClock, nodeSecret, readState, setupToken, writeState } from './node.ts';
import type { ObjectStore } from './objects.ts';
import { createPress, type Press } from './paper/press.ts';
import { type RunningPostgres, startPostgres } from './postgres/index.ts';
import { makePublicLog, type PublicLog } from './publiclog/publiclog.ts';
import { authoritiesIn, makeStamping, rememberAuthorities, type Stamping } from './publiclog/stamps.ts';
import { insertOrigin, openOrigin } from './publiclog/store.ts';
import { originName } from './publiclog/succession.ts';
import { rememberWitnesses } from './publiclog/witnesses.ts';
import { makeSeal, type Seal } from './seal.ts';

export interface Kernel {
  config: Config;
  clock: Clock | SimulatedClock;
  database: Database;
  postgres: RunningPostgres;
  log: Logger;
  objects: ObjectStore;
  keys: Keys;
  seal: Seal;
  publicLog: PublicLog;
  /** Where a time stamping authority is configured. */
  stamping?: Stamping;
  issue: Issue;
  press: Press;
  setupToken: string;
  publicUrl(): string;
  close(): Promise<void>;
}

export interface KernelOptions {
  config: Config;
  log: Logger;
  roomOrder: readonly string[];
  /** A database that is already running (tests); else one is started by the settings. */
  postgres?: RunningPostgres;
  /** One that others use too (tests): it is theirs to end. */
  press?: Press | undefined;
  /** The server's own address, known once it listens. */
  address(): string;
}

const sourceDirectory = join(import.meta.dirname, '..');

// The origin names the node and its beginning, so that two data folders never grow the same log.
const ensureOrigin = async (database: Database, keys: Keys, config: Config): Promise<void> => {
  await database.tx(systemActor('publiclog'), async (tx) => {
    if (await openOrigin(tx, config.node)) return;
    const signer = await keys.signer(tx, '', 'log');
    await insertOrigin(tx, originName(config.node, signer.keyId), config.suite, signer.keyId);
  });
  await database.tx(systemActor('publiclog'), (tx) => rememberWitnesses(tx, config.witnesses));
};

const readAuthorities = async (config: Config): Promise<Uint8Array[]> => {
  try {
    return config.tsaUrl ? authoritiesIn(await readFile(config.tsaCertificates, 'utf8')) : [];
  } catch (error) {
    throw new Error(`SHUGU_TSA_CERTIFICATES: ${(error as Error).message}`);
  }
};

const checkSuite = async (database: Database, config: Config): Promise<void> => {
  await database.tx(systemActor('start'), async (tx) => {
    const kept = await readState<string>(tx, 'suite');
    if (kept && kept !== config.suite) throw new Error(`this data folder uses suite ${kept}; set SHUGU_SUITE=${kept}`);
    if (!kept) await writeState(tx, 'suite', config.suite);
  });
};

export const openKernel = async ({
  config,
  log,
  roomOrder,
  postgres: given,
  press: sharedPress,
  address,
}: KernelOptions): Promise<Kernel> => {
  const home = config.home;
  const authorities = await readAuthorities(config);
  if (existsSync(join(home, restoreMark)))
    throw new Error(`a restore into ${home} was not finished; delete the folder and restore again`);
  const postgres =
    given ??
    (await startPostgres({
      dataDirectory: join(home, 'postgres'),
      url: config.databaseUrl || undefined,
      log,
      // Only the crash suite sets it, to show that it turns red.
      ...(process.env.SHUGU_TEST_SABOTAGE === 'late_commit' ? { sabotage: 'late_commit' as const } : {}),
    }));
  const tenancy = { node: config.node, market: config.market };
  let clock: Clock | SimulatedClock | undefined;
  const database = openDatabase({
    connection: postgres.connection,
    tenancy,
    region: config.region,
    now: () => clock?.now() ?? new Date(),
    // The message alone: the error carries the whole client with it.
    onError: (error) => log.warn({ reason: error.message }, 'a database connection ended'),
  });
  try {
    const applied = await migrate(database, await readMigrations(sourceDirectory, ['kernel', ...roomOrder]));
    if (applied.length) log.info({ applied: applied.length }, 'migrations applied');
    clock = await nodeClock(database, { setting: config.clock, behindSecondsMax: config.clockBehindSecondsMax });
    if (clock.behindSeconds() > 1)
      log.warn(
        { behindSeconds: clock.behindSeconds() },
        'the host’s time is behind the records: the clock waits for it',
      );
    await checkSuite(database, config);
    await database.tx(systemActor('start'), (tx) => writeState(tx, 'region', config.region));
    const secret = await nodeSecret(home, config.keySecret);
    const objects = await openObjects(config, log);
    const keys = makeKeys(secret, config.suite);
    await ensureOrigin(database, keys, config);
    await database.tx(systemActor('stamps'), (tx) => rememberAuthorities(tx, authorities));
    const press = sharedPress ?? createPress();
    const publicUrl = () => config.publicUrl || address();
    let issue: Issue | undefined;
    const publicLog = makePublicLog({
      database,
      node: config.node,
      log,
      originKey: async (origin) => {
        const signer = await keys.signerById(database, origin.key);
        return { suite: origin.suite, hash: suiteOf(origin.suite).hash, signer };
      },
      rhythmSeconds: { clear: config.logDelaySeconds, commitment: config.commitmentSeconds },
      onSequenced: (tx, ids) => issue!.onSequenced(tx, ids),
      witnesses: config.witnesses,
      now: () => clock!.now(),
    });
    issue = makeIssue({
      database,
      keys,
      publicLog,
      objects,
      press,
      suite: config.suite,
      publicUrl,
      specimen: !config.nationalUrl,
    });
    const running = clock;
    const { tsaUrl: url, tsaSeconds: seconds, tsaAuthorization: authorization } = config;
    const stamping =
      url === ''
        ? undefined
        : makeStamping({
            database,
            node: config.node,
            log,
            source: { url, authorization, seconds, authorities },
            now: () => running.now(),
            checkpoint: publicLog.presentable,
            onStamped: issue.onStamped,
          });
    return {
      config,
      clock: running,
      database,
      postgres,
      log,
      objects,
      keys,
      seal: makeSeal(secret),
      publicLog,
      ...(stamping ? { stamping } : {}),
      issue,
      press,
      setupToken: await setupToken(home),
      publicUrl,
      close: async () => {
        await stamping?.close();
        await keepClock(database, running).catch((error) => log.warn({ err: error }, 'the clock was not kept'));
        if (!sharedPress) press.end();
        objects.close();
        await database.close();
        if (!given) await postgres.stop();
      },
    };
  } catch (error) {
    await database.close();
    if (!given) await postgres.stop();
    throw error;
  }
};
