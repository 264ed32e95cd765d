import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CHECKPOINTS } from './delivery.ts';
import { openMeter, segmentsSince } from './meter.ts';
import { KEY } from './rig.ts';
import { readSegment, type UseRecord } from './segment.ts';

const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url));
const ROUNDS = 5;
const CALLERS = 16;

async function start(folder: string, sabotage: string[] = []) {
  const child = spawn(process.execPath, [CHILD, folder, ...sabotage], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { ...(JSON.parse(line) as { port: number; counted: number }), kill };
}

/** One life of a gateway: start, load it, kill -9 in full run. Returns the receipts of completely read answers. */
async function round(
  folder: string,
  aliveMs: number,
  sabotage: string[],
): Promise<{ receipts: string[]; counted: number }> {
  const { port, counted, kill } = await start(folder, sabotage);
  const receipts: string[] = [];
  let alive = true;
  const caller = async (number: number) => {
    for (let call = 0; alive; call++) {
      const response = await fetch(`http://127.0.0.1:${port}/p/${number}-${call}`, { headers: { 'x-api-key': KEY } });
      const { data } = (await response.json()) as { data: unknown[] };
      expect(data).toHaveLength(1);
      receipts.push(response.headers.get('x-receipt') ?? '');
    }
  };
  // Calls in flight break with the process; only assertion failures matter.
  const callers = Promise.allSettled(Array.from({ length: CALLERS }, (_, number) => caller(number)));
  let over = false;
  void callers.then(() => {
    over = true;
  });
  await new Promise((resolve) => setTimeout(resolve, aliveMs));
  // However long a busy machine takes: some were answered, and asked again.
  while (receipts.length <= CALLERS && !over) await new Promise((resolve) => setTimeout(resolve, 5));
  await kill();
  alive = false;
  for (const end of await callers)
    if (end.status === 'rejected' && (end.reason as Error).name === 'AssertionError') throw end.reason;
  return { receipts, counted };
}

async function recorded(folder: string): Promise<UseRecord[]> {
  const signer = { keyId: 'none', sign: () => new Uint8Array(64) };
  const meter = await openMeter({
    source: 'g1',
    folder: join(folder, 'wal'),
    objectFolder: join(folder, 'objects'),
    signer,
    clock: Date.now,
  });
  await meter.close();
  const found: UseRecord[] = [];
  for await (const segment of segmentsSince(join(folder, 'objects'), 'g1', 0)) {
    for (const { record } of readSegment(await segment.read())?.entries ?? []) found.push(record);
  }
  return found;
}

async function crashes(sabotage: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-crash-'));
  const receipts: string[] = [];
  try {
    for (let number = 0; number < ROUNDS; number++) {
      const before = receipts.length;
      const result = await round(folder, 150 + number * 37, sabotage);
      if (sabotage.length === 0) expect(result.counted, 'counters are rebuilt').toBeGreaterThanOrEqual(before);
      receipts.push(...result.receipts);
    }
    const records = await recorded(folder);
    const uses = new Set(records.map(({ use }) => use));
    const contiguous = records.every(({ sequence }, index) => sequence === index + 1);
    return {
      receipts,
      records,
      missing: receipts.filter((id) => !uses.has(id)).length,
      doubled: records.length - uses.size,
      contiguous,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test(`${ROUNDS} rounds of kill -9: every completely answered use is recorded exactly once`, async () => {
  const { receipts, missing, doubled, contiguous } = await crashes([]);
  expect(receipts.length).toBeGreaterThan(ROUNDS * CALLERS);
  expect({ missing, doubled, contiguous }).toEqual({ missing: 0, doubled: 0, contiguous: true });
});

test('the suite turns red when uses are answered before they are recorded', async () => {
  expect((await crashes(['answerBeforeAppend'])).missing).toBeGreaterThan(0);
});

test('of a long answer in full run a kill loses the last second at most, and charges nothing that was not sent', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-crash-'));
  try {
    await writeFile(join(folder, 'big'), '');
    await truncate(join(folder, 'big'), 2 ** 30);
    const { port, kill } = await start(folder);
    let received = 0;
    const options = { port, host: '127.0.0.1', path: '/big/big', headers: { 'x-api-key': KEY } };
    const request = get(options, (answer) => {
      answer
        .on('error', () => undefined)
        .on('data', (piece: Buffer) => {
          received += piece.length;
          answer.pause();
          setTimeout(() => answer.resume(), 5);
        });
    }).on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, CHECKPOINTS.everyMs * 2.5));
    const before = received;
    await kill();
    request.destroy();
    const [use, ...more] = await recorded(folder);
    expect(use).toMatchObject({ grant: 'file', status: 'incomplete', units: { calls: 1 } });
    expect(more.map(({ corrects }) => corrects)).toEqual(more.map(() => use!.use));
    const bytes = [use!, ...more].reduce((sum, { units }) => sum + units.bytes, 0);
    expect(bytes).toBeGreaterThan(0);
    // What is between the two processes was sent and not received yet.
    expect(bytes).toBeLessThan(before + 16 * 2 ** 20);
  } finally {
    await rm(folder, { recursive: true });
  }
});
