import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 200;
/** A lock without a pid is one whose maker was killed between two steps, or is just being made. */
const unnamedMsMax = 5000;

/**
 * Lets one launcher at a time install or build in this checkout. The task is first asked without the lock whether
 * there is anything to do at all.
 * @param {string} root
 * @param {(locked: boolean) => Promise<'done' | 'needs the lock'>} task
 */
export async function ensureLock(root, task) {
  if ((await task(false)) === 'done') return;
  const folder = join(root, '.shugu', 'launch.lock');
  mkdirSync(join(root, '.shugu'), { recursive: true });
  let told = false;
  while (!take(folder)) {
    if (clearStale(folder)) continue;
    if (!told) console.error(`shugu: another launch is installing or building here; waiting for it (${folder})`);
    told = true;
    await sleep(pollMs);
  }
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', release);
  try {
    await task(true);
  } finally {
    process.off('exit', release);
    release();
  }
}

/** @param {string} folder */
function take(folder) {
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** @param {string} folder */
function isStale(folder) {
  try {
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    if (pid > 0) return !isAlive(pid);
  } catch {
    // No pid file yet.
  }
  const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > unnamedMsMax;
}

/**
 * Two waiters may clear the same stale lock: only one rename succeeds.
 * @param {string} folder
 * @returns {boolean} whether it is worth trying again at once
 */
function clearStale(folder) {
  if (!isStale(folder)) return false;
  const aside = `${folder}.stale-${process.pid}`;
  try {
    renameSync(folder, aside);
    rmSync(aside, { recursive: true, force: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return true;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
