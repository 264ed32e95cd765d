/** `shugu doctor`: looks at a node from outside, changes nothing, and says what to do about each fault. */
import type { Text } from '@shugu/wire';
import { connectHome, type HomeDatabase } from '../backup/connect.ts';
import { BackupProblem } from '../backup/problem.ts';
import type { Config } from '../config.ts';
import { type Database, openDatabase } from '../db/db.ts';
import type { Migration } from '../db/migrate.ts';
import { readState } from '../node.ts';
import type { PostgresLog } from '../postgres/index.ts';
import { checkKeeping, checkRegion } from './keeping.ts';
import { checkDisk, checkFolder, checkPlatform, checkProgram, checkSecretFile } from './machine.ts';
import {
  checkClock,
  checkExtra,
  checkJobs,
  checkLogs,
  checkMigrations,
  checkObjects,
  checkPapers,
  checkPending,
  checkStalled,
} from './records.ts';
import { checkStamps } from './stamps.ts';

export interface Finding extends Text {
  id: string;
  level: 'ok' | 'warning' | 'error';
  /** What to do. */
  next?: Text;
}

/** A question of a room's: rows of `faults` (column `fault`) are what is wrong. Skipped where the table is not there. */
export interface ExtraCheck {
  id: string;
  table: string;
  faults: string;
  well: Text;
  wrong: Text;
  next: Text;
}

/** A room's look at something that is not in the database, by the records' clock; undefined where there is nothing to look at. */
export interface OwnCheck {
  id: string;
  check(config: Config, now: Date): Promise<Finding[]>;
}

export interface DoctorOptions {
  config: Config;
  migrations: readonly Migration[];
  extra: readonly ExtraCheck[];
  own: readonly OwnCheck[];
  now: Date;
  nodeVersion: string;
  log: PostgresLog;
}

const failed = (id: string, error: unknown): Finding => ({
  id,
  level: 'error',
  zh: `检查“${id}”未能完成：${(error as Error).message}`,
  en: `the check "${id}" could not be made: ${(error as Error).message}`,
  next: { zh: '先处理上面的问题，再检查一次', en: 'mend what stands above, then look again' },
});

const recordChecks = (
  database: Database,
  { config, migrations, extra, own, now }: DoctorOptions,
  secretHolds: boolean,
) => {
  // The records' own clock: on a simulated calendar the machine's says nothing about lateness.
  const recordsNow = async () => {
    const kept = await readState<{ now: string; simulated: boolean }>(database, 'clock');
    return kept?.simulated ? new Date(kept.now) : now;
  };
  const suite = async () => (await readState<'intl' | 'sm'>(database, 'suite')) ?? config.suite;
  const checks: [string, () => Promise<Finding | Finding[] | undefined>][] = [
    ['migrations', () => checkMigrations(database, migrations)],
    ['clock', () => checkClock(database, now)],
    ['sequencing', async () => checkPending(database, config, await recordsNow())],
    ['stamps', async () => checkStamps(database, config, await recordsNow())],
    ['papers', async () => checkPapers(database, config, await recordsNow())],
    ['objects', () => checkObjects(database, config)],
    ['jobs', () => checkJobs(database)],
    ['events', () => checkStalled(database)],
    ['region', () => checkRegion(database, config.region)],
    ['retention', async () => checkKeeping(database, await recordsNow())],
    ...extra.map((one): [string, () => Promise<Finding | undefined>] => [one.id, () => checkExtra(database, one)]),
    ...own.map((one): [string, () => Promise<Finding[]>] => [
      one.id,
      async () => one.check(config, await recordsNow()),
    ]),
  ];
  // With a missing secret a new one would be made: this check only reads.
  if (secretHolds) checks.push(['log', async () => checkLogs(database, config, await suite())]);
  return checks;
};

const describeDatabase = ({ version, running }: HomeDatabase): Finding => ({
  id: 'database',
  level: 'ok',
  zh: `PostgreSQL ${version}${running ? '' : '（为检查临时启动）'}`,
  en: `PostgreSQL ${version}${running ? '' : ' (started for this check)'}`,
});

const unreachable = (error: unknown): Finding => ({
  id: 'database',
  level: 'error',
  zh: `数据库不可用：${(error as Error).message}`,
  en: `no database: ${(error as Error).message}`,
  next:
    error instanceof BackupProblem
      ? { zh: '先启动一次节点，或用 --home 指明数据目录', en: 'start the node once, or name its folder with --home' }
      : { zh: '检查数据库服务与 SHUGU_DATABASE_URL', en: 'look at the database server and SHUGU_DATABASE_URL' },
});

/** Every check, in order; one that throws is a finding of its own. */
export const examine = async (options: DoctorOptions): Promise<Finding[]> => {
  const { config } = options;
  const findings: Finding[] = [
    checkProgram(options.nodeVersion),
    checkPlatform(config),
    ...(await checkFolder(config)),
  ];
  if (findings.some((one) => one.id === 'folder' && one.level === 'error')) return findings;
  const secret = await checkSecretFile(config);
  findings.push(secret, await checkDisk(config));
  let home: HomeDatabase;
  try {
    home = await connectHome(config, options.log);
  } catch (error) {
    return [...findings, unreachable(error)];
  }
  findings.push(describeDatabase(home));
  const database = openDatabase({
    connection: home.connection,
    tenancy: { node: config.node, market: config.market },
    region: config.region,
    now: () => options.now,
    clientsMax: 1,
  });
  try {
    const secretHolds = secret.id !== 'secret' || secret.level === 'ok';
    for (const [id, check] of recordChecks(database, options, secretHolds)) {
      const found = await check().catch((error) => failed(id, error));
      if (found) findings.push(...(Array.isArray(found) ? found : [found]));
    }
    return findings;
  } finally {
    await database.close();
    await home.close();
  }
};
