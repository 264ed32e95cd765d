import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bitAt, newBits, packBits, unpackBits, withBit } from './bitstring.ts';
import { limits } from './limits.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const index = fc.nat({ max: limits.statusListBitsMin - 1 });

describe('bits of a status list', () => {
  test('packed and unpacked, exactly the bits that were set are set', () => {
    fc.assert(
      fc.property(fc.uniqueArray(index, { maxLength: 40 }), index, (set, other) => {
        const bits = unpackBits(packBits(set.reduce((list, one) => withBit(list, one, true), newBits())));
        expect(bits.length * 8).toBe(limits.statusListBitsMin);
        for (const one of set) expect(bitAt(bits, one)).toBe(true);
        expect(bitAt(bits, other)).toBe(set.includes(other));
        expect(bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)).toBe(set.length);
      }),
      { numRuns: 40 },
    );
  });

  test('a bit set and taken back leaves the list as it was, and the list that was handed in untouched', () => {
    fc.assert(
      fc.property(index, index, (one, other) => {
        const before = withBit(newBits(), one, true);
        const after = withBit(withBit(before, other, true), other, other === one);
        expect(Buffer.compare(before, after)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test('the first bit is the highest of the first byte', () => {
    expect(withBit(newBits(), 0, true)[0]).toBe(0x80);
    expect(withBit(newBits(), 7, true)[0]).toBe(0x01);
    expect(withBit(newBits(), 8, true)[1]).toBe(0x80);
  });

  test('there is no bit past the end', () => {
    for (const wrong of [-1, limits.statusListBitsMin, 0.5])
      expect(() => withBit(newBits(), wrong, true)).toThrow(RangeError);
  });

  // From W3C Bitstring Status List 1.0, example of a status list credential: an empty list of 16 KiB.
  test('the list of the specification is read', () => {
    const bits = unpackBits('uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA');
    expect(bits).toHaveLength(16 * 1024);
    expect(bits.every((byte) => byte === 0)).toBe(true);
  });

  test('StatusList2021: base64 with padding and without the letter of multibase', () => {
    const bits = withBit(newBits(), 77, true);
    expect(bitAt(unpackBits(gzipSync(bits).toString('base64')), 77)).toBe(true);
  });

  test('a list that unpacks to more than the limit is not unpacked', () => {
    const bomb = packBits(new Uint8Array(limits.statusListBytes + 1));
    expect(bomb.length).toBeLessThan(4096);
    expect(() => unpackBits(bomb)).toThrow(code('claims.too-large'));
    expect(() => unpackBits('u'.repeat(limits.statusListBytes + 1))).toThrow(code('claims.too-large'));
  });

  test.each([undefined, 7, '', 'u', 'uH4s', 'zabc', 'not base64!', packBits(newBits()).slice(0, -9)])(
    '%s is no list',
    (value) => {
      expect(() => unpackBits(value)).toThrow(code('claims.status-unknown'));
    },
  );

  test('a list so short that it would give away whom it is about is refused', () => {
    expect(() => unpackBits(`u${gzipSync(new Uint8Array(2048)).toString('base64url')}`)).toThrow(
      code('claims.status-unknown'),
    );
  });
});
