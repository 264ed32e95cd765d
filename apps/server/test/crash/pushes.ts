/** `push-exchange.ts` as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Asked, Told } from './push-exchange.ts';

/** Resolves once it takes calls; throws when it ends before. */
export const startPushes = async (asked: Asked, children: ChildProcess[]): Promise<Told & { child: ChildProcess }> => {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'push-exchange.ts')],
    {
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        SHUGU_TEST_PUSHES: JSON.stringify(asked),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  const failed = once(child, 'exit').then(() => Promise.reject(new Error('the exchange ended before it was ready')));
  failed.catch(() => undefined);
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout! }), 'line'), failed])) as [string];
  return { ...(JSON.parse(line) as Told), child };
};
