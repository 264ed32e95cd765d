import { setTimeout as wait } from 'node:timers/promises';
import { ChildError } from './error.ts';
import { serveChild } from './serve.ts';

/** A job for the tests of the runner: it does on request what real jobs do by accident. */
export type ProbeInput =
  | { act: 'echo'; value: unknown }
  | { act: 'environment' }
  | { act: 'pid' }
  | { act: 'wait'; ms: number }
  | { act: 'exit'; code: number }
  | { act: 'eatHeap' }
  | { act: 'eatBuffers' }
  | { act: 'refuse' }
  | { act: 'throw' };

serveChild<ProbeInput, unknown>(async (input, context) => {
  switch (input.act) {
    case 'echo':
      context.progress({ done: 1 });
      return input.value;
    case 'environment':
      return { ...process.env };
    case 'pid':
      return process.pid;
    case 'wait':
      await wait(input.ms);
      return process.pid;
    case 'exit':
      return process.exit(input.code);
    case 'eatHeap': {
      const kept: number[][] = [];
      for (;;) kept.push(new Array<number>(10_000).fill(kept.length + 0.5));
    }
    case 'eatBuffers': {
      const kept: Buffer[] = [];
      for (;;) {
        kept.push(Buffer.alloc(32 * 1024 * 1024, 1));
        await wait(20);
      }
    }
    case 'refuse':
      throw new ChildError({ code: 'probe.refused', zh: '拒绝', en: 'Refused', details: { row: 17 } });
    case 'throw':
      throw new Error('plain');
  }
});
