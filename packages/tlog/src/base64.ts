import { TlogError } from './problem.ts';

const shape = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** RFC 4648 section 4, with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * Only the one canonical encoding is accepted (RFC 4648 section 3.5): "QQ==" is, "QR==" is not, though lenient decoders
 * read the same byte from both. Otherwise a signed file could be changed without its meaning changing.
 */
export function decodeBase64(text: string): Uint8Array {
  if (shape.test(text)) {
    const bytes = new Uint8Array(Buffer.from(text, 'base64'));
    if (encodeBase64(bytes) === text) return bytes;
  }
  throw new TlogError('tlog.base64', 'not canonical base64 (RFC 4648 section 4, padded, no spare bits)');
}
