/** What a node remembers about itself: its secret, its clock, its one-time setup token. */
import { randomBytes, scryptSync } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, type SimulatedClock, simulatedClock, systemClock } from './clock.ts';
import { type Database, type Reader, sql, type Tx } from './db/db.ts';

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

/** 32 bytes that seal private keys and subject keys. Losing it loses them: backup carries the file. */
export const nodeSecret = async (home: string, passphrase: string): Promise<Buffer> => {
  if (passphrase)
    return scryptSync(passphrase, 'shugu node secret v1', 32, { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
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

/** A simulated calendar goes on from where it was; it never starts again in its own past. */
export const nodeClock = async (setting: string, read: Reader): Promise<Clock | SimulatedClock> => {
  const kept = await readState<{ now: string; simulated: boolean }>(read, 'clock');
  if (setting === 'system') {
    if (kept?.simulated) throw new Error('this data folder ran on a simulated calendar; keep SHUGU_CLOCK as it was');
    return systemClock();
  }
  const start = new Date(setting);
  if (Number.isNaN(start.getTime())) throw new Error(`SHUGU_CLOCK: ${setting} is neither "system" nor a time`);
  return simulatedClock(new Date(Math.max(start.getTime(), kept ? new Date(kept.now).getTime() : 0)));
};

export const keepClock = async (database: Database, clock: Clock): Promise<void> => {
  await database.tx({ kind: 'system', id: 'system:clock', participant: '' }, (tx) =>
    writeState(tx, 'clock', { now: clock.now().toISOString(), simulated: clock.simulated }),
  );
};
