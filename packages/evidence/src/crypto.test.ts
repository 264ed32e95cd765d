import { execFileSync, spawnSync } from 'node:child_process';
import * as crypto from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commit,
  digestText,
  generateKey,
  newSealingKey,
  open,
  openKey,
  privateKeyFrom,
  publicJwk,
  publicKeyFrom,
  publicKeyFromJwk,
  publicPem,
  seal,
  sealKey,
  signInContext,
  softwareSigner,
  suite,
  verifierOf,
  verifyCommitment,
  verifyInContext,
  verifySignature,
  vkeyOf,
} from './index.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const opensslFound = spawnSync('openssl', ['version']).status === 0;

describe.each(['intl', 'sm'] as const)('suite %s', (name) => {
  const key = generateKey(name);
  const signer = softwareSigner(key, { level: 'platform' });

  it('signs and verifies; other message, key, context or bit does not', async () => {
    const other = generateKey(name).publicKey;
    const message = utf8('数谷');
    const signature = await signer.sign(message);
    expect(verifySignature(key.publicKey, message, signature)).toBe(true);
    expect(verifySignature(key.publicKey, utf8('数 谷'), signature)).toBe(false);
    expect(verifySignature(other, message, signature)).toBe(false);
    for (let bit = 0; bit < signature.length * 8; bit += name === 'sm' ? 5 : 1) {
      const bent = signature.slice();
      bent[bit >> 3]! ^= 1 << (bit & 7);
      expect(verifySignature(key.publicKey, message, bent), `bit ${bit}`).toBe(false);
    }
    for (const bad of [new Uint8Array(0), signature.slice(1), signature.slice(0, -1), Uint8Array.of(...signature, 0)]) {
      expect(verifySignature(key.publicKey, message, bad)).toBe(false);
    }
    const bound = await signInContext(signer, 'receipt', message);
    expect(verifyInContext(key.publicKey, 'receipt', message, bound)).toBe(true);
    expect(verifyInContext(key.publicKey, 'segment', message, bound)).toBe(false);
    expect(verifySignature(key.publicKey, message, bound)).toBe(false);
  });

  it('signs messages of any content', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (message) => {
        expect(verifySignature(key.publicKey, message, await signer.sign(message))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('names, exports and imports keys', () => {
    expect(publicKeyFromJwk(publicJwk(key.publicKey))).toEqual(key.publicKey);
    expect(privateKeyFrom(name, key.secret).publicKey).toEqual(key.publicKey);
    expect(key.publicKey.keyId).toMatch(name === 'sm' ? /^sm:[0-9a-f]{64}$/ : /^intl:[0-9a-f]{64}$/);
    const { use, publicKey } = verifierOf(vkeyOf('log.example', key.publicKey, 'witness'));
    expect([use, publicKey]).toEqual(['witness', key.publicKey]);
    const jwk = publicJwk(key.publicKey);
    for (const bad of [null, {}, { ...jwk, use: 'sig' }, { ...jwk, x: `${jwk.x}=` }, { ...jwk, x: jwk.x.slice(1) }]) {
      expect(() => publicKeyFromJwk(bad)).toThrow(expect.objectContaining({ code: 'evidence.key-malformed' }));
    }
  });

  it('seals key files, under a key or a passphrase', async () => {
    const sealingKey = newSealingKey();
    const file = await sealKey(key, { key: sealingKey });
    expect(await openKey(file, { key: sealingKey })).toEqual(key);
    await expect(openKey(file, { key: newSealingKey() })).rejects.toMatchObject({ code: 'evidence.sealed-wrong-key' });
    await expect(openKey(file, { passphrase: 'x' })).rejects.toMatchObject({ code: 'evidence.sealed-wrong-key' });
    const worded = await sealKey(key, { passphrase: '口令é' }, { N: 1024 });
    expect(await openKey(worded, { passphrase: '口令e\u0301' })).toEqual(key);
    await expect(openKey(worded, { passphrase: '口令' })).rejects.toMatchObject({ code: 'evidence.sealed-wrong-key' });
    const text = Buffer.from(worded).toString();
    for (const bad of [
      text.replace('"N":1024', '"N":2048'),
      text.replace(/(intl|sm):[0-9a-f]/, '$1:x'),
      text.replace('"N":1024', '"N":1073741824'),
      text.replace('"p":1', '"p":2'),
      text.replace('{', '{"a":1,'),
      'no',
      ' '.repeat(4096) + text,
    ]) {
      await expect(openKey(utf8(bad), { passphrase: '口令é' })).rejects.toThrow();
    }
  });

  it('commits with a salt', () => {
    const record = { price: '12.5', buyer: '甲' };
    const made = commit({ suite: name, kind: 'order', record });
    expect(verifyCommitment({ suite: name, kind: 'order', record, ...made })).toBe(true);
    const again = commit({ suite: name, kind: 'order', record });
    expect(Buffer.compare(again.commitment, made.commitment)).not.toBe(0);
    expect(verifyCommitment({ suite: name, kind: 'offer', record, ...made })).toBe(false);
    expect(verifyCommitment({ suite: name, kind: 'order', record: { ...record, price: '12.50' }, ...made })).toBe(
      false,
    );
    expect(verifyCommitment({ suite: name, kind: 'order', record, ...made, salt: again.salt })).toBe(false);
    expect(verifyCommitment({ suite: name, kind: 'order', record, ...made, salt: new Uint8Array(31) })).toBe(false);
    expect(() => commit({ suite: name, kind: 'order', record, salt: new Uint8Array(16) })).toThrow(/32 bytes/);
  });

  it.skipIf(!opensslFound)('openssl verifies its signatures, and it verifies those of openssl', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shugu-evidence-'));
    try {
      const at = (file: string) => join(folder, file);
      const message = utf8('由外部工具验证');
      writeFileSync(at('m'), message);
      writeFileSync(at('pub.pem'), publicPem(key.publicKey));
      writeFileSync(at('sig'), await signer.sign(message));
      const extra = name === 'sm' ? ['-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'] : [];
      const verify = [
        'pkeyutl',
        '-verify',
        '-rawin',
        '-pubin',
        '-inkey',
        at('pub.pem'),
        '-in',
        at('m'),
        '-sigfile',
        at('sig'),
      ];
      expect(execFileSync('openssl', [...verify, ...extra]).toString()).toMatch(/Verified Successfully/);
      writeFileSync(at('m'), utf8('另一条'));
      expect(spawnSync('openssl', [...verify, ...extra]).status).not.toBe(0);

      const kind =
        name === 'sm' ? ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:SM2'] : ['-algorithm', 'ed25519'];
      execFileSync('openssl', ['genpkey', ...kind, '-out', at('theirs.pem')]);
      const spki = execFileSync('openssl', ['pkey', '-in', at('theirs.pem'), '-pubout', '-outform', 'DER']);
      const theirs = publicKeyFrom(name, new Uint8Array(spki.subarray(name === 'sm' ? -65 : -32)));
      for (let round = 0; round < 12; round++) {
        writeFileSync(at('m'), utf8(`round ${round}`));
        const signature = execFileSync('openssl', [
          'pkeyutl',
          '-sign',
          '-rawin',
          '-inkey',
          at('theirs.pem'),
          '-in',
          at('m'),
          ...extra,
        ]);
        expect(verifySignature(theirs, utf8(`round ${round}`), new Uint8Array(signature))).toBe(true);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('traps', () => {
  it('verifies SM2 alike before and after points are precomputed', async () => {
    const key = generateKey('sm');
    const signature = await softwareSigner(key, { level: 'platform' }).sign(utf8('m'));
    for (let use = 0; use < 20; use++) {
      expect(verifySignature(key.publicKey, utf8('m'), signature)).toBe(true);
      expect(verifySignature(key.publicKey, utf8('n'), signature)).toBe(false);
    }
  });

  it('refuses SM2 signatures with r or s out of range or in loose DER', () => {
    const key = generateKey('sm').publicKey;
    const order = 'fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123';
    const one = '020101';
    for (const bad of [
      `3006020100${one}`,
      `3006${one}020100`,
      `30260221 00${order}${one}`.replace(' ', ''),
      `3026${one}022100${order}`,
      `30070202 0001${one}`.replace(' ', ''),
      `308106${one}${one}`,
      `3006${one}0201ff`,
      `3006${one}${one}00`,
      `3080${one}${one}0000`,
    ]) {
      expect(verifySignature(key, utf8('m'), hex(bad)), bad).toBe(false);
    }
  });

  it('refuses a valid SM2 signature in any looser encoding', async () => {
    const key = generateKey('sm');
    const der = Buffer.from(await softwareSigner(key, { level: 'platform' }).sign(utf8('m')));
    const rest = der.subarray(4);
    const padded = [0x30, der[1]! + 1, 0x02, der[3]! + 1, 0, ...rest];
    const longLength = [0x30, 0x81, der[1]!, ...der.subarray(2)];
    const trailing = [0x30, der[1]! + 1, ...der.subarray(2), 0];
    const indefinite = [0x30, 0x80, ...der.subarray(2), 0, 0];
    expect(verifySignature(key.publicKey, utf8('m'), der)).toBe(true);
    for (const loose of [padded, longLength, trailing, indefinite]) {
      expect(verifySignature(key.publicKey, utf8('m'), Uint8Array.from(loose))).toBe(false);
    }
    // A leading zero where r begins with a set bit is needed; where it doesn't, it is a second encoding.
    for (let tries = 0; tries < 64; tries++) {
      const other = await softwareSigner(key, { level: 'platform' }).sign(utf8('m'));
      if (other[3] !== 32) continue;
      const second = Uint8Array.of(0x30, other[1]! + 1, 0x02, 33, 0, ...other.subarray(4));
      return expect(verifySignature(key.publicKey, utf8('m'), second)).toBe(false);
    }
    expect.unreachable('no short r in 64 signatures');
  });

  it('refuses points off the curve, compressed ones and the wrong length', () => {
    const point = generateKey('sm').publicKey.bytes;
    const off = point.slice();
    off[64]! ^= 1;
    const compressed = Uint8Array.of(2 + (point[64]! & 1), ...point.slice(1, 33));
    for (const bad of [off, compressed, point.slice(1), new Uint8Array(65), Uint8Array.of(4, ...new Uint8Array(64))]) {
      expect(() => publicKeyFrom('sm', bad)).toThrow(expect.objectContaining({ code: 'evidence.key-malformed' }));
    }
    expect(() => privateKeyFrom('sm', new Uint8Array(32))).toThrow();
    expect(() => privateKeyFrom('sm', new Uint8Array(32).fill(255))).toThrow();
  });

  it('refuses every Ed25519 point of small order, also in odd encodings', () => {
    const small = ed25519.ExtendedPoint.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
    expect(small.isSmallOrder()).toBe(true);
    for (let times = 0; times < 8; times++) {
      const point = times === 0 ? ed25519.ExtendedPoint.ZERO : small.multiplyUnsafe(BigInt(times));
      expect(() => publicKeyFrom('intl', new Uint8Array(point.toRawBytes()))).toThrow();
    }
    const beyond = hex(`ee${'ff'.repeat(30)}7f`);
    expect(() => publicKeyFrom('intl', beyond)).toThrow();
  });

  it("knows that Node's own SM2 signature is another one", () => {
    const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'SM2' });
    const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-65));
    const signature = new Uint8Array(crypto.sign('sm3', utf8('m'), privateKey));
    expect(verifySignature(publicKeyFrom('sm', raw), utf8('m'), signature)).toBe(false);
  });

  it('verifies the published SM2 example', () => {
    // GB/T 32918.5-2017 annex A.2: "message digest" signed under the recommended curve.
    const secret = hex('3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8');
    const key = privateKeyFrom('sm', secret).publicKey;
    expect(Buffer.from(key.bytes.slice(1, 33)).toString('hex')).toBe(
      '09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020',
    );
    const r = 'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3';
    const s = 'b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa';
    const der = hex(`3046022100${r}022100${s}`);
    expect(verifySignature(key, utf8('message digest'), der)).toBe(true);
  });
});

describe('sealed fields', () => {
  it('open in their place with their key only', () => {
    const key = newSealingKey();
    const sealed = seal({ key, about: 'people/1/idNumber', plaintext: utf8('110101199001011234') });
    expect(Buffer.from(open({ key, about: 'people/1/idNumber', sealed })).toString()).toBe('110101199001011234');
    const wrong = expect.objectContaining({ code: 'evidence.sealed-wrong-key' });
    expect(() => open({ key, about: 'people/2/idNumber', sealed })).toThrow(wrong);
    expect(() => open({ key: newSealingKey(), about: 'people/1/idNumber', sealed })).toThrow(wrong);
    for (let at = 1; at < sealed.length; at++) {
      const bent = sealed.slice();
      bent[at]! ^= 1;
      expect(() => open({ key, about: 'people/1/idNumber', sealed: bent })).toThrow(wrong);
    }
    const malformed = expect.objectContaining({ code: 'evidence.sealed-malformed' });
    expect(() => open({ key, about: '', sealed: new Uint8Array(10) })).toThrow(malformed);
    expect(() => open({ key, about: '', sealed: Uint8Array.of(2, ...sealed.slice(1)) })).toThrow(malformed);
    expect(() => seal({ key: new Uint8Array(16), about: '', plaintext: sealed })).toThrow(malformed);
    expect(open({ key, about: 'a', sealed: seal({ key, about: 'a', plaintext: new Uint8Array(0) }) })).toHaveLength(0);
  });
});

it('writes digests with their algorithm', () => {
  expect(digestText('sm', utf8('abc'))).toBe('sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0');
  expect(suite('sm').hash.name).toBe('sm3');
});
