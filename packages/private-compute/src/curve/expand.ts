import { hash } from 'node:crypto';

export type HashName = 'sha256' | 'sha512' | 'sm3';
const blockBytes: Record<HashName, number> = { sha256: 64, sha512: 128, sm3: 64 };

const digest = (name: HashName, parts: readonly Uint8Array[]): Buffer => hash(name, Buffer.concat(parts), 'buffer');

/** expand_message_xmd (RFC 9380, section 5.3.1) for up to 255 blocks; SM3 stands where the RFC has SHA-2. `tag` has at most 255 bytes. */
export const expandMessage = (name: HashName, message: Uint8Array, tag: string, length: number): Buffer => {
  const suffix = Buffer.concat([Buffer.from(tag), Buffer.from([Buffer.byteLength(tag)])]);
  const zeros = Buffer.alloc(blockBytes[name]);
  const size = Buffer.from([length >> 8, length & 0xff, 0]);
  const first = digest(name, [zeros, message, size, suffix]);
  let block = digest(name, [first, Buffer.from([1]), suffix]);
  const blocks = [block];
  for (let n = 2; blocks.length * block.length < length; n++) {
    const mixed = Buffer.from(first.map((byte, at) => byte ^ block[at]!));
    block = digest(name, [mixed, Buffer.from([n]), suffix]);
    blocks.push(block);
  }
  return Buffer.concat(blocks).subarray(0, length);
};
