/** Files that lines in force read, for gateways that do not see this machine's disk. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { contentsOf, type GrantBook, manifestAt } from '@shugu/gateway';

export interface Content {
  body: Readable;
  bytes: number;
  /** Structured field of RFC 9530. */
  digest: string;
}

const pieceBytes = 2 ** 20;

/** Files of a share stand below its manifest, so no other manifest need be read to find one. */
const nearby = (path: string) => (manifest: string) =>
  path.startsWith(dirname(manifest) + sep) ? manifestAt(manifest) : null;

/** Whether a line that is served names exactly this path. Nothing else of the disk can be had, whatever the path says. */
const isNamed = (path: string, book: Pick<GrantBook, 'all'>, storesFolder: string): boolean =>
  book
    .all()
    .some(({ status, driver }) => status === 'active' && contentsOf(driver, storesFolder, nearby(path)).includes(path));

/** Reads the file whole for its digest, and then from its beginning, by one handle; undefined when no line names it. */
export const openContent = async (
  path: string,
  book: Pick<GrantBook, 'all'>,
  storesFolder: string,
): Promise<Content | undefined> => {
  if (!isNamed(path, book, storesFolder)) return undefined;
  const handle = await open(path, 'r').catch(() => null);
  if (!handle) return undefined;
  try {
    const { size: bytes } = await handle.stat();
    const hash = createHash('sha256');
    for await (const piece of createReadStream('', {
      fd: handle,
      autoClose: false,
      start: 0,
      highWaterMark: pieceBytes,
    }))
      hash.update(piece as Buffer);
    const body = createReadStream('', { fd: handle, start: 0, highWaterMark: pieceBytes });
    return { body, bytes, digest: `sha-256=:${hash.digest('base64')}:` };
  } catch (error) {
    await handle.close();
    throw error;
  }
};
