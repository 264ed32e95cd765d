/** The data folder's files. What is named here stays out of a backup; whatever else lies in the folder goes in. */
import { type FileHandle, mkdir, open, readdir, rename } from 'node:fs/promises';
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
  /** As long as it was when it was opened. */
  bytes: number;
  content(): AsyncGenerator<Buffer>;
}

const chunkBytes = 1_048_576;

/** The first `bytes` bytes: a segment may grow meanwhile, and its beginning never changes. */
async function* beginningOf(file: FileHandle, bytes: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < bytes; ) {
    const chunk = Buffer.alloc(Math.min(chunkBytes, bytes - done));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, done);
    if (bytesRead === 0) return;
    done += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

// Records move from an open segment to a sealed one, never back: taken in this order, none falls between.
const takenFirst = 'objects/segments-open';
const place = (name: string): string => `${takenFirst === name || takenFirst.startsWith(`${name}/`) ? 0 : 1} ${name}`;

/**
 * Plain files in a steady order. On a running node segments grow and uploads come: every row of the snapshot that names a
 * file was committed after the file was durable, so walking after the snapshot began misses none.
 */
export async function* homeFiles(home: string, folder = home): AsyncGenerator<HomeFile> {
  const entries = await readdir(folder, { withFileTypes: true });
  const named = entries.map((entry) => ({
    entry,
    name: relative(home, join(folder, entry.name)).split(sep).join('/'),
  }));
  for (const { entry, name } of named.sort((a, b) => (place(a.name) < place(b.name) ? -1 : 1))) {
    if (isLeftOut(name)) continue;
    if (entry.isDirectory()) yield* homeFiles(home, join(folder, entry.name));
    if (!entry.isFile()) continue;
    // A file that is gone by now was a temporary one, or an open segment that has been sealed.
    const file = await open(join(folder, entry.name), 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (!file) continue;
    try {
      const { size } = await file.stat();
      yield { name, bytes: size, content: () => beginningOf(file, size) };
    } finally {
      await file.close();
    }
  }
}

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
