import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GrantBook, type Grant as LineGrant, onAccess } from '@shugu/gateway';
import pino from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { planOf } from '../testing.ts';
import { endedAnswers } from './mount.ts';
import { watchGateway } from './watch.ts';

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

describe('the access log', () => {
  it('says what was asked of which line and how it went, with the trace, and nothing that opens anything', async () => {
    const lines: string[] = [];
    const registry = new Registry();
    const log = pino({}, { write: (text: string) => void lines.push(text) });
    const tell = watchGateway(registry, log, () => ({ pausedUpstreams: () => 0 }));
    const server = createServer((request, response) => {
      onAccess(request, response, { line: () => 'grt_1.file', timer: () => performance.now(), tell });
      response.setHeader('x-content-type-options', 'nosniff');
      response.writeHead(200, { 'x-receipt': 'use_1' }).end('data');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    await fetch(`http://127.0.0.1:${port}/gateway/file/grt_1/a?signature=sesame&plate=湘A1`, {
      headers: {
        authorization: 'Bearer sgd_sesame',
        'x-authorisation-reference': 'sesame',
        cookie: 'sesame',
        traceparent: `00-${trace}-00f067aa0ba902b7-01`,
      },
    }).then((answer) => answer.text());
    await expect.poll(() => lines).toHaveLength(1);
    server.close();
    expect(JSON.parse(lines[0]!)).toMatchObject({
      line: 'grt_1.file',
      method: 'GET',
      status: 200,
      receipt: 'use_1',
      trace,
    });
    expect(lines[0]).not.toMatch(/sesame|plate|sgd_/);
    expect(await registry.metrics()).toContain('shugu_gateway_answers_total{kind="file",status="200"} 1');
  });
});
