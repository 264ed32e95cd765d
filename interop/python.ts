/** Environments of Python for foreign clients, each made at first use from the pinned list beside its check. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, versionOf } from './check.ts';

const installSecondsMax = 420;

export interface PythonEnvironment {
  python: string;
  bin: string;
  /** Makes it, unless it stands as the list says; the reason when it cannot be had. */
  needs(): Promise<string | undefined>;
}

/**
 * `name`: of the folder, here unless said, that holds `requirements.txt`. The environment stands beside the packages of the other tools,
 * where nothing of ours looks.
 */
export const pythonFor = (name: string, inside = import.meta.dirname): PythonEnvironment => {
  const list = join(inside, name, 'requirements.txt');
  const environment = join(import.meta.dirname, 'node_modules', `.${name}-python`);
  const bin = join(environment, 'bin');
  const python = join(bin, 'python');
  const needs = async (): Promise<string | undefined> => {
    if (!(await versionOf('python3', '--version'))) return 'Python is not installed';
    const wanted = await readFile(list, 'utf8');
    const stamp = join(environment, 'installed.txt');
    if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) return undefined;
    const made = await runProgram('python3', ['-m', 'venv', environment]);
    if (made.code !== 0) return `no environment of Python can be made: ${made.stderr.trim().split('\n').at(-1)}`;
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', list];
    const ran = await runProgram(python, args, { seconds: installSecondsMax });
    if (ran.code !== 0) return `its packages cannot be had: ${ran.stderr.trim().split('\n').at(-1)}`;
    await writeFile(stamp, wanted);
    return undefined;
  };
  return { python, bin, needs };
};

interface Seen {
  what: string;
  holds: boolean;
  seen: string;
}

/** What a script of ours in Python has looked at: one line of JSON for each thing. */
export const seenIn = (stdout: string): Seen[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Seen);
