import type { Draw } from '../ot/draw.ts';

/** A group in which Diffie-Hellman is hard, points given by 32 bytes of one coordinate. */
export interface Group {
  /** Multiplication by a secret drawn for one run. Throws `compute.peerMalformed` for what is no point. */
  draw(draw?: Draw): (point: Uint8Array) => Buffer;
  /** Hash to a point of which nobody knows the logarithm. */
  hash(message: Uint8Array): Buffer;
}

export const pointBytes = 32;
