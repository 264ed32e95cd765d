import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { lendBuffer, PIECE_BYTES } from '../buffers.ts';
import { GatewayProblem } from '../problem.ts';
import type { CallStop } from '../stop.ts';
import type { PublishedFile } from './file.ts';

/** Of an answer; those after it are each as long as all before, so that the head and the first bytes wait for little. */
const FIRST_PIECE_BYTES = 2 ** 16;
const SEEN_MAX = 10_000;

/** What tells that nobody has touched a file: its place on the disk, its size and its times, in ns. */
type Stamp = string;
type Seen = { stamp: Stamp; sha256: string; holds: boolean };

/**
 * Published files on their way out. Their digests were made when they were published; here it is seen to that what leaves is
 * what they were made of:
 *
 * - a file of another size is not served;
 * - the first whole answer is hashed while it is read, and its last piece stays back when the digest is another;
 * - from then on, as long as place, size, time of writing and time of change of the file are the same, nothing is hashed: also
 *   not for ranges, which cannot be hashed;
 * - a file that is touched while it is read is broken off.
 *
 * Ranges of a file that was not yet read whole since the process started rest on its size and its name, which is its digest.
 */
export class PublishedFiles {
  private readonly hashing: 'once' | 'always';
  private readonly seen = new Map<string, Seen>();

  constructor(hashing: 'once' | 'always') {
    this.hashing = hashing;
  }

  /** Before the head leaves, so that the client is told by a problem and not by a broken answer. @throws fileChanged */
  async check(file: PublishedFile): Promise<void> {
    const found = await stat(file.path, { bigint: true }).catch(changed);
    if (found.size !== BigInt(file.bytes) || this.known(file, stampOf(found)) === false) changed();
  }

  /** Opens the file only when the first piece is asked for, so that an answer never begun leaves no handle behind. */
  async *pieces(
    file: PublishedFile,
    start: number,
    end: number,
    stop: CallStop,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const handle = await open(file.path, 'r').catch(changed);
    try {
      const stamp = await stampOfHandle(handle);
      const known = this.known(file, stamp);
      if (known === false) changed();
      const hash = start === 0 && end === file.bytes && known !== true ? createHash('sha256') : null;
      for (let position = start; position < end; ) {
        if (stop.isStopped) throw stop.reason;
        const size = Math.min(PIECE_BYTES, Math.max(FIRST_PIECE_BYTES, position - start));
        const piece = lendBuffer(Math.min(size, end - position));
        const { bytesRead } = await handle.read(piece, 0, piece.length, position);
        if (bytesRead === 0) changed();
        position += bytesRead;
        const bytes = piece.subarray(0, bytesRead);
        hash?.update(bytes);
        if (position >= end) {
          if ((await stampOfHandle(handle)) !== stamp) changed();
          if (hash && !this.note(file, stamp, hash.digest('hex'))) changed();
        }
        yield bytes;
      }
    } finally {
      await handle.close();
    }
  }

  /** Whether these are the published bytes; undefined when nobody has looked. */
  private known({ path, sha256 }: PublishedFile, stamp: Stamp): boolean | undefined {
    const seen = this.seen.get(path);
    if (seen?.stamp !== stamp || seen.sha256 !== sha256 || (seen.holds && this.hashing === 'always')) return undefined;
    return seen.holds;
  }

  private note({ path, sha256 }: PublishedFile, stamp: Stamp, found: string): boolean {
    if (this.seen.size >= SEEN_MAX) this.seen.clear();
    const holds = found === sha256;
    this.seen.set(path, { stamp, sha256, holds });
    return holds;
  }
}

function changed(cause?: unknown): never {
  throw new GatewayProblem('fileChanged', { cause });
}

type Stats = Awaited<ReturnType<typeof statOf>>;
const statOf = (handle: FileHandle) => handle.stat({ bigint: true });
const stampOf = ({ dev, ino, size, mtimeNs, ctimeNs }: Stats): Stamp => [dev, ino, size, mtimeNs, ctimeNs].join();
const stampOfHandle = async (handle: FileHandle): Promise<Stamp> => stampOf(await statOf(handle));
