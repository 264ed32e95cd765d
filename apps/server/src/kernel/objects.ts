/**
 * Objects: uploads, papers, data, named by the SHA-256 of their content, and folders of this machine for what is made from them. Here
 * the folder driver; `bucket-objects.ts` is the other.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { kernelProblems } from './problem.ts';

export interface StoredObject {
  digest: string;
  bytes: number;
}

export interface ObjectStore {
  /** Durable when it returns; content over `bytesMax` is refused and leaves nothing. */
  put(content: AsyncIterable<Uint8Array> | Uint8Array, options?: { bytesMax?: number }): Promise<StoredObject>;
  read(digest: string, range?: { start: number; end: number }): NodeJS.ReadableStream & AsyncIterable<Buffer>;
  bytes(digest: string): Promise<Buffer>;
  size(digest: string): Promise<number | undefined>;
  /**
   * For its bytes to go, once nothing names it. False where it was put within the last hour: somebody is just about to name it.
   */
  remove(digest: string): Promise<boolean>;
  /** Where its copy on this machine stands once `local` has returned: for children and drivers that need a file. */
  pathOf(digest: string): string;
  /** Sees to that copy. @throws when there is none to be had */
  local(digest: string): Promise<string>;
  /** A folder of this machine for named, derived files (table stores, segments). */
  folder(name: string): Promise<string>;
}

const chunkBytes = 1_048_576;
const justPutMs = 3_600_000;

const syncFolder = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
};

export const folderObjects = (root: string): ObjectStore => {
  const pathOf = (digest: string) => {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
    if (!hex) throw new Error('not a digest');
    return join(root, 'sha256', hex.slice(0, 2), hex);
  };

  const put: ObjectStore['put'] = async (content, { bytesMax = Number.MAX_SAFE_INTEGER } = {}) => {
    const temporary = join(root, 'incoming', randomUUID());
    await mkdir(dirname(temporary), { recursive: true });
    const hash = createHash('sha256');
    let bytes = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        if (bytes > bytesMax)
          return done(
            kernelProblems.tooLarge({ detail: { zh: `不超过 ${bytesMax} 字节`, en: `${bytesMax} bytes at most` } }),
          );
        hash.update(chunk);
        done(null, chunk);
      },
    });
    try {
      const source = content instanceof Uint8Array ? [Buffer.from(content)] : content;
      await pipeline(source, meter, createWriteStream(temporary, { flush: true, highWaterMark: chunkBytes }));
      const digest = `sha256:${hash.digest('hex')}`;
      const target = pathOf(digest);
      await mkdir(dirname(target), { recursive: true });
      await rename(temporary, target);
      await syncFolder(dirname(target));
      return { digest, bytes };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  };

  return {
    put,
    pathOf,
    // It is the object itself: whoever opens it hears that it is gone.
    local: async (digest) => pathOf(digest),
    read: (digest, range) => createReadStream(pathOf(digest), { highWaterMark: chunkBytes, ...range }),
    bytes: (digest) => readFile(pathOf(digest)),
    size: async (digest) =>
      stat(pathOf(digest)).then(
        (found) => found.size,
        () => undefined,
      ),
    remove: async (digest) => {
      const path = pathOf(digest);
      const found = await stat(path).catch(() => undefined);
      // The host's time on both sides, whatever the node's clock says.
      if (found && Date.now() - found.mtimeMs < justPutMs) return false;
      await rm(path, { force: true });
      return true;
    },
    folder: async (name) => {
      const path = join(root, name);
      await access(path).catch(() => mkdir(path, { recursive: true }));
      return path;
    },
  };
};
