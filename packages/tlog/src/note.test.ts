import * as crypto from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cosignatureTime,
  cosigner,
  decodeBase64,
  ed25519CosignatureType,
  ed25519CosignatureVkey,
  ed25519NoteSigner,
  ed25519Vkey,
  formatCheckpoint,
  formatNote,
  noteCharactersMax,
  noteVerifier,
  openNote,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  parseVkey,
  signNote,
  tilePath,
} from './index.ts';

function pair() {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519');
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  return { raw, sign: async (bytes: Uint8Array) => new Uint8Array(crypto.sign(null, bytes, privateKey)) };
}

const log = pair();
const witness = pair();
const origin = 'log.example/shugu';
const text = formatCheckpoint({ origin, size: 7, root: new Uint8Array(32).fill(9) });
const logSigner = ed25519NoteSigner(origin, log.raw, log.sign);
const logVerifier = noteVerifier(ed25519Vkey(origin, log.raw));
const cosign = (timeSeconds: number) =>
  cosigner({
    name: 'witness.example',
    keyMaterial: Uint8Array.of(ed25519CosignatureType, ...witness.raw),
    timeSeconds,
    sign: witness.sign,
  });
const witnessVerifier = noteVerifier(ed25519CosignatureVkey('witness.example', witness.raw));

describe('signed note', () => {
  // A note of the Go checksum database's documentation, with its published key.
  const goKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const goNote =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

  it("opens the Go implementation's documented example", async () => {
    const opened = await openNote(goNote, [noteVerifier(goKey)]);
    expect(opened.verified).toHaveLength(1);
    await expect(openNote(goNote.replace('answer', 'Answer'), [noteVerifier(goKey)])).rejects.toMatchObject({
      code: 'tlog.note-signature-invalid',
    });
  });

  it('verifies log and witness, and tells unknown keys apart', async () => {
    const note = await signNote(text, [logSigner, cosign(1_700_000_000)]);
    const opened = await openNote(note, [logVerifier, witnessVerifier]);
    expect(opened.verified.map(({ name }) => name)).toEqual([origin, 'witness.example']);
    expect(cosignatureTime(opened.verified[1]!.signature)).toBe(1_700_000_000);
    expect((await openNote(note, [logVerifier])).unverified).toHaveLength(1);
    await expect(openNote(note, [noteVerifier(goKey)])).rejects.toMatchObject({ code: 'tlog.note-unverified' });
    const { signatures } = parseNote(note);
    const doubled = formatNote({ text, signatures: [...signatures, signatures[0]!] });
    expect((await openNote(doubled, [logVerifier, witnessVerifier])).unverified).toHaveLength(1);
  });

  it('adds a signature to an existing note', async () => {
    const first = await signNote(text, [logSigner]);
    const second = await signNote(text, [cosign(5)], parseNote(first).signatures);
    expect((await openNote(second, [logVerifier, witnessVerifier])).verified).toHaveLength(2);
  });

  it('refuses every flipped bit', async () => {
    const note = Buffer.from(await signNote(text, [logSigner, cosign(1_700_000_000)]));
    for (let bit = 0; bit < note.length * 8; bit++) {
      const bent = Buffer.from(note);
      bent[bit >> 3]! ^= 1 << (bit & 7);
      const opened = await openNote(bent.toString('utf8'), [logVerifier, witnessVerifier]).catch(() => undefined);
      if (opened) expect(opened.unverified.length, `bit ${bit}`).toBeGreaterThan(0);
    }
  });

  it.each([
    ['no newline at the end', 'text\n\n— a AAAAAAA='],
    ['no signature', 'text\n\n'],
    ['no empty line', 'text\n— a AAAAAAA=\n'],
    ['hyphen for em dash', 'text\n\n- a AAAAAAA=\n'],
    ['plus in the name', 'text\n\n— a+b AAAAAAA=\n'],
    ['wide space in the name', 'text\n\n— a　b AAAAAAA=\n'],
    ['a control character', 'te\u0001xt\n\n— a AAAAAAA=\n'],
    ['carriage returns', 'text\r\n\n— a AAAAAAA=\n'],
    ['a lone surrogate', 'te\ud800xt\n\n— a AAAAAAA=\n'],
    ['only a key id', 'text\n\n— a AAAAAA==\n'],
    ['spare bits in base64', 'text\n\n— a AAAAAAB=\n'],
    ['a trailing space', 'text\n\n— a AAAAAAA= \n'],
    ['too much', `${'x'.repeat(noteCharactersMax)}\n\n— a AAAAAAA=\n`],
    ['too many signatures', `text\n\n${'— a AAAAAAA=\n'.repeat(65)}`],
  ])('refuses a note with %s', (_, note) => {
    expect(() => parseNote(note)).toThrow();
  });

  it('refuses wrong keys', () => {
    expect(() => noteVerifier(goKey.replace('c74f20a3', 'c74f20a4'))).toThrow(/key id/);
    expect(() => parseVkey('a+00000000')).toThrow();
    expect(() => parseVkey('a b+00000000+AAAA')).toThrow();
    expect(() => ed25519NoteSigner('a b', log.raw, log.sign)).toThrow();
  });

  it('refuses an Ed25519 signature with S beyond the group order', async () => {
    const note = await signNote(text, [logSigner]);
    const [{ name, keyHash, signature }] = parseNote(note).signatures as [
      ReturnType<typeof parseNote>['signatures'][0],
    ];
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
    const bent = new Uint8Array(
      Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()]),
    );
    const forged = formatNote({ text, signatures: [{ name, keyHash, signature: bent }] });
    await expect(openNote(forged, [logVerifier])).rejects.toMatchObject({ code: 'tlog.note-signature-invalid' });
  });
});

describe('checkpoint', () => {
  it('round-trips', () => {
    const shapes = fc.record({
      origin: fc.stringMatching(/^[a-z./]{1,20}$/),
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    fc.assert(
      fc.property(shapes, (shape) => {
        expect(parseCheckpoint(formatCheckpoint(shape))).toEqual(shape);
      }),
    );
    const extended = { origin, size: 0, root: new Uint8Array(32), extensions: ['a', 'b c'] };
    expect(parseCheckpoint(formatCheckpoint(extended))).toEqual(extended);
  });

  const root = `${'A'.repeat(43)}=`;
  it.each([
    `o\n1\n${root}`,
    `o\n1\n${root}\n\n`,
    `\n1\n${root}\n`,
    `o\n01\n${root}\n`,
    `o\n-1\n${root}\n`,
    `o\n1.0\n${root}\n`,
    `o\n9007199254740992\n${root}\n`,
    `o\n1\nAAAA\n`,
    `o\n1\n${'A'.repeat(42)}B=\n`,
    `o\n1\n`,
    `o\r\n1\n${root}\n`,
  ])('refuses %j', (bad) => expect(() => parseCheckpoint(bad)).toThrow());
});

describe('tile paths', () => {
  it.each([
    [0, 0, 256, 'tile/0/000'],
    [0, 1_234_067, 256, 'tile/0/x001/x234/067'],
    [2, 5, 17, 'tile/2/005.p/17'],
    ['entries', 1000, 1, 'tile/entries/x001/000.p/1'],
    [63, 999, 255, 'tile/63/999.p/255'],
  ] as const)('%s %s %s is %s', (level, index, width, path) => {
    expect(tilePath(level, index, width)).toBe(path);
    expect(parseTilePath(path)).toEqual({ level, index, width });
  });

  it.each([
    'tile/0/1',
    'tile/00/001',
    'tile/64/001',
    'tile/0/x000/001',
    'tile/0/001/001',
    'tile/0/x001/x001',
    'tile/0/001.p/0',
    'tile/0/001.p/256',
    'tile/0/001.p/01',
    'tile/0/001/',
    '/tile/0/001',
    'tile/data/001',
    'tile/0/../001',
    `tile/0/${'x999/'.repeat(6)}999`,
  ])('refuses %s', (path) => expect(() => parseTilePath(path)).toThrow());

  it('refuses numbers out of range', () => {
    expect(() => tilePath(64, 0)).toThrow();
    expect(() => tilePath(0, -1)).toThrow();
    expect(() => tilePath(0, 0, 257)).toThrow();
  });
});

describe('base64', () => {
  it.each(['QQ', 'QR==', 'QQ=', 'Q Q=', 'QQ==\n', 'QQ-_', '===='])('refuses %j', (bad) =>
    expect(() => decodeBase64(bad)).toThrow(),
  );
});
