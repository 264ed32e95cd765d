/** Each primitive against its vectors or a plain way of doing the same; everything drawn is fixed. */
import { createCipheriv, createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { identityOf } from '../channel/keys.ts';
import { type Affine, cleared, liftX, negated, readPoint, sum, twice, writePoint } from '../curve/affine.ts';
import { baseReceiver, baseSender } from './base.ts';
import { blockBytes, Code, codeKeyBytes, Stream } from './cipher.ts';
import { shuffled } from './draw.ts';
import { codeBits, codeBytes, hashBytes, Kernels, rowBytes } from './kernels.ts';
import { Asker, blockRows, hashPrefix, Teller } from './rows.ts';
import { fixedDraw } from './testing.ts';

const bitOf = (bytes: Uint8Array, at: number): number => (bytes[at >> 3]! >> (at & 7)) & 1;
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const session = Buffer.alloc(32, 9);

test('the stream of a seed is AES-128 of the counter', () => {
  const stream = new Stream(Buffer.alloc(16));
  const out = new Uint8Array(20_000);
  stream.fill(out);
  // AES-128 under the zero key of 0 and 1 (McGrew and Viega, The Galois/Counter Mode of Operation, test cases 1 and 2).
  expect(hexOf(out.subarray(0, 32))).toBe('66e94bd4ef8a2c3b884cfa59ca342b2e58e2fccefa7e3061367f1d57a4e7455a');
  // In pieces it is the same.
  const [again, pieces] = [new Stream(Buffer.alloc(16)), new Uint8Array(20_000)];
  for (const [from, until] of [
    [0, 48],
    [48, 8192],
    [8192, 20_000],
  ] as const) {
    again.fill(pieces.subarray(from, until));
  }
  expect(hexOf(pieces)).toBe(hexOf(out));
});

describe('the code', () => {
  const keys = Buffer.concat([0, 1, 2, 3].map((n) => Buffer.alloc(16, n)));
  keys.set(Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex'), 0);

  test('is AES-128 under four keys (FIPS 197, appendix C.1), and lies in planes', () => {
    const code = new Code(keys);
    const item = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    const planes = new Uint8Array(4 * 2 * blockBytes);
    code.write(Buffer.concat([Buffer.alloc(16), item]), planes, 2 * blockBytes);
    const second = [0, 1, 2, 3].map((plane) => planes.subarray(plane * 32 + 16, plane * 32 + 32));
    expect(hexOf(second[0]!)).toBe('69c4e0d86a7b0430d8cdb78070b4c55a');
    const others = [1, 2, 3].map((n) => createCipheriv('aes-128-ecb', Buffer.alloc(16, n), null).update(item));
    expect(second.slice(1).map(hexOf)).toEqual(others.map(hexOf));
  });

  test('is wide enough for three comparisons of each of 2^24 keys, 128 and 40 bits; 440 bits would not be', () => {
    const farTooClose = (bits: number): bigint => {
      let [choose, below] = [1n, 0n];
      for (let at = 0n; at < 128n; at++) {
        below += choose;
        choose = (choose * (BigInt(bits) - at)) / (at + 1n);
      }
      return below;
    };
    const isEnough = (bits: number) => 3n * 2n ** 24n * farTooClose(bits) * 2n ** 40n <= 2n ** BigInt(bits);
    expect([isEnough(codeBits), isEnough(440)]).toEqual([true, false]);
  });
});

describe('kernels', () => {
  test.each([1, 2, 5])('%i tiles are transposed bit by bit', (tiles) => {
    const kernels = new Kernels();
    const [stride, count] = [tiles * 16 + 64, tiles * 128];
    const columns = kernels.allot(codeBits * stride);
    const rows = kernels.allot(count * rowBytes);
    new Stream(Buffer.alloc(16, tiles)).fill(kernels.bytes(columns, codeBits * stride));
    kernels.transpose(columns, stride, rows, tiles);
    kernels.number(count, rows, 4_000_000_000);
    const wanted = Buffer.alloc(count * rowBytes);
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < codeBits; column++) {
        const bit = bitOf(kernels.bytes(columns + column * stride, stride), row);
        wanted[row * rowBytes + (column >> 3)]! |= bit << (column & 7);
      }
      wanted.writeUInt32LE(4_000_000_000 + row, row * rowBytes + codeBytes);
    }
    expect(hexOf(kernels.bytes(rows, count * rowBytes))).toBe(hexOf(wanted));
  });

  test('rows are hashed as OpenSSL’s BLAKE2s does, each behind the common block, with the code word where bits are chosen', () => {
    const kernels = new Kernels();
    const [count, held] = [12, 40];
    const filled = (bytes: number, seed: number) => {
      const at = kernels.allot(bytes);
      new Stream(Buffer.alloc(16, seed)).fill(kernels.bytes(at, bytes));
      return at;
    };
    const [rows, planes, choices] = [filled(held * rowBytes, 1), filled(count * rowBytes, 2), filled(rowBytes, 3)];
    const [block, state, out] = [filled(64, 4), kernels.allot(128), kernels.allot(count * hashBytes)];
    const places = kernels.allot(count * 4);
    kernels.words(places, count).set(Array.from({ length: count }, (_, at) => (at * 7) % held));
    kernels.start(block, state);
    kernels.evaluate(count, places, rows, planes, count * blockBytes, choices, state, out);
    for (let at = 0; at < count; at++) {
      const message = Buffer.from(kernels.bytes(rows + ((at * 7) % held) * rowBytes, rowBytes));
      for (let byte = 0; byte < rowBytes; byte++) {
        const code = kernels.bytes(planes + (byte >> 4) * count * blockBytes + at * blockBytes + (byte & 15), 1)[0]!;
        message[byte]! ^= code & kernels.bytes(choices + byte, 1)[0]!;
      }
      const wanted = createHash('blake2s256').update(kernels.bytes(block, 64)).update(message).digest();
      expect(hexOf(kernels.bytes(out + at * hashBytes, hashBytes))).toBe(hexOf(wanted.subarray(0, hashBytes)));
    }
  });
});

test('an order is drawn evenly', () => {
  const seen = new Map<string, number>();
  const draw = fixedDraw('orders');
  for (let n = 0; n < 1200; n++) {
    const order = shuffled(3, draw).join('');
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
  for (const count of seen.values()) expect(Math.abs(count - 200)).toBeLessThan(60);
  expect([...shuffled(5000, draw)].sort((a, b) => a - b)).toEqual(Array.from({ length: 5000 }, (_, at) => at));
  expect(shuffled(0, draw).length).toBe(0);
});

/** 2^252 + 27742317777372353535851937790883648493 (RFC 7748). */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const little = (value: number): Buffer => Buffer.concat([Buffer.from([value]), Buffer.alloc(31)]);
const ofSmallOrder = readPoint(Buffer.alloc(64));

const times = (point: Affine, k: bigint): Affine => {
  let result = point;
  for (const bit of k.toString(2).slice(1)) {
    result = twice(result);
    if (bit === '1') result = sum(result, point);
  }
  return result;
};
const isInSubgroup = (point: Affine): boolean => times(point, order - 1n).v === negated(point).v;

describe('points by both coordinates', () => {
  const base = liftX(little(9), true);

  test('the base point is RFC 7748’s, of its order, and multiplied as X25519 does', () => {
    const v = 14781619447589544791020593568409986887264606134616475288964881837755586237401n;
    expect([base.v, negated(base).v]).toContain(v);
    expect(isInSubgroup(base)).toBe(true);
    // X25519's own multiplication by a secret, read as RFC 7748 does.
    const secret = Buffer.alloc(32, 5);
    const scalar =
      BigInt(
        `0x${Buffer.from([...secret.subarray(0, 31), 69])
          .reverse()
          .toString('hex')}`,
      ) & ~7n;
    expect(hexOf(writePoint(times(base, scalar)).subarray(0, 32))).toBe(hexOf(identityOf(secret).publicKey));
    expect(cleared(base)).toEqual(times(base, 8n));
  });

  test('what is no point, or written otherwise, is refused', () => {
    const good = writePoint(base);
    expect(readPoint(good)).toEqual(base);
    const beyond = Buffer.from(good);
    beyond[31]! |= 0x80;
    const beside = Buffer.from(good);
    beside[40]! ^= 1;
    for (const bad of [beyond, beside, Buffer.alloc(64, 255), good.subarray(1)]) {
      expect(() => readPoint(bad)).toThrow('no point of Curve25519');
    }
    expect(() => cleared(ofSmallOrder)).toThrow('small order');
    expect(() => sum(base, negated(base))).toThrow('not a random one');
  });
});

describe('base transfers', () => {
  const choices = [true, false, false, true, true];
  const sender = () => baseSender(choices.length, fixedDraw('sender'));
  const receiver = (offer: Buffer, chosen = choices) => baseReceiver(session, offer, chosen, fixedDraw('receiver'));

  test('the receiver has the chosen of each pair and not the other', () => {
    const { offer, seeds } = sender();
    const { answers, seeds: chosen } = receiver(offer);
    for (const [place, pair] of seeds(session, answers).entries()) {
      const [taken, left] = choices[place] ? [pair[1], pair[0]] : [pair[0], pair[1]];
      expect(hexOf(chosen[place]!)).toBe(hexOf(taken));
      expect(hexOf(chosen[place]!)).not.toBe(hexOf(left));
    }
  });

  test('what is sent and what comes of it stay as they are, and differ by session', () => {
    const { offer, seeds } = sender();
    const { answers } = receiver(offer);
    const digest = (bytes: Uint8Array) => hexOf(createHash('sha256').update(bytes).digest()).slice(0, 16);
    const all = seeds(session, answers).flat();
    expect([digest(offer), digest(answers), digest(Buffer.concat(all))]).toEqual([
      '86b1bd6d39da640e',
      '75c677a37192b2f5',
      '160c34b1b1b38c82',
    ]);
    expect(hexOf(seeds(Buffer.alloc(32), answers)[0]![0])).not.toBe(hexOf(all[0]!));
  });

  test('answers show no bit, even to an offer outside the subgroup', () => {
    const { offer } = sender();
    const slanted = writePoint(sum(readPoint(offer), ofSmallOrder));
    expect(isInSubgroup(readPoint(slanted))).toBe(false);
    const { answers } = receiver(slanted);
    for (let at = 0; at < answers.length; at += 64) {
      expect(isInSubgroup(readPoint(answers.subarray(at, at + 64)))).toBe(true);
    }
  });

  test('offers and answers that are none are refused', () => {
    const { offer, seeds } = sender();
    const { answers } = receiver(offer);
    const withFirst = (point: Buffer) => Buffer.concat([point, answers.subarray(64)]);
    for (const bad of [
      answers.subarray(1),
      withFirst(Buffer.alloc(64)),
      withFirst(Buffer.alloc(64, 3)),
      withFirst(writePoint(cleared(readPoint(offer)))),
    ]) {
      expect(() => seeds(session, bad)).toThrow(expect.objectContaining({ code: 'compute.peerMalformed' }));
    }
    for (const bad of [Buffer.alloc(64), Buffer.alloc(64, 3), offer.subarray(1)]) {
      expect(() => receiver(bad)).toThrow(expect.objectContaining({ code: 'compute.peerMalformed' }));
    }
  });
});

describe('rows', () => {
  const codeKeys = Buffer.alloc(codeKeyBytes, 7).map((byte, at) => byte ^ at);
  const drawn = fixedDraw('choices')(codeBytes);
  const choices = Array.from({ length: codeBits }, (_, at) => bitOf(drawn, at) === 1);
  const pairs = choices.map((_, at) => [Buffer.alloc(16, at), Buffer.alloc(16, `other ${at}`)] as const);
  const seeds = choices.map((choice, at) => pairs[at]![choice ? 1 : 0]);
  const itemsOf = (count: number): Uint8Array => {
    const items = new Uint8Array(count * blockBytes);
    new Stream(Buffer.alloc(16, 77)).fill(items);
    return items;
  };

  test.each([1, 130, blockRows + 5])(
    '%i: the teller’s value of an item is the asker’s, of another it is not',
    (count) => {
      const asker = new Asker(session, codeKeys, pairs, count);
      const teller = new Teller(session, codeKeys, choices, seeds, count, 8);
      const items = itemsOf(count);
      const values = Buffer.alloc(count * hashBytes);
      for (let at = 0; at < count; at += blockRows) {
        const asked = asker.ask(items.subarray(at * blockBytes, (at + blockRows) * blockBytes));
        values.set(asked.values, at * hashBytes);
        const rows = Math.min(blockRows, count - at);
        teller.packed(rows).set(asked.packed);
        teller.take(rows);
      }
      const looked = [0, count >> 1, count - 1];
      const places = Uint32Array.from(looked);
      const wanted = looked.map((at) => hexOf(values.subarray(at * hashBytes, (at + 1) * hashBytes)));
      const chosen = Buffer.concat(looked.map((at) => items.subarray(at * blockBytes, (at + 1) * blockBytes)));
      const told: string[][] = [];
      const keep = (got: Uint8Array) => {
        told.push(looked.map((_, n) => hexOf(got.subarray(n * hashBytes, (n + 1) * hashBytes))));
      };
      teller.tell(chosen, [places], keep);
      teller.tell(
        chosen.map((byte) => byte ^ 1),
        [places],
        keep,
      );
      expect(told[0]).toEqual(wanted);
      for (const value of told[1]!) expect(wanted).not.toContain(value);
      expect(() => teller.take(1)).toThrow('more rows');
    },
  );

  test('no two sessions hash alike', () => {
    expect(hexOf(hashPrefix(session))).not.toBe(hexOf(hashPrefix(Buffer.alloc(32))));
    expect(hashPrefix(session).length).toBe(64);
  });
});
