/** The process of one module: starts the thread in which it runs, and watches time and memory while that thread may be in a loop. */
import { readFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { ModuleFault } from './faults.ts';
import { FD, type ModuleSetup, type Verdict } from './protocol.ts';

const HEAP_MB = 64;
/** Beside the module's own memory: Node, compiled code, its heap. */
const ROOM_MB = 300;
const WATCH_MS = 50;

const say = (verdict: Verdict): never => {
  writeSync(FD.verdict, `${JSON.stringify(verdict)}\n`);
  process.exit(0);
};
const end = (code: ModuleFault) => say({ code, detail: '' });

// From here on it ends with whoever started it: before, it may not be known yet who that is.
writeSync(FD.verdict, '\n');
const given = readFileSync(FD.setup);
const first = given.indexOf(10);
const setup = JSON.parse(given.subarray(0, first).toString('utf8')) as ModuleSetup;
const bytes = new Uint8Array(given.subarray(first + 1));

const thread = new Worker(new URL('./worker.ts', import.meta.url), {
  workerData: { setup, bytes },
  env: {},
  execArgv: ['--disable-warning=ExperimentalWarning'],
  resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 16 },
});
thread.once('message', say);
thread.once('error', (error: NodeJS.ErrnoException) =>
  end(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crashed'),
);
thread.once('exit', () => end('crashed'));
setTimeout(() => end('time'), setup.seconds * 1000);
const most = (setup.memoryMB + ROOM_MB) * 2 ** 20;
setInterval(() => {
  if (process.memoryUsage.rss() > most) end('memory');
}, WATCH_MS);
