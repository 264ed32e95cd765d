/** What a check with a foreign tool is, and how such a tool is run. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Outcome {
  passed: number;
  failed: number;
  /** What was looked at, in numbers, and every failure by name. */
  notes: string[];
}

export interface Check {
  about: string;
  /** Reason to skip on this machine; undefined when everything is there. */
  needs(): Promise<string | undefined>;
  /** That it may take, where eight are too few on a busy machine. */
  minutes?: number;
  run(): Promise<Outcome>;
}

export interface Tally {
  expect(holds: boolean, what: string): void;
  note(text: string): void;
  outcome(): Outcome;
}

const failuresShownMax = 20;

/** Counts what held; what did not is named. */
export const tally = (): Tally => {
  const notes: string[] = [];
  let passed = 0;
  let failed = 0;
  return {
    expect: (holds, what) => {
      if (holds) passed++;
      else if (++failed <= failuresShownMax) notes.push(`FAILED ${what}`);
    },
    note: (text) => void notes.push(text),
    outcome: () => ({ passed, failed, notes }),
  };
};

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

const outputCharactersMax = 50_000_000;

/** Runs a program to its end; it is killed after `seconds`. Code 127 when it does not exist. */
export const runProgram = (
  command: string,
  args: readonly string[],
  { cwd, env, seconds = 120 }: { cwd?: string; env?: NodeJS.ProcessEnv; seconds?: number } = {},
): Promise<Ran> =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: seconds * 1000,
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8');
      child[stream].on('data', (chunk: string) => {
        said[stream] = (said[stream] + chunk).slice(-outputCharactersMax);
      });
    }
    child.on('error', (error) => resolve({ code: 127, stdout: said.stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 137, ...said }));
  });

/** First line of what the program says of its version; undefined when it is not on this machine. */
export const versionOf = async (command: string, ...args: string[]): Promise<string | undefined> => {
  const { code, stdout, stderr } = await runProgram(command, args, { seconds: 10 });
  return code === 127 ? undefined : (stdout || stderr).split('\n')[0];
};

export const inFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-interop-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
