/** A folder of this machine (or one that it has mounted) below the root that the operator allows. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fault } from '../fault.ts';
import type { FileTaker } from './taker.ts';

const part = (path: string) => `${path}.part`;
const chunkBytes = 2 ** 20;

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => -1,
  );

/** The folder, made if need be. A link inside must not lead out of the root. */
const placeFor = async (root: string, below: string): Promise<string> => {
  const base = await realpath(root);
  let place = base;
  for (const level of below.split('/')) {
    place = join(place, level);
    await mkdir(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const real = await realpath(place);
    if (real !== place || !real.startsWith(base + sep)) throw fault('folderUnusable', { about: level });
  }
  return place;
};

const syncFolder = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
};

/** What is whole gets its name, durably. */
const keep = async (path: string): Promise<void> => {
  const handle = await open(part(path), 'r');
  await handle.sync().finally(() => handle.close());
  await rename(part(path), path);
  await syncFolder(dirname(path));
};

/** `root` is the operator's, `below` the buyer's: one level of its own id, then its path. */
export const folderTaker = async (root: string, below: string): Promise<FileTaker> => {
  if (root === '') throw fault('foldersClosed');
  const guarded = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      // Words of the system name paths of this machine: only its code is told.
      throw code && 'syscall' in (cause as object) ? fault('folderUnusable', { about: code, cause }) : cause;
    }
  };
  const place = await guarded(() => placeFor(root, below));
  const pathOf = async (name: string): Promise<string> => {
    const levels = name.split('/');
    const folder = await placeFor(root, [below, ...levels.slice(0, -1)].join('/'));
    return join(folder, levels.at(-1)!);
  };

  return {
    check: () =>
      guarded(async () => {
        const path = join(place, '.shugu-check');
        await writeFile(path, 'shugu', { flush: true });
        await rm(path);
      }),
    has: (name, bytes) =>
      guarded(async () => {
        const path = await pathOf(name);
        if ((await sizeOf(path)) === bytes) return bytes;
        const begun = await sizeOf(part(path));
        if (begun === bytes) await keep(path);
        return begun < 0 || begun > bytes ? 0 : begun;
      }),
    put: (name, { bytes, from, pieces }) =>
      guarded(async () => {
        const path = await pathOf(name);
        const handle = await open(part(path), from === 0 ? 'w' : 'r+');
        try {
          let position = from;
          for await (const piece of pieces) {
            for (let done = 0; done < piece.length; )
              done += (await handle.write(piece, done, piece.length - done, position + done)).bytesWritten;
            position += piece.length;
          }
          if (position !== bytes) throw fault('interrupted');
        } finally {
          await handle.close();
        }
        await keep(path);
      }),
    digest: (name) =>
      guarded(async () => {
        const hash = createHash('sha256');
        for await (const piece of createReadStream(await pathOf(name), { highWaterMark: chunkBytes }))
          hash.update(piece as Buffer);
        return hash.digest('hex');
      }),
    drop: (name) =>
      guarded(async () => {
        const path = await pathOf(name);
        await rm(path, { force: true });
        await rm(part(path), { force: true });
      }),
    finish: (name, text) =>
      guarded(async () => {
        const path = await pathOf(name);
        await writeFile(part(path), text);
        await keep(path);
      }),
    close: async () => {},
  };
};
