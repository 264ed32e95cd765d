/** DER of GM/T 0009-2012 section 7.3: SEQUENCE { r INTEGER, s INTEGER }, which is also what OpenSSL reads and writes. */
export function encodeSignature(r: Uint8Array, s: Uint8Array): Uint8Array {
  const body = Buffer.concat([integer(r), integer(s)]);
  return new Uint8Array(Buffer.concat([Uint8Array.of(0x30, body.length), body]));
}

function integer(value: Uint8Array): Uint8Array {
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start++;
  const digits = value.subarray(start);
  const padding = digits[0]! >= 0x80 ? [0] : [];
  return Uint8Array.of(0x02, digits.length + padding.length, ...padding, ...digits);
}

/** Strict: shortest lengths, positive, nothing after. Undefined for anything else. */
export function decodeSignature(der: Uint8Array): { r: bigint; s: bigint } | undefined {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return undefined;
  const first = readInteger(der, 2);
  const second = first && readInteger(der, first.end);
  return second && second.end === der.length ? { r: first.value, s: second.value } : undefined;
}

function readInteger(der: Uint8Array, at: number): { value: bigint; end: number } | undefined {
  const length = der[at + 1];
  if (der[at] !== 0x02 || length === undefined || length < 1 || length > 33) return undefined;
  const digits = der.subarray(at + 2, at + 2 + length);
  if (digits.length !== length || digits[0]! >= 0x80) return undefined;
  if (length > 1 && digits[0] === 0 && digits[1]! < 0x80) return undefined;
  return { value: BigInt(`0x${Buffer.from(digits).toString('hex')}`), end: at + 2 + length };
}
