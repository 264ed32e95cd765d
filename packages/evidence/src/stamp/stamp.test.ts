import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TestKeyKind } from '../x509/testing.ts';
import { acceptStamp, type StampAuthority, stampRequest, verifyStamp } from './stamp.ts';
import { makeTestAuthority, type TestAuthorityOptions, type Wrong } from './testing.ts';
import { readToken, tokenBytes } from './token.ts';

const bytes = new TextEncoder().encode('a checkpoint');
const nonce = Uint8Array.of(0, 0x99, 1, 2, 3, 4, 5, 6);
const at = new Date('2026-11-28T10:00:00Z');
const now = () => at;

const stampBy = (options: Partial<TestAuthorityOptions> = {}, trusted: 'root' | 'intermediate' | 'signer' = 'root') => {
  const authority = makeTestAuthority({ now, ...options });
  const authorities: StampAuthority[] = [{ certificate: authority.certificates[trusted] }];
  const response = authority.answer(stampRequest({ suite: 'intl', bytes, nonce }));
  return { authority, authorities, response, accept: () => acceptStamp(response, { bytes, nonce, authorities }) };
};

const refused = (wrong: Wrong) => {
  try {
    stampBy({ wrong }).accept();
    return 'accepted';
  } catch (error) {
    return (error as { code: string; message: string }).message;
  }
};

describe('a time stamp', () => {
  it.each<TestKeyKind>(['rsa', 'ec', 'ed25519', 'sm2'])('by an authority with %s keys says when and who', (kind) => {
    const { accept, authorities } = stampBy({ kind });
    const { token, stamp } = accept();
    expect(stamp).toEqual({
      time: at,
      accuracySeconds: 1.127,
      authority: 'Test time stamps',
      trustedAs: 'Test root',
      policy: '1.3.6.1.4.1.99999.1',
      serialHex: '01',
    });
    expect(verifyStamp(token, bytes, authorities)).toEqual(stamp);
  });

  it('is asked for with the hash of the suite', () => {
    const authority = makeTestAuthority({ now, kind: 'sm2' });
    const authorities = [{ certificate: authority.certificates.root }];
    const response = authority.answer(stampRequest({ suite: 'sm', bytes, nonce }));
    expect(acceptStamp(response, { bytes, nonce, authorities }).stamp.time).toEqual(at);
  });

  it('is kept with the certificates that lead to the trusted one, and no others', () => {
    const carried = (trusted: 'root' | 'intermediate' | 'signer') =>
      readToken(stampBy({}, trusted).accept().token).certificates.length;
    expect([carried('root'), carried('intermediate'), carried('signer')]).toEqual([2, 1, 1]);
    expect(stampBy({}, 'signer').accept().stamp.trustedAs).toBe('Test time stamps');
  });

  it('verifies for a reader who trusts the certificate below the one that the node trusts, not for one who trusts another', () => {
    const { accept, authority } = stampBy();
    const { token } = accept();
    const trusting = (certificate: Uint8Array, notAfter?: Date) => () =>
      verifyStamp(token, bytes, [{ certificate, ...(notAfter ? { notAfter } : {}) }]);
    expect(trusting(authority.certificates.intermediate)().trustedAs).toBe('Test intermediate');
    expect(trusting(authority.certificates.root, at)().trustedAs).toBe('Test root');
    expect(trusting(authority.certificates.root, new Date(at.getTime() - 1))).toThrow('no trusted authority');
    expect(trusting(makeTestAuthority({ now }).certificates.root)).toThrow('no trusted authority');
    // Both on one path, as when an operator pins less than before.
    const { root, intermediate, signer } = authority.certificates;
    for (const pair of [
      [signer, root],
      [root, intermediate],
    ])
      expect(
        verifyStamp(
          token,
          bytes,
          pair.map((certificate) => ({ certificate })),
        ).time,
      ).toEqual(at);
    expect(trusting(signer)).toThrow('does not need');
    expect(() => verifyStamp(token, bytes, [])).toThrow('no trusted authority');
  });

  it.each<[string, Wrong, string]>([
    ['over something else', { imprint: new Uint8Array(32) }, 'over something else'],
    ['that answers another request', { nonce: Uint8Array.of(7) }, 'nonce'],
    ['signed by another key', { otherKey: true }, 'signature of the stamp is wrong'],
    ['that names another certificate', { otherCertificate: true }, 'does not name the certificate'],
    ['by a certificate without usage', { usage: 'none' }, 'time stamping alone'],
    ['by a certificate for something else', { usage: 'codeSigning' }, 'time stamping alone'],
    ['by a certificate for something else too', { usage: 'both' }, 'time stamping alone'],
    ['by a certificate that does not insist', { usage: 'notCritical' }, 'time stamping alone'],
    ['before its certificate began', { validFrom: new Date(at.getTime() + 1000) }, 'was not valid at'],
    ['after its certificate ended', { validTo: new Date(at.getTime() - 1000) }, 'was not valid at'],
    ['by a key to encipher with', { enciphers: true }, 'not one for signing'],
    ['by a certificate that says what nobody knows', { unknownExtension: true }, '1.3.6.1.4.1.99999.3'],
    ['certified by no authority', { intermediate: 'noAuthority' }, 'no certification authority'],
    ['certified by who may not', { intermediate: 'mayNotCertify' }, 'may not sign certificates'],
    ['certified for code', { intermediate: 'codeSigning' }, 'may not certify for this purpose'],
    ['certified by one too many', { rootPathLength: 0 }, 'path below Test root is too long'],
    ['that was refused', { status: 2 }, 'refused (status 2): closed today; badAlg, systemFailure'],
  ])('%s is not accepted', (_, wrong, message) => {
    expect(refused(wrong)).toContain(message);
  });

  it('by short keys is not accepted', () => {
    expect(() => stampBy({ kind: 'rsa', wrong: { rsaBits: 1024 } }).accept()).toThrow(
      'signature of the stamp is wrong',
    );
  });

  it('over other bytes is refused', () => {
    const { accept, authorities } = stampBy();
    const { token } = accept();
    expect(() => verifyStamp(token, new TextEncoder().encode('another checkpoint'), authorities)).toThrow();
  });

  it('is refused with any byte changed, cut off or added', () => {
    for (const kind of ['rsa', 'ec'] as const) {
      const { accept, authorities } = stampBy({ kind });
      const { token } = accept();
      const holds = (changed: Uint8Array) => {
        try {
          verifyStamp(changed, bytes, authorities);
          return true;
        } catch (error) {
          expect((error as { code: string }).code).toMatch(/^evidence\.(?:stamp|der)-/);
          return false;
        }
      };
      for (let place = 0; place < token.length; place++) {
        const changed = Uint8Array.from(token);
        changed[place]! ^= 1 << (place % 8);
        expect(holds(changed), `bit ${place % 8} of byte ${place}`).toBe(false);
      }
      fc.assert(
        fc.property(fc.nat(token.length - 1), fc.integer({ min: 1, max: 255 }), (place, mask) => {
          const changed = Uint8Array.from(token);
          changed[place]! ^= mask;
          return !holds(changed);
        }),
        { numRuns: 2000 },
      );
      expect(holds(token.slice(0, -1))).toBe(false);
      expect(holds(Uint8Array.of(...token, 0))).toBe(false);
    }
  });

  it('is refused with a certificate that nothing needs', () => {
    const { accept, authority, authorities } = stampBy();
    const read = readToken(accept().token);
    const others = [authority.certificates.signer, makeTestAuthority({ now }).certificates.root];
    for (const other of others) {
      const more = tokenBytes({ ...read, certificates: [...read.certificates, other] });
      expect(() => verifyStamp(more, bytes, authorities)).toThrow('does not need');
    }
  });

  it.each(['rsa', 'ec'])('made by OpenSSL with %s keys is accepted', (kind) => {
    const file = new URL(`../golden/openssl-stamp-${kind}.json`, import.meta.url);
    const golden = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    const from = (name: string, form: 'base64' | 'hex' = 'base64') => new Uint8Array(Buffer.from(golden[name]!, form));
    const authorities = [{ certificate: from('root') }];
    const stamped = new TextEncoder().encode(golden.text);
    const asked = { bytes: stamped, nonce: from('nonce', 'hex'), authorities };
    const { token, stamp } = acceptStamp(from('response'), asked);
    expect(stamp).toMatchObject({
      time: new Date(golden.time!),
      accuracySeconds: 1.5,
      authority: 'Specimen time stamps (Specimen Trust)',
      trustedAs: 'Specimen root (Specimen Trust)',
    });
    expect(() => verifyStamp(token, bytes, authorities)).toThrow('over something else');
    expect(() => acceptStamp(from('response'), { ...asked, nonce })).toThrow('nonce');
  });

  it('never fails otherwise, whatever is sent', () => {
    const { response, authorities } = stampBy();
    const known = /^evidence\.(?:stamp|der)-/;
    const code = (answer: Uint8Array) => {
      try {
        acceptStamp(answer, { bytes, nonce, authorities });
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
      return 'evidence.stamp-accepted';
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (junk) => known.test(code(junk))));
    fc.assert(
      fc.property(fc.nat(response.length - 1), fc.nat(255), (place, value) => {
        const changed = Uint8Array.from(response);
        changed[place] = value;
        return known.test(code(changed));
      }),
      { numRuns: 1000 },
    );
    expect(code(new Uint8Array(70_000).fill(0x30))).toBe('evidence.der-malformed');
  });
});
