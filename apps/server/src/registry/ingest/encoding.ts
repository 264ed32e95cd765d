import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ChildError } from '../../kernel/child/error.ts';

export type TextEncodingName = 'utf-8' | 'gb18030' | 'utf-16le';

const chunkBytes = 1024 * 1024;

/** sha256 of a file, hex, and its size, in one pass. */
export async function digestFile(path: string): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { digest: hash.digest('hex'), bytes };
}

/**
 * Which encoding a text file is in, judged by the *whole* file: a mark at its start, else strict UTF-8, else strict GB18030
 * (whose four-byte forms carry rare characters of names). UTF-8 first, because most UTF-8 also reads as wrong GB18030, while
 * GB18030 Chinese almost never is valid UTF-8.
 *
 * @throws ChildError ingest.encoding with the line of the first byte that fits neither.
 */
export async function detectEncoding(path: string): Promise<TextEncodingName> {
  const start = await firstBytes(path, 3);
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  const utf8Line = await firstWrongLine(path, 'utf-8');
  if (utf8Line === null) return 'utf-8';
  const hasMark = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
  const gbLine = hasMark ? utf8Line : await firstWrongLine(path, 'gb18030');
  if (gbLine === null) return 'gb18030';
  throw new ChildError({
    code: 'ingest.encoding',
    zh: `文件既不是 UTF-8（第 ${utf8Line} 行起）也不是 GB18030（第 ${gbLine} 行起），请另存为 UTF-8 后重传`,
    en: `The file is neither UTF-8 (from line ${utf8Line}) nor GB18030 (from line ${gbLine}); save it as UTF-8 and upload again`,
    details: { utf8Line, gb18030Line: gbLine },
  });
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
  for await (const chunk of createReadStream(path, { end: count - 1 })) return chunk as Buffer;
  return Buffer.alloc(0);
}

/** Line (from 1) of the first byte that the encoding refuses; null when all is well. */
async function firstWrongLine(path: string, encoding: TextEncodingName): Promise<number | null> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    const bytes = chunk as Buffer;
    try {
      decoder.decode(bytes, { stream: true });
    } catch {
      return line + wrongLineWithin(bytes, encoding);
    }
    // In both encodings 0x0A is only ever a line feed: never a trailing byte.
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) line += 1;
  }
  try {
    decoder.decode();
    return null;
  } catch {
    return line;
  }
}

function wrongLineWithin(bytes: Buffer, encoding: TextEncodingName): number {
  let line = 0;
  let from = bytes.indexOf(10) + 1;
  if (from === 0) return 0;
  // The first line may begin with the rest of a character of the chunk before; it is blamed only when no other is wrong.
  for (let end = bytes.indexOf(10, from); ; end = bytes.indexOf(10, from)) {
    line += 1;
    try {
      new TextDecoder(encoding, { fatal: true }).decode(bytes.subarray(from, end < 0 ? bytes.length : end));
    } catch {
      return firstLineIsWrong(bytes, encoding) ? 0 : line;
    }
    if (end < 0) return 0;
    from = end + 1;
  }
}

function firstLineIsWrong(bytes: Buffer, encoding: TextEncodingName): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes.subarray(0, bytes.indexOf(10)));
    return false;
  } catch {
    return true;
  }
}

/** The text of a file in pieces, without its byte-order mark. */
export async function* readText(path: string, encoding: TextEncodingName): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    yield decoder.decode(chunk as Buffer, { stream: true });
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}
