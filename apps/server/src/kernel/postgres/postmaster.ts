import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import { PostgresProblem } from './problem.ts';
import type { RunAs } from './run-as.ts';
import { settingArguments } from './settings.ts';

/** The server's log starts afresh when a start finds it larger than this. */
export const logFileBytesMax = 16 * 1024 * 1024;

const stopFastMs = 60_000;
const stopImmediateMs = 15_000;
const pollMs = 10;

export interface PidFile {
  pid: number;
  directory: string;
  socketDirectory: string;
}

/** Reads `postmaster.pid`: pid, data directory, start time, port, socket directory, one a line. */
export function readPidFile(cluster: string): PidFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(cluster, 'postmaster.pid'), 'utf8');
  } catch {
    return undefined;
  }
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, directory: lines[1] ?? '', socketDirectory: lines[4] ?? '' };
}

/** The running server of this cluster, or undefined; a stale pid file, even of a reused process id, is not one. */
export function runningServer(cluster: string): PidFile | undefined {
  const file = readPidFile(cluster);
  return file && isAlive(file.pid) && isServerOf(file.pid, cluster) ? file : undefined;
}

/** Removes the pid file of a dead server; PostgreSQL itself would refuse when the number now belongs to a stranger. */
export function removeStalePidFile(cluster: string): void {
  if (!runningServer(cluster)) rmSync(join(cluster, 'postmaster.pid'), { force: true });
}

/**
 * Starts the server detached, so that Ctrl-C reaches only Shugu, which then stops it in order. Its output goes to a
 * file: a pipe would break when this process is killed.
 */
export function spawnServer(options: {
  binaries: Binaries;
  cluster: string;
  logFile: string;
  way: RunAs;
  settings: Record<string, string>;
}): ChildProcess {
  const { binaries, cluster, logFile, way, settings } = options;
  const full = (statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > logFileBytesMax;
  const log = openSync(logFile, full ? 'w' : 'a', 0o600);
  const server = join(binaries.root, 'bin', 'postgres');
  const [command, ...rest] = [...way.prefix, server, '-D', cluster, ...settingArguments(settings)];
  try {
    const child = spawn(command!, rest, {
      uid: way.uid,
      gid: way.gid,
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      detached: true,
      stdio: ['ignore', log, log],
    });
    // An exit is noticed by polling, the same for a server we attached to; without a listener it would throw.
    child.on('error', () => {});
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Same program, same settings? `postmaster.opts` holds the command line of the last start. */
export function runsAsWanted(cluster: string, binaries: Binaries, settings: Record<string, string>): boolean {
  let text: string;
  try {
    text = readFileSync(join(cluster, 'postmaster.opts'), 'utf8').trim();
  } catch {
    return false;
  }
  const words = ['-D', cluster, ...settingArguments(settings)].map((word) => `"${word}"`);
  return text === [join(binaries.root, 'bin', 'postgres'), ...words].join(' ');
}

/** Fast shutdown: sessions are cut, committed work is kept; an immediate one when that takes a minute. */
export async function stopServer(pid: number, cluster: string): Promise<void> {
  for (const [signal, patience] of [
    ['SIGINT', stopFastMs],
    ['SIGQUIT', stopImmediateMs],
  ] as const) {
    send(pid, signal);
    for (let waited = 0; waited < patience; waited += pollMs) {
      if (!isAlive(pid)) return;
      await sleep(pollMs);
    }
  }
  throw new PostgresProblem('postgres_stop_failed', `The database server (process ${pid}, ${cluster}) does not stop.`);
}

/** Alive and not a zombie: where nobody reaps orphans, a dead server keeps its number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** PostgreSQL makes its data directory the working directory; elsewhere than on Linux the command line must do. */
function isServerOf(pid: number, cluster: string): boolean {
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
    } catch {
      return false;
    }
  }
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(cluster);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
