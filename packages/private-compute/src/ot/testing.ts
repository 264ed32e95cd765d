/** For tests only. */
import { createHash } from 'node:crypto';
import { Stream, seedBytes } from './cipher.ts';
import type { Draw } from './draw.ts';

/** The same for the same name, each time. */
export const fixedDraw = (name: string): Draw => {
  const stream = new Stream(createHash('sha256').update(name).digest().subarray(0, seedBytes));
  return (bytes) => {
    const drawn = Buffer.alloc(bytes);
    stream.fill(drawn);
    return drawn;
  };
};
