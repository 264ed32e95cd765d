/** What a query that broke out of its engine would find: tried from inside, with the sandbox and, to show that the trial works, without. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QueryPool } from './pool.ts';
import { QueryProcess } from './process.ts';
import { findSandbox, NO_SANDBOX, SANDBOX_LIMITS, type Sandbox } from './sandbox.ts';
import { writeParquet } from './testing.ts';

const sandbox = await findSandbox();
const server = createServer((socket) => socket.destroy());
let folder: string;
let own: string;
let foreign: string;
beforeAll(async () => {
  // Not below /tmp, of which a process has one of its own.
  folder = mkdtempSync(join(homedir(), '.shugu-sandbox-'));
  own = join(folder, 'own');
  foreign = join(folder, 'foreign');
  writeFileSync(own, 'granted');
  writeFileSync(foreign, 'somebody else’s');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const tryOut = async (around: Sandbox): Promise<Record<string, unknown>> => {
  const script = new URL('./testing.probe.ts', import.meta.url);
  const probe = new QueryProcess(script, 'probe', join(folder, 'process'), { sandbox: around, reads: [own] });
  try {
    await probe.setUp({ kind: 'grant' } as never);
    const { port } = server.address() as AddressInfo;
    probe.send({ kind: 'run', sql: JSON.stringify({ own, foreign, port, parent: process.pid }) } as never);
    return JSON.parse((await probe.next(20)).bytes.toString()) as Record<string, unknown>;
  } finally {
    probe.end();
  }
};

describe('without a sandbox', () => {
  it('the machine lies open to whoever breaks out of the engine: the trial sees it', async () => {
    expect(await tryOut(NO_SANDBOX)).toMatchObject({
      ...{ foreign: 'somebody else’s', socket: 'reached', parent: 'true', child: '0' },
    });
    writeFileSync(own, 'granted');
  });
});

describe.skipIf(sandbox.kind === 'none')('in the sandbox', () => {
  it('there are the granted file, to read, and a small folder; no other file, network, process or setting', async () => {
    expect(await tryOut(sandbox)).toEqual({
      own: 'granted',
      written: 'EROFS',
      foreign: 'ENOENT',
      passwords: 'ENOENT',
      scratch: 'undefined',
      elsewhere: 'EROFS',
      // Compiled code, which other processes run.
      ...(getCompileCacheDir() && { kept: 'EROFS' }),
      flood: expect.stringMatching(/EFBIG|ENOSPC/),
      socket: 'EPERM',
      networks: 'ERR_SYSTEM_ERROR',
      child: 'EPERM',
      parent: 'ESRCH',
      secrets: [],
    });
    expect(SANDBOX_LIMITS.fileBytes).toBeLessThan(64 * 2 ** 20);
  });

  it('a query answers as it does outside, and its process ends with the pool', async () => {
    const path = await writeParquet(join(folder, 'a.parquet'), { n: 'BIGINT' }, [{ n: 1 }, { n: 41 }]);
    const pool = new QueryPool({ folder, sandbox });
    const answer = await pool.run(
      {
        scope: 's',
        tables: [{ name: 'a', path }],
        effects: { columns: null, masks: {}, rowFilter: [] },
        maskKey: new Uint8Array(32),
      },
      { sql: 'select sum(n) as n from a', values: {}, format: 'json', rowsMax: 10, bytesMax: 1000, seconds: 10 },
      new AbortController().signal,
    );
    if (answer.kind === 'file') throw new Error('asked for pieces');
    let text = '';
    for await (const { bytes } of answer.pieces) text += Buffer.from(bytes).toString();
    expect(JSON.parse(text).data).toEqual([{ n: 42 }]);
    const [pid] = pool.pids;
    pool.close();
    await expect
      .poll(() => {
        try {
          return process.kill(pid!, 0);
        } catch {
          return 'gone';
        }
      })
      .toBe('gone');
  });

  it('its compiled code is kept for the next ones by a process outside, which is given no data', async () => {
    const kept = join(folder, 'kept');
    const here = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    const script = `
      import { QueryPool } from ${here('./pool.ts')};
      import { findSandbox } from ${here('./sandbox.ts')};
      const pool = new QueryPool({ folder: ${JSON.stringify(join(folder, 'pool'))}, sandbox: await findSandbox() });
      console.log(await pool.tree([], 'select 1'));
      process.stdin.on('end', () => process.exit()).resume();`;
    const program = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { NODE_COMPILE_CACHE: kept },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const joined = () =>
      existsSync(kept) &&
      readdirSync(kept, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.cjs'));
    await expect.poll(joined, { timeout: 60_000 }).toHaveLength(1);
    program.stdin.end();
    await once(program, 'exit');
  });
});
