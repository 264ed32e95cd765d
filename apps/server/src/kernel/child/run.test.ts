import { describe, expect, it } from 'vitest';
import type { ProbeInput } from './probe.child.ts';
import { type ChildJob, createChildRunner, warmChild } from './run.ts';

const script = new URL('./probe.child.ts', import.meta.url);
const job = (input: ProbeInput, more: Partial<ChildJob> = {}): ChildJob => ({
  script,
  input,
  timeLimitMs: 20_000,
  memoryLimitMB: 64,
  ...more,
});
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

describe('runChild', () => {
  const run = createChildRunner({ concurrency: 2, queueMax: 2 });

  it('carries JSON, rare characters and bytes both ways, and progress', async () => {
    const value = { name: '𠮷野家', bytes: new Uint8Array([1, 2, 255]) };
    const seen: unknown[] = [];
    const back = await run<typeof value>(
      job({ act: 'echo', value }, { onProgress: (progress) => seen.push(progress) }),
    );
    expect(back.name).toBe('𠮷野家');
    expect([...back.bytes]).toEqual([1, 2, 255]);
    expect(seen).toEqual([{ done: 1 }]);
  });

  it('hands no secret of the server to the child', async () => {
    process.env.SHUGU_TEST_SECRET = 'secret';
    try {
      const names = Object.keys(await run<Record<string, string>>(job({ act: 'environment' })));
      expect(names).not.toContain('SHUGU_TEST_SECRET');
      expect(names).not.toContain('PATH');
      expect(names).toContain('SHUGU_CHILD');
    } finally {
      delete process.env.SHUGU_TEST_SECRET;
    }
  });

  it('stops at the time limit', async () => {
    const started = performance.now();
    expect(await codeOf(run(job({ act: 'wait', ms: 60_000 }, { timeLimitMs: 500 })))).toBe('child.time-out');
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('names a full heap, and full native memory', async () => {
    expect(await codeOf(run(job({ act: 'eatHeap' })))).toBe('child.memory');
    expect(await codeOf(run(job({ act: 'eatBuffers' })))).toBe('child.memory');
  });

  it('passes structured errors and wraps the others', async () => {
    await expect(run(job({ act: 'refuse' }))).rejects.toMatchObject({
      code: 'probe.refused',
      zh: '拒绝',
      en: 'Refused',
      details: { row: 17 },
    });
    await expect(run(job({ act: 'throw' }))).rejects.toMatchObject({
      code: 'child.failed',
      details: { text: 'plain' },
    });
    await expect(run(job({ act: 'exit', code: 3 }))).rejects.toMatchObject({
      code: 'child.exited',
      details: { exitCode: 3 },
    });
  });

  it('cancels a running job and a waiting one', async () => {
    const running = new AbortController();
    const answer = codeOf(run(job({ act: 'wait', ms: 60_000 }, { signal: running.signal })));
    setTimeout(() => running.abort(), 100);
    expect(await answer).toBe('child.cancelled');
    expect(await codeOf(run(job({ act: 'pid' }, { signal: AbortSignal.abort() })))).toBe('child.cancelled');
  });

  it('works on two at once, lets two wait, refuses the fifth', async () => {
    const four = [1, 2, 3, 4].map(() => run<number>(job({ act: 'wait', ms: 150 })));
    await expect(run(job({ act: 'pid' }))).rejects.toMatchObject({
      code: 'child.queue-full',
      details: { queueMax: 2 },
    });
    const pids = await Promise.all(four);
    expect(new Set(pids).size).toBe(4);
    expect(await codeOf(run(job({ act: 'pid' })))).toBe('done');
  });
});

describe('warmChild', () => {
  it('keeps one process, renews it after a crash, and ends when idle', async () => {
    const warm = warmChild({ script, memoryLimitMB: 64, idleMs: 150, queueMax: 10 });
    const hooks = { timeLimitMs: 10_000 };
    const [first, second] = await Promise.all([warm.run({ act: 'pid' }, hooks), warm.run({ act: 'pid' }, hooks)]);
    expect(second).toBe(first);
    await expect(warm.run({ act: 'exit', code: 1 }, hooks)).rejects.toMatchObject({ code: 'child.exited' });
    const third = await warm.run<number>({ act: 'pid' }, hooks);
    expect(third).not.toBe(first);
    await expect.poll(() => warm.pid(), { timeout: 3_000 }).toBeUndefined();
    const isAlive = () => {
      try {
        return process.kill(third, 0);
      } catch {
        return false;
      }
    };
    await expect.poll(isAlive, { timeout: 3_000 }).toBe(false);
  });
});
