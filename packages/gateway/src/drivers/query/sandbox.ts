/**
 * A query process inside bubblewrap: name spaces of its own (no network, nobody else's processes), the engine's program and the files of its
 * tables to read, a small folder of its own to write, nothing else of the machine; limits of the kernel's on what it uses, and the calls
 * that it may make of the kernel (system-calls.ts), so that it starts no other process. The engine's own locks stand as before; this
 * holds where they do not.
 */
import { type ChildProcess, execFile, type SpawnOptions, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Processor, processorOf, systemCallFilter } from './system-calls.ts';

export type Sandbox = Bubblewrap | { kind: 'none'; why: string };
interface Bubblewrap {
  kind: 'bubblewrap';
  version: string;
  command: string;
  processor: Processor;
}
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
  filter: number,
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
    '--seccomp',
    String(filter),
    '--',
    ...limits,
    node,
  ];
};

export interface SandboxedRun {
  /** The only files of data that it has. */
  reads: readonly string[];
  limits?: ProcessLimits;
  /** As `spawn` takes them. One more is put behind them, and is closed before Node begins. */
  stdio: readonly (string | number)[];
  env: NodeJS.ProcessEnv;
  serialization?: 'advanced';
}

/** Node with these arguments, in there. */
export const startSandboxed = (
  { command, processor }: Bubblewrap,
  args: readonly string[],
  { reads, limits = SANDBOX_LIMITS, stdio, ...options }: SandboxedRun,
): ChildProcess => {
  const at = stdio.length;
  const child = spawn(command, [...wrapped(reads, limits, at), ...args], {
    ...options,
    stdio: [...stdio, 'pipe'] as StdioOptions,
  });
  const filter = child.stdio[at] as unknown as Writable | undefined;
  // It may be gone before it has read it: without all of it nothing is started.
  filter?.on('error', () => undefined);
  filter?.end(systemCallFilter(processor));
  return child;
};

/** Node with these arguments without a sandbox: the bound on memory alone, where the machine has the command that sets it. */
export const startLimited = (
  args: readonly string[],
  dataBytes: number | undefined,
  options: SpawnOptions,
): ChildProcess =>
  dataBytes === undefined || !existsSync(LIMIT_COMMAND)
    ? spawn(process.execPath, args, options)
    : spawn(LIMIT_COMMAND, [`--data=${dataBytes}`, '--', process.execPath, ...args], options);

/** Whether this machine has it and lets it be used: some containers forbid the name spaces. Tried, not guessed. */
export async function findSandbox(): Promise<Sandbox> {
  const command = COMMANDS.find((path) => existsSync(path));
  if (!command) return { kind: 'none', why: 'bubblewrap is not installed' };
  // Half a sandbox is none: nobody would notice what is missing.
  if (!existsSync(LIMIT_COMMAND)) return { kind: 'none', why: `${LIMIT_COMMAND} (util-linux) is not installed` };
  const processor = processorOf(process.arch);
  if (!processor) return { kind: 'none', why: `no system calls are listed for ${process.arch}` };
  try {
    const { stdout } = await promisify(execFile)(command, ['--version'], { env: {}, timeout: PROBE_MS });
    const found: Sandbox = { kind: 'bubblewrap', version: stdout.trim().split(' ').at(-1) ?? '', command, processor };
    await probe(found);
    return found;
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

/** Throws with its last words where nothing can be started in there. */
const probe = async (sandbox: Bubblewrap): Promise<void> => {
  const child = startSandboxed(sandbox, ['-e', ''], { reads: [], stdio: ['ignore', 'ignore', 'pipe'], env: {} });
  const late = setTimeout(() => child.kill('SIGKILL'), PROBE_MS);
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-1000);
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(said.trim() || `ended with ${code}`);
  } finally {
    clearTimeout(late);
  }
};
