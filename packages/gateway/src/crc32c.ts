/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), sixteen bytes a step: table k holds the remainder of a byte that is followed by
 * k zero bytes. Node's zlib offers only the other polynomial.
 */
const STEP_BYTES = 16;
type Table = Int32Array<ArrayBuffer>;
const TABLES: Table[] = Array.from({ length: STEP_BYTES }, () => new Int32Array(256));
const [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15] = TABLES as [
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
  Table,
];

for (let index = 0; index < 256; index++) {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  T0[index] = value;
}
for (let index = 0; index < 256; index++) {
  for (const [zeros, table] of TABLES.entries()) {
    const before = TABLES[zeros - 1]?.[index];
    if (before !== undefined) table[index] = T0[before & 255]! ^ (before >>> 8);
  }
}

/** Of the memory that was read last: one checksum follows another over the same buffer. */
let view: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));

/** The checksum of the bytes in [from, to) as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  const { buffer, byteOffset } = bytes;
  if (view.buffer !== buffer) view = new DataView(buffer);
  const words = view;
  const stop = byteOffset + Math.min(to, bytes.length);
  let crc = -1;
  let at = byteOffset + from;
  for (const end = stop - STEP_BYTES; at <= end; at += STEP_BYTES) {
    const first = crc ^ words.getInt32(at, true);
    const second = words.getInt32(at + 4, true);
    const third = words.getInt32(at + 8, true);
    const fourth = words.getInt32(at + 12, true);
    crc =
      T15[first & 255]! ^
      T14[(first >>> 8) & 255]! ^
      T13[(first >>> 16) & 255]! ^
      T12[first >>> 24]! ^
      T11[second & 255]! ^
      T10[(second >>> 8) & 255]! ^
      T9[(second >>> 16) & 255]! ^
      T8[second >>> 24]! ^
      T7[third & 255]! ^
      T6[(third >>> 8) & 255]! ^
      T5[(third >>> 16) & 255]! ^
      T4[third >>> 24]! ^
      T3[fourth & 255]! ^
      T2[(fourth >>> 8) & 255]! ^
      T1[(fourth >>> 16) & 255]! ^
      T0[fourth >>> 24]!;
  }
  for (; at < stop; at++) crc = T0[(crc ^ words.getUint8(at)) & 255]! ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
