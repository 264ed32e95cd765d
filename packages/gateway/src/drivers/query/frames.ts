import type { Readable } from 'node:stream';

/**
 * What a query process says, in one ordered stream over a pipe: nine bytes (kind, rows, length) and then the bytes. The pipe
 * gives the back-pressure: a reader that stops stops the query.
 */
export const FRAME = { head: 1, piece: 2, end: 3, fault: 4 } as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];
export type Frame = { kind: FrameKind; rows: number; bytes: Buffer };

const HEADER_BYTES = 9;

export function frame(kind: FrameKind, bytes: Uint8Array, rows = 0): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(kind, 0);
  header.writeUInt32BE(rows, 1);
  header.writeUInt32BE(bytes.length, 5);
  return Buffer.concat([header, bytes]);
}

/** Frames of a pipe, until it closes. */
export async function* readFrames(pipe: Readable): AsyncGenerator<Frame> {
  let held: Buffer[] = [];
  let size = 0;
  let needed = HEADER_BYTES;
  for await (const chunk of pipe as AsyncIterable<Buffer>) {
    held.push(chunk);
    size += chunk.length;
    // Joined only when a whole frame is there: a large one comes in many chunks.
    while (size >= needed) {
      let all: Buffer = Buffer.concat(held);
      const end = HEADER_BYTES + all.readUInt32BE(5);
      if (size >= end) {
        yield {
          kind: all.readUInt8(0) as FrameKind,
          rows: all.readUInt32BE(1),
          bytes: all.subarray(HEADER_BYTES, end),
        };
        all = all.subarray(end);
        needed = HEADER_BYTES;
      } else needed = end;
      held = [all];
      size = all.length;
    }
  }
}
