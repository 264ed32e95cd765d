import { GrantBook, type Grant as LineGrant } from '@shugu/gateway';
import { describe, expect, it } from 'vitest';
import { planOf } from '../testing.ts';
import { endedAnswers } from './mount.ts';

const line = (id: string, status: LineGrant['status']): LineGrant => ({
  id,
  version: 1,
  contractId: 'con_1',
  productId: 'prd_1',
  supplierId: 'org_supplier',
  buyerId: 'org_buyer',
  plan: planOf(),
  driver: { kind: 'file', files: [] },
  keyHashes: [],
  status,
  tenancy: { node: 'hn', market: 'main', participant: 'org_supplier' },
});

describe('a cut-off', () => {
  it('waits for the answers of withdrawn grants, also failing ones, and for no others', async () => {
    const book = new GrantBook(null);
    for (const [id, status] of [
      ['grt_1.file', 'withdrawn'],
      ['grt_2.file', 'active'],
    ] as const)
      await book.put(line(id, status));
    const [ended, failed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const running = new Map([
      [ended.promise, 'grt_1.file'],
      [failed.promise, 'grt_1.file'],
      [new Promise<void>(() => undefined), 'grt_2.file'],
    ]);
    const order: string[] = [];
    const waited = endedAnswers({ book }, running).then(() => order.push('cut off'));
    failed.reject(new Error('client gone'));
    await new Promise((resolve) => setImmediate(resolve));
    order.push('recorded');
    ended.resolve();
    await waited;
    expect(order).toEqual(['recorded', 'cut off']);
  });
});
