/** The log's word before the proof: who gets it, that it holds, and that a log which breaks it is found out. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatTrust, judgePromise, verifyPromise } from '@shugu/evidence';
import * as kernelWire from '@shugu/wire/kernel';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { run as runVerify } from '../../../cli/src/verify.ts';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { issuePapers, trustServedBy } from '../backup/support.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

let node: TestExchange;
let broken: Uint8Array;
beforeAll(async () => {
  node = await testExchange({ config: { logDelaySeconds: 3600, commitmentSeconds: 3600 } });
});
afterAll(() => node.end());

const issue = (): Promise<string> =>
  node.exchange.kernel.database.tx(systemActor('test'), async (tx) => {
    const draft = {
      kind: 'statement',
      title: { zh: '测试凭证', en: 'Test notice' },
      series: 'TN',
      document: { text: '私下' },
      parties: [node.seeded.organisations.citylogistics!],
      signers: [{ participant: '', role: 'operator' }],
      disclosure: 'commitment' as const,
      retentionClass: 'trade',
    };
    return (await node.exchange.kernel.issue.paper(tx, draft)).id;
  });

const promiseOf = async (id: string) => {
  const response = await (await node.as('citylogistics.trader')).raw(kernelWire.paperPromise, { params: { id } });
  return new Uint8Array(await response.arrayBuffer());
};

/** What a monitor elsewhere makes of it, by HTTP alone. */
const judged = async (bytes: Uint8Array) => {
  const trust = await trustServedBy(node.exchange);
  const { ok, promise } = verifyPromise(bytes, trust);
  expect(ok).toBe(true);
  const get = async (path: string) => {
    const response = await fetch(`${node.url}/log/${promise!.origin}/${path}`);
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  };
  return judgePromise(promise!, trust, { dated: (await get('dated'))!, store: { read: get } });
};

it('is for those who may read the paper, and for as long as there is no proof', async () => {
  await issuePapers(node.exchange, node.seeded.organisations.operator!, 1);
  const id = await issue();
  const bytes = await promiseOf(id);
  const { promise } = verifyPromise(bytes, await trustServedBy(node.exchange));
  const wait = Date.parse(promise!.sequencedBy) - Date.parse(promise!.acceptedAt);
  expect(wait).toBe(30 * 3600 * 1000);
  const strangers = [node.anyone, await node.as('lawfirm.assessor')];
  for (const client of strangers)
    await expect(client.raw(kernelWire.paperPromise, { params: { id } })).rejects.toMatchObject({
      problem: { code: 'kernel.unknown' },
    });
  expect(await judged(bytes)).toBe('open');

  await node.settle();
  expect(await judged(bytes)).toBe('kept');
  await expect.poll(() => promiseOf(id).catch((error) => error.problem.code)).toBe('papers.proven');
});

it('convicts a log that holds something else than it promised', async () => {
  const id = await issue();
  const bytes = await promiseOf(id);
  const { pool } = node.exchange.kernel.database;
  // An operator who tampers: another commitment goes into the log in the place of the promised one.
  await pool.query(
    `update log_entries set entry = (select entry from log_entries other where other.form = 'commitment' and other.id <> log_entries.id limit 1)
      where id = (select log_entry from papers where id = $1)`,
    [id],
  );
  // In steps: a session lasts twelve hours.
  const move = async (hours: number) => {
    const to = new Date((await node.stage.now()).getTime() + hours * 3_600_000);
    await (await node.as('operator.system')).call(kernelWire.moveClock, { body: { to: to.toISOString() } });
  };
  await move(10);
  expect(await judged(bytes)).toBe('open');
  await move(11);
  await move(10);
  expect(await judged(bytes)).toBe('broken');
  broken = bytes;
});

it('is understood by `shugu verify`, which asks the log when told to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shugu-promise-'));
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const trust = join(folder, 'trust.json');
    await writeFile(trust, formatTrust(await trustServedBy(node.exchange)));
    const file = join(folder, 'a.promise.json');
    const verify = (...more: string[]) => runVerify([file, '--trust', trust, ...more], { language: 'zh', cwd: folder });
    const bytes = await promiseOf(await issue());
    await writeFile(file, bytes);
    expect([await verify(), await verify('--log', node.url)]).toEqual([0, 0]);
    await writeFile(file, Buffer.from(bytes).toString('utf8').replace('"origin":"shugu.hn/', '"origin":"shugu.hm/'));
    expect(await verify()).toBe(1);
    await writeFile(file, broken);
    expect([await verify(), await verify('--log', node.url)]).toEqual([0, 1]);
  } finally {
    write.mockRestore();
    await rm(folder, { recursive: true });
  }
});
