import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CertifyingAuthority, checkAuthority, verifyCertified } from './certified.ts';
import { readRevocationList } from './x509/revocation.ts';
import {
  authorityExtensions,
  certify,
  extension,
  makeTestCertifier,
  newKey,
  pem,
  revocationList,
  type TestKeyKind,
  type TestList,
  type TestSigner,
  textBytes,
  usageExtension,
} from './x509/testing.ts';
import { contextTag, oidOf, primitiveTag, sequence, tlv } from './x509/tlv.ts';

const bytes = new TextEncoder().encode('{"contract":"one"}');
const at = new Date('2026-11-28T10:00:00Z');
const day = (count: number) => new Date(at.getTime() + count * 86_400_000);
const code = '91430100MA00000022';
const attributes = { '2.5.4.97': `USCC-${code}` };
const certifier = makeTestCertifier({ at });
const places = ['2.5.4.97', '2.5.4.5', '1.2.156.10260.4.1.4'];

const authorityOf = (of = certifier, lists: Uint8Array[] = [of.list()]): CertifyingAuthority => ({
  certificates: [of.root.certificate],
  revocations: lists.map(readRevocationList),
  creditCodeIn: places,
});

const signed = (signer: TestSigner = {}, of = certifier) => {
  const made = of.issue({ attributes, ...signer });
  return { made, signature: made.key.sign(bytes), certificates: made.chain };
};

type Input = Parameters<typeof verifyCertified>[0];
const outcome = (input: Partial<Input> & Pick<Input, 'signature' | 'certificates'>): string => {
  try {
    return verifyCertified({ bytes, at, authority: authorityOf(), ...input }).creditCode;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

describe('a signature with a certificate', () => {
  it.each<[TestKeyKind, TestKeyKind]>([
    ['rsa', 'rsa'],
    ['ec', 'rsa'],
    ['ed25519', 'ec'],
    ['sm2', 'sm2'],
  ])('of a %s key, by an authority with %s keys, says which organisation signed', (kind, authorityKind) => {
    const own = makeTestCertifier({ at, kind: authorityKind });
    const { made, signature, certificates } = signed({ kind }, own);
    const found = verifyCertified({ bytes, signature, certificates, authority: authorityOf(own), at });
    expect(found).toMatchObject({
      creditCode: code,
      subject: 'Test organisation',
      keyId: expect.stringMatching(/^x509:[0-9a-f]{64}$/),
      serialHex: made.serial.toString(16).padStart(4, '0'),
      trustedAs: 'Test CA root',
    });
    expect(found.path).toEqual(made.chain);
  });

  it('of an SM2 card may have r and s side by side', () => {
    const own = makeTestCertifier({ at, kind: 'sm2' });
    const { signature, certificates } = signed({}, own);
    const hex = Buffer.from(signature).toString('hex');
    const digits = (from: number, length: number) =>
      hex
        .slice(from, from + 2 * length)
        .slice(-64)
        .padStart(64, '0');
    const rLength = signature[3]!;
    const raw = Buffer.from(digits(8, rLength) + digits(8 + 2 * rLength + 4, signature[5 + rLength]!), 'hex');
    const authority = authorityOf(own);
    expect(outcome({ signature: new Uint8Array(raw), certificates, authority })).toBe(code);
    raw[10]! ^= 1;
    expect(outcome({ signature: new Uint8Array(raw), certificates, authority })).toBe('evidence.certified-signature');
  });

  it.each<[string, TestSigner]>([
    ['a subject’s organizationIdentifier', { attributes: { '2.5.4.97': code } }],
    ['a subject’s serialNumber', { attributes: { '2.5.4.5': code } }],
    [
      'an extension',
      { attributes: {}, extensions: [usageExtension(0), extension('1.2.156.10260.4.1.4', textBytes(code), false)] },
    ],
  ])('finds the credit code in %s', (_, signer) => {
    expect(outcome(signed(signer))).toBe(code);
  });

  it.each<[string, TestSigner, string]>([
    ['no credit code', { attributes: { '2.5.4.10': code } }, 'unfit'],
    ['two credit codes', { attributes: { '2.5.4.97': code, '2.5.4.5': '91430100MA00000011' } }, 'unfit'],
    ['something longer than a code', { attributes: { '2.5.4.97': `${code}0` } }, 'unfit'],
    ['no usage', { extensions: [] }, 'unfit'],
    ['encryption only', { extensions: [usageExtension(2, 3)] }, 'unfit'],
    ['authority over others', { extensions: [usageExtension(0, 5)] }, 'unfit'],
    [
      'another extended usage',
      { extensions: [usageExtension(0), extension('2.5.29.37', sequence(oidOf('1.3.6.1.5.5.7.3.8')))] },
      'unfit',
    ],
    [
      'a critical extension nobody knows',
      { extensions: [usageExtension(0), extension('1.2.3.4', textBytes('x'))] },
      'unfit',
    ],
    ['a term that begins later', { validFrom: day(1) }, 'expired'],
    ['a term that is over', { validTo: day(-0.5) }, 'expired'],
  ])('is refused with %s', (_, signer, kind) => {
    expect(outcome(signed(signer))).toBe(`evidence.certificate-${kind}`);
  });

  it('has a path of four certificates at most', () => {
    const made = (depth: number) => {
      const from = day(-1);
      const key = () => newKey('ec');
      let issuer = certifier.root;
      const chain: Uint8Array[] = [];
      for (let i = 0; i < depth; i++) {
        const subject = { name: { commonName: `authority ${i}` }, key: key() };
        issuer = certify(subject, issuer, { from, to: day(9), extensions: authorityExtensions() });
        chain.unshift(issuer.certificate);
      }
      const signer = { name: { commonName: 'deep', attributes }, key: key() };
      const last = certify(signer, issuer, { from, to: day(9), extensions: [usageExtension(0)] });
      const fresh = revocationList(issuer, { thisUpdate: day(-1), nextUpdate: day(6), revoked: [] });
      const authority = authorityOf(certifier, [fresh]);
      return { signature: last.key.sign(bytes), certificates: [last.certificate, ...chain], authority };
    };
    expect(outcome(made(3))).toBe(code);
    expect(outcome(made(4))).toBe('evidence.certificate-unfit');
    expect(outcome(made(5))).toBe('evidence.certificate-unfit');
  });

  it('takes no weak RSA', () => {
    expect(outcome(signed({ kind: 'rsa', rsaBits: 1024 }))).toBe('evidence.certified-signature');
  });

  it('leads to the authority that it is said to lead to', () => {
    const stranger = makeTestCertifier({ at });
    const one = signed({}, stranger);
    expect(outcome({ ...one, authority: authorityOf(stranger) })).toBe(code);
    expect(outcome(one)).toBe('evidence.certificate-untrusted');
    // The same names, and the certificate between swapped for ours.
    expect(outcome({ ...one, certificates: [one.certificates[0]!, certifier.between.certificate] })).toBe(
      'evidence.certificate-untrusted',
    );
    expect(outcome({ ...one, certificates: one.certificates.slice(0, 1), authority: authorityOf(stranger) })).toBe(
      'evidence.certificate-untrusted',
    );
    expect(outcome({ ...one, certificates: [] })).toBe('evidence.certificate-unfit');
    const { between, root } = certifier;
    const byAuthority = { signature: between.key.sign(bytes), certificates: [between.certificate, root.certificate] };
    expect(outcome(byAuthority)).toBe('evidence.certificate-unfit');
  });

  it('is over those bytes, by that key', () => {
    const [one, other] = [signed(), signed()];
    expect(outcome({ ...one, bytes: new TextEncoder().encode('{"contract":"two"}') })).toBe(
      'evidence.certified-signature',
    );
    expect(outcome({ ...one, certificates: other.certificates })).toBe('evidence.certified-signature');
  });

  it('is refused with any byte of signature or certificates changed', () => {
    for (const kind of ['rsa', 'ec', 'ed25519', 'sm2'] as const) {
      const { signature, certificates } = signed({ kind });
      expect(outcome({ signature, certificates })).toBe(code);
      const parts = [signature, ...certificates];
      fc.assert(
        fc.property(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }), (part, place, mask) => {
          const changed = parts.map((one) => Uint8Array.from(one));
          changed[part]![place % changed[part]!.length]! ^= mask;
          const [first, ...rest] = changed;
          return /^evidence\./.test(outcome({ signature: first!, certificates: rest }));
        }),
        { numRuns: 400 },
      );
    }
  }, 120_000);

  it('never fails otherwise, whatever is sent', () => {
    const { signature, certificates } = signed();
    const junk = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(junk, junk, (one, other) => {
        const codes = [
          outcome({ signature: one, certificates }),
          outcome({ signature, certificates: [other, ...certificates] }),
        ];
        return codes.every((found) => /^evidence\./.test(found));
      }),
    );
  });
});

describe('revocation', () => {
  const one = signed();
  const revokedSince = (since: Date) => [{ serial: one.made.serial, since }];
  const withLists = (...lists: Uint8Array[]) => outcome({ ...one, authority: authorityOf(certifier, lists) });
  const { list } = certifier;

  it.each<[string, TestList['revoked'], string]>([
    ['of this certificate', revokedSince(day(-0.5)), 'evidence.certificate-revoked'],
    ['at this very moment', revokedSince(at), 'evidence.certificate-revoked'],
    ['later', revokedSince(day(0.5)), code],
    ['of another certificate', [{ serial: one.made.serial + 1, since: day(-0.5) }], code],
  ])('%s', (_, revoked, expected) => {
    expect(withLists(list(revoked))).toBe(expected);
    expect(withLists(new TextEncoder().encode(pem('X509 CRL', list(revoked))))).toBe(expected);
  });

  it('is not known without a fresh list by the issuer', () => {
    const unknown = 'evidence.revocation-unknown';
    expect(withLists()).toBe(unknown);
    expect(withLists(list([], { nextUpdate: day(-0.1) }))).toBe(unknown);
    expect(withLists(makeTestCertifier({ at }).list())).toBe(unknown);
    expect(withLists(list([], { nextUpdate: day(-0.1) }), list())).toBe(code);
    expect(outcome({ ...one, authority: { ...authorityOf(), revocations: 'notKnown' } })).toBe(code);
  });

  it('of the authority between counts where there is a list of it', () => {
    const serial = certifier.between.serial;
    const above = (since: Date, nextUpdate = day(6)) =>
      revocationList(certifier.root, { thisUpdate: day(-2), nextUpdate, revoked: [{ serial, since }] });
    expect(withLists(list(), above(day(-0.5)))).toBe('evidence.certificate-revoked');
    expect(withLists(list(), above(day(0.5)))).toBe(code);
    expect(withLists(list(), above(day(0.5), day(-0.1)))).toBe('evidence.revocation-unknown');
  });

  it('is refused with any byte of the list changed', () => {
    const good = list(revokedSince(day(-0.5)));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const changed = Uint8Array.from(good);
        changed[place]! ^= mask;
        try {
          return withLists(changed) === 'evidence.revocation-unknown';
        } catch (error) {
          return (error as { code?: string }).code === 'evidence.der-malformed';
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('by a list for a place counts for the certificates that name the place', () => {
    const uri = (text: string) => tlv(primitiveTag(6), new TextEncoder().encode(`http://ca.example/${text}`));
    const place = (text: string) => tlv(contextTag(0), tlv(contextTag(0), uri(text)));
    const yes = (n: number) => tlv(primitiveTag(n), Uint8Array.of(0xff));
    const points = (...parts: Uint8Array[]) => extension('2.5.29.31', sequence(sequence(...parts)), false);
    const listFor = (...parts: Uint8Array[]) => list([], { extensions: [extension('2.5.29.28', sequence(...parts))] });
    const outcomeOf = (named: Uint8Array[], ...lists: Uint8Array[]) => {
      const other = signed({ extensions: [usageExtension(0), ...named] });
      return outcome({ ...other, authority: authorityOf(certifier, lists) });
    };
    const unknown = 'evidence.revocation-unknown';
    const own = points(place('1.crl'));
    expect(outcomeOf([own], listFor(place('1.crl')))).toBe(code);
    expect(outcomeOf([own], listFor(place('1.crl'), yes(1)))).toBe(code);
    expect(outcomeOf([own], listFor(place('2.crl')))).toBe(unknown);
    expect(outcomeOf([own], listFor(place('2.crl')), listFor(place('1.crl')))).toBe(code);
    expect(outcomeOf([], listFor(place('1.crl')))).toBe(unknown);
    expect(outcomeOf([], listFor(yes(1)))).toBe(code);
    // For some reasons only, or of another issuer.
    expect(
      outcomeOf([points(place('1.crl'), tlv(primitiveTag(1), Uint8Array.of(1, 2)))], listFor(place('1.crl'))),
    ).toBe(unknown);
    for (const narrower of [2, 3, 4, 5])
      expect(() => readRevocationList(listFor(yes(narrower)))).toThrow('is not known');
    // What users' certificates are listed on says nothing of an authority's.
    const { root, between } = certifier;
    const above = (...parts: Uint8Array[]) =>
      revocationList(root, {
        thisUpdate: day(-2),
        nextUpdate: day(6),
        revoked: [{ serial: between.serial, since: day(-1) }],
        extensions: [extension('2.5.29.28', sequence(...parts))],
      });
    expect(withLists(list(), above())).toBe('evidence.certificate-revoked');
    expect(withLists(list(), above(yes(1)))).toBe(code);
  });

  it('by a list of a kind that we do not know is not taken', () => {
    const critical = extension('2.5.29.27', textBytes('1'));
    expect(() => readRevocationList(list([], { extensions: [critical] }))).toThrow('critical extension');
    expect(() => readRevocationList(list([{ serial: 1, since: at, extensions: [critical] }]))).toThrow(
      'critical extension',
    );
    expect(() =>
      readRevocationList(list([], { extensions: [extension('2.5.29.20', textBytes('1'), false)] })),
    ).not.toThrow();
    expect(() => readRevocationList(certifier.root.certificate)).toThrow();
  });
});

describe('an authority', () => {
  it('is one by its certificate', () => {
    expect(() => checkAuthority([certifier.root.certificate, certifier.between.certificate])).not.toThrow();
    expect(() => checkAuthority([signed().made.certificate])).toThrow('no certification authority');
    expect(() => checkAuthority([])).toThrow('no certificate');
  });
});
