import { createHash } from 'node:crypto';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { kernelProblems } from '../../kernel/problem.ts';

/** Writes an upload to a place that does not outlive the request. */
export const receive = async (
  stream: AsyncIterable<Uint8Array>,
  target: Writable,
  bytesMax: number,
): Promise<{ sha256: string; bytes: number }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      if (bytes > bytesMax)
        return done(
          kernelProblems.tooLarge({ detail: { zh: `不超过 ${bytesMax} 字节`, en: `${bytesMax} bytes at most` } }),
        );
      hash.update(piece);
      done(null, piece);
    },
  });
  await pipeline(stream, meter, target);
  return { sha256: hash.digest('hex'), bytes };
};
