/** The server's door for the command line and for tests; run as a program it starts by the environment and ends by signal. */
import { join, resolve } from 'node:path';
import { type Exchange, type ExchangeOptions, startExchange, version } from './app.ts';
import { type Config, readConfig, settings } from './kernel/config.ts';
import { type Migration, readMigrations } from './kernel/db/migrate.ts';
import { makeLog } from './kernel/log.ts';
import { startPostgres } from './kernel/postgres/index.ts';
import { untilStopped } from './kernel/until-stopped.ts';
import { roomOrder } from './rooms.ts';

/** Ends the database server that a killed process may have left on a data folder, so that the folder can go. */
export const endLeftoverDatabase = async (home: string): Promise<void> => {
  const postgres = await startPostgres({ dataDirectory: join(home, 'postgres'), log: makeLog('error') });
  await postgres.stop();
};

/** Every room's migrations, as this version ships them. */
export const ownMigrations = (): Promise<Migration[]> => readMigrations(import.meta.dirname, ['kernel', ...roomOrder]);

export { checkAuthorities } from './agreements/index.ts';
export { BackupProblem, connectHome, restoreBackup, type Standing, writeBackup } from './kernel/backup/index.ts';
export { type ExtraCheck, examine, type Finding, type OwnCheck } from './kernel/doctor/index.ts';
export { openWitness, serveWitness } from './kernel/publiclog/witness.ts';
export {
  type Config,
  type Exchange,
  type ExchangeOptions,
  makeLog,
  readConfig,
  settings,
  startExchange,
  startPostgres,
  untilStopped,
  version,
};

/** With `--stdin-guard` whoever started us holds our stdin: we end with it, and a terminal's Ctrl-C is for them. */
const untilLetGo = (): Promise<void> =>
  new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
    process.once('SIGTERM', () => done());
    for (const end of ['end', 'close', 'error'] as const) process.stdin.once(end, () => done());
    process.stdin.resume();
  });

const runAsProgram = async (): Promise<void> => {
  const stopped = process.argv.includes('--stdin-guard') ? untilLetGo() : untilStopped();
  const config = readConfig(process.env);
  const exchange = await startExchange({
    config: { ...config, home: resolve(config.home) },
    log: makeLog(config.logLevel),
  });
  process.stdout.write(`${JSON.stringify({ ready: true, url: exchange.url })}\n`);
  await stopped;
  await exchange.close();
  process.exit(0);
};

if (process.argv[1] === import.meta.filename) await runAsProgram();
