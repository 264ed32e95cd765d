/** Ctrl-C, as terminals, launchers and service managers send it: once, twice, to one process or to all, and early. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu start '));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const program = resolve(import.meta.dirname, 'main.ts');

const start = (args: string[]) => {
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    env: { ...process.env, LANG: 'en' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  const ended = new Promise<number | null>((done) => child.on('close', done));
  return { child, ended, hasSaid: (word: string) => expect.poll(() => said, { timeout: 60_000 }).toContain(word) };
};

/** Processes whose folder or command line lies in ours: the database's working folder is its data. */
const left = async (): Promise<string[]> => {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const where = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (`${where} ${command}`.includes(folder)) found.push(`${pid} ${command.replaceAll('\0', ' ')}`);
  }
  return found;
};

const interruptAll = (child: ChildProcess) => process.kill(-child.pid!, 'SIGINT');

const onLinux = test.skipIf(process.platform !== 'linux');

onLinux('a group that is interrupted, and a launcher that passes it on, leave no process behind', async () => {
  const { child, ended, hasSaid } = start(['start', '--no-demo', '--home', join(folder, 'node'), '--port', '0']);
  await hasSaid('Ctrl-C stops it');
  expect((await left()).length).toBeGreaterThan(1);
  interruptAll(child);
  // Two that come at once are one.
  await sleep(50);
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(await left()).toEqual([]);
});

onLinux('an early Ctrl-C waits for what it has to close', async () => {
  const { child, ended, hasSaid } = start(['start', '--no-demo', '--home', join(folder, 'node'), '--port', '0']);
  await hasSaid('starting');
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(await left()).toEqual([]);
});
