/** What a node remembers about itself: its secret, its clock, its one-time setup token. */
import { randomBytes, scryptSync } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, type SimulatedClock, simulatedClock, systemClock } from './clock.ts';
import { type Database, type Reader, sql, type Tx } from './db/db.ts';
import { systemActor } from './http/principal.ts';
import { StartProblem } from './start-problem.ts';

/** Writes a private file once, whole or not at all. */
const writeOnce = async (path: string, text: string): Promise<string> => {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before !== undefined) return before;
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(`${path}.new`, 'w', 0o600);
  await handle.writeFile(text);
  await handle.sync();
  await handle.close();
  await rename(`${path}.new`, path);
  return text;
};

// Slow on purpose: whoever opens several nodes in one process, as tests do, derives it once.
const derived = new Map<string, Buffer>();
const secretFrom = (passphrase: string): Buffer => {
  const known = derived.get(passphrase);
  if (known) return known;
  const made = scryptSync(passphrase, 'shugu node secret v1', 32, { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
  derived.set(passphrase, made);
  return made;
};

/** 32 bytes that seal private keys and subject keys. Losing it loses them: backup carries the file. */
export const nodeSecret = async (home: string, passphrase: string): Promise<Buffer> => {
  if (passphrase) return secretFrom(passphrase);
  return Buffer.from((await writeOnce(join(home, 'node.secret'), randomBytes(32).toString('hex'))).trim(), 'hex');
};

export const setupToken = (home: string): Promise<string> =>
  writeOnce(join(home, 'setup.token'), randomBytes(18).toString('base64url'));

export const readState = async <T>(read: Reader, key: string): Promise<T | undefined> =>
  (await read.first<{ value: T }>(sql`select value from node_state where key = ${key}`))?.value;

export const writeState = async (tx: Tx, key: string, value: unknown): Promise<void> => {
  await tx.exec(sql`insert into node_state (key, value) values (${key}, ${JSON.stringify(value)})
    on conflict (key) do update set value = excluded.value`);
};

/** The latest moment that the node is known to have given: kept every few seconds, at rest every minute, and written with every record between. */
const latestMoment = async (read: Reader): Promise<{ at: number; simulated: boolean }> => {
  const kept = await readState<{ now: string; simulated: boolean }>(read, 'clock');
  const record = await read.first<{ at: Date }>(sql`select at from audit order by sequence desc limit 1`);
  const at = Math.max(kept ? new Date(kept.now).getTime() : 0, record?.at.getTime() ?? 0);
  return { at, simulated: kept?.simulated ?? false };
};

export interface NodeClockOptions {
  /** `system`, or the start of a simulated calendar. */
  setting: string;
  /** A host that is further behind than this is refused. */
  behindSecondsMax: number;
  /** The host's time, in milliseconds. */
  host?: () => number;
}

/** Goes on from where the node was, whatever the host says: nobody starts again in their own past. */
export const nodeClock = async (
  read: Reader,
  { setting, behindSecondsMax, host = Date.now }: NodeClockOptions,
): Promise<Clock | SimulatedClock> => {
  const latest = await latestMoment(read);
  if (setting !== 'system') {
    const start = new Date(setting);
    if (Number.isNaN(start.getTime())) throw new Error(`SHUGU_CLOCK: ${setting} is neither "system" nor a time`);
    return simulatedClock(new Date(Math.max(start.getTime(), latest.at)), host);
  }
  if (latest.simulated) throw new Error('this data folder ran on a simulated calendar; keep SHUGU_CLOCK as it was');
  const clock = systemClock(host, latest.at);
  const behind = Math.round(clock.behindSeconds());
  if (behind > behindSecondsMax)
    throw new StartProblem(
      'clock_behind',
      `主机时间 ${new Date(host()).toISOString()} 比本节点最近记录 ${new Date(latest.at).toISOString()} 落后 ${behind} 秒（上限 ${behindSecondsMax}）；请校准主机时间后再启动`,
      `the host’s time ${new Date(host()).toISOString()} is ${behind} s behind this node’s last record of ${new Date(latest.at).toISOString()} (at most ${behindSecondsMax}); set the host’s time, then start`,
    );
  return clock;
};

/** Never takes back what another server has kept. */
export const keepClock = async (database: Database, clock: Clock): Promise<void> => {
  const value = JSON.stringify({ now: clock.now().toISOString(), simulated: clock.simulated });
  await database.tx(systemActor('clock'), (tx) =>
    tx.note(sql`insert into node_state (key, value) values ('clock', ${value}) on conflict (key) do update
      set value = excluded.value where node_state.value ->> 'now' < excluded.value ->> 'now'`),
  );
};

/** Says once when the host falls behind a running node, and once when it has caught up. */
export const clockWatch = (clock: Clock, log: Logger, secondsMax: number): (() => void) => {
  let told = false;
  return () => {
    const behindSeconds = Math.round(clock.behindSeconds());
    const late = behindSeconds > secondsMax;
    if (late && !told)
      log.error({ behindSeconds }, 'the host’s time went back: the node’s clock stands still until it has caught up');
    if (!late && told) log.info('the host’s time has caught up');
    told = late;
  };
};
