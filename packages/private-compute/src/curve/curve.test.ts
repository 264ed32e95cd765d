import { createECDH, ECDH, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { identityOf, sharedSecret } from '../channel/keys.ts';
import { cleared, liftX, sum } from './affine.ts';
import { curve25519, elligator, hashTo25519 } from './curve25519.ts';
import { expandMessage, type HashName } from './expand.ts';
import { fromBytes, inverse, isSquare, mod, power, toBytes } from './field.ts';
import { hashToX, ladderScalar, multiplyX, sm2, sm2Curve, swu, type Weierstrass } from './sm2.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

test('X25519 gives the vectors of RFC 7748, section 5.2', () => {
  const own = identityOf(bytes('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'));
  const point = bytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
  expect(sharedSecret(own, point).toString('hex')).toBe(
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  );
});

// RFC 9380, appendices K.1 (SHA-256, "…-SHA256-128") and K.3 (SHA-512, "…-SHA512-256").
const q128 = `q128_${'q'.repeat(128)}`;
const a512 = `a512_${'a'.repeat(512)}`;
test.each<[HashName, string, number, string]>([
  ['sha256', '', 32, '68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235'],
  ['sha256', 'abc', 32, 'd8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615'],
  ['sha256', 'abcdef0123456789', 32, 'eff31487c770a893cfb36f912fbfcbff40d5661771ca4b2cb4eafe524333f5c1'],
  ['sha256', q128, 32, 'b23a1d2b4d97b2ef7785562a7e8bac7eed54ed6e97e29aa51bfe3f12ddad1ff9'],
  ['sha256', a512, 32, '4623227bcc01293b8c130bf771da8c298dede7383243dc0993d2d94823958c4c'],
  [
    'sha256',
    'abc',
    128,
    'abba86a6129e366fc877aab32fc4ffc70120d8996c88aee2fe4b32d6c7b6437a647e6c3163d40b76a73cf6a5674ef1d890f95b664ee0afa5359a5c4e07985635bbecbac65d747d3d2da7ec2b8221b17b0ca9dc8a1ac1c07ea6a1e60583e2cb00058e77b7b72a298425cd1b941ad4ec65e8afc50303a22c0f99b0509b4c895f40',
  ],
  ['sha512', '', 32, '6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba'],
  ['sha512', 'abc', 32, '0da749f12fbe5483eb066a5f595055679b976e93abe9be6f0f6318bce7aca8dc'],
  ['sha512', 'abcdef0123456789', 32, '087e45a86e2939ee8b91100af1583c4938e0f5fc6c9db4b107b83346bc967f58'],
  [
    'sha512',
    '',
    128,
    '41b037d1734a5f8df225dd8c7de38f851efdb45c372887be655212d07251b921b052b62eaed99b46f72f2ef4cc96bfaf254ebbbec091e1a3b9e4fb5e5b619d2e0c5414800a1d882b62bb5cd1778f098b8eb6cb399d5d9d18f5d5842cf5d13d7eb00a7cff859b605da678b318bd0e65ebff70bec88c753b159a805d2c89c55961',
  ],
])('expand_message_xmd with %s of "%s" to %i bytes', (name, message, length, wanted) => {
  const tag = `QUUX-V01-CS02-with-expander-${name === 'sha256' ? 'SHA256-128' : 'SHA512-256'}`;
  expect(expandMessage(name, Buffer.from(message), tag, length).toString('hex')).toBe(wanted);
});

const p25519 = 2n ** 255n - 19n;
const hexOf = (value: bigint): string => toBytes(value, 32).toString('hex');

// RFC 9380, appendix J.4.2: u, and the x-coordinates of Q, before its cofactor is cleared, and of P.
test.each([
  [
    '',
    '608d892b641f0328523802a6603427c26e55e6f27e71a91a478148d45b5093cd',
    '51125222da5e763d97f3c10fcc92ea6860b9ccbbd2eb1285728f566721c1e65b',
    '1bb913f0c9daefa0b3375378ffa534bda5526c97391952a7789eb976edfe4d08',
  ],
  [
    'abc',
    '46f5b22494bfeaa7f232cc8d054be68561af50230234d7d1d63d1d9abeca8da5',
    '7d56d1e08cb0ccb92baf069c18c49bb5a0dcd927eff8dcf75ca921ef7f3e6eeb',
    '7c22950b7d900fa866334262fcaea47a441a578df43b894b4625c9b450f9a026',
  ],
  [
    'abcdef0123456789',
    '235fe40c443766ce7e18111c33862d66c3b33267efa50d50f9e8e5d252a40aaa',
    '3fbe66b9c9883d79e8407150e7c2a1c8680bee496c62fabe4619a72b3cabe90f',
    '31ad08a8b0deeb2a4d8b0206ca25f567ab4e042746f792f4b7973f3ae2096c52',
  ],
  [
    q128,
    '001e92a544463bda9bd04ddbe3d6eed248f82de32f522669efc5ddce95f46f5b',
    '227e0bb89de700385d19ec40e857db6e6a3e634b1c32962f370d26f84ff19683',
    '027877759d155b1997d0d84683a313eb78bdb493271d935b622900459d52ceaa',
  ],
  [
    a512,
    '1a68a1af9f663592291af987203393f707305c7bac9c8d63d6a729bdc553dc19',
    '3bcd651ee54d5f7b6013898aab251ee8ecc0688166fce6e9548d38472f6bd196',
    '5fd892c0958d1a75f54c3182a18d286efab784e774d1e017ba2fb252998b5dc1',
  ],
])('curve25519_XMD:SHA-512_ELL2_NU_ of "%s"', (message, u, q, p) => {
  const found = hashTo25519(Buffer.from(message), 'QUUX-V01-CS02-with-curve25519_XMD:SHA-512_ELL2_NU_');
  expect(Buffer.from(found).reverse().toString('hex')).toBe(q);
  expect(hexOf(elligator(BigInt(`0x${u}`)))).toBe(q);
  expect(hexOf(cleared(liftX(found, true)).u)).toBe(p);
});

// RFC 9380, appendix J.4.1: the x-coordinates of Q0 and Q1 with whether y is odd, and of P, eight times their sum.
const roTag = 'QUUX-V01-CS02-with-curve25519_XMD:SHA-512_ELL2_RO_';
test.each([
  [
    '',
    '36b4df0c864c64707cbf6cf36e9ee2c09a6cb93b28313c169be29561bb904f98',
    true,
    '3fa114783a505c0b2b2fbeef0102853c0b494e7757f2a089d0daae7ed9a0db2b',
    false,
    '2de3780abb67e861289f5749d16d3e217ffa722192d16bbd9d1bfb9d112b98c0',
  ],
  [
    'abc',
    '16b3d86e056b7970fa00165f6f48d90b619ad618791661b7b5e1ec78be10eac1',
    false,
    '7ec29ddbf34539c40adfa98fcb39ec36368f47f30e8f888cc7e86f4d46e0c264',
    false,
    '2b4419f1f2d48f5872de692b0aca72cc7b0a60915dd70bde432e826b6abc526d',
  ],
  [
    'abcdef0123456789',
    '71de3dadfe268872326c35ac512164850860567aea0e7325e6b91a98f86533ad',
    false,
    '5704069021f61e41779e2ba6b932268316d6d2a6f064f997a22fef16d1eaeaca',
    false,
    '68ca1ea5a6acf4e9956daa101709b1eee6c1bb0df1de3b90d4602382a104c036',
  ],
  [
    q128,
    '7a94d45a198fb5daa381f45f2619ab279744efdd8bd8ed587fc5b65d6cea1df0',
    true,
    '30506fb7a32136694abd61b6113770270debe593027a968a01f271e146e60c18',
    true,
    '096e9c8bae6c06b554c1ee69383bb0e82267e064236b3a30608d4ed20b73ac5a',
  ],
  [
    a512,
    '02d606e2699b918ee36f2818f2bc5013e437e673c9f9b9cdc15fd0c5ee913970',
    false,
    '38920e9b988d1ab7449c0fa9a6058192c0c797bb3d42ac345724341a1aa98745',
    true,
    '1bc61845a138e912f047b5e70ba9606ba2a447a4dade024c8ef3dd42b7bbc5fe',
  ],
])('curve25519_XMD:SHA-512_ELL2_RO_ of "%s"', (message, q0, odd0, q1, odd1, p) => {
  const bytes = expandMessage('sha512', Buffer.from(message), roTag, 96);
  const [x0, x1] = [0, 48].map((at) => elligator(fromBytes(bytes.subarray(at, at + 48)) % p25519)) as [bigint, bigint];
  expect([hexOf(x0), hexOf(x1)]).toEqual([q0, q1]);
  const point = (x: bigint, odd: boolean) => liftX(toBytes(x, 32).reverse(), odd);
  expect(hexOf(cleared(sum(point(x0, odd0), point(x1, odd1))).u)).toBe(p);
});

test('Elligator 2 lands on the curve and never on its twist; a bare hash does not', () => {
  const onCurve = (x: bigint) => isSquare(x * (x * (x + 486662n) + 1n), p25519);
  const inputs = Array.from({ length: 60 }, (_, n) => mixed(n));
  expect([0n, 1n, p25519 - 1n, ...inputs].map(elligator).every(onCurve)).toBe(true);
  expect(inputs.every(onCurve)).toBe(false);
});

/** The same numbers on each run, which look like chance. */
const mixed = (n: number): bigint =>
  fromBytes(expandMessage('sha512', Buffer.from(`${n}`), 'numbers of a test', 48)) % p25519;

// What docs/decisions/0030-hashing-to-curves.md rests on: who has a point can name a u that leads there, each as likely as by chance.
test('each x-coordinate that Elligator 2 leads to has four u, and half of all points are such', () => {
  const a = 486662n;
  let reached = 0;
  const points = Array.from({ length: 200 }, (_, n) => fromBytes(identityOf(Buffer.alloc(32, n)).publicKey.reverse()));
  for (const x of points) {
    const squares = [mod(-(x + a) * inverse(2n * x, p25519), p25519), mod(-x * inverse(2n * (x + a), p25519), p25519)];
    const leads = squares.map((one) => isSquare(one, p25519));
    expect(leads[0]).toBe(leads[1]);
    if (!leads[0]) continue;
    reached++;
    for (const square of squares) {
      const u = rootOf(square);
      expect(elligator(u)).toBe(x);
      expect(elligator(p25519 - u)).toBe(x);
    }
  }
  // 100 with a deviation of 7; the points are always the same.
  expect(Math.abs(reached - 100)).toBeLessThan(30);
});
/** p ≡ 5 (mod 8). */
const rootOf = (square: bigint): bigint => {
  const tried = power(square, (p25519 + 3n) / 8n, p25519);
  return (tried * tried) % p25519 === square ? tried : (tried * power(2n, (p25519 - 1n) / 4n, p25519)) % p25519;
};

test('no x-coordinate has more than eight u that simplified SWU leads from, in a field small enough to look at all', () => {
  const p = 1019n;
  for (const b of [7n, 11n, 500n]) {
    const curve = { ...sm2Curve, p, a: p - 3n, b, z: firstZ({ p, a: p - 3n, b }) };
    const found = new Map<bigint, number>();
    for (let u = 0n; u < p; u++) {
      const x = swu(curve, u);
      expect(isSquare(x * (x * x - 3n) + b, p)).toBe(true);
      found.set(x, (found.get(x) ?? 0) + 1);
    }
    expect(Math.max(...found.values())).toBeLessThanOrEqual(8);
  }
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

/** Whether x³ + ax + c is 0 anywhere: what it has in common with x^p - x, by polynomials from the constant upwards. */
const hasRoot = (a: bigint, c: bigint, p: bigint): boolean => {
  type Three = [bigint, bigint, bigint];
  const times = ([x0, x1, x2]: Three, [y0, y1, y2]: Three): Three => {
    const [x3, x4] = [x1 * y2 + x2 * y1, x2 * y2];
    return [
      mod(x0 * y0 - x3 * c, p),
      mod(x0 * y1 + x1 * y0 - x3 * a - x4 * c, p),
      mod(x0 * y2 + x1 * y1 + x2 * y0 - x4 * a, p),
    ];
  };
  let raised: Three = [1n, 0n, 0n];
  for (const bit of p.toString(2)) {
    raised = times(raised, raised);
    if (bit === '1') raised = times(raised, [0n, 1n, 0n]);
  }
  const trimmed = (from: bigint[]): bigint[] => from.slice(0, from.findLastIndex((one) => one !== 0n) + 1);
  let [one, other] = [[mod(c, p), mod(a, p), 0n, 1n], trimmed([raised[0], mod(raised[1] - 1n, p), raised[2]])];
  while (other.length > 0) {
    let rest = one;
    while (rest.length >= other.length) {
      const [shift, factor] = [rest.length - other.length, rest.at(-1)! * inverse(other.at(-1)!, p)];
      rest = trimmed(rest.map((value, at) => mod(value - factor * (other[at - shift] ?? 0n), p)));
    }
    [one, other] = [other, rest];
  }
  return one.length > 1;
};

/** The first of 1, -1, 2, -2 … that RFC 9380, appendix H.2 can take. */
const firstZ = ({ p, a, b }: Pick<Weierstrass, 'p' | 'a' | 'b'>): bigint => {
  const canBe = (z: bigint) => {
    const x = mod(b * inverse(mod(z * a, p), p), p);
    return !isSquare(mod(z, p), p) && z !== -1n && !hasRoot(a, b - z, p) && isSquare(x * (x * x + a) + b, p);
  };
  return Array.from({ length: 100 }, (_, n) => [BigInt(n + 1), -BigInt(n + 1)])
    .flat()
    .find(canBe)!;
};

test('the constants of simplified SWU are the first that can be taken', () => {
  expect([p256, sm2Curve].map(firstZ)).toEqual([p256.z, sm2Curve.z]);
  // What has a root, and what has none.
  expect([hasRoot(-7n, 6n, 1019n), hasRoot(0n, -2n, 7n)]).toEqual([true, false]);
});

// Worked out by a second implementation, in another language, from RFC 9380 and its library's SM3.
test.each([
  ['', 'b76ba7b395ea46e2aecd014ae9fe5bb9fa5c51638d2cea8368bdb62010ad2819'],
  ['abc', '6f0f930bef8cd5bc94b57cc2e24d7f34acf1dafc8a850231ec6d975639fc0ed5'],
  ['11010119900101001x', 'b142d39c354dafb601c90004d8705a12dd7696889da4a58fd2035b6f5bc63155'],
])('a key is hashed to the SM2 curve with SM3: "%s"', (key, x) => {
  expect(sm2.hash(Buffer.from(key)).toString('hex')).toBe(x);
});

test('OpenSSL takes what is hashed to the SM2 curve for a point of it; x and y beside each other for none', () => {
  const { p, a, b } = sm2Curve;
  for (const key of ['', '11010119900101001x', '星沙']) {
    const x = sm2.hash(Buffer.from(key));
    const y = power(fromBytes(x) ** 3n + a * fromBytes(x) + b, (p + 1n) / 4n, p);
    const take = (v: bigint) =>
      ECDH.convertKey(Buffer.concat([Buffer.of(4), x, toBytes(v, 32)]), 'SM2', undefined, undefined, 'compressed');
    expect((take(y) as Buffer).subarray(1)).toEqual(x);
    expect(() => take(y ^ 1n)).toThrow();
  }
  // The order of the group: nothing is left of a point multiplied by it, and by one less it has the same x-coordinate.
  expect(multiplyX(sm2Curve, sm2Curve.order, base)).toBeUndefined();
  expect(multiplyX(sm2Curve, sm2Curve.order - 1n, base)).toBe(base);
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

// Secrets short and long, at the edges of where the order is added once or twice, and such of no pattern.
const secrets = (order: bigint): bigint[] => [
  ...[1n, 2n, 3n, 0x1ffffn, 2n ** 128n, 2n ** 224n, 2n ** 255n, order - 2n, order - 1n],
  ...[-1n, 0n, 1n].map((beside) => 2n ** 256n - order + beside),
  ...Array.from({ length: 20 }, (_, n) => mixed(n) % order),
];

test.each([
  ['SM2', sm2Curve, base],
  ['prime256v1', p256, 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n],
] as const)(
  'a multiplication on %s takes as many steps whatever the secret, over coordinates that differ each time',
  (name, curve, x) => {
    const blinds: string[] = [];
    const drawn = (size: number) => {
      const bytes = randomBytes(size);
      blinds.push(bytes.toString('hex'));
      return bytes;
    };
    for (const secret of secrets(curve.order)) {
      const scalar = ladderScalar(curve, secret);
      expect([scalar.toString(2).length, scalar % curve.order]).toEqual([257, secret]);
      const pair = createECDH(name);
      pair.setPrivateKey(toBytes(secret, 32));
      const wanted = pair.getPublicKey().subarray(1, 33);
      const asked = blinds.length;
      expect([drawn, drawn].map((draw) => toBytes(multiplyX(curve, secret, x, draw)!, 32))).toEqual([wanted, wanted]);
      expect(blinds.length).toBeGreaterThanOrEqual(asked + 2);
    }
    expect(new Set(blinds).size).toBe(blinds.length);
  },
);

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
  // The five x-coordinates of small order, those of the twist among them; then numbers beyond the field, and a bit too many.
  const small = [
    0n,
    1n,
    p25519 - 1n,
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  ];
  for (const u of small) expect(() => curve25519.draw()(toBytes(u, 32).reverse())).toThrow('small order');
  for (const u of [p25519, p25519 + 1n, p25519 + 18n, 2n ** 255n - 1n, 9n + 2n ** 255n, 2n ** 256n - 1n])
    expect(() => curve25519.draw()(toBytes(u, 32).reverse())).toThrow('in the one way');
  // The greatest that is a number of the field is on the curve or its twist, and has order enough.
  for (const u of [p25519 - 2n, p25519 - 3n]) expect(curve25519.draw()(toBytes(u, 32).reverse()).length).toBe(32);
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
