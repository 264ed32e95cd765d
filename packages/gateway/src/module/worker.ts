/**
 * Where a foreign module runs: a thread of a process in the sandbox. It has one memory of its own, with a maximum, and three functions
 * to call. There is no clock, no chance, no file and no other module; the same bytes in give the same bytes out.
 */
import { readSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type CompiledModule, engine, type Memory } from './engine.ts';
import { ModuleEnded, type ModuleFault } from './faults.ts';
import { inspectModule, type MODULE_FUNCTIONS } from './inspect.ts';
import { FD, type ModuleSetup, type Verdict } from './protocol.ts';

const LINE_END = 10;

const { setup, bytes } = workerData as { setup: ModuleSetup; bytes: Uint8Array };

/** The first fault stands: a module can catch what a function of ours throws, and go on. */
let latched: ModuleEnded | undefined;
const end = (code: ModuleFault, detail = ''): Error => {
  latched ??= new ModuleEnded(code, detail);
  return latched;
};

let memory: Memory | undefined;
const values = Buffer.from(setup.values, 'utf8');
let [written, rows] = [0, 0];

/** The bytes that a pointer and a length name, as the module sees them: of 32 bits, without a sign. */
const place = (pointer: unknown, length: unknown): Uint8Array => {
  if (latched) throw latched;
  if (!memory || typeof pointer !== 'number' || typeof length !== 'number') throw end('trap');
  const [at, count] = [pointer >>> 0, length >>> 0];
  if (at + count > memory.buffer.byteLength) throw end('trap');
  return new Uint8Array(memory.buffer, at, count);
};

const functions: Record<(typeof MODULE_FUNCTIONS)[number], (...given: unknown[]) => unknown> = {
  /** The next bytes of a table; how many, 0 at its end. */
  read: (table: unknown, pointer: unknown, length: unknown): number => {
    const into = place(pointer, length);
    if (typeof table !== 'number' || table < 0 || table >= setup.tables) throw end('trap');
    return into.length === 0 ? 0 : readSync(FD.tables + table, into);
  },
  write: (pointer: unknown, length: unknown): void => {
    const from = place(pointer, length);
    written += from.length;
    if (written > setup.outputBytes) throw end('outputBytes');
    for (const byte of from) if (byte === LINE_END) rows += 1;
    if (rows > setup.outputRows) throw end('outputRows');
    for (let at = 0; at < from.length; ) at += writeSync(FD.output, from, at);
  },
  /** The values that were chosen for this run, as JSON: copies what fits, and says how long the whole is. */
  values: (pointer: unknown, length: unknown): number => {
    const into = place(pointer, length);
    into.set(values.subarray(0, into.length));
    return values.length;
  },
};

const run = (module: CompiledModule): void => {
  const { exports } = new engine.Instance(module, { shugu: functions });
  memory = exports.memory as Memory;
  (exports.run as () => void)();
  if (latched) throw latched;
};

const verdict = (): Verdict => {
  try {
    const module = inspectModule(bytes, setup);
    if (setup.kind === 'run') run(module);
    return { code: 'done', detail: '' };
  } catch (error) {
    const { code, detail } = latched ?? (error instanceof ModuleEnded ? error : new ModuleEnded('trap'));
    return { code, detail };
  }
};

parentPort!.postMessage(verdict());
