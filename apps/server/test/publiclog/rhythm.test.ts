/** What a stranger who reads the log day and night learns of members' private records. */
import { entryBytes, type LogEntry, parseEntry } from '@shugu/evidence';
import { decodeEntries, parseCheckpoint, parseNote } from '@shugu/tlog';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemActor } from '../../src/kernel/http/principal.ts';
import { inBatchOrder, paddingFor } from '../../src/kernel/publiclog/batch.ts';
import { type TestExchange, testExchange } from '../support/exchange.ts';

let node: TestExchange;
beforeAll(async () => {
  // Only what the test asks for is sequenced.
  node = await testExchange({ config: { logDelaySeconds: 3600, commitmentSeconds: 3600 } });
});
afterAll(() => node.end());

const issue = (kind: string, disclosure: 'clear' | 'commitment'): Promise<string> =>
  node.exchange.kernel.database.tx(systemActor('test'), async (tx) => {
    const paper = await node.exchange.kernel.issue.paper(tx, {
      kind,
      title: { zh: '测试凭证', en: 'Test notice' },
      series: 'TN',
      document: { text: kind },
      parties: [node.seeded.organisations.citylogistics!],
      signers: [{ participant: '', role: 'operator' }],
      disclosure,
      retentionClass: 'trade',
    });
    return paper.id;
  });

/** As over HTTP: the bytes of entry bundles, from the first to the one the checkpoint names. */
const strangersView = async (): Promise<LogEntry[]> => {
  const note = await (await fetch(`${node.url}/log/checkpoint`)).text();
  const { size } = parseCheckpoint(parseNote(note).text);
  expect(size).toBeLessThan(256);
  if (size === 0) return [];
  const tile = await fetch(`${node.url}/log/tile/entries/000.p/${size}`);
  return decodeEntries(new Uint8Array(await tile.arrayBuffer())).map((one) => parseEntry(one));
};

describe('commitments in the public log', () => {
  it('wait for their own batch, which shows neither kind nor number', async () => {
    const { publicLog } = node.exchange.kernel;
    await publicLog.sequence();
    const before = await strangersView();
    await issue('notice', 'clear');
    for (const kind of ['contract', 'contract', 'statement']) await issue(kind, 'commitment');
    const sequenced = async (what: 'clear' | 'all', from: number, count: number) => {
      await publicLog.sequence(what);
      expect((await strangersView()).length - from).toBe(count);
    };
    await sequenced('clear', before.length, 1);
    const between = await strangersView();
    expect(between.slice(before.length)).toMatchObject([{ kind: 'notice', form: 'clear' }]);

    await sequenced('all', between.length, 8);
    const after = (await strangersView()).slice(between.length);
    for (const one of after)
      expect(one).toEqual({ v: 1, kind: 'undisclosed', form: 'commitment', commitment: expect.any(String) });
    expect(new Set(after.map((one) => entryBytes(one).length)).size).toBe(1);
    const order = after.map((one) => Buffer.from(entryBytes(one)).toString('latin1'));
    expect(order).toEqual([...order].sort());

    // Nothing private happened: nothing is added.
    expect(await publicLog.sequence()).toBe(0);
    expect(await strangersView()).toHaveLength(between.length + 8);
  });

  it('hold up nothing by a transaction that is older and still open', async () => {
    const { publicLog, database } = node.exchange.kernel;
    const older = await database.pool.connect();
    try {
      await older.query('begin');
      await older.query('select pg_current_xact_id()');
      await issue('notice', 'clear');
      expect(await publicLog.sequence()).toBe(1);
    } finally {
      await older.query('rollback');
      older.release();
    }
  });

  it('come in whole eights, in the order of their own random bytes', () => {
    expect([0, 1, 7, 8, 9, 16].map(paddingFor)).toEqual([0, 7, 1, 0, 7, 0]);
    const of = (id: string, form: 'clear' | 'commitment', text: string) => ({ id, form, entry: Buffer.from(text) });
    const mixed = [
      of('1', 'commitment', 'z'),
      of('3', 'clear', 'a'),
      of('2', 'clear', 'b'),
      of('4', 'commitment', 'c'),
    ];
    expect(inBatchOrder(mixed).map((one) => one.id)).toEqual(['2', '3', '4', '1']);
  });
});
