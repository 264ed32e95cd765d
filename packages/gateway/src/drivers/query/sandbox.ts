/**
 * A query process inside bubblewrap: name spaces of its own (no network, nobody else's processes), the engine's program and the files of its
 * tables to read, a small folder of its own to write, nothing else of the machine. The engine's own locks stand as before; this holds
 * where they do not. Memory is bounded by the engine and by the process's own watch, as without it: address space says little of either.
 */
import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export type Sandbox = { kind: 'bubblewrap'; version: string; command: string } | { kind: 'none'; why: string };
export const NO_SANDBOX: Sandbox = { kind: 'none', why: 'not asked for' };

/** Never by the search path: what stands first in it may be anybody's. */
const COMMANDS = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];
const LIMIT_COMMAND = '/usr/bin/prlimit';
const LIBRARIES = ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/etc/ld.so.cache'];
const PROBE_MS = 10_000;

export const SANDBOX_LIMITS = {
  /** Of processor time in a process's whole life; it serves many queries and is started anew. */
  cpuSeconds: 1800,
  /** Of what it may write anywhere. */
  fileBytes: 16 * 2 ** 20,
  folderBytes: 32 * 2 ** 20,
  openFiles: 256,
} as const;

export interface ProcessLimits {
  cpuSeconds: number;
  fileBytes: number;
  openFiles: number;
  /** Of memory that the process may write; without it the process is watched by itself alone. */
  dataBytes?: number;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** The program's own code and what it is made of; no data of the node lies there. */
const programs = (): string[] => [here('../../../../../node_modules'), here('../../../../../packages')];

const LOCKED = '--unshare-all --cap-drop ALL --die-with-parent --new-session --proc /proc --dev /dev --chdir /'.split(
  ' ',
);

const wrapped = (
  reads: readonly string[],
  { cpuSeconds, fileBytes, openFiles, dataBytes }: ProcessLimits,
): string[] => {
  const node = realpathSync(process.execPath);
  const shown = [...programs(), node].flatMap((path) => ['--ro-bind', path, path]);
  const libraries = [...LIBRARIES, LIMIT_COMMAND].flatMap((path) => ['--ro-bind-try', path, path]);
  // The folder for passing files first, so that files of tables that lie in it stand on top of it.
  const own = ['--size', String(SANDBOX_LIMITS.folderBytes), '--tmpfs', '/tmp'];
  const data = reads.flatMap((path) => ['--ro-bind', path, path]);
  const limits = [
    LIMIT_COMMAND,
    '--core=0',
    `--cpu=${cpuSeconds}`,
    `--fsize=${fileBytes}`,
    `--nofile=${openFiles}`,
    ...(dataBytes === undefined ? [] : [`--data=${dataBytes}`]),
    '--',
  ];
  return [
    ...LOCKED,
    ...libraries,
    ...own,
    ...shown,
    ...data,
    '--remount-ro',
    '/',
    '--',
    ...(existsSync(LIMIT_COMMAND) ? limits : []),
    node,
  ];
};

/** The command that runs Node with these arguments in there; `reads` are the only files of data that it has. */
export const sandboxed = (
  command: string,
  args: readonly string[],
  reads: readonly string[],
  limits: ProcessLimits = SANDBOX_LIMITS,
) => ({
  command,
  args: [...wrapped(reads, limits), ...args],
});

/** Whether this machine has it and lets it be used: some containers forbid the name spaces. Tried, not guessed. */
export async function findSandbox(): Promise<Sandbox> {
  const command = COMMANDS.find((path) => existsSync(path));
  if (!command) return { kind: 'none', why: 'bubblewrap is not installed' };
  const run = promisify(execFile);
  try {
    const { stdout } = await run(command, ['--version'], { env: {}, timeout: PROBE_MS });
    const { args } = sandboxed(command, ['-e', ''], []);
    await run(command, args, { env: {}, timeout: PROBE_MS });
    return { kind: 'bubblewrap', version: stdout.trim().split(' ').at(-1) ?? '', command };
  } catch (error) {
    return {
      kind: 'none',
      why: `bubblewrap cannot be used here: ${String((error as Error).message)
        .split('\n')
        .at(-1)
        ?.slice(0, 200)}`,
    };
  }
}
