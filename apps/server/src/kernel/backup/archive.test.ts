import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homeFiles, isPlainName } from './files.ts';
import { openSecret, sealSecret } from './secret.ts';
import { readTar, writeTar } from './tar.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shugu-tar-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = async (path: string): Promise<[string, string][]> => {
  const found: [string, string][] = [];
  for await (const entry of readTar(path)) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry.content()) chunks.push(chunk);
    found.push([entry.name, Buffer.concat(chunks).toString('utf8')]);
  }
  return found;
};

describe('archive', () => {
  const parts: [string, string][] = [
    ['a', ''],
    ['深/路径.json', 'x'.repeat(512)],
    [`${'d'.repeat(120)}/${'f'.repeat(90)}`, 'y'.repeat(1_048_577)],
  ];

  it('reads what it wrote, and so does tar', async () => {
    const path = join(folder, 'x.tar');
    const tar = await writeTar(path);
    for (const [name, text] of parts) await tar.add(name, Buffer.byteLength(text), [Buffer.from(text)]);
    await tar.end();
    expect(await read(path)).toEqual(parts);
    const listed = execFileSync('tar', ['tf', path], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    expect(listed.split('\n')).toContain(parts[2]![0]);
    await expect(writeTar(path)).rejects.toThrow('EEXIST');
  });

  it('refuses names that do not fit and contents of another size', async () => {
    const tar = await writeTar(join(folder, 'x.tar'));
    await expect(tar.add('n'.repeat(101), 0, [])).rejects.toThrow('backup.path_too_long');
    await expect(tar.add('short', 5, [Buffer.from('four')])).rejects.toThrow('backup.unfinished');
    await expect(tar.add('long', 3, [Buffer.from('four')])).rejects.toThrow('backup.unfinished');
    await tar.abandon();
    for (const name of ['', '/etc/x', '../x', 'a/../../x', 'a//b', 'a\\b', './a'])
      expect(isPlainName(name), name).toBe(false);
    expect(isPlainName('objects/sha256/ab/cd')).toBe(true);
  });
});

describe('the data folder', () => {
  it('gives open segments before sealed ones, and leaves out what is not the node’s to carry', async () => {
    const files = [
      'node.secret',
      'setup.token',
      'demo.json',
      'bank/books',
      'postgres/cluster-18/x',
      'objects/sha256/ab/c',
    ];
    const more = [
      'objects/segments/1.seg',
      'objects/segments-open/2.wal',
      'objects/incoming/half',
      'later/new room.bin',
      'x.new',
    ];
    for (const name of [...files, ...more]) {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), name);
    }
    const names: string[] = [];
    for await (const file of homeFiles(folder)) {
      names.push(file.name);
      // What grows while it is read is taken as it was.
      await writeFile(join(folder, file.name), 'more', { flag: 'a' });
      const chunks: Buffer[] = [];
      for await (const chunk of file.content()) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe(file.name);
    }
    expect(names[0]).toBe('objects/segments-open/2.wal');
    expect([...names].sort()).toEqual([
      'demo.json',
      'later/new room.bin',
      'objects/segments-open/2.wal',
      'objects/segments/1.seg',
      'objects/sha256/ab/c',
    ]);
  });
});

describe('the secret in a backup', () => {
  it('opens with its passphrase only', async () => {
    const secret = Buffer.alloc(32, 7);
    const sealed = await sealSecret(secret, '正确的口令，足够长的那种');
    expect(await openSecret(sealed, '正确的口令，足够长的那种')).toEqual(secret);
    expect(sealed.toString().includes(secret.toString('hex'))).toBe(false);
    await expect(openSecret(sealed, 'another passphrase')).rejects.toThrow('backup.passphrase_wrong');
    await expect(sealSecret(secret, 'elevenchars')).rejects.toThrow('backup.passphrase_wrong');
    const newer = Buffer.from(sealed.toString().replace('"version":1', '"version":2'));
    await expect(openSecret(newer, '正确的口令，足够长的那种')).rejects.toThrow('backup.too_new');
  });
});
