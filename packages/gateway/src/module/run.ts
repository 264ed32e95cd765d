/**
 * Runs a foreign WebAssembly module next to data, inside bubblewrap or not at all: no network, no files but the tables that it is handed
 * open, to read, no environment. Time, memory and output are bounded in its process and again from here, where it cannot reach.
 */
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Sandbox, startSandboxed } from '../drivers/query/sandbox.ts';
import { MODULE_FAULTS, ModuleEnded, type ModuleFault } from './faults.ts';
import { MODULE_LIMITS, type ModuleAllowance } from './limits.ts';
import { FD, type ModuleSetup, VERDICT_BYTES, type Verdict } from './protocol.ts';

export interface ModuleJob {
  bytes: Uint8Array;
  /** In the order in which the module counts them from 0; read from where each stands. */
  tables: readonly FileHandle[];
  values: Readonly<Record<string, string>>;
  allowance: ModuleAllowance;
}

export interface ModuleOutput {
  bytes: Buffer;
  rows: number;
}

/** Over the time that was agreed, for the process to start and to say that the time is over. */
const GRACE_SECONDS = 15;
const LIMITS = { fileBytes: 0, openFiles: 64 } as const;
/** Of memory that Node and its compiler ask for, most of which they never touch: the kernel’s bound, behind the watch inside. */
const DATA_MB = 2048;

const HEAP_MB = 128;
/** The magic word and the version of the binary format. */
const HEADER = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

const taken = async (stream: Readable, bytesMax: number, over: () => void): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > bytesMax) {
        over();
        break;
      }
      pieces.push(piece);
    }
  } catch {
    // Cut off: the verdict, or its lack, says why.
  }
  return Buffer.concat(pieces);
};

const verdictOf = (text: string): Verdict | undefined => {
  try {
    const { code, detail } = JSON.parse(text) as Verdict;
    // Whoever broke out of the engine may say anything here; our own words alone go on.
    if (code !== 'done' && !Object.hasOwn(MODULE_FAULTS, code)) return undefined;
    return { code, detail: code === 'importUnknown' ? String(detail).slice(0, 200) : '' };
  } catch {
    return undefined;
  }
};

interface Asked {
  setup: ModuleSetup;
  bytes: Uint8Array;
  tables: readonly FileHandle[];
}

const inProcess = async (
  sandbox: Sandbox,
  { setup, bytes, tables }: Asked,
  signal: AbortSignal,
  script: URL,
): Promise<Buffer> => {
  if (sandbox.kind === 'none') throw new ModuleEnded('sandbox');
  if (bytes.length > MODULE_LIMITS.moduleBytes) throw new ModuleEnded('tooLarge');
  // No process for what any eye sees is none.
  if (!HEADER.equals(bytes.subarray(0, HEADER.length))) throw new ModuleEnded('invalid');
  if (tables.length > MODULE_LIMITS.tables) throw new Error('more tables than a module is given');
  if (signal.aborted) throw new ModuleEnded('stopped');
  const node = [`--max-old-space-size=${HEAP_MB}`, '--disable-warning=ExperimentalWarning', fileURLToPath(script)];
  const child = startSandboxed(sandbox, node, {
    reads: [],
    limits: {
      ...LIMITS,
      cpuSeconds: setup.seconds + GRACE_SECONDS,
      dataBytes: (setup.memoryMB + DATA_MB) * 2 ** 20,
    },
    env: { LANG: 'C.UTF-8', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe', ...tables.map(({ fd }) => fd)],
  });
  const [into, output, verdict] = ([...child.stdio] as unknown[]).slice(FD.setup) as [Writable, Readable, Readable];
  const gone = once(child, 'exit').catch(() => undefined);
  // What dies with its parent has to be there before its parent dies: its first byte says so, and nothing foreign has run by then.
  const begun = Promise.race([once(verdict, 'readable'), gone]).catch(() => undefined);
  let ended: ModuleFault | undefined;
  const kill = (code: ModuleFault) => {
    ended ??= code;
    void begun.then(() => child.kill('SIGKILL'));
  };
  const late = setTimeout(() => kill('time'), (setup.seconds + GRACE_SECONDS) * 1000);
  const stop = () => kill('stopped');
  signal.addEventListener('abort', stop, { once: true });
  try {
    // It may be gone before it has read all.
    into.on('error', () => undefined);
    into.write(`${JSON.stringify(setup)}\n`);
    into.end(bytes);
    const [said, told] = await Promise.all([
      taken(verdict, VERDICT_BYTES, () => kill('crashed')),
      taken(output, setup.outputBytes, () => kill('outputBytes')),
      gone,
    ]);
    const found = verdictOf(said.toString('utf8'));
    const code = ended ?? found?.code ?? (child.signalCode === 'SIGXCPU' ? 'time' : 'crashed');
    if (code !== 'done') throw new ModuleEnded(code as ModuleFault, ended ? '' : found?.detail);
    return told;
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', stop);
  }
};

const SCRIPT = new URL('./child.ts', import.meta.url);
const CHECK_SECONDS = 10;

/** Whether a module may be named in a contract that allows it so much memory. Nothing of it runs. @throws ModuleEnded */
export async function checkModule(
  sandbox: Sandbox,
  bytes: Uint8Array,
  { memoryMB }: Pick<ModuleAllowance, 'memoryMB'>,
): Promise<void> {
  const setup: ModuleSetup = {
    ...{ kind: 'check', tables: 0, values: '{}', memoryMB, seconds: CHECK_SECONDS },
    ...{ outputBytes: 0, outputRows: 0 },
  };
  await inProcess(sandbox, { setup, bytes, tables: [] }, new AbortController().signal, SCRIPT);
}

/** `script` for tests: another in the place of the process. @throws ModuleEnded */
export async function runModule(
  sandbox: Sandbox,
  { bytes, tables, values, allowance }: ModuleJob,
  signal: AbortSignal,
  script = SCRIPT,
): Promise<ModuleOutput> {
  const setup: ModuleSetup = {
    kind: 'run',
    tables: tables.length,
    values: JSON.stringify(values),
    ...allowance,
  };
  const output = await inProcess(sandbox, { setup, bytes, tables }, signal, script);
  let rows = 0;
  for (const byte of output) if (byte === 10) rows += 1;
  if (output.length > 0 && output.at(-1) !== 10) throw new ModuleEnded('outputShape');
  if (rows > allowance.outputRows) throw new ModuleEnded('outputRows');
  return { bytes: output, rows };
}
