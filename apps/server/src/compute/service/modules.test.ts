import { describe, expect, it } from 'vitest';
import type { Room } from '../model.ts';
import { isOwed } from '../rules.ts';
import { lookAtModule, requireSandbox } from './modules.ts';

const bare = { sandbox: async () => ({ kind: 'none', why: 'bubblewrap is not installed' }) } as unknown as Room;

describe('a node without bubblewrap', () => {
  it('neither takes a use of a module nor looks at one, and says what is missing', async () => {
    const missing = { code: 'compute.sandboxMissing', detail: 'bubblewrap is not installed' };
    await expect(requireSandbox(bare)).rejects.toMatchObject(missing);
    await expect(lookAtModule(bare, new Uint8Array([0, 0x61, 0x73, 0x6d]), 64, 'body.content')).rejects.toMatchObject(
      missing,
    );
  });
});

describe('what a use of a module costs', () => {
  it('is owed when the program failed, and not where an owner held its output back', () => {
    const payment = { taxRate: '0.06', shares: [], untouched: 'charged' as const };
    const owed = (code: string) => isOwed({ code: `compute.${code}`, touched: true, payment });
    expect(['moduleEnded', 'outputRefused', 'outputUnanswered', 'revoked'].map(owed)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
