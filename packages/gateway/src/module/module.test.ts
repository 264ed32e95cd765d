/** What a foreign module may try: each attempt ends with its reason, and nothing else of the machine is touched. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import wabtOf from 'wabt';
import { findSandbox, NO_SANDBOX } from '../drivers/query/sandbox.ts';
import { ModuleEnded, type ModuleFault } from './faults.ts';
import { inspectModule } from './inspect.ts';
import { MODULE_LIMITS, type ModuleAllowance } from './limits.ts';
import { outputRows } from './output.ts';
import { checkModule, runModule } from './run.ts';
import { moduleShape } from './shape.ts';
import { countingModule, moduleOf } from './testing.ts';

const sandbox = await findSandbox();
const wabt = await wabtOf();
const wat = (text: string) => moduleOf(wabt, text);
const allowance: ModuleAllowance = { memoryMB: 4, seconds: 20, outputBytes: 1000, outputRows: 10 };
const never = new AbortController().signal;

let folder: string;
const files: FileHandle[] = [];
/** A table's lines, open to read. */
const table = async (lines: string): Promise<FileHandle> => {
  const path = join(folder, `table-${files.length}`);
  writeFileSync(path, lines);
  const file = await open(path, 'r');
  files.push(file);
  return file;
};
beforeAll(() => {
  folder = mkdtempSync(join(homedir(), '.shugu-module-'));
});
afterAll(async () => {
  for (const file of files) await file.close();
  rmSync(folder, { recursive: true, force: true });
});

const endOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof ModuleEnded) return error.message;
      throw error;
    },
  );
const run = (bytes: Uint8Array, change: Partial<ModuleAllowance> = {}, tables: FileHandle[] = []) =>
  runModule(sandbox, { bytes, tables, values: {}, allowance: { ...allowance, ...change } }, never);
/** A body of `run`, with a page of memory and the three functions. */
const body = (text: string, more = '') =>
  wat(`(module
    (import "shugu" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "shugu" "write" (func $write (param i32 i32)))
    (import "shugu" "values" (func $values (param i32 i32) (result i32)))
    (memory (export "memory") 1 16) ${more}
    (func (export "run") (local $n i32) ${text}))`);

describe('without a sandbox', () => {
  it('foreign code is not run, not even looked at', async () => {
    const bytes = body('');
    expect(await endOf(checkModule(NO_SANDBOX, bytes, allowance))).toBe('sandbox');
    expect(await endOf(runModule(NO_SANDBOX, { bytes, tables: [], values: {}, allowance }, never))).toBe('sandbox');
  });
});

const importing = (text: string) => wat(`(module ${text} (memory (export "memory") 1 1) (func (export "run")))`);

describe('a look at a module', () => {
  it.each<[string, () => Uint8Array, [ModuleFault, string?]]>([
    ['no WebAssembly', () => Buffer.from('#!/bin/sh\ncat /etc/passwd\n'), ['invalid']],
    ['one that is cut off', () => body('').subarray(0, 40), ['invalid']],
    ['a huge one', () => new Uint8Array(MODULE_LIMITS.moduleBytes + 1), ['tooLarge']],
    [
      'a file to be opened',
      () => importing('(import "wasi_snapshot_preview1" "path_open" (func (param i32) (result i32)))'),
      ['importUnknown', 'wasi_snapshot_preview1.path_open'],
    ],
    ['a socket', () => importing('(import "shugu" "connect" (func (param i32)))'), ['importUnknown', 'shugu.connect']],
    ['a clock', () => importing('(import "shugu" "now" (func (result i64)))'), ['importUnknown', 'shugu.now']],
    ['the world', () => importing('(import "shugu" "read" (global externref))'), ['importUnknown', 'shugu.read']],
    ['nothing to run', () => wat('(module (memory (export "memory") 1 1))'), ['exportMissing']],
    ['no memory', () => wat('(module (func (export "run")))'), ['exportMissing']],
    [
      'memory without a maximum',
      () => wat('(module (memory (export "memory") 1) (func (export "run")))'),
      ['memoryUnbounded'],
    ],
    [
      'more memory than agreed',
      () => wat('(module (memory (export "memory") 1 65) (func (export "run")))'),
      ['memoryTooLarge'],
    ],
    [
      'a table without a maximum',
      () => wat('(module (memory (export "memory") 1 1) (table 1 funcref) (func (export "run")))'),
      ['tableUnbounded'],
    ],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => inspectModule(bytes(), allowance)).toThrow(new ModuleEnded(...reason));
  });

  it('lets others pass', () => {
    expect(inspectModule(body(''), allowance)).toBeInstanceOf(Object);
  });
});

describe('limits that a module declares', () => {
  it('are read from its bytes, and what is cut off or of another kind is not read', () => {
    const whole = wat('(module (memory 2 5) (table 3 funcref) (table 1 4 externref) (func (unreachable)))');
    expect(moduleShape(whole)).toEqual({
      memories: [{ least: 2, most: 5 }],
      tables: [
        { least: 3, most: undefined },
        { least: 1, most: 4 },
      ],
    });
    expect(moduleShape(wat('(module (memory 1 2 shared))'))).toBeUndefined();
    for (let length = 9; length < whole.length; length += 1)
      expect(() => moduleShape(whole.subarray(0, length))).not.toThrow();
    expect(moduleShape(Uint8Array.from([...whole.subarray(0, 8), 5, 0x85, 0x80]))).toBeUndefined();
  });
});

describe.skipIf(sandbox.kind === 'none')('in the sandbox', () => {
  it('a module reads its tables and the values, and what it writes comes out as the agreed columns', async () => {
    const rows = await table('["P1",3]\n["P2",4]\n["P3",5]\n');
    const output = await run(countingModule(wabt), {}, [await table(''), rows]);
    const columns = [{ name: 'rows', type: 'integer' as const }];
    expect(outputRows(output, columns, allowance)).toEqual([[103]]);
    const copied = body('(call $write (i32.const 0) (call $values (i32.const 0) (i32.const 100)))');
    const values = { bytes: copied, tables: [], values: { city: '长沙' }, allowance };
    expect(await endOf(runModule(sandbox, values, never))).toBe('outputShape');
  });

  it('what was not looked at before is looked at again before it runs', async () => {
    expect(await endOf(run(importing('(import "env" "now" (func (result i64)))')))).toBe('importUnknown: env.now');
    expect(await endOf(checkModule(sandbox, body(''), allowance))).toBe('done');
  });

  it.each<[string, () => Uint8Array, string]>([
    ['traps', () => body('(unreachable)'), 'trap'],
    ['divides by zero', () => body('(local.set $n (i32.div_u (i32.const 1) (local.get $n)))'), 'trap'],
    ['calls itself for ever', () => body('(call $again)', '(func $again (call $again))'), 'trap'],
    ['reads beyond its memory', () => body('(drop (i32.load (i32.const 0x7fffffff)))'), 'trap'],
    ['has bytes written beyond its memory', () => body('(call $write (i32.const 65530) (i32.const 100))'), 'trap'],
    ['reads before its memory', () => body('(call $write (i32.const -4) (i32.const 8))'), 'trap'],
    [
      'asks for a table that is none of its own',
      () => body('(drop (call $read (i32.const 1) (i32.const 0) (i32.const 8)))'),
      'trap',
    ],
    [
      'asks for a descriptor below its tables',
      () => body('(drop (call $read (i32.const -6) (i32.const 0) (i32.const 8)))'),
      'trap',
    ],
    [
      'writes before it is run',
      () => body('', '(func $early (call $write (i32.const 0) (i32.const 1))) (start $early)'),
      'trap',
    ],
    ['writes without end', () => body('(loop (call $write (i32.const 0) (i32.const 65536)) (br 0))'), 'outputBytes'],
    [
      'writes lines without end',
      () => body('(i32.store8 (i32.const 0) (i32.const 10)) (loop (call $write (i32.const 0) (i32.const 1)) (br 0))'),
      'outputRows',
    ],
    ['writes half a line', () => body('(call $write (i32.const 0) (i32.const 1))'), 'outputShape'],
    [
      'grows as far as it can and stops there',
      () =>
        body(
          `(local.set $n (i32.const 0))
          (loop (if (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)) (then (br 1))))
          (if (i32.ne (memory.size) (i32.const 16)) (then (unreachable)))
          (if (i32.ge_s (table.grow (ref.null func) (i32.const 2)) (i32.const 0)) (then (unreachable)))`,
          '(table 1 2 funcref)',
        ),
      'done',
    ],
  ])('one that %s', async (_, bytes, reason) => {
    expect(await endOf(run(bytes(), {}, [await table('')]))).toBe(reason);
  });

  it('one that loops ends when its time is over, in its start function as well, or when nobody wants it any more', async () => {
    const loop = body('(loop (br 0))');
    const start = body('', '(func $start (loop (br 0))) (start $start)');
    expect(await Promise.all([loop, start].map((one) => endOf(run(one, { seconds: 1 }))))).toEqual(['time', 'time']);
    const gone = new AbortController();
    const work = endOf(runModule(sandbox, { bytes: loop, tables: [], values: {}, allowance }, gone.signal));
    gone.abort();
    expect(await work).toBe('stopped');
  });
});

/** What the trial needs; with the words that it says. */
const trial = async () => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const foreign = join(folder, 'foreign');
  writeFileSync(foreign, 'somebody else’s');
  const script = new URL('./testing.escape.ts', import.meta.url);
  const values = { foreign, port: String(port), parent: String(process.pid) };
  return { script, values, own: await table('granted'), close: () => server.close() };
};

describe('without the sandbox', () => {
  it('the machine lies open to whoever breaks out: the trial sees it', async () => {
    const { script, values, own, close } = await trial();
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(script)], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe', own.fd],
    });
    const [setup, output] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
    setup.end(`${JSON.stringify({ values: JSON.stringify(values) })}\n`);
    let said = '';
    for await (const piece of output) said += String(piece);
    close();
    expect(JSON.parse(said)).toMatchObject({
      own: 'granted',
      foreign: 'somebody else’s',
      passwords: expect.stringMatching(/^\d+$/),
      socket: 'reached',
      parent: 'true',
      child: '0',
    });
  });
});

describe.skipIf(sandbox.kind === 'none')('whoever breaks out of the engine', () => {
  it('finds no file, network, process or setting, and words of its own go nowhere', async () => {
    const { script, values, own, close } = await trial();
    const { bytes } = await runModule(
      sandbox,
      { bytes: body(''), tables: [own], values, allowance: { ...allowance, outputBytes: 4000 } },
      never,
      script,
    ).finally(close);
    expect(JSON.parse(bytes.toString())).toEqual({
      own: 'granted',
      written: 'EBADF',
      foreign: 'ENOENT',
      passwords: 'ENOENT',
      scratch: 'EFBIG',
      elsewhere: 'EROFS',
      socket: 'EPERM',
      child: 'EPERM',
      parent: 'ESRCH',
      settings: [],
      memory: 'refused',
    });
  });
});
