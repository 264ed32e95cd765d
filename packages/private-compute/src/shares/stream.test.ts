import { expect, test } from 'vitest';
import { Stream } from './stream.ts';

test('the stream is AES-256 in counter mode: the output blocks of NIST SP 800-38A, F.5.5', () => {
  const key = Buffer.from('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex');
  const start = Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 'hex');
  const stream = new Stream(key, start);
  const expected =
    '0bdf7df1591716335e9a8b15c860c5025a6e699d536119065433863c8f657b94' +
    '1bc12c9c01610d5d0d8bd6a3378eca622956e1c8693536b1bee99c73a31576b6';
  expect(Buffer.from(stream.bytes(64)).toString('hex')).toBe(expected);
});

test('from counter nought, however it is drawn, and over pieces', () => {
  const key = Buffer.alloc(32);
  // AES-256 of the blocks 0 and 1 under the key of noughts (FIPS 197 cipher; the first is CAVP GFSbox’s all-zero case).
  const whole = Buffer.from(new Stream(key).bytes(3_000_000));
  expect(whole.toString('hex', 0, 16)).toBe('dc95c078a2408989ad48a21492842087');
  const parts = new Stream(key);
  const drawn = [5, 11, 262_144, 1, 2_000_000, 737_839].map((length) => parts.bytes(length));
  expect(Buffer.concat(drawn).equals(whole)).toBe(true);
  const same = new Stream(key);
  expect(Buffer.from(same.elements(4).buffer).equals(whole.subarray(0, 32))).toBe(true);
  expect(Buffer.from(same.words(4).buffer).equals(whole.subarray(32, 48))).toBe(true);
});

test('permutations hold each place once, and every order of three comes about as often', () => {
  const stream = new Stream(Buffer.alloc(32, 1));
  const seen = new Map<string, number>();
  for (let n = 0; n < 6000; n++) {
    const order = stream.permutation(3).join('');
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
  // The key is fixed, so this is one outcome and no luck; 1000 ± 5 deviations.
  for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  const large = stream.permutation(100_000);
  expect(new Set(large).size).toBe(100_000);
  expect(stream.permutation(0).length).toBe(0);
});

/** The same in plain steps, with whole numbers beyond 32 bits. */
const permuted = (words: () => number, count: number): number[] => {
  const order: number[] = [];
  while (order.length < count) {
    const [luck, choices] = [words(), order.length + 1];
    if (luck >= 2 ** 32 - (2 ** 32 % choices)) continue;
    const at = luck % choices;
    if (at === order.length) order.push(at);
    else {
      order.push(order[at]!);
      order[at] = order.length - 1;
    }
  }
  return order;
};

test('permutations are Fisher and Yates’s by the words drawn, in pieces as they are drawn', () => {
  const key = Buffer.alloc(32, 9);
  for (const count of [0, 1, 2, 3, 1000, 32_767, 32_768, 32_769, 100_003, 7]) {
    const [stream, plain] = [new Stream(key), new Stream(key)];
    let drawn: number[] = [];
    const word = () => {
      if (drawn.length === 0) drawn = [...plain.words(Math.min(count, 32_768))].reverse();
      return drawn.pop()!;
    };
    expect([...stream.permutation(count)]).toEqual(permuted(word, count));
    // Both have drawn as much.
    expect([...stream.words(2)]).toEqual([...plain.words(2)]);
  }
});

test('a word that would favour some places is passed over', () => {
  const most = 2 ** 32 - 1;
  // Of two choices none is favoured; of three the last word of all is, and 2^32 − 2 is not.
  const words = [0, most, most, most, most - 1, 5, 1, 2];
  const stream = new Stream(Buffer.alloc(32));
  let at = 0;
  stream.words = (count) => {
    const out = Uint32Array.from({ length: count }, (_, n) => words[at + n] ?? 0);
    at += count;
    return out;
  };
  const plain = words.values();
  expect([...stream.permutation(4)]).toEqual(permuted(() => plain.next().value ?? 0, 4));
  expect(at).toBe(8);
});
