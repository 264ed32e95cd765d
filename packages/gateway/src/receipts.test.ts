import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { receiptFor, receiptsOf } from './receipts.ts';

test.each([
  ['plain', 'grant-1', 32],
  ['beyond ASCII and quoted', '数谷"\\\n', 32],
  ['longer than the prepared block', 'g'.repeat(5000), 32],
  ['with a key of a whole block', 'grant-1', 64],
])('receipts made in number are those made one by one: %s', (_name, id, keyBytes) => {
  const key = randomBytes(keyBytes);
  const grant = { grant: id, contract: `contract ${id}`, product: id, policy: 'ab'.repeat(32) };
  const receipt = receiptsOf(grant, key);
  for (const [use, at] of [
    ['use-1', 1_790_000_000_000],
    [`use ${id}`, 0],
  ] as const)
    expect(receipt(use, at)).toEqual(receiptFor({ ...grant, use, at }, key));
});
