import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDuck, sqlName, sqlText } from './duck.ts';

describe('openDuck', () => {
  const root = mkdtempSync(join(tmpdir(), 'duck-'));
  afterAll(() => rmSync(root, { recursive: true }));

  it('reads only the named folders and files, and cannot be unlocked', async () => {
    const [open, near, single] = [join(root, 'a'), join(root, 'ab'), join(root, "it's.csv")];
    for (const folder of [open, near]) mkdirSync(folder);
    for (const path of [join(open, 'x.csv'), join(near, 'x.csv'), single, join(root, 'y.csv')])
      writeFileSync(path, 'n\n1\n');
    const duck = await openDuck({
      folders: [open],
      files: [single],
      spillFolder: open,
      memoryLimitMB: 100,
      threads: 1,
    });
    const read = (path: string) =>
      duck.run(`SELECT * FROM read_csv(${sqlText(path)})`).then(
        () => 'read',
        (error: Error) => error.message.split(':')[0],
      );
    try {
      expect(await read(join(open, 'x.csv'))).toBe('read');
      expect(await read(single)).toBe('read');
      for (const path of [join(near, 'x.csv'), join(root, 'y.csv'), join(open, '../y.csv'), '/etc/passwd'])
        expect(await read(path), path).toBe('Permission Error');
      await expect(duck.run('SET enable_external_access=true')).rejects.toThrow();
      await expect(duck.run("SET memory_limit='10GB'")).rejects.toThrow(/locked/);
      await expect(duck.run('INSTALL httpfs')).rejects.toThrow();
      await expect(duck.run(`ATTACH ${sqlText(join(root, 'other.db'))}`)).rejects.toThrow();
    } finally {
      duck.closeSync();
    }
  });

  it('quotes names and texts', () => {
    expect(sqlText("a'b")).toBe("'a''b'");
    expect(sqlName('a"b')).toBe('"a""b"');
  });
});
