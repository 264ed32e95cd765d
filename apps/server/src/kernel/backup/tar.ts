/**
 * POSIX ustar archives, as much as a backup needs: plain files with names of up to 255 bytes, written once, front to back.
 * The reader is strict: header checksums, zero padding and the zero end are checked, so that no byte of the file is without
 * meaning. Any `tar` unpacks what is written here.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { BackupProblem } from './problem.ts';

const blockBytes = 512;
/** Eleven octal digits. */
export const partBytesMax = 8 ** 11 - 1;
const chunkBytes = 1_048_576;

export interface TarEntry {
  name: string;
  bytes: number;
  /** The content; read it before asking for the next entry, or leave it. */
  content(): AsyncGenerator<Buffer>;
}

const damaged = (what: string) => new BackupProblem('backup.damaged', `the archive is damaged: ${what}`);

const splitName = (name: string): { prefix: string; rest: string } => {
  if (Buffer.byteLength(name) <= 100) return { prefix: '', rest: name };
  for (let at = name.indexOf('/'); at > 0; at = name.indexOf('/', at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100 && rest) return { prefix, rest };
  }
  throw new BackupProblem('backup.path_too_long', `the name does not fit into an archive: ${name}`);
};

const checksum = (header: Buffer): number => {
  let sum = 0;
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 32 : header[at]!;
  return sum;
};

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

const headerOf = (name: string, bytes: number): Buffer => {
  const { prefix, rest } = splitName(name);
  if (bytes > partBytesMax) throw new BackupProblem('backup.path_too_long', `${name} is larger than 8 GiB`);
  const header = Buffer.alloc(blockBytes);
  header.write(rest, 0, 'utf8');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\x000000000\0', 108, 'latin1');
  header.write(`${octal(bytes, 11)}\0`, 124, 'latin1');
  // No times of files: the same data gives the same archive.
  header.write(`${octal(0, 11)}\0`, 136, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(prefix, 345, 'utf8');
  header.write(`${octal(checksum(header), 6)}\0 `, 148, 'latin1');
  return header;
};

export interface TarWriter {
  /** `content` gives exactly `bytes` bytes, else the archive is not finished. */
  add(name: string, bytes: number, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>;
  /** Durable when it returns. */
  end(): Promise<void>;
  abandon(): Promise<void>;
}

export const writeTar = async (path: string): Promise<TarWriter> => {
  const file = await open(path, 'wx', 0o600);
  return {
    add: async (name, bytes, content) => {
      await file.write(headerOf(name, bytes));
      let written = 0;
      for await (const chunk of content) {
        written += chunk.length;
        if (written > bytes) break;
        await file.write(chunk);
      }
      if (written !== bytes) throw new BackupProblem('backup.unfinished', `${name} changed its size while it was read`);
      await file.write(Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes));
    },
    end: async () => {
      await file.write(Buffer.alloc(2 * blockBytes));
      await file.sync();
      await file.close();
    },
    abandon: () => file.close(),
  };
};

const text = (header: Buffer, from: number, to: number): string => {
  const end = header.indexOf(0, from);
  return header.toString('utf8', from, end < 0 || end > to ? to : end);
};

const readHeader = (header: Buffer, at: number): { name: string; bytes: number } => {
  const name = text(header, 345, 500) ? `${text(header, 345, 500)}/${text(header, 0, 100)}` : text(header, 0, 100);
  const digits = header.toString('latin1', 124, 135);
  // Written again from what was read: anything else in a header than what we write is a fault.
  if (!/^[0-7]{11}$/.test(digits) || !name || !headerOf(name, Number.parseInt(digits, 8)).equals(header))
    throw damaged(`header at byte ${at}`);
  return { name, bytes: Number.parseInt(digits, 8) };
};

const readExactly = async (file: FileHandle, at: number, bytes: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, at);
  if (bytesRead !== bytes) throw damaged(`it ends at byte ${at + bytesRead}`);
  return buffer;
};

/** Entries in order. Throws `backup.damaged` or, for a file that is no archive of ours, `backup.not_a_backup`. */
export async function* readTar(path: string): AsyncGenerator<TarEntry> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < blockBytes || size % blockBytes !== 0)
      throw new BackupProblem('backup.not_a_backup', `${path} is no archive, or it is cut short`);
    let at = 0;
    for (;;) {
      const header = await readExactly(file, at, blockBytes);
      if (header.every((byte) => byte === 0)) break;
      const { name, bytes } = readHeader(header, at);
      const begin = at + blockBytes;
      yield {
        name,
        bytes,
        content: async function* () {
          for (let done = 0; done < bytes; done += chunkBytes)
            yield await readExactly(file, begin + done, Math.min(chunkBytes, bytes - done));
        },
      };
      at = begin + bytes;
      const padding = (blockBytes - (bytes % blockBytes)) % blockBytes;
      if ((await readExactly(file, at, padding)).some((byte) => byte !== 0)) throw damaged(`padding at byte ${at}`);
      at += padding;
    }
    const end = await readExactly(file, at, 2 * blockBytes);
    if (end.some((byte) => byte !== 0) || at + 2 * blockBytes !== size) throw damaged('its end');
  } finally {
    await file.close();
  }
}
