/** The data folder's files. What is named here stays out of a backup; whatever else lies in the folder goes in. */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

export const secretName = 'node.secret';
export const restoreMark = 'restore.unfinished';

export const leftOut = [
  { name: 'postgres', zh: '数据库以可移植方式另行导出', en: 'the database travels as a portable dump' },
  { name: 'bank', zh: '存管银行模拟器的账属于银行', en: 'the books of the bank simulator are the bank’s' },
  { name: 'setup.token', zh: '一次性启用口令，恢复后重新生成', en: 'a one-time token; a new one is made' },
  { name: 'objects/incoming', zh: '未完成的上传', en: 'unfinished uploads' },
  { name: restoreMark, zh: '恢复过程标记', en: 'mark of a restore under way' },
] as const;

const isLeftOut = (name: string): boolean =>
  name === secretName ||
  name.endsWith('.new') ||
  leftOut.some((one) => name === one.name || name.startsWith(`${one.name}/`));

export interface HomeFile {
  /** Relative, with slashes. */
  name: string;
  bytes: number;
}

/**
 * Plain files in a steady order. On a running node segments grow and uploads come: every row of the snapshot that names a
 * file was committed after the file was durable, so walking after the snapshot began misses none.
 */
export async function* homeFiles(home: string): AsyncGenerator<HomeFile> {
  const walk = async function* (folder: string): AsyncGenerator<HomeFile> {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      const name = relative(home, path).split(sep).join('/');
      if (isLeftOut(name)) continue;
      if (entry.isDirectory()) yield* walk(path);
      else if (entry.isFile()) {
        // A file that is gone by now was a temporary one.
        const found = await stat(path).catch(() => undefined);
        if (found) yield { name, bytes: found.size };
      }
    }
  };
  yield* walk(home);
}

/** The first `bytes` bytes: a segment may have grown since it was listed, and its beginning never changes. */
export const readBeginning = (path: string, bytes: number): AsyncIterable<Buffer> | Buffer[] =>
  bytes === 0 ? [] : createReadStream(path, { end: bytes - 1, highWaterMark: 1_048_576 });

/** Durable when it returns. `name` comes from an archive: it may not leave the folder. */
export const writeHomeFile = async (home: string, name: string, content: AsyncIterable<Buffer>): Promise<void> => {
  const path = join(home, ...name.split('/'));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of content) await file.write(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
};

export const isPlainName = (name: string): boolean =>
  name.length > 0 &&
  !name.includes('\\') &&
  name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

/** Whole or not at all. */
export const writeSecret = async (home: string, secret: Buffer): Promise<void> => {
  const path = join(home, secretName);
  const file = await open(`${path}.new`, 'w', 0o600);
  await file.writeFile(secret.toString('hex'));
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
};
