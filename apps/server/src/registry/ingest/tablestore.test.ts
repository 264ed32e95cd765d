import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPointStore } from '@shugu/gateway';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ingestFile } from './ingest.ts';
import { buildTableStore } from './tablestore.ts';

describe('buildTableStore', () => {
  const root = mkdtempSync(join(tmpdir(), 'tablestore-'));
  const folder = join(root, 'object');
  beforeAll(async () => {
    const lines = Array.from(
      { length: 5_000 },
      (_, at) => `湘A${String(at).padStart(5, '0')},${at},${at}.50,2026-01-0${1 + (at % 9)},${at % 2 === 0}`,
    );
    writeFileSync(join(root, 'up.csv'), `车牌,序号,里程,日期,在线\n${lines.join('\n')}\n`);
    await ingestFile({ path: join(root, 'up.csv'), folder, format: 'csv' });
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('gives rows by key, decimals digit for digit', async () => {
    const path = join(root, 'store.sqlite');
    expect(await buildTableStore({ folder, path, table: 'vehicles', indexes: [['车牌'], ['日期']] })).toEqual({
      rows: 5_000,
    });
    const store = openPointStore(path);
    try {
      const { columns, rows } = await store.lookup({
        table: 'vehicles',
        filters: [{ column: '车牌', value: '湘A04242' }],
        rowFilter: [],
        limit: 10,
      });
      expect(columns).toEqual(['车牌', '序号', '里程', '日期', '在线']);
      expect(rows).toEqual([['湘A04242', 4242, '4242.50', '2026-01-04', 1]]);
    } finally {
      store.close();
    }
  });

  it('refuses unknown columns and names', async () => {
    const path = join(root, 'other.sqlite');
    await expect(buildTableStore({ folder, path, table: 'vehicles', indexes: [['x']] })).rejects.toMatchObject({
      code: 'tablestore.column',
    });
    await expect(buildTableStore({ folder, path, table: 'a b', indexes: [] })).rejects.toMatchObject({
      code: 'tablestore.invalid',
    });
  });
});
