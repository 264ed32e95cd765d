/**
 * Buffers for the pieces of long answers, used again. A new one for each piece costs more than reading and sending it: its pages are
 * made and thrown away, and V8 goes through the whole heap every few dozen MiB, because it counts them as its own.
 */

/** About twice the throughput of Node's default, and constant memory whatever the size of the file. */
export const PIECE_BYTES = 2 ** 20;
/** Shorter ones come from Node's own pool, or cost little. */
const SHARED_FROM_BYTES = 2 ** 17;
const FREE_MAX = 32;

const lent = new WeakSet<ArrayBufferLike>();
const free: ArrayBufferLike[] = [];

/** Of `bytes`, at most PIECE_BYTES, and of any content. Whoever never gives it back loses nothing: it is garbage then, as any other. */
export function lendBuffer(bytes: number): Buffer {
  if (bytes < SHARED_FROM_BYTES) return Buffer.allocUnsafe(bytes);
  const memory = free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES).buffer;
  lent.add(memory);
  return Buffer.from(memory, 0, bytes);
}

/** Only once nobody reads the piece any more, the kernel included. Pieces that were not lent, and lent ones twice, are left alone. */
export function giveBackBuffer({ buffer }: Uint8Array): void {
  if (lent.delete(buffer) && free.length < FREE_MAX) free.push(buffer);
}
