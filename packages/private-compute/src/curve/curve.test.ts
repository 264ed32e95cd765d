import { createECDH, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { identityOf, sharedSecret } from '../channel/keys.ts';
import { curve25519, elligator, hashTo25519 } from './curve25519.ts';
import { expandMessage } from './expand.ts';
import { fromBytes, inverse, isSquare, power, toBytes } from './field.ts';
import { hashToX, multiplyX, sm2, sm2Curve, type Weierstrass } from './sm2.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

test('X25519 gives the vectors of RFC 7748, section 5.2', () => {
  const own = identityOf(bytes('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'));
  const point = bytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
  expect(sharedSecret(own, point).toString('hex')).toBe(
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  );
});

test('expand_message_xmd gives the vectors of RFC 9380, appendix K.1', () => {
  const tag = 'QUUX-V01-CS02-with-expander-SHA256-128';
  expect(expandMessage('sha256', Buffer.from('abc'), tag, 32).toString('hex')).toBe(
    'd8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615',
  );
  expect(expandMessage('sha256', Buffer.from('abc'), tag, 128).toString('hex')).toMatch(
    /^abba86a6129e366fc877aab32fc4ffc70120d8996c88aee2.*99b0509b4c895f40$/,
  );
});

// RFC 9380, appendix J.4.2: Q.x, the point before its cofactor is cleared.
test.each([
  ['', '51125222da5e763d97f3c10fcc92ea6860b9ccbbd2eb1285728f566721c1e65b'],
  ['abc', '7d56d1e08cb0ccb92baf069c18c49bb5a0dcd927eff8dcf75ca921ef7f3e6eeb'],
  ['abcdef0123456789', '3fbe66b9c9883d79e8407150e7c2a1c8680bee496c62fabe4619a72b3cabe90f'],
])('Elligator 2 on Curve25519 of "%s"', (message, x) => {
  const found = hashTo25519(Buffer.from(message), 'QUUX-V01-CS02-with-curve25519_XMD:SHA-512_ELL2_NU_');
  expect(Buffer.from(found).reverse().toString('hex')).toBe(x);
});

test('Elligator 2 lands on the curve and never on its twist; a bare hash does not', () => {
  const p = 2n ** 255n - 19n;
  const onCurve = (x: bigint) => isSquare(x * (x * (x + 486662n) + 1n), p);
  const inputs = Array.from({ length: 60 }, () => fromBytes(randomBytes(32)) % p);
  expect([0n, 1n, p - 1n, ...inputs].map(elligator).every(onCurve)).toBe(true);
  // All 60 bare hashes on the curve: once in 2^60.
  expect(inputs.every(onCurve)).toBe(false);
});

// RFC 9380, appendix J.1.2; the same code as for SM2 with the parameters of P-256.
const p256: Weierstrass = {
  p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
  a: -3n,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  z: -10n,
  hash: 'sha256',
};
test.each([
  ['', 'f871caad25ea3b59c16cf87c1894902f7e7b2c822c3d3f73596c5ace8ddd14d1'],
  ['abc', 'fc3f5d734e8dce41ddac49f47dd2b8a57257522a865c124ed02b92b5237befa4'],
  ['abcdef0123456789', 'f164c6674a02207e414c257ce759d35eddc7f55be6d7f415e2cc177e5d8faa84'],
])('simplified SWU on P-256 of "%s"', (message, x) => {
  const found = hashToX(p256, Buffer.from(message), 'QUUX-V01-CS02-with-P256_XMD:SHA-256_SSWU_NU_');
  expect(toBytes(found, 32).toString('hex')).toBe(x);
});

const base = 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n;

test('SM2 multiplication gives the key pair of GB/T 32918.5, and what OpenSSL says', () => {
  const secret = 0x3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8n;
  expect(multiplyX(sm2Curve, secret, base)).toBe(0x09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020n);
  for (let n = 0; n < 8; n++) {
    const pair = createECDH('SM2');
    pair.generateKeys();
    const wanted = fromBytes(pair.getPublicKey().subarray(1, 33));
    expect(multiplyX(sm2Curve, fromBytes(pair.getPrivateKey()), base)).toBe(wanted);
  }
});

test('P-256 multiplication is OpenSSL’s Diffie-Hellman', () => {
  for (let n = 0; n < 8; n++) {
    const [one, other] = [createECDH('prime256v1'), createECDH('prime256v1')];
    one.generateKeys();
    other.generateKeys();
    const x = fromBytes(other.getPublicKey().subarray(1, 33));
    const found = multiplyX(p256, fromBytes(one.getPrivateKey()), x)!;
    expect(toBytes(found, 32)).toEqual(one.computeSecret(other.getPublicKey()));
  }
});

test.each([
  ['curve25519', curve25519],
  ['sm2', sm2],
])('in %s the order of two secrets does not matter', (_, group) => {
  const [a, b] = [group.draw(), group.draw()];
  const points = ['', 'x', '11010119900101001x'].map((key) => group.hash(Buffer.from(key)));
  for (const point of points) expect(a(b(point))).toEqual(b(a(point)));
  expect(a(points[0]!)).not.toEqual(b(points[0]!));
  expect(new Set(points.map((one) => one.toString('hex'))).size).toBe(3);
});

test('what is no point is refused', () => {
  expect(() => curve25519.draw()(Buffer.alloc(32))).toThrow('small order');
  const off = Array.from({ length: 20 }, (_, x) => toBytes(BigInt(x), 32)).filter(
    (one) => multiplyX(sm2Curve, 5n, fromBytes(one)) === undefined,
  );
  expect(off.length).toBeGreaterThan(0);
  expect(() => sm2.draw()(off[0]!)).toThrow('no point');
  expect(() => sm2.draw()(Buffer.alloc(32, 0xff))).toThrow('no point');
});

test('the field', () => {
  expect(inverse(0n, 7n)).toBe(0n);
  for (let n = 1n; n < 13n; n++) expect((inverse(n, 13n) * n) % 13n).toBe(1n);
  expect(power(3n, 100n, 101n)).toBe(1n);
  expect([1n, 2n, 3n, 4n, 5n, 6n].filter((n) => isSquare(n, 7n))).toEqual([1n, 2n, 4n]);
});
